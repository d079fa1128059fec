#!/usr/bin/env python3
"""What engines read, to the letter: texts, files, exit codes and flags of the command line."""
import json
import os
import re
import shutil
import subprocess

from harness import CleatTest, main
from host import cgroup_mounts

# The members of runc's statistics, whatever the container has used.
STATS = {
    "cpu": {"usage", "throttling"},
    "cpuset": {"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate",
               "memory_spread_page", "memory_spread_slab", "memory_pressure",
               "sched_load_balance", "sched_relax_domain_level"},
    "memory": {"usage", "swap", "kernel", "kernelTCP"},
    "pids": set(), "blkio": set(), "hugetlb": set(), "intel_rdt": set(),
    "network_interfaces": None,
}


class Events(CleatTest):
    def stats(self):
        out = self.ok("events", "--stats", self.cid).out
        self.assertEqual(out.count("\n"), 1, out)
        return json.loads(out)

    def test_stats_are_one_line_with_the_members_of_runc(self):
        def change(config):
            config["linux"]["resources"]["memory"] = {"limit": 64 << 20}
            config["linux"]["resources"]["pids"] = {"limit": 20}
        self.sleeper(change)
        event = self.stats()
        self.assertEqual((event["type"], event["id"], list(event)),
                         ("stats", self.cid, ["type", "id", "data"]))
        self.assertEqual(list(event["data"]), list(STATS))
        for name, members in STATS.items():
            if members is None:
                self.assertIsNone(event["data"][name])
            else:
                self.assertLessEqual(members, set(event["data"][name]), name)

    def test_stats_are_what_the_cgroup_says(self):
        def change(config):
            config["linux"]["resources"]["memory"] = {"limit": 64 << 20}
            config["linux"]["resources"]["pids"] = {"limit": 20}
        self.sleeper(change)
        data = self.stats()["data"]
        limit = int(self.cgroup_value("memory", "memory.limit_in_bytes"))
        self.assertEqual(data["memory"]["usage"]["limit"], limit)
        self.assertGreater(data["memory"]["usage"]["usage"], 0)
        self.assertLessEqual(data["memory"]["usage"]["usage"], limit)
        self.assertEqual(data["memory"]["raw"]["hierarchical_memory_limit"], limit)
        self.assertEqual(data["pids"], {"current": 1, "limit": 20})
        total = int(self.cgroup_value("cpuacct", "cpuacct.usage"))
        self.assertLessEqual(0.5 * total, data["cpu"]["usage"]["total"])
        self.assertLessEqual(data["cpu"]["usage"]["total"], total)

    def test_runc_writes_the_same_members(self):
        """The same container, judged by runc: all members that it writes, in its order."""
        if not os.access("/usr/sbin/runc", os.X_OK):
            self.skipTest("no runc to compare with")
        self.sleeper()
        ours = self.stats()["data"]
        self.ok("delete", "--force", self.cid)
        self.create(runtime="/usr/sbin/runc")
        self.undo.append(lambda: self.call("delete", "--force", self.cid, runtime="/usr/sbin/runc"))
        self.ok("start", self.cid, runtime="/usr/sbin/runc")
        theirs = self.ok("events", "--stats", self.cid, runtime="/usr/sbin/runc").json()["data"]
        self.ok("delete", "--force", self.cid, runtime="/usr/sbin/runc")
        for part, members in theirs.items():
            if not isinstance(members, dict):
                self.assertEqual(ours[part], members)
                continue
            # Pressure and huge pages are in the hybrid's cgroup2, where runc does not look.
            found = [name for name in ours[part] if name in members]
            self.assertEqual(found, [name for name in members if name in ours[part]], part)
            # Those of block devices only where one was read or written: by either, or by none.
            chance = {"cache", "ioServiceBytesRecursive", "ioServicedRecursive"}
            self.assertLessEqual(set(members) - chance, set(ours[part]), part)

    def test_events_come_each_interval_until_the_end(self):
        self.sleeper()
        process, command, out, err = self.start_call("events", "--interval", "100ms", self.cid)
        self.wait_for(lambda: os.fstat(out.fileno()).st_size > 0, "the first statistics")
        self.ok("kill", self.cid, "KILL")
        self.assertEqual(self.wait_call(process, 10), 0, command)
        out.seek(0)
        lines = out.read().decode().splitlines()
        self.assertTrue(all(json.loads(line)["type"] == "stats" for line in lines), lines)

    def test_oom_is_told(self):
        def change(config):
            config["linux"]["resources"]["memory"] = {"limit": 24 << 20, "swap": 24 << 20}
        self.sleeper(change)
        process, command, out, err = self.start_call("events", "--interval", "1h", self.cid)
        self.wait_for(lambda: "anon_inode:[eventfd]" in descriptors(process.pid), "events to watch")
        self.assertEqual(self.exec("/bin/busybox", "tail", "/dev/zero").code, 128 + 9)
        self.wait_for(lambda: os.fstat(out.fileno()).st_size > 0, "an event")
        self.ok("delete", "--force", self.cid)
        self.assertEqual(self.wait_call(process, 10), 0, command)
        out.seek(0)
        first = out.readline().decode()
        self.assertEqual(first, '{"type":"oom","id":"%s"}\n' % self.cid)

    def test_stopped_container_has_none(self):
        self.config("/bin/true")
        self.create()
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.refused("events", "--stats", self.cid, text="container not running")
        self.refused("events", self.cid, text="container not running")
        self.refused("events", "--stats", "nobody", text="container does not exist")

    def test_interval_must_be_a_time(self):
        self.sleeper()
        for text in ("0s", "5", "s", "-1s", "5x", "25h"):
            self.refused("events", "--stats", "--interval=" + text, self.cid, text="interval")


def descriptors(pid):
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            pass
    return found


class CheckpointRestore(CleatTest):
    def test_podmans_probes_get_the_answers_that_they_look_for(self):
        self.ok("checkpoint", "--help")
        self.refused("restore", "--lsm-mount-context",
                     text="requires an argument|flag needs an argument")


class Texts(CleatTest):
    def test_texts_that_engines_match(self):
        self.refused("state", "nobody", text="container does not exist", code=1)
        self.refused("start", "nobody", text="container does not exist", code=1)
        self.refused("state", "a/b", text="invalid container ID format", code=1)
        self.sleeper()
        self.refused("create", "--bundle", self.bundle, self.cid,
                     text="container with given ID already exists")
        self.refused("start", self.cid, text="cannot start an already running container")
        self.refused("resume", self.cid, text="container not paused")
        self.refused("delete", self.cid,
                     text=f"cannot delete container {self.cid} that is not stopped: running")
        self.ok("pause", self.cid)
        self.refused("pause", self.cid, text="container paused")
        self.refused("exec", self.cid, "/probe", text=re.escape(
            "cannot exec in a paused container (use --ignore-paused to override)"), code=255)
        self.ok("resume", self.cid)
        self.ok("kill", self.cid, "KILL")
        self.wait_status("stopped")
        self.refused("kill", self.cid, "KILL", text="container not running")
        self.refused("start", self.cid, text="stopped")
        self.refused("exec", self.cid, "/probe", text="cannot exec in a stopped container", code=255)

    def test_features_of_the_host(self):
        self.cleat_only("--host is its own")
        document = self.ok("features", "--host", root=False).json()
        host = document.pop("host")
        self.assertEqual(document, self.ok("features", root=False).json())
        self.assertTrue(os.uname().release.startswith(host["kernel"] + "."), host["kernel"])
        files = {"network": "net", "mount": "mnt"}
        self.assertLessEqual({files.get(name, name) for name in host["namespaces"]},
                             set(os.listdir("/proc/self/ns")))
        self.assertIn("user", host["namespaces"])
        with open("/proc/sys/kernel/seccomp/actions_avail", encoding="utf-8") as file:
            available = file.read().split()
        self.assertEqual("SCMP_ACT_NOTIFY" in host["seccomp"]["actions"],
                         "user_notif" in available)
        self.assertIn("SCMP_ACT_ERRNO", host["seccomp"]["actions"])
        mounts = cgroup_mounts()
        self.assertEqual(host["cgroup"]["v2"], "unified" in mounts)
        self.assertEqual(host["cgroup"]["v1"], bool(set(mounts) - {"unified"}))
        self.assertLessEqual(set(mounts) & {"memory", "pids", "devices"},
                             set(host["cgroup"]["controllers"]))
        self.assertEqual(host["cgroup"]["systemd"], os.path.isdir("/run/systemd/system"))

    def test_version_and_features(self):
        lines = self.ok("--version", root=False).out.splitlines()
        self.assertRegex(lines[0], r"^cleat version \S+$")
        for name, line in zip(("commit: ", "spec: ", "libseccomp: "), lines[1:]):
            self.assertTrue(line.startswith(name), lines)
        features = self.ok("features", root=False)
        self.assertEqual(features.err, "")
        document = features.json()
        self.assertIn("rro", document["mountOptions"])
        self.assertIn("user", document["linux"]["namespaces"])
        self.assertTrue(document["linux"]["mountExtensions"]["idmap"]["enabled"])

    def test_ps_is_an_array_of_host_pids(self):
        pid = self.sleeper()["pid"]
        self.assertEqual(self.ok("ps", "--format", "json", self.cid).out, f"[{pid}]\n")


class NewSys(CleatTest):
    """Engines in a sandbox mount a sysfs over the old one, and their cgroups below it."""

    def test_cgroups_below_a_sysfs_that_covers_another_one_are_found(self):
        self.config("/probe", "exit", "3")
        script = ("set -e; mkdir $1; mount --rbind /sys/fs/cgroup $1; "
                  "mount -t sysfs sysfs /sys; mount --move $1 /sys/fs/cgroup; shift; exec \"$@\"")
        result = self.run_container(
            wrap=("unshare", "--mount", "--net", "sh", "-c", script, "sh", self.path("cgroup")))
        self.assertEqual(result.code, 3, str(result))


class Joiner(CleatTest):
    def test_process_that_is_heard_before_its_joiner(self):
        """The joiner comes back from clone late, as on a busy machine."""
        strace = shutil.which("strace")
        if not strace:
            self.skipTest("no strace to hold the joiner up")
        self.sleeper()
        late = [strace, "-f", "-o", "/dev/null", "--inject=clone3:delay_exit=300000"]
        result = self.exec("/probe", "exit", "7", wrap=late)
        self.assertEqual(result.code, 7, str(result))


class Rootless(CleatTest):
    """As Podman calls: root in a user namespace, in the host's pid namespace."""

    WRAP = ("setpriv", "--clear-groups", "unshare", "--user", "--map-root-user", "--mount")

    def test_exec_enters_a_pid_namespace_that_it_could_not_leave_again(self):
        def change(config):
            config["linux"].pop("resources", None)
            config["linux"].pop("cgroupsPath", None)
            config["process"].pop("rlimits", None)
            config["linux"]["namespaces"].append({"type": "user"})
            config["linux"]["uidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]
            config["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1}]
            config["mounts"] = [m for m in config["mounts"]
                                if m["type"] not in ("cgroup", "mqueue", "sysfs", "devpts")]
        self.config("/probe", "sleep", change=change)
        script = ('set -e; mount -t tmpfs none /sys/fs/cgroup; R=$1; shift; '
                  '"$R" --root "$1" create --bundle "$2" "$3"; "$R" --root "$1" start "$3"; '
                  'code=0; "$R" --root "$1" exec "$3" /probe exit 7 || code=$?; '
                  '"$R" --root "$1" delete --force "$3"; exit $code')
        done = subprocess.run(
            [*self.WRAP, "sh", "-c", script, "sh", self.runtime, self.root, self.bundle, self.cid],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 7, done.stderr)

    def test_an_ordinary_user_runs_the_rootless_spec(self):
        os.chmod(self.directory, 0o711)
        subprocess.run(["chown", "-R", "2000:2000", self.bundle], check=True)
        script = ('set -e; cd "$1"; "$0" spec --rootless; sed -i '
                  '-e \'s/"terminal": true/"terminal": false/\' -e \'s#"sh"#"/bin/true"#\' '
                  'config.json; exec "$0" --root "$1/state" run "$2"')
        done = subprocess.run(
            ["setpriv", "--reuid", "2000", "--regid", "2000", "--clear-groups", "--inh-caps=-all",
             "sh", "-c", script, self.runtime, self.bundle, self.cid],
            capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    main()
