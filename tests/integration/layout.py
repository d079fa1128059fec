"""Which cgroup hierarchy has which controller here, and other views of the same machine.

CLEAT_CGROUP_VIEW takes hierarchies away in the test file's own mount namespace: `v1` leaves those
of cgroup v1 alone, `v2` the unified one alone (with the controllers that v1 does not hold).
"""
import os
import subprocess

from host import cgroup_mounts

ROOT = "/sys/fs/cgroup"

# what: (controller, file of v1, file of v2)
FILES = {
    "memory": ("memory", "memory.limit_in_bytes", "memory.max"),
    "reservation": ("memory", "memory.soft_limit_in_bytes", "memory.low"),
    "swap": ("memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
    "shares": ("cpu", "cpu.shares", "cpu.weight"),
    "quota": ("cpu", "cpu.cfs_quota_us", "cpu.max"),
    "burst": ("cpu", "cpu.cfs_burst_us", "cpu.max.burst"),
    "idle": ("cpu", "cpu.idle", "cpu.idle"),
    "cpus": ("cpuset", "cpuset.cpus", "cpuset.cpus"),
    "mems": ("cpuset", "cpuset.mems", "cpuset.mems"),
    "pids": ("pids", "pids.max", "pids.max"),
}


def unified_controllers(point):
    with open(os.path.join(point, "cgroup.controllers"), encoding="utf-8") as file:
        return file.read().split()


def find_controller(name):
    """(1 or 2, mount point) of the hierarchy that has the controller, or None."""
    points = cgroup_mounts()
    if name in points:
        return 1, points[name]
    unified = points.get("unified")
    if unified and (name == "unified" or name in unified_controllers(unified)):
        return 2, unified
    return None


def disk():
    """(major, minor) of a whole disk that can be throttled, or None."""
    for name in sorted(os.listdir("/sys/block")):
        if not name.startswith(("loop", "ram", "zram")):
            with open(f"/sys/block/{name}/dev", encoding="utf-8") as file:
                return tuple(int(number) for number in file.read().split(":"))
    return None


def apply_view():
    """In the mount namespace of the tests; gives a reason if the view cannot be had."""
    view = os.environ.get("CLEAT_CGROUP_VIEW", "host")
    unified = cgroup_mounts().get("unified")
    if view == "host" or (view == "v2" and unified == ROOT):
        return None
    if not unified or unified == ROOT:
        return f"this host is not hybrid, there is no {view} view of it"
    if view == "v1":
        subprocess.run(["umount", unified], check=True)
    elif view == "v2":
        subprocess.run(["umount", "-R", ROOT], check=True)
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", ROOT], check=True)
    else:
        return f"no such view: {view}"
    return None
