"""What must be the same on the host after a test as before it."""
import contextlib
import os
import shutil
import subprocess

RUN = f"cleat-it-{os.getpid()}"


def cgroup_mounts():
    """{name: mountpoint} of every hierarchy; the unified one is "unified"."""
    found = {}
    for line in open("/proc/self/mountinfo", encoding="utf-8"):
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        point = fields.split()[4]
        if kind == "cgroup2":
            found["unified"] = point
        elif kind == "cgroup":
            for option in options.strip().split(","):
                if option not in ("rw", "ro", "xattr", "none"):
                    found[option.removeprefix("name=")] = point
    return found


def cgroups_of_run():
    found = set()
    for point in set(cgroup_mounts().values()):
        for path, directories, _ in os.walk(point):
            found.update(os.path.join(path, name) for name in directories if RUN in
                         os.path.join(path, name))
    return found


def _mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        return {_mount(line) for line in lines}


def _mount(line):
    """The options of cgroup2 are one set for all its mounts, and other runtimes reset them."""
    mount, _, kind = " ".join(line.split()[3:]).partition(" - ")
    return f"{mount} - " + ("cgroup2" if kind.startswith("cgroup2 ") else kind)


def _processes():
    """{pid: (parent, state letter)} of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
                found[int(name)] = (int(fields[1]), fields[0])
    return found


def _descendants():
    """Live processes below us; orphans come to us because we are a subreaper."""
    processes = _processes()
    found, more = set(), {os.getpid()}
    while more:
        more = {pid for pid, (parent, _) in processes.items() if parent in more} - found
        found |= more
    return {pid for pid in found if processes[pid][1] != "Z"}


def _device_owners():
    found = {}
    for name in ("null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "pts"):
        with contextlib.suppress(OSError):
            info = os.lstat("/dev/" + name)
            found["/dev/" + name] = (oct(info.st_mode), info.st_uid, info.st_gid, info.st_rdev)
    return found


def _kernel_settings():
    found = {}
    for name in ("kernel/hostname", "kernel/domainname", "kernel/core_pattern", "kernel/shmmax",
                 "net/ipv4/ip_forward"):
        with contextlib.suppress(OSError), open("/proc/sys/" + name, encoding="utf-8") as file:
            found[name] = file.read()
    return found


class Host:
    """What must be the same after a test as before it."""

    def __init__(self):
        self.cgroups, self.mounts, self.processes = cgroups_of_run(), _mounts(), _descendants()
        self.devices, self.settings = _device_owners(), _kernel_settings()

    def left_over(self, before):
        found = [f"cgroup {path}" for path in sorted(self.cgroups - before.cgroups)]
        found += [f"mount {line}" for line in sorted(self.mounts - before.mounts)]
        found += [f"missing mount {line}" for line in sorted(before.mounts - self.mounts)]
        found += [f"process {pid} {command_of(pid)}"
                  for pid in sorted(self.processes - before.processes)]
        for name, now in list(self.devices.items()) + list(self.settings.items()):
            was = before.devices.get(name, before.settings.get(name))
            if now != was:
                found.append(f"{name} was {was}, is {now}")
        return found


def command_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().replace(b"\0", b" ").decode(errors="replace").strip()
    return "(gone)"


CALLS = set()  # processes that their caller waits for


def reap():
    """Takes the exit status of orphans that came to us, so that their containers can end."""
    for pid in _children() - CALLS:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _children():
    """Of all our threads, from proc(5) itself: to look at every process costs more than most calls."""
    found = set()
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError):
            with open(f"/proc/self/task/{task}/children", encoding="utf-8") as file:
                found.update(map(int, file.read().split()))
    return found


def no_criu():
    """Why there can be no checkpoint here, or None."""
    criu = shutil.which("criu")
    if not criu:
        return "no criu in PATH"
    check = subprocess.run([criu, "check"], capture_output=True, text=True, check=False)
    return None if check.returncode == 0 else "criu check fails: " + check.stderr.strip()[-200:]
