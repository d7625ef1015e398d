#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""A program on four CPUs that watches all of its state moves from each design into each other one, by a file, by a
command, and by sockets. Prints TAP.
"""
import os
import re
import sys
import tempfile

import machines
from machines import Machine

import tap

cases = tap.Cases()
# All twelve ordered pairs, one behind the other.
ROUTE = ("unified", "separate", "unified", "single", "unified", "interp", "separate", "single", "separate", "interp",
         "single", "interp", "unified")


def last_round(machine, seen):
    """The last round that a stopped machine has printed, `seen` or a later one; a line may go on elsewhere."""
    numbers = re.findall(rb"round (\d+)\n", machine.rest())
    return int(numbers[-1]) if numbers else seen


def hop(tmp, image, sender, design, way):
    """The sender's state in a machine of that design."""
    path = os.path.join(tmp, "state")
    receiver = None
    if way in ("unix", "tcp"):
        where = "unix:" + path + ".sock" if way == "unix" else "tcp:127.0.0.1:%d" % (20000 + os.getpid() % 20000)
        receiver = Machine(tmp, image, design, ["-incoming", where])
        assert receiver.order("query-status")["status"] == "inmigrate"
    elif way == "exec":
        where = "exec:gzip -c > " + path
    else:
        where = "file:" + path
    info = sender.migrate(where)
    assert info["status"] == "completed", info
    assert sender.order("query-status")["status"] == "postmigrate"
    if way == "exec":
        receiver = Machine(tmp, image, design, ["-incoming", "exec:gzip -dc " + path])
    elif way == "file":
        receiver = Machine(tmp, image, design, ["-incoming", "file:" + path])
    elif way == "defer":
        receiver = Machine(tmp, image, design, ["-incoming", "defer"])
        receiver.order("migrate-incoming", uri="file:" + path)
    return receiver


def main():
    image = machines.guest()
    if not image:
        cases.skip("moves", "no cross compiler (gcc-arm-linux-gnueabi)")
        return cases.done()
    ways = ["file", "exec", "unix", "tcp", "defer"]
    with tempfile.TemporaryDirectory() as tmp:
        machine = Machine(tmp, image, ROUTE[0])
        with cases.case("the guest works"):
            number = machine.round(machine.round())
        for n, (here, there) in enumerate(zip(ROUTE, ROUTE[1:])):
            way = ways[n % len(ways)]
            with cases.case("from %s to %s by %s" % (here, there, way)):
                following = hop(tmp, image, machine, there, way)
                before = last_round(machine, number)
                machine.__exit__()
                machine = following
                # The line that was being printed is in two pieces.
                machine.until(rb"\n")
                number = machine.round()
                assert before < number <= before + 2, (before, number)
                number = machine.round(number)
        with cases.case("after all moves everything is as it must be"):
            machine.verdict()
        machine.__exit__()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
