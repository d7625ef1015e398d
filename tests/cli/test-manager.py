#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""What libvirt 9 asks of an emulator, without libvirt: the machine 'none' by which it looks what there is, the command
line that it makes, and its orders. boot/test-libvirt has libvirt itself. Prints TAP.
"""
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import LIMIT, QEMU, Client, built_in        # noqa: E402

PROBED = ("query-version", "query-target", "query-qmp-schema", "query-commands", "query-kvm", "qom-list-types",
          "query-machines", "query-cpu-definitions", "query-tpm-models", "query-tpm-types",
          "query-command-line-options", "query-migrate-capabilities", "query-gic-capabilities")

CAPABILITIES = ("events", "return-path", "pause-before-switchover", "auto-converge")
PERCENTAGES = {"throttle-trigger-threshold", "cpu-throttle-initial", "cpu-throttle-increment", "max-cpu-throttle"}


def probe(cases, directory):
    path, pidfile = os.path.join(directory, "monitor.sock"), os.path.join(directory, "pid")
    started = subprocess.run([QEMU, "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine",
                              "none,accel=kvm:tcg", "-qmp", "unix:%s,server=on,wait=off" % path, "-pidfile", pidfile,
                              "-daemonize"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT,
                             check=False)
    if not cases.check(started.returncode == 0, "machine none, in the background", started.stdout.decode()):
        return
    client = Client(path)
    got = {name: client.result(name) for name in PROBED}
    version = got["query-version"]
    cases.check((version["qemu"]["major"], version["qemu"]["minor"]) == (7, 2) and "PQEMU" in version["package"],
                "query-version: that of the protocol, and our own", version)
    types = {row["name"] for row in got["qom-list-types"]}
    cases.check({"tcg-accel", "virtio-blk-device", "usb-storage", "memory-backend-file"} <= types,
                "qom-list-types: also what could be made", types)
    machines = {row["name"]: row for row in got["query-machines"]}
    cases.check(machines["realview-eb-mpcore"]["cpu-max"] == 4 and machines["none"]["cpu-max"] == 1, "query-machines",
                machines)
    names = {row["name"] for row in client.result("device-list-properties", typename="virtio-blk-device")}
    cases.check({"drive", "serial", "bootindex", "write-cache", "werror"} <= names, "device-list-properties", names)
    cases.check({row["name"] for row in client.result("device-list-properties", typename="usb-storage")} >
                {"drive", "port"}, "device-list-properties of a USB device")
    cases.check(client.error("device-list-properties", typename="virtio-blk-pci")["class"] == "DeviceNotFound",
                "device-list-properties: no such device")
    for kind in ("memory-backend-file", "none-machine", "realview-eb-mpcore-machine", "virtio-rng-device"):
        cases.check(client.result("qom-list-properties", typename=kind), "qom-list-properties of %s" % kind)
    with open(pidfile, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGTERM)
    end = time.monotonic() + LIMIT
    while os.path.exists(pidfile) and time.monotonic() < end:
        time.sleep(0.02)
    cases.check(not os.path.exists(pidfile), "and it ends")


def none_refused(cases):
    for options, said in (((), ""), (("-kernel", QEMU), "has nothing for it to run on"), (("-smp", "2"), "1 to 1"),
                          (("-device", "virtio-rng-device"), "no place for devices"),
                          (("-device", "usb-kbd"), "has no USB")):
        if said:
            done = subprocess.run([QEMU, "-machine", "none", "-nodefaults", *options], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
            cases.check(done.returncode == 1 and said in done.stdout.decode() and done.stdout.count(b"\n") == 1,
                        "machine none with %s" % " ".join(options)[:30], done.stdout)


class Manager:
    """An emulator started as libvirt starts it, with a listening socket that it inherits."""

    def __init__(self, directory, name, *more):
        self.path = os.path.join(directory, name + ".sock")
        key = os.path.join(directory, "key")
        with open(key, "wb") as file:
            file.write(os.urandom(32))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(1)
        fd = listener.fileno()
        os.set_inheritable(fd, True)
        self.process = subprocess.Popen(
            [QEMU, "-name", "guest=%s,debug-threads=on" % name, "-S", "-object",
             "secret,id=masterKey0,format=raw,file=" + key,
             "-machine", "realview-eb-mpcore,usb=off,dump-guest-core=off,memory-backend=ram", "-accel", "tcg", "-cpu",
             "arm11mpcore", "-m", "64", "-object", "memory-backend-ram,id=ram,size=67108864", "-overcommit",
             "mem-lock=off", "-smp", "2,sockets=2,cores=1,threads=1", "-uuid", "c7a5fdbd-edaf-9455-926a-d65c16db1809",
             "-no-user-config", "-nodefaults", "-chardev", "socket,id=charmonitor,fd=%d,server=on,wait=off" % fd,
             "-mon", "chardev=charmonitor,id=monitor,mode=control", "-rtc", "base=utc", "-no-shutdown", "-boot",
             "strict=on", "-chardev", "pty,id=charserial0", "-serial", "chardev:charserial0", "-sandbox",
             "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", "-msg", "timestamp=on", *more],
            pass_fds=(fd,), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        listener.close()
        self.client = Client(self.path)
        self.output = ""

    def __enter__(self):
        return self.client

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        self.output = self.process.stdout.read().decode()
        self.process.stdout.close()


def disk_options(image):
    storage = {"driver": "file", "filename": image, "node-name": "libvirt-1-storage", "auto-read-only": True,
               "cache": {"direct": False, "no-flush": False}, "discard": "unmap"}
    node = {"node-name": "libvirt-1-format", "read-only": False, "discard": "unmap", "driver": "qcow2",
            "cache": {"direct": False, "no-flush": False}, "file": "libvirt-1-storage", "backing": None}
    return ("-blockdev", json.dumps(storage), "-blockdev", json.dumps(node), "-device",
            "virtio-blk-device,drive=libvirt-1-format,id=virtio-disk0,bootindex=1,write-cache=on,serial=WD1",
            "-vnc", "none", "-audiodev", '{"id":"audio1","driver":"none"}', "-device", "usb-tablet,id=input0,bus=usb.0")


def run(cases, directory):
    image, saved = os.path.join(directory, "disk.qcow2"), os.path.join(directory, "saved")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "4M"], check=True)
    manager = Manager(directory, "first", *disk_options(image))
    with manager as client:
        events = {"capabilities": [{"capability": "events", "state": True}]}
        cases.check(client.raw({"execute": "migrate-set-capabilities", "arguments": events}) == {"return": {}},
                    "migrate-set-capabilities")
        names = {device["label"]: device["filename"] for device in client.result("query-chardev")}
        cases.check(names["charserial0"].startswith("pty:/dev/"), "query-chardev: the name of a pty", names)
        there = {row["name"] for row in client.result("qom-list", path="/machine/peripheral")}
        cases.check(there == {"type", "virtio-disk0", "input0"}, "qom-list: devices with an id", there)
        cases.check(client.result("qom-get", path="/machine/peripheral/input0", property="type") == "usb-tablet",
                    "qom-get of one of them")
        cases.check(client.error("qom-list", path="/machine/peripheral/none")["class"] == "DeviceNotFound",
                    "qom-list: no such id")
        block, stats = client.result("query-block")[0], client.result("query-blockstats")[0]
        where = "/machine/peripheral/virtio-disk0/virtio-backend"
        cases.check((block["device"], block["qdev"], stats["device"], stats["qdev"]) == ("", where, "", where),
                    "query-block, query-blockstats: a node's disk goes by its device", (block, stats))
        nodes = client.result("query-blockstats", query_nodes=True)
        cases.check([node["node-name"] for node in nodes] == ["libvirt-1-format", "libvirt-1-storage"] and
                    all(set(node) == {"node-name", "stats"} for node in nodes), "query-blockstats of nodes", nodes)
        throttle = {name: 0 for name in ("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")}
        answer = client.raw({"execute": "block_set_io_throttle", "arguments": dict(throttle, id=where, iops=7)})
        cases.check(answer == {"return": {}} and client.result("query-block")[0]["inserted"]["iops"] == 7,
                    "block_set_io_throttle by the device", answer)
        client.result("cont")
        client.event("RESUME")
        client.result("stop")
        said = client.result("human-monitor-command", command_line='savevm "first \\"one\\""')
        cases.check(said == "" and 'first "one"' in client.result("human-monitor-command",
                                                                  command_line="info snapshots"),
                    "a quoted word in an order for people", said)
        said = client.result("human-monitor-command", command_line='delvm "first')
        cases.check('begins with "' in said, "a quoted word without its end", said)
        fd = os.open(saved, os.O_CREAT | os.O_WRONLY, 0o600)
        client.send_with_fd({"execute": "getfd", "arguments": {"fdname": "migrate"}}, fd)
        os.close(fd)
        client.answer()
        cases.check("not sent" in client.error("migrate", uri="fd:migrate", blk=True)["desc"] and
                    "resumed" in client.error("migrate", uri="fd:migrate", resume=True)["desc"],
                    "migrate: disks are not sent, nothing is resumed")
        client.result("migrate", uri="fd:migrate", detach=True, blk=False, inc=False, resume=False)
        while client.event("MIGRATION")["data"]["status"] != "completed":
            pass
        client.result("quit")
    cases.check("GLib" not in manager.output, "threads that start in the sandbox are no mistake", manager.output)
    fd = os.open(saved, os.O_RDONLY)
    os.set_inheritable(fd, True)
    with Manager(directory, "second", "-incoming", "defer", *disk_options(image)) as client:
        client.send_with_fd({"execute": "getfd", "arguments": {"fdname": "in"}}, fd)
        client.answer()
        client.result("migrate-incoming", uri="fd:in")
        client.result("human-monitor-command", command_line="info migrate")
        while client.result("query-migrate").get("status") not in ("completed", "failed"):
            time.sleep(0.02)
        cases.check(client.result("query-migrate")["status"] == "completed", "saved to a descriptor, taken up from one")
    os.close(fd)


def plug_node(cases, directory):
    """A node of blockdev-add is a stick's while it is plugged in, and a node again."""
    image = os.path.join(directory, "stick.raw")
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    with Manager(directory, "nodes") as client:
        client.result("blockdev-add", driver="file", filename=image, node_name="s")
        client.result("blockdev-add", driver="raw", file="s", node_name="f")
        for _ in range(3):
            client.result("device_add", driver="usb-storage", id="stick", drive="f", write_cache="on")
            block = client.result("query-block")
            names = sorted(node["node-name"] for node in client.result("query-named-block-nodes"))
            cases.check([disk["qdev"] for disk in block] == ["/machine/peripheral/stick/stick.0/legacy[0]"]
                        and names == ["f", "s"], "a node as a stick", (block, names))
            cases.check("f" in client.error("device_add", driver="usb-storage", id="two", drive="f")["desc"]
                        and "desc" in client.error("blockdev-del", node_name="f"), "it is in use")
            client.result("device_del", id="stick")
            client.event("DEVICE_DELETED")
            cases.check(client.result("query-block") == [], "it is none any more")
        for name in ("f", "s"):
            client.result("blockdev-del", node_name=name)
        cases.check(client.result("query-named-block-nodes") == [], "the nodes can be deleted")


def chain_nodes(cases, directory):
    """All nodes of a disk's chain are told, also those that were named on the command line."""
    words, behind = [], None
    for name in ("base", "middle", "top"):
        path = os.path.join(directory, name + ".qcow2")
        over = ("-b", os.path.join(directory, behind + ".qcow2"), "-F", "qcow2") if behind else ("4M",)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *over[:-1], *((over[-1], path) if behind else
                                                                                 (path, over[-1]))], check=True)
        for node in ({"driver": "file", "filename": path, "node-name": name + "-bytes"},
                     {"driver": "qcow2", "file": name + "-bytes", "node-name": name, "backing": behind,
                      "read-only": name != "top"}):
            words += ["-blockdev", json.dumps(node)]
        behind = name
    with Manager(directory, "chain", *words, "-device", "virtio-blk-device,drive=top") as client:
        def told(**arguments):
            return [(node["node-name"], node["drv"], node["ro"], node["backing_file_depth"], "backing-image" in
                     node["image"]) for node in client.result("query-named-block-nodes", **arguments)]
        expected = [("top", "qcow2", False, 2, True), ("top-bytes", "file", False, 0, False),
                    ("middle", "qcow2", True, 1, True), ("middle-bytes", "file", True, 0, False),
                    ("base", "qcow2", True, 0, False), ("base-bytes", "file", True, 0, False)]
        cases.check(told() == expected, "query-named-block-nodes: the whole chain", told())
        cases.check(told(flat=True) == [(*row[:4], False) for row in expected], "flat: without images in images",
                    told(flat=True))
        client.result("block-commit", device="top", top_node="middle", base_node="base", job_id="j")
        client.event("BLOCK_JOB_COMPLETED")
        cases.check([row[0] for row in told()] == ["top", "top-bytes", "base", "base-bytes"],
                    "what was committed is none of them any more", told())


def settings(cases, directory):
    """Capabilities and parameters of migrations: what is off may be said to be off."""
    with Manager(directory, "settings") as client:
        schema = {row["name"]: row for row in client.result("query-qmp-schema")}
        names = schema["MigrationCapability"]["values"]
        cases.check(len(names) > 20, "the schema knows all capabilities", names)
        for name in names:
            def set_to(*states):
                return client.raw({"execute": "migrate-set-capabilities", "arguments": {
                    "capabilities": [{"capability": n, "state": state} for n, state in states]}})
            off = set_to((name, False))
            on = set_to(("events", True), (name, True))
            there = client.result("query-migrate-capabilities")
            good = on == {"return": {}} if name in CAPABILITIES else "'%s'" % name in on["error"]["desc"]
            cases.check(off == {"return": {}} and good and {row["capability"]: row["state"] for row in there} == {
                one: name in CAPABILITIES and one in ("events", name) for one in CAPABILITIES},
                        "capability %s: off, and on" % name, (off, on, there))
            set_to(("events", False), *((name, False),) * (name in CAPABILITIES))
        now = client.result("query-migrate-parameters")
        members = {member["name"] for member in schema["MigrationParameters"]["members"]}
        cases.check(members == set(now), "query-migrate-parameters has all of the schema", members ^ set(now))
        cases.check(client.raw({"execute": "migrate-set-parameters", "arguments": now}) == {"return": {}},
                    "migrate-set-parameters: what they are")
        for name in sorted(set(now) - {"max-bandwidth", "downtime-limit"} - PERCENTAGES):
            other = "x" + now[name] if isinstance(now[name], str) else \
                not now[name] if isinstance(now[name], bool) else now[name] + 1
            answer = client.raw({"execute": "migrate-set-parameters",
                                 "arguments": {name: other, "max-bandwidth": 1}})
            cases.check("'%s'" % name in answer["error"]["desc"] and client.result("query-migrate-parameters") == now,
                        "parameter %s stays" % name, answer)
        for name in sorted(PERCENTAGES):
            answer = client.raw({"execute": "migrate-set-parameters", "arguments": {name: 7}})
            cases.check(answer == {"return": {}} and client.result("query-migrate-parameters") == {**now, name: 7},
                        "parameter %s is set" % name, answer)
            client.raw({"execute": "migrate-set-parameters", "arguments": {name: now[name]}})
        answer = client.error("migrate-set-parameters", max_bandwidth=5, downtime_limit=-1)
        cases.check("downtime" in answer["desc"] and client.result("query-migrate-parameters") == now,
                    "one that cannot be leaves the other one as it was", answer)
        said = client.result("human-monitor-command", command_line="info migrate_capabilities")
        cases.check("events: off" in said and "xbzrle: off" in said, "info migrate_capabilities", said)
        said = client.result("human-monitor-command", command_line="migrate_set_capability xbzrle on")
        cases.check("'xbzrle'" in said, "migrate_set_capability", said)


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-manager-") as directory:
        probe(cases, directory)
        none_refused(cases)
        run(cases, directory)
        plug_node(cases, directory)
        settings(cases, directory)
        chain_nodes(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
