#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""What other people's VNC clients rely on, beyond RFC 6143: programs that take one picture and go, old ones, such as
compare pictures, such that listen. Prints TAP.
"""
import socket
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import rfb                                          # noqa: E402  (no bytecode)
from display_machine import HEIGHT, LIMIT, PICTURE, WIDTH, Machine, is_note, screen_program, until          # noqa: E402
from machine import M, Cases, Files                 # noqa: E402

WANT = (WIDTH, HEIGHT, PICTURE)
RAW, TIGHT, QUALITY, COMPRESSION, LAST_RECT, CURSOR = 0, 7, -26, -250, -224, -239
LAST_UNKNOWN = 65535                                # in place of a number: up to a rectangle LAST_RECT
FILL, JPEG = 8, 9


def switched_on(machine):
    """Until the guest's screen is on. Nobody has looked at it yet."""
    until(lambda: int(machine.hmp("xp /1xw 0x10020018").split()[-1], 16), lambda control: control & 1)


def compact(client):
    """A length, as Tight has it: 7 bits, 7 bits, 8 bits, the least first; bit 7 says that more follow."""
    length = 0
    for shift in (0, 7, 14):
        byte = client.read(1)[0]
        if shift == 14 or not byte & 0x80:
            return length | byte << shift
        length |= (byte & 0x7f) << shift
    raise AssertionError("unreachable")


def read_tight(client, width, height):
    """A rectangle, which is thrown away; how it was compressed."""
    control = client.read(1)[0]
    kind = control >> 4
    if kind == FILL:
        client.read(3)
        return kind
    if kind == JPEG:
        client.read(compact(client))
        return kind
    line = 3 * width
    if kind & 4 and client.read(1)[0] == 1:         # a palette
        colours = client.read(1)[0] + 1
        client.read(3 * colours)
        line = (width + 7) // 8 if colours == 2 else width
    client.read(line * height if line * height < 12 else compact(client))
    return kind


def tight_update(client):
    """The number of rectangles that the server promised, and how each in Tight was compressed."""
    assert client.read(1) == b"\0"
    count = struct.unpack(">xH", client.read(3))[0]
    kinds = []
    for _ in range(count):
        _, _, width, height, encoding = struct.unpack(">HHHHi", client.read(12))
        if encoding == LAST_RECT:
            break
        if encoding == TIGHT:
            kinds.append(read_tight(client, width, height))
        else:
            assert encoding == CURSOR and not width, encoding
    return count, kinds


def test_first_picture(cases, files):
    path = files.path("vnc")
    with Machine(files, ["-vnc", "unix:" + path], screen_program()) as machine:
        switched_on(machine)
        client = rfb.connect_unix(path, timeout=LIMIT)
        cases.check((client.width, client.height) == (WIDTH, HEIGHT), "the size at the begin is that of now",
                    (client.width, client.height))
        client.ask(False)
        client.update()
        cases.check((client.width, client.height, client.pixels) == WANT,
                    "the first update has the picture of now: some clients want no other")
        client.close()
        cases.check(machine.end()[0] == 0, "the end")


def test_no_picture(cases, files):
    path = files.path("vnc")
    with Machine(files, ["-vnc", "unix:" + path]) as machine:
        client = rfb.connect_unix(path, timeout=LIMIT)
        client.ask(False)
        client.update()
        cases.check(is_note((client.width, client.height, client.pixels)),
                    "a screen that no guest has switched on says so: some clients wait until it is not black")
        client.close()
        cases.check(machine.end()[0] == 0, "the end")


def test_tight(cases, files):
    """vncsnapshot asks so, and waits for 65535 rectangles if there are that many."""
    path = files.path("vnc")
    for lossy in (False, True):
        with Machine(files, ["-vnc", "unix:%s%s" % (path, ",lossy=on" if lossy else "")], screen_program()) as machine:
            switched_on(machine)
            client = rfb.connect_unix(path, timeout=LIMIT, old=True)
            client.encodings(TIGHT, QUALITY, COMPRESSION, LAST_RECT, CURSOR)
            client.ask(False)
            count, kinds = tight_update(client)
            if not lossy:
                cases.check(count != LAST_UNKNOWN and kinds, "a program of before 3.7 hears how many rectangles come",
                            (count, kinds))
            cases.check((JPEG in kinds) == lossy, "lossy=on: JPEG" if lossy else "the picture as it is", kinds)
            client.close()
            cases.check(machine.end()[0] == 0, "the end")


def test_reverse(cases, files):
    """The client listens."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        server.settimeout(LIMIT)
        port = server.getsockname()[1]
        with Machine(files, ["-vnc", "localhost:%d,reverse=on,ipv4=on" % port], screen_program()) as machine:
            switched_on(machine)
            client = rfb.Rfb(server.accept()[0], timeout=LIMIT)
            cases.check(client.picture(lambda seen: seen == WANT) == WANT, "a client that listens")
            client.close()
            cases.check(machine.end()[0] == 0, "the end")
    path = files.path("listens")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(1)
        server.settimeout(LIMIT)
        with Machine(files, ["-vnc", "unix:%s,reverse=on" % path], screen_program()) as machine:
            client = rfb.Rfb(server.accept()[0], timeout=LIMIT)
            cases.check(client.picture(lambda seen: seen == WANT) == WANT, "one at a Unix socket")
            cases.check(machine.end()[0] == 0, "the end")
    for argument, says in (("127.0.0.1:%d,reverse=on" % port, "Connection refused"),
                           ("unix:%s/x,reverse=on" % path, "Not a directory"),
                           (":1,reverse=on,websocket=on", "listens to nobody"),
                           (":60000", "no number up to"), (":1,connections=0", "1 to 64"),
                           (":1,tls-creds=x", "ssh tunnel"), (":1,sasl=on", "no SASL"),
                           ("127.0.0.1:1,ipv4=off", "127.0.0.1"), (":1,lossy=x", "lossy"),
                           (":1,non-adaptive=x", "non-adaptive")):
        p = subprocess.run([*M, "-display", "none", "-vnc", argument], stderr=subprocess.PIPE, check=False,
                           timeout=LIMIT)
        cases.check(p.returncode == 1 and says in p.stderr.decode() and p.stderr.count(b"\n") == 1,
                    "-vnc " + argument.replace(path, "PATH").replace(str(port), "PORT"), p.stderr)


def test_power(cases, files):
    path = files.path("vnc")
    with Machine(files, ["-vnc", "unix:%s,power-control=on,lock-key-sync=off,connections=1,id=desk" % path]) as machine:
        servers = machine.qmp("query-vnc-servers")["return"]
        cases.check([one["id"] for one in servers] == ["desk"], "id= is the server's name", servers)
        client = rfb.connect_unix(path, timeout=LIMIT)
        cases.check(client.may_press_power() == 1, "power-control=on: a client may press the buttons")
        client.power(2)
        cases.check(machine.event("POWERDOWN"), "... that of the power")
        client.power(4)
        cases.check(machine.event("RESET"), "... that of the reset")
        client.power(3)
        cases.check(client.power_answer() == 0, "... there is none for the guest's own reboot")
        try:
            rfb.connect_unix(path, timeout=LIMIT)
            refused = False
        except (AssertionError, OSError, rfb.Refused):
            refused = True
        cases.check(refused, "connections=1: there is no second client")
        client.close()
        cases.check(machine.end()[0] == 0, "the end")
    with Machine(files, ["-vnc", "vnc=unix:" + path]) as machine:
        client = rfb.connect_unix(path, timeout=LIMIT)
        client.encodings(0, -309)
        client.power(4)
        client.ask(False)
        client.update()
        cases.check(not [e for e in machine.events if e["event"] == "RESET"] and
                    machine.qmp("query-status")["return"]["status"], "without it: nothing happens")
        client.close()
        cases.check(machine.end()[0] == 0, "the end")


def main():
    cases = Cases()
    if "vnc" not in subprocess.run([M[0], "-display", "help"], stdout=subprocess.PIPE, check=True).stdout.decode():
        cases.skip("VNC", "built without libvncserver")
        sys.exit(cases.done())
    with tempfile.TemporaryDirectory() as tmp:
        files = Files(tmp)
        test_first_picture(cases, files)
        test_no_picture(cases, files)
        test_tight(cases, files)
        test_reverse(cases, files)
        test_power(cases, files)
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
