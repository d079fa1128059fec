#!/usr/bin/env python3
"""`start` of the shim: what it leaves behind when it has answered, and that it leaves nothing when it cannot."""
import os
import subprocess

from harness import main
from layout import find_controller
from shim_case import ShimTest

SOCKETS = "/run/containerd/s"


class Start(ShimTest):
    def setUp(self):
        super().setUp()
        self.config("/probe", "sleep")

    def command(self, *before):
        return [*before, self.path("containerd-shim-cleat-v2"), "-namespace", self.name_space,
                "-address", self.path("c.sock"), "-id", self.cid, "start"]

    def begin(self, *before, **options):
        return subprocess.run(self.command(*before), cwd=self.bundle, stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=False, timeout=20,
                              **{"stdout": subprocess.PIPE, **options})

    def daemons(self):
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if self.path("c.sock").encode() in words:
                found.append(int(name))
        return found

    def assert_nothing_is_left(self):
        self.assertEqual(os.listdir(SOCKETS), [])
        self.wait_for(lambda: not self.daemons(), "the end of all that was started")

    def test_the_daemon_has_a_sealed_executable_and_the_name_of_one(self):
        self.start_shim()
        of_host, of_shim = os.stat(self.runtime), os.stat(f"/proc/{self.shim_pid}/exe")
        self.assertEqual(of_host.st_size, of_shim.st_size)
        self.assertNotEqual((of_host.st_dev, of_host.st_ino), (of_shim.st_dev, of_shim.st_ino))
        with self.assertRaises(OSError):
            os.close(os.open(f"/proc/{self.shim_pid}/exe", os.O_WRONLY))
        with open(f"/proc/{self.shim_pid}/maps", encoding="utf-8") as maps:
            devices = {line.split()[3] for line in maps if line.split()[4] != "0"}
        self.assertNotIn(f"{os.major(of_host.st_dev):02x}:{os.minor(of_host.st_dev):02x}", devices)
        with open(f"/proc/{self.shim_pid}/cmdline", "rb") as file:
            words = file.read().rstrip(b"\0").split(b"\0")
        self.assertEqual((words[0], words[-1]),
                         (self.path("containerd-shim-cleat-v2").encode(), b"serve"))
        with open(f"/proc/{self.shim_pid}/comm", encoding="utf-8") as file:
            self.assertEqual(file.read(), "containerd-shim\n")
        self.shut_down()

    def test_the_daemon_has_nothing_of_who_started_it(self):
        self.start_shim()
        links = {int(fd): os.readlink(f"/proc/{self.shim_pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{self.shim_pid}/fd")}
        self.assertEqual([links[fd] for fd in (0, 1, 2)], ["/dev/null"] * 3)
        self.assertFalse([each for each in links.values() if each.startswith("pipe:")], links)
        self.assertEqual(os.readlink(f"/proc/{self.shim_pid}/cwd"), "/")
        self.shut_down()

    def test_a_daemon_that_fails_after_the_answer_leaves_no_socket(self):
        log = os.path.join(self.bundle, "log")
        os.mkfifo(log)
        reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        try:
            done = self.begin("unshare", "-m", "sh", "-c", 'umount -l /proc && exec "$@"', "sh")
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertTrue(done.stdout.startswith(b"unix:///run/containerd/s/"), done.stdout)
            socket = done.stdout.decode().removeprefix("unix://")
            self.wait_for(lambda: not os.path.exists(socket), "the end of the socket")
            self.assertIn(b"level=error", os.read(reader, 4096))
        finally:
            os.close(reader)
        self.assert_nothing_is_left()

    def test_an_answer_that_nobody_takes_leaves_nothing(self):
        reading, writing = os.pipe()
        os.close(reading)
        done = self.begin(stdout=writing)
        os.close(writing)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"EPIPE", done.stderr)
        self.assert_nothing_is_left()

    def test_a_daemon_that_cannot_be_made_is_told_of_and_leaves_nothing(self):
        _, point = find_controller("pids") or self.skipTest("no controller pids here")
        cgroup = f"{point}/{self.name}-alone"
        os.mkdir(cgroup)
        self.undo.insert(0, lambda: os.rmdir(cgroup))
        with open(os.path.join(cgroup, "pids.max"), "w", encoding="utf-8") as file:
            file.write("1")
        done = self.begin("sh", "-c", f'echo $$ > {cgroup}/cgroup.procs && exec "$@"', "sh")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(b"make process", done.stderr)
        self.assertIn(b"EAGAIN", done.stderr)
        self.assert_nothing_is_left()

    def test_many_at_once_for_one_pod_have_one_shim(self):
        self.config("/probe", "sleep", change=lambda config: config.update(
            annotations={"io.kubernetes.cri.sandbox-id": "pod"}))
        started = [subprocess.Popen(self.command(), cwd=self.bundle, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                   for _ in range(8)]
        answers = {process.communicate(timeout=20) for process in started}
        self.assertEqual({process.returncode for process in started}, {0})
        self.assertEqual(len(answers), 1, answers)
        self.address = answers.pop()[0].decode()
        self.wait_for(lambda: len(self.daemons()) == 1, "all but one to be over")
        self.client = self.connect()
        self.shim_pid = self.ask("Connect")["shim_pid"]
        self.assertEqual(self.daemons(), [self.shim_pid])
        self.shim_pids.append(self.shim_pid)
        self.shut_down()


if __name__ == "__main__":
    main()
