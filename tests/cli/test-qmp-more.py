#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Orders that managers give now and then: clients that have connected elsewhere, where VNC listens, announcements of a
network card, how fast memory changes, snapshots inside a disk, what an image says of the one behind it. Prints TAP.
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "../runner"))

import tap                      # noqa: E402  (path set above)
from disk_jobs import MIB, qemu_img                     # noqa: E402
from qmp_client import LIMIT, QEMU, Client, Machine, built_in   # noqa: E402

GREETING = b"RFB 003.008\n"


def read_exactly(peer, count):
    data = b""
    while len(data) < count:
        got = peer.recv(count - len(data))
        assert got, "the connection ended behind %r" % data
        data += got
    return data


def connected(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(LIMIT)
    peer.connect(path)
    return peer


def give_socket(client, name="s"):
    """One end, of which the emulator has the other."""
    ours, theirs = socket.socketpair()
    ours.settimeout(LIMIT)
    client.send_with_fd({"execute": "getfd", "arguments": {"fdname": name}}, theirs.fileno())
    assert client.answer() == {"return": {}}
    theirs.close()
    return ours


def chardev_clients(cases, directory):
    path = os.path.join(directory, "serial")
    with Machine(directory, "-chardev", "socket,id=c,path=%s,server=on,wait=off" % path,
                 "-mon", "chardev=c") as machine:
        client = Client(machine.path)
        error = client.error("add_client", protocol="c", fdname="s")
        cases.check("has not been found" in error["desc"], "add_client without a descriptor", error)
        with give_socket(client):
            error = client.error("add_client", protocol="nobody", fdname="s")
            cases.check("is invalid" in error["desc"], "add_client: no such device", error)
        with give_socket(client) as peer:
            client.result("add_client", protocol="c", fdname="s")
            peer.sendall(b"info name\n")
            data = b""
            while b"probe" not in data:
                data += read_exactly(peer, 1)
            with give_socket(client):
                error = client.error("add_client", protocol="c", fdname="s")
            cases.check("failed to add" in error["desc"], "add_client: a chardev gets one client at a time", error)
        with connected(path) as peer:
            peer.sendall(b"info name\n")
            data = b""
            while b"probe" not in data:
                data += read_exactly(peer, 1)
        cases.check(True, "add_client: a chardev's client, and then one that comes by itself")
        client.close()


def vnc(cases, directory):
    first, second = os.path.join(directory, "v1"), os.path.join(directory, "v2")
    with Machine(directory, "-vnc", "unix:%s,password=on" % first) as machine:
        client = Client(machine.path)
        if "display-update" not in client.commands():
            cases.skip("VNC", "the emulator was built without libvncserver")
            client.close()
            return
        client.result("set_password", protocol="vnc", password="secret")
        for skip, wanted in ((False, 2), (True, 1)):
            with give_socket(client) as peer:
                client.result("add_client", protocol="vnc", fdname="s", skipauth=skip)
                greeting = read_exactly(peer, len(GREETING))
                peer.sendall(GREETING)
                kinds = read_exactly(peer, read_exactly(peer, 1)[0])
                cases.check(greeting == GREETING and wanted in kinds, "add_client: vnc, skipauth=%s" % skip, kinds)
                client.event("VNC_CONNECTED")
        client.result("display-reload", type="vnc")
        error = client.error("display-reload", type="vnc", tls_certs=True)
        cases.check("tls" in error["desc"], "display-reload: there are no certificates", error)
        client.result("display-update", type="vnc", addresses=[{"type": "unix", "path": second}])
        with connected(second) as peer:
            cases.check(read_exactly(peer, len(GREETING)) == GREETING, "display-update: it listens there")
        server = client.result("query-vnc")
        cases.check(server["service"] == second, "query-vnc says so", server)
        # The thread that listens carries orders out one after another: it has given up the first one by now.
        try:
            connected(first).close()
            refused = False
        except ConnectionRefusedError:
            refused = True
        cases.check(refused, "and no longer here")
        error = client.error("display-update", type="vnc", addresses=[{"type": "unix", "path": "/nonexistent/x"}])
        cases.check("nonexistent" in error["desc"], "display-update: not there", error)
        with connected(second) as peer:
            cases.check(read_exactly(peer, len(GREETING)) == GREETING, "and all is as it was")
        client.close()


def display(cases, directory):
    """Windows are made by SDL's dummy driver."""
    with Machine(directory) as machine:
        client = Client(machine.path)
        shown = client.result("query-display-options")
        cases.check(shown == {"type": "none"}, "query-display-options: -nographic", shown)
        client.close()
    kinds = subprocess.run([QEMU, "-display", "help"], stdout=subprocess.PIPE, check=True).stdout
    if b"sdl" not in kinds:
        cases.skip("query-display-options: a window", "the emulator was built without SDL")
        return
    old, os.environ["SDL_VIDEODRIVER"] = os.environ.get("SDL_VIDEODRIVER"), "dummy"
    try:
        with Machine(directory, "-display", "sdl,window-close=off", "-full-screen") as machine:
            client = Client(machine.path)
            shown = client.result("query-display-options")
            cases.check(shown == {"type": "sdl", "full-screen": True, "window-close": False},
                        "query-display-options: a window", shown)
            client.close()
    finally:
        if old is None:
            del os.environ["SDL_VIDEODRIVER"]
        else:
            os.environ["SDL_VIDEODRIVER"] = old


def announcements(cases, directory):
    path = os.path.join(directory, "net")
    mac = "52:54:00:11:22:33"
    nic = "stream,id=n0,mac=%s,server=on,addr.type=unix,addr.path=%s" % (mac, path)
    with Machine(directory, "-nic", nic) as machine:
        client = Client(machine.path)
        with connected(path) as peer:
            client.event("NETDEV_STREAM_CONNECTED")
            client.result("announce-self", initial=1, max=3, rounds=3, step=1)
            client.result("announce-self", initial=1, max=3, rounds=1, step=1, interfaces=["other"], id="x")
            frames = []
            for _ in range(3):
                frames.append(read_exactly(peer, struct.unpack(">I", read_exactly(peer, 4))[0]))
        raw = bytes(int(part, 16) for part in mac.split(":"))
        wanted = b"\xff" * 6 + raw + b"\x80\x35\x00\x01\x08\x00\x06\x04\x00\x03" + raw + bytes(4) + raw
        cases.check(all(frame[:len(wanted)] == wanted for frame in frames), "announce-self: reverse ARP, three times",
                    frames)
        error = client.error("announce-self", initial=-1, max=3, rounds=3, step=1)
        cases.check("initial" in error["desc"], "announce-self: a mistake", error)
        said = client.result("human-monitor-command", command_line="announce_self")
        cases.check(said == "", "announce_self for people", said)
        client.close()


PROGRAM = [                     # stores to all memory from 1 MiB to 32 MiB, again and again
    0xe3a02000,                 # mov   r2, #0
    0xe3a00601,                 # 1: mov r0, #0x100000
    0xe3a01402,                 # mov   r1, #0x2000000
    0xe2822001,                 # add   r2, r2, #1
    0xe5802000,                 # 2: str r2, [r0]
    0xe2800a01,                 # add   r0, r0, #0x1000
    0xe1500001,                 # cmp   r0, r1
    0x3afffffb,                 # blo   2b
    0xeafffff7,                 # b     1b
]


def dirty_rate(cases, directory):
    program = os.path.join(directory, "program")
    with open(program, "wb") as file:
        file.write(struct.pack("<%dI" % len(PROGRAM), *PROGRAM))
    loader = "loader,file=%s,addr=0,cpu-num=0,force-raw=on" % program
    with Machine(directory, "-smp", "1", "-device", loader) as machine:
        client = Client(machine.path)
        cases.check(client.result("query-dirty-rate")["status"] == "unstarted", "query-dirty-rate: nothing yet")
        for wrong in ({"calc_time": 0}, {"calc_time": 61}, {"calc_time": 1, "sample_pages": 1},
                      {"calc_time": 1, "mode": "dirty-ring"}):
            cases.check("desc" in client.error("calc-dirty-rate", **wrong), "calc-dirty-rate %s" % wrong)
        rates = {}
        for running in (False, True):
            if running:
                client.result("cont")
            client.result("calc-dirty-rate", calc_time=1, sample_pages=16384)
            error = client.error("calc-dirty-rate", calc_time=1)
            cases.check("already" in error["desc"], "calc-dirty-rate: one at a time", error)
            end = time.monotonic() + LIMIT
            while client.result("query-dirty-rate")["status"] == "measuring":
                assert time.monotonic() < end, "it is not measured"
                time.sleep(0.05)
            rates[running] = client.result("query-dirty-rate")
        said = client.result("human-monitor-command", command_line="info dirty_rate")
        cases.check(rates[False]["dirty-rate"] == 0 and rates[False]["calc-time"] == 1,
                    "a machine that stands still changes nothing", rates[False])
        cases.check(rates[True]["dirty-rate"] > 0 and "measured" in said, "one that stores does", (rates[True], said))
        client.close()


def snapshots(cases, directory):
    if not shutil.which("qemu-img"):
        cases.skip("snapshots inside a disk", "no qemu-img")
        return
    image, behind = os.path.join(directory, "image"), os.path.join(directory, "behind")
    qemu_img("create", "-q", "-f", "qcow2", image, str(MIB))
    with open(behind, "wb") as file:
        file.truncate(MIB)
    with Machine(directory, "-drive", "if=none,id=v,format=qcow2,file=" + image,
                 "-device", "virtio-blk-device,drive=v", "-drive", "if=none,id=w,format=raw,file=" + behind,
                 "-device", "virtio-blk-device,drive=w") as machine:
        client = Client(machine.path)
        take, delete = "blockdev-snapshot-internal-sync", "blockdev-snapshot-delete-internal-sync"
        client.result(take, device="v", name="one")
        client.result(take, device="v", name="two")
        for device, name, said in (("v", "one", "already exists"), ("w", "x", "does not support internal"),
                                   ("none", "x", "Cannot find"), ("v", "", "empty")):
            error = client.error(take, device=device, name=name)
            cases.check(said in error["desc"], "%s: %s" % (take, said), error)
        gone = client.result(delete, device="v", name="one")
        cases.check(gone["name"] == "one" and gone["vm-state-size"] == 0, delete, gone)
        for arguments, said in (({"name": "one"}, "does not exist"), ({}, "must be provided"),
                                ({"id": "7", "name": "two"}, "does not exist")):
            error = client.error(delete, device="v", **arguments)
            cases.check(said in error["desc"], "%s: %s" % (delete, said), error)
        gone = client.result(delete, device="v", id="2")
        cases.check(gone["name"] == "two", delete + " by id", gone)
        for line in ("snapshot_blkdev_internal v three", "snapshot_blkdev_internal v four",
                     "snapshot_delete_blkdev_internal v four"):
            said = client.result("human-monitor-command", command_line=line)
            cases.check(said == "", line, said)
        client.result("blockdev-snapshot-sync", device="v", format="qcow2", snapshot_node_name="front",
                      snapshot_file=os.path.join(directory, "front"))
        client.result("change-backing-file", device="v", image_node_name="front", backing_file="./image")
        for node, said in (("none", "not in the backing chain"), ("w", "not in the backing chain")):
            error = client.error("change-backing-file", device="v", image_node_name=node, backing_file="x")
            cases.check(said in error["desc"], "change-backing-file: %s" % said, error)
        error = client.error("change-backing-file", device="w", image_node_name="w", backing_file="x")
        cases.check("no image behind" in error["desc"], "change-backing-file: nothing is behind", error)
        client.result("quit")
        machine.ended()
    listed = qemu_img("snapshot", "-l", image)
    cases.check("three" in listed and "four" not in listed and "one" not in listed,
                "qemu-img finds the one that is left", listed)
    info = subprocess.run(["qemu-img", "info", os.path.join(directory, "front")], capture_output=True, text=True,
                          check=False).stdout
    cases.check("backing file: ./image" in info and "format: qcow2" in info, "and the new name of what is behind", info)


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    for part in (chardev_clients, vnc, display, announcements, dirty_rate, snapshots):
        with tempfile.TemporaryDirectory(prefix="pqemu-more-") as directory:
            part(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
