#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Each command of QEMU's monitors is there, or answered by what is said of it in qemu-commands.txt; the newer ones do
what they do in QEMU. Prints TAP.
"""
import os
import re
import socket
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in        # noqa: E402

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu-commands.txt")


def rows(kind):
    """name -> whether it is carried out"""
    with open(TABLE, encoding="ascii") as file:
        words = [line.split() for line in file if line.startswith(kind + " ")]
    return {name.lstrip("-"): not name.startswith("-") for _, name in words}


def for_programs(cases, client):
    there = {row["name"] for row in client.result("query-commands")}
    schema = {row["name"] for row in client.result("query-qmp-schema") if row["meta-type"] == "command"}
    cases.check(there == schema, "query-commands and query-qmp-schema name the same", there ^ schema)
    for name, done in rows("qmp").items():
        if done:
            cases.check(name in there, "%s is there" % name)
        else:
            error = client.error(name)
            cases.check(name not in there and error["class"] == "CommandNotFound", "%s is not there" % name, error)


def for_people(cases, client):
    def say(line):
        return client.result("human-monitor-command", command_line=line)
    for kind, prefix in (("hmp", ""), ("info", "info ")):
        listed = re.findall("^%s([^ ]+)" % prefix, say("info" if prefix else "help"), re.MULTILINE)
        listed = {name for names in listed for name in names.split("|")}
        for name, done in rows(kind).items():
            if done:
                cases.check(name in listed, "%s%s is there" % (prefix, name))
            else:
                said = say(prefix + name)
                cases.check(name not in listed and said.startswith(name + ": ") and said.count("\n") == 1
                            and len(said) > len(name) + 10, "%s%s says why not" % (prefix, name), said)
    return say


def details(cases, client, say, directory, pid):
    cases.check("machine (child<realview-eb-mpcore-machine>)" in say("qom-list /") and
                "uart0 (child<pl011>)" in say("qom-list /machine") and "uint" in say("qom-list /machine/uart0"),
                "qom-list", say("qom-list /machine/uart0"))
    cases.check(say("qom-get /machine/uart0 type") == '"pl011"\r\n' and "Property" in say("qom-get /machine/uart0 x")
                and "no device" in say("qom-list nothing") and "no device" in say("qom-get nothing x")
                and "Property" in say("qom-get /machine x"), "qom-get")
    names = [row["name"] for row in client.result("qom-list", path="/machine/uart0") if row["name"] != "type"]
    for name in names:
        value = client.result("qom-get", path="/machine/uart0", property=name)
        text = " ".join(str(one) for one in (value if isinstance(value, list) else [value]))
        cases.check(say("qom-get /machine/uart0 " + name).strip() == text, "qom-get: %s as programs get it" % name)
    error = client.error("qom-set", path="/machine/uart0", property=names[0], value=1)
    cases.check("not writable" in error["desc"], "qom-set", error)
    cases.check(client.error("qom-set", path="/machine/none", property="x", value=1)["class"] == "DeviceNotFound",
                "qom-set: no such device")
    model = client.result("query-cpu-model-expansion", type="full", model={"name": "arm11mpcore"})
    cases.check(model == {"model": {"name": "arm11mpcore"}}, "query-cpu-model-expansion", model)
    for kind, name, props, said in (("full", "nope", {}, "not a recognized ARM CPU type"),
                                    ("static", "arm11mpcore", {}, "not supported"),
                                    ("full", "arm11mpcore", {"x": True}, "no properties")):
        error = client.error("query-cpu-model-expansion", type=kind, model={"name": name, "props": props})
        cases.check(said in error["desc"], "query-cpu-model-expansion: %s" % said, error)
    cases.check("not writable" in say("qom-set /machine type 1") and
                "Error: Device" in say("qom-set /machine/none x 1"), "qom-set for people",
                say("qom-set /machine type 1"))
    cases.check(say("info stats vm") == "" and say("info stats x") == "invalid stats target x\r\n", "info stats")
    where = re.fullmatch(r"Host virtual address for 0x1100 \((.+)\) is 0x([0-9a-f]+)\r\n", say("gpa2hva 0x1100"))
    cases.check(where, "gpa2hva", say("gpa2hva 0x1100"))
    with open("/proc/%d/mem" % pid, "rb+", buffering=0) as memory:
        memory.seek(int(where.group(2), 16))
        memory.write(bytes([0x78, 0x56, 0x34, 0x12]))
    cases.check("0x12345678" in say("xp /1xw 0x1100"), "gpa2hva: it is there", say("xp /1xw 0x1100"))
    text = say("gpa2hpa 0x1100")
    cases.check(re.search(r"for 0x1100 \(.+\) is 0x[0-9a-f]+100\r\n" if os.geteuid() == 0 else "pagemap", text),
                "gpa2hpa", text)
    for line, said in (("gpa2hva 0x10009000", "Memory at address 0x10009000 is not RAM\r\n"),
                       ("gpa2hpa 0xf0000000", "No memory is mapped at address 0xf0000000\r\n"),
                       ("gpa2hva 0x100000000", "No memory is mapped at address 0x100000000\r\n")):
        cases.check(say(line) == said, line, say(line))
    for line, name, said in (("stop 1", "stop", "stop|s: extraneous characters at the end of line"),
                             ("device_del", "device_del", "device_del: string expected"),
                             ("block_resize", "block_resize", "block_resize: block device name expected"),
                             ("gpa2hva", "gpa2hva", "unexpected end of expression"),
                             ("info stats", "info stats", "stats: string expected")):
        begin = said + '\r\nTry "help %s" for more information\r\nusage: %s' % (name, name)
        cases.check(say(line).startswith(begin), "a mistake in QEMU's words: " + line, say(line))
    stats = client.result("query-stats", target="vcpu"), client.result("query-stats-schemas")
    cases.check(stats == ([], []), "query-stats", stats)
    for topic in ("numa", "opcount", "ramblock", "roms", "usb"):
        text = client.result("x-query-" + topic)["human-readable-text"]
        cases.check(text.replace("\n", "\r\n") == say("info " + topic), "x-query-%s" % topic, text)
    cases.check("No descriptor" in say("getfd x") and "no descriptor 'x'" in say("closefd x"), "getfd, closefd")
    cases.check("no character device" in say("chardev-send-break none")
                and "not found" in client.error("chardev-send-break", id="none")["desc"]
                and client.result("chardev-send-break", id="serial0") == {}, "chardev-send-break")
    for where, said in (("tcp:", "port is missing"), ("stdio", "is expected"), ("tcp::port", "gdbserver tcp"),
                        ("tcp::99999", "beyond 65535"),
                        ("unix:/nonexistent/x", "No such file"), ("unix:" + "x" * 200, "too long")):
        cases.check(said in say("gdbserver " + where), "gdbserver %s" % where[:20], say("gdbserver " + where))
    path = os.path.join(directory, "gdb")
    cases.check("no port" in say("gdbserver none") and "Waiting for gdb" in say("gdbserver unix:" + path), "gdbserver")
    with socket.socket(socket.AF_UNIX) as gdb:
        gdb.settimeout(60)
        gdb.connect(path)
        gdb.sendall(b"+$?#3f")
        answer = b""
        while b"#" not in answer:
            answer += gdb.recv(100)
        cases.check(answer.startswith(b"+$T"), "gdb gets its answers", answer)
    cases.check("already" in say("gdbserver"), "gdbserver: one port")


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-commands-") as directory, Machine(directory) as machine:
        client = Client(machine.path)
        for_programs(cases, client)
        say = for_people(cases, client)
        details(cases, client, say, directory, machine.process.pid)
        client.close()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
