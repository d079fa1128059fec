"""What the tests of past vulnerabilities share: attackers, and witnesses of the host.

Other runtimes run through the same tests: `CLEAT=/usr/sbin/runc python3 test_cve_paths.py`. What
Debian's runc 1.1.5 and crun 1.8.1 did there is in each test's first lines.
"""
import contextlib
import hashlib
import os
import shutil
import subprocess

from harness import CleatTest, _builds, _find, hide_unified
from host import CALLS

COUNT = int(os.environ.get("CLEAT_ATTACKS", "20"))  # creates per race; thorough: 500


def intruder_path():
    return _find("INTRUDER", _builds(("tests", "integration", "intruder")), "intruder")


def tree_of(directory):
    """Everything below a directory: {path: (type and mode, owner, device, size or link target)}."""
    found = {}
    for path, directories, files in os.walk(directory):
        for name in directories + files:
            whole = os.path.join(path, name)
            info = os.lstat(whole)
            what = os.readlink(whole) if os.path.islink(whole) else info.st_size
            found[os.path.relpath(whole, directory)] = (
                oct(info.st_mode), info.st_uid, info.st_gid, info.st_rdev, what)
    return found


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class AttackTest(CleatTest):
    """A bundle of a hostile author, and a directory of the host that must stay as it is."""

    def setUp(self):
        super().setUp()
        null = os.stat("/dev/null")
        self.addCleanup(os.chown, "/dev/null", null.st_uid, null.st_gid)
        self.outside = self.path("outside")
        os.mkdir(self.outside)
        self.write_file(os.path.join(self.outside, "marker"), "host")
        self.wrap = hide_unified() if self.flavour == "crun" else ()

    def plant_link(self, path, target):
        """rootfs/PATH becomes a symlink to `target`."""
        whole = os.path.join(self.rootfs, path)
        if os.path.isdir(whole) and not os.path.islink(whole):
            shutil.rmtree(whole)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(whole)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        os.symlink(target, whole)

    @contextlib.contextmanager
    def unchanged(self, directory=None):
        directory = directory or self.outside
        before = tree_of(directory)
        yield
        self.assertEqual(tree_of(directory), before, "the host was changed")

    @contextlib.contextmanager
    def kept_setting(self, path):
        """A setting of the kernel that must stay; put back where a runtime let it be changed."""
        with open(path, encoding="utf-8") as file:
            before = file.read()
        yield
        with open(path, encoding="utf-8") as file:
            after = file.read()
        if after != before:
            with open(path, "w", encoding="utf-8") as file:
                file.write(before)
        self.assertEqual(after, before, path)

    @contextlib.contextmanager
    def swapper(self, first, second):
        process = subprocess.Popen([intruder_path(), "swap", first, second])
        CALLS.add(process.pid)
        try:
            yield process
            self.assertIsNone(process.poll(), "the attacker gave up")
        finally:
            process.kill()
            process.wait()

    def try_run(self, **options):
        """`run`, whatever its outcome; cleat's refusals are one line each."""
        result = self.run_container(wrap=self.wrap, **options)
        self.assertGreaterEqual(result.code, 0, str(result))
        return result


def drop_mount(config, destination):
    config["mounts"] = [mount for mount in config["mounts"]
                        if mount["destination"] != destination and
                        not mount["destination"].startswith(destination + "/")]
