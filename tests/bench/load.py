"""Many containers on this machine at once, and very many one after the other; and what they leave.

  tools/load [--count N] [--cycles N] [--parallel N] [--json] [--drop-caches] [RUNTIME]

Without a runtime: the cleat of the build directory. Three parts:

  crowd     N containers live at once: create, start, exec in each, statistics of each, delete;
            between create and start their memory is weighed, the process's and the kernel's
  cycles    N times create and delete, two at a time
  parallel  N lives at a time (create, start, delete --force), ten times

Afterwards nothing may be there that was not before: cgroups, mounts, processes, state, open files;
and the kernel's own memory is looked at before and after. --drop-caches has the kernel free what it
only keeps because it can (of the whole machine). A progress line on a terminal, nothing of it in a
pipe. Exit status: 0 if all calls succeeded and nothing is left, 1 if not, 77 where it cannot run.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

import harness  # noqa: E402
from bundle import default_config, make_rootfs  # noqa: E402
from host import CALLS, RUN, Host, cgroup_mounts, reap  # noqa: E402

LIMIT = 60.0
KERNEL = ("SUnreclaim", "KernelStack", "Percpu", "PageTables", "SReclaimable")
ROUNDS = 10


class Progress:
    """One line on a terminal, nothing in a pipe."""

    def __init__(self):
        self.shown, self.last = sys.stderr.isatty(), 0.0

    def show(self, part, done, whole):
        if self.shown and (time.monotonic() - self.last > 0.1 or done == whole):
            self.last = time.monotonic()
            sys.stderr.write(f"\r\033[K{part}: {done} of {whole}")
            sys.stderr.flush()

    def clear(self):
        if self.shown:
            sys.stderr.write("\r\033[K")


def kernel_memory():
    """{name: kB} of what the kernel has for itself."""
    with open("/proc/meminfo", encoding="utf-8") as lines:
        values = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return {name: values.get(name, 0) for name in KERNEL}


def cgroup_counts():
    """How many cgroups there are in all hierarchies, with those that were removed and linger."""
    with open("/proc/cgroups", encoding="utf-8") as lines:
        counts = {fields[1]: int(fields[2]) for fields in map(str.split, lines)
                  if not fields[0].startswith("#")}
    found = {"cgroups": sum(counts.values())}
    unified = cgroup_mounts().get("unified")
    if unified:
        with open(unified + "/cgroup.stat", encoding="utf-8") as lines:
            found["dying"] = sum(int(line.split()[1]) for line in lines
                                 if line.startswith("nr_dying_descendants"))
    return found


def open_files():
    with open("/proc/sys/fs/file-nr", encoding="utf-8") as file:
        return int(file.read().split()[0])


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


class Load:
    def __init__(self, options):
        self.options, self.progress, self.begin = options, Progress(), time.monotonic()
        self.directory = tempfile.mkdtemp(prefix=RUN + "-load-")
        self.root, self.errors = os.path.join(self.directory, "state"), collections.Counter()
        self.lock, self.times = threading.Lock(), collections.defaultdict(list)
        make_rootfs(os.path.join(self.directory, "rootfs"), harness.probe_path())
        self.wrap = harness.hide_unified() if harness.flavour_of(options.runtime) == "crun" else ()

    def bundle(self, name, args):
        """A bundle with a cgroup of its own, as every container's."""
        path = os.path.join(self.directory, "bundles", name)
        if not os.path.isdir(path):
            os.makedirs(path)
            config = default_config("/" + name, list(args))
            config["root"]["path"] = os.path.join(self.directory, "rootfs")
            config["linux"]["resources"].update(memory={"limit": 1 << 26}, pids={"limit": 99})
            with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as file:
                json.dump(config, file)
        return path

    def call(self, *arguments, bad=True):
        """One call to its end; what it printed, or None with its last words counted."""
        begin = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            with self.lock:  # nobody else reaps it
                process = subprocess.Popen([*self.wrap, self.options.runtime, "--root", self.root,
                                            *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                           stderr=err)
                CALLS.add(process.pid)
            try:
                code = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait() and "hangs"
            CALLS.discard(process.pid)
            out.seek(0), err.seek(0)
            text, words = out.read().decode(errors="replace"), err.read().decode(errors="replace")
        with self.lock:
            self.times[arguments[0]].append(time.monotonic() - begin)
            if code and bad:
                self.errors[f"{arguments[0]}: {code} {words.strip()[-120:]}".replace(
                    arguments[-1], "ID")] += 1
        return None if code else text

    def many(self, part, action, things, workers):
        """The action on each, so many at a time; who ends meanwhile is reaped here."""
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            pending = {pool.submit(action, thing) for thing in things}
            whole = len(pending)
            while pending:
                done, pending = concurrent.futures.wait(pending, 0.1)
                for each in done:
                    each.result()
                with self.lock:
                    reap()
                self.progress.show(part, whole - len(pending), whole)
        self.progress.clear()

    def say(self, what):
        """As it goes: the whole may take long."""
        if not self.options.json:
            print(f"# {time.monotonic() - self.begin:.0f} s: {what}", flush=True)

    # -- the parts --

    def create(self, name, args=("/bin/sleep", "10000")):
        return self.call("create", "--bundle", self.bundle(name, args), name)

    def pid_of(self, name):
        return json.loads(self.call("state", name) or '{"pid": 0}')["pid"]

    def crowd(self, count):
        names = [f"{RUN}-{number}" for number in range(count)]
        for name in names:
            self.bundle(name, ("/bin/sleep", "10000"))
        before = kernel_memory()
        self.many("create", self.create, names, 2)
        self.say(f"{count} created")
        after = kernel_memory()
        sizes = sorted(pss(pid) for pid in map(self.pid_of, names[:50]) if pid)
        found = {"containers": count, "pss_kb": sizes[len(sizes) // 2] if sizes else None,
                 "kernel_kb": round(sum(after[n] - before[n] for n in KERNEL[:4]) / count, 1)}
        self.many("start", lambda name: self.call("start", name), names, 2)
        self.many("exec", lambda name: self.call("exec", name, "/bin/true"), names, 2)
        self.many("events", lambda name: self.call("events", "--stats", name), names, 2)
        listed = self.call("list", "-q")
        found["listed"] = len((listed or "").split())
        self.say(f"{found}")
        self.many("kill", lambda name: self.call("kill", name, "KILL"), names, 2)
        self.many("delete", self.delete, names, 2)
        return found

    def delete(self, name):
        return self.call("delete", "--force", name)

    def cycle(self, name):
        if self.create(name, ("/bin/true",)) is not None:
            self.delete(name)

    def life(self, name):
        if self.create(name) is not None:
            self.call("start", name)
            self.delete(name)

    def run(self):
        options, before = self.options, Host()
        self.settle(before)
        counts, memory, files = cgroup_counts(), kernel_memory(), open_files()
        found = {"runtime": options.runtime, "crowd": self.crowd(options.count)}
        found["again"] = {"memory": self.grown(memory, before), "cgroups": cgroup_counts()}
        # The same names again and again: what is left over of one is in the next one's way.
        self.many("cycles", self.cycle, (f"{RUN}-c{n % 64}" for n in range(options.cycles)), 2)
        self.say(f"{options.cycles} cycles")
        for _ in range(ROUNDS):
            self.many("parallel", self.life, [f"{RUN}-p{n}" for n in range(options.parallel)],
                      max(1, options.parallel))
        left = self.settle(before)
        found |= {"cycles": options.cycles, "parallel": options.parallel * ROUNDS, "left": left,
                  "errors": dict(self.errors), "kernel_grown_kb": self.grown(memory, before),
                  "cgroups": {"before": counts, "after": cgroup_counts()},
                  "open_files": {"before": files, "after": open_files()},
                  "ms": {verb: round(1000 * sorted(all_)[len(all_) // 2], 1)
                         for verb, all_ in self.times.items()}}
        self.progress.clear()
        shutil.rmtree(self.directory, ignore_errors=True)
        return found

    def grown(self, memory, before):
        self.settle(before)
        now = kernel_memory()
        return {name: now[name] - memory[name] for name in KERNEL}

    def settle(self, before):
        """What is left when the kernel has had time: removed cgroups and network namespaces are
        freed by work queues."""
        if self.options.drop_caches:
            with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as file:
                file.write("3")
        deadline, left = time.monotonic() + 5, None
        while left is None or (left and time.monotonic() < deadline):
            reap()
            left = Host().left_over(before)
            if os.path.isdir(self.root):
                left += ["state " + name for name in os.listdir(self.root)]
            time.sleep(0.05)
        time.sleep(min(3.0, 0.002 * self.options.count))
        return left


def tell(found):
    crowd = found["crowd"]
    print(f"{crowd['containers']} containers at once: {crowd['listed']} listed, "
          f"{crowd['pss_kb']} kB PSS of an init that waits, {crowd['kernel_kb']} kB of the kernel's")
    print(f"{found['cycles']} times create and delete, {found['parallel']} lives in parallel")
    print("ms (median): " + ", ".join(f"{verb} {ms}" for verb, ms in found["ms"].items()))
    print(f"left: {len(found['left'])} {found['left'][:5] or ''}")
    for error, times in list(found["errors"].items())[:8]:
        print(f"failed {times} times: {error}")
    for name in ("cgroups", "open_files"):
        print(f"{name}: {found[name]['before']} before, {found[name]['after']} after")
    print(f"the kernel's memory, in kB more than before: {found['kernel_grown_kb']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--cycles", type=int, default=10000)
    parser.add_argument("--parallel", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--drop-caches", action="store_true")
    parser.add_argument("runtime", nargs="?")
    options = parser.parse_args()
    options.runtime = options.runtime or harness.runtime_path()
    with contextlib.redirect_stdout(sys.stderr if options.json else sys.stdout):
        harness.private_namespaces()
    found = Load(options).run()
    if options.json:
        print(json.dumps(found))
    else:
        tell(found)
    return 1 if found["left"] or found["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
