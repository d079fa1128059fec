#!/usr/bin/env python3
"""Past vulnerabilities of container runtimes: paths in an image that lead out of it."""
import json
import os
import stat

from attacks import AttackTest, drop_mount, tree_of
from bundle import bind, filesystem, mounts_of, with_user_namespace, give_away
from console import ConsoleSocket
from harness import main


class ImagePaths(AttackTest):
    def test_cve_2019_18837_absolute_symlink_in_a_mount_destination(self):
        """crun followed it. Debian's runc and crun do not."""
        source = self.path("source")
        os.mkdir(source)
        self.plant_link("vol", self.outside)
        self.config("/bin/true", change=lambda c: c["mounts"].append(bind(source, "/vol/x/y")))
        with self.unchanged():
            self.try_run()

    def test_dot_dot_in_a_symlink_of_a_mount_destination(self):
        source = self.path("source")
        os.mkdir(source)
        self.plant_link("vol", "../../../../../../../../.." + self.outside)
        self.config("/bin/true", change=lambda c: c["mounts"].append(bind(source, "/vol/x/y")))
        with self.unchanged():
            self.try_run()

    def test_dangling_symlink_as_a_file_mount_destination(self):
        self.plant_link("vol", self.outside + "/made")
        self.config("/bin/true", change=lambda c: c["mounts"].append(
            bind(self.outside + "/marker", "/vol")))
        with self.unchanged():
            self.try_run()

    def fake_filesystem(self, name):
        os.makedirs(os.path.join(self.rootfs, "fake"))
        self.plant_link(name, "/fake")
        self.config("/probe")
        result = self.try_run()
        if result.code == 0:
            point = mounts_of(result.json()).get("/" + name)
            self.assertTrue(point, f"/{name} is no mount: {result.json()['mounts']}")
        elif self.flavour == "cleat":
            self.assertRegex(result.err, f"/{name}")

    def test_cve_2019_19921_proc_is_a_symlink(self):
        """runc wrote labels to a fake file. All refuse today."""
        self.fake_filesystem("proc")

    def test_cve_2023_27561_sys_is_a_symlink(self):
        self.fake_filesystem("sys")

    def test_cve_2026_41579_dev_is_a_symlink_to_a_host_directory(self):
        """runc 1.1.5 and crun 1.8.1 delete ptmx there and make links and devices: both fail."""
        self.write_file(os.path.join(self.outside, "ptmx"), "mine")
        self.plant_link("dev", self.outside)
        for terminal in (False, True):
            with self.subTest(terminal=terminal), self.unchanged():
                self.config("/bin/true", change=lambda c: drop_mount(c, "/dev"),
                            terminal=terminal)
                self.try_run()

    def test_dev_below_is_a_symlink_to_a_host_directory(self):
        for name in ("pts", "shm", "mqueue", "fd"):
            self.plant_link("dev/" + name, self.outside)
        self.config("/bin/true", change=lambda c: drop_mount(c, "/dev"))
        with self.unchanged():
            self.try_run()

    def terminal_run(self):
        console = ConsoleSocket(self)
        result = self.call("create", "--bundle", self.bundle, "--console-socket", console.path,
                           self.cid, wrap=self.wrap)
        if result.code == 0:
            console.receive()
        return result

    def test_cve_2026_88264_console_is_a_dangling_link(self):
        """crun 1.8.1 makes the file on the host."""
        self.plant_link("dev/console", self.outside + "/made")

        def change(config):
            drop_mount(config, "/dev")
            config["mounts"].append(filesystem("/dev/pts", "devpts", "newinstance",
                                               "ptmxmode=0666", "mode=0620"))
        self.config("/bin/true", terminal=True, change=change)
        with self.unchanged():
            self.terminal_run()

    def test_console_is_a_link_to_a_host_file(self):
        self.plant_link("dev/console", self.outside + "/marker")

        def change(config):
            drop_mount(config, "/dev")
            config["mounts"].append(filesystem("/dev/pts", "devpts", "newinstance",
                                               "ptmxmode=0666", "mode=0620"))
        self.config("/bin/true", terminal=True, change=change)
        with self.unchanged():
            self.terminal_run()

    def test_cve_2025_52565_no_terminal_from_a_fake_multiplexer(self):
        """Without a devpts the image's own files must not be taken for a terminal."""
        self.plant_link("dev/pts/ptmx", "/dev/null")
        self.plant_link("dev/ptmx", self.outside + "/marker")
        self.config("/bin/true", terminal=True, change=lambda c: drop_mount(c, "/dev"))
        with self.unchanged():
            result = self.terminal_run()
        self.assertNotEqual(result.code, 0, str(result))

    def masked_report(self, change=None):
        masks = ["/proc/kcore", "/proc/keys", "/proc/timer_list"]

        def whole(config):
            drop_mount(config, "/dev")
            config["linux"]["maskedPaths"] = masks
            if change:
                change(config)
        self.config("/probe", "stat", *masks, change=whole)
        with self.kept_setting("/proc/sys/kernel/core_pattern"):
            result = self.try_run()
        if result.code != 0:
            return
        for path, seen in result.json().items():
            self.assertEqual((seen.get("type"), seen.get("major"), seen.get("minor")),
                             ("c", 1, 3), f"{path} is {seen}")

    def test_cve_2025_31133_null_is_a_symlink_into_procfs(self):
        """runc 1.1.5 binds the target over the masked path: core_pattern becomes writable."""
        self.plant_link("dev/null", "/proc/sys/kernel/core_pattern")
        self.masked_report()

    def test_cve_2025_31133_null_is_a_regular_file(self):
        self.write_file(os.path.join(self.rootfs, "dev/null"), "not null")
        self.masked_report()

    def test_cve_2025_62161_null_is_another_device(self):
        os.mknod(os.path.join(self.rootfs, "dev/null"), stat.S_IFCHR | 0o666, os.makedev(1, 5))
        self.masked_report()

    def null_report(self, change=None):
        """A host file lies over /dev/null; nobody may take it for the device."""
        host_file = self.path("hostfile")
        self.write_file(host_file, "host", 0o600)

        def whole(config):
            config["mounts"].append(bind(host_file, "/dev/null"))
            config["process"]["user"] = {"uid": 1000, "gid": 1000}
            if change:
                change(config)
        self.config("/probe", change=whole)
        result = self.run_on_null()
        info = os.stat(host_file)
        self.assertEqual((info.st_uid, info.st_gid), (0, 0), "the host's file was given away")
        if result.code != 0:
            return
        for fd in result.json()["fds"]:
            self.assertNotEqual(fd["inode"], info.st_ino, f"stdio lies on the host's file: {fd}")

    def test_cve_2026_88265_null_is_a_bound_host_file(self):
        """runc 1.1.5 puts stdio on it, crun 1.8.1 gives it to the user as well."""
        self.null_report()

    def run_on_null(self):
        """`run` with stdin from the host's /dev/null, whose owner must stay."""
        before = os.stat("/dev/null")
        null = os.open("/dev/null", os.O_RDWR)
        try:
            result = self.try_run(stdin=null)
        finally:
            os.close(null)
            after = os.stat("/dev/null")
            os.chown("/dev/null", before.st_uid, before.st_gid)
        self.assertEqual((after.st_uid, after.st_gid, after.st_mode),
                         (before.st_uid, before.st_gid, before.st_mode))
        return result

    def null_owner(self, change):
        self.config("/bin/true", change=change)
        self.run_on_null()

    def test_null_of_the_host_is_never_given_away(self):
        self.null_owner(lambda c: c["process"].update(user={"uid": 1000, "gid": 1000}))

    def test_null_of_the_host_is_never_given_away_in_a_user_namespace(self):
        """crun 1.8.1 leaves the host's /dev/null with owner 123000."""
        def change(config):
            with_user_namespace(config, 123000)
            config["process"]["user"] = {"uid": 5, "gid": 5}
        give_away(self.bundle, 123000)
        self.null_owner(change)

    def test_cve_2026_115521_readonly_root_whatever_the_image_has_at_proc(self):
        """crun remounted by a name below /proc that the image may own."""
        os.makedirs(os.path.join(self.rootfs, "proc/self/fd"))
        for fd in range(80):
            os.symlink("/tmp", os.path.join(self.rootfs, f"proc/self/fd/{fd}"))

        def change(config):
            drop_mount(config, "/proc")
            config["root"]["readonly"] = True
        self.config("/probe", "write", "/new", change=change)
        result = self.try_run()
        self.assertNotEqual(result.code, 0, str(result))
        self.assertFalse(os.path.exists(os.path.join(self.rootfs, "new")))

    def test_cve_2025_24965_nothing_is_written_into_the_image(self):
        """crun with libkrun wrote its configuration into the root, through a link if there was one."""
        for name in (".krun_config.json", "config.json", "etc/hostname", "etc/hosts"):
            self.plant_link(name, os.path.join(self.outside, "marker"))
        for mount in self.config("/bin/true")["mounts"]:
            os.makedirs(self.rootfs + mount["destination"], exist_ok=True)
        before = tree_of(self.rootfs)
        with self.unchanged():
            result = self.try_run()
        self.assertEqual(result.code, 0, str(result))
        self.assertEqual(tree_of(self.rootfs), before)

    def test_cve_2026_40226_no_configuration_comes_from_the_image(self):
        """systemd-nspawn obeyed what lay in the image."""
        obeyed = {"ociVersion": "1.0.2", "process": {"args": ["/bin/false"], "cwd": "/", "env": []},
                  "root": {"path": "/"}, "mounts": [bind("/", "/host")]}
        for name in ("config.json", "run/cleat.json", "etc/cleat/config.json", "etc/cleat.conf",
                     "rootfs/config.json", ".nspawn", "etc/systemd/nspawn/rootfs.nspawn"):
            os.makedirs(os.path.dirname(os.path.join(self.rootfs, name)), exist_ok=True)
            self.write_file(os.path.join(self.rootfs, name), json.dumps(obeyed))
        report = self.report()
        self.assertFalse([line for line in report["mounts"] if line.split()[4] == "/host"])

    def test_tmpcopyup_copies_nothing_from_outside(self):
        self.write_file(os.path.join(self.outside, "secret"), "secret")
        os.makedirs(os.path.join(self.rootfs, "data"))
        os.symlink(self.outside + "/secret", os.path.join(self.rootfs, "data/link"))
        self.plant_link("over", self.outside)
        for destination in ("/data", "/over"):
            with self.subTest(destination=destination), self.unchanged():
                self.config("/bin/sh", "-c", f"cat {destination}/*", change=lambda c, d=destination:
                            c["mounts"].append(filesystem(d, "tmpfs", "tmpcopyup")))
                self.assertNotIn("secret", self.try_run().out)

    def test_readonly_bind_source_gets_no_mount_points(self):
        """A mount inside a read-only bind may not make its place in the host's source."""
        source = self.path("source")
        os.mkdir(source)

        def change(config):
            config["mounts"] += [bind(source, "/var", "ro"),
                                 bind(self.outside, "/var/new/place")]
        self.config("/bin/true", change=change)
        with self.unchanged(source):
            self.try_run()

    def test_devices_are_not_made_through_links(self):
        def change(config):
            drop_mount(config, "/dev")
            config["linux"]["devices"] = [{"path": "/dev/sub/thing", "type": "c", "major": 1,
                                           "minor": 7, "uid": 9, "gid": 9}]
        self.plant_link("dev/sub", self.outside)
        self.config("/bin/true", change=change)
        with self.unchanged():
            self.try_run()

    def test_device_whose_name_is_a_link_to_a_host_device(self):
        victim = os.path.join(self.outside, "device")
        os.mknod(victim, stat.S_IFCHR | 0o600, os.makedev(1, 7))

        def change(config):
            drop_mount(config, "/dev")
            config["linux"]["devices"] = [{"path": "/dev/thing", "type": "c", "major": 1,
                                           "minor": 7, "uid": 9, "gid": 9, "fileMode": 0o666}]
        self.plant_link("dev/thing", victim)
        self.config("/bin/true", change=change)
        with self.unchanged():
            self.try_run()

    def test_cwd_is_made_inside_the_root(self):
        self.plant_link("place", self.outside)
        self.config("/bin/true", change=lambda c: c["process"].update(cwd="/place/new"))
        with self.unchanged():
            self.try_run()

    def test_masks_and_readonly_paths_through_links_stay_inside(self):
        self.plant_link("link", self.outside)

        def change(config):
            config["linux"]["maskedPaths"] = ["/link/marker"]
            config["linux"]["readonlyPaths"] = ["/link"]
        self.config("/bin/true", change=change)
        self.try_run()
        with open("/proc/self/mountinfo", encoding="utf-8") as lines:
            self.assertNotIn(self.outside, lines.read())


if __name__ == "__main__":
    main()
