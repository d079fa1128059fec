#!/usr/bin/env python3
"""Mounts: file systems, binds, flags, propagation, masks, the read-only root, cgroup views."""
import os
import shutil
import socket
import subprocess
import stat

from bundle import (bind, filesystem, give_away, mounts_of, namespaces, with_user_namespace,
                    without_namespace)
from harness import CleatTest, hide_unified, main, mount
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

    def test_message_queues_belong_to_the_root_of_the_user_namespace(self):
        def change(config):
            with_user_namespace(config)
            for entry in config["mounts"]:
                entry["options"] = [o for o in entry["options"] if o != "gid=5"]
        give_away(self.rootfs, 100000)
        for name, path in self.runtimes().items():
            with self.subTest(runtime=name):
                self.config("/bin/stat", "-c", "%u", "/dev/mqueue", change=change)
                # crun gives its standard input to the container's user, even the host's /dev/null.
                with open(self.write_file(self.path("in")), encoding="ascii") as stdin:
                    result = self.run_container(
                        runtime=path, stdin=stdin, wrap=hide_unified() if name == "crun" else ())
                self.assertEqual((result.code, result.out), (0, "0\n"), str(result))

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

    def test_tmpcopyup_keeps_holes_hard_links_and_sockets(self):
        place = os.path.join(self.rootfs, "var")
        with open(os.path.join(place, "sparse"), "wb") as file:
            file.truncate(8 << 20)
            file.seek(4 << 20)
            file.write(b"middle")
        os.makedirs(os.path.join(place, "sub"))
        self.write_file(os.path.join(place, "one"), "text")
        os.link(os.path.join(place, "one"), os.path.join(place, "sub/two"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.join(place, "socket"))
        result = self.sh("stat -c '%s %b' /var/sparse; stat -c '%h %i' /var/one /var/sub/two; "
                         "stat -c %F /var/socket; cat /var/sparse",
                         lambda c: c["mounts"].append(filesystem("/var", "tmpfs", "tmpcopyup")))
        size, one, two, kind, content = result.out.split("\n", 4)
        self.assertEqual(size, f"{8 << 20} 8", str(result)[:300])
        self.assertEqual(one.split()[0], "2")
        self.assertEqual(one, two)
        self.assertEqual(kind, "socket")
        self.assertEqual(content.strip("\0"), "middle")

    def test_a_tmpfs_on_a_directory_that_was_made_for_it(self):
        """The mount point that a first container made, 0755, gives the second's tmpfs no mode."""
        for mode, options in (("1777", ()), ("700", ("mode=700",))):
            for _ in range(2):
                result = self.sh("stat -c %a /made", lambda c: c["mounts"].append(
                    filesystem("/made", "tmpfs", *options)))
                self.assertEqual(result.out, mode + "\n", str(result))
            os.rmdir(os.path.join(self.rootfs, "made"))

    def test_a_tmpfs_inherits_the_mode_of_its_mount_point(self):
        """As in runc and crun; but one that a runtime made says nothing."""
        os.makedirs(os.path.join(self.rootfs, "kept"))
        os.chmod(os.path.join(self.rootfs, "kept"), 0o710)
        result = self.sh("stat -c %a /kept",
                         lambda c: c["mounts"].append(filesystem("/kept", "tmpfs")))
        self.assertEqual(result.out, "710\n", str(result))
        os.chmod(os.path.join(self.rootfs, "kept"), 0o755)
        self.write_file(os.path.join(self.rootfs, "kept/file"))
        result = self.sh("stat -c %a /kept",
                         lambda c: c["mounts"].append(filesystem("/kept", "tmpfs")))
        self.assertEqual(result.out, "755\n", str(result))

    def test_a_destination_that_names_the_root_by_its_path(self):
        """It is inside, as in runc."""
        seen = self.with_mounts(filesystem(os.path.join(self.rootfs, "inside"), "tmpfs"))
        self.assertIn("/inside", seen)

    def test_flags_of_a_bind_mount(self):
        """The source's, if no option names one (runc); else those that the options name (both; of a
        flag that is only cleared, crun and runc since 1.2)."""
        source = self.path("source")
        os.makedirs(source)
        mount("none", source, "tmpfs", "nosuid,nodev,noatime")
        self.undo.append(lambda: subprocess.run(["umount", source], check=True))
        rows = (((), {"rw", "nosuid", "nodev", "noatime"}, "runc"),
                (("ro",), {"ro", "noatime"}, "runc crun"), (("exec",), {"rw", "noatime"}, "crun"),
                (("nosuid", "relatime"), {"rw", "nosuid", "relatime"}, "runc crun"))
        for options, wanted, peers in rows:
            runtimes = [{}] + [{"runtime": shutil.which(name), "id": self.cid + "-other",
                                "wrap": hide_unified() if name == "crun" else ()}
                               for name in peers.split() if shutil.which(name)]
            for where in runtimes:
                with self.subTest(options=options, **where):
                    self.config("/probe", change=lambda c, options=options: c["mounts"].append(
                        bind(source, "/bound", *options)))
                    result = self.run_container(**where)
                    self.assertEqual(result.code, 0, str(result))
                    self.assertEqual(mounts_of(result.json())["/bound"]["options"], wanted)

    def test_a_path_that_is_masked_twice_is_covered_once(self):
        self.write_file(os.path.join(self.rootfs, "var/secret"), "x")
        os.makedirs(os.path.join(self.rootfs, "var/kept"))

        def change(config):
            config["linux"]["maskedPaths"] = ["/var/secret", "/var/secret", "/var//secret"]
            config["linux"]["readonlyPaths"] = ["/var/kept", "/var/kept/"]
        points = [line.split()[4] for line in self.report(change=change)["mounts"]]
        self.assertEqual((points.count("/var/secret"), points.count("/var/kept")), (1, 1))

    # -- sources that an earlier mount of the list makes (config.md#mounts: in the listed order) --

    def source_made_before(self, *options, change=None, **mappings):
        def whole(config):
            config["mounts"] += [
                filesystem("/first", "tmpfs", "size=4096k"),
                bind("/etc", "/first/copied"),
                dict(bind(os.path.join(self.rootfs, "first/copied"), "/second", *options), **mappings)]
            if change:
                change(config)
        result = self.sh("cat /second/hostname && stat -c %u /second/hostname", change=whole)
        self.assertEqual(result.code, 0, str(result))
        with open("/etc/hostname", encoding="utf-8") as file:
            self.assertTrue(result.out.startswith(file.read()), str(result))
        return result.out.split()[-1]

    def test_a_source_made_by_an_earlier_mount(self):
        self.assertEqual(self.source_made_before(), "0")

    def test_a_source_made_by_an_earlier_mount_in_a_user_namespace(self):
        give_away(self.bundle, 100000)
        self.assertEqual(self.source_made_before(change=with_user_namespace), "65534")

    def test_a_source_made_by_an_earlier_mount_and_idmapped(self):
        mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.assertEqual(self.source_made_before("idmap", uidMappings=mapping, gidMappings=mapping),
                         "100000")

    def test_idmap_without_mappings_in_a_joined_user_namespace(self):
        """The mappings are those of the namespace."""
        os.makedirs(self.path("volume"))
        self.write_file(self.path("volume", "file"))
        give_away(self.bundle, 100000)
        self.sleeper(with_user_namespace)
        pid = self.state()["pid"]

        def change(config):
            namespaces(config).append({"type": "user", "path": f"/proc/{pid}/ns/user"})
            config["mounts"].append(bind(self.path("volume"), "/volume", "idmap"))
            config["linux"]["cgroupsPath"] += "-second"
        self.config("/bin/stat", "-c", "%u", "/volume/file", change=change)
        self.ids.add(self.cid + "-second")
        result = self.run_container(id=self.cid + "-second")
        self.assertEqual((result.code, result.out), (0, "0\n"), str(result))

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
