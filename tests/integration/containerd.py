"""A containerd of our own: private root, state, sockets and configuration, an image made by hand
(busybox and the probe), nothing from any network. For test_shim.py and tools/bench-shim."""
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time

from harness import SLOWNESS

IMAGE = "local/busybox:1"
APPLETS = ("sh", "cat", "echo", "ls", "true", "false", "sleep", "id", "dd", "head", "stty", "tr",
           "seq", "kill", "yes", "wc", "ps", "touch", "mount", "env")
# Their absence is what keeps the offline set-up simple, and the test quick.
DISABLED = ("io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",
            "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
            "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt")


def missing():
    """What keeps this from working here, or nothing."""
    for name in ("containerd", "ctr"):
        if not shutil.which(name):
            return f"no {name}: apt-get install --no-install-recommends containerd"
    if not os.path.exists(busybox()):
        return "no busybox: apt-get install busybox-static"
    return None


def busybox():
    return os.environ.get("BUSYBOX", "/bin/busybox")


def layer():
    """A root with busybox, as a tar file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("bin", "dev", "etc", "proc", "sys", "tmp"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
        with open(busybox(), "rb") as program:
            info = tarfile.TarInfo("bin/busybox")
            info.mode, info.size = 0o755, os.path.getsize(busybox())
            tar.addfile(info, program)
        for applet in APPLETS:
            info = tarfile.TarInfo("bin/" + applet)
            info.type, info.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(info)
        passwd = b"root:x:0:0:root:/:/bin/sh\n"
        info = tarfile.TarInfo("etc/passwd")
        info.size = len(passwd)
        tar.addfile(info, io.BytesIO(passwd))
    return out.getvalue()


def make_image(path):
    """An OCI image layout (image-spec, image-layout.md) as one tar file."""
    blobs = {}

    def add(content, kind):
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "size": len(content),
                "digest": "sha256:" + digest}

    blob = add(layer(), "layer.v1.tar")
    config = add({"architecture": "amd64", "os": "linux",
                  "config": {"Env": ["PATH=/bin"], "Cmd": ["sh"]},
                  "rootfs": {"type": "layers", "diff_ids": [blob["digest"]]}}, "config.v1+json")
    manifest = add({"schemaVersion": 2, "config": config, "layers": [blob]}, "manifest.v1+json")
    manifest["annotations"] = {"io.containerd.image.name": IMAGE,
                               "org.opencontainers.image.ref.name": "1"}
    manifest["platform"] = {"architecture": "amd64", "os": "linux"}
    blobs["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    blobs["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    with tarfile.open(path, "w") as tar:
        for name, content in blobs.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


class Containerd:
    """Started by start(), ended by stop(); `directory` is removed by its owner."""

    def __init__(self, directory, runtime, namespace):
        self.directory, self.namespace = directory, namespace
        self.process = None
        self.bin = os.path.join(directory, "bin")
        self.address = os.path.join(directory, "c.sock")
        self.state = os.path.join(directory, "state")
        self.log = os.path.join(directory, "log")
        os.makedirs(self.bin)
        self.shim = os.path.join(self.bin, "containerd-shim-cleat-v2")
        os.symlink(runtime, self.shim)
        self.environment = dict(os.environ, PATH=self.bin + ":" + os.environ["PATH"],
                                CONTAINERD_ADDRESS=self.address, CONTAINERD_NAMESPACE=namespace)
        with open(os.path.join(directory, "config.toml"), "w", encoding="utf-8") as file:
            file.write(f'version = 2\nroot = "{directory}/root"\nstate = "{self.state}"\n'
                       f"disabled_plugins = {json.dumps(DISABLED)}\n"
                       f'[grpc]\naddress = "{self.address}"\n'
                       f'[ttrpc]\naddress = "{self.address}.ttrpc"\n')

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["containerd", "--config", os.path.join(self.directory, "config.toml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        deadline = time.monotonic() + 30 * SLOWNESS
        while self.ctr("version").returncode != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError("containerd does not start: " + self.log_text()[-2000:])
            time.sleep(0.05)

    def stop(self, number=signal.SIGTERM):
        if self.process:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None

    def import_image(self):
        path = os.path.join(self.directory, "image.tar")
        make_image(path)
        done = self.ctr("images", "import", path)
        if done.returncode != 0:
            raise AssertionError("import: " + done.stderr)
        os.remove(path)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def command(self, *arguments):
        return ["ctr", "--timeout", f"{60 * SLOWNESS:.0f}s", *[str(argument) for argument in arguments]]

    def ctr(self, *arguments, timeout=60 * SLOWNESS, **options):
        return subprocess.run(self.command(*arguments), env=self.environment, check=False,
                              text=options.pop("text", True), timeout=timeout,
                              stdin=options.pop("stdin", subprocess.DEVNULL),
                              stdout=options.pop("stdout", subprocess.PIPE),
                              stderr=options.pop("stderr", subprocess.PIPE), **options)

    def shims(self):
        """{pid: its socket's owner's command line} of the native shims of this containerd."""
        found = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    command = file.read().split(b"\0")
            except OSError:
                continue
            if any(word.decode(errors="replace") == self.address for word in command) and \
                    b"containerd-shim" in command[0]:
                found[int(name)] = b" ".join(command).decode(errors="replace")
        return found
