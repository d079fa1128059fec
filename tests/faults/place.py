"""Where faults are tried: one bundle, one state root, one id, used again and again; and what is left
of a container on the host."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

import harness  # noqa: E402
from bundle import bind, default_config, filesystem, make_rootfs  # noqa: E402
from host import CALLS, RUN, Host, reap  # noqa: E402

# What a container or a hook executes, as strace writes it: from there on it is not the runtime.
PAYLOAD = re.compile(r'"(/probe|/bin/busybox)"')
LIMIT = float(os.environ.get("CLEAT_TIMEOUT", "15"))
SETTLE = 2.0


class Place:
    """One bundle, one state root, one id, used again and again."""

    def __init__(self, runtime):
        self.runtime, self.flavour = runtime, harness.flavour_of(runtime)
        self.directory = tempfile.mkdtemp(prefix=RUN + "-faults-")
        self.root, self.bundle = (os.path.join(self.directory, n) for n in ("state", "bundle"))
        self.id, self.log = RUN + "-x", os.path.join(self.directory, "trace")
        self.out = os.path.join(self.directory, "out")
        make_rootfs(os.path.join(self.bundle, "rootfs"), harness.probe_path())
        self.source = os.path.join(self.directory, "source")
        os.mkdir(self.source)
        self.is_clean, self.hooks = False, {}
        self.wrap = harness.hide_unified() if self.flavour == "crun" else ()

    def configure(self, *args):
        """Most of what a runtime can be asked for."""
        config = default_config("/" + self.id, list(args))
        config["root"]["readonly"] = True
        config["process"].update(user={"uid": 1000, "gid": 1000, "additionalGids": [7]},
                                 noNewPrivileges=True, rlimits=[
                                     {"type": "RLIMIT_NOFILE", "soft": 99, "hard": 99}])
        config["mounts"] += [filesystem("/tmp", "tmpfs", "nosuid", "size=1m"),
                             bind(self.source, "/var", "ro", "nosuid")]
        config["linux"]["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "77"}
        config["linux"]["resources"].update(memory={"limit": 1 << 28}, pids={"limit": 99})
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["personality_no_such", "acct"], "action": "SCMP_ACT_ERRNO"}]}
        config["hooks"] = self.hooks
        with open(os.path.join(self.bundle, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)

    def use_hooks(self):
        """One of every kind, of a program that is in the container, too: it looks for the id in the
        state on its stdin."""
        hook = {"path": "/bin/busybox", "args": ["busybox", "grep", "-q", self.id], "timeout": 9}
        self.hooks = {kind: [hook] for kind in (
            "prestart", "createRuntime", "createContainer", "startContainer", "poststart",
            "poststop")}

    def words(self, *arguments):
        return [*self.wrap, self.runtime, "--root", self.root, *arguments]

    def plain(self, *arguments, check=True):
        """A call without faults."""
        with open(self.out, "ab") as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(self.words(*arguments), stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err)
            CALLS.add(process.pid)
            code = harness.CleatTest.wait_call(process, LIMIT)
            if code is None:
                process.kill()
                process.wait()
                raise RuntimeError(f"{arguments} without a fault hangs")
            err.seek(0)
            if check and code != 0:
                raise RuntimeError(f"{arguments} without a fault: {code} {err.read()!r}")
            return code

    def traced(self, arguments, strace):
        """A call under strace; ends when the runtime does, not when its containers do."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.log)
        command = [*self.wrap, "strace", "-f", "-q", "-s", "40", "-o", self.log, *strace,
                   *self.words(*arguments)[len(self.wrap):]]
        with open(self.out, "ab") as out, tempfile.TemporaryFile() as err:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            CALLS.add(process.pid)
            code = self.follow(process)
            err.seek(0)
            text = err.read().decode(errors="replace")
        return code, "\n".join(line for line in text.splitlines()
                               if not line.startswith("strace: "))

    def follow(self, process):
        deadline, main, code, seen = time.monotonic() + LIMIT, None, None, 0
        ended = re.compile(r"^(\d+) +\+\+\+ (exited with (\d+)|killed by (\w+))", re.M)
        while time.monotonic() < deadline and code is None:
            over = process.poll() is not None
            reap()
            text = self.trace()
            if main is None and text:
                main = text.split(None, 1)[0]
            if len(text) != seen:
                seen = len(text)
                for pid, _, status, name in ended.findall(text):
                    if pid == main:
                        code = int(status) if status else -getattr(signal, name, 0)
            if over:
                break
            time.sleep(0.005)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)  # strace lets go of all
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return code

    def trace(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def output(self):
        with open(self.out, encoding="utf-8", errors="replace") as file:
            return file.read()

    def forget_output(self):
        open(self.out, "w", encoding="utf-8").close()

    # -- what is there --

    def state(self):
        """(status, pid) by a call that is not faulted; None without a container."""
        found = subprocess.run(self.words("state", self.id), capture_output=True, check=False)
        if found.returncode != 0:
            return None
        state = json.loads(found.stdout)
        return state["status"], state.get("pid", 0)

    def left(self, before, seconds=SETTLE):
        def look():
            reap()
            found = Host().left_over(before)
            if os.path.isdir(self.root):
                found += ["state " + name for name in os.listdir(self.root)]
            # Whoever removes a mount point elsewhere takes the mount from this namespace, too.
            return [thing for thing in found if not thing.startswith("missing mount")]
        return self.settled(look, seconds)

    def members(self):
        """The processes of the container, by the cgroup that it was to get."""
        points = harness.cgroup_mounts()
        path = points.get("pids", points.get("unified", "/nowhere")) + "/" + self.id
        try:
            with open(path + "/cgroup.procs", encoding="utf-8") as file:
                return file.read().split()
        except OSError:
            return []

    @staticmethod
    def settled(look, seconds=SETTLE):
        deadline = time.monotonic() + seconds
        while (found := look()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def clean(self, before):
        """`delete --force`, and what is left after it; then everything is removed by hand."""
        code = None
        with contextlib.suppress(RuntimeError):
            code = self.plain("delete", "--force", self.id, check=False)
        left = self.left(before)
        if code != 0:
            left.append(f"delete --force gives {code}")
        if left:
            self.sweep(before)
        self.forget_output()
        self.is_clean = not left
        return left

    def sweep(self, before):
        now = Host()
        for pid in now.processes - before.processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        reap()
        for line in now.mounts - before.mounts:
            subprocess.run(["umount", "-l", line.split()[1]], stderr=subprocess.DEVNULL,
                           check=False)
        for path in sorted(now.cgroups - before.cgroups, key=len, reverse=True):
            for name in ("freezer.state",):
                with contextlib.suppress(OSError), open(os.path.join(path, name), "w",
                                                        encoding="utf-8") as file:
                    file.write("THAWED")
            with contextlib.suppress(OSError):
                os.rmdir(path)
        shutil.rmtree(self.root, ignore_errors=True)
