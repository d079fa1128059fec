#!/usr/bin/env python3
"""Propagation of the root and of bind mounts: relations to the host's mounts, compared with runc and crun."""
import os
import shutil
import subprocess

from bundle import bind, give_away, mounts_of, with_user_namespace
from harness import CleatTest, hide_unified, main
from host import cgroup_mounts

BINDS = ("", "private", "rprivate", "slave", "rslave", "shared", "rshared")

# rootfsPropagation: (relation of the root, relations of a recursive bind / of the mount below it for
# each of BINDS). P private, S slave of the host's mount, H shared in a peer group of its own, HS both,
# = in the peer group of the host's mount, U unbindable.
RELATIONS = {
    "": ("P", "S/S P/S P/P S/S S/S HS/S HS/HS"),
    "private": ("P", "S/S P/S P/P S/S S/S =/= =/="),
    "rprivate": ("P", "P/P P/P P/P P/P P/P H/P H/H"),
    "slave": ("S", "S/S P/S P/P S/S S/S =/= =/="),
    "rslave": ("S", "S/S P/S P/P S/S S/S HS/S HS/HS"),
    "shared": ("H", "=/= P/= P/P S/= S/S =/= =/="),
    "rshared": ("H", "=/= H/= H/H HS/= HS/HS =/= =/="),
    "unbindable": ("U", "S/S P/S P/P S/S S/S =/= =/="),
    "runbindable": ("U", "U/U U/U U/U U/U U/U U/U U/U"),
}
SLAVES = "S/S P/S P/P S/S S/S HS/S HS/HS"
# The same with a user namespace, which gets no peer of a host's mount (mount_namespaces(7)).
MAPPED_RELATIONS = {
    "": ("P", SLAVES),
    "private": ("P", SLAVES),
    "rprivate": ("P", "P/P P/P P/P P/P P/P H/P H/H"),
    "slave": ("S", SLAVES),
    "rslave": ("S", SLAVES),
    "shared": ("H", SLAVES),
    "rshared": ("H", "HS/HS H/HS H/H HS/HS HS/HS HS/HS HS/HS"),
    "unbindable": ("U", SLAVES),
}


def rows(table):
    """(root, bind, (relation of the root, of the bind, of the mount below it))."""
    for root, (of_root, of_binds) in table.items():
        for option, both in zip(BINDS, of_binds.split(), strict=True):
            yield root, option, (of_root, *both.split("/"))


def group_of(point):
    """The peer group of the host's mount at `point`."""
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        for line in lines:
            fields = line.partition(" - ")[0].split()
            if fields[4] == point:
                found = [field[7:] for field in fields[6:] if field.startswith("shared:")]
                return found[0] if found else None
    raise AssertionError(f"no mount at {point}")


def relation(optional, group):
    """A container's mount beside the host's in peer group `group`, in the words of RELATIONS."""
    if f"shared:{group}" in optional:
        return "="
    words = "H" if any(field.startswith("shared:") for field in optional) else ""
    if f"master:{group}" in optional:
        words += "S"
    elif any(field.startswith("master:") for field in optional):
        words += "?"
    return words or ("U" if "unbindable" in optional else "P")


def crun_view():
    """As hide_unified(), with every other mount still in its peer group."""
    if not hide_unified():
        return ()
    point = cgroup_mounts()["unified"]
    return ("unshare", "-m", "--propagation", "unchanged", "sh", "-c",
            f'mount --make-private {os.path.dirname(point)} && umount {point} && exec "$@"', "sh")


class Propagation(CleatTest):
    def setUp(self):
        super().setUp()
        self.volume = self.path("volume")
        os.makedirs(self.volume)
        os.makedirs(os.path.join(self.rootfs, "volume"))
        self.shared_mount("tmpfs", self.volume)
        os.makedirs(os.path.join(self.volume, "below"))
        self.shared_mount("tmpfs", os.path.join(self.volume, "below"))
        self.shared_mount("--bind", self.rootfs, self.rootfs)

    def shared_mount(self, kind, *arguments):
        target = arguments[-1]
        command = ["--bind", *arguments] if kind == "--bind" else ["-t", kind, kind, target]
        subprocess.run(["mount", *command], check=True)
        self.undo.append(lambda: subprocess.run(["umount", "-l", target], check=False))
        subprocess.run(["mount", "--make-shared", target], check=True)

    def relations(self, root, option, change=None, runtime=None, wrap=()):
        """(of the root, of the bind, of the mount below the bind's source)."""
        def whole(config):
            if root:
                config["linux"]["rootfsPropagation"] = root
            config["mounts"].append(bind(self.volume, "/volume", "rbind", *filter(None, [option])))
            if change:
                change(config)
        self.config("/probe", change=whole)
        id = f"{self.cid}-{os.path.basename(runtime or self.runtime)}"
        result = self.run_container(id=id, runtime=runtime, wrap=wrap)
        self.assertEqual(result.code, 0, str(result))
        seen = mounts_of(result.json())
        points = (("/", self.rootfs), ("/volume", self.volume),
                  ("/volume/below", os.path.join(self.volume, "below")))
        return tuple(relation(seen[inside]["optional"], group_of(host)) for inside, host in points)

    def other(self, name):
        path = shutil.which(name)
        if not path:
            self.skipTest(f"no {name} to compare with")
        return {"runtime": path, "wrap": crun_view() if name == "crun" else ()}

    def check(self, table, change=None):
        wrong = []
        for root, option, wanted in rows(table):
            seen = self.relations(root, option, change)
            if seen != wanted:
                wrong.append(f"{root or '-'} {option or '-'}: {seen}, not {wanted}")
        self.assertFalse(wrong, "\n" + "\n".join(wrong))

    def compare(self, name, wanted, pick, change=None):
        """Where `pick` says so, the other runtime shows the same: the table is not cleat's own idea."""
        other = self.other(name)
        wrong = []
        for root, option, relations in wanted:
            theirs = self.relations(root, option, change, **other)
            if [theirs[i] for i in pick] != [relations[i] for i in pick]:
                wrong.append(f"{root or '-'} {option or '-'}: {name} {theirs}, table {relations}")
        self.assertFalse(wrong, "\n" + "\n".join(wrong))

    def with_user_namespace(self):
        give_away(self.bundle, 100000)
        give_away(self.volume, 100000)
        return with_user_namespace

    def test_table_of_relations(self):
        self.cleat_only("1.1.5 and 1.8.1 differ in rows that compare() leaves out")
        self.check(RELATIONS)

    def test_table_of_relations_in_a_user_namespace(self):
        self.cleat_only("1.1.5 and 1.8.1 differ in rows that compare() leaves out")
        self.check(MAPPED_RELATIONS, self.with_user_namespace())

    def test_runc_has_the_same_binds(self):
        """Where its rootfsPropagation is recursive, or makes peers. (A root that is private, slave or
        unbindable alone leaves runc's other mounts in the host's peer groups.)"""
        self.compare("runc", [row for row in rows(RELATIONS)
                              if row[0] in ("", "rprivate", "rslave", "shared")], (1, 2))

    def test_runc_has_the_same_binds_in_a_user_namespace(self):
        self.compare("runc", [row for row in rows(MAPPED_RELATIONS) if row[0] != "rshared"], (1, 2),
                     self.with_user_namespace())

    def test_crun_has_the_same_roots_and_peers(self):
        self.compare("crun", [row for row in rows(RELATIONS)
                              if row[0] in ("", "private", "rprivate", "shared", "rshared", "unbindable")],
                     (0,))
        self.compare("crun", [row for row in rows(RELATIONS) if "=" in row[2][1]], (1, 2))

    # -- what the relations are for --

    def sleeper_with_volume(self, root, *options, kind="rbind"):
        def change(config):
            if root:
                config["linux"]["rootfsPropagation"] = root
            for name in ("bounding", "effective", "permitted"):
                config["process"]["capabilities"][name].append("CAP_SYS_ADMIN")
            config["mounts"].append(bind(self.volume, "/volume", kind, *options))
        os.makedirs(os.path.join(self.volume, "new"))
        self.sleeper(change)

    def is_mounted(self, point):
        with open("/proc/self/mountinfo", encoding="utf-8") as lines:
            return any(line.split()[4] == point for line in lines)

    def mounted_inside(self):
        result = self.exec("cat", "/proc/self/mountinfo")
        self.assertEqual(result.code, 0, str(result))
        return {line.split()[4] for line in result.out.splitlines()}

    def mount_inside(self):
        result = self.exec("mount", "-t", "tmpfs", "none", "/volume/new")
        self.assertEqual(result.code, 0, str(result))

    def test_a_mount_inside_a_shared_volume_appears_on_the_host(self):
        """Kubernetes' Bidirectional, Docker's :rshared."""
        for root in ("rshared", "shared"):
            with self.subTest(root=root):
                self.sleeper_with_volume(root, "rshared")
                point = os.path.join(self.volume, "new")
                self.mount_inside()
                self.assertTrue(self.is_mounted(point))
                subprocess.run(["umount", point], check=True)
                self.assertNotIn("/volume/new", self.mounted_inside())
                self.delete("--force")
                os.rmdir(point)

    def test_a_mount_inside_a_slave_stays_inside(self):
        self.sleeper_with_volume("rslave", "rslave")
        self.mount_inside()
        self.assertFalse(self.is_mounted(os.path.join(self.volume, "new")))
        self.assertIn("/volume/new", self.mounted_inside())

    def test_a_later_mount_of_the_host_appears_in_a_slave(self):
        self.sleeper_with_volume("rslave", "rslave")
        self.shared_mount("tmpfs", os.path.join(self.volume, "new"))
        self.assertIn("/volume/new", self.mounted_inside())

    def test_a_later_mount_of_the_host_stays_out_of_a_private_volume(self):
        self.sleeper_with_volume("rprivate", "rprivate")
        self.shared_mount("tmpfs", os.path.join(self.volume, "new"))
        self.assertNotIn("/volume/new", self.mounted_inside())

    def test_a_later_mount_below_the_bundle_stays_out_of_a_shared_root(self):
        for root in ("shared", "rshared"):
            with self.subTest(root=root):
                self.sleeper_with_volume(root, "rprivate")
                self.shared_mount("tmpfs", os.path.join(self.rootfs, "var"))
                self.assertNotIn("/var", self.mounted_inside())
                subprocess.run(["umount", os.path.join(self.rootfs, "var")], check=True)
                self.delete("--force")
                os.rmdir(os.path.join(self.volume, "new"))

    def test_an_idmapped_volume_is_a_peer_too(self):
        def change(config):
            mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
            config["linux"]["rootfsPropagation"] = "rshared"
            config["mounts"].append(bind(self.volume, "/volume", "rbind", "rshared", "idmap") |
                                    {"uidMappings": mapping, "gidMappings": mapping})
        self.cleat_only("1.1.5 and 1.8.1 do not idmap such a mount")
        seen = mounts_of(self.report(change=change))
        self.assertEqual(relation(seen["/volume"]["optional"], group_of(self.volume)), "=")


if __name__ == "__main__":
    main()
