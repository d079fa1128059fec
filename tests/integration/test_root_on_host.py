#!/usr/bin/env python3
"""Roots in a joined mount namespace, and in the runtime's own: what the specification calls inherited."""
import json
import os
import shutil
import subprocess

from bundle import bind, filesystem, give_away, mounts_of, namespaces, with_user_namespace, without_namespace
from harness import CleatTest, hide_unified, main, reap


def without_mount_namespace(config):
    without_namespace(config, "mount")
    # runc refuses these two without a mount namespace.
    del config["linux"]["maskedPaths"], config["linux"]["readonlyPaths"]
    config["mounts"] = [mount for mount in config["mounts"] if mount["type"] != "cgroup"]


class JoinedMountNamespace(CleatTest):
    def holder(self):
        process = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sleep", "1000"])
        self.undo.append(lambda: (process.kill(), process.wait()))
        def is_there():
            with open(f"/proc/{process.pid}/comm", encoding="utf-8") as file:
                return file.read().strip() == "sleep"
        self.wait_for(is_there, "the holder")
        return process.pid

    def report_in(self, pid, **options):
        def change(config):
            without_namespace(config, "mount")
            namespaces(config).append({"type": "mount", "path": f"/proc/{pid}/ns/mnt"})
            config["root"]["readonly"] = True
            config["mounts"].append(filesystem("/var", "tmpfs"))
            config["linux"]["maskedPaths"] = ["/proc/keys"]
            config["linux"]["readonlyPaths"] = ["/proc/sys"]
        self.config("/probe", change=change)
        result = self.run_container(**options)
        self.assertEqual(result.code, 0, str(result))
        return result.json()

    def test_root_mounts_and_masks_are_made_in_it(self):
        others = [{}]
        for name in ("runc", "crun"):
            if shutil.which(name) and name != self.flavour:
                others.append({"runtime": shutil.which(name), "id": f"{self.cid}-{name}",
                               "wrap": hide_unified() if name == "crun" else ()})
        for options in others:
            with self.subTest(**options):
                pid = self.holder()
                inside = os.readlink(f"/proc/{pid}/ns/mnt")
                report = self.report_in(pid, **options)
                seen = mounts_of(report)
                self.assertEqual(report["namespaces"]["mnt"], inside)
                self.assertIn("ro", seen["/"]["options"])
                self.assertEqual(seen["/var"]["type"], "tmpfs")
                self.assertIn("/proc/keys", seen)
                self.assertIn("ro", seen["/proc/sys"]["options"])
                self.assertNotIn(self.directory, "".join(seen))

    def test_the_own_mount_namespace_is_rejected(self):
        """runc would change the root of the whole host."""
        self.cleat_only("dangerous")
        def change(config):
            without_namespace(config, "mount")
            namespaces(config).append({"type": "mount", "path": "/proc/self/ns/mnt"})
        self.config("/probe", change=change)
        self.create_refused("is the runtime's own mount namespace.*/linux/namespaces")


class RootOnHost(CleatTest):
    """No mount namespace: config-linux.md#namespaces, "the container MUST inherit the runtime namespace"."""

    def mounted(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as lines:
            points = [line.split()[4] for line in lines]
        return [point for point in points if point.startswith(self.rootfs)]

    def change(self, config):
        without_mount_namespace(config)
        config["root"]["readonly"] = True
        config["mounts"] += [filesystem("/var", "tmpfs"), bind(self.path("volume"), "/volume")]

    def setUp(self):
        super().setUp()
        self.write_file(self.path("volume", "file"), "text")

    def test_the_container_has_its_root_and_mounts(self):
        """The root of runc and crun is not read-only then."""
        self.config("/bin/sh", "-c", "cat /volume/file; stat -fc %T /var; stat -fc %T /proc; "
                    "touch /new 2>&1", change=self.change)
        for name in filter(shutil.which, (self.runtime, "runc", "crun")):
            with self.subTest(runtime=name):
                runtime = shutil.which(name)
                result = self.run_container(id=f"{self.cid}-{os.path.basename(name)}", runtime=runtime,
                                            wrap=("unshare", "-m") + hide_unified()[2:])
                lines = result.out.splitlines()
                self.assertEqual(lines[:2], ["texttmpfs", "proc"], str(result))
                if name == self.runtime and self.flavour == "cleat":
                    self.assertEqual(lines[2:], ["touch: /new: Read-only file system"])

    def test_the_mount_namespace_is_the_runtimes(self):
        self.cleat_only("leaves its mounts on the host")
        report = self.report(change=self.change)
        self.assertEqual(report["namespaces"]["mnt"], os.readlink("/proc/self/ns/mnt"))
        self.assertEqual(self.mounted(), [])

    def test_what_is_mounted_is_unmounted_by_delete(self):
        self.cleat_only("leaves its mounts on the host")
        self.sleeper(self.change)
        self.assertIn(os.path.join(self.rootfs, "var"), self.mounted())
        self.assertEqual(self.exec("cat", "/volume/file").out, "text")
        self.assertEqual(self.exec("ls", "/").out, self.exec("ls", "/proc/1/root/").out)
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.delete()
        self.assertEqual(self.mounted(), [])

    def test_masked_and_readonly_paths(self):
        self.cleat_only("runc refuses them without a mount namespace")
        def change(config):
            self.change(config)
            config["linux"]["maskedPaths"] = ["/volume/file"]
            config["linux"]["readonlyPaths"] = ["/var"]
        self.config("/bin/sh", "-c", "cat /volume/file; touch /var/new", change=change)
        result = self.run_container()
        self.assertEqual(result.out, "")
        self.assertIn("Read-only", result.err)
        with open(self.path("volume", "file"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "text")
        self.assertEqual(self.mounted(), [])

    def test_a_failure_leaves_no_mount(self):
        self.cleat_only("leaves its mounts on the host")
        def change(config):
            self.change(config)
            config["mounts"].append(bind("/nowhere", "/other"))
        self.config("/probe", change=change)
        self.create_refused("/nowhere")
        self.assertEqual(self.mounted(), [])
        self.config("/not-there", change=self.change)
        self.create_refused("not-there")
        self.assertEqual(self.mounted(), [])

    def test_a_create_that_was_killed_leaves_nothing_after_delete(self):
        self.cleat_only("leaves its mounts on the host")
        def change(config):
            self.change(config)
            config["hooks"] = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "100"]}]}
        self.config("/probe", change=change)
        process, *_ = self.start_call("create", "--bundle", self.bundle, self.cid)
        self.wait_for(lambda: os.path.join(self.rootfs, "var") in self.mounted(), "the mounts")
        process.kill()
        process.wait()
        reap()
        self.delete("--force")
        self.assertEqual(self.mounted(), [])

    def test_a_covered_root_is_not_lost(self):
        self.cleat_only("leaves its mounts on the host")
        self.sleeper(self.change)
        subprocess.run(["mount", "-t", "tmpfs", "none", self.rootfs], check=True)
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.refused("delete", self.cid, text="is covered by another mount")
        subprocess.run(["umount", self.rootfs], check=True)
        self.delete()
        self.assertEqual(self.mounted(), [])

    def test_in_a_user_namespace_mounts_are_rejected(self):
        def change(config):
            without_mount_namespace(config)
            with_user_namespace(config)
        self.config("/probe", change=change)
        self.create_refused("/mounts: needs a mount namespace")

    def test_in_a_user_namespace_the_root_is_changed(self):
        give_away(self.bundle, 100000)
        def change(config):
            without_mount_namespace(config)
            with_user_namespace(config)
            config["mounts"] = []
        self.config("/bin/cat", "/etc/passwd", change=change)
        result = self.run_container()
        with open(os.path.join(self.rootfs, "etc/passwd"), encoding="utf-8") as file:
            self.assertEqual((result.code, result.out), (0, file.read()), str(result))
        self.assertEqual(self.mounted(), [])

    def test_audit_calls_it_critical(self):
        self.cleat_only("has no audit")
        self.config("/probe", change=self.change)
        result = self.call("audit", "--format", "json", self.bundle, root=False)
        found = [problem["severity"] for problem in json.loads(result.out)["documents"][0]["problems"]
                 if "mount namespace" in problem["message"]]
        self.assertEqual(found, ["critical"], result.out)


if __name__ == "__main__":
    main()
