#!/usr/bin/env python3
"""`cleat conformance --diff`: random configurations under cleat, runc and crun end alike."""
import os
import re
import shutil

from harness import CleatTest, SLOWNESS, hide_unified, judge_path, main

SECONDS = float(os.environ.get("CLEAT_DIFF_SECONDS", "60"))


class Differences(CleatTest):
    def setUp(self):
        super().setUp()
        self.cleat_only("the mode is cleat's")
        self.peers = [path for path in map(shutil.which, ("runc", "crun")) if path]
        if not self.peers:
            self.skipTest("no other runtime to compare with: install runc or crun")
        # crun 1.8 gives the host's /dev/null to the user of the container.
        owner = os.stat("/dev/null")
        self.undo.append(lambda: os.chown("/dev/null", owner.st_uid, owner.st_gid))

    def compare(self, *options, judged=None):
        others = [word for peer in self.peers for word in ("--diff", peer)]
        return self.call("conformance", *others, *options, judged or self.runtime, root=False,
                         runtime=judge_path(), wrap=hide_unified(),
                         timeout=(SECONDS + 60) * 2 * SLOWNESS)

    def test_random_configurations_end_alike(self):
        """The seed is fixed: other seeds are for people (CLEAT_DIFF_SEED)."""
        seed = os.environ.get("CLEAT_DIFF_SEED", "3")
        result = self.compare("--seed", seed, "--seconds", f"{SECONDS:.0f}", "--count", os.environ.get("CLEAT_DIFF_COUNT", "200"))
        last = result.out.splitlines()[-1] if result.out else ""
        found = re.fullmatch(r"(\d+) configurations, \d+ with an explained difference, "
                             r"(\d+) with an unexplained difference", last)
        self.assertTrue(found, str(result))
        self.assertGreater(int(found[1]), 5, str(result))
        self.assertEqual((int(found[2]), result.code), (0, 0), result.out[-6000:])

    def test_a_planted_difference_is_found(self):
        """A runtime that gives every container another hostname."""
        planted = self.write_file(self.path("planted"), f"""#!/bin/sh
bundle=.
previous=
for word; do
    [ "$previous" != --bundle ] && [ "$previous" != -b ] || bundle=$word
    previous=$word
done
for word; do
    [ "$word" != create ] && [ "$word" != run ] ||
        sed -i 's/"hostname": *"[^"]*"/"hostname":"planted"/' "$bundle/config.json"
done
exec {self.runtime} "$@"
""", 0o755)
        result = self.compare("--seed", "7", "--count", "3", judged=planted)
        self.assertNotEqual(result.code, 0, str(result))
        self.assertRegex(result.out, r'hostname\n +planted: "planted"', str(result))
        self.assertNotIn(" 0 with an unexplained difference", result.out)


if __name__ == "__main__":
    main()
