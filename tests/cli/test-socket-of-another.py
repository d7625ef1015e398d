#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""Two emulators with a Unix socket of one name: it is the later one's, also when the first one ends. Prints TAP."""
import os
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from machine import M, connect, ended, read_until, run_all      # noqa: E402  (no bytecode)

NAMES = {"monitor": ("m", rb"\(qemu\) "), "serial line": ("s", None), "network": ("n", None),
         "NBD server": ("b", b"NBD"), "chardev-remove": ("c", None)}


def start(files):
    p = subprocess.Popen([*M, "-S", "-display", "none", "-qmp", "null", "-serial",
                          "unix:%s,server=on,wait=off" % files.path("s"), "-chardev",
                          "socket,id=c,server=on,wait=off,path=" + files.path("c"), "-netdev",
                          "stream,id=n,server=on,addr.type=unix,addr.path=" + files.path("n"), "-monitor", "stdio",
                          "-chardev", "socket,id=m,server=on,wait=off,path=" + files.path("m"), "-mon", "chardev=m"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    read_until(p.stdout.fileno(), rb"\(qemu\) ")
    order(p, "nbd_server_start unix:" + files.path("b"))
    return p


def order(p, line):
    p.stdin.write(line.encode() + b"\n")
    p.stdin.flush()
    return read_until(p.stdout.fileno(), rb"\(qemu\) ")


def number(files, name):
    try:
        return os.stat(files.path(name)).st_ino
    except FileNotFoundError:
        return None


def test_two(cases, files):
    first = start(files)
    before = {name: number(files, name) for name, _ in NAMES.values()}
    second = start(files)
    there = {name: number(files, name) for name, _ in NAMES.values()}
    cases.check(None not in before.values() and None not in there.values() and
                not set(before.values()) & set(there.values()), "the second one's are in place of the first one's",
                (before, there))
    order(first, "chardev-remove c")
    order(first, "nbd_server_stop")
    first.stdin.write(b"quit\n")
    first.stdin.flush()
    cases.check(ended(first) == 0, "the first one ends")
    for what, (name, greeting) in NAMES.items():
        cases.check(number(files, name) == there[name], "the socket is still there: " + what)
        if greeting:
            with connect(socket.AF_UNIX, files.path(name)) as s:
                cases.check(greeting.replace(b"\\", b"").strip() in read_until(s.fileno(), greeting),
                            "it answers: " + what)
    second.stdin.write(b"quit\n")
    second.stdin.flush()
    cases.check(ended(second) == 0 and not any(number(files, name) for name in there), "the second one removes its own",
                {name: number(files, name) for name in there})
    for p in first, second:
        p.stdin.close()
        p.stdout.close()


if __name__ == "__main__":
    sys.exit(run_all(test_two))
