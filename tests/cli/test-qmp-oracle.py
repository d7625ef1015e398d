#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""query-qmp-schema of this emulator and of QEMU 7.2, member by member (qmp_walk.py): each difference is one that
qmp-differences.txt names with its reason, and each of its rows is one. Without QEMU only the walk is tried. Prints TAP.
"""
import copy
import fnmatch
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import QEMU, built_in            # noqa: E402
from qmp_walk import Walk       # noqa: E402

ORACLE = os.environ.get("PQEMU_TEST_ORACLE", "/usr/bin/qemu-system-arm")
COMMANDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu-commands.txt")
TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qmp-differences.txt")
ORDERS = ("qmp_capabilities", "query-version", "query-qmp-schema")


def ask(emulator):
    """Its version, and its schema."""
    got = {}
    with subprocess.Popen([emulator, "-machine", "none", "-nodefaults", "-display", "none", "-qmp", "stdio"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.stdin.write("".join(json.dumps({"execute": name, "id": name}) for name in ORDERS))
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                got[answer.get("id")] = answer.get("return")
                if len(got) > len(ORDERS):          # and the greeting
                    break
        finally:
            process.kill()
    return got["query-version"]["qemu"], got["query-qmp-schema"]


def wanted():
    """(kind, pattern) of each row; a reason stands above its rows."""
    with open(TABLE, encoding="ascii") as file:
        return [tuple(line.rstrip("\n").split(" ", 1)) for line in file if line.strip() and line[0] != "#"]


def changed(rows, name, change):
    """A copy in which the row of the name is another one."""
    rows = copy.deepcopy(rows)
    change(next(row for row in rows if row["name"] == name))
    return rows


def member_of(row, name):
    return next(member for member in row["members"] if member["name"] == name)


def notices(cases, rows):
    """The walk itself: what is not the same is found."""
    cases.check(not Walk(rows, rows).differences, "nothing differs from itself", Walk(rows, rows).differences)
    for name, change, expected in (
            ("StatusInfo", lambda row: row["members"].pop(), ("more", "StatusInfo.status")),
            ("StatusInfo", lambda row: member_of(row, "running").update(type="int"),
             ("type", "StatusInfo.running boolean, not int")),
            ("eject-arg", lambda row: member_of(row, "force").pop("default"), ("optional", "eject-arg.force")),
            ("RunState", lambda row: row["values"].remove("paused"), ("more", "RunState.^paused")),
            ("RunState", lambda row: row["values"].append("odd"), ("lacks", "RunState.^odd")),
            ("BlockdevOptions", lambda row: row["variants"].pop(0), ("more", "BlockdevOptions.+*")),
            ("BlockdevRef", lambda row: row["members"].pop(), ("more", "BlockdevRef.|*")),
            ("device_add", lambda row: row["features"].append("odd"), ("lacks", "device_add.$odd")),
            ("BlockdevOptions", lambda row: member_of(row, "cache").update(type="int"),
             ("type", "BlockdevOptions.cache object, not int")),
            ("RESET", lambda row: row.update(name="OTHER"), ("lacks", "event OTHER")),
            ("quit", lambda row: row.pop("allow-oob"), ("more", "quit.allow-oob"))):
        found = Walk(rows, changed(rows, name, change)).differences
        cases.check(any(kind == expected[0] and fnmatch.fnmatchcase(where, expected[1]) for kind, where in found),
                    "noticed: %s" % " ".join(expected), found)


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    _, ours = ask(QEMU)
    notices(cases, ours)
    if not shutil.which(ORACLE):
        cases.skip("QEMU's schema", "qemu-system-arm is not installed")
        return cases.done()
    version, theirs = ask(ORACLE)
    if (version["major"], version["minor"]) != (7, 2):
        cases.skip("QEMU's schema", "the protocol is that of 7.2")
        return cases.done()
    found, rows = Walk(ours, theirs).differences, wanted()
    with open(COMMANDS, encoding="ascii") as file:
        left_out = {("lacks", "command " + line.split()[1].lstrip("-")) for line in file if line.startswith("qmp -")}
    stray = {one for one in found - left_out if not any(one[0] == kind and fnmatch.fnmatchcase(one[1], pattern)
                                             for kind, pattern in rows)}
    cases.check(not stray, "what differs is wanted", "\n" + "\n".join("%s %s" % one for one in sorted(stray)))
    stale = [row for row in rows if not any(kind == row[0] and fnmatch.fnmatchcase(where, row[1])
                                            for kind, where in found)]
    cases.check(not stale, "what is wanted differs", stale)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
