#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Each command that query-commands names, with the simplest arguments that it carries out: the answer, and the events
that come, are as query-qmp-schema says (qmp_client looks, here as in all tests that use it). Prints TAP.
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in        # noqa: E402
from qmp_schema import Schema                           # noqa: E402

MIB = 1 << 20
LIMITS = ("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")
NOT_HERE = "what this board lacks: the answer is an error"
ELSEWHERE = "ends, moves or replays the machine, or wants a descriptor; is in a test of its own"
EXCUSED = {
    "inject-nmi": NOT_HERE, "query-balloon": NOT_HERE, "balloon": NOT_HERE, "query-hotpluggable-cpus": NOT_HERE,
    "system_wakeup": NOT_HERE, "set_password": NOT_HERE, "change-vnc-password": NOT_HERE, "expire_password": NOT_HERE,
    "qom-set": NOT_HERE, "dumpdtb": NOT_HERE,
    "migrate": ELSEWHERE, "migrate-continue": ELSEWHERE, "migrate-incoming": ELSEWHERE, "replay-break": ELSEWHERE,
    "replay-delete-break": ELSEWHERE, "replay-seek": ELSEWHERE, "getfd": ELSEWHERE, "closefd": ELSEWHERE,
    "add-fd": ELSEWHERE, "add_client": ELSEWHERE, "remove-fd": ELSEWHERE,
}


class Sweep:
    """A program that gives orders, and the names of those that were carried out."""

    def __init__(self, cases, client):
        self.cases, self.client, self.done, self.events = cases, client, set(), set()

    def do(self, name, /, *, event=None, **arguments):
        """Arguments' names as in the protocol, but for - as _; the event is one that has to come."""
        order = {"execute": name, "arguments": arguments}
        try:
            answer = self.client.raw(order)
            good = "return" in answer
            if good and event:
                self.client.event(event)
                self.events.add(event)
        except AssertionError as e:
            good, answer = False, e
        self.done.add(name)
        self.cases.check(good, "%s %s" % (name, ", ".join(arguments)), answer)
        return answer["return"] if good else None

    def wait_job(self, name, status):
        while True:
            data = self.client.event("JOB_STATUS_CHANGE")["data"]
            if (data["id"], data["status"]) == (name, status):
                return

    def create(self, options):
        self.do("blockdev-create", **{"job-id": "create", "options": options})
        self.wait_job("create", "concluded")
        self.do("job-dismiss", id="create")


def run_state(s):
    s.do("cont", event="RESUME")
    s.do("stop", event="STOP")
    s.do("system_reset", event="RESET")
    s.do("system_powerdown", event="POWERDOWN")
    s.do("set-action", reboot="reset", shutdown="poweroff", panic="pause", watchdog="none")
    s.do("watchdog-set-action", action="reset")
    s.do("human-monitor-command", **{"command-line": "info version"})
    s.do("trace-event-get-state", name="*")
    s.do("trace-event-set-state", name="blk_*", enable=True)
    s.do("trace-event-set-state", name="blk_*", enable=False)
    s.do("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    s.do("migrate-set-parameters", **{"max-bandwidth": 1 << 30})
    s.do("migrate_cancel")


def memory_and_display(s, path):
    s.do("memsave", val=0, size=16, filename=path("mem"))
    s.do("pmemsave", val=0, size=16, filename=path("pmem"))
    s.do("dump-guest-memory", event="DUMP_COMPLETED", paging=False, protocol="file:" + path("core"), begin=0,
         length=4096)
    s.do("screendump", filename=path("screen.ppm"))
    s.do("send-key", keys=[{"type": "qcode", "data": "a"}])
    s.do("input-send-event", events=[{"type": "rel", "data": {"axis": "x", "value": 1}}])


def tree(s):
    s.do("qom-list", path="/machine")
    s.do("qom-get", path="/machine/uart0", property="type")
    s.do("qom-list-properties", typename="realview-eb-mpcore-machine")
    for row in s.do("qom-list-types") or ():
        s.client.order("qom-list-properties", typename=row["name"])
    s.do("device-list-properties", typename="virtio-blk-device")
    s.do("query-command-line-options", option="machine")


def chardevs(s, path):
    null = {"type": "null", "data": {}}
    s.do("chardev-add", id="c", backend={"type": "ringbuf", "data": {"size": 64}})
    s.do("ringbuf-write", device="c", data="x")
    s.do("ringbuf-read", device="c", size=1)
    s.do("chardev-change", id="c", backend=null)
    s.do("chardev-change", id="c", backend={"type": "pty", "data": {}})
    s.do("chardev-send-break", id="serial0")
    s.do("yank", instances=[])
    s.do("chardev-remove", id="c")
    s.do("object-add", id="r", **{"qom-type": "rng-random", "filename": "/dev/urandom"})
    s.do("object-del", id="r")
    s.do("netdev_add", id="n1", type="user")
    s.do("netdev_del", id="n1")
    s.do("set_link", name="n0", up=False)
    s.do("announce-self", initial=1, max=1, rounds=1, step=0)
    s.do("calc-dirty-rate", **{"calc-time": 1})
    if "display-reload" in s.client.commands():         # there is libvncserver
        s.do("display-reload", type="vnc")
        s.do("display-update", type="vnc")


def nodes(s, path):
    for name in ("a", "b", "card"):
        with open(path(name), "wb") as file:
            file.truncate(MIB)
    s.create({"driver": "file", "filename": path("a"), "size": MIB})
    for name in ("a", "b"):
        s.do("blockdev-add", driver="raw", **{"node-name": name, "file": {
            "driver": "file", "filename": path(name), "node-name": name + "-bytes"}})
    s.do("blockdev-reopen", options=[{"driver": "raw", "node-name": "a", "file": "a-bytes"}])
    s.do("block_resize", size=2 * MIB, device="v")
    s.do("block_set_io_throttle", device="v", **{limit: 0 for limit in LIMITS})
    s.do("device_add", driver="usb-storage", id="stick", drive="b")
    s.do("device_del", event="DEVICE_DELETED", id="stick")
    s.do("block-latency-histogram-set", id="v", boundaries=[1000, 1000000])
    s.do("block-set-write-threshold", **{"node-name": "v", "write-threshold": 4096})
    s.do("query-named-block-nodes", flat=True)
    s.do("query-blockstats", **{"query-nodes": True})


def jobs(s, path):
    s.do("block-dirty-bitmap-add", node="v", name="one")
    s.do("block-dirty-bitmap-add", node="v", name="two")
    s.do("block-dirty-bitmap-disable", node="v", name="one")
    s.do("block-dirty-bitmap-enable", node="v", name="one")
    s.do("block-dirty-bitmap-merge", node="v", target="one", bitmaps=["two"])
    s.do("block-dirty-bitmap-clear", node="v", name="one")
    s.do("query-block")
    s.do("transaction", actions=[{"type": "block-dirty-bitmap-remove", "data": {"node": "v", "name": "two"}}])
    s.do("block-dirty-bitmap-remove", node="v", name="one")
    s.do("drive-mirror", device="v", target=path("m"), sync="full", format="raw", speed=1,
         **{"job-id": "m", "auto-finalize": False, "auto-dismiss": False})
    s.do("query-block-jobs")
    s.do("query-jobs")
    for name, key in (("block-job-", "device"), ("job-", "id")):
        s.do(name + "pause", **{key: "m"})
        s.do(name + "resume", **{key: "m"})
    s.do("block-job-set-speed", event="BLOCK_JOB_READY", device="m", speed=0)
    s.do("block-job-complete", event="BLOCK_JOB_PENDING", device="m")
    s.do("block-job-finalize", event="BLOCK_JOB_COMPLETED", id="m")
    s.do("block-job-dismiss", id="m")
    s.do("drive-backup", event="BLOCK_JOB_COMPLETED", device="v", target=path("backup"), sync="full", format="raw")
    s.do("drive-backup", device="v", target=path("slow"), sync="full", format="raw", speed=1)
    s.do("block-job-cancel", event="BLOCK_JOB_CANCELLED", device="v")


def chains(s, path):
    """Images in front of the disk's, and into and out of nodes."""
    s.do("blockdev-snapshot-sync", device="v", format="qcow2",
         **{"snapshot-file": path("front"), "snapshot-node-name": "front"})
    s.do("query-named-block-nodes")
    s.do("block-commit", event="BLOCK_JOB_READY", device="v", **{"job-id": "commit"})
    s.do("job-complete", event="BLOCK_JOB_COMPLETED", id="commit")
    s.do("blockdev-snapshot-sync", device="v", format="qcow2", **{"snapshot-file": path("front2")})
    s.do("block-stream", event="BLOCK_JOB_COMPLETED", device="v")
    with open(path("over"), "wb"):
        pass
    s.do("blockdev-add", driver="file", filename=path("over"), **{"node-name": "bytes"})
    s.create({"driver": "qcow2", "file": "bytes", "size": 2 * MIB})
    s.do("blockdev-add", driver="qcow2", file="bytes", backing=None, **{"node-name": "over"})
    s.do("blockdev-snapshot", node="v", overlay="over")
    s.do("change-backing-file", device="v", **{"image-node-name": "over", "backing-file": path("front2")})
    s.do("blockdev-snapshot-internal-sync", device="v", name="inside")
    s.do("blockdev-snapshot-delete-internal-sync", device="v", name="inside")
    snapshot = {"job-id": "s", "tag": "t", "devices": ["v"]}
    for name, more in (("save", {"vmstate": "v"}), ("load", {"vmstate": "v"}), ("delete", {})):
        if s.do("snapshot-" + name, **snapshot, **more) is None:
            break
        s.wait_job("s", "concluded")
        s.do("job-dismiss", id="s")
    with open(path("to"), "wb") as file:
        file.truncate(2 * MIB)
    s.do("blockdev-add", driver="raw", file={"driver": "file", "filename": path("to")}, **{"node-name": "to"})
    s.do("blockdev-backup", device="v", target="to", sync="full",
         **{"job-id": "k", "auto-finalize": False, "auto-dismiss": False})
    s.wait_job("k", "pending")
    s.do("job-finalize", event="BLOCK_JOB_COMPLETED", id="k")
    s.do("job-dismiss", id="k")
    s.do("blockdev-mirror", device="v", target="to", sync="full", speed=1, **{"job-id": "c"})
    s.do("job-cancel", event="BLOCK_JOB_CANCELLED", id="c")
    s.do("blockdev-del", **{"node-name": "to"})


def server(s, path):
    s.do("nbd-server-start", addr={"type": "unix", "data": {"path": path("nbd")}})
    s.do("nbd-server-add", device="v")
    s.do("nbd-server-remove", event="BLOCK_EXPORT_DELETED", name="v")
    s.do("block-export-add", type="nbd", id="e", **{"node-name": "v"})
    s.do("query-block-exports")
    s.do("block-export-del", event="BLOCK_EXPORT_DELETED", id="e")
    s.do("nbd-server-stop")


def card(s, path):
    s.do("blockdev-open-tray", device="sd0")
    s.do("eject", device="sd0")
    s.do("blockdev-change-medium", device="sd0", filename=path("card"), format="raw")
    s.do("blockdev-close-tray", device="sd0")
    s.do("blockdev-remove-medium", id="sd0")
    s.do("blockdev-add", driver="raw", file={"driver": "file", "filename": path("card")}, **{"node-name": "card"})
    s.do("blockdev-insert-medium", id="sd0", **{"node-name": "card"})
    s.do("blockdev-remove-medium", id="sd0")


def queries(s):
    s.do("query-stats", target="vm")
    s.do("query-stats", target="vcpu", vcpus=["/machine/cpu0"])
    s.do("query-cpu-model-expansion", type="full", model={"name": "arm11mpcore"})
    for row in s.client.result("query-commands"):
        if "query-" in row["name"] and row["name"] not in EXCUSED and row["name"] not in s.done:
            s.do(row["name"])


def notices(cases, rows):
    """The checker itself: what is not as it says is found."""
    schema = Schema(rows)
    cases.check(not schema.wrong_message("query-name", {"return": {"name": "x"}}), "a true answer")
    for command, message in (
            ("query-name", {"return": {"name": 1}}), ("query-name", {"return": {"more": "x"}}),
            ("query-name", {"return": []}), ("query-kvm", {"return": {"enabled": True}}),
            ("query-status", {"return": {"status": "odd", "running": True, "singlestep": False}}),
            ("none", {"return": {}}), ("stop", {"return": {"x": 1}}), ("query-mice", {"return": {}}),
            (None, {"event": "NONE"}), (None, {"event": "STOP", "data": {"x": 1}}), (None, {"event": "RESET"})):
        cases.check(schema.wrong_message(command, message), "noticed: %s %s" % (command, message))


def main():
    cases = tap.Cases()
    if not built_in():
        cases.skip("QMP", "the emulator was built without json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-schema-") as directory:
        def path(name):
            return os.path.join(directory, name)
        for name in ("sd", "virtio"):
            with open(path(name), "wb") as file:
                file.truncate(MIB)
        with Machine(directory, "-drive", "if=sd,format=raw,file=" + path("sd"), "-usb", "-netdev", "user,id=n0",
                     "-drive", "if=none,id=v,format=raw,file=" + path("virtio"),
                     "-device", "virtio-blk-device,drive=v") as machine:
            client = Client(machine.path)
            s = Sweep(cases, client)
            notices(cases, client.result("query-qmp-schema"))
            queries(s)
            run_state(s)
            tree(s)
            for part in (memory_and_display, chardevs, nodes, jobs, server, card, chains):
                part(s, path)
            there = {row["name"] for row in client.result("query-commands")}
            left = there - s.done - set(EXCUSED) - {"qmp_capabilities", "quit"}
            cases.check(not left, "no command is left out", left)
            s.do("quit", event="SHUTDOWN")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
