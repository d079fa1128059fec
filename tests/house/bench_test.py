#!/usr/bin/env python3
"""What tools/bench makes of numbers: a plot that is well-formed and stays in its frame."""
import os
import sys
import unittest
import xml.dom.minidom

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/bench"))

import plot  # noqa: E402
from measure import count  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
