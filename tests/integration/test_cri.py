#!/usr/bin/env python3
"""cleat as Kubernetes sees it: pods and containers over containerd's CRI."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from bundle import capability_names
from cri import Containerd, image_archive
from harness import SLOWNESS, main, probe_path, runtime_path
from host import Host, reap
from layout import FILES, find_controller
from streaming import STDIN, STDOUT, Stream

try:
    import grpc
except ImportError:
    grpc = None
    DEBIAN = "/usr/bin/python3"  # has Debian's modules, which another Python first in PATH has not
    if os.path.exists("/usr/lib/python3/dist-packages/grpc") and sys.executable != DEBIAN:
        os.execv(DEBIAN, [DEBIAN, *sys.argv])

NODE, POD, OWN = 2, 0, 1  # of NamespaceMode
CREATED, RUNNING, EXITED = 0, 1, 2
IMAGE = "docker.io/local/box:1"


def why_not():
    if grpc is None:
        return "no Python module grpc (python3-grpcio)"
    for program in ("containerd", "ctr", "busybox"):
        if shutil.which(program) is None:
            return f"no {program}"
    return None


class Cri(unittest.TestCase):
    """One containerd for all tests; each has a pod of its own."""
    handler = "cleat"
    runtime_type, shims = "io.containerd.runc.v2", None  # where containerd looks first for shims

    @classmethod
    def setUpClass(cls):
        if reason := why_not():
            raise unittest.SkipTest(reason)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        cls.top = tempfile.mkdtemp(prefix="cleat-cri.")
        cls.before = Host()
        archive = f"{cls.top}/image.tar"
        busybox = shutil.which("busybox")
        links = {f"bin/{name}": "->busybox" for name in ("sh", "sleep", "cat", "true", "head", "ls",
                                                         "dd", "hostname")}
        image_archive(archive, IMAGE, {"bin/busybox": busybox, "probe": probe_path()} | links)
        path = f"{cls.shims}:{os.environ['PATH']}" if cls.shims else None
        binary = None if cls.shims else runtime_path()
        cls.containerd = Containerd(cls.top, {"cleat": (cls.runtime_type, binary)}, path)
        cls.containerd.load(archive)
        cls.cri = cls.containerd.client()

    @classmethod
    def tearDownClass(cls):
        cls.cri.channel.close()
        cls.containerd.stop()
        reap()
        shutil.rmtree(cls.top, ignore_errors=True)

    def setUp(self):
        self.number = 0
        self.settled = Host()
        self.pod_config = {
            "metadata": {"name": self.id().rpartition(".")[2], "uid": str(time.time_ns()),
                         "namespace": "test"},
            "log_directory": f"{self.top}/logs",
            "linux": {"security_context": {"namespace_options": {"network": NODE, "pid": OWN}}}}
        os.makedirs(f"{self.top}/logs", exist_ok=True)
        self.pod = None

    def tearDown(self):
        if self.pod:
            self.cri.StopPodSandbox(id=self.pod)
            self.cri.RemovePodSandbox(id=self.pod)
        deadline = time.monotonic() + 10 * SLOWNESS
        while True:
            reap()
            left = Host().left_over(self.settled)
            if not left or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.assertEqual(left, [], "left over")

    # -- what tests are written in --

    def run_pod(self, **changes):
        self.pod_config |= changes
        reply = self.cri.RunPodSandbox(config=self.pod_config, runtime_handler=self.handler)
        self.pod = reply["id"]

    def create(self, *command, security=None, resources=None, **more):
        if self.pod is None:
            self.run_pod()
        self.number += 1
        security = {"namespace_options": {"network": NODE, "pid": OWN}} | (security or {})
        config = {"metadata": {"name": f"c{self.number}"}, "image": {"image": IMAGE},
                  "command": list(command), "log_path": f"{self.pod}-{self.number}.log",
                  "linux": {"resources": resources or {}, "security_context": security}} | more
        reply = self.cri.CreateContainer(pod=self.pod, config=config,
                                         sandbox_config=self.pod_config)
        return reply["container_id"]

    def start(self, *command, **options):
        container = self.create(*command, **options)
        self.cri.StartContainer(container_id=container)
        return container

    def status(self, container):
        return self.cri.ContainerStatus(container_id=container)["status"]

    def ended(self, container, seconds=30):
        deadline = time.monotonic() + seconds * SLOWNESS
        while (status := self.status(container))["state"] != EXITED:
            self.assertLess(time.monotonic(), deadline, f"still there: {status}")
            time.sleep(0.05)
        return status

    def exec(self, container, *command, timeout=0):
        return self.cri.ExecSync(container_id=container, cmd=list(command), timeout=timeout)

    def report(self, *sysctls, **options):
        """What the probe says in a container; from its log."""
        container = self.start("/probe", "report", *sysctls, **options)
        status = self.ended(container)
        self.assertEqual(status["exit_code"], 0, status)
        return json.loads("".join(text for _, text in self.log_of(self.number)))

    def log_of(self, number):
        """[(stream, text)] of a container's log: `TIME STREAM F|P TEXT`."""
        with open(f"{self.top}/logs/{self.pod}-{number}.log", encoding="utf-8") as file:
            parts = [line.rstrip("\n").split(" ", 3) for line in file]
        return [(stream, text) for _, stream, _, text in parts]

    # -- tests --

    def test_a_container_of_a_pod_runs_and_its_exit_status_arrives(self):
        for code, reason in ((0, "Completed"), (7, "Error")):
            status = self.ended(self.start("sh", "-c", f"echo out; echo err >&2; exit {code}"))
            self.assertEqual((status["exit_code"], status["reason"]), (code, reason))
            self.assertEqual(sorted(self.log_of(self.number)),
                             [("stderr", "err"), ("stdout", "out")])

    def test_exec_gives_output_and_status(self):
        container = self.start("sleep", "1000")
        reply = self.exec(container, "sh", "-c", "echo out; echo err >&2; exit 3")
        self.assertEqual((reply["stdout"], reply["stderr"], reply["exit_code"]),
                         (b"out\n", b"err\n", 3))
        for _ in range(10):
            self.assertEqual(self.exec(container, "true")["exit_code"], 0)

    def stream(self, reply):
        stream = Stream(reply["url"], 30 * SLOWNESS)
        self.addCleanup(stream.close)
        return stream

    def test_an_exec_with_a_terminal_that_is_resized(self):
        container = self.start("sleep", "1000")
        script = ("test -t 0 && echo terminal; read a; "
                  "until test \"$(busybox stty size)\" = '33 99'; do sleep 0.1; done; "
                  "echo got:$a; exit 3")
        stream = self.stream(self.cri.Exec(container_id=container, tty=True, stdin=True,
                                           stdout=True, cmd=["sh", "-c", script]))
        stream.until(STDOUT, b"terminal")
        stream.resize(99, 33)
        stream.send(STDIN, b"word\n")
        stream.until(STDOUT, b"got:word")
        self.assertEqual(stream.end(), 3)

    def test_a_container_goes_on_between_clients_that_are_attached_to_it(self):
        container = self.start("cat", stdin=True)
        for word in (b"one\n", b"two\n"):
            stream = self.stream(self.cri.Attach(container_id=container, stdin=True, stdout=True,
                                                 stderr=True))
            stream.send(STDIN, word)
            stream.until(STDOUT, word)
            stream.close()
        self.assertEqual(self.status(container)["state"], RUNNING)

    def test_a_pod_with_a_user_and_a_network_namespace_of_its_own(self):
        version = self.cri.Version()["runtime_version"].lstrip("v")
        if tuple(int(part) for part in version.split(".")[:2]) < (1, 7):
            self.skipTest(f"containerd {version} knows no user namespaces, 1.7 does")
        mapping = [{"host_id": 1 << 20, "container_id": 0, "length": 1 << 16}]
        own = {"namespace_options": {"network": POD, "pid": OWN, "userns_options": {
            "mode": POD, "uids": mapping, "gids": mapping}}}
        self.run_pod(hostname="named", linux={"security_context": own})
        container = self.start("sleep", "1000", security=own)
        inside = self.exec(container, "sh", "-c", "cat /proc/self/uid_map; hostname; : >/new")
        self.assertEqual(inside["stdout"].split(), [b"0", b"1048576", b"65536", b"named"])
        self.assertEqual((inside["stderr"], inside["exit_code"]), (b"", 0))
        status = os.stat(f"/proc/{self.host_pid(container)}")
        self.assertEqual((status.st_uid, status.st_gid), (1 << 20, 1 << 20))
        kinds = self.namespaces(container)
        for kind in ("user", "net", "mnt", "pid", "ipc", "uts"):
            self.assertNotEqual(kinds[kind], os.readlink("/proc/self/ns/" + kind), kind)

    def test_an_exec_that_takes_too_long_is_ended(self):
        container = self.start("sleep", "1000")
        with self.assertRaises(grpc.RpcError) as error:
            self.exec(container, "sleep", "999", timeout=1)
        self.assertIn("timeout", error.exception.details())
        pids = self.exec(container, "sh", "-c", "ls -d /proc/[0-9]*")["stdout"].split()
        self.assertLess(len(pids), 4, pids)
        self.assertEqual(self.status(container)["state"], RUNNING)

    def test_a_command_that_is_missing_is_named(self):
        container = self.create("/nowhere/program")
        with self.assertRaises(grpc.RpcError) as error:
            self.cri.StartContainer(container_id=container)
        self.assertIn("/nowhere/program", error.exception.details())
        self.assertIn("no such file or directory", error.exception.details())
        self.assertEqual(self.status(container)["state"], EXITED)
        with self.assertRaises(grpc.RpcError) as error:
            self.exec(self.start("sleep", "1000"), "nowhere")
        self.assertIn("nowhere", error.exception.details())

    def test_stop_terminates_and_then_kills(self):
        polite = self.start("sh", "-c", "trap 'exit 5' TERM; while :; do sleep 0.1; done")
        stubborn = self.start("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
        time.sleep(0.5)
        self.cri.StopContainer(container_id=polite, timeout=20)
        self.assertEqual(self.status(polite)["exit_code"], 5)
        self.cri.StopContainer(container_id=stubborn, timeout=1)
        self.assertEqual(self.status(stubborn)["exit_code"], 137)

    def test_removing_a_pod_takes_its_running_containers(self):
        containers = [self.start("sleep", "1000") for _ in range(3)]
        self.cri.StopPodSandbox(id=self.pod)
        for container in containers:
            self.assertEqual(self.status(container)["state"], EXITED)
        self.assertEqual(self.cri.PodSandboxStatus(id=self.pod)["status"]["state"], 1)

    def test_limits_are_set_and_changed_while_it_runs(self):
        container = self.start("sleep", "1000", resources={
            "memory_limit_in_bytes": 64 << 20, "cpu_shares": 512, "cpu_quota": 50000,
            "cpu_period": 100000, "cpuset_cpus": "0"})
        self.assertEqual(self.limit(container, "memory"), str(64 << 20))
        self.assertEqual(self.limit(container, "shares"), self.shares("512", "59"))
        self.assertEqual(self.limit(container, "cpus"), "0")
        self.cri.UpdateContainerResources(container_id=container, linux={
            "memory_limit_in_bytes": 96 << 20, "cpu_shares": 256, "cpu_quota": 25000,
            "cpu_period": 100000})
        self.assertEqual(self.limit(container, "memory"), str(96 << 20))
        self.assertEqual(self.limit(container, "shares"), self.shares("256", "35"))
        self.assertEqual(self.limit(container, "quota").split()[0], "25000")

    @staticmethod
    def shares(v1, v2):
        return (v1, v2)[find_controller("cpu")[0] - 1]

    def limit(self, container, what):
        """What the container's cgroup says, of whatever generation has the controller."""
        controller, *names = FILES[what]
        generation, point = find_controller(controller) or self.skipTest(f"no {controller} here")
        with open(f"/proc/{self.host_pid(container)}/cgroup", encoding="utf-8") as text:
            paths = dict(line.rstrip("\n").split(":", 2)[1:] for line in text)
        path = next(path for controllers, path in paths.items()
                    if controllers == "" and generation == 2 or controller in controllers.split(","))
        with open(f"{point}{path}/{names[generation - 1]}", encoding="utf-8") as value:
            return value.read().strip()

    def host_pid(self, container):
        out = subprocess.run(["ctr", "-a", self.containerd.socket, "-n", "k8s.io", "task", "ls"],
                             check=True, capture_output=True, text=True).stdout
        return next(line.split()[1] for line in out.splitlines() if line.startswith(container))

    def test_too_much_memory_is_told_as_the_reason(self):
        container = self.start("sh", "-c", "head -c 100000000 /dev/zero | dd of=/dev/null bs=90M "
                               "iflag=fullblock; exit 9", resources={
                                   "memory_limit_in_bytes": 16 << 20})
        status = self.ended(container)
        self.assertEqual(status["reason"], "OOMKilled", status)

    def test_statistics_say_what_is_used(self):
        container = self.start(
            "sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; sleep 99")
        time.sleep(1)
        stats = self.cri.ContainerStats(container_id=container)["stats"]
        self.assertGreater(stats["cpu"]["usage_core_nano_seconds"]["value"], 10 ** 6)
        self.assertGreater(stats["memory"]["working_set_bytes"]["value"], 4096)

    def test_containers_of_a_pod_share_its_pid_namespace(self):
        shared = {"namespace_options": {"network": NODE, "pid": POD}}
        self.run_pod(linux={"security_context": shared})
        self.start("sleep", "4711", security=shared)
        second = self.start("sleep", "1000", security=shared)
        seen = self.exec(second, "sh", "-c", "cat /proc/[0-9]*/cmdline")["stdout"]
        self.assertIn(b"4711", seen)
        self.assertIn(b"1000000", seen, "the pod's own process")

    def test_containers_of_a_pod_share_its_ipc_and_uts_namespaces(self):
        first, second = (self.namespaces(self.start("sleep", "1000")) for _ in range(2))
        for kind in ("ipc", "uts"):
            self.assertEqual(first[kind], second[kind], kind)
        for kind in ("mnt", "pid"):
            self.assertNotEqual(first[kind], second[kind], kind)

    def namespaces(self, container):
        """{kind: its number}, of a container that runs."""
        directory = f"/proc/{self.host_pid(container)}/ns"
        return {kind: os.readlink(f"{directory}/{kind}") for kind in os.listdir(directory)}

    def test_the_security_context_holds(self):
        report = self.report(security={
            "run_as_user": {"value": 1234}, "run_as_group": {"value": 4321},
            "supplemental_groups": [7, 8], "no_new_privs": True, "readonly_rootfs": True,
            "capabilities": {"add_capabilities": ["NET_ADMIN"], "drop_capabilities": ["CHOWN"]}})
        self.assertEqual((report["uid"], report["gid"]), (1234, 4321))
        self.assertEqual(set(report["groups"]) - {4321}, {7, 8})
        self.assertIs(bool(report["no_new_privs"]), True)
        bounding = capability_names(report["capabilities"]["bounding"])
        self.assertIn("CAP_NET_ADMIN", bounding)
        self.assertNotIn("CAP_CHOWN", bounding)
        self.assertEqual(report["capabilities"]["effective"], [])

    def test_the_default_seccomp_profile_is_loaded_unless_it_is_unconfined(self):
        for kind, mode in ((0, b"2"), (1, b"0")):
            container = self.start("sleep", "1000", security={"seccomp": {"profile_type": kind}})
            status = self.exec(container, "cat", "/proc/1/status")["stdout"]
            self.assertIn(b"Seccomp:\t" + mode, status)

    def test_mounts_and_environment_are_as_asked(self):
        os.makedirs(f"{self.top}/volume", exist_ok=True)
        with open(f"{self.top}/volume/file", "w", encoding="utf-8") as file:
            file.write("content")
        container = self.start("sleep", "1000", envs=[{"key": "NAME", "value": "a=b c"}],
                               working_dir="/bin", mounts=[
                                   {"container_path": "/ro", "host_path": f"{self.top}/volume",
                                    "readonly": True},
                                   {"container_path": "/rw", "host_path": f"{self.top}/volume"}])
        self.assertEqual(self.exec(container, "cat", "/ro/file")["stdout"], b"content")
        self.assertNotEqual(self.exec(container, "sh", "-c", ": >/ro/new")["exit_code"], 0)
        self.assertEqual(self.exec(container, "sh", "-c", ": >/rw/new")["exit_code"], 0)
        self.assertTrue(os.path.exists(f"{self.top}/volume/new"))
        self.assertEqual(self.exec(container, "sh", "-c", "echo $NAME; cat /proc/1/environ")[
            "stdout"].split(b"\n")[0], b"a=b c")

    def test_a_sysctl_of_the_pod_is_set(self):
        linux = self.pod_config["linux"]
        self.run_pod(linux=linux | {"sysctls": {"kernel.shm_rmid_forced": "1"}})
        container = self.start("sleep", "1000")
        value = self.exec(container, "cat", "/proc/sys/kernel/shm_rmid_forced")["stdout"]
        self.assertEqual(value, b"1\n")


if __name__ == "__main__":
    main()
