#!/usr/bin/env python3
"""The shim without containerd: fifos, terminals, files and programs that log."""
import os
import threading
import time

from harness import main
from shim_case import RUNNING, ShimTest
from ttrpc import INVALID, UNKNOWN


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
        with open(f"/proc/{self.shim_pid}/maps", encoding="utf-8") as maps:
            if "libasan" not in maps.read():  # whose memory is not the shim's
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


if __name__ == "__main__":
    main()
