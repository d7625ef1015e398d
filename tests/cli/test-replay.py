#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Recording and replaying: what a guest says to input that came at any time it says again when that is replayed, in
every design; recordings that do not fit are refused. Prints TAP.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import guest_program            # noqa: E402  (path set above)
import qmp_client               # noqa: E402  (beside this file)
import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
PATIENCE = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
LINES = ["first", "second, longer than what the receiver's queue takes at once: 012345678901", "3", "end"]
cases = tap.Cases()


def argv(image, mode, path, cpus=2, icount="shift=3", accel="ccache=unified", options=()):
    return [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-semihosting", "-kernel", image,
            "-smp", str(cpus), "-accel", "tcg," + accel, "-serial", "stdio",
            "-icount", "%s,rr=%s,rrfile=%s" % (icount, mode, path), *options]


def record(image, path, directory, cpus=2, icount="shift=3", options=()):
    """The output of a guest that gets LINES, whenever it is ready for one."""
    name = os.path.join(directory, "uart1")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        server.settimeout(PATIENCE)
        process = subprocess.Popen(argv(image, "record", path, cpus, icount,
                                        options=["-monitor", "none", "-serial", "unix:" + name, *options]),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        text = b""
        try:
            with server.accept()[0] as uart:
                for line in LINES:
                    while b"\n" not in text.split(line.encode())[-1]:
                        text += os.read(process.stdout.fileno(), 4096)
                        if b"ready" in text or b"day" in text:
                            break
                    time.sleep(0.02)
                    before = text.count(b"\n")
                    uart.sendall(line.encode() + b"\n")
                    while text.count(b"\n") == before:
                        part = os.read(process.stdout.fileno(), 4096)
                        if not part:
                            break
                        text += part
                text += process.communicate(timeout=PATIENCE)[0]
        finally:
            process.kill()
            process.wait()
            os.remove(name)
    return process.returncode, text.decode().replace("\r", "")


def replay(image, path, cpus=2, icount="shift=3", accel="ccache=unified", options=(), orders=None):
    monitor = "stdio" if orders is not None else "none"
    command = argv(image, "replay", path, cpus, icount, accel, ["-serial", "null", "-monitor", monitor, *options])
    if orders is not None:
        command[command.index("stdio")] = "null"
    done = subprocess.run(command, input=orders or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=PATIENCE, universal_newlines=True, check=False)
    return done.returncode, done.stdout.replace("\r", "")


def test_same(image, directory):
    for cpus, icount in ((1, "shift=3"), (3, "shift=3"), (2, "auto")):
        path = os.path.join(directory, "rr-%d" % cpus)
        said = record(image, path, directory, cpus, icount)
        cases.check(said[0] == 0 and said[1].count("ticks") == len(LINES), "%d CPUs, %s: recorded" % (cpus, icount),
                    said)
        for accel in ("ccache=unified", "ccache=separate", "backend=interp", "one-insn-per-tb=on"):
            again = replay(image, path, cpus, icount, accel)
            cases.check(again == said, "%d CPUs, %s: replayed, %s" % (cpus, icount, accel), (said, again))


def test_orders(image, path):
    text = replay(image, path, 3, options=["-S"], orders="replay_delete_break\nreplay_break 100000\ninfo replay\n"
                                                         "replay_break x\nloadvm x\nquit\n")[1]
    for words in ("there is no break", "Replaying from %s: instruction count = 0 of " % path,
                  "break at instruction 100000", "the number of an instruction is expected",
                  "it changes the machine in a way that a recording does not have"):
        cases.check(words in text, "monitor: " + words.replace(path, "FILE"), text)


def length(qmp):
    """How many instructions the recording has: fewer, the sooner its input came."""
    text = qmp.result("human-monitor-command", command_line="info replay")
    return int(re.search(r"instruction count = 0 of (\d+)", text).group(1))


def test_break(image, path, directory):
    """The machine stops at exactly that instruction, by order of a program."""
    name = os.path.join(directory, "qmp")
    command = argv(image, "replay", path, 3, options=["-serial", "null", "-monitor", "none", "-S",
                                                      "-qmp", "unix:%s,server=on,wait=off" % name])
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        qmp = qmp_client.Client(name)
        place = length(qmp) // 2
        qmp.result("replay-break", icount=place)
        qmp.result("cont")
        qmp.event("STOP")
        answer = qmp.result("query-replay")
        cases.check(answer == {"mode": "play", "filename": path, "icount": place}, "replay-break", answer)
        cases.check("executed already" in qmp.error("replay-break", icount=5)["desc"], "a break in the past is refused")
        cases.check("no break" in qmp.error("replay-delete-break")["desc"], "the break was for once")
        qmp.result("quit")
    finally:
        process.kill()
        process.wait()


def test_seek(image, path, directory):
    """Back and forward again: all registers are what they were, and the comparisons behind agree."""
    name = os.path.join(directory, "qmp")
    command = argv(image, "replay", path, 3, options=["-serial", "null", "-monitor", "none", "-S",
                                                      "-qmp", "unix:%s,server=on,wait=off" % name])
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen = {}
    try:
        qmp = qmp_client.Client(name)
        end = length(qmp)
        a, b, c = end // 3, end - 5000, end - 5001
        for place in (a, 17, b, a, c, 17, b, a, 0, c):
            qmp.result("replay-seek", icount=place)
            while qmp.result("query-status")["running"]:
                time.sleep(0.01)
            where = qmp.result("query-replay")["icount"]
            registers = qmp.result("human-monitor-command", command_line="info registers -a")
            cases.check(where == place and seen.setdefault(place, registers) == registers,
                        "replay-seek, place %d" % sorted([0, 17, a, c, b]).index(place), registers)
        qmp.result("cont")
        cases.check(process.wait(PATIENCE) == 0, "the rest is as it was recorded", process.stdout.read())
    finally:
        process.kill()
        process.wait()


def test_reverse(image, path, directory, cpus):
    """gdb goes back: by instructions, to breakpoints, to stores, to the beginning, and on to the end."""
    name = os.path.join(directory, "gdb")
    command = argv(image, "replay", path, cpus, options=["-serial", "null", "-monitor", "none", "-S",
                                                         "-gdb", "unix:" + name])
    orders = ["set remotetimeout 60", "target remote " + name, "break on_irq", "continue", "continue", "continue",
              "printf \"A %d\\n\", ticks", "reverse-continue", "printf \"B %d\\n\", ticks",
              "stepi", "printf \"C %x\\n\", $pc", "stepi", "reverse-stepi", "printf \"D %x\\n\", $pc",
              "delete", "watch ticks", "continue", "printf \"E %d\\n\", ticks", "reverse-continue",
              "printf \"F %d\\n\", ticks", "reverse-continue", "printf \"G %d\\n\", ticks", "delete",
              "reverse-continue", "printf \"H %x\\n\", $pc", "continue"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        while not os.path.exists(name):
            time.sleep(0.02)
        done = subprocess.run(["gdb-multiarch", "-nx", "-q", "-batch", image] +
                              [word for order in orders for word in ("-ex", order)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=3 * PATIENCE,
                              universal_newlines=True, check=False)
        said = dict(re.findall(r"^([A-H]) (\w+)$", done.stdout, re.M))
        for letters, what in (("AB", "reverse-continue goes to the breakpoint before"),
                              ("CD", "reverse-stepi goes back over an instruction"),
                              ("FG", "reverse-continue goes back to a store")):
            a, b = (said.get(letter, "") for letter in letters)
            cases.check(a and (a == b if letters == "CD" else int(a) == int(b) + 1), "%d CPUs: %s" % (cpus, what),
                        done.stdout)
        cases.check(said.get("H") == "10000" and "No more reverse-execution history" in done.stdout,
                    "%d CPUs: reverse-continue ends at the beginning" % cpus, done.stdout)
        cases.check("exited normally" in done.stdout and process.wait(PATIENCE) == 0,
                    "%d CPUs: the replay goes on to its end from there" % cpus, done.stdout)
    finally:
        process.kill()
        process.wait()


def test_refused(image, path, directory):
    with open(path, "rb") as file:
        good = file.read()
    bad = os.path.join(directory, "bad")
    pieces = {"cut off": good[:-3], "not a recording": b"#!/bin/sh\n" * 10, "without its end": good[:40],
              "damaged": good[:-20] + bytes([good[-20] ^ 1]) + good[-19:], "empty": b"",
              "of another version": good[:8] + b"\x01" + good[9:]}
    for name, content in pieces.items():
        with open(bad, "wb") as file:
            file.write(content)
        status, text = replay(image, bad, 3)
        cases.check(status == 1 and text.count("\n") == 1 and "rrfile=" in text, "a file that is %s is refused" % name,
                    text)
    for cpus, icount in ((2, "shift=3"), (3, "shift=4")):
        status, text = replay(image, path, cpus, icount)
        cases.check(status == 1 and "another machine" in text and text.count("\n") == 1,
                    "another machine is refused: %d CPUs, %s" % (cpus, icount), text)
    for arguments, words in ((["-icount", "1,rr=record"], "rrfile=FILE is missing"),
                             (["-icount", "1,rrfile=x"], "rr=record or rr=replay is missing"),
                             (["-icount", "1,rr=play,rrfile=x"], "rr is record|replay"),
                             (["-icount", "1,rr=record,rrfile=" + directory], "cannot write"),
                             (["-icount", "1,rr=record,rrfile=x", "-rtc", "clock=host"], "clock=vm"),
                             (["-icount", "1,rr=replay,rrfile=/nonexistent"], "No such file")):
        done = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-S", "-display", "none", *arguments], cwd=directory,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False)
        cases.check(done.returncode == 1 and words in done.stdout and done.stdout.count("\n") == 1,
                    "refused: " + " ".join(arguments).replace(directory, "DIR"), done.stdout)


def test_diverged(image, path):
    """Another program: it is found out, and where. The machine stops, and the emulator ends with code 1."""
    process = subprocess.Popen(argv(image, "replay", path, 3, options=["-serial", "null", "-monitor", "none"]),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               universal_newlines=True)
    text = ""
    for line in process.stdout:
        text += line
        if "recorded" in line:
            process.terminate()
    found = re.search(r"does not do what was recorded: .* at instruction \d+", text)
    cases.check(found and process.wait(PATIENCE) == 1, "a machine that does something else is found out", text)


def main():
    images = guest_program.images("cli", "replay.c", "icount.c")
    if not images:
        cases.skip("record and replay", "no cross compiler")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        test_same(images[0], directory)
        path = os.path.join(directory, "rr-3")
        test_orders(images[0], path)
        test_break(images[0], path, directory)
        test_diverged(images[1], path)
        test_seek(images[0], path, directory)
        for cpus in (1, 3):
            if shutil.which("gdb-multiarch"):
                test_reverse(images[0], os.path.join(directory, "rr-%d" % cpus), directory, cpus)
            else:
                cases.skip("%d CPUs: gdb goes back" % cpus, "no gdb-multiarch")
        test_refused(images[0], path, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
