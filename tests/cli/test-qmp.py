#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""The monitor for programs (QMP): protocol, each command and its errors, events, several programs at once, nonsense.
Prints TAP.
"""
import os
import random
import re
import socket
import struct
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in        # noqa: E402
from qmp_schema import Schema                           # noqa: E402


def protocol(cases, path):
    client = Client(path, negotiate=False)
    greeting = client.greeting["QMP"]
    cases.check(set(greeting) == {"version", "capabilities"} and greeting["capabilities"] == ["oob"]
                and set(greeting["version"]["qemu"]) == {"major", "minor", "micro"}, "greeting", greeting)
    answer = client.order("query-status")
    cases.check(answer["error"]["class"] == "CommandNotFound", "nothing before the capabilities", answer)
    answer = client.order("qmp_capabilities", enable=["nonsense"])
    cases.check("error" in answer, "an unknown capability", answer)
    answer = client.raw({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}, "id": [1, {"a": None}]})
    cases.check(answer == {"return": {}, "id": [1, {"a": None}]}, "any id comes back", answer)
    answer = client.order("qmp_capabilities")
    cases.check(answer["error"]["class"] == "CommandNotFound", "capabilities once", answer)
    answer = client.raw({"exec-oob": "query-status", "id": 7})
    cases.check(answer.get("id") == 7 and "return" in answer, "out of band", answer)
    answer = client.raw({"exec-oob": "query-block"})
    cases.check("OOB" in answer.get("error", {}).get("desc", ""), "not everything out of band", answer)
    for text, said in (
            (b"{}", "lacks member 'execute'"), (b"[]", "must be a JSON object"), (b'{"execute": 1}',
                "must be a string"),
            (b'{"execute": "stop", "foo": 1}', "'foo' is unexpected"),
            (b'{"execute": "stop", "arguments": []}', "must be an object"),
            (b'{"execute": "nonsense"}', "The command nonsense has not been found"),
            (b'{"execute": "stop", "arguments": {"a": 1}}', "Parameter 'a' is unexpected"),
            (b'{"execute": "memsave"}', "Parameter 'val' is missing"),
            (b'{"execute": "memsave", "arguments": {"val": "x"}}', "type for 'val', expected: integer"),
            (b'{"execute": "set_link", "arguments": {"name": "x", "up": 1}}', "expected: boolean"),
            (b'{"execute": }', "JSON parse error"), (b'{"a": 1]\n', "JSON parse error"), (b"hello\n",
                "JSON parse error"),
            (b"}\n", "JSON parse error"), (b"[" * 100 + b"\n", "JSON parse error"),
            (b'{"x": "' + b"y" * (1 << 20) + b'"}\n', "JSON parse error"), (b"\xff\xfe\0\n", "JSON parse error")):
        answer = client.raw(text)
        cases.check(said in answer.get("error", {}).get("desc", ""), "refused: %r" % text[:60], answer)
        if text.endswith(b"\n"):
            client.send(b"\n")
    cases.check(client.order("query-status")["return"]["status"] == "prelaunch", "and goes on")
    client.close()


def fragments(cases, path):
    client = Client(path)
    text = b'  {"execute"\n: "query-name", "id": "\\"}{\\\\" }\r\n'
    for i in range(len(text)):
        client.send(text[i:i + 1])
    answer = client.answer()
    cases.check(answer == {"return": {"name": "probe"}, "id": '"}{\\'}, "a byte at a time", answer)
    client.send(b'{"execute": "query-kvm", "id": 1}{"execute": "query-kvm", "id": 2}' * 50)
    got = [client.answer()["id"] for _ in range(100)]
    cases.check(got == [1, 2] * 50, "many in one piece, answered in order", got)
    client.close()


def queries(cases, path, directory):
    client = Client(path)
    cases.check(client.result("query-status") == {"status": "prelaunch", "singlestep": False, "running": False},
                "query-status")
    cpus = client.result("query-cpus-fast")
    threads = set(os.listdir("/proc/self/task"))
    cases.check([cpu["cpu-index"] for cpu in cpus] == [0, 1, 2, 3] and len({cpu["thread-id"] for cpu in cpus}) == 4
                and not threads & {str(cpu["thread-id"]) for cpu in cpus}, "query-cpus-fast", cpus)
    cases.check("realview-eb-mpcore" in [machine["name"] for machine in client.result("query-machines")],
                "query-machines")
    cases.check(client.result("query-kvm") == {"enabled": False, "present": False}, "query-kvm")
    cases.check(client.result("query-uuid")["UUID"].count("-") == 4, "query-uuid")
    cases.check("qemu" in client.result("query-version"), "query-version")
    names = {device["label"]: device["filename"] for device in client.result("query-chardev")}
    cases.check(names.get("serial0") == "null" and "two" in names, "query-chardev", names)
    disk = client.result("query-block")[0]
    cases.check(disk["inserted"]["image"]["virtual-size"] == 1 << 20 and disk["inserted"]["drv"] == "raw",
                "query-block", disk)
    commands = {row["name"] for row in client.result("query-commands")}
    schema = client.result("query-qmp-schema")
    described = {row["name"] for row in schema if row["meta-type"] == "command"}
    cases.check(commands == described | {"qmp_capabilities"}, "query-qmp-schema has all of query-commands",
                commands ^ described)
    checks_schema(cases, client, schema)
    events = {row["name"] for row in client.result("query-events")}
    cases.check({"STOP", "RESUME", "RESET", "SHUTDOWN", "POWERDOWN", "BLOCK_IO_ERROR"} <= events, "query-events",
                events)
    cases.check(client.result("query-target") == {"arch": "arm"}, "query-target")
    cases.check(client.result("query-memory-size-summary")["base-memory"] == 64 << 20, "query-memory-size-summary")
    node = client.result("query-named-block-nodes")[0]
    cases.check(node["node-name"] == disk["inserted"]["node-name"] and node["cache"]["writeback"],
                "query-named-block-nodes", node)
    stats = client.result("query-blockstats")[0]
    cases.check(stats["device"] == disk["device"] and stats["stats"]["rd_operations"] == 0, "query-blockstats", stats)
    for name in ("x-query-jit", "x-query-irq", "x-query-accel"):
        cases.check("human-readable-text" in client.result(name), name)
    text = client.result("human-monitor-command", command_line="info cpus", cpu_index=2)
    cases.check("* CPU #2" in text and "\r\n" in text, "human-monitor-command", text)
    text = client.result("human-monitor-command", command_line="info cpus")
    cases.check("* CPU #0" in text, "cpu-index is for one order", text)
    threads = [cpu["thread-id"] for cpu in client.result("query-cpus-fast")]
    cases.check(re.findall(r"CPU #\d+:.* thread_id=(\d+)", text) == [str(number) for number in threads],
                "info cpus has the threads, which scripts bind to the host's CPUs", (text, threads))
    cases.check(client.error("human-monitor-command", command_line="x", cpu_index=9)["class"] == "GenericError",
                "human-monitor-command: no such CPU")
    cases.check(client.result("set_link", name="n0", up=False) == {}, "set_link")
    cases.check("down" in client.result("human-monitor-command", command_line="info network"),
                "set_link: the cable is out")
    cases.check(client.error("set_link", name="x", up=True)["class"] == "DeviceNotFound", "set_link: no such network")
    cases.check(client.result("system_powerdown") == {} and client.event("POWERDOWN"), "system_powerdown: POWERDOWN")
    cases.check("no power button" in client.result("human-monitor-command", command_line="system_powerdown")
                and client.event("POWERDOWN"), "system_powerdown for people says what the board lacks")
    saved = os.path.join(directory, "saved")
    client.result("pmemsave", val=0, size=10000, filename=saved)
    with open(saved, "rb") as file:
        content = file.read()
    cases.check(content[0x100:0x105] == b"hello" and len(content) == 10000, "pmemsave", content[:16])
    client.result("memsave", val=0x100, size=5, filename=saved)
    with open(saved, "rb") as file:
        cases.check(file.read() == b"hello", "memsave")
    cases.check("Could not open" in client.error("memsave", val=0, size=1, filename="/nonexistent/x")["desc"],
                "memsave: no file")
    for val, size in ((0, 1 << 40), (-1, 4), (0xffffffff, 2), (0xdead0000, 4)):
        answer = client.error("pmemsave", val=val, size=size, filename=saved)
        cases.check("Invalid addr" in answer["desc"], "pmemsave: %d, %d" % (val, size), answer)
    client.close()


NOT_THERE = ("query-balloon", "query-hotpluggable-cpus")        # whose answer is an error


def checks_schema(cases, client, rows):
    schema = Schema(rows)
    used = {row[key] for row in rows for key in ("arg-type", "ret-type", "element-type") if key in row}
    used |= {member["type"] for row in rows for member in row.get("members", ()) if "type" in member}
    used |= {variant["type"] for row in rows for variant in row.get("variants", ())}
    cases.check(used <= set(schema.types) and len(schema.rows) == len(rows), "types of the schema are described, once",
                used - set(schema.types))
    for row in rows:
        wants = any("default" not in member for member in schema.types.get(row.get("arg-type"), {}).get("members", ()))
        if row["meta-type"] == "command" and "query-" in row["name"] and row["name"] not in NOT_THERE and not wants:
            wrong = schema.wrong(row["ret-type"], client.result(row["name"]))
            cases.check(row["ret-type"] not in ("any", "nothing") and not wrong,
                        "%s returns what the schema says" % row["name"], wrong)


def causes(cases, directory):
    """Why a machine ends or is reset, by the guest and by a signal."""
    lock_and_reset = [0xe3a00201, 0xe3a01ca0, 0xe381105f, 0xe5801020, 0xe3a01c01, 0xe3811004, 0xe5801040, 0xeafffffe]
    semihosting_exit = [0xe3a00018, 0xe59f1000, 0xef123456, 0x00020026]
    for name, words, options, expected in (
            ("reset by the guest", lock_and_reset, (), ("RESET", True, "guest-reset")),
            ("reset by the guest, -no-reboot", lock_and_reset, ("-no-reboot",), ("SHUTDOWN", True, "guest-reset")),
            ("end by the guest", semihosting_exit, ("-semihosting", "-no-shutdown"), ("SHUTDOWN", True,
                "guest-shutdown")),
            ("end by a signal", [0xeafffffe], (), ("SHUTDOWN", False, "host-signal"))):
        program = os.path.join(directory, "program")
        with open(program, "wb") as file:
            file.write(struct.pack("<%dI" % len(words), *words))
        with Machine(directory, "-device", "loader,file=%s,addr=0,cpu-num=0,force-raw=on" % program,
            *options) as machine:
            client = Client(machine.path)
            client.result("cont")
            if not expected[1]:
                machine.process.terminate()
            data = client.event(expected[0])["data"]
            cases.check(data == {"guest": expected[1], "reason": expected[2]}, "%s: %s" % (name, expected[0]), data)
            if expected[0] == "SHUTDOWN" and "-no-shutdown" in options:
                client.event("STOP")
                cases.check(client.result("query-status")["status"] == "shutdown", "-no-shutdown: SHUTDOWN, then STOP")
            client.close()


def media(cases, client, directory):
    drive = client.result("query-block")[0]["device"]
    other = os.path.join(directory, "other")
    with open(other, "wb") as file:
        file.truncate(2 << 20)
    for name in ("blockdev-open-tray", "blockdev-close-tray"):
        cases.check(client.result(name, id=drive) == {}, "%s: the slot has no tray" % name)
        cases.check(client.error(name, id="nonsense")["class"] == "DeviceNotFound", "%s: no such drive" % name)
    cases.check(client.result("eject", device=drive) == {} and "inserted" not in client.result("query-block")[0],
                "eject")
    cases.check("exactly one" in client.error("eject")["desc"], "eject what?")
    answer = client.order("blockdev-change-medium", device=drive, filename=other, format="raw",
        read_only_mode="read-only")
    inserted = client.result("query-block")[0].get("inserted", {})
    cases.check(answer == {"return": {}} and inserted["image"]["virtual-size"] == 2 << 20 and inserted["ro"],
                "blockdev-change-medium", (answer, inserted))
    cases.check(client.result("blockdev-remove-medium",
                id=drive) == {} and client.result("query-named-block-nodes") == [],
                "blockdev-remove-medium")
    for arguments in ({"filename": "/nonexistent/x"}, {"filename": other, "format": "vmdk"},
                      {"filename": other, "read-only-mode": "x"}):
        answer = client.error("blockdev-change-medium", device=drive, **arguments)
        cases.check(answer["class"] == "GenericError", "blockdev-change-medium refuses %s" % arguments, answer)
    client.result("blockdev-change-medium", device=drive, filename=os.path.join(directory, "image"))


def limits(cases, client):
    none = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"), 0)

    def throttle(**arguments):
        return client.raw({"execute": "block_set_io_throttle", "arguments": dict(none, **arguments)})
    drive = client.result("query-block")[0]["device"]
    throttle(device=drive, iops=5, iops_max=7, group="g")
    inserted = client.result("query-block")[0]["inserted"]
    cases.check((inserted["iops"], inserted["iops_max"], inserted["iops_max_length"], inserted["group"])
                == (5, 7, 1, "g") and "bps_max" not in inserted, "block_set_io_throttle, query-block", inserted)
    answer = throttle(id=drive, iops=5, iops_rd=2)
    cases.check("at the same time" in answer["error"]["desc"]
                and client.result("query-block")[0]["inserted"]["iops"] == 5,
                "block_set_io_throttle: what cannot be changes nothing", answer)
    cases.check(throttle(device="none")["error"]["class"] == "DeviceNotFound", "block_set_io_throttle: no such drive")
    throttle(device=drive)
    cases.check("group" not in client.result("query-block")[0]["inserted"], "block_set_io_throttle: no limits")


def probes(cases, client):
    """What managers ask before they use an emulator."""
    for name in ("query-block-exports", "query-fdsets", "query-gic-capabilities", "query-iothreads", "query-pci",
                 "query-memory-devices", "query-tpm", "query-tpm-models", "query-tpm-types"):
        cases.check(client.result(name) == [], name)
    cases.check([row["name"] for row in client.result("query-cpu-definitions")] == ["arm11mpcore"],
                "query-cpu-definitions")
    cases.check(client.result("query-current-machine") == {"wakeup-suspend-support": False}, "query-current-machine")
    cases.check(client.error("query-balloon")["class"] == "DeviceNotActive", "query-balloon")
    for name, arguments in (("query-hotpluggable-cpus", {}), ("system_wakeup", {}), ("inject-nmi", {}),
                            ("device_add", {"driver": "x"}), ("job-finalize", {"id": "x"})):
        cases.check(client.error(name, **arguments)["class"] == "GenericError", "%s is refused" % name)
    cases.check(client.result("set-action", reboot="shutdown", shutdown="pause", watchdog="none") == {}
                and client.result("set-action", reboot="reset", shutdown="poweroff", watchdog="reset") == {}
                and client.result("watchdog-set-action", action="reset") == {}, "set-action, watchdog-set-action")
    drive = client.result("query-block")[0]["device"]
    answer = client.raw({"execute": "block_resize", "arguments": {"device": drive, "size": 1 << 21}})
    cases.check("fixed size" in answer["error"]["desc"], "block_resize: a card", answer)
    for actions, says in (([{"type": "x", "data": {}}], "does not accept"),
                          ([{"type": "blockdev-snapshot-sync", "data": {"device": drive}}],
                           "snapshot-file' is missing"),
                          ([{"type": "blockdev-snapshot", "data": {"node": drive, "overlay": "x"}}], "Cannot find")):
        answer = client.error("transaction", actions=actions)
        cases.check(says in answer["desc"], "transaction: %s" % says, answer)


def objects(cases, client):
    cpu = client.result("query-cpus-fast")[2]["qom-path"]
    top = {row["name"]: row["type"] for row in client.result("qom-list", path="/")}
    cases.check(top == {"type": "string", "objects": "child<container>",
                        "machine": "child<realview-eb-mpcore-machine>"}, "qom-list /", top)
    children = {row["name"]: row["type"] for row in client.result("qom-list", path="/machine")}
    cases.check(children["uart0"] == "child<pl011>" and "cpu3" in children, "qom-list /machine", children)
    cases.check(client.result("qom-get", path="/machine", property="type") == "realview-eb-mpcore-machine",
                "qom-get type")
    for name in children:
        if name == "type":
            continue
        path = "/machine/" + name
        for row in client.result("qom-list", path=path):
            value = client.result("qom-get", path=path, property=row["name"])
            kind = str if row["type"] == "string" else list if row["type"].endswith("[]") else int
            if not isinstance(value, kind):
                cases.check(False, "qom-get %s %s" % (path, row["name"]), (row, value))
    cases.check(client.result("qom-get", path="uart0", property="cr") == 0x300, "qom-get of a field")
    cases.check("type" in [row["name"] for row in client.result("qom-list", path=cpu)],
                "a CPU's path is one of these", cpu)
    for order in (("qom-list", {"path": "/nonsense"}), ("qom-get", {"path": "/nonsense", "property": "type"}),
                  ("qom-list-properties", {"typename": "nonsense"})):
        cases.check(client.error(order[0], **order[1])["class"] == "DeviceNotFound",
                    "%s of what is not there" % order[0])
    cases.check("not found" in client.error("qom-get", path="/machine", property="x")["desc"],
                "qom-get: no such property")
    types = {row["name"]: row["parent"] for row in client.result("qom-list-types")}
    cases.check(types["pl011"] == "device" and types["realview-eb-mpcore-machine"] == "machine", "qom-list-types",
                types)
    machines = client.result("qom-list-types", implements="machine")
    names = [row["name"] for row in client.result("qom-list-properties", typename=machines[0]["name"])]
    cases.check({"accel", "memory-backend"} & set(names), "qom-list-properties: those of -machine", names)
    cases.check("cr" in [row["name"] for row in client.result("qom-list-properties", typename="pl011")],
                "qom-list-properties: those of a device")
    options = {row["option"]: [p["name"] for p in row["parameters"]] for row
        in client.result("query-command-line-options")}
    cases.check("cpus" in options["smp"] and options["machine"] == names and options["S"] == [],
                "query-command-line-options", options)
    cases.check([row["option"] for row in client.result("query-command-line-options", option="drive")] == ["drive"],
                "query-command-line-options: one")
    cases.check("nonsense" in client.error("query-command-line-options", option="nonsense")["desc"],
                "query-command-line-options: none")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = client.result("human-monitor-command", command_line="hostfwd_add n0 tcp:127.0.0.1:%d-:22" % port)
    cases.check(text == "" and str(port) in client.result("human-monitor-command", command_line="info network"),
                "hostfwd_add by human-monitor-command", text)
    text = client.result("human-monitor-command", command_line="info usernet")
    cases.check(re.search(r"TCP\[HOST_FORWARD\] +\d+ +127\.0\.0\.1 +%d +[0-9.]+ +22 " % port, text),
                "info usernet has the forwarded port, which scripts look for", text)
    text = client.result("human-monitor-command", command_line="hostfwd_remove n0 tcp:127.0.0.1:%d" % port)
    cases.check(text == "" and str(port) not in client.result("human-monitor-command", command_line="info network"),
                "hostfwd_remove by human-monitor-command", text)


def names_without_text(cases, directory):
    with Machine(directory, "-name", b"a\xffb\xe2\x82",
                 "-chardev", b"file,id=odd,path=" + os.fsencode(directory) + b"/\xc3") as machine:
        client = Client(machine.path)
        name = client.result("query-name")["name"]
        cases.check(name.startswith("a\ufffdb"), "a name that is no UTF-8 becomes text", name)
        rows = {row["label"]: row for row in client.result("query-chardev")}
        cases.check("\ufffd" in rows["odd"]["filename"], "the same in lists", rows)
        cases.check(rows["two"]["frontend-open"] and not rows["odd"]["frontend-open"],
                    "query-chardev: whether a device is used", rows)
        answer = client.raw(b'{"execute": "x\\ud800"}')
        cases.check("JSON parse error" in answer["error"]["desc"], "half a surrogate pair is refused", answer)
        answer = client.raw(b'{"execute": "query-name", "id": 1e999}')
        cases.check("too large" in answer["error"]["desc"], "a number beyond all bounds is refused", answer)
        for text, what in ((b'{"execute": "stop", "execute": "query-name"}', "duplicate key 'execute'"),
                           (b'{"execute": "qom-list", "arguments": {"path": "/", "path": "/machine"}}', "'path'"),
                           (b'{"execute": "query-name", "id": {"a": [{}, {"b": 1, "b": 1}]}}', "duplicate key 'b'"),
                           (b'{"execute": "query-name\\u0000x"}', "u0000"),
                           (b'{"execute": "human-monitor-command", "arguments": {"command-line": "quit\\u0000 x"}}',
                            "u0000")):
            answer = client.raw(text)
            cases.check("JSON parse error" in answer["error"]["desc"] and what in answer["error"]["desc"],
                        "what can be read in two ways is refused: %s" % what, answer)
        answer = client.raw(b'{"execute": "query-name", "id": [{"a": 1}, {"a": {"a": "\\\\u0000"}}]}')
        cases.check(answer["id"] == [{"a": 1}, {"a": {"a": "\\u0000"}}], "what only looks so is not", answer)
        client.send(b'{"execute": "query-name", "arguments": {"a": [1, "text that nev')
        answer = client.raw(b"\xff\n")
        cases.check("error" in answer and "name" in client.result("query-name"), "0xff begins anew", answer)
        client.close()


def events(cases, machine):
    first, second = Client(machine.path), Client(machine.second)
    first.result("cont")
    cases.check("timestamp" in first.event("RESUME") and second.event("RESUME"), "RESUME, for both")
    second.result("stop")
    first.event("STOP")
    cases.check(first.result("query-status")["status"] == "paused", "STOP")
    second.event("STOP")
    first.result("system_reset")
    cases.check(first.event("RESET")["data"] == {"guest": False,
                "reason": "host-qmp-system-reset"} and second.event("RESET"),
                "RESET")
    first.close()
    third = Client(machine.path)
    cases.check(third.result("query-status")["running"] is False, "the next program on the same socket")
    third.result("quit")
    cases.check(second.event("SHUTDOWN")["data"] == {"guest": False, "reason": "host-qmp-quit"}, "SHUTDOWN")
    cases.check(machine.ended() == 0, "quit")


def nonsense(cases, path):
    source = random.Random(5)
    for _ in range(20):
        client = Client(path, negotiate=source.random() < 0.7)
        pieces = [b"{", b"}", b"[", b"]", b'"', b"\\", b":", b",", b'"execute"', b'"stop"', b"\n", b"\0", b"1e999",
            b"null",
                  b'{"execute":"query-status"}']
        client.send(b"".join(source.choice(pieces) for _ in range(400)))
        client.close()
    client = Client(path)
    cases.check("status" in client.result("query-status"), "lives through nonsense")
    client.close()


def threads_before_the_first_question(cases, directory):
    """A client that asks at once: thread ids are there, though a thread may begin late."""
    ids = []
    for _ in range(30):
        with Machine(directory) as machine:
            client = Client(machine.path)
            ids += [cpu["thread-id"] for cpu in client.result("query-cpus-fast")]
            client.close()
    cases.check(len(ids) == 120 and all(ids), "query-cpus-fast right after the start", ids)


def ring_buffers(cases, directory):
    """A serial line into a ring buffer, and into a file as well."""
    log = os.path.join(directory, "log")
    with open(log, "wb") as file:
        file.write(b"before:")
    with Machine(directory, "-chardev", "ringbuf,id=r,size=16,logfile=%s,logappend=on" % log, "-serial",
                 "chardev:r") as machine:
        client = Client(machine.path)
        client.result("ringbuf-write", device="r", data="0123456789abcdefgh")
        cases.check(client.result("ringbuf-read", device="r", size=4) == "2345", "ringbuf-read: the oldest come first")
        cases.check(client.result("ringbuf-read", device="r", size=99, format="base64") == "Njc4OWFiY2RlZmdo",
                    "ringbuf-read: base64")
        client.result("ringbuf-write", device="r", data="/wBh", format="base64")
        cases.check(client.result("human-monitor-command", command_line="ringbuf_read r 10") == "\\xff\\x00a\r\n",
                    "ringbuf_read shows what is not text")
        client.result("human-monitor-command", command_line="ringbuf_write r hello")
        cases.check(client.result("ringbuf-read", device="r", size=5) == "hello", "ringbuf_write")
        cases.check("no ring buffer" in client.error("ringbuf-read", device="x", size=1)["desc"], "no such ring buffer")
        cases.check("size" in client.error("ringbuf-read", device="r", size=0)["desc"], "ringbuf-read: no size")
        cases.check("no ring buffer" in client.result("human-monitor-command", command_line="ringbuf_read x 1"),
                    "ringbuf_read: no such ring buffer")
        client.result("quit")           # the file is complete when the emulator has ended, not before
        client.close()
        machine.ended()
    with open(log, "rb") as file:
        text = file.read()
    cases.check(text == b"before:0123456789abcdefgh\xff\x00ahello", "logfile=, logappend=on", text)


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "not built in")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        image = os.path.join(directory, "image")
        hello = os.path.join(directory, "hello")
        with open(image, "wb") as file:
            file.truncate(1 << 20)
        with open(hello, "wb") as file:
            file.write(b"hello")
        with Machine(directory, "-drive", "file=%s,format=raw,if=sd" % image, "-device",
            "loader,file=%s,addr=0x100,force-raw=on" %
                     hello, "-nic", "user,id=n0") as machine:
            protocol(cases, machine.path)
            fragments(cases, machine.path)
            queries(cases, machine.path, directory)
            nonsense(cases, machine.path)
            client = Client(machine.path)
            media(cases, client, directory)
            limits(cases, client)
            probes(cases, client)
            objects(cases, client)
            client.close()
            events(cases, machine)
        causes(cases, directory)
        ring_buffers(cases, directory)
        threads_before_the_first_question(cases, directory)
        names_without_text(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
