#!/usr/bin/env python3
"""The six kinds of hooks: when and where they run, what they get, what their failure does."""
import json
import os
import shutil

from harness import CleatTest, main

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


class Hooks(CleatTest):
    def setUp(self):
        super().setUp()
        self.log = self.path("log")
        # The same path in and out of the container: startContainer runs inside, the rest does not.
        self.script = self.write_file(self.path("hook"), f"""#!/bin/sh
echo "$1 $(cat | tr -d '\\n') ns=$(readlink /proc/self/ns/mnt) cwd=$(pwd) $(env | grep ^MARK)" \
>>{self.log}
""", 0o755)

    def hook(self, kind, **more):
        return {"path": self.script, "args": ["hook", kind], "env": ["PATH=/bin:/usr/bin", "MARK=1"],
                **more}

    def inside_hook(self, *script):
        return {"path": "/bin/sh", "args": ["sh", "-c", *script], "env": ["PATH=/bin"]}

    def with_hooks(self, *args, **hooks):
        self.config(*args, change=lambda config: config.update(hooks=hooks))

    def entries(self):
        """[(kind, state document, rest of the line)] in the order in which they ran."""
        if not os.path.exists(self.log):
            return []
        found = []
        with open(self.log, encoding="utf-8") as lines:
            for line in lines:
                kind, _, rest = line.rstrip("\n").partition(" ")
                state, end = json.JSONDecoder().raw_decode(rest)
                found.append((kind, state, rest[end:]))
        return found

    def kinds(self):
        return [kind for kind, *_ in self.entries()]

    def test_arguments_and_environment_are_exact(self):
        out = self.path("out")
        self.with_hooks("/bin/true", createRuntime=[
            {"path": "/bin/sh", "args": ["other name", "-c", f'echo "$0 $1" >{out}; '
                                         f'tr "\\0" "\\n" </proc/$$/environ >>{out}', "zero",
                                         "one two"], "env": ["A=1", "B=x y"]}])
        self.run_container(env={**os.environ, "SECRET": "1"})
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines()[:3], ["zero one two", "A=1", "B=x y"])

    def test_failed_poststop_hook_is_a_warning_on_stderr(self):
        """runtime.md#lifecycle, step 13. Not in a log file, which engines read as one error."""
        self.with_hooks("/bin/true", poststop=[{"path": "/bin/false"}])
        for runtime in filter(None, (self.runtime, shutil.which("runc"))):
            result = self.run_container(id=f"{self.cid}-{os.path.basename(runtime)}", runtime=runtime)
            self.assertEqual(result.code, 0, str(result))
            self.assertRegex(result.err, "hook.*status 1")
        log = self.write_file(self.path("warnings"))
        result = self.ok("run", "-b", self.bundle, self.cid, global_options=("--log", log))
        self.assertEqual((result.err, os.path.getsize(log)), ("", 0))

    def test_hooks_have_the_usual_umask(self):
        """And not init's, which has none while it makes what is in the root."""
        self.cleat_only("others hand on the caller's")
        script = self.write_file(self.path("mask"), f"#!/bin/sh\numask >>{self.log}\n", 0o755)
        kinds = [kind for kind in KINDS if kind != "startContainer"]
        self.with_hooks("/probe", **{kind: [{"path": script, "env": ["PATH=/bin"]}]
                                     for kind in kinds})
        result = self.run_container()
        self.assertEqual(result.code, 0, str(result))
        with open(self.log, encoding="utf-8") as log:
            self.assertEqual(log.read().split(), ["0022"] * len(kinds))

    def test_failing_hook_stops_create_and_leaves_nothing(self):
        for kind in ("prestart", "createRuntime", "createContainer"):
            with self.subTest(kind=kind):
                self.with_hooks("/bin/true", **{kind: [
                    {"path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"]}]})
                self.create_refused(rf"hook.*(exit|status|code).*3.*/hooks/{kind}/0")
                self.assertFalse(os.path.exists(os.path.join(self.root, self.cid)))
                self.assert_nothing_left()

    def test_failing_start_container_hook_stops_the_start(self):
        self.with_hooks("/bin/echo", "ran", startContainer=[self.inside_hook("exit 4")],
                        poststop=[self.hook("poststop")])
        self.create()
        result = self.call("start", self.cid)
        self.assertEqual(self.output(), "")
        if self.flavour != "cleat":
            return self.wait_status("stopped")
        self.assertNotEqual(result.code, 0)
        self.assertIn("/hooks/startContainer/0", result.err)
        self.assertEqual(self.kinds(), ["poststop"])
        self.assert_nothing_left()

    def test_create_runtime_hook_sees_the_network_namespace(self):
        out = self.path("out")
        self.with_hooks("/bin/true", createRuntime=[{
            "path": "/bin/sh", "args": ["sh", "-c", r"""
                pid=$(cat | sed 's/.*"pid": *\([0-9]*\).*/\1/')
                readlink /proc/$pid/ns/net >""" + out], "env": ["PATH=/bin:/usr/bin"]}])
        self.run_container()
        with open(out, encoding="utf-8") as file:
            self.assertNotEqual(file.read().strip(), os.readlink("/proc/self/ns/net"))

    def test_hook_gets_no_descriptor_of_ours(self):
        out = self.path("out")
        self.with_hooks("/bin/true", createRuntime=[
            {"path": "/bin/sh", "args": ["sh", "-c", f"ls /proc/$$/fd >{out}"],
             "env": ["PATH=/bin:/usr/bin"]}])
        self.run_container()
        with open(out, encoding="utf-8") as file:
            seen = [int(word) for word in file.read().split()]
        self.assertEqual([fd for fd in seen if fd not in (0, 1, 2, 10)], [])


if __name__ == "__main__":
    main()
