#!/usr/bin/env python3
"""Namespaces: made anew, joined by path, left alone; user namespaces and their maps."""
import contextlib
import os
import subprocess

from bundle import give_away, namespaces, with_user_namespace, without_namespace
from harness import CleatTest, hide_unified, main
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

    def test_mount_namespace_joined_by_path_is_used(self):
        pid = self.holder("-m", "--propagation", "private")
        inside = os.readlink(f"/proc/{pid}/ns/mnt")
        def change(config):
            without_namespace(config, "mount")
            namespaces(config).append({"type": "mount", "path": f"/proc/{pid}/ns/mnt"})
        self.config("/probe", change=change)
        result = self.run_container()
        self.assertEqual(result.code, 0, str(result))
        self.assertEqual(result.json()["namespaces"]["mnt"], inside)

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

    def test_sysctls_of_names_that_are_properties(self):
        """Only kernel.domainname can be written, where the property has no other value."""
        cases = ((("kernel.hostname", "a"), {}, "hostname"),
                 (("kernel.hostname", "a"), {"hostname": "a"}, "hostname"),
                 (("kernel/hostname", "a"), {}, "hostname"),
                 (("kernel.domainname", "d"), {}, None),
                 (("kernel.domainname", "d"), {"domainname": "d"}, None),
                 (("kernel.domainname", "d"), {"domainname": ""}, None),
                 (("kernel/domainname", "d"), {"domainname": "e"}, "domainname"),
                 (("kernel.domainname", "d"), {"domainname": "e"}, "domainname"))
        for name, path in self.runtimes().items():
            for (key, value), properties, conflict in cases:
                if name == "runc" and conflict == "domainname":
                    continue  # runc 1.1.5 does not know the property
                with self.subTest(runtime=name, key=key, properties=properties):
                    def change(config, key=key, value=value, properties=properties):
                        config.pop("hostname", None)
                        config.update(properties)
                        config["linux"]["sysctl"] = {key: value}
                    self.config("/bin/cat", "/proc/sys/kernel/domainname", change=change)
                    result = self.run_container(
                        runtime=path, wrap=hide_unified() if name == "crun" else ())
                    if conflict is None:
                        self.assertEqual((result.code, result.out), (0, value + "\n"), str(result))
                        continue
                    self.assertEqual(result.out, "", str(result))
                    self.assertNotEqual(result.code, 0, str(result))
                    self.assertRegex(result.err, f"conflicts with .*{conflict}")

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
