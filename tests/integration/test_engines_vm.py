#!/usr/bin/env python3
"""Docker and Podman themselves, with cleat where runc, crun or containerd's shim is otherwise: what
users do with them, and the same answers. For a machine of its own (tools/test-vm): the engines make
slices and networks as they like."""
import json
import os
import shutil
import subprocess
import tempfile
import time

import containerd
from harness import SLOWNESS, CleatTest, main, mount
from host import RUN

UNIFIED = "/sys/fs/cgroup"
SHIM = "io.containerd.cleat.v2"


class Engine(CleatTest):
    """An engine with a store of its own. `program` is what its users call."""
    program, daemon, image = "", "", "box"
    complaint = ""  # of the last command that may fail
    AT_ONCE = ()  # the options of `rm -f` without which it would first ask the process to end

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.unable = cls.why_not()
        if not cls.unable:
            cls.home = tempfile.mkdtemp(prefix=RUN + "-")
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            cls.begin()
            with open(f"{cls.home}/root.tar", "wb") as file:
                file.write(containerd.layer())
            cls.did("import", f"{cls.home}/root.tar", cls.image)

    @classmethod
    def tearDownClass(cls):
        if not cls.unable:
            cls.finish()
            shutil.rmtree(cls.home, ignore_errors=True)

    @classmethod
    def why_not(cls):
        if "CLEAT_OWN_MACHINE" not in os.environ:
            return "for a machine of its own: CLEAT_OWN_MACHINE"
        if not os.path.exists(UNIFIED + "/cgroup.controllers"):
            return "for cgroup v2 alone"
        if not os.path.isdir("/run/systemd/system"):
            return "systemd does not run here"
        for name in (cls.program, cls.daemon, cls.other):
            if name and not shutil.which(name):
                return f"no {name}"
        return None if cls.flavour == "cleat" else f"{cls.flavour} is what cleat is compared with"

    def setUp(self):
        super().setUp()
        if self.unable:
            self.skipTest(self.unable)
        self.undo.append(lambda: self.engine("rm", "-f", *self.AT_ONCE, *self.names))
        self.names = []

    @classmethod
    def engine(cls, *arguments):
        return subprocess.run([*cls.command(), *arguments], capture_output=True, text=True,
                              check=False, env=cls.environment, stdin=subprocess.DEVNULL,
                              timeout=60 * SLOWNESS)

    @classmethod
    def did(cls, *arguments):
        done = cls.engine(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout.strip()

    @classmethod
    def result(cls, *arguments):
        """(status, what is said) of a command that may fail."""
        done = cls.engine(*arguments)
        cls.complaint = done.stderr
        return done.returncode, done.stdout.strip()

    def left_over(self):
        """The engine's own daemons and mounts stay as long as the class."""
        return [each for each in super().left_over() if self.home not in each]

    def name_of(self, runtime):
        self.names.append(f"{self.name}-{len(self.names)}-{os.path.basename(runtime)}")
        return self.names[-1]

    def cgroup_of(self, name):
        with open(f"/proc/{self.did('inspect', '-f', '{{.State.Pid}}', name)}/cgroup",
                  encoding="utf-8") as file:
            return UNIFIED + file.read().strip().removeprefix("0::")

    def same(self, ask):
        """What `ask(runtime)` finds is what it finds with the engine's own runtime."""
        expected = ask(self.other)
        os.chown("/dev/null", 0, 0)  # crun gives its stdin, which is the host's, to the user
        for runtime in self.runtimes:
            with self.subTest(runtime=runtime):
                found = ask(runtime)
                self.assertEqual(found, expected, self.complaint)
        return expected

    def once(self, runtime, *command, options=()):
        return self.result("run", "--rm", *self.RUN, "--runtime", self.path_of(runtime), *options,
                           self.image, *command)

    def detached(self, runtime, *command, options=()):
        name = self.name_of(runtime)
        self.did("run", "-d", "--name", name, *self.RUN, "--runtime", self.path_of(runtime),
                 *options, self.image, *command)
        return name

    def state(self, name, *fields):
        state = json.loads(self.did("inspect", name))[0]["State"]
        return tuple(state[field] for field in fields)


class Common:
    """What is asked of every engine."""

    def test_a_process_its_output_and_its_status(self):
        self.assertEqual(self.same(lambda runtime: self.once(
            runtime, "sh", "-c", "echo out; exit 7")), (7, "out"))

    def test_options_of_a_process(self):
        options = ("--user", "7:8", "--workdir", "/tmp", "--env", "A=b c", "--read-only",
                   "--cap-drop", "ALL", "--cap-add", "CHOWN", "--hostname", "named", "--ulimit",
                   "nofile=99:99", "--security-opt", "no-new-privileges")
        script = ("id -u; id -g; pwd; echo $A; touch /x || echo read-only; ulimit -n; hostname; "
                  "grep -E '^(Cap|Sec|NoNew)' /proc/self/status")
        code, out = self.same(lambda runtime: self.once(runtime, "sh", "-c", script,
                                                        options=options))
        self.assertEqual((code, out.split("\n")[:7]),
                         (0, ["7", "8", "/tmp", "b c", "read-only", "99", "named"]))

    def test_limits_are_in_the_cgroup_and_can_be_changed(self):
        def ask(runtime):
            name = self.detached(runtime, "sleep", "1000", options=(
                "--memory", "64m", "--pids-limit", "50", "--cpus", "0.5", "--cpu-shares", "512"))
            cgroup = self.cgroup_of(name)
            found = [self.values(cgroup, runtime)]
            self.did("update", "--memory", "80m", "--memory-swap", "80m", "--cpus", "0.25", name)
            found.append(self.values(cgroup, runtime))
            self.did("rm", "-f", *self.AT_ONCE, name)
            self.assertFalse(os.path.exists(cgroup), cgroup)
            return found
        first, second = self.same(ask)
        self.assertEqual(first, [str(64 << 20), "50", "50000 100000", "59"])
        self.assertEqual(second, [str(80 << 20), "50", "25000 100000", "59"])

    def values(self, cgroup, runtime):
        found = []
        for name in ("memory.max", "pids.max", "cpu.max", "cpu.weight"):
            with open(f"{cgroup}/{name}", encoding="utf-8") as file:
                found.append(file.read().strip())
        if runtime == self.other and found[-1] == "20":
            found[-1] = "59"  # 512 shares by the linear rule, which runc and crun had until 2025
        return found

    def test_more_processes_and_the_log(self):
        def ask(runtime):
            name = self.detached(runtime, "sh", "-c", "echo begun; exec sleep 1000")
            found = [self.result("exec", name, "sh", "-c", "echo in; exit 3"),
                     self.result("exec", "-u", "5", "-e", "A=b", name, "sh", "-c", "id -u; echo $A"),
                     self.result("exec", name, "nosuch")[0],
                     self.result("exec", "-t", name, "sh", "-c", "test -t 0 && echo terminal")]
            self.wait_for(lambda: self.did("logs", name), "the log")
            found.append(self.did("logs", name))
            self.did("rm", "-f", *self.AT_ONCE, name)
            return found
        self.assertEqual(self.same(ask), [(3, "in"), (0, "5\nb"), self.NO_SUCH_MEMBER,
                                          (0, "terminal"), "begun"])

    def test_pause_stop_and_start_again(self):
        def ask(runtime):
            name = self.detached(runtime, "sh", "-c",
                                 "trap 'exit 5' TERM; echo ready; while :; do sleep 0.1; done")
            self.wait_for(lambda: self.did("logs", name), "the trap")
            self.did("pause", name)
            found = [self.state(name, "Status")]
            self.did("unpause", name)
            self.did("stop", "-t", str(int(10 * SLOWNESS)), name)
            found.append(self.state(name, "Status", "ExitCode"))
            self.did("start", name)
            found.append(self.state(name, "Status"))
            self.did("kill", name)
            self.did("wait", name)
            found.append(self.state(name, "ExitCode"))
            self.did("rm", name)
            return found
        self.assertEqual(self.same(ask), [("paused",), ("exited", 5), ("running",), (137,)])

    def test_an_oom_is_noticed(self):
        def ask(runtime):
            name = self.detached(runtime, "sh", "-c", "dd if=/dev/zero of=/dev/null bs=100M",
                                 options=("--memory", "16m", "--memory-swap", "16m"))
            self.did("wait", name)
            found = self.state(name, "OOMKilled", "ExitCode")
            self.did("rm", name)
            return found
        # Not beside the other runtime, whose monitor may come too late to see it.
        for runtime in self.runtimes:
            with self.subTest(runtime=runtime):
                self.assertEqual(ask(runtime), (True, 137), self.complaint)

    def test_what_is_not_there_is_said(self):
        code, _ = self.same(lambda runtime: self.once(runtime, "/nosuch"))
        self.assertEqual(code, 127)
        code, _ = self.same(lambda runtime: self.once(runtime, "/etc"))
        self.assertEqual(code, 126)


class Docker(Engine):
    """A dockerd and a containerd of its own: cleat as a runtime of daemon.json, and cleat's shim by
    its type. A dockerd that starts its containerd itself waits 15 seconds for it, and no longer."""
    program, daemon, other, driver = "docker", "dockerd", "runc", "systemd"
    NO_SUCH_MEMBER = 126  # the status of `exec` of what is not there
    runtimes = ("cleat", SHIM)
    RUN = ("--network", "none")
    process = None

    @classmethod
    def why_not(cls):
        reason = super().why_not() or containerd.missing()
        if not reason:
            said = subprocess.run([cls.daemon, "--version"], capture_output=True, text=True,
                                  check=True).stdout
            if int(said.split("version ")[1].split(".")[0]) < 23:
                reason = "Docker before 23 takes no shim by its type"
        return reason

    @classmethod
    def command(cls):
        return ["docker", "-H", f"unix://{cls.home}/d.sock"]

    @staticmethod
    def path_of(runtime):
        return runtime

    @classmethod
    def begin(cls):
        cls.containerd = containerd.Containerd(cls.home + "/c", cls.runtime, "moby")
        cls.containerd.start()
        cls.environment = cls.containerd.environment | {"DOCKER_CONFIG": cls.home + "/client"}
        with open(cls.home + "/daemon.json", "w", encoding="utf-8") as file:
            json.dump({"runtimes": {"cleat": {"path": cls.runtime}}, "data-root": cls.home + "/data",
                       "exec-root": cls.home + "/exec", "pidfile": cls.home + "/pid",
                       "containerd": cls.containerd.address,
                       "hosts": [f"unix://{cls.home}/d.sock"], "bridge": "none",
                       "iptables": False, "ip6tables": False, "storage-driver": "overlay2",
                       "exec-opts": ["native.cgroupdriver=" + cls.driver]}, file)
        cls.log = open(cls.home + "/log", "wb")
        cls.process = subprocess.Popen(["dockerd", "--config-file", cls.home + "/daemon.json"],
                                       env=cls.environment, stdin=subprocess.DEVNULL,
                                       stdout=cls.log, stderr=cls.log)
        deadline = time.monotonic() + 60 * SLOWNESS
        while cls.engine("version").returncode != 0:
            if cls.process.poll() is not None or time.monotonic() > deadline:
                with open(cls.home + "/log", encoding="utf-8") as file:
                    raise RuntimeError("dockerd does not answer: " + file.read()[-2000:])
            time.sleep(0.2)

    @classmethod
    def finish(cls):
        cls.process.terminate()
        cls.process.wait()
        cls.log.close()
        cls.containerd.stop()


    def test_a_mount_that_is_read_only_is_so_with_all_below_it(self):
        """Docker asks `runtime features` whether it may ask for it; a shim has none to ask."""
        os.makedirs(self.path("volume/below"))
        mount("tmpfs", self.path("volume/below"), "tmpfs")
        self.undo.append(lambda: subprocess.run(["umount", self.path("volume/below")], check=True))
        for kind, expected in (("readonly", "no"), ("writable", "yes")):
            with self.subTest(kind=kind):
                options = ("--mount", f"type=bind,src={self.path('volume')},dst=/mnt,readonly,"
                                      f"bind-propagation=rprivate,bind-recursive={kind}")
                self.assertEqual(self.once("cleat", "sh", "-c", "touch /mnt/below/x 2>/dev/null && "
                                           "echo yes || echo no", options=options), (0, expected))


class DockerBySystemd(Common, Docker):
    pass


class DockerByItself(Common, Docker):
    driver = "cgroupfs"


class Podman(Engine):
    NO_SUCH_MEMBER = 127
    program, daemon, other, manager = "podman", "conmon", "crun", "systemd"
    AT_ONCE = ("-t", "0")
    runtimes = ("cleat",)
    RUN = ("--network", "none")

    @classmethod
    def path_of(cls, runtime):
        return cls.runtime if runtime == "cleat" else shutil.which(runtime)

    @classmethod
    def command(cls):
        return ["podman", "--root", cls.home + "/root", "--runroot", cls.home + "/run", "--tmpdir",
                cls.home + "/tmp", "--cgroup-manager", cls.manager, "--storage-driver", "overlay"]

    def once(self, runtime, *command, options=()):
        return self.result("--runtime", self.path_of(runtime), "run", "--rm", *self.RUN, *options,
                           self.image, *command)

    def detached(self, runtime, *command, options=()):
        name = self.name_of(runtime)
        self.did("--runtime", self.path_of(runtime), "run", "-d", "--name", name, *self.RUN,
                 *options, self.image, *command)
        return name

    @classmethod
    def begin(cls):
        conf = cls.home + "/containers.conf"
        with open(conf, "w", encoding="utf-8") as file:
            file.write('[engine]\nevents_logger = "file"\nruntime_supports_json = ["cleat"]\n'
                       'runtime_supports_nocgroups = ["cleat"]\n')
        cls.environment = os.environ | {"CONTAINERS_CONF": conf}

    @classmethod
    def finish(cls):
        cls.engine("rm", "-fa", "-t", "0")
        subprocess.run(["umount", "-l", cls.home + "/root/overlay"], check=False,
                       stderr=subprocess.DEVNULL)


    def test_a_user_namespace(self):
        options = ("--uidmap", "0:100000:1000", "--gidmap", "0:200000:1000")
        code, out = self.same(lambda runtime: self.once(
            runtime, "cat", "/proc/self/uid_map", "/proc/self/gid_map", options=options))
        self.assertEqual((code, out.split()), (0, "0 100000 1000 0 200000 1000".split()))


class PodmanBySystemd(Common, Podman):
    pass


class PodmanByItself(Common, Podman):
    manager = "cgroupfs"


if __name__ == "__main__":
    main()
