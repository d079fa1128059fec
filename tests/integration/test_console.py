#!/usr/bin/env python3
"""Terminals: the socket that gets the pty's master, its size, the container's side of it."""
import json
import os
import select
import time

from console import ConsoleSocket
from harness import TIMEOUT, CleatTest, main


class Console(CleatTest):
    def terminal_container(self, *args, change=None):
        self.console = ConsoleSocket(self)
        self.config(*args, terminal=True, change=change)
        self.create("--console-socket", self.console.path)
        self.console.receive()

    def read_report(self):
        text = self.console.read_until("}\r\n")
        return json.loads(text[text.index("{"):])

    def test_master_is_received_and_is_a_terminal(self):
        self.terminal_container("/bin/sh", "-c", "echo on $(tty 2>/dev/null || echo tty)")
        self.assertTrue(os.isatty(self.console.master))
        self.start()
        self.assertIn("on ", self.console.read_until("\n"))

    def test_process_has_it_as_controlling_terminal_and_stdio(self):
        self.terminal_container("/probe")
        self.start()
        report = self.read_report()
        self.assertTrue(report["terminal"]["controlling"])
        self.assertEqual(report["sid"], report["pid"])
        for fd in report["fds"]:
            self.assertEqual((fd["type"], fd["rdev"].split(":")[0]), ("c", "136"))
            self.assertLess(fd["fd"], 3)

    def test_dev_console_is_the_same_terminal(self):
        self.terminal_container("/probe")
        self.start()
        report = self.read_report()
        console = report["devices"]["console"]
        self.assertEqual((console["type"], console["major"]), ("c", 136))
        self.assertEqual(f"136:{console['minor']}", report["fds"][0]["rdev"])

    def test_terminal_belongs_to_the_containers_devpts(self):
        self.terminal_container("/probe")
        self.start()
        self.assertRegex(self.read_report()["terminal"]["name"] or "", r"^/dev/(pts/0|console)$")

    def test_console_size(self):
        self.terminal_container("/probe", change=lambda config: config["process"].update(
            consoleSize={"height": 33, "width": 111}))
        self.assertEqual(self.console.size(), (33, 111))
        self.start()
        terminal = self.read_report()["terminal"]
        self.assertEqual((terminal["rows"], terminal["columns"]), (33, 111))

    def test_terminal_belongs_to_the_user(self):
        self.terminal_container("/probe", change=lambda config: config["process"].update(
            user={"uid": 1000, "gid": 1000}))
        self.start()
        self.assertEqual(self.read_report()["fds"][0]["uid"], 1000)

    def test_what_is_typed_arrives(self):
        self.terminal_container("/probe", "echo")
        self.start()
        os.write(self.console.master, b"hi there\n")
        self.assertIn("got: hi there", self.console.read_until("got: hi there"))

    def test_message_names_the_terminal(self):
        self.terminal_container("/bin/true")
        self.assertTrue(self.console.message)

    def test_terminal_without_a_socket_is_refused_when_detached(self):
        self.config(terminal=True)
        self.create_refused("console.socket|terminal")
        self.assert_nothing_left()

    def test_socket_without_a_terminal_is_refused(self):
        console = ConsoleSocket(self)
        self.config(terminal=False)
        self.create_refused("console.socket|terminal", "--console-socket", console.path)
        self.assert_nothing_left()

    def test_socket_that_is_not_there_is_refused(self):
        self.config(terminal=True)
        self.create_refused("socket", "--console-socket", self.path("none"))
        self.assert_nothing_left()

    def test_run_with_a_terminal_relays_it(self):
        master, slave = os.openpty()
        self.config("/bin/sh", "-c", "read x; echo got $x on $(test -t 0 && echo terminal)",
                    terminal=True)
        process, *_ = self.start_call("run", "--bundle", self.bundle, self.cid, stdin=slave,
                                      out=os.fdopen(os.dup(slave), "wb"))
        os.close(slave)
        os.write(master, b"word\n")
        seen, deadline = b"", time.monotonic() + TIMEOUT
        # The slave stays open here, so its end is not seen: the time limit must be.
        while b"terminal" not in seen and time.monotonic() < deadline:
            if select.select([master], [], [], 0.1)[0]:
                seen += os.read(master, 4096)
        os.close(master)
        self.assertEqual(self.wait_call(process, 5), 0, seen)
        self.assertIn(b"got word on terminal", seen)

    def test_end_of_the_input_is_told_to_the_terminal(self):
        """Without it a shell would wait for ever for who types no more. runc refuses to run then."""
        self.cleat_only("runc wants a terminal of its caller's for this")
        self.config("/bin/sh", "-c", "while read x; do echo got $x; done; echo end", terminal=True)
        for typed, wanted in ((b"", b"end"), (b"word\n", b"got word\nend")):
            with self.subTest(typed=typed):
                reader, writer = os.pipe()
                os.write(writer, typed)
                os.close(writer)
                with os.fdopen(reader, "rb") as stdin:
                    result = self.run_container(stdin=stdin, timeout=15)
                self.assertEqual(result.code, 0, str(result))
                self.assertIn(wanted.decode(), result.out)

    def run_typing(self, text):
        """`run` with a text on its input that is much longer than what a terminal holds."""
        with open(self.write_file(self.path("typed"), text), "rb") as stdin:
            return self.run_container(stdin=stdin, timeout=15)

    def test_who_types_more_than_a_terminal_holds_still_sees_what_it_says(self):
        """Neither side waits for the other to take what it has."""
        self.cleat_only("runc wants a terminal of its caller's for this")
        self.config("/bin/cat", terminal=True)
        result = self.run_typing("".join(f"line {i}\n" for i in range(20000)))
        self.assertEqual(result.code, 0, str(result))
        self.assertTrue(result.out.endswith("line 19999\n"), str(result))
        # All that was read, and the terminal's echo, which may come in the midst of a line, and of which the kernel
        # leaves out what its buffer cannot hold.
        lines = result.out.count("\n")
        self.assertGreater(lines, 20000)
        self.assertLessEqual(lines, 40000)

    def test_output_that_takes_no_more_for_a_moment_gets_all(self):
        """Who shares it may have made it non-blocking."""
        self.cleat_only("runc wants a terminal of its caller's for this")
        self.config("/bin/sh", "-c", "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo $i; done", terminal=True)
        reader, writer = os.pipe2(os.O_NONBLOCK)
        with os.fdopen(writer, "wb") as out:
            process, *_ = self.start_call("run", "--bundle", self.bundle, self.cid, out=out)
        time.sleep(0.5)
        seen = b""
        with os.fdopen(reader, "rb") as file:
            while select.select([file], [], [], TIMEOUT)[0] and (more := file.read(65536)):
                seen += more
        self.assertEqual(self.wait_call(process, 10), 0)
        self.assertTrue(seen.endswith(b"\n39999\n40000\n"), seen[-100:])
        self.assertEqual(seen.count(b"\n"), 40000)

    def test_end_of_a_process_that_reads_nothing_is_seen(self):
        self.cleat_only("runc wants a terminal of its caller's for this")
        self.config("/bin/sh", "-c", "echo said; exit 3", terminal=True)
        result = self.run_typing("word\n" * 100000)
        self.assertEqual(result.code, 3, str(result))
        self.assertIn("said", result.out)


class ExecConsole(CleatTest):
    def test_exec_with_a_terminal(self):
        self.sleeper()
        console = ConsoleSocket(self)
        result = self.exec("/probe", options=("--tty", "--detach", "--console-socket",
                                              console.path, "--pid-file", self.path("pid")))
        self.assertEqual(result.code, 0, str(result))
        console.receive()
        text = console.read_until("}\r\n")
        report = json.loads(text[text.index("{"):])
        self.assertTrue(report["terminal"]["controlling"])
        self.assertRegex(report["terminal"]["name"] or "", "^/dev/pts/")

    def test_exec_with_a_size(self):
        self.sleeper()
        console = ConsoleSocket(self)
        process = {"terminal": True, "consoleSize": {"height": 12, "width": 34}, "cwd": "/",
                   "args": ["/probe", "sleep"], "user": {"uid": 0, "gid": 0}, "env": []}
        file = self.write_file(self.path("process.json"), json.dumps(process))
        self.ok("exec", "--process", file, "--detach", "--console-socket", console.path,
                "--pid-file", self.path("pid"), self.cid)
        console.receive()
        self.assertEqual(console.size(), (12, 34))


if __name__ == "__main__":
    main()
