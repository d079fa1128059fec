"""Configurations and arguments that are wrong: each is refused with one line that names what is
wrong, nothing is left behind, and a good neighbour of each is accepted.

Each row is one mistake in an otherwise good config: where it is made (a JSON pointer, or a function
of the config), and what the line must have. Rows without an own text must name their pointer.
"""
import copy
import json
import os
import re

import harness
from bundle import default_config

REMOVED = object()


def put(config, pointer, value):
    """Sets, or with REMOVED removes, what the pointer names; "-" appends to a list."""
    *way, last = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    for token in way:
        config = config[int(token)] if isinstance(config, list) else config.setdefault(token, {})
    if isinstance(config, list):
        if last == "-":
            config.append(value)
        else:
            config[int(last)] = value
    elif value is REMOVED:
        del config[last]
    else:
        config[last] = value


def wrong_types():
    """Each property of a known type, with a value of every other type."""
    values = {"string": "x", "number": 1, "boolean": True, "list": ["x"], "object": {"x": "y"}}
    types = {
        "string": ["/ociVersion", "/root/path", "/hostname", "/domainname", "/process/cwd",
                   "/process/args/0", "/process/env/0", "/process/apparmorProfile",
                   "/process/selinuxLabel", "/process/capabilities/bounding/0",
                   "/mounts/0/destination", "/mounts/0/type", "/mounts/0/source",
                   "/mounts/0/options/0", "/linux/cgroupsPath", "/linux/rootfsPropagation",
                   "/linux/mountLabel", "/linux/maskedPaths/0", "/linux/readonlyPaths/0",
                   "/linux/namespaces/0/type", "/linux/namespaces/0/path",
                   "/linux/resources/devices/0/access", "/annotations/a",
                   "/linux/sysctl/net.ipv4.ip_forward"],
        "number": ["/process/user/uid", "/process/user/gid", "/process/user/umask",
                   "/process/oomScoreAdj", "/linux/resources/memory/limit",
                   "/linux/resources/cpu/shares", "/linux/resources/pids/limit",
                   "/linux/resources/blockIO/weight", "/linux/resources/network/classID"],
        "boolean": ["/root/readonly", "/process/terminal", "/process/noNewPrivileges",
                    "/linux/resources/devices/0/allow",
                    "/linux/resources/memory/checkBeforeUpdate"],
        "list": ["/process/args", "/process/env", "/process/rlimits", "/mounts",
                 "/process/user/additionalGids", "/hooks/prestart", "/linux/namespaces",
                 "/linux/devices", "/linux/uidMappings", "/linux/maskedPaths",
                 "/linux/resources/devices", "/linux/resources/hugepageLimits"],
        "object": ["/root", "/process", "/process/user", "/process/capabilities", "/hooks",
                   "/annotations", "/linux", "/linux/resources", "/linux/seccomp",
                   "/linux/sysctl", "/linux/resources/memory", "/linux/resources/unified"]}
    for kind, pointers in types.items():
        for pointer in pointers:
            for other, value in values.items():
                if other != kind:
                    yield pointer, value, "must be "


MEMORY = "/linux/resources/memory"
CPU = "/linux/resources/cpu"
ONE_MAP = [{"containerID": 0, "hostID": 100000, "size": 10}]
ALLOW = {"defaultAction": "SCMP_ACT_ALLOW"}

MISSING = ["/ociVersion", "/root", "/root/path", "/process/cwd", "/process/args",
           "/mounts/0/destination", "/linux/namespaces/0/type",
           "/linux/resources/devices/0/allow"]

# pointer, value, and what the line must have if not the pointer
DOCUMENT = [
    ("/ociVersion", "2.0.0"), ("/ociVersion", ""), ("/ociVersion", "latest"),
    ("/root/path", ""), ("/root/path", "/"), ("/root/path", "no\0thing"),
    ("/hostname", "x" * 65), ("/hostname", "a\0b"), ("/domainname", "x" * 65),
    ("/process/args", []), ("/process/args/0", ""), ("/process/args/0", "/probe\0"),
    ("/process/args/0", None), ("/process/cwd", ""), ("/process/cwd", "tmp"),
    ("/process/env/0", "PATH"), ("/process/env/0", "=x"), ("/process/env/0", "A=\0"),
    ("/process/user/uid", -1), ("/process/user/uid", 1 << 32), ("/process/user/uid", 1.5),
    ("/process/user/uid", (1 << 32) - 1), ("/process/user/gid", -1),
    ("/process/user/umask", 0o1000), ("/process/oomScoreAdj", 1001),
    ("/process/oomScoreAdj", -1001), ("/process/consoleSize", {"height": 24}),
    ("/process/rlimits", [{"type": "RLIMIT_MOON", "soft": 1, "hard": 1}]),
    ("/process/rlimits", [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]),
    ("/process/rlimits", 2 * [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]),
    ("/process/rlimits", [{"type": "RLIMIT_CORE", "soft": 1}]),
    ("/process/scheduler", {"policy": "SCHED_MOON"}), ("/process/scheduler", {}),
    ("/process/scheduler", {"policy": "SCHED_FIFO", "priority": 0}),
    ("/process/scheduler", {"policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_UTIL_CLAMP_MIN"]}),
    ("/process/ioPriority", {"class": "IOPRIO_CLASS_BE", "priority": 8}),
    ("/process/ioPriority", {"class": "BE", "priority": 1}),
    ("/process/execCPUAffinity", {"initial": "first"}),
    ("/mounts/0/destination", ""), ("/mounts/-", {"destination": "/x"}, "/mounts/7/type"),
    ("/mounts/-", {"destination": "/x", "type": "bind"}, "/mounts/7/source"),
    ("/mounts/-", {"destination": "/x", "type": "tmpfs", "uidMappings": ONE_MAP,
                   "gidMappings": ONE_MAP}, "/mounts/7/uidMappings"),
    ("/hooks", {"prestart": [{"path": "relative"}]}),
    ("/hooks", {"poststop": [{"path": "/x", "timeout": 0}]}),
    ("/hooks", {"poststart": [{}]}),
    ("/annotations", {"": "x"}),
    ("/linux/namespaces/0/type", "moon"), ("/linux/namespaces/-", {"type": "pid"}, "duplicate"),
    ("/linux/namespaces/1/path", "proc/self/ns/net"),
    ("/linux/uidMappings", ONE_MAP),
    ("/linux/timeOffsets", {"boottime": {"secs": 1}}),
    ("/linux/devices", [{"path": "dev/x", "type": "c", "major": 1, "minor": 3}]),
    ("/linux/devices", [{"path": "/dev/x", "type": "x", "major": 1, "minor": 3}]),
    ("/linux/devices", [{"path": "/dev/x", "type": "c"}]),
    ("/linux/devices", [{"path": "/dev/x", "type": "c", "major": -1, "minor": 3}]),
    ("/linux/netDevices", {"no/name": {}}), ("/linux/cgroupsPath", "/a/../../b"),
    ("/linux/cgroupsPath", "/" + "x" * 300),
    ("/linux/sysctl", {"kernel.core_pattern": "|/x"}),
    ("/linux/sysctl", {"net/../kernel/core_pattern": "|/x"}),
    ("/linux/rootfsPropagation", "sideways"), ("/linux/maskedPaths", ["relative"]),
    ("/linux/maskedPaths", ["/proc/../../etc"]), ("/linux/readonlyPaths", ["relative"]),
    ("/linux/personality", {"domain": "MOON"}),
    ("/linux/personality", {"domain": "LINUX", "flags": ["MOON"]}),
    ("/linux/memoryPolicy", {"mode": "MPOL_MOON"}),
    ("/linux/memoryPolicy", {"mode": "MPOL_BIND", "nodes": "all"}),
    ("/linux/memoryPolicy", {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_MOON"]}),
    ("/linux/netDevices", {"no-such-dev": {}}), ("/linux/intelRdt", {"closID": "x"}),
    ("/linux/seccomp", {}), ("/linux/seccomp", {"defaultAction": "SCMP_ACT_MOON"}),
    ("/linux/seccomp", {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/x"}),
    ("/linux/seccomp", {"defaultAction": "SCMP_ACT_ERRNO"}, "execve"),
    ("/linux/seccomp", {**ALLOW, "architectures": ["SCMP_ARCH_MOON"]}),
    ("/linux/seccomp", {**ALLOW, "flags": ["SECCOMP_FILTER_FLAG_MOON"]}),
    ("/linux/seccomp", {**ALLOW, "syscalls": [{"names": [], "action": "SCMP_ACT_LOG"}]}),
    ("/linux/seccomp", {**ALLOW, "syscalls": [{"names": ["a"], "action": "SCMP_ACT_NOTIFY"}]}),
    ("/linux/seccomp", {**ALLOW, "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG",
                                              "args": [{"index": 6, "value": 0,
                                                        "op": "SCMP_CMP_EQ"}]}]}),
    (MEMORY, {"limit": -2}), (MEMORY, {"limit": 4096, "swap": 4095}), (MEMORY, {"swappiness": 101}),
    (MEMORY, {"limit": 1 << 63}), (CPU, {"period": 999}), (CPU, {"shares": -1}),
    (CPU, {"quota": -2}), (CPU, {"idle": 2}), (CPU, {"cpus": "first"}),
    ("/linux/resources/pids", {"limit": -2}), ("/linux/resources/blockIO", {"weight": 9}),
    ("/linux/resources/hugepageLimits", [{"pageSize": "3MB", "limit": 0}]),
    ("/linux/resources/devices", [{"allow": True, "type": "moon"}]),
    ("/linux/resources/devices", [{"allow": True, "access": "rx"}]),
    ("/linux/resources/unified", {"../x": "1"}),
]

# What only this machine, its files or its kernel can say.
MACHINE = [
    ("/root/path", "nothing"), ("/root/path", "config.json"),
    ("/mounts/-", {"destination": "/x", "type": "moonfs", "source": "x"}, r"moonfs.*ENODEV.*config\.json:\d+:\d+ /mounts/7"),
    ("/mounts/-", {"destination": "/x", "type": "tmpfs", "options": ["moon=1"]}, "moon=1.*/mounts/7"),
    ("/mounts/-", {"destination": "/x", "type": "bind", "source": "/no/such"}, "/no/such.*/mounts/7"),
    ("/mounts/-", {"destination": "/tmp", "type": "bind", "source": "/etc/passwd"},
     "directory.*/mounts/7"),
    ("/linux/namespaces/1/path", "/proc/self/ns/uts", "not a network namespace.*/linux/namespaces/1"),
    ("/linux/namespaces/1/path", "/no/such/ns", "/linux/namespaces/1"),
    ("/linux/sysctl", {"net.moon": "1"}), ("/linux/sysctl", {"net.ipv4.ip_forward": "moon"}),
    ("/linux/intelRdt", {"closID": "x", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20",
                         "schemata": ["L2:0=f"], "enableMonitoring": True}),
    ("/linux/mountLabel", "system_u:object_r:container_file_t:s0"),
    (CPU, {"cpus": "5000"}, "cpuset.cpus.*/linux/resources/cpu/cpus"), ("/process/args/0", "/nothing"),
    ("/hooks", {"createRuntime": [{"path": "/bin/false"}]}),
    ("/hooks", {"createRuntime": [{"path": "/no/such"}]}, "/no/such.*/hooks/createRuntime/0"),
]

TEXTS = [
    ("empty", "", "document is empty"), ("blank", " \n", "not valid JSON"),
    ("cut", '{"ociVersion": "1.0.0', "config.json:1:22: not valid JSON"),
    ("two documents", "{}\n{}", "config.json:2:1: not valid JSON"),
    ("a comment", "{} // x", "not valid JSON"), ("an array", "[]", "must be an object"),
    ("a string", '"x"', "must be an object"), ("null", "null", "must be an object"),
    ("a number", "1", "must be an object"), ("a NUL", '{"a": 1\0}', "NUL"),
    ("deep", '{"a": ' + "[" * 100000, "64 levels deep"),
    ("twice the same", '{"process": {},\n "process": {}}', "config.json:2:13 /process: duplicate"),
    ("another platform", '{"ociVersion": "1.0.0", "root": {"path": "x"}, "windows": {}}',
     "/windows: .*another platform"),
    ("no text", b"\x7fELF\2\1\1\0\0\xff", "not valid JSON"),
    ("no UTF-8", b'{"ociVersion": "\xff"}', "config.json:1:17: not valid JSON"),
    ("a byte order of its own", '{"a": 1}'.encode("utf-16"), "not valid JSON"),
    ("too large", " " * ((4 << 20) + 1), "more than 4194304 bytes|longer than"),
]


class BadConfig(harness.CleatTest):
    def good(self):
        config = default_config(self.cgroup, ["/probe", "exit", "0"])
        config["process"]["terminal"] = False
        return config

    def refuse_rows(self, rows):
        for pointer, value, *text in rows:
            with self.subTest(pointer=pointer, value=value):
                config = self.good()
                put(config, pointer, value)
                self.write_config(config)
                result = self.create_refused(text[0] if text else re.escape(pointer))
                self.assertIn("config.json", result.err)
                self.assertLess(len(result.err), 1000)
        self.assertEqual(self.left_over(), [])

    def test_the_config_that_all_mistakes_are_made_in_is_good(self):
        self.write_config(self.good())
        self.assertEqual(self.run_container().code, 0)

    def test_values_of_the_wrong_type(self):
        self.cleat_only("every property's type")
        self.refuse_rows([(pointer, value, f"{re.escape(pointer)}(: |/).*{text}")
                          for pointer, value, text in wrong_types()])

    def test_what_is_required_is_missing(self):
        self.refuse_rows([(pointer, REMOVED) for pointer in MISSING])

    def test_values_that_the_specification_rules_out(self):
        self.refuse_rows(DOCUMENT)

    def test_values_that_this_machine_cannot_serve(self):
        self.refuse_rows(MACHINE)

    def test_texts_that_are_no_config(self):
        for name, content, text in TEXTS:
            with self.subTest(name):
                with open(os.path.join(self.bundle, "config.json"), "wb") as file:
                    file.write(content if isinstance(content, bytes) else content.encode())
                self.create_refused(text)
        self.assertEqual(self.left_over(), [])

    def test_all_mistakes_are_told_in_one_line(self):
        config = self.good()
        config["process"]["cwd"] = "x"
        config["process"]["oomScoreAdj"] = 5000
        config["linux"]["maskedPaths"] = ["y"]
        self.write_config(config)
        self.create_refused("/process/cwd: .*; .*/process/oomScoreAdj: .*; .*/linux/maskedPaths/0: ")

    def test_hundreds_of_thousands_of_mistakes_are_answered_at_once(self):
        self.write_config('{"ociVersion": "1.0.0", "process": {"cwd": "/", "args": [' +
                          ",".join(["1"] * 300000) + ']}}')
        result = self.create_refused("/process/args/0: must be a string")
        self.assertLess(len(result.err), 6000)

    def test_an_unmapped_user(self):
        def refuse(user, maps, text):
            config = self.good()
            config["linux"]["namespaces"].append({"type": "user"})
            config["linux"].update(uidMappings=maps, gidMappings=maps)
            config["process"]["user"] = user
            self.write_config(config)
            self.create_refused(text)
        refuse({"uid": 10, "gid": 0}, ONE_MAP, "/process/user/uid: id 10 is not mapped")
        refuse({"uid": 5, "gid": 5}, [{"containerID": 5, "hostID": 100000, "size": 9}],
               "id 0 of the user namespace must be mapped.*/linux/uidMappings")
        refuse({"uid": 0, "gid": 0}, ONE_MAP + ONE_MAP, "/linux/uidMappings/1: overlaps")
        refuse({"uid": 0, "gid": 0}, [], "/linux/uidMappings: a new user namespace needs")

    def test_properties_that_nobody_knows_are_ignored(self):
        config = self.good()
        config["x-new"] = {"a": [1, None]}
        config["process"]["later"] = 1
        config["linux"]["resources"]["later"] = {}
        self.write_config(config)
        self.assertEqual(self.run_container().code, 0)

    def test_good_neighbours_of_bad_values(self):
        def neighbour(config):
            config["process"]["rlimits"] = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
            config["process"]["user"]["umask"] = 0o777
            config["process"]["env"].append("EMPTY=")
            config["hostname"] = "x" * 64
            config["linux"]["seccomp"] = {
                **ALLOW, "syscalls": [{"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO",
                                       "errnoRet": 4095}]}
            config["linux"]["resources"]["pids"] = {"limit": -1}
        config = self.good()
        neighbour(config)
        self.write_config(config)
        result = self.run_container()
        self.assertEqual(result.code, 0, str(result))
        self.write_config(json.dumps(copy.deepcopy(config)).replace('"uid": 0', '"uid": 0.0'))
        self.assertEqual(self.run_container().code, 0)


class BadFile(harness.CleatTest):
    def config_path(self):
        return os.path.join(self.bundle, "config.json")

    def test_no_bundle(self):
        self.refused("create", "--bundle", self.path("none"), self.cid, text="none.*ENOENT")

    def test_a_bundle_that_is_a_file(self):
        path = self.write_file(self.path("file"))
        self.refused("create", "--bundle", path, self.cid, text="file.*ENOTDIR")

    def test_no_config(self):
        self.create_refused("config.json.*ENOENT")

    def test_config_is_a_directory(self):
        os.mkdir(self.config_path())
        self.create_refused("config.json: not a regular file")

    def test_config_is_a_fifo(self):
        os.mkfifo(self.config_path())
        self.create_refused("config.json: not a regular file")

    def test_config_is_a_device(self):
        os.symlink("/dev/zero", self.config_path())
        self.create_refused("config.json: not a regular file")

    def test_config_is_a_symlink_that_goes_round(self):
        os.symlink("config.json", self.config_path())
        self.create_refused("config.json.*ELOOP")

    def test_a_user_that_is_not_root_and_brings_no_user_namespace(self):
        self.config("/probe")
        os.chmod(self.directory, 0o755)
        os.makedirs(self.root, mode=0o777)
        os.chmod(self.root, 0o777)
        self.create_refused("needs a user namespace.*/linux/namespaces",
                            wrap=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"))

    def test_process_document_of_exec(self):
        self.sleeper()
        good = {"args": ["/probe", "exit", "0"], "cwd": "/", "env": [], "user": {"uid": 0, "gid": 0}}
        path = self.path("process.json")
        for pointer, value in (("/args", []), ("/args", "x"), ("/cwd", "x"), ("/cwd", None),
                               ("/env", ["A"]), ("/user/uid", -1), ("/oomScoreAdj", 2000),
                               ("/terminal", "no"), ("/rlimits", [{}])):
            with self.subTest(pointer=pointer, value=value):
                document = copy.deepcopy(good)
                put(document, pointer, value)
                self.write_file(path, json.dumps(document))
                self.refused("exec", "--process", path, self.cid, text=re.escape(pointer))
        for content in ("", "{", "[]", '{"cwd": "/"} x'):
            self.write_file(path, content)
            self.refused("exec", "--process", path, self.cid, text="process.json")
        self.write_file(path, json.dumps(good))
        self.ok("exec", "--process", path, self.cid)

    def test_resources_document_of_update(self):
        self.sleeper()
        path = self.path("resources.json")
        for document, text in (({"memory": {"limit": "1"}}, "/memory/limit"),
                               ({"cpu": {"period": 5}}, "/cpu/period"), ([], "object"),
                               ({"pids": {"limit": -7}}, "/pids/limit"),
                               ({"unified": {"a/b": "1"}}, "/unified/a~1b")):
            with self.subTest(text):
                self.write_file(path, json.dumps(document))
                self.refused("update", "--resources", path, self.cid, text=text)
        for content in ("", "{", '{"pids": {}} x'):
            self.write_file(path, content)
            self.refused("update", "--resources", path, self.cid, text="JSON")


if __name__ == "__main__":
    harness.main()
