#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a screen of 640 x 480 costs the I/O thread, in percent of a host CPU: nobody looks, a window (SDL without a
display), a VNC client that takes all pictures; a screen that stays as it is, and one that is all new 60 times a second
for ten seconds. Prints a table.

    screen.py [EMULATOR] [--rounds N]
"""
import argparse
import os
import statistics
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/cli"))
from machine import Files       # noqa: E402  (path set above)
import guest_program            # noqa: E402  (machine sets its path)
import rfb                      # noqa: E402
from harness.threads import times_of_program     # noqa: E402

SECONDS = 10                    # of io/screen.c
WAYS = (("nobody looks", ["-display", "none"]), ("a window", ["-display", "sdl"]), ("VNC", ["-vnc", "unix:@"]))


def watch(path):
    """A client that asks for the next picture when it has one, until the emulator hangs up."""
    while not os.path.exists(path):
        time.sleep(0.01)
    client = rfb.connect_unix(path)
    try:
        while True:
            client.ask()
            client.update()
    except (rfb.Refused, OSError):
        pass


def measure(emulator, files, options, moves):
    """Percent of a CPU: the I/O thread, and the threads that are no CPU's."""
    path = files.path("vnc")
    if os.path.exists(path):
        os.unlink(path)
    command = [emulator, "-M", "realview-eb-mpcore,user-switches=%d" % moves, "-m", "64", "-monitor", "none", "-serial",
               "null", "-kernel", guest_program.images("bench", "io/screen.c")[0],
               *(option.replace("@", path) for option in options)]
    viewer = threading.Thread(target=watch, args=(path,), daemon=True)
    times = times_of_program(command, files.path("qmp"), dict(os.environ, SDL_VIDEODRIVER="dummy"),
                             viewer.start if "-vnc" in options else None)
    all_of_them = sum(seconds for name, seconds in times.items() if not name.lower().startswith("cpu"))
    return times["main"] * 100 / SECONDS, all_of_them * 100 / SECONDS


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("emulator", nargs="?", default=os.path.join(ROOT, "build/qemu-system-arm"))
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    print("| who looks | the picture | I/O thread | with the server's threads |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as tmp:
        for name, options in WAYS:
            for moves in (0, 1):
                results = [measure(chosen.emulator, Files(tmp), options, moves) for _ in range(chosen.rounds)]
                print("| %s | %s | %.2f %% | %.2f %% |" % (
                    name, "all new, 60 Hz" if moves else "unchanged", statistics.median(r[0] for r in results),
                    statistics.median(r[1] for r in results)), flush=True)


if __name__ == "__main__":
    main()
