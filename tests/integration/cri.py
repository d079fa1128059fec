"""A small client of Kubernetes' Container Runtime Interface (runtime.v1), and a containerd for it.

Messages are dictionaries; SCHEMA has the numbers of those fields that the tests use. What a reply
has besides is left out.
"""
import io
import json
import os
import subprocess
import tarfile
import time

from harness import SLOWNESS

STRING, BYTES, INT, BOOL, MAP = "string", "bytes", "int", "bool", "map"


def many(kind):
    return (kind,)


SCHEMA = {
    "PodMetadata": {"name": (1, STRING), "uid": (2, STRING), "namespace": (3, STRING)},
    "Namespaces": {"network": (1, INT), "pid": (2, INT), "ipc": (3, INT),
                   "userns_options": (5, "UserNamespace")},
    "UserNamespace": {"mode": (1, INT), "uids": (2, many("Mapping")), "gids": (3, many("Mapping"))},
    "Mapping": {"host_id": (1, INT), "container_id": (2, INT), "length": (3, INT)},
    "Profile": {"profile_type": (1, INT), "localhost_ref": (2, STRING)},
    "Value": {"value": (1, INT)},
    "PodSecurity": {"namespace_options": (1, "Namespaces"), "seccomp": (9, "Profile"),
                    "privileged": (6, BOOL)},
    "PodLinux": {"cgroup_parent": (1, STRING), "security_context": (2, "PodSecurity"),
                 "sysctls": (3, MAP)},
    "PodConfig": {"metadata": (1, "PodMetadata"), "hostname": (2, STRING),
                  "log_directory": (3, STRING), "annotations": (7, MAP), "linux": (8, "PodLinux")},
    "Metadata": {"name": (1, STRING), "attempt": (2, INT)},
    "Image": {"image": (1, STRING)},
    "Env": {"key": (1, STRING), "value": (2, STRING)},
    "Mount": {"container_path": (1, STRING), "host_path": (2, STRING), "readonly": (3, BOOL),
              "propagation": (5, INT)},
    "Device": {"container_path": (1, STRING), "host_path": (2, STRING), "permissions": (3, STRING)},
    "Resources": {"cpu_period": (1, INT), "cpu_quota": (2, INT), "cpu_shares": (3, INT),
                  "memory_limit_in_bytes": (4, INT), "oom_score_adj": (5, INT),
                  "cpuset_cpus": (6, STRING)},
    "Capability": {"add_capabilities": (1, many(STRING)), "drop_capabilities": (2, many(STRING))},
    "Security": {"capabilities": (1, "Capability"), "privileged": (2, BOOL),
                 "namespace_options": (3, "Namespaces"), "run_as_user": (5, "Value"),
                 "run_as_group": (12, "Value"), "readonly_rootfs": (7, BOOL),
                 "supplemental_groups": (8, many(INT)), "no_new_privs": (11, BOOL),
                 "masked_paths": (13, many(STRING)), "readonly_paths": (14, many(STRING)),
                 "seccomp": (15, "Profile")},
    "Linux": {"resources": (1, "Resources"), "security_context": (2, "Security")},
    "Config": {"metadata": (1, "Metadata"), "image": (2, "Image"), "command": (3, many(STRING)),
               "args": (4, many(STRING)), "working_dir": (5, STRING), "envs": (6, many("Env")),
               "mounts": (7, many("Mount")), "devices": (8, many("Device")),
               "log_path": (11, STRING), "stdin": (12, BOOL), "tty": (14, BOOL),
               "linux": (15, "Linux")},
    "Status": {"id": (1, STRING), "state": (3, INT), "exit_code": (7, INT), "reason": (10, STRING),
               "message": (11, STRING)},
    "PodStatus": {"id": (1, STRING), "state": (3, INT)},
    "Cpu": {"usage_core_nano_seconds": (2, "Value")},
    "Memory": {"working_set_bytes": (2, "Value")},
    "Stats": {"cpu": (2, "Cpu"), "memory": (3, "Memory")},
}
POD, CONTAINER = {"id": (1, STRING)}, {"container_id": (1, STRING)}
METHODS = {
    "Version": ({"version": (1, STRING)},
                {"runtime_name": (2, STRING), "runtime_version": (3, STRING)}),
    "RunPodSandbox": ({"config": (1, "PodConfig"), "runtime_handler": (2, STRING)}, POD),
    "StopPodSandbox": (POD, {}),
    "RemovePodSandbox": (POD, {}),
    "PodSandboxStatus": (POD, {"status": (1, "PodStatus")}),
    "CreateContainer": ({"pod": (1, STRING), "config": (2, "Config"),
                         "sandbox_config": (3, "PodConfig")}, CONTAINER),
    "StartContainer": (CONTAINER, {}),
    "StopContainer": (CONTAINER | {"timeout": (2, INT)}, {}),
    "RemoveContainer": (CONTAINER, {}),
    "ContainerStatus": (CONTAINER | {"verbose": (2, BOOL)}, {"status": (1, "Status")}),
    "UpdateContainerResources": (CONTAINER | {"linux": (2, "Resources")}, {}),
    "ExecSync": (CONTAINER | {"cmd": (2, many(STRING)), "timeout": (3, INT)},
                 {"stdout": (1, BYTES), "stderr": (2, BYTES), "exit_code": (3, INT)}),
    "Exec": (CONTAINER | {"cmd": (2, many(STRING)), "tty": (3, BOOL), "stdin": (4, BOOL),
                          "stdout": (5, BOOL), "stderr": (6, BOOL)}, {"url": (1, STRING)}),
    "Attach": (CONTAINER | {"stdin": (2, BOOL), "tty": (3, BOOL), "stdout": (4, BOOL),
                            "stderr": (5, BOOL)}, {"url": (1, STRING)}),
    "ContainerStats": (CONTAINER, {"stats": (1, "Stats")}),
}


# ---- protobuf ----------------------------------------------------------------------------------

def _varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytearray([number]))


def _sized(field, data):
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _field(field, kind, value):
    if isinstance(kind, tuple):
        return b"".join(_field(field, kind[0], item) for item in value)
    if kind == MAP:
        pairs = {"key": (1, STRING), "value": (2, STRING)}
        return b"".join(_sized(field, encode(pairs, {"key": k, "value": v}))
                        for k, v in value.items())
    if kind in (INT, BOOL):
        return _varint(field << 3) + _varint(int(value))
    if kind == STRING:
        return _sized(field, value.encode())
    return _sized(field, encode(SCHEMA[kind], value))


def encode(schema, message):
    return b"".join(_field(*schema[name], value) for name, value in message.items())


def _read_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _items(data):
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        if key & 7 == 0:
            value, at = _read_varint(data, at)
        elif key & 7 == 2:
            size, at = _read_varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = {1: 8, 5: 4}[key & 7]
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def decode(schema, data):
    """Fields that are not there have their default, as proto3 says."""
    empty = {STRING: "", BYTES: b"", INT: 0, BOOL: False}
    out = {name: empty.get(kind, {}) for name, (_, kind) in schema.items()}
    names = {number: (name, kind) for name, (number, kind) in schema.items()}
    for number, value in _items(data):
        if number not in names:
            continue
        name, kind = names[number]
        if kind == STRING:
            value = value.decode()
        elif kind == INT:
            value = value - (1 << 64) if value >> 63 else value
        elif kind not in (BYTES, BOOL):
            value = decode(SCHEMA[kind], value)
        out[name] = value
    return out


class Client:
    """client.StartContainer(container_id=…) → the reply as a dictionary; grpc.RpcError."""

    def __init__(self, socket):
        import grpc  # pylint: disable=import-outside-toplevel  # a test without it is skipped
        self.channel = grpc.insecure_channel("unix://" + socket)

    def __getattr__(self, method):
        request, reply = METHODS[method]
        call = self.channel.unary_unary(f"/runtime.v1.RuntimeService/{method}",
                                        request_serializer=lambda m: encode(request, m),
                                        response_deserializer=lambda d: decode(reply, d))
        return lambda **message: call(message, timeout=60 * SLOWNESS)


# ---- containerd --------------------------------------------------------------------------------

def image_archive(path, name, files):
    """A Docker archive of one layer with `files`: {name in the image: file on the host, or what a
    link points to, with "->" before it}."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for target, source in files.items():
            entry = tarfile.TarInfo(target)
            if source.startswith("->"):
                entry.type, entry.linkname = tarfile.SYMTYPE, source[2:]
                tar.addfile(entry)
            else:
                entry.size, entry.mode = os.path.getsize(source), 0o755
                with open(source, "rb") as content:
                    tar.addfile(entry, content)
    config = {"architecture": "amd64", "os": "linux",
              "config": {"Cmd": ["/bin/sleep", "1000000"], "Env": ["PATH=/bin"]},
              "rootfs": {"type": "layers", "diff_ids": [digest(layer.getvalue())]}}
    parts = {"config.json": json.dumps(config).encode(), "layer.tar": layer.getvalue(),
             "manifest.json": json.dumps([{"Config": "config.json", "RepoTags": [name],
                                           "Layers": ["layer.tar"]}]).encode()}
    with tarfile.open(path, "w") as tar:
        for part, content in parts.items():
            entry = tarfile.TarInfo(part)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def digest(data):
    import hashlib  # pylint: disable=import-outside-toplevel
    return "sha256:" + hashlib.sha256(data).hexdigest()


CONFIG = """
version = 2
root = "{top}/root"
state = "{top}/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
                    "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper",
                    "io.containerd.internal.v1.opt"]
[grpc]
address = "{top}/sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "docker.io/local/box:1"
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{top}/cni"
conf_dir = "{top}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "{snapshotter}"
default_runtime_name = "cleat"
"""
RUNTIME = """
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}]
runtime_type = "{type}"
"""
BINARY = """[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.{name}.options]
BinaryName = "{binary}"
"""

# A pod's network without any: the kernel's own loopback, and an address that nobody has.
PLUGIN = """#!/bin/sh
case $CNI_COMMAND in
VERSION) echo '{"cniVersion":"0.3.1","supportedVersions":["0.3.1"]}' ;;
ADD) echo '{"cniVersion":"0.3.1","interfaces":[{"name":"'$CNI_IFNAME'","sandbox":"'$CNI_NETNS'"}],
     "ips":[{"version":"4","address":"192.0.2.2/24","interface":0}]}' ;;
esac
"""


def make_network(directory):
    """For the CRI plugin: plugins of the Container Network Interface that do nothing."""
    os.makedirs(directory)
    for name in ("loopback", "nothing"):
        with open(f"{directory}/{name}", "w", encoding="utf-8") as file:
            file.write(PLUGIN)
        os.chmod(f"{directory}/{name}", 0o755)
    with open(f"{directory}/1.conflist", "w", encoding="utf-8") as file:
        json.dump({"cniVersion": "0.3.1", "name": "test", "plugins": [{"type": "nothing"}]}, file)


class Containerd:
    """A containerd of its own below `top`, with its CRI plugin on and nothing of the host's.
    `runtimes` is {name: (runtime_type, binary)}, where None leaves the options out: containerd 2
    has none for a shim that is not runc's if a pod has a user namespace."""

    def __init__(self, top, runtimes, path=None, snapshotter="overlayfs"):
        self.top, self.socket = top, f"{top}/sock"
        make_network(f"{top}/cni")
        with open(f"{top}/config.toml", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(top=top, snapshotter=snapshotter))
            for name, (kind, binary) in runtimes.items():
                file.write(RUNTIME.format(name=name, type=kind))
                if binary:
                    file.write(BINARY.format(name=name, binary=binary))
        self.log = open(f"{top}/log", "wb")  # pylint: disable=consider-using-with
        environment = dict(os.environ) | ({"PATH": path} if path else {})
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["containerd", "--config", f"{top}/config.toml"], stdout=self.log, stderr=self.log,
            env=environment)
        self.wait()

    def wait(self, seconds=60):
        deadline = time.monotonic() + seconds * SLOWNESS
        while subprocess.run(["ctr", "-a", self.socket, "version"], capture_output=True,
                             check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("containerd does not answer: " + self.messages())
            time.sleep(0.1)

    def messages(self):
        with open(f"{self.top}/log", encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def load(self, archive):
        subprocess.run(["ctr", "-a", self.socket, "-n", "k8s.io", "images", "import", archive],
                       check=True, capture_output=True, timeout=120 * SLOWNESS)

    def client(self):
        return Client(self.socket)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20 * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
