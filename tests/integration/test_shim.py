#!/usr/bin/env python3
"""A real containerd with cleat's own shim: what ctr can do, what remains when one of both is
killed, and that nothing remains otherwise."""
import fcntl
import hashlib
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time

import containerd
from harness import CleatTest, main, mount
from host import RUN

# meson's, which makes malloc write to all that it gives: an idle shim would seem larger.
os.environ.pop("MALLOC_PERTURB_", None)

RUNTIME = "io.containerd.cleat.v2"
CHURN = int(os.environ.get("CLEAT_CHURN", "50"))
BULK = int(os.environ.get("CLEAT_BULK", str(64 << 20)))


class Events:
    """What `ctr events` shows of tasks, once it is known to listen: it has shown a new namespace."""

    def __init__(self, test):
        self.test, self.lines = test, []
        self.process = subprocess.Popen(test.daemon.command("events"), env=test.daemon.environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read)
        test.undo.append(self.end)
        self.reader.start()
        test.wait_for(self.listens, "events")

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def listens(self):
        self.test.did("namespaces", "create", "mark")
        self.test.did("namespaces", "remove", "mark")
        return any("/namespaces/" in line for line in self.lines)

    def until(self, last):
        """[(topic of a task, {event})] when one has this topic; nobody listens after that."""
        self.test.wait_for(lambda: last in [topic for topic, _ in self.seen()], last)
        self.end()
        return self.seen()

    def seen(self):
        found = []
        for line in list(self.lines):
            topic = next(word for word in line.split() if word.startswith("/"))
            if topic.startswith("/tasks/"):
                found.append((topic.removeprefix("/tasks/"), json.loads(line[line.index("{"):])))
        return found


class ContainerdTest(CleatTest):
    """One containerd for all; the namespace is the run's, and so are the cgroups."""

    daemon = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unable = containerd.missing()
        if cls.unable:
            return
        os.makedirs("/run/containerd", exist_ok=True)
        mount("tmpfs", "/run/containerd", "tmpfs")
        cls.home = tempfile.mkdtemp(prefix=RUN + "-")
        cls.daemon = containerd.Containerd(cls.home, cls.runtime, RUN)
        cls.daemon.start()
        cls.daemon.import_image()
        # The first container makes what the ones after it find: directories, an unpacked image.
        cls.daemon.ctr("run", "--rm", "--runtime", RUNTIME, containerd.IMAGE, "first", "true")

    @classmethod
    def tearDownClass(cls):
        if not cls.daemon:
            return
        cls.daemon.stop()
        subprocess.run(["umount", "-l", "/run/containerd"], check=True)
        shutil.rmtree(cls.home)

    def setUp(self):
        super().setUp()
        if self.unable:
            self.skipTest(self.unable)
        self.cleat_only("it has no shim of its own")
        self.names = []
        self.undo.append(self.remove_all)

    def remove_all(self):
        if self.daemon.process is None or self.daemon.process.poll() is not None:
            self.daemon.process = None
            self.daemon.start()
        for name in self.names:
            self.daemon.ctr("tasks", "kill", "-s", "KILL", "-a", name)
            self.wait_for(lambda name=name: self.status(name) in (None, "STOPPED"), "the end")
            self.daemon.ctr("tasks", "rm", name)
            self.daemon.ctr("containers", "rm", name)
            self.daemon.ctr("snapshots", "rm", name)
        self.wait_for(lambda: not self.daemon.shims(), "the end of all shims")

    def left_over(self):
        """Containerd's own children come and go, but all of them are gone in the end."""
        found = super().left_over()
        for name in ("s", "cleat/" + RUN):
            path = "/run/containerd/" + name
            found += [f"{path}/{each}" for each in
                      (os.listdir(path) if os.path.isdir(path) else ())]
        return [each for each in found if "containerd --config" not in each]

    def ctr(self, *arguments, **options):
        return self.daemon.ctr(*arguments, **options)

    def did(self, *arguments, **options):
        done = self.ctr(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done.stdout

    def refuses(self, text, *arguments, **options):
        done = self.ctr(*arguments, **options)
        self.assertNotEqual(done.returncode, 0, f"{arguments}: {done.stdout}")
        self.assertIn(text, done.stderr)

    def watch(self):
        """Events of tasks, from now on."""
        return Events(self)

    def run_options(self, name, *options):
        self.names.append(name)
        return ["run", "--runtime", RUNTIME, *options, containerd.IMAGE, name]

    def run_once(self, *command, options=(), **call_options):
        return self.ctr(*self.run_options(self.name, "--rm", *options), *command, **call_options)

    def run_detached(self, *command, name=None, options=(), **call_options):
        """In the background; the pid of its init."""
        name = name or self.name
        self.did(*self.run_options(name, "-d", *options), *command, **call_options)
        return self.tasks()[name][0]

    def tasks(self):
        """{name: (pid, status)}"""
        lines = [line.split() for line in self.did("tasks", "ls").splitlines()[1:]]
        return {name: (int(pid), status) for name, pid, status in lines}

    def status(self, name=None):
        return self.tasks().get(name or self.name, (0, None))[1]

    def exec(self, *command, options=(), **call_options):
        self.execs = getattr(self, "execs", 0) + 1
        return self.ctr("tasks", "exec", "--exec-id", f"e{self.execs}", *options, self.name,
                        *command, **call_options)

    def finish(self, name=None):
        name = name or self.name
        self.ctr("tasks", "kill", "-s", "KILL", name)
        self.wait_for(lambda: self.status(name) == "STOPPED", "the task's end")
        self.ctr("tasks", "rm", name)
        self.did("containers", "rm", name)
        self.names.remove(name)

    @staticmethod
    def ended(pid):
        """Gone, or a zombie of who adopted it."""
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    def the_shim(self):
        shims = self.daemon.shims()
        self.assertEqual(len(shims), 1, shims)
        return next(iter(shims))


class Tasks(ContainerdTest):
    def test_a_container_runs_and_leaves_nothing(self):
        self.assertEqual(self.run_once("echo", "word").stdout, "word\n")
        self.assertEqual(self.run_once("sh", "-c", "exit 7").returncode, 7)
        self.assertEqual(self.run_once("sh", "-c", "kill -KILL $$; sleep 9").returncode, 0)
        self.names.clear()
        self.assert_nothing_left()

    def test_much_output_arrives_whole_however_slow_its_reader(self):
        script = f"dd if=/dev/zero bs=65536 count={BULK // 65536} 2>/dev/null | tr '\\0' x"
        process = subprocess.Popen(
            self.daemon.command(*self.run_options(self.name, "--rm"), "sh", "-c", script),
            env=self.daemon.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        seen, total = hashlib.sha256(), 0
        while block := process.stdout.read(1 << 20):
            seen.update(block)
            total += len(block)
            if total < 4 << 20:
                time.sleep(0.05)
        process.stdout.close()
        self.assertEqual((process.wait(), total), (0, BULK))
        self.assertEqual(seen.hexdigest(), hashlib.sha256(b"x" * BULK).hexdigest())

    def test_output_survives_a_reader_that_goes(self):
        process = subprocess.Popen(
            self.daemon.command(*self.run_options(self.name), "sh", "-c",
                                "while :; do echo line; sleep 0.05; done"),
            env=self.daemon.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.assertEqual(process.stdout.readline(), b"line\n")
        process.kill()
        process.wait()
        process.stdout.close()
        time.sleep(0.5)
        self.assertEqual(self.status(), "RUNNING")
        attached = subprocess.Popen(self.daemon.command("tasks", "attach", self.name),
                                    env=self.daemon.environment, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.assertEqual(attached.stdout.readline(), b"line\n")
        attached.kill()
        attached.wait()
        attached.stdout.close()
        self.finish()

    def test_more_processes_are_executed(self):
        self.run_detached("sleep", "1000")
        self.assertEqual(self.exec("echo", "more").stdout, "more\n")
        self.assertEqual(self.exec("sh", "-c", "exit 9").returncode, 9)
        self.assertEqual(self.exec("sh", "-c", "kill -TERM $$").returncode, 143)
        with open("/etc/services", encoding="utf-8") as text:
            self.assertEqual(self.exec("cat", stdin=text).stdout,
                             open("/etc/services", encoding="utf-8").read())
        self.refuses("executable file not found", "tasks", "exec", "--exec-id", "x", self.name,
                     "nosuch")
        self.finish()
        self.assert_nothing_left()

    def test_a_terminal(self):
        self.run_detached("sleep", "1000")
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        process = subprocess.Popen(
            self.daemon.command("tasks", "exec", "-t", "--exec-id", "t", self.name, "sh", "-c",
                                "test -t 0 && echo tty; read a; stty size; echo got:$a; exit 3"),
            env=self.daemon.environment, stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True)
        os.close(slave)
        seen, sent = b"", False
        while b"got:word" not in seen:
            seen += os.read(master, 4096)
            if not sent and b"tty" in seen:
                time.sleep(0.3)  # ctr tells the size behind the start
                os.write(master, b"word\n")
                sent = True
        self.assertEqual(process.wait(20), 3)
        os.close(master)
        self.assertIn(b"33 99", seen)
        self.finish()

    def test_signals(self):
        pid = self.run_detached("sh", "-c", "trap 'exit 5' USR1; while :; do sleep 0.1; done")
        self.wait_for(lambda: "trap" not in self.exec("ps").stderr, "the shell")
        time.sleep(0.3)
        self.did("tasks", "kill", "-s", "USR1", self.name)
        self.wait_for(lambda: self.status() == "STOPPED", "the trap")
        self.refuses("process already finished", "tasks", "kill", "-s", "TERM", self.name)
        self.refuses("cannot exec in a stopped state", "tasks", "exec", "--exec-id", "x",
                     self.name, "true")
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertIn("exit code 5", self.ctr("tasks", "rm", self.name).stderr)
        self.did("containers", "rm", self.name)
        self.names.clear()

    def test_pause_and_resume(self):
        self.run_detached("sleep", "1000")
        self.did("tasks", "pause", self.name)
        self.assertEqual(self.status(), "PAUSED")
        self.did("tasks", "resume", self.name)
        self.assertEqual(self.status(), "RUNNING")
        self.did("tasks", "pause", self.name)
        self.finish()  # SIGKILL ends a paused one, too

    def test_events_in_their_order(self):
        watching = self.watch()
        self.run_detached("sleep", "1000")
        self.exec("true")
        self.did("tasks", "pause", self.name)
        self.did("tasks", "resume", self.name)
        self.finish()
        topics = [(topic, event.get("exit_status")) for topic, event in watching.until("delete")]
        self.assertEqual(topics, [("create", None), ("start", None), ("exec-added", None),
                                  ("exec-started", None), ("exit", None), ("paused", None),
                                  ("resumed", None), ("exit", 137), ("delete", 137)])

    def test_metrics_are_read_by_ctr(self):
        self.run_detached("sleep", "1000")
        self.assertEqual(self.exec("true").returncode, 0)
        shown = dict(line.split(maxsplit=1) for line in
                     self.did("tasks", "metrics", self.name).splitlines() if "." in line)
        memory = shown.get("memory.usage_in_bytes") or shown.get("memory.usage")
        self.assertGreater(int(memory), 4096)
        cpu = shown.get("cpuacct.usage") or shown.get("cpu.usage_usec")
        self.assertGreater(int(cpu), 100)
        self.assertEqual(int(shown["pids.current"]), 1)
        self.finish()

    def test_what_cannot_be_created_is_said_and_leaves_nothing(self):
        done = self.run_once("nosuch")
        self.assertEqual(done.returncode, 1)
        self.assertIn("OCI runtime create failed: ", done.stderr)
        self.assertIn('exec: "nosuch": executable file not found', done.stderr)
        self.names.clear()
        self.assert_nothing_left()

    def test_logs_in_files_and_by_programs(self):
        path, said = self.path("log"), self.path("said")
        self.run_detached("sh", "-c", "echo out; echo err >&2",
                          options=("--log-uri", "file://" + path))
        self.wait_for(lambda: self.status() == "STOPPED", "the end")
        self.assertEqual(open(path, encoding="utf-8").read(), "out\nerr\n")
        self.finish()
        logger = self.write_file(self.path("logger"), f"""#!/bin/sh
exec 5>&-
cat <&3 >{said}
echo end of $CONTAINER_ID >>{said}
""", 0o755)
        self.run_detached("echo", "out", options=("--log-uri", "binary://" + logger))
        self.wait_for(lambda: self.status() == "STOPPED", "the end")
        self.wait_for(lambda: os.path.exists(said) and "end" in open(said, encoding="utf-8").read(),
                      "the logger")
        self.finish()
        self.assertEqual(open(said, encoding="utf-8").read(), f"out\nend of {self.name}\n")

    def test_an_oom_is_an_event(self):
        watching = self.watch()
        self.run_once("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1",
                      options=("--memory-limit", "16000000"))
        self.names.clear()
        topics = [topic for topic, _ in watching.until("delete")]
        self.assertLess(topics.index("oom"), topics.index("exit"))


class Pods(ContainerdTest):
    def test_one_shim_for_ten_containers_ends_in_any_order(self):
        names = [f"{self.name}-{i}" for i in range(10)]
        for name in names:
            self.run_detached("sleep", "1000", name=name, options=(
                "--annotation", "io.kubernetes.cri.sandbox-id=" + names[0]))
        shim = self.the_shim()
        self.assertLessEqual(len(os.listdir(f"/proc/{shim}/fd")), 120)
        for name in [names[0], *reversed(names[1:])]:  # the one that all hang on goes first
            self.finish(name)
        self.wait_for(lambda: not self.daemon.shims(), "the shim's end", 7)
        self.assert_nothing_left()


class Deaths(ContainerdTest):
    def test_a_killed_shim_takes_its_containers_with_it_and_leaves_nothing(self):
        pid = self.run_detached("sleep", "1000")
        watching = self.watch()
        os.kill(self.the_shim(), signal.SIGKILL)
        self.wait_for(lambda: self.status() in (None, "STOPPED"), "the task's end")
        self.wait_for(lambda: self.ended(pid), "the process's end")
        exits = [event["exit_status"] for topic, event in watching.until("delete")
                 if topic == "exit"]
        self.assertEqual(exits, [137])
        self.ctr("tasks", "rm", self.name)
        self.did("containers", "rm", self.name)
        self.names.clear()
        self.assert_nothing_left()

    def test_an_end_during_a_restart_of_containerd_is_not_lost(self):
        self.run_detached("sh", "-c", "sleep 1.5; exit 6")
        shim = self.the_shim()
        self.daemon.stop(signal.SIGKILL)
        time.sleep(2)
        self.assertTrue(os.path.exists(f"/proc/{shim}"))
        self.daemon.start()
        # This containerd takes a task without processes for one to be removed.
        self.wait_for(lambda: self.status() in (None, "STOPPED"), "the task's end")
        self.ctr("tasks", "rm", self.name)
        self.did("containers", "rm", self.name)
        self.names.clear()
        self.wait_for(lambda: not self.daemon.shims(), "the shim's end")
        self.assert_nothing_left()

    def test_a_container_goes_on_while_containerd_restarts(self):
        path = self.path("log")
        script = "while :; do echo line; sleep 0.1; done"
        pid = self.run_detached("sh", "-c", script, options=("--log-uri", "file://" + path))
        self.daemon.stop(signal.SIGKILL)
        before = os.path.getsize(path)
        self.wait_for(lambda: os.path.getsize(path) > before, "output")
        self.daemon.start()
        self.assertEqual(self.tasks()[self.name], (pid, "RUNNING"))
        self.assertEqual(self.exec("echo", "still").stdout, "still\n")
        self.finish()
        self.assert_nothing_left()

    def test_both_killed(self):
        pid = self.run_detached("sleep", "1000")
        shim = self.the_shim()
        self.daemon.stop(signal.SIGKILL)
        os.kill(shim, signal.SIGKILL)
        self.daemon.start()
        self.wait_for(lambda: self.status() in (None, "STOPPED"), "the task's end")
        self.wait_for(lambda: self.ended(pid), "the process's end")
        self.ctr("tasks", "rm", self.name)
        self.did("containers", "rm", self.name)
        self.names.clear()
        self.assert_nothing_left()

    def test_many_containers_one_after_the_other(self):
        for i in range(CHURN):
            done = self.run_once("true")
            self.assertEqual(done.returncode, 0, f"container {i}: {done.stderr}")
        self.names.clear()
        self.assert_nothing_left()


class Memory(ContainerdTest):
    @staticmethod
    def anonymous(pid):
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))

    def test_an_idle_shim_is_small_and_stays_so(self):
        self.run_detached("sleep", "1000")
        shim = self.the_shim()
        with open(f"/proc/{shim}/maps", encoding="utf-8") as maps:
            if "libasan" in maps.read():
                self.finish()
                self.skipTest("a sanitizer's memory is not the shim's")
        before = self.anonymous(shim)
        self.assertLessEqual(before, 250)
        self.assertLessEqual(len(os.listdir(f"/proc/{shim}/fd")), 18)
        self.assertEqual(len(os.listdir(f"/proc/{shim}/task")), 1)
        for _ in range(30):
            self.exec("true")
        self.assertLessEqual(self.anonymous(shim) - before, 50)
        self.finish()


if __name__ == "__main__":
    main()
