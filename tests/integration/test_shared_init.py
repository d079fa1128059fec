#!/usr/bin/env python3
"""The init of a `run` works in the memory of its parent until it executes the container's program: who does and who
does not, and that neither of the two notices."""
import os
import re
import shutil
import signal

from harness import CleatTest, build_options, main


class SharedInit(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("it is cleat's way")
        options = build_options(self.runtime)
        if not options.get("shortcuts", True) or options.get("b_sanitize", "none") != "none":
            self.skipTest("a build without children in their parent's memory")

    def is_shared(self, verb="run", change=None):
        """Whether the clone that makes the namespaces shares memory."""
        if not shutil.which("strace"):
            self.skipTest("no strace")
        self.config("/bin/true", change=change)
        process, *_ = self.start_call(verb, "-b", self.bundle, self.cid, wrap=(
            "strace", "-f", "-o", self.path("trace"), "-e", "trace=clone3"))
        if verb == "create":  # strace stays with the init that waits
            self.wait_for(lambda: self.call("state", self.cid).code == 0, "the container")
            self.delete("--force")
        self.assertEqual(self.wait_call(process, 20), 0)
        with open(self.path("trace"), encoding="utf-8") as file:
            clones = [line for line in file if "CLONE_NEWPID" in line or "CLONE_NEWNS" in line]
        self.assertEqual(len(clones), 1, clones)
        self.assertEqual("CLONE_VM" in clones[0], "CLONE_VFORK" in clones[0], clones[0])
        return "CLONE_VM" in clones[0]

    def test_an_init_that_executes_at_once_shares(self):
        self.assertTrue(self.is_shared())

    def test_an_init_that_waits_has_memory_of_its_own(self):
        self.assertFalse(self.is_shared("create"))

    def test_an_init_that_others_may_hold_has_memory_of_its_own(self):
        def user(config):
            config["linux"]["namespaces"].append({"type": "user"})
            config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = [
                {"containerID": 0, "hostID": 0, "size": 65536}]

        def host(config):
            config["linux"]["namespaces"] = [
                one for one in config["linux"]["namespaces"] if one["type"] != "pid"]
        for name, change in (("user", user), ("host pid", host)):
            with self.subTest(name):
                self.assertFalse(self.is_shared(change=change))

    def test_an_init_that_runs_hooks_has_memory_of_its_own(self):
        self.assertFalse(self.is_shared(change=lambda config: config.update(
            hooks={"createContainer": [{"path": "/bin/true"}]})))
        self.assertTrue(self.is_shared(change=lambda config: config.update(
            hooks={"createRuntime": [{"path": "/bin/true"}]})))

    def test_what_an_init_fills_is_its_containers_memory(self):
        self.write_file(os.path.join(self.bundle, "rootfs/full/file"), "x" * (8 << 20))
        self.config("/bin/true", change=lambda config: (
            config["mounts"].append({"destination": "/full", "type": "tmpfs", "source": "tmpfs",
                                     "options": ["tmpcopyup"]}),
            config["linux"]["resources"].update(memory={"limit": 4 << 20})))
        self.refused("run", "-b", self.bundle, self.cid, text="memory limit 4194304")
        self.assert_nothing_left()

    def test_a_run_in_the_foreground_keeps_its_rights_and_one_thread(self):
        self.config("/probe", "sleep", change=lambda config: config["process"].update(
            user={"uid": 1234, "gid": 2345, "additionalGids": [3456], "umask": 0o27}, cwd="/proc"))
        process, *_ = self.start_call("run", "-b", self.bundle, self.cid)
        try:
            self.wait_for(lambda: self.call("state", self.cid).code == 0, "the container")
            init = self.state()["pid"]
            self.wait_for(lambda: ids(init)["Uid"] == ["1234"] * 4, "the container's user")
            self.assertEqual(ids(init)["Gid"], ["2345"] * 4)
            self.assertEqual(ids(init)["Groups"], ["3456"])
            self.wait_for(lambda: ids(process.pid)["Threads"] == ["1"], "the end of the thread")
            ours = ids("self")
            for field in ("Uid", "Gid", "Groups", "CapEff", "CapBnd", "Seccomp", "NoNewPrivs"):
                self.assertEqual(ids(process.pid)[field], ours[field], field)
            self.assertEqual(os.readlink(f"/proc/{process.pid}/root"), "/")
            self.assertEqual(os.readlink(f"/proc/{process.pid}/cwd"), os.getcwd())
            os.kill(init, signal.SIGKILL)
            self.assertEqual(self.wait_call(process, 20), 137)
        finally:
            process.kill()
        self.assert_nothing_left()

    def test_a_runtime_with_the_pid_of_its_init(self):
        """Both are 1, each in its own pid namespace: what is meant for one must not reach the other."""
        self.config("/probe", "report", change=lambda config: config["process"].update(
            user={"uid": 1234, "gid": 2345, "additionalGids": [3456]}))
        report = self.ok("run", "-b", self.bundle, self.cid,
                         wrap=("unshare", "--pid", "--fork", "--mount-proc")).json()
        status = dict(re.split(r":\s+", line, maxsplit=1) for line in report["status"] if ":\t" in line)
        self.assertEqual(status["Uid"].split(), ["1234"] * 4)
        self.assertEqual(status["Groups"].split(), ["3456"])
        self.assert_nothing_left()

    def test_a_cgroup_that_fails_while_init_is_made(self):
        self.config("/bin/true", change=lambda config: config["linux"]["resources"].update(
            cpu={"quota": 1, "period": 1}))
        self.refused("run", "-b", self.bundle, self.cid, text="/linux/resources/cpu")
        self.assert_nothing_left()

    def test_a_program_that_is_not_there(self):
        self.config("/no/such")
        self.refused("run", "-b", self.bundle, self.cid, text="/process/args")
        self.assert_nothing_left()

    def test_many_mounts_need_more_memory_than_is_lent(self):
        mounts = [{"destination": f"/run/m{number}/{'x' * 100}", "type": "tmpfs", "source": "tmpfs",
                   "options": ["size=16k", "mode=700"]} for number in range(400)]
        self.config("/probe", "report", change=lambda config: config["mounts"].extend(
            [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}, *mounts]))
        report = self.run_container().json()
        self.assertEqual(sum("/run/m" in line for line in report["mounts"]), 400)
        self.assert_nothing_left()


def ids(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return {name: value.split() for name, value in (line.split(":", 1) for line in file)}


if __name__ == "__main__":
    main()
