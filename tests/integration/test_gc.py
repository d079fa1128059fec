#!/usr/bin/env python3
"""gc: what crashes and reboots leave goes, what anybody could come back for stays."""
import json
import os
import shutil
import signal
import time

from harness import CleatTest, main


class Gc(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("the command is cleat's")

    def file(self, name, id=None):
        return os.path.join(self.root, id or self.cid, name)

    def change_intent(self, **members):
        with open(self.file("intent.json"), encoding="utf-8") as file:
            intent = json.load(file)
        with open(self.file("intent.json"), "w", encoding="utf-8") as file:
            json.dump(intent | members, file)

    def gc(self, *flags):
        return self.ok("gc", *flags).out

    def test_living_and_stopped_containers_stay(self):
        self.sleeper()
        self.assertEqual(self.gc(), "")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.assertEqual(self.gc(), "")
        self.assertEqual(self.status(), "stopped")

    def test_stopped_containers_go_when_asked_for(self):
        self.sleeper()
        self.assertEqual(self.gc("--stopped"), "")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.assertEqual(self.gc("--stopped", "--dry-run"), f"{self.cid}: stopped\n")
        self.assertEqual(self.status(), "stopped")
        self.assertEqual(self.gc("--stopped"), f"{self.cid}: stopped\n")
        self.assert_nothing_left()

    def test_a_container_that_was_made_meanwhile_is_another(self):
        """Between the look at a stopped one and its end somebody else may delete it and take the id."""
        if not shutil.which("strace"):
            self.skipTest("no strace")
        self.sleeper()
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        collecting, *_ = self.start_call("gc", "--stopped", wrap=(
            "strace", "-f", "-o", self.path("trace"), "-e", "inject=pidfd_open:delay_exit=4000000:when=1"))
        time.sleep(1)
        self.delete()
        self.sleeper()
        self.assertIsNone(collecting.poll(), "gc was too fast")
        self.assertEqual(self.wait_call(collecting, 20), 0)
        self.assertEqual(self.status(), "running")

    def test_a_container_from_before_the_last_boot_goes(self):
        self.sleeper()
        os.kill(self.state()["pid"], signal.SIGKILL)
        self.wait_status("stopped")
        self.change_intent(boot="another")
        self.assertEqual(self.gc(), f"{self.cid}: from before the last boot\n")
        self.assert_nothing_left()

    def test_what_a_killed_create_has_left_goes(self):
        """The state is written last: without it and without its creator nobody will."""
        self.sleeper()
        os.kill(self.state()["pid"], signal.SIGKILL)
        self.wait_status("stopped")
        os.unlink(self.file("state.json"))
        self.assertEqual(self.gc(), f"{self.cid}: half made, its creator is gone\n")
        self.assert_nothing_left()

    def test_a_create_that_is_under_way_is_left_alone(self):
        hook = {"path": "/bin/sleep", "args": ["sleep", "3"]}
        self.config("/probe", "sleep", change=lambda c: c.update(hooks={"createRuntime": [hook]}))
        creating, *_ = self.start_call("create", "--bundle", self.bundle, self.cid)
        self.ids.add(self.cid)
        self.wait_for(lambda: os.path.exists(self.file("intent.json")), "the intent")
        self.assertEqual(self.gc("--stopped"), "")
        self.assertEqual(self.wait_call(creating, 30), 0)
        self.assertEqual(self.status(), "created")

    def test_a_damaged_state_goes_unless_something_lives(self):
        pid = self.sleeper()["pid"]
        self.write_file(self.file("state.json"), "{", 0o600)
        result = self.refused("gc", text=f"pid {pid} lives")
        self.assertIn(self.cid, result.err)
        self.assertTrue(os.path.exists(f"/proc/{pid}"))
        os.kill(pid, signal.SIGKILL)
        self.wait_for(lambda: self.call("gc").code == 0, "its end")
        self.assert_nothing_left()

    def test_an_entry_of_which_nothing_is_known_goes_when_it_is_old(self):
        os.makedirs(self.file(""))
        self.assertEqual(self.gc(), "")
        old = time.time() - 3600
        os.utime(self.file(""), (old, old))
        self.assertEqual(self.gc(), f"{self.cid}: nothing is known of it\n")
        self.assertFalse(os.path.exists(self.file("")))


if __name__ == "__main__":
    main()
