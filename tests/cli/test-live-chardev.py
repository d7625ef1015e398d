#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""Character devices are made, exchanged and removed while the machine runs: chardev-add, -change, -remove. Prints TAP.
"""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

from machine import ECHO, Cases, connect, read_until, run_all           # noqa: E402  (path set above)
from qmp_client import LIMIT, Client, Machine, built_in                 # noqa: E402


def unix(path, **more):
    return {"type": "socket", "data": {"addr": {"type": "unix", "data": {"path": path}}, **more}}


def labels(client):
    return {row["label"]: row["filename"] for row in client.result("query-chardev")}


def fds(machine):
    return len(os.listdir("/proc/%d/fd" % machine.process.pid))


def add_and_remove(cases, client, machine, files):
    before = labels(client)
    null = {"type": "null", "data": {}}
    kinds = {"a-null": null, "a-ring": {"type": "ringbuf", "data": {"size": 4096}},
             "a-file": {"type": "file", "data": {"out": files.path("out"), "logfile": files.path("log")}},
             "a-sock": unix(files.path("sock"), wait=False), "a-test": {"type": "testdev", "data": {}},
             "a-name": {"type": "socket", "data": {"server": True, "wait": False, "addr": {
                 "type": "unix", "data": {"path": files.path("name"), "abstract": True, "tight": True}}}},
             "a-pty": {"type": "pty", "data": {}},
             "a-udp": {"type": "udp", "data": {"remote": {"type": "inet", "data": {"host": "127.0.0.1",
                                                                                  "port": "9"}}}}}
    client.result("query-status")
    had = fds(machine)
    for name, backend in kinds.items():
        result = client.result("chardev-add", id=name, backend=backend)
        cases.check(name in labels(client) and (name == "a-pty") == ("pty" in result), "%s is there" % name, result)
        if name == "a-pty":
            os.close(os.open(result["pty"], os.O_RDWR | os.O_NOCTTY))
    socket.socket(socket.AF_UNIX).connect("\0" + files.path("name"))
    cases.check(not os.path.exists(files.path("name")), "an abstract name is in no file system")
    client.result("ringbuf-write", device="a-ring", data="some words")
    cases.check(client.result("ringbuf-read", device="a-ring", size=100) == "some words", "a ring buffer keeps words")
    cases.check("already exists" in client.error("chardev-add", id="a-null", backend=null)["desc"], "an id once")
    for name in kinds:
        cases.check(client.result("chardev-remove", id=name) == {}, "%s goes" % name)
    cases.check(labels(client) == before and fds(machine) == had, "nothing is left of them",
                (labels(client), fds(machine), had))
    cases.check(not os.path.exists(files.path("sock")), "a server's socket neither")


def mistakes(cases, client, files):
    def wrong(text, backend, name="x"):
        error = client.error("chardev-add", id=name, backend=backend)
        cases.check(error["class"] == "GenericError" and text in error["desc"], "mistake: %s" % text, error)
    before = labels(client)
    wrong("No such file", {"type": "file", "data": {"out": files.path("none/x")}})
    wrong("No such file", {"type": "file", "data": {"out": files.path("good"), "logfile": files.path("none/x")}})
    wrong("power of two", {"type": "ringbuf", "data": {"size": 3}})
    wrong("not a terminal", {"type": "serial", "data": {"device": __file__}})
    wrong("connect", unix(files.path("nobody"), server=False))
    wrong("too long", unix("x" * 200))
    wrong("missing", {"type": "socket", "data": {"addr": {"type": "unix", "data": {}}}})
    wrong("identifier", {"type": "null", "data": {}}, name="1 2")
    wrong("unexpected", {"type": "null", "data": {"nothing": 1}})
    wrong("does not accept value", {"type": "nothing", "data": {}})
    cases.check(labels(client) == before, "none of them left anything", labels(client))
    cases.check("not found" in client.error("chardev-remove", id="none")["desc"], "remove: no such device")
    cases.check("is busy" in client.error("chardev-remove", id="serial0")["desc"], "remove: the machine has it")
    cases.check("does not exist" in client.error("chardev-change", id="none", backend={"type": "null", "data": {}})
                ["desc"], "change: no such device")
    cases.check("No such file" in client.error("chardev-change", id="serial0", backend={
        "type": "file", "data": {"out": files.path("none/x")}})["desc"], "change: the new one cannot be had")


def for_people(cases, client):
    def say(line):
        return client.result("human-monitor-command", command_line=line)
    cases.check(say("chardev-add null,id=people") == "" and "people" in labels(client), "for people: it is there")
    for line, text in (("chardev-add null,id=people", "already exists"), ("chardev-add nothing,id=x", "unknown kind"),
                       ("chardev-add help", "list"), ("chardev-add null", "id= is missing"),
                       ("chardev-add ringbuf,id=x,size=", "size"), ("chardev-add ,", "empty item"),
                       ("chardev-remove none", "not found"), ("chardev-change none null", "does not exist"),
                       ("chardev-add file,id=x", "path= is missing")):
        said = say(line)
        cases.check(said.startswith("Error: ") and text in said and said.count("\n") == 1, line, said)
    cases.check(say("chardev-remove people") == "" and "people" not in labels(client), "for people: it goes")


def becomes(path, content):
    """Wait until the file has the content, which another thread of the emulator writes."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        with open(path, "rb") as file:
            if file.read() == content:
                return True
        time.sleep(0.01)
    return False


def change(cases, client, files):
    """The guest sends back what it gets, by each of its serial line's devices in turn."""
    for number in range(3):
        path, log = files.path("s%d" % number), files.path("log%d" % number)
        client.result("chardev-change", id="serial0", backend=unix(path, wait=False, logfile=log))
        with connect(socket.AF_UNIX, path) as line:
            text = b"words %d" % number
            line.sendall(text)
            cases.check(read_until(line.fileno(), text), "line %d: the guest answers" % number)
            if number == 1:
                client.result("chardev-change", id="serial0", backend={"type": "ringbuf", "data": {}})
                cases.check(line.recv(10) == b"", "who had the line hears that it ended")
        cases.check(becomes(log, text), "the log of line %d has it" % number)
    cases.check(labels(client)["serial0"].startswith("unix:"), "query-chardev names the last", labels(client))


def yank(cases, client, files):
    """A connection is ended though nobody answers at its other end; a server waits for the next one."""
    path = files.path("yank")
    client.result("chardev-add", id="y", backend=unix(path, wait=False))
    listed = client.result("query-yank")
    cases.check({"type": "chardev", "id": "y"} in listed, "query-yank names sockets", listed)
    with connect(socket.AF_UNIX, path) as line:
        line.settimeout(0.1)
        end, ended = time.monotonic() + LIMIT, False
        while not ended and time.monotonic() < end:     # the server may not have taken the connection yet
            client.result("yank", instances=[{"type": "chardev", "id": "y"}])
            try:
                ended = line.recv(10) == b""
            except TimeoutError:
                pass
        cases.check(ended, "yank: the connection ends")
    with connect(socket.AF_UNIX, path) as line:
        cases.check(line.fileno() >= 0, "... and another one can come")
    for instance in ({"type": "chardev", "id": "none"}, {"type": "migration"},
                     {"type": "block-node", "node-name": "x"}):
        cases.check(client.error("yank", instances=[instance])["class"] == "DeviceNotFound",
                    "yank: there is no %s" % instance["type"])
    client.result("chardev-remove", id="y")


def test_live(cases: Cases, files):
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return
    # One CPU: several would read the line's bytes in turns, and send them back in any order.
    with Machine(files.tmp, "-smp", "1", *files.program(ECHO), stopped=False) as machine:
        client = Client(machine.path)
        add_and_remove(cases, client, machine, files)
        mistakes(cases, client, files)
        for_people(cases, client)
        change(cases, client, files)
        yank(cases, client, files)
        client.close()


if __name__ == "__main__":
    sys.exit(run_all(test_live))
