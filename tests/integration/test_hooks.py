#!/usr/bin/env python3
"""The six kinds of hooks: when and where they run, what they get, what their failure does."""
import json
import os
import time

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

    def test_order_of_all_kinds(self):
        self.cleat_only("1.1 runs poststart hooks in create")
        hooks = {kind: [self.hook(kind)] for kind in KINDS if kind not in
                 ("createContainer", "startContainer")}
        hooks["createContainer"] = [self.hook("createContainer")]
        self.with_hooks("/bin/true", **hooks)
        self.create()
        self.assertEqual(self.kinds(), ["prestart", "createRuntime", "createContainer"])
        self.start()
        self.wait_for(lambda: len(self.kinds()) == 4, "poststart")
        self.wait_status("stopped")
        self.assertEqual(self.kinds()[3:], ["poststart"])
        self.delete()
        self.assertEqual(self.kinds()[4:], ["poststop"])

    def test_state_on_stdin(self):
        self.with_hooks("/bin/true", **{kind: [self.hook(kind)] for kind in
                                        ("createRuntime", "poststart", "poststop")})
        self.assertEqual(self.run_container().code, 0)
        entries = {kind: state for kind, state, _ in self.entries()}
        self.assertEqual(set(entries), {"createRuntime", "poststart", "poststop"})
        for kind, status in (("createRuntime", ("created", "creating")),
                             ("poststart", ("running", "stopped") + (() if self.flavour == "cleat" else ("created",))), ("poststop", ("stopped",))):
            self.assertEqual(entries[kind]["id"], self.cid)
            self.assertEqual(entries[kind]["bundle"], self.bundle)
            self.assertIn(entries[kind]["status"], status, kind)
            self.assertIn("ociVersion", entries[kind])
        self.assertGreater(entries["createRuntime"]["pid"], 1)

    def test_annotations_are_in_the_state_on_stdin(self):
        self.config("/bin/true", change=lambda config: config.update(
            annotations={"a.b": "c"}, hooks={"createRuntime": [self.hook("createRuntime")]}))
        self.run_container()
        self.assertEqual(self.entries()[0][1]["annotations"], {"a.b": "c"})

    def test_pid_on_stdin_is_the_inits_in_the_runtimes_namespace(self):
        self.with_hooks("/probe", "sleep", createRuntime=[self.hook("createRuntime")])
        self.create()
        self.assertEqual(self.entries()[0][1]["pid"], self.state()["pid"])

    def test_pid_on_stdin_of_hooks_in_the_container_is_the_containers(self):
        self.with_hooks("/probe", "sleep", createContainer=[self.hook("createContainer")],
                        startContainer=[self.inside_hook("cat >/tmp/state")])
        self.create()
        self.assertEqual(self.entries()[0][1]["pid"], 1)
        self.start()
        with open(os.path.join(self.rootfs, "tmp/state"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["pid"], 1)

    def test_namespaces_of_the_kinds(self):
        self.with_hooks("/probe", "sleep", prestart=[self.hook("prestart")],
                        createRuntime=[self.hook("createRuntime")],
                        createContainer=[self.hook("createContainer")])
        self.create()
        ns = {kind: rest.split("ns=")[1].split()[0] for kind, _, rest in self.entries()}
        ours = os.readlink("/proc/self/ns/mnt")
        theirs = os.readlink(f"/proc/{self.state()['pid']}/ns/mnt")
        self.assertEqual(ns, {"prestart": ours, "createRuntime": ours, "createContainer": theirs})

    def test_start_container_hook_runs_inside_before_the_process(self):
        self.with_hooks("/bin/cat", "/tmp/hook", startContainer=[
            self.inside_hook("cat >/tmp/hook; echo; echo fine >>/tmp/hook; ls / >>/tmp/hook")])
        self.create()
        self.assertFalse(os.path.exists(os.path.join(self.rootfs, "tmp/hook")))
        self.start()
        self.wait_status("stopped")
        self.assertIn("fine", self.output())
        self.assertIn("probe", self.output())
        self.assertEqual(json.JSONDecoder().raw_decode(self.output())[0]["id"], self.cid)

    def test_hooks_of_a_kind_run_in_their_order(self):
        self.with_hooks("/bin/true", createRuntime=[self.hook(str(i)) for i in range(4)])
        self.run_container()
        self.assertEqual(self.kinds(), ["0", "1", "2", "3"])

    def test_arguments_and_environment_are_exact(self):
        out = self.path("out")
        self.with_hooks("/bin/true", createRuntime=[
            {"path": "/bin/sh", "args": ["other name", "-c", f'echo "$0 $1" >{out}; '
                                         f'tr "\\0" "\\n" </proc/$$/environ >>{out}', "zero",
                                         "one two"], "env": ["A=1", "B=x y"]}])
        self.run_container(env={**os.environ, "SECRET": "1"})
        with open(out, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines()[:3], ["zero one two", "A=1", "B=x y"])

    def test_hook_without_env_gets_none_of_ours(self):
        out = self.path("out")
        self.with_hooks("/bin/true", createRuntime=[
            {"path": "/bin/sh", "args": ["sh", "-c", f"cat /proc/$$/environ >{out}"]}])
        self.run_container(env={**os.environ, "SECRET": "1"})
        with open(out, encoding="utf-8") as file:
            content = file.read()
        if self.flavour == "cleat":
            self.assertEqual(content, "")

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

    def test_failing_hook_is_followed_by_none(self):
        self.with_hooks("/bin/true", createRuntime=[
            {"path": "/bin/false"}, self.hook("second")])
        self.create_refused("hook")
        self.assertNotIn("second", self.kinds())

    def test_poststop_hooks_run_after_a_failed_create(self):
        self.cleat_only("the specification says so since 1.0.2, runc 1.1 does not")
        self.with_hooks("/bin/true", createRuntime=[{"path": "/bin/false"}],
                        poststop=[self.hook("poststop")])
        self.create_refused("hook")
        self.assertEqual(self.kinds(), ["poststop"])

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

    def test_failing_poststop_hook_is_a_warning(self):
        self.cleat_only("1.1 stops at the first")
        self.with_hooks("/bin/true", poststop=[{"path": "/bin/false"}, self.hook("second")])
        self.create()
        self.start()
        self.wait_status("stopped")
        self.delete()
        self.assertEqual(self.kinds(), ["second"])
        self.assert_nothing_left()

    def test_hook_that_is_not_there_is_named(self):
        self.with_hooks("/bin/true", createRuntime=[{"path": "/no/such/hook"}])
        self.create_refused(r"/no/such/hook|/hooks/createRuntime/0")
        self.assert_nothing_left()

    def test_hook_that_takes_too_long_is_ended(self):
        self.with_hooks("/bin/true", createRuntime=[
            {"path": "/bin/sleep", "args": ["sleep", "30"], "timeout": 1}])
        before = time.monotonic()
        self.create_refused("timeout|timed out|time")
        self.assertLess(time.monotonic() - before, 8)
        self.assert_nothing_left()

    def test_hook_within_its_time_is_fine(self):
        self.with_hooks("/bin/true", createRuntime=[self.hook("a", timeout=5)])
        self.assertEqual(self.run_container().code, 0)

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
