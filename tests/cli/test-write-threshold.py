#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""block-set-write-threshold: a node tells once of a write beyond a border, be it an image or the file that holds its
bytes, be the writer qemu-io by NBD or the guest. Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
import qmp_client               # noqa: E402
from disk_jobs import MIB, Job, qemu_img, raw_drive     # noqa: E402
from disk_machine import guest_image                    # noqa: E402

EVENT = "BLOCK_WRITE_THRESHOLD"
LIMIT = 65536


class Node:
    """A node of blockdev-add that an NBD server has, and who writes to it."""

    def __init__(self, client, directory, form):
        self.client, self.form = client, form
        self.socket = os.path.join(directory, "nbd")
        path = os.path.join(directory, "disk." + form)
        qemu_img("create", "-q", "-f", form, path, str(MIB))
        client.result("blockdev-add", driver="file", node_name=form + "-file", filename=path)
        client.result("blockdev-add", driver=form, node_name=form, file=form + "-file", discard="unmap")
        client.result("block-export-add", type="nbd", id=form, node_name=form, writable=True)

    def border(self, node, limit=LIMIT):
        self.client.result("block-set-write-threshold", node_name=node, write_threshold=limit)

    def shown(self):
        rows = self.client.result("query-named-block-nodes", flat=True)
        return {row["node-name"]: row["write_threshold"] for row in rows if row["node-name"].startswith(self.form)}

    def write(self, *order):
        """The events that it causes: all that come before the answer to an order given when the write has ended."""
        self.client.events.clear()
        subprocess.run(["qemu-io", "-f", "raw", "-c", " ".join(order),
                        "nbd+unix:///%s?socket=%s" % (self.form, self.socket)], check=True, capture_output=True)
        self.client.result("query-status")
        return [event["data"] for event in self.client.events if event["event"] == EVENT]


def same(cases, got, wanted, name):
    cases.check(got == wanted, name, got)


def crossed(node, exceeded):
    return [{"node-name": node, "amount-exceeded": exceeded, "write-threshold": LIMIT}]


def image_node(cases, node):
    name = node.form
    node.border(name)
    cases.check(node.shown()[name] == LIMIT and node.shown()[name + "-file"] == 0, name + ": shown", node.shown())
    same(cases, node.write("write", "0", "64k"), [], name + ": up to the border")
    same(cases, node.write("write", "4k", "64k"), crossed(name, 4096), name + ": beyond it")
    same(cases, node.write("write", "128k", "64k"), [], name + ": once")
    same(cases, node.shown()[name], 0, name + ": and then there is none")
    for order in (("write", "-z"), ("discard",)):
        node.border(name)
        same(cases, node.write(*order, "128k", "64k"), crossed(name, 131072), name + ": by " + order[-1])
    node.border(name)
    node.border(name, 0)
    same(cases, node.write("write", "128k", "64k"), [], name + ": 0 takes it away")


def file_node(cases, node):
    name = node.form + "-file"
    if node.form == "raw":
        node.border(name)
        same(cases, node.write("write", "0", "64k"), [], "raw file: up to the border")
        same(cases, node.write("write", "4k", "64k"), crossed(name, 4096), "raw file: beyond it")
        return
    size = os.path.getsize(os.path.join(os.path.dirname(node.socket), "disk.qcow2"))
    node.border(name, size)
    events = node.write("write", "512k", "64k")
    cases.check(len(events) == 1 and events[0]["node-name"] == name and events[0]["amount-exceeded"] >= LIMIT,
                "qcow2 file: the file grows though the guest writes in the middle", events)


def guest_writes(cases, guest, directory):
    image = os.path.join(directory, "card")
    qemu_img("create", "-q", "-f", "raw", image, str(MIB))
    with Job(guest, directory, raw_drive(image)) as job:
        with cases.case("the guest's card, by the drive's name"):
            job.order("block-set-write-threshold", node_name="sd0", write_threshold=512)
            data = job.client.event(EVENT)["data"]
            assert data["node-name"] == "sd0" and data["amount-exceeded"] % 512 == 0, data
            job.runs()
        job.quit()


def main():
    cases = machine.Cases()
    if not qmp_client.built_in() or not shutil.which("qemu-io"):
        cases.skip("write thresholds", "they need QMP, qemu-img and qemu-io")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-threshold-") as directory:
        with qmp_client.Machine(directory) as emulator:
            client = qmp_client.Client(emulator.path)
            client.result("nbd-server-start", addr={"type": "unix", "data": {"path": os.path.join(directory, "nbd")}})
            for form in ("raw", "qcow2"):
                node = Node(client, directory, form)
                file_node(cases, node)
                image_node(cases, node)
            for text, name, limit in (("'none' not found", "none", 1), ("number of bytes", "raw", -1)):
                error = client.error("block-set-write-threshold", node_name=name, write_threshold=limit)
                cases.check(text in error["desc"], "refused: " + text, error)
            client.close()
        guest = guest_image("disk.c")
        if guest:
            guest_writes(cases, guest, directory)
        else:
            cases.skip("a guest's writes", "they need a cross compiler")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
