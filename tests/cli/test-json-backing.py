#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Images whose backing file has a name in JSON, as other programs write it. Prints TAP."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from qmp_client import Client, Machine, built_in, QEMU  # noqa: E402

MIB = 1 << 20


def image(directory, name):
    path = os.path.join(directory, "front.qcow2")
    if os.path.exists(path):
        os.unlink(path)
    subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "json:" + name, "-F", "raw", path, "1M"],
                   check=True)
    return path


def means(cases, directory, name, base):
    with Machine(directory, "-drive", "if=sd,format=qcow2,file=" + image(directory, json.dumps(name))) as machine:
        client = Client(machine.path)
        info = client.result("query-block")[0]["inserted"]["image"]["backing-image"]
        copy = os.path.join(directory, "copy")
        client.result("drive-backup", job_id="j", device="sd0", target=copy, sync="full", format="raw")
        while client.event("JOB_STATUS_CHANGE")["data"] != {"id": "j", "status": "null"}:
            pass
        with open(copy, "rb") as file:
            data = file.read()
        cases.check(info["filename"] == base and data == b"base" * (MIB // 4), "it is read: %s" % name, info)
        client.result("quit")
        machine.ended()
        client.close()


def refused(cases, directory, name):
    run = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-display", "none", "-monitor", "none", "-drive",
                          "if=sd,format=qcow2,file=" + image(directory, name)], capture_output=True, text=True,
                         timeout=60, check=False)
    cases.check(run.returncode == 1 and "is not a local file" in run.stderr and run.stderr.count("\n") == 1,
                "refused: " + name, run.stderr)


def main():
    cases = tap.Cases()
    if not shutil.which("qemu-img") or not built_in():
        cases.skip("names in JSON", "needs qemu-img, and an emulator with json-glib")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        raw, qcow2 = (os.path.join(directory, name) for name in ("raw", "qcow2"))
        with open(raw, "wb") as file:
            file.write(b"base" * (MIB // 4))
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, qcow2], check=True)
        means(cases, directory, {"driver": "raw", "file": {"driver": "file", "filename": raw}}, raw)
        means(cases, directory, {"driver": "qcow2", "file": {"driver": "file", "filename": qcow2}}, qcow2)
        means(cases, directory, {"driver": "qcow2", "file.driver": "file", "file.filename": qcow2}, qcow2)
        means(cases, directory, {"driver": "file", "filename": raw}, raw)
        for name in ({"driver": "raw", "offset": 512, "file.filename": raw}, {"driver": "nbd", "path": raw},
                     {"driver": "raw", "file": {"driver": "nbd", "path": raw}}, {"driver": "raw"}, {"filename": 5}, []):
            refused(cases, directory, json.dumps(name))
        for name in "{", "{]", '{"driver": "raw", "driver": "qcow2", "file.filename": "%s"}' % raw:
            refused(cases, directory, name)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
