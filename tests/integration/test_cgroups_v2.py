#!/usr/bin/env python3
"""The tests of cgroups where the machine shows nothing but the unified hierarchy."""
import os
import subprocess

from harness import CleatTest, main
from layout import ROOT
from test_cgroups import Limits, Membership, Places, Removal  # noqa: F401
from test_control import Ends, Freezing, Updates  # noqa: F401

class Rootless(CleatTest):
    """Limits, and no cgroupsPath: what Podman writes for an ordinary user without systemd."""

    def setUp(self):
        super().setUp()
        os.chmod(self.directory, 0o711)

        def change(config):
            config["linux"].pop("cgroupsPath")
            config["linux"]["resources"] = {
                "devices": [{"allow": False, "access": "rwm"}]}
            config["linux"]["namespaces"].append({"type": "user"})
            for ids in ("uidMappings", "gidMappings"):
                config["linux"][ids] = [{"containerID": 0, "hostID": 2000, "size": 1}]
            config["process"].pop("rlimits", None)
            config["mounts"] = [m for m in config["mounts"]
                                if m["type"] not in ("cgroup", "mqueue", "sysfs", "devpts")]
        self.config("/probe", "exit", "7", change=change)
        subprocess.run(["chown", "-R", "2000:2000", self.bundle], check=True)

    def as_user(self, *command, cgroup=ROOT):
        script = 'echo $$ > "$1/cgroup.procs"; shift; exec "$@"'
        return subprocess.run(
            ["sh", "-c", script, "sh", cgroup, "setpriv", "--reuid", "2000", "--regid", "2000",
             "--clear-groups", "--inh-caps=-all", self.runtime, "--debug", "--root", self.bundle + "/state",
             *command, "--bundle", self.bundle, self.cid],
            capture_output=True, text=True, timeout=60, check=False)

    def test_without_delegation_it_runs_in_its_callers_cgroup_and_says_so(self):
        done = self.as_user("run")
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertIn("not limited: the container has no cgroup", done.stderr)

    def test_below_a_delegated_cgroup_it_has_one_of_its_own(self):
        top = os.path.join(ROOT, self.cid + "-user")
        own = os.path.join(top, "own")
        os.makedirs(own)
        self.undo += [lambda: os.rmdir(top), lambda: os.rmdir(own)]
        for path in (top, top + "/cgroup.procs", top + "/cgroup.subtree_control", own,
                     own + "/cgroup.procs"):
            os.chown(path, 2000, 2000)
        self.assertIn(f"/{self.cid}-user/{self.cid}", self.as_user("plan", cgroup=own).stdout)
        done = self.as_user("run", cgroup=own)
        self.assertEqual(done.returncode, 7, done.stderr)
        self.assertNotIn("not limited: the container has no cgroup", done.stderr)


if __name__ == "__main__":
    main(view="v2")
