#!/usr/bin/env python3
"""The recipes of contrib/ci are what GitHub and GitLab can read, and each command of cleat in them
works: recipes_test.py CLEAT. Those of `conformance` list their cases, as they would need root."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed")
    sys.exit(77)

CLEAT = os.path.abspath(sys.argv.pop(1))
RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../contrib/ci")


def load(name):
    with open(os.path.join(RECIPES, name), encoding="utf-8") as file:
        return yaml.safe_load(file)


class RecipesTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        for path in ("bundles/a/rootfs", "bin", "ci"):
            os.makedirs(os.path.join(self.directory, path))
        os.symlink(CLEAT, os.path.join(self.directory, "bin/cleat"))
        os.symlink(CLEAT, os.path.join(self.directory, "my-runtime"))
        subprocess.run([CLEAT, "spec", "--bundle", "bundles/a"], cwd=self.directory, check=True)
        path = os.path.join(self.directory, "bundles/a/config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
            {"names": ["execve", "exit_group"], "action": "SCMP_ACT_ALLOW"}]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def run_line(self, line):
        """A line of a script, without what needs a machine of its own."""
        line = re.sub(r"\bsudo ", "", line)
        if "conformance" in line:
            line += " --list"
        elif not re.search(r"\bcleat (validate|audit)\b", line):
            return None
        return subprocess.run(["bash", "-ec", line], cwd=self.directory, capture_output=True, text=True,
                              check=False,
                              env={**os.environ, "PATH": f"{self.directory}/bin:{os.environ['PATH']}"})

    def lines_work(self, lines):
        ran = 0
        for line in lines:
            with self.subTest(line):
                done = self.run_line(line)
                ran += done is not None
                self.assertEqual(done.returncode if done else 0, 0, done and done.stderr)
        self.assertEqual(ran, 4)
        with open(os.path.join(self.directory, "audit.sarif"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["version"], "2.1.0")

    def test_github(self):
        recipe = load("github.yml")
        # YAML 1.1 reads the key `on` as true.
        self.assertEqual(set(recipe), {"name", True, "permissions", "jobs"})
        lines = []
        for job in recipe["jobs"].values():
            self.assertEqual(job["runs-on"], "ubuntu-24.04")
            for step in job["steps"]:
                self.assertEqual(len({"run", "uses"} & set(step)), 1, step)
                self.assertLessEqual(set(step), {"run", "uses", "if", "with", "continue-on-error"})
                lines += [step["run"]] if "run" in step else []
        self.lines_work(lines)

    def test_gitlab(self):
        lines = []
        for job in load("gitlab.yml").values():
            self.assertLessEqual(set(job), {"image", "tags", "before_script", "script", "after_script",
                                            "artifacts"})
            for part in ("before_script", "script", "after_script"):
                lines += job.get(part, [])
        self.assertTrue(all(isinstance(line, str) for line in lines), lines)
        for line in lines:
            done = subprocess.run(["sh", "-n", "-c", line], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.lines_work(lines)

    def test_a_wrong_bundle_fails_the_job_and_is_named_by_its_path(self):
        os.makedirs(os.path.join(self.directory, "bundles/b"))
        with open(os.path.join(self.directory, "bundles/b/config.json"), "w", encoding="utf-8") as file:
            file.write('{"ociVersion": "1.0.2",\n "process": {"cwd": "x"}}')
        step = load("github.yml")["jobs"]["bundles"]["steps"][2]["run"]
        done = self.run_line(step)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^::error file=bundles/b/config\.json,line=2")


if __name__ == "__main__":
    unittest.main()
