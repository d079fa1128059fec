#!/usr/bin/env python3
"""The tests of cgroups where the machine shows nothing but the unified hierarchy."""
import os
import subprocess

from bundle import give_away, with_user_namespace
from harness import CleatTest, main
from layout import ROOT
from test_cgroups import Limits, Membership, Places, Removal  # noqa: F401
from test_control import Ends, Freezing, Updates  # noqa: F401

class Ownership(CleatTest):
    """config-linux.md#cgroup-ownership: who owns the container's cgroup, file by file."""

    def owners(self, change):
        """{name: uid} of the cgroup and its files, while the container lives."""
        self.sleeper(change)
        top = ROOT + self.cgroup
        found = {name: os.stat(os.path.join(top, name)).st_uid for name in os.listdir(top)}
        found["."] = os.stat(top).st_uid
        return found

    @staticmethod
    def writable(config):
        for entry in config["mounts"]:
            if entry["type"] == "cgroup":
                entry["options"].remove("ro")
        config["linux"]["namespaces"].append({"type": "cgroup"})

    def mapped(self, config):
        self.writable(config)
        with_user_namespace(config)
        config["process"]["user"] = {"uid": 1000, "gid": 1000}
        for entry in config["mounts"]:
            entry["options"] = [o for o in entry["options"] if o != "gid=5"]

    def test_goes_to_the_process_with_the_files_that_the_kernel_names(self):
        self.cleat_only("1.1.5 does so for systemd's cgroups alone")
        with open("/sys/kernel/cgroup/delegate", encoding="utf-8") as file:
            named = {".", *file.read().split()}
        give_away(self.rootfs, 100000)
        owners = self.owners(self.mapped)
        self.assertEqual(owners["cgroup.procs"], 101000)
        for name, owner in owners.items():
            self.assertEqual(owner, 101000 if name in named else 0, name)
        inside = self.exec("/bin/mkdir", "/sys/fs/cgroup/below")
        self.assertEqual(inside.code, 0, str(inside))
        self.assertTrue(os.path.isdir(ROOT + self.cgroup + "/below"))
        self.assertNotEqual(self.exec("/bin/sh", "-c", "echo 1 >/sys/fs/cgroup/cgroup.freeze").code, 0)
        self.delete("--force")
        self.assert_nothing_left()

    def test_stays_where_the_container_cannot_write_or_sees_the_hosts(self):
        def readonly(config):
            self.mapped(config)
            for entry in config["mounts"]:
                if entry["type"] == "cgroup":
                    entry["options"].append("ro")

        def without_namespace(config):
            self.mapped(config)
            config["linux"]["namespaces"] = [
                ns for ns in config["linux"]["namespaces"] if ns["type"] != "cgroup"]
        give_away(self.rootfs, 100000)
        for change in (readonly, without_namespace):
            with self.subTest(change.__name__):
                self.assertEqual(set(self.owners(change).values()), {0})
                self.delete("--force")


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
