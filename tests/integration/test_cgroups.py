#!/usr/bin/env python3
"""Control groups at create and delete: limits as asked, membership, places, nothing left."""
import contextlib
import os
import re
import shutil
import time

from bundle import namespaces, without_namespace
from cgroup_test import MIB, CgroupTest
from harness import main
from host import cgroup_mounts
from layout import disk, find_controller


class Limits(CgroupTest):

    def test_swappiness_is_of_v1(self):
        generation, _ = self.place("memory")
        if generation == 2:
            self.config(change=lambda c: c["linux"]["resources"].update(
                memory={"swappiness": 7}))
            self.create_refused("swappiness")
            return
        self.limited(memory={"swappiness": 7})
        self.assertEqual(self.read("memory", "memory.swappiness"), "7")

    def test_cpu(self):
        self.place("cpu")
        self.limited(cpu={"shares": 512, "quota": 40000, "period": 80000, "burst": 1000})
        self.expect("shares", 512, 59)
        self.expect("burst", 1000, 1000)
        if find_controller("cpu")[0] == 2:
            self.assertEqual(self.read("cpu", "cpu.max"), "40000 80000")
        else:
            self.assertEqual(self.read("cpu", "cpu.cfs_quota_us"), "40000")
            self.assertEqual(self.read("cpu", "cpu.cfs_period_us"), "80000")

    def test_cpuset(self):
        self.place("cpuset")
        last = max(os.sched_getaffinity(0))
        self.limited(cpu={"cpus": str(last), "mems": "0"})
        self.expect("cpus", last, last)
        self.expect("mems", 0, 0)
        pid = self.state()["pid"]
        self.assertEqual(os.sched_getaffinity(pid), {last})

    def test_without_a_cpuset_all_can_be_used(self):
        state = self.sleeper()
        self.assertEqual(os.sched_getaffinity(state["pid"]), os.sched_getaffinity(0))

    def test_one_process_is_enough_for_a_joined_pid_namespace(self):
        """A process in between makes the container's own, which must not be the one too many."""
        self.place("pids")
        self.cleat_only("has another process in the cgroup")
        pid = self.sleeper()["pid"]

        def change(config):
            config["linux"]["cgroupsPath"] = self.cgroup + "-b"
            config["linux"]["resources"]["pids"] = {"limit": 1}
            for namespace in namespaces(config):
                if namespace["type"] == "pid":
                    namespace["path"] = f"/proc/{pid}/ns/pid"
        self.config("/probe", "fork", "3", change=change)
        result = self.run_container(id=self.cid + "-b")
        self.assertEqual(result.json()["result"], 0, str(result))

    def test_block_io(self):
        generation, directory = self.place("blkio" if find_controller("blkio") else "io")
        device = disk() or self.skipTest("no disk")
        name = f"{device[0]}:{device[1]}"
        rate = lambda value: [{"major": device[0], "minor": device[1], "rate": value}]
        self.limited(blockIO={"throttleReadBpsDevice": rate(MIB),
                              "throttleWriteBpsDevice": rate(2 * MIB),
                              "throttleReadIOPSDevice": rate(300),
                              "throttleWriteIOPSDevice": rate(400)})
        if generation == 2:
            self.assertEqual(self.read("io", "io.max"),
                             f"{name} rbps={MIB} wbps={2 * MIB} riops=300 wiops=400")
            return
        for file, value in (("read_bps", MIB), ("write_bps", 2 * MIB), ("read_iops", 300),
                            ("write_iops", 400)):
            self.assertEqual(self.read("blkio", f"blkio.throttle.{file}_device"),
                             f"{name} {value}", directory)

    def test_huge_pages(self):
        self.place("hugetlb")
        self.limited(hugepageLimits=[{"pageSize": "2MB", "limit": 4 * MIB}])
        for prefix in ("hugetlb.2MB.", "hugetlb.2MB.rsvd."):
            self.assertEqual(self.read("hugetlb", prefix + "limit_in_bytes", prefix + "max"),
                             str(4 * MIB))

    def test_files_of_cgroup_v2(self):
        self.place("unified")
        self.cleat_only("refuses unified on hybrid hosts")
        self.limited(unified={"cgroup.max.depth": "3", "cgroup.max.descendants": "9"})
        self.assertEqual(self.read("unified", "cgroup.max.depth"), "3")
        self.assertEqual(self.read("unified", "cgroup.max.descendants"), "9")

    def test_list_of_devices_is_in_the_order_of_the_config(self):
        generation, directory = self.place("devices")
        self.assertEqual(generation, 1)
        self.limited(devices=[{"allow": False, "access": "rwm"},
                              {"allow": True, "type": "c", "major": 10, "minor": 229,
                               "access": "rw"},
                              {"allow": True, "type": "b", "major": 7, "access": "r"},
                              {"allow": False, "type": "c", "major": 10, "minor": 229,
                               "access": "w"}])
        with open(directory + "/devices.list", encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertIn("b 7:* r", lines)
        self.assertIn("c 10:229 r", lines)
        self.assertNotIn("a *:* rwm", lines)

    def test_device_rules_act(self):
        fuse = {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}
        for access, errors in (("rwm", ("0", "0")), ("rm", ("0", "1")), ("wm", ("1", "0"))):
            with self.subTest(access=access):
                rules = [{"allow": False, "access": "rwm"}, {**fuse, "access": access}]
                self.config("/bin/sh", "-c", "/probe mknod /tmp/n c 10 229 >/dev/null; "
                            "/probe open /tmp/n r; /probe open /tmp/n w",
                            change=lambda c, r=rules: c["linux"]["resources"].update(devices=r))
                out = self.run_container().out
                self.assertEqual(tuple(re.findall(r'"errno":(\d+)', out)), errors, out)

    def test_a_controller_that_no_hierarchy_has_names_its_property(self):
        if find_controller("rdma"):
            self.skipTest("this host has an rdma controller")
        self.cleat_only("ignores it")
        self.config(change=lambda c: c["linux"]["resources"].update(
            rdma={"mlx5_0": {"hcaHandles": 3, "hcaObjects": 7}}))
        self.create_refused("rdma.*/linux/resources/rdma/mlx5_0")
        self.assert_nothing_left()

    def test_network_classes_and_priorities(self):
        self.cleat_only("1.1.5 ignores them without the controllers")
        for controller, value, file in (
                ("net_cls", {"classID": 7}, "net_cls.classid"),
                ("net_prio", {"priorities": [{"name": "lo", "priority": 3}]}, "net_prio.ifpriomap")):
            with self.subTest(controller):
                if find_controller(controller):
                    self.limited(network=value)
                    self.assertRegex(self.read(controller, file), "7|lo 3")
                    self.delete("--force")
                    continue
                self.config(change=lambda c, v=value: c["linux"]["resources"].update(network=v))
                self.create_refused(f"{controller}.*/linux/resources/network")
        self.assert_nothing_left()

    def test_leaf_weights_are_refused_as_no_kernel_has_them(self):
        self.cleat_only("writes a file that is not there")
        why = "v2 has nothing like it" if find_controller("io") else "no leaf weights since"
        for value in ({"leafWeight": 100},
                      {"weightDevice": [{"major": 8, "minor": 0, "leafWeight": 100}]}):
            self.config(change=lambda c, v=value: c["linux"]["resources"].update(blockIO=v))
            self.create_refused(why + ".*/linux/resources/blockIO/.*leafWeight")
        self.assert_nothing_left()

    def test_oom_killer_can_be_disabled_on_v1(self):
        generation, _ = self.place("memory")
        change = {"memory": {"limit": 64 * MIB, "disableOOMKiller": True}}
        if generation == 2:
            self.cleat_only("ignores it on v2")
            self.config(change=lambda c: c["linux"]["resources"].update(change))
            return self.create_refused("disableOOMKiller")
        self.limited(**change)
        self.assertIn("oom_kill_disable 1", self.read("memory", "memory.oom_control"))


class Membership(CgroupTest):
    def lines_of(self, pid):
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            return {tuple(line.strip().split(":", 2)[1:]) for line in file}

    def assert_in_cgroup(self, pid):
        seen = dict(self.lines_of(pid))
        mounted = cgroup_mounts()
        for controllers, path in seen.items():
            names = controllers.split(",") if controllers else ["unified"]
            if names[0].removeprefix("name=") in mounted:
                self.assertEqual(path, self.cgroup, controllers)

    def test_init_is_in_every_hierarchy(self):
        self.assert_in_cgroup(self.sleeper()["pid"])

    def test_exec_joins_every_hierarchy(self):
        self.sleeper()
        pid_file = self.path("pid")
        result = self.exec("/probe", "sleep", options=("--detach", "--pid-file", pid_file))
        self.assertEqual(result.code, 0, str(result))
        with open(pid_file, encoding="utf-8") as file:
            self.assert_in_cgroup(int(file.read()))

    def move_out(self, pid):
        """Moves a process from its cgroups to others, and removes the old ones."""
        for point in set(cgroup_mounts().values()):
            if not os.path.isdir(point + self.cgroup):
                continue
            new = point + self.cgroup + "-elsewhere"
            os.mkdir(new)
            self.undo.append(lambda path=new: os.rmdir(path))
            for name in ("cpuset.cpus", "cpuset.mems"):
                if os.path.exists(f"{new}/{name}") and "cgroup2" not in point:
                    with contextlib.suppress(OSError):
                        shutil.copyfile(f"{point}{self.cgroup}/{name}", f"{new}/{name}")
            with open(new + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(pid))
            os.rmdir(point + self.cgroup)

    def test_exec_follows_init_when_the_cgroup_is_gone(self):
        """runc 1.4.1: init moved itself to another cgroup, and the container's was removed."""
        pid = self.sleeper()["pid"]
        self.move_out(pid)
        for options in ((), ("--user", "7:7")):
            done = self.exec("/bin/cat", "/proc/self/cgroup", options=options)
            self.assertEqual(done.code, 0, str(done))
        file = self.path("pid")
        done = self.exec("/probe", "sleep", options=("--detach", "--pid-file", file))
        self.assertEqual(done.code, 0, str(done))
        with open(file, encoding="ascii") as content:
            self.assertEqual(self.lines_of(int(content.read())), self.lines_of(pid))
        self.assertIn(self.cgroup + "-elsewhere", str(self.lines_of(pid)))
        if self.flavour == "cleat":  # a named cgroup has to exist
            self.refused("exec", "--cgroup", "below", self.cid, "/bin/true", text="below")
        self.delete("--force")

    def test_no_pid_is_ever_written(self):
        """A foreign pid in cgroup.procs costs an RCU grace period: everybody joins by itself."""
        self.cleat_only("writes the child's pid")
        self.config("/bin/true")
        self.traced("run", "--bundle", self.bundle, self.cid)
        self.sleeper()
        self.traced("exec", self.cid, "/bin/true")
        for freezer in ("freezer.state>", "cgroup.freeze>"):
            self.assertNotIn(freezer, self.traces(), "a new container is never frozen")
        self.config("/probe", "sleep", change=lambda c: c["linux"].update(
            cgroupsPath=self.cgroup + "-b"))
        with open(self.path("resources"), "w", encoding="utf-8") as file:
            file.write('{"devices": [{"allow": true, "type": "c", "major": 1, "minor": 3, '
                       '"access": "rw"}]}')
        for arguments in (("create", "--bundle", self.bundle, self.cid + "-b"),
                          ("start", self.cid + "-b"), ("exec", "-d", self.cid + "-b", "/probe"),
                          ("pause", self.cid + "-b"), ("resume", self.cid + "-b"),
                          ("update", "-r", self.path("resources"), self.cid + "-b"),
                          ("kill", "--all", self.cid + "-b", "KILL"),
                          ("delete", "--force", self.cid + "-b"), ("delete", "--force", self.cid)):
            self.traced(*arguments)
        self.assert_nobody_is_moved()

    def test_no_pid_is_written_where_processes_are_joined_with_namespaces(self):
        """The ways with a process in between, and a container of the host's pid namespace."""
        self.cleat_only("writes the child's pid")
        self.sleeper()
        pid = self.state()["pid"]
        for path in (None, f"/proc/{pid}/ns/pid"):
            self.cgroup += "-b"
            def change(config, path=path):
                without_namespace(config, "pid")
                namespaces(config).extend([{"type": "pid", "path": path}] if path else [])
            self.config("/bin/true", change=change)
            self.traced("run", "--bundle", self.bundle, self.cid + "-b")
        self.delete("--force")
        self.assert_nobody_is_moved()

    def traced(self, *arguments):
        """Every write of the call and its children is traced; strace stays with those who stay."""
        strace = shutil.which("strace") or self.skipTest("no strace")
        writes = "trace=write,writev,pwrite64,pwritev,pwritev2"
        self.ok(*arguments, wrap=(strace, "-D", "-f", "-y", "-e", writes, "-o",
                                  self.path(f"trace.{time.monotonic_ns()}")))

    def traces(self):
        lines = ""
        for name in os.listdir(self.directory):
            if name.startswith("trace."):
                with open(self.path(name), encoding="utf-8", errors="replace") as file:
                    lines += file.read()
        return lines

    def assert_nobody_is_moved(self):
        self.assert_nothing_left()
        lines = self.traces()
        self.assertNotIn("cgroup.procs>", lines)
        joined = re.findall(r'/tasks>, "([^"]*)"', lines)
        self.assertEqual(set(joined) - {"0"}, set())
        if find_controller("pids") and find_controller("pids")[0] == 1:
            self.assertTrue(joined)

    def test_a_cgroup_in_use_is_refused(self):
        self.sleeper()
        self.config("/probe", "sleep")
        self.create_refused("in use", id=self.cid + "-b")
        self.assertEqual(self.status(), "running")

    def test_cgroup_namespace_shows_the_own_cgroup_as_root(self):
        report = self.report(change=lambda c: namespaces(c).append({"type": "cgroup"}))
        for line in report["cgroup"]:
            if line.split(":")[1].removeprefix("name=") in cgroup_mounts():
                self.assertTrue(line.endswith(":/"), line)


class Places(CgroupTest):
    def create_at(self, path):
        self.cgroup = path
        self.sleeper()

    def test_absolute_path_with_parents(self):
        top = self.cgroup
        self.create_at(f"{top}/a/b")
        for directory in self.directories():
            self.assertIn(self.state()["pid"], self.processes(directory))
        self.delete("--force")
        self.assertEqual([d for d in self.directories(top) if os.path.exists(d)], [])

    def test_relative_path_is_near_the_runtimes_own(self):
        name = self.cgroup.strip("/")
        self.config("/probe", "sleep", change=lambda c: c["linux"].update(
            cgroupsPath=name + "/inner"))
        self.create()
        self.start()
        with open(f"/proc/{self.state()['pid']}/cgroup", encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertTrue(any(line.endswith(f"/{name}/inner") for line in lines), lines)
        self.delete("--force")
        self.assert_nothing_left()

    def test_without_a_path_the_id_is_the_name(self):
        self.config("/probe", "sleep", change=lambda c: c["linux"].pop("cgroupsPath"))
        self.create()
        with open(f"/proc/{self.state()['pid']}/cgroup", encoding="utf-8") as file:
            self.assertIn("/" + self.cid, file.read())
        self.delete("--force")
        self.assert_nothing_left()

    def test_dots_are_refused(self):
        self.cleat_only("cleans the path in silence")
        self.config(change=lambda c: c["linux"].update(cgroupsPath="/../" + self.cid))
        self.create_refused(r"/linux/cgroupsPath.*\.\.")
        self.assert_nothing_left()

    def test_parents_that_were_there_before_stay(self):
        parents = self.directories()
        for parent in parents:
            os.mkdir(parent)
        self.undo.append(lambda: [os.rmdir(p) for p in parents if os.path.isdir(p)])
        self.create_at(self.cgroup + "/a")
        self.delete("--force")
        self.assertEqual([p for p in parents if not os.path.isdir(p)], [])
        self.assertEqual([p for p in parents if os.path.exists(p + "/a")], [])
        for parent in parents:
            os.rmdir(parent)

    def test_two_containers_share_a_parent(self):
        top = self.cgroup
        other = self.cid + "-b"
        self.create_at(top + "/a")
        self.cgroup = top + "/b"
        self.sleeper(id=other)
        self.delete("--force")
        self.assertEqual(self.status(other), "running")
        self.assertEqual([d for d in self.directories(top + "/a") if os.path.exists(d)], [])
        self.assertEqual([d for d in self.directories(top + "/b") if not os.path.isdir(d)], [])
        self.delete("--force", id=other)
        self.assertEqual([d for d in self.directories(top) if os.path.exists(d)], [])

    def test_a_create_that_fails_takes_its_parents_along(self):
        self.cgroup += "/a/b"
        self.config("/probe", "sleep", change=lambda c: c["mounts"].append(
            {"destination": "/x", "type": "nosuchfs", "source": "none"}))
        self.create_refused()
        self.assert_nothing_left()


class Removal(CgroupTest):
    def test_cgroups_that_the_container_made_go_with_it(self):
        def change(config):
            namespaces(config).append({"type": "cgroup"})
            for mount in config["mounts"]:
                if mount["type"] == "cgroup":
                    mount["options"].remove("ro")
        _, directory = self.place("pids" if find_controller("pids") else "unified")
        inside = "/sys/fs/cgroup" + ("" if cgroup_mounts().get("unified") == "/sys/fs/cgroup"
                                     else "/pids")
        self.sleeper(change, args=(
            "/bin/sh", "-c", f"mkdir {inside}/x {inside}/x/y && /bin/sleep 1000 & "
            f"while ! test -d {inside}/x/y; do :; done; /probe sleep"))
        os.stat(directory + "/x/y")
        child = self.exec("/bin/sh", "-c", f"echo $$ >{inside}/x/y/cgroup.procs; exec /bin/true")
        self.assertEqual(child.code, 0, str(child))
        self.delete("--force")
        self.assert_nothing_left()

    def test_processes_without_a_pid_namespace_end_with_the_container(self):
        self.sleeper(lambda c: without_namespace(c, "pid"), args=("/probe", "family", "3"))
        state, found = self.state(), set()
        for directory in self.directories():
            found |= set(self.processes(directory))
        self.assertEqual(len(found), 4)
        os.kill(state["pid"], 9)
        self.wait_status("stopped")
        self.delete()
        self.assert_nothing_left()
        self.wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in found),
                      "the end of the family")

    def test_kill_ends_all_without_a_pid_namespace(self):
        self.sleeper(lambda c: without_namespace(c, "pid"), args=("/probe", "family", "3"))
        directories = self.directories()
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.wait_for(lambda: not any(self.processes(d) for d in directories), "an empty cgroup")
        self.delete()
        self.assert_nothing_left()

    def orphaned_family(self):
        """A stopped container in the host's pid namespace; the processes that init left behind."""
        self.sleeper(lambda c: without_namespace(c, "pid"), args=("/probe", "family", "3"))
        pid = self.state()["pid"]
        found = {process for directory in self.directories()
                 for process in self.processes(directory)}
        os.kill(pid, 9)
        self.wait_status("stopped")
        return found - {pid}

    def test_kill_of_a_stopped_container_ends_the_processes_that_are_left(self):
        """runc 1.2: without a pid namespace of its own, SIGKILL goes to the whole cgroup."""
        family = self.orphaned_family()
        self.assertEqual(len(family), 3)
        if self.flavour == "cleat":
            self.refused("kill", self.cid, "TERM", text="container not running")
        self.assertTrue(all(os.path.exists(f"/proc/{pid}") for pid in family))
        self.ok("kill", self.cid, "KILL")
        self.wait_for(lambda: not any(self.processes(d) for d in self.directories()), "empty cgroups")
        # Nothing is left, so the rule of the specification applies (runtime.md#kill).
        if self.flavour == "cleat":
            self.refused("kill", self.cid, "KILL", text="container not running")
        self.ok("kill", "--all", self.cid, "KILL")
        self.delete()
        self.assert_nothing_left()

    def test_kill_of_a_stopped_container_with_a_pid_namespace_is_an_error(self):
        self.config("/bin/true")
        self.create()
        self.start()
        self.wait_status("stopped")
        for signal in ("KILL", "TERM", "0"):
            self.refused("kill", self.cid, signal, text="container not running|signal")
        self.delete()

    def test_many_containers_one_after_the_other_leave_nothing(self):
        for _ in range(int(os.environ.get("CLEAT_CYCLES", "5"))):
            self.config("/bin/true")
            self.create()
            self.start()
            self.delete("--force")
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
