"""Compares OCI runtimes on this machine.

  tools/bench [options] [NAME=PATH | PATH]…

Without a runtime: the cleat of the build directory, and runc and crun where they are installed.
Each round does each thing once with each runtime, in a shuffled order, so that a slow moment of the
machine hits all alike. Look at the ratios, to crun or else to the first runtime, not at the times.

  run, exec         of /bin/true; "alone" after a pause, without which the kernel is still in the
                    slow path that the container before has brought it to
  life              the sum of create, start, kill and delete
  par               many containers, four at a time: the time of each
  floor             the kernel's work alone (tests/bench/floor.cpp): what no runtime can be faster
                    than; with the runtimes if it is built

Needs root, busybox-static; strace counts system calls, GNU time weighs; cgroups and containers are
removed again. Containers are close to Docker's default; the runtimes' state is in memory, as /run is
where systemd has made it.
"""
import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from bundles import BUSYBOX, SLEEP, TRUE, Bundles
from floor import FLOOR, Floor
from growth import Growth
from machine import end_children, leave, memory_at, own_mounts, reap, remove_cgroups
from measure import Caller, Failed
from report import draw, ratios, show
from rounds import Rounds

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))


class Progress:
    """One line on a terminal, nothing in a pipe."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def show(self, what):
        if self.shown:
            sys.stderr.write("\r\033[K" + what[:78])
            sys.stderr.flush()


class Setting:
    """What all measurements share: where things are, and how a runtime is called."""

    def __init__(self, options):
        self.options, self.progress, self.failures = options, Progress(), {}
        self.prefix, self.number = f"bench-{os.getpid()}-", 0
        self.directory = tempfile.mkdtemp(prefix="cleat-bench-", dir="/run")
        self.state = os.path.join(self.directory, "state")
        memory_at(self.state)
        self.caller, self.bundles = Caller(self.directory), Bundles(self.directory)
        self.floor = Floor(options.runtimes[FLOOR], self) if FLOOR in options.runtimes else None

    def state_of(self, runtime):
        return os.path.join(self.state, runtime)

    def command(self, runtime, *arguments):
        return [self.options.runtimes[runtime], "--root", self.state_of(runtime), *arguments]

    def run(self, runtime, bundle=None):
        if runtime == FLOOR:
            return self.floor.run()
        return self.command(runtime, "run", "-b", bundle or self.bundles.get(TRUE), self.new_id())

    def detached(self, runtime, name, bundle=None):
        return self.command(runtime, "run", "-d", "-b", bundle or self.sleeper(), name)

    def sleeper(self):
        return self.bundles.get(SLEEP)

    def new_id(self):
        self.number += 1
        return f"{self.prefix}{self.number}"

    def quietly(self, command):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        reap()

    def attempt(self, runtime, what, action):
        """A runtime that cannot do it is left out of it from then on, and that is said."""
        if (runtime, what) in self.failures:
            return
        try:
            action()
        except (Failed, subprocess.CalledProcessError, OSError) as error:
            self.failures[runtime, what] = str(error)
        reap()

    def clean(self):
        """Whatever happened, and were it in the middle of a call: nobody may end this, either."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.progress.show("removing what is left")
        end_children()
        remove_cgroups(self.prefix)
        leave(self.state)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.progress.show("")


def chosen(words):
    if not words:
        built = os.path.join(TOP, "build/src/cli/cleat")
        words = [path for path in (built if os.access(built, os.X_OK) else shutil.which("cleat"),
                                   shutil.which("crun"), shutil.which("runc")) if path]
    runtimes = {}
    for word in words:
        name, _, path = word.rpartition("=")
        found = shutil.which(path)
        if not found:
            sys.exit(f"bench: {path} is not a program")
        runtimes[name or os.path.basename(path)] = os.path.realpath(found)
    if not runtimes:
        sys.exit("bench: no runtime found: build cleat, or name one")
    floor = os.path.join(TOP, "build/tests/bench/floor")
    if FLOOR not in runtimes and os.access(floor, os.X_OK):
        runtimes[FLOOR] = floor
    return runtimes


def parse():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runtime", nargs="*")
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.12, metavar="SECONDS",
                        help="before what is measured alone (0.12)")
    parser.add_argument("--parallel", type=int, default=50, metavar="N",
                        help="how many containers are made at once (50)")
    parser.add_argument("--parallel-rounds", type=int, default=3, metavar="N")
    parser.add_argument("--growth", action="store_true",
                        help="also how cost grows with mounts, environment, devices, rules and "
                             "containers; some minutes")
    parser.add_argument("--json", metavar="FILE", help="write the results for machines")
    parser.add_argument("--out", metavar="FILE", help="write a plot (SVG)")
    options = parser.parse_args()
    for path in filter(None, (options.json, options.out)):
        if os.path.isdir(path) or not os.access(os.path.dirname(path) or ".", os.W_OK):
            parser.error(f"cannot write {path}")
    options.runtimes = chosen(options.runtime)
    options.reference = "crun" if "crun" in options.runtimes else next(iter(options.runtimes))
    return options


def write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def result_of(setting, rounds, growth):
    options, operations = setting.options, rounds.result()
    walls = {operation: {runtime: values["wall_ms"] for runtime, values in row.items()}
             for operation, row in operations.items()}
    growth_ms, growth_rounds = growth.result()
    return {"date": time.strftime("%Y-%m-%d"), "kernel": platform.release(),
            "processors": os.cpu_count(), "rounds": options.rounds, "reference": options.reference,
            "runtimes": options.runtimes, "operations": operations,
            "ratios": ratios(walls, options.reference), "counts": rounds.counts,
            "growth_ms": growth_ms, "growth_rounds": growth_rounds,
            "failures": {f"{runtime}: {what}": text
                         for (runtime, what), text in setting.failures.items()}}


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):  # and what was made is removed
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    options = parse()
    if os.geteuid() != 0 or not os.access(BUSYBOX, os.X_OK):
        sys.exit("bench: needs root and busybox-static")
    own_mounts(options.runtimes)
    setting = Setting(options)
    try:
        rounds, growth = Rounds(setting), Growth(setting)
        rounds.all_rounds()
        if options.growth:
            growth.all_directions()
    finally:
        setting.clean()
    result = result_of(setting, rounds, growth)
    show(result)
    if options.json:
        write(options.json, json.dumps(result, indent=1) + "\n")
    if options.out:
        write(options.out, draw(result))
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
