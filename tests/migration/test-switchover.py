#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""How a migration ends: with the other side's verdict (capability return-path), with a pause before it (capability
pause-before-switchover), with disks that are copied to where the machine goes by its NBD server. Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from machines import Machine, PATIENCE, guest

import tap

cases = tap.Cases()


def new_image(path, size="8M"):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)


def drive(path):
    return ["-drive", "if=none,id=d,format=qcow2,file=" + path, "-device", "virtio-blk-device,drive=d"]


def capability(machine, *names):
    machine.order("migrate-set-capabilities", capabilities=[
        {"capability": name, "state": name in names} for name in ("return-path", "pause-before-switchover", "events")])


def until(machine, status):
    end = time.monotonic() + PATIENCE
    while machine.order("query-migrate")["status"] != status:
        assert time.monotonic() < end, machine.order("query-migrate")
        time.sleep(0.01)


def goes_on(machine):
    assert machine.order("query-status")["running"]
    machine.rest()
    machine.text = b""
    machine.round(machine.round())


def verdicts(tmp, image):
    with Machine(tmp, image) as here:
        here.round()
        capability(here, "return-path")
        with cases.case("return-path: the other side has the machine"):
            where = "unix:" + os.path.join(tmp, "good")
            with Machine(tmp, image, "separate", ["-incoming", where]) as new:
                info = here.migrate(where)
                assert info["status"] == "completed", info
                new.round(new.round())
                assert here.order("query-status")["status"] == "postmigrate"
            here.order("cont")
        with cases.case("return-path: what the other side says is the sender's error, and it goes on"):
            with Machine(tmp, image, "unified", ["-incoming", "defer", "-m", "32"]) as new:
                where = "unix:" + os.path.join(tmp, "bad")
                new.order("migrate-incoming", uri=where)
                info = here.migrate(where)
                assert info["status"] == "failed" and "other side: the state is of 64 MiB" in info["error-desc"], info
                assert new.process.wait(PATIENCE) == 1
            goes_on(here)
        with cases.case("return-path: a peer that takes all and says nothing has not got the machine"):
            end = subprocess.Popen(["python3", "-c", SWALLOW, os.path.join(tmp, "mute")], stdout=subprocess.PIPE)
            assert end.stdout.readline()
            info = here.migrate("unix:" + os.path.join(tmp, "mute"))
            end.wait(PATIENCE)
            end.stdout.close()
            assert info["status"] == "failed" and "has not said" in info["error-desc"], info
            goes_on(here)
        with cases.case("return-path: ways that have no way back are refused"):
            for uri in ("file:" + os.path.join(tmp, "file"), "exec:cat > /dev/null"):
                assert "'return-path' is for" in here.error("migrate", uri=uri)
            assert not os.path.exists(os.path.join(tmp, "file"))
            capability(here)
            assert here.migrate("file:" + os.path.join(tmp, "file"))["status"] == "completed"


SWALLOW = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(1)
print("ready", flush=True)
c = s.accept()[0]
data = b""
while b"\\x03end" not in data[:-12]:                   # version, length and checksum are behind it
    data = data[-32:] + c.recv(1 << 16)
"""


def images_in_use(tmp, image):
    """The other side has all of the state but not the images: who sent it has both still."""
    disk, other = os.path.join(tmp, "d.qcow2"), os.path.join(tmp, "e.qcow2")
    for path in (disk, other):
        new_image(path)
    with cases.case("return-path: the other side cannot have its images, so the machine stays here"):
        with Machine(tmp, image, options=drive(disk)) as here, \
                Machine(tmp, image, options=["-incoming", "defer", *drive(other)]) as new, \
                Machine(tmp, image, options=drive(other)):
            here.round()
            capability(here, "return-path")
            where = "unix:" + os.path.join(tmp, "used")
            new.order("migrate-incoming", uri=where)
            info = here.migrate(where)
            assert info["status"] == "failed" and "is in use" in info["error-desc"], info
            assert new.process.wait(PATIENCE) == 1
            goes_on(here)


def pauses(tmp, image):
    with Machine(tmp, image) as here:
        here.round()
        capability(here, "pause-before-switchover", "events")
        with cases.case("pause-before-switchover: the machine stands still until it is told"):
            assert "no migration waits" in here.error("migrate-continue", state="pre-switchover")
            where = "unix:" + os.path.join(tmp, "pause")
            with Machine(tmp, image, "interp", ["-incoming", where]) as new:
                here.order("migrate", uri=where)
                until(here, "pre-switchover")
                assert here.order("query-status")["status"] == "finish-migrate"
                assert "about to move" in here.error("cont") and "about to move" in here.hmp("cont")
                assert "'device'" in here.error("migrate-continue", state="device")
                assert "'x'" in here.hmp("migrate_continue x")
                assert new.order("query-status")["status"] == "inmigrate"
                here.order("migrate-continue", state="pre-switchover")
                assert here.migrated()["status"] == "completed"
                new.round(new.round())
            here.order("query-status")
            told = [event["data"]["status"] for event in here.events if event["event"] == "MIGRATION"]
            assert told == ["setup", "active", "pre-switchover", "device", "completed"], told
            here.order("cont")
        with cases.case("... or until it is cancelled, and goes on then"):
            here.order("migrate", uri="exec:cat > /dev/null")
            until(here, "pre-switchover")
            here.order("migrate_cancel")
            assert here.migrated()["status"] == "cancelled"
            goes_on(here)
        with cases.case("... or the program ends"):
            here.order("migrate", uri="exec:cat > /dev/null")
            until(here, "pre-switchover")
            here.order("quit")
            assert here.process.wait(PATIENCE) == 0


def copies(tmp, image):
    """A machine that waits for -incoming lets others write to its disks, and has them alone when it has come."""
    disk, copy = os.path.join(tmp, "from.qcow2"), os.path.join(tmp, "to.qcow2")
    for path in (disk, copy):
        new_image(path)
    subprocess.run(["qemu-io", "-c", "write -P 7 1M 3M", disk], check=True, stdout=subprocess.DEVNULL)
    nbd, where = os.path.join(tmp, "nbd"), "unix:" + os.path.join(tmp, "copied")
    with cases.case("disks are copied to the NBD server of the machine that waits, and it comes there"):
        with Machine(tmp, image, options=drive(disk)) as here, \
                Machine(tmp, image, options=["-incoming", where, *drive(copy)]) as new:
            here.round()
            capability(here, "return-path", "pause-before-switchover")
            new.order("nbd-server-start", addr={"type": "unix", "data": {"path": nbd}})
            new.order("block-export-add", type="nbd", id="e", node_name="d", name="disk", writable=True)
            here.order("blockdev-add", driver="nbd", node_name="t", export="disk",
                       server={"type": "unix", "path": nbd})
            here.order("blockdev-mirror", device="d", target="t", sync="full", job_id="j")
            end = time.monotonic() + PATIENCE
            while not here.order("query-block-jobs")[0]["ready"]:
                assert time.monotonic() < end
                time.sleep(0.01)
            here.order("migrate", uri=where)
            until(here, "pre-switchover")
            here.order("block-job-cancel", device="j")
            here.order("migrate-continue", state="pre-switchover")
            assert here.migrated()["status"] == "completed"
            new.round(new.round())
            for options, words in (["-r"], "read 3145728/3145728"), ([], "Permission denied"):
                done = subprocess.run(["qemu-io", *options, "-f", "raw", "-c", "read -P 7 1M 3M",
                                       "nbd+unix:///disk?socket=" + nbd], capture_output=True, text=True, check=False)
                said = done.stdout + done.stderr
                assert words in said and "Pattern" not in said, said
            new.order("nbd-server-stop")
            new.verdict()
        done = subprocess.run(["qemu-img", "compare", disk, copy], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def servers_by_parts():
    with tempfile.TemporaryDirectory() as tmp, Machine(tmp, None) as machine:
        with cases.case("blockdev-add: an NBD server by its parts"):
            for server, words in (({"type": "inet"}, "'server.host' is missing"), ("x", "expected: object"),
                                  ({"type": "inet", "host": "h", "path": "p"}, "'server.port' is missing"),
                                  ({"type": "fd", "str": "p"}, "server.type")):
                text = machine.error("blockdev-add", driver="nbd", node_name="n", server=server)
                assert words in text, text
            assert "'server' is missing" in machine.error("blockdev-add", driver="nbd", node_name="n")
            assert "reconnect-delay" in machine.error("blockdev-add", driver="nbd", node_name="n", reconnect_delay=-1,
                                                      server={"type": "unix", "path": "/x"})


def main():
    image = guest()
    if not image or not shutil.which("qemu-img"):
        cases.skip("ends of migrations", "no cross compiler or no qemu-img (qemu-utils)")
        return cases.done()
    servers_by_parts()
    for part in (verdicts, images_in_use, pauses, copies):
        with tempfile.TemporaryDirectory() as tmp:
            part(tmp, image)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
