#!/usr/bin/env python3
"""Network devices that are moved into the container, and what becomes of them if that fails."""
import shutil

from harness import CleatTest, main

# The host of these containers is a network namespace that goes with the call.
HOST = ("ip link add name house0 type veth peer name street0 && "
        "ip addr add 10.11.12.13/24 dev house0 && ip -6 addr add fd00:11::5/64 dev house0 nodad && "
        "ip link set house0 up && ip link set street0 up && ")


class NetDevices(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("1.1 does not know network devices")
        if not shutil.which("ip"):
            self.skipTest("no ip(8): install iproute2")

    def in_own_network(self, devices, script, before="", after="", change=None):
        """The container runs `script`; `before` and `after` run on its host's side."""
        def whole(config):
            config["linux"]["netDevices"] = devices
            if change:
                change(config)
        self.config("/bin/sh", "-c", script, change=whole)
        wrap = ("unshare", "-n", "sh", "-c",
                f'{HOST}{before} "$@"; code=$?; {after} exit $code', "sh")
        return self.run_container(wrap=wrap)

    def test_device_arrives_with_its_addresses_and_up(self):
        result = self.in_own_network({"house0": {}}, "busybox ip addr show house0")
        self.assertEqual(result.code, 0, str(result))
        self.assertIn("inet 10.11.12.13/24", result.out)
        self.assertIn("inet6 fd00:11::5/64", result.out)
        self.assertRegex(result.out, r"<[^>]*\bUP\b")

    def test_device_is_renamed(self):
        result = self.in_own_network({"house0": {"name": "eth7"}}, "busybox ip addr show eth7")
        self.assertEqual(result.code, 0, str(result))
        self.assertIn("10.11.12.13/24", result.out)

    def test_template_takes_the_first_free_number(self):
        result = self.in_own_network({"house0": {"name": "eth%d"}, "street0": {"name": "eth%d"}},
                                     "busybox ip link show")
        self.assertEqual(result.code, 0, str(result))
        for name in ("eth0", "eth1"):
            self.assertIn(f" {name}", result.out)

    def test_device_is_no_longer_on_the_host(self):
        # The host's list is printed while the container's process waits for its word.
        result = self.in_own_network({"house0": {}}, "true", after="ip -o link show;")
        self.assertNotIn("house0", result.out)

    def test_device_that_is_not_there_is_named(self):
        result = self.in_own_network({"nosuch0": {}}, "true")
        self.assertEqual(result.code, 1, str(result))
        self.assertRegex(result.err, r'"nosuch0".*no such device.*/linux/netDevices/nosuch0')

    def test_name_that_is_taken_is_refused_and_the_first_device_comes_back(self):
        result = self.in_own_network(
            {"house0": {"name": "twin"}, "street0": {"name": "twin"}}, "true",
            after="ip -o addr show house0; ip -o link show street0;")
        self.assertEqual(result.code, 1, str(result))
        self.assertRegex(result.err, "twin")
        self.assertIn("house0", result.out)
        self.assertIn("street0", result.out)

    def test_failure_after_the_move_brings_the_device_back(self):
        def change(config):
            config["process"]["args"] = ["/no/such"]
        result = self.in_own_network({"house0": {}}, "true", change=change,
                                     after="ip -o link show house0;")
        self.assertEqual(result.code, 1, str(result))
        self.assertIn("house0", result.out)

    def test_network_of_the_host_is_refused(self):
        def change(config):
            config["linux"]["namespaces"] = [
                ns for ns in config["linux"]["namespaces"] if ns["type"] != "network"]
            config["mounts"] = [m for m in config["mounts"] if m["type"] != "sysfs"]
        result = self.in_own_network({"house0": {}}, "true", change=change)
        self.assertRegex(result.err, "/linux/netDevices")


if __name__ == "__main__":
    main()
