#!/usr/bin/env python3
"""System call filters: actions, arguments, architectures, flags, the notification socket."""
import ctypes
import fcntl
import json
import os
import platform
import socket
import struct

from console import receive_with_fds
from harness import CleatTest, build_options, main

# x86_64; ALARM because no runtime calls it once the filter is there.
ALARM, MKDIR, SETHOSTNAME = 37, 83, 170
NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101
ENOSYS, EPERM = 38, 1


class Seccomp(CleatTest):
    def setUp(self):
        super().setUp()
        if platform.machine() != "x86_64":
            self.skipTest("system call numbers are x86_64's")

    def probe(self, *words, seccomp, **process):
        def change(config):
            config["linux"]["seccomp"] = seccomp
            config["process"].update(process)
        self.config("/probe", *map(str, words), change=change)
        return self.run_container()

    @staticmethod
    def profile(*rules, default="SCMP_ACT_ALLOW", **more):
        return {"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64"],
                "syscalls": list(rules), **more}

    @staticmethod
    def rule(action, *names, **more):
        return {"names": list(names), "action": action, **more}

    def test_filter_is_loaded(self):
        report = self.probe("report", seccomp=self.profile(
            self.rule("SCMP_ACT_ERRNO", "alarm"))).json()
        self.assertIn("Seccomp:\t2", report["status"])
        self.assertIn("Seccomp_filters:\t1", report["status"])

    def test_profile_that_is_too_long_for_one_filter_is_two(self):
        self.cleat_only("other runtimes are refused by the kernel")
        rules = [self.rule("SCMP_ACT_ERRNO", name, errnoRet=71, args=[
            {"index": 0, "value": 0x1234567800000000 + value, "op": "SCMP_CMP_EQ"},
            {"index": 5, "value": 7, "op": "SCMP_CMP_EQ"}])
                 for name in EVERYTHING_BUT_MKDIR for value in range(5)]
        rules += [self.rule("SCMP_ACT_ERRNO", "alarm", errnoRet=72),
                  self.rule("SCMP_ACT_ERRNO", "sethostname", errnoRet=73)]
        for number, wanted in ((ALARM, 72), (SETHOSTNAME, 73)):
            result = self.probe("syscall", number, seccomp=self.profile(*rules)).json()
            self.assertEqual(result["errno"], wanted)
        status = self.probe("report", seccomp=self.profile(*rules)).json()["status"]
        # libseccomp, which writes it in a build without shortcuts, needs fewer instructions for this one.
        filters = 2 if build_options(self.runtime).get("shortcuts", True) else 1
        self.assertIn(f"Seccomp_filters:\t{filters}", status)

    def test_default_errno(self):
        result = self.probe("syscall", MKDIR, "@/tmp/x", 0o755, seccomp={
            **self.profile(self.rule("SCMP_ACT_ALLOW", *EVERYTHING_BUT_MKDIR),
                           default="SCMP_ACT_ERRNO"), "defaultErrnoRet": 77})
        self.assertEqual(result.json()["errno"], 77)

    def test_the_same_filter_with_and_without_no_new_privileges(self):
        profile = self.profile(self.rule("SCMP_ACT_ERRNO", "alarm", errnoRet=55))
        for given in (True, False):
            for user in (0, 1000):
                with self.subTest(no_new_privileges=given, user=user):
                    result = self.probe("syscall", ALARM, seccomp=profile,
                                        noNewPrivileges=given,
                                        user={"uid": user, "gid": user}).json()
                    self.assertEqual(result["errno"], 55)

    def test_unknown_syscall_names_are_skipped(self):
        result = self.probe("syscall", ALARM, seccomp=self.profile(
            self.rule("SCMP_ACT_ERRNO", "alarm", "no_such_call", errnoRet=33)))
        self.assertEqual(result.json()["errno"], 33)

    def test_syscall_newer_than_the_profile_gives_enosys(self):
        self.cleat_only("1.1.5 allows it by its own list")
        result = self.probe("syscall", 1000, seccomp=self.profile(
            self.rule("SCMP_ACT_ALLOW", *EVERYTHING_BUT_MKDIR), default="SCMP_ACT_ERRNO"))
        self.assertEqual(result.json()["errno"], ENOSYS)

    def test_flags(self):
        self.cleat_only("1.1.5 does not know them")
        profile = self.profile(self.rule("SCMP_ACT_ERRNO", "alarm", errnoRet=44))
        for flags in (["SECCOMP_FILTER_FLAG_LOG"], ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
                      ["SECCOMP_FILTER_FLAG_TSYNC"], []):
            with self.subTest(flags=flags):
                profile["flags"] = flags
                self.assertEqual(self.probe("syscall", ALARM, seccomp=profile).json()["errno"],
                                 44)

    def test_notification_goes_to_the_listener_with_the_state(self):
        path = self.path("seccomp.sock")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.undo.append(listener.close)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(10)
        def change(config):
            config["linux"]["seccomp"] = self.profile(
                self.rule("SCMP_ACT_NOTIFY", "sethostname"), listenerPath=path,
                listenerMetadata="some words")
        self.config("/probe", "syscall", str(SETHOSTNAME), "@x", "1", change=change)
        process, _, out, err = self.start_call("run", "--bundle", self.bundle, self.cid)
        connection, _ = listener.accept()
        connection.settimeout(10)
        message, fds = receive_with_fds(connection)
        connection.close()
        state = json.loads(message)
        self.assertEqual(state["metadata"], "some words")
        self.assertEqual(state["fds"], ["seccompFd"])
        self.assertEqual(state["state"]["id"], self.cid)
        self.assertIn("ociVersion", state)
        self.assertGreater(state["pid"], 1)
        self.answer(fds[0], -95)
        self.assertEqual(process.wait(10), 1, os.pread(err.fileno(), 1000, 0))
        self.assertEqual(json.loads(os.pread(out.fileno(), 1000, 0))["errno"], 95)

    @staticmethod
    def answer(fd, error):
        """Receives one notification and answers with an error (seccomp_unotify(2))."""
        request = ctypes.create_string_buffer(80)
        fcntl.ioctl(fd, NOTIF_RECV, request)
        identifier = struct.unpack_from("Q", request.raw)[0]
        fcntl.ioctl(fd, NOTIF_SEND, struct.pack("QqiI", identifier, 0, error, 0))
        os.close(fd)

    def test_listener_that_is_not_there_is_refused(self):
        def change(config):
            config["linux"]["seccomp"] = self.profile(
                self.rule("SCMP_ACT_NOTIFY", "sethostname"), listenerPath="/no/such.sock")
        self.config(change=change)
        self.create_refused("listener|seccomp")
        self.assert_nothing_left()

    def test_listener_without_notify_is_ignored(self):
        profile = self.profile(self.rule("SCMP_ACT_ERRNO", "alarm", errnoRet=44),
                               listenerPath="/no/such.sock")
        self.assertEqual(self.probe("syscall", ALARM, seccomp=profile).json()["errno"], 44)


EVERYTHING_BUT_MKDIR = """read write open openat close stat fstat newfstatat lstat mmap mprotect
munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl access execve exit exit_group arch_prctl
prctl capget capset set_tid_address set_robust_list prlimit64 getrandom futex rseq readlink
readlinkat uname getuid geteuid getgid getegid setuid setgid setgroups fcntl poll ppoll epoll_wait
epoll_pwait epoll_create1 epoll_ctl sendmsg recvmsg sendto recvfrom socket chdir fchdir getcwd
close_range dup dup2 dup3 pipe2 nanosleep clock_nanosleep wait4 getpid gettid tgkill kill
sigaltstack madvise seccomp statx faccessat faccessat2 execveat openat2 getdents64 umask
statfs fstatfs lseek pread64 pwrite64 writev readv sched_yield sched_getaffinity getppid
clock_gettime gettimeofday keyctl setsid fchown fchownat unlinkat""".split()

if __name__ == "__main__":
    main()
