#!/usr/bin/env python3
"""The matrix: `cleat conformance` of cleat, runc and crun side by side, one test for each subject of the
specification. What it demands must not be broken by cleat; what the others do is told as comments. For a
machine of its own (tools/test-vm), as all of it takes an hour; the pages go to CLEAT_REPORTS, if set."""
import collections
import html
import os
import re
import shutil
import subprocess

from harness import SLOWNESS, CleatTest, judge_path, main

# cleat does as runc does: containerd deletes tasks that were never started this way.
KNOWN = "delete.created"
OTHERS = ("runc", "crun")
ROW = re.compile(r'<tr class="case[^"]*"><td><code>([^<]*)</code>.*?</tr>', re.S)
CELL = re.compile(r'<td class="v \w+">(.*?)</td>', re.S)
PART = re.compile(r"<(?:dd|span class=tag)>(.*?)</(?:dd|span)>", re.S)
VERDICTS = ("passed", "failed", "differs", "known", "skipped")  # failed: a MUST; differs: a SHOULD


def words(text):
    """What a part of the page says, on one line."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", text)).split())


def subjects():
    """{subject: how many cases it has}; a subject is what the names of its cases begin with."""
    done = subprocess.run([judge_path(), "conformance", "--list"], capture_output=True, text=True,
                          check=True)
    return collections.Counter(line.split(".", 1)[0] for line in done.stdout.splitlines())


class Matrix(CleatTest):
    total = {name: collections.Counter() for name in ("cleat", *OTHERS)}

    @classmethod
    def tearDownClass(cls):
        for name, counter in cls.total.items():
            if counter:
                print(f"# {name} in all: " + cls.told(counter))

    def setUp(self):
        super().setUp()
        if "CLEAT_OWN_MACHINE" not in os.environ:
            self.skipTest("for a machine of its own: CLEAT_OWN_MACHINE")
        if missing := [name for name in OTHERS if not shutil.which(name)]:
            self.skipTest(f"no {missing[0]}")

    @staticmethod
    def told(counter):
        return ", ".join(f"{counter[verdict]} {verdict}" for verdict in VERDICTS)

    def judge(self, subject):
        """{case: [[verdict, expected, seen] of each runtime]} of a page of one subject."""
        page = os.path.join(os.environ.get("CLEAT_REPORTS", self.path("")), f"matrix-{subject}.html")
        command = [judge_path(), "conformance", "--format", "html", "--out", page, "--known", KNOWN,
                   "--filter", subject + ".", "-j", str(2 * (os.cpu_count() or 1)),
                   "--timeout", str(int(5 * SLOWNESS))]
        for runtime in (self.runtime, *map(shutil.which, OTHERS)):
            command += ["--runtime", runtime]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        with open(page, encoding="utf-8") as file:
            rows = {row[1]: [[words(part) for part in PART.findall(cell)]
                             for cell in CELL.findall(row[0])] for row in ROW.finditer(file.read())}
        # The filter is a part of a name or of a clause, and may find others' cases, too.
        return {case: cells for case, cells in rows.items() if case.startswith(subject + ".")}

    def compare(self, subject, count):
        rows = self.judge(subject)
        self.assertEqual({len(cells) for cells in rows.values()}, {len(self.total)})
        for at, (name, total) in enumerate(self.total.items()):
            seen = collections.Counter(cells[at][0] for cells in rows.values())
            self.assertEqual(sum(seen[verdict] for verdict in VERDICTS), count)
            total.update(seen)
            print(f"# {name} in {subject}: {self.told(seen)}")
            for case, cells in rows.items():
                verdict, *details = cells[at]
                if verdict in ("failed", "differs"):
                    print(f"# {name} {verdict}: {case}: expected {details[0]}; seen {details[1][:200]}")
        self.assertEqual([case for case, cells in rows.items() if cells[0][0] == "failed"], [])


for _subject, _count in subjects().items():
    setattr(Matrix, "test_" + _subject.replace("-", "_"),
            lambda self, subject=_subject, count=_count: self.compare(subject, count))

if __name__ == "__main__":
    main()
