"""Rounds: lone and repeated starts, a life, many at once; and what load does not move."""
import os
import random
import statistics
import time

from bundles import TRUE
from floor import FLOOR
from machine import end_children, reap, wait_for_children
from measure import Failed, can_count, can_weigh

OPERATIONS = ("run", "run alone", "exec", "exec alone", "create", "state", "start", "kill",
              "delete", "life", "par create", "par delete")
AT_A_TIME = 4


class Rounds:
    def __init__(self, setting):
        self.setting, self.caller = setting, setting.caller
        self.samples, self.counts = {}, {}

    def add(self, operation, runtime, sample):
        self.samples.setdefault(operation, {}).setdefault(runtime, []).append(sample)

    def take(self, operation, runtime, command):
        sample = self.caller.timed(command)
        self.add(operation, runtime, sample)
        return sample

    # -- one round --

    def run_once(self, runtime):
        self.take("run", runtime, self.setting.run(runtime))
        time.sleep(self.setting.options.pause)
        self.take("run alone", runtime, self.setting.run(runtime))

    def exec_twice(self, runtime, command):
        self.take("exec", runtime, command)
        time.sleep(self.setting.options.pause)
        self.take("exec alone", runtime, command)

    def life_once(self, runtime):
        if runtime == FLOOR:
            with self.setting.floor.container() as container:
                self.exec_twice(runtime, container)
            return
        name, command = self.setting.new_id(), lambda *words: self.setting.command(runtime, *words)
        take = lambda verb, *words: self.take(verb, runtime, command(verb, *words))
        taken = {}
        try:
            taken["create"] = take("create", "-b", self.setting.sleeper(), name)
            take("state", name)
            taken["start"] = take("start", name)
            self.exec_twice(runtime, command("exec", name, *TRUE))
            taken["kill"] = take("kill", name, "KILL")
            wait_for_children()
            taken["delete"] = take("delete", name)
        except Failed:
            self.setting.quietly(command("delete", "-f", name))
            raise
        self.add("life", runtime, {key: sum(sample[key] for sample in taken.values())
                                   for key in taken["create"]})

    def parallel_once(self, runtime):
        """So many containers, some at a time; the seconds of each, as if it had been alone."""
        names = [self.setting.new_id() for _ in range(self.setting.options.parallel)]
        make = lambda name: self.setting.detached(runtime, name)
        remove = lambda name: self.setting.command(runtime, "delete", "-f", name)
        try:
            for operation, command in (("par create", make), ("par delete", remove)):
                sample, failed = self.caller.at_once(map(command, names), AT_A_TIME)
                if failed:
                    raise Failed(f"{failed} of {len(names)} failed: {self.caller.last_words()}")
                self.add(operation, runtime,
                         {key: value / len(names) for key, value in sample.items()})
        finally:
            end_children()

    # -- all rounds --

    def all_rounds(self):
        options = self.setting.options
        for number in range(-1, options.rounds):  # one to warm up
            if number == 0:
                self.samples.clear()
            self.shuffled((self.run_once, self.life_once), options.runtimes,
                          f"round {number + 1}/{options.rounds}")
        real = [runtime for runtime in options.runtimes if runtime != FLOOR]
        for number in range(options.parallel_rounds):
            self.shuffled((self.parallel_once,), real, f"{options.parallel} at once, {number + 1}")
        for runtime in options.runtimes:
            self.setting.attempt(runtime, "count", lambda: self.count_one(runtime))

    def shuffled(self, actions, runtimes, title):
        jobs = [(action, runtime) for action in actions for runtime in runtimes]
        random.shuffle(jobs)
        for action, runtime in jobs:
            self.setting.progress.show(f"{title}: {runtime}")
            self.setting.attempt(runtime, action.__name__, lambda: action(runtime))

    # -- what load does not move --

    def count_one(self, runtime):
        self.setting.progress.show(f"counting: {runtime}")
        found = self.counts.setdefault(runtime, {})
        if can_count():
            counted = self.caller.counted(self.setting.run(runtime))
            found.update({key: counted[key] for key in ("calls", "forks", "execs")})
        if can_weigh():
            found["rss_run_kb"] = self.caller.rss(self.setting.run(runtime))
            if runtime == FLOOR:
                with self.setting.floor.container() as container:
                    found["rss_exec_kb"] = self.caller.rss(container)
            else:
                self.weigh_life(runtime, found)
        found["size_kb"] = os.path.getsize(self.setting.options.runtimes[runtime]) // 1024

    def weigh_life(self, runtime, found):
        name, command = self.setting.new_id(), lambda *words: self.setting.command(runtime, *words)
        try:
            found["rss_create_kb"] = self.caller.rss(
                command("create", "-b", self.setting.sleeper(), name))
            self.caller.timed(command("start", name))
            found["rss_exec_kb"] = self.caller.rss(command("exec", name, *TRUE))
            found["rss_state_kb"] = self.caller.rss(command("state", name))
        finally:
            self.setting.quietly(command("delete", "-f", name))
            reap()

    def result(self):
        """{operation: {runtime: {"wall_ms", "cpu_ms", "faults"}}}: medians."""
        middle = lambda samples, key: statistics.median(sample[key] for sample in samples)
        return {operation: {runtime: {"wall_ms": middle(row[runtime], "wall") * 1e3,
                                      "cpu_ms": middle(row[runtime], "cpu") * 1e3,
                                      "faults": middle(row[runtime], "faults")}
                            for runtime in self.setting.options.runtimes if runtime in row}
                for operation in OPERATIONS for row in [self.samples.get(operation, {})] if row}
