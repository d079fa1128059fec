#!/usr/bin/env python3
"""What tools/tally counts: tally_test.py TALLY. It is the judge of every run, so it is judged."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

TALLY = sys.argv.pop(1)
DOCTEST = "[doctest] doctest version is 2\n{}[doctest] test cases: {} | {} passed | {} failed | 0 skipped\n"
RULER = "=" * 79 + "\n"


class TallyTest(unittest.TestCase):
    def tally(self, *programs, **files):
        with tempfile.TemporaryDirectory() as directory:
            with open(os.path.join(directory, "1.json"), "w", encoding="utf-8") as file:
                for output, result in programs:
                    file.write(json.dumps({"name": "t", "result": result, "stdout": output,
                                           "returncode": 1}) + "\n")
            for name, text in files.items():
                with open(os.path.join(directory, name + ".tap"), "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run([sys.executable, TALLY, directory], capture_output=True,
                                  text=True, check=False)
        self.output = done.stdout
        return done.returncode, done.stdout.splitlines()[-1]

    def test_points_are_counted(self):
        self.assertEqual(self.tally(("1..2\nok 1 - a\nok 2 - b # SKIP no x\n", "OK")),
                         (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped: t: b: no x", self.output)

    def test_a_failed_point_fails_and_shows_its_comments(self):
        self.assertEqual(self.tally(("1..2\n# why\nnot ok 1 - a\nok 2 - b\n", "FAIL")),
                         (1, "1 passed, 1 failed, 0 skipped"))
        self.assertIn("# why", self.output)

    def test_details_are_those_of_the_point_before_and_shown_where_it_failed(self):
        details = "  ---\n  duration_ms: {}\n  ...\n"
        self.assertEqual(self.tally(("1..3\nok 1 - a\n" + details.format(7) + "not ok 2 - b\n" +
                                     details.format(8) + "not ok 3 - c\n", "FAIL")),
                         (1, "1 passed, 2 failed, 0 skipped"))
        self.assertIn("duration_ms: 8", self.output)
        self.assertNotIn("duration_ms: 7", self.output)

    def test_points_that_never_came_are_failures(self):
        self.assertEqual(self.tally(("1..3\nok 1 - a\n", "TIMEOUT")),
                         (1, "1 passed, 2 failed, 0 skipped"))

    def test_a_bad_exit_after_good_points_is_a_failure(self):
        self.assertEqual(self.tally(("1..1\nok 1 - a\n", "FAIL")),
                         (1, "1 passed, 1 failed, 0 skipped"))

    def test_a_file_that_skips_as_a_whole(self):
        self.assertEqual(self.tally(("1..0 # SKIP not root\n", "SKIP")),
                         (0, "0 passed, 0 failed, 1 skipped"))

    def test_cases_of_doctest(self):
        self.assertEqual(self.tally((DOCTEST.format("", 7, 7, 0), "OK")),
                         (0, "7 passed, 0 failed, 0 skipped"))
        self.assertEqual(self.tally((DOCTEST.format("", 7, 5, 2), "FAIL")),
                         (1, "5 passed, 2 failed, 0 skipped"))

    def test_a_case_of_doctest_that_says_it_is_skipped(self):
        block = RULER + "x.cpp:1:\nTEST CASE:  a limit\n\nx.cpp:2: MESSAGE: skipped: needs root\n\n" + RULER
        self.assertEqual(self.tally((DOCTEST.format(block, 2, 2, 0), "OK")),
                         (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("skipped: t: a limit: needs root", self.output)

    def test_a_crash_is_a_failure(self):
        self.assertEqual(self.tally(("[doctest] doctest version is 2\n", "FAIL")),
                         (1, "0 passed, 1 failed, 0 skipped"))
        self.assertEqual(self.tally((DOCTEST.format("", 7, 7, 0), "FAIL")),
                         (1, "7 passed, 1 failed, 0 skipped"))

    def test_nothing_at_all_is_a_failure(self):
        self.assertEqual(self.tally(), (1, "0 passed, 0 failed, 0 skipped"))

    def test_tap_from_elsewhere(self):
        self.assertEqual(self.tally(lint="1..1\n# x.cpp\nnot ok - clang-format\n"),
                         (1, "0 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
