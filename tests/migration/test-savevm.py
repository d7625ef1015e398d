#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: long timeout=3600 as=many args=--many
"""Snapshots of a machine in its qcow2 images: savevm, loadvm, delvm, info snapshots, -loadvm, with a program on four
CPUs that watches its own state and Debian's qemu-img that watches the images; killed at any moment. Prints TAP.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import machines
from machines import Machine

import tap

cases = tap.Cases()


def qemu_img(*arguments):
    run = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def create(path, size="8M"):
    qemu_img("create", "-q", "-f", "qcow2", path, size)


def card(path, index=0):
    return ["-drive", "if=%s,file=%s" % (("sd", "virtio")[index], path)]


def good(path):
    assert "No errors were found" in qemu_img("check", path)


def names(text):
    """Tags of a list of snapshots, ours or qemu-img's."""
    return re.findall(r"^(?:--|\d+) +(\S+) ", text, re.M)


def quiet(machine, line):
    text = machine.hmp(line)
    assert text == "", text


def there_and_back(tmp, image, disk, other):
    options = card(disk) + card(other, 1)
    with Machine(tmp, image, options=options) as machine:
        with cases.case("none at first"):
            assert machine.hmp("info snapshots") == "There is no snapshot available.\n"
            assert "no snapshot 'a'" in machine.hmp("loadvm a") and "no snapshot 'a'" in machine.hmp("delvm a")
        with cases.case("savevm: the machine goes on"):
            number = machine.round(machine.round())
            quiet(machine, "savevm a")
            assert machine.order("query-status")["running"]
            machine.rest()
            machine.text = b""
        with cases.case("loadvm: it is where it was, as often as one likes"):
            for _ in range(3):
                for _ in range(3):
                    number = machine.round()
                quiet(machine, "loadvm a")
                # What was printed before is in the pipe; then the rounds begin again, two before at least.
                back = machine.round()
                while back > number:
                    number, back = back, machine.round()
                machine.round(back)
        with cases.case("more of them; one that is made again takes the old one's place"):
            quiet(machine, "savevm b")
            quiet(machine, "savevm a")
            quiet(machine, "stop")
            quiet(machine, "savevm c")
            assert machine.order("query-status")["status"] == "paused"
            quiet(machine, "savevm")
            text = machine.hmp("info snapshots")
            assert names(text)[:3] == ["b", "a", "c"] and re.match(r"vm-\d{14}$", names(text)[3]), text
            for name in names(text)[3:]:
                quiet(machine, "delvm " + name)
        with cases.case("after all of this everything is as it must be"):
            quiet(machine, "loadvm b")
            assert machine.order("query-status")["status"] == "paused"
            quiet(machine, "cont")
            machine.verdict()
    with cases.case("qemu-img lists the same and finds no fault"):
        assert names(qemu_img("snapshot", "-l", disk)) == ["b", "a", "c"] == names(qemu_img("snapshot", "-l", other))
        good(disk)
        good(other)
    for design in ("separate", "single", "interp"):
        with cases.case("-loadvm in another program, of design " + design):
            with Machine(tmp, image, design, [*options, "-loadvm", "a"]) as machine:
                machine.round(machine.round())
                machine.verdict()
    with cases.case("-loadvm -S"):
        with Machine(tmp, image, options=[*options, "-loadvm", "c", "-S"]) as machine:
            assert not machine.order("query-status")["running"]
            quiet(machine, "cont")
            machine.round()
    with cases.case("what qemu-img deletes is gone on that disk, and so for the machine"):
        qemu_img("snapshot", "-d", "c", other)
        with Machine(tmp, image, options=options) as machine:
            assert names(machine.hmp("info snapshots")) == ["b", "a"]
            assert "virtio" in machine.hmp("loadvm c") or "no snapshot 'c'" in machine.hmp("loadvm c")
            number = machine.round()
            quiet(machine, "delvm c")
            machine.round(number)
        good(disk)


def jobs(tmp, image):
    """The same by QMP."""
    disk, other = os.path.join(tmp, "jobs"), os.path.join(tmp, "jobs2")
    create(disk)
    create(other)
    both = {"vmstate": "sd0", "devices": ["sd0", "v"]}
    with Machine(tmp, image, options=[*card(disk), "-drive", "if=virtio,id=v,file=" + other]) as machine:
        def job(command, number, **arguments):
            """The job's end, and the statuses that it had."""
            machine.events.clear()
            machine.order(command, job_id="j%d" % number, tag="t", **arguments)
            end = time.monotonic() + machines.PATIENCE
            while True:
                found = [info for info in machine.order("query-jobs") if info["id"] == "j%d" % number]
                if found[0]["status"] == "concluded":
                    break
                assert time.monotonic() < end, found
            machine.order("job-dismiss", id="j%d" % number)
            return found[0], [event["data"]["status"] for event in machine.events if event["event"].startswith("JOB")]

        with cases.case("jobs of QMP: save, load, delete"):
            machine.round()
            good_way = ["created", "running", "waiting", "pending", "concluded", "null"]
            for number, command in enumerate(("snapshot-save", "snapshot-load", "snapshot-delete")):
                arguments = both if number < 2 else {"devices": both["devices"]}
                info, way = job(command, number, **arguments)
                assert "error" not in info and way == good_way and info["type"] == command, (info, way)
                machine.round()
            assert machine.order("query-jobs") == []
        with cases.case("a job that fails says why"):
            info, way = job("snapshot-load", 7, **both)
            assert "no snapshot 't'" in info["error"] and way[-3:] == ["aborting", "concluded", "null"], (info, way)
            machine.round()
        with cases.case("orders that are no jobs"):
            for devices, vmstate, words in (
                    (["sd0"], "sd0", "not in 'devices'"), (["sd0", "v"], "v", "'sd0', not on 'v'"),
                    (["sd0", "v", "x"], "sd0", "'x' not found")):
                said = machine.error("snapshot-save", job_id="a", tag="t", vmstate=vmstate, devices=devices)
                assert words in said, said
            assert "not found" in machine.error("job-dismiss", id="none")
            machine.order("snapshot-delete", job_id="twice", tag="t", devices=["sd0", "v"])
            assert "already in use" in machine.error("snapshot-delete", job_id="twice", tag="t", devices=["sd0", "v"])
            machine.round()
    good(disk)
    good(other)


def refused(tmp, image, disk, other):
    def line(options, cpus=4, memory=64):
        argv = [machines.QEMU, "-M", "realview-eb-mpcore", "-m", str(memory), "-smp", str(cpus), "-display", "none",
                "-serial", "none", "-monitor", "none", "-kernel", image, "-semihosting", *options]
        run = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                             timeout=machines.PATIENCE)
        assert run.returncode == 1 and len(run.stderr.splitlines()) == 1, run.stderr
        return run.stderr

    both = card(disk) + card(other, 1)
    with cases.case("-loadvm: one line, exit code 1, and the snapshots are there afterwards"):
        assert "-smp 4" in line([*both, "-loadvm", "a"], cpus=2)
        assert "-m 64" in line([*both, "-loadvm", "a"], memory=32)
        assert "'nothing'" in line([*both, "-loadvm", "nothing"])
        assert "'virtio1'" in line([*both, "-device", "virtio-rng-device", "-loadvm", "a"])
        assert "no disk" in line(["-loadvm", "a"])
        assert "by -loadvm" in line(["-loadvm", "a", "-incoming", "defer"])
        assert names(qemu_img("snapshot", "-l", disk)) == ["b", "a"]
        good(disk)
    raw = os.path.join(tmp, "raw")
    with open(raw, "wb") as file:
        file.truncate(8 << 20)
    with Machine(tmp, image, options=[*card(disk), "-drive", "if=virtio,format=raw,file=" + raw]) as machine:
        with cases.case("an image of a format without snapshots"):
            assert "qemu-img convert" in machine.hmp("savevm x") and "raw" in machine.hmp("loadvm a")
            machine.round(machine.round())
    with Machine(tmp, image, options=[*card(disk), "-device", "virtio-rng-device"]) as machine:
        with cases.case("a state that does not fit the machine: the machine goes on as if nothing had been"):
            number = machine.round()
            assert "'device_id'" in machine.hmp("loadvm a")
            assert machine.order("query-status")["running"]
            machine.round(number)
            machine.verdict()
    with cases.case("a disk of another size"):
        small = os.path.join(tmp, "small")
        create(small)
        with Machine(tmp, image, options=card(small, 1)) as machine:
            quiet(machine, "savevm a")
        qemu_img("resize", "-q", small, "16M")
        with Machine(tmp, image, options=card(small, 1)) as machine:
            number = machine.round()
            assert "another size" in machine.hmp("loadvm a")
            machine.round(number)
        good(small)
    with cases.case("a host's disk that is full"):
        full(tmp, image)


def full(tmp, image):
    """The image may not grow any more: the machine goes on, and nothing is broken."""
    path = os.path.join(tmp, "full")
    create(path)
    with Machine(tmp, image, options=card(path)) as machine:
        quiet(machine, "savevm a")
        limit = os.path.getsize(path) + (1 << 20)
        subprocess.run(["prlimit", "--pid", str(machine.process.pid), "--fsize=%d" % limit], check=True)
        number = machine.round()
        assert "File too large" in machine.hmp("savevm b")
        machine.round(number)
        assert names(machine.hmp("info snapshots")) == ["a"]
        # To go back takes a new table; that there is no room for it changes nothing.
        assert "File too large" in machine.hmp("loadvm a")
        machine.round()
        machine.verdict()
    good(path)


def killed(tmp, image, rounds):
    rng = random.Random(5)
    path, copy = os.path.join(tmp, "killed"), os.path.join(tmp, "copy")
    create(path)
    with Machine(tmp, image, options=card(path)) as machine:
        machine.round()
        quiet(machine, "savevm old")
    found = {"old": 0, "new": 0}
    for _ in range(rounds):
        shutil.copy(path, copy)
        machine = Machine(tmp, image, options=[*card(copy), "-loadvm", "old"])
        machine.round()
        machine.socket.sendall(b'{"execute": "human-monitor-command", "arguments": {"command-line": "savevm new"}}')
        time.sleep(rng.random() * 0.05)
        machine.process.kill()
        machine.__exit__()
        # Opened again, it is as it must be.
        with Machine(tmp, image, options=card(copy)) as machine:
            listed = names(machine.hmp("info snapshots"))
            assert listed[0] == "old" and listed[1:] in ([], ["new"]), listed
            quiet(machine, "loadvm " + listed[-1])
            found[listed[-1]] += 1
            machine.round()
            machine.round()
            machine.verdict()
        good(copy)
    return found


def main():
    image = machines.guest()
    if not image or not shutil.which("qemu-img"):
        cases.skip("snapshots", "no cross compiler (gcc-arm-linux-gnueabi), or no qemu-img (qemu-utils)")
        return cases.done()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as tmp:
        disk, other = os.path.join(tmp, "disk"), os.path.join(tmp, "other")
        create(disk)
        create(other, "1G")
        there_and_back(tmp, image, disk, other)
        refused(tmp, image, disk, other)
        jobs(tmp, image)
        with cases.case("killed while it saves: the image is sound, and what was saved before is there"):
            found = killed(tmp, image, 200 if "--many" in sys.argv else 8)
            print("# the new one was complete %d times, and not %d times" % (found["new"], found["old"]))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
