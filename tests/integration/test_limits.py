#!/usr/bin/env python3
"""Limits that act: what a container may not have it does not get."""
import os
import re
import subprocess
import sys
import time

from cgroup_test import MIB, CgroupTest
from harness import SLOWNESS, main
from layout import find_controller

# A process of the test's own that goes into the container's cgroup, then does something.
JOIN = 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"'
MAP_HUGETLB = 0x40000


def whole_disk(path):
    """"MAJOR:MINOR" of the disk that a file is on, or None."""
    device = os.stat(path).st_dev
    entry = f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"
    if not os.path.exists(entry):
        return None
    if os.path.exists(entry + "/partition"):
        entry = os.path.join(entry, "..")
    with open(os.path.join(entry, "dev"), encoding="utf-8") as file:
        return file.read().strip()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class Acting(CgroupTest):
    def joined(self, directory, *command):
        return subprocess.run(["sh", "-c", JOIN, "sh", directory, *command], capture_output=True,
                              text=True, timeout=60 * SLOWNESS, check=False)

    def test_a_quota_throttles(self):
        self.place("cpu")
        self.limited(cpu={"quota": 5000, "period": 50000})
        self.assertEqual(self.exec("/bin/sh", "-c", "while :; do :; done",
                                   options=("--detach",)).code, 0)
        throttling = lambda: self.ok("events", "--stats", self.cid).json()["data"]["cpu"]["throttling"]
        self.wait_for(lambda: throttling().get("throttledPeriods", 0) > 3, "a throttled period")
        now = throttling()
        self.assertGreater(now["throttledTime"], 0)
        self.assertGreaterEqual(now["periods"], now["throttledPeriods"])

    def test_processes_beyond_the_limit_are_refused(self):
        self.place("pids")
        self.config("/probe", "fork", "20", change=lambda c: c["linux"]["resources"].update(
            pids={"limit": 5}))
        self.assertEqual(self.run_container().json()["result"], 4)

    def test_memory_beyond_the_limit_ends_the_process(self):
        self.place("memory")
        self.limited(memory={"limit": 24 * MIB, "swap": 24 * MIB})
        self.assertEqual(self.exec("/probe", "eat", "80").code, 128 + 9)
        self.assertEqual(self.status(), "running")

    def test_direct_writes_are_slowed_down(self):
        generation, directory = self.place("blkio" if find_controller("blkio") else "io")
        disk = whole_disk(self.directory) or self.skipTest("the tests' directory is on no disk")
        major, minor = map(int, disk.split(":"))
        self.limited(blockIO={"throttleWriteBpsDevice": [
            {"major": major, "minor": minor, "rate": MIB}]})
        target = self.path("written")
        command = ("dd", "if=/dev/zero", "of=" + target, "bs=256k", "count=12", "oflag=direct")
        before = time.monotonic()
        done = self.joined(directory, *command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(time.monotonic() - before, 2.0, "3 MiB at 1 MiB/s")
        self.assertEqual(generation, 1 if find_controller("blkio") else 2)

    def test_a_cpuset_holds(self):
        self.place("cpuset")
        self.limited(cpu={"cpus": "0"})
        seen = self.exec("/bin/cat", "/proc/self/status").out
        self.assertEqual(re.search(r"Cpus_allowed_list:\s*(\S+)", seen)[1], "0")

    def test_huge_pages_beyond_the_limit_are_refused(self):
        directory = self.place("hugetlb")[1]
        setting = "/proc/sys/vm/nr_hugepages"
        with open(setting, encoding="utf-8") as file:
            before = file.read()
        if int(before) < 4:
            if "CLEAT_OWN_MACHINE" not in os.environ:
                self.skipTest("this machine has no huge pages, and is not the tests' own")
            self.undo.append(lambda: write(setting, before))
            write(setting, "8")
            with open(setting, encoding="utf-8") as file:
                if int(file.read()) < 4:
                    self.skipTest("no memory for huge pages")
        self.limited(hugepageLimits=[{"pageSize": "2MB", "limit": 2 * MIB}])
        code = (f"import mmap; mmap.mmap(-1, {{}} << 20, "
                f"flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | {MAP_HUGETLB})")
        within = self.joined(directory, sys.executable, "-c", code.format(2))
        self.assertEqual(within.returncode, 0, within.stderr)
        beyond = self.joined(directory, sys.executable, "-c", code.format(4))
        self.assertNotEqual(beyond.returncode, 0)
        self.assertIn("Cannot allocate memory", beyond.stderr)


if __name__ == "__main__":
    main()
