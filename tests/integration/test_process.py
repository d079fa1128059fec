#!/usr/bin/env python3
"""What /process asks for: user, environment, directory, limits, capabilities, scheduling."""
import os

from bundle import (DOCKER_CAPABILITIES, capability_names, filesystem, give_away,
                    with_user_namespace)
from harness import CleatTest, main
from host import cgroup_mounts

CAP_SYS_RESOURCE = 24
SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")



def has_realtime_cgroups():
    point = cgroup_mounts().get("cpu")
    return point and os.path.exists(os.path.join(point, "cpu.rt_runtime_us"))


class Process(CleatTest):
    def with_process(self, **members):
        return self.report(change=lambda config: config["process"].update(members))

    def test_user_group_and_exactly_the_additional_groups(self):
        report = self.with_process(user={"uid": 1000, "gid": 1001,
                                         "additionalGids": [5, 6, 2000]})
        self.assertEqual((report["uid"], report["euid"], report["gid"], report["egid"]),
                         (1000, 1000, 1001, 1001))
        self.assertEqual(sorted(report["groups"]), [5, 6, 2000])

    def test_no_group_of_the_caller_is_kept(self):
        self.config(change=lambda config: config["process"]["user"].update(uid=1000, gid=1000))
        result = self.call("run", "--bundle", self.bundle, self.cid,
                           wrap=("setpriv", "--groups", "7,8"))
        self.assertEqual(result.json()["groups"], [])

    def test_umask(self):
        self.assertEqual(self.with_process(user={"uid": 0, "gid": 0, "umask": 0o27})["umask"], 0o27)
        self.assertEqual(self.with_process(user={"uid": 0, "gid": 0})["umask"], 0o22)

    def test_umask_is_not_the_callers(self):
        self.config()
        result = self.call("run", "--bundle", self.bundle, self.cid,
                           wrap=("sh", "-c", 'umask 777; exec "$@"', "sh"))
        self.assertEqual(result.json()["umask"], 0o22)

    def test_arguments_and_environment_are_exact(self):
        self.config("/probe", "report", change=lambda config: config["process"].update(
            args=["/probe", "report"], env=["A=1", "B=two words", "C=", "HOME=/h", "A=2"]))
        report = self.run_container().json()
        self.assertEqual(report["args"], ["/probe", "report"])
        if self.flavour == "cleat":
            self.assertEqual(report["env"], ["A=1", "B=two words", "C=", "HOME=/h", "A=2"])
        else:
            self.assertIn("B=two words", report["env"])

    def test_nothing_of_the_callers_environment_comes_in(self):
        self.config()
        result = self.run_container(env={"PATH": os.environ["PATH"], "SECRET": "1"})
        self.assertNotIn("SECRET=1", result.json()["env"])

    def test_home_comes_from_the_containers_passwd(self):
        self.assertIn("HOME=/root", self.with_process()["env"])
        self.assertIn("HOME=/home/user", self.with_process(user={"uid": 1000, "gid": 0})["env"])
        self.assertIn("HOME=/", self.with_process(user={"uid": 4321, "gid": 0})["env"])

    def test_cwd(self):
        self.assertEqual(self.with_process(cwd="/tmp")["cwd"], "/tmp")

    def test_cwd_that_is_not_there_is_made(self):
        self.assertEqual(self.with_process(cwd="/made/here")["cwd"], "/made/here")

    def test_cwd_of_another_user_works_for_root_in_the_container(self):
        os.makedirs(os.path.join(self.rootfs, "home/user"), mode=0o700)
        os.chown(os.path.join(self.rootfs, "home/user"), 1000, 1000)
        report = self.with_process(cwd="/home/user", user={"uid": 1000, "gid": 1000})
        self.assertEqual(report["cwd"], "/home/user")

    def test_program_is_looked_up_in_the_containers_path(self):
        os.makedirs(os.path.join(self.rootfs, "opt/tools"))
        os.symlink("/probe", os.path.join(self.rootfs, "opt/tools/inspect"))
        self.config("inspect", "exit", "9", change=lambda config: config["process"].update(
            env=["PATH=/none:/opt/tools"]))
        self.assertEqual(self.run_container().code, 9)

    def test_relative_program_is_below_cwd(self):
        os.symlink("/probe", os.path.join(self.rootfs, "tmp/me"))
        self.config("./me", "exit", "8", change=lambda config: config["process"].update(cwd="/tmp"))
        self.assertEqual(self.run_container().code, 8)

    def test_a_hard_limit_is_raised_in_a_user_namespace_too(self):
        """There nobody has the right to; whoever makes the container may have it."""
        with open("/proc/self/status", encoding="utf-8") as status:
            effective = next(line.split()[1] for line in status if line.startswith("CapEff:"))
        if not int(effective, 16) >> CAP_SYS_RESOURCE & 1:
            self.skipTest("no CAP_SYS_RESOURCE here, without which nobody raises a limit")

        def change(config):
            with_user_namespace(config)
            config["process"]["rlimits"] = [{"type": "RLIMIT_NPROC", "soft": 600, "hard": 700}]
        give_away(self.rootfs, 100000)
        self.config("/probe", "sleep", change=change)
        lower = ("prlimit", "--nproc=500:500")
        self.create(wrap=lower)
        self.start()
        with open(f"/proc/{self.state()['pid']}/limits", encoding="utf-8") as limits:
            self.assertRegex(limits.read(), "Max processes +600 +700 ")
        self.assertEqual(self.exec_report(wrap=lower)["rlimits"]["RLIMIT_NPROC"], [600, 700])

    def test_rlimits(self):
        report = self.with_process(rlimits=[
            {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
            {"type": "RLIMIT_CORE", "soft": 0, "hard": 0},
            {"type": "RLIMIT_CPU", "soft": 3600, "hard": 7200},
            {"type": "RLIMIT_FSIZE", "soft": 18446744073709551615,
             "hard": 18446744073709551615}])
        self.assertEqual(report["rlimits"]["RLIMIT_NOFILE"], [100, 200])
        self.assertEqual(report["rlimits"]["RLIMIT_CORE"], [0, 0])
        self.assertEqual(report["rlimits"]["RLIMIT_CPU"], [3600, 7200])
        self.assertEqual(report["rlimits"]["RLIMIT_FSIZE"], [2**64 - 1, 2**64 - 1])

    def test_capability_sets_are_exact(self):
        wanted = {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
                  "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_KILL"],
                  "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]}
        report = self.with_process(capabilities=wanted, user={"uid": 1000, "gid": 1000})
        seen = {name: capability_names(report["capabilities"][name]) for name in SETS}
        self.assertEqual(seen["bounding"], wanted["bounding"])
        self.assertEqual(seen["inheritable"], ["CAP_CHOWN"])
        # execve of a file without capabilities leaves a user the ambient set alone.
        self.assertEqual(seen["ambient"], ["CAP_CHOWN"])
        self.assertEqual(seen["permitted"], ["CAP_CHOWN"])
        self.assertEqual(seen["effective"], ["CAP_CHOWN"])

    def test_docker_capabilities_of_root(self):
        seen = self.report()["capabilities"]
        for name in ("bounding", "effective", "permitted"):
            self.assertEqual(capability_names(seen[name]), sorted(DOCKER_CAPABILITIES), name)
        self.assertEqual((seen["inheritable"], seen["ambient"]), ([], []))

    def test_no_capabilities_at_all(self):
        seen = self.with_process(capabilities={})["capabilities"]
        self.assertEqual([seen[name] for name in SETS], [[]] * 5)

    def test_user_that_is_not_root_has_none(self):
        seen = self.with_process(user={"uid": 1000, "gid": 1000})["capabilities"]
        self.assertEqual((seen["effective"], seen["permitted"], seen["ambient"]), ([], [], []))

    def test_capability_that_we_do_not_hold_is_dropped_with_a_warning(self):
        self.cleat_only("fails")
        report = self.with_process(capabilities={
            name: ["CAP_CHOWN", "CAP_SYS_RESOURCE", "CAP_BANANA"]
            for name in ("bounding", "effective", "permitted")})
        self.assertIn("CAP_CHOWN", capability_names(report["capabilities"]["effective"]))

    def test_no_new_privileges(self):
        self.assertEqual(self.with_process(noNewPrivileges=True)["no_new_privs"], 1)
        self.assertEqual(self.with_process(noNewPrivileges=False)["no_new_privs"], 0)

    def test_oom_score_adj(self):
        self.assertEqual(self.with_process(oomScoreAdj=321)["oom_score_adj"], "321")

    def test_oom_score_adj_is_ours_when_absent(self):
        report = self.report(change=lambda config: config["process"].pop("oomScoreAdj"))
        with open("/proc/self/oom_score_adj", encoding="utf-8") as file:
            self.assertEqual(report["oom_score_adj"], file.read().strip())

    def test_scheduler(self):
        self.cleat_only("1.1.5 does not know it")
        for wanted, seen in (({"policy": "SCHED_BATCH", "nice": 5}, (3, 5, 0)),
                             ({"policy": "SCHED_OTHER", "nice": 7}, (0, 7, 0)),
                             ({"policy": "SCHED_IDLE"}, (5, 0, 0)),
                             ({"policy": "SCHED_FIFO", "priority": 10}, (1, 0, 10)),
                             ({"policy": "SCHED_RR", "priority": 11}, (2, 0, 11))):
            with self.subTest(policy=wanted["policy"]):
                # A cpu cgroup of v1 has no realtime to give until it gets some.
                realtime = {"realtimeRuntime": 1000, "realtimePeriod": 1000000}
                def change(config, wanted=wanted, realtime=realtime):
                    config["process"]["scheduler"] = wanted
                    if has_realtime_cgroups() and "priority" in wanted:
                        config["linux"]["resources"]["cpu"] = realtime
                got = self.report(change=change)["scheduling"]
                self.assertEqual((got["policy"], got["nice"], got["priority"]), seen)

    def test_deadline_scheduler(self):
        self.cleat_only("1.1.5 does not know it")
        wanted = {"policy": "SCHED_DEADLINE", "runtime": 1000000, "deadline": 5000000,
                  "period": 10000000}
        self.config(change=lambda c: c["process"].update(scheduler=wanted))
        result = self.run_container()
        if result.code != 0:  # a cpuset of fewer CPUs than the machine has is no place for it
            self.assertRegex(result.err, "SCHED_DEADLINE.*/process/scheduler")
            self.skipTest(result.err.strip())
        self.assertEqual(result.json()["scheduling"]["policy"], 6)

    def test_io_priority(self):
        self.cleat_only("1.1.5 does not know it")
        for name, number in (("IOPRIO_CLASS_BE", 2), ("IOPRIO_CLASS_IDLE", 3)):
            got = self.with_process(ioPriority={"class": name, "priority": 3})["scheduling"]
            self.assertEqual(got["ioprio_class"], number)

    def test_memory_policy(self):
        self.cleat_only("1.1.5 does not know it")
        report = self.report(change=lambda config: config["linux"].update(
            memoryPolicy={"mode": "MPOL_BIND", "nodes": "0"}))
        self.assertEqual(report["memory_policy"], {"mode": 2, "nodes": [0]})

    def test_personality(self):
        report = self.report(change=lambda config: config["linux"].update(
            personality={"domain": "LINUX32"}))
        if self.flavour == "cleat" or report["personality"]:
            self.assertEqual(report["personality"] & 0xff, 8)

    def test_session_keyring_is_named_after_the_container(self):
        self.assertRegex(self.report()["keyring"], f"_ses.{self.cid}$")

    def test_no_new_keyring(self):
        self.config()
        result = self.call("run", "--no-new-keyring", "--bundle", self.bundle, self.cid)
        self.assertNotIn(f"_ses.{self.cid}", result.json()["keyring"] or "")

    def test_signals_are_at_their_defaults(self):
        self.config()
        result = self.call("run", "--bundle", self.bundle, self.cid,
                           wrap=("sh", "-c", "trap '' INT QUIT HUP; exec \"$@\"", "sh"))
        seen = result.json()["signals"]
        self.assertEqual(seen["blocked"], [])
        if self.flavour == "cleat":
            self.assertEqual(seen["ignored"], [])

    def test_process_is_dumpable_again(self):
        self.assertEqual(self.report()["dumpable"], 1)

    def test_proc_is_not_needed(self):
        self.cleat_only("1.1.5 closes descriptors by way of /proc")
        def change(config):
            config["mounts"] = [filesystem("/dev", "tmpfs")]
            config["linux"]["maskedPaths"] = config["linux"]["readonlyPaths"] = []
        report = self.report(change=change)
        self.assertEqual((report["uid"], report["hostname"]), (0, "house"))

    def test_the_same_report_as_other_runtimes(self):
        def change(config):
            config["process"].update(user={"uid": 1000, "gid": 1000, "additionalGids": [7, 9]},
                                     rlimits=[{"type": "RLIMIT_NOFILE", "soft": 64, "hard": 128}],
                                     noNewPrivileges=True, cwd="/tmp", oomScoreAdj=100)
        reports = self.differential(change)
        names = ("uid", "euid", "gid", "egid", "groups", "umask", "cwd", "args", "capabilities",
                 "no_new_privs", "rlimits", "hostname", "oom_score_adj", "pid", "ppid", "sid",
                 "personality", "scheduling", "terminal")
        first, *others = reports.items()
        for other, report in others:
            for name in names:
                self.assertEqual(first[1][name], report[name], f"{name}: {first[0]}, {other}")
            for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm"):
                for key in ("type", "major", "minor", "mode"):
                    self.assertEqual(first[1]["devices"][name][key], report["devices"][name][key],
                                     f"/dev/{name} {key}: {first[0]}, {other}")


if __name__ == "__main__":
    main()
