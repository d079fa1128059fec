#!/usr/bin/env python3
"""Mounts: file systems, binds, flags, propagation, masks, the read-only root, cgroup views."""
import os
import stat

from bundle import (bind, filesystem, give_away, mounts_of, namespaces, with_user_namespace,
                    without_namespace)
from harness import CleatTest, main, mount
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

    def source(self, name="source", content="host"):
        os.makedirs(self.path(name), exist_ok=True)
        self.write_file(self.path(name, "file"), content)
        return self.path(name)

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

    def test_a_relative_destination_is_below_the_root(self):
        self.assertEqual(self.with_mounts(filesystem("var/deep", "tmpfs"))["/var/deep"]["type"],
                         "tmpfs")

    def test_every_flag(self):
        for options, wanted, unwanted in (
                (["ro"], {"ro"}, {"rw"}), (["nosuid"], {"nosuid"}, set()),
                (["nodev"], {"nodev"}, set()), (["noexec"], {"noexec"}, set()),
                (["noatime"], {"noatime"}, {"relatime"}),
                (["nodiratime"], {"nodiratime"}, set()),
                (["relatime"], {"relatime"}, {"noatime"}),
                (["strictatime"], set(), {"relatime", "noatime"}),
                (["ro", "nosuid", "nodev", "noexec"], {"ro", "nosuid", "nodev", "noexec"}, set()),
                (["noexec", "exec", "ro", "rw"], {"rw"}, {"noexec", "ro"})):
            with self.subTest(options=options):
                got = self.with_mounts(filesystem("/var", "tmpfs", *options))["/var"]["options"]
                self.assertLessEqual(wanted, got)
                self.assertFalse(unwanted & got, got)

    def test_every_flag_on_a_bind(self):
        source = self.source()
        for option in ("ro", "nosuid", "nodev", "noexec", "noatime"):
            with self.subTest(option=option):
                got = self.with_mounts(bind(source, "/var", option))["/var"]["options"]
                self.assertIn(option, got)

    def test_nosymfollow(self):
        self.cleat_only("1.1 does not know it")
        seen = self.with_mounts(filesystem("/var", "tmpfs", "nosymfollow"))
        self.assertIn("nosymfollow", seen["/var"]["options"])

    def test_tmpfs_options(self):
        seen = self.with_mounts(filesystem("/var", "tmpfs", "size=1m", "mode=1700", "uid=7",
                                           "gid=8", "nr_inodes=99"))
        self.assertLessEqual({"size=1024k", "mode=1700", "uid=7", "gid=8", "nr_inodes=99"},
                             seen["/var"]["super"])

    def test_tmpcopyup_brings_the_old_files(self):
        self.write_file(os.path.join(self.rootfs, "var/sub/file"), "old", 0o640)
        os.symlink("file", os.path.join(self.rootfs, "var/sub/link"))
        result = self.sh("cat /var/sub/link && stat -c %a /var/sub/file && echo new >/var/sub/file",
                         lambda c: c["mounts"].append(filesystem("/var", "tmpfs", "tmpcopyup")))
        self.assertEqual(result.out, "old640\n", str(result))
        with open(os.path.join(self.rootfs, "var/sub/file"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "old")

    def test_bind_of_a_directory_shows_and_changes_the_source(self):
        source = self.source()
        result = self.sh("cat /var/file && echo -n changed >/var/file",
                         lambda c: c["mounts"].append(bind(source, "/var")))
        self.assertEqual(result.out, "host", str(result))
        with open(source + "/file", encoding="utf-8") as file:
            self.assertEqual(file.read(), "changed")

    def test_bind_of_a_file_on_nothing_makes_the_place(self):
        source = self.source()
        result = self.sh("cat /new/dir/file", lambda c: c["mounts"].append(
            bind(source + "/file", "/new/dir/file")))
        self.assertEqual(result.out, "host", str(result))

    def test_bind_source_relative_to_the_bundle(self):
        self.write_file(os.path.join(self.bundle, "beside/file"), "near")
        result = self.sh("cat /var/file", lambda c: c["mounts"].append(bind("beside", "/var")))
        self.assertEqual(result.out, "near", str(result))

    def test_readonly_bind_cannot_be_written(self):
        source = self.source()
        result = self.sh("echo x >/var/file", lambda c: c["mounts"].append(
            bind(source, "/var", "ro")))
        self.assertNotEqual(result.code, 0)
        self.assertIn("Read-only file system", result.err)

    def nested_source(self):
        source = self.source()
        os.mkdir(source + "/inner")
        mount("tmpfs", source + "/inner", "tmpfs")
        self.undo.append(lambda: os.system(f"umount {source}/inner"))
        return source

    def test_rbind_brings_mounts_below_and_bind_does_not(self):
        source = self.nested_source()
        self.assertIn("/var/inner", self.with_mounts(bind(source, "/var", "rbind")))
        self.assertNotIn("/var/inner", self.with_mounts(bind(source, "/var")))

    def test_ro_on_rbind_is_for_the_top_alone_and_rro_for_all(self):
        self.cleat_only("1.1.5 knows no rro on this kernel's mounts in all cases")
        source = self.nested_source()
        seen = self.with_mounts(bind(source, "/var", "rbind", "ro"))
        self.assertIn("ro", seen["/var"]["options"])
        self.assertIn("rw", seen["/var/inner"]["options"])
        seen = self.with_mounts(bind(source, "/var", "rbind", "rro", "rnosuid"))
        for point in ("/var", "/var/inner"):
            self.assertLessEqual({"ro", "nosuid"}, seen[point]["options"])

    def test_propagation_of_a_mount(self):
        source = self.source()
        mount(source, source)
        self.undo.append(lambda: os.system(f"umount {source}"))
        for option, wanted in (("rprivate", ""), ("rslave", "master:"), ("rshared", "shared:"),
                               ("runbindable", "unbindable")):
            with self.subTest(option=option):
                seen = self.with_mounts(bind(source, "/var", "rbind", option), change=lambda c: c[
                    "linux"].update(rootfsPropagation="rslave"))
                fields = " ".join(seen["/var"]["optional"])
                self.assertIn(wanted, fields)
                if not wanted:
                    self.assertEqual(fields, "")

    def test_rootfs_is_private_by_default(self):
        seen = self.with_mounts()
        for point, mounted in seen.items():
            self.assertNotIn("shared:", " ".join(mounted["optional"]), point)

    def test_rootfs_propagation(self):
        self.cleat_only("1.1 sets it on the host's root, not on the container's")
        for option, wanted in (("private", None), ("slave", None), ("shared", "shared:"),
                               ("unbindable", "unbindable")):
            with self.subTest(option=option):
                seen = self.with_mounts(
                    change=lambda c, o=option: c["linux"].update(rootfsPropagation=o))
                fields = " ".join(seen["/"]["optional"])
                if wanted:
                    self.assertIn(wanted, fields)
                else:
                    self.assertNotIn("shared:", fields)

    def test_mount_inside_does_not_reach_the_host(self):
        def change(config):
            for kind in ("bounding", "effective", "permitted"):
                config["process"]["capabilities"][kind].append("CAP_SYS_ADMIN")
        result = self.sh("mount -t tmpfs none /var && cat /proc/mounts", change)
        self.assertIn(" /var tmpfs", result.out, str(result))

    def test_readonly_root(self):
        result = self.sh("touch /x; echo fine >/dev/shm/x && cat /dev/shm/x",
                         lambda c: c["root"].update(readonly=True))
        self.assertIn("Read-only file system", result.err)
        self.assertEqual(result.out, "fine\n")

    def test_masked_paths_show_nothing(self):
        self.write_file(os.path.join(self.rootfs, "secret/file"), "secret")
        self.write_file(os.path.join(self.rootfs, "var/file"), "secret")
        def change(config):
            config["linux"]["maskedPaths"] += ["/secret", "/var/file", "/not/there", "/proc/keys"]
        result = self.sh("ls /secret; cat /var/file /proc/keys /proc/kcore; echo x >/secret/new",
                         change)
        self.assertEqual(result.out, "", str(result))
        self.assertIn("Read-only file system", result.err)

    def test_masked_file_is_the_null_device(self):
        self.write_file(os.path.join(self.rootfs, "var/file"), "secret")
        self.config("/probe", "stat", "/var/file", "/proc/keys",
                    change=lambda c: c["linux"]["maskedPaths"].append("/var/file"))
        self.write_file(os.path.join(self.rootfs, "var/file"), "secret")
        for path, info in self.run_container().json().items():
            self.assertEqual((info["type"], info["major"], info["minor"]), ("c", 1, 3), path)

    def test_readonly_paths(self):
        os.makedirs(os.path.join(self.rootfs, "var/lib"))
        def change(config):
            config["linux"]["readonlyPaths"] += ["/var/lib", "/not/there"]
        result = self.sh("echo 1 >/proc/sys/net/ipv4/ip_forward; touch /var/lib/x; touch /var/x "
                         "&& echo fine", change)
        self.assertEqual(result.err.count("Read-only file system"), 2, str(result))
        self.assertEqual(result.out, "fine\n")

    def test_readonly_path_keeps_the_other_flags(self):
        options = mounts_of(self.report())["/proc/sys"]["options"]
        self.assertLessEqual({"ro", "nosuid", "nodev", "noexec"}, options)

    def test_mount_over_a_symlink_stays_inside(self):
        os.makedirs(os.path.join(self.rootfs, "real"))
        os.symlink("/real", os.path.join(self.rootfs, "link"))
        seen = self.with_mounts(filesystem("/link/sub", "tmpfs"))
        self.assertIn("/real/sub", seen)

    def test_destination_that_points_out_of_the_root_stays_inside(self):
        outside = self.path("outside")
        os.mkdir(outside)
        os.symlink(outside, os.path.join(self.rootfs, "vol"))
        os.symlink("../../../../.." + outside, os.path.join(self.rootfs, "vol2"))
        self.config("/bin/true", change=lambda c: c["mounts"].extend(
            [filesystem("/vol/x/y", "tmpfs"), filesystem("/vol2/z", "tmpfs")]))
        self.run_container()
        self.assertEqual(os.listdir(outside), [])

    def test_source_that_is_not_there_names_the_mount(self):
        self.config(change=lambda c: c["mounts"].append(bind("/not/there", "/var")))
        self.create_refused(r"/mounts/7.*|/not/there")
        self.assert_nothing_left()

    def test_unknown_file_system_names_place_and_type(self):
        self.config(change=lambda c: c["mounts"].append(filesystem("/x", "nosuchfs")))
        self.create_refused(r"nosuchfs.*ENODEV.*config\.json:\d+:\d+ /mounts/7")
        self.assert_nothing_left()

    def test_idmapped_bind(self):
        self.cleat_only("1.1 does not know it")
        source = self.source()
        os.chown(source + "/file", 1000, 1000)
        entry = bind(source, "/var")
        entry["uidMappings"] = [{"containerID": 1000, "hostID": 2000, "size": 1}]
        entry["gidMappings"] = [{"containerID": 1000, "hostID": 2000, "size": 1}]
        self.config("/probe", "stat", "/var/file", change=lambda c: c["mounts"].append(entry))
        info = self.run_container().json()["/var/file"]
        self.assertEqual((info["uid"], info["gid"]), (2000, 2000))
        self.assertEqual(os.stat(source + "/file").st_uid, 1000)

    def test_mounts_in_a_user_namespace(self):
        give_away(self.rootfs, 100000)
        def change(config):
            with_user_namespace(config)
            for entry in config["mounts"]:
                entry["options"] = [o for o in entry["options"] if o != "gid=5"]
        seen = mounts_of(self.report(change=change))
        self.assertLessEqual({"/proc", "/dev", "/dev/pts", "/sys", "/dev/shm"}, set(seen))

    def test_no_pivot(self):
        self.config()
        result = self.call("run", "--no-pivot", "--bundle", self.bundle, self.cid)
        self.assertEqual(result.code, 0, str(result))
        self.assertIn("/proc", mounts_of(result.json()))

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
