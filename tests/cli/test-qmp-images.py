#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""What programs are told of images, against what qemu-img tells of them, and images that blockdev-create makes as it is
asked. Prints TAP.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in        # noqa: E402

MIB = 1 << 20


def qemu_img(*arguments):
    return subprocess.run(["qemu-img", *arguments], check=True, capture_output=True, text=True).stdout


def info(path):
    return json.loads(qemu_img("info", "-U", "--output=json", path))


def node_image(client, name):
    return {node["node-name"]: node["image"] for node in client.result("query-named-block-nodes")}[name]


def create(client, options):
    """The error of the job; None: it worked."""
    client.result("blockdev-create", job_id="c", options=options)
    while True:
        data = client.event("JOB_STATUS_CHANGE")["data"]
        if data["id"] == "c" and data["status"] == "concluded":
            break
    error = client.result("query-jobs")[0].get("error")
    client.result("job-dismiss", id="c")
    return error


def same_facts(told, path):
    """None, or what qemu-img says otherwise."""
    said = info(path)
    for name in ("virtual-size", "cluster-size", "format", "backing-filename", "full-backing-filename",
                 "backing-filename-format", "dirty-flag", "format-specific"):
        if told.get(name) != said.get(name):
            return name, told.get(name), said.get(name)
    return None


def created(cases, client, path):
    backing = path("backing")
    qemu_img("create", "-q", "-f", "qcow2", backing, "4M")
    for number, more in enumerate((
            {}, {"cluster-size": 512}, {"cluster-size": 4096, "version": "v2"}, {"cluster-size": 2 * MIB},
            {"version": "v3", "lazy-refcounts": True, "refcount-bits": 16}, {"version": "v2"},
            {"cluster-size": 512, "size": 4 << 30}, {"cluster-size": 1024, "backing-file": backing,
                                                     "backing-fmt": "qcow2"})):
        name, image = "n%d" % number, path("image%d" % number)
        assert not create(client, {"driver": "file", "filename": image, "size": 0})
        client.result("blockdev-add", driver="file", node_name=name + "-file", filename=image)
        error = create(client, dict({"driver": "qcow2", "file": name + "-file", "size": 4 * MIB}, **more))
        if not cases.check(not error, "blockdev-create: %s" % more, error):
            continue
        said, wanted = info(image), more.get("cluster-size", 65536)
        facts = said["format-specific"]["data"]
        cases.check(said["cluster-size"] == wanted and said["virtual-size"] == more.get("size", 4 * MIB)
                    and facts["compat"] == ("0.10" if more.get("version") == "v2" else "1.1")
                    and facts.get("lazy-refcounts", False) == more.get("lazy-refcounts", False), "it is so", said)
        client.result("blockdev-add", driver="qcow2", node_name=name, file=name + "-file")
        wrong = same_facts(node_image(client, name), image)
        cases.check(not wrong, "it is told as qemu-img does", wrong)
        client.result("blockdev-del", node_name=name)
        done = subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 1M", "-c", "read -P 7 1M 1M", image],
                              capture_output=True, text=True, check=False)
        cases.check("failed" not in done.stdout and not done.returncode and qemu_img("check", image),
                    "qemu-io writes to it, and finds no fault", done.stdout + done.stderr)
    client.result("blockdev-add", driver="file", node_name="e", filename=path("image0"))
    for text, more in (("power of two", {"cluster-size": 1000}), ("power of two", {"cluster-size": 256}),
                       ("power of two", {"cluster-size": 4 * MIB}), ("power of two", {"cluster-size": -512}),
                       ("16 bits", {"refcount-bits": 8}), ("version=v3", {"version": "v2", "lazy-refcounts": True}),
                       ("number of bytes", {"size": -1}), ("free node 'x'", {"file": "x"}),
                       ("names a node", {"file": {"driver": "file", "filename": path("image0")}}),
                       ("too long", {"cluster-size": 512, "backing-file": "x" * 600})):
        error = create(client, dict({"driver": "qcow2", "file": "e", "size": MIB}, **more))
        cases.check(error and text in error, "blockdev-create: mistake: " + text, error)
    cases.check("does not support" in create(client, {"driver": "raw"}), "blockdev-create: a driver that cannot")
    client.result("blockdev-del", node_name="e")


def disk_stats(client):
    return next(row["stats"] for row in client.result("query-blockstats") if row["node-name"] == "top")


def told(cases, client, path):
    """Of a disk that is in use."""
    disk = next(row for row in client.result("query-block") if "inserted" in row)
    image, said = disk["inserted"]["image"], info(path("top"))
    wrong = same_facts(image, path("top"))
    cases.check(not wrong and image["actual-size"] == said["actual-size"], "query-block: as qemu-img tells it", wrong)
    wrong = same_facts(image["backing-image"], path("base"))
    cases.check(not wrong, "the image behind it", wrong)
    cases.check(disk["io-status"] == "ok", "io-status", disk)
    nodes = [row for row in client.result("query-blockstats", query_nodes=True) if row["node-name"] != "sd0"]
    cases.check([node["node-name"] for node in nodes] == ["top", "top-file", "base"],
                "query-blockstats: all nodes of the chain", nodes)
    cases.check(all(node["stats"]["wr_highest_offset"] == 0 for node in nodes), "nobody has written")
    stats = disk_stats(client)
    cases.check("idle_time_ns" not in stats and stats["timed_stats"] == [], "query-blockstats", stats)


def main():
    cases = tap.Cases()
    if not built_in() or not shutil.which("qemu-io"):
        cases.skip("images", "needs QMP, qemu-img and qemu-io")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-images-") as directory:
        def path(name):
            return os.path.join(directory, name)
        qemu_img("create", "-q", "-f", "qcow2", path("base"), "4M")
        qemu_img("create", "-q", "-f", "qcow2", "-b", path("base"), "-F", "qcow2", "-o", "lazy_refcounts=on",
                 path("top"))
        with Machine(directory, "-blockdev", "file,node-name=top-file,filename=" + path("top"),
                     "-blockdev", "qcow2,node-name=base,read-only=on,file.driver=file,file.filename=" + path("base"),
                     "-blockdev", "qcow2,node-name=top,file=top-file,backing=base",
                     "-device", "virtio-blk-device,drive=top") as machine:
            client = Client(machine.path)
            told(cases, client, path)
            created(cases, client, path)
            client.close()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
