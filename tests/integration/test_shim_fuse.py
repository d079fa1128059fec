#!/usr/bin/env python3
"""Roots that a program mounts through mount.fuse(8): what containerd's snapshotters fuse-overlayfs and
nydus ask the shim for, without containerd and without them."""
import os
import shutil
import signal
import unittest

from bundle import with_user_namespace
from harness import main
from shim_case import ShimTest
from ttrpc import INVALID, UNKNOWN

HELPERS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"


def why_no_fuse():
    """Why no program can serve a file system here; None if one can."""
    for program in ("mount.fuse3", "fuse-overlayfs"):
        if not shutil.which(program, path=HELPERS):
            return f"no {program}"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse: {error.strerror}"
    return None


class FuseTest(ShimTest):
    def setUp(self):
        super().setUp()
        self.image, self.upper, self.work = map(self.path, ("image", "upper", "work"))
        os.rename(self.rootfs, self.image)
        os.mkdir(self.upper)
        os.mkdir(self.work)
        self.layers = [f"lowerdir={self.image}", f"upperdir={self.upper}", f"workdir={self.work}"]

    def start_shim_with(self, *directories):
        """Helpers are looked up in the shim's PATH, which is containerd's."""
        self.start_shim(env=(("PATH", ":".join(directories)),))

    def create(self, *options, type="fuse3.fuse-overlayfs"):
        root = {"type": type, "source": "overlay", "options": [*self.layers, *options]}
        return self.ask("Create", bundle=self.bundle, rootfs=[root])

    def create_fails(self, *texts, code=UNKNOWN, type="fuse3.fuse-overlayfs", options=(), after=()):
        root = {"type": type, "source": "overlay", "options": [*self.layers, *options]}
        for text in ("OCI runtime create failed: failed to mount rootfs component: ", *texts):
            self.ask_refused(code, text, "Create", bundle=self.bundle, rootfs=[root, *after])
        self.assertIsNone(self.root_type())

    def root_type(self):
        """The type of what is mounted on the bundle's root; None if nothing is."""
        with open("/proc/self/mounts", encoding="utf-8") as file:
            found = [line.split()[2] for line in file if line.split()[1] == self.rootfs]
        return found[-1] if found else None

    def servers(self):
        """The processes that serve this test's mounts; none is overlooked for being a zombie."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                    words = file.read().split("\0")
                with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
                    name, rest = file.read().rsplit(")", 1)
            except OSError:
                continue
            of_this_test = words[0].endswith("fuse-overlayfs") and self.rootfs in words
            zombie = name.endswith("(fuse-overlayfs") and int(rest.split()[1]) == self.shim_pid
            if of_this_test or zombie:
                found.append(int(pid))
        return found

    def assert_gone(self):
        self.assertIsNone(self.root_type())
        self.wait_for(lambda: not self.servers(), "the end of the process that served the root")

    def run_to_end(self):
        self.ask("Start")
        return self.ask("Wait").get("exit_status", 0)


@unittest.skipIf(why_no_fuse(), why_no_fuse())
class Served(FuseTest):
    """By fuse-overlayfs, through the real helper."""

    def test_the_root_is_served_until_the_task_is_deleted(self):
        self.config("/bin/touch", "/tmp/made", change=lambda config: (
            config["root"].update(readonly=False), config["process"]["user"].update(uid=1000)))
        self.start_shim()
        self.create()
        self.assertEqual(self.root_type(), "fuse.fuse-overlayfs")
        server, = self.servers()
        # It is in the background and has nothing of the shim's, or of the container's.
        self.assertEqual([os.readlink(f"/proc/{server}/fd/{fd}") for fd in range(3)],
                         ["/dev/null"] * 3)
        held = [os.readlink(f"/proc/{server}/fd/{fd}") for fd in os.listdir(f"/proc/{server}/fd")]
        self.assertIn("/dev/fuse", held)
        # Its pipe is for splice(2), by libfuse.
        self.assertEqual([name for name in held if not name.startswith(("/", "pipe:"))], [])
        self.assertEqual(self.run_to_end(), 0)
        self.assertEqual(os.stat(os.path.join(self.upper, "tmp/made")).st_uid, 1000)
        self.assertEqual(self.servers(), [server])
        self.ask("Delete")
        self.assert_gone()
        self.shut_down()
        self.assert_nothing_left()

    def test_a_root_that_is_read_only(self):
        self.config("/bin/touch", "/made", change=lambda config: config["root"].update(
            readonly=False))
        self.layers = [f"lowerdir={self.image}:{self.upper}"]
        self.start_shim()
        self.create("ro")
        self.assertEqual(self.run_to_end(), 1)
        self.ask("Delete")
        self.assert_gone()
        self.shut_down()

    def test_ids_that_the_program_maps_for_a_user_namespace(self):
        host = 1 << 20
        self.config("/bin/touch", "/made", change=lambda config: (
            with_user_namespace(config, host), config["root"].update(readonly=False)))
        self.start_shim()
        self.create(f"uidmapping=0:{host}:65536", f"gidmapping=0:{host}:65536")
        self.assertEqual(os.stat(os.path.join(self.rootfs, "bin")).st_uid, host)
        self.assertEqual(self.run_to_end(), 0)
        self.assertEqual(os.stat(os.path.join(self.upper, "made")).st_uid, 0)
        self.ask("Delete")
        self.assert_gone()
        self.shut_down()
        self.assert_nothing_left()

    def test_what_is_mounted_after_it_fails(self):
        self.config("/bin/true")
        self.start_shim()
        self.create_fails('component: bind from "/no/such": mount ', after=[
            {"type": "bind", "source": "/no/such", "options": ["rbind"]}])
        self.assert_gone()
        self.shut_down()

    def test_delete_when_who_serves_the_root_has_died(self):
        self.config("/bin/sleep", "1000")
        self.start_shim()
        self.create()
        self.ask("Start")
        os.kill(self.servers()[0], signal.SIGKILL)
        self.ask("Kill", signal=9)
        self.ask("Wait")
        self.ask("Delete")
        self.assert_gone()
        self.shut_down()
        self.assert_nothing_left()

    def test_delete_does_not_wait_for_who_serves_the_root(self):
        self.config("/bin/true")
        self.start_shim()
        self.create()
        self.assertEqual(self.run_to_end(), 0)
        server, = self.servers()
        os.kill(server, signal.SIGSTOP)
        self.undo.append(lambda: os.kill(server, signal.SIGCONT))
        self.ask("Delete")
        self.assertIsNone(self.root_type())
        os.kill(server, signal.SIGCONT)
        self.assert_gone()
        self.shut_down()

    def test_what_a_killed_shim_leaves_is_cleaned_up(self):
        bundle = self.path(self.cid)  # named as containerd names it
        os.rename(self.bundle, bundle)
        self.bundle, self.rootfs = bundle, os.path.join(bundle, "rootfs")
        self.config("/bin/sleep", "1000")
        self.start_shim()
        self.create()
        self.ask("Start")
        os.kill(self.shim_pid, signal.SIGKILL)
        self.wait_gone(self.shim_pid)
        self.assertEqual(len(self.servers()), 1)
        self.assertEqual(self.shim("-bundle", self.bundle, action=("delete",)).returncode, 0)
        self.assert_gone()
        self.assert_nothing_left()

    def test_words_of_the_program_are_in_the_error(self):
        self.config("/bin/true")
        self.start_shim()
        self.layers = ["lowerdir=/no/layer", f"upperdir={self.upper}", f"workdir={self.work}"]
        self.create_fails('fuse3.fuse-overlayfs from "overlay": mount.fuse3 ended with status ',
                          "fuse-overlayfs: cannot read lower dirs: No such file or directory")
        self.create_fails("fuse.no-such-program", "mount.fuse ended with status 127: ",
                          "no-such-program: not found", type="fuse.no-such-program")
        self.assert_gone()
        self.shut_down()
        self.assert_nothing_left()


class Called(FuseTest):
    """Helpers of the tests' own: no FUSE is needed."""

    def helper(self, name, script):
        self.write_file(self.path("bin", name), f"#!/bin/sh\n{script}\n", 0o755)

    def test_the_helper_is_called_as_mount_calls_it(self):
        seen = self.path("seen")
        self.helper("mount.fuse", f'printf "%s\\n" "$@" >{seen}; cat >>{seen}; '
                    f'for fd in /proc/$$/fd/*; do readlink $fd; done >{seen}.files; '
                    'echo words; echo said >&2; exit 3')
        self.config("/bin/true")
        self.start_shim_with(self.path("bin"), HELPERS)
        self.create_fails('fuse.a.b from "overlay": mount.fuse ended with status 3: words said',
                          type="fuse.a.b", options=["a b", "X-containerd.x=1", "dev"])
        words = ["overlay", self.rootfs]
        for option in (*self.layers, "a b", "dev"):
            words += ["-o", option]
        with open(seen, encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines(), [*words, "-t", "a.b"])
        with open(f"{seen}.files", encoding="utf-8") as file:
            self.assertEqual(set(file.read().splitlines()), {
                "/dev/null", "/memfd:output (deleted)", self.path("bin/mount.fuse"), file.name})
        self.shut_down()

    def test_a_helper_that_is_missing_is_named(self):
        self.config("/bin/true")
        os.mkdir(self.path("bin"))
        self.start_shim_with(self.path("bin"))
        for helper in ("mount.fuse", "mount.fuse3"):
            self.create_fails(f"{helper} ended with status 127: cannot be executed: No such file or directory",
                              type=helper.removeprefix("mount.") + ".fuse-overlayfs")
        self.shut_down()
        self.assert_nothing_left()

    def test_a_helper_that_mounts_nothing_is_not_believed(self):
        self.helper("mount.fuse3", "true")
        self.config("/bin/true")
        self.start_shim_with(self.path("bin"), HELPERS)
        self.create_fails(f"mount.fuse3 has mounted nothing at {self.rootfs}")
        self.shut_down()

    def test_a_helper_that_fails_when_it_has_mounted(self):
        self.helper("mount.fuse3", 'mount -t tmpfs none "$2"; echo too late; exit 1')
        self.config("/bin/true")
        self.start_shim_with(self.path("bin"), HELPERS)
        self.create_fails("mount.fuse3 ended with status 1: too late")
        self.shut_down()

    def test_ids_cannot_be_mapped_by_the_kernel(self):
        self.helper("mount.fuse3", 'mount -t tmpfs none "$2"')
        self.config("/bin/true")
        self.start_shim_with(self.path("bin"), HELPERS)
        for option in ("uidmap=0:1000:1", "gidmap=0:1000:1"):
            self.create_fails(f'"overlay": {option}: the ids of a mount of FUSE cannot be mapped',
                              code=INVALID, options=[option])
        self.shut_down()

    @unittest.skipUnless(shutil.which("mount.fuse", path=HELPERS), "no mount.fuse")
    def test_a_program_that_mounts_another_file_system(self):
        """nydus-overlayfs: an overlay, of whose options it takes out what is not the kernel's."""
        self.helper("nydus-overlayfs", '[ $# = 4 ] || exit 9\n'
                    'exec mount -t "$1" -o "$(echo "$4" | sed s/,extraoption=[^,]*//)" "$1" "$2"')
        self.config("/bin/touch", "/made", change=lambda config: config["root"].update(
            readonly=False))
        self.start_shim_with(self.path("bin"), HELPERS)
        self.create("extraoption=eyJhIjoxfQ==", type="fuse.nydus-overlayfs")
        self.assertEqual(self.root_type(), "overlay")
        self.assertEqual(self.run_to_end(), 0)
        self.assertTrue(os.path.exists(os.path.join(self.upper, "made")))
        self.ask("Delete")
        self.assert_gone()
        self.shut_down()
        self.assert_nothing_left()


if __name__ == "__main__":
    main()
