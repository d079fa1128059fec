#!/usr/bin/env python3
"""The matrix: `cleat conformance` of cleat, runc and crun side by side. What the specification demands
of all must not be broken by cleat; what the others differ in is told as comments. For a machine of its
own (tools/test-vm), as it takes many minutes; the page goes to CLEAT_REPORTS, where that is set."""
import html
import os
import re
import shutil
import subprocess

from harness import SLOWNESS, CleatTest, judge_path, main

# cleat does as runc does: containerd deletes tasks that were never started this way.
KNOWN = "delete.created"
OTHERS = ("runc", "crun")
CARD = re.compile(r"<div class=card>(.*?</div>.*?)</div>", re.S)
ROW = re.compile(r'<tr class="case[^"]*"><td><code>([^<]*)</code>.*?</tr>', re.S)
CELL = re.compile(r'<td class="v \w+">(.*?)</td>', re.S)
PART = re.compile(r"<(?:dd|span class=tag)>(.*?)</(?:dd|span)>", re.S)


def words(text):
    """What a part of the page says, on one line."""
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", text)).split())


class Matrix(CleatTest):
    def setUp(self):
        super().setUp()
        if "CLEAT_OWN_MACHINE" not in os.environ:
            self.skipTest("for a machine of its own: CLEAT_OWN_MACHINE")
        if missing := [name for name in OTHERS if not shutil.which(name)]:
            self.skipTest(f"no {missing[0]}")

    def matrix(self, *options):
        """({case: [[verdict, details…] of each runtime]}, [the sum of each runtime])."""
        page = os.path.join(os.environ.get("CLEAT_REPORTS", self.path("")), "matrix.html")
        command = [judge_path(), "conformance", "--format", "html", "--out", page, *options]
        for runtime in (self.runtime, *map(shutil.which, OTHERS)):
            command += ["--runtime", runtime]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        with open(page, encoding="utf-8") as file:
            text = file.read()
        return ({row[1]: [[words(part) for part in PART.findall(cell)] for cell in CELL.findall(row[0])]
                 for row in ROW.finditer(text)}, [words(card) for card in CARD.findall(text)])

    def test_cleat_breaks_nothing_that_is_demanded(self):
        rows, sums = self.matrix("-j", str(2 * (os.cpu_count() or 1)), "--known", KNOWN,
                                 "--timeout", str(int(10 * SLOWNESS)))
        print("\n".join(f"# {line}" for line in sums))
        for at, name in enumerate(("cleat", *OTHERS)):
            for case, cells in rows.items():
                verdict, *details = cells[at]
                if verdict not in ("passed", "skipped"):
                    print(f"# {name}: {case} {verdict}: expected {details[0]}; seen {details[1][:200]}")
        self.assertGreater(len(rows), 400)
        self.assertTrue(all(len(cells) == 1 + len(OTHERS) for cells in rows.values()))
        self.assertEqual([case for case, cells in rows.items() if cells[0][0] == "failed"], [])


if __name__ == "__main__":
    main()
