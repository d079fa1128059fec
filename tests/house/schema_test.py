#!/usr/bin/env python3
"""Holds config-schema/ against the tables of the decoder (src/spec/fields.hpp): the same properties,
the same of them required. And: no keyword that the binary leaves out or that nobody explains.
"""
import importlib.machinery
import importlib.util
import os
import re
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load(path):
    loader = importlib.machinery.SourceFileLoader(os.path.basename(path), os.path.join(TOP, path))
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


LEDGER, EMBED = load("tools/ledger"), load("config-schema/embed")
KEYWORDS = {"$comment", "$ref", "additionalProperties", "definitions", "enum", "examples", "items",
            "maximum", "minimum", "minItems", "minLength", "properties", "required", "type"}
# Of other platforms, so the decoder does not know them.
OTHERS = re.compile(r"/(windows|solaris|freebsd|vm|zos)\b|/process/(commandLine|user/username)$")
# Required by the specification, and by cleat only where something depends on it.
LENIENT = {"/process/ioPriority/priority"}


def schema(name):
    return EMBED.Bundle(os.path.join(TOP, "config-schema")).schema(name)


def walk(node, definitions, pointer=""):
    """(pointer, whether it is required) of every member that a schema names."""
    if "$ref" in node:
        node = definitions[node["$ref"].rsplit("/", 1)[1]]
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from walk(node[key], definitions, pointer + "/*")
    for name, inner in node.get("properties", {}).items():
        yield f"{pointer}/{name}", name in node.get("required", ())
        yield from walk(inner, definitions, f"{pointer}/{name}")


def decoded():
    """The same of the decoder's tables."""
    _, types = LEDGER.tables()
    text = LEDGER.read("src/spec/fields.hpp")
    fields = {found[1]: re.findall(r'Field\{"(\w+)", &\w+::(\w+)(, kRequired)?\}', found[2])
              for found in re.finditer(r"^CLEAT_TABLE\((\w+),(.*?)\);", text, re.S | re.M)}

    def members(struct, pointer):
        for name, member, required in fields[struct]:
            kind = types[struct].get(member, "")
            place = f"{pointer}/{name}"
            yield place, bool(required)
            inner = next((word for word in re.findall(r"\w+", kind) if word in fields), None)
            part = "/*" if kind.startswith(("std::vector", "std::map")) else ""
            if inner:
                yield from members(inner, place + part)
    return dict(members("Spec", ""))


class SchemaTest(unittest.TestCase):
    def setUp(self):
        self.schema = schema("config")
        self.named = {pointer: required for pointer, required in
                      walk(self.schema, self.schema["definitions"]) if not OTHERS.search(pointer)}

    def test_schema_and_decoder_know_the_same_properties(self):
        known = decoded()
        self.assertGreater(len(known), 150)
        self.assertEqual(sorted(set(known) - set(self.named)), [], "the schema lacks")
        self.assertEqual(sorted(set(self.named) - set(known)), [], "the decoder lacks")

    def test_schema_and_decoder_require_the_same(self):
        wanted = {pointer for pointer, required in decoded().items() if required} | LENIENT
        self.assertEqual(sorted({p for p, required in self.named.items() if required}),
                         sorted(wanted))

    def test_no_keyword_is_used_that_the_binary_leaves_out(self):
        def keywords(node):
            yield from node
            for key in ("items", "additionalProperties"):
                if isinstance(node.get(key), dict):
                    yield from keywords(node[key])
            for key in ("properties", "definitions"):
                for inner in node.get(key, {}).values():
                    yield from keywords(inner)
        for name in EMBED.DOCUMENTS:
            self.assertEqual(set(keywords(schema(name))) - KEYWORDS, set(), name)

    def test_words_of_the_schema_are_those_of_the_decoder(self):
        code = "".join(LEDGER.read("src/spec/" + name) for name in (
            "names.hpp", "check_process.cpp", "check_linux.cpp", "check_seccomp.cpp"))
        listed = set(re.findall(r'"((?:SCMP|SCHED|SECCOMP|MPOL|IOPRIO|RLIMIT)_\w+)"', code))
        text = str(self.schema)
        words = set(re.findall(r"'((?:SCMP|SCHED|SECCOMP|MPOL|IOPRIO|RLIMIT)_\w+)'", text))
        self.assertEqual(sorted(words ^ listed), [])


if __name__ == "__main__":
    unittest.main()
