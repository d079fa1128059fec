#!/usr/bin/env python3
"""`wait`: the exit status of a container whose parent is another process than the one that waits."""
import contextlib
import ctypes
import fcntl
import os
import signal

from harness import SLOWNESS, CleatTest, main
from host import reap


def kernel_remembers():
    """Whether a pidfd tells the status of a process that its parent has reaped (Linux 6.15)."""
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    pidfd = os.pidfd_open(pid)
    os.waitpid(pid, 0)
    info = (ctypes.c_uint64 * 8)(8)  # PIDFD_INFO_EXIT
    try:
        fcntl.ioctl(pidfd, 0xC040FF0B, info)  # PIDFD_GET_INFO
        return bool(info[0] & 8)
    except OSError:
        return False
    finally:
        os.close(pidfd)


class Wait(CleatTest):
    def waiters(self, count=1):
        """Calls of `wait` that have begun to wait."""
        calls = [self.start_call("wait", self.cid) for _ in range(count)]
        for process, *_ in calls:
            self.wait_for(lambda: self.holds_pidfd(process.pid), "wait to wait")
        return calls

    @staticmethod
    def holds_pidfd(pid):
        with contextlib.suppress(OSError):
            return any("pidfd" in os.readlink(f"/proc/{pid}/fd/{name}")
                       for name in os.listdir(f"/proc/{pid}/fd"))
        return False

    @staticmethod
    def gone(pid):
        reap()
        return not os.path.exists(f"/proc/{pid}")

    def own_child(self, pid):
        """The container's init is this process's child: nobody else takes its status."""
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            self.assertEqual(int(file.read().rpartition(")")[2].split()[1]), os.getpid())

    def ends(self, calls, code):
        for process, command, _, err in calls:
            self.assertEqual(process.wait(20), code, f"{command}: {os.pread(err.fileno(), 999, 0)}")

    def test_the_exit_code_and_the_signal_come_while_the_process_is_a_zombie(self):
        """Nobody reaps it before the waiters have ended: several, each told the same."""
        for stop, code in ((("/bin/sh", "-c", f"sleep {SLOWNESS}; exit 42"), 42), (("/bin/sleep", "60"), 137)):
            self.config(*stop)
            self.create()
            pid = self.state()["pid"]
            calls = self.waiters(3)
            self.ok("start", self.cid)
            self.own_child(pid)
            if code == 137:
                os.kill(pid, signal.SIGKILL)  # a call of the runtime would reap meanwhile
            self.ends(calls, code)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                self.assertIn(") Z ", file.read())
            self.ends([self.start_call("wait", self.cid)], code)
            self.delete()

    def test_the_status_is_told_when_the_parent_was_faster(self):
        if not kernel_remembers():
            self.skipTest("the kernel tells nobody the status of a reaped process: Linux 6.15 does")
        self.config("/bin/sleep", "60")
        self.create()
        pid = self.state()["pid"]
        self.ok("start", self.cid)
        calls = self.waiters(2)
        for process, *_ in calls:
            os.kill(process.pid, signal.SIGSTOP)
        self.ok("kill", self.cid, "TERM")
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(os.waitpid(pid, 0)[1], signal.SIGKILL)
        for process, *_ in calls:
            os.kill(process.pid, signal.SIGCONT)
        self.ends(calls, 137)

    def test_a_container_that_is_gone_is_told_honestly(self):
        self.refused("wait", "nobody", text="container does not exist", code=255)
        self.config("/bin/true")
        self.create()
        pid = self.state()["pid"]
        self.ok("start", self.cid)
        self.wait_for(lambda: self.gone(pid), "the process to be reaped")
        self.refused("wait", self.cid, text="has stopped, and its exit status is known to its parent",
                     code=255)
        self.refused("wait", text="ID is required", code=1)

    def test_a_kernel_that_does_not_remember_says_so(self):
        if kernel_remembers():
            self.skipTest("this kernel remembers how a process ended")
        self.sleeper()
        pid = self.state()["pid"]
        calls = self.waiters()
        os.kill(calls[0][0].pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.kill(calls[0][0].pid, signal.SIGCONT)
        self.ends(calls, 255)


if __name__ == "__main__":
    main()
