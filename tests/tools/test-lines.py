#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""No line of the source or of the documents has more than 120 columns, and no file has marks of a merge left in it.

Exempt from the columns: tables of documents, whose rows cannot be broken; what programs wrote (GENERATED); and
scripts/guest, where a changed byte has the guest's kernel built anew.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COLUMNS = 120
SOURCE = re.compile(r"(\.(c|h|def|py|sh|S|s|md)|/meson\.build|^meson\.build|^meson_options\.txt)$")
GENERATED = ("tests/bench/results/", "tests/fuzz/corpus/", "scripts/guest/")
MARK = re.compile(r"(<<<<<<<|\|\|\|\|\|\|\||>>>>>>>)( |$)|=======$")


def is_source(name, text):
    return not name.startswith(GENERATED) and bool(SOURCE.search(name) or text.startswith("#!"))


def too_long(name, text):
    """Numbers of the lines that are."""
    return [number for number, line in enumerate(text.split("\n"), 1)
            if len(line) > COLUMNS and not (name.endswith(".md") and line.startswith("|"))]


def marks(text):
    return [number for number, line in enumerate(text.split("\n"), 1) if MARK.match(line)]


def files():
    """Name and text of all files; not of those that are no text."""
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], stdout=subprocess.PIPE, check=True).stdout
    for name in names.decode().split("\0"):
        path = os.path.join(ROOT, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read()
            try:
                yield name, data.decode()
            except UnicodeDecodeError:
                pass


def main():
    cases = tap.Cases()
    long, marked, seen = [], [], 0
    for name, text in files():
        marked += ["%s:%d" % (name, number) for number in marks(text)]
        if is_source(name, text):
            seen += 1
            long += ["%s:%d" % (name, number) for number in too_long(name, text)]
    cases.check(not long, "no line has more than %d columns" % COLUMNS, "\n".join(long))
    cases.check(not marked, "no marks of a merge are left", "\n".join(marked))
    cases.check(seen > 500, "the source was looked at", seen)
    text = "\n".join(["x" * 120, "|" * 121, "y" * 121])
    cases.check(too_long("a.md", text) == [3] and too_long("a.c", text) == [2, 3], "long lines are found")
    text = "\n".join("%s%s" % (letter * 7, rest) for letter, rest in (("<", " HEAD"), ("|", ""), ("=", ""), ("=", "="),
                                                                      (">", " one")))
    cases.check(marks(text) == [1, 2, 3, 5], "marks of a merge are found", marks(text))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
