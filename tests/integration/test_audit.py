#!/usr/bin/env python3
"""`audit`: what of a lawful configuration weakens isolation, as a pipeline asks for it; and that
those things which it warns of are what a container then has.
"""
import contextlib
import json
import os
import re
import stat

import harness

CAP_SYS_ADMIN = 21  # linux/capability.h


class Audit(harness.CleatTest):
    def audit(self, *arguments, code=0):
        """{rule: its worst problem} of the bundle."""
        result = self.call("audit", "--format", "json", *arguments, self.bundle, root=False)
        self.assertEqual(result.code, code, str(result))
        found = result.json()["documents"][0]["problems"]
        for problem in found:
            self.assertTrue(problem["message"] and problem["hint"], problem)
        ranks = ("low", "medium", "high", "critical")
        return {problem["source"]: problem for problem in
                sorted(found, key=lambda problem: ranks.index(problem["severity"]))}

    def test_what_spec_writes_is_found_wanting_a_profile_alone(self):
        """`cleat spec` has no seccomp profile; the rest of it is `medium` at most."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.bundle, "config.json"))
        self.ok("spec", "--bundle", self.bundle, root=False)
        found = self.audit(code=1)
        self.assertEqual({rule for rule, problem in found.items()
                          if problem["severity"] in ("high", "critical")}, {"no-seccomp"})
        self.audit("--accept", "no-seccomp")

    def test_the_exit_status_is_what_fail_on_asks_for(self):
        self.config("/probe")
        risks = {problem["severity"] for problem in self.audit("--fail-on", "never").values()}
        self.assertIn("low", risks)
        self.assertNotIn("critical", risks)
        self.audit("--fail-on", "low", code=1)
        self.audit("--fail-on", "critical")

    def test_rules_are_listed_and_no_others_can_be_accepted(self):
        listed = [line.split()[0] for line in self.ok("audit", "--list", root=False).out.splitlines()]
        self.assertEqual(len(listed), len(set(listed)))
        self.config("/probe")
        self.assertEqual(self.audit(*(word for rule in listed for word in ("--accept", rule))), {})
        result = self.call("audit", "--accept", "no-such-rule", self.bundle, root=False)
        self.assertEqual((result.code, result.out), (2, ""))
        self.assertIn('no rule is named "no-such-rule"', result.err)

    def test_what_is_no_configuration_is_an_error_and_the_others_are_audited(self):
        self.config("/probe")
        broken = self.path("broken.json")
        self.write_file(broken, '{"ociVersion": "1.0.2", "process": {}}')
        result = self.call("audit", "--fail-on", "never", broken, self.bundle,
                           self.path("missing"), root=False)
        self.assertEqual(result.code, 2)
        self.assertIn("broken.json:1:36 /process/cwd", result.err)
        self.assertIn("missing", result.err)
        self.assertIn("config.json", result.out)

    def test_sarif_is_what_code_scanning_reads(self):
        def change(config):
            config["mounts"].append({"destination": "/h", "type": "bind", "source": "/",
                                     "options": ["rbind"]})
        self.config("/probe", change=change)
        result = self.call("audit", "--format", "sarif", self.bundle, root=False)
        self.assertEqual(result.code, 1)
        run = json.loads(result.out)["runs"][0]
        rules = run["tool"]["driver"]["rules"]
        levels = {}
        for entry in run["results"]:
            self.assertEqual(rules[entry["ruleIndex"]]["id"], entry["ruleId"])
            levels[entry["ruleId"]] = entry["level"]
        self.assertEqual(levels["engine-socket"], "error")
        self.assertEqual(levels["no-memory-limit"], "note")
        for entry in rules:
            self.assertTrue(0 < float(entry["properties"]["security-severity"]) <= 10)

    def test_a_hook_that_others_can_replace_is_found_on_this_host(self):
        hook = self.path("hook")
        self.write_file(hook, "#!/bin/sh\n", 0o755)
        self.config("/probe", change=lambda c: c.update(hooks={"poststop": [{"path": hook}]}))
        self.assertNotIn("untrusted-hook", self.audit("--fail-on", "never"))
        os.chmod(hook, 0o777)
        found = self.audit(code=1)["untrusted-hook"]
        self.assertEqual((found["severity"], found["pointer"]),
                         ("critical", "/hooks/poststop/0/path"))

    def test_what_is_found_is_what_the_container_has(self):
        """Each of these is a finding without a user namespace, and a fact inside."""
        def change(config):
            linux = config["linux"]
            linux["namespaces"] = [entry for entry in linux["namespaces"]
                                   if entry["type"] not in ("network", "user")]
            linux["readonlyPaths"] = linux["maskedPaths"] = []
            config["process"]["noNewPrivileges"] = False
            for kind in ("bounding", "effective", "permitted"):
                config["process"]["capabilities"][kind].append("CAP_SYS_ADMIN")
        report = self.report(change=change)
        found = self.audit(code=1)
        self.assertEqual(found["host-namespace"]["severity"], "high")
        self.assertEqual(os.readlink("/proc/self/ns/net"), report["namespaces"]["net"])
        self.assertEqual(found["capability"]["severity"], "critical")
        self.assertIn(CAP_SYS_ADMIN, report["capabilities"]["effective"])
        self.assertEqual(found["writable-proc"]["severity"], "high")
        self.assertIn("new-privileges", found)
        self.assertIn("no-seccomp", found)

    def test_nothing_is_changed_and_no_rights_are_needed(self):
        self.config("/probe")
        file = os.path.join(self.bundle, "config.json")
        os.chmod(file, stat.S_IMODE(os.stat(file).st_mode) | 0o444)
        for part in (self.bundle, os.path.dirname(self.bundle)):
            os.chmod(part, 0o755)
        with open(file, "rb") as text:
            result = self.call("audit", "-", root=False, stdin=text,
                               wrap=("setpriv", "--reuid=65534", "--clear-groups"))
        self.assertIn(result.code, (0, 1), str(result))
        self.assertRegex(result.out, re.compile(r"^<stdin>:\d+:\d+: (low|medium|high): ", re.M))


if __name__ == "__main__":
    harness.main()
