"""Bundles: a root file system with the probe and busybox, and configurations close to Docker's."""
import copy
import os
import stat
import shutil

CAPABILITIES = """CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE
SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE""".split()
DOCKER_CAPABILITIES = ["CAP_" + name for name in """CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW
SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE""".split()]
DOCKER_MASKS = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
                "/sys/firmware"]
DOCKER_READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


def capability_names(numbers):
    """["CAP_CHOWN", …] of the bits that the probe saw."""
    return sorted("CAP_" + CAPABILITIES[n] for n in numbers if n < len(CAPABILITIES))


def make_rootfs(rootfs, probe):
    """A root file system with the probe as /probe and, if there is one, busybox."""
    for name in ("bin", "dev", "etc", "proc", "sys", "tmp", "root", "var"):
        os.makedirs(os.path.join(rootfs, name))
    os.chmod(os.path.join(rootfs, "tmp"), 0o1777)
    shutil.copy(probe, os.path.join(rootfs, "probe"))
    busybox = os.environ.get("BUSYBOX", "/bin/busybox")
    if os.path.exists(busybox):
        shutil.copy(busybox, os.path.join(rootfs, "bin/busybox"))
        for applet in ("sh", "cat", "echo", "ls", "true", "false", "sleep", "id", "touch", "env",
                       "kill", "mkdir", "ln", "mount", "stat"):
            os.symlink("busybox", os.path.join(rootfs, "bin", applet))
    with open(os.path.join(rootfs, "etc/passwd"), "w", encoding="utf-8") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n")
    with open(os.path.join(rootfs, "etc/group"), "w", encoding="utf-8") as file:
        file.write("root:x:0:\nuser:x:1000:\nextra:x:2000:user\n")


def filesystem(destination, kind, *options, source=None):
    return {"destination": destination, "type": kind, "source": source or kind,
            "options": list(options)}


def bind(source, destination, *options):
    return {"destination": destination, "type": "bind", "source": source,
            "options": ["rbind" if "rbind" in options else "bind"] +
                       [option for option in options if option not in ("bind", "rbind")]}


def default_config(cgroup, args):
    """Close to what Docker gives: namespaces, mounts, masks, device rules, capabilities."""
    capabilities = {name: list(DOCKER_CAPABILITIES)
                    for name in ("bounding", "effective", "permitted")}
    devices = [{"allow": False, "access": "rwm"}]
    devices += [{"allow": True, "type": "c", "major": 1, "minor": minor, "access": "rwm"}
                for minor in (3, 5, 7, 8, 9)]
    devices += [{"allow": True, "type": "c", "major": 5, "minor": 0, "access": "rwm"},
                {"allow": True, "type": "c", "major": 136, "access": "rwm"}]
    nested = ["nosuid", "noexec", "nodev"]
    return {
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs"},
        "hostname": "house",
        "process": {"user": {"uid": 0, "gid": 0}, "args": args, "cwd": "/",
                    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                    "capabilities": capabilities, "oomScoreAdj": 0},
        "mounts": [
            filesystem("/proc", "proc", *nested),
            filesystem("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            filesystem("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666",
                       "mode=0620", "gid=5"),
            filesystem("/sys", "sysfs", *nested, "ro"),
            filesystem("/sys/fs/cgroup", "cgroup", "ro", *nested),
            filesystem("/dev/mqueue", "mqueue", *nested),
            filesystem("/dev/shm", "tmpfs", *nested, "mode=1777", "size=67108864", source="shm")],
        "linux": {
            "cgroupsPath": cgroup,
            "namespaces": [{"type": kind} for kind in ("mount", "network", "uts", "pid", "ipc")],
            "resources": {"devices": devices},
            "maskedPaths": list(DOCKER_MASKS), "readonlyPaths": list(DOCKER_READONLY)}}


def namespaces(config):
    return config["linux"]["namespaces"]


def without_namespace(config, kind):
    config["linux"]["namespaces"] = [ns for ns in namespaces(config) if ns["type"] != kind]


def with_user_namespace(config, host_id=100000, size=65536):
    namespaces(config).append({"type": "user"})
    mapping = [{"containerID": 0, "hostID": host_id, "size": size}]
    config["linux"]["uidMappings"] = mapping
    config["linux"]["gidMappings"] = copy.deepcopy(mapping)


def give_away(directory, owner):
    """The files belong to root inside a user namespace."""
    for path, directories, files in os.walk(directory):
        for name in directories + files:
            os.chown(os.path.join(path, name), owner, owner, follow_symlinks=False)
    os.chown(directory, owner, owner)
    for part in (directory, os.path.dirname(directory), os.path.dirname(os.path.dirname(directory))):
        os.chmod(part, stat.S_IMODE(os.stat(part).st_mode) | 0o055)  # one of them is /tmp


def mounts_of(report):
    """{mount point: (options, file system type, super options, root, optional fields)}."""
    found = {}
    for line in report["mounts"]:
        fields, _, rest = line.partition(" - ")
        fields, rest = fields.split(), rest.split()
        found[fields[4]] = {"options": set(fields[5].split(",")), "type": rest[0],
                            "super": set(rest[2].split(",")), "root": fields[3],
                            "source": rest[1], "optional": fields[6:]}
    return found
