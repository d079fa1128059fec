"""The machine that is measured on: children, mounts, cgroups; and that nothing of them is left."""
import contextlib
import ctypes
import os
import signal
import sys
import time

from host import cgroup_mounts

CLONE_NEWNS, MS_PRIVATE_ALL, PR_SET_CHILD_SUBREAPER = 0x20000, 0x44000, 36
UNIFIED = "/sys/fs/cgroup/unified"


def own_mounts(runtimes):
    """A mount namespace of its own; without cgroup v2 beside v1, which crun refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_PRIVATE_ALL, None):
        sys.exit("bench: cannot make a mount namespace: " + os.strerror(ctypes.get_errno()))
    if "crun" in runtimes and os.path.ismount(UNIFIED):
        libc.umount2(UNIFIED.encode(), 0)
        print(f"without {UNIFIED}, which crun refuses", file=sys.stderr)


def memory_at(path):
    """A directory in memory, in the mount namespace of own_mounts()."""
    os.mkdir(path, 0o700)
    if ctypes.CDLL(None, use_errno=True).mount(b"state", path.encode(), b"tmpfs", 0, b"mode=700"):
        sys.exit(f"bench: cannot mount a tmpfs on {path}: {os.strerror(ctypes.get_errno())}")


def leave(path):
    """Takes memory_at() off again, whoever is still in it."""
    mnt_detach = 2
    ctypes.CDLL(None).umount2(path.encode(), mnt_detach)


def hierarchies():
    """The mount points of cgroups; the floor's containers are in each."""
    return sorted(set(cgroup_mounts().values()))


def reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def wait_for_children():
    """The container's init is a child of this process, which takes in orphans."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def children(pid):
    """The pids, as texts, of a process of one thread."""
    path = f"/proc/{pid}/task/{pid}/children"
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
        return file.read().split()
    return []


def end_children():
    """Runtimes that are under way, containers, and what comes to this process when those end."""
    while left := [int(pid) for pid in children(os.getpid())]:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def remove_cgroups(prefix):
    """Those that are called so and whatever is in them; their processes have been ended."""
    deadline = time.monotonic() + 10
    while found := [path for point in hierarchies() for path, _, _ in os.walk(point, topdown=False)
                    if "/" + prefix in path[len(point):] or "-" + prefix in path[len(point):]]:
        for path in found:
            with contextlib.suppress(OSError):
                os.rmdir(path)
        if time.monotonic() > deadline:
            return print("bench: left behind: " + " ".join(found), file=sys.stderr)
        time.sleep(0.02)
    return None
