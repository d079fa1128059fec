#!/usr/bin/env python3
"""Nothing waits for ever, and nobody else's process pays for it: parents that are frozen or full, an
init that is stopped, signals, other boots, other clocks, odd files."""
import json
import os
import random
import signal
import subprocess
import time

from harness import CleatTest, main
from host import CALLS, cgroup_mounts, reap

# A shell's background jobs ignore some signals, and what they execute does.
HEEDFUL = ("env", "--default-signal=INT,QUIT,HUP,TERM")


class Stuck(CleatTest):
    def file(self, name):
        return os.path.join(self.root, self.cid, name)

    def edit(self, name, change):
        with open(self.file(name), encoding="utf-8") as file:
            document = json.load(file)
        change(document)
        self.write_file(self.file(name), json.dumps(document), 0o600)

    def parent_cgroup(self, controller):
        """A cgroup above the container's, in every hierarchy; its path in the controller's."""
        points = cgroup_mounts()
        if controller not in points:
            self.skipTest(f"no cgroup v1 hierarchy with {controller} on this host")
        self.cgroup = f"/{self.name}/inner"
        path = f"{points[controller]}/{self.name}"
        os.makedirs(path)
        self.undo.append(lambda: os.path.isdir(path) and os.rmdir(path))
        return path

    def write(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    # -- no way to start --

    def test_create_below_a_frozen_cgroup_is_refused(self):
        """The process would be frozen on its way, and its creator would wait for it."""
        parent = self.parent_cgroup("freezer")
        self.write(parent + "/freezer.state", "FROZEN")
        self.undo.append(lambda: self.write(parent + "/freezer.state", "THAWED"))
        self.config("/bin/true")
        self.create_refused("frozen")
        self.delete("--force")
        self.assertEqual(os.listdir(self.root) if os.path.isdir(self.root) else [], [])
        self.assertFalse(os.path.exists(parent + "/inner"))
        self.write(parent + "/freezer.state", "THAWED")
        self.assertEqual(self.run_container().code, 0)

    def test_a_container_below_a_full_pids_cgroup(self):
        """A v1 limit is for forks, not for those who join: the container has one process."""
        parent = self.parent_cgroup("pids")
        for limit in ("0", "1"):
            with self.subTest(limit=limit):
                self.write(parent + "/pids.max", limit)
                self.config("/probe", "fork", "3")
                result = self.run_container()
                self.assertEqual(result.json()["result"], 0, str(result))
                self.assertFalse(os.path.exists(parent + "/inner"))
        self.write(parent + "/pids.max", "0")
        self.sleeper()
        self.refused("exec", self.cid, "/bin/true", text="unavailable|pids")
        self.delete("--force")

    def test_a_paused_container_takes_no_process(self):
        self.sleeper()
        self.ok("pause", self.cid)
        self.refused("exec", self.cid, "/bin/true", text="paused")
        self.refused("start", self.cid, text="paused")
        self.delete("--force")
        self.assert_nothing_left()

    # -- somebody does not answer --

    def test_an_init_that_is_stopped_keeps_start_waiting_until_it_goes(self):
        self.config("/probe", "sleep")
        self.create()
        os.kill(self.state()["pid"], signal.SIGSTOP)
        starting, *_ = self.start_call("start", self.cid)
        self.assertIsNone(self.wait_call(starting, 0.3))
        self.delete("--force")
        self.assertNotEqual(self.wait_call(starting, 10), None, "start hangs")
        self.assertNotEqual(starting.returncode, 0)
        self.assert_nothing_left()

    def test_signals_at_any_moment_of_create_and_run(self):
        chance = random.Random(3)
        for verb in ("create", "run"):
            self.config(*(("/probe", "sleep") if verb == "create" else ("/bin/true",)))
            for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT) * 3:
                with self.subTest(verb=verb, signal=name):
                    call, *_ = self.start_call(verb, "--bundle", self.bundle, self.cid,
                                               wrap=HEEDFUL)
                    time.sleep(chance.random() * 0.03)
                    call.send_signal(name)
                    self.assertIsNotNone(self.wait_call(call, 10), "hangs")
                    if self.call("state", self.cid).code == 0:
                        self.assertIn(self.status(), ("created", "running", "stopped"))
                    self.delete("--force")
                    self.assert_nothing_left()

    def test_files_of_the_state_that_would_block_their_reader(self):
        """A FIFO without a writer, a directory, a link to itself in the place of each file."""
        for name in ("state.json", "intent.json", "config.json", "start.sock"):
            for make in (os.mkfifo, os.mkdir, lambda path: os.symlink(path, path)):
                with self.subTest(name=name, make=getattr(make, "__name__", "link")):
                    self.config("/probe", "sleep")
                    self.create()
                    os.unlink(self.file(name))
                    make(self.file(name))
                    for verb in (("state",), ("start",), ("exec", "/bin/true"), ("kill", "0")):
                        result = self.call(verb[0], self.cid, *verb[1:], timeout=5)
                        self.assertGreaterEqual(result.code, 0, str(result))
                    self.assertEqual(self.call("list", "-q", timeout=5).code, 0)
                    self.call("gc", timeout=5)
                    self.delete("--force")
                    self.assert_nothing_left()

    def test_what_is_no_container_in_the_state_root(self):
        os.makedirs(self.root)
        self.write_file(os.path.join(self.root, "file"), "x")
        os.mkfifo(os.path.join(self.root, "fifo"))
        os.symlink("/nowhere", os.path.join(self.root, "link"))
        self.ok("list")
        for name in ("file", "fifo", "link"):
            self.assertNotEqual(self.call("state", name, timeout=5).code, 0)
            self.call("delete", "--force", name, timeout=5)
        self.ok("gc", timeout=5)
        for name in os.listdir(self.root):
            os.unlink(os.path.join(self.root, name))

    def test_a_reader_that_has_gone_ends_what_prints(self):
        self.sleeper()
        for verb in (("state", self.cid), ("list",), ("ps", self.cid), ("spec",), ("features",)):
            read, write = os.pipe()
            os.close(read)
            with os.fdopen(write, "wb") as out:
                call, *_ = self.start_call(*verb, out=out, cwd=self.directory)
                self.assertIsNotNone(self.wait_call(call, 5), f"{verb} hangs")
        self.assertEqual(self.status(), "running")

    def test_a_caller_that_ignores_the_end_of_children(self):
        """What it ignores is ignored by what it executes: nobody would ever be told."""
        wrap = ("env", "--ignore-signal=CHLD")
        hook = {"path": "/bin/true"}
        self.config("/bin/sh", "-c", "exit 7", change=lambda c: c.update(
            hooks={"createRuntime": [hook], "poststart": [hook]}))
        self.assertEqual(self.run_container(wrap=wrap).code, 7)
        self.assert_nothing_left()
        self.sleeper()
        self.assertEqual(self.exec("/bin/sh", "-c", "exit 8", wrap=wrap).code, 8)
        self.assertEqual(self.exec_report()["signals"], self.exec_report(wrap=wrap)["signals"])

    # -- races of verbs --

    def test_of_two_starts_one_wins(self):
        for _ in range(3):
            self.config("/probe", "sleep")
            self.create()
            calls = [self.start_call("start", self.cid)[0] for _ in range(4)]
            codes = [self.wait_call(call, 10) for call in calls]
            self.assertEqual(codes.count(0), 1, codes)
            self.assertNotIn(None, codes)
            self.assertEqual(self.status(), "running")
            self.delete("--force")
            self.assert_nothing_left()

    def test_verbs_against_a_delete(self):
        for verb in (("start",), ("exec", "/bin/true"), ("kill", "KILL"), ("pause",), ("state",)):
            for number in range(3):
                with self.subTest(verb=verb[0], number=number):
                    self.config("/probe", "sleep")
                    self.create()
                    if verb[0] != "start":
                        self.start()
                    call, *_ = self.start_call(verb[0], self.cid, *verb[1:])
                    time.sleep(0.004 * number)
                    self.delete("--force")
                    self.assertIsNotNone(self.wait_call(call, 10), "hangs")
                    self.delete("--force")
                    self.assert_nothing_left()

    # -- who is who --

    def stranger(self):
        """A process of ours, as {"pid":…, "startTime":…}."""
        process = subprocess.Popen(["sleep", "60"])
        CALLS.add(process.pid)
        self.undo.append(lambda: (process.kill(), process.wait()))
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
            start = int(file.read().rpartition(")")[2].split()[19])
        return process, {"pid": process.pid, "startTime": start}

    def test_after_a_reboot_a_process_of_the_same_pid_and_time_is_another(self):
        """Boots are alike: services get the same pids at the same hundredths of a second."""
        self.cleat_only("the files are cleat's")
        self.sleeper()
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        victim, identity = self.stranger()
        self.edit("state.json", lambda state: state.update(init=identity))
        self.assertEqual(self.status(), "running", "the state means that process in this boot")
        for name in ("state.json", "intent.json"):
            self.edit(name, lambda document: document.update(boot="another"))
        self.assertEqual(self.status(), "stopped")
        self.refused("kill", self.cid, "KILL", text="not running")
        self.refused("exec", self.cid, "/bin/true", text="stopped")
        self.delete()
        self.assertIsNone(victim.poll(), "somebody else's process was killed")

    def test_gc_after_a_reboot_signals_nobody(self):
        self.cleat_only("the files are cleat's")
        self.sleeper()
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        victim, identity = self.stranger()
        self.edit("state.json", lambda state: state.update(init=identity, boot="another"))
        self.edit("intent.json", lambda intent: intent.update(creator=identity, boot="another"))
        self.assertEqual(self.ok("gc").out, f"{self.cid}: from before the last boot\n")
        self.assertIsNone(victim.poll(), "somebody else's process was killed")

    def test_half_made_before_a_reboot_goes_whoever_has_its_creators_pid(self):
        self.cleat_only("the files are cleat's")
        self.sleeper()
        os.kill(self.state()["pid"], signal.SIGKILL)
        self.wait_status("stopped")
        os.unlink(self.file("state.json"))
        victim, identity = self.stranger()
        self.edit("intent.json", lambda intent: intent.update(creator=identity, boot="another"))
        begin = time.monotonic()
        self.assertEqual(self.ok("gc").out, f"{self.cid}: half made, its creator is gone\n")
        self.assertLess(time.monotonic() - begin, 3, "nobody is waited for")
        self.assertIsNone(victim.poll(), "somebody else's process was killed")
        self.assertEqual(os.listdir(self.root), [])

    # -- want of descriptors --

    def test_every_limit_of_descriptors_for_every_verb(self):
        """What cannot be told is an error: a container that runs is never taken for stopped."""
        few = lambda limit: ("prlimit", f"--nofile={limit}:{limit}")
        for verb in (("create",), ("start",), ("state",), ("exec", "/bin/echo", "yes"), ("pause",),
                     ("kill", "0"), ("update", "--pids-limit", "7"), ("delete",),
                     ("delete", "--force")):
            for limit in (*range(3, 13), 16, 20):
                with self.subTest(verb=verb, limit=limit):
                    self.limited(verb, few(limit))

    def limited(self, verb, wrap):
        self.config("/probe", "sleep")
        flags = [word for word in verb[1:] if word == "--force"]
        words = (verb[0], "--bundle", self.bundle, self.cid) if verb[0] == "create" else \
            (verb[0], *flags, self.cid, *(word for word in verb[1:] if word not in flags))
        if verb[0] == "update":
            words = (*verb, self.cid)
        if verb[0] != "create":
            self.create()
        if verb[0] not in ("create", "start"):
            self.start()
        result = self.call(*words, wrap=wrap)
        self.assertGreaterEqual(result.code, 0, str(result))
        if result.code != 0:
            self.assertTrue(result.err.strip(), "no word about it")
        if verb == ("delete",):
            self.assertNotEqual(result.code, 0)
        if verb[0] in ("state", "exec", "kill", "update") or verb == ("delete",):
            self.assertEqual(self.status(), "running", str(result))
        if verb[0] == "state" and result.code == 0:
            self.assertEqual(result.json()["status"], "running")
        if verb[0] == "exec" and result.code == 0:
            self.assertEqual(result.out, "yes\n")
        if verb[0] == "create" and result.code != 0:
            self.assert_nothing_left()
        self.delete("--force")
        self.assert_nothing_left()

    # -- clocks --

    def test_a_life_under_other_clocks(self):
        """Offsets of the monotonic clocks, as after a migration; start times shift with them."""
        if not os.path.exists("/proc/self/ns/time"):
            self.skipTest("the kernel has no time namespaces")
        for offset in ("100000", "0"):
            wrap = ("unshare", "--time", "--monotonic", offset, "--boottime", offset)
            with self.subTest(offset=offset):
                self.config("/probe", "sleep")
                self.create(wrap=wrap)
                self.assertEqual(self.ok("state", self.cid, wrap=wrap).json()["status"], "created")
                self.ok("start", self.cid, wrap=wrap)
                self.ok("exec", self.cid, "/bin/true", wrap=wrap)
                self.ok("kill", self.cid, "KILL", wrap=wrap)
                self.wait_for(lambda: reap() or self.ok("state", self.cid, wrap=wrap).json()[
                    "status"] == "stopped", "its end")
                self.ok("delete", self.cid, wrap=wrap)
                self.assert_nothing_left()

    def test_a_container_that_another_clock_made_is_removed_all_the_same(self):
        """Seen from there its init has another start time: it is not signalled by its pid, and ends
        with its cgroup."""
        if not os.path.exists("/proc/self/ns/time"):
            self.skipTest("the kernel has no time namespaces")
        self.sleeper()
        self.ok("delete", "--force", self.cid, wrap=("unshare", "--time", "--boottime", "100000"))
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
