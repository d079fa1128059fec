#!/usr/bin/env python3
"""Cgroups below the container's, where the machine shows nothing but the unified hierarchy: the one
that an annotation delegates, the one below a scope, and those that the container makes itself."""
import os
import subprocess

from bundle import give_away, with_user_namespace
from harness import CleatTest, main
from layout import ROOT, unified_controllers
import test_cgroups_v2

DELEGATE, SUBGROUP = "run.oci.delegate-cgroup", "run.oci.systemd.subgroup"


def place_of(pid):
    """The cgroup of a process, as this one sees it."""
    with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
        return next(line[3:].rstrip("\n") for line in file if line.startswith("0::"))


class Delegated(CleatTest):
    def running(self, name, change=None):
        def both(config):
            test_cgroups_v2.Ownership.writable(config)
            config["annotations"] = {DELEGATE: name}
            if change:
                change(config)
        self.sleeper(both)
        return self.state()["pid"]

    def test_the_process_is_below_and_the_namespace_above(self):
        pid = self.running("payload")
        self.assertEqual(place_of(pid), self.cgroup + "/payload")
        # The container sees its own cgroup as the root, with itself below it.
        inside = self.ok("exec", self.cid, "/bin/cat", "/proc/self/cgroup", "/proc/1/cgroup").out
        self.assertIn("0::/payload", inside)
        self.assertEqual(self.ok("exec", self.cid, "/bin/ls", "-d", "/sys/fs/cgroup/payload").out,
                         "/sys/fs/cgroup/payload\n")
        self.assertIn(pid, self.ok("ps", "--format", "json", self.cid).json())
        self.ok("kill", self.cid, "KILL")
        self.delete("--force")
        self.assertFalse(os.path.exists(ROOT + self.cgroup))
        self.assert_nothing_left()

    def test_it_may_be_several_deep_and_belongs_to_the_containers_user(self):
        self.cleat_only("gives the files to nobody")
        give_away(self.rootfs, 100000)

        def mapped(config):
            with_user_namespace(config)
            for entry in config["mounts"]:
                entry["options"] = [o for o in entry["options"] if o != "gid=5"]
            config["process"]["user"] = {"uid": 1000, "gid": 1000}
        pid = self.running("a/b", mapped)
        self.assertEqual(place_of(pid), self.cgroup + "/a/b")
        for name in ("a", "a/cgroup.procs", "a/b", "a/b/cgroup.procs", "a/b/cgroup.subtree_control"):
            self.assertEqual(os.stat(f"{ROOT}{self.cgroup}/{name}").st_uid, 101000, name)
        self.assertEqual(os.stat(f"{ROOT}{self.cgroup}/a/b/cgroup.freeze").st_uid, 0)

    def test_what_is_no_cgroup_below_is_refused(self):
        for name in ("../x", "/x", "x/", "a//b", "a/./b", "cgroup.procs"):
            for annotation in (DELEGATE, SUBGROUP):
                with self.subTest(f"{annotation}={name}"):
                    self.config("/bin/true", change=lambda config, key=annotation, value=name:
                                config.update(annotations={key: value}))
                    self.create_refused("/annotations/" + annotation)

    def test_without_systemd_a_subgroup_of_its_scope_is_warned_of(self):
        self.config("/bin/true", change=lambda config: config.update(annotations={SUBGROUP: "x"}))
        done = self.ok("run", "-b", self.bundle, self.cid, global_options=("--debug",))
        self.assertIn("/annotations/" + SUBGROUP, done.err)


class Divided(CleatTest):
    """A container that gives controllers to cgroups of its own, as an init system in it does, has
    no process in the one above them, and the kernel lets none in."""

    def setUp(self):
        super().setUp()
        if not unified_controllers(ROOT):
            self.skipTest("no controller here can be given on")

    def divide(self):
        top = ROOT + self.cgroup
        pid = self.state()["pid"]
        os.mkdir(top + "/init")
        with open(top + "/init/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(pid))
        controllers = unified_controllers(top)
        self.assertTrue(controllers)
        with open(top + "/cgroup.subtree_control", "w", encoding="ascii") as file:
            file.write(" ".join("+" + name for name in controllers))
        return pid

    def test_a_member_is_born_beside_the_first_process(self):
        self.sleeper()
        pid = self.divide()
        self.assertEqual(self.ok("exec", self.cid, "/bin/cat", "/proc/self/cgroup").out.count("/init\n"), 1)
        # With a joiner before it, too.
        done = self.ok("exec", "--user", "7:7", self.cid, "/bin/cat", "/proc/self/cgroup")
        self.assertIn("/init\n", done.out)
        self.assertEqual(place_of(pid), self.cgroup + "/init")
        self.delete("--force")
        self.assert_nothing_left()

    def test_exec_follows_the_first_process_when_the_cgroup_is_gone(self):
        for name, path in self.runtimes("runc").items():
            with self.subTest(runtime=name):
                self.runtime = path
                self.sleeper()
                pid = self.state()["pid"]
                elsewhere = f"{ROOT}/{self.cid}-elsewhere"
                os.mkdir(elsewhere)
                with open(elsewhere + "/cgroup.procs", "w", encoding="ascii") as file:
                    file.write(str(pid))
                os.rmdir(ROOT + self.cgroup)
                done = self.ok("exec", self.cid, "/bin/cat", "/proc/self/cgroup", "/proc/1/cgroup")
                own, inits = [line for line in done.out.splitlines() if line.startswith("0::")]
                self.assertEqual(own, inits)
                self.delete("--force")
                os.rmdir(elsewhere)

    def test_it_is_not_if_the_first_process_is_elsewhere(self):
        self.cleat_only("runc goes wherever the first process is")
        self.sleeper()
        pid = self.divide()
        elsewhere = f"{ROOT}/{self.cid}-elsewhere"
        os.mkdir(elsewhere)
        self.undo.append(lambda: os.rmdir(elsewhere))
        with open(elsewhere + "/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(pid))
        done = self.call("exec", self.cid, "/bin/true")
        self.assertNotEqual(done.code, 0)
        self.assertIn("EBUSY", done.err)
        self.delete("--force")


class BelowTheScope(CleatTest):
    def setUp(self):
        super().setUp()
        if not os.path.isdir("/run/systemd/system"):
            self.skipTest("systemd does not run here")
        self.undo.append(lambda: subprocess.run(["systemctl", "stop", "cleattest.slice"], check=False))

    def test_the_container_is_below_its_scope_with_its_limits_in_both(self):
        mib = 1 << 20

        def change(config):
            test_cgroups_v2.Ownership.writable(config)
            config["linux"]["cgroupsPath"] = f"cleattest.slice:sub:{self.name}"
            config["linux"]["resources"].update(memory={"limit": 64 * mib}, pids={"limit": 30})
            config["annotations"] = {SUBGROUP: "container", DELEGATE: "payload"}
        self.config("/probe", "sleep", change=change)
        self.create(global_options=("--systemd-cgroup",))
        self.start()
        unit = f"sub-{self.name}.scope"
        scope = f"{ROOT}/cleattest.slice/{unit}"
        self.assertEqual(place_of(self.state()["pid"]),
                         f"/cleattest.slice/{unit}/container/payload")
        for where in (scope, scope + "/container"):
            for name, value in (("memory.max", str(64 * mib)), ("pids.max", "30")):
                with open(f"{where}/{name}", encoding="ascii") as file:
                    self.assertEqual(file.read().strip(), value, f"{where}/{name}")
        with open(scope + "/cgroup.procs", encoding="ascii") as file:
            self.assertEqual(file.read(), "")
        self.ok("update", "--pids-limit", "40", self.cid)
        with open(scope + "/container/pids.max", encoding="ascii") as file:
            self.assertEqual(file.read().strip(), "40")
        self.assertEqual(self.ok("exec", self.cid, "/bin/true").code, 0)
        self.delete("--force")
        self.assertFalse(os.path.exists(scope))
        self.assert_nothing_left()


if __name__ == "__main__":
    main(view="v2")
