#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Drives and nodes of the command line that no device has: they are opened at the start, and the monitors have them;
and a card that is said in JSON. Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in, QEMU  # noqa: E402

MIB = 1 << 20


def mistakes(cases, directory):
    image = os.path.join(directory, "text")
    with open(image, "wb") as file:
        file.write(b"no image" * 64)
    for args, text in ((["-drive", "if=none,id=x,file=/none"], "No such file"),
                       (["-blockdev", "file,node-name=x,filename=/none"], "No such file"),
                       (["-blockdev", "qcow2,node-name=x,file.driver=file,file.filename=" + image], "qcow2"),
                       (["-blockdev", "file,node-name=y,filename=" + image, "-blockdev", "qcow2,node-name=x,file=y"],
                        "qcow2"),
                       (["-drive", "if=none,id=x,format=qcow2,file=" + image], "qcow2"),
                       (["-drive", "if=none,id=x,format=raw,file=" + image, "-drive",
                         "if=none,id=y,format=raw,file=" + image], "in use")):
        run = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-display", "none", "-monitor", "none", *args],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             timeout=60, check=False)
        cases.check(run.returncode == 1 and text in run.stdout and run.stdout.count("\n") == 1
                    and args[0] in run.stdout, "%s: %s" % (args[1][:40], text), run.stdout)


def use(cases, client, directory):
    names = {row["node-name"] for row in client.result("query-named-block-nodes")}
    cases.check({"target", "bytes", "raw", "drive"} <= names, "query-named-block-nodes has them", names)
    cases.check("exists" in client.error("blockdev-add", driver="null-co", node_name="target")["desc"]
                or "Duplicate" in client.error("blockdev-add", driver="null-co", node_name="drive")["desc"],
                "their names are taken")
    client.result("blockdev-backup", job_id="copy", device="sd0", target="target", sync="full")
    while client.event("JOB_STATUS_CHANGE")["data"] != {"id": "copy", "status": "null"}:
        pass
    with open(os.path.join(directory, "card"), "rb") as a, open(os.path.join(directory, "target"), "rb") as b:
        cases.check(a.read() == b.read(), "blockdev-backup to one")
    cases.check("in use" in client.error("blockdev-del", node_name="bytes")["desc"]
                or "busy" in client.error("blockdev-del", node_name="bytes")["desc"], "what another one has stays")
    for name in "raw", "bytes", "target":
        cases.check(client.result("blockdev-del", node_name=name) == {}, "blockdev-del: " + name)
        cases.check("find node" in client.error("blockdev-del", node_name=name)["desc"], "it has gone: " + name)
    cases.check(client.result("device_add", driver="usb-storage", id="stick", drive="drive") == {}, "device_add of one")
    cases.check("drive" in client.result("human-monitor-command", command_line="info block"), "it is a disk now",
                client.result("human-monitor-command", command_line="info block"))


def moves(cases, directory, drive):
    """The other emulator gets the free drive with the machine, while this one is still there."""
    options, there = ["-drive", "if=none,id=drive,format=raw,file=" + drive], os.path.join(directory, "there")
    os.mkdir(there)
    with Machine(directory, *options) as old, Machine(there, *options, "-incoming", "defer") as new:
        sender, receiver = Client(old.path), Client(new.path)
        uri = "unix:" + os.path.join(directory, "m")
        receiver.result("migrate-incoming", uri=uri)
        sender.result("migrate", uri=uri)
        while sender.result("query-migrate")["status"] not in ("completed", "failed"):
            time.sleep(0.05)
        plug = {"driver": "usb-storage", "id": "stick", "drive": "drive"}
        answer = receiver.order("device_add", **plug)
        cases.check(answer == {"return": {}}, "after a migration the drive is the other emulator's", answer)
        answer = sender.order("device_add", **plug)
        cases.check("error" in answer, "and no longer this one's", answer)
        names = [row["node-name"] for row in sender.result("query-named-block-nodes")]
        cases.check("drive" in names, "which still knows it", names)
        for client in receiver, sender:
            client.result("quit")
        cases.check(old.ended() == 0 and new.ended() == 0, "both end well")
        sender.close()
        receiver.close()


def main():
    cases = tap.Cases()
    with tempfile.TemporaryDirectory() as directory:
        def path(name):
            return os.path.join(directory, name)

        for name in "card", "target", "raw", "drive":
            with open(path(name), "wb") as file:
                file.write(bytes(name, "ascii") * 9 if name == "card" else b"")
                file.truncate(MIB)
        mistakes(cases, directory)
        if not built_in():
            cases.skip("QMP", "the emulator was built without json-glib")
            return cases.done()
        card = {"driver": "raw", "file": {"driver": "file", "filename": path("card")}}
        with Machine(directory, "-sd", "json:" + json.dumps(card),
                     "-blockdev", "raw,node-name=target,file.driver=file,file.filename=" + path("target"),
                     "-blockdev", "file,node-name=bytes,filename=" + path("raw"), "-blockdev",
                     "raw,node-name=raw,file=bytes",
                     "-drive", "if=none,id=drive,format=raw,file=" + path("drive")) as machine:
            client = Client(machine.path)
            use(cases, client, directory)
            client.result("quit")
            cases.check(machine.ended() == 0, "the emulator ends well")
            client.close()
        moves(cases, directory, path("drive"))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
