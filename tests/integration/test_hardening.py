#!/usr/bin/env python3
"""The binary itself: how it is linked, whom it refuses to serve, what it lets others see."""
import os
import re
import shutil
import stat
import struct
import subprocess

from harness import CleatTest, main

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 3, 0x6474e551, 0x6474e552
DT_FLAGS, DT_FLAGS_1, DT_NEEDED, DT_TEXTREL = 30, 0x6ffffffb, 1, 22
DF_BIND_NOW, DF_1_NOW, DF_1_PIE = 0x8, 0x1, 0x08000000
ET_DYN, PF_X, PF_W = 3, 1, 2

OVERFLOW = r"""
#include <cstring>
#include <cstdlib>
int main(int argc, char** argv) {
    char small[8];
    std::strcpy(small, argc > 1 ? argv[1] : "");
    return small[0];
}
"""


class Elf:
    """The program headers and the dynamic section of a 64-bit ELF file."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.kind = struct.unpack_from("<H", self.data, 16)[0]
        offset, size, count = (struct.unpack_from(form, self.data, at)[0]
                               for form, at in (("<Q", 32), ("<H", 54), ("<H", 56)))
        self.headers = [struct.unpack_from("<IIQQQQQQ", self.data, offset + i * size)
                        for i in range(count)]

    def flags(self, kind):
        return [header[1] for header in self.headers if header[0] == kind]

    def dynamic(self):
        for header in self.headers:
            if header[0] == PT_DYNAMIC:
                return dict(struct.unpack_from("<QQ", self.data, header[2] + i)
                            for i in range(0, header[5], 16))
        return {}


class Hardening(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("this is about cleat's own binary")

    def elf(self):
        with open(self.runtime, "rb") as file:
            if file.read(5) != b"\x7fELF\x02":
                self.skipTest("not a 64-bit ELF file")
        elf = Elf(self.runtime)
        if elf.flags(PT_INTERP):
            self.skipTest("a dynamic build, for sanitizers")
        return elf

    def test_static_and_position_independent(self):
        elf = self.elf()
        self.assertEqual(elf.kind, ET_DYN)
        dynamic = elf.dynamic()
        self.assertNotIn(DT_NEEDED, dynamic)
        self.assertTrue(dynamic.get(DT_FLAGS_1, 0) & DF_1_PIE)
        self.assertNotIn(DT_TEXTREL, dynamic)

    def test_relocations_are_readonly_and_bound_at_once(self):
        elf = self.elf()
        self.assertTrue(elf.flags(PT_GNU_RELRO))
        dynamic = elf.dynamic()
        self.assertTrue(dynamic.get(DT_FLAGS, 0) & DF_BIND_NOW or
                        dynamic.get(DT_FLAGS_1, 0) & DF_1_NOW)

    def test_nothing_is_writable_and_executable(self):
        elf = self.elf()
        self.assertTrue(elf.flags(PT_GNU_STACK))
        for kind in (PT_GNU_STACK, PT_LOAD):
            for flags in elf.flags(kind):
                self.assertNotEqual(flags & (PF_X | PF_W), PF_X | PF_W)
        self.assertFalse(elf.flags(PT_GNU_STACK)[0] & PF_X)

    def test_overflows_are_noticed(self):
        """The flags of the build, taken from it, make an overflow abort."""
        build = os.path.dirname(os.path.dirname(os.path.dirname(self.runtime)))
        commands = os.path.join(build, "build.ninja")
        compiler = os.environ.get("CXX", "g++").split()[-1]
        if not os.path.exists(commands) or not shutil.which(compiler):
            self.skipTest("no build directory, or no compiler")
        with open(commands, encoding="utf-8") as file:
            text = file.read()
        found = re.search(r"^ ARGS = .*main\.cpp.*$", text, re.M) or re.search(
            r"build src/cli/.*main\.cpp\.o: .*\n(?: .*\n)*? ARGS = (.*)", text)
        self.assertTrue(found, "no command that compiles main.cpp")
        flags = [word for word in found[1].split()
                 if re.match(r"-O|-D_FORTIFY|-U_FORTIFY|-fstack|-D_GLIBCXX", word)]
        self.assertIn("-D_FORTIFY_SOURCE=3", flags)
        self.assertIn("-fstack-clash-protection", flags)
        self.assertIn("-fstack-protector-strong", flags)
        source = self.write_file(self.path("overflow.cpp"), OVERFLOW)
        program = self.path("overflow")
        subprocess.run([compiler, *flags, source, "-o", program], check=True)
        self.assertEqual(subprocess.run([program, "short"], check=False).returncode, ord("s"))
        ended = subprocess.run([program, "x" * 64], check=False, stderr=subprocess.DEVNULL)
        self.assertEqual(ended.returncode, -6, "an overflow goes unnoticed")

    def copy(self):
        program = self.path("copy")
        shutil.copy(self.runtime, program)
        os.chmod(self.directory, 0o755)
        return program

    @staticmethod
    def as_user(*command, uid=1000, **options):
        return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
                               *command], capture_output=True, text=True, check=False, **options)

    def refuses(self, program, *arguments, **options):
        result = self.as_user(program, *(arguments or ("--version",)), **options)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result)
        self.assertIn("set-user-ID", result.stderr)

    def test_refused_when_set_user_id(self):
        program = self.copy()
        self.assertEqual(self.as_user(program, "--version").returncode, 0)
        os.chmod(program, 0o4755)
        self.refuses(program)

    def test_every_mode_is_refused_when_set_user_id(self):
        """The helper programs of `conformance` and the names of the shim, too."""
        program = self.copy()
        helper = "--conformance-part"
        secret = self.write_file(self.path("secret"), "secret", mode=0o600)
        modes = [["--help"], ["spec"], ["features"], ["list"], ["plan"], ["validate", secret],
                 ["audit", secret], ["run", "x"], ["exec", "x", "id"], ["conformance", "--list"],
                 [helper, "under", "--", "id"], [helper, "under", "--", "cat", secret],
                 [helper, "probe"], [helper, "probe", f"read:{secret}"],
                 [helper, "hook", self.path("log"), "x"], [helper, "hold", self.path("held")],
                 [helper, "case", "x"], [helper, "x"]]
        for bits in (0o4755, 0o2755):
            os.chmod(program, bits)
            for mode in modes:
                with self.subTest(mode=mode, bits=oct(bits)):
                    self.refuses(program, *mode, uid=65534, timeout=10)
        self.assertFalse(os.path.exists(self.path("log")))

    def test_every_name_is_refused_when_set_user_id(self):
        program = self.copy()
        os.chmod(program, 0o4755)
        for name in ("containerd-shim-cleat-v2", "containerd-shim-runc-v2", "runc", "crun"):
            os.symlink(program, self.path(name))
            for mode in (["-v"], ["-info"], ["-namespace", "n", "-id", "i", "start"],
                         ["-namespace", "n", "-id", "i", "serve"],
                         ["-namespace", "n", "-id", "i", "delete"],
                         ["--conformance-part", "under", "--", "id"]):
                with self.subTest(name=name, mode=mode):
                    self.refuses(self.path(name), *mode, uid=65534, timeout=10)

    def test_refused_when_set_group_id(self):
        program = self.copy()
        os.chmod(program, 0o2755)
        self.refuses(program)

    def test_refused_with_file_capabilities(self):
        program = self.copy()
        if not shutil.which("setcap"):
            self.skipTest("no setcap")
        subprocess.run(["setcap", "cap_net_raw+ep", program], check=True)
        self.refuses(program)
        self.refuses(program, "--conformance-part", "under", "--", "id")

    def test_init_cannot_be_read_by_its_user(self):
        """What belongs to an undumpable process belongs to root below /proc."""
        self.config("/probe", change=lambda c: c["process"].update(
            user={"uid": 1000, "gid": 1000}))
        self.create()
        pid = self.state()["pid"]
        self.assertEqual(os.stat(f"/proc/{pid}/environ").st_uid, 0)
        self.assertNotEqual(self.as_user("ls", f"/proc/{pid}/fd").returncode, 0)

    def test_files_of_the_state_are_roots_alone_whatever_the_umask(self):
        self.config("/probe", "sleep")
        for mask in ("000", "077"):
            with self.subTest(umask=mask):
                self.ok("create", "--bundle", self.bundle, "--pid-file", self.path("pid"),
                        self.cid, wrap=("sh", "-c", f'umask {mask}; exec "$@"', "sh"))
                for path, directories, files in os.walk(self.root):
                    for name in directories:
                        mode = stat.S_IMODE(os.lstat(os.path.join(path, name)).st_mode)
                        self.assertEqual(mode, 0o700, name)
                    for name in files:
                        mode = stat.S_IMODE(os.lstat(os.path.join(path, name)).st_mode)
                        self.assertEqual(mode, 0o600, name)
                self.assertIn(stat.S_IMODE(os.stat(self.root).st_mode), (0o700, 0o711))
                self.delete("--force")

    def test_nothing_of_the_build_machine_is_inside(self):
        with open(self.runtime, "rb") as file:
            data = file.read()
        for word in (os.path.dirname(os.path.dirname(os.path.abspath(__file__))).encode(),
                     b"/.ccache"):
            self.assertNotIn(word, data)

    def test_hooks_get_no_environment_of_the_caller(self):
        out = self.path("env")
        self.config("/bin/true", change=lambda c: c.update(hooks={"createRuntime": [
            {"path": "/usr/bin/env", "args": ["env"], "env": ["ONLY=this"]},
            {"path": "/bin/sh", "args": ["sh", "-c", f"/usr/bin/env >{out}"],
             "env": ["ONLY=this"]}]}))
        result = self.run_container(env={"SECRET": "1", "PATH": os.environ["PATH"]})
        self.assertEqual(result.code, 0, str(result))
        with open(out, encoding="utf-8") as file:
            text = file.read()
        self.assertIn("ONLY=this", text)
        self.assertNotIn("SECRET", text)


if __name__ == "__main__":
    main()
