#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""Live migration of a machine that writes to images: the other emulator has them open beforehand, takes them when the
machine comes, and sees what was written until then; whoever has not got the machine has not got them either. Prints
TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from machines import Machine, PATIENCE, QEMU, guest

import tap

cases = tap.Cases()
HOLDER = """
import fcntl, os, sys, time
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
while os.path.exists(sys.argv[2]):
    time.sleep(0.02)
"""


def new_image(path, form):
    subprocess.run(["qemu-img", "create", "-q", "-f", form, path, "8M"], check=True)


def drives(*paths):
    return [word for index, path in enumerate(paths)
            for word in ("-drive", "if=%s,format=%s,file=%s" % (("sd", "virtio")[index],
                                                                 "raw" if path.endswith("raw") else "qcow2", path))]


def is_free(path):
    """Whether another emulator can have the image; if not, it must say so."""
    run = subprocess.run([QEMU, "-M", "realview-eb-mpcore", "-display", "none", "-S", "-monitor", "stdio",
                          *drives(path)], input="quit\n", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         universal_newlines=True, timeout=PATIENCE, check=False)
    assert run.returncode == 0 or "is in use" in run.stderr, run.stderr
    return run.returncode == 0


def good(path):
    run = subprocess.run(["qemu-img", "check", path], capture_output=True, text=True, check=False)
    assert "No errors were found" in run.stdout, run.stdout + run.stderr


def said(machine, line, words):
    text = machine.hmp(line)
    assert words in text, "%s: %s" % (line, text)


def bitmaps(machine):
    return [row for drive in machine.order("query-block") for row in drive.get("inserted", {}).get("dirty-bitmaps", [])]


def goes_on_loaded(machine):
    """Its state was loaded: first what it had printed before may come."""
    before = machine.round()
    for _ in range(20):
        number = machine.round()
        if number == before + 1:
            return
        before = number
    raise AssertionError("no two rounds in a row")


def is_running(machine):
    return machine.order("query-status")["running"]


def events(machine, name):
    return [event["data"] for event in machine.events if event["event"] == name]


def figures(machine, info):
    """What QEMU's schema has no programs may miss."""
    names = {"transferred", "remaining", "total", "duplicate", "skipped", "normal", "normal-bytes", "dirty-pages-rate",
             "mbps", "dirty-sync-count", "postcopy-requests", "page-size", "multifd-bytes", "pages-per-second",
             "precopy-bytes", "downtime-bytes", "postcopy-bytes"}
    ram = info["ram"]
    assert names <= set(ram) and {"total-time", "downtime", "setup-time"} <= set(info), info
    assert ram["duplicate"] + ram["normal"] >= ram["total"] // ram["page-size"], ram
    assert ram["precopy-bytes"] + ram["downtime-bytes"] == ram["transferred"] and ram["mbps"] > 0, ram
    machine.order("query-status")       # behind the events
    passes = [data["pass"] for data in events(machine, "MIGRATION_PASS")]
    assert passes == list(range(1, ram["dirty-sync-count"] + 1)), passes


def moves(tmp, image, design):
    """There and back again, as both emulators wait for each other with the same images open."""
    disks = [os.path.join(tmp, design + ".qcow2"), os.path.join(tmp, design + "2.qcow2")]
    for path in disks:
        new_image(path, "qcow2")
    with Machine(tmp, image, options=drives(*disks)) as here:
        here.order("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
        where = "unix:" + os.path.join(tmp, "there-" + design)
        with Machine(tmp, image, design, [*drives(*disks), "-incoming", where]) as new:
            with cases.case(design + ": the other emulator waits while this one writes"):
                here.round()
                assert here.hmp("savevm a") == "" and here.hmp("savevm b") == "" and here.hmp("delvm a") == ""
                said(new, "savevm x", "on its way")
                assert not is_free(disks[0])
            with cases.case(design + ": a bitmap that the image keeps is added"):
                here.order("block-dirty-bitmap-add", node="virtio0", name="k", persistent=True)
                here.order("block-dirty-bitmap-add", node="virtio0", name="stays")
                assert here.hmp("loadvm b") == "" and bitmaps(here)[0]["count"] == 8 << 20
                here.round()
            with cases.case(design + ": the machine moves with its images"):
                info = here.migrate(where)
                assert info["status"] == "completed", info
                figures(here, info)
                assert new.migrated()["status"] == "completed"
                new.round(new.round())
                assert is_running(new) and here.order("query-status")["status"] == "postmigrate"
            with cases.case(design + ": the bitmap has come with its image, and goes on"):
                row, = bitmaps(new)
                assert row["name"] == "k" and row["recording"] and row["count"] == 8 << 20, row
                assert "inconsistent" not in row, row
            with cases.case(design + ": what was written last is there"):
                assert "b" in new.hmp("info snapshots") and "no snapshot 'a'" in new.hmp("loadvm a")
                assert new.hmp("savevm c") == "" and new.hmp("loadvm b") == ""
                goes_on_loaded(new)
            with cases.case(design + ": the sender has nothing any more"):
                assert not is_free(disks[0])
                assert "is in use" in here.error("cont")
                said(here, "cont", "is in use")
                said(here, "savevm x", "is in use")
                said(here, "block_resize virtio0 16M", "another emulator's")
                assert not is_running(here)
            with cases.case(design + ": the guest finds nothing wrong"):
                new.verdict()
        with cases.case(design + ": when the other has ended, the sender can go on"):
            here.order("cont")
            goes_on_loaded(here)
            assert not is_free(disks[0]) and "c" in here.hmp("info snapshots")
            rows = {row["name"]: row for row in bitmaps(here)}
            assert rows["k"]["recording"] and "inconsistent" not in rows["k"], rows
            assert rows["stays"]["count"] == 8 << 20, rows
            here.verdict()
    with cases.case(design + ": qemu-img finds no fault in the images"):
        for path in disks:
            good(path)


def by_file(tmp, image):
    """The sender need not end before its state is taken up."""
    disks = [os.path.join(tmp, "file.raw"), os.path.join(tmp, "file.qcow2")]
    new_image(disks[0], "raw")
    new_image(disks[1], "qcow2")
    where = "file:" + os.path.join(tmp, "state")
    with cases.case("by a file, raw and qcow2, the sender is still there; -incoming defer"):
        with Machine(tmp, image, options=drives(*disks)) as here:
            here.round()
            assert here.migrate(where)["status"] == "completed"
            with Machine(tmp, image, "separate", [*drives(*disks), "-incoming", "defer"]) as new:
                new.order("migrate-incoming", uri=where)
                assert new.migrated()["status"] == "completed"
                new.round(new.round())
                assert not is_free(disks[0]) and not is_free(disks[1])
                new.verdict()


def goes_on(machine, disk):
    machine.rest()
    machine.text = b""
    machine.round(machine.round())
    assert is_running(machine) and not is_free(disk)


def failures(tmp, image):
    disk = os.path.join(tmp, "fails.qcow2")
    new_image(disk, "qcow2")
    with Machine(tmp, image, options=drives(disk)) as here:
        with cases.case("cancelled: the machine goes on with its images"):
            where = "unix:" + os.path.join(tmp, "cancel")
            with Machine(tmp, image, "unified", [*drives(disk), "-incoming", where]) as new:
                here.order("migrate-set-parameters", max_bandwidth=20000)
                here.order("migrate", uri=where)
                here.round(here.round())
                here.order("migrate_cancel")
                assert here.migrated()["status"] == "cancelled"
                here.order("migrate-set-parameters", max_bandwidth=0)
                new.process.wait(PATIENCE)
                goes_on(here, disk)
        with cases.case("failed when all had been sent: the machine takes its images back"):
            info = here.migrate("exec:cat > /dev/null; exit 3")
            assert info["status"] == "failed", info
            goes_on(here, disk)
        with cases.case("failed, but the other side has the images: the machine stays stopped"):
            mark, script = os.path.join(tmp, "mark"), os.path.join(tmp, "holder.py")
            with open(script, "w", encoding="ascii") as file:
                file.write(HOLDER)
            info = here.migrate("exec:cat > /dev/null; (%s %s %s %s > /dev/null 2>&1 < /dev/null &); "
                                "until test -e %s; do sleep 0.02; done; exit 3" % (sys.executable, script, disk, mark,
                                                                                   mark))
            assert info["status"] == "failed", info
            assert here.order("query-status")["status"] == "paused"
            assert "is in use" in here.error("cont") and not is_running(here)
            os.remove(mark)
            end = time.monotonic() + PATIENCE
            while not is_free(disk):
                assert time.monotonic() < end
        with cases.case("... until they are free"):
            here.order("cont")
            goes_on(here, disk)
            here.verdict()
    good(disk)


def main():
    image = guest()
    if not image or not shutil.which("qemu-img"):
        cases.skip("images go along", "no cross compiler or no qemu-img (qemu-utils)")
        return cases.done()
    with tempfile.TemporaryDirectory() as tmp:
        for design in ("unified", "interp"):
            moves(tmp, image, design)
        by_file(tmp, image)
        failures(tmp, image)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
