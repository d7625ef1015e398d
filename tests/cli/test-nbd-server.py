#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""The NBD server: disks and nodes, for Debian's qemu-img, qemu-io and nbdinfo, and for a client that says what nobody
should. Prints TAP.
"""
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import LIMIT, Client, Machine, built_in        # noqa: E402

MIB = 1 << 20
OPTION, REPLY, REQUEST, SIMPLE = 0x49484156454F5054, 0x3e889045565a9, 0x25609513, 0x67446698
STRUCTURED = 0x668e33ef


def unix(path):
    return {"type": "unix", "data": {"path": path}}


class Nbd:
    """A client, byte by byte."""

    def __init__(self, path, flags=3):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(path)
        magic, options, self.flags = struct.unpack(">QQH", self.read(18))
        assert magic == 0x4e42444d41474943 and options == OPTION and self.flags == 3
        self.socket.sendall(struct.pack(">I", flags))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            assert part, "the server hung up"
            data += part
        return data

    def closed(self):
        """Whether the server has hung up, after what it had to say."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def option(self, number, data=b"", length=None):
        self.socket.sendall(struct.pack(">QII", OPTION, number, len(data) if length is None else length) + data)

    def reply(self):
        magic, option, kind, length = struct.unpack(">QIII", self.read(20))
        assert magic == REPLY, magic
        return option, kind, self.read(length)

    def go(self, name, structured=False):
        if structured:
            self.option(8)
            assert self.reply() == (8, 1, b"")
        self.option(7, struct.pack(">I", len(name)) + name + struct.pack(">H", 0))
        option, kind, data = self.reply()
        assert (option, kind) == (7, 3), (option, kind, data)
        assert self.reply() == (7, 1, b"")
        return struct.unpack(">HQH", data)[1:]

    def request(self, kind, offset=0, length=0, data=b"", flags=0, cookie=7, magic=REQUEST):
        self.socket.sendall(struct.pack(">IHHQQI", magic, flags, kind, cookie, offset, length) + data)

    def answer(self, length=0):
        magic, error, cookie = struct.unpack(">IIQ", self.read(16))
        assert magic == SIMPLE and cookie == 7, (magic, cookie)
        return error, b"" if error else self.read(length)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    return done.returncode, done.stdout + done.stderr


def orders(cases, client, path):
    add = {"type": "nbd", "id": "e", "node-name": "sd0"}
    cases.check("not running" in client.error("nbd-server-stop")["desc"]
                and "not running" in client.error("block-export-add", **add)["desc"], "no server: no exports")
    for address in ({"type": "inet", "data": {"host": "x"}}, {"type": "unix", "data": {}}, {"type": "fd", "data": {}}):
        cases.check("addr" in client.error("nbd-server-start", addr=address)["desc"], "no address: %s" % address)
    cases.check("Failed to bind" in client.error("nbd-server-start", addr=unix("/nonexistent/x"))["desc"]
                and "too long" in client.error("nbd-server-start", addr=unix("x" * 200))["desc"], "no such place")
    for port in "99999", "-1", " 80", "":
        error = client.error("nbd-server-start", addr={"type": "inet", "data": {"host": "localhost", "port": port}})
        cases.check("resolution failed" in error["desc"], "no such port: '%s'" % port, error)
    client.result("nbd-server-start", addr=unix(path))
    cases.check("already running" in client.error("nbd-server-start", addr=unix(path + "2"))["desc"], "one server")
    cases.check("Cannot find device" in client.error("block-export-add", **dict(add, **{"node-name": "x"}))["desc"],
                "no such node")
    cases.check("Conflicts with use" in client.error("block-export-add", **add, writable=True)["desc"],
                "the machine's disk is not for writing")
    client.result("block-export-add", **add, name="disk", description="the card")
    cases.check("already in use" in client.error("block-export-add", **add)["desc"]
                and "already has export named" in client.error("block-export-add", **dict(add, id="f", name="disk"))
                ["desc"], "ids and names are unique")
    cases.check(client.result("query-block-exports") == [
        {"id": "e", "type": "nbd", "node-name": "sd0", "shutting-down": False}], "query-block-exports")
    with Nbd(path) as nbd:
        nbd.go(b"disk")
        cases.check("still in use" in client.error("block-export-del", id="e")["desc"], "it has a client")
        client.result("block-export-del", id="e", mode="hard")
        cases.check(client.event("BLOCK_EXPORT_DELETED")["data"] == {"id": "e"} and nbd.closed(),
                    "mode hard: the client is cut off, and programs hear of it")
    cases.check("not found" in client.error("block-export-del", id="e")["desc"], "it has gone")
    client.result("nbd-server-add", device="sd0")
    client.result("nbd-server-remove", name="sd0")
    cases.check(client.result("query-block-exports") == [], "nbd-server-add, nbd-server-remove")


def negotiation(cases, path):
    with Nbd(path) as nbd:
        nbd.option(3)
        names = []
        while True:
            _, kind, data = nbd.reply()
            if kind == 1:
                break
            names.append(data[4:])
        cases.check(sorted(names) == [b"node", b"sd0"], "the list of exports", names)
        for number, data, kind in ((5, b"", 0x80000002), (99, b"xyz", 0x80000001), (3, b"x", 0x80000003),
                                   (8, b"x", 0x80000003), (7, b"", 0x80000003), (7, b"\xff" * 6, 0x80000003),
                                   (7, struct.pack(">I", 4) + b"none" + b"\0\0", 0x80000006),
                                   (7, struct.pack(">I", 3) + b"sd0" + b"\0\7", 0x80000003)):
            nbd.option(number, data)
            got = nbd.reply()
            cases.check(got[:2] == (number, kind), "option %d with %s is refused" % (number, data), got)
        nbd.option(6, struct.pack(">I", 3) + b"sd0" + struct.pack(">HHHHH", 4, 1, 2, 3, 77))
        infos = [nbd.reply() for _ in range(4)]
        cases.check([struct.unpack(">H", data[:2])[0] for _, kind, data in infos[:3]] == [1, 3, 0]
                    and infos[3][1] == 1, "INFO: name, sizes of blocks, the export", infos)
        size, flags = nbd.go(b"sd0")
        cases.check(size == MIB and flags & 3 == 3, "GO: the size, read-only", (size, flags))
    with Nbd(path, flags=1) as nbd:
        nbd.option(1, b"node")
        data = nbd.read(10 + 124)
        cases.check(struct.unpack(">QH", data[:10]) == (2 * MIB, 0x16d) and data[10:] == bytes(124),
                    "EXPORT_NAME of an old client", data[:10])
    for title, act in (("unknown flags", lambda n: None), ("EXPORT_NAME of none", lambda n: n.option(1, b"none")),
                       ("an option without its magic", lambda n: n.socket.sendall(b"x" * 16)),
                       ("an option of 4 GiB", lambda n: n.option(7, b"x", 0xffffffff)),
                       ("ABORT", lambda n: n.option(2)),
                       ("an end in the middle", lambda n: (n.option(7, b"x", 100), n.socket.shutdown(1)))):
        with Nbd(path, 0x80000000 if title == "unknown flags" else 3) as nbd:
            act(nbd)
            cases.check(nbd.closed(), "the server hangs up: " + title)


def requests(cases, path):
    with Nbd(path) as nbd:
        nbd.go(b"node")
        for title, arguments, error in (
                ("read behind the end", (0, 2 * MIB, 1), 22), ("read across the end", (0, 2 * MIB - 1, 2), 22),
                ("read at 2^64 - 1", (0, (1 << 64) - 1, 2), 22), ("write behind the end", (1, 2 * MIB, 1, b"x"), 28),
                ("trim behind the end", (4, MIB, 0xffffffff), 28), ("no such command", (99, 0, 1), 22),
                ("read more than 32 MiB", (0, 0, 0xffffffff), 22), ("zeroes behind the end", (6, 2 * MIB, 512), 28)):
            nbd.request(*arguments)
            got = nbd.answer()[0]
            cases.check(got == error, title, got)
        text = os.urandom(5000)
        nbd.request(1, 1001, len(text), text, flags=1)
        wrote = nbd.answer()
        nbd.request(0, 1001, len(text))
        cases.check(wrote == (0, b"") and nbd.answer(len(text)) == (0, text), "odd bytes are written and read")
        nbd.request(6, 1001, 1000)
        nbd.answer()
        nbd.request(0, 1001, 2000)
        cases.check(nbd.answer(2000) == (0, bytes(1000) + text[1000:2000]), "zeroes")
        nbd.request(0, 5, 0)
        nbd.request(3)
        cases.check([nbd.answer(), nbd.answer()] == [(0, b"")] * 2, "an empty read, a flush")
        for _ in range(64):
            nbd.request(0, 0, 65536)
        cases.check(all(nbd.answer(65536)[0] == 0 for _ in range(64)), "64 requests at once")
        nbd.request(2)
        cases.check(nbd.closed(), "DISC: the server hangs up")
    with Nbd(path) as nbd:
        nbd.go(b"sd0")
        nbd.request(1, 0, 1, b"x")
        cases.check(nbd.answer() == (1, b""), "a write to what is for reading")
    with Nbd(path) as nbd:
        nbd.go(b"node", structured=True)
        nbd.request(0, 1001, 10)
        head = struct.unpack(">IHHQI", nbd.read(20))
        cases.check(head == (STRUCTURED, 1, 1, 7, 18) and nbd.read(18) == struct.pack(">Q", 1001) + bytes(10),
                    "a structured reply", head)
        nbd.request(0, 2 * MIB, 10)
        head = struct.unpack(">IHHQI", nbd.read(20))
        cases.check(head == (STRUCTURED, 1, 0x8001, 7, 6) and nbd.read(6) == struct.pack(">IH", 22, 0),
                    "a structured error", head)
    for title, arguments in (("no magic", {"magic": 1}), ("a write of 4 GiB", {"length": 0xffffffff})):
        with Nbd(path) as nbd:
            nbd.go(b"node")
            nbd.request(1, **arguments)
            cases.check(nbd.closed(), "the server hangs up: " + title)
    generator = random.Random(1)
    for _ in range(200):
        with Nbd(path) as nbd:
            if generator.random() < 0.5:
                nbd.go(b"sd0", structured=generator.random() < 0.5)
            try:
                nbd.socket.sendall(generator.randbytes(generator.randrange(200)))
            except OSError:
                pass


def clients(cases, directory, path):
    url, copy = "nbd+unix:///node?socket=" + path, os.path.join(directory, "copy")
    pattern = os.path.join(directory, "pattern")
    with open(pattern, "wb") as file:
        file.write(os.urandom(2 * MIB))
    code, text = run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", pattern, url)
    cases.check(code == 0, "qemu-img convert to the server", text)
    code, text = run("qemu-img", "convert", "-f", "raw", "-O", "raw", url, copy)
    with open(pattern, "rb") as one, open(copy, "rb") as other:
        cases.check(code == 0 and one.read() == other.read(), "qemu-img convert from the server", text)
    code, text = run("qemu-io", "-f", "raw", "-c", "write -P 17 4096 65536", "-c", "write -z -u 8192 4096",
                     "-c", "discard 0 4096", "-c", "flush", "-c", "read -P 17 4096 4096", "-c", "read -P 0 8192 4096",
                     "-c", "write -f -P 3 1048575 3", "-c", "read -P 3 1048575 3", url)
    cases.check(code == 0 and "failed" not in text, "qemu-io: write, zeroes, discard, flush, FUA", text)
    code, text = run("qemu-img", "info", "-f", "raw", "--output=json", "nbd+unix:///sd0?socket=" + path)
    cases.check(code == 0 and json.loads(text)["virtual-size"] == MIB, "qemu-img info", text)
    if shutil.which("nbdinfo"):
        code, text = run("nbdinfo", "--json", "--list", "nbd+unix:///?socket=" + path)
        names = {row["export-name"]: row["export-size"] for row in json.loads(text)["exports"]} if code == 0 else {}
        cases.check(names == {"sd0": MIB, "node": 2 * MIB}, "nbdinfo --list", text)
    else:
        cases.skip("nbdinfo", "it is not installed")


def exports_that_go(cases, client, path):
    """A node that is freed while a client asks for it."""
    for _ in range(30):
        client.result("block-export-add", type="nbd", id="n", node_name="node")
        stop = threading.Event()
        thread = threading.Thread(target=ask_until, args=(path, stop))
        thread.start()
        client.result("block-export-del", id="n", mode="hard")
        stop.set()
        thread.join()
    cases.check(client.result("query-block-exports") == [], "exports go while clients ask for them")


def ask_until(path, stop):
    while not stop.is_set():
        try:
            with Nbd(path) as nbd:
                nbd.go(b"node")
                for cookie in range(100):
                    nbd.request(0, 0, 4096, cookie=cookie)
                while nbd.socket.recv(65536):
                    pass
        except (AssertionError, OSError):
            pass                # refused, or cut off


def pieces(*words):
    """Lengths and states that qemu-img finds."""
    code, text = run("qemu-img", "map", "--output=json", *words)
    assert code == 0, text
    found = []
    for row in json.loads(text):
        state = [row["zero"], row["data"] or not row["zero"]]
        if found and found[-1][1] == state:
            found[-1][0] += row["length"]
        else:
            found.append([row["length"], state])
    return found


def context(nbd, option, name, *queries):
    nbd.option(option, struct.pack(">I", len(name)) + name + struct.pack(">I", len(queries)) +
               b"".join(struct.pack(">I", len(query)) + query for query in queries))
    replies = []
    while not replies or replies[-1][1] == 4:
        replies.append(nbd.reply())
    return [data for _, kind, data in replies if kind == 4], replies[-1][1]


def allocation(cases, client, directory, path):
    """base:allocation: what clients are told of holes is what qemu-img finds in the files themselves."""
    base, top, raw = (os.path.join(directory, name) for name in ("base.qcow2", "top.qcow2", "holes"))
    run("qemu-img", "create", "-f", "qcow2", base, "3M")
    run("qemu-io", "-c", "write -P 1 0 200k", "-c", "write -P 2 2M 64k", base)
    run("qemu-img", "create", "-f", "qcow2", "-b", base, "-F", "qcow2", top, "300G")
    run("qemu-io", "-c", "write -P 3 128k 64k", "-c", "write -z 2M 1M", "-c", "write -P 4 200G 128k", top)
    with open(raw, "wb") as file:
        file.truncate(4 * MIB)
        file.seek(MIB)
        file.write(b"x" * 65536)
    for name, form, image in (("top", "qcow2", top), ("holes", "raw", raw)):
        expected = pieces("-f", form, image)
        client.result("blockdev-add", driver="file", node_name=name + "-file", filename=image)
        client.result("blockdev-add", driver=form, node_name=name, file=name + "-file")
        client.result("block-export-add", type="nbd", id=name, node_name=name)
        url = "nbd+unix:///%s?socket=%s" % (name, path)
        got = pieces("-f", "raw", url)
        cases.check(got == expected, "qemu-img map of %s by the server" % form, (got, expected))
        if shutil.which("nbdinfo"):
            code, text = run("nbdinfo", "--map", url)
            cases.check(code == 0 and ("hole,zero" in text or "hole" in text), "nbdinfo --map of " + form, text)
    with Nbd(path) as nbd:
        cases.check(context(nbd, 10, b"top", b"base:allocation")[1] == 0x80000003, "no context without structure")
        nbd.option(8)
        nbd.reply()
        cases.check([context(nbd, 9, b"top", *words) for words in ((), (b"base:",), (b"base:none",), (b"x",))] ==
                    [([struct.pack(">I", 0) + b"base:allocation"], 1)] * 2 + [([], 1)] * 2, "the list of contexts")
        cases.check(context(nbd, 10, b"none", b"base:allocation") == ([], 0x80000006), "a context of no export")
        nbd.option(10, struct.pack(">I3sII", 3, b"top", 1, 99) + b"base")
        cases.check(nbd.reply()[1] == 0x80000003, "a query that does not fit")
        cases.check(context(nbd, 10, b"holes", b"base:allocation")[1] == 1, "the context of one export")
        nbd.go(b"top")
        nbd.request(7, 0, 65536)
        head = struct.unpack(">IHHQI", nbd.read(20))
        cases.check(head[2] == 0x8001 and struct.unpack(">IH", nbd.read(6))[0] == 22, "... is not another one's", head)
    with Nbd(path) as nbd:
        nbd.option(8)
        nbd.reply()
        context(nbd, 10, b"holes", b"base:allocation")
        nbd.go(b"holes")
        answers = []
        for offset, length, flags in ((0, 4 * MIB, 0), (0, 4 * MIB, 8), (MIB, 100, 0), (3, 5, 0)):
            nbd.request(7, offset, length, flags=flags)
            head = struct.unpack(">IHHQI", nbd.read(20))
            answers.append(struct.unpack(">%dI" % (head[4] // 4), nbd.read(head[4]))[1:])
        cases.check(answers == [(MIB, 3, 65536, 0, 3 * MIB - 65536, 3), (MIB, 3), (100, 0), (5, 3)], "block status",
                    answers)
        nbd.request(7, 4 * MIB, 1)
        cases.check(struct.unpack(">IHHQI", nbd.read(20))[2] == 0x8001, "block status behind the end")
    for name in ("top", "holes"):
        client.result("block-export-del", id=name, mode="hard")
        client.result("blockdev-del", node_name=name)
        client.result("blockdev-del", node_name=name + "-file")


def status(nbd, offset, length, contexts, flags=0):
    """What the server says of each context: lengths and states."""
    nbd.request(7, offset, length, flags=flags)
    found = {}
    for number in range(contexts):
        head = struct.unpack(">IHHQI", nbd.read(20))
        assert head[:4] == (STRUCTURED, number == contexts - 1, 5, 7), head
        words = struct.unpack(">%dI" % (head[4] // 4), nbd.read(head[4]))
        found[words[0]] = words[1:]
    return found


def bitmaps(cases, client, directory, path):
    """qemu:dirty-bitmap:NAME: what Debian's qemu-io wrote after qemu-img added the bitmap, and nothing else."""
    image = os.path.join(directory, "bitmaps.qcow2")
    run("qemu-img", "create", "-f", "qcow2", image, "300G")
    run("qemu-io", "-c", "write 512k 64k", image)
    for name, size in (("small", "64k"), ("empty", "2M")):
        run("qemu-img", "bitmap", "--add", "--enable" if name == "small" else "--disable", "-g", size, image, name)
    run("qemu-io", "-c", "write 128k 64k", "-c", "write -z 200G 128k", image)
    client.result("blockdev-add", driver="file", node_name="b-file", filename=image)
    client.result("blockdev-add", driver="qcow2", node_name="b", file="b-file")
    add = {"type": "nbd", "id": "b", "node-name": "b"}
    for text, more in (("not found", ["none"]), ("Cannot find", [{"node": "none", "name": "small"}]),
                       ("'bitmaps[0].node' is missing", [{"name": "small"}]),
                       ("'bitmaps[0]', expected: BlockDirtyBitmapOrStr", [1]), ("in use", ["empty", "empty"]),
                       ("'small' incompatible", ["empty", "small"]), ("30 bitmaps", ["empty"] * 31)):
        said = client.error("block-export-add", **add, bitmaps=more)["desc"]
        cases.check(text in said, "bitmaps that cannot be exported: " + text, said)
    client.result("block-dirty-bitmap-disable", node="b", name="small")
    client.result("block-export-add", **add, bitmaps=["empty", {"node": "b", "name": "small"}])
    cases.check("in use" in client.error("block-dirty-bitmap-remove", node="b", name="small")["desc"],
                "it is in use as long as the export is there")
    options = "driver=nbd,server.type=unix,server.path=%s,export=b,x-dirty-bitmap=qemu:dirty-bitmap:" % path
    for name, rows in (("small", [(128 << 10, 64 << 10), (200 << 30, 128 << 10)]), ("empty", [])):
        code, text = run("qemu-img", "map", "--output=json", "--image-opts", options + name)
        found = [(row["start"], row["length"]) for row in json.loads(text) if not row["data"]] if code == 0 else text
        cases.check(found == rows, "qemu-img finds what is dirty in " + name, found)
    if shutil.which("nbdinfo"):
        code, text = run("nbdinfo", "--map=qemu:dirty-bitmap:small", "nbd+unix:///b?socket=" + path)
        found = [line.split()[:3] for line in text.splitlines() if line.endswith("dirty") and " 1 " in line]
        cases.check([row[:2] for row in found] == [["131072", "65536"], [str(200 << 30), "131072"]],
                    "nbdinfo --map=qemu:dirty-bitmap:small", text)
        code, text = run("nbdinfo", "--json", "nbd+unix:///b?socket=" + path)
        names = json.loads(text)["exports"][0]["contexts"] if code == 0 else text
        cases.check(sorted(names) == ["base:allocation", "qemu:dirty-bitmap:empty", "qemu:dirty-bitmap:small"],
                    "nbdinfo lists the contexts", text)
    with Nbd(path) as nbd:
        nbd.option(8)
        nbd.reply()
        small, empty = b"qemu:dirty-bitmap:small", b"qemu:dirty-bitmap:empty"
        cases.check([[name[4:] for name in context(nbd, 9, b"b", *words)[0]] for words in (
            (b"qemu:",), (b"qemu:dirty-bitmap:",), (small,), (b"qemu:dirty-bitmap:x",), (b"base:", small))] ==
                    [[empty, small], [empty, small], [small], [], [b"base:allocation", small]], "lists of contexts")
        chosen = {name[4:]: struct.unpack(">I", name[:4])[0]
                  for name in context(nbd, 10, b"b", small, b"base:allocation", empty)[0]}
        cases.check(len(set(chosen.values())) == 3, "three contexts at once", chosen)
        nbd.go(b"b")
        found = status(nbd, 100 << 10, 100 << 10, 3)
        cases.check(found[chosen[small]] == (28 << 10, 0, 64 << 10, 1, 8 << 10, 0) and
                    found[chosen[empty]] == (100 << 10, 0), "the status of all", found)
        found = status(nbd, 128 << 10, 100 << 10, 3, flags=8)
        cases.check(found[chosen[small]] == (64 << 10, 1), "... and of one piece", found)
        found = status(nbd, (200 << 30) + (128 << 10) - 1, 0xffffffff, 3)
        cases.check(found[chosen[small]] == (1, 1, 0xfffffffe, 0), "... of 4 GiB", found)
    client.result("block-export-del", id="b", mode="hard")
    client.result("nbd-server-add", device="b", name="again", bitmap="small")
    if shutil.which("nbdinfo"):
        cases.check("base:allocation" in run("nbdinfo", "nbd+unix:///again?socket=" + path)[1],
                    "nbd-server-add bitmap=")
    else:
        cases.skip("nbdinfo: nbd-server-add bitmap=", "it is not installed")
    client.result("nbd-server-remove", name="again", mode="hard")
    client.result("blockdev-del", node_name="b")
    client.result("blockdev-del", node_name="b-file")
    code, text = run("qemu-img", "check", image)
    cases.check(code == 0, "the image is sound", text)


def for_people(cases, client, directory):
    path = os.path.join(directory, "people")

    def say(line):
        return client.result("human-monitor-command", command_line=line)
    for line, text in (("nbd_server_start nowhere", "nbd_server_start ["), ("nbd_server_start -w unix:x", "only valid"),
                       ("nbd_server_add sd0", "not running"), ("nbd_server_remove x", "not found"),
                       ("nbd_server_stop", "not running")):
        cases.check(text in say(line), line, say(line))
    cases.check(say("nbd_server_start -a unix:" + path) == "", "nbd_server_start -a")
    with Nbd(path) as nbd:
        cases.check(nbd.go(b"sd0")[0] == MIB, "all disks are there")
        cases.check("still in use" in say("nbd_server_remove sd0") and say("nbd_server_remove -f sd0") == "", "-f")
    cases.check(say("nbd_server_add sd0 other") == "" and say("nbd_server_stop") == "", "nbd_server_add, _stop")
    cases.check(say("nbd_server_start 127.0.0.1:0") == "" and say("nbd_server_stop") == "", "a port")


def main():
    cases = tap.Cases()
    if not built_in() or not shutil.which("qemu-img"):
        cases.skip("NBD server", "it needs QMP, and qemu-img as a client")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-nbd-") as directory:
        path, images = os.path.join(directory, "nbd"), [os.path.join(directory, name) for name in ("sd", "node")]
        for size, image in enumerate(images):
            with open(image, "wb") as file:
                file.truncate((size + 1) * MIB)
        with Machine(directory, "-drive", "if=sd,format=raw,file=" + images[0]) as machine:
            client = Client(machine.path)
            orders(cases, client, path)
            client.result("blockdev-add", driver="file", node_name="bytes", filename=images[1])
            client.result("blockdev-add", driver="raw", node_name="node", file="bytes")
            client.result("block-export-add", type="nbd", id="n", node_name="node", writable=True)
            client.result("nbd-server-add", device="sd0")
            negotiation(cases, path)
            requests(cases, path)
            clients(cases, directory, path)
            allocation(cases, client, directory, path)
            bitmaps(cases, client, directory, path)
            with Nbd(path) as nbd:
                nbd.go(b"node")
                client.result("nbd-server-stop")
                cases.check(nbd.closed() and not os.path.exists(path) and client.result("query-block-exports") == [],
                            "nbd-server-stop: clients, exports and the socket go")
            client.result("nbd-server-start", addr=unix(path))
            exports_that_go(cases, client, path)
            client.result("nbd-server-stop")
            client.result("blockdev-del", node_name="node")
            for_people(cases, client, directory)
            cases.check(client.result("query-status")["status"] == "prelaunch", "the machine is as it was")
            client.result("quit")
            cases.check(machine.ended() == 0, "the emulator ends well")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
