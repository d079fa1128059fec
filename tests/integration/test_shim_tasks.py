#!/usr/bin/env python3
"""The shim without containerd: what it answers to every method, in which state."""
import json
import os
import shutil
import subprocess
import time
import unittest

from bundle import with_user_namespace
from harness import main
from layout import find_controller
from shim_case import CREATED, PAUSED, RUNNING, STOPPED, ShimTest
from ttrpc import (EXISTS, INVALID, NOT_FOUND, PRECONDITION, UNKNOWN, Refused, as_bytes, decode, encode)


class States(ShimTest):
    def test_the_life_of_a_task_and_what_it_tells(self):
        pid = self.create_task("/probe", "sleep")
        state = self.ask("State")
        self.assertEqual(state, {"id": self.cid, "bundle": self.bundle, "pid": pid,
                                 "status": CREATED})
        self.assertEqual(self.ask("Connect"), {"shim_pid": self.shim_pid, "task_pid": pid,
                                                "version": "cleat"})
        waiting = self.client.send("Wait", id=self.cid)
        self.assertEqual(self.ask("Start"), {"pid": pid})
        self.assertEqual(self.status(), RUNNING)
        self.assertEqual(self.ask("Kill", signal=9), {})
        exit = self.client.answer(waiting, "Wait")
        self.assertEqual(exit["exit_status"], 137)
        self.assertEqual(self.ask("Wait"), exit)
        state = self.ask("State")
        self.assertEqual((state["status"], state["exit_status"], state["exited_at"]),
                         (STOPPED, 137, exit["exited_at"]))
        self.assertEqual(self.ask("Delete"), {"pid": pid, **exit})
        self.ask_refused(NOT_FOUND, "container not created", "State")
        self.shut_down()
        self.assertEqual(self.events.wait_for(4), ["create", "start", "exit", "delete"])
        created, started, exited, deleted = [event for _, _, event in self.events.list()]
        self.assertEqual(created, {"container_id": self.cid, "bundle": self.bundle, "io": {},
                                   "pid": pid})
        self.assertEqual(started, {"container_id": self.cid, "pid": pid})
        self.assertEqual(exited, {"container_id": self.cid, "id": self.cid, "pid": pid, **exit})
        self.assertEqual(deleted, {"container_id": self.cid, "pid": pid, **exit})
        self.assertEqual({space for _, space, _ in self.events.list()}, {self.name_space})
        self.assert_nothing_left()

    def test_each_state_refuses_what_is_not_for_it(self):
        self.create_task("/probe", "sleep")
        self.ask_refused(EXISTS, "already exists", "Create", bundle=self.bundle)
        self.ask_refused(PRECONDITION, "cannot pause a task in created state", "Pause")
        self.ask("Start")
        self.ask_refused(PRECONDITION, "cannot start a running process", "Start")
        self.ask_refused(PRECONDITION, "cannot delete a running process", "Delete")
        self.ask_refused(PRECONDITION, "cannot resume a running process", "Resume")
        self.ask("Pause")
        self.assertEqual(self.status(), PAUSED)
        self.ask_refused(PRECONDITION, "cannot pause a paused container", "Pause")
        self.ask_refused(PRECONDITION, "cannot delete a paused process", "Delete")
        self.ask_refused(PRECONDITION, "cannot exec in a paused state", "Exec", exec_id="e",
                          spec=self.exec_spec("true"))
        self.ask("Resume")
        self.assertEqual(self.status(), RUNNING)
        self.ask("Kill", signal=9)
        self.ask("Wait")
        self.ask_refused(NOT_FOUND, "process already finished", "Kill", signal=15)
        self.ask_refused(NOT_FOUND, "process already finished", "Kill", signal=9, all=True)
        self.ask_refused(PRECONDITION, "cannot start a stopped process", "Start")
        self.ask_refused(PRECONDITION, "cannot exec in a stopped state", "Exec", exec_id="e",
                          spec=self.exec_spec("true"))
        self.ask_refused(PRECONDITION, "cannot update a stopped container", "Update")
        self.ask_refused(PRECONDITION, "cannot resume a stopped container", "Resume")
        self.ask("Delete")
        for method in ("State", "Start", "Delete", "Kill", "Pause", "Resume", "Pids", "Wait",
                       "Stats", "Exec", "Update", "ResizePty", "CloseIO", "Checkpoint"):
            self.ask_refused(NOT_FOUND, "container not created", method, id="other")
        self.shut_down()
        self.assertEqual(self.events.wait_for(6), ["create", "start", "paused", "resumed", "exit",
                                                   "delete"])

    def test_a_task_that_was_never_started_is_deleted_with_its_end_told_first(self):
        pid = self.create_task("/probe", "sleep")
        self.assertEqual(self.ask("Delete")["exit_status"], 137)
        self.wait_gone(pid)
        self.shut_down()
        self.assertEqual(self.events.wait_for(3), ["create", "exit", "delete"])
        self.assert_nothing_left()

    def test_what_cannot_be_created_leaves_nothing(self):
        self.config("/no/such/program")
        self.start_shim()
        self.ask_refused(UNKNOWN, "OCI runtime create failed: ", "Create", bundle=self.bundle)
        self.ask_refused(INVALID, "invalid container ID", "Create", bundle=self.bundle, id="a/b")
        self.ask_refused(UNKNOWN, "/no/images", "Create", bundle=self.bundle,
                         checkpoint="/no/images")
        self.ask_refused(INVALID, "options of type x.y", "Create", bundle=self.bundle,
                          options={"type_url": "x.y"})
        self.shut_down()
        self.assert_nothing_left()

    def test_the_root_is_mounted_and_unmounted(self):
        image = self.path("image")
        os.rename(self.rootfs, image)
        for name in ("upper", "work"):
            os.mkdir(self.path(name))
        overlay = {"type": "overlay", "source": "overlay",
                   "options": ["index=off", f"workdir={self.path('work')}",
                               f"upperdir={self.path('upper')}", f"lowerdir={image}"]}
        self.config("/bin/touch", "/made")
        self.start_shim()
        self.ask("Create", bundle=self.bundle, rootfs=[overlay])
        self.ask("Start")
        self.assertNotIn("exit_status", self.ask("Wait"))
        self.assertTrue(os.path.exists(self.path("upper", "made")))
        self.assertIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        self.ask("Delete")
        self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        # A mount that fails: said, and what was mounted before it is taken off.
        bad = {"type": "bind", "source": "/no/such", "options": ["rbind", "ro"]}
        self.ask_refused(UNKNOWN, "failed to mount rootfs component", "Create",
                          bundle=self.bundle, rootfs=[overlay, bad])
        self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        self.shut_down()

    def test_a_place_in_the_root_is_the_images(self):
        """Links of what was mounted first lead into it, and not to what the host has there."""
        image, outside, more = (self.path(name) for name in ("image", "outside", "more"))
        os.rename(self.rootfs, image)
        os.mkdir(outside)
        os.makedirs(image + outside)
        os.symlink(outside, os.path.join(image, "link"))
        os.mkdir(more)
        with open(os.path.join(more, "file"), "w", encoding="utf-8"):
            pass
        root = {"type": "bind", "source": image, "options": ["rbind", "rw"]}
        self.start_shim()
        for target in ("/link", "../../../../../../link"):
            self.config("/bin/ls", outside + "/file")
            added = {"type": "bind", "source": more, "options": ["rbind", "ro"], "target": target}
            self.ask("Create", bundle=self.bundle, rootfs=[root, added])
            self.assertEqual(os.listdir(outside), [])
            self.assertEqual(os.listdir(self.rootfs + outside), ["file"])
            self.ask("Start")
            self.assertNotIn("exit_status", self.ask("Wait"))
            self.ask("Delete")
        self.ask_refused(UNKNOWN, "/nowhere", "Create", bundle=self.bundle,
                         rootfs=[root, added | {"target": "/nowhere"}])
        self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        self.shut_down()
        self.assert_nothing_left()

    def test_a_root_whose_ids_are_mapped(self):
        """What containerd 2 asks for where a pod has a user namespace: nobody changes owners."""
        host = 1 << 20
        image, upper = self.path("image"), self.path("upper")
        os.rename(self.rootfs, image)
        for name in (upper, self.path("work")):
            os.mkdir(name)
        os.chown(upper, host, host)  # as containerd does
        maps = [f"uidmap=0:{host}:65536", f"gidmap=0:{host}:60000,60000:{2 * host}:5536"]
        mounts = {"overlay": {"type": "overlay", "source": "overlay",
                              "options": ["index=off", f"workdir={self.path('work')}",
                                          f"upperdir={upper}", f"lowerdir={image}", *maps]},
                  "bind": {"type": "bind", "source": image, "options": ["rbind", "ro", *maps]}}
        self.start_shim()
        for kind, mount in mounts.items():
            with self.subTest(kind):
                self.config("/bin/touch", "/made", change=lambda config: (
                    with_user_namespace(config, host),
                    config["root"].update(readonly=kind == "bind")))
                self.ask("Create", bundle=self.bundle, rootfs=[mount])
                seen = os.stat(os.path.join(self.rootfs, "bin"))
                self.assertEqual((seen.st_uid, seen.st_gid), (host, host))
                self.ask("Start")
                status = self.ask("Wait").get("exit_status", 0)
                self.assertEqual(status != 0, kind == "bind", "read-only, and only that")
                self.ask("Delete")
                self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        made = os.stat(os.path.join(upper, "made"))
        self.assertEqual((made.st_uid, made.st_gid), (host, host))
        self.assertEqual(os.stat(os.path.join(image, "bin")).st_uid, 0)
        for wrong, code, why in (("uidmap=0:1", INVALID, "uidmap=0:1: not CONTAINER:HOST:SIZE"),
                                 ("uidmap=0:0:0", UNKNOWN, "uid_map"),
                                 ("suid", INVALID, "uidmap=: not CONTAINER:HOST:SIZE")):
            bad = mounts["bind"] | {"options": ["rbind", "ro", wrong, maps[1]]}
            self.ask_refused(code, why, "Create", bundle=self.bundle, rootfs=[bad])
        self.assertNotIn(self.rootfs, open("/proc/self/mounts", encoding="utf-8").read())
        self.shut_down()
        self.assert_nothing_left()

    @unittest.skipUnless(os.path.exists("/dev/loop-control"), "no loop devices here")
    @unittest.skipUnless(shutil.which("mke2fs", path="/usr/sbin:/sbin"), "no mke2fs")
    def test_a_root_in_a_file(self):
        """containerd's snapshotters blockfile and erofs."""
        def behind():
            return subprocess.run(["losetup", "--noheadings", "--associated", image], check=True,
                                  capture_output=True, text=True).stdout
        image = self.path("image.ext4")
        subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", self.rootfs, image, "16M"],
                       check=True, capture_output=True)
        shutil.rmtree(self.rootfs)
        os.mkdir(self.rootfs)
        self.start_shim()
        for options, status in ((["loop"], 0), (["ro", "loop", "direct-io"], 1)):
            self.config("/bin/touch", "/made", change=lambda config: config["root"].update(
                readonly=False))
            self.ask("Create", bundle=self.bundle, rootfs=[
                {"type": "ext4", "source": image, "options": options}])
            self.assertIn("/dev/loop", behind())
            self.ask("Start")
            self.assertEqual(self.ask("Wait").get("exit_status", 0), status, options)
            self.ask("Delete")
            self.wait_for(lambda: behind() == "", "the loop device is free")
        self.ask_refused(UNKNOWN, "/no/image: no such file", "Create", bundle=self.bundle, rootfs=[
            {"type": "ext4", "source": "/no/image", "options": ["loop"]}])
        self.shut_down()
        self.assert_nothing_left()

    def test_more_layers_than_a_page_of_options_takes(self):
        layers = []
        for i in range(60):
            layers.append(self.path("a-directory-with-a-rather-long-name-as-snapshots-have", str(i)))
            os.makedirs(layers[-1])
        os.rename(self.rootfs, self.path("image"))
        layers.append(self.path("image"))
        options = ["lowerdir=" + ":".join(layers)]
        self.assertGreater(len(options[0]), 4096)
        self.config("/bin/true")
        self.start_shim()
        self.ask("Create", bundle=self.bundle,
                  rootfs=[{"type": "overlay", "source": "overlay", "options": options}])
        self.ask("Delete")
        self.shut_down()

    def test_options_of_both_kinds_choose_the_state_root(self):
        self.config("/probe", "sleep")
        toml = f'  Root = "{self.path("two")}"\n  SystemdCgroup = false\n'
        self.write_file(self.path("three.toml"), f"Root = '{self.path('three')}'\n# end\n")
        kinds = {"one": ("containerd.runc.v1.Options",
                         encode("RuncOptions", root=self.path("one"), binary_name="runc")),
                 "two": ("runtimeoptions.v1.Options", encode("RuntimeOptions", config_body=toml)),
                 "three": ("runtimeoptions.v1.Options",
                           encode("RuntimeOptions", config_path=self.path("three.toml")))}
        self.start_shim()
        for name, (kind, value) in kinds.items():
            self.ask("Create", bundle=self.bundle,
                      options={"type_url": kind, "value": value})
            self.assertEqual(os.listdir(self.path(name, self.name_space)), [self.cid])
            self.ask("Delete")
        self.ask_refused(INVALID, "no key and value", "Create", bundle=self.bundle,
                          options={"type_url": "runtimeoptions.v1.Options",
                                   "value": encode("RuntimeOptions", config_body="nonsense")})
        self.shut_down()

    def test_a_path_in_the_form_of_a_scope_means_systemd(self):
        def change(config):
            config["linux"]["cgroupsPath"] = f"system.slice:{self.name}:one"
        self.config("/probe", "sleep", change=change)
        self.start_shim()
        try:
            pid = self.ask("Create", bundle=self.bundle)["pid"]
        except Refused as refused:
            self.assertIn("systemd", refused.text)  # there is none here, but it was asked for
        else:
            with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
                self.assertIn(f"/system.slice/{self.name}-one.scope", file.read())
            self.ask("Delete")
        self.shut_down()

    def test_pids_stats_and_update(self):
        def change(config):
            config["linux"]["resources"]["pids"] = {"limit": 33}
        pid = self.run_task("/probe", "sleep", change=change)
        self.ask("Exec", exec_id="more", spec=self.exec_spec("/bin/sleep", "100"))
        member = self.ask("Start", exec_id="more")["pid"]
        found = {each["pid"]: each.get("info") for each in self.ask("Pids")["processes"]}
        self.assertEqual(set(found), {pid, member})
        self.assertIsNone(found[pid])
        self.assertEqual(found[member]["type_url"], "containerd.runc.v1.ProcessDetails")
        self.assertEqual(decode("Details", as_bytes(found[member]["value"])), {"exec_id": "more"})
        stats = self.ask("Stats")["stats"]
        version = stats["type_url"].split(".")[3]
        metrics = decode("MetricsOne" if version == "v1" else "MetricsTwo",
                         as_bytes(stats["value"]))
        self.assertEqual(metrics["pids"], {"current": 2, "limit": 33})
        usage = metrics["memory"]["usage"]
        self.assertGreater(usage["usage"] if version == "v1" else usage, 4096)
        cpu = metrics["cpu"]
        self.assertGreater(cpu["usage"]["total"] if version == "v1" else cpu["usage_usec"], 0)
        self.ask("Update", resources={"value": json.dumps({"pids": {"limit": 44}})})
        stats = self.ask("Stats")["stats"]
        metrics = decode("MetricsOne" if version == "v1" else "MetricsTwo",
                         as_bytes(stats["value"]))
        self.assertEqual(metrics["pids"]["limit"], 44)
        self.ask_refused(UNKNOWN, "resources", "Update", resources={"value": "{"})
        self.end_task()

    def test_an_end_is_told_though_the_pid_namespace_is_shared_and_others_live(self):
        def change(config):
            config["linux"]["namespaces"] = [each for each in config["linux"]["namespaces"]
                                             if each["type"] != "pid"]
        self.run_task("/bin/sh", "-c", "sleep 1000 & sleep 1000 & exec sleep 1000", change=change)
        self.ask("Exec", exec_id="more", spec=self.exec_spec("/bin/sleep", "1000"))
        self.ask("Start", exec_id="more")
        self.ask("Kill", signal=15)
        self.assertEqual(self.ask("Wait")["exit_status"], 143)
        self.assertEqual(self.ask("Wait", exec_id="more")["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()
        self.assertEqual(self.events.wait_for(7), ["create", "start", "exec-added", "exec-started",
                                                   "exit", "exit", "delete"])
        self.assertEqual([event["id"] for topic, _, event in self.events.list()
                          if topic == "/tasks/exit"], ["more", self.cid])
        self.assert_nothing_left()

    def test_a_start_hook_that_fails_ends_the_task(self):
        def change(config):
            config["hooks"] = {"startContainer": [{"path": "/bin/false"}]}
        self.create_task("/probe", "sleep", change=change)
        self.ask_refused(UNKNOWN, "OCI runtime start failed: ", "Start")
        self.ask("Wait")
        self.assertEqual(self.status(), STOPPED)
        self.ask("Delete")
        self.shut_down()
        self.assert_nothing_left()

    def test_a_start_that_hangs_can_be_ended(self):
        def change(config):
            config["hooks"] = {"startContainer": [{"path": "/bin/sleep", "args": ["sleep", "1000"]}]}
        self.create_task("/probe", "sleep", change=change)
        starting = self.client.send("Start", id=self.cid)
        time.sleep(0.3)
        self.assertEqual(self.status(), CREATED)
        self.ask("Kill", signal=9)
        with self.assertRaises(Refused):
            self.client.answer(starting, "Start")
        self.assertEqual(self.ask("Wait")["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()
        self.assert_nothing_left()

    def test_an_oom_is_told_before_the_exit(self):
        def change(config):
            config["linux"]["resources"]["memory"] = {"limit": 16 << 20, "swap": 16 << 20}
        self.run_task("/bin/sh", "-c", "a=x; while :; do a=$a$a; done", change=change)
        self.assertEqual(self.ask("Wait")["exit_status"], 137)
        self.ask("Delete")
        self.shut_down()
        topics = self.events.wait_for(5)
        self.assertIn("oom", topics)
        self.assertLess(topics.index("oom"), topics.index("exit"))

    def test_what_the_kernel_killed_is_counted(self):
        if (find_controller("memory") or (0,))[0] != 2:
            self.skipTest("for the memory controller of cgroup v2")
        self.run_task("/probe", "sleep", change=lambda config: config["linux"]["resources"].update(
            memory={"limit": 16 << 20, "swap": 16 << 20}))
        self.ask("Exec", exec_id="e", spec=self.exec_spec("/bin/busybox", "tail", "/dev/zero"))
        self.ask("Start", exec_id="e")
        self.assertEqual(self.ask("Wait", exec_id="e")["exit_status"], 137)
        self.ask("Delete", exec_id="e")
        counted = decode("MetricsTwo", as_bytes(self.ask("Stats")["stats"]["value"]))
        self.assertGreaterEqual(counted["memory_events"]["oom_kill"], 1)
        self.assertGreaterEqual(counted["memory_events"]["max"], 1)
        self.assertIn("oom", self.events.wait_for(6))
        self.end_task()


    def test_who_kills_hears_of_it_before_the_end_is_told(self):
        """Told first, containerd deletes the task and closes the connection: the kill has failed."""
        for _ in range(12):
            self.run_task("/probe", "sleep")
            waiting = self.client.send("Wait", id=self.cid)
            killing = self.client.send("Kill", id=self.cid, signal=9, all=True)
            self.client.answer(waiting, "Wait")
            self.assertIn(killing, self.client.early, "the end was told first")
            self.client.answer(killing, "Kill")
            self.ask("Delete")


class Execs(ShimTest):
    def test_the_life_of_one_more_process(self):
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="e", spec=self.exec_spec("/bin/sh", "-c", "kill -TERM $$"))
        self.assertEqual(self.status("e"), CREATED)
        self.ask_refused(EXISTS, "already exists", "Exec", exec_id="e",
                          spec=self.exec_spec("true"))
        self.ask_refused(PRECONDITION, "process not created", "Kill", exec_id="e", signal=9)
        pid = self.ask("Start", exec_id="e")["pid"]
        self.assertEqual(self.ask("Wait", exec_id="e")["exit_status"], 143)
        self.assertEqual(self.status("e"), STOPPED)
        self.ask_refused(NOT_FOUND, "process already finished", "Kill", exec_id="e", signal=9)
        deleted = self.ask("Delete", exec_id="e")
        self.assertEqual((deleted["pid"], deleted["exit_status"]), (pid, 143))
        self.ask_refused(NOT_FOUND, "process does not exist e", "State", exec_id="e")
        self.end_task()
        self.assertEqual(self.events.wait_for(7), ["create", "start", "exec-added", "exec-started",
                                                   "exit", "exit", "delete"])

    def test_a_process_that_cannot_be_executed_is_no_process(self):
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="e", spec=self.exec_spec("/no/such"))
        waiting = self.client.send("Wait", id=self.cid, exec_id="e")
        self.ask_refused(UNKNOWN, "OCI runtime exec failed: ", "Start", exec_id="e")
        self.assertEqual(self.client.answer(waiting, "Wait")["exit_status"], 255)
        self.ask("Delete", exec_id="e")
        self.ask("Exec", exec_id="e", spec={"value": "{"})
        self.ask_refused(UNKNOWN, "OCI runtime exec failed: ", "Start", exec_id="e")
        self.ask("Delete", exec_id="e")
        self.ask_refused(INVALID, "exec id", "Exec", exec_id="a/b", spec=self.exec_spec("true"))
        self.ask("Exec", exec_id="never", spec=self.exec_spec("true"))
        self.assertEqual(self.ask("Delete", exec_id="never").get("pid", 0), 0)
        self.end_task()

    def test_arguments_may_be_long(self):
        self.run_task("/probe", "sleep")
        self.ask("Exec", exec_id="e", spec=self.exec_spec(
            "/bin/sh", "-c", "test ${#1} = 131000", "sh", "x" * 131000))
        self.ask("Start", exec_id="e")
        self.assertNotIn("exit_status", self.ask("Wait", exec_id="e"))
        self.end_task()

    def test_ends_are_never_told_before_starts(self):
        """However short a process lives."""
        self.run_task("/probe", "sleep")
        for i in range(30):
            self.ask("Exec", exec_id=f"e{i}", spec=self.exec_spec("/bin/true"))
        streams = [self.client.send("Start", id=self.cid, exec_id=f"e{i}") for i in range(30)]
        for stream in streams:
            self.client.answer(stream, "Start")
        for i in range(30):
            self.assertNotIn("exit_status", self.ask("Wait", exec_id=f"e{i}"))
            self.ask("Delete", exec_id=f"e{i}")
        self.end_task()
        self.events.wait_for(94)
        seen = {}
        for topic, _, event in self.events.list():
            seen.setdefault(event.get("exec_id") or event.get("id"), []).append(topic)
        for i in range(30):
            self.assertEqual(seen[f"e{i}"],
                             ["/tasks/exec-added", "/tasks/exec-started", "/tasks/exit"])


class Groups(ShimTest):
    def members(self, count):
        """Bundles of one pod, each created and started in the one shim."""
        self.config("/probe", "sleep", change=lambda config: config.update(
            annotations={"io.kubernetes.cri.sandbox-id": "pod"}))
        self.start_shim()
        for i in range(count):
            bundle = self.path(f"m{i}")
            subprocess.run(["cp", "-a", self.bundle, bundle], check=True)
            with open(os.path.join(bundle, "config.json"), encoding="utf-8") as file:
                config = json.load(file)
            config["linux"]["cgroupsPath"] = f"{self.cgroup}/m{i}"
            with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
                json.dump(config, file)
            done = self.shim(action=("start",), bundle=bundle, id=f"m{i}")
            self.assertEqual(done.stdout.decode(), self.address)
            self.ask("Create", id=f"m{i}", bundle=bundle)
            self.ask("Start", id=f"m{i}")

    def finish(self, name):
        self.ask("Kill", id=name, signal=9)
        self.ask("Wait", id=name)
        self.ask("Delete", id=name)

    def test_one_shim_for_a_pod(self):
        self.members(4)
        for name in ("m2", "m0"):
            self.finish(name)
        self.ask("Shutdown", id="m0")
        self.assertEqual(self.ask("State", id="m1")["status"], RUNNING)
        self.finish("m3")
        self.finish("m1")
        # It was asked to end while it could not: it does when it can.
        began = time.monotonic()
        self.wait_gone(self.shim_pid)
        self.assertGreater(time.monotonic() - began, 2)
        self.assert_nothing_left()

    def test_a_new_member_keeps_it(self):
        self.members(1)
        self.ask("Shutdown", id="m0")
        self.finish("m0")
        time.sleep(1)
        self.ask("Create", bundle=self.bundle)
        time.sleep(5)
        self.assertEqual(self.status(), CREATED)
        self.ask("Delete")
        self.shut_down()


if __name__ == "__main__":
    main()
