#!/usr/bin/env python3
"""Bind mounts of symlinks and over them: copy-symlink, src-nofollow, dest-nofollow."""
import json
import os

from bundle import bind, filesystem, give_away, mounts_of, with_user_namespace
from harness import CleatTest, main


class Links(CleatTest):
    """Symlinks at the end of a bind mount's paths (crun(1); Debian's 1.8.1 has none of these)."""

    def setUp(self):
        super().setUp()
        self.cleat_only("1.1.5 and Debian's crun do not know the options")
        self.link, self.target = self.path("link"), self.path("file")
        self.write_file(self.target, "host")
        os.symlink("file", self.link)

    def bound(self, *options, source=None, destination="/place", look=None, change=None):
        """What the probe's lstat says of the destination, and what is mounted there."""
        def whole(config):
            config["mounts"].append(bind(source or self.link, destination, *options))
            if change:
                change(config)
        self.config("/probe", "stat", look or destination, change=whole)
        result = self.run_container()
        self.assertEqual(result.code, 0, str(result))
        info = result.json()[look or destination]
        self.config("/probe", "report", change=whole)
        return info, mounts_of(self.run_container().json()).get(destination)

    def in_user_namespace(self, config):
        with_user_namespace(config)
        for entry in config["mounts"]:
            entry["options"] = [o for o in entry["options"] if o != "gid=5"]

    def test_copy_symlink_makes_a_link_like_the_source(self):
        for name, change in (("same ids", None), ("mapped ids", self.in_user_namespace)):
            with self.subTest(name):
                if change:
                    os.unlink(os.path.join(self.rootfs, "new/place"))
                    give_away(self.rootfs, 100000)
                info, mounted = self.bound("rbind", "copy-symlink", destination="/new/place",
                                           change=change)
                self.assertEqual((info["type"], info["target"]), ("l", "file"))
                self.assertIsNone(mounted)
                self.assertEqual(os.readlink(os.path.join(self.rootfs, "new/place")), "file")

    def test_copy_symlink_of_what_is_none_is_a_bind(self):
        info, mounted = self.bound("copy-symlink", source=self.target)
        self.assertEqual(info["type"], "f")
        self.assertIsNotNone(mounted)

    def test_copy_symlink_is_refused_over_something_else(self):
        self.bound("copy-symlink")
        self.bound("copy-symlink")
        os.unlink(os.path.join(self.rootfs, "place"))
        for make in (lambda path: os.symlink("other", path), os.mkdir):
            path = os.path.join(self.rootfs, "place")
            make(path)
            self.create_refused("place.*something else.*/mounts/7")
            os.rmdir(path) if not os.path.islink(path) else os.unlink(path)
        self.assert_nothing_left()

    def test_copied_symlink_leads_nowhere_outside(self):
        outside = self.path("outside")
        os.mkdir(outside)
        os.unlink(self.link)
        os.symlink(outside, self.link)
        self.bound("copy-symlink", look="/place", change=lambda c: c["mounts"].append(
            filesystem("/place/below", "tmpfs")))
        self.assertEqual(os.listdir(outside), [])

    def test_source_that_is_not_followed_is_mounted_as_a_link(self):
        os.symlink("nowhere", os.path.join(self.rootfs, "place"))
        for change in (None, self.in_user_namespace):
            if change:
                give_away(self.rootfs, 100000)
            info, mounted = self.bound("src-nofollow", "dest-nofollow", change=change)
            self.assertEqual((info["type"], info["target"]), ("l", "file"))
            self.assertIsNotNone(mounted)
        self.assertEqual(os.readlink(os.path.join(self.rootfs, "place")), "nowhere")

    def test_destination_that_is_not_followed_is_covered(self):
        os.symlink("nowhere", os.path.join(self.rootfs, "place"))
        for source in (self.link, self.target):
            info, mounted = self.bound("dest-nofollow", source=source)
            self.assertEqual(info["type"], "f")
            self.assertIsNotNone(mounted)
        self.assertFalse(os.path.exists(os.path.join(self.rootfs, "nowhere")))

    def test_a_mounted_link_leads_nowhere_outside(self):
        outside = self.path("outside")
        os.mkdir(outside)
        os.unlink(self.link)
        os.symlink(outside, self.link)
        self.bound("src-nofollow", look="/probe", change=lambda c: c["mounts"].append(
            filesystem("/place/below", "tmpfs")))
        self.assertEqual(os.listdir(outside), [])

    def test_links_of_the_kernels_file_systems_are_not_covered(self):
        for place in ("/proc/self", "/proc/mounts", "/sys/class/net/lo"):
            with self.subTest(place=place):
                self.config(change=lambda c, p=place: c["mounts"].append(
                    bind(self.link, p, "src-nofollow", "dest-nofollow")))
                self.create_refused("must not be a symlink.*/mounts/7")
        self.assert_nothing_left()

    def test_options_that_contradict_each_other_are_refused(self):
        for options in (["copy-symlink", "src-nofollow"], ["dest-nofollow", "copy-symlink"]):
            self.config(change=lambda c, o=options: c["mounts"].append(
                bind(self.link, "/place", *o)))
            self.create_refused(r"copy-symlink cannot.*/mounts/7/options/\d")
        self.config(change=lambda c: c["mounts"].append(
            filesystem("/place", "tmpfs", "src-nofollow")))
        self.create_refused("src-nofollow is for bind mounts.*/mounts/7/options/0")

    def test_mounts_are_added_without_following(self):
        os.symlink("nowhere", os.path.join(self.rootfs, "place"))
        self.sleeper()
        for option, wanted in (("dest-nofollow", "f"), ("copy-symlink", "l")):
            name = "/place" if wanted == "f" else "/copied"
            self.write_file(self.path("mounts.json"), json.dumps(
                [bind(self.link, name, option)]))
            self.ok("mounts", "add", self.cid, self.path("mounts.json"))
            info = self.exec("/probe", "stat", name).json()[name]
            self.assertEqual(info["type"], wanted)
        self.write_file(self.path("mounts.json"), json.dumps([bind(self.link, "/place")]))
        self.ok("mounts", "remove", self.cid, self.path("mounts.json"))
        self.assertEqual(self.exec("/probe", "stat", "/place").json()["/place"]["target"], "nowhere")

    def test_a_mounted_link_has_its_own_propagation(self):
        os.symlink("nowhere", os.path.join(self.rootfs, "place"))
        for options, wanted in ((("src-nofollow", "dest-nofollow", "rshared"), True),
                                (("copy-symlink", "rshared"), False)):
            _, mounted = self.bound(
                *options, destination="/place" if wanted else "/copied",
                change=lambda c: c["linux"].update(rootfsPropagation="rslave"))
            self.assertEqual("shared:" in " ".join((mounted or {}).get("optional", ())), wanted)


if __name__ == "__main__":
    main()
