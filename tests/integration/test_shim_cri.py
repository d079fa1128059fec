#!/usr/bin/env python3
"""Pods and containers as Kubernetes makes them, with cleat's own shim: all that test_cri.py asks."""
import os
import shutil
import subprocess
import tempfile

import test_cri
from harness import main, mount, runtime_path


class NativeShim(test_cri.Cri):
    runtime_type = "io.containerd.cleat.v2"

    @classmethod
    def setUpClass(cls):
        os.makedirs("/run/containerd", exist_ok=True)
        mount("tmpfs", "/run/containerd", "tmpfs")
        cls.shims = tempfile.mkdtemp(prefix="cleat-shims.")
        os.symlink(runtime_path(), f"{cls.shims}/containerd-shim-cleat-v2")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        shutil.rmtree(cls.shims)
        subprocess.run(["umount", "-l", "/run/containerd"], check=True)

    def test_a_pod_has_one_shim_that_ends_with_it(self):
        self.run_pod()
        for _ in range(3):
            self.start("sleep", "1000")
        self.assertEqual(len(self.shim_pids()), 1)
        self.cri.StopPodSandbox(id=self.pod)
        self.cri.RemovePodSandbox(id=self.pod)
        self.pod = None

    def shim_pids(self):
        """Without the children that it makes for a moment, which have its command line."""
        found = {}
        for name in os.listdir("/proc"):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    command = file.read()
                with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                    parent = file.read().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if b"containerd-shim-cleat-v2" in command and self.pod.encode() in command:
                found[int(name)] = int(parent)
        return [pid for pid, parent in found.items() if parent not in found]


if __name__ == "__main__":
    main()
