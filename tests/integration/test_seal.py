#!/usr/bin/env python3
"""What a container can reach of the runtime's executable: a copy that nobody can write to, however it was made, and no
mapping of the file on the host (CVE-2019-5736). Both ways of getting there: the running image is put on the copy, or
the copy is executed."""
import ctypes
import errno
import os
import shutil
import struct
import subprocess
import sys

from harness import CleatTest, build_options, main, read_back

# prctl(PR_SET_MM, …) fails with EPERM, as in a container that may not.
FILTER = b"".join(struct.pack("=HBBI", *instruction) for instruction in (
    (0x20, 0, 0, 0), (0x15, 0, 3, 157), (0x20, 0, 0, 16), (0x15, 0, 1, 35),
    (0x06, 0, 0, 0x00050000 | errno.EPERM), (0x06, 0, 0, 0x7fff0000)))
WITHOUT = (sys.executable, os.path.abspath(__file__), "--without-prctl-mm")


def without_prctl_mm(command):
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(FILTER) // 8, FILTER)
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")
    os.execv(command[0], command)


class Seal(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("how it looks in /proc is cleat's own")
        if os.uname().machine != "x86_64":
            self.skipTest("the numbers of system calls are x86_64's")

    def own_runtime(self, directory):
        os.mkdir(self.path(directory))
        return shutil.copy(self.runtime, self.path(directory, "cleat"))

    def trace(self):
        if not os.path.exists(self.path("trace")):
            return ""
        with open(self.path("trace"), encoding="utf-8") as file:
            return file.read()

    def executed(self, runtime, wrap):
        """How often the runtime is executed for a container."""
        self.config("/bin/true")
        self.ok("run", "-b", self.bundle, self.cid, runtime=runtime,
                wrap=("strace", "-f", "-o", self.path("trace"), "-e", "trace=execveat", *wrap))
        return self.trace().count("execveat(")

    def check_init(self, runtime, wrap):
        """What the container's process has of the runtime while it waits for its start."""
        self.config("/probe", "sleep")
        self.create(runtime=runtime, wrap=wrap)
        pid = self.state()["pid"]
        executable = f"/proc/{pid}/exe"
        own, host = os.stat(executable), os.stat(runtime)
        self.assertNotEqual((own.st_dev, own.st_ino), (host.st_dev, host.st_ino))
        self.assertEqual(own.st_size, host.st_size)
        with self.assertRaises(OSError) as refused:
            os.close(os.open(executable, os.O_WRONLY))
        self.assertIn(refused.exception.errno, (errno.EROFS, errno.EPERM, errno.ETXTBSY))
        with open(f"/proc/{pid}/maps", encoding="utf-8") as maps:
            files = {line.split(None, 5)[5].strip() for line in maps if len(line.split(None, 5)) == 6}
        self.assertNotIn(os.path.realpath(runtime), files)
        self.start()
        self.assertEqual(self.ok("exec", self.cid, "/bin/echo", "inside", runtime=runtime, wrap=wrap).out,
                         "inside\n")
        self.delete("--force")

    def check(self, directory, wrap, executions):
        if not shutil.which("strace"):
            self.skipTest("no strace")
        runtime = self.own_runtime(directory)
        self.assertEqual(self.executed(runtime, wrap), executions)
        self.check_init(runtime, wrap)
        self.assert_nothing_left()

    def moves(self):
        options = build_options(self.runtime)
        if options.get("b_sanitize", "none") != "none" or not options.get("shortcuts", True):
            self.skipTest("a build with sanitizers or without shortcuts always executes the copy")

    def test_image_is_put_on_an_overlay(self):
        self.moves()
        self.check("plain", (), 0)

    def test_overlay_is_executed_where_the_image_may_not_be_moved(self):
        self.check("plain", WITHOUT, 1)

    def test_image_is_put_on_a_copy_in_memory(self):
        """overlay cannot name a directory with a colon."""
        self.moves()
        self.check("with:colon", (), 0)

    def test_copy_in_memory_is_executed_where_the_image_may_not_be_moved(self):
        self.check("with:colon", WITHOUT, 1)

    def test_copy_in_memory_where_memory_is_not_for_executing_unless_asked_for(self):
        """The sysctl is a pid namespace's own."""
        if not os.path.exists("/proc/sys/vm/memfd_noexec"):
            self.skipTest("no vm.memfd_noexec (Linux 6.3)")
        script = 'echo 1 >/proc/sys/vm/memfd_noexec && exec "$@"'
        runtime = self.own_runtime("with:colon")
        self.config("/bin/echo", "inside")
        result = self.run_container(runtime=runtime, wrap=("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c",
                                                           script, "sh"))
        self.assertEqual((result.code, result.out), (0, "inside\n"), str(result))

    def test_executable_that_is_replaced_meanwhile(self):
        """A package is upgraded after the runtime has looked where it lies: what lies there now is executed, and not
        mapped over what runs."""
        if not shutil.which("strace"):
            self.skipTest("no strace")
        runtime = self.own_runtime("plain")
        shutil.copy("/bin/echo", self.path("plain", "other"))
        self.config("/bin/true")
        process, _, out, err = self.start_call(
            "run", "-b", self.bundle, self.cid, runtime=runtime,
            wrap=("strace", "-f", "-o", self.path("trace"), "-e", "inject=fsopen:delay_enter=2000000:when=1"))
        self.wait_for(lambda: 'fsopen("overlay"' in self.trace(), "the overlay to be made")
        os.replace(self.path("plain", "other"), runtime)
        self.assertEqual(self.wait_call(process, 30), 0)
        self.assertEqual(read_back(err), "")
        self.assertIn(f"run -b {self.bundle}", read_back(out))
        self.assert_nothing_left()

    def test_what_is_sealed_is_not_sealed_again(self):
        """On a read-only mount nobody can write to the executable in any case."""
        runtime = self.own_runtime("plain")
        script = ('mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"')
        self.config("/bin/true")
        command = ["unshare", "-m", "sh", "-c", script, "sh", os.path.dirname(runtime), "strace", "-f", "-o",
                   self.path("trace"), "-e", "trace=execve,execveat,fsopen,memfd_create", runtime, "--root", self.root, "run", "-b",
                   self.bundle, self.cid]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('execve("', self.trace())
        self.assertNotIn("execveat(", self.trace())
        self.assertNotIn('"overlay"', self.trace())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--without-prctl-mm"]:
        without_prctl_mm(sys.argv[2:])
    main()
