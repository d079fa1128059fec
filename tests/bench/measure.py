"""One call of a runtime: its time, and what load does not move (system calls, faults, RSS)."""
import os
import re
import resource
import shutil
import subprocess
import time

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LANG": "C"}


class Failed(Exception):
    """A runtime's call that failed, with its last words."""


class Caller:
    def __init__(self, directory):
        self.errors = os.path.join(directory, "stderr")
        self.trace = os.path.join(directory, "trace")

    def spawn(self, arguments, words=os.O_TRUNC):
        """What it says on stderr goes to a file, alone or (O_APPEND) with what others say."""
        files = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                 (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                 (os.POSIX_SPAWN_OPEN, 2, self.errors,
                  os.O_WRONLY | os.O_CREAT | words, 0o600)]
        return os.posix_spawn(arguments[0], arguments, ENVIRONMENT, file_actions=files)

    def timed(self, arguments):
        """{"wall": seconds, "cpu": seconds with its children, "faults": minor ones}."""
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        _, status = os.waitpid(self.spawn(arguments), 0)
        sample = since(before, begin)
        if status:
            raise Failed(f"{' '.join(arguments)}: {self.last_words()}")
        return sample

    def at_once(self, commands, jobs):
        """Several at a time: (the same figures, of all together; how many failed). Other children are
        reaped, too."""
        waiting, running, failed = list(commands), set(), 0
        with open(self.errors, "w", encoding="utf-8"):
            pass
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        while waiting or running:
            while waiting and len(running) < jobs:
                running.add(self.spawn(waiting.pop(0), os.O_APPEND))
            pid, status = os.wait()
            failed += pid in running and status != 0
            running.discard(pid)
        return since(before, begin), failed

    def last_words(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()[-300:].strip()

    def counted(self, arguments):
        """{"calls", "forks", "execs", "by_name"} of the runtime, up to the container's process."""
        subprocess.run(["strace", "-f", "-o", self.trace] + arguments, env=ENVIRONMENT,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)
        return count(self.trace)

    def rss(self, arguments):
        """The largest RSS in kB, by GNU time: what Python starts begins with Python's own size."""
        out = subprocess.run(["/usr/bin/time", "-q", "-f", "%M", "-o", self.errors] + arguments,
                             env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, check=False)
        if out.returncode:
            raise Failed(" ".join(arguments))
        with open(self.errors, encoding="utf-8") as file:
            return int(file.read().split()[-1])


def since(before, begin):
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "faults": after.ru_minflt - before.ru_minflt,
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def count(trace):
    """What a log of `strace -f` says; the payload, from its execve on, is not the runtime's."""
    names, payload = {}, set()
    forks = execs = 0
    first = None
    with open(trace, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = re.match(r"(\d+)\s+([a-z_0-9]+)\(", line)
            if not found or found[1] in payload:
                continue
            pid, name = found.groups()
            first = first or pid
            names[name] = names.get(name, 0) + 1
            forks += name in ("clone", "clone3", "fork", "vfork") and "CLONE_THREAD" not in line
            if name in ("execve", "execveat"):
                execs += 1
                if pid != first and '"/bin/' in line:
                    payload.add(pid)
    return {"calls": sum(names.values()), "forks": forks, "execs": execs, "by_name": names}


def can_count():
    return shutil.which("strace") is not None


def can_weigh():
    return os.access("/usr/bin/time", os.X_OK)
