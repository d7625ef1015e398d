#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a byte costs the CPU that moves it and the I/O thread: host CPU time of either thread, by 1, 2 and 4 guest CPUs
(the others sleep). A serial line to a file, a socket that is read, and nowhere, and with events traced; the SD card,
read by the MMCI's FIFO; frames sent by the LAN91C111. Prints a table.

    io.py [EMULATOR] [--rounds N] [--mib N] [--only WORD]
"""
import argparse
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/cli"))
from machine import Files       # noqa: E402  (path set above)
import guest_program            # noqa: E402  (machine sets its path)

# Of io/card.c and io/ethernet.c.
BYTES = 8 << 20
# Name, the serial line (@: a path), other options (@: as well), program; None: it prints on the serial line.
WAYS = [
    ("UART: null", "null", [], None), ("UART: file", "file:@", [], None), ("UART: socket", "unix:@", [], None),
    ("UART: null, other events traced", "null", ["-trace", "sd_command"], None),
    ("UART: null, -trace uart0.DR.write,file=/dev/null", "null", ["-trace", "uart0.DR.write,file=/dev/null"], None),
    ("MMCI: read, raw file", "null", ["-drive", "if=sd,format=raw,file=@"], "io/card.c"),
    ("LAN91C111: transmit, user network", "null", ["-nic", "user"], "io/ethernet.c"),
]


def read_all(listener):
    peer, _ = listener.accept()
    while peer.recv(1 << 16):
        pass


def thread_times(pid):
    """name -> seconds of host CPU."""
    times = {}
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as file:
            ns = int(file.read().split()[0])
        with open("/proc/%d/task/%s/comm" % (pid, task), encoding="ascii") as file:
            name = file.read().strip()
        times["main" if int(task) == pid else name] = ns / 1e9
    return times


def card(path):
    """Each word is its place."""
    with open(path, "wb") as file:
        file.write(struct.pack("<%dI" % (BYTES // 4), *range(0, BYTES, 4)))


def measure(emulator, files, way, cpus, count):
    """Nanoseconds a byte: of the CPU's thread, of the I/O thread."""
    _, serial, options, source = way
    path = files.path("out")
    options = [option.replace("@", path) for option in options]
    if os.path.exists(path):
        os.unlink(path)
    if source:
        count = BYTES
        card(path)
        options += ["-kernel", guest_program.images("bench", source)[0]]
    else:
        options += files.printer(count)
    if serial.startswith("unix:"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        threading.Thread(target=read_all, args=(listener,), daemon=True).start()
    command = [emulator, "-M", "realview-eb-mpcore", "-smp", str(cpus), "-m", "64", "-display", "none", "-monitor",
               "none", "-serial", serial.replace("@", path), "-semihosting", "-no-shutdown", "-qmp",
               "unix:%s,server=on,wait=off" % files.path("qmp"), *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        control = socket.socket(socket.AF_UNIX)
        while True:
            try:
                control.connect(files.path("qmp"))
                break
            except OSError:
                assert process.poll() is None, "the emulator ended"
        lines = control.makefile("rb")
        control.sendall(b'{"execute": "qmp_capabilities"}')
        while b'"SHUTDOWN"' not in lines.readline():
            pass
        times = thread_times(process.pid)
        control.sendall(b'{"execute": "quit"}')
        process.wait()
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
        for way in (way for way in WAYS if chosen.only in way[0]):
            for cpus in (1, 2, 4):
                results = [measure(chosen.emulator, Files(tmp), way, cpus, chosen.mib << 20)
                           for _ in range(chosen.rounds)]
                print("| %s | %d | %.0f | %.1f |" % (way[0], cpus, statistics.median(r[0] for r in results),
                                                     statistics.median(r[1] for r in results)), flush=True)


if __name__ == "__main__":
    main()
