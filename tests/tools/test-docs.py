#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""The documents: links lead somewhere, source files they name exist, each is reached from docs/README.md, the picture
is the one that its text describes."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCS = os.path.join(ROOT, "docs")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
FOLDERS = "accel|audio|block|chardev|gdbstub|hw|include|migration|monitor|net|scripts|softmmu|target|tcg|tests|ui|util"
SOURCE = re.compile(r"`((?:%s)/[\w./-]+\.\w+)`" % FOLDERS)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    cases = tap.Cases()
    names = sorted(name for name in os.listdir(DOCS) if name.endswith(".md"))
    linked = set(LINK.findall(read(os.path.join(DOCS, "README.md"))))
    for name in names:
        text = read(os.path.join(DOCS, name))
        broken = [link for link in LINK.findall(text) if not os.path.exists(os.path.join(DOCS, link))]
        broken += [path for path in SOURCE.findall(text)
                   if "NAME" not in path and not os.path.exists(os.path.join(ROOT, path))]
        cases.check(not broken, "what it names exists: docs/" + name, broken)
    lost = set(names) - linked - {"README.md"}
    cases.check(not lost, "docs/README.md names each document", sorted(lost))
    drawn = subprocess.run([sys.executable, os.path.join(ROOT, "scripts/architecture.py"), "--print"],
                           stdout=subprocess.PIPE, check=True).stdout.decode()
    cases.check(drawn == read(os.path.join(DOCS, "architecture.svg")),
                "docs/architecture.svg is what scripts/architecture.py makes of architecture.txt")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
