#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""Which folder includes headers of which: no folder reaches up, so there is no circle. --table prints all of it.

LAYERS is the order of the source (docs/README.md): a folder may include from its own layer's folders named before it,
from itself, and from all layers below. EXCEPTIONS are the includes that break this; each must still be there, so the
list only shrinks.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)

# From the bottom to the top; folders of one layer are named in the order in which they may include each other.
LAYERS = [
    ["include/host", "include/qemu"],                           # the host's own; log, locks, timers, threads, writers
    ["include/exec", "include/chardev", "include/block", "include/net", "include/audio"],  # memory, consoles, disks
    ["include/ui", "include/sysemu", "include/hw", "include/migration", "include/monitor"],  # the machine's parts
    ["util", "chardev", "block", "net", "audio", "ui"],
    ["hw/core", "hw/*"],                                        # devices
    ["tcg", "tcg/passes"],                                      # intermediate code
    ["target/arm"],                                             # the processor: state, decoder, front end, helpers
    ["hw/arm"],                                                 # the board, and what starts its CPUs
    ["accel/tcg"],                                              # caches, chaining, threads of CPUs
    ["tcg/interp", "tcg/x86_64"],                               # back ends: they know all tables that code uses
    ["migration", "gdbstub", "monitor", "plugins", "softmmu"],             # who looks at all, who starts all
]

# (file, header) that reach up, and what it would take.
EXCEPTIONS = {
    # The processor's helpers are known to the intermediate code by name; the build would have to hand the list in.
    ("tcg/helper.h", "target/arm/helper-table.def"), ("tcg/ir.c", "target/arm/helper-table.def"),
    # Operations name fields of the processor's state by their offset, which is checked against its size.
    ("tcg/ir-verify.c", "target/arm/cpu.h"),
}


def sources():
    names = subprocess.run(["git", "-C", ROOT, "ls-files"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    return [name for name in names if re.search(r"\.(c|h|def)$", name) and
            not name.startswith(("tests/", "contrib/")) and os.path.exists(os.path.join(ROOT, name))]


def folder(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "include" else os.path.dirname(name)


def includes():
    """All (file, header) of different folders of the source."""
    for name in sources():
        with open(os.path.join(ROOT, name), encoding="utf-8") as file:
            for header in INCLUDE.findall(file.read()):
                for path in (header, "include/" + header):
                    if os.path.exists(os.path.join(ROOT, path)) and folder(path) != folder(name):
                        yield name, path
                        break


def place(name):
    """(layer, place in it) of a folder; None: in no layer."""
    for pattern in (name, os.path.dirname(name) + "/*"):
        for layer, folders in enumerate(LAYERS):
            if pattern in folders:
                return layer, folders.index(pattern)
    return None


def reaches_up(name, header):
    return place(folder(header)) >= place(folder(name))


def table(found):
    """Rows: who includes; columns: whose headers."""
    counts = collections.Counter((folder(name), folder(header)) for name, header in found)
    folders = sorted({f for pair in counts for f in pair}, key=lambda f: (place(f), f))
    columns = [f for f in folders if any(pair[1] == f for pair in counts)]
    yield "| includes | " + " | ".join(columns) + " |"
    yield "| --- |" + " --- |" * len(columns)
    for row in reversed(folders):
        cells = [str(counts[row, column] or "") for column in columns]
        if any(cells):
            yield "| %s | %s |" % (row, " | ".join(cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--table", action="store_true", help="print how often which folder includes headers of which")
    options = parser.parse_args()
    found = set(includes())
    if options.table:
        print("\n".join(table(found)))
        return 0
    cases = tap.Cases()
    lost = {folder(name) for name in sources() if place(folder(name)) is None}
    cases.check(not lost, "every folder of the source has its layer", sorted(lost))
    if lost:
        return cases.done()
    up = {pair for pair in found if reaches_up(*pair)}
    cases.check(not up - EXCEPTIONS, "no folder reaches up",
                "\n".join("%s includes %s" % pair for pair in sorted(up - EXCEPTIONS)))
    cases.check(not EXCEPTIONS - up, "exceptions that are gone are gone from the list", sorted(EXCEPTIONS - up))
    cases.check(len(found) > 200 and place("tcg/interp") > place("accel/tcg"), "the source was looked at", len(found))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
