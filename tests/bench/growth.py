"""How cost grows: with what a configuration holds, and with the containers that are there already.

Runtimes differ by a factor of a hundred here, so each has a limit of time for each size: who is
slow is measured fewer times, and the result says how often.
"""
import shutil
import statistics
import time

from bundles import SIZES, SLEEP, TRUE
from floor import FLOOR
from machine import end_children, remove_cgroups
from measure import Failed

ROUNDS, LIMIT = 3, 4.0  # of one size of one runtime, in seconds
CROWDS, FILLING = (0, 100, 1000), 60.0  # containers; seconds until a runtime has made them
AT_A_TIME, BUNCH = 4, 50


class Growth:
    def __init__(self, setting):
        self.setting, self.caller, self.samples = setting, setting.caller, {}
        self.runtimes = [runtime for runtime in setting.options.runtimes if runtime != FLOOR]

    def note(self, chart, runtime, size, sample):
        sizes = self.samples.setdefault(chart, {}).setdefault(runtime, {})
        sizes.setdefault(size, []).append(sample["wall"] * 1e3)

    def all_directions(self):
        for kind, sizes in SIZES.items():
            for size in sizes:
                self.configurations(kind, size)
        for runtime in self.runtimes:
            self.setting.attempt(runtime, "containers", lambda: self.crowd(runtime))

    def configurations(self, kind, size):
        spent = dict.fromkeys(self.runtimes, 0.0)
        bundle = self.setting.bundles.get(TRUE, seccomp=kind == "seccomp", grow=kind, size=size)
        for _ in range(ROUNDS):
            for runtime in self.runtimes:
                if spent[runtime] < LIMIT:
                    begin = time.monotonic()
                    self.setting.progress.show(f"growth: {size} {kind}, {runtime}")
                    run = self.setting.run(runtime, bundle)
                    self.setting.attempt(runtime, f"{kind} {size}", lambda: self.note(
                        f"run, {kind}", runtime, size, self.caller.timed(run)))
                    spent[runtime] += time.monotonic() - begin

    def crowd(self, runtime):
        """Containers that sleep, made some at a time; then state, list and create beside them."""
        there, deadline = 0, time.monotonic() + FILLING
        bundle = self.setting.bundles.get(SLEEP, seccomp=False, grow="crowd")
        make = lambda name: self.setting.detached(runtime, name, bundle)
        try:
            for size in CROWDS:
                while there < size and time.monotonic() < deadline:
                    self.setting.progress.show(f"growth: {there}/{size} containers, {runtime}")
                    bunch = [self.setting.new_id() for _ in range(min(BUNCH, size - there))]
                    _, failed = self.caller.at_once(map(make, bunch), AT_A_TIME)
                    if failed == len(bunch):
                        raise Failed(f"no container can be made: {self.caller.last_words()}")
                    there += len(bunch) - failed
                self.beside(runtime, there)
        finally:
            self.setting.progress.show(f"growth: removing {there} containers, {runtime}")
            end_children()
            remove_cgroups(self.setting.prefix)
            shutil.rmtree(self.setting.state_of(runtime), ignore_errors=True)

    def beside(self, runtime, there):
        begin = time.monotonic()
        for _ in range(ROUNDS):
            name = self.setting.new_id()
            calls = (("create", ("-b", self.setting.sleeper(), name)), ("state", (name,)),
                     ("list", ()))
            for verb, words in calls:
                self.note(f"{verb}, containers", runtime, there,
                          self.caller.timed(self.setting.command(runtime, verb, *words)))
            self.setting.quietly(self.setting.command(runtime, "delete", "-f", name))
            if time.monotonic() - begin > LIMIT:
                return

    def result(self):
        """({chart: {runtime: {size: median in ms}}}, {the same: how many times})."""
        each = lambda function: {
            chart: {runtime: {size: function(values) for size, values in sizes.items()}
                    for runtime, sizes in rows.items()} for chart, rows in self.samples.items()}
        return each(statistics.median), each(len)
