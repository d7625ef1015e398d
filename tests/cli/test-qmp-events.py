#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Events that managers wait for: the guest sets its clock. (Those of disks, of VNC, of the run state and of ports are
in tests of their own.) Prints TAP.
"""
import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in        # noqa: E402

AHEAD = 1000
# Sets the clock so many seconds ahead of what it says.
PROGRAM = [
    0xe3a00201,         # mov   r0, #0x10000000
    0xe2800a17,         # add   r0, r0, #0x17000        the PL031
    0xe5901000,         # ldr   r1, [r0]
    0xe2811ffa,         # add   r1, r1, #1000
    0xe5801008,         # str   r1, [r0, #8]
    0xeafffffe,         # b     .
]


def clock(cases, directory):
    program = os.path.join(directory, "program")
    with open(program, "wb") as file:
        file.write(struct.pack("<%dI" % len(PROGRAM), *PROGRAM))
    one = ("-smp", "1", "-device", "loader,file=%s,addr=0,cpu-num=0,force-raw=on" % program)
    with Machine(directory, *one) as machine:
        client = Client(machine.path)
        client.result("cont")
        data = client.event("RTC_CHANGE")["data"]
        # A busy host may let seconds pass between the guest's two accesses.
        cases.check(AHEAD - 100 < data["offset"] <= AHEAD, "RTC_CHANGE tells how far the clock is ahead", data)
        kind = client.result("qom-get", path=data["qom-path"], property="type")
        cases.check(kind == "pl031", "and whose it is", data)
        client.close()


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-events-") as directory:
        clock(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
