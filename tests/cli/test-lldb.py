#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""lldb as the debugger: floating point registers are numbers to it, memory, a step, and the machine goes on when it
leaves. Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from machine import M, SCALE, Cases, Files      # noqa: E402  (no bytecode)

# Counts in r0 for ever.
PROGRAM = [
    0xe2800001,         # add   r0, r0, #1
    0xeafffffd,         # b     0
]


def session(port, *orders):
    argv = ["lldb", "--no-lldbinit", "--batch", "-o", "settings set target.load-script-from-symbol-file false",
            "-o", "gdb-remote " + port]
    for order in orders:
        argv += ["-o", order]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          universal_newlines=True, timeout=60 * SCALE).stdout


def listens(process):
    """The port on which the emulator lets a debugger in: it chose one that was free."""
    with open("/proc/%d/net/tcp" % process.pid, encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    inodes = {os.readlink(entry.path)[8:-1] for entry in os.scandir("/proc/%d/fd" % process.pid)
              if os.readlink(entry.path).startswith("socket:")}
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes]


def main():
    cases = Cases()
    if not shutil.which("lldb"):
        cases.skip("lldb", "needs lldb")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        argv = [*M, "-display", "none", "-serial", "null", "-monitor", "stdio", "-S", "-gdb", "tcp:127.0.0.1:0",
                *Files(directory).program(PROGRAM)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdin.write(b"info status\n")
            process.stdin.flush()
            process.stdout.readline()           # the banner: all ports are there
            port = listens(process)
            text = session(str(port[0]), "register write d1 1.5", "register read d1", "register write d2 -0.25",
                           "register read d2", "register write r0 41", "thread step-inst", "register read r0",
                           "memory read -s 4 -f x -c 2 0", "process detach") if port else "no port"
            for words in ("d1 = 1.5", "d2 = -0.25", "r0 = 0x0000002a", "0xe2800001 0xeafffffd"):
                cases.check(words in text, words, text)
            process.stdin.write(b"info status\nquit\n")
            process.stdin.flush()
            said = process.communicate(timeout=60 * SCALE)[0]
            cases.check(b"VM status: running" in said, "the machine goes on when lldb has gone", said)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
