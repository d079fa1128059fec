#!/usr/bin/env python3
"""The shim: tasks that are saved, and tasks that begin with what was saved (criu(8))."""
import os
import shutil
import subprocess

from harness import main
from host import no_criu
from shim_case import CREATED, RUNNING, ShimTest
from ttrpc import INVALID, PRECONDITION, UNKNOWN, encode

COUNT = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done"
WHY_NOT = no_criu()
if not WHY_NOT and not shutil.which("iptables-restore"):
    WHY_NOT = "no iptables-restore, by which criu holds packets back"


class Checkpoints(ShimTest):
    def setUp(self):
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        super().setUp()
        # CRIU looks at sockets of its own first, and this network namespace is new.
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.images = self.path("images")

    def output(self, name):
        """A fifo, and who reads it."""
        path = self.fifo(name)
        reader = open(os.open(path, os.O_RDWR), encoding="utf-8")
        self.undo.append(reader.close)
        return path, reader

    def checkpoint(self, **options):
        return self.ask("Checkpoint", path=self.images, options={
            "type_url": "containerd.runc.v1.CheckpointOptions",
            "value": encode("CheckpointOptions", **options)})

    def test_a_task_goes_on_where_it_was(self):
        out, reader = self.output("first")
        self.run_task("/bin/sh", "-c", COUNT, stdout=out)
        self.assertEqual(reader.readline(), "1\n")
        self.checkpoint(exit=True, work_path=self.path("work"))
        self.assertEqual(self.ask("Wait")["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()
        told = ["create", "start", "checkpointed", "exit", "delete"]
        self.assertEqual(sorted(self.events.wait_for(5)), sorted(told))
        self.assert_nothing_left()

        out, reader = self.output("second")
        self.start_shim()
        made = self.ask("Create", bundle=self.bundle, stdout=out, checkpoint=self.images)
        self.assertEqual((made, self.status()), ({}, CREATED))
        self.ask_refused(PRECONDITION, "process not created", "Kill", signal=9)
        pid = self.ask("Start")["pid"]
        self.assertEqual(self.status(), RUNNING)
        self.assertGreater(int(reader.readline()), 1)
        self.assertEqual(self.ask("State")["pid"], pid)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            self.assertEqual(int(file.read().rpartition(")")[2].split()[1]), self.shim_pid)
        self.end_task()
        self.assertEqual(self.events.wait_for(9)[5:], ["create", "start", "exit", "delete"])
        self.assert_nothing_left()

    def test_a_task_may_run_on(self):
        out, reader = self.output("out")
        self.run_task("/bin/sh", "-c", COUNT, stdout=out)
        self.checkpoint()
        self.assertEqual(self.status(), RUNNING)
        self.assertTrue(os.path.exists(os.path.join(self.images, "inventory.img")))
        last = int(reader.readline())
        self.assertEqual(int(reader.readline()), last + 1)
        self.end_task()

    def test_what_was_to_be_restored_is_deleted_before_its_start(self):
        os.mkdir(self.images)
        self.config("/probe", "sleep")
        self.start_shim()
        self.ask("Create", bundle=self.bundle, checkpoint=self.images)
        self.ask("Delete")
        self.ask("Create", bundle=self.bundle, checkpoint=self.images)
        self.ask_refused(UNKNOWN, "OCI runtime restore failed: ", "Start")
        self.ask("Delete")
        self.shut_down()
        self.assert_nothing_left()

    def test_requests_that_make_no_sense(self):
        self.create_task("/probe", "sleep")
        self.ask_refused(INVALID, "no path", "Checkpoint")
        self.ask_refused(INVALID, "options of type x.y", "Checkpoint", path=self.images,
                         options={"type_url": "x.y"})
        self.ask_refused(PRECONDITION, "created state", "Checkpoint", path=self.images)
        self.end_task()


if __name__ == "__main__":
    main()
