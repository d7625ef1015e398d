#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""What follows when a watchdog expires: each action of -action watchdog= and -watchdog-action, and its QMP event.
Prints TAP.
"""
import os
import struct
import sys
import tempfile

import qmp_client as qmp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

# Starts the SP805 with interrupt and reset, 100 ticks, and hangs.
GUEST = struct.pack("<7I", 0xe59f0010,          # ldr r0, =0x10010000
                    0xe3a01064, 0xe5801000,     # mov r1, #100; str r1, [r0]
                    0xe3a01003, 0xe5801008,     # mov r1, #3; str r1, [r0, #8]
                    0xeafffffe, 0x10010000)     # b .
SAID = b"watchdog expired"


def action(cases, image, options, name):
    with tempfile.TemporaryDirectory() as directory:
        with qmp.Machine(directory, "-device", "loader,file=%s,addr=0,force-raw=on" % image, *options) as machine:
            client = qmp.Client(machine.path)
            client.result("cont")
            title = "%s: " % " ".join(options)
            data = client.event("WATCHDOG")["data"]
            cases.check(data == {"action": name}, title + "the event", data)
            if name == "reset":
                client.event("RESET")
                cases.check(client.event("WATCHDOG") and client.result("query-status")["running"],
                            title + "again and again")
            elif name == "pause":
                client.event("STOP")
                stopped = {"status": "watchdog", "singlestep": False, "running": False}
                cases.check(client.result("query-status") == stopped, title + "stopped")
            elif name == "poweroff":
                cases.check(client.event("SHUTDOWN") and machine.ended() == 0, title + "the end")
            else:
                cases.check(client.result("query-status")["running"], title + "goes on")
            if name != "poweroff":
                client.order("quit")
                machine.ended()
            said = machine.process.stdout.read()
            cases.check(SAID in said, title + "the user hears of it", said)
            extra = {"shutdown": b"no power button", "inject-nmi": b"cannot be masked"}.get(name)
            cases.check(not extra or extra in said, title + "and of what cannot be done", said)


def main():
    cases = tap.Cases()
    if not qmp.built_in():
        cases.skip("actions of watchdogs", "QMP is not built in")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        image = os.path.join(directory, "image")
        with open(image, "wb") as file:
            file.write(GUEST)
        action(cases, image, (), "reset")
        for name in ("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"):
            action(cases, image, ("-action", "watchdog=" + name), name)
        action(cases, image, ("-watchdog-action", "none"), "none")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
