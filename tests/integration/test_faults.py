#!/usr/bin/env python3
"""When things go wrong around the runtime: races, full disks, limits, damage, kills and reboots."""
import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import time

from console import ConsoleSocket
from harness import CleatTest, main, mount
from host import CALLS, cgroup_mounts, reap
from layout import find_controller


class Faults(CleatTest):
    def state_file(self, name="state.json"):
        return os.path.join(self.root, self.cid, name)

    def processes_of_cgroup(self):
        _, point = find_controller("pids") or self.skipTest("no controller pids here")
        with open(f"{point}{self.cgroup}/cgroup.procs", encoding="utf-8") as file:
            return [int(line) for line in file]

    # -- races --

    def test_of_sixteen_parallel_creates_one_wins_and_works(self):
        """After runc 1.1.5 `state` fails in two of five rounds."""
        self.config("/probe", "sleep")
        for _ in range(2):
            calls = [self.start_call("create", "--bundle", self.bundle, self.cid)
                     for _ in range(16)]
            codes = [self.wait_call(process, 20) for process, *_ in calls]
            self.assertEqual(codes.count(0), 1, codes)
            self.assertEqual(self.status(), "created")
            self.start()
            self.assertEqual(self.status(), "running")
            self.delete("--force")
            self.assert_nothing_left()

    def test_create_against_delete_force_leaves_all_or_nothing(self):
        self.config("/probe", "sleep")
        for number in range(12):
            creating, *_ = self.start_call("create", "--bundle", self.bundle, self.cid)
            time.sleep(0.002 * (number % 6))
            deleting, *_ = self.start_call("delete", "--force", self.cid)
            self.assertIsNotNone(self.wait_call(creating, 20), "create hangs")
            self.assertEqual(self.wait_call(deleting, 20), 0)
            self.delete("--force")
            self.assert_nothing_left()

    def test_two_deletes_at_once(self):
        self.sleeper()
        calls = [self.start_call("delete", "--force", self.cid) for _ in range(6)]
        codes = [self.wait_call(process, 20) for process, *_ in calls]
        self.assertEqual(codes, [0] * 6)
        self.assert_nothing_left()

    # -- no room --

    def small_state_root(self, options):
        os.makedirs(self.root, exist_ok=True)
        mount("tmpfs", self.root, "tmpfs", options)
        self.undo.append(lambda: subprocess.run(["umount", "-l", self.root], check=False,
                                                stderr=subprocess.DEVNULL))

    def unmount_state_root(self):
        subprocess.run(["umount", self.root], check=True)

    def test_no_space_on_the_state_root(self):
        """crun leaves its directory there."""
        self.small_state_root("size=4k")
        self.config("/bin/true")
        self.create_refused("no space left")
        self.assertEqual(os.listdir(self.root), [])
        self.unmount_state_root()
        self.assert_nothing_left()

    def test_no_inodes_on_the_state_root(self):
        for inodes in range(2, 7):
            with self.subTest(inodes=inodes):
                self.small_state_root(f"nr_inodes={inodes}")
                self.config("/bin/true")
                result = self.call("create", "--bundle", self.bundle, self.cid)
                if result.code != 0:
                    self.assertRegex(result.err, "no space left")
                    self.assertEqual(os.listdir(self.root), [])
                else:
                    self.delete("--force")
                self.unmount_state_root()
                self.assert_nothing_left()

    def test_readonly_state_root(self):
        self.small_state_root("ro")
        self.config("/bin/true")
        self.create_refused("read-only")
        self.unmount_state_root()
        self.assert_nothing_left()

    def test_every_limit_of_descriptors(self):
        """crun leaves its directory at some. What works is whole: HOME comes from a file."""
        self.config("/bin/sh", "-c", "echo $HOME", change=lambda c: c["process"].update(
            user={"uid": 1000, "gid": 1000}))
        refused = 0
        for limit in range(3, 33):
            with self.subTest(limit=limit):
                result = self.call("run", "--bundle", self.bundle, self.cid,
                                   wrap=("prlimit", f"--nofile={limit}:{limit}"))
                self.assertGreaterEqual(result.code, 0, str(result))
                if result.code != 0:
                    refused += 1
                    self.assertTrue(result.err.strip(), "no word about it")
                else:
                    self.assertEqual(result.out, "/home/user\n")
                self.assert_nothing_left()
        self.assertGreater(refused, 0, "no limit was low enough to matter")

    def test_memory_limit_too_small_to_live_is_named(self):
        self.config("/bin/true", change=lambda c: c["linux"]["resources"].update(
            memory={"limit": 1 << 20}))
        result = self.run_container()
        if result.code != 0:
            self.assertRegex(result.err, "memory limit")
            self.assertRegex(result.err, "1048576|1 MiB")
        self.assert_nothing_left()

    def test_pids_limit_of_one(self):
        self.config("/probe", "fork", "3", change=lambda c: c["linux"]["resources"].update(
            pids={"limit": 1}))
        result = self.run_container()
        self.assertEqual(result.json()["result"], 0, str(result))
        self.assert_nothing_left()

    def test_exec_where_the_pids_limit_is_reached(self):
        self.sleeper(lambda c: c["linux"]["resources"].update(pids={"limit": 1}))
        result = self.exec("/bin/true")
        self.assertNotEqual(result.code, 0)
        self.assertTrue(result.err.strip())
        self.assertEqual(self.status(), "running")

    # -- damage --

    def damaged(self, content):
        self.sleeper()
        pid = self.state()["pid"]
        self.write_file(self.state_file(), content, 0o600)
        for verb in ("state", "start", "kill", "ps", "pause", "resume"):
            result = self.call(verb, self.cid)
            self.assertGreaterEqual(result.code, 0, f"{verb} crashed: {result}")
            self.assertNotEqual(result.code, 0, f"{verb} accepts it: {result}")
            self.assertTrue(result.err.strip())
        self.assertEqual(self.call("list", "-q").code, 0)
        self.delete("--force")
        self.wait_for(lambda: not os.path.exists(f"/proc/{pid}") or reap(), "the container's end")
        self.assert_nothing_left()

    def test_damaged_state_of_every_kind(self):
        """runc panics on null, neither removes the cgroups."""
        for content in ("", "{", "null", "[]", "0", "\0" * 100, '{"id": 7}', '"x"', "{}",
                        '{"id": "other"}', "[" * 10000):
            with self.subTest(content=content[:20]):
                self.damaged(content)

    def test_half_of_the_state(self):
        self.sleeper()
        with open(self.state_file(), encoding="utf-8") as file:
            whole = file.read()
        self.delete("--force")
        for part in (1, len(whole) // 4, len(whole) // 2, len(whole) - 2):
            with self.subTest(part=part):
                self.damaged(whole[:part])

    def test_no_state_but_the_intent(self):
        self.sleeper()
        os.unlink(self.state_file())
        self.delete("--force")
        self.assert_nothing_left()

    def test_state_of_another_container_is_not_believed(self):
        self.sleeper()
        other = self.cid + "-other"
        shutil.copytree(os.path.join(self.root, self.cid), os.path.join(self.root, other),
                        ignore=shutil.ignore_patterns("*.sock"))
        os.unlink(os.path.join(self.root, other, "intent.json"))
        self.delete("--force", id=other)
        self.assertEqual(self.status(), "running")

    def test_recycled_pid_is_never_signalled(self):
        """The state names a process that has the pid but not the start time."""
        self.sleeper()
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        victim = subprocess.Popen(["sleep", "60"])
        CALLS.add(victim.pid)
        try:
            with open(self.state_file(), encoding="utf-8") as file:
                text = file.read()
            state = json.loads(text)
            changed = json.dumps(self.with_pid(state, victim.pid))
            self.write_file(self.state_file(), changed, 0o600)
            self.assertEqual(self.status(), "stopped")
            self.assertNotEqual(self.call("kill", self.cid, "KILL").code, 0)
            self.delete("--force")
            self.assertIsNone(victim.poll(), "somebody else's process was killed")
        finally:
            victim.kill()
            victim.wait()
        self.assert_nothing_left()

    def with_pid(self, state, pid):
        if isinstance(state, dict):
            return {key: pid if key == "pid" else self.with_pid(value, pid)
                    for key, value in state.items()}
        return state

    # -- kills --

    def test_killed_init_is_stopped_and_can_be_deleted(self):
        self.sleeper()
        os.kill(self.state()["pid"], signal.SIGKILL)
        self.wait_status("stopped")
        self.delete()
        self.assert_nothing_left()

    def test_frozen_container_can_be_killed_and_deleted(self):
        for verb in (("kill", self.cid, "KILL"), ("delete", "--force", self.cid)):
            with self.subTest(verb=verb[0]):
                self.sleeper()
                self.ok("pause", self.cid)
                self.assertEqual(self.status(), "paused")
                self.ok(*verb)
                self.wait_for(lambda: self.call("state", self.cid).code != 0 or
                              self.status() == "stopped", "its end")
                self.delete("--force")
                self.assert_nothing_left()

    def test_killed_run_takes_nothing_with_it_that_stays(self):
        self.config("/probe", "sleep")
        for delay in (0.005, 0.01, 0.02, 0.05, 0.1):
            with self.subTest(delay=delay):
                process, *_ = self.start_call("run", "--bundle", self.bundle, self.cid)
                time.sleep(delay)
                process.kill()
                process.wait()
                self.delete("--force")
                self.assert_nothing_left()

    def test_killed_exec_leaves_only_the_containers_processes(self):
        self.sleeper()
        for delay in (0.002, 0.005, 0.01, 0.02):
            process, *_ = self.start_call("exec", self.cid, "/bin/true")
            time.sleep(delay)
            process.kill()
            process.wait()
        self.wait_for(lambda: len(self.processes_of_cgroup()) == 1, "the end of the members")
        self.assertEqual(self.status(), "running")

    def test_storm_of_signals_to_the_runtime(self):
        """Signals that a process survives change nothing of what is made."""
        def change(config):
            config["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.config("/probe", change=change)
        wanted = self.run_container().json()
        for name in (signal.SIGCHLD, signal.SIGWINCH, signal.SIGURG, signal.SIGCONT):
            with self.subTest(signal=name):
                process, _, out, err = self.start_call("run", "--bundle", self.bundle, self.cid)
                while process.poll() is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.send_signal(name)
                    reap()
                    time.sleep(0.0002)
                self.assertEqual(process.returncode, 0, err.read())
                got = json.loads(os.pread(out.fileno(), 1 << 20, 0))
                for key in ("capabilities", "uid", "groups", "rlimits", "cwd", "signals"):
                    self.assertEqual(got[key], wanted[key], key)
                self.assert_nothing_left()

    # -- reboot --

    def test_after_a_reboot_it_is_stopped_and_can_be_deleted(self):
        """The state is there, processes and cgroups are not."""
        self.sleeper()
        state = self.path("kept")
        shutil.copytree(self.root, state, ignore=shutil.ignore_patterns("*.sock"))
        self.delete("--force")
        self.assert_nothing_left()
        shutil.rmtree(self.root)
        os.rename(state, self.root)
        self.assertEqual(self.status(), "stopped")
        self.refused("start", self.cid, text="stopped")
        self.refused("exec", self.cid, "/bin/true", text="stopped")
        self.delete()
        self.assert_nothing_left()

    # -- others that do not answer --

    def test_hook_that_never_ends_is_ended_in_time(self):
        for kind in ("prestart", "createRuntime", "createContainer", "startContainer"):
            with self.subTest(kind=kind):
                path = "/bin/sleep"
                self.config("/bin/true", change=lambda c, k=kind: c.update(hooks={k: [
                    {"path": path, "args": ["sleep", "300"], "timeout": 1}]}))
                begin = time.monotonic()
                self.refused("run", "--bundle", self.bundle, self.cid, text="within 1 s")
                self.assertLess(time.monotonic() - begin, 6)
                self.assert_nothing_left()

    def test_reader_of_stdout_that_is_gone(self):
        self.config("/bin/echo", "x" * 1000)
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "wb") as out:
            process, *_ = self.start_call("run", "--bundle", self.bundle, self.cid, out=out)
            self.assertIsNotNone(self.wait_call(process, 10), "hangs")
        self.assert_nothing_left()

    def test_reader_of_the_console_socket_that_is_gone(self):
        console = ConsoleSocket(self)
        console.listener.close()
        self.config("/bin/true", terminal=True)
        self.create_refused("console|connect", "--console-socket", console.path)
        self.assert_nothing_left()

    def test_console_socket_that_nobody_reads(self):
        console = ConsoleSocket(self)
        self.config("/bin/true", terminal=True)
        result = self.call("create", "--bundle", self.bundle, "--console-socket", console.path,
                           self.cid)
        self.assertGreaterEqual(result.code, 0)
        self.delete("--force")
        self.assert_nothing_left()

    def test_stderr_that_is_closed(self):
        self.config("/bin/true")
        process = subprocess.run(["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", self.runtime,
                                  "--root", self.root, "run", "--bundle", self.bundle, self.cid],
                                 check=False)
        self.assertGreaterEqual(process.returncode, 0)
        self.assert_nothing_left()

    def test_closed_stdio_is_never_a_file_of_the_runtime(self):
        """Descriptors 0 to 2 that are free would be given to the state, a socket, a cgroup."""
        out = self.path("report")
        self.config("/bin/sh", "-c", "ls -l /proc/self/fd >/tmp/out 2>&1")
        subprocess.run(["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", self.runtime,
                        "--root", self.root, "run", "--bundle", self.bundle, self.cid],
                       check=False)
        out = os.path.join(self.rootfs, "tmp/out")
        if os.path.exists(out):
            with open(out, encoding="utf-8") as file:
                text = file.read()
            for forbidden in ("state", "cgroup", "socket:", "config.json"):
                self.assertNotIn(forbidden, text)
        self.assert_nothing_left()

    def test_limit_of_file_size_is_no_silent_death(self):
        self.config("/bin/true")

        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        process = subprocess.run([self.runtime, "--root", self.root, "create", "--bundle",
                                  self.bundle, self.cid], preexec_fn=small, check=False,
                                 capture_output=True, text=True)
        self.assertNotEqual(process.returncode, 0)
        self.delete("--force")
        self.assert_nothing_left()

    def test_foreign_cgroup_at_the_place_is_not_taken_over(self):
        points = cgroup_mounts()
        path = points.get("pids", points.get("unified")) + self.cgroup
        os.makedirs(path)
        self.undo.append(lambda: os.path.isdir(path) and os.rmdir(path))
        stranger = subprocess.Popen(["sleep", "60"])
        CALLS.add(stranger.pid)
        try:
            with open(path + "/cgroup.procs", "w", encoding="utf-8") as file:
                file.write(str(stranger.pid))
            self.config("/bin/true")
            self.create_refused("in use")
            self.delete("--force")
            self.assertIsNone(stranger.poll(), "somebody else's process was killed")
        finally:
            stranger.kill()
            stranger.wait()


if __name__ == "__main__":
    main()
