#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""Objects, networks and drives come and go while the machine runs: object-add, netdev_add, drive_add and their ends.
Prints TAP.
"""
import os
import struct
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in        # noqa: E402

MIB = 1 << 20


def objects(cases, client, directory):
    path = os.path.join(directory, "frames")
    for arguments in ({"qom-type": "secret", "data": "word"}, {"qom-type": "iothread", "poll-max-ns": 5},
                      {"qom-type": "memory-backend-ram", "size": 4096, "share": True},
                      {"qom-type": "rng-random", "filename": "/dev/urandom"},
                      {"qom-type": "throttle-group", "limits": {"iops-total": 5}},
                      {"qom-type": "filter-dump", "netdev": "net", "file": path}):
        kind = arguments["qom-type"]
        cases.check(client.result("object-add", id="o", **arguments) == {}, "object-add: " + kind)
        cases.check("another object" in client.error("object-add", id="o", **arguments)["desc"], "an id once: " + kind)
        memory, threads = client.result("query-memdev"), client.result("query-iothreads")
        cases.check((len(memory), len(threads)) == (kind.startswith("memory"), kind == "iothread"),
                    "query-memdev, query-iothreads: " + kind, (memory, threads))
        if memory:
            cases.check(memory[0]["size"] == 4096 and memory[0]["share"] and memory[0]["merge"], "its memory", memory)
        cases.check(client.result("object-del", id="o") == {}, "object-del: " + kind)
    with open(path, "rb") as file:
        cases.check(struct.unpack("<I", file.read(4)) == (0xa1b2c3d4,), "a dump was begun")
    for text, arguments in (("does not accept value 'nothing'", {"qom-type": "nothing"}),
                            ("'x' is unexpected", {"qom-type": "secret", "x": 1}),
                            ("either data= or file=", {"qom-type": "secret"}),
                            ("No such file", {"qom-type": "secret", "file": "/none"}),
                            ("No such file", {"qom-type": "rng-random", "filename": "/none"}),
                            ("size is a number", {"qom-type": "memory-backend-ram", "size": 0}),
                            ("netdev 'x' not found", {"qom-type": "filter-dump", "netdev": "x", "file": path}),
                            ("No such file", {"qom-type": "filter-dump", "netdev": "net", "file": "/none/x"}),
                            ("'size', expected: integer", {"qom-type": "memory-backend-ram", "size": "big"}),
                            ("'limits.iops-total', expected: integer", {
                                "qom-type": "throttle-group", "limits": {"iops-total": "x"}})):
        error = client.error("object-add", id="o", **arguments)
        cases.check(error["class"] == "GenericError" and text in error["desc"], "mistake: " + text, error)
        cases.check("not found" in client.error("object-del", id="o")["desc"], "it left nothing")
    cases.check("in use" in client.error("object-del", id="group")["desc"]
                and "in use" in client.error("object-del", id="ram")["desc"], "what the machine has stays")


def links_by_card(cases, client):
    """libvirt's domif-setlink names the card, not the network."""
    for up in (False, True):
        cases.check(client.result("set_link", name="card", up=up) == {} and
                    "card-net: link " + ("up" if up else "down")
                    in client.result("human-monitor-command", command_line="info network"),
                    "set_link of a card: %s" % up)
    client.result("human-monitor-command", command_line="set_link card off")
    cases.check("card-net: link down" in client.result("human-monitor-command", command_line="info network"),
                "the same by people")
    cases.check(client.error("set_link", name="none", up=True)["class"] == "DeviceNotFound", "one that there is not")


def tree(cases, client):
    """Objects are in the tree, with what was said of them; a secret keeps its own."""
    def properties(path):
        return {row["name"]: row["type"] for row in client.result("qom-list", path=path)}

    client.result("object-add", id="io", qom_type="iothread", poll_max_ns=7)
    client.result("object-add", id="word", qom_type="secret", data="hidden")
    client.result("object-add", id="more", qom_type="memory-backend-ram", size=4096, share=True)
    held = properties("/objects")
    cases.check(held["type"] == "string" and held["io"] == "child<iothread>" and held["word"] == "child<secret>",
                "/objects lists them", held)
    cases.check(properties("/objects/io") == {"type": "string", "poll-max-ns": "int"}, "an object's properties",
                properties("/objects/io"))
    cases.check(client.result("qom-get", path="/objects/io", property="poll-max-ns") == 7, "a number")
    cases.check(client.result("qom-get", path="/objects/more", property="share") is True, "a switch")
    cases.check(client.result("qom-get", path="/objects/io", property="type") == "iothread" and
                client.result("qom-get", path="/objects", property="type") == "container", "types")
    cases.check(properties("/objects/word") == {"type": "string"} and
                "not found" in client.error("qom-get", path="/objects/word", property="data")["desc"],
                "a secret does not tell", properties("/objects/word"))
    cases.check(client.error("qom-list", path="/objects/none")["class"] == "DeviceNotFound" and
                client.error("qom-get", path="/objects/none", property="type")["class"] == "DeviceNotFound",
                "one that there is not")
    cases.check(properties("/machine/peripheral-anon") == {"type": "string"}, "/machine/peripheral-anon")
    for name in ("io", "word", "more"):
        client.result("object-del", id=name)


def networks(cases, client):
    def links():
        return client.result("human-monitor-command", command_line="info network")
    add = {"type": "dgram", "id": "n", "remote": {"type": "inet", "host": "127.0.0.1", "port": "9"}}
    cases.check(client.result("netdev_add", **add) == {} and "n: link up" in links(), "netdev_add", links())
    cases.check("already" in client.error("netdev_add", **add)["desc"], "an id once")
    client.result("object-add", qom_type="filter-dump", id="d", netdev="n", file="/dev/null")
    cases.check(client.result("netdev_del", id="n") == {} and "n: link" not in links(), "netdev_del", links())
    cases.check("not found" in client.error("netdev_del", id="n")["desc"], "it has gone")
    cases.check("in use" in client.error("netdev_del", id="net")["desc"], "the card's stays")
    for text, arguments in (("does not accept value 'nothing'", {"type": "nothing"}), ("is missing", {"type": "dgram"}),
                            ("'x' is unexpected", {"type": "dgram", "x": 1}), ("listen=", {"type": "socket"})):
        error = client.error("netdev_add", id="n", **arguments)
        cases.check(text in error["desc"] and "n: link" not in links(), "mistake: " + text, error)


def for_people(cases, client, directory):
    image = os.path.join(directory, "stick")
    with open(image, "wb") as file:
        file.truncate(MIB)

    def say(line):
        return client.result("human-monitor-command", command_line=line)
    for line in ("object_add secret,id=o,data=x", "object_del o", "netdev_add user,id=u", "netdev_del u",
                 "drive_add 0 if=none,id=d,format=raw,file=" + image, "device_add usb-storage,id=s,drive=d"):
        cases.check(say(line) == "" or "not built in" in say(line), line, say("info network"))
    cases.check("busy" in say("drive_del d"), "a device has the drive", say("drive_del d"))
    cases.check(say("device_del s") == "" and say("drive_del d") == "" and "Failed to find" in say("drive_del d"),
                "device_del, drive_del")
    for line, text in (("object_add help", "list"), ("netdev_add help", "list"), ("drive_add help", "list"),
                       ("drive_add if=sd,file=" + image, "only if=none"), ("drive_add 0 if=none,id=d", "file="),
                       ("drive_add 0 1 2", "drive_add ["), ("object_del none", "not found"),
                       ("drive_add 0 if=none,id=d,file=/none", "No such file"), ("object_add ,", "empty item")):
        said = say(line)
        cases.check(text in said and said.count("\n") == 1, line, said)
    say("object_add memory-backend-ram,id=m,size=4096")
    cases.check("memory backend: m" in say("info memdev"), "info memdev", say("info memdev"))


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-objects-") as directory:
        image = os.path.join(directory, "card")
        with open(image, "wb") as file:
            file.truncate(MIB)
        with Machine(directory, "-netdev", "user,id=card-net", "-device",
                     "virtio-net-device,netdev=card-net,id=card",
                     "-object", "throttle-group,id=group,x-iops-total=1000", "-drive",
                     "if=sd,format=raw,throttling.group=group,file=" + image,
                     "-netdev", "dgram,id=net,remote.type=inet,remote.host=127.0.0.1,remote.port=9",
                     "-object", "rng-builtin,id=ram", "-device", "virtio-rng-device,rng=ram") as machine:
            client = Client(machine.path)
            objects(cases, client, directory)
            tree(cases, client)
            links_by_card(cases, client)
            networks(cases, client)
            for_people(cases, client, directory)
            client.result("quit")
            cases.check(machine.ended() == 0, "the emulator ends well")
            client.close()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
