#!/usr/bin/env python3
"""Holds contrib/completions against --help: completions_test.py CLEAT DIRECTORY

All three shells ask cleat for commands and flags; what they must know themselves is which flags
take a value, and that is compared here. bash, which every Debian has, is also asked to complete.
"""
import os
import re
import subprocess
import sys

from man_page_test import commands_of_help, flags_of_help


def show(cleat, *arguments):
    return subprocess.run([cleat, *arguments, "--help"], check=True, capture_output=True,
                          text=True).stdout


def flags_with_value(text):
    return {flag for line in text.splitlines() if (found := re.match(r"  (-\S+) VALUE", line))
            for flag in found[1].split(",")}


def words(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))


def skipped_flags(name, text):
    """The flags before a command whose next word is no command, as each script lists them."""
    patterns = {"cleat.bash": r"case \$\{COMP_WORDS\[i\]\} in(.*?)-\*\)",
                "_cleat": r"case \$word in(.*?)-\*\)",
                "cleat.fish": r"contains -- \$word ([^\n]*)"}
    return words(re.search(patterns[name], text, re.S)[1])


def complete(cleat, script, line):
    """What bash offers for the last word of `line`."""
    program = ('source "$1"; COMP_WORDS=("${@:2}"); COMP_CWORD=$(($# - 2)); _cleat; '
               'printf "%s\\n" "${COMPREPLY[@]}"')
    out = subprocess.run(["bash", "-c", program, "bash", script, cleat, *line], check=True,
                         capture_output=True, text=True).stdout
    return set(out.split())


def compare(what, got, wanted):
    return [f"{what}: {word}: only in one of both" for word in sorted(set(got) ^ set(wanted))]


def main():
    cleat, directory = sys.argv[1:]
    top = show(cleat)
    commands = commands_of_help(top)
    helps = {command: show(cleat, command) for command in commands}
    known = set().union(*map(flags_of_help, [top, *helps.values()])) | {"--help", "-h"}
    wrong = []
    for name in ("cleat.bash", "_cleat", "cleat.fish"):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            text = file.read()
        wrong += compare(f"{name}, flags with a value", skipped_flags(name, text),
                         flags_with_value(top))
        for groups in re.findall(r"(?:\(|^ +)((?:--?[a-z-]+ ?\| ?)+--?[a-z-]+)\)", text, re.M):
            wrong += [f"{name}: {flag}: no command has it" for flag in words(groups) - known]
    script = os.path.join(directory, "cleat.bash")
    wrong += compare("bash, commands", complete(cleat, script, [""]), commands)
    for command in sorted(commands):
        wrong += compare(f"bash, {command}", complete(cleat, script, [command, "-"]) - {"-h", "--help"},
                         flags_of_help(helps[command]))
    wrong += compare("bash, flags", complete(cleat, script, ["--"]) - {"--help"},
                     {flag for flag in flags_of_help(top) if flag.startswith("--")})
    wrong += compare("bash, after a value", complete(cleat, script, ["--log-level", "debug", "sta"]),
                     {command for command in commands if command.startswith("sta")})
    print("\n".join(wrong) or "completions agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
