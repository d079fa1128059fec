#!/usr/bin/env python3
"""Nothing is left: small samples of what tools/load and tests/faults/kills do at length, and that
they notice what is left."""
import json
import os
import subprocess
import sys

from harness import TOP, CleatTest, main

LOAD = [os.path.join(TOP, "tools/load"), "--json"]
KILLS = [sys.executable, "-B", os.path.join(TOP, "tests/faults/kills"), "--json"]


class Leftovers(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("the programs judge the runtime that they are given")

    def told(self, command, wanted):
        """The JSON that a program prints; it comes to an end and with that status."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(done.returncode, wanted, done.stdout[-2000:] + done.stderr[-2000:])
        return json.loads(done.stdout)

    def faulty(self, body):
        """A runtime that is cleat but for `body`, a shell script with $op."""
        return self.write_file(self.path("faulty"), f"#!/bin/bash\nop=$3\n{body}\n"
                               f"exec {self.runtime} \"$@\"\n", 0o755)

    def test_many_at_once_and_one_after_the_other(self):
        found = self.told([*LOAD, "--count", "12", "--cycles", "24", "--parallel", "8",
                           self.runtime], 0)
        self.assertEqual((found["left"], found["errors"]), ([], {}))
        self.assertEqual(found["crowd"]["listed"], 12)
        self.assertLess(found["crowd"]["pss_kb"], 1500)
        self.assertEqual(found["parallel"], 80)

    def test_load_notices_what_is_left(self):
        found = self.told([*LOAD, "--count", "2", "--cycles", "1", "--parallel", "1", self.faulty(
            '[ "$op" = delete ] && mkdir -p $2/left')], 1)
        self.assertEqual(found["left"], ["state left"])

    def test_load_notices_what_fails(self):
        found = self.told([*LOAD, "--count", "2", "--cycles", "1", "--parallel", "1", self.faulty(
            '[ "$op" = exec ] && { echo no >&2; exit 7; }')], 1)
        self.assertEqual(sum(times for words, times in found["errors"].items()
                             if words.startswith("exec: 7 no")), 2)

    def test_killed_at_any_moment(self):
        for row in self.told([*KILLS, "--count", "10", self.runtime], 0):
            with self.subTest(verb=row["verb"]):
                self.assertEqual((row["kept"], row["garbage"]), (0, 0), row["examples"])
                self.assertEqual(row["kills"], 10)

    def test_kills_notices_what_is_left(self):
        """`delete` does nothing, after a create that is mostly killed too late to matter."""
        rows = self.told([*KILLS, "--count", "4", "--verb", "run", self.faulty(
            '[ "$op" = run ] && mkdir -p $2/left')], 1)
        self.assertGreater(rows[0]["kept"], 0)


if __name__ == "__main__":
    main()
