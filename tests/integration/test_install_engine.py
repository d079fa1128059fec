#!/usr/bin/env python3
"""tools/install-engine: what it writes, what it keeps, what it takes back."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOOL = os.path.join(TOP, "tools", "install-engine")
CONTRIB = os.path.join(TOP, "contrib")
FILES = {"docker": "etc/docker/daemon.json", "containerd": "etc/containerd/config.toml",
         "podman": "etc/containers/containers.conf.d/50-cleat.conf",
         "crio": "etc/crio/crio.conf.d/50-cleat.conf"}


class InstallEngine(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def tool(self, engine, *options, answer="", code=0):
        done = subprocess.run(
            [sys.executable, TOOL, engine, "--root", self.root, "--runtime", "/bin/true", *options],
            input=answer, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def path(self, engine):
        return os.path.join(self.root, FILES[engine])

    def text(self, engine):
        with open(self.path(engine), encoding="utf-8") as file:
            return file.read()

    def put(self, engine, text):
        os.makedirs(os.path.dirname(self.path(engine)))
        with open(self.path(engine), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(engine), 0o600)

    def test_written_and_removed_without_a_trace(self):
        for engine in FILES:
            with self.subTest(engine):
                out = self.tool(engine, "--yes", "--default")
                self.assertIn("+", out)
                self.assertIn("/bin/true", self.text(engine))
                self.assertIn("nothing to change", self.tool(engine, "--yes", "--default"))
                self.tool(engine, "--remove", "--yes")
                if engine == "containerd":
                    self.assertEqual(self.text(engine), "version = 2\n")
                else:
                    self.assertFalse(os.path.exists(self.path(engine)))
                self.assertIn("nothing to change", self.tool(engine, "--remove", "--yes"))

    def test_shows_a_diff_and_asks_first(self):
        for answer in ("n\n", "\n", ""):
            out = self.tool("podman", answer=answer, code=1)
            self.assertIn('+cleat = ["/bin/true"]', out)
            self.assertFalse(os.path.exists(self.path("podman")))
        self.tool("podman", answer="y\n")
        self.assertTrue(os.path.exists(self.path("podman")))

    def test_docker_keeps_what_was_there(self):
        before = {"data-root": "/data", "runtimes": {"other": {"path": "/o"}},
                  "default-runtime": "other"}
        self.put("docker", json.dumps(before, indent=4) + "\n")
        self.tool("docker", "--yes")
        after = json.loads(self.text("docker"))
        self.assertEqual(after["runtimes"].pop("cleat"), {"path": "/bin/true"})
        self.assertEqual(after, before)
        self.assertEqual(os.stat(self.path("docker")).st_mode & 0o777, 0o600)
        self.tool("docker", "--remove", "--yes")
        self.assertEqual(self.text("docker"), json.dumps(before, indent=4) + "\n")

    def test_containerd_keeps_what_was_there(self):
        before = '# mine\nversion = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  x = 1\n'
        self.put("containerd", before)
        self.tool("containerd", "--yes")
        self.assertTrue(self.text("containerd").startswith(before))
        self.tool("containerd", "--remove", "--yes")
        self.assertEqual(self.text("containerd"), before)

    def test_containerd_2_has_its_runtimes_elsewhere(self):
        before = "version = 3\n"
        self.put("containerd", before)
        self.tool("containerd", "--yes", "--default")
        self.assertIn("[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.cleat]\n",
                      self.text("containerd"))
        self.assertNotIn("grpc.v1.cri", self.text("containerd"))
        self.tool("containerd", "--remove", "--yes")
        self.assertEqual(self.text("containerd"), before)

    def test_contrib_has_what_is_written(self):
        for engine, name in (("docker", "docker/daemon.json"), ("podman", "podman/50-cleat.conf"),
                             ("crio", "crio/50-cleat.conf")):
            with self.subTest(engine):
                self.tool(engine, "--yes")
                with open(os.path.join(CONTRIB, name), encoding="utf-8") as file:
                    ours = file.read().replace("/usr/local/bin/cleat", "/bin/true")
                self.assertEqual(ours, self.text(engine))

    def test_what_cannot_be_changed_safely_is_left_alone(self):
        for engine, text, options in (
                ("docker", "{ not json", ()), ("docker", "[]", ()),
                ("containerd", "version = 1\n", ()), ("containerd", "root = 1\n", ()),
                ("containerd", "version = 3\n[plugins.\"io.containerd.cri.v1.runtime\".containerd]\n",
                 ("--default",)),
                ("containerd",
                 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\n', ("--default",))):
            with self.subTest(text):
                os.path.exists(self.path(engine)) and os.remove(self.path(engine))
                os.path.isdir(os.path.dirname(self.path(engine))) and \
                    os.rmdir(os.path.dirname(self.path(engine)))
                self.put(engine, text)
                self.assertIn(FILES[engine], self.tool(engine, "--yes", *options, code=1))
                self.assertEqual(self.text(engine), text)

    def test_containerd_may_use_the_shim(self):
        directory = os.path.join(self.root, "bin")
        os.mkdir(directory)
        self.assertIn("no containerd-shim-cleat-v2", self.tool("containerd", "--shim", code=2))
        os.symlink("/bin/true", os.path.join(directory, "containerd-shim-cleat-v2"))
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{directory}:{path}"
        self.addCleanup(os.environ.update, PATH=path)
        self.tool("containerd", "--shim", "--yes")
        text = self.text("containerd")
        self.assertIn('runtime_type = "io.containerd.cleat.v2"', text)
        self.assertNotIn("BinaryName", text)
        self.tool("containerd", "--remove", "--yes")
        self.assertEqual(self.text("containerd"), "version = 2\n")
        self.assertIn("is for containerd", self.tool("docker", "--shim", code=2))

    def test_runtime_must_be_there(self):
        self.tool("docker", "--yes", "--runtime", "/no/such", code=2)


if __name__ == "__main__":
    unittest.main()
