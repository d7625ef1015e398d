#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Snapshots inside qcow2 images: made, read, gone back to and deleted by block/, with Debian's qemu-img as the judge
and as the other one who does so; and killed at any moment. Prints TAP.

    test-snapshots.py IMAGE-TOOL [--thorough]
"""
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "runner"))
from tap import Cases           # noqa: E402  (path set above)

TOOL = os.path.abspath(sys.argv[1])
THOROUGH = "--thorough" in sys.argv
MIB = 1 << 20
SIZE = 8 * MIB
KINDS = [{}, {"compat": "0.10"}, {"cluster_size": "512"}, {"cluster_size": "2M"}, {"refcount_bits": "64"},
         {"refcount_bits": "4"}]


def tool(image, *lines):
    run = subprocess.run([TOOL, image], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=300,
                         check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def qemu_img(*arguments):
    run = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def create(image, backing=None, **options):
    text = ",".join("%s=%s" % item for item in options.items())
    qemu_img("create", "-q", "-f", "qcow2", *(["-o", text] if text else []),
             *(["-b", backing, "-F", "raw"] if backing else []), image, *([] if backing else [str(SIZE)]))


def seen_by_qemu(image):
    """Names of the snapshots as qemu-img lists them."""
    return [line.split()[1] for line in qemu_img("snapshot", "-l", image).splitlines() if re.match(r"\d+ ", line)]


def disk(image):
    return tool(image, "read 0 %d" % SIZE)[0]


def good(image):
    text = qemu_img("check", image)
    assert "No errors were found" in text, text


def there_and_back(image, backing=None, **options):
    create(image, backing, **options)
    tool(image, "write 0 %d 1" % MIB, "write 5000000 100000 2")
    first = disk(image)
    assert tool(image, "snapshot one 3000000 7") == ["ok"]
    good(image)
    assert seen_by_qemu(image) == ["one"] and disk(image) == first
    tool(image, "write 400000 1000000 3", "zero 5000000 50000")
    second = disk(image)
    assert second != first
    good(image)
    assert tool(image, "snapshot two 500 8") == ["ok"]
    tool(image, "random 50 4")
    good(image)
    # The state is what was put in, whatever came after it.
    assert tool(image, "state one", "state two") == tool(image, "state one", "state two")
    assert tool(image, "revert one") == ["ok"] and disk(image) == first
    good(image)
    assert tool(image, "list")[0] == "1=one:3000000 2=two:500 ok"
    tool(image, "write 0 200000 9")
    assert tool(image, "revert two") == ["ok"] and disk(image) == second
    good(image)
    assert tool(image, "delete one") == ["ok"] and seen_by_qemu(image) == ["two"] and disk(image) == second
    good(image)
    assert tool(image, "delete two") == ["ok"] and not seen_by_qemu(image) and disk(image) == second
    good(image)
    assert tool(image, "check") == ["leaks 0 errors 0 repaired 0"]
    # What was shared is written in place again: the file does not grow.
    before = os.path.getsize(image)
    tool(image, "write 0 %d 5" % MIB)
    assert os.path.getsize(image) == before or options, "%d bytes became %d" % (before, os.path.getsize(image))


def by_turns(image):
    """Each reads what the other one has made."""
    create(image)
    tool(image, "write 100000 900000 1")
    first = disk(image)
    qemu_img("snapshot", "-c", "theirs", image)
    tool(image, "write 0 2000000 2")
    second = disk(image)
    assert tool(image, "snapshot ours 200000 3") == ["ok"]
    good(image)
    assert seen_by_qemu(image) == ["theirs", "ours"]
    qemu_img("snapshot", "-a", "theirs", image)
    good(image)
    assert disk(image) == first
    qemu_img("snapshot", "-a", "ours", image)
    assert disk(image) == second
    good(image)
    assert tool(image, "revert theirs") == ["ok"] and disk(image) == first
    qemu_img("snapshot", "-d", "ours", image)
    good(image)
    assert tool(image, "delete theirs") == ["ok"]
    good(image)
    assert disk(image) == first


def mistakes(image):
    create(image)
    assert tool(image, "revert none", "delete none") == ["error No such file or directory"] * 2
    create(image, refcount_bits="1")
    assert tool(image, "snapshot a 10 1")[0].startswith("error")
    good(image)
    create(image, refcount_bits="2")
    tool(image, "write 0 100000 1")
    assert tool(image, "snapshot a 10 1", "snapshot b 10 1") == ["ok", "ok"]
    assert tool(image, "snapshot c 10 1") == ["error Input/output error"], "a count of 2 bits ends at 3"
    good(image)
    before = disk(image)
    assert tool(image, "revert a") == ["error Input/output error"] and disk(image) == before
    good(image)
    assert seen_by_qemu(image) == ["a", "b"] and disk_of(image, "a") == before
    create(image)
    qemu_img("snapshot", "-c", "small", image)
    qemu_img("resize", "-q", image, "9M")
    assert tool(image, "revert small") == ["error Invalid argument"]
    good(image)


def random_steps(image, seed, steps):
    """Snapshots in any order, compared with what was there when they were made."""
    rng = random.Random(seed)
    create(image, cluster_size=rng.choice(["512", "4096", "65536"]))
    known = {}
    for number in range(steps):
        step = rng.randrange(5)
        if step == 0 and len(known) < 5:
            known["s%d" % number] = disk(image)
            assert tool(image, "snapshot s%d %d %d" % (number, rng.randrange(400000), number)) == ["ok"]
        elif step == 1 and known:
            name = rng.choice(sorted(known))
            assert tool(image, "revert " + name) == ["ok"] and disk(image) == known[name], name
        elif step == 2 and known:
            name = rng.choice(sorted(known))
            now = disk(image)
            assert tool(image, "delete " + name) == ["ok"] and disk(image) == now, name
            del known[name]
        else:
            assert tool(image, "random %d %d" % (rng.randrange(30), rng.randrange(1000))) == ["ok"]
        good(image)
        assert sorted(seen_by_qemu(image)) == sorted(known)


def killed(image, rounds):
    """Whatever is under way when the program is killed: the disk and the snapshots that were there are there."""
    rng = random.Random(11)
    create(image, cluster_size="4096")
    tool(image, "write 0 3000000 1", "snapshot old 100000 2", "write 1000000 3000000 3")
    old, now = disk_of(image, "old"), disk(image)
    moments = 0
    for _ in range(rounds):
        name = "new"
        process = subprocess.Popen([TOOL, image], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        order = rng.choice(["snapshot new 2000000 4", "delete new", "revert now"])
        process.stdin.write(("snapshot now 10 1\n%s\ndelete now\n" % order).encode())
        process.stdin.flush()
        time.sleep(rng.random() * 0.03)
        process.kill()
        done = process.communicate()[0].count(b"\n")
        moments += done < 3
        # Who opens it makes counts right; nothing is lost meanwhile.
        tool(image, "flush")
        good(image)
        assert disk(image) == now, order
        names = seen_by_qemu(image)
        assert "old" in names, (order, names)
        for name in names:
            if name != "old":
                assert tool(image, "delete " + name) == ["ok"]
        assert disk_of(image, "old") == old and disk(image) == now, order
    return moments


def disk_of(image, name):
    """What the disk was like, by qemu-img."""
    raw = image + ".raw"
    qemu_img("convert", "-l", name, "-O", "raw", image, raw)
    with open(raw, "rb") as file:
        return "%08x" % zlib.crc32(file.read())


def main():
    cases = Cases()
    # In memory if that can be: what a kill leaves does not depend on when a disk is asked to write.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as directory:
        image = os.path.join(directory, "image")
        for kind in KINDS:
            with cases.case("there and back: %s" % (kind or "as usual"), OSError):
                there_and_back(image, **kind)
        with cases.case("there and back, with an image behind it", OSError):
            raw = os.path.join(directory, "behind")
            with open(raw, "wb") as file:
                file.write(random.Random(1).randbytes(SIZE))
            there_and_back(image, backing=raw)
        with cases.case("by turns with qemu-img", OSError):
            by_turns(image)
        with cases.case("mistakes", OSError):
            mistakes(image)
        for seed in range(40 if THOROUGH else 2):
            with cases.case("random steps, seed %d" % seed, OSError):
                random_steps(image, seed, 60 if THOROUGH else 12)
        with cases.case("killed at any moment", OSError):
            moments = killed(image, 1000 if THOROUGH else 15)
            print("# %d of them before the end" % moments)
            assert moments
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
