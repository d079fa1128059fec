#!/usr/bin/env python3
"""The shim without containerd: its command line, events in their order, and what is no protocol at all.
Both sides of each message are protoc's."""
import json
import os
import signal
import subprocess
import time

import ttrpc
from harness import main
from layout import find_controller
from shim_case import CREATED, RUNNING, ShimTest
from ttrpc import EXHAUSTED, INVALID, UNIMPLEMENTED, Refused, as_bytes, decode, encode


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

    def test_the_shim_joins_a_cgroup_that_is_there(self):
        self.config("/probe", "sleep")
        _, point = find_controller("pids") or self.skipTest("no controller pids here")
        cgroup = f"{point}/{self.name}-shim"
        options = encode("Any", type_url="containerd.runc.v1.Options",
                         value=encode("RuncOptions", shim_cgroup=f"{self.name}-shim"))
        done = self.shim(action=("start",), stdin=options)
        self.assertIn(b"does not exist", done.stderr)
        self.assertEqual((done.returncode, os.listdir("/run/containerd/s")), (1, []))
        os.mkdir(cgroup)
        self.undo.insert(0, lambda: os.rmdir(cgroup))
        self.start_shim(stdin=options)
        with open(os.path.join(cgroup, "cgroup.procs"), encoding="utf-8") as file:
            self.assertEqual(file.read().split(), [str(self.shim_pid)])
        self.ask("Create", bundle=self.bundle)
        self.ask("Delete")
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
