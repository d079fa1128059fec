#!/usr/bin/env python3
"""The systemd cgroup driver: the container is a scope, with its limits as the unit's properties."""
import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

from cgroup_test import MIB, CgroupTest
from fake_bus import FakeBus
from harness import SLOWNESS, TIMEOUT, main
from host import cgroup_mounts
from layout import disk

HAS_SYSTEMD = os.path.isdir("/run/systemd/system")
DRIVER = ("--systemd-cgroup",)


def systemctl(*words):
    return subprocess.run(["systemctl", *words], capture_output=True, text=True,
                          check=False).stdout.strip()


class Systemd(CgroupTest):
    def setUp(self):
        super().setUp()
        if not HAS_SYSTEMD:
            self.skipTest("systemd does not run here")
        self.unit = f"cleattest-{self.name}.scope"
        self.path_of_unit = f"/cleattest.slice/{self.unit}"
        self.undo.append(lambda: systemctl("stop", "cleattest.slice"))

    def show(self, name):
        return systemctl("show", "-p", name, "--value", self.unit)

    def start_scope(self, resources=None, annotations=None):
        def change(config):
            config["linux"]["cgroupsPath"] = f"cleattest.slice:cleattest:{self.name}"
            config["linux"]["resources"].update(resources or {})
            config["annotations"] = annotations or {}
        self.config("/probe", "sleep", change=change)
        self.create(global_options=DRIVER)
        self.start()

    def value(self, file):
        with open("/sys/fs/cgroup" + self.path_of_unit + "/" + file, encoding="utf-8") as content:
            return content.read().strip()

    def test_the_container_is_a_scope(self):
        self.start_scope()
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.show("Slice"), "cleattest.slice")
        self.assertEqual(self.show("Delegate"), "yes")
        with open(f"/proc/{self.state()['pid']}/cgroup", encoding="utf-8") as file:
            self.assertIn(self.path_of_unit, file.read())
        self.delete("--force")
        self.assertEqual(self.show("LoadState"), "not-found")
        self.assertFalse(os.path.exists("/sys/fs/cgroup" + self.path_of_unit))

    def test_limits_are_in_the_unit_and_in_the_files(self):
        if cgroup_mounts().get("unified") != "/sys/fs/cgroup":
            self.skipTest("for cgroup v2 alone")
        self.start_scope({"memory": {"limit": 64 * MIB, "swap": 96 * MIB,
                                     "reservation": 32 * MIB},
                          "cpu": {"shares": 512, "quota": 40000, "period": 80000, "cpus": "0"},
                          "pids": {"limit": 20}})
        expected = {"MemoryMax": str(64 * MIB), "MemorySwapMax": str(32 * MIB),
                    "MemoryLow": str(32 * MIB), "CPUWeight": "59", "TasksMax": "20",
                    "AllowedCPUs": "0", "CPUQuotaPerSecUSec": "500ms"}
        files = {"memory.max": str(64 * MIB), "cpu.max": "40000 80000", "cpu.weight": "59",
                 "pids.max": "20", "cpuset.cpus": "0"}
        for _ in range(2):
            self.assertEqual({name: self.show(name) for name in expected}, expected)
            self.assertEqual({name: self.value(name) for name in files}, files)
            systemctl("daemon-reload")
        self.ok("update", "--memory", "80M", "--memory-swap", "-1", "--pids-limit", "30", self.cid)
        systemctl("daemon-reload")
        self.assertEqual((self.show("MemoryMax"), self.show("TasksMax")), (str(80 * MIB), "30"))
        self.assertEqual((self.value("memory.max"), self.value("pids.max")),
                         (str(80 * MIB), "30"))

    def test_limits_that_systemd_would_round_are_exact(self):
        if cgroup_mounts().get("unified") != "/sys/fs/cgroup":
            self.skipTest("for cgroup v2 alone")
        self.start_scope({"cpu": {"quota": 33333, "period": 100000}})
        self.assertEqual(self.value("cpu.max"), "33333 100000")
        self.ok("update", "--cpu-quota", "44444", self.cid)
        self.assertEqual(self.value("cpu.max"), "44444 100000")

    def test_an_update_that_systemd_does_not_get_changes_nothing(self):
        self.start_scope({"pids": {"limit": 20}})
        limits = self.write_file(self.path("limits.json"), json.dumps({
            "pids": {"limit": 30},
            "devices": [{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]}))
        self.refused("update", "--resources", limits, self.cid, text="change scope .*/nowhere",
                     env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"})
        self.assertEqual(self.read("pids", "pids.max", cgroup=self.path_of_unit), "20")
        # What systemd allows now shows whether cleat's own rules still forbid it.
        systemctl("set-property", "--runtime", self.unit, "DeviceAllow=/dev/char/10:229 rwm")
        seen = self.exec("/bin/sh", "-c", "/probe mknod /tmp/n c 10 229")
        self.assertEqual(seen.json(), {"mknod": 0, "open": 1})

    def test_an_update_whose_devices_fail_leaves_the_unit_as_it_was(self):
        if cgroup_mounts().get("unified") != "/sys/fs/cgroup":
            self.skipTest("for cgroup v2 alone")
        strace = shutil.which("strace") or self.skipTest("no strace")
        self.start_scope({"pids": {"limit": 20}, "cpu": {"quota": 30000, "period": 50000}})
        names = ("TasksMax", "MemoryMax", "CPUQuotaPerSecUSec", "CPUQuotaPeriodUSec",
                 "DevicePolicy", "DeviceAllow", "AllowedCPUs", "CPUWeight")
        # The order of the list means nothing, and is not kept.
        show = lambda: {name: sorted(self.show(name).split("\n")) for name in names}
        unit = show()
        files = {name: self.value(name) for name in ("pids.max", "memory.max", "cpu.max")}
        limits = self.write_file(self.path("limits.json"), json.dumps({
            "pids": {"limit": 30}, "memory": {"limit": 64 * MIB},
            "cpu": {"quota": 10000, "shares": 512, "cpus": "0"},
            "devices": [{"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]}))
        self.refused("update", "--resources", limits, self.cid, text="device program",
                     wrap=(strace, "-f", "-o", self.path("trace"), "-e", "trace=bpf", "-e",
                           "inject=bpf:error=EPERM"))
        for _ in range(2):
            self.assertEqual(show(), unit)
            self.assertEqual({name: self.value(name) for name in files}, files)
            systemctl("daemon-reload")

    def test_new_devices_take_the_place_of_the_old_ones_in_the_unit(self):
        self.start_scope()
        self.assertIn("/dev/char/1:3 rwm", self.show("DeviceAllow"))
        limits = self.write_file(self.path("limits.json"), json.dumps({"devices": [
            {"allow": False, "access": "rwm"},
            {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]}))
        self.ok("update", "--resources", limits, self.cid)
        self.assertIn("/dev/char/10:229 rwm", self.show("DeviceAllow"))
        look = ("/bin/sh", "-c", "rm -f /tmp/n; /probe mknod /tmp/n c 10 229")
        for _ in range(2):
            self.assertEqual(self.exec(*look).json(), {"mknod": 0, "open": 0})
            systemctl("daemon-reload")
        self.write_file(limits, json.dumps({"devices": [{"allow": False, "access": "rwm"}]}))
        self.ok("update", "--resources", limits, self.cid)
        self.assertNotIn("10:229", self.show("DeviceAllow"))

    def test_a_quota_alone_is_told_with_the_period_that_is_there(self):
        if cgroup_mounts().get("unified") != "/sys/fs/cgroup":
            self.skipTest("for cgroup v2 alone")
        self.start_scope({"cpu": {"quota": 20000, "period": 50000}})
        self.ok("update", "--cpu-quota", "10000", self.cid)
        self.assertEqual((self.show("CPUQuotaPerSecUSec"), self.value("cpu.max")),
                         ("200ms", "10000 50000"))
        self.ok("update", "--cpu-period", "100000", self.cid)
        self.assertEqual((self.show("CPUQuotaPerSecUSec"), self.value("cpu.max")),
                         ("100ms", "10000 100000"))

    def test_a_reload_undoes_nothing(self):
        if cgroup_mounts().get("unified") != "/sys/fs/cgroup":
            self.skipTest("for cgroup v2 alone")
        device = disk() or self.skipTest("no disk")
        name = f"{device[0]}:{device[1]}"
        self.start_scope({
            "memory": {"limit": 64 * MIB, "swap": 96 * MIB},
            "cpu": {"quota": 33000, "period": 100000, "burst": 1000, "idle": 1, "cpus": "0",
                    "mems": "0"},
            "blockIO": {"throttleReadBpsDevice": [
                {"major": device[0], "minor": device[1], "rate": MIB}]},
            "hugepageLimits": [{"pageSize": "2MB", "limit": 2 * MIB}],
            "unified": {"memory.high": str(48 * MIB), "memory.min": str(4 * MIB), "pids.max": "17"}})
        self.assertEqual([self.show(name) for name in ("MemoryHigh", "MemoryMin", "TasksMax")],
                         [str(48 * MIB), str(4 * MIB), "17"])
        expected = {"memory.max": str(64 * MIB), "memory.swap.max": str(32 * MIB),
                    "cpu.max": "33000 100000", "cpu.max.burst": "1000", "cpu.idle": "1",
                    "cpuset.cpus": "0", "cpuset.mems": "0", "hugetlb.2MB.max": str(2 * MIB),
                    "io.max": f"{name} rbps={MIB} wbps=max riops=max wiops=max",
                    "memory.high": str(48 * MIB), "memory.min": str(4 * MIB), "pids.max": "17"}
        for _ in range(2):
            self.assertEqual({name: self.value(name) for name in expected}, expected)
            systemctl("daemon-reload")
        systemctl("set-property", "--runtime", self.unit, "Description=x")
        self.assertEqual({name: self.value(name) for name in expected}, expected)

    def test_one_process_is_enough(self):
        self.start_scope({"pids": {"limit": 1}})
        self.assertEqual(self.show("TasksMax"), "1")
        self.assertEqual(self.read("pids", "pids.max", cgroup=self.path_of_unit), "1")

    def test_devices_are_in_the_unit(self):
        self.start_scope()
        self.assertEqual(self.show("DevicePolicy"), "strict")
        allowed = self.show("DeviceAllow")
        self.assertIn("/dev/char/1:3 rwm", allowed)
        systemctl("daemon-reload")
        seen = self.exec("/bin/sh", "-c", "/probe mknod /tmp/n c 10 229; echo x >/dev/null")
        self.assertEqual(seen.json(), {"mknod": 0, "open": 1})

    def test_properties_of_annotations(self):
        self.start_scope(annotations={"org.systemd.property.TimeoutStopSec": "3",
                                      "org.systemd.property.Description": "'a test'"})
        self.assertEqual(self.show("TimeoutStopUSec"), "3s")
        self.assertEqual(self.show("Description"), "a test")

    def test_a_create_that_fails_leaves_no_unit(self):
        self.config(change=lambda c: (
            c["linux"].update(cgroupsPath=f"cleattest.slice:cleattest:{self.name}"),
            c["mounts"].append({"destination": "/x", "type": "nosuchfs", "source": "none"})))
        self.create_refused("nosuchfs", global_options=DRIVER)
        self.assertEqual(self.show("LoadState"), "not-found")

    def test_a_unit_that_is_there_already_is_refused(self):
        self.start_scope()
        self.create_refused("scope", id=self.cid + "-b", global_options=DRIVER)
        self.assertEqual(self.status(), "running")

    def test_the_state_remembers_the_driver(self):
        self.start_scope()
        self.ok("pause", self.cid)
        self.assertEqual(self.status(), "paused")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.delete()
        self.assertEqual(self.show("LoadState"), "not-found")

    def test_many_scopes_one_after_the_other_leave_nothing(self):
        slice_directory = self.place("pids", "/cleattest.slice")[1]
        for _ in range(int(os.environ.get("CLEAT_CYCLES", "5"))):
            self.start_scope()
            self.delete("--force")
        self.assertEqual(systemctl("list-units", "--all", "--plain", "--no-legend",
                                   "cleattest-*"), "")
        self.assertEqual(glob.glob("/run/systemd/transient/cleattest-*"), [])
        self.assertEqual(glob.glob(slice_directory + "/*/"), [])
        self.assert_nothing_left()

    def test_a_container_is_deleted_though_the_job_that_stops_its_scope_never_ends(self):
        self.start_scope()
        bus = FakeBus(self.path("bus"))
        self.undo.append(bus.close)
        before = time.monotonic()
        self.ok("delete", "--force", self.cid, timeout=60 + TIMEOUT,
                env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + self.path("bus")})
        self.assertLess(time.monotonic() - before, 40 + TIMEOUT)
        self.assertIn("StopUnit", bus.called)
        self.assertFalse(os.path.exists("/sys/fs/cgroup" + self.path_of_unit))
        self.assert_nothing_left()


class FromASession(CgroupTest):
    """An ordinary user in a session, which lies outside of what the user's systemd may give away."""

    USER = 1000

    def setUp(self):
        super().setUp()
        if not HAS_SYSTEMD:
            self.skipTest("systemd does not run here")
        try:
            pwd.getpwuid(self.USER)
        except KeyError:
            self.skipTest(f"no user {self.USER}")
        self.manager = f"user@{self.USER}.service"
        self.undo.append(lambda: systemctl("stop", self.manager,
                                           f"user-runtime-dir@{self.USER}.service"))
        subprocess.run(["systemctl", "start", self.manager], check=True)  # waits for its sockets
        self.bus = f"/run/user/{self.USER}/bus"
        os.chmod(self.directory, 0o711)
        self.copy = shutil.copy(self.runtime, self.path("cleat"))

    def as_user(self, *command):
        """Below user-1000.slice, but not below user@1000.service."""
        return self.call(
            *command, runtime=self.copy, root=False,
            global_options=("--systemd-cgroup", "--root", self.bundle + "/state"),
            wrap=("nsenter", "-t", "1", "-m", "systemd-run", "--quiet", "--scope",
                  "--slice", f"user-{self.USER}.slice",
                  "--unit", f"cleattest-{time.monotonic_ns()}", "setpriv", "--reuid",
                  str(self.USER), "--regid", str(self.USER), "--clear-groups", "--inh-caps=-all",
                  "env", f"XDG_RUNTIME_DIR=/run/user/{self.USER}",
                  f"DBUS_SESSION_BUS_ADDRESS=unix:path={self.bus}"))

    def config_of_user(self):
        def change(config):
            config["linux"]["cgroupsPath"] = f"user.slice:cleattest:{self.name}"
            config["linux"]["resources"] = {"pids": {"limit": 20}}
            config["linux"]["namespaces"] += [{"type": "user"}, {"type": "cgroup"}]
            for ids in ("uidMappings", "gidMappings"):
                config["linux"][ids] = [{"containerID": 0, "hostID": self.USER, "size": 1}]
            config["process"].pop("rlimits", None)
            config["process"].pop("oomScoreAdj")  # of a member, who is undumpable: root's alone
            config["mounts"] = [m for m in config["mounts"]
                                if m["type"] not in ("cgroup", "mqueue", "sysfs", "devpts")]
        self.config("/probe", "sleep", change=change)
        subprocess.run(["chown", "-R", f"{self.USER}:{self.USER}", self.bundle], check=True)
        self.undo.append(lambda: self.as_user("delete", "--force", self.cid))

    def test_a_systemd_that_stands_still_is_an_error(self):
        self.config_of_user()
        manager = int(systemctl("show", "-p", "MainPID", "--value", self.manager))
        self.undo.append(lambda: os.kill(manager, signal.SIGCONT))
        os.kill(manager, signal.SIGSTOP)
        before = time.monotonic()
        made = self.as_user("create", "--bundle", self.bundle, self.cid)
        self.assertLess(time.monotonic() - before, 60 + TIMEOUT)
        os.kill(manager, signal.SIGCONT)
        self.assertEqual(made.code, 1, str(made))
        self.assertRegex(made.err, "start scope .*(NoReply|ETIMEDOUT)")
        self.assertEqual(os.listdir(self.bundle + "/state"), [])

    def test_systemd_moves_what_the_user_may_not(self):
        self.config_of_user()
        made = self.as_user("create", "--bundle", self.bundle, self.cid)
        self.assertEqual(made.code, 0, str(made))
        pid = self.as_user("state", self.cid).json()["pid"]
        unit = f"/user.slice/user-{self.USER}.slice/user@{self.USER}.service/user.slice/" \
               f"cleattest-{self.name}.scope"
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
            self.assertEqual(file.read().strip(), "0::" + unit)
        with open("/sys/fs/cgroup" + unit + "/pids.max", encoding="utf-8") as file:
            self.assertEqual(file.read().strip(), "20")
        self.assertEqual(self.as_user("start", self.cid).code, 0)
        member = self.as_user("exec", self.cid, "/bin/cat", "/proc/self/cgroup")
        self.assertEqual((member.code, member.out.strip()), (0, "0::/"), str(member))
        gone = self.as_user("delete", "--force", self.cid)
        self.assertEqual(gone.code, 0, str(gone))
        self.assertFalse(os.path.exists("/sys/fs/cgroup" + unit))


class SilentBus(CgroupTest):
    def test_a_bus_that_never_answers_is_an_error(self):
        """It takes connections and says nothing: the wait has an end."""
        path = self.path("bus")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen(8)
            self.config(change=lambda c: c["linux"].update(cgroupsPath="a.slice:b:" + self.name))
            before = time.monotonic()
            self.create_refused("start scope .*bus.*(ETIMEDOUT|NoReply)", timeout=60,
                                global_options=DRIVER,
                                env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + path})
            self.assertLess(time.monotonic() - before, 40)
        self.assert_nothing_left()


class FakeSystemd(CgroupTest):
    """It takes the call for a scope; what becomes of the job is the test's."""

    def create_fails(self, text, *how):
        """What was called, and the seconds that it took."""
        path = self.path("bus")
        bus = FakeBus(path, *how)
        self.undo.append(bus.close)
        self.config(change=lambda c: c["linux"].update(cgroupsPath="a.slice:b:" + self.name))
        before = time.monotonic()
        self.create_refused("start scope b-.*" + text, timeout=90, global_options=DRIVER,
                            env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + path})
        took = time.monotonic() - before
        self.assert_nothing_left()
        return bus.called, took

    def create_with_jobs_that(self, result, text):
        called, took = self.create_fails(text, result)
        self.assertIn("StartTransientUnit", called)
        self.assertEqual(called[-1], "StopUnit")
        return took

    def test_a_systemd_that_answers_nothing_is_an_error_after_one_wait(self):
        called, took = self.create_fails("ResetFailedUnit.*NoReply", None, ("ResetFailedUnit",))
        self.assertEqual(called, ["Hello", "ResetFailedUnit"])
        self.assertLess(took, 45)

    def test_a_job_that_never_ends_is_an_error(self):
        self.assertLess(self.create_with_jobs_that(None, "wait for systemd's job.*ETIMEDOUT"), 75)

    def test_a_job_that_fails_is_an_error_at_once(self):
        self.assertLess(self.create_with_jobs_that("failed", "job ended as .failed"), 10 * SLOWNESS)


class WithoutSystemd(CgroupTest):
    def test_no_bus_is_an_error_and_no_wait(self):
        if HAS_SYSTEMD:
            self.skipTest("systemd runs here")
        self.config(change=lambda c: c["linux"].update(cgroupsPath="a.slice:b:" + self.name))
        self.create_refused("start scope .*bus", global_options=DRIVER, timeout=10)
        self.assert_nothing_left()

    def test_paths_of_another_form_are_refused(self):
        for path in ("/a/b", "a:b", "a.slice:b:", "a:b:c", "a--b.slice:b:c", "a.slice:b:c/d",
                     "-a.slice:b:c"):
            with self.subTest(path=path):
                self.config(change=lambda c, p=path: c["linux"].update(cgroupsPath=p))
                self.create_refused("/linux/cgroupsPath", global_options=DRIVER)


if __name__ == "__main__":
    main()
