#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
# run-tests: long timeout=7200 as=long args=--long
"""Linux on four CPUs is recorded while somebody types and its network answers, with one thread and with one for each
CPU; replayed, all that it prints is the same, and so are registers and memory at each comparison. --long: ten replays
of a longer run. Prints TAP.
"""
import os
import re
import sys
import tempfile
import time

import vm

PING = "ping -c 2 10.0.2.2 >/tmp/p; cat /tmp/p"
LOAD = "for i in 1 2 3 4; do (dd if=/dev/urandom bs=64k count=%d 2>/dev/null | md5sum) & done; wait"


def machine(mode, path, accel="", args=()):
    return vm.VM(accel, args=["-icount", "shift=2,rr=%s,rrfile=%s" % (mode, path), "-nic", "user", *args])


def record(path, megabytes, accel):
    """What the guest printed until somebody ended the emulator."""
    with machine("record", path, accel) as guest:
        guest.expect(vm.PROMPT, 120)
        for line in ("date; cat /proc/interrupts", "ifconfig eth0 10.0.2.15 && " + PING, LOAD % (16 * megabytes)):
            guest.send(line + "\n")
            guest.expect(vm.PROMPT, 300)
            time.sleep(0.1)
        guest.send("\x01x")            # ends the emulator, not the guest
        guest.process.wait(60 * guest.scale)
        return guest.text()


def replay(path):
    """What the guest prints, and how many comparisons agreed."""
    with machine("replay", path) as guest:
        found = guest.expect(r"replay: the recording ends at instruction \d+; (\d+) comparisons agreed", 300)
        return guest.text()[:guest.text().index("qemu-system-arm: replay")], int(found.group(1))


def main():
    cases = vm.tap.Cases()
    rounds, megabytes, least = (10, 8, 100) if "--long" in sys.argv else (1, 1, 20)
    with tempfile.TemporaryDirectory() as directory:
        for accel in ("", "thread=multi", "thread=multi,ccache=separate"):
            path = os.path.join(directory, "rr")
            name = accel or "thread=single"
            said = record(path, megabytes, accel)
            cases.check(re.search(r"\d+ bytes from 10.0.2.2", said), name + ": recorded, with answers of the network",
                        said[-2000:])
            for i in range(rounds):
                again, compared = replay(path)
                cases.check(said.startswith(again.rstrip()) and len(again) > 2000,
                            "%s: replay %d: the same is printed" % (name, i), again[-2000:])
                cases.check(compared >= least,
                            "%s: replay %d: registers and memory agree (%d times)" % (name, i, compared))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
