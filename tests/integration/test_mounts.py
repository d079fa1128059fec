#!/usr/bin/env python3
"""Mounts: file systems, binds, flags, propagation, masks, the read-only root, cgroup views."""
import os
import stat

from bundle import (filesystem, give_away, mounts_of, namespaces, with_user_namespace,
                    without_namespace)
from harness import CleatTest, main
from host import cgroup_mounts


class Mounts(CleatTest):
    def with_mounts(self, *mounts, change=None):
        def whole(config):
            config["mounts"] += list(mounts)
            if change:
                change(config)
        return mounts_of(self.report(change=whole))

    def sh(self, script, change=None):
        self.config("/bin/sh", "-c", script, change=change)
        return self.run_container()

    def test_the_default_mounts(self):
        seen = self.with_mounts()
        for point, kind in (("/proc", "proc"), ("/dev", "tmpfs"), ("/dev/pts", "devpts"),
                            ("/sys", "sysfs"), ("/dev/mqueue", "mqueue"), ("/dev/shm", "tmpfs")):
            self.assertEqual(seen[point]["type"], kind, point)
        self.assertLessEqual({"ro", "nosuid", "noexec", "nodev"}, seen["/sys"]["options"])
        self.assertLessEqual({"rw", "nosuid", "noexec", "nodev"}, seen["/dev/shm"]["options"])
        self.assertLessEqual({"mode=755", "size=65536k"}, seen["/dev"]["super"])
        self.assertLessEqual({"gid=5", "mode=620", "ptmxmode=666"}, seen["/dev/pts"]["super"])

    def test_nothing_of_the_host_is_mounted(self):
        allowed = ("/", "/proc", "/dev", "/sys")
        for point in self.with_mounts():
            self.assertTrue(point == "/" or point.startswith(allowed[1:]), point)

    def test_tmpcopyup_brings_the_old_files(self):
        self.write_file(os.path.join(self.rootfs, "var/sub/file"), "old", 0o640)
        os.symlink("file", os.path.join(self.rootfs, "var/sub/link"))
        result = self.sh("cat /var/sub/link && stat -c %a /var/sub/file && echo new >/var/sub/file",
                         lambda c: c["mounts"].append(filesystem("/var", "tmpfs", "tmpcopyup")))
        self.assertEqual(result.out, "old640\n", str(result))
        with open(os.path.join(self.rootfs, "var/sub/file"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "old")

    def test_rootfs_is_private_by_default(self):
        seen = self.with_mounts()
        for point, mounted in seen.items():
            self.assertNotIn("shared:", " ".join(mounted["optional"]), point)

    def test_mount_inside_does_not_reach_the_host(self):
        def change(config):
            for kind in ("bounding", "effective", "permitted"):
                config["process"]["capabilities"][kind].append("CAP_SYS_ADMIN")
        result = self.sh("mount -t tmpfs none /var && cat /proc/mounts", change)
        self.assertIn(" /var tmpfs", result.out, str(result))

    def test_masked_file_is_the_null_device(self):
        self.write_file(os.path.join(self.rootfs, "var/file"), "secret")
        self.config("/probe", "stat", "/var/file", "/proc/keys",
                    change=lambda c: c["linux"]["maskedPaths"].append("/var/file"))
        self.write_file(os.path.join(self.rootfs, "var/file"), "secret")
        for path, info in self.run_container().json().items():
            self.assertEqual((info["type"], info["major"], info["minor"]), ("c", 1, 3), path)

    def test_readonly_path_keeps_the_other_flags(self):
        options = mounts_of(self.report())["/proc/sys"]["options"]
        self.assertLessEqual({"ro", "nosuid", "nodev", "noexec"}, options)

    def test_mount_over_a_symlink_stays_inside(self):
        os.makedirs(os.path.join(self.rootfs, "real"))
        os.symlink("/real", os.path.join(self.rootfs, "link"))
        seen = self.with_mounts(filesystem("/link/sub", "tmpfs"))
        self.assertIn("/real/sub", seen)

    def test_mounts_in_a_user_namespace(self):
        give_away(self.rootfs, 100000)
        def change(config):
            with_user_namespace(config)
            for entry in config["mounts"]:
                entry["options"] = [o for o in entry["options"] if o != "gid=5"]
        seen = mounts_of(self.report(change=change))
        self.assertLessEqual({"/proc", "/dev", "/dev/pts", "/sys", "/dev/shm"}, set(seen))

    def test_host_network_with_host_sysfs(self):
        def change(config):
            without_namespace(config, "network")
        self.assertEqual(self.with_mounts(change=change)["/sys"]["type"], "sysfs")

    def test_dev_shm_and_pts_modes(self):
        self.config("/probe", "stat", "/dev/shm", "/dev/pts/ptmx", "/dev/ptmx", "/dev")
        info = self.run_container().json()
        self.assertEqual(info["/dev/shm"]["mode"], 0o1777)
        self.assertEqual(info["/dev/pts/ptmx"]["mode"], 0o666)
        self.assertEqual(info["/dev/ptmx"]["target"], "pts/ptmx")
        self.assertEqual(info["/dev"]["mode"], 0o755)

    def test_made_destination_is_a_directory_of_root(self):
        self.with_mounts(filesystem("/made/here", "tmpfs"))
        info = os.stat(os.path.join(self.rootfs, "made/here"))
        self.assertTrue(stat.S_ISDIR(info.st_mode))
        self.assertEqual((info.st_uid, info.st_mode & 0o777), (0, 0o755))


class CgroupViews(CleatTest):
    def hierarchies(self):
        found = {name: point for name, point in cgroup_mounts().items() if name != "unified"}
        if not found:
            self.skipTest("no cgroup v1 hierarchies on this host")
        return found

    def test_v1_view_without_a_cgroup_namespace(self):
        seen = mounts_of(self.report())
        for name, point in self.hierarchies().items():
            inside = "/sys/fs/cgroup/" + os.path.basename(point)
            self.assertIn(inside, seen)
            self.assertEqual(seen[inside]["root"], self.cgroup, name)
            self.assertIn("ro", seen[inside]["options"])

    def test_v1_view_with_a_cgroup_namespace(self):
        def change(config):
            namespaces(config).append({"type": "cgroup"})
        report = self.report(change=change)
        seen = mounts_of(report)
        for point in self.hierarchies().values():
            inside = "/sys/fs/cgroup/" + os.path.basename(point)
            self.assertEqual(seen[inside]["type"], "cgroup")
            self.assertEqual(seen[inside]["root"], "/")
            self.assertIn("ro", seen[inside]["options"])
        for line in report["cgroup"]:
            self.assertTrue(line.endswith(":/"), line)

    @staticmethod
    def pids_max():
        unified = cgroup_mounts().get("unified") == "/sys/fs/cgroup"
        return "/sys/fs/cgroup/" + ("" if unified else "pids/") + "pids.max"

    def test_the_view_is_of_the_own_cgroup(self):
        for private in (False, True):
            with self.subTest(private=private):
                def change(config, private=private):
                    config["linux"]["resources"]["pids"] = {"limit": 77}
                    if private:
                        namespaces(config).append({"type": "cgroup"})
                self.config("/bin/cat", self.pids_max(), change=change)
                self.assertEqual(self.run_container().out, "77\n")

    def test_the_view_cannot_be_written(self):
        directory = os.path.dirname(self.pids_max())
        self.config("/bin/sh", "-c", f"echo 5 >{directory}/pids.max; mkdir {directory}/x")
        result = self.run_container()
        self.assertNotEqual(result.code, 0)
        self.assertEqual(result.err.count("Read-only file system"), 2, str(result))

    def test_in_a_user_namespace_nothing_of_the_host_is_writable(self):
        give_away(self.rootfs, 100000)
        seen = mounts_of(self.report(change=with_user_namespace))
        views = [point for point in seen if seen[point]["type"].startswith("cgroup")]
        self.assertNotEqual(views, [])
        for point in views:
            self.assertIn("ro", seen[point]["options"], point)


if __name__ == "__main__":
    main()
