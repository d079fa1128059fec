#!/usr/bin/env python3
"""How tools/test-peers reads results and compares them with expectations: peers_test.py TEST-PEERS"""
import importlib.machinery
import importlib.util
import sys
import unittest

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("test_peers", sys.argv.pop(1))
peers = importlib.util.module_from_spec(importlib.util.spec_from_loader("test_peers", LOADER))
LOADER.exec_module(peers)


class Results(unittest.TestCase):
    def results(self, cases):
        return [(case.name, case.result) for case in cases]

    def test_passed_failed_and_skipped_points_are_told_apart(self):
        text = "1..3\r\nok 1 starts\r\nnot ok 2 stops\r\nok 3 moves # skip no CRIU\r\n"
        cases = peers.parse_tap("a.bats", text, 1)
        self.assertEqual([("starts", "pass"), ("stops", "fail"), ("moves", "skip")],
                         self.results(cases))
        self.assertEqual("no CRIU", cases[2].reason)

    def test_a_skip_is_found_however_it_is_written(self):
        for mark in ("# SKIP", "# skip", "#SKIP"):
            self.assertEqual([("moves", "skip")],
                             self.results(peers.parse_tap("a.py", f"1..1\nok 1 - moves {mark}\n", 0)))

    def test_missing_points_are_a_failed_case(self):
        self.assertIn(("all cases ran", "fail"),
                      self.results(peers.parse_tap("a.bats", "1..2\nok 1 starts\n", 0)))
        self.assertEqual([("all cases ran", "fail")],
                         self.results(peers.parse_tap("a.bats", "killed\n", 124)))

    def test_a_program_fails_by_status_by_point_and_by_error(self):
        for text, status in (("1..1\nok 1 - x\n", 2), ("not ok 1 - x\n1..1\n", 0),
                             ('# {"error": "no"}\n', 0)):
            self.assertEqual([("program", "fail")],
                             self.results(peers.parse_program("hooks", text, status)))
        self.assertEqual([("program", "pass")],
                         self.results(peers.parse_program("hooks", "ok 1 - x\n1..1\n", 0)))


class Expectations(unittest.TestCase):
    ROWS = "# comment\n* | a.bats | stops | text | another wording\nv1 | b.bats | * | environment | x\n"

    def judge(self, *cases, view="v1"):
        return peers.judge([peers.Case(*case, "") for case in cases],
                           peers.parse_expectations(self.ROWS), view)

    def test_an_expected_failure_counts_as_passed(self):
        self.assertEqual((1, 0, 0, []), self.judge(("a.bats", "stops", "fail")))

    def test_an_unexpected_failure_fails(self):
        passed, failed, _, messages = self.judge(("a.bats", "stops", "fail"),
                                                 ("a.bats", "starts", "fail"))
        self.assertEqual((1, 1, ["failed: a.bats: starts"]), (passed, failed, messages))

    def test_an_unexpected_pass_fails(self):
        self.assertEqual(1, self.judge(("a.bats", "stops", "pass"))[1])

    def test_a_row_without_its_case_fails(self):
        self.assertEqual(["no such case: a.bats: stops"],
                         self.judge(("a.bats", "starts", "pass"))[3])

    def test_a_row_counts_for_its_view_only(self):
        self.assertEqual(0, self.judge(("b.bats", "any", "fail"))[1])
        self.assertEqual(1, self.judge(("b.bats", "any", "fail"), view="v2")[1])

    def test_an_incomplete_row_is_an_error_with_its_line(self):
        for row in ("* | a.bats | stops | text", "* | a.bats | stops | mood | because"):
            with self.assertRaisesRegex(ValueError, "line 2"):
                peers.parse_expectations("\n" + row)


if __name__ == "__main__":
    unittest.main()
