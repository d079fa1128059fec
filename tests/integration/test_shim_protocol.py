#!/usr/bin/env python3
"""The shim without containerd: what it answers to every method and in which state, events in their
order, streams, and what is no protocol at all. Both sides of each message are protoc's."""
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

import ttrpc
from harness import CleatTest, SLOWNESS, main, mount
from host import RUN
from ttrpc import (EXHAUSTED, EXISTS, INVALID, NOT_FOUND, PRECONDITION, UNIMPLEMENTED, UNKNOWN,
                   Client, EventServer, Refused, as_bytes, as_list, decode, encode)

CREATED, RUNNING, STOPPED, PAUSED = 1, 2, 3, 4


class ShimTest(CleatTest):
    """A shim that was started for the bundle, and a connection to it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The state roots, and sockets whose paths would be too long elsewhere.
        os.makedirs("/run/containerd", exist_ok=True)
        mount("tmpfs", "/run/containerd", "tmpfs")

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["umount", "-l", "/run/containerd"], check=True)

    def setUp(self):
        super().setUp()
        if reason := ttrpc.missing():
            self.skipTest(reason)
        self.cleat_only("it has no shim of its own")
        self.name_space = self.name
        self.shim_pids, self.clients = [], []
        os.symlink(self.runtime, self.path("containerd-shim-cleat-v2"))
        self.events = EventServer(self.path("ttrpc.sock"))
        self.undo.append(self.end)

    def end(self):
        for client in self.clients:
            client.close()
        for pid in self.shim_pids:
            if os.path.exists(f"/proc/{pid}"):
                os.kill(pid, signal.SIGKILL)
        self.events.close()

    def shim(self, *arguments, action=(), bundle=None, stdin=b"", env=(), id=None):
        command = [self.path("containerd-shim-cleat-v2"), "-namespace", self.name_space, "-address",
                   self.path("c.sock"), "-publish-binary", "/bin/containerd",
                   "-id", id or self.cid, *arguments, *action]
        environment = dict(os.environ, TTRPC_ADDRESS=self.path("ttrpc.sock"), **dict(env))
        return subprocess.run(command, cwd=bundle or self.bundle, input=stdin, env=environment,
                              capture_output=True, check=False, timeout=20)

    def start_shim(self, **options):
        """The address that `start` prints; a connection and the daemon's pid follow from it."""
        done = self.shim(action=("start",), **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.address = done.stdout.decode()
        self.client = self.connect()
        self.shim_pid = self.client.call("Connect", id=self.cid)["shim_pid"]
        self.shim_pids.append(self.shim_pid)
        return self.address

    def connect(self):
        client = Client(self.address, 20 * SLOWNESS)
        self.clients.append(client)
        return client

    def ask(self, method, **fields):
        fields.setdefault("id", self.cid)
        return self.client.call(method, **fields)

    def ask_refused(self, code, text, method, **fields):
        with self.assertRaises(Refused) as caught:
            self.ask(method, **fields)
        self.assertIn(text, caught.exception.text)
        self.assertEqual(caught.exception.code, code, caught.exception.text)

    def create_task(self, *args, change=None, **fields):
        """The bundle's container, created by a shim of its own."""
        terminal = fields.get("terminal", False)
        self.config(*args, change=change, terminal=terminal)
        self.start_shim()
        return self.ask("Create", bundle=self.bundle, **fields)["pid"]

    def run_task(self, *args, **options):
        pid = self.create_task(*args, **options)
        self.assertEqual(self.ask("Start"), {"pid": pid})
        return pid

    def fifo(self, name):
        path = self.path(name)
        os.mkfifo(path)
        return path

    def exec_spec(self, *args, terminal=False):
        process = {"args": list(args), "cwd": "/", "env": ["PATH=/bin"], "terminal": terminal,
                   "user": {"uid": 0, "gid": 0}}
        return {"type_url": "types.containerd.io/opencontainers/runtime-spec/1/Process",
                "value": json.dumps(process)}

    def status(self, exec_id=""):
        return self.ask("State", exec_id=exec_id)["status"]

    def end_task(self):
        self.ask("Kill", signal=9, all=True)
        self.ask("Wait")
        self.ask("Delete")
        self.shut_down()

    def shut_down(self):
        self.ask("Shutdown")
        self.wait_gone(self.shim_pid)
        self.assertFalse(os.path.exists(self.address.removeprefix("unix://")))

    def wait_gone(self, pid):
        def gone():
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    return file.read().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                return True
        self.wait_for(gone, f"the end of {pid}")


class Commands(ShimTest):
    def test_version_and_info_say_what_it_is(self):
        done = self.shim("-v")
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"Version:", done.stdout)
        options = encode("Any", type_url="x", value=b"\x08\x01")
        done = self.shim("-info", stdin=options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        info = decode("RuntimeInfo", done.stdout)
        self.assertEqual(info["name"], "io.containerd.cleat.v2")
        self.assertEqual(info["options"]["type_url"], "x")
        self.assertIn("/features/Features", info["features"]["type_url"])
        self.assertEqual(json.loads(info["features"]["value"]), self.ok("features").json())

    def test_a_command_line_that_makes_no_sense_is_refused(self):
        for words, text in ((("-nosuch", "start"), b"flag provided but not defined: -nosuch"),
                            (("-bundle",), b"flag needs an argument: -bundle"),
                            (("restart",), b"no such action"), ((), b"no such action")):
            with self.subTest(words):
                done = self.shim(*words)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertIn(text, done.stderr)

    def test_flags_are_read_as_go_reads_them(self):
        self.config("/probe", "sleep")
        command = [self.path("containerd-shim-cleat-v2"), f"--namespace={self.name_space}",
                   "-debug=true", f"-id={self.cid}", "--address", self.path("c.sock"), "start", "-x"]
        done = subprocess.run(command, cwd=self.bundle, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.address = done.stdout.decode()
        self.client = self.connect()
        self.shim_pid = self.ask("Connect")["shim_pid"]
        self.shim_pids.append(self.shim_pid)
        self.assertNotIn("task_pid", self.ask("Connect"))
        self.shut_down()

    def test_start_prints_an_address_for_old_and_a_message_for_new_versions(self):
        self.config("/probe", "sleep")
        old = self.start_shim(stdin=encode("Any", type_url="containerd.runc.v1.Options"))
        self.assertRegex(old, r"^unix:///run/containerd/s/[0-9a-f]{64}$")
        with open(os.path.join(self.bundle, "address"), encoding="utf-8") as file:
            self.assertEqual(file.read(), old)
        parameters = encode("BootstrapParams", instance_id=self.cid, namespace=self.name_space,
                            log_level=-4, ttrpc_address=self.path("ttrpc.sock"))
        done = self.shim(action=("start",), stdin=parameters)
        self.assertEqual(decode("BootstrapResult", done.stdout),
                         {"version": 3, "address": old, "protocol": "ttrpc"})
        for service in ("containerd.task.v2.Task", "containerd.task.v3.Task"):
            self.assertEqual(self.ask("Connect", service=service)["shim_pid"], self.shim_pid)
        self.shut_down()

    def test_the_directory_of_the_socket_may_be_named(self):
        self.config("/probe", "sleep")
        parameters = encode("BootstrapParams", instance_id=self.cid, namespace=self.name_space,
                            socket_dir="/run/containerd/other")
        done = self.shim(action=("start",), stdin=parameters)
        self.address = decode("BootstrapResult", done.stdout)["address"]
        self.assertIn("unix:///run/containerd/other/", self.address)
        self.assertEqual(os.stat("/run/containerd/other").st_mode & 0o777, 0o700)
        self.assertEqual(os.stat(self.address.removeprefix("unix://")).st_mode & 0o777, 0o600)
        self.client = self.connect()
        self.shim_pid = self.ask("Connect")["shim_pid"]
        self.shim_pids.append(self.shim_pid)
        self.shut_down()

    def test_a_socket_that_nobody_listens_at_is_taken_over(self):
        self.config("/probe", "sleep")
        first = self.start_shim()
        os.kill(self.shim_pid, signal.SIGKILL)
        self.wait_gone(self.shim_pid)
        killed = self.shim_pid
        self.assertEqual(self.start_shim(), first)
        self.assertNotEqual(self.shim_pid, killed)
        self.shut_down()

    def test_the_oom_score_is_one_more_than_that_of_who_started_it(self):
        self.config("/probe", "sleep")
        self.start_shim()
        with open(f"/proc/{self.shim_pid}/oom_score_adj", encoding="utf-8") as file:
            score = int(file.read())
        with open("/proc/self/oom_score_adj", encoding="utf-8") as file:
            self.assertEqual(score, min(1000, int(file.read()) + 1))
        self.shut_down()

    def test_delete_works_from_what_a_killed_shim_has_left(self):
        pid = self.run_task("/probe", "sleep")
        os.kill(self.shim_pid, signal.SIGKILL)
        self.wait_gone(self.shim_pid)
        done = self.shim("-bundle", self.bundle, action=("delete",))
        # The directory of a bundle is named like its container; this one is not.
        self.assertEqual(done.returncode, 0, done.stderr)
        os.rename(self.bundle, self.path(self.cid))
        self.bundle = self.path(self.cid)
        done = self.shim(action=("delete",))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        deleted = decode("Deleted", done.stdout)
        self.assertEqual((deleted["pid"], deleted["exit_status"]), (pid, 137))
        self.assertAlmostEqual(deleted["exited_at"]["seconds"], time.time(), delta=5)
        self.wait_gone(pid)
        again = self.shim(action=("delete",))
        self.assertEqual((again.returncode, again.stderr), (0, b""))
        self.assert_nothing_left()

    def test_containers_see_a_sealed_executable(self):
        pid = self.create_task("/probe", "sleep")
        for process in (self.shim_pid, pid):
            with self.assertRaises(OSError):
                os.close(os.open(f"/proc/{process}/exe", os.O_WRONLY))
        self.end_task()


class States(ShimTest):
    def test_the_life_of_a_task_and_what_it_tells(self):
        pid = self.create_task("/probe", "sleep")
        state = self.ask("State")
        self.assertEqual(state, {"id": self.cid, "bundle": self.bundle, "pid": pid,
                                 "status": CREATED})
        self.assertEqual(self.ask("Connect"), {"shim_pid": self.shim_pid, "task_pid": pid,
                                                "version": "cleat"})
        waiting = self.client.send("Wait", id=self.cid)
        self.assertEqual(self.ask("Start"), {"pid": pid})
        self.assertEqual(self.status(), RUNNING)
        self.assertEqual(self.ask("Kill", signal=9), {})
        exit = self.client.answer(waiting, "Wait")
        self.assertEqual(exit["exit_status"], 137)
        self.assertEqual(self.ask("Wait"), exit)
        state = self.ask("State")
        self.assertEqual((state["status"], state["exit_status"], state["exited_at"]),
                         (STOPPED, 137, exit["exited_at"]))
        self.assertEqual(self.ask("Delete"), {"pid": pid, **exit})
        self.ask_refused(NOT_FOUND, "container not created", "State")
        self.shut_down()
        self.assertEqual(self.events.wait_for(4), ["create", "start", "exit", "delete"])
        created, started, exited, deleted = [event for _, _, event in self.events.list()]
        self.assertEqual(created, {"container_id": self.cid, "bundle": self.bundle, "io": {},
                                   "pid": pid})
        self.assertEqual(started, {"container_id": self.cid, "pid": pid})
        self.assertEqual(exited, {"container_id": self.cid, "id": self.cid, "pid": pid, **exit})
        self.assertEqual(deleted, {"container_id": self.cid, "pid": pid, **exit})
        self.assertEqual({space for _, space, _ in self.events.list()}, {self.name_space})
        self.assert_nothing_left()

    def test_each_state_refuses_what_is_not_for_it(self):
        self.create_task("/probe", "sleep")
        self.ask_refused(EXISTS, "already exists", "Create", bundle=self.bundle)
        self.ask_refused(PRECONDITION, "cannot pause a task in created state", "Pause")
        self.ask("Start")
        self.ask_refused(PRECONDITION, "cannot start a running process", "Start")
        self.ask_refused(PRECONDITION, "cannot delete a running process", "Delete")
        self.ask_refused(PRECONDITION, "cannot resume a running process", "Resume")
        self.ask("Pause")
        self.assertEqual(self.status(), PAUSED)
        self.ask_refused(PRECONDITION, "cannot pause a paused container", "Pause")
        self.ask_refused(PRECONDITION, "cannot delete a paused process", "Delete")
        self.ask_refused(PRECONDITION, "cannot exec in a paused state", "Exec", exec_id="e",
                          spec=self.exec_spec("true"))
        self.ask("Resume")
        self.assertEqual(self.status(), RUNNING)
        self.ask("Kill", signal=9)
        self.ask("Wait")
        self.ask_refused(NOT_FOUND, "process already finished", "Kill", signal=15)
        self.ask_refused(NOT_FOUND, "process already finished", "Kill", signal=9, all=True)
        self.ask_refused(PRECONDITION, "cannot start a stopped process", "Start")
        self.ask_refused(PRECONDITION, "cannot exec in a stopped state", "Exec", exec_id="e",
                          spec=self.exec_spec("true"))
        self.ask_refused(PRECONDITION, "cannot update a stopped container", "Update")
        self.ask_refused(PRECONDITION, "cannot resume a stopped container", "Resume")
        self.ask("Delete")
        for method in ("State", "Start", "Delete", "Kill", "Pause", "Resume", "Pids", "Wait",
                       "Stats", "Exec", "Update", "ResizePty", "CloseIO"):
            self.ask_refused(NOT_FOUND, "container not created", method, id="other")
        self.ask_refused(UNIMPLEMENTED, "not built in", "Checkpoint")
        self.shut_down()
        self.assertEqual(self.events.wait_for(6), ["create", "start", "paused", "resumed", "exit",
                                                   "delete"])

    def test_a_task_that_was_never_started_is_deleted_with_its_end_told_first(self):
        pid = self.create_task("/probe", "sleep")
        self.assertEqual(self.ask("Delete")["exit_status"], 137)
        self.wait_gone(pid)
        self.shut_down()
        self.assertEqual(self.events.wait_for(3), ["create", "exit", "delete"])
        self.assert_nothing_left()

    def test_what_cannot_be_created_leaves_nothing(self):
        self.config("/no/such/program")
        self.start_shim()
        self.ask_refused(UNKNOWN, "OCI runtime create failed: ", "Create", bundle=self.bundle)
        self.ask_refused(INVALID, "invalid container ID", "Create", bundle=self.bundle, id="a/b")
        self.ask_refused(UNIMPLEMENTED, "checkpoint", "Create", bundle=self.bundle, checkpoint="x")
        self.ask_refused(INVALID, "options of type x.y", "Create", bundle=self.bundle,
                          options={"type_url": "x.y"})
        self.shut_down()
        self.assert_nothing_left()

    def test_the_root_is_mounted_and_unmounted(self):
        image = self.path("image")
        os.rename(self.rootfs, image)
        for name in ("upper", "work"):
            os.mkdir(self.path(name))
        overlay = {"type": "overlay", "source": "overlay",
                   "options": ["index=off", f"workdir={self.path('work')}",
                               f"upperdir={self.path('upper')}", f"lowerdir={image}"]}
        self.config("/bin/touch", "/made")
        self.start_shim()
        self.ask("Create", bundle=self.bundle, rootfs=[overlay])
        self.ask("Start")
        self.assertNotIn("exit_status", self.ask("Wait"))
        self.assertTrue(os.path.exists(self.path("upper", "made")))
        self.assertIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        self.ask("Delete")
        self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        # A mount that fails: said, and what was mounted before it is taken off.
        bad = {"type": "bind", "source": "/no/such", "options": ["rbind", "ro"]}
        self.ask_refused(UNKNOWN, "failed to mount rootfs component", "Create",
                          bundle=self.bundle, rootfs=[overlay, bad])
        self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        self.shut_down()
        os.rename(image, self.rootfs) if not os.path.isdir(self.rootfs) else None

    def test_more_layers_than_a_page_of_options_takes(self):
        layers = []
        for i in range(60):
            layers.append(self.path("a-directory-with-a-rather-long-name-as-snapshots-have", str(i)))
            os.makedirs(layers[-1])
        os.rename(self.rootfs, self.path("image"))
        layers.append(self.path("image"))
        options = ["lowerdir=" + ":".join(layers)]
        self.assertGreater(len(options[0]), 4096)
        self.config("/bin/true")
        self.start_shim()
        self.ask("Create", bundle=self.bundle,
                  rootfs=[{"type": "overlay", "source": "overlay", "options": options}])
        self.ask("Delete")
        self.shut_down()

    def test_options_of_both_kinds_choose_the_state_root(self):
        self.config("/probe", "sleep")
        toml = f'  Root = "{self.path("two")}"\n  SystemdCgroup = false\n'
        self.write_file(self.path("three.toml"), f"Root = '{self.path('three')}'\n# end\n")
        kinds = {"one": ("containerd.runc.v1.Options",
                         encode("RuncOptions", root=self.path("one"), binary_name="runc")),
                 "two": ("runtimeoptions.v1.Options", encode("RuntimeOptions", config_body=toml)),
                 "three": ("runtimeoptions.v1.Options",
                           encode("RuntimeOptions", config_path=self.path("three.toml")))}
        self.start_shim()
        for name, (kind, value) in kinds.items():
            self.ask("Create", bundle=self.bundle,
                      options={"type_url": kind, "value": value})
            self.assertEqual(os.listdir(self.path(name, self.name_space)), [self.cid])
            self.ask("Delete")
        self.ask_refused(INVALID, "no key and value", "Create", bundle=self.bundle,
                          options={"type_url": "runtimeoptions.v1.Options",
                                   "value": encode("RuntimeOptions", config_body="nonsense")})
        self.shut_down()

    def test_pids_stats_and_update(self):
        def change(config):
            config["linux"]["resources"]["pids"] = {"limit": 33}
        pid = self.run_task("/probe", "sleep", change=change)
        self.ask("Exec", exec_id="more", spec=self.exec_spec("/bin/sleep", "100"))
        member = self.ask("Start", exec_id="more")["pid"]
        found = {each["pid"]: each.get("info") for each in self.ask("Pids")["processes"]}
        self.assertEqual(set(found), {pid, member})
        self.assertIsNone(found[pid])
        self.assertEqual(found[member]["type_url"], "containerd.runc.v1.ProcessDetails")
        self.assertEqual(decode("Details", as_bytes(found[member]["value"])), {"exec_id": "more"})
        stats = self.ask("Stats")["stats"]
        version = stats["type_url"].split(".")[3]
        metrics = decode("MetricsOne" if version == "v1" else "MetricsTwo",
                         as_bytes(stats["value"]))
        self.assertEqual(metrics["pids"], {"current": 2, "limit": 33})
        usage = metrics["memory"]["usage"]
        self.assertGreater(usage["usage"] if version == "v1" else usage, 4096)
        cpu = metrics["cpu"]
        self.assertGreater(cpu["usage"]["total"] if version == "v1" else cpu["usage_usec"], 0)
        self.ask("Update", resources={"value": json.dumps({"pids": {"limit": 44}})})
        stats = self.ask("Stats")["stats"]
        metrics = decode("MetricsOne" if version == "v1" else "MetricsTwo",
                         as_bytes(stats["value"]))
        self.assertEqual(metrics["pids"]["limit"], 44)
        self.ask_refused(UNKNOWN, "resources", "Update", resources={"value": "{"})
        self.end_task()

    def test_an_end_is_told_though_the_pid_namespace_is_shared_and_others_live(self):
        def change(config):
            config["linux"]["namespaces"] = [each for each in config["linux"]["namespaces"]
                                             if each["type"] != "pid"]
        self.run_task("/bin/sh", "-c", "sleep 1000 & sleep 1000 & exec sleep 1000", change=change)
        self.ask("Exec", exec_id="more", spec=self.exec_spec("/bin/sleep", "1000"))
        self.ask("Start", exec_id="more")
        self.ask("Kill", signal=15)
        self.assertEqual(self.ask("Wait")["exit_status"], 143)
        self.assertEqual(self.ask("Wait", exec_id="more")["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()
        self.assertEqual(self.events.wait_for(7), ["create", "start", "exec-added", "exec-started",
                                                   "exit", "exit", "delete"])
        self.assertEqual([event["id"] for topic, _, event in self.events.list()
                          if topic == "/tasks/exit"], ["more", self.cid])
        self.assert_nothing_left()

    def test_a_start_hook_that_fails_ends_the_task(self):
        def change(config):
            config["hooks"] = {"startContainer": [{"path": "/bin/false"}]}
        self.create_task("/probe", "sleep", change=change)
        self.ask_refused(UNKNOWN, "OCI runtime start failed: ", "Start")
        self.ask("Wait")
        self.assertEqual(self.status(), STOPPED)
        self.ask("Delete")
        self.shut_down()
        self.assert_nothing_left()

    def test_an_oom_is_told_before_the_exit(self):
        def change(config):
            config["linux"]["resources"]["memory"] = {"limit": 16 << 20, "swap": 16 << 20}
        self.run_task("/bin/sh", "-c", "a=x; while :; do a=$a$a; done", change=change)
        self.assertEqual(self.ask("Wait")["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()
        topics = self.events.wait_for(5)
        self.assertIn("oom", topics)
        self.assertLess(topics.index("oom"), topics.index("exit"))


class Execs(ShimTest):
    def test_the_life_of_one_more_process(self):
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="e", spec=self.exec_spec("/bin/sh", "-c", "kill -TERM $$"))
        self.assertEqual(self.status("e"), CREATED)
        self.ask_refused(EXISTS, "already exists", "Exec", exec_id="e",
                          spec=self.exec_spec("true"))
        self.ask_refused(PRECONDITION, "process not created", "Kill", exec_id="e", signal=9)
        pid = self.ask("Start", exec_id="e")["pid"]
        self.assertEqual(self.ask("Wait", exec_id="e")["exit_status"], 143)
        self.assertEqual(self.status("e"), STOPPED)
        self.ask_refused(NOT_FOUND, "process already finished", "Kill", exec_id="e", signal=9)
        deleted = self.ask("Delete", exec_id="e")
        self.assertEqual((deleted["pid"], deleted["exit_status"]), (pid, 143))
        self.ask_refused(NOT_FOUND, "process does not exist e", "State", exec_id="e")
        self.end_task()
        self.assertEqual(self.events.wait_for(7), ["create", "start", "exec-added", "exec-started",
                                                   "exit", "exit", "delete"])

    def test_a_process_that_cannot_be_executed_is_no_process(self):
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="e", spec=self.exec_spec("/no/such"))
        waiting = self.client.send("Wait", id=self.cid, exec_id="e")
        self.ask_refused(UNKNOWN, "OCI runtime exec failed: ", "Start", exec_id="e")
        self.assertEqual(self.client.answer(waiting, "Wait")["exit_status"], 255)
        self.ask("Delete", exec_id="e")
        self.ask("Exec", exec_id="e", spec={"value": "{"})
        self.ask_refused(UNKNOWN, "OCI runtime exec failed: ", "Start", exec_id="e")
        self.ask("Delete", exec_id="e")
        self.ask_refused(INVALID, "exec id", "Exec", exec_id="a/b", spec=self.exec_spec("true"))
        self.ask("Exec", exec_id="never", spec=self.exec_spec("true"))
        self.assertEqual(self.ask("Delete", exec_id="never").get("pid", 0), 0)
        self.end_task()

    def test_arguments_may_be_long(self):
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="e", spec=self.exec_spec(
            "/bin/sh", "-c", "test ${#1} = 131000", "sh", "x" * 131000))
        self.ask("Start", exec_id="e")
        self.assertNotIn("exit_status", self.ask("Wait", exec_id="e"))
        self.end_task()

    def test_ends_are_never_told_before_starts(self):
        """However short a process lives."""
        self.run_task("/probe", "sleep")
        for i in range(30):
            self.ask("Exec", exec_id=f"e{i}", spec=self.exec_spec("/bin/true"))
        streams = [self.client.send("Start", id=self.cid, exec_id=f"e{i}") for i in range(30)]
        for stream in streams:
            self.client.answer(stream, "Start")
        for i in range(30):
            self.assertNotIn("exit_status", self.ask("Wait", exec_id=f"e{i}"))
            self.ask("Delete", exec_id=f"e{i}")
        self.end_task()
        self.events.wait_for(94)
        seen = {}
        for topic, _, event in self.events.list():
            seen.setdefault(event.get("exec_id") or event.get("id"), []).append(topic)
        for i in range(30):
            self.assertEqual(seen[f"e{i}"],
                             ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"])


class Groups(ShimTest):
    def members(self, count):
        """Bundles of one pod, each created and started in the one shim."""
        self.config("/probe", "sleep", change=lambda config: config.update(
            annotations={"io.kubernetes.cri.sandbox-id": "pod"}))
        self.start_shim()
        for i in range(count):
            bundle = self.path(f"m{i}")
            subprocess.run(["cp", "-a", self.bundle, bundle], check=True)
            with open(os.path.join(bundle, "config.json"), encoding="utf-8") as file:
                config = json.load(file)
            config["linux"]["cgroupsPath"] = f"{self.cgroup}/m{i}"
            with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
                json.dump(config, file)
            done = self.shim(action=("start",), bundle=bundle, id=f"m{i}")
            self.assertEqual(done.stdout.decode(), self.address)
            self.ask("Create", id=f"m{i}", bundle=bundle)
            self.ask("Start", id=f"m{i}")

    def finish(self, name):
        self.ask("Kill", id=name, signal=9)
        self.ask("Wait", id=name)
        self.ask("Delete", id=name)

    def test_one_shim_for_a_pod(self):
        self.members(4)
        for name in ("m2", "m0"):
            self.finish(name)
        self.ask("Shutdown", id="m0")
        self.assertEqual(self.ask("State", id="m1")["status"], RUNNING)
        self.finish("m3")
        self.finish("m1")
        # It was asked to end while it could not: it does when it can.
        began = time.monotonic()
        self.wait_gone(self.shim_pid)
        self.assertGreater(time.monotonic() - began, 2)
        self.assert_nothing_left()

    def test_a_new_member_keeps_it(self):
        self.members(1)
        self.ask("Shutdown", id="m0")
        self.finish("m0")
        time.sleep(1)
        self.ask("Create", bundle=self.bundle)
        time.sleep(5)
        self.assertEqual(self.status(), CREATED)
        self.ask("Delete")
        self.shut_down()


class Streams(ShimTest):
    def test_output_goes_to_its_fifos_whole(self):
        out, err = self.fifo("out"), self.fifo("err")
        read = {}
        readers = [threading.Thread(target=lambda path=path: read.update(
            {path: open(path, "rb").read()})) for path in (out, err)]
        for reader in readers:
            reader.start()
        self.run_task("/bin/sh", "-c", "seq 200000; echo bad >&2; exit 7", stdout=out, stderr=err)
        self.assertEqual(self.ask("Wait")["exit_status"], 7)
        self.ask("Delete")
        for reader in readers:
            reader.join(10)
        self.assertEqual(read[out], b"".join(b"%d\n" % i for i in range(1, 200001)))
        self.assertEqual(read[err], b"bad\n")
        self.shut_down()

    def memory(self):
        with open(f"/proc/{self.shim_pid}/smaps_rollup", encoding="utf-8") as file:
            return sum(int(line.split()[1]) for line in file
                       if line.startswith("Private_Dirty:"))

    def test_a_slow_reader_slows_the_container_and_costs_no_memory(self):
        out = self.fifo("out")
        reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
        self.run_task("/bin/sh", "-c", "dd if=/dev/zero bs=65536 count=1024 2>/dev/null",
                      stdout=out)
        os.set_blocking(reader, True)
        total, before = 0, self.memory()
        time.sleep(0.5)
        self.assertEqual(self.status(), RUNNING)
        while total < 64 << 20:
            total += len(os.read(reader, 1 << 20))
            if total < 1 << 20:
                time.sleep(0.05)
        self.assertNotIn("exit_status", self.ask("Wait"))
        self.assertLess(self.memory() - before, 100)
        self.ask("Delete")
        self.assertEqual((total, os.read(reader, 1)), (64 << 20, b""))
        os.close(reader)
        self.shut_down()

    def test_a_reader_may_go_and_another_one_come(self):
        out = self.fifo("out")
        reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
        self.run_task("/bin/sh", "-c", "sleep 0.3; echo one; echo two; read a", stdout=out,
                      stdin=self.fifo("in"))
        os.close(reader)
        time.sleep(0.6)
        reader = os.open(out, os.O_RDONLY)
        self.assertEqual(os.read(reader, 8), b"one\ntwo\n")
        self.ask("CloseIO")
        self.ask("Wait")
        os.close(reader)
        self.ask("Delete")
        self.shut_down()

    def test_input_ends_when_it_is_closed_and_not_before(self):
        into, out = self.fifo("in"), self.fifo("out")
        reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
        self.run_task("/bin/cat", stdin=into, stdout=out)
        for text in (b"one\n", b"two\n"):  # a writer goes, and the next one comes
            writer = os.open(into, os.O_WRONLY)
            os.write(writer, text)
            os.close(writer)
        os.set_blocking(reader, True)
        self.assertEqual(os.read(reader, 4) + os.read(reader, 4), b"one\ntwo\n")
        self.assertEqual(self.status(), RUNNING)
        self.ask("CloseIO", stdin=True)
        self.assertNotIn("exit_status", self.ask("Wait"))
        os.close(reader)
        self.ask("Delete")
        self.shut_down()

    def test_a_terminal_is_relayed_and_resized(self):
        into, out = self.fifo("in"), self.fifo("out")
        reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
        self.run_task("/bin/sh", "-c", "read a; stty size; echo got $a", terminal=True, stdin=into,
                      stdout=out)
        self.ask("ResizePty", width=77, height=11)
        writer = os.open(into, os.O_WRONLY)
        os.write(writer, b"word\n")
        self.assertNotIn("exit_status", self.ask("Wait"))
        self.ask("Delete")
        os.set_blocking(reader, True)
        seen = b""
        while more := os.read(reader, 4096):
            seen += more
        self.assertIn(b"got word", seen)
        if b"stty: not found" not in seen:
            self.assertIn(b"11 77", seen)
        os.close(writer)
        os.close(reader)
        self.shut_down()

    def test_a_terminal_for_one_more_process(self):
        out = self.fifo("out")
        reader = os.open(out, os.O_RDONLY | os.O_NONBLOCK)
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="t", terminal=True, stdout=out,
                  spec=self.exec_spec("/bin/sh", "-c", "test -t 0 && seq 5000", terminal=True))
        self.ask("Start", exec_id="t")
        seen, wanted = b"", b"".join(b"%d\r\n" % i for i in range(1, 5001))
        os.set_blocking(reader, True)
        while len(seen) < len(wanted):
            seen += os.read(reader, 65536)
        self.assertEqual(seen, wanted)
        self.assertNotIn("exit_status", self.ask("Wait", exec_id="t"))
        self.ask("Delete", exec_id="t")
        os.close(reader)
        self.end_task()

    def test_files_and_programs_as_logs(self):
        path = self.path("deep", "out.log")
        logger = self.write_file(self.path("logger"), f"""#!/bin/sh
echo "$CONTAINER_ID $CONTAINER_NAMESPACE $*" > {self.path("said")}
exec 5>&-
cat <&3 >> {self.path("said")}
cat <&4 >> {self.path("said")}
""", 0o755)
        self.run_task("/bin/sh", "-c", "echo out; echo err >&2", stdout="file://" + path,
                      stderr="file://" + path)
        self.ask("Wait")
        self.assertEqual(open(path, encoding="utf-8").read(), "out\nerr\n")
        self.ask("Delete")
        self.ask_refused(INVALID, "unknown STDIO scheme", "Create", bundle=self.bundle,
                          stdout="nosuch://x")
        self.ask("Create", bundle=self.bundle, stdout=f"binary://{logger}?key=a%20value")
        self.ask("Start")
        self.ask("Wait")
        self.wait_for(lambda: os.path.exists(self.path("said")) and "err" in
                      open(self.path("said"), encoding="utf-8").read(), "the log")
        self.ask("Delete")
        self.assertEqual(open(self.path("said"), encoding="utf-8").read(),
                         f"{self.cid} {self.name_space} key a value\nout\nerr\n")
        silent = self.write_file(self.path("silent"), "#!/bin/sh\nexit 0\n", 0o755)
        self.ask_refused(UNKNOWN, "ended too early", "Create", bundle=self.bundle,
                          stdout=f"binary-v2://{silent}")
        ready = self.write_file(self.path("ready"), "#!/bin/sh\necho >&5\nexec cat <&3 >&-\n",
                                0o755)
        self.ask("Create", bundle=self.bundle, stdout=f"binary-v2://{ready}")
        self.ask("Delete")
        self.shut_down()


class Events(ShimTest):
    def test_events_wait_for_a_containerd_that_is_away(self):
        self.run_task("/probe", "sleep")
        self.assertEqual(self.events.wait_for(2), ["create", "start"])
        self.events.close()
        self.ask("Pause")
        self.ask("Resume")
        self.ask("Kill", signal=9)
        exit = self.ask("Wait")
        time.sleep(2)
        self.events.open()
        self.assertEqual(self.events.wait_for(5, 15),
                         ["create", "start", "paused", "resumed", "exit"])
        self.assertEqual(self.events.list()[-1][2]["exit_status"], exit["exit_status"])
        self.ask("Delete")
        self.shut_down()

    def test_an_event_that_is_not_taken_is_told_again(self):
        self.events.refuse_next = 1
        self.run_task("/bin/true")
        self.ask("Wait")
        self.assertEqual(self.events.wait_for(3), ["create", "start", "exit"])
        self.ask("Delete")
        self.shut_down()


class Wire(ShimTest):
    def setUp(self):
        super().setUp()
        self.config("/probe", "sleep")
        self.start_shim()

    def test_a_frame_may_come_in_pieces_and_frames_together(self):
        data = encode("Request", service=ttrpc.TASK, method="Connect",
                      payload=encode("Process", id="x"))
        whole = ttrpc.header(len(data), 1) + data
        client = self.connect()
        for i in range(len(whole)):
            client.socket.sendall(whole[i:i + 1])
        self.assertEqual(client.answer(1, "Connect")["shim_pid"], self.shim_pid)
        client.socket.sendall(b"".join(ttrpc.header(len(data), stream) + data
                                       for stream in (3, 5, 7)))
        for stream in (7, 3, 5):
            self.assertEqual(client.answer(stream, "Connect")["shim_pid"], self.shim_pid)
        self.shut_down()

    def test_a_frame_that_is_too_long_is_refused_and_passed_by(self):
        client = self.connect()
        size = (4 << 20) + 1
        client.socket.sendall(ttrpc.header(size, 1) + bytes(size))
        with self.assertRaises(Refused) as caught:
            client.answer(1, "Connect")
        self.assertEqual(caught.exception.code, EXHAUSTED)
        client.stream = 1
        self.assertEqual(client.call("Connect", id="x")["shim_pid"], self.shim_pid)
        self.shut_down()

    def test_what_is_no_request_is_refused(self):
        client = self.connect()
        damaged = b"\x0a\xff\xff\xff\xff\x0f"
        request = encode("Request", service=ttrpc.TASK, method="State", payload=damaged)
        cases = [(ttrpc.header(len(damaged), 1) + damaged, 1, INVALID, "damaged"),
                 (ttrpc.header(len(request), 3) + request, 3, INVALID, "damaged"),
                 (ttrpc.header(len(request), 4) + request, 4, INVALID, "odd"),
                 (ttrpc.header(3, 5, ttrpc.DATA) + b"abc", 5, UNIMPLEMENTED, "streams"),
                 (ttrpc.header(0, 7), 7, UNIMPLEMENTED, "service")]
        for data, stream, code, text in cases:
            with self.subTest(text), self.assertRaises(Refused) as caught:
                client.socket.sendall(data)
                client.answer(stream, "State")
            self.assertEqual(caught.exception.code, code)
            self.assertIn(text, caught.exception.text)
        client.stream = 7
        for service, method in (("containerd.runtime.sandbox.v1.Sandbox", "Ping"),
                                (ttrpc.TASK, "Fly")):
            with self.assertRaises(Refused) as caught:
                client.call(method, service=service)
            self.assertEqual(caught.exception.code, UNIMPLEMENTED)
        self.shut_down()

    def test_garbage_and_connections_that_are_cut_harm_nobody(self):
        for data in (os.urandom(5000), b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", b""):
            client = self.connect()
            client.socket.sendall(data)
            client.close()
        waiting = self.connect()
        self.ask("Create", bundle=self.bundle)
        waiting.send("Wait", id=self.cid)
        waiting.close()
        self.ask("Start")
        self.end_task()

    def test_a_thousand_wait_at_the_same_time(self):
        self.ask("Create", bundle=self.bundle)
        self.ask("Start")
        data = encode("Request", service=ttrpc.TASK, method="Wait",
                      payload=encode("Process", id=self.cid))
        client = self.connect()
        streams = range(1, 2001, 2)
        client.socket.sendall(b"".join(ttrpc.header(len(data), stream) + data
                                       for stream in streams))
        self.assertEqual(self.status(), RUNNING)
        self.ask("Kill", signal=9)
        answers = {client.raw_answer(stream) for stream in streams}
        self.assertEqual(len(answers), 1)
        exit = decode("Exit", as_bytes(decode("Response", answers.pop())["payload"]))
        self.assertEqual(exit["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()

    def test_another_user_is_not_served(self):
        code = ("import os,socket,sys; os.setgid(1000); os.setuid(1000);"
                "s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(5);"
                "s.sendall(b'x'); sys.exit(s.recv(1) != b'')")
        path = self.address.removeprefix("unix://")
        os.chmod(path, 0o777)
        for directory in ("/run/containerd", "/run/containerd/s"):
            os.chmod(directory, 0o755)
        done = subprocess.run(["python3", "-c", code, path], capture_output=True, check=False)
        cut = b"ConnectionResetError" in done.stderr or b"BrokenPipeError" in done.stderr
        self.assertTrue(done.returncode == 0 or cut, done.stderr)
        self.shut_down()

    def test_signals_end_no_shim(self):
        self.ask("Create", bundle=self.bundle)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
            os.kill(self.shim_pid, number)
        self.assertEqual(self.status(), CREATED)
        self.end_task()


if __name__ == "__main__":
    main()
