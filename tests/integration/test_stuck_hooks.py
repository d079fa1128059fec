#!/usr/bin/env python3
"""Hooks that never end: who waits for one can be ended, and the hook ends with it."""
import contextlib
import os
import signal
import time

from harness import CleatTest, main
from host import Host, command_of, reap

# A shell's background jobs ignore some signals, and what they execute does.
HEEDFUL = ("env", "--default-signal=INT,QUIT,HUP,TERM")
ENDLESS = {"path": "/bin/sleep", "args": ["sleep", "307"]}


def without_pid_namespace(config):
    config["linux"]["namespaces"] = [each for each in config["linux"]["namespaces"]
                                     if each["type"] != "pid"]


class StuckHooks(CleatTest):
    def hanging(self, kind, *verb, change=None, hook=ENDLESS):
        """A call that waits for a hook without a time limit; the call, and the hook's pid."""
        def configure(config):
            config["hooks"] = {kind: [hook]}
            if change:
                change(config)
        self.config("/probe", "sleep", change=configure)
        if verb[0] in ("start", "delete"):
            self.create()
        if verb[0] == "delete":
            self.start()
        bundle = ("--bundle", self.bundle) if verb[0] in ("create", "run") else ()
        call, *_ = self.start_call(*verb, *bundle, self.cid, wrap=HEEDFUL)
        self.wait_for(self.hooks, "the hook")
        return call, self.hooks()[0]

    def hooks(self):
        """The host's pids of the hooks that sleep."""
        return [pid for pid in Host().processes - self.host_before.processes
                if command_of(pid) == " ".join(ENDLESS["args"])]

    def test_a_hook_that_never_ends_keeps_no_container_from_its_end(self):
        """Without a time limit its creator waits, and others do not."""
        creating, hook = self.hanging("createRuntime", "create")
        try:
            self.assertIsNone(self.wait_call(creating, 0.3))
            self.assertIn("no", self.call("state", self.cid).err + "no")
            begin = time.monotonic()
            self.delete("--force")
            self.assertLess(time.monotonic() - begin, 12)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(hook, signal.SIGKILL)
        self.assertNotEqual(self.wait_call(creating, 10), None, "create hangs")
        self.assertNotEqual(creating.returncode, 0)
        self.assert_nothing_left()

    def test_a_create_that_hangs_ends_with_the_delete_that_takes_its_id(self):
        """What it undid later could be the next container's of that id."""
        self.cleat_only("with others it goes on, and takes the cgroups of the next")
        creating, _ = self.hanging("createRuntime", "create")
        self.delete("--force")
        self.assertEqual(self.wait_call(creating, 1), -signal.SIGKILL)
        self.wait_for(lambda: reap() or not self.hooks(), "the end of the hook")
        self.assert_nothing_left()

    def test_a_detached_run_that_waits_for_a_hook_can_be_ended(self):
        """It passes no signals on, so they are its own."""
        call, _ = self.hanging("poststart", "run", "--detach")
        call.terminate()
        self.assertEqual(self.wait_call(call, 10), -signal.SIGTERM)
        self.assertEqual(self.status(), "running")
        self.delete("--force")
        for hook in self.hooks():
            os.kill(hook, signal.SIGKILL)

    def ended(self, call, name, why):
        call.send_signal(name)
        self.assertIsNotNone(self.wait_call(call, 10), why)
        self.assertNotEqual(call.returncode, 0)
        self.wait_for(lambda: reap() or not self.hooks(), "the end of the hook")

    def test_a_hook_ends_with_the_create_that_waits_for_it(self):
        self.cleat_only("with others it goes on")
        for kind in ("prestart", "createRuntime", "createContainer"):
            for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
                for change in (None, without_pid_namespace):
                    with self.subTest(kind=kind, signal=name, own_pids=not change):
                        creating, _ = self.hanging(kind, "create", change=change)
                        self.ended(creating, name, "create hangs")
                        self.delete("--force")
                        self.assert_nothing_left()

    def test_a_hook_in_a_container_ends_with_its_init(self):
        """Of a start that is killed the hook goes on, as its container does; a process of the host's
        pid namespace would outlive an init that is killed."""
        self.cleat_only("with others it goes on")
        for verb in ("start", "run"):
            for change in (None, without_pid_namespace):
                with self.subTest(verb=verb, own_pids=not change):
                    call, hook = self.hanging("startContainer", verb, change=change)
                    call.kill()
                    self.wait_call(call, 10)
                    init = self.state()["pid"]
                    self.assertNotEqual(init, hook)
                    os.kill(init, signal.SIGKILL)
                    self.wait_for(lambda: reap() or not self.hooks(), "the end of the hook")
                    self.delete("--force")
                    self.assert_nothing_left()

    def test_a_poststart_hook_ends_with_who_waits_for_it_and_the_container_runs(self):
        self.cleat_only("with others it goes on")
        for verb in ("start", "run"):
            with self.subTest(verb=verb):
                call, _ = self.hanging("poststart", verb)
                self.ended(call, signal.SIGKILL, "hangs")
                self.assertEqual(self.status(), "running")
                self.delete("--force")
                self.assert_nothing_left()

    def test_a_poststop_hook_ends_with_its_delete_and_the_next_delete_runs_it_again(self):
        self.cleat_only("with others it goes on")
        mark = self.path("mark")
        once = {"path": "/bin/sh", "env": ["PATH=/bin:/usr/bin"], "args": [
            "sh", "-c", f"echo >>{mark}; [ $(wc -l <{mark}) = 1 ] || exit 0; "
            f"exec {' '.join(ENDLESS['args'])}"]}
        call, _ = self.hanging("poststop", "delete", "--force", hook=once)
        self.ended(call, signal.SIGKILL, "delete hangs")
        self.delete()
        self.assertEqual(os.path.getsize(mark), 2, "runs of the hook")
        self.assert_nothing_left()

    def test_a_hook_whose_time_is_up_takes_what_it_started_with_it(self):
        """runc and crun kill the hook alone: its children go on, and hold what they have open."""
        self.cleat_only("with others they go on")
        script = "{0} & {0} & wait".format(" ".join(ENDLESS["args"]))
        for kind, verb in (("createRuntime", "create"), ("startContainer", "start"),
                           ("poststop", "delete")):
            with self.subTest(kind=kind):
                self.config("/probe", "sleep", change=lambda c: c.update(hooks={kind: [
                    {"path": "/bin/sh", "args": ["sh", "-c", script], "timeout": 1,
                     "env": ["PATH=/bin:/usr/bin"]}]}))
                if verb != "create":
                    self.create()
                options = {"create": ("--bundle", self.bundle), "delete": ("--force",)}
                said = self.call(verb, *options.get(verb, ()), self.cid,
                                 global_options=("--log-level", "warning")).err
                self.assertIn(f"{kind} hook 0 \"/bin/sh\": did not end within 1 s", said)
                self.wait_for(lambda: reap() or not self.hooks(), "the end of what the hook started", 2)
                self.config("/probe", "sleep")
                self.call("delete", "--force", self.cid)

    def test_a_time_limit_of_years_is_none_of_seconds(self):
        """Milliseconds of which 32 bits would keep the last: 4294968 s are not 0.7 s."""
        for timeout in (4294968, 2 ** 31 - 1):
            self.config("/bin/true", change=lambda c: c.update(hooks={"createRuntime": [
                {"path": "/bin/sleep", "args": ["sleep", "1"], "timeout": timeout}]}))
            self.assertEqual(self.run_container().code, 0)

    def test_what_a_hook_leaves_behind_is_its_own(self):
        """A daemon that a hook starts outlives the hook and the runtime."""
        self.config("/bin/true", change=lambda c: c.update(hooks={"createRuntime": [
            {"path": "/bin/sh", "args": ["sh", "-c", " ".join(ENDLESS["args"]) + " &"],
             "env": ["PATH=/bin:/usr/bin"]}]}))
        self.assertEqual(self.run_container().code, 0)
        self.wait_for(self.hooks, "the daemon")
        os.kill(self.hooks()[0], signal.SIGKILL)
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
