"""What a command costs, in numbers that no load moves: system calls, processes, page faults, memory,
the size of the binary. A limit is a little above what is reached; who raises one says why."""
import os
import resource
import shutil
import subprocess
import sys
import unittest

from harness import TOP, CleatTest, build_options, main

sys.path.insert(0, os.path.join(TOP, "tests/bench"))

from measure import count  # noqa: E402

# run and create: three for the name of the boot, which gc needs, two for a null device of its own, six to see that no
# cgroup above is frozen, two for init to hear that its cgroups v1 are there, one for SIGCHLD, one to stay undumpable as
# another user, one for the CPU affinity, one for the root's propagation; run twenty more for the thread that its init
# is made by. exec: one for the CPU affinity. state and kill: three for the boot's name.
CALLS = {"run": 582, "create": 502, "state": 44, "start": 53, "exec": 275, "kill": 53, "delete": 68}
FAULTS = {"state": 115, "start": 115, "kill": 115, "delete": 115}
# state: 0.7 of crun's 3.2 MB. The size: with the shim, the judge of runtimes and the JSON Schemas,
# which are half a megabyte of it; comparing runtimes on random configurations is a tenth.
RSS_KB = {"state": 2250, "run": 2800}
SIZE = 3_150_000


class Counts(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("the limits are cleat's")
        self.options = build_options(self.runtime)
        if self.options.get("b_sanitize", "none") != "none":
            self.skipTest("a build with sanitizers does more")
        if not self.options.get("shortcuts", True):
            self.skipTest("a build without shortcuts does more")

    def count(self, *arguments):
        """The counts of one command, which has to succeed."""
        trace = self.path("trace")
        self.ok(*arguments, wrap=("strace", "-f", "-o", trace))
        return count(trace)

    def assert_calls(self, verb, counted):
        most = sorted(counted["by_name"].items(), key=lambda item: -item[1])[:12]
        self.assertLessEqual(counted["calls"], CALLS[verb], f"{verb} makes more system calls than "
                             f"it did: {most}")

    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"no {program}")

    def test_system_calls_of_run(self):
        self.need("strace")
        self.config("/bin/true")
        counted = self.count("run", "-b", self.bundle, self.cid)
        self.assert_calls("run", counted)
        self.assertEqual(counted["forks"], 1, "one process is cloned, the container's")
        self.assertEqual(counted["execs"], 2, "the runtime's and the container's")

    def test_system_calls_of_the_commands_of_a_life(self):
        self.need("strace")
        self.config("/bin/sleep", "1000")
        self.create()
        for verb, arguments in (("state", ()), ("start", ()), ("exec", ("/bin/true",)),
                                ("kill", ("KILL",)), ("delete", ())):
            if verb == "delete":
                self.wait_status("stopped")
            with self.subTest(verb):
                self.assert_calls(verb, self.count(verb, self.cid, *arguments))

    def test_system_calls_of_create(self):
        """strace stays with the init that waits, until that is ended."""
        self.need("strace")
        self.config("/bin/true")
        trace = self.path("trace")
        process = self.start_call("create", "-b", self.bundle, self.cid,
                                  wrap=("strace", "-f", "-o", trace))[0]
        self.wait_for(lambda: self.call("state", self.cid).code == 0 and
                      self.status() == "created", "the container")
        self.delete("--force")
        self.assertEqual(self.wait_call(process, 10), 0)
        self.assert_calls("create", count(trace))

    def test_page_faults_of_the_short_commands(self):
        self.config("/bin/sleep", "1000")
        self.create()
        for verb, words in (("state", ()), ("start", ()), ("kill", ("KILL",)), ("delete", ())):
            if verb == "delete":
                self.wait_status("stopped")
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
            command = [self.runtime, "--root", self.root, verb, self.cid, *words]
            process = os.posix_spawn(command[0], command, os.environ, file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
            status = os.waitpid(process, 0)[1]
            faults = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before
            self.assertEqual(status, 0, verb)
            self.assertLessEqual(faults, FAULTS[verb], f"{verb} touches more pages than it did")

    def test_memory(self):
        if not os.access("/usr/bin/time", os.X_OK):
            self.skipTest("no GNU time")
        self.config("/bin/true")
        self.assertLessEqual(self.rss("run", "-b", self.bundle, self.cid), RSS_KB["run"])
        self.create()
        self.assertLessEqual(self.rss("state", self.cid), RSS_KB["state"])

    def rss(self, *arguments):
        """In kB, as GNU time says it: a child of Python begins with Python's own size. From a tmpfs:
        what the page cache of a disk has in large pieces is mapped in large pieces."""
        out, runtime = self.path("rss"), f"/dev/shm/{self.name}"
        self.addCleanup(lambda: os.path.exists(runtime) and os.unlink(runtime))
        shutil.copy(self.runtime, runtime)
        self.ok(*arguments, wrap=("/usr/bin/time", "-q", "-f", "%M", "-o", out), runtime=runtime)
        with open(out, encoding="utf-8") as file:
            return int(file.read().split()[-1])

    @unittest.skipUnless(shutil.which("strip"), "no strip")
    def test_size_of_the_binary(self):
        if self.options.get("b_lto") is False:
            self.skipTest("built without link-time optimisation")
        stripped = self.path("stripped")
        subprocess.run(["strip", "-o", stripped, self.runtime], check=True)
        self.assertLessEqual(os.path.getsize(stripped), SIZE)


if __name__ == "__main__":
    main()
