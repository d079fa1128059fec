#!/usr/bin/env python3
"""exec: one more process in a running container."""
import json
import os

from bundle import capability_names, namespaces
from harness import CleatTest, main


class Exec(CleatTest):
    def test_a_cgroup_above_the_containers_is_refused(self):
        self.sleeper()
        for name, path in self.runtimes("runc").items():
            for choice in ("..", "../..", "sub/../..", "../" + self.cid, "pids:.."):
                with self.subTest(runtime=name, cgroup=choice):
                    result = self.call("exec", "--cgroup", choice, self.cid, "/bin/true",
                                       runtime=path) if name == self.flavour else self.judged(
                                           path, choice)
                    self.assertGreater(result.code, 0, str(result))
                    self.assertRegex(result.err, "is not (a sub cgroup|below)")
        for choice in ("/", "sub/..", "/.."):
            self.assertEqual(self.exec("/bin/true", options=("--cgroup", choice)).code, 0, choice)

    def judged(self, runtime, choice):
        """The same by another runtime, in a container of its own."""
        own, cgroup = self.cid + "-peer", self.cgroup
        self.cgroup += "-peer"
        root = ("--root", self.path("peers"))
        self.config("/probe", "sleep")
        self.ok("run", "-d", "--bundle", self.bundle, own, root=False, global_options=root,
                runtime=runtime)
        self.cgroup = cgroup
        result = self.call("exec", "--cgroup", choice, own, "/bin/true", root=False,
                           global_options=root, runtime=runtime)
        self.ok("delete", "--force", own, root=False, global_options=root, runtime=runtime)
        return result

    def test_it_is_in_the_containers_namespaces_and_cgroups(self):
        def change(config):
            namespaces(config).append({"type": "cgroup"})
        pid = self.sleeper(change)["pid"]
        report = self.exec_report()
        for name, seen in report["namespaces"].items():
            self.assertEqual(seen, os.readlink(f"/proc/{pid}/ns/{name}"), name)
        self.assertEqual(report["hostname"], "house")
        self.assertGreater(report["pid"], 1)
        self.assertTrue(all(line.endswith(":/") for line in report["cgroup"]), report["cgroup"])

    def test_it_has_the_containers_settings(self):
        def change(config):
            config["process"].update(user={"uid": 1000, "gid": 1001, "additionalGids": [7]},
                                     cwd="/tmp", noNewPrivileges=True, oomScoreAdj=77,
                                     rlimits=[{"type": "RLIMIT_NOFILE", "soft": 50, "hard": 60}])
            config["process"]["env"].append("MINE=1")
        self.sleeper(change)
        report = self.exec_report()
        self.assertEqual((report["uid"], report["gid"], report["groups"], report["cwd"],
                          report["no_new_privs"], report["rlimits"]["RLIMIT_NOFILE"]),
                         (1000, 1001, [7], "/tmp", 1, [50, 60]))
        self.assertIn("MINE=1", report["env"])

    def test_it_has_a_session_of_its_own(self):
        self.sleeper()
        report = self.exec_report()
        self.assertEqual((report["sid"], report["pgid"]), (report["pid"], report["pid"]))

    def test_exit_codes(self):
        self.sleeper()
        for code in (0, 1, 7, 126, 254):
            self.assertEqual(self.exec("/probe", "exit", str(code)).code, code)

    def test_runs_on_the_cpus_that_it_asks_for(self):
        self.cleat_only("1.1.5 does not know it")
        last = str(max(os.sched_getaffinity(0)))
        self.sleeper(lambda c: c["process"].update(
            execCPUAffinity={"initial": "0", "final": last}))
        self.assertEqual(os.sched_getaffinity(self.state()["pid"]), os.sched_getaffinity(0))
        self.assertIn(f"Cpus_allowed_list:\t{last}", self.exec_report()["status"])

    def test_death_by_a_signal_is_128_and_it(self):
        self.sleeper()
        for signal in (1, 9, 15):
            self.assertEqual(self.exec("/probe", "signal", str(signal)).code, 128 + signal)

    def test_own_failure_is_255(self):
        self.sleeper()
        self.refused("exec", self.cid, "/no/such", code=255)
        self.refused("exec", "nobody", "/probe", code=255)

    def test_program_that_is_not_there_is_named(self):
        self.sleeper()
        self.refused("exec", self.cid, "nosuch", text="executable file not found in")
        self.refused("exec", self.cid, "/no/such", text="no such file or directory")
        self.refused("exec", self.cid, "/etc/passwd", text="permission denied")

    def test_env_option_is_not_split_at_commas(self):
        self.sleeper()
        report = self.exec_report("--env", "A=1,2", "--env", "B=x y", "--env", "C=")
        for entry in ("A=1,2", "B=x y", "C="):
            self.assertIn(entry, report["env"])

    def test_additional_groups_option(self):
        self.sleeper()
        report = self.exec_report("--additional-gids", "5", "--additional-gids", "6")
        self.assertEqual(sorted(report["groups"]), [5, 6])

    def test_capability_option_adds(self):
        def change(config):
            for name in config["process"]["capabilities"]:
                config["process"]["capabilities"][name] = ["CAP_CHOWN"]
        self.sleeper(change)
        seen = self.exec_report("--cap", "CAP_NET_RAW")["capabilities"]
        self.assertEqual(capability_names(seen["effective"]), ["CAP_CHOWN", "CAP_NET_RAW"])
        self.assertEqual(seen["inheritable"], [])

    def test_no_new_privs_option(self):
        self.sleeper()
        self.assertEqual(self.exec_report()["no_new_privs"], 0)
        self.assertEqual(self.exec_report("--no-new-privs")["no_new_privs"], 1)

    def test_detached_with_a_pid_file(self):
        self.sleeper()
        self.ok("exec", "--detach", "--pid-file", self.path("pid"), self.cid, "/probe", "sleep")
        with open(self.path("pid"), encoding="utf-8") as file:
            content = file.read()
        self.assertRegex(content, r"\A[1-9]\d*\Z")
        with open(f"/proc/{content}/cmdline", encoding="utf-8") as file:
            self.assertEqual(file.read().split("\0")[:2], ["/probe", "sleep"])
        pids = self.ok("ps", "--format", "json", self.cid).json()
        self.assertIn(int(content), pids)

    def test_detached_process_is_our_child(self):
        self.sleeper()
        self.ok("exec", "-d", "--pid-file", self.path("pid"), self.cid, "/probe", "sleep")
        with open(self.path("pid"), encoding="utf-8") as file:
            pid = file.read()
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            self.assertEqual(int(file.read().rpartition(")")[2].split()[1]), os.getpid())

    def test_detached_failure_leaves_no_pid_file_and_no_process(self):
        self.sleeper()
        self.refused("exec", "--detach", "--pid-file", self.path("pid"), self.cid, "/no/such")
        if self.flavour == "cleat":
            self.assertFalse(os.path.exists(self.path("pid")))
        self.assertEqual(len(self.ok("ps", "--format", "json", self.cid).json()), 1)

    def test_no_pid_file_of_what_turns_out_not_to_be_a_program(self):
        self.sleeper()
        self.write_file(os.path.join(self.rootfs, "bin/text"), "no program", 0o755)
        self.refused("exec", "--detach", "--pid-file", self.path("pid"), self.cid, "/bin/text")
        self.assertFalse(os.path.exists(self.path("pid")))

    def test_stdin_and_stdout_are_passed(self):
        self.sleeper()
        read, write = os.pipe()
        os.write(write, b"one\n")
        os.close(write)
        result = self.exec("/probe", "echo", stdin=read)
        os.close(read)
        self.assertEqual(result.out, "got: one\n")

    def test_signal_to_exec_is_passed_on_and_the_container_lives(self):
        self.sleeper()
        process, _, out, _ = self.start_call("exec", self.cid, "/probe", "sleep")
        self.wait_for(lambda: os.pread(out.fileno(), 100, 0) == b"ready\n", "exec")
        process.send_signal(15)
        self.assertEqual(process.wait(5), 0)
        self.assertEqual(self.status(), "running")

    def test_many_execs_leave_nothing(self):
        self.sleeper()
        for _ in range(20):
            self.assertEqual(self.exec("/bin/true").code, 0)
        self.assertEqual(len(self.ok("ps", "--format", "json", self.cid).json()), 1)

    def test_process_joined_by_exec_dies_with_the_container(self):
        self.sleeper()
        self.ok("exec", "-d", self.cid, "/probe", "sleep")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.delete()
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
