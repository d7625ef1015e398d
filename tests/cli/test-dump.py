#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Guest memory in files: dump-guest-memory, which the real gdb opens, with registers and memory of every CPU; memsave,
pmemsave, sum, gva2gpa; files that are FIFOs, full, or nobody reads. Prints TAP.
"""
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from machine import MMU_ON      # noqa: E402
from qmp_client import Client, Machine, built_in        # noqa: E402

# Every CPU: r4 = 0x40 + its number, d2 = 2 to its number, its word at 0x1000 = r4; then it stays there.
PROGRAM = [
    0xee100fb0,         # mrc   p15, 0, r0, c0, c0, 5
    0xe2000003,         # and   r0, r0, #3
    0xe2804040,         # add   r4, r0, #0x40
    0xe3a0160f,         # mov   r1, #0xf00000           CPACR: the VFP is usable
    0xee011f50,         # mcr   p15, 0, r1, c1, c0, 2
    0xe3a01101,         # mov   r1, #0x40000000
    0xeee81a10,         # fmxr  fpexc, r1
    0xe3a055ff,         # mov   r5, #0x3fc00000
    0xe3855603,         # orr   r5, r5, #0x00300000
    0xe0855a00,         # add   r5, r5, r0, lsl #20
    0xee025a90,         # fmsr  s5, r5
    0xe3a06000,         # mov   r6, #0
    0xee026a10,         # fmsr  s4, r6
    0xe3a02a01,         # mov   r2, #0x1000
    0xe7824100,         # str   r4, [r2, r0, lsl #2]
    0xeafffffe,         # b     .
]
END = 4 * (len(PROGRAM) - 1)
# Turns the MMU on, with the table at 0x4000, and goes on at the same place as the table's second megabyte has it.
MMU_PROGRAM = [
    *MMU_ON,
    0xe3a0f20c,         # mov   pc, #0xc0000000
]
# c0000000 -> 00000000, 00000000 -> 00000000 for one address space, c0100000 -> 00200000, c0200000 -> a device.
MMU_TABLE = {0x7000: 0x00000402, 0x4000: 0x00020402, 0x7004: 0x00200402, 0x7008: 0x10000402, 0x200010: 0x12345678}
RAM = 64 << 20


def elf(path):
    """The loads of a core file, as (address, offset, bytes), and its machine."""
    with open(path, "rb") as file:
        header = struct.unpack("<16sHHIIIIIHHHHHH", file.read(52))
        assert header[0][:5] == b"\x7fELF\1" and header[1] == 4, header
        rows = [struct.unpack("<8I", file.read(32)) for _ in range(header[10])]
        file.seek(0, 2)
        assert all(row[1] + row[4] <= file.tell() for row in rows)
    loads = [(row[2], row[1], row[4]) for row in rows if row[0] == 1]
    return header[2], loads, len([row for row in rows if row[0] == 4])


def run_until_written(client):
    client.result("cont")
    while True:
        text = client.result("human-monitor-command", command_line="xp /4xw 0x1000")
        if re.search("0x00000040 0x00000041 0x00000042 0x00000043", text):
            break
    client.result("stop")


def gdb_opens(cases, path):
    orders = ["set pagination off", "core-file " + path, "info threads"]
    for cpu in range(4):
        orders += ["thread %d" % (cpu + 1), "printf \"cpu %%x r4=%%x pc=%%x mode=%%x d2=%%g\\n\", %d, $r4, $pc, "
                   "$cpsr & 0x1f, $d2" % cpu]
    orders += ["printf \"memory %x %x %x %x\\n\", *(int *)0x1000, *(int *)0x1004, *(int *)0x1008, *(int *)0x100c",
               "x/i $pc"]
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch"] + [word for order in orders for word in ("-ex", order)],
                          check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode("latin-1")
    for cpu in range(4):
        cases.check("cpu %x r4=%x pc=%x mode=13 d2=%g" % (cpu, 0x40 + cpu, END, 1 << cpu) in text,
                    "gdb: registers of CPU %d" % cpu, text)
    cases.check("memory 40 41 42 43" in text, "gdb: memory", text)
    cases.check(re.search(r"=> 0x%x:\s+b\s+0x%x" % (END, END), text), "gdb: instructions", text)


def dumps(cases, client, directory):
    path = os.path.join(directory, "core")
    cases.check(client.result("query-dump") == {"status": "none", "completed": 0, "total": 0}, "query-dump: none")
    cases.check(client.result("dump-guest-memory", paging=False, protocol="file:" + path) == {}, "dump-guest-memory")
    event = client.event("DUMP_COMPLETED")["data"]["result"]
    cases.check(event["status"] == "completed" and event["completed"] == event["total"] == os.path.getsize(path),
                "DUMP_COMPLETED", event)
    machine, loads, notes = elf(path)
    ram = [load for load in loads if load[0] == 0]
    cases.check(machine == 40 and notes == 1 and ram and ram[0][2] == RAM, "the file's headers", (machine, loads,
                notes))
    if shutil.which("gdb-multiarch"):
        gdb_opens(cases, path)
    else:
        cases.skip("gdb-multiarch", "not there")
    client.result("dump-guest-memory", paging=False, protocol="file:" + path, begin=0x1004, length=8, format="elf")
    client.event("DUMP_COMPLETED")
    _, loads, _ = elf(path)
    with open(path, "rb") as file:
        file.seek(loads[0][1])
        content = file.read(8)
    cases.check(loads == [(0x1004, loads[0][1], 8)] and content == struct.pack("<II", 0x41, 0x42), "begin and length",
                (loads, content))
    client.result("dump-guest-memory", paging=False, protocol="file:" + path, begin=0, length=1 << 20, detach=True)
    client.event("DUMP_COMPLETED")
    cases.check(client.result("query-dump")["status"] == "completed", "detach: the event tells of the end")
    for arguments, said in (
            ({"paging": True, "protocol": "file:x", "begin": 0, "length": 4096}, "all memory"), ({"paging": False,
                "protocol": "x"}, "file:PATH"),
            ({"paging": False, "protocol": "fd:none"}, "has not been found"),
            ({"paging": False, "protocol": "file:x", "begin": 0}, "'length' is missing"),
            ({"paging": False, "protocol": "file:x", "begin": 0xf0000000, "length": 4096}, "no RAM"),
            ({"paging": False, "protocol": "file:x", "begin": -1, "length": 4096}, "no part"),
            ({"paging": False, "protocol": "file:x", "begin": 0, "length": 1 << 33}, "no part"),
            ({"paging": False, "protocol": "file:x", "format": "kdump-zlib"}, "does not accept"),
            ({"paging": False, "protocol": "file:/nonexistent/x"}, "Could not open"),
            ({"paging": False, "protocol": "file:/dev/full"}, "No space left")):
        answer = client.error("dump-guest-memory", **arguments)
        cases.check(said in answer["desc"], "dump-guest-memory refuses %s" % arguments, answer)
    passed_descriptors(cases, client, path)


def with_paging(cases, directory):
    """A dump by virtual addresses; the machine goes round for ever, and its tables say where it is."""
    program, path = os.path.join(directory, "mmu"), os.path.join(directory, "core")
    with open(program, "wb") as file:
        file.write(struct.pack("<%dI" % len(MMU_PROGRAM), *MMU_PROGRAM))
    loaders = ["loader,file=%s,addr=0,cpu-num=0,force-raw=on" % program]
    loaders += ["loader,addr=%#x,data=%#x,data-len=4" % row for row in MMU_TABLE.items()]
    with Machine(directory, *(word for loader in loaders for word in ("-device", loader))) as machine:
        client = Client(machine.path)
        client.result("cont")
        while "c0100000" not in hmp(client, "info mem"):
            pass                # the MMU is not on yet
        client.result("stop")
        client.result("dump-guest-memory", paging=True, protocol="file:" + path)
        _, loads, _ = elf(path)
        ranges = [(load[0], load[2]) for load in loads]
        cases.check(ranges == [(0xc0000000, 1 << 20), (0xc0100000, 1 << 20)],
                    "paging: what is mapped for all, and is RAM",
                    loads)
        with open(path, "rb") as file:
            file.seek(loads[1][1] + 0x10)
            cases.check(file.read(4) == b"\x78\x56\x34\x12", "paging: memory behind the addresses")
        cases.check(os.path.getsize(path) > RAM, "paging: all RAM is in the file")
        if shutil.which("gdb-multiarch"):
            text = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-ex", "core-file " + path, "-ex",
                                   "output/x *(int *)0xc0100010"], check=False, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode("latin-1")
            cases.check(text.endswith("0x12345678"), "gdb: memory by virtual addresses", text)
        client.close()


def passed_descriptors(cases, client, path):
    answer = client.error("getfd", fdname="x")
    cases.check("SCM_RIGHTS" in answer["desc"], "getfd without a descriptor", answer)
    with open(path + "-fd", "wb") as file:
        client.send_with_fd({"execute": "getfd", "arguments": {"fdname": "mine"}}, file.fileno())
    cases.check(client.answer() == {"return": {}}, "getfd")
    client.result("dump-guest-memory", paging=False, protocol="fd:mine", begin=0x1000, length=4096)
    cases.check(elf(path + "-fd")[1][0][2] == 4096, "fd: what getfd took")
    cases.check("not been found" in client.error("dump-guest-memory", paging=False, protocol="fd:mine")["desc"],
                "a descriptor is used once")
    with open(path + "-fd", "rb") as file:
        client.send_with_fd({"execute": "getfd", "arguments": {"fdname": "other"}}, file.fileno())
    client.answer()
    cases.check(client.result("closefd", fdname="other") == {} and "not found" in client.error("closefd",
                fdname="other")["desc"],
                "closefd")
    cases.check("digit" in client.error("getfd", fdname="3")["desc"], "getfd: a name is no number")


def hmp(client, line):
    return client.result("human-monitor-command", command_line=line).replace("\r\n", "\n")


def bsd_sum(data):
    total = 0
    for byte in data:
        total = ((total >> 1) + ((total & 1) << 15) + byte) & 0xffff
    return "%05d\n" % total


def people(cases, client, directory):
    path = os.path.join(directory, "saved")
    cases.check(hmp(client, "pmemsave 0 0x2004 " + path) == "", "pmemsave")
    with open(path, "rb") as file:
        content = file.read()
    cases.check(content[:64] == struct.pack("<16I", *PROGRAM) and content[0x1004] == 0x41 and len(content) == 0x2004,
                "pmemsave: what it wrote", content[:64])
    cases.check(hmp(client, "sum 0 0x2004") == bsd_sum(content), "sum", hmp(client, "sum 0 0x2004"))
    cases.check(hmp(client, "memsave $pc 4 " + path) == "" and open(path, "rb").read() == struct.pack("<I",
                PROGRAM[-1]),
                "memsave takes expressions")
    cases.check(hmp(client, "dump-guest-memory %s 0x1000 0x1000" % path) == "" and elf(path)[1][0][2] == 4096,
                "dump-guest-memory")
    for line, said in (
            ("gva2gpa 0x1234", "gpa: 0x1234"), ("i/x 0x60", "no ports"), ("o/b 0x60 1", "no ports"),
            ("pmemsave 0xdead0000 4 " + path, "cannot be read"), ("pmemsave 0 0x100000001 x", "there are no"),
            ("pmemsave 0 nonsense x", "'nonsense'"), ("memsave 0 4", "usage"), ("sum 0xdead0000 4", "cannot be read"),
            ("pmemsave 0x10000000 0x1000 /nonexistent/x", "Could not open"), ("dump-guest-memory -z x", "'-z'"),
            ("dump-guest-memory -p x 0 4", "all memory"), ("dump-guest-memory x 0", "usage")):
        answer = hmp(client, line)
        cases.check(said in answer, "monitor: %s" % line, answer)


def device_tree(cases, client, directory):
    """dumpdtb: the tree that the guest gets, as dtc reads it."""
    cases.check("have a FDT" in client.error("dumpdtb", filename="x")["desc"] and
                "Error: This" in hmp(client, "dumpdtb x"), "dumpdtb: a machine without a tree")
    kernel, path = os.path.join(directory, "image"), os.path.join(directory, "tree")
    inner = os.path.join(directory, "tree-qmp")
    os.mkdir(inner)
    with open(kernel, "wb") as file:
        file.write(0xee100f10.to_bytes(4, "little") + bytes(256 * 1024))    # mrc p15, 0, r0, c0, c0: a Linux image
    with Machine(inner, "-kernel", kernel, "-dtb", "builtin", "-append", "a=word") as machine:
        other = Client(machine.path)
        cases.check(other.result("dumpdtb", filename=path) == {}, "dumpdtb")
        with open(path, "rb") as file:
            tree = file.read()
        magic, size = struct.unpack(">II", tree[:8])
        cases.check(magic == 0xd00dfeed and size == len(tree) and b"arm,realview-eb" in tree and b"a=word\0" in tree,
                    "it is the tree that the guest gets, with its command line", tree[:64])
        cases.check(hmp(other, "dumpdtb " + path + "2") == "dtb dumped to %s2\n" % path and
                    open(path + "2", "rb").read() == tree, "dumpdtb for people")
        cases.check("Error saving FDT" in other.error("dumpdtb", filename="/nonexistent/x")["desc"],
                    "a file that cannot be")
        other.close()


def slow_readers(cases, machine, client, directory):
    """A file that takes its time keeps nobody from giving other orders."""
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    answer = client.error("pmemsave", val=0, size=4096, filename=fifo)
    cases.check("nobody reads" in answer["desc"], "a FIFO without a reader", answer)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    client.send({"execute": "pmemsave", "arguments": {"val": 0, "size": 8 << 20, "filename": fifo}, "id": "save"})
    client.send({"execute": "query-name", "id": "waits"})
    client.send({"exec-oob": "query-status", "id": "oob"})
    answer = client.answer()
    cases.check(answer["id"] == "oob" and answer["return"]["status"] == "paused",
                "an order out of band does not wait", answer)
    other = Client(machine.second)
    cases.check("status" in other.result("query-status"), "another program does not wait")
    cases.check("other memory" in other.error("pmemsave", val=0, size=1, filename="/dev/null")["desc"],
                "one file at a time")
    other.result("cont")
    other.result("stop")
    got = 0
    os.set_blocking(reader, True)
    while got < 8 << 20:
        got += len(os.read(reader, 1 << 20))
    answers = [client.answer()["id"] for _ in range(2)]
    cases.check(answers == ["save", "waits"] and got == 8 << 20, "the others come in order when it is read", (answers,
                got))
    client.send({"execute": "pmemsave", "arguments": {"val": 0, "size": 8 << 20, "filename": fifo}, "id": "save"})
    while not os.read(reader, 1):
        pass                    # the emulator has not opened it again yet
    os.close(reader)
    answer = client.answer()
    cases.check("Broken pipe" in answer.get("error", {}).get("desc", ""), "the reader goes", answer)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    client.send({"execute": "dump-guest-memory", "arguments": {"paging": False, "protocol": "file:" + fifo}})
    while other.result("query-dump")["completed"] == 0:
        pass
    client.close()
    other.result("quit")
    cases.check(machine.ended() == 0, "quit while a reader does not read")
    os.close(reader)


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("memory in files", "QMP is not built in")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "program")
        with open(program, "wb") as file:
            file.write(struct.pack("<%dI" % len(PROGRAM), *PROGRAM))
        with Machine(directory, "-device", "loader,file=%s,addr=0,cpu-num=0,force-raw=on" % program) as machine:
            client = Client(machine.path, enable=["oob"])
            run_until_written(client)
            dumps(cases, client, directory)
            people(cases, client, directory)
            device_tree(cases, client, directory)
            slow_readers(cases, machine, client, directory)
        with_paging(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
