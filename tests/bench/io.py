#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a byte costs the CPU that moves it and the I/O thread: host CPU time of either thread, by 1, 2 and 4 guest CPUs
(the others sleep). A serial line to a file, a socket that is read, and nowhere, and with events traced; the SD card,
read and written by the MMCI's FIFO; frames sent and received by the LAN91C111. Prints a table.

    io.py [EMULATOR] [--rounds N] [--mib N] [--only WORD]
"""
import argparse
import os
import socket
import statistics
import struct
import sys
import tempfile
import threading
import typing

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/cli"))
from machine import Files       # noqa: E402  (path set above)
import guest_program            # noqa: E402  (machine sets its path)
from harness.threads import times_of_program     # noqa: E402

# Of io/card.h and io/ethernet*.[hc].
BYTES, FRAME, BATCH = 8 << 20, 1512, 128
# To everybody, from a made-up address, of a type for experiments; the guest's data begins at a word.
HEAD = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x88\xb5" + bytes(2)


def read_all(peer):
    while peer.recv(1 << 16):
        pass


def take(peer, count):
    """count bytes; fewer: it hung up."""
    data = b""
    while len(data) < count and (got := peer.recv(count - len(data))):
        data += got
    return data


def feed_frames(peer):
    """For each frame that comes BATCH of them go back, with their numbers; a frame's length is in front of it."""
    number = 0
    while head := take(peer, 4):
        take(peer, struct.unpack(">I", head)[0])
        batch = b"".join(struct.pack(">I", FRAME) + HEAD + struct.pack("<I", n) + bytes(FRAME - len(HEAD) - 4)
                         for n in range(number, number + BATCH))
        number += BATCH
        peer.sendall(batch)


def card(path):
    """An SD card, in which each word is its place."""
    with open(path, "wb") as file:
        file.write(struct.pack("<%dI" % (BYTES // 4), *range(0, BYTES, 4)))


def written(path):
    """Whether each word of the card is its place's complement."""
    with open(path, "rb") as file:
        assert file.read() == struct.pack("<%dI" % (BYTES // 4), *(~at & 0xffffffff for at in range(0, BYTES, 4)))


def served(serve):
    """A Unix socket whose peer serve() gets."""
    def listen(path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=lambda: serve(listener.accept()[0]), daemon=True).start()
    return listen


class Way(typing.NamedTuple):
    """What is measured; "@" is a path."""
    name: str
    serial: str = "null"
    options: list = []
    source: str = None          # a program; None: it prints on the serial line
    prepare: typing.Callable = None     # of the path, before
    check: typing.Callable = None       # and after


SD = ["-drive", "if=sd,format=raw,file=@"]
WAYS = [
    Way("UART: null"), Way("UART: file", "file:@"), Way("UART: socket", "unix:@", prepare=served(read_all)),
    Way("UART: null, other events traced", options=["-trace", "sd_command"]),
    Way("UART: null, -trace uart0.DR.write,file=/dev/null", options=["-trace", "uart0.DR.write,file=/dev/null"]),
    Way("MMCI: read, raw file", options=SD, source="io/card.c", prepare=card),
    Way("MMCI: write, raw file", options=SD, source="io/card-write.c", prepare=card, check=written),
    Way("LAN91C111: transmit, user network", options=["-nic", "user"], source="io/ethernet.c"),
    Way("LAN91C111: receive, Unix socket", options=["-nic", "stream,server=off,addr.type=unix,addr.path=@"],
        source="io/ethernet-receive.c", prepare=served(feed_frames)),
]


def measure(emulator, files, way, cpus, count):
    """Nanoseconds a byte: of the CPU's thread, of the I/O thread."""
    path = files.path("out")
    options = [option.replace("@", path) for option in way.options]
    if os.path.exists(path):
        os.unlink(path)
    if way.prepare:
        way.prepare(path)
    if way.source:
        count = BYTES
        options += ["-kernel", guest_program.images("bench", way.source)[0]]
    else:
        options += files.printer(count)
    command = [emulator, "-M", "realview-eb-mpcore", "-smp", str(cpus), "-m", "64", "-display", "none", "-monitor",
               "none", "-serial", way.serial.replace("@", path), *options]
    times = times_of_program(command, files.path("qmp"))
    if way.check:
        way.check(path)
    cpu = max(seconds for name, seconds in times.items() if name.lower().startswith("cpu"))
    return cpu * 1e9 / count, times["main"] * 1e9 / count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emulator", nargs="?", default=os.path.join(ROOT, "build/qemu-system-arm"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=8, help="on the serial line")
    parser.add_argument("--only", default="", metavar="WORD", help="ways with that in their names")
    chosen = parser.parse_args()
    print("| way | CPUs | ns a byte: its CPU | I/O thread |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as tmp:
        for way in (way for way in WAYS if chosen.only in way.name):
            for cpus in (1, 2, 4):
                results = [measure(chosen.emulator, Files(tmp), way, cpus, chosen.mib << 20)
                           for _ in range(chosen.rounds)]
                print("| %s | %d | %.0f | %.1f |" % (way.name, cpus, statistics.median(r[0] for r in results),
                                                     statistics.median(r[1] for r in results)), flush=True)


if __name__ == "__main__":
    main()
