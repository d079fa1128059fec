"""`validate`: every problem at once and with its place, by schema, rules and host; the four forms of
output, as their readers read them; and the verdict on the documents in documents/.
"""
import json
import os
import re
import resource
import socket
import subprocess

import harness
from bundle import bind, default_config, filesystem

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "documents")

# What is found in each bad document, in its order: line and place.
BAD = {
    "syntax.json": [(1, "")], "empty.json": [(1, "")], "trailing.json": [(1, "")],
    "duplicate.json": [(4, "/root")], "nul.json": [(3, "/root/path")], "deep.json": [(1, "")],
    "not-an-object.json": [(1, "")],
    "hugepage.json": [(11, "/linux/resources/hugepageLimits/0/pageSize")],
    "net-device.json": [(9, "/linux/netDevices/eth0/name")],
    "rdma.json": [(10, "/linux/resources/rdma/mlx5_1/hcaHandles")],
    "windows.json": [(7, "/windows/layerFolders"), (10, "/windows/resources/cpu/shares"),
                     (14, "/windows/devices/0/idType")],
    "vm.json": [(6, "/vm/kernel"), (9, "/vm/image/format")],
    "state.json": [(1, "/pid"), (2, "/ociVersion"), (3, "/id"), (5, "/bundle"),
                   (7, "/annotations/a")],
    "features.json": [(2, "/ociVersionMin"), (4, "/hooks"), (7, "/linux/cgroup/v2")],
    "features-no-max.json": [(1, "/ociVersionMax")],
    "many.json": [(7, "/process/cwd"), (8, "/process/args"), (10, "/process/env/0"),
                  (14, "/process/rlimits/0/type"), (15, "/process/rlimits/0/soft"),
                  (19, "/process/terminal"), (20, "/process/oomScoreAdj"),
                  (29, "/linux/namespaces/1/type"), (33, "/linux/seccomp/defaultAction"),
                  (40, "/linux/seccomp/syscalls/0/errnoRet"),
                  (46, "/linux/resources/cpu/period"), (47, "/linux/resources/cpu/idle"),
                  (50, "/linux/resources/memory/limit")]}


class Validate(harness.CleatTest):
    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.bundle, "config.json")

    def judge(self, *arguments, code=None, **options):
        """The problems that JSON tells of."""
        result = self.call("validate", "--format", "json", *arguments, root=False, **options)
        document = result.json()
        found = [problem for each in document["documents"] for problem in each["problems"]]
        for kind in ("error", "warning"):
            self.assertEqual(document[kind + "s"], sum(p["severity"] == kind for p in found))
        self.assertEqual(result.code, code if code is not None else int(document["errors"] > 0),
                         str(result))
        return found

    def problems(self, change, *arguments):
        """Those of the default config after a change."""
        self.config("/probe", change=change)
        return self.judge(self.bundle, *arguments)

    def the_one(self, found, pointer):
        matching = [problem for problem in found if problem["pointer"] == pointer]
        self.assertEqual(len(matching), 1, f"{pointer} in {found}")
        return matching[0]

    # -- documents --

    def test_good_documents_have_no_error(self):
        names = sorted(os.listdir(os.path.join(HERE, "good")))
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                found = self.judge(os.path.join(HERE, "good", name))
                self.assertEqual([p for p in found if p["severity"] == "error"], [])

    def test_bad_documents_have_every_error_once_and_in_its_place(self):
        self.assertEqual(sorted(BAD), sorted(os.listdir(os.path.join(HERE, "bad"))))
        for name, wanted in BAD.items():
            with self.subTest(name):
                found = self.judge(os.path.join(HERE, "bad", name))
                self.assertEqual([(p["line"], p["pointer"]) for p in found
                                  if p["severity"] == "error"], wanted, found)
                for problem in found:
                    if problem["source"] != "syntax":
                        self.assertRegex(problem["section"], r"^[a-z-]+\.md(#[a-z-]+)?$")

    def test_the_types_are_told_by_content_and_by_flag(self):
        for name, kind in (("state.json", "state"), ("features.json", "features"),
                           ("config-minimal.json", "config")):
            path = os.path.join(HERE, "good", name)
            document = self.call("validate", "--format", "json", path, root=False).json()
            self.assertEqual(document["documents"][0]["type"], kind)
        found = self.judge("--type", "features", os.path.join(HERE, "good", "state.json"))
        self.assertEqual({p["pointer"] for p in found if p["severity"] == "error"},
                         {"/ociVersionMin", "/ociVersionMax"})

    def test_what_cleat_itself_writes_is_valid(self):
        with open(self.path("features.json"), "w", encoding="utf-8") as file:
            file.write(self.ok("features").out)
        self.sleeper()
        with open(self.path("state.json"), "w", encoding="utf-8") as file:
            file.write(self.ok("state", self.cid).out)
        self.ok("spec", "--bundle", self.directory)
        for name in ("features.json", "state.json", "config.json"):
            self.assertEqual(self.judge(self.path(name)), [], name)

    # -- where documents come from --

    def test_a_bundle_a_file_the_current_directory_and_standard_input(self):
        self.config("/probe", change=lambda c: c["process"].update(cwd="x"))
        for arguments, options in (([self.bundle], {}), ([self.file], {}), ([], {"cwd": self.bundle}),
                                   (["-"], {"stdin": open(self.file, "rb")})):
            with self.subTest(arguments):
                result = self.call("validate", *arguments, root=False, **options)
                self.assertEqual(result.code, 1, str(result))
                self.assertRegex(result.out, r":\d+:\d+: error: /process/cwd: must be an absolute path")
                if "stdin" in options:
                    self.assertTrue(result.out.startswith("<stdin>:"))
                    options["stdin"].close()

    def test_what_cannot_be_read_is_said_and_the_rest_is_judged(self):
        bad = os.path.join(HERE, "bad", "vm.json")
        result = self.call("validate", self.path("nothing"), bad, root=False)
        self.assertEqual(result.code, 2, str(result))
        self.assertRegex(result.err, r"^cleat: validate: .*nothing.*ENOENT")
        self.assertIn("/vm/kernel: is required", result.out)
        for wrong in (["--type", "banana"], ["--format", "xml"], ["--banana"]):
            self.assertEqual(self.call("validate", *wrong, root=False).code, 2)

    def test_what_is_no_regular_file_is_refused_and_not_waited_for(self):
        fifo, served = self.path("fifo"), socket.socket(socket.AF_UNIX)
        os.mkfifo(fifo)
        self.undo.append(served.close)
        served.bind(self.path("socket"))
        os.makedirs(self.path("bundle-of-fifo"))
        os.mkfifo(self.path("bundle-of-fifo", "config.json"))
        for verb in ("validate", "audit"):
            for path, what in ((fifo, "a fifo that nobody writes to"),
                               (self.path("bundle-of-fifo"), "a fifo that nobody writes to"),
                               ("/dev/zero", r"no regular file \(standard input is -\)")):
                result = self.call(verb, path, root=False, timeout=5)
                self.assertEqual(result.code, 2, str(result))
                self.assertRegex(result.err, f"^cleat: {verb}: {path}.* is {what}$")
            result = self.call(verb, self.path("socket"), root=False, timeout=5)
            self.assertEqual((result.code, "ENXIO" in result.err), (2, True), str(result))

    def test_a_pipe_is_read_to_its_end(self):
        """The shell's <(command)."""
        self.config("/probe")
        script = f'"$0" validate <(sleep 0.3; cat {self.bundle}/config.json)'
        done = subprocess.run(["bash", "-c", script, self.runtime], capture_output=True, text=True,
                              timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)

    def test_a_plan_says_how_a_bundle_is_named(self):
        """As `validate DIR` is right, `plan DIR` is what one tries; but there it is the id."""
        self.config("/probe")
        how = "is the container's id; a bundle is named by --bundle, another file by --config$"
        for name in (self.bundle, "bundle/", "./bundle", "..", "bundle/config.json", "bundle"):
            self.refused("plan", name, text=f"plan {name}: .*{how}", root=False, cwd=self.directory)
        for name in (".", "config.json"):
            self.refused("plan", name, text=how, root=False, cwd=self.bundle)
        os.mkdir(os.path.join(self.bundle, "bundle"))
        for cwd, options in ((self.bundle, ()), (self.directory, ("--bundle", self.bundle)),
                             (self.directory, ("-f", os.path.join(self.bundle, "config.json")))):
            self.ok("plan", *options, "bundle", root=False, cwd=cwd)
        self.refused("plan", "other", text="config.json.*ENOENT", root=False, cwd=self.directory)

    def test_nothing_is_said_of_a_good_document_but_on_a_terminal(self):
        path = os.path.join(HERE, "good", "config-minimal.json")
        self.assertEqual(self.ok("validate", path, root=False).out, "")
        shown = subprocess.run(["script", "-qec", f"{self.runtime} validate {path}", "/dev/null"],
                               capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
        self.assertEqual(shown.stdout.strip(), "1 document, 0 errors, 0 warnings")

    def test_a_thousand_bundles_take_two_seconds(self):
        config = json.dumps(default_config(self.cgroup, ["/probe"]))
        bundles = [self.path("many", str(number)) for number in range(1000)]
        for bundle in bundles:
            os.makedirs(bundle)
            with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
                file.write(config)
        def used():
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            return usage.ru_utime + usage.ru_stime
        # The processor's time: others may be at work beside this.
        before = used()
        self.ok("validate", *bundles, root=False)
        self.assertLess(used() - before, 2 * harness.SLOWNESS)

    # -- warnings and hints --

    def test_unknown_properties_are_warned_of_with_what_was_meant(self):
        def change(config):
            config["process"]["noNewPrivilege"] = True
            config["linux"]["maskedpaths"] = config["linux"].pop("maskedPaths", [])
            config["x-own"] = 1
        found = self.problems(change)
        self.assertEqual([(p["pointer"], p["severity"], p["source"]) for p in found], [
            (place, "warning", "unknown-property") for place in
            ("/process/noNewPrivilege", "/linux/maskedpaths", "/x-own")])
        self.assertEqual([p.get("hint") for p in found], [
            'did you mean "noNewPrivileges"?', 'did you mean "maskedPaths"?', None])
        strict = self.judge("--strict", self.bundle)
        self.assertEqual({p["severity"] for p in strict}, {"error"})

    def test_hints_name_the_word_or_the_form_that_was_meant(self):
        rows = [
            (lambda c: c["linux"]["namespaces"].append({"type": "usr"}),
             "/linux/namespaces/{n}/type", 'did you mean "user"?'),
            (lambda c: c["process"]["rlimits"].append(
                {"type": "RLIMIT_NOFIL", "soft": 1, "hard": 1}),
             "/process/rlimits/{r}/type", 'did you mean "RLIMIT_NOFILE"?'),
            (lambda c: c["process"].update(terminal="true"), "/process/terminal",
             "write true without quotes"),
            (lambda c: c["process"].update(args="sh"), "/process/args", 'write ["sh"]'),
            (lambda c: c["process"]["user"].update(umask=777), "/process/user/umask",
             "JSON has decimal numbers alone: 0644 is 420"),
            (lambda c: c["process"]["capabilities"]["bounding"].insert(0, "cap_kill"),
             "/process/capabilities/bounding/0", 'did you mean "CAP_KILL"?'),
            (lambda c: c["linux"].update(namespaces=[
                n for n in c["linux"]["namespaces"] if n["type"] != "uts"]),
             "/hostname", 'add {"type": "uts"} to /linux/namespaces')]
        for change, pointer, hint in rows:
            with self.subTest(pointer):
                def apply(config, change=change):
                    config["hostname"] = "a"
                    config["process"].setdefault("rlimits", [])
                    change(config)
                config = default_config(self.cgroup, ["/probe"])
                pointer = pointer.format(n=len(config["linux"]["namespaces"]),
                                         r=len(config["process"].get("rlimits", [])))
                self.assertEqual(self.the_one(self.problems(apply), pointer)["hint"], hint)

    def test_what_other_runtimes_ignore_is_warned_of(self):
        def change(config):
            config["process"]["consoleSize"] = {"height": 1, "width": 1}
            config["mounts"].append({"destination": "/t", "type": "tmpfs", "source": "tmpfs",
                                     "options": ["nosymfollow"]})
            config["linux"]["resources"]["memory"] = {"useHierarchy": True, "kernel": -1}
        found = self.problems(change)
        self.assertEqual({p["source"] for p in found}, {"ignored-elsewhere"})
        self.assertEqual([p["message"] for p in found],
                         ["youki ignores this", "crun and youki ignore this",
                          "runc and youki ignore this"])

    # -- this host --

    def test_the_host_refuses_what_it_does_not_have(self):
        self.assertEqual([p for p in self.problems(None, "--host") if p["severity"] == "error"], [])

        def change(config):
            config["mounts"] += [
                {"destination": "/a", "type": "bananafs", "source": "x"},
                {"destination": "/b", "type": "bind", "source": "/nowhere", "options": ["bind"]},
                {"destination": "/dir", "type": "bind", "source": "/bin/sh", "options": ["bind"]},
                {"destination": "/dir", "type": "bind", "source": "/bin", "options": ["bind"]}]
            config["hooks"] = {"poststop": [{"path": "/nowhere"}]}
            config["linux"]["namespaces"][0]["path"] = "/proc/self/status"
            config["linux"]["sysctl"] = {"net.banana": "1"}
            config["linux"]["resources"]["cpu"] = {"cpus": "5000"}
            config["linux"]["resources"]["hugepageLimits"] = [{"pageSize": "1024GB", "limit": 1}]
            config["linux"]["intelRdt"] = {"closID": "x"}
            config["process"]["scheduler"] = {"policy": "SCHED_OTHER",
                                              "flags": ["SCHED_FLAG_UTIL_CLAMP_MIN"]}
        self.config("/probe", change=change)
        os.makedirs(os.path.join(self.rootfs, "dir"))
        self.assertEqual([p for p in self.judge(self.bundle) if p["severity"] == "error"], [])
        found = self.judge("--host", self.bundle)
        mounts = len(default_config(self.cgroup, ["/probe"])["mounts"])
        wanted = {f"/mounts/{mounts}/type", f"/mounts/{mounts + 1}/source",
                  f"/mounts/{mounts + 2}/destination",
                  "/hooks/poststop/0/path", "/linux/namespaces/0/path",
                  "/linux/sysctl/net.banana", "/linux/resources/cpu/cpus",
                  "/linux/resources/hugepageLimits/0/pageSize", "/linux/intelRdt",
                  "/process/scheduler/flags/0"}
        self.assertEqual(wanted - {p["pointer"] for p in found if p["source"] == "host" and
                                   p["severity"] == "error"}, set())
        self.assertNotIn(f"/mounts/{mounts + 3}/destination", {p["pointer"] for p in found})
        for path in ("config.json", "nothing"):
            found = self.problems(lambda c, path=path: c["root"].update(path=path), "--host")
            self.assertEqual(self.the_one(found, "/root/path")["source"], "host")

    def test_the_host_takes_links_as_the_mount_will_take_them(self):
        os.symlink("nowhere", self.path("link"))
        self.write_file(self.path("file"))
        none, directory = "this host has no ", "is a directory, and the source is none"
        cases = (("link", "/new", [], f"source: {none}"), ("link", "/new", ["src-nofollow"], None),
                 ("link", "/new", ["copy-symlink"], None),
                 ("absent", "/new", ["src-nofollow"], f"source: {none}"),
                 ("absent", "/new", ["copy-symlink"], f"source: {none}"),
                 ("link", "/bin", ["src-nofollow"], f"destination: \"/bin\" {directory}"),
                 ("file", "/to-bin", [], f"destination: \"/to-bin\" {directory}"),
                 ("file", "/to-bin", ["dest-nofollow"], None),
                 ("link", "/to-bin", ["copy-symlink"], None),
                 ("link", "/new", ["src-nofollow", "copy-symlink"],
                  "options/2: copy-symlink cannot go together with src-nofollow or dest-nofollow"))
        os.symlink("bin", os.path.join(self.rootfs, "to-bin"))
        for source, destination, options, wanted in cases:
            with self.subTest(source=source, destination=destination, options=options):
                found = self.problems(lambda c: c["mounts"].append(
                    bind(self.path(source), destination, *options)), "--host")
                said = [p["pointer"].rpartition("/mounts/7/")[2] + ": " + p["message"]
                        for p in found if p["severity"] == "error"]
                self.assertEqual(len(said), 0 if wanted is None else 1, said)
                self.assertTrue(wanted is None or said[0].startswith(wanted), said)

    def test_options_for_links_are_for_bind_mounts_and_ignored_by_others(self):
        for option in ("copy-symlink", "src-nofollow", "dest-nofollow"):
            with self.subTest(option):
                bound = self.problems(lambda c: c["mounts"].append(bind("/bin", "/new", option)))
                self.assertEqual([(p["severity"], p["message"]) for p in bound],
                                 [("warning", "runc and youki ignore this")])
                self.assertEqual(bound[0]["pointer"], "/mounts/7/options/1")
                other = self.problems(lambda c: c["mounts"].append(
                    filesystem("/new", "tmpfs", option)), "--host")
                self.assertIn(("/mounts/7/options/0", option + " is for bind mounts"),
                              [(p["pointer"], p["message"]) for p in other
                               if p["severity"] == "error"])

    def test_the_kernel_is_asked_for_the_options_of_file_systems(self):
        def change(config):
            config["mounts"].append({"destination": "/t", "type": "tmpfs",
                                     "options": ["size=1m", "nosuchoption=1"]})
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            before = mounts.read()
        found = self.problems(change, "--host")
        pointer = f"/mounts/{len(default_config('/x', ['/probe'])['mounts'])}/options"
        self.assertIn("nosuchoption", self.the_one(found, pointer)["message"])
        with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
            self.assertEqual(mounts.read(), before)
        self.assertEqual([p for p in self.problems(change) if p["severity"] == "error"], [])

    def test_a_version_or_platform_of_others_is_lawful_but_not_for_this_host(self):
        for name, place in (("config-version-0.json", "/ociVersion"), ("config-zos.json", "/zos")):
            path = os.path.join(HERE, "good", name)
            self.assertEqual(self.the_one(self.judge(path), place)["severity"], "warning")
            self.assertEqual(self.the_one(self.judge("--host", path), place)["severity"], "error")

    # -- forms of output --

    def many(self, form):
        path = os.path.join(HERE, "bad", "many.json")
        result = self.call("validate", "--format", form, path, root=False)
        self.assertEqual(result.code, 1, str(result))
        return path, result

    def test_text_is_what_compilers_write(self):
        path, result = self.many("text")
        lines = result.out.splitlines()
        for line in lines:
            self.assertRegex(line, rf"^{re.escape(path)}:\d+:\d+: (error|warning|note): \S")
        self.assertIn(f"{path}:29:25: error: /linux/namespaces/1/type: unknown namespace type "
                      '"netwrok" [config-linux.md#namespaces]', lines)
        self.assertIn(f'{path}:29:25: note: did you mean "network"?', lines)

    def test_sarif_has_what_its_standard_requires(self):
        path, result = self.many("sarif")
        log = result.json()
        self.assertEqual(log["version"], "2.1.0")
        self.assertEqual(len(log["runs"]), 1)
        run = log["runs"][0]
        self.assertEqual(run["tool"]["driver"]["name"], "cleat")
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        self.assertEqual(len(rules), len(set(rules)))
        self.assertEqual(len([r for r in run["results"] if r["level"] == "error"]),
                         len(BAD["many.json"]))
        for each in run["results"]:
            self.assertIn(each["level"], ("error", "warning"))
            self.assertEqual(rules[each["ruleIndex"]], each["ruleId"])
            self.assertTrue(each["message"]["text"])
            place = each["locations"][0]["physicalLocation"]
            self.assertEqual(place["artifactLocation"]["uri"], "file://" + path)
            self.assertGreaterEqual(place["region"]["startLine"], 1)
            self.assertGreaterEqual(place["region"]["startColumn"], 1)
        self.assertEqual(self.call("validate", "--format", "sarif", root=False,
                                   *[os.path.join(HERE, "good", "state.json")])
                         .json()["runs"][0]["results"], [])

    def test_github_reads_annotations_whatever_is_in_them(self):
        directory = self.path("a,b:c%d")
        os.makedirs(directory)
        with open(os.path.join(directory, "config.json"), "w", encoding="utf-8") as file:
            file.write('{"ociVersion": "1.3.0", "root": {"path": "r"},\n'
                       '"é": 1, "hooks": {"poststop": [{"path": "50%\\nx"}]},\n'
                       '"linux": {"namespaces": [{"type": "mount"}]}}\n')
        result = self.call("validate", "--format", "github", directory, root=False)
        found = re.findall(r"^::(error|warning) file=([^,:]*),line=(\d+),col=(\d+),"
                           r"title=([^,:]*)::(.*)$", result.out, re.M)
        self.assertEqual(len(found), len(result.out.splitlines()), result.out)
        plain = lambda text: re.sub("%(..)", lambda code: chr(int(code[1], 16)), text)
        unknown, error = found
        self.assertEqual(plain(error[1]), os.path.join(directory, "config.json"))
        self.assertEqual((error[0], error[2], error[3]), ("error", "2", "41"))
        self.assertEqual(plain(error[4]), "/hooks/poststop/0/path")
        self.assertIn('"50%\\u000ax" must be absolute', plain(error[5]))
        self.assertEqual((unknown[0], unknown[3]), ("warning", "6"))


if __name__ == "__main__":
    harness.main()
