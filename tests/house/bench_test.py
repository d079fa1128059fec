#!/usr/bin/env python3
"""tools/bench: what it makes of numbers, that one call measures all, and that it leaves nothing.

The runtime and the floor are those of CLEAT and FLOOR.
"""
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.dom.minidom

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/bench"))

import plot  # noqa: E402
import report  # noqa: E402
from bundles import BUSYBOX  # noqa: E402
from machine import hierarchies  # noqa: E402
from measure import count  # noqa: E402
from rounds import OPERATIONS  # noqa: E402

CANNOT = ("needs root" if os.geteuid() != 0 else "no " + BUSYBOX if not os.path.exists(BUSYBOX)
          else "CLEAT and FLOOR do not say where" if not {"CLEAT", "FLOOR"} <= set(os.environ)
          else None)
SMALL = {"date": "2026-01-01", "kernel": "6.1", "processors": 2, "rounds": 3, "reference": "b",
         "runtimes": {"a": "/a", "b": "/b", "floor": "/f"},
         "operations": {"run": {"a": {"wall_ms": 5.0, "cpu_ms": 1.0, "faults": 9.0},
                                "b": {"wall_ms": 20.0, "cpu_ms": 4.0, "faults": 3.0}}},
         "counts": {"floor": {"calls": 10}, "b": {"calls": 100}}, "failures": {},
         "growth_ms": {"run, mounts": {"a": {10: 2.0, 1000: 8.0}, "b": {10: 4.0}}},
         "growth_rounds": {"run, mounts": {"a": {10: 5, 1000: 2}, "b": {10: 5}}}}


def bench(*options):
    return [sys.executable, "-B", os.path.join(TOP, "tests/bench/bench.py"), "-n", "1", *options,
            "cleat=" + os.environ["CLEAT"], "floor=" + os.environ["FLOOR"]]


def cgroups_of(pid):
    return [path for point in hierarchies() for path, _, _ in os.walk(point)
            if f"bench-{pid}-" in os.path.basename(path)]


def directories():
    return {name for name in os.listdir("/run") if name.startswith("cleat-bench-")}

TRACE = """10 execve("/usr/bin/cleat", ["cleat"], 0x1) = 0
10 clone3({flags=CLONE_NEWNS}, 88 <unfinished ...>
11 close(5) = 0
10 <... clone3 resumed>) = 11
11 execve("/bin/true", ["/bin/true"], 0x2) = 0
11 brk(NULL) = 0x1
10 exit_group(0) = ?
"""


class BenchTest(unittest.TestCase):
    def test_every_mark_is_in_the_frame_whatever_the_numbers(self):
        for factor in (1e-3, 1, 12345):
            bars = {"run": {"a": 0.5 * factor, "b": factor}, "state": {"b": 0.01 * factor}}
            rows = {"a": {10: factor, 1000: 9 * factor}, "b": {10: 0.1 * factor}}
            picture = plot.svg("a <b> & c", ["a", "b"], [("bars", "x", bars), ("lines", "y", rows)])
            root = xml.dom.minidom.parseString(picture).documentElement
            limits = {"x": "width", "x1": "width", "x2": "width", "cx": "width",
                      "y": "height", "y1": "height", "y2": "height", "cy": "height"}
            for mark in root.getElementsByTagName("*"):
                for name, side in limits.items():
                    if mark.hasAttribute(name):
                        place, end = float(mark.getAttribute(name)), float(root.getAttribute(side))
                        self.assertTrue(0 <= place <= end, f"{mark.toxml()} of {factor}")

    def test_the_payload_is_not_counted(self):
        path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"bench-test-{os.getpid()}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(TRACE)
        self.addCleanup(os.remove, path)
        found = count(path)
        self.assertEqual((found["calls"], found["forks"], found["execs"]), (5, 1, 2))

    def test_a_row_has_a_cell_for_each_runtime_with_its_ratio(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            report.show(SMALL)
        rows = [line.split() for line in out.getvalue().splitlines()]
        self.assertIn(["run", "5.00", "0.25", "20.00", "1.00", "-"], rows)
        self.assertIn(["system", "calls", "-", "100", "1.00", "10", "0.10"], rows)
        self.assertIn(["run,", "1000", "mounts", "8.00", "-", "-", "-"], rows)
        self.assertIn("fewer rounds: a: run, mounts 1000: 2 of 5", out.getvalue())

    @unittest.skipIf(CANNOT, CANNOT)
    def test_one_call_measures_all_operations_and_the_floor(self):
        with tempfile.TemporaryDirectory() as directory:
            path, picture = os.path.join(directory, "json"), os.path.join(directory, "svg")
            done = subprocess.run(bench("--parallel", "6", "--parallel-rounds", "1", "--json", path,
                                        "--out", picture), capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
            self.assertEqual(xml.dom.minidom.parse(picture).documentElement.tagName, "svg")
        self.assertEqual(list(found["operations"]), list(OPERATIONS))
        for operation, row in found["operations"].items():
            alone = operation.partition(" ")[0] in ("run", "exec")
            self.assertEqual(list(row), ["cleat", "floor"] if alone else ["cleat"], operation)
            self.assertEqual(list(row), list(found["ratios"][operation]))
        self.assertGreater(found["counts"]["cleat"]["calls"], found["counts"]["floor"]["calls"])

    @unittest.skipIf(CANNOT, CANNOT)
    def test_one_that_is_told_to_end_removes_what_it_made(self):
        before = directories()
        with subprocess.Popen(bench("--parallel", "1000"), stdout=subprocess.DEVNULL) as running:
            deadline = time.monotonic() + 60
            while len(cgroups_of(running.pid)) < 100:  # some containers in each hierarchy
                self.assertLess(time.monotonic(), deadline, "it makes no containers")
                self.assertIsNone(running.poll(), "it ended of itself")
                time.sleep(0.02)
            running.send_signal(signal.SIGTERM)
            self.assertEqual(running.wait(60), 128 + signal.SIGTERM)
        self.assertEqual((cgroups_of(running.pid), directories() - before), ([], set()))


if __name__ == "__main__":
    unittest.main()
