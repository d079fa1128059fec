#!/usr/bin/env python3
"""Device nodes and the device rules of the cgroup."""
import contextlib
import os
import stat

from bundle import give_away, with_user_namespace
from harness import CleatTest, hide_unified, main

DEFAULT_NODES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8),
                 "urandom": (1, 9), "tty": (5, 0)}
FUSE = (10, 229)
EPERM = 1


class Devices(CleatTest):
    def test_default_nodes(self):
        seen = self.report()["devices"]
        for name, (major, minor) in DEFAULT_NODES.items():
            node = seen[name]
            self.assertEqual((node["type"], node["major"], node["minor"], node["mode"],
                              node["uid"], node["gid"]), ("c", major, minor, 0o666, 0, 0), name)

    def test_no_console_without_a_terminal(self):
        self.assertNotIn("console", self.report()["devices"])

    def mknod(self, rules, node, kind="c"):
        def change(config):
            config["linux"]["resources"]["devices"] = rules
        self.config("/probe", "mknod", "/tmp/node", kind, *map(str, node), change=change)
        return self.run_container().json()

    def test_a_later_rule_wins(self):
        self.cleat_only("refuses a hole in a wildcard on v1")
        rules = [{"allow": False, "access": "rwm"},
                 {"allow": True, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
                 {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "r"}]
        self.assertEqual(self.mknod(rules, FUSE)["open"], EPERM)
        self.assertEqual(self.mknod(rules[:2], FUSE)["open"], 0)

    def run_with_access(self, allow, runtime=None, wrap=(), **access):
        """A node that is denied and then allowed, or the other way round."""
        node = {"type": "c", "major": 10, "minor": 229}
        first = [{"allow": False, "access": "rwm"}]
        if not allow:
            first.append({"allow": True, "access": "rwm"} | node)
        self.config("/probe", "mknod", "/tmp/node", "c", "10", "229", change=lambda config:
                    config["linux"]["resources"].update(
                        devices=first + [{"allow": allow} | node | access]))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.rootfs, "tmp/node"))
        return self.run_container(runtime=runtime, wrap=wrap)

    def test_the_letters_of_an_access(self):
        """A composition of r, w and m: the order and repetitions mean nothing."""
        for name, path in self.runtimes().items():
            how = {"runtime": path, "wrap": hide_unified() if name == "crun" else ()}
            for access, opens in (("rwm", 0), ("mwr", 0), ("rrwm", 0), ("mm", EPERM)):
                with self.subTest(runtime=name, access=access):
                    result = self.run_with_access(True, access=access, **how)
                    self.assertEqual(result.json(), {"mknod": 0, "open": opens}, str(result))

    def test_an_access_of_other_letters_is_refused(self):
        """runc 1.1.5 checks only that there is a letter. crun leaves the cgroups of a failed run."""
        for name, path in self.runtimes("runc").items():
            how = {"runtime": path}
            for access in ("", "x", "R", "rwx"):
                if name == "runc" and access:
                    continue
                for allow in (True, False):
                    with self.subTest(runtime=name, access=access, allow=allow):
                        result = self.run_with_access(allow, access=access, **how)
                        self.assertNotEqual(result.code, 0, str(result))
                        self.assertEqual(result.out, "")

    def test_an_access_that_is_not_set_means_all(self):
        """The property is optional; an unset type, major or minor means all, too."""
        self.cleat_only("runc and crun demand the property")
        self.assertEqual(self.run_with_access(True).json(), {"mknod": 0, "open": 0})
        self.assertEqual(self.run_with_access(False).json()["open"], EPERM)

    def test_without_rules_nothing_but_the_defaults_can_be_opened(self):
        def change(config):
            config["linux"].pop("resources")
        self.config("/bin/sh", "-c", "/probe mknod /tmp/a c 10 229; /probe mknod /tmp/b b 254 0; "
                                     "/probe open /dev/null w; /probe open /dev/urandom",
                    change=change)
        lines = self.run_container().out.splitlines()
        self.assertIn('"open":1', lines[0])
        self.assertIn('"open":1', lines[1])
        self.assertIn('"errno":0', lines[2])
        self.assertIn('"errno":0', lines[3])

    def test_default_nodes_work_whatever_the_rules_say(self):
        def change(config):
            config["linux"]["resources"]["devices"] = [{"allow": False, "access": "rwm"}]
        self.config("/bin/sh", "-c", "echo x >/dev/null && cat /dev/zero | /probe open /dev/zero "
                                     "&& /probe open /dev/full w && /probe open /dev/urandom",
                    change=change)
        result = self.run_container()
        self.assertEqual(result.code, 0, str(result))

    def test_devices_in_a_user_namespace_are_the_hosts_untouched(self):
        give_away(self.rootfs, 100000)
        before = os.stat("/dev/null")
        seen = self.report(change=with_user_namespace)["devices"]
        for name, (major, minor) in DEFAULT_NODES.items():
            self.assertEqual((seen[name]["type"], seen[name]["major"], seen[name]["minor"]),
                             ("c", major, minor), name)
        after = os.stat("/dev/null")
        self.assertEqual((before.st_uid, before.st_gid, before.st_mode),
                         (after.st_uid, after.st_gid, after.st_mode))

    def mapped_device(self, path, runtime=None, wrap=(), **properties):
        """The status of a device of the config in a user namespace, and whether it can be opened."""
        device = {"path": path, "type": "c", "major": 1, "minor": 5} | properties
        def change(config):
            with_user_namespace(config)
            for entry in config["mounts"]:  # group 5 of crun's devpts
                entry["options"] = [o for o in entry["options"] if o != "gid=5"]
            config["linux"]["devices"] = [device]
        self.config("/bin/sh", "-c", f"stat -c '%F %t:%T %a %u:%g' {path} && /probe open {path}",
                    change=change)
        give_away(self.rootfs, 100000)
        # crun gives its standard input to the container's user, even the host's /dev/null.
        with open(self.write_file(self.path("in")), encoding="ascii") as stdin:
            result = self.run_container(runtime=runtime, wrap=wrap, stdin=stdin)
        self.assertEqual(result.code, 0, str(result))
        status, opened = result.out.splitlines()
        self.assertIn('"errno":0', opened)
        return status

    def test_a_device_that_the_host_does_not_have_in_a_user_namespace(self):
        """Docker's --device HOST:CONTAINER with userns-remap. runc 1.1.5 has no such device."""
        for name, runtime in self.runtimes("crun").items():
            wrap = hide_unified() if name == "crun" else ()
            for path in ("/dev/renamed", "/dev/deep/er/renamed"):
                with self.subTest(runtime=name, path=path):
                    status = self.mapped_device(path, runtime, wrap, fileMode=0o640, uid=7, gid=8)
                    self.assertEqual(status, "character special file 1:5 640 7:8")
        self.assertFalse(os.path.exists("/dev/renamed"))
        status = self.mapped_device("/dev/renamed")
        self.assertEqual(status, "character special file 1:5 666 0:0")

    def test_a_device_whose_path_is_another_device_of_the_host(self):
        """The config names the numbers. runc 1.1.5 and crun 1.8.1 bind the other device."""
        host = os.stat("/dev/full")
        status = self.mapped_device("/dev/full", fileMode=0o600)
        self.assertEqual(status, "character special file 1:5 600 0:0")
        after = os.stat("/dev/full")
        self.assertEqual((host.st_rdev, host.st_mode, host.st_uid),
                         (after.st_rdev, after.st_mode, after.st_uid))

    def test_existing_node_with_the_right_numbers_is_kept(self):
        def change(config):
            config["mounts"] = [m for m in config["mounts"]
                                if not m["destination"].startswith("/dev")]
            config["linux"]["maskedPaths"] = []
        os.mknod(os.path.join(self.rootfs, "dev/null"), stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.chmod(os.path.join(self.rootfs, "dev/null"), 0o666)
        self.assertEqual(self.report(change=change)["devices"]["null"]["minor"], 3)


if __name__ == "__main__":
    main()
