#!/usr/bin/env python3
"""Past vulnerabilities of container runtimes: who the process is, and what it inherits."""
import os
import pty
import re
import shutil
import stat
import unittest

from attacks import COUNT, AttackTest, digest, drop_mount, intruder_path
from bundle import give_away, with_user_namespace
from console import ConsoleSocket
from harness import main, read_back


class Process(AttackTest):
    def put_intruder(self):
        shutil.copy(intruder_path(), os.path.join(self.rootfs, "intruder"))

    # -- who it is --

    def test_cve_2016_3697_number_is_never_taken_for_a_name(self):
        self.write_file(os.path.join(self.rootfs, "etc/passwd"),
                        "root:x:0:0::/:/bin/sh\n1000:x:0:0::/:/bin/sh\n")
        self.sleeper()
        report = self.exec_report("--user", "1000")
        self.assertEqual((report["uid"], report["gid"]), (1000, 0))

    def test_cve_2026_30892_and_46680_forms_of_user(self):
        """runc 1.1.5 and crun 1.8.1 run "4294967296" as root."""
        self.sleeper()
        for text, wanted in (("0", (0, 0)), ("1", (1, 0)), ("1000", (1000, 0)),
                             ("1:2", (1, 2)), ("0:0", (0, 0)), ("4294967294", (4294967294, 0)),
                             ("4294967295", None), ("4294967296", None), ("-1", None),
                             (" 5", None), ("5 ", None), ("", None), ("+5", None), ("0x5", None),
                             ("1:", None), (":1", None), ("1:2:3", None), ("1:-1", None), ("1:4294967296", None),
                             ("99999999999999999999", None), ("1.5", None), ("root\0", None)):
            if "\0" in text:
                continue
            with self.subTest(user=text):
                result = self.exec("/probe", options=("--user", text))
                if wanted is None:
                    self.assertNotEqual(result.code, 0, f"{text!r} is accepted: {result.out[:99]}")
                    self.assertEqual(result.out, "")
                    self.assertIn(result.code, (255,) if self.flavour == "cleat" else range(256))
                else:
                    self.assertEqual(result.code, 0, str(result))
                    report = result.json()
                    self.assertEqual((report["uid"], report["gid"]), wanted)

    def test_cve_2022_29162_inheritable_capabilities_are_empty(self):
        self.sleeper()
        for options in ((), ("--cap", "CAP_NET_RAW"), ("--user", "1000")):
            with self.subTest(options=options):
                report = self.exec_report(*options)
                self.assertEqual(report["capabilities"]["inheritable"], [])
                self.assertEqual(report["capabilities"]["ambient"], [])
        self.delete("--force")
        self.assertEqual(self.report()["capabilities"]["inheritable"], [])

    def test_cve_2023_25173_supplementary_groups_are_exact(self):
        """Not the caller's, and not those that the image's /etc/group lists."""
        self.write_file(os.path.join(self.rootfs, "etc/group"), "root:x:0:\nextra:x:2000:user\n")
        for groups in ([], [7], [5, 6, 4294967294]):
            with self.subTest(groups=groups):
                report = self.report(change=lambda c, g=groups: c["process"].update(
                    user={"uid": 1000, "gid": 1000, "additionalGids": g}))
                self.assertEqual(sorted(report["groups"]), sorted(groups))

    # -- what it inherits --

    def leaked(self):
        """Descriptors of a careless caller: a directory and a file of the host."""
        directory = os.open(self.outside, os.O_RDONLY)
        root = os.open("/", os.O_RDONLY)
        file = os.open(os.path.join(self.outside, "marker"), os.O_RDWR)
        for fd in (directory, root, file):
            os.set_inheritable(fd, True)
            self.undo.append(lambda fd=fd: os.close(fd))
        return directory, root, file

    def only_stdio(self, report):
        self.assertEqual([fd["fd"] for fd in report["fds"]], [0, 1, 2], report["fds"])

    def test_cve_2024_21626_leaked_descriptors_of_the_caller_are_closed(self):
        fds = self.leaked()
        self.only_stdio(self.report(pass_fds=fds))
        self.sleeper()
        self.only_stdio(self.exec_report(pass_fds=fds))

    def test_cve_2024_21626_working_directory_through_a_descriptor(self):
        """crun 1.8.1 starts in the caller's directory."""
        fds = self.leaked()
        with self.unchanged():
            for number in sorted(set(range(3, 17)) | set(fds)):
                with self.subTest(fd=number):
                    self.config("/probe", "write", "escaped", change=lambda c, n=number: c[
                        "process"].update(cwd=f"/proc/self/fd/{n}"))
                    result = self.try_run(pass_fds=fds)
                    self.assertFalse(os.path.exists("/escaped"))
                    self.assertNotEqual(result.code, 0, str(result))
                    if self.flavour == "cleat":
                        self.assertIn("cwd", result.err)

    def test_cve_2024_21626_exec_in_a_directory_through_a_descriptor(self):
        fds = self.leaked()
        self.sleeper()
        with self.unchanged():
            for number in range(3, 17):
                with self.subTest(fd=number):
                    result = self.exec("/probe", "write", "escaped", pass_fds=fds,
                                       options=("--cwd", f"/proc/self/fd/{number}"))
                    self.assertNotEqual(result.code, 0, str(result))

    def test_environment_of_the_caller_stays_outside(self):
        env = {"PATH": os.environ["PATH"], "SECRET_OF_HOST": "1", "LD_PRELOAD": "/x.so"}
        self.assertFalse([v for v in self.report(env=env)["env"] if "SECRET" in v or "LD_" in v])

    # -- what it can do to the runtime that passes by --

    def attacked(self, word, capability=None, exec_count=None):
        """`exec` again and again while the intruder inside watches; what it has seen."""
        self.put_intruder()

        def change(config):
            if capability:
                for kind in ("bounding", "effective", "permitted"):
                    config["process"]["capabilities"][kind].append(capability)
        self.config("/intruder", word, "60", change=change)
        self.create()
        self.start()
        self.wait_for(lambda: "ready" in self.output(), "the intruder")
        for _ in range(exec_count or COUNT):
            result = self.exec("/bin/true")
            self.assertEqual(result.code, 0, str(result))
        self.write_file(os.path.join(self.rootfs, "stop"))
        self.wait_status("stopped")
        return self.output()

    def own_runtime(self):
        """A copy that an attack may destroy."""
        copy = self.path("cleat")
        shutil.copy(self.runtime, copy)
        self.runtime = copy
        return copy

    def test_cve_2019_5736_executable_is_never_overwritten(self):
        copy = self.own_runtime()
        before = digest(copy)
        out = self.attacked("overwrite", "CAP_SYS_PTRACE")
        self.assertEqual(digest(copy), before, "the runtime was overwritten")
        self.assertRegex(out, r"written 0\b")
        held = int(re.search(r"held (\d+)", out).group(1))
        if not held:
            self.skipTest("the intruder was too slow to see the runtime at all")

    def test_cve_2019_5736_entrypoint_is_the_runtime_itself(self):
        copy = self.own_runtime()
        before = digest(copy)
        self.write_file(os.path.join(self.rootfs, "bin/self"), "#!/proc/self/exe\n", 0o755)
        for args in (["/bin/self"], ["/proc/self/exe"], ["/proc/1/exe"]):
            with self.subTest(args=args):
                self.config(*args)
                self.try_run()
        self.assertEqual(digest(copy), before)

    def test_cve_2016_9962_descriptors_of_the_runtime_are_not_seen(self):
        """Without CAP_SYS_PTRACE nothing of a process that is not the container's yet."""
        for line in self.attacked("descriptors").splitlines()[1:]:
            # A process that ends has no executable any more, and still the stdio that the caller
            # has given it on purpose.
            if re.match(r" fd [012] -> ", line):
                continue
            self.assertTrue(line.startswith("/"), line)
            self.assertFalse("cleat" in line.split()[0], line)

    def test_cve_2016_9962_no_host_directory_even_for_a_debugger(self):
        """With CAP_SYS_PTRACE: no descriptor leads to a directory or file of the host."""
        for line in self.attacked("descriptors", "CAP_SYS_PTRACE").splitlines()[1:]:
            executable, target = line.split(" fd ")[0], line.split(" -> ")[1]
            if "cleat" not in executable:
                continue
            allowed = re.match(r"(pipe|socket|anon_inode|/memfd:|/dev/null|/dev/pts/|"
                               r"/proc$|/proc/|net:|mnt:|pid:|ipc:|uts:|user:|cgroup:|time:|"
                               r"/sys/fs/cgroup/[^ ]*/tasks$)", target)
            self.assertTrue(allowed or "(deleted)" in target, line)

    def test_exec_is_not_traceable_before_it_is_the_containers(self):
        out = self.attacked("trace")
        self.assertRegex(out, r"tried [1-9]")
        for line in out.splitlines():
            if line.startswith("stopped"):
                self.assertNotIn("cleat", line)
                self.assertRegex(line, r"stopped (/bin/busybox|/intruder|/probe|) inside$")

    def test_cve_2016_9962_even_a_debugger_finds_nobody_outside(self):
        """With CAP_SYS_PTRACE: who can be stopped has the container's root already, or the
        debugger would have the host's through it."""
        out = self.attacked("trace", "CAP_SYS_PTRACE")
        self.assertRegex(out, r"stopped .* inside")
        self.assertNotIn("outside", out)

    def seen_of_the_host(self, capability=None):
        """Through how many processes an intruder has seen the host's files while containers were
        made that join its pid namespace."""
        self.put_intruder()

        def change(config):
            if capability:
                for kind in ("bounding", "effective", "permitted"):
                    config["process"]["capabilities"][kind].append(capability)
        self.config("/intruder", "look", os.path.join(self.bundle, "config.json"), "60",
                    change=change)
        self.create()
        self.start()
        self.wait_for(lambda: "ready" in self.output(), "the intruder")
        joined = f"/proc/{self.state()['pid']}/ns/pid"

        def join(config):
            config["linux"]["cgroupsPath"] += "-guest"
            for namespace in config["linux"]["namespaces"]:
                if namespace["type"] == "pid":
                    namespace["path"] = joined
        self.config("/probe", change=join)
        self.ids.add(self.cid + "-guest")
        report = self.container_out
        for _ in range(COUNT):
            self.create(id=self.cid + "-guest")
            self.delete("--force", id=self.cid + "-guest")
        self.write_file(os.path.join(self.rootfs, "stop"))
        self.wait_status("stopped")
        others, seen = map(int, re.search(r"others (\d+) seen (\d+)", read_back(report)).groups())
        self.assertGreater(others, 0)
        return seen

    def test_init_that_joins_a_pid_namespace_shows_nothing_of_the_host(self):
        self.assertEqual(self.seen_of_the_host(), 0)

    @unittest.expectedFailure  # SECURITY.md, "What it does not keep"
    def test_init_that_joins_a_pid_namespace_shows_nothing_even_to_a_debugger(self):
        """Debian's runc 1.1.5 and crun 1.8.1 show the host in every create, as cleat does."""
        self.assertEqual(self.seen_of_the_host("CAP_SYS_PTRACE"), 0)

    def test_init_that_waits_for_its_start_holds_nothing_of_the_host(self):
        """Whoever has CAP_SYS_PTRACE in a pid namespace that it has joined has all the time to look."""
        self.config("/bin/sleep", "1000")
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb"), os.fdopen(writer, "wb"):
            self.create(pass_fds=(writer,))
        directory = f"/proc/{self.state()['pid']}/fd"
        root = os.stat(f"{directory}/../root")
        for fd in sorted(os.listdir(directory), key=int)[3:]:
            target = os.readlink(f"{directory}/{fd}")
            if not target.startswith("socket:"):
                self.assertEqual(target, "/", f"descriptor {fd}")
                self.assertTrue(os.path.samestat(os.stat(f"{directory}/{fd}"), root), f"descriptor {fd}")
        self.start()

    def test_init_is_not_dumpable_while_it_waits(self):
        """Files below /proc/PID of an undumpable process belong to root, not to its user."""
        def change(config):
            with_user_namespace(config)
        give_away(self.bundle, 100000)
        self.config("/probe", change=change)
        self.create()
        info = os.stat(f"/proc/{self.state()['pid']}/environ")
        self.assertEqual(info.st_uid, 0, "init can be traced by the user namespace's root")

    # -- terminals and sockets --

    def test_exec_with_a_terminal_whether_there_is_a_procfs_or_not(self):
        """The terminal of a member is not reached through the container's /proc."""
        for kind in ("there", "missing"):
            with self.subTest(kind=kind):
                def change(config, kind=kind):
                    if kind == "missing":
                        drop_mount(config, "/proc")
                        config["linux"]["maskedPaths"] = config["linux"]["readonlyPaths"] = []
                self.sleeper(change)
                console = ConsoleSocket(self, f"{kind[:3]}.sock")
                self.ok("exec", "--tty", "--detach", "--console-socket", console.path, self.cid,
                        "/probe", "echo")
                console.receive()
                os.write(console.master, b"hello\n")
                self.assertIn("got: hello", console.read_until("got: hello"))
                self.delete("--force")

    def test_cve_2017_5226_nothing_is_typed_into_the_callers_terminal(self):
        self.put_intruder()
        self.config("/intruder", "type")
        master, slave = pty.openpty()
        try:
            result = self.try_run(stdin=slave, wrap_session=True)
            self.assertNotIn("typed 0", result.out)
            found = re.search(r"sid (\d+) pid (\d+)", result.out)
            self.assertEqual(found.group(1), found.group(2), "no session of its own")
        finally:
            os.close(master)
            os.close(slave)

    def try_run(self, wrap_session=False, **options):
        if not wrap_session:
            return super().try_run(**options)
        # The terminal on stdin becomes the caller's controlling one.
        result = self.run_container(wrap=("setsid", "--ctty", "--wait", *self.wrap), **options)
        self.assertGreaterEqual(result.code, 0, str(result))
        return result

    def test_cve_2020_15257_no_abstract_sockets(self):
        def abstract():
            with open("/proc/net/unix", encoding="utf-8") as lines:
                return {line.split()[7] for line in lines if "@" in line}
        before = abstract()
        self.config("/bin/true")
        self.create()
        self.assertEqual(abstract() - before, set())

    def test_cve_2021_41103_state_is_private(self):
        """Directories are passable at most, files are root's alone."""
        self.config("/bin/true")
        self.create()
        for path, directories, files in os.walk(self.root):
            for name in [".", *directories]:
                mode = stat.S_IMODE(os.lstat(os.path.join(path, name)).st_mode)
                self.assertIn(mode, (0o700, 0o711), os.path.join(path, name))
            for name in files:
                mode = stat.S_IMODE(os.lstat(os.path.join(path, name)).st_mode)
                self.assertEqual(mode & 0o177, 0, f"{name} has {mode:o}")

    def test_cve_2026_61801_huge_passwd_is_not_read(self):
        """The home directory comes from the image's passwd, which may have no end."""
        with open(os.path.join(self.rootfs, "etc/passwd"), "w", encoding="utf-8") as file:
            file.truncate(1 << 40)
        report = self.report(change=lambda c: c["process"].update(user={"uid": 9, "gid": 9}))
        self.assertEqual(report["uid"], 9)

    def test_passwd_that_is_a_fifo_does_not_hold_the_runtime(self):
        os.unlink(os.path.join(self.rootfs, "etc/passwd"))
        os.mkfifo(os.path.join(self.rootfs, "etc/passwd"))
        self.report(change=lambda c: c["process"].update(user={"uid": 9, "gid": 9}))


if __name__ == "__main__":
    main()
