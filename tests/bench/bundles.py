"""Bundles to measure: Docker's defaults, and the same grown in one direction."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))

from bundle import bind, default_config, make_rootfs  # noqa: E402

BUSYBOX = "/bin/busybox"
TRUE, SLEEP = ["/bin/true"], ["/bin/sleep", "1000"]
RULES = 20  # of the filter of every container, where nothing else is said
SIZES = {"mounts": (10, 100, 1000), "env": (10, 100, 1000), "devices": (10, 100, 1000),
         "seccomp": (10, 100, 500)}


def personalities(count):
    """The values that filter_of refuses."""
    return range(4096, 4096 + count)


def filter_of(rules):
    """A profile of so many rules that allows what the container needs."""
    return {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO",
                          "args": [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"}]}
                         for value in personalities(rules)]}


class Bundles:
    """`get` makes what it is asked for the first time."""

    def __init__(self, directory):
        self.directory, self.made = directory, {}
        self.rootfs = os.path.join(directory, "rootfs")
        make_rootfs(self.rootfs, BUSYBOX)
        os.mkdir(os.path.join(self.rootfs, "mnt"))

    def get(self, args, seccomp=True, grow=None, size=0):
        """The path of a bundle, which is grown in one direction if it shall be."""
        key = (args[0], seccomp, grow, size)
        if key not in self.made:
            self.made[key] = self._make(len(self.made), args, seccomp, (grow, size))
        return self.made[key]

    def _make(self, number, args, seccomp, growth):
        config = default_config(None, list(args))
        del config["linux"]["cgroupsPath"]
        config["root"]["path"] = self.rootfs
        if seccomp:
            config["linux"]["seccomp"] = filter_of(RULES)
        kind, size = growth
        if kind == "mounts":
            source = os.path.join(self.directory, "source")
            os.makedirs(source, exist_ok=True)
            for n in range(size):
                os.makedirs(os.path.join(self.rootfs, "mnt", str(n)), exist_ok=True)
                config["mounts"].append(bind(source, f"/mnt/{n}"))
        elif kind == "env":
            config["process"]["env"] += [f"VARIABLE_{n}=value {n}" for n in range(size)]
        elif kind == "devices":
            config["linux"]["devices"] = [
                {"path": f"/dev/extra{n}", "type": "c", "major": 1, "minor": 3} for n in range(size)]
        elif kind == "crowd":  # whose number is measured, and nothing else of it
            del config["hostname"]
            config["mounts"] = config["mounts"][:1]
            config["linux"] = {"namespaces": [{"type": "pid"}, {"type": "mount"}]}
        elif kind == "seccomp":
            config["linux"]["seccomp"] = filter_of(size)
        bundle = os.path.join(self.directory, f"bundle-{number}")
        os.mkdir(bundle)
        with open(os.path.join(bundle, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file)
        return bundle
