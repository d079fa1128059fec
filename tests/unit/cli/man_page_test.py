#!/usr/bin/env python3
"""Holds man/cleat.8 against --help: the same commands, and for each the same flags."""
import re
import subprocess
import sys


def flags_of_help(text):
    flags = set()
    for line in text.splitlines():
        match = re.match(r"  (-\S+)", line)
        if match:
            flags.update(match[1].split(","))
    return flags - {"-h", "--help"}


def commands_of_help(text):
    listed = text.split("Commands:\n", 1)[1].split("\n\n", 1)[0]
    return {line.split()[0] for line in listed.splitlines()}


def flags_of_line(line):
    """`.It Fl b , -bundle Ar dir`: the flags are the words up to the first other macro."""
    flags = set()
    for word in line.split()[2:]:
        if word == ",":
            continue
        if re.fullmatch(r"[A-Z][a-z]", word):
            break
        flags.add("-" + word)
    return flags - {"-h", "--help"}


def sections_of_man(text):
    sections, name = {}, None
    for line in text.splitlines():
        if line.startswith(".Ss "):
            name = line.split()[1]
        elif line == ".Sh GLOBAL FLAGS":
            name = ""
        elif line.startswith(".Sh "):
            name = None
        if name is None:
            continue
        flags = sections.setdefault(name, set())
        if line.startswith(".It Fl "):
            flags |= flags_of_line(line)
    return sections


def main():
    cleat, page = sys.argv[1:]
    with open(page, encoding="utf-8") as file:
        sections = sections_of_man(file.read())

    def show(*arguments):
        return subprocess.run([cleat, *arguments, "--help"], check=True, capture_output=True,
                              text=True).stdout

    commands = commands_of_help(show())
    wrong = [f"command {name}: only in one of both" for name in (commands | {""}) ^ set(sections)]
    for name in sorted(commands & set(sections)) + [""]:
        known = flags_of_help(show(name) if name else show())
        if name == "run":
            known -= flags_of_help(show("create"))
        wrong += [f"{name or 'cleat'} {flag}: only in one of both"
                  for flag in sorted(known ^ sections[name])]
    print("\n".join(wrong) or f"{len(commands)} commands agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
