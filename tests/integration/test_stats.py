#!/usr/bin/env python3
"""`events` and `stats`: what containers use and what the kernel tells of them, for one or more."""
import contextlib
import json
import os
import re
import signal

from bundle import without_namespace
from cgroup_test import MIB, CgroupTest
from harness import main
from host import cgroup_mounts
from layout import find_controller

BUSY = ("/bin/sh", "-c", "while :; do :; done")


def parse_prometheus(text):
    """{family: (type, {labels: value})}; the text format 0.0.4 to the letter."""
    families, current = {}, None
    for line in text.splitlines():
        if found := re.fullmatch(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)", line):
            current = found[1]
            if current in families:
                raise AssertionError(f"{current} comes twice")
            families[current] = None
        elif found := re.fullmatch(r"# TYPE (\S+) (counter|gauge)", line):
            if found[1] != current or families[current] is not None:
                raise AssertionError(f"TYPE out of place: {line}")
            families[current] = (found[2], {})
        else:
            found = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)'
                                 r'\} ([0-9]+(?:\.[0-9]+)?|\+Inf)', line)
            if not found or found[1] != current:
                raise AssertionError(f"no sample of {current}: {line}")
            labels = tuple(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', found[2]))
            if labels in families[current][1]:
                raise AssertionError(f"a sample comes twice: {line}")
            families[current][1][labels] = float(found[3])
    return families


class Several(CgroupTest):
    def other(self, change=None):
        """One more container beside the test's own."""
        self.cgroup, own = self.cgroup + "-b", self.cgroup
        self.sleeper(change, id=self.cid + "-b")
        self.cgroup = own
        return self.cid + "-b"


class Watching(Several):
    def watch(self, *arguments):
        process, _, out, err = self.start_call("events", *arguments)
        self.undo.append(process.kill)

        def lines():
            os.fsync(out.fileno())
            return os.pread(out.fileno(), 1 << 20, 0).decode().splitlines()
        return process, lines, err

    def wait_watching(self, process, count=1):
        """Until it has its eventfds (v1) or event files (v2)."""
        def found():
            return sum(name in ("anon_inode:[eventfd]", "memory.events")
                       for name in self.files_of(process))
        self.wait_for(lambda: found() >= count, "events to watch")

    @staticmethod
    def files_of(process):
        names = []
        for name in os.listdir(f"/proc/{process.pid}/fd"):
            with contextlib.suppress(OSError):
                names.append(os.path.basename(os.readlink(f"/proc/{process.pid}/fd/{name}")))
        return names

    def limit_memory(self, config):
        config["linux"]["resources"]["memory"] = {"limit": 24 * MIB, "swap": 24 * MIB}

    def test_a_container_over_its_memory_limit_is_told_and_its_end_ends_the_watch(self):
        self.place("memory")
        self.sleeper(self.limit_memory)
        process, lines, _ = self.watch("--interval", "1h", self.cid)
        self.wait_watching(process)
        self.assertEqual(self.exec("/bin/busybox", "tail", "/dev/zero").code, 128 + 9)
        self.wait_for(lines, "an event")
        self.assertEqual(json.loads(lines()[0]), {"type": "oom", "id": self.cid})
        self.ok("kill", self.cid, "KILL")
        self.assertEqual(self.wait_call(process, 20), 0)

    def test_several_are_watched_by_one_process_until_the_last_ends(self):
        self.place("memory")
        self.sleeper()
        other = self.other(self.limit_memory)
        process, lines, _ = self.watch("--interval", "1h", self.cid, other)
        self.wait_watching(process, 2)
        self.assertEqual(self.exec("/bin/busybox", "tail", "/dev/zero", id=other).code, 128 + 9)
        self.wait_for(lines, "an event")
        self.assertEqual(json.loads(lines()[0]), {"type": "oom", "id": other})
        self.delete("--force", id=other)
        self.assertIsNone(process.poll())
        self.delete("--force")
        self.assertEqual(self.wait_call(process, 20), 0)

    def test_one_that_is_created_meanwhile_is_watched_with_all(self):
        self.place("memory")
        self.sleeper()
        process, lines, _ = self.watch("--interval", "1h", "--all")
        self.wait_watching(process)
        other = self.other(self.limit_memory)
        self.wait_watching(process, 2)
        self.assertEqual(self.exec("/bin/busybox", "tail", "/dev/zero", id=other).code, 128 + 9)
        self.wait_for(lines, "an event")
        self.assertEqual(json.loads(lines()[0]), {"type": "oom", "id": other})
        self.delete("--force")
        self.delete("--force", id=other)
        again = self.other()  # nobody is there to be told
        self.assertEqual(self.wait_call(process, 20), 0)
        self.delete("--force", id=again)

    def test_the_watch_lasts_as_long_as_a_process_is_in_the_cgroup(self):
        """Without a pid namespace others outlive init; the kernel tells the end of the last."""
        _, directory = self.place("unified")
        self.sleeper(lambda c: without_namespace(c, "pid"), args=("/probe", "family", "3"))
        init = self.state()["pid"]
        process, _, _ = self.watch("--interval", "1h", self.cid)
        self.wait_for(lambda: "cgroup.events" in self.files_of(process), "events to watch")
        os.kill(init, signal.SIGKILL)
        self.wait_status("stopped")
        self.exec("/bin/true")
        self.assertIsNone(process.poll())
        left = self.processes(directory)
        self.assertEqual(len(left), 3)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.wait_call(process, 20), 0)

    def test_it_sleeps_until_the_kernel_wakes_it(self):
        self.place("memory")
        self.sleeper()
        process, _, _ = self.watch("--interval", "1h", self.cid)
        self.wait_watching(process)

        def switches():
            with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
                return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", file.read())[1])
        with open(f"/proc/{process.pid}/wchan", encoding="utf-8") as file:
            self.wait_for(lambda: os.pread(file.fileno(), 64, 0) != b"0", "it to sleep", 2)
        before = switches()
        self.exec("/bin/sleep", "0.5")
        self.assertEqual(switches(), before)

    def test_all_are_those_that_live(self):
        self.sleeper()
        other = self.other()
        self.ok("kill", other, "KILL")
        self.wait_status("stopped", id=other)
        out = self.ok("events", "--stats", "--all").out
        self.assertEqual([json.loads(line)["id"] for line in out.splitlines()], [self.cid])
        self.delete(id=other)

    def test_pressure_is_told_where_it_was_asked_for(self):
        point = self.place("unified")[1]
        if not os.path.exists(os.path.dirname(point) + "/cpu.pressure"):
            self.skipTest("this kernel counts no pressure")
        self.sleeper(lambda c: c["linux"]["resources"].update(cpu={"cpus": "0"})
                     if find_controller("cpuset") else None)
        process, lines, _ = self.watch("--interval", "1h", "--pressure", "cpu:some:20ms/2s", self.cid)
        for _ in range(3):
            self.assertEqual(self.exec(*BUSY, options=("--detach",)).code, 0)
        self.wait_for(lines, "an event", 20)
        self.assertEqual(json.loads(lines()[0]), {
            "type": "pressure", "id": self.cid,
            "data": {"resource": "cpu", "kind": "some", "stall": 20, "window": 2000}})
        self.ok("kill", self.cid, "KILL")
        self.assertEqual(self.wait_call(process, 20), 0)

    def test_pressure_that_the_kernel_does_not_know_is_refused(self):
        self.place("unified")
        self.sleeper()
        for text in ("disk", "cpu:most", "cpu:some:1s", "cpu:some:0s/1s", "cpu:some:1ms/2s:3"):
            self.refused("events", "--pressure", text, self.cid, text="pressure|interval")
        self.refused("events", "--pressure", "cpu:some:2s/1s", self.cid, text="cpu.pressure")

    def test_ids_and_all_exclude_each_other(self):
        self.sleeper()
        for command in ("events", "stats"):
            self.refused(command, text="ID .or --all. is required")
            self.refused(command, "--all", self.cid, text="exclude each other")


class Stats(Several):
    def test_a_table(self):
        self.place("memory")
        self.sleeper(lambda c: c["linux"]["resources"].update(memory={"limit": 64 * MIB}))
        other = self.other()
        lines = self.ok("stats", "--all").out.splitlines()
        self.assertEqual(lines[0].split(),
                         ["ID", "CPU", "MEMORY", "LIMIT", "PIDS", "READ", "WRITTEN"])
        rows = {line.split()[0]: line.split() for line in lines[1:]}
        self.assertEqual(set(rows), {self.cid, other})
        self.assertEqual((rows[self.cid][3], rows[other][3]), ("64.0M", "-"))
        self.assertEqual(rows[self.cid][4], "1")

    def test_json_is_an_array_of_the_events(self):
        self.sleeper()
        array = self.ok("stats", "--format", "json", self.cid).json()
        event = json.loads(self.ok("events", "--stats", self.cid).out)
        self.assertEqual([one["id"] for one in array], [self.cid])
        self.assertEqual(set(array[0]["data"]), set(event["data"]))
        self.assertEqual(self.call("stats", "--format", "json", "nobody").code, 1)

    def test_prometheus_can_read_it(self):
        self.place("memory")
        self.place("pids")
        self.sleeper(lambda c: c["linux"]["resources"].update(
            memory={"limit": 64 * MIB}, pids={"limit": 20}))
        other = self.other()
        families = parse_prometheus(self.ok("stats", "--format", "prometheus", "--all").out)
        own, others = (("id", self.cid),), (("id", other),)
        value = lambda name, labels: families["cleat_" + name][1][labels]
        self.assertEqual(families["cleat_cpu_seconds_total"][0], "counter")
        self.assertGreater(value("cpu_seconds_total", own), 0)
        self.assertEqual(families["cleat_memory_bytes"][0], "gauge")
        self.assertGreater(value("memory_bytes", own), 4096)
        self.assertEqual(value("memory_limit_bytes", own), 64 * MIB)
        self.assertEqual(value("memory_limit_bytes", others), float("inf"))
        self.assertEqual((value("pids", own), value("pids_limit", own)), (1, 20))
        self.assertEqual(value("pids_limit", others), float("inf"))

    def test_without_a_container_there_is_nothing(self):
        os.makedirs(self.root)
        self.assertEqual(self.ok("stats", "--all", "--format", "prometheus").out, "")
        self.assertEqual(self.ok("stats", "--all", "--format", "json").out, "[]\n")
        self.assertEqual(self.ok("events", "--all").out, "")

    def test_numbers_of_cgroup_v2(self):
        if cgroup_mounts().get("unified") != "/sys/fs/cgroup":
            self.skipTest("for cgroup v2 alone")
        self.place("memory")
        self.sleeper(lambda c: c["linux"]["resources"].update(
            memory={"limit": 64 * MIB, "swap": 80 * MIB}, pids={"limit": 20}))
        data = self.ok("stats", "-f", "json", self.cid).json()[0]["data"]
        self.assertEqual((data["memory"]["usage"]["limit"], data["memory"]["swap"]["limit"]),
                         (64 * MIB, 80 * MIB))
        current = int(self.read("memory", "memory.current"))
        self.assertLess(abs(data["memory"]["usage"]["usage"] - current), MIB)
        self.assertEqual(data["pids"], {"current": 1, "limit": 20})
        used = int(re.search(r"usage_usec (\d+)", self.read("cpu", "cpu.stat"))[1]) * 1000
        self.assertLessEqual(0.5 * used, data["cpu"]["usage"]["total"])
        self.assertLessEqual(data["cpu"]["usage"]["total"], used)
        for part in ("cpu", "memory", "blkio"):
            self.assertLessEqual({"some", "full"} & set(data[part]["psi"]), {"some", "full"})


if __name__ == "__main__":
    main()
