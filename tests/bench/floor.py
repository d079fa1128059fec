"""What no runtime can be faster than: floor.cpp does the kernel's work for the same container."""
import contextlib
import os
import subprocess
import time

import bpf
from bundles import RULES, SLEEP, TRUE, personalities
from machine import children, hierarchies

FLOOR = "floor"


class Floor:
    def __init__(self, program, setting):
        self.program, self.setting = program, setting
        self.hierarchies = ":".join(hierarchies())
        self.filter = self.write("filter", bpf.seccomp(personalities(RULES)))
        names = [os.path.basename(point) for point in hierarchies()]
        self.devices = "-" if "devices" in names else self.write("devices", bpf.devices())

    def write(self, name, content):
        path = os.path.join(self.setting.directory, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def run(self, args=TRUE, name=None):
        return [self.program, "run", name or self.setting.new_id(), self.hierarchies, self.filter,
                self.devices, self.setting.bundles.rootfs, *args]

    @contextlib.contextmanager
    def container(self):
        """One that lives; gives the command of an exec in it."""
        name = self.setting.new_id()
        made = subprocess.Popen(self.run(SLEEP, name), stdin=subprocess.DEVNULL)
        try:
            init = self.init_of(made.pid)
            yield [self.program, "exec", name, self.hierarchies, self.filter, "-", init, *TRUE]
        finally:
            for pid in map(int, children(made.pid)):
                os.kill(pid, 9)
            made.wait()

    @staticmethod
    def init_of(pid):
        """The pid of what runs in the container, once it is the container's program."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for child in children(pid):
                if name_of(child) == os.path.basename(SLEEP[0]):
                    return child
            time.sleep(0.002)
        raise OSError("the floor's container does not begin")


def name_of(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()
    return None
