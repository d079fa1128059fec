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

    def test_a_joined_namespace_of_the_runtime_is_not_changed(self):
        """Joined by a path, it is the host's all the same. runc compares network namespaces."""
        cases = (("network", "net", {"sysctl": {"net.ipv4.ip_default_ttl": "77"}}, {}),
                 ("uts", "uts", {"sysctl": {"kernel.domainname": "changed"}}, {}),
                 ("ipc", "ipc", {"sysctl": {"kernel.shmmni": "4095"}}, {}),
                 ("uts", "uts", {}, {"hostname": "changed"}),
                 ("uts", "uts", {}, {"domainname": "changed"}),
                 ("network", "net", {"netDevices": {"nosuch": {}}}, {}))
        before = self.host_values()
        self.undo.append(lambda: self.restore(before))
        for place in ("/proc/self/ns/", f"/proc/{os.getpid()}/ns/", self.path("bound/")):
            for kind, file, linux, properties in cases:
                path = place + file
                if place.endswith("bound/"):
                    self.bind_namespace(file, path)
                with self.subTest(path=path, linux=linux, properties=properties):
                    self.config("/bin/true", change=lambda c, k=kind, p=path, l=linux, o=properties:
                                self.join_own(c, k, p, l, o))
                    result = self.run_container()
                    self.assertNotEqual(result.code, 0, str(result))
                    self.assertRegex(result.err, "it would change the host")
                    self.assertEqual(self.host_values(), before)

    @staticmethod
    def join_own(config, kind, path, linux, properties):
        config.pop("hostname")
        without_namespace(config, kind)
        namespaces(config).append({"type": kind, "path": path})
        config["linux"].update(linux)
        config.update(properties)

    def bind_namespace(self, file, path):
        if not os.path.exists(path):
            self.write_file(path)
            subprocess.run(["mount", "--bind", "/proc/self/ns/" + file, path], check=True)
            self.undo.append(lambda: subprocess.run(["umount", path], check=True))

    KEYS = ("net/ipv4/ip_default_ttl", "kernel/hostname", "kernel/domainname", "kernel/shmmni")

    def host_values(self):
        values = []
        for key in self.KEYS:
            with open("/proc/sys/" + key, encoding="ascii") as file:
                values.append(file.read())
        return values

    def restore(self, values):
        for key, value in zip(self.KEYS, values):
            with open("/proc/sys/" + key, "w", encoding="ascii") as file:
                file.write(value)

    def test_a_joined_namespace_of_another_process_is_changed(self):
        pid = self.holder("-n", "-u", "-i")
        def change(config):
            self.join_own(config, "network", f"/proc/{pid}/ns/net", {"sysctl": {
                "net.ipv4.ip_default_ttl": "77", "kernel.shmmni": "4095"}}, {})
            without_namespace(config, "uts")
            without_namespace(config, "ipc")
            namespaces(config).extend(({"type": "uts", "path": f"/proc/{pid}/ns/uts"},
                                       {"type": "ipc", "path": f"/proc/{pid}/ns/ipc"}))
            config["hostname"] = "changed"
        self.config("/bin/cat", "/proc/sys/net/ipv4/ip_default_ttl", "/proc/sys/kernel/shmmni",
                    "/proc/sys/kernel/hostname", change=change)
        self.assertEqual(self.run_container().out.split(), ["77", "4095", "changed"])

    def test_the_runtimes_own_namespaces_can_be_joined_without_a_change(self):
        def change(config):
            for kind, file in (("network", "net"), ("uts", "uts"), ("ipc", "ipc")):
                config.setdefault("hostname", "x")
                self.join_own(config, kind, "/proc/self/ns/" + file, {}, {})
            config["mounts"] = [m for m in config["mounts"] if m["type"] != "sysfs"]
        self.assertEqual(self.report(change=change)["namespaces"]["net"], own("net"))

    def test_the_runtime_refuses_a_sysctl_of_the_host_by_path_as_runc_does(self):
        for name, path in self.runtimes("runc").items():
            with self.subTest(runtime=name):
                self.config("/bin/true", change=lambda c: self.join_own(
                    c, "network", "/proc/self/ns/net",
                    {"sysctl": {"net.ipv4.ip_default_ttl": "77"}}, {}))
                self.assertNotEqual(self.run_container(runtime=path).code, 0)

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
