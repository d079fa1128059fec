"""Runs an OCI runtime from outside and looks at what it did, inside and outside the container.

Every test makes its own bundle, its own state root and its own cgroup, under names that begin with
a prefix that no other run has. Before and after each test the host is compared: cgroups, mounts,
processes, state, the owners of /dev's nodes. What is left over fails the test and is removed.
A whole test file runs in a mount namespace of its own, so that only its own mounts are seen.

Environment: CLEAT the runtime (default: cleat of the build directory), PROBE the in-container
program. Python's standard library alone.
"""
import contextlib
import ctypes
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from bundle import default_config, make_rootfs
from host import CALLS, RUN, Host, cgroup_mounts, reap
from layout import apply_view

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TIMEOUT = float(os.environ.get("CLEAT_TIMEOUT", "20"))
SLOWNESS = max(1.0, TIMEOUT / 20)  # of this machine: every wait is longer by so much

_libc = ctypes.CDLL(None, use_errno=True)
MS_REC, MS_PRIVATE, MS_SHARED = 0x4000, 1 << 18, 1 << 20
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
PR_SET_CHILD_SUBREAPER = 36


def _find(variable, candidates, what):
    for candidate in [os.environ.get(variable)] + candidates:
        if candidate and os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    print(f"1..0 # SKIP no {what}: set {variable}, or build first")
    sys.exit(77)


def _builds(name):
    return [os.path.join(TOP, directory, *name) for directory in ("build", "builddir")]


def runtime_path():
    return _find("CLEAT", _builds(("src", "cli", "cleat")), "runtime")


def judge_path():
    """The cleat whose `conformance` judges: it is its own probe in a root that has no libraries, so
    where the runtime is a dynamic build (for the sanitizers), the static one of build/ judges it."""
    for path in [runtime_path()] + _builds(("src", "cli", "cleat")):
        with contextlib.suppress(OSError), open(path, "rb") as file:
            if b"/ld-linux" not in file.read(4096):
                return path
    print("1..0 # SKIP no static build of cleat: build/src/cli/cleat")
    sys.exit(77)


def probe_path():
    return _find("PROBE", _builds(("tests", "integration", "probe")), "probe")


def _mount(source, target, kind, flags, data=None):
    encode = lambda value: value.encode() if value is not None else None
    if _libc.mount(encode(source), encode(target), encode(kind), flags, encode(data)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target}: {os.strerror(number)}")


def mount(source, target, kind="bind", options=""):
    subprocess.run(["mount"] + (["--bind"] if kind == "bind" else ["-t", kind]) +
                   (["-o", options] if options else []) + [source, target], check=True)


# ---- a run of the runtime ----------------------------------------------------------------------

class Result:
    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"{self}: stdout is no JSON: {error}") from None

    def __str__(self):
        return (f"{' '.join(self.arguments)}: exit {self.code}, stdout {self.out[-600:]!r}, "
                f"stderr {self.err[-600:]!r}")


def flavour_of(path):
    out = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    return out.split(" ", 1)[0].strip() or "unknown"


class CleatTest(unittest.TestCase):
    """Base of all tests: a bundle, a state root, helpers, and the comparison afterwards."""

    maxDiff = 4000
    runtime = None
    flavour = None
    _count = 0

    @classmethod
    def setUpClass(cls):
        cls.runtime = cls.runtime or runtime_path()
        cls.flavour = cls.flavour or flavour_of(cls.runtime)

    def setUp(self):
        CleatTest._count += 1
        self.host_before = Host()
        self.name = f"{RUN}-{CleatTest._count}"
        self.cid = self.name
        self.cgroup = "/" + self.name
        self.directory = tempfile.mkdtemp(prefix=self.name + "-")
        self.root = os.path.join(self.directory, "state")
        self.bundle = os.path.join(self.directory, "bundle")
        self.rootfs = os.path.join(self.bundle, "rootfs")
        self.ids = {self.cid}
        self.undo = []
        make_rootfs(self.rootfs, probe_path())
        self.addCleanup(self._clean_up)

    # -- making a bundle --

    def config(self, *args, change=None, terminal=False):
        """Writes config.json: Docker's defaults, then `change(config)`; `args` run (/probe)."""
        config = default_config(self.cgroup, list(args) or ["/probe"])
        config["process"]["terminal"] = terminal
        if change:
            change(config)
        self.write_config(config)
        return config

    def write_config(self, config):
        with open(os.path.join(self.bundle, "config.json"), "w", encoding="utf-8") as file:
            if isinstance(config, str):
                file.write(config)
            else:
                json.dump(config, file, indent=1)

    def path(self, *parts):
        return os.path.join(self.directory, *parts)

    def write_file(self, path, content="", mode=0o644):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    # -- calling the runtime --

    def start_call(self, *arguments, global_options=(), root=True, stdin=None, env=None,
                   pass_fds=(), wrap=(), out=None, runtime=None, cwd=None):
        command = list(wrap) + [runtime or self.runtime]
        command += (["--root", self.root] if root else []) + list(global_options)
        command += [str(argument) for argument in arguments]
        # Files, not pipes: a container that outlives the call keeps its stdout open.
        out = out or tempfile.TemporaryFile(dir=self.directory)
        err = tempfile.TemporaryFile(dir=self.directory)
        process = subprocess.Popen(command, stdin=stdin or subprocess.DEVNULL, stdout=out,
                                   stderr=err, env=env, pass_fds=pass_fds, cwd=cwd)
        CALLS.add(process.pid)
        return process, command, out, err

    def call(self, *arguments, timeout=None, **options):
        """Runs `RUNTIME [--root R] ARGUMENT…` to its end."""
        process, command, out, err = self.start_call(*arguments, **options)
        self.last_out = out
        code = self.wait_call(process, timeout or TIMEOUT)
        if code is None:
            process.kill()
            process.wait()
            err.seek(0)
            self.fail(f"{' '.join(command)}: no answer within {timeout or TIMEOUT} s, "
                      f"stderr {err.read()[-1000:]!r}")
        return Result(command, code, read_back(out), read_back(err))

    @staticmethod
    def wait_call(process, seconds):
        """The exit code, or None; reaps orphans meanwhile, without which no pid 1 can end."""
        if process.poll() is not None:
            return process.returncode
        deadline, pidfd = time.monotonic() + seconds, os.pidfd_open(process.pid)
        try:
            while not select.select([pidfd], [], [], 0.1)[0]:
                reap()
                if time.monotonic() > deadline:
                    return None
        finally:
            os.close(pidfd)
        return process.wait()

    def ok(self, *arguments, **options):
        result = self.call(*arguments, **options)
        self.assertEqual(result.code, 0, str(result))
        return result

    def refused(self, *arguments, text=None, code=None, any_runtime=False, **options):
        """The call fails with one line that has `text`; another runtime may word it its way."""
        result = self.call(*arguments, **options)
        self.assertNotEqual(result.code, 0, f"accepted: {result}")
        self.assertGreater(result.code, 0, f"died by a signal: {result}")
        if code is not None:
            self.assertEqual(result.code, code, str(result))
        if self.flavour == "cleat":
            lines = result.err.strip().splitlines()
            self.assertEqual(len(lines), 1, f"one line of error is wanted: {result}")
            self.assertTrue(lines[0].startswith("cleat: "), f"not cleat's form: {result}")
            self.assertFalse(lines[0].endswith("."), f"full stop: {result}")
        if text and (any_runtime or self.flavour == "cleat"):
            self.assertRegex(result.err, re.compile(text, re.I))
        return result

    def run_container(self, *global_options, id=None, **options):
        """`run` with the bundle, to its end."""
        return self.call("run", "--bundle", self.bundle, self.cid if id is None else id,
                         global_options=global_options, **options)

    def report(self, *sysctls, change=None, **options):
        """What the probe sees as the container's process."""
        self.config("/probe", "report", *sysctls, change=change)
        result = self.run_container(**options)
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def create(self, *extra, id=None, **options):
        container = self.cid if id is None else id
        self.ids.add(container)
        result = self.ok("create", "--bundle", self.bundle, *extra, container, **options)
        self.container_out = self.last_out
        return result

    def create_refused(self, text=None, *extra, id=None, **options):
        container = self.cid if id is None else id
        return self.refused("create", "--bundle", self.bundle, *extra, container, text=text,
                            **options)

    def start(self, id=None):
        return self.ok("start", self.cid if id is None else id)

    def sleeper(self, change=None, id=None, args=("/probe", "sleep")):
        """A running container that waits for TERM; its state."""
        self.config(*args, change=change)
        self.create(id=id)
        self.start(id)
        self.wait_for(lambda: "ready" in self.output(), "the probe to be ready")
        return self.state(id)

    def output(self):
        """What the container of the last create() has printed so far."""
        return read_back(self.container_out)

    def state(self, id=None):
        return self.ok("state", self.cid if id is None else id).json()

    def status(self, id=None):
        reap()
        return self.state(id)["status"]

    def wait_status(self, wanted, id=None):
        self.wait_for(lambda: self.status(id) == wanted, f"status {wanted}")

    def exec(self, *command, id=None, options=(), **call_options):
        container = self.cid if id is None else id
        return self.call("exec", *options, container, *command, **call_options)

    def exec_report(self, *options, id=None, **call_options):
        result = self.exec("/probe", id=id, options=options, **call_options)
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def delete(self, *options, id=None):
        return self.ok("delete", *options, self.cid if id is None else id)

    def wait_for(self, condition, what, seconds=10.0):
        deadline = time.monotonic() + seconds * SLOWNESS
        while not condition():
            if time.monotonic() > deadline:
                self.fail(f"waited {seconds} s for {what}")
            time.sleep(0.02)

    # -- looking at the host --

    def cgroup_path(self, controller, cgroup=None):
        """The directory of the container's cgroup in a controller's hierarchy; skips without."""
        points = cgroup_mounts()
        if controller not in points:
            self.skipTest(f"no cgroup v1 hierarchy with {controller} on this host")
        return points[controller] + (cgroup or self.cgroup)

    def cgroup_value(self, controller, file, cgroup=None):
        with open(os.path.join(self.cgroup_path(controller, cgroup), file),
                  encoding="utf-8") as content:
            return content.read().strip()

    def assert_nothing_left(self, ids=None):
        """No state, cgroup, mount or process of this test's containers, right now."""
        reap()
        self.wait_for(lambda: not self.left_over(), f"the end of {self.left_over()}", 3)

    def left_over(self):
        reap()
        found = Host().left_over(self.host_before)
        if os.path.isdir(self.root):
            found += [f"state {name}" for name in os.listdir(self.root)]
        return found

    # -- afterwards --

    def _clean_up(self):
        for undo in reversed(self.undo):
            with contextlib.suppress(Exception):
                undo()
        left = self._settled_left_over()
        if left:
            self._sweep()
        shutil.rmtree(self.directory, ignore_errors=True)
        if left:
            self.fail("left over: " + "; ".join(left))

    def _settled_left_over(self):
        """Containers that the test itself left are removed the regular way; then nothing is."""
        for name in self.ids | set(os.listdir(self.root) if os.path.isdir(self.root) else ()):
            if os.path.isdir(os.path.join(self.root, name)):
                self.call("delete", "--force", name)
        deadline = time.monotonic() + 2 * SLOWNESS
        while (left := self.left_over()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _sweep(self):
        now = Host()
        for pid in now.processes - self.host_before.processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        reap()
        for line in now.mounts - self.host_before.mounts:
            subprocess.run(["umount", "-l", line.split()[1]], stderr=subprocess.DEVNULL,
                           check=False)
        for path in sorted(now.cgroups - self.host_before.cgroups, key=len, reverse=True):
            with contextlib.suppress(OSError):
                os.rmdir(path)

    def cleat_only(self, why):
        if self.flavour != "cleat":
            self.skipTest(f"{self.flavour}: {why}")

    # -- other runtimes --

    def runtimes(self, *peers):
        """{name: path} of the runtime under test, and of the installed peers (runc, crun)."""
        found = {name: shutil.which(name) for name in peers or ("runc", "crun")}
        return {self.flavour: self.runtime} | {name: path for name, path in found.items() if path}

    def differential(self, change=None, args=("/probe",)):
        """{runtime: probe's report} for cleat, and runc and crun where they are installed."""
        reports = {}
        for name, wrap in (("cleat", ()), ("runc", ()), ("crun", hide_unified())):
            path = self.runtime if name == self.flavour else shutil.which(name)
            if not path or (name == "cleat" and self.flavour != "cleat"):
                continue
            self.config(*args, change=change)
            result = self.run_container(id=f"{self.cid}-{name}", runtime=path, wrap=wrap)
            self.assertEqual(result.code, 0, str(result))
            reports[name] = result.json()
        if len(reports) < 2:
            self.skipTest("no other runtime to compare with: install runc or crun")
        return reports


def hide_unified():
    """crun refuses v1 with a cgroup2 mount beside it: a mount namespace without the latter."""
    point = cgroup_mounts().get("unified")
    if not point or point == "/sys/fs/cgroup":
        return ()
    return ("unshare", "-m", "sh", "-c", f'umount {point} && exec "$@"', "sh")


def build_options(runtime):
    """How the binary was built, if it lies in its build directory."""
    info = os.path.join(os.path.dirname(runtime), "../../meson-info/intro-buildoptions.json")
    if not os.path.exists(info):
        return {}
    with open(info, encoding="utf-8") as file:
        return {option["name"]: option["value"] for option in json.load(file)}


def read_back(file):
    size = min(os.fstat(file.fileno()).st_size, 1 << 26)
    return os.pread(file.fileno(), size, 0).decode(errors="replace")


# ---- running -----------------------------------------------------------------------------------

def private_namespaces():
    """A mount namespace of our own, shared within it as a distribution's is; and a network of our
    own, out of which a container that takes a device takes nothing of the machine's."""
    if os.geteuid() != 0:
        print("1..0 # SKIP not root")
        sys.exit(77)
    if _libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
        print("1..0 # SKIP no mount or network namespace: " + os.strerror(ctypes.get_errno()))
        sys.exit(77)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    _mount(None, "/", None, MS_REC | MS_SHARED)
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if reason := apply_view():
        print("1..0 # SKIP " + reason)
        sys.exit(77)


class TapResult(unittest.TestResult):
    def __init__(self, total):
        super().__init__()
        self.number, self.began = 0, 0.0
        self.bad, self.skips, self.limits = set(), {}, set()
        print(f"1..{total}", flush=True)

    def _note(self, test, error):
        self.bad.add(test.id())
        text = "".join(str(part) for part in error[1].args) or repr(error[1])
        if not isinstance(error[1], AssertionError):
            text = self._exc_info_to_string(error, test)
        print("\n".join("# " + line for line in text.splitlines()))

    def addFailure(self, test, err):
        self._note(test, err)

    def addError(self, test, err):
        self._note(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            print(f"# with {subtest.params}")
            self._note(test, err)

    def addSkip(self, test, reason):
        self.skips[test.id()] = reason

    def addExpectedFailure(self, test, err):
        """A known limit: the day it is overcome the test must be told."""
        self.limits.add(test.id())

    def addUnexpectedSuccess(self, test):
        print("# this was not expected to succeed")
        self.bad.add(test.id())

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        self.number += 1
        name = test.id().rpartition(".")[2].removeprefix("test_").replace("_", " ")
        verdict = "not ok" if test.id() in self.bad | self.limits else "ok"
        skip = f" # SKIP {self.skips[test.id()]}" if test.id() in self.skips else ""
        skip += " # TODO a known limit" if test.id() in self.limits else ""
        print(f"{verdict} {self.number} - {name}{skip}\n  ---\n"
              f"  duration_ms: {(time.monotonic() - self.began) * 1000:.0f}\n  ...", flush=True)


def _flatten(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _flatten(item)
        else:
            yield item


def main(view=None):
    """Runs the calling file's tests: `[-k PART] [-l]`; TAP; 0, 1, or 77 when all were skipped."""
    os.environ.update({"CLEAT_CGROUP_VIEW": view} if view else {})
    words = sys.argv[1:]
    pattern = words[words.index("-k") + 1] if "-k" in words else ""
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    tests = [test for test in _flatten(suite)
             if pattern.replace(" ", "_") in test.id() and test.id().rpartition(".")[2] != "runTest"]
    if "-l" in words:
        print("\n".join(test.id().rpartition(".")[2] for test in tests))
        sys.exit(0)
    private_namespaces()
    result = TapResult(len(tests))
    unittest.TestSuite(tests).run(result)
    if result.bad:
        sys.exit(1)
    sys.exit(77 if tests and len(result.skips) == len(tests) else 0)
