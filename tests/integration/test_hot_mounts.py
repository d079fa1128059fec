#!/usr/bin/env python3
"""`mounts add` and `mounts remove`, in a container that runs."""
import json
import os

from bundle import bind, filesystem, give_away, mounts_of, with_user_namespace
from harness import CleatTest, main


class HotMounts(CleatTest):
    def setUp(self):
        super().setUp()
        self.write_file(self.path("data", "file"), "outside")

    def mounts(self, action, *entries, refused=None):
        path = self.write_file(self.path("mounts.json"), json.dumps(entries))
        if refused:
            return self.refused("mounts", action, self.cid, path, text=refused, code=1)
        return self.ok("mounts", action, self.cid, path)

    def seen(self):
        """What the container's process has mounted, by the host's view of it."""
        with open(f"/proc/{self.state()['pid']}/mountinfo", encoding="utf-8") as file:
            return mounts_of({"mounts": file.read().splitlines()})

    def test_a_directory_a_file_and_a_tmpfs_come_and_go(self):
        self.sleeper()
        entries = (bind(self.path("data"), "/data", "ro", "nosuid"),
                   bind(self.path("data", "file"), "/etc/one"),
                   filesystem("/new/deep", "tmpfs", "nodev", "size=64k", "mode=0711"))
        before = self.seen()
        self.mounts("add", *entries)
        self.assertEqual(self.exec("/bin/cat", "/data/file", "/etc/one").out, "outsideoutside")
        seen = self.seen()
        self.assertLessEqual({"ro", "nosuid"}, seen["/data"]["options"])
        self.assertNotIn("ro", seen["/etc/one"]["options"])
        self.assertEqual(seen["/new/deep"]["type"], "tmpfs")
        self.assertIn("size=64k", seen["/new/deep"]["super"])
        self.mounts("remove", *({"destination": e["destination"], "type": "none", "source": "none"}
                                for e in entries))
        self.assertEqual(set(self.seen()), set(before))

    def test_when_the_third_fails_the_first_two_are_taken_back(self):
        self.sleeper()
        before = self.seen()
        self.mounts("add", bind(self.path("data"), "/data"),
                    bind(self.path("data", "file"), "/etc/one"),
                    filesystem("/x", "nosuchfs"),
                    refused=r"mount .* on /x \(nosuchfs\).*ENODEV.*mounts:1:\d+ /2\)")
        self.assertEqual(set(self.seen()), set(before))
        self.mounts("add", bind(self.path("data"), "/data"), bind(self.path("none"), "/none"),
                    refused=r"none.*ENOENT.*mounts:1:\d+ /1\)")
        self.assertEqual(set(self.seen()), set(before))

    def test_when_one_is_not_there_all_stay(self):
        self.sleeper()
        self.mounts("add", bind(self.path("data"), "/data"))
        before = self.seen()
        none = {"destination": "/etc", "type": "none", "source": "none"}
        self.mounts("remove", bind("none", "/data"), none,
                    refused=r"unmount /etc: nothing is mounted there \(mounts:1:\d+ /1\)")
        self.mounts("remove", bind("none", "/data"), dict(none, destination="/"),
                    refused="the root cannot be removed")
        self.assertEqual(set(self.seen()), set(before))

    def test_a_link_in_the_container_leads_nowhere_outside(self):
        outside = self.path("outside")
        os.mkdir(outside)
        os.symlink("../../../../../../.." + outside, os.path.join(self.rootfs, "escape"))
        self.sleeper()
        self.mounts("add", bind(self.path("data"), "/escape"))
        self.assertEqual(os.listdir(outside), [])
        self.assertIn(outside, self.seen())
        self.mounts("add", bind(self.path("data"), "/proc/sys"), refused="inside /proc")

    def test_in_a_user_namespace_a_new_file_system_is_the_containers(self):
        give_away(self.rootfs, 100000)
        self.sleeper(with_user_namespace)
        self.mounts("add", filesystem("/new", "tmpfs"), bind(self.path("data"), "/data"))
        stat = self.exec("/probe", "stat", "/new").json()["/new"]
        self.assertEqual((stat["uid"], stat["gid"]), (0, 0))
        self.assertEqual(self.exec("/bin/cat", "/data/file").out, "outside")

    def test_what_cannot_be_added_is_named(self):
        self.sleeper()
        for entry, text in ((filesystem("/p", "proc"), r"a proc cannot be added.*/0/type"),
                            (filesystem("/p", "cgroup"), r"a cgroup cannot be added.*/0/type"),
                            (filesystem("/dev", "tmpfs", "remount", "ro"), "no mount to add"),
                            ({"type": "tmpfs"}, "destination")):
            self.mounts("add", entry, refused=text)
        self.refused("mounts", "move", self.cid, "x", text="move")
        self.refused("mounts", "add", self.cid, self.path("none"), text="ENOENT")
        self.refused("mounts", "add", self.cid, self.write_file(self.path("m"), "{}"),
                     text="array")

    def test_only_a_running_container_has_mounts_to_change(self):
        self.config("/probe", "sleep")
        self.create()
        self.mounts("add", bind(self.path("data"), "/data"), refused="not started yet")
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.mounts("add", bind(self.path("data"), "/data"), refused="container not running")


if __name__ == "__main__":
    main()
