#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""Which folder may see which: no header leads, on any path of includes, to what its layer must not know. Prints TAP.
(test-includes.py looks at each include for itself.)
"""
import collections
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("accel", "chardev", "hw", "include", "monitor", "softmmu", "target", "tcg", "util")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)

# What is looked at (a folder or a file), what it must not reach, and whether through other headers as well.
RULES = (
    ("target/arm/cpu.h", ("include/hw/", "include/sysemu/", "include/chardev/", "include/monitor/",
                          "accel/", "tcg/", "hw/", "chardev/", "monitor/", "softmmu/"), True),
    ("include/sysemu", ("target/", "accel/", "tcg/", "chardev/", "include/hw/", "include/chardev/", "include/monitor/"),
     True),
    ("include/qemu", ("target/", "accel/", "tcg/", "include/hw/", "include/chardev/", "include/monitor/"), True),
    ("monitor", ("accel/", "tcg/"), True),
    ("hw", ("accel/", "tcg/"), True),
    ("chardev", ("accel/", "tcg/", "target/", "include/hw/"), True),
    ("util", ("accel/", "tcg/", "target/", "include/hw/", "include/chardev/", "include/monitor/"), True),
    ("softmmu", ("accel/", "tcg/"), False),
    ("accel", ("hw/", "include/hw/", "chardev/", "include/chardev/", "monitor/", "include/monitor/"), True),
    ("tcg", ("hw/", "include/hw/", "chardev/", "include/chardev/", "monitor/", "include/monitor/", "softmmu/"), True),
)


def sources():
    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.relpath(os.path.join(directory, name), ROOT)


def resolve(path, name):
    """The file that `#include "name"` in path means; None: not ours (made by the build)."""
    for base in ("", "include", os.path.dirname(path)):
        found = os.path.normpath(os.path.join(base, name))
        if os.path.exists(os.path.join(ROOT, found)):
            return found
    return None


def read_includes():
    graph = {}
    for path in sources():
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            found = [resolve(path, name) for name in INCLUDE.findall(f.read())]
        graph[path] = [name for name in found if name]
    return graph


def reach(graph, start, deep):
    """Everything that start includes: {file: the way there}."""
    ways, queue = {}, collections.deque([(start, [start])])
    while queue:
        path, way = queue.popleft()
        for name in graph.get(path, ()):
            if name not in ways:
                ways[name] = way + [name]
                if deep:
                    queue.append((name, ways[name]))
    return ways


def violations(graph, where, forbidden, deep):
    for path in sorted(graph):
        if path == where or path.startswith(where + "/"):
            for name, way in reach(graph, path, deep).items():
                if name.startswith(forbidden):
                    yield " -> ".join(way)


def cycles(graph):
    """Headers that include themselves in the end."""
    return [path for path in sorted(graph) if path in reach(graph, path, True)]


def main():
    graph = read_includes()
    cases = tap.Cases()
    for where, forbidden, deep in RULES:
        wrong = list(violations(graph, where, forbidden, deep))
        cases.check(not wrong, "%s does not reach %s" % (where, ", ".join(forbidden)), "\n".join(wrong[:10]))
    circles = cycles(graph)
    cases.check(not circles, "no header includes itself", circles)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
