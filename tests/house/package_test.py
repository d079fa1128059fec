#!/usr/bin/env python3
"""What tools/package and tools/sbom make of a build: package_test.py BUILD"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = sys.argv.pop() if len(sys.argv) > 1 else os.path.join(TOP, "build")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=TOP,
                          **options).stdout


def reason_to_skip():
    if not shutil.which("dpkg-deb") or not shutil.which("strip"):
        return "no dpkg-deb or strip here"
    if not os.path.exists(os.path.join(BUILD, "src/cli/cleat.link.d")):
        return "the build is not static: nothing is linked into its binary"
    return None


@unittest.skipIf(reason_to_skip(), reason_to_skip())
class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        cls.sums = [run("tools/package", "--build", BUILD, os.path.join(cls.directory, place),
                        env=environment) for place in ("a", "b")]
        cls.out = os.path.join(cls.directory, "a")
        cls.names = {re.sub(r".*\.", "", line.split()[1]): os.path.join(cls.out, line.split()[1])
                     for line in cls.sums[0].splitlines()}

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    def test_the_same_build_gives_the_same_bytes(self):
        self.assertEqual(self.sums[0], self.sums[1])
        for line in self.sums[0].splitlines():
            digest, name = line.split()
            with open(os.path.join(self.out, name), "rb") as file:
                self.assertEqual(hashlib.sha256(file.read()).hexdigest(), digest, name)

    def test_the_debian_package_has_all_and_needs_nothing(self):
        listed = run("dpkg-deb", "--contents", self.names["deb"])
        for path in ("./usr/bin/cleat", "./usr/bin/containerd-shim-cleat-v2 -> cleat",
                     "./usr/share/man/man8/cleat.8.gz", "./usr/share/man/man5/cleat-config.5.gz",
                     "./usr/share/man/man8/cleat-create.8.gz", "./usr/share/man/man8/cleat-wait.8.gz",
                     "./usr/share/zsh/site-functions/_cleat",
                     "./usr/share/bash-completion/completions/cleat",
                     "./usr/share/fish/vendor_completions.d/cleat.fish",
                     "./usr/share/doc/cleat/copyright", "./usr/share/doc/cleat/cleat.cdx.json",
                     "./usr/share/doc/cleat/examples/ci/github.yml",
                     "./usr/share/doc/cleat/examples/docker/daemon.json"):
            self.assertRegex(listed, re.compile(re.escape(path) + "$", re.M))
        for line in listed.splitlines():
            self.assertIn(" root/root ", line)
            self.assertIn(" 2023-11-14 ", line)
        self.assertEqual(run("dpkg-deb", "--field", self.names["deb"], "Depends").strip(), "")
        self.assertRegex(run("dpkg-deb", "--field", self.names["deb"], "Built-Using"),
                         r"glibc \(= .*libseccomp \(= ")

    def test_the_binary_of_the_tarball_runs(self):
        with tarfile.open(self.names["gz"]) as archive:
            names = archive.getnames()
            archive.extractall(self.directory)
        top = os.path.join(self.directory, names[0])
        self.assertTrue(all(name.startswith(names[0]) for name in names))
        said = run(os.path.join(top, "bin/cleat"), "--version")
        self.assertEqual(f"cleat-{said.split()[2]}", names[0])
        with open(os.path.join(top, "share/doc/cleat/cleat.cdx.json"), encoding="utf-8") as file:
            bill = json.load(file)
        with open(os.path.join(top, "bin/cleat"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        self.assertEqual(bill["metadata"]["component"]["hashes"][0]["content"], digest)
        notices = os.path.join(top, "share/doc/cleat/copyright")
        with open(notices, encoding="utf-8") as file:
            text = file.read()
        for word in ("Apache License", "nlohmann", "libseccomp"):
            self.assertIn(word, text)

    def test_the_bill_of_materials_names_what_is_linked(self):
        with open(self.names["json"], encoding="utf-8") as file:
            bill = json.load(file)
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        uses = {part["name"]: part["properties"][0]["value"] for part in bill["components"]}
        for name in ("libseccomp-dev", "libcap-dev", "libdbus-1-dev", "libc6-dev"):
            self.assertEqual(uses.get(name), "linked", uses)
        for name in ("nlohmann-json3-dev", "libcli11-dev", "libvalijson-dev"):
            self.assertEqual(uses.get(name), "headers", uses)
        self.assertNotIn("doctest-dev", uses)
        for part in bill["components"]:
            installed = run("dpkg-query", "-W", "-f", "${Version}", part["name"])
            self.assertEqual(part["version"], installed)
            self.assertRegex(part["purl"], rf"^pkg:deb/debian/{re.escape(part['name'])}@[^:+]+\?")
        references = [part["bom-ref"] for part in bill["components"]]
        self.assertEqual(len(set(references)), len(references))
        self.assertEqual(bill["dependencies"][0]["dependsOn"], references)


if __name__ == "__main__":
    unittest.main()
