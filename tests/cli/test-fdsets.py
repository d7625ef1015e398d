#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Files by descriptors that were passed on: -add-fd, add-fd and /dev/fdset/N, for disks, character devices and what the
monitor writes. The files have no names any more, so nothing else can open them. Prints TAP.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import QEMU, Client, Machine, built_in  # noqa: E402

MIB = 1 << 20


def nameless(directory, mode=os.O_RDWR, content=b""):
    """A descriptor of a file that no name leads to."""
    path = os.path.join(directory, "file")
    with open(path, "wb") as file:
        file.write(content)
    fd = os.open(path, mode)
    os.unlink(path)
    return fd


def content(fd):
    return os.pread(fd, MIB, 0)


def orders(cases, client, directory):
    cases.check("SCM_RIGHTS" in client.error("add-fd")["desc"], "add-fd without a descriptor")
    got = []
    for set_, note in ((None, "a note"), (7, None), (7, None), (None, None)):
        fd = nameless(directory)
        arguments = dict({"opaque": note} if note else {}, **({"fdset-id": set_} if set_ is not None else {}))
        client.send_with_fd({"execute": "add-fd", "arguments": arguments}, fd)
        got.append(client.answer()["return"])
        os.close(fd)
    fds = [row["fd"] for row in got]
    cases.check([row["fdset-id"] for row in got] == [0, 7, 7, 1], "add-fd: a set that was named, or a new one", got)
    wanted = [{"fdset-id": 0, "fds": [{"fd": fds[0], "opaque": "a note"}]}, {"fdset-id": 1, "fds": [{"fd": fds[3]}]},
              {"fdset-id": 7, "fds": [{"fd": fds[1]}, {"fd": fds[2]}]}]
    cases.check(client.result("query-fdsets") == wanted, "query-fdsets", client.result("query-fdsets"))
    client.result("remove-fd", **{"fdset-id": 7, "fd": fds[1]})
    cases.check(client.result("query-fdsets")[2]["fds"] == [{"fd": fds[2]}], "remove-fd: one of a set")
    client.result("remove-fd", **{"fdset-id": 7})
    cases.check(len(client.result("query-fdsets")) == 2, "remove-fd: a set")
    for arguments in ({"fdset-id": 7}, {"fdset-id": 0, "fd": 9999}, {"fdset-id": 0, "fd": -1}):
        cases.check("not found" in client.error("remove-fd", **arguments)["desc"], "remove-fd %s" % arguments)
    for set_ in (0, 1):
        client.result("remove-fd", **{"fdset-id": set_})
    fd = nameless(directory)
    client.send_with_fd({"execute": "add-fd", "arguments": {"fdset-id": -2}}, fd)
    cases.check("non-negative" in client.answer()["error"]["desc"] and client.result("query-fdsets") == [],
                "add-fd: a wrong number of a set")
    os.close(fd)


def files(cases, client, directory):
    """What opens files takes such a name, once a descriptor of the set fits."""
    def add(set_, fd):
        client.send_with_fd({"execute": "add-fd", "arguments": {"fdset-id": set_}}, fd)
        assert "return" in client.answer()
    image = nameless(directory, os.O_RDONLY, b"\x55" * MIB)
    add(1, image)
    node = {"driver": "raw", "node-name": "n", "file": {"driver": "file", "filename": "/dev/fdset/1"}}
    cases.check("Permission denied" in client.error("blockdev-add", **node)["desc"], "a set without one for writing")
    answer = client.order("blockdev-add", **dict(node, **{"read-only": True}))
    cases.check(answer == {"return": {}}, "a disk to be read", answer)
    client.result("remove-fd", **{"fdset-id": 1})
    nodes = {row["node-name"]: row for row in client.result("query-named-block-nodes")}
    cases.check(nodes["n"]["image"]["virtual-size"] == MIB and client.result("query-fdsets") == [],
                "which stays when its set is gone", nodes)
    client.result("blockdev-del", **{"node-name": "n"})
    error = client.error("blockdev-add", **node)
    cases.check("No such file" in error["desc"], "no set", error)
    out = nameless(directory, os.O_RDWR)
    writer = os.open("/proc/self/fd/%d" % out, os.O_WRONLY)
    add(2, writer)
    client.result("pmemsave", val=0, size=64, filename="/dev/fdset/2")
    cases.check(content(out) == bytes(64), "pmemsave")
    client.result("screendump", filename="/dev/fdset/2")
    cases.check(content(out).startswith(b"P6"), "screendump: what was there before is gone")
    for fd in (image, out, writer):
        os.close(fd)


def started(cases, directory):
    """-add-fd: a serial line that appends, a disk; mistakes."""
    log, disk = nameless(directory, os.O_RDWR, b"before-"), nameless(directory, os.O_RDWR, bytes(MIB))
    writer = os.open("/proc/self/fd/%d" % log, os.O_WRONLY)
    with subprocess.Popen(
            [QEMU, "-M", "realview-eb-mpcore", "-S", "-display", "none", "-serial", "null", "-monitor", "stdio",
             "-add-fd", "fd=%d,set=3,opaque=log" % writer, "-add-fd", "fd=%d,set=4" % disk,
             "-chardev", "file,id=c,path=/dev/fdset/3,append=on", "-mon", "chardev=c",
             "-drive", "if=sd,format=raw,file=/dev/fdset/4"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(writer, disk)) as machine:
        said = machine.communicate(b"info block\nquit\n")[0]
    cases.check(machine.returncode == 0 and b"/dev/fdset/4" in said, "-add-fd: a disk", said)
    cases.check(content(log).startswith(b"before-") and b"monitor" in content(log), "and a file to append to",
                content(log))
    for arguments, words in (("fd=1,set=3", "above 2"), ("fd=%d" % disk, "set=M"), ("set=3", "fd=N"),
                             ("fd=9999,set=1", "Bad file descriptor"), ("fd=x,set=1", "fd is a number"),
                             ("fd=%d,set=1,y=2" % disk, "unknown property 'y'")):
        run = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-add-fd", arguments], pass_fds=(disk,), check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        cases.check(run.returncode == 1 and words in run.stdout and run.stdout.count("\n") == 1,
                    "refused: -add-fd %s" % words, run.stdout)
    for fd in (log, disk, writer):
        os.close(fd)


def main():
    cases = tap.Cases()
    with tempfile.TemporaryDirectory(prefix="pqemu-fdsets-") as directory:
        started(cases, directory)
        if not built_in():
            cases.skip("QMP", "the emulator was built without json-glib")
            return cases.done()
        with Machine(directory) as machine:
            client = Client(machine.path)
            orders(cases, client, directory)
            files(cases, client, directory)
            client.close()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
