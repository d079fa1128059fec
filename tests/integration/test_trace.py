#!/usr/bin/env python3
"""--trace: every step of the plan is told with its time, and nothing else changes."""
import json
import os

from harness import CleatTest, main


class Trace(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("the flag is cleat's")
        self.trace = self.path("trace.json")

    def lines(self):
        with open(self.trace, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def planned(self, process):
        plan = self.ok("plan", "--json", "--bundle", self.bundle, self.cid).json()
        return [(step["kind"], step["origin"]) for step in plan[process]]

    def traced(self, process):
        """In the order in which they began; the last, exec, ends the program that would tell."""
        lines = [line for line in self.lines() if line["process"] == process]
        return [(line["what"], line["origin"]) for line in sorted(lines, key=lambda x: x["at_us"])]

    def test_create_tells_every_step_of_the_plan_once(self):
        self.config("/probe", "sleep")
        self.create(global_options=("--trace", self.trace))
        self.start()
        self.wait_for(lambda: ("close-fds", "") in self.traced("init"), "init to be done")
        host, init = self.planned("host"), self.planned("init")
        self.assertEqual(sorted(self.traced("init")), sorted(init[:-1]))
        self.assertEqual(init[-1][0], "exec")
        phases = ["load-config", "probe-host", "compile-plan", "reserve-id", "stage-state",
                  "publish-state"]
        self.assertEqual(sorted(self.traced("host")), sorted(host + [(p, "") for p in phases]))

    def test_times_are_within_the_call_and_do_not_overlap_in_one_process(self):
        self.config("/probe")
        before = os.times().elapsed
        self.ok("run", "--bundle", self.bundle, self.cid, global_options=("--trace", self.trace))
        took = (os.times().elapsed - before) * 1e6
        init = [line for line in self.lines() if line["process"] == "init"]
        for line in init:
            self.assertGreaterEqual(line["at_us"], 0, line)
            self.assertLessEqual(line["at_us"] + line["took_us"], took + 20000, line)
        for first, second in zip(init, init[1:]):
            self.assertLessEqual(first["at_us"] + first["took_us"], second["at_us"] + 1)

    def test_start_and_exec_append(self):
        self.sleeper()
        self.assertFalse(os.path.exists(self.trace))
        self.ok("exec", self.cid, "/probe", global_options=("--trace", self.trace))
        first = self.lines()
        self.assertIn(("host", "compile-plan"), {(x["process"], x["what"]) for x in first})
        self.assertIn(("joiner", "join-container"), {(x["process"], x["what"]) for x in first})
        self.assertIn(("init", "close-fds"), {(x["process"], x["what"]) for x in first})
        self.ok("exec", self.cid, "/probe", global_options=("--trace", self.trace))
        self.assertEqual(self.lines()[:len(first)], first)
        self.assertGreater(len(self.lines()), len(first))

    def test_the_process_does_not_get_the_file(self):
        self.config("/probe", "report")
        result = self.run_container("--trace", self.trace)
        self.assertEqual(result.code, 0, str(result))
        self.assertEqual([fd for fd in result.json()["fds"] if "trace" in str(fd)], [])

    def test_a_file_that_cannot_be_written_is_named_and_nothing_is_made(self):
        self.config("/probe")
        self.refused("create", "--bundle", self.bundle, self.cid,
                     global_options=("--trace", "/nowhere/trace"), text="/nowhere/trace")
        self.assertFalse(os.path.exists(self.root))

    def test_a_full_disk_fails_no_container(self):
        self.config("/probe", "report")
        result = self.run_container("--trace", "/dev/full")
        self.assertEqual(result.code, 0, str(result))


if __name__ == "__main__":
    main()
