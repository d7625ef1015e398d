#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Events and what causes them: trays that move, images whose tables are wrong, networks that get a peer and lose it.
Prints TAP.
"""
import os
import socket
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import LIMIT, Client, Machine, built_in         # noqa: E402

MIB = 1 << 20
PATH = "/machine/peripheral/u/u.0/legacy[0]"


def make(path, data=b"", size=MIB):
    with open(path, "wb") as file:
        file.write(data)
        file.truncate(size)
    return path


def moved(client, is_open):
    """The next move of the tray is that one."""
    data = client.event("DEVICE_TRAY_MOVED")["data"]
    return data == {"device": "stick", "id": PATH, "tray-open": is_open}


def stick(client):
    rows = [row for row in client.result("query-block") if row.get("qdev") == PATH]
    return rows[0]["tray_open"], "inserted" in rows[0]


def trays(cases, directory):
    first, second, third = (make(os.path.join(directory, name)) for name in ("first", "second", "third"))
    with Machine(directory, "-usb", "-drive", "if=none,id=stick,format=raw,file=" + first,
                 "-device", "usb-storage,drive=stick,removable=on,id=u") as machine:
        client = Client(machine.path)
        cases.check(stick(client) == (False, True), "a stick's tray is closed at the start")
        error = client.error("blockdev-remove-medium", id="u")
        cases.check("is not open" in error["desc"], "no medium comes through a closed tray", error)
        client.result("blockdev-open-tray", id="u")
        cases.check(moved(client, True) and stick(client) == (True, True), "it opens")
        client.result("blockdev-open-tray", id="u")
        client.result("blockdev-remove-medium", id="u")
        cases.check(stick(client) == (True, False) and not client.events, "once, and the medium comes out",
                    client.events)
        client.result("blockdev-add", driver="raw", node_name="n", file={"driver": "file", "filename": second})
        client.result("blockdev-insert-medium", id="u", node_name="n")
        error = client.error("blockdev-insert-medium", id="u", node_name="n")
        cases.check("already is a medium" in error["desc"], "a node goes in", error)
        error = client.error("blockdev-del", node_name="n")
        cases.check("in use" in error["desc"] or "busy" in error["desc"], "and is in use there", error)
        client.result("blockdev-close-tray", id="u")
        cases.check(moved(client, False) and stick(client) == (False, True), "the tray closes")
        client.result("eject", id="u")
        cases.check(moved(client, True) and stick(client) == (True, False), "eject opens it")
        client.result("blockdev-del", node_name="n")
        client.result("blockdev-change-medium", id="u", filename=third, format="raw")
        cases.check(moved(client, False) and stick(client) == (False, True), "blockdev-change-medium closes it")
        client.result("human-monitor-command", command_line="change stick %s raw" % first)
        cases.check(moved(client, True) and moved(client, False), "so does a person's change")
        client.result("human-monitor-command", command_line="eject stick")
        cases.check(moved(client, True), "and eject")
        client.close()


def card(cases, directory):
    """A slot without a tray: nothing moves."""
    path = make(os.path.join(directory, "card"))
    with Machine(directory, "-drive", "if=sd,format=raw,file=" + path) as machine:
        client = Client(machine.path)
        client.result("blockdev-open-tray", device="sd0")
        client.result("blockdev-remove-medium", id="sd0")
        client.result("blockdev-add", driver="raw", node_name="n", file={"driver": "file", "filename": path})
        client.result("blockdev-insert-medium", id="sd0", node_name="n")
        row = client.result("query-block")[0]
        cases.check(row["inserted"]["node-name"] == "n" and "tray_open" not in row and not client.events,
                    "a card goes out and a node in, without a tray", row)
        client.close()


# ---- images whose tables are wrong ----


def qcow2(directory):
    """An image that has data in its first cluster."""
    raw, image = make(os.path.join(directory, "raw"), b"x" * 4096), os.path.join(directory, "image")
    with Machine(directory, "-drive", "if=none,id=v,format=raw,file=" + raw,
                 "-device", "virtio-blk-device,drive=v") as machine:
        client = Client(machine.path)
        client.result("drive-backup", device="v", target=image, sync="full", format="qcow2")
        assert "error" not in client.event("BLOCK_JOB_COMPLETED")["data"]
        client.result("quit")
        machine.ended()
    return image


def point(image, entry):
    """The first cluster's entry becomes that."""
    with open(image, "r+b") as file:
        file.seek(40)
        file.seek(struct.unpack(">Q", file.read(8))[0])
        file.seek(struct.unpack(">Q", file.read(8))[0] & 0x00fffffffffffe00)
        file.write(struct.pack(">Q", entry))


def read_events(directory, image, more=""):
    with Machine(directory, "-drive", "if=none,id=v,format=qcow2,file=%s%s" % (image, more),
                 "-device", "virtio-blk-device,drive=v") as machine:
        client = Client(machine.path)
        client.result("drive-backup", device="v", target=os.path.join(directory, "copy"), sync="full", format="raw")
        corrupted = client.event("BLOCK_IMAGE_CORRUPTED")["data"]
        client.result("quit")
        machine.ended()
        return corrupted, machine.process.stdout.read().decode()


def tables(cases, directory):
    image = qcow2(directory)
    point(image, 1 << 63 | 0x50200)
    data, said = read_events(directory, image, ",readonly=on")
    cases.check(not data["fatal"] and data["device"] == "v" and data["offset"] == 0x50200
                and "offset 0x50200 unaligned" in data["msg"], "an image that is only read: not fatal", data)
    cases.check(image in said and "corrupt" in said, "the emulator says so, too", said)
    data, said = read_events(directory, image)
    cases.check(data["fatal"] and data["device"] == "v", "one that is written to is marked", data)
    cases.check("no more writes" in said, "and that is said", said)
    with Machine(directory, "-drive", "if=none,id=v,format=qcow2,file=" + image,
                 "-device", "virtio-blk-device,drive=v") as machine:
        cases.check(machine.ended() == 1 and b"corrupt" in machine.process.stdout.read(),
                    "it is not opened for writing again")


# ---- networks ----


def peers(cases, directory):
    path = os.path.join(directory, "net")
    with Machine(directory, "-netdev", "stream,id=n0,server=on,addr.type=unix,addr.path=" + path) as machine:
        client = Client(machine.path)
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.settimeout(LIMIT)
                peer.connect(path)
                data = client.event("NETDEV_STREAM_CONNECTED")["data"]
            cases.check(data["netdev-id"] == "n0" and data["addr"]["type"] == "unix", "a peer comes", data)
            data = client.event("NETDEV_STREAM_DISCONNECTED")["data"]
            cases.check(data == {"netdev-id": "n0"}, "and goes", data)
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            server.settimeout(LIMIT)
            port = str(server.getsockname()[1])
            client.result("netdev_add", id="n1", type="stream", reconnect=1,
                          addr={"type": "inet", "host": "127.0.0.1", "port": port})
            for _ in range(2):
                server.accept()[0].close()
                data = client.event("NETDEV_STREAM_CONNECTED")["data"]
                wanted = {"netdev-id": "n1", "addr": {"type": "inet", "host": "127.0.0.1", "port": port}}
                cases.check(data == wanted, "a client finds its server", data)
                client.event("NETDEV_STREAM_DISCONNECTED")
        client.close()


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    for part in (trays, card, tables, peers):
        with tempfile.TemporaryDirectory(prefix="pqemu-causes-") as directory:
            part(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
