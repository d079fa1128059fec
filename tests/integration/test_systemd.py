#!/usr/bin/env python3
"""The systemd cgroup driver: the container is a scope, with its limits as the unit's properties."""
import json
import os
import subprocess

from cgroup_test import MIB, CgroupTest
from harness import main
from host import cgroup_mounts

HAS_SYSTEMD = os.path.isdir("/run/systemd/system")
DRIVER = ("--systemd-cgroup",)


class Systemd(CgroupTest):
    def setUp(self):
        super().setUp()
        if not HAS_SYSTEMD:
            self.skipTest("systemd does not run here")
        self.unit = f"cleattest-{self.name}.scope"
        self.path_of_unit = f"/cleattest.slice/{self.unit}"
        self.undo.append(lambda: self.systemctl("stop", "cleattest.slice"))

    @staticmethod
    def systemctl(*words):
        return subprocess.run(["systemctl", *words], capture_output=True, text=True,
                              check=False).stdout.strip()

    def show(self, name):
        return self.systemctl("show", "-p", name, "--value", self.unit)

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
            self.systemctl("daemon-reload")
        self.ok("update", "--memory", "80M", "--memory-swap", "-1", "--pids-limit", "30", self.cid)
        self.systemctl("daemon-reload")
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
        self.systemctl("set-property", "--runtime", self.unit, "DeviceAllow=/dev/char/10:229 rwm")
        seen = self.exec("/bin/sh", "-c", "/probe mknod /tmp/n c 10 229")
        self.assertEqual(seen.json(), {"mknod": 0, "open": 1})

    def test_one_process_is_enough(self):
        self.start_scope({"pids": {"limit": 1}})
        self.assertEqual(self.show("TasksMax"), "1")
        self.assertEqual(self.read("pids", "pids.max", cgroup=self.path_of_unit), "1")

    def test_devices_are_in_the_unit(self):
        self.start_scope()
        self.assertEqual(self.show("DevicePolicy"), "strict")
        allowed = self.show("DeviceAllow")
        self.assertIn("/dev/char/1:3 rwm", allowed)
        self.systemctl("daemon-reload")
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
