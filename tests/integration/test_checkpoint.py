#!/usr/bin/env python3
"""`checkpoint` and `restore`: with criu(8) where it works, and with programs that only claim to be."""
import json
import os
import shutil
import signal
import subprocess

from bundle import bind, filesystem, mounts_of
from console import ConsoleSocket
from harness import CleatTest, main, read_back
from host import cgroup_mounts, no_criu

COUNT = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.1; done"

# A file of the host's that is open in the container is none that CRIU finds in it.
NO_FILES = ("sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh")

# A shell's background jobs ignore some signals, and what they execute does.
HEEDFUL = ("env", "--default-signal=INT,QUIT,HUP,TERM")

WHY_NOT = no_criu()


class Checkpointing(CleatTest):
    # The programs by which CRIU holds packets back need not be there.
    LOCK = () if shutil.which("iptables-restore") else ("--network-lock", "skip")

    def setUp(self):
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        super().setUp()
        # CRIU looks at sockets of its own first, and this network namespace is new.
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        self.images, self.work = self.path("images"), self.path("work")

    def counter(self, change=None):
        """A running container that counts."""
        def with_tmp(config):
            config["mounts"].append(filesystem("/tmp", "tmpfs", "nosuid", "nodev"))
            if change:
                change(config)
        self.config("/bin/sh", "-c", COUNT, change=with_tmp)
        self.create(wrap=NO_FILES)
        self.ok("start", self.cid)
        self.wait_for(lambda: self.count() > 2, "the container to count")

    def count(self):
        return int(self.exec("/bin/cat", "/tmp/count").out.strip() or 0)

    def checkpoint(self, *flags, images=None):
        return self.ok("checkpoint", "--image-path", images or self.images, "--work-path",
                       self.work, *self.LOCK, *flags, self.cid)

    def restore(self, *flags):
        return self.ok("restore", "--image-path", self.images, "--work-path", self.work,
                       *self.LOCK, "--bundle", self.bundle, "--detach", "--pid-file", self.path("pid"), *flags,
                       self.cid)

    def test_processes_go_on_where_they_were(self):
        self.counter()
        self.checkpoint()
        self.refused("state", self.cid, text="container does not exist")
        self.assert_nothing_left()
        with open(os.path.join(self.images, "descriptors.json"), encoding="utf-8") as file:
            self.assertEqual(len(json.load(file)), 3)
        self.restore("-no-subreaper")
        state = self.state()
        self.assertEqual(state["status"], "running")
        with open(self.path("pid"), encoding="utf-8") as file:
            self.assertEqual(file.read(), str(state["pid"]))
        first = self.count()
        self.assertGreater(first, 2)
        self.wait_for(lambda: self.count() > first, "the container to count on")
        with open(f"/proc/{state['pid']}/cgroup", encoding="utf-8") as file:
            self.assertIn(self.cgroup, file.read())
        self.ok("pause", self.cid)
        self.ok("resume", self.cid)
        self.delete("--force")
        self.assert_nothing_left()

    def test_a_container_may_be_left_running(self):
        self.counter()
        self.checkpoint("--leave-running", "--leave-running")
        first = self.count()
        self.wait_for(lambda: self.count() > first, "the container to count on")

    def test_a_container_goes_on_whenever_its_dump_is_interrupted(self):
        self.counter()
        for wait in (0.0, 0.05, 0.2, 0.5):
            log = os.path.join(self.work, "dump.log")
            if os.path.exists(log):
                os.remove(log)
            process, *_ = self.start_call(
                "checkpoint", "--image-path", self.images, "--work-path", self.work, *self.LOCK,
                "--leave-running", self.cid, wrap=HEEDFUL)
            self.wait_for(lambda: os.path.exists(log), "criu to work")
            self.wait_call(process, wait)
            process.send_signal(signal.SIGTERM)
            self.assertIn(self.wait_call(process, 10), (0, 1))
            first = self.count()
            self.wait_for(lambda: self.count() > first, "the container to count on")

    def test_memory_that_was_dumped_before_is_found_again(self):
        if subprocess.run(["criu", "check", "--feature", "mem_dirty_track"], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest("this kernel does not track changes of memory")
        self.counter()
        self.checkpoint("--pre-dump", images=self.path("before"))
        first = self.count()
        self.wait_for(lambda: self.count() > first, "the container to count on")
        self.refused("checkpoint", "--image-path", self.images, "--parent-path",
                     self.path("before"), self.cid, text="--parent-path must be relative")
        self.refused("checkpoint", "--image-path", self.images, "--parent-path", "../none",
                     self.cid, text="--parent-path: open ../none.*ENOENT")
        self.checkpoint("--parent-path", "../before")
        self.restore()
        self.assertGreaterEqual(self.count(), first)

    def test_restore_that_stays_gives_the_exit_status(self):
        self.counter()
        self.checkpoint()
        process, *_ = self.start_call("restore", "--image-path", self.images, *self.LOCK,
                                      "--bundle", self.bundle, self.cid)
        self.wait_for(lambda: os.path.exists(os.path.join(self.root, self.cid, "state.json")),
                      "the container to be there")
        self.ok("kill", self.cid, "KILL")
        self.assertEqual(self.wait_call(process, 10), 137)
        self.assert_nothing_left()

    def test_binds_come_from_where_the_configuration_has_them_now(self):
        for name in ("old", "new"):
            self.write_file(self.path(name, "file"), name)
        def change(config, name="old"):
            config["mounts"] += [bind(self.path(name), "/data"),
                                 bind(self.path(name, "file"), "/etc/one", "ro")]
        self.counter(change)
        self.checkpoint()
        config = self.read_config()
        config["mounts"] = config["mounts"][:-2]
        change(config, "new")
        self.write_config(config)
        self.restore()
        self.assertEqual(self.exec("/bin/cat", "/data/file", "/etc/one").out, "newnew")
        mounts = mounts_of(self.exec("/probe").json())
        self.assertIn("ro", mounts["/etc/one"]["options"])
        self.assertIn("ro", mounts["/proc/sys"]["options"])

    def read_config(self):
        with open(os.path.join(self.bundle, "config.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_a_network_namespace_that_was_joined_is_joined_again(self):
        holder = subprocess.Popen(["unshare", "--net", "sleep", "60"])
        self.undo.append(lambda: (holder.kill(), holder.wait()))
        self.wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") !=
                      os.readlink("/proc/self/ns/net"), "a network namespace")
        wanted = os.readlink(f"/proc/{holder.pid}/ns/net")
        def change(config):
            for namespace in config["linux"]["namespaces"]:
                if namespace["type"] == "network":
                    namespace["path"] = f"/proc/{holder.pid}/ns/net"
        self.counter(change)
        self.checkpoint()
        self.restore()
        self.assertEqual(os.readlink(f"/proc/{self.state()['pid']}/ns/net"), wanted)

    def test_a_terminal_is_sent_to_the_console_socket(self):
        console = ConsoleSocket(self)
        self.config("/bin/sh", "-c", "echo ready; read line; echo got $line; sleep 60",
                    terminal=True)
        self.create("--console-socket", console.path)
        console.receive()
        self.ok("start", self.cid)
        self.assertIn("ready", console.read_until("ready"))
        self.checkpoint()
        console.close()
        again = ConsoleSocket(self, "again.sock")
        process, command, _, err = self.start_call(
            "restore", "--image-path", self.images, *self.LOCK, "--bundle", self.bundle, "--detach",
            "--console-socket", again.path, self.cid)
        again.receive(20)
        self.assertEqual(self.wait_call(process, 20), 0, os.pread(err.fileno(), 2000, 0))
        os.write(again.master, b"it\n")
        self.assertIn("got it", again.read_until("got it"))

    def test_hooks_run_before_and_after(self):
        trace = self.path("trace")
        def change(config):
            hook = lambda name: [{"path": "/bin/sh",
                                  "args": ["sh", "-c", f"echo {name} >> {trace}; cat > /dev/null"]}]
            config["hooks"] = {name: hook(name) for name in ("prestart", "createRuntime",
                                                             "poststop")}
        self.counter(change)
        self.checkpoint()
        self.restore()
        self.delete("--force")
        with open(trace, encoding="utf-8") as file:
            self.assertEqual(file.read().split(), ["prestart", "createRuntime", "poststop"] * 2)

    def test_what_fails_says_what_criu_said_and_leaves_nothing(self):
        self.counter()
        self.checkpoint()
        os.remove(os.path.join(self.images, "inventory.img"))
        self.refused("restore", "--image-path", self.images, "--bundle", self.bundle, "--detach",
                     self.cid, text=r"criu failed \(see restore.log\): Error.*empty-image")
        self.assert_nothing_left()
        self.refused("restore", "--image-path", self.path("none"), "--bundle", self.bundle,
                     "--detach", self.cid, text="none.*ENOENT")
        self.assert_nothing_left()

    def test_the_features_document_says_that_it_can(self):
        annotations = self.ok("features", root=False).json()["annotations"]
        self.assertEqual(annotations["org.opencontainers.runc.checkpoint.enabled"], "true")
        self.assertEqual(annotations["run.oci.crun.checkpoint.enabled"], "true")


class Claims(CleatTest):
    """criu in PATH that is none, or that fails."""

    def call_with(self, script, *arguments, **options):
        self.write_file(self.path("bin", "criu"), script, 0o755)
        env = dict(os.environ, PATH=self.path("bin") + ":/usr/bin:/bin")
        return self.refused(*arguments, env=env, **options)

    def checkpoint(self, script, text):
        self.call_with(script, "checkpoint", "--image-path", self.path("images"), self.cid,
                       text=text, code=1)
        self.assertEqual(self.status(), "running")

    def test_without_criu_one_line_says_so(self):
        if any(os.path.exists(place + "/criu") for place in
               ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin")):
            self.skipTest("criu is installed here")
        self.sleeper()
        env = dict(os.environ, PATH="/usr/bin:/bin")
        for arguments in (("checkpoint", "--image-path", self.path("i"), self.cid),):
            self.refused(*arguments, env=env, text=f"{self.cid}: criu is not in PATH$", code=1)
        self.write_file(self.path("i", "descriptors.json"), "[]")
        self.refused("restore", "--image-path", self.path("i"), "--bundle", self.bundle, "-d",
                     "another", env=env, text="another: criu is not in PATH$", code=1)
        self.assertEqual(os.listdir(self.root), [self.cid])
        annotations = self.ok("features", root=False, env=env).json()["annotations"]
        self.assertEqual(annotations["org.opencontainers.runc.checkpoint.enabled"], "false")

    def test_one_that_ends_or_talks_nonsense_is_not_waited_for(self):
        self.sleeper()
        self.checkpoint("#!/bin/sh\nexit 3\n", "criu ended with status 3")
        self.checkpoint("#!/none\n", "execute .*/criu: .*ENOENT")
        self.checkpoint("#!/usr/bin/python3\nimport socket\ns = socket.socket(fileno=3)\n"
                        "s.recv(4096)\ns.send(b'\\x08')\ns.recv(1)\n", "answer that is none")

    def test_a_restore_that_is_killed_leaves_no_criu(self):
        self.config("/probe", "sleep")
        self.write_file(self.path("i", "descriptors.json"), "[]")
        self.write_file(self.path("bin", "criu"), "#!/usr/bin/python3\nimport time\n"
                        f"open({self.path('here')!r}, 'w')\ntime.sleep(60)\n", 0o755)
        env = dict(os.environ, PATH=self.path("bin") + ":/usr/bin:/bin")
        process, *_ = self.start_call("restore", "--image-path", self.path("i"), "--bundle",
                                      self.bundle, "-d", self.cid, env=env)
        self.wait_for(lambda: os.path.exists(self.path("here")), "criu to run")
        process.kill()
        process.wait()
        self.delete("--force")
        self.assert_nothing_left()

    def never_answers(self, before=""):
        """A criu that says its pid in a file, and then nothing more; an environment that finds it."""
        self.write_file(self.path("bin", "criu"), "#!/usr/bin/python3\nimport os, time\n" + before +
                        f"with open({self.path('new')!r}, 'w') as file: file.write(str(os.getpid()))\n"
                        f"os.rename({self.path('new')!r}, {self.path('pid')!r})\ntime.sleep(307)\n",
                        0o755)
        return dict(os.environ, PATH=self.path("bin") + ":/usr/bin:/bin")

    def interrupted(self, env, number, *arguments):
        """Once criu is there the call gets the signal; it ends criu, and says so."""
        process, _, _, err = self.start_call(*arguments, env=env, wrap=HEEDFUL)
        self.wait_for(lambda: os.path.exists(self.path("pid")), "criu to run")
        with open(self.path("pid"), encoding="utf-8") as file:
            criu = int(file.read())
        os.remove(self.path("pid"))
        process.send_signal(number)
        self.assertEqual(self.wait_call(process, 10), 1)
        name = signal.Signals(number).name
        self.assertRegex(read_back(err), f"^cleat: {arguments[0]} {self.cid}: {name} came, and criu "
                                         "was ended$")
        self.assertFalse(os.path.exists(f"/proc/{criu}"), "criu is there")

    def test_a_checkpoint_that_is_interrupted_ends_criu_and_the_container_goes_on(self):
        self.sleeper()
        point = self.cgroup_path("freezer") if "freezer" in cgroup_mounts() else None
        freeze = ((os.path.join(point, "freezer.state"), "FROZEN") if point else
                  (self.cgroup_path("unified") + "/cgroup.freeze", "1"))
        env = self.never_answers("with open({!r}, 'w') as file: file.write({!r})\n".format(*freeze))
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                self.interrupted(env, number, "checkpoint", "--image-path", self.path("i"), self.cid)
                self.assertEqual(self.status(), "running")
                self.assertEqual(self.exec("/bin/true").code, 0)
        self.ok("pause", self.cid)
        self.interrupted(env, signal.SIGTERM, "checkpoint", "--image-path", self.path("i"), self.cid)
        self.assertEqual(self.status(), "paused")
        self.ok("resume", self.cid)

    def test_a_signal_that_the_caller_ignores_does_not_end_criu(self):
        self.sleeper()
        env = self.never_answers()
        process, *_ = self.start_call("checkpoint", "--image-path", self.path("i"), self.cid, env=env,
                                      wrap=("env", "--default-signal=TERM", "--ignore-signal=INT"))
        self.wait_for(lambda: os.path.exists(self.path("pid")), "criu to run")
        process.send_signal(signal.SIGINT)
        self.assertIsNone(self.wait_call(process, 0.5))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.wait_call(process, 10), 1)

    def test_a_restore_that_is_interrupted_leaves_nothing(self):
        self.config("/probe", "sleep")
        self.write_file(self.path("i", "descriptors.json"), "[]")
        env = self.never_answers()
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                self.interrupted(env, number, "restore", "--image-path", self.path("i"), "--bundle",
                                 self.bundle, self.cid)
                self.assert_nothing_left()

    def test_what_is_asked_for_and_what_is_said_of_a_failure(self):
        """The request by its bytes: type DUMP, the flags' fields; errno and text of the answer."""
        self.sleeper()
        asked = self.path("asked")
        script = ("#!/usr/bin/python3\nimport socket\ns = socket.socket(fileno=3)\n"
                  f"open({asked!r}, 'wb').write(s.recv(65536))\n"
                  "s.send(b'\\x08\\x01\\x10\\x00\\x38\\x10\\x4a\\x04busy')\n")
        self.call_with(script, "checkpoint", "--image-path", self.path("images"), "--file-locks",
                       "--manage-cgroups-mode", "ignore", "--network-lock", "skip", "--empty-ns",
                       "network", self.cid, text=r"criu failed \(see dump.log\): busy.*\[EBUSY\]")
        with open(asked, "rb") as file:
            request = file.read()
        self.assertEqual(request[:3], b"\x08\x01\x12")
        for field in (b"\x40\x01", b"\x90\x02\x00", b"\x80\x04\x03", b"\xb0\x02\x80\x80\x80\x80\x04",
                      b"\x52\x08dump.log"):
            self.assertIn(field, request)

    def test_mounts_of_links_are_refused_before_criu_is_asked(self):
        """CRIU finds a mount by its path, which a link at the end would lead elsewhere."""
        os.symlink("nowhere", self.path("link"))
        for option, refused in (("src-nofollow", True), ("dest-nofollow", True),
                                ("copy-symlink", False)):
            with self.subTest(option):
                source = "/bin/sh" if option == "dest-nofollow" else self.path("link")
                self.sleeper(change=lambda c: c["mounts"].append(bind(source, "/" + option, option)))
                self.checkpoint("#!/bin/sh\nexit 3\n",
                                "CRIU does not know mounts with src-nofollow or dest-nofollow, as on "
                                f"/{option}$" if refused else "criu ended with status 3")
                self.delete("--force")

    def test_states_and_words_that_cannot_be(self):
        images = self.path("images")
        self.refused("checkpoint", "--image-path", images, "nobody", text="container does not exist")
        self.config("/probe", "sleep")
        self.create()
        self.refused("checkpoint", "--image-path", images, self.cid,
                     text="cannot be checkpointed in created state")
        self.refused("checkpoint", "--empty-ns", "mount", self.cid, text="--empty-ns")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.refused("checkpoint", "--image-path", images, self.cid, text="container not running")
        self.assertFalse(os.path.exists(images))


if __name__ == "__main__":
    main()
