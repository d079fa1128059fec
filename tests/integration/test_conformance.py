#!/usr/bin/env python3
"""cleat conformance: what it says of runc, and that it notices what runtimes do wrong. What it says of
cleat is test_conformance_cases.py."""
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib

from harness import CleatTest, judge_path, main

# Of the specification, runc 1.1.5: what it does, and why that is a failure.
KNOWN_OF_RUNC = {
    "create.version.missing": "any ociVersion is taken",
    "create.version.no-semver": "any ociVersion is taken",
    "create.version.future-major": "any ociVersion is taken",
    "delete.created": "a created container is deleted",
    "mounts.options.defaults": "goes to the file system, which refuses it",
    "mounts.options.data": "mode is overwritten by that of the mount point",
    "devices.existing": "the file stays, and is no device",
    "devices.path.none": "nothing is made, nothing is said",
    "rootfs-propagation.shared": "the root is private",
    "personality.linux32": "is ignored",
    "seccomp.names.empty": "is ignored",
    "cgroups.path.nested": "a parent that it made stays",
    "hooks.order.all": "poststart hooks are called by create",
    "hooks.poststart.before-return": "poststart hooks are called by create",
    "hooks.poststart.state": "poststart hooks are called by create",
    "hooks.path.container": "start has ended before",
    "hooks.start-container.failure": "start has ended before",
    "hooks.poststop.failure": "the other hooks are not called",
}


class Conformance(CleatTest):
    def judge(self, *options, runtimes=None, env=None, timeout=500):
        command = [judge_path(), "conformance", *options]
        for runtime in runtimes or [self.runtime]:
            command += ["--runtime", runtime]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False,
                              env=env and {**os.environ, **env})
        self.verdicts = {}
        for line in done.stdout.splitlines():
            if found := re.match(r"(not ok|ok) \d+ - \S+: (\S+)(?: # (.*))?$", line):
                self.verdicts[found[2]] = (found[1] == "ok", found[3] or "")
        return done

    def failed(self):
        return {name for name, (good, _) in self.verdicts.items() if not good}

    def wrapper(self, body):
        """A runtime that is cleat but for `body`, a shell script with $CLEAT and "$@"."""
        return self.write_file(self.path("faulty"), f"#!/bin/bash\nCLEAT={self.runtime}\n"
                               # The operation: the first word after --root and its value.
                               f"op=$3\n{body}\nexec $CLEAT \"$@\"\n", 0o755)

    def edit(self, code):
        """A wrapper that changes config.json on create by the Python statement(s) `code`."""
        script = self.write_file(self.path("edit.py"), f"""import json, sys
path = sys.argv[1] + "/config.json"
try:
    c = json.load(open(path))
    {code}
    json.dump(c, open(path, "w"))
except (OSError, ValueError, KeyError, TypeError, AttributeError):
    pass
""")
        return self.wrapper(f'[ "$op" = create ] && python3 {script} "${{5}}"')

    def assert_notices(self, runtime, case, *options):
        done = self.judge("--filter", case, *options, runtimes=[runtime])
        self.assertIn(case, self.verdicts, done.stdout + done.stderr)
        self.assertFalse(self.verdicts[case][0], f"{case} passed: {done.stdout}")
        return done

    def test_runc_fails_where_it_is_known_to(self):
        runc = shutil.which("runc")
        if not runc:
            self.skipTest("runc is not installed")
        version = subprocess.run([runc, "--version"], capture_output=True, text=True, check=True)
        if "runc version 1.1.5" not in version.stdout:
            self.skipTest("what is known is of runc 1.1.5: " + version.stdout.splitlines()[0])
        done = self.judge("-j", "2", runtimes=[runc])
        self.assertEqual(done.returncode, 1)
        self.assertLessEqual(set(KNOWN_OF_RUNC), self.failed())
        # Another runtime's races are not ours: what else failed has to fail again.
        for case in set(self.failed()) - set(KNOWN_OF_RUNC):
            again = self.judge("--filter", case, runtimes=[runc])
            self.assertTrue(self.verdicts[case][0], done.stdout[-3000:] + again.stdout)

    def test_a_dropped_property_is_noticed(self):
        for case, code in (("process.cwd", "c['process']['cwd'] = '/'"),
                           ("process.env", "c['process']['env'] = []"),
                           ("process.user.uid", "c['process']['user']['uid'] = 0"),
                           ("process.rlimits.soft-and-hard", "c['process'].pop('rlimits')"),
                           ("process.no-new-privileges", "c['process'].pop('noNewPrivileges')"),
                           ("process.oom-score-adj", "c['process'].pop('oomScoreAdj')"),
                           ("state.annotations", "c.pop('annotations')")):
            with self.subTest(case):
                self.assert_notices(self.edit(code), case)

    def test_a_wrong_state_is_noticed(self):
        wrong = self.wrapper('[ "$op" = state ] && '
                             '{ $CLEAT "$@" | sed s/created/running/; exit ${PIPESTATUS[0]}; }')
        self.assert_notices(wrong, "state.created.status")
        nothing = self.wrapper('[ "$op" = state ] && { echo "{}"; exit 0; }')
        self.assert_notices(nothing, "state.id")
        self.assert_notices(nothing, "state.unknown-id")

    def test_a_refusal_that_does_not_come_is_noticed(self):
        for operation, case in (("start", "start.twice"), ("kill", "kill.stopped"),
                                ("delete", "delete.running"), ("create", "create.config.no-json")):
            with self.subTest(case):
                lenient = self.wrapper(f'[ "$op" = {operation} ] && {{ $CLEAT "$@"; exit 0; }}')
                self.assert_notices(lenient, case)

    def test_a_refusal_that_is_a_choice_is_no_failure_if_nothing_is_left(self):
        case = "process.user.large"
        refuses = self.wrapper('[ "$op" = create ] && { echo no such ids >&2; exit 1; }')
        self.judge("--filter", case, runtimes=[refuses])
        self.assertEqual(self.verdicts[case], (
            True, "SKIP the runtime refuses it, as it may: exit 1: no such ids"))
        self.assert_notices(self.edit("c['process']['user']['uid'] = 0"), case)
        self.assert_notices(self.wrapper('[ "$op" = create ] && { $CLEAT "$@"; exit 1; }'), case)

    def test_a_runtime_that_hangs_is_ended_and_noticed(self):
        hangs = self.wrapper('[ "$op" = start ] && sleep 1000')
        done = self.assert_notices(hangs, "start.runs", "--timeout", "1")
        self.assertIn("no answer", done.stdout)

    def test_an_old_vulnerability_is_noticed(self):
        gives = self.edit("c['process']['capabilities']['inheritable'] = "
                          "c['process']['capabilities']['bounding']")
        self.assert_notices(gives, "security.inheritable", "--suite", "security")

    def test_a_promise_to_engines_that_is_broken_is_noticed(self):
        newline = self.wrapper('[ "$op" = create ] && { $CLEAT "$@" || exit; echo >>"$7"; exit 0; }')
        self.assert_notices(newline, "engine.pid-file", "--suite", "engine")

    def test_hooks_that_are_dropped_are_noticed(self):
        self.assert_notices(self.edit("c.pop('hooks')"), "hooks.order.list")
        self.assert_notices(self.edit("c['hooks']['createRuntime'].reverse()"), "hooks.order.list")

    def test_limits_mounts_and_filters_that_are_dropped_are_noticed(self):
        for case, code in (("cgroups.pids.limit", "c['linux'].pop('resources')"),
                           ("mounts.options.nosuid", "c['mounts'][-1].pop('options')"),
                           ("mounts.order", "c['mounts'] = c['mounts'][:-2] + "
                                            "c['mounts'][:-3:-1]"),
                           ("masked.file", "c['linux'].pop('maskedPaths')"),
                           ("readonly.file", "c['linux'].pop('readonlyPaths')"),
                           ("root.readonly", "c['root'].pop('readonly')"),
                           ("seccomp.errno", "c['linux'].pop('seccomp')"),
                           ("sysctl.ipc", "c['linux'].pop('sysctl')"),
                           ("namespaces.network.new", "c['linux']['namespaces'] = [n for n in "
                            "c['linux']['namespaces'] if n['type'] != 'network']"),
                           ("devices.character", "c['linux'].pop('devices')")):
            with self.subTest(case):
                self.assert_notices(self.edit(code), case)

    def test_features_that_lie_are_noticed(self):
        lies = self.wrapper('for word; do [ "$word" = features ] && { $CLEAT features | '
                            "sed s/SCMP_CMP_EQ/SCMP_CMP_NOSUCH/; exit 0; }; done")
        self.assert_notices(lies, "features.seccomp.operators")

    def test_what_goes_wrong_with_what_goes_wrong_is_noticed(self):
        for case, body in (
                ("faults.killed.create", '[ "$op" = delete ] && exit 0'),
                ("faults.space", '[ "$op" = create ] && exit 0'),
                ("faults.descriptors.state", '[ "$op" = state ] && { $CLEAT "$@" || '
                 'echo \'{"status":"stopped"}\'; exit 0; }'),
                ("faults.descriptors.delete", '[ "$op" = delete ] && exec $CLEAT --root $2 delete '
                 '--force "${@: -1}"'),
                ("faults.damage.null", '[ "$op" = state ] && exit 0'),
                ("faults.damage.list", '[ "$op" = list ] && exit 1'),
                ("faults.race.create", '[ "$op" = create ] && { $CLEAT "$@"; exit 0; }'),
                ("faults.start.waits", '[ "$op" = start ] && exec sleep 1000'),
                ("faults.output.unread", '[ "$op" = start ] && exit 0')):
            with self.subTest(case):
                self.assert_notices(self.wrapper(body), case, "--suite", "faults", "--timeout", "2")

    def test_a_process_left_behind_is_noticed_and_ended(self):
        leaves = self.wrapper('[ "$op" = delete ] && setsid sleep 1001 >/dev/null 2>&1 &')
        done = self.assert_notices(leaves, "delete.stopped", "--timeout", "1")
        self.assertIn("nothing is left", done.stdout)
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
        self.assertNotIn("sleep 1001", running.stdout)

    def test_a_crash_is_no_refusal(self):
        crashes = self.wrapper('[ "$op" = create ] && kill -SEGV $$')
        self.assert_notices(crashes, "create.config.empty")

    def test_exit_status(self):
        self.assertEqual(self.judge("--filter", "state.id").returncode, 0)
        false = shutil.which("false")
        self.assertEqual(self.judge("--filter", "state.id", runtimes=[false]).returncode, 1)
        known = self.judge("--filter", "state.id", "--known", "state.id", runtimes=[false])
        self.assertEqual(known.returncode, 0)
        for wrong in (["--filter", "no such case"], ["--runtime", "/no/such/runtime"], ["--nonsense"],
                      ["-j", "0"], ["-j", "x"], ["--runtime", "/tmp"],
                      ["--known", "no.such.case"], ["--list", "--filter", "no such case"],
                      ["--filter", "state.id", "--out", "/no/such/file"]):
            done = self.judge(*wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertRegex(done.stderr, "^cleat: conformance: .")
        self.assertEqual(subprocess.run([judge_path(), "conformance"], capture_output=True,
                                        check=False).returncode, 2)

    def test_list(self):
        done = self.judge("--list", "--suite", "all")
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        self.assertGreaterEqual(len(lines), 500)
        self.assertEqual(len({name for name, *_ in lines}), len(lines))
        for name, level, clause, title in lines:
            self.assertRegex(name, r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
            self.assertIn(level, ("MUST", "SHOULD"))
            self.assertTrue(clause and title, name)

    def test_reports(self):
        false = shutil.which("false")
        done = self.judge("--filter", "state.created", "--format", "junit",
                          runtimes=[self.runtime, false])
        suites = ElementTree.fromstring(done.stdout)
        self.assertEqual([suite.get("failures") for suite in suites][0], "0")
        self.assertEqual(suites[1].get("failures"), suites[1].get("tests"))
        file = self.path("matrix.html")
        done = self.judge("--filter", "state.created", "--format", "html", "--out", file,
                          runtimes=[self.runtime, false])
        self.assertEqual(done.stdout, "")
        with open(file, encoding="utf-8") as page:
            text = page.read()
        self.assertEqual(text.count('class="v ok"'), 2)
        self.assertEqual(text.count('class="v bad"'), 2)
        self.assertNotRegex(text, r"(src|href)=")

    def test_the_matrix_is_what_a_browser_shows_by_day_and_night(self):
        browser = shutil.which("chromium") or shutil.which("chromium-browser")
        if not browser:
            self.skipTest("no chromium here")
        page = self.path("matrix.html")
        self.judge("--filter", "state.created", "--format", "html", "--out", page,
                   runtimes=[self.runtime, shutil.which("false")])

        def shown(*flags):
            done = subprocess.run(
                [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 "--enable-logging=stderr", f"--user-data-dir={self.path('profile')}",
                 "--window-size=900,700", *flags, "file://" + page],
                capture_output=True, text=True, timeout=120, check=False)
            self.assertNotIn("CONSOLE", done.stderr, done.stderr[-2000:])
            return done.stdout

        document = shown("--dump-dom")
        self.assertEqual(document.count('class="v ok"'), 2)
        self.assertEqual(document.count('class="v bad"'), 2)
        brightness = {}
        for scheme, number in (("dark", 0), ("light", 1)):
            picture = self.path(f"{scheme}.png")
            shown(f"--blink-settings=preferredColorScheme={number}", f"--screenshot={picture}")
            brightness[scheme] = self.brightness(picture)
        self.assertLess(brightness["dark"], 80)
        self.assertGreater(brightness["light"], 200)

    @staticmethod
    def brightness(picture):
        """Of the pixel in the corner, 0 to 255: whatever a line's filter, its first one is as it is."""
        with open(picture, "rb") as file:
            data = file.read()
        packed, at = b"", 8
        while at < len(data):  # chunks: length, type, data, sum (PNG, 5.3)
            size = int.from_bytes(data[at:at + 4], "big")
            if data[at + 4:at + 8] == b"IDAT":
                packed += data[at + 8:at + 8 + size]
            at += size + 12
        return sum(zlib.decompress(packed)[1:4]) / 3


if __name__ == "__main__":
    main()
