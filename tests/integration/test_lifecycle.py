#!/usr/bin/env python3
"""The verbs of the runtime specification: what each does in each state, and what it says."""
import json
import os

from harness import CleatTest, main
from host import reap

RFC3339_NANO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$"


class Lifecycle(CleatTest):
    def test_state_has_every_member_that_engines_read(self):
        def change(config):
            config["annotations"] = {"org.example.a": "1"}
        state = self.sleeper(change)
        self.assertEqual(state["id"], self.cid)
        self.assertEqual(state["status"], "running")
        self.assertEqual(state["bundle"], self.bundle)
        self.assertEqual(state["rootfs"], self.rootfs)
        self.assertEqual(state["annotations"], {"org.example.a": "1"})
        self.assertRegex(state["created"], RFC3339_NANO)
        self.assertRegex(state["ociVersion"], r"^1\.\d+\.\d+")
        self.assertIn("owner", state)
        with open(f"/proc/{state['pid']}/cmdline", encoding="utf-8") as file:
            self.assertEqual(file.read().split("\0")[0], "/probe")

    def test_init_that_is_a_zombie_is_stopped(self):
        self.sleeper()
        os.kill(self.state()["pid"], 9)
        self.wait_for(lambda: self.state()["status"] == "stopped", "stopped before it is reaped")

    def test_kill_sends_term_when_no_signal_is_named(self):
        self.sleeper()
        self.ok("kill", self.cid)
        self.wait_status("stopped")

    def test_kill_without_a_signal_sends_the_one_that_the_image_is_stopped_by(self):
        self.cleat_only("other runtimes always send TERM")
        stop = "org.opencontainers.image.stopSignal"
        self.sleeper(lambda c: c.update(annotations={stop: "SIGUSR1"}))
        self.ok("kill", self.cid)
        self.wait_for(lambda: self.output().count("USR1") == 1, "USR1")
        self.assertEqual(self.status(), "running")
        self.delete("--force")
        self.sleeper(lambda c: c.update(annotations={stop: "SIGMOON"}))
        self.assertIn("stopSignal", self.ok("kill", self.cid, global_options=("--debug",)).err)
        self.wait_status("stopped")

    def test_kill_refuses_a_signal_that_does_not_exist(self):
        self.sleeper()
        self.refused("kill", self.cid, "NOSUCH", text="signal")
        self.refused("kill", self.cid, "65", text="signal|65")
        self.assertEqual(self.status(), "running")

    def test_delete_force_removes_a_half_made_state_directory(self):
        os.makedirs(os.path.join(self.root, self.cid), 0o700)
        self.delete("--force")
        self.assertEqual(os.listdir(self.root), [])

    def test_container_without_a_process_is_created_and_not_started(self):
        self.cleat_only("other runtimes want a process to create, too")
        hook = [{"path": "/bin/touch", "args": ["touch", self.path("hook")]}]
        self.config(change=lambda c: (c.pop("process"), c.update(hooks={"startContainer": hook})))
        self.create()
        self.assertGreater(self.state()["pid"], 1)
        self.assertTrue(os.path.isdir(f"/proc/{self.state()['pid']}/root/proc/1"))
        self.refused("start", self.cid, text="no process to start")
        self.assertEqual(self.status(), "created")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.delete()
        self.refused("run", "--bundle", self.bundle, self.cid, text="no process to start.*/process")
        self.assert_nothing_left()

    def test_verbs_on_nothing_say_that_it_does_not_exist(self):
        for verb in ("state", "start", "kill", "delete", "pause", "resume", "ps"):
            with self.subTest(verb=verb):
                self.refused(verb, "nobody", text="container does not exist", any_runtime=True)
        self.refused("exec", "nobody", "true", text="container does not exist", code=255)

    def test_id_grammar(self):
        self.config("/bin/true")
        for bad in ("", "a/b", "../x", "../../x", "a b", ".", "..", "a\n", "ü", "a%", "x" * 1025):
            with self.subTest(id=bad):
                self.create_refused("invalid container ID format", id=bad)
                self.assertFalse(os.path.isdir(self.root) and os.listdir(self.root))
        for good in ("a.b", "A_1", "x+y-z", "0"):
            with self.subTest(id=good):
                self.ids.add(good)
                self.create(id=good)
                self.delete("--force", id=good)

    def test_pid_file_is_decimal_without_newline(self):
        self.config("/probe", "sleep")
        self.create("--pid-file", self.path("pid"))
        with open(self.path("pid"), encoding="utf-8") as file:
            content = file.read()
        self.assertRegex(content, r"\A[1-9]\d*\Z")
        self.assertEqual(int(content), self.state()["pid"])
        self.assertEqual(sorted(os.listdir(self.directory)), ["bundle", "pid", "state"])

    def test_created_init_is_our_child_after_create_ends(self):
        self.config("/probe", "sleep")
        self.create()
        pid = self.state()["pid"]
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            parent = int(file.read().rpartition(")")[2].split()[1])
        self.assertEqual(parent, os.getpid(), "an engine is a subreaper and must get init")

    def test_run_gives_the_exit_code(self):
        for code in (0, 1, 42, 255):
            with self.subTest(code=code):
                self.config("/probe", "exit", str(code))
                self.assertEqual(self.run_container().code, code)
        self.assert_nothing_left()

    def test_run_gives_128_and_the_signal(self):
        self.config("/probe", "sleep")
        process, *_ = self.start_call("run", "--bundle", self.bundle, self.cid)
        self.wait_for(lambda: os.path.isdir(os.path.join(self.root, self.cid)) and
                      self.call("state", self.cid).code == 0 and self.status() == "running", "run")
        self.ok("kill", self.cid, "KILL")
        self.assertEqual(process.wait(5), 137)

    def test_run_passes_signals_on(self):
        self.config("/probe", "sleep")
        process, _, out, _ = self.start_call("run", "--bundle", self.bundle, self.cid)
        self.wait_for(lambda: os.pread(out.fileno(), 100, 0) == b"ready\n", "the probe")
        process.send_signal(15)
        self.assertEqual(process.wait(5), 0)
        self.assert_nothing_left()

    def test_run_keep_leaves_the_state(self):
        self.config("/bin/true")
        self.ok("run", "--keep", "--bundle", self.bundle, self.cid)
        self.assertEqual(self.status(), "stopped")
        self.delete()

    def test_bundle_is_the_working_directory_by_default(self):
        self.config("/probe", "exit", "7")
        self.assertEqual(self.call("run", self.cid, cwd=self.bundle).code, 7)

    def test_stdin_reaches_the_process(self):
        self.config("/probe", "echo")
        read, write = os.pipe()
        os.write(write, b"well\n")
        os.close(write)
        result = self.run_container(stdin=read)
        os.close(read)
        self.assertEqual(result.out, "got: well\n")

    def test_list_shows_all_in_every_form(self):
        self.sleeper()
        self.config("/bin/true", change=lambda config: config["linux"].update(
            cgroupsPath=self.cgroup + "-b"))
        other = self.cid + "-b"
        self.create(id=other)
        lines = self.ok("list").out.splitlines()
        self.assertEqual(lines[0].split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
        row = next(line.split() for line in lines if line.split()[0] == self.cid)
        self.assertEqual(row[1:4], [str(self.state()["pid"]), "running", self.bundle])
        self.assertEqual(sorted(self.ok("list", "-q").out.split()), [self.cid, other])
        out = self.ok("list", "--format", "json").out
        self.assertEqual(len(out.strip().splitlines()), 1)
        states = {state["id"]: state for state in json.loads(out)}
        self.assertEqual(states[other]["status"], "created")
        self.assertEqual(states[self.cid]["pid"], self.state()["pid"])

    def test_list_of_a_root_that_does_not_exist_is_an_error(self):
        """runc 1.2: a mistyped --root does not look like a host without containers."""
        self.cleat_only("runc 1.1.5 and crun 1.8.1 make the directory")
        for options in ((), ("-q",), ("--format", "json")):
            self.refused("list", *options, text="no such file or directory.*ENOENT")
        self.assertFalse(os.path.exists(self.root))
        missing = self.ok("list", "-q", root=False, wrap=(
            "unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh"))
        self.assertEqual(missing.out, "")

    def test_list_of_a_root_that_is_a_file_is_an_error(self):
        for name, path in self.runtimes().items():
            with self.subTest(runtime=name):
                file = self.write_file(self.path("file"))
                result = self.call("list", root=False, global_options=("--root", file),
                                   runtime=path)
                self.assertGreater(result.code, 0, str(result))
                self.assertRegex(result.err, "(?i)not a directory")

    def test_list_of_an_empty_root_is_empty(self):
        os.mkdir(self.root)
        self.assertEqual(self.ok("list", "-q").out.strip(), "")
        self.assertIn(self.ok("list", "--format", "json").out.strip(), ("[]", "null"))

    def test_engines_may_call_without_environment(self):
        self.config("/bin/echo", "x")
        result = self.run_container(env={"XDG_RUNTIME_DIR": ""})
        self.assertEqual((result.code, result.out), (0, "x\n"), str(result))

    def test_json_log_has_one_line_for_a_failure(self):
        log = self.path("log.json")
        self.refused("start", "nobody", global_options=("--log", log, "--log-format", "json"))
        with open(log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), 1, lines)
        entry = json.loads(lines[0])
        self.assertEqual(entry["level"], "error")
        self.assertIn("container does not exist", entry["msg"])
        self.assertRegex(entry["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

    def test_json_log_of_a_success_is_empty(self):
        log = self.path("log.json")
        self.config("/bin/true")
        self.assertEqual(self.run_container("--log", log, "--log-format", "json").code, 0)
        self.assertEqual(os.path.getsize(log) if os.path.exists(log) else 0, 0)

    def test_orphans_are_reaped_by_an_engine_not_by_us(self):
        self.sleeper()
        pid = self.state()["pid"]
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        reap()
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.delete()


if __name__ == "__main__":
    main()
