#!/usr/bin/env python3
"""Past vulnerabilities of container runtimes: settings written to something that is not procfs."""
import os

from attacks import AttackTest, drop_mount
from bundle import bind, filesystem, give_away, mounts_of, namespaces, with_user_namespace
from harness import main

SYSCTL = {"net.ipv4.ip_unprivileged_port_start": "77"}


class Procfs(AttackTest):
    """Either the container is refused, or the setting has really reached the kernel."""

    def sysctl_holds(self, *mounts, change=None):
        def whole(config):
            config["linux"]["sysctl"] = dict(SYSCTL)
            config["mounts"] += list(mounts)
            # A second, genuine procfs is where the probe looks.
            config["mounts"].append(filesystem("/real", "proc"))
            config["linux"]["maskedPaths"] = config["linux"]["readonlyPaths"] = []
            if change:
                change(config)
        self.config("/bin/cat", "/real/sys/net/ipv4/ip_unprivileged_port_start", change=whole)
        with self.unchanged():
            result = self.try_run()
        if result.code == 0:
            self.assertEqual(result.out, "77\n", str(result))
        return result

    def test_the_setting_is_made_without_an_attack(self):
        self.assertEqual(self.sysctl_holds().code, 0)

    def test_cve_2019_16884_directory_bound_over_proc(self):
        def change(config):
            drop_mount(config, "/proc")
            config["mounts"].insert(0, bind(self.outside, "/proc"))
        self.sysctl_holds(change=change)

    def test_tmpfs_instead_of_proc(self):
        def change(config):
            drop_mount(config, "/proc")
            config["mounts"].insert(0, filesystem("/proc", "tmpfs"))
        self.sysctl_holds(change=change)

    def test_cve_2025_52881_tmpfs_over_parts_of_proc(self):
        """crun 1.8.1 accepts three of the four."""
        for destination in ("/proc/sys", "/proc/self/attr", "/proc/self/fd", "/proc/sys/net"):
            with self.subTest(destination=destination):
                self.sysctl_holds(filesystem(destination, "tmpfs"))

    def test_cve_2025_52881_parts_of_proc_through_a_link(self):
        self.plant_link("l", "/proc/sys")
        self.sysctl_holds(filesystem("/l", "tmpfs"))

    def test_cve_2025_62596_bind_of_one_procfs_file_over_another(self):
        with self.kept_setting("/proc/sys/kernel/core_pattern"):
            self.sysctl_holds(bind("/proc/sys/kernel/core_pattern",
                                   "/proc/sys/net/ipv4/ip_unprivileged_port_start"))

    def test_cve_2022_0811_sysctl_keys_reach_only_their_namespace(self):
        """runc and crun refuse them, too; crun by accident."""
        with self.kept_setting("/proc/sys/kernel/core_pattern"):
            for key, value in (("kernel.core_pattern", "|/evil"),
                               ("net/../kernel/core_pattern", "|/evil"),
                               ("net.ipv4/../../kernel/core_pattern", "|/evil"),
                               ("net...kernel.core_pattern", "|/evil"),
                               ("kernel.shm_rmid_forced+kernel.core_pattern", "1"),
                               ("", "1"), ("/kernel/core_pattern", "|/evil"),
                               ("kernel.shmmax", "1\0" "2"), ("vm.swappiness", "1"),
                               ("net", "1"), ("kernel.sem ", "1 2 3 4")):
                with self.subTest(key=key):
                    self.config("/bin/true", change=lambda c, k=key, v=value: c["linux"].update(
                        sysctl={k: v}))
                    result = self.try_run()
                    self.assertNotEqual(result.code, 0, str(result))
                    if self.flavour == "cleat":
                        self.assertIn("sysctl", result.err)
                    self.assert_nothing_left()

    def test_masks_lie_over_the_real_thing(self):
        self.plant_link("secret", "/proc/kcore")
        self.config("/probe", "stat", "/proc/kcore", "/proc/keys")
        for path, seen in self.try_run().json().items():
            if "errno" not in seen:
                self.assertEqual((seen["type"], seen["major"], seen["minor"]), ("c", 1, 3), path)

    def test_label_where_there_is_no_security_module_is_refused(self):
        """A label that is written to a fake file is a container without confinement."""
        if os.path.isdir("/sys/kernel/security/apparmor") or os.path.isdir("/sys/fs/selinux"):
            self.skipTest("this host has a security module")
        for name in ("apparmorProfile", "selinuxLabel"):
            with self.subTest(name=name):
                self.config("/bin/true", change=lambda c, n=name: c["process"].update({n: "x:y"}))
                self.refused("run", "--bundle", self.bundle, self.cid, wrap=self.wrap, text=name)

    def test_cve_2023_25809_cgroup_is_readonly_in_a_user_namespace_without_its_own(self):
        give_away(self.bundle, 100000)
        seen = mounts_of(self.report(change=with_user_namespace))
        for point, mounted in seen.items():
            if point.startswith("/sys/fs/cgroup"):
                self.assertIn("ro", mounted["options"], point)

    def test_cgroup_below_a_bound_sys_is_readonly(self):
        def change(config):
            with_user_namespace(config)
            drop_mount(config, "/sys")
            config["mounts"].append(bind("/sys", "/sys", "rbind", "ro", "nosuid", "noexec",
                                         "nodev"))
        give_away(self.bundle, 100000)
        self.config("/probe", "write", f"/sys/fs/cgroup/pids{self.cgroup}/pids.max", "99",
                    change=change)
        self.assertNotEqual(self.try_run().code, 0)

    def test_procfs_shows_only_the_containers_processes(self):
        self.config("/bin/ls", "/proc")
        pids = {name for name in self.try_run().out.split() if name.isdigit()}
        self.assertEqual(pids, {"1"})

    def test_ghsa_g54h_m393_cpwq_devices_are_denied_by_default(self):
        def change(config):
            config["linux"]["resources"].pop("devices")
            config["process"]["capabilities"]["bounding"].append("CAP_MKNOD")
        self.config("/probe", "mknod", "/tmp/disk", "b", "254", "0", change=change)
        result = self.try_run()
        if result.code == 0:
            self.assertNotEqual(result.json()["open"], 0, "the host's disk can be opened")

    def test_cve_2021_43784_thousands_of_mappings_are_never_cut(self):
        """The kernel takes 340; a 16-bit length once made fewer out of more."""
        def change(config):
            namespaces(config).append({"type": "user"})
            lines = [{"containerID": n, "hostID": 100000 + n, "size": 1} for n in range(6000)]
            config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = lines
        give_away(self.bundle, 100000)
        self.config("/probe", change=change)
        result = self.try_run()
        if result.code == 0:
            self.assertEqual(len(result.json()["uid_map"]), 6000)
        else:
            self.assertRegex(result.err, "Mappings|uid_map|mapping")


if __name__ == "__main__":
    main()
