#!/usr/bin/env python3
"""Namespaces: made anew, joined by path, left alone; user namespaces and their maps."""
import contextlib
import os
import socket
import subprocess

from bundle import give_away, namespaces, with_user_namespace, without_namespace
from harness import CleatTest, main
from host import Host

KINDS = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts",
         "cgroup": "cgroup", "user": "user", "time": "time"}


def own(name):
    return os.readlink("/proc/self/ns/" + name)


class Namespaces(CleatTest):
    def holder(self, *flags):
        """A process of our own in new namespaces, to be joined by path."""
        process = subprocess.Popen(["unshare", *flags, "sleep", "60"])
        self.undo.append(process.wait)
        self.undo.append(process.kill)
        self.wait_for(lambda: b"sleep" in self.command_line(process.pid), "the holder")
        self.host_before = Host()
        return process.pid

    @staticmethod
    def command_line(pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().split(b"\0")[0]
        return b""

    def test_each_listed_namespace_is_new(self):
        def change(config):
            namespaces(config).append({"type": "cgroup"})
        seen = self.report(change=change)["namespaces"]
        for kind in ("pid", "network", "mount", "ipc", "uts", "cgroup"):
            self.assertNotEqual(seen[KINDS[kind]], own(KINDS[kind]), kind)
        for kind in ("user", "time"):
            self.assertEqual(seen[KINDS[kind]], own(KINDS[kind]), kind)

    def test_a_namespace_that_is_not_listed_is_ours(self):
        for kind in ("network", "ipc", "uts", "pid"):
            with self.subTest(kind=kind):
                def change(config, kind=kind):
                    without_namespace(config, kind)
                    config["mounts"] = [m for m in config["mounts"] if m["type"] != "mqueue"]
                    if kind == "uts":
                        del config["hostname"]
                seen = self.report(change=change)["namespaces"]
                self.assertEqual(seen[KINDS[kind]], own(KINDS[kind]))

    def test_time_namespace_with_offsets(self):
        self.cleat_only("1.1 does not know time namespaces")
        def change(config):
            namespaces(config).append({"type": "time"})
            config["linux"]["timeOffsets"] = {"monotonic": {"secs": 172800, "nanosecs": 5},
                                              "boottime": {"secs": 86400}}
        report = self.report(change=change)
        self.assertNotEqual(report["namespaces"]["time"], own("time"))
        offsets = {line.split()[0]: line.split()[1:] for line in report["timens_offsets"]}
        self.assertEqual(offsets["monotonic"], ["172800", "5"])
        self.assertEqual(offsets["boottime"], ["86400", "0"])

    def test_namespace_joined_by_path(self):
        flags = {"network": "-n", "ipc": "-i", "uts": "-u", "cgroup": "-C"}
        for kind, flag in flags.items():
            with self.subTest(kind=kind):
                path = f"/proc/{self.holder(flag)}/ns/{KINDS[kind]}"
                def change(config, kind=kind, path=path):
                    without_namespace(config, kind)
                    namespaces(config).append({"type": kind, "path": path})
                    config.pop("hostname")
                seen = self.report(change=change)["namespaces"]
                self.assertEqual(seen[KINDS[kind]], os.readlink(path))

    def test_pid_namespace_joined_by_path(self):
        self.sleeper()
        pid = self.state()["pid"]
        def change(config):
            without_namespace(config, "pid")
            namespaces(config).append({"type": "pid", "path": f"/proc/{pid}/ns/pid"})
            config["linux"]["cgroupsPath"] += "-b"
        self.config(change=change)
        other = self.cid + "-b"
        self.ids.add(other)
        result = self.run_container(id=other)
        self.assertEqual(result.code, 0, str(result))
        report = result.json()
        self.assertEqual(report["namespaces"]["pid"], os.readlink(f"/proc/{pid}/ns/pid"))
        self.assertGreater(report["pid"], 1)

    def test_mount_namespace_joined_by_path_is_used(self):
        pid = self.holder("-m", "--propagation", "private")
        inside = os.readlink(f"/proc/{pid}/ns/mnt")
        def change(config):
            without_namespace(config, "mount")
            namespaces(config).append({"type": "mount", "path": f"/proc/{pid}/ns/mnt"})
            config["mounts"] = [m for m in config["mounts"] if m["type"] == "proc"]
            config["linux"].pop("maskedPaths")
            config["linux"].pop("readonlyPaths")
        # Its root is what is there already: here the host's.
        self.config(os.path.join(self.rootfs, "probe"), change=change)
        result = self.run_container()
        self.assertEqual(result.code, 0, str(result))
        self.assertEqual(result.json()["namespaces"]["mnt"], inside)

    def test_path_of_another_kind_is_refused(self):
        pid = self.holder("-u")
        def change(config):
            without_namespace(config, "network")
            namespaces(config).append({"type": "network", "path": f"/proc/{pid}/ns/uts"})
        self.config(change=change)
        self.create_refused("/linux/namespaces/4")
        self.assert_nothing_left()

    def test_path_that_is_not_there_is_refused(self):
        def change(config):
            without_namespace(config, "network")
            namespaces(config).append({"type": "network", "path": "/proc/0/ns/net"})
        self.config(change=change)
        self.create_refused("/linux/namespaces/4")
        self.assert_nothing_left()

    def test_user_namespace_maps(self):
        def change(config):
            with_user_namespace(config, 100000, 65536)
        give_away(self.rootfs, 100000)
        report = self.report(change=change)
        self.assertNotEqual(report["namespaces"]["user"], own("user"))
        self.assertEqual(report["uid_map"][0].split(), ["0", "100000", "65536"])
        self.assertEqual(report["gid_map"][0].split(), ["0", "100000", "65536"])
        self.assertEqual((report["uid"], report["gid"]), (0, 0))

    def test_process_in_a_user_namespace_is_the_mapped_user_outside(self):
        give_away(self.rootfs, 100000)
        def change(config):
            with_user_namespace(config)
            config["process"]["user"] = {"uid": 5, "gid": 6}
        state = self.sleeper(change)
        with open(f"/proc/{state['pid']}/status", encoding="utf-8") as file:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        self.assertEqual(lines["Uid"].split()[0], "100005")
        self.assertEqual(lines["Gid"].split()[0], "100006")

    def test_user_namespace_with_several_ranges(self):
        def change(config):
            with_user_namespace(config)
            for name in ("uidMappings", "gidMappings"):
                config["linux"][name] = [
                    {"containerID": 0, "hostID": 100000, "size": 10},
                    {"containerID": 1000, "hostID": 200000, "size": 1},
                    {"containerID": 2000, "hostID": 300000, "size": 5}]
        give_away(self.rootfs, 100000)
        report = self.report(change=change)
        self.assertEqual([line.split() for line in report["uid_map"]],
                         [["0", "100000", "10"], ["1000", "200000", "1"], ["2000", "300000", "5"]])

    def test_many_ranges_are_not_truncated(self):
        self.cleat_only("1.1 fails")
        def change(config):
            with_user_namespace(config)
            for name in ("uidMappings", "gidMappings"):
                config["linux"][name] = [{"containerID": i, "hostID": 100000 + 2 * i,
                                          "size": 1} for i in range(250)]
        give_away(self.rootfs, 100000)
        self.assertEqual(len(self.report(change=change)["uid_map"]), 250)

    def test_too_many_ranges_are_refused(self):
        def change(config):
            with_user_namespace(config)
            config["linux"]["uidMappings"] = [{"containerID": 2 * i, "hostID": 100000 + 2 * i,
                                               "size": 1} for i in range(6000)]
        give_away(self.rootfs, 100000)
        self.config(change=change)
        self.create_refused("/linux/uidMappings: 6000 mappings are more than the kernel's 340")
        self.assert_nothing_left()

    def test_user_namespace_joined_with_the_others_new(self):
        self.cleat_only("1.1 wants mappings for a joined user namespace")
        pid = self.holder("-U", "--map-root-user")
        path = f"/proc/{pid}/ns/user"
        def change(config):
            namespaces(config).append({"type": "user", "path": path})
            config["mounts"] = [m for m in config["mounts"]
                                if m["type"] in ("proc", "tmpfs") and "gid" not in m]
            config["process"]["capabilities"] = {}
            config["linux"]["resources"] = {}
        os.chmod(self.directory, 0o755)
        seen = self.report(change=change)["namespaces"]
        self.assertEqual(seen["user"], os.readlink(path))
        for kind in ("pid", "net", "mnt", "ipc", "uts"):
            self.assertNotEqual(seen[kind], own(kind))

    def test_everything_of_another_container_joined(self):
        self.cleat_only("1.1 wants mappings for a joined user namespace")
        give_away(self.rootfs, 100000)
        pid = self.sleeper(with_user_namespace)["pid"]
        def change(config):
            config["linux"]["namespaces"] = [{"type": "mount"}] + [
                {"type": kind, "path": f"/proc/{pid}/ns/{KINDS[kind]}"}
                for kind in ("user", "pid", "network", "ipc", "uts")]
            config.pop("hostname")
            config["linux"]["cgroupsPath"] += "-b"
        self.config(change=change)
        other = self.cid + "-b"
        self.ids.add(other)
        result = self.run_container(id=other)
        self.assertEqual(result.code, 0, str(result))
        seen = result.json()["namespaces"]
        for kind in ("user", "pid", "network", "ipc", "uts"):
            self.assertEqual(seen[KINDS[kind]], os.readlink(f"/proc/{pid}/ns/{KINDS[kind]}"), kind)

    def test_new_network_namespace_has_its_loopback_up(self):
        self.config("/bin/cat", "/sys/class/net/lo/flags")
        result = self.run_container()
        self.assertEqual(int(result.out, 0) & 1, 1, str(result))

    def test_hostname_and_domainname_are_set_inside_only(self):
        def change(config):
            config["hostname"] = "inner"
            if self.flavour != "runc":
                config["domainname"] = "example.org"
        before = socket.gethostname()
        report = self.report(change=change)
        self.assertEqual(report["hostname"], "inner")
        if self.flavour != "runc":
            self.assertEqual(report["domainname"], "example.org")
        self.assertEqual(socket.gethostname(), before)

    def test_init_is_pid_1_of_a_session_of_its_own(self):
        report = self.report()
        self.assertEqual((report["pid"], report["sid"], report["pgid"], report["ppid"]),
                         (1, 1, 1, 0))

    def test_sysctls_of_new_namespaces(self):
        def change(config):
            config["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456",
                                         "net.ipv4.ip_unprivileged_port_start": "80"}
        report = self.report("net.ipv4.ip_forward", "kernel.shmmax",
                             "net.ipv4.ip_unprivileged_port_start", change=change)
        self.assertEqual(report["sysctl"], {"net.ipv4.ip_forward": "1", "kernel.shmmax": "123456",
                                            "net.ipv4.ip_unprivileged_port_start": "80"})

    def test_sysctl_of_the_host_is_refused(self):
        for key, kind in (("kernel.core_pattern", None), ("net.ipv4.ip_forward", "network"),
                          ("kernel.shmmax", "ipc")):
            with self.subTest(key=key):
                def change(config, key=key, kind=kind):
                    config["linux"]["sysctl"] = {key: "1"}
                    if kind:
                        without_namespace(config, kind)
                self.config(change=change)
                self.create_refused("sysctl")
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
