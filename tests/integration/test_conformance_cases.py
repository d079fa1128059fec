#!/usr/bin/env python3
"""Every case of `cleat conformance`, of all suites, against cleat: each is one test of this lane.

What a black-box judge of any runtime can find out is tested by a case, and by no other test here;
the judge's own tests are test_conformance.py. As in other files: -k PART, -l.
"""
import os
import re
import subprocess
import sys

from harness import TIMEOUT, judge_path, private_namespaces, runtime_path
from host import Host

# cleat does as runc does: containerd deletes tasks that were never started this way.
KNOWN = {"delete.created"}


def command(part):
    return [judge_path(), "conformance", "--suite", "all", "--filter", part]


def judged(part):
    """The lines of TAP; a case that is known to fail and passes is a failure."""
    words = ["--runtime", runtime_path(), "-j", str(2 * (os.cpu_count() or 1)),
             "--timeout", str(int(TIMEOUT / 2))]
    for name in KNOWN:
        words += ["--known", name]
    done = subprocess.run(command(part) + words, stdout=subprocess.PIPE, text=True, check=False)
    for line in done.stdout.splitlines():
        found = re.match(r"ok (\d+ - \S+: (\S+))$", line)
        if found and found[2] in KNOWN:
            line = f"not ok {found[1]} # is known to fail, and passed"
        # Other runtimes may choose what valid values they support; cleat supports all of them.
        if line.startswith("ok ") and "# SKIP the runtime refuses it" in line:
            line = f"not {line.replace('# SKIP', '#')}"
        yield line
    if done.returncode > 1:
        sys.exit(done.returncode)


def main(view=None, part=""):
    """All cases with `part` in their names, where the machine shows these cgroups (layout.py)."""
    os.environ.update({"CLEAT_CGROUP_VIEW": view} if view else {})
    words = sys.argv[1:]
    if "-k" in words:
        part = words[words.index("-k") + 1].replace("_", "-") or part
    if "-l" in words:
        sys.exit(subprocess.run(command(part) + ["--list"], check=False).returncode)
    private_namespaces()
    before = Host()
    lines = list(judged(part))
    left = Host().left_over(before)
    # One point more than the cases: what no single case looks at.
    lines.append(f"{'not ok' if left else 'ok'} {1 + sum('ok ' in line[:7] for line in lines)} - "
                 "the host is as it was")
    print("\n".join(re.sub(r"^1\.\.(\d+)$", lambda plan: f"1..{int(plan[1]) + 1}", line)
                    for line in [f"# {line}" for line in left] + lines))
    sys.exit(any(line.startswith("not ok") and "# TODO" not in line for line in lines))


if __name__ == "__main__":
    main()
