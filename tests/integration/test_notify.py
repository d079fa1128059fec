#!/usr/bin/env python3
"""NOTIFY_SOCKET: a container says that it is ready, and the caller's service manager hears of it."""
import array
import contextlib
import json
import os
import re
import socket
import time

from bundle import mounts_of, with_user_namespace
from harness import CleatTest, main


class Manager:
    """A service manager's end: a datagram socket, by path or by abstract name."""

    def __init__(self, test, name=None):
        self.address = name or test.path("manager.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.address.replace("@", "\0", 1) if name else self.address)
        self.socket.settimeout(20)
        test.undo.append(self.socket.close)

    def heard(self):
        """The next message; descriptors that came with it are closed, as systemd does."""
        message, ancillary, *_ = self.socket.recvmsg(4096, socket.CMSG_LEN(16))
        for *_, data in ancillary:
            for fd in array.array("i", data):
                os.close(fd)
        return message.decode()

    def silent(self):
        self.socket.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            return not self.socket.recv(4096)
        return True


class Notify(CleatTest):
    # What is said twice, before it is ready and after, is said in vain.
    TALK = ("sleep 0.5; echo ready; /probe notify STATUS=young; echo -; /probe notify READY=0; "
            "/probe notify $(printf 'STATUS=old\\nREADY=1'); /probe notify READY=1; sleep 60")

    def talker(self, script=TALK, manager=None, change=None, **options):
        self.config("/bin/sh", "-c", script, change=change)
        self.manager = manager or Manager(self)
        self.env = dict(os.environ, NOTIFY_SOCKET=self.manager.address)
        self.create(env=self.env, **options)

    def tells_ready(self):
        pid = self.state()["pid"]
        process, *_ = self.start_call("start", self.cid, env=self.env)
        self.assertEqual(self.manager.heard(), f"READY=1\nMAINPID={pid}\n")
        self.assertIsNone(process.poll(), "start does not wait until the manager has read it")
        self.assertEqual(self.manager.heard(), "BARRIER=1")
        self.assertEqual(self.wait_call(process, 10), 0)

    def test_start_tells_once_that_the_container_is_ready_and_ends(self):
        self.talker()
        self.tells_ready()
        self.assertEqual(self.status(), "running")
        self.assertTrue(self.manager.silent())

    def test_an_abstract_name_and_one_too_long_for_an_address(self):
        self.talker("/probe notify READY=1; sleep 60", Manager(self, "@" + self.name))
        self.tells_ready()
        self.delete("--force")
        deep = self.path("x" * 120)
        os.mkdir(deep)
        here = os.getcwd()
        os.chdir(deep)
        try:
            manager = Manager(self, "./socket")
        finally:
            os.chdir(here)
        manager.address = deep + "/socket"
        self.talker("/probe notify READY=1; sleep 60", manager)
        self.tells_ready()

    def test_the_socket_is_seen_read_only_where_runc_has_it(self):
        self.talker("/probe report; sleep 60")
        process, *_ = self.start_call("start", self.cid, env=self.env)
        self.wait_for(lambda: self.output().endswith("}\n"), "a report")
        report = json.loads(self.output())
        self.assertIn("NOTIFY_SOCKET=/run/notify/notify.sock", report["env"])
        self.assertLessEqual({"ro", "nosuid", "nodev", "noexec"},
                             mounts_of(report)["/run/notify"]["options"])
        self.ok("kill", self.cid, "KILL")
        self.assertEqual(self.wait_call(process, 10), 0, "start waits longer than the container runs")
        self.assertTrue(self.manager.silent())

    def test_in_a_user_namespace(self):
        os.chmod(self.directory, 0o711)
        os.makedirs(os.path.join(self.rootfs, "run/notify"))
        self.talker("/probe notify READY=1; sleep 60", change=with_user_namespace)
        self.tells_ready()

    def test_run_tells_and_stays_with_the_container(self):
        self.config("/bin/sh", "-c", "/probe notify READY=1; sleep 1; exit 7")
        manager = Manager(self)
        process, *_ = self.start_call("run", "--bundle", self.bundle, self.cid,
                                      env=dict(os.environ, NOTIFY_SOCKET=manager.address))
        self.assertRegex(manager.heard(), r"^READY=1\nMAINPID=\d+\n$")
        self.assertEqual(manager.heard(), "BARRIER=1")
        self.assertEqual(self.wait_call(process, 10), 7)

    def test_run_detached_waits_for_it(self):
        self.config("/bin/sh", "-c", "sleep 0.5; /probe notify READY=1; sleep 60")
        manager = Manager(self)
        process, *_ = self.start_call("run", "-d", "--bundle", self.bundle, self.cid,
                                      env=dict(os.environ, NOTIFY_SOCKET=manager.address))
        pid = int(re.search(r"MAINPID=(\d+)", manager.heard())[1])
        self.assertEqual(manager.heard(), "BARRIER=1")
        self.assertEqual(self.wait_call(process, 10), 0)
        self.assertEqual(self.state()["pid"], pid)

    def test_a_manager_that_reads_nothing_is_not_waited_for_long(self):
        self.talker("/probe notify READY=1; sleep 60")
        begin = time.monotonic()
        self.ok("start", self.cid, env=self.env)
        self.assertLess(time.monotonic() - begin, 15)
        self.assertEqual(self.status(), "running")

    def test_a_manager_that_is_not_there_is_a_warning(self):
        self.talker("/probe notify READY=1; sleep 60")
        self.manager.socket.close()
        result = self.ok("start", self.cid, env=self.env)
        self.assertRegex(result.err, "NOTIFY_SOCKET is ignored: connect to .*ECONNREFUSED")
        self.assertEqual(self.status(), "running")

    def test_a_container_that_was_created_without_it_starts_as_ever(self):
        self.config("/probe", "sleep")
        manager = Manager(self)
        env = dict(os.environ, NOTIFY_SOCKET=manager.address)
        self.create()
        result = self.ok("start", self.cid, env=env, global_options=("--debug",))
        self.assertIn("NOTIFY_SOCKET is ignored", result.err)


if __name__ == "__main__":
    main()
