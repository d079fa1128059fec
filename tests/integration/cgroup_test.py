"""The base of tests about cgroups: what a limit is on whatever generation has its controller."""
import os

from harness import CleatTest
from host import cgroup_mounts
from layout import FILES, find_controller

MIB = 1 << 20


class CgroupTest(CleatTest):
    def place(self, controller, cgroup=None):
        """(1 or 2, directory) of the container's cgroup that has the controller."""
        found = find_controller(controller)
        if not found:
            self.skipTest(f"no cgroup with the {controller} controller here")
        return found[0], found[1] + (cgroup or self.cgroup)

    def read(self, controller, *files, cgroup=None):
        """What the file of this generation holds: files are (of v1, of v2), or one for both."""
        generation, directory = self.place(controller, cgroup)
        name = files[generation - 1] if len(files) > 1 else files[0]
        if name is None:
            self.skipTest(f"not in cgroup v{generation}")
        path = os.path.join(directory, name)
        if not os.path.exists(path) and os.path.isdir(directory):
            self.skipTest(f"this kernel has no {name}")
        with open(path, encoding="utf-8") as file:
            return file.read().strip()

    def limit(self, what):
        return self.read(*FILES[what])

    def expect(self, what, v1, v2):
        generation, _ = self.place(FILES[what][0])
        self.assertEqual(self.limit(what), str((v1, v2)[generation - 1]), what)

    def directories(self, cgroup=None):
        """The container's directory in every hierarchy."""
        return sorted({point + (cgroup or self.cgroup) for point in cgroup_mounts().values()})

    def limited(self, version=None, **resources):
        """A running container with these resources."""
        def change(config):
            config["ociVersion"] = version or config["ociVersion"]
            config["linux"]["resources"].update(resources)
        return self.sleeper(change)

    def processes(self, directory):
        with open(os.path.join(directory, "cgroup.procs"), encoding="utf-8") as file:
            return [int(line) for line in file]
