#!/usr/bin/env python3
"""Behaviour that engines know from runc and crun, compared with both where Debian's have it."""
import contextlib
import ctypes
import fcntl
import os
import select
import shutil
import socket
import struct
import subprocess
import termios

from bundle import bind, filesystem, give_away, mounts_of, with_user_namespace
from console import receive_with_fds
from harness import TIMEOUT, CleatTest, hide_unified, main, read_back

NOTIF_RECV, NOTIF_SEND = 0xC0502100, 0xC0182101


def hello_program():
    """A static x86-64 program that calls write(2) and exit(2) only; a C library's start calls more."""
    code = (b"\xb8\x01\0\0\0\xbf\x01\0\0\0\x48\x8d\x35\x10\0\0\0\xba\x06\0\0\0\x0f\x05"
            b"\xb8\x3c\0\0\0\x31\xff\x0f\x05" b"hello\n")
    base, size = 0x400000, 64 + 56 + len(code)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, base + 120, 64, 0, 0, 64, 56,
                         1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 4096) + code


def answer_notification(fd, error):
    """Receives one notification and answers with an error (seccomp_unotify(2))."""
    request = ctypes.create_string_buffer(80)
    fcntl.ioctl(fd, NOTIF_RECV, request)
    identifier = struct.unpack_from("Q", request.raw)[0]
    fcntl.ioctl(fd, NOTIF_SEND, struct.pack("QqiI", identifier, 0, error, 0))


def control(terminal):
    """Makes it the controlling terminal of a new session."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


class DropIn(CleatTest):
    def make_hello(self):
        if os.uname().machine != "x86_64":
            self.skipTest("the program is written for x86_64")
        path = os.path.join(self.rootfs, "hello")
        with open(path, "wb") as file:
            file.write(hello_program())
        os.chmod(path, 0o755)

    def runtimes(self, *others):
        """(name, options of call()) of the judged runtime and of the others that are installed."""
        yield self.flavour, {}
        for name in others:
            if name != self.flavour and shutil.which(name):
                yield name, {"runtime": shutil.which(name),
                             "wrap": hide_unified() if name == "crun" else ()}

    def each(self, *others, **call_options):
        """The results of `run` of the bundle, by runtime."""
        for name, options in self.runtimes(*others):
            wrap = tuple(options.pop("wrap", ())) + tuple(call_options.get("wrap", ()))
            rest = {key: value for key, value in call_options.items() if key != "wrap"}
            yield name, self.run_container(id=f"{self.cid}-{name}", wrap=wrap, **options, **rest)

    # -- seccomp --

    @staticmethod
    def filter_of(*allowed, default="SCMP_ACT_KILL_PROCESS"):
        return {"defaultAction": default,
                "syscalls": [{"names": list(allowed), "action": "SCMP_ACT_ALLOW"}]}

    def only_execve(self, default, no_new_privileges, user):
        def change(config):
            config["linux"]["seccomp"] = self.filter_of("execve", "write", "exit", "exit_group",
                                                        default=default)
            config["process"]["noNewPrivileges"] = no_new_privileges
            config["process"]["user"] = {"uid": user, "gid": user}
        return change

    def test_a_profile_that_allows_execve_alone(self):
        """Nothing but execve(2) is called after the filter is loaded: old allow-lists lack
        close_range(2), capset(2) and the like. (runc and crun call more.)"""
        self.cleat_only("1.1.5 and 1.8.1 need more")
        self.make_hello()
        for default in ("SCMP_ACT_KILL_PROCESS", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP", "SCMP_ACT_TRACE"):
            for no_new_privileges in (False, True):
                for user in (0, 1000):
                    with self.subTest(default=default, nnp=no_new_privileges, user=user):
                        self.config("/hello",
                                    change=self.only_execve(default, no_new_privileges, user))
                        result = self.run_container()
                        self.assertEqual((result.code, result.out), (0, "hello\n"), str(result))

    def test_a_profile_that_allows_execve_alone_with_a_terminal(self):
        self.cleat_only("1.1.5 and 1.8.1 need more")
        self.make_hello()
        for no_new_privileges in (False, True):
            self.config("/hello", terminal=True,
                        change=self.only_execve("SCMP_ACT_KILL_PROCESS", no_new_privileges, 1000))
            result = self.run_container()
            self.assertEqual((result.code, result.out.split()), (0, ["hello"]), str(result))

    def test_exec_under_a_profile_that_allows_execve_alone(self):
        self.cleat_only("1.1.5 and 1.8.1 need more")
        def change(config):
            config["linux"]["seccomp"] = self.filter_of(
                "execve", "write", "exit", "exit_group", "arch_prctl", "brk", "set_tid_address",
                "set_robust_list", "rseq", "prlimit64", "mprotect", "getrandom", "readlink", "readlinkat",
                "mmap", "poll", "rt_sigaction", "rt_sigprocmask", "rt_sigtimedwait", "pause", "fstat",
                "newfstatat", "ioctl", default="SCMP_ACT_ERRNO")
            config["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.make_hello()
        self.sleeper(change)
        for options in ((), ("--no-new-privs",), ("--tty",), ("--tty", "--no-new-privs")):
            result = self.exec("/hello", options=options)
            self.assertEqual((result.code, result.out.split()), (0, ["hello"]), str(result))

    def test_the_filter_is_in_force_for_start_container_hooks(self):
        def change(config):
            config["linux"]["seccomp"] = {
                "defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}
            config["process"]["capabilities"] = {}
            config["hooks"] = {"startContainer": [{
                "path": "/bin/sh",
                "args": ["sh", "-c", "mkdir /tmp/made; grep Seccomp: /proc/self/status >/tmp/hook"]}]}
        for entry in ("grep",):
            os.symlink("busybox", os.path.join(self.rootfs, "bin", entry))
        self.config("/bin/true", change=change)
        for _, result in self.each("runc", "crun"):
            self.assertEqual(result.code, 0, str(result))
            self.assertFalse(os.path.exists(os.path.join(self.rootfs, "tmp/made")))
            with open(os.path.join(self.rootfs, "tmp/hook"), encoding="utf-8") as file:
                self.assertEqual(file.read().split(), ["Seccomp:", "2"])

    def test_the_listener_answers_for_start_container_hooks(self):
        if os.uname().machine != "x86_64":
            self.skipTest("the number of sethostname(2) is that of x86_64")
        path = self.path("agent.sock")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.undo.append(listener.close)
        listener.bind(path)
        listener.listen(1)
        listener.settimeout(20)
        call = ["probe", "syscall", "170", "@x", "1"]
        def change(config):
            config["linux"]["seccomp"] = {
                "defaultAction": "SCMP_ACT_ALLOW", "listenerPath": path,
                "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_NOTIFY"}]}
            config["hooks"] = {"startContainer": [{"path": "/bin/sh", "args": [
                "sh", "-c", f"/{' '.join(call)} >/tmp/hook; true"]}]}
        self.config("/" + call[0], *call[1:], change=change)
        for name, options in self.runtimes("runc", "crun"):
            process, _, out, err = self.start_call("run", "--bundle", self.bundle, f"{self.cid}-{name}",
                                                   **options)
            connection, _ = listener.accept()
            _, fds = receive_with_fds(connection)
            connection.close()
            answer_notification(fds[0], -95)
            answer_notification(fds[0], -96)
            os.close(fds[0])
            self.assertEqual(self.wait_call(process, 20), 1, os.pread(err.fileno(), 1000, 0))
            with open(os.path.join(self.rootfs, "tmp/hook"), encoding="utf-8") as file:
                self.assertIn('"errno":95', file.read())
            self.assertIn(b'"errno":96', os.pread(out.fileno(), 1000, 0))
            os.remove(os.path.join(self.rootfs, "tmp/hook"))

    # -- hooks --

    def hook_config(self, kind, script, env=None):
        hook = {"path": "/bin/sh", "args": ["sh", "-c", script]}
        if env is not None:
            hook["env"] = env
        self.config("/bin/true", change=lambda c: c.update(hooks={kind: [hook]}))

    def test_a_hook_without_env_has_the_callers(self):
        caller = dict(os.environ, OF_THE_CALLER="yes")
        for kind in ("prestart", "createRuntime", "createContainer", "poststart", "poststop"):
            place = self.path("seen")
            for env, wanted in ((None, "yes"), ([], ""), (["A=1"], "")):
                self.hook_config(kind, f'echo "$OF_THE_CALLER" >{place}', env)
                # runc gives createContainer hooks the environment of the process.
                others = ("crun",) if kind == "createContainer" else ("runc", "crun")
                for _, result in self.each(*others, env=caller):
                    self.assertEqual(result.code, 0, str(result))
                    with open(place, encoding="utf-8") as file:
                        self.assertEqual(file.read(), wanted + "\n", (kind, env))

    def test_a_start_container_hook_without_env_has_that_of_the_process(self):
        self.config("/bin/true", change=lambda c: (
            c["process"]["env"].append("OF_THE_PROCESS=yes"),
            c.update(hooks={"startContainer": [{
                "path": "/bin/sh", "args": ["sh", "-c", 'echo "$OF_THE_PROCESS" >/tmp/seen']}]})))
        for _, result in self.each("runc", "crun"):
            self.assertEqual(result.code, 0, str(result))
            with open(os.path.join(self.rootfs, "tmp/seen"), encoding="utf-8") as file:
                self.assertEqual(file.read(), "yes\n")

    def test_hooks_of_the_runtime_namespace_run_in_the_bundle(self):
        for kind in ("prestart", "createRuntime", "poststart", "poststop"):
            place = self.path("seen")
            self.hook_config(kind, f"pwd >{place}", [])
            for _, result in self.each("runc", "crun"):
                self.assertEqual(result.code, 0, str(result))
                with open(place, encoding="utf-8") as file:
                    self.assertEqual(file.read().strip(), self.bundle, kind)

    def test_start_container_hooks_have_the_rights_of_the_process(self):
        def change(config):
            config["process"].update(user={"uid": 1000, "gid": 1000}, noNewPrivileges=True)
            config["hooks"] = {"startContainer": [{
                "path": "/bin/sh", "args": ["sh", "-c", "id -u >/tmp/hook; cat /proc/self/status >>/tmp/hook"]}]}
        os.chmod(os.path.join(self.rootfs, "tmp"), 0o777)
        self.config("/bin/true", change=change)
        for _, result in self.each("runc", "crun"):
            self.assertEqual(result.code, 0, str(result))
            with open(os.path.join(self.rootfs, "tmp/hook"), encoding="utf-8") as file:
                text = file.read()
            os.remove(os.path.join(self.rootfs, "tmp/hook"))
            self.assertTrue(text.startswith("1000\n"), text[:200])
            self.assertIn("CapEff:\t0000000000000000", text)
            self.assertIn("NoNewPrivs:\t1", text)

    # -- the process --

    def test_of_a_variable_that_is_there_twice_the_last_counts(self):
        self.write_file(os.path.join(self.rootfs, "first/tool"), "#!/bin/sh\necho first\n", 0o755)
        self.write_file(os.path.join(self.rootfs, "second/tool"), "#!/bin/sh\necho second; env\n", 0o755)
        def change(config):
            config["process"]["env"] = ["A=1", "PATH=/first:/bin", "B=1", "A=2", "PATH=/second:/bin"]
        self.config("tool", change=change)
        for name, result in self.each("runc", "crun"):
            lines = result.out.splitlines()
            self.assertEqual(lines[0], "second", f"{name}: {result}")
            self.assertEqual([line for line in lines if line.startswith("A=")], ["A=2"])
        self.config("/probe", change=change)
        for name, result in self.each("runc", "crun"):
            self.assertEqual(result.json()["env"][:3], ["A=2", "PATH=/second:/bin", "B=1"], name)

    def test_exec_env_replaces_every_earlier_one(self):
        self.sleeper(lambda c: c["process"]["env"].extend(["A=1", "A=2"]))
        result = self.exec("env", options=("--env", "A=3"))
        self.assertEqual([line for line in result.out.splitlines() if line.startswith("A=")], ["A=3"])

    def test_an_empty_home_is_looked_up(self):
        self.config("env", change=lambda c: c["process"]["env"].extend(["HOME=/x", "HOME="]))
        for _, result in self.each("runc"):  # crun 1.8.1 leaves it empty
            self.assertIn("HOME=/root\n", result.out, str(result))

    def test_exec_makes_no_working_directory(self):
        self.config("/probe", "sleep")
        for name, options in self.runtimes("runc", "crun"):
            container = f"{self.cid}-{name}"
            self.create(id=container, **options)
            self.ok("start", container, **options)
            there, missing = (self.call("exec", "--cwd", path, container, "/bin/true", **options)
                              for path in ("/tmp", "/missing"))
            self.ok("delete", "--force", container, **options)
            self.assertEqual((there.code, missing.code), (0, 255), str(missing))
            self.assertRegex(missing.err.lower(), "no such file or directory")
            self.assertFalse(os.path.exists(os.path.join(self.rootfs, "missing")))

    def test_exec_cap_is_ambient_where_the_config_has_it_inheritable(self):
        def change(config):
            config["process"]["user"] = {"uid": 1000, "gid": 1000}
            config["process"]["capabilities"]["inheritable"] = ["CAP_KILL"]
        self.sleeper(change)
        status = self.exec("cat", "/proc/self/status", options=("--cap", "CAP_KILL")).out
        self.assertIn("CapAmb:\t0000000000000020", status)
        status = self.exec("cat", "/proc/self/status", options=("--cap", "CAP_SYS_TIME")).out
        self.assertIn("CapAmb:\t0000000000000000", status)

    def test_the_affinity_of_the_caller_is_not_the_containers(self):
        if os.cpu_count() < 2:
            self.skipTest("one CPU")
        everything = sorted(os.sched_getaffinity(0))
        def allowed(text):
            line = [line for line in text.splitlines() if line.startswith("Cpus_allowed_list:")][0]
            cpus = []
            for part in line.split()[1].split(","):
                first, _, last = part.partition("-")
                cpus += range(int(first), int(last or first) + 1)
            return cpus
        self.config("cat", "/proc/self/status")
        taskset = ("taskset", "-c", str(everything[0]))
        for _, result in self.each(wrap=taskset):
            self.assertEqual(allowed(result.out), everything, str(result))
        self.sleeper()
        result = self.exec("cat", "/proc/self/status", wrap=taskset)
        self.assertEqual(allowed(result.out), everything, str(result))

    @contextlib.contextmanager
    def on_a_terminal(self, *arguments, runtime=None, to_it=False):
        """(process, both ends of the caller's terminal); standard output is a pipe unless `to_it`."""
        master, slave = os.openpty()
        command = [runtime or self.runtime, "--root", self.root, *arguments]
        with subprocess.Popen(command, stdin=slave, stdout=slave if to_it else subprocess.PIPE, stderr=slave,
                              preexec_fn=lambda: control(slave)) as process:
            try:
                yield process, master, slave
                self.assertEqual(process.wait(TIMEOUT), 0)
            finally:
                process.kill()
                os.close(master)
                os.close(slave)

    def shown_on_a_terminal(self, *arguments, **options):
        with self.on_a_terminal(*arguments, to_it=True, **options) as (_, master, _):
            shown = b""
            while b"\n" not in shown and select.select([master], [], [], TIMEOUT)[0]:
                shown += os.read(master, 4096)
        return shown

    def piped_from_a_terminal(self, *arguments, **options):
        with self.on_a_terminal(*arguments, **options) as (process, _, _):
            return process.stdout.read()

    def with_a_terminal(self, *others):
        """(arguments of `run`, options of the above) for each runtime."""
        for name, options in self.runtimes(*others):
            yield ("run", "--bundle", self.bundle, f"{self.cid}-{name}"), {"runtime": options.get("runtime")}

    def test_lines_of_a_foreground_terminal_end_in_a_line_feed(self):
        self.config("/bin/echo", "foo", terminal=True)
        for run, options in self.with_a_terminal("runc"):
            self.assertEqual(self.piped_from_a_terminal(*run, **options), b"foo\n", run)
        self.sleeper()
        self.assertEqual(self.piped_from_a_terminal("exec", "--tty", self.cid, "/bin/echo", "foo"), b"foo\n")
        self.assertEqual(self.exec("/bin/echo", "foo", options=("--tty",)).out, "foo\n")

    def test_a_terminal_shows_lines_from_their_beginning(self):
        """The terminal of the caller is raw: on standard output it gets CR LF, from another program
        (`run | tee log`) it gets LF and adds CR."""
        self.config("/bin/echo", "foo", terminal=True)
        for run, options in self.with_a_terminal("runc"):
            self.assertEqual(self.shown_on_a_terminal(*run, **options), b"foo\r\n", run)
        self.sleeper()
        self.assertEqual(self.shown_on_a_terminal("exec", "--tty", self.cid, "/bin/echo", "foo"), b"foo\r\n")

    def test_a_terminal_that_a_later_program_writes_to_adds_carriage_returns(self):
        self.config("/bin/sh", "-c", "echo foo; read line", terminal=True)
        for run, options in self.with_a_terminal("runc"):
            with self.on_a_terminal(*run, **options) as (process, master, slave):
                self.assertEqual(process.stdout.readline(), b"foo\n", run)
                self.wait_for(lambda slave=slave: not termios.tcgetattr(slave)[3] & termios.ICANON, "raw mode")
                os.write(slave, b"bar\n")
                self.assertEqual(os.read(master, 100), b"bar\r\n", run)
                os.write(master, b"\r")

    def test_a_stale_notify_socket_does_not_stop_run(self):
        self.config("echo", "foo")
        stale = self.path("stale")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(stale)
        for place in (stale, self.path("nowhere")):
            for _, result in self.each("runc", env=dict(os.environ, NOTIFY_SOCKET=place)):
                self.assertEqual((result.code, result.out), (0, "foo\n"), str(result))

    def test_a_container_without_a_manager_has_no_notify_socket(self):
        """Its messages would have no reader."""
        self.cleat_only("runc reads them")
        self.config("/bin/sh", "-c", "echo foo; env")
        result = self.run_container(env=dict(os.environ, NOTIFY_SOCKET=self.path("nowhere")))
        self.assertRegex(result.err, "NOTIFY_SOCKET is ignored.*ENOENT")
        self.assertIn("foo\n", result.out)
        self.assertNotIn("NOTIFY_SOCKET", result.out)
        self.assertFalse(os.path.exists(os.path.join(self.rootfs, "run/notify")))

    # -- mounts --

    def test_mount_points_in_a_read_only_tmpfs_are_made(self):
        """Podman's --read-only --read-only-tmpfs=false, linuxkit."""
        def change(config):
            for mount in config["mounts"]:
                if mount["destination"] == "/dev":
                    mount["options"].append("ro")
            config["mounts"] += [filesystem("/tmpfs", "tmpfs", "ro"), filesystem("/tmpfs/a/b", "tmpfs")]
        seen = mounts_of(self.report(change=change))
        for point in ("/dev", "/tmpfs"):
            self.assertIn("ro", seen[point]["options"], point)
        for point in ("/dev/pts", "/dev/shm", "/tmpfs/a/b"):
            self.assertIn("rw", seen[point]["options"], point)

    def test_file_system_options_of_a_bind_mount_have_no_effect(self):
        self.config("cat", "/bound/file", change=lambda c: c["mounts"].append(
            bind(self.directory, "/bound", "mode=755", "size=5")))
        self.write_file(self.path("file"), "text")
        for _, result in self.each("runc", "crun"):
            self.assertEqual((result.code, result.out), (0, "text"), str(result))

    def test_devices_that_are_bound_have_no_other_use(self):
        give_away(self.bundle, 100000)
        seen = mounts_of(self.report(change=with_user_namespace))
        self.assertLessEqual({"nosuid", "noexec"}, seen["/dev/null"]["options"])

    def test_a_read_only_dev_as_in_runc(self):
        def change(config):
            for mount in config["mounts"]:
                if mount["destination"] == "/dev":
                    mount["options"].append("ro")
        self.config("/bin/sh", "-c", "touch /dev/new 2>&1; ls /dev/pts/ptmx; echo x >/dev/null && echo ok",
                    change=change)
        for _, result in self.each("runc", "crun"):
            self.assertEqual(result.out.splitlines(),
                             ["touch: /dev/new: Read-only file system", "/dev/pts/ptmx", "ok"], str(result))

    def test_a_working_directory_is_made_in_a_root_that_will_be_read_only(self):
        def change(config):
            config["root"]["readonly"] = True
            config["process"]["cwd"] = "/made/for/it"
        self.config("/bin/sh", "-c", "pwd", change=change)
        for _, result in self.each("runc"):
            self.assertEqual((result.code, result.out), (0, "/made/for/it\n"), str(result))
            shutil.rmtree(os.path.join(self.rootfs, "made"))

    def test_many_containers_make_mount_points_in_one_root(self):
        """BuildKit's workers: 16 at a time, CLEAT_RACES times."""
        self.cleat_only("1.1.5 and 1.8.1 lose some")
        self.write_file(self.path("file"), "x")
        os.makedirs(self.path("directory"))
        failed = []
        for attempt in range(int(os.environ.get("CLEAT_RACES", "6"))):
            os.symlink(f"at{attempt}/linked", os.path.join(self.rootfs, f"link{attempt}"))

            def change(config, attempt=attempt):
                del config["linux"]["cgroupsPath"]
                for number in range(25):
                    config["mounts"] += [
                        bind(self.path("file"), f"/at{attempt}/f{number}"),
                        bind(self.path("file"), f"/at{attempt}/deep{number}/a/f"),
                        bind(self.path("directory"), f"/at{attempt}/d{number}/b"),
                        bind(self.path("file"), f"/link{attempt}/g{number}")]
            self.config("/bin/true", change=change)
            calls = [self.start_call("run", "--bundle", self.bundle, f"{self.cid}-{attempt}-{number}")
                     for number in range(16)]
            for process, _, _, err in calls:
                if self.wait_call(process, 60) != 0:
                    failed.append(read_back(err))
        self.assertFalse(failed, f"{len(failed)} failed: {failed[:3]}")


if __name__ == "__main__":
    main()
