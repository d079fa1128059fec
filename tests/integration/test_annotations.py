#!/usr/bin/env python3
"""Annotations that ask for what config.json has no property for, and groups of Intel RDT."""
import base64
import json
import os
import shutil
import socket
import struct

from console import receive_with_fds
from harness import CleatTest, hide_unified, main
from host import reap

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
ALARM, EPERM = 37, 1


def instruction(code, value, true=0, false=0):
    return struct.pack("=HBBI", code, true, false, value)


# alarm(2) fails with errno 42, all else is allowed (struct seccomp_data begins with the number).
FILTER = b"".join((instruction(0x20, 0), instruction(0x15, ALARM, 0, 1),
                   instruction(0x06, ERRNO | 42), instruction(0x06, ALLOW)))


class Annotations(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("the annotations are those of another runtime")

    def annotate(self, annotations, *args, linux=None, **more):
        def change(config):
            config["annotations"] = {f"run.oci.{name}": value
                                     for name, value in annotations.items()}
            config["linux"].update(linux or {})
            config.update(more)
        self.config(*args, change=change)

    def test_a_filter_as_raw_data(self):
        self.annotate({"seccomp_bpf_data": base64.b64encode(FILTER).decode()},
                      "/probe", "syscall", str(ALARM),
                      linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                          {"names": ["alarm"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7}]}})
        self.assertEqual(self.run_container().json()["errno"], 42)

    def test_unknown_calls_can_be_errors(self):
        profile = {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["alarm", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]}}
        self.annotate({}, "/probe", "exit", "3", linux=profile)
        self.assertEqual(self.run_container().code, 3)
        self.annotate({"seccomp_fail_unknown_syscall": "1"}, "/probe", "exit", "3", linux=profile)
        self.create_refused("unknown system call \"no_such_call\"")

    def test_a_seccomp_receiver(self):
        path = self.path("agent")
        with socket.socket(socket.AF_UNIX) as agent:
            agent.bind(path)
            agent.listen()
            self.annotate({"seccomp.receiver": path}, "/probe", "sleep",
                          linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                              {"names": ["alarm"], "action": "SCMP_ACT_NOTIFY"}]}})
            self.create()
            self.start()
            agent.settimeout(10)
            connection, _ = agent.accept()
            with connection:
                data, fds = receive_with_fds(connection)
            for fd in fds:
                os.close(fd)
            self.assertEqual(len(fds), 1)
            self.assertEqual(json.loads(data)["state"]["id"], self.cid)
        self.delete("--force")

    def test_the_groups_of_the_caller_can_be_kept(self):
        before = os.getgroups()
        os.setgroups([77, 78])
        try:
            user = {"uid": 5, "gid": 6, "additionalGids": [9]}
            self.config("/probe", change=lambda config: (
                config["process"].update(user=user),
                config.update(annotations={"run.oci.keep_original_groups": "1"})))
            self.assertEqual(self.run_container().json()["groups"], [77, 78])
        finally:
            os.setgroups(before)

    def groups_with(self, value, runtime, wrap):
        """The exit code, and the groups of a process for which config.json asks for group 9."""
        self.config("/probe", change=lambda config: (
            config["process"].update(user={"uid": 5, "gid": 6, "additionalGids": [9]}),
            config.update(annotations={"run.oci.keep_original_groups": value})))
        result = self.run_container(runtime=runtime, wrap=wrap)
        self.assertEqual(result.code, 0, str(result))
        return result.json()["groups"]

    def accepts_unknown_call(self, value, runtime, wrap):
        self.annotate({"seccomp_fail_unknown_syscall": value}, "/bin/true", linux={
            "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                {"names": ["alarm", "no_such_call"], "action": "SCMP_ACT_ERRNO"}]}})
        return self.run_container(runtime=runtime, wrap=wrap).code == 0

    def test_the_value_0_turns_an_option_off(self):
        before = os.getgroups()
        os.setgroups([77, 78])
        self.undo.append(lambda: os.setgroups(before))
        for name, path in self.runtimes("crun").items():
            for value in ("0", "1", "", "false", "00"):
                with self.subTest(runtime=name, value=value):
                    how = (path, hide_unified() if name == "crun" else ())
                    kept = self.groups_with(value, *how)
                    self.assertEqual(kept, [9] if value == "0" else [77, 78])
                    self.assertEqual(self.accepts_unknown_call(value, *how), value == "0")

    def test_a_receiver_of_the_pidfd(self):
        path = self.path("pidfd")
        with socket.socket(socket.AF_UNIX) as receiver:
            receiver.bind(path)
            receiver.listen()
            receiver.settimeout(10)
            self.annotate({"pidfd_receiver": path}, "/probe", "sleep")
            self.create()
            connection, _ = receiver.accept()
            with connection:
                _, fds = receive_with_fds(connection)
            self.assertEqual(len(fds), 1)
            with open(f"/proc/self/fdinfo/{fds[0]}", encoding="ascii") as info:
                self.assertIn(f"Pid:\t{self.state()['pid']}\n", info.read())
            os.close(fds[0])
        self.delete("--force")

    def test_files_for_what_hooks_write(self):
        hook = {"path": "/bin/sh", "args": ["sh", "-c", "echo to-out; echo to-err >&2"]}
        out, errors = self.path("out"), self.write_file(self.path("err"), "before\n")
        kinds = ("createRuntime", "createContainer", "startContainer", "poststart", "poststop")
        self.annotate({"hooks.stdout": out, "hooks.stderr": errors}, "/bin/true",
                      hooks={kind: [hook] for kind in kinds})
        self.assertEqual(self.run_container().code, 0)
        with open(out, encoding="ascii") as file:
            self.assertEqual(file.read(), "to-out\n" * len(kinds))
        with open(errors, encoding="ascii") as file:
            self.assertEqual(file.read(), "before\n" + "to-err\n" * len(kinds))
        self.assertEqual(os.stat(out).st_mode & 0o777, 0o600)

    def test_the_hierarchy_of_an_old_systemd(self):
        with open("/proc/self/cgroup", encoding="ascii") as lines:
            if ":name=systemd:" not in lines.read():
                self.skipTest("this host has no hierarchy name=systemd")

        def change(config):
            config["annotations"] = {"run.oci.systemd.force_cgroup_v1": "/old"}
            config["mounts"].append({"destination": "/old", "type": "tmpfs", "source": "tmpfs"})
        line = next(line for line in self.report(change=change)["mounts"] if " /old " in line)
        self.assertIn(" - cgroup ", line)
        self.assertIn("name=systemd", line)

    def test_what_is_not_built_in_is_refused_by_name(self):
        """crun 1.8.1 ignores a handler that it does not have, which is no vessel for a workload."""
        for name, value, why in (("handler", "nosuch", "cleat has no handlers"),
                                 ("seccomp.plugins", "/nosuch.so", "cleat loads no code")):
            with self.subTest(name):
                self.annotate({name: value}, "/bin/true")
                self.create_refused(rf"config\.json:\d+:\d+ /annotations/run\.oci\.{name}: {why}")
                self.assert_nothing_left()
                self.annotate({name: ""}, "/bin/true")
                self.assertEqual(self.run_container().code, 0)

    def test_a_plugin_that_is_not_there_is_refused_by_crun_too(self):
        crun = shutil.which("crun")
        if not crun:
            self.skipTest("no crun to compare with")
        self.annotate({"seccomp.plugins": "/nosuch.so"}, "/bin/true",
                      linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
                          {"names": ["alarm"], "action": "SCMP_ACT_NOTIFY"}]}})
        for _ in range(5):  # crun 1.8.1 loses the error now and then on a busy machine, and ends with 0
            theirs = self.call("run", "--bundle", self.bundle, self.cid + "-crun", runtime=crun,
                               wrap=hide_unified())
            if theirs.code != 0:
                break
        self.assertNotEqual(theirs.code, 0, str(theirs))
        self.assertIn("cannot load `/nosuch.so`", theirs.err)
        self.refused("run", "--bundle", self.bundle, self.cid,
                     text="/annotations/run.oci.seccomp.plugins: cleat loads no code")
        self.assert_nothing_left()

    def test_features_list_them(self):
        listed = self.ok("features").json()["potentiallyUnsafeConfigAnnotations"]
        self.assertIn("run.oci.handler", listed)
        self.assertIn("org.systemd.property.", listed)


class Rdt(CleatTest):
    """This kernel need not have a resctrl file system: the group is a directory that is laid out
    as one, put where only root can, in the state of the container."""

    def setUp(self):
        super().setUp()
        self.cleat_only("looks into the state")
        self.group = self.path("group")
        os.makedirs(f"{self.group}/mon_groups/{self.cid}")
        for directory in (self.group, f"{self.group}/mon_groups/{self.cid}"):
            self.write_file(f"{directory}/tasks")
        self.write_file(f"{self.group}/schemata", "L3:0=f\n")

    def sleeper_in_group(self, of_container):
        self.sleeper()
        path = os.path.join(self.root, self.cid, "state.json")
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        state["rdt"] = {"group": self.group, "monitor": f"{self.group}/mon_groups/{self.cid}",
                        "ofContainer": of_container}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)

    def read(self, name):
        with open(f"{self.group}/{name}", encoding="ascii") as file:
            return file.read()

    def test_refused_without_resctrl(self):
        with open("/proc/self/mountinfo", encoding="ascii") as mounts:
            if " - resctrl " in mounts.read():
                self.skipTest("a resctrl file system is mounted here")
        self.config("/bin/true", change=lambda config: config["linux"].update(intelRdt={}))
        self.create_refused("no resctrl file system is mounted on this host")
        self.create_refused("/linux/intelRdt")

    def test_update_writes_schemata(self):
        self.sleeper_in_group(False)
        self.ok("update", "--l3-cache-schema", "L3:0=3", self.cid)
        self.assertEqual(self.read("schemata"), "L3:0=3\n")
        self.delete_emptied(False)

    def test_update_without_a_group_is_refused(self):
        self.sleeper()
        self.refused("update", "--mem-bw-schema", "MB:0=20", self.cid, text="no intelRdt group")

    def test_exec_is_in_the_groups(self):
        self.sleeper_in_group(False)
        pid_file = self.path("pid")
        result = self.exec("/probe", "sleep", options=("--detach", "--pid-file", pid_file))
        self.assertEqual(result.code, 0, str(result))
        with open(pid_file, encoding="ascii") as file:
            pid = file.read()
        self.assertEqual(self.read("tasks"), pid)
        self.assertEqual(self.read(f"mon_groups/{self.cid}/tasks"), pid)
        self.delete_emptied(False)
        reap()

    def delete_emptied(self, of_container):
        """A resctrl directory goes with its files, which a plain one does not."""
        os.unlink(f"{self.group}/mon_groups/{self.cid}/tasks")
        if of_container:
            for name in ("tasks", "schemata"):
                os.unlink(f"{self.group}/{name}")
        self.delete("--force")

    def test_delete_removes_the_monitoring_group_and_leaves_a_shared_one(self):
        self.sleeper_in_group(False)
        self.delete_emptied(False)
        self.assertEqual(os.listdir(f"{self.group}/mon_groups"), [])
        self.assertEqual(self.read("schemata"), "L3:0=f\n")


if __name__ == "__main__":
    main()
