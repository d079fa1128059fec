#!/usr/bin/env python3
"""Containers under control while they run: update, pause and resume, limits that act."""
import json
import os
import re
import tempfile

from cgroup_test import MIB, CgroupTest
from harness import main
from host import reap
from layout import disk, find_controller


class Updates(CgroupTest):
    def update(self, *flags, text=None):
        """`update FLAG… ID`; the text is its stdin."""
        stdin = None
        if text is not None:
            stdin = tempfile.TemporaryFile(dir=self.directory)
            stdin.write((text if isinstance(text, str) else json.dumps(text)).encode())
            stdin.seek(0)
        return self.call("update", *flags, self.cid, stdin=stdin)

    def updated(self, *flags, **options):
        result = self.update(*flags, **options)
        self.assertEqual(result.code, 0, str(result))

    def test_memory_flags(self):
        self.place("memory")
        self.limited(memory={"limit": 64 * MIB, "swap": 64 * MIB})
        self.updated("--memory", "96M", "--memory-swap", "128M", "--memory-reservation", "48M")
        self.expect("memory", 96 * MIB, 96 * MIB)
        self.expect("swap", 128 * MIB, 32 * MIB)
        self.expect("reservation", 48 * MIB, 48 * MIB)

    def test_memory_limits_shrink_together(self):
        self.place("memory")
        self.limited(memory={"limit": 96 * MIB, "swap": 128 * MIB})
        self.updated("--memory", "64M", "--memory-swap", "80M")
        self.expect("memory", 64 * MIB, 64 * MIB)
        self.expect("swap", 80 * MIB, 16 * MIB)

    def test_memory_limits_can_be_lifted(self):
        self.place("memory")
        self.limited(memory={"limit": 64 * MIB, "swap": 64 * MIB})
        self.updated("--memory", "-1", "--memory-swap", "-1")
        self.expect("memory", 9223372036854771712, "max")
        self.expect("swap", 9223372036854771712, "max")

    def test_cpu_flags(self):
        self.place("cpu")
        self.limited(cpu={"quota": 20000, "period": 100000})
        self.updated("--cpu-share", "2048", "--cpu-quota", "30000", "--cpu-period", "50000",
                     "--cpu-burst", "2000")
        self.expect("shares", 2048, 174)
        self.expect("burst", 2000, 2000)
        quota, period = self.quota_and_period()
        self.assertEqual((quota, period), ("30000", "50000"))

    def quota_and_period(self):
        if find_controller("cpu")[0] == 2:
            return tuple(self.read("cpu", "cpu.max").split())
        return self.read("cpu", "cpu.cfs_quota_us"), self.read("cpu", "cpu.cfs_period_us")

    def test_a_period_alone_keeps_the_quota(self):
        self.place("cpu")
        self.cleat_only("lifts the quota on cgroup v2")
        self.limited(cpu={"quota": 20000, "period": 100000})
        self.updated("--cpu-period", "50000")
        self.assertEqual(self.quota_and_period(), ("20000", "50000"))

    def test_idle_flag(self):
        self.place("cpu")
        self.sleeper()
        self.updated("--cpu-idle", "1")
        self.expect("idle", 1, 1)
        self.updated("--cpu-idle", "0")
        self.expect("idle", 0, 0)

    def test_cpuset_flags(self):
        self.place("cpuset")
        state = self.sleeper()
        self.updated("--cpuset-cpus", "0", "--cpuset-mems", "0")
        self.expect("cpus", 0, 0)
        self.expect("mems", 0, 0)
        self.assertEqual(os.sched_getaffinity(state["pid"]), {0})

    def test_pids_flag(self):
        self.place("pids")
        self.limited(pids={"limit": 10})
        self.updated("--pids-limit", "-1")
        self.expect("pids", "max", "max")

    def test_a_pids_limit_of_0_is_as_in_create(self):
        """Since version 1.3 of the specification it is a limit; before, engines wrote 0 for none."""
        self.place("pids")
        self.cleat_only("runc 1.1.5 knows the older meaning alone")
        for version, created, updated in (("1.0.2", ("max", "max"), (10, 10)),
                                          ("1.3.0", (1, 1), (1, 1))):
            with self.subTest(version=version):
                self.limited(version, pids={"limit": 0})
                self.expect("pids", *created)
                self.updated("--pids-limit", "10")
                self.updated("--pids-limit", "0")
                self.expect("pids", *updated)
                self.updated("--pids-limit", "10")
                self.updated("-r", "-", text={"pids": {"limit": 0}})
                self.expect("pids", *updated)
                self.delete("--force")

    def test_a_pids_limit_of_0_of_an_old_config_changes_nothing(self):
        """runc 1.1.5 and crun 1.8.1 do the same."""
        self.place("pids")
        self.limited("1.0.2", pids={"limit": 10})
        self.updated("-r", "-", text={"pids": {"limit": 0}})
        self.expect("pids", 10, 10)

    def test_a_swappiness_of_minus_1_is_no_value(self):
        """2^64-1 is the -1 of an engine, which runc ignores."""
        self.place("memory")
        self.limited(memory={"swappiness": 2**64 - 1})
        if find_controller("memory")[0] == 1:
            before = self.read("memory", "memory.swappiness")
        self.updated("-r", "-", text={"memory": {"swappiness": 2**64 - 1}})
        if find_controller("memory")[0] == 1:
            self.assertEqual(self.read("memory", "memory.swappiness"), before)
        self.assertNotEqual(self.update("-r", "-", text={"memory": {"swappiness": 101}}).code, 0)

    def test_huge_pages(self):
        self.place("hugetlb")
        self.sleeper()
        self.updated("-r", "-", text={"hugepageLimits": [{"pageSize": "2MB", "limit": 2 * MIB}]})
        self.assertEqual(self.read("hugetlb", "hugetlb.2MB.limit_in_bytes", "hugetlb.2MB.max"),
                         str(2 * MIB))

    def test_devices(self):
        self.cleat_only("cannot change devices of a running container")
        self.sleeper()
        look = ("/bin/sh", "-c", "rm -f /tmp/n; /probe mknod /tmp/n c 10 229")
        self.assertEqual(self.exec(*look).json(), {"mknod": 0, "open": 1})
        allow = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
        deny = {"allow": False, "access": "rwm"}
        self.updated("-r", "-", text={"devices": [deny, allow]})
        self.assertEqual(self.exec(*look).json(), {"mknod": 0, "open": 0})
        self.updated("-r", "-", text={"devices": [deny]})
        self.assertEqual(self.exec(*look).json()["open"], 1)

    def test_an_update_that_fails_leaves_the_old_values(self):
        self.place("pids")
        self.place("cpuset")
        self.cleat_only("leaves half of it")
        self.limited(pids={"limit": 10}, cpu={"cpus": "0"})
        result = self.update("-r", "-", text={"pids": {"limit": 20}, "memory": {"limit": 64 * MIB},
                                              "cpu": {"cpus": "4096"}})
        self.assertNotEqual(result.code, 0)
        self.assertRegex(result.err, "cpuset.cpus.*/cpu/cpus")
        self.expect("pids", 10, 10)
        self.expect("memory", 9223372036854771712, "max")
        self.expect("cpus", 0, 0)

    def test_block_io(self):
        generation, _ = self.place("blkio" if find_controller("blkio") else "io")
        device = disk() or self.skipTest("no disk")
        name = f"{device[0]}:{device[1]}"
        rate = lambda value: [{"major": device[0], "minor": device[1], "rate": value}]
        self.limited(blockIO={"throttleReadBpsDevice": rate(MIB)})
        self.updated("-r", "-", text={"blockIO": {"throttleReadBpsDevice": rate(3 * MIB),
                                                  "throttleWriteIOPSDevice": rate(50)}})
        if generation == 2:
            self.assertEqual(self.read("io", "io.max"),
                             f"{name} rbps={3 * MIB} wbps=max riops=max wiops=50")
            return
        self.assertEqual(self.read("blkio", "blkio.throttle.read_bps_device"),
                         f"{name} {3 * MIB}")
        self.assertEqual(self.read("blkio", "blkio.throttle.write_iops_device"), f"{name} 50")

    def test_block_io_weight(self):
        generation, directory = self.place("blkio" if find_controller("blkio") else "io")
        file = ("blkio.bfq.weight", "io.weight")[generation - 1]
        self.sleeper()
        if not os.path.exists(os.path.join(directory, file)):
            result = self.update("--blkio-weight", "500")
            self.assertRegex(result.err, "this kernel has no .*weight.*/blockIO/weight")
            return
        self.updated("--blkio-weight", "500")
        with open(os.path.join(directory, file), encoding="utf-8") as content:
            self.assertEqual(content.read().split()[-1], ("500", "4950")[generation - 1])

    def test_files_of_cgroup_v2(self):
        self.place("unified")
        self.cleat_only("refuses unified on hybrid hosts")
        self.limited(unified={"cgroup.max.depth": "3"})
        self.updated("-r", "-", text={"unified": {"cgroup.max.depth": "5"}})
        self.assertEqual(self.read("unified", "cgroup.max.depth"), "5")

    def test_a_dry_run_says_what_and_where_and_writes_nothing(self):
        self.cleat_only("has no dry run")
        generation, directory = self.place("pids")
        self.limited(pids={"limit": 10})
        limits = {"pids": {"limit": 20},
                  "devices": [{"allow": True, "type": "c", "major": 10, "minor": 229,
                               "access": "rwm"}]}
        text = self.update("--dry-run", "-r", "-", text=limits)
        self.assertEqual(text.code, 0, str(text))
        number = re.search(rf"^cgroup (\d+): {directory} \(v{generation} ", text.out, re.M)[1]
        self.assertIn(f'write "20" to pids.max of cgroup {number}  <- /pids/limit', text.out)
        self.assertRegex(text.out, r"set device rules of cgroup \d+ .*allow c 10:229 rwm")
        plan = self.update("--dry-run", "--json", "-r", "-", text=limits).json()
        steps = {step["kind"]: step for step in plan["host"]}
        write = steps["write-cgroup"]
        place = plan["cgroups"][write["cgroup"]]
        self.assertEqual((place["mountpoint"] + place["path"], write["file"], write["value"]),
                         (directory, "pids.max", "20"))
        self.assertEqual(steps["set-cgroup-devices"]["rules"][0]["minor"], 229)
        self.expect("pids", 10, 10)
        self.assertEqual(self.exec("/bin/sh", "-c", "/probe mknod /tmp/n c 10 229").json(),
                         {"mknod": 0, "open": 1})

    def test_a_dry_run_refuses_what_an_update_would(self):
        self.cleat_only("has no dry run")
        self.sleeper()
        bad = self.update("--dry-run", "-r", "-", text={"unified": {"nosuch": "1"}})
        self.assertRegex(bad.err, "/unified/nosuch")
        self.refused("update", "--json", "--pids-limit", "3", self.cid, text="--dry-run")

    def test_what_is_no_json_is_refused(self):
        self.sleeper()
        for text in ("", "{", '{"memory": 3}', '{"memory": {"limit": "a"}}'):
            with self.subTest(text=text):
                self.assertEqual(self.update("-r", "-", text=text).code, 1)

    def test_a_stopped_container_is_refused(self):
        self.config("/bin/true")
        self.create()
        self.start()
        self.wait_status("stopped")
        self.assertRegex(self.update("--pids-limit", "3").err, "not running")


class Freezing(CgroupTest):
    def setUp(self):
        super().setUp()
        self.place("freezer" if find_controller("freezer") else "unified")

    def test_a_paused_container_stands_still(self):
        self.config("/bin/sh", "-c", "while :; do echo tick; sleep 0.05; done")
        self.create()
        self.start()
        self.wait_for(lambda: "tick" in self.output(), "a tick")
        self.ok("pause", self.cid)
        self.assertEqual(self.status(), "paused")
        before = self.output()
        self.wait_for(lambda: True, "")
        os.sched_yield()
        self.assertEqual(self.output(), before)
        self.ok("resume", self.cid)
        self.assertEqual(self.status(), "running")
        self.wait_for(lambda: len(self.output()) > len(before), "more ticks")

    def test_pause_and_resume_at_the_wrong_time_are_refused(self):
        self.sleeper()
        self.refused("resume", self.cid)
        self.ok("pause", self.cid)
        self.refused("pause", self.cid)
        self.ok("resume", self.cid)

    def test_a_paused_container_can_be_killed(self):
        self.sleeper(args=("/probe", "family", "2"))
        self.ok("pause", self.cid)
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.delete()
        self.assert_nothing_left()

    def test_a_paused_container_can_be_updated(self):
        self.place("pids")
        self.sleeper()
        self.ok("pause", self.cid)
        self.ok("update", "--pids-limit", "33", self.cid)
        self.expect("pids", 33, 33)
        self.assertEqual(self.status(), "paused")


class Ends(CgroupTest):
    def test_a_process_over_the_memory_limit_is_killed(self):
        self.place("memory")
        self.config("/probe", "eat", "80", change=lambda c: c["linux"]["resources"].update(
            memory={"limit": 24 * MIB, "swap": 24 * MIB}))
        self.assertEqual(self.run_container().code, 137)
        self.assert_nothing_left()

    def test_a_limit_too_small_to_start_says_so(self):
        self.place("memory")
        self.cleat_only("says that a pipe broke")
        self.config(change=lambda c: c["linux"]["resources"].update(
            memory={"limit": 64 * 1024, "swap": 64 * 1024}))
        self.refused("run", "--bundle", self.bundle, self.cid, text="memory")
        self.assert_nothing_left()

    def test_ps_lists_every_process(self):
        state = self.sleeper(args=("/probe", "family", "3"))
        pids = self.ok("ps", "--format", "json", self.cid).json()
        self.assertEqual(len(pids), 4)
        self.assertIn(state["pid"], pids)
        reap()

    def test_ps_hands_its_options_to_ps(self):
        pid = self.sleeper(args=("/probe", "family", "3"))["pid"]
        lines = self.ok("ps", self.cid, "-eo", "ppid,pid,comm").out.splitlines()
        self.assertEqual(lines[0].split(), ["PPID", "PID", "COMMAND"])
        self.assertEqual(len(lines), 5)
        self.assertIn([str(pid), "probe"], [line.split()[1:] for line in lines])
        if self.flavour == "cleat":
            self.refused("ps", self.cid, "-eo", "comm", text="PID")
            failed = self.call("ps", self.cid, "--no-such-option")
            self.assertEqual(failed.code, 1, str(failed))
            self.assertIn("ps ended with status 1", failed.err)
        reap()


if __name__ == "__main__":
    main()
