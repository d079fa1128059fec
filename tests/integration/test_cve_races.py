#!/usr/bin/env python3
"""Past vulnerabilities of container runtimes: a path that is exchanged while it is looked at.

A real attacker (renameat2 with RENAME_EXCHANGE, in a loop) shares a volume with containers that are
being made. CLEAT_ATTACKS says how often each race is run: 20 for every build, 500 for a thorough
one.
"""
import os
import time

from attacks import COUNT, AttackTest
from bundle import bind, filesystem
from harness import main

SECONDS = float(os.environ.get("CLEAT_ATTACK_SECONDS", "6" if COUNT <= 20 else "600"))


def mountinfo(pid="self"):
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as lines:
        return [line.split() for line in lines]


class Races(AttackTest):
    def setUp(self):
        super().setUp()
        self.volume = self.path("volume")
        os.mkdir(self.volume)
        self.payload = self.path("payload")
        os.mkdir(self.payload)

    def race(self, first, second, change, check=None):
        """Creates while the two names are exchanged; every outcome is well as long as the host's
        directory and mounts are untouched. Gives how many were made and how many refused."""
        self.config("/probe", "sleep", change=change)
        mounts = sorted(line[4] for line in mountinfo())
        outcomes = {"made": 0, "refused": 0}
        end = time.monotonic() + SECONDS
        with self.unchanged(), self.swapper(first, second):
            for _ in range(COUNT):
                result = self.call("create", "--bundle", self.bundle, self.cid, wrap=self.wrap)
                self.assertGreaterEqual(result.code, 0, str(result))
                if result.code == 0:
                    outcomes["made"] += 1
                    pid = self.state()["pid"]
                    if check:
                        check(pid)
                    self.delete("--force")
                else:
                    outcomes["refused"] += 1
                self.assertEqual(sorted(line[4] for line in mountinfo()), mounts)
                if time.monotonic() > end:
                    break
        self.assertGreater(sum(outcomes.values()), 0)
        return outcomes

    def is_inside(self, pid):
        """Paths in mountinfo are below the process's root; what is not, is not in it."""
        self.assertTrue([line for line in mountinfo(pid) if line[3].endswith("/payload")],
                        "the mount lies outside of the container's root")

    def directory_and_link(self, target):
        first, second = os.path.join(self.volume, "a"), os.path.join(self.volume, "b")
        os.mkdir(first)
        os.symlink(target, second)
        return first, second

    def test_cve_2021_30465_mount_destination_is_exchanged_for_a_link_to_the_host(self):
        first, second = self.directory_and_link(self.outside)

        def change(config):
            config["mounts"] += [bind(self.volume, "/vol"), bind(self.payload, "/vol/a")]
        self.race(first, second, change, self.is_inside)

    def test_cve_2021_30465_link_upwards(self):
        first, second = self.directory_and_link("../../../../../../../.." + self.outside)

        def change(config):
            config["mounts"] += [bind(self.volume, "/vol"), bind(self.payload, "/vol/a")]
        self.race(first, second, change, self.is_inside)

    def test_cve_2024_45310_directories_are_made_below_an_exchanged_one(self):
        """runc 1.1.5 makes empty directories on the host."""
        first, second = self.directory_and_link(self.outside)

        def change(config):
            config["mounts"] += [bind(self.volume, "/vol"),
                                 bind(self.payload, "/vol/a/new/deep/place")]
        self.race(first, second, change, self.is_inside)

    def test_cve_2024_45310_inside_the_image_itself(self):
        first, second = os.path.join(self.rootfs, "a"), os.path.join(self.rootfs, "b")
        os.mkdir(first)
        os.symlink(self.outside, second)
        self.race(first, second, lambda c: c["mounts"].append(
            filesystem("/a/new/place", "tmpfs")))

    def test_file_is_made_where_an_exchanged_link_points_to_the_host(self):
        first, second = os.path.join(self.volume, "a"), os.path.join(self.volume, "b")
        self.write_file(first)
        os.symlink(self.outside + "/made", second)
        source = self.write_file(self.path("file"))

        def change(config):
            config["mounts"] += [bind(self.volume, "/vol"), bind(source, "/vol/a")]
        self.race(first, second, change)

    def test_cve_2019_19921_proc_is_exchanged_for_a_link(self):
        first, second = os.path.join(self.rootfs, "proc"), os.path.join(self.rootfs, "fake")
        os.symlink("/tmp", second)

        def check(pid):
            # The mount keeps its place when that is given another name.
            self.assertTrue([line for line in mountinfo(pid) if line[4] in ("/proc", "/fake")])
        self.race(first, second, None, check)

    def test_masked_path_is_exchanged(self):
        """What is masked may be either, but the mask lies inside the root."""
        first, second = self.directory_and_link(self.outside)

        def change(config):
            config["mounts"].append(bind(self.volume, "/vol"))
            config["linux"]["maskedPaths"].append("/vol/a")
            config["linux"]["readonlyPaths"].append("/vol/a")
        self.race(first, second, change)

    def test_cve_2026_88265_null_is_exchanged_for_a_link_to_a_host_file(self):
        dev = os.path.join(self.rootfs, "dev")
        os.mknod(os.path.join(dev, "null"), 0o20666, os.makedev(1, 3))
        os.symlink(self.outside + "/marker", os.path.join(dev, "other"))

        def change(config):
            config["mounts"] = [m for m in config["mounts"] if not m["destination"].startswith(
                "/dev")]
            config["process"]["user"] = {"uid": 1000, "gid": 1000}
        self.race(os.path.join(dev, "null"), os.path.join(dev, "other"), change)

    def test_dev_is_exchanged_for_a_link_to_the_host(self):
        """Nodes and links are made in what is held open, and that lies inside the root."""
        first, second = os.path.join(self.rootfs, "dev"), os.path.join(self.rootfs, "other")
        os.symlink(self.outside, second)
        self.race(first, second, lambda c: c.update(mounts=[
            m for m in c["mounts"] if not m["destination"].startswith("/dev")]))


if __name__ == "__main__":
    main()
