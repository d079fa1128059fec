"""Compares OCI runtimes on this machine.

  tools/bench [options] [NAME=PATH | PATH]…

Without a runtime: the cleat of the build directory, and runc and crun where they are installed.
Each round does each thing once with each runtime, in a shuffled order, so that a slow moment of the
machine hits all alike. Look at the ratios, to crun or else to the first runtime, not at the times.
Needs root, busybox-static; strace counts system calls, GNU time weighs; cgroups and containers are
removed again. Containers are close to Docker's default.
"""
import argparse
import contextlib
import ctypes
import json
import os
import platform
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import plot
from bundles import BUSYBOX, SIZES, SLEEP, TRUE, Bundles
from measure import Caller, Failed, can_count, can_weigh

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
OPERATIONS = ("run", "create", "state", "start", "exec", "kill", "delete")
CLONE_NEWNS, MS_PRIVATE_ALL, PR_SET_CHILD_SUBREAPER = 0x20000, 0x44000, 36
UNIFIED = "/sys/fs/cgroup/unified"


class Progress:
    """One line on a terminal, nothing in a pipe."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def show(self, what):
        if self.shown:
            sys.stderr.write("\r\033[K" + what[:78])
            sys.stderr.flush()


class Bench:
    def __init__(self, options):
        self.options, self.progress = options, Progress()
        self.directory = tempfile.mkdtemp(prefix="cleat-bench-", dir="/run")
        self.caller, self.bundles = Caller(self.directory), Bundles(self.directory)
        self.samples, self.counts, self.growth, self.failures = {}, {}, {}, {}
        self.number = 0

    def command(self, runtime, *arguments):
        root = os.path.join(self.directory, "state-" + runtime)
        return [self.options.runtimes[runtime], "--root", root, *arguments]

    def new_id(self):
        self.number += 1
        return f"bench-{os.getpid()}-{self.number}"

    def quietly(self, *command):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        reap()

    def guarded(self, runtime, what, action):
        """A runtime that cannot do it is left out of it from then on, and that is said."""
        if (runtime, what) in self.failures:
            return
        try:
            action()
        except (Failed, subprocess.CalledProcessError, OSError) as error:
            self.failures[runtime, what] = str(error)
        reap()
        time.sleep(self.options.pause)

    def add(self, operation, runtime, sample):
        self.samples.setdefault(operation, {}).setdefault(runtime, []).append(sample)

    # -- one round --

    def run_once(self, runtime):
        bundle = self.bundles.get(TRUE)
        self.add("run", runtime, self.caller.timed(
            self.command(runtime, "run", "-b", bundle, self.new_id())))

    def life_once(self, runtime):
        name = self.new_id()
        steps = (("create", ("-b", self.bundles.get(SLEEP), name)), ("state", (name,)),
                 ("start", (name,)), ("exec", (name, *TRUE)), ("kill", (name, "KILL")))
        try:
            for verb, arguments in steps:
                self.add(verb, runtime,
                         self.caller.timed(self.command(runtime, verb, *arguments)))
            wait_for_children()
            self.add("delete", runtime, self.caller.timed(self.command(runtime, "delete", name)))
        except Failed:
            self.quietly(*self.command(runtime, "delete", "-f", name))
            raise

    def rounds(self):
        for round_number in range(-1, self.options.rounds):  # one to warm up
            if round_number == 0:
                self.samples.clear()
            jobs = [(what, runtime) for what in (self.run_once, self.life_once)
                    for runtime in self.options.runtimes]
            random.shuffle(jobs)
            for what, runtime in jobs:
                self.progress.show(f"round {round_number + 1}/{self.options.rounds}: {runtime}")
                self.guarded(runtime, what.__name__, lambda: what(runtime))

    # -- what load does not move --

    def count_all(self):
        for runtime in self.options.runtimes:
            self.progress.show(f"counting: {runtime}")
            self.guarded(runtime, "count", lambda: self.count_one(runtime))

    def count_one(self, runtime):
        found = self.counts.setdefault(runtime, {})
        found["size_kb"] = os.path.getsize(self.options.runtimes[runtime]) // 1024
        run = lambda: self.command(runtime, "run", "-b", self.bundles.get(TRUE), self.new_id())
        if can_count():
            counted = self.caller.counted(run())
            found.update({key: counted[key] for key in ("calls", "forks", "execs")})
        if not can_weigh():
            return
        name = self.new_id()
        found["rss_run_kb"] = self.caller.rss(run())
        self.caller.timed(self.command(runtime, "create", "-b", self.bundles.get(SLEEP), name))
        try:
            found["rss_state_kb"] = self.caller.rss(self.command(runtime, "state", name))
        finally:
            self.quietly(*self.command(runtime, "delete", "-f", name))

    # -- how cost grows --

    def grow(self):
        for kind in ("mounts", "env", "seccomp"):
            for size in SIZES[kind]:
                for _ in range(self.options.growth_rounds):
                    for runtime in self.options.runtimes:
                        self.progress.show(f"growth: {size} {kind}, {runtime}")
                        self.guarded(runtime, f"{kind} {size}",
                                     lambda: self.grow_once(kind, size, runtime))
        for runtime in self.options.runtimes:
            self.guarded(runtime, "containers", lambda: self.grow_containers(runtime))

    def note(self, chart, runtime, size, seconds):
        sizes = self.growth.setdefault(chart, {}).setdefault(runtime, {})
        sizes.setdefault(size, []).append(seconds * 1e3)

    def grow_once(self, kind, size, runtime):
        bundle = self.bundles.get(TRUE, seccomp=kind == "seccomp", grow=kind, size=size)
        took = self.caller.timed(self.command(runtime, "run", "-b", bundle, self.new_id()))
        self.note(f"run, by {kind}", runtime, size, took["wall"])

    def grow_containers(self, runtime):
        """Containers that were created and wait; state, list and create beside them."""
        names, bundle = [], self.bundles.get(SLEEP)
        try:
            for size in self.options.containers:
                while len(names) <= size:
                    self.progress.show(f"growth: {len(names)} containers, {runtime}")
                    names.append(self.new_id())
                    self.caller.timed(self.command(runtime, "create", "-b", bundle, names[-1]))
                for _ in range(self.options.growth_rounds):
                    for verb, words in (("state", (names[0],)), ("list", ())):
                        took = self.caller.timed(self.command(runtime, verb, *words))
                        self.note(f"{verb}, by containers", runtime, size, took["wall"])
                    names.append(self.new_id())
                    took = self.caller.timed(
                        self.command(runtime, "create", "-b", bundle, names[-1]))
                    self.note("create, by containers", runtime, size, took["wall"])
                    self.quietly(*self.command(runtime, "delete", "-f", names.pop()))
        finally:
            for name in names:
                self.quietly(*self.command(runtime, "delete", "-f", name))

    # -- the results --

    def result(self):
        middle = lambda samples, key: statistics.median(sample[key] for sample in samples)
        return {"date": time.strftime("%Y-%m-%d"), "kernel": platform.release(),
                "processors": os.cpu_count(), "rounds": self.options.rounds,
                "reference": self.options.reference, "runtimes": self.options.runtimes,
                "operations": {op: {runtime: {"wall_ms": middle(found, "wall") * 1e3,
                                              "cpu_ms": middle(found, "cpu") * 1e3,
                                              "faults": middle(found, "faults")}
                                    for runtime, found in self.samples[op].items()}
                               for op in OPERATIONS if op in self.samples},
                "counts": self.counts,
                "growth_ms": {chart: {runtime: {size: statistics.median(values)
                                                for size, values in sizes.items()}
                                      for runtime, sizes in rows.items()}
                              for chart, rows in self.growth.items()},
                "failures": {f"{runtime}: {what}": text
                             for (runtime, what), text in self.failures.items()}}


# ---- what is shown -------------------------------------------------------------------------------

def ratios(result, key="wall_ms"):
    """{operation: {runtime: ratio to the reference}}, where there is one."""
    reference = result["reference"]
    return {op: {runtime: values[key] / row[reference][key] for runtime, values in row.items()}
            for op, row in result["operations"].items() if row.get(reference, {}).get(key)}


def show(result):
    compared = ratios(result)
    print(f"{result['rounds']} rounds, {result['date']}, Linux {result['kernel']}, "
          f"{result['processors']} processors; ratio to {result['reference']}")
    print(f"{'':10}{'runtime':14}{'wall ms':>9}{'ratio':>8}{'cpu ms':>9}{'faults':>8}")
    for op, row in result["operations"].items():
        for runtime, values in row.items():
            ratio = compared.get(op, {}).get(runtime)
            print(f"{op:10}{runtime:14}{values['wall_ms']:9.2f}"
                  f"{f'{ratio:.2f}' if ratio else '-':>8}{values['cpu_ms']:9.2f}"
                  f"{values['faults']:8.0f}")
    for runtime, found in result["counts"].items():
        print(f"{'run':10}{runtime:14}" + ", ".join(f"{k} {v}" for k, v in found.items()))
    for chart, rows in result["growth_ms"].items():
        for runtime, sizes in rows.items():
            print(f"{chart:24}{runtime:14}" +
                  "  ".join(f"{size}: {value:.2f} ms" for size, value in sizes.items()))
    for what, text in result["failures"].items():
        print(f"failed: {what}: {text}", file=sys.stderr)


def draw(result):
    panels = [("bars", f"ratio to {result['reference']} (wall, less is better)", ratios(result))]
    calls = {name: {r: c[name] for r, c in result["counts"].items() if name in c}
             for name in ("calls", "rss_run_kb", "rss_state_kb", "size_kb")}
    panels += [("bars", f"{title}", {title: row}) for title, row in
               (("system calls of a run", calls["calls"]),) if row]
    panels += [("lines", f"{chart} (ms)", rows) for chart, rows in result["growth_ms"].items()]
    heading = f"OCI runtimes, {result['date']}, Linux {result['kernel']}"
    return plot.svg(heading, list(result["runtimes"]), [p for p in panels if p[2]])


# ---- the machine ---------------------------------------------------------------------------------

def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def wait_for_children():
    """The container's init is a child of this process, which takes in orphans."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def own_mounts(runtimes):
    """A mount namespace of its own; without cgroup v2 beside v1, which crun refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_PRIVATE_ALL, None):
        sys.exit("bench: cannot make a mount namespace: " + os.strerror(ctypes.get_errno()))
    if "crun" in runtimes and os.path.ismount(UNIFIED):
        libc.umount2(UNIFIED.encode(), 0)
        print(f"without {UNIFIED}, which crun refuses", file=sys.stderr)


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
    return runtimes


def parse():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runtime", nargs="*")
    parser.add_argument("-n", "--rounds", type=int, default=20)
    parser.add_argument("--pause", type=float, default=0.0, metavar="SECONDS",
                        help="between samples; 0.12 measures lone starts")
    parser.add_argument("--growth", action="store_true",
                        help="also how cost grows with mounts, environment, rules, containers")
    parser.add_argument("--growth-rounds", type=int, default=5)
    parser.add_argument("--containers", default="", metavar="N,N,…",
                        help="how many containers wait beside the one that is measured")
    parser.add_argument("--json", metavar="FILE", help="write the results for machines")
    parser.add_argument("--out", metavar="FILE", help="write a plot (SVG)")
    options = parser.parse_args()
    options.runtimes = chosen(options.runtime)
    options.reference = "crun" if "crun" in options.runtimes else next(iter(options.runtimes))
    options.containers = [int(n) for n in options.containers.split(",") if n] or SIZES["containers"]
    return options


def write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and what was made is removed
    options = parse()
    if os.geteuid() != 0 or not os.access(BUSYBOX, os.X_OK):
        sys.exit("bench: needs root and busybox-static")
    own_mounts(options.runtimes)
    bench = Bench(options)
    try:
        bench.rounds()
        bench.count_all()
        if options.growth:
            bench.grow()
    finally:
        shutil.rmtree(bench.directory, ignore_errors=True)
        bench.progress.show("")
    result = bench.result()
    show(result)
    if options.json:
        write(options.json, json.dumps(result, indent=1) + "\n")
    if options.out:
        write(options.out, draw(result))
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
