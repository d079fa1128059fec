"""As much of util-linux's Python module libmount as crun's tests use: a table of mountinfo."""


def _unescape(text):
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


class Fs:
    """One line of proc_pid_mountinfo(5)."""

    def __init__(self, line):
        mount, _, filesystem = line.rstrip("\n").partition(" - ")
        fields, kind = mount.split(" "), filesystem.split(" ")
        self.root, self.target = _unescape(fields[3]), _unescape(fields[4])
        self.vfs_options, self.optional_fields = fields[5], " ".join(fields[6:])
        self.fstype, self.source = kind[0], _unescape(kind[1])
        self.fs_options = kind[2] if len(kind) > 2 else ""
        self.options = self.vfs_options + "," + self.fs_options


class Table:
    """The mounts of a file like /proc/self/mountinfo."""

    def __init__(self, path):
        with open(path, encoding="utf-8", errors="replace") as lines:
            self.fs = [Fs(line) for line in lines if " - " in line]

    def find_target(self, target, _direction=None):
        """The topmost mount at `target`, or None."""
        return next((fs for fs in reversed(self.fs) if fs.target == target), None)
