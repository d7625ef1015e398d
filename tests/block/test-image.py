#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disk images: raw and qcow2 as block/ reads and writes them, compared with Debian's qemu-img and qemu-io. Prints TAP.

    test-image.py IMAGE-TOOL [--thorough]           image-tool: built from tests/block/image-tool.c
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))
from vm import Cases            # noqa: E402  (path set above)

TOOL = os.path.abspath(sys.argv[1])
THOROUGH = "--thorough" in sys.argv
ROUNDS = 2000 if THOROUGH else 250
CLEAN = "leaks 0 errors 0 repaired 0"
MIB = 1 << 20


def tool(image, lines, *flags):
    """The answers to the lines, or what went wrong as one string in a list."""
    run = subprocess.run([TOOL, image, *flags], input="\n".join(lines) + "\n", capture_output=True, text=True,
                         timeout=300, check=False)
    return run.stdout.splitlines() if run.returncode == 0 else [run.stderr.strip()]


def qemu_img(*arguments):
    return subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=True).stdout


def create(image, size="8M", **options):
    if os.path.exists(image):
        os.unlink(image)
    text = ",".join("%s=%s" % item for item in options.items())
    qemu_img("create", "-q", "-f", "qcow2", *(["-o", text] if text else []), image, size)


def qemu_check(image):
    """qemu-img's verdict; its exit status counts."""
    run = subprocess.run(["qemu-img", "check", image], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def qemu_crc(image, directory):
    raw = os.path.join(directory, "converted.raw")
    qemu_img("convert", "-O", "raw", image, raw)
    with open(raw, "rb") as file:
        return "%08x" % zlib.crc32(file.read())


def same(image, directory):
    """Both programs read the same, and both find the counts right."""
    size = int(tool(image, ["size"], "readonly")[0])
    ours, verdict = tool(image, ["read 0 %d" % size, "check"], "readonly")
    assert verdict == CLEAN, verdict
    qemu_check(image)
    theirs = qemu_crc(image, directory)
    assert ours == theirs, (ours, theirs)


def random_work(cases, directory):
    image = os.path.join(directory, "random.qcow2")
    for size in ("512", "4k", "64k", "2M"):
        for options in ({}, {"refcount_bits": 1}, {"refcount_bits": 64}, {"compat": "0.10"}):
            name = "random operations, clusters of %s%s" % (size, "".join(", %s=%s" % o for o in options.items()))
            with cases.case(name):
                create(image, cluster_size=size, **options)
                answers = tool(image, ["random %d 7" % ROUNDS, "flush", "random %d 8" % ROUNDS])
                assert answers == ["ok"] * 3, answers
                same(image, directory)
    with cases.case("random operations past the host's page cache"):
        create(image)
        answers = tool(image, ["random 500 7", "flush"], "direct")
        assert answers == ["ok"] * 2 or "no direct access" in answers[0], answers
        same(image, directory)
    with cases.case("random operations, raw"):
        raw = os.path.join(directory, "random.raw")
        with open(raw, "wb") as file:
            file.truncate(8 * MIB)
        answers = tool(raw, ["random 1000 7", "flush"])
        assert answers == ["ok"] * 2, answers


def table_growth(cases, directory):
    image = os.path.join(directory, "growing.qcow2")
    with cases.case("counts outgrow their table"):
        create(image, size="96M", cluster_size=512)
        before = int.from_bytes(open(image, "rb").read(60)[56:60], "big")
        answers = tool(image, ["write %d %d %d" % (n * MIB, MIB, n) for n in range(96)])
        assert answers == ["ok"] * 96, answers
        after = int.from_bytes(open(image, "rb").read(60)[56:60], "big")
        assert after > before, (before, after)
        same(image, directory)


def others_images(cases, directory):
    base, top = os.path.join(directory, "base.qcow2"), os.path.join(directory, "top.qcow2")
    with cases.case("what qemu-io wrote"):
        create(base)
        subprocess.run(["qemu-io", "-c", "write -P 0x5a 100k 3M", "-c", "write -z 1M 64k", "-c", "discard 2M 1M", base],
                       check=True, capture_output=True)
        same(base, directory)
    with cases.case("compressed clusters are read, and replaced when written"):
        packed = os.path.join(directory, "packed.qcow2")
        qemu_img("convert", "-c", "-O", "qcow2", base, packed)
        same(packed, directory)
        assert tool(packed, ["random 500 3"]) == ["ok"]
        same(packed, directory)
    with cases.case("a backing file that is shorter"):
        tool(base, ["write 7000000 200000 9"])
        create(top, size="12M", backing_file=base, backing_fmt="qcow2")
        same(top, directory)
        before = tool(base, ["read 0 %d" % (8 * MIB)])
        assert tool(top, ["random 800 5"]) == ["ok"]
        same(top, directory)
        assert tool(base, ["read 0 %d" % (8 * MIB)]) == before
    with cases.case("zeroes hide a backing file's data, also in version 2"):
        create(top, compat="0.10", backing_file=base, backing_fmt="qcow2")
        assert tool(top, ["unmap 0 %d" % (8 * MIB)]) == ["ok"]
        assert tool(top, ["read 0 %d" % (8 * MIB)]) == ["%08x" % zlib.crc32(bytes(8 * MIB))]
        same(top, directory)
    with cases.case("internal snapshots keep their data"):
        create(base)
        tool(base, ["random 500 1"])
        first = qemu_crc(base, directory)
        qemu_img("snapshot", "-c", "one", base)
        assert tool(base, ["random 800 2"]) == ["ok"]
        same(base, directory)
        qemu_img("snapshot", "-a", "one", base)
        same(base, directory)
        assert qemu_crc(base, directory) == first
    with cases.case("the name's directory is the image's, not the current one"):
        os.mkdir(os.path.join(directory, "sub"))
        moved = os.path.join(directory, "sub", "top.qcow2")
        qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "../base.qcow2", moved)
        assert tool(moved, ["read 0 %d" % (8 * MIB)]) == [first]


def commits(cases, directory):
    base, top = os.path.join(directory, "behind"), os.path.join(directory, "front.qcow2")
    for kind in ("qcow2", "raw"):
        for options in ({}, {"compat": "0.10"}, {"cluster_size": 512}):
            name = "commit to an image of format %s%s" % (kind, "".join(", %s=%s" % o for o in options.items()))
            with cases.case(name):
                qemu_img("create", "-q", "-f", kind, base, "8M")
                tool(base, ["random 300 1"], "format=" + kind)
                create(top, size="9M", backing_file=base, backing_fmt=kind, **options)
                tool(top, ["random 400 2", "unmap 1000000 300000"])
                before = qemu_crc(top, directory)
                assert tool(top, ["commit", "check", "read 0 %d" % (9 * MIB)]) == ["ok", CLEAN, before]
                qemu_check(top)
                assert qemu_crc(top, directory) == before
                assert tool(base, ["read 0 %d" % (9 * MIB)], "format=" + kind) == [before], "not in the image behind"
                allocated = qemu_img("map", "--output=json", top).count('"depth": 0')
                assert not allocated, "%d clusters are left" % allocated
                # Again, with what is written after it.
                assert tool(top, ["random 200 3", "commit", "random 200 4", "commit"]) == ["ok"] * 4
                same(top, directory)
                assert qemu_crc(top, directory) == qemu_crc(base, directory)
    with cases.case("commit: refused if there is none behind, if it is in use, or has snapshots"):
        create(top)
        assert "no image behind" in tool(top, ["commit"])[0]
        create(top, backing_file=base, backing_fmt="raw")
        with subprocess.Popen([TOOL, base, "readonly", "format=raw"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True) as process:
            process.stdin.write("size\n")
            process.stdin.flush()
            process.stdout.readline()
            assert "is in use" in tool(top, ["commit"])[0]
            process.stdin.close()
        qemu_img("snapshot", "-c", "one", top)
        assert "snapshots" in tool(top, ["commit"])[0]
    with cases.case("commit, killed: the disk is the same, counts are right"):
        qemu_img("create", "-q", "-f", "qcow2", base, "8M")
        for seed in range(200 if THOROUGH else 4):
            create(top, cluster_size=4096, backing_file=base, backing_fmt="qcow2")
            tool(top, ["random 300 %d" % seed])
            before = qemu_crc(top, directory)
            process = subprocess.Popen([TOOL, top], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
            process.stdin.write("commit\n")
            process.stdin.flush()
            time.sleep(random.Random(seed).uniform(0, 0.03))
            process.kill()
            process.wait()
            process.stdin.close()
            assert tool(top, ["read 0 %d" % (8 * MIB), "check"]) == [before, CLEAN], seed


def resizes(cases, directory):
    image, base = os.path.join(directory, "long.qcow2"), os.path.join(directory, "long-base.raw")
    for options in ({}, {"cluster_size": 4096}, {"compat": "0.10"}):
        with cases.case("a longer disk%s" % "".join(", %s=%s" % o for o in options.items())):
            create(image, size="3M", **options)
            tool(image, ["random 200 1"])
            before = tool(image, ["read 0 %d" % (3 * MIB)])
            answers = tool(image, ["resize %d" % (40 * MIB), "size", "read 0 %d" % (3 * MIB),
                                   "write %d 70000 5" % (39 * MIB)])
            assert answers == ["ok", str(40 * MIB)] + before + ["ok"], answers
            same(image, directory)
            assert tool(image, ["resize %d" % MIB])[0].startswith("error"), "a shorter one"
    with cases.case("a longer disk: zeroes where the image behind has had more"):
        with open(base, "wb") as file:
            file.write(b"x" * 6 * MIB)
        create(image, size="3M", backing_file=base, backing_fmt="raw")
        with open(image, "rb") as file:
            assert file.read(4) == b"QFI\xfb"
        tool(image, ["write %d 100 1" % (3 * MIB - 100)])
        crc = tool(image, ["resize %d" % (9 * MIB), "read %d %d" % (3 * MIB, 6 * MIB)])
        assert crc == ["ok", "%08x" % zlib.crc32(bytes(6 * MIB))], crc
        same(image, directory)
    with cases.case("a longer disk, raw; and one whose table would be too long"):
        with open(base, "wb") as file:
            file.truncate(MIB)
        assert tool(base, ["resize %d" % (2 * MIB), "size"], "format=raw") == ["ok", str(2 * MIB)]
        assert os.path.getsize(base) == 2 * MIB
        create(image, cluster_size=512)
        assert tool(image, ["resize %d" % (1 << 40)])[0].startswith("error File too large")
        same(image, directory)
    with cases.case("a longer disk whose first-level table moves"):
        create(image, size="1M", cluster_size=512)
        tool(image, ["random 200 1"])
        qemu_img("snapshot", "-c", "one", image)
        tool(image, ["random 100 2"])
        before = tool(image, ["read 0 %d" % MIB])
        assert tool(image, ["resize %d" % (64 * MIB), "read 0 %d" % MIB, "write %d 50000 3" % (60 * MIB), "check"]) \
            == ["ok"] + before + ["ok", CLEAN]
        same(image, directory)


def killed(image, seed):
    """Write and flush until killed; returns {piece: seed} of what was flushed. Pieces lie apart from one another."""
    process = subprocess.Popen([TOOL, image], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    rng, flushed, pending, sent = random.Random(seed), {}, {}, []
    end = time.monotonic() + rng.uniform(0.005, 0.15)
    while time.monotonic() < end:
        piece, value = rng.randrange(256), rng.randrange(1 << 30)
        line = "flush" if rng.random() < 0.3 else "write %d 30000 %d" % (piece * 32768, value)
        process.stdin.write(line + "\n")
        process.stdin.flush()
        if rng.random() < 0.2:          # the last commands are under way when the kill comes
            sent.append(line)
            break
        assert process.stdout.readline() == "ok\n"
        if line == "flush":
            flushed.update(pending)
            pending = {}
        else:
            pending[piece] = value
    process.kill()
    process.communicate()
    for line in sent:                   # it may have been carried out or not
        if line != "flush":
            pending[int(line.split()[1]) // 32768] = None
    return {piece: value for piece, value in flushed.items() if piece not in pending}


def seeded_crc(directory, value):
    """CRC of what `write` makes of the seed, by way of a raw file."""
    raw = os.path.join(directory, "seed.raw")
    with open(raw, "wb") as file:
        file.truncate(32768)
    return tool(raw, ["write 0 30000 %d" % value, "read 0 30000"])[1]


def survives_kill(cases, directory):
    image = os.path.join(directory, "killed.qcow2")
    for compat in ("1.1", "0.10"):
        with cases.case("killed while it writes: what was flushed is there, counts are right (version %s)" % compat):
            create(image, compat=compat)
            for seed in range(200 if THOROUGH else 6):
                for piece, value in list(killed(image, seed).items())[:6]:
                    got = tool(image, ["read %d 30000" % (piece * 32768)], "readonly")[0]
                    assert got == seeded_crc(directory, value), (seed, piece)
                # A count may have been raised and not used yet, never the other way round.
                leaks, errors = (int(word) for word in tool(image, ["check"], "readonly")[0].split()[1:4:2])
                assert leaks <= 2 and errors == 0, (seed, leaks, errors)
                assert compat != "1.1" or tool(image, ["check"]) == [CLEAN], seed
    with cases.case("wrong counts of an image that was not closed are mended when it is opened"):
        create(image)
        tool(image, ["write 0 4000000 3"])
        with open(image, "r+b") as file:
            header = file.read(104)
            file.seek(int.from_bytes(header[48:56], "big"))
            counts = int.from_bytes(file.read(8), "big")
            file.seek(counts + 20)
            file.write(b"\0\0\0\3")     # one count too few, one too many
            file.seek(79)
            file.write(b"\1")           # the dirty bit
        assert tool(image, ["check"], "readonly") == ["leaks 1 errors 1 repaired 0"], tool(image, ["check"], "readonly")
        assert tool(image, ["check"]) == [CLEAN]
        same(image, directory)


def damaged(cases, directory):
    good, image = os.path.join(directory, "good.qcow2"), os.path.join(directory, "damaged.qcow2")
    create(good, size="4M", cluster_size=512)
    tool(good, ["random 100 1"])
    qemu_img("snapshot", "-c", "one", good)
    tool(good, ["random 50 2"])
    with open(good, "rb") as file:
        content = file.read()
    with cases.case("damaged images: an error or other data, no crash, no hang"):
        for seed in range(2000 if THOROUGH else 40):
            rng = random.Random(seed)
            changed = bytearray(content)
            for _ in range(rng.randrange(1, 6)):
                # The header, the tables' first bytes and anything else, with telling values.
                at = rng.choice([rng.randrange(112), rng.randrange(16384), rng.randrange(len(changed))])
                changed[at] = rng.choice([0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)])
            with open(image, "wb") as file:
                file.write(changed[:rng.randrange(len(changed)) if rng.random() < 0.2 else len(changed)])
            run = subprocess.run([TOOL, image],
                                 input="read 0 100000\nwrite 5000 70000 3\nzero 9000 9000\ncheck\nflush\n",
                                 capture_output=True, text=True, timeout=60, check=False)
            assert run.returncode in (0, 1), (seed, run.returncode, run.stderr)


def refusals(cases, directory):
    def refused(name, image, words, *flags):
        with cases.case(name):
            answer = tool(image, ["size"], *flags)
            assert len(answer) == 1 and all(word in answer[0] for word in words) and "\n" not in answer[0], answer
    image = os.path.join(directory, "refused.qcow2")
    refused("a file that is not there", os.path.join(directory, "none"), ["none", "No such file"])
    refused("a directory", directory, ["directory"])
    os.mkfifo(os.path.join(directory, "fifo"))
    refused("a FIFO is not waited for", os.path.join(directory, "fifo"), ["neither a file nor a block device"])
    create(image, extended_l2="on", cluster_size="64k")
    refused("extended L2 entries", image, ["extended L2", "qemu-img convert"])
    create(image, data_file=os.path.join(directory, "data.raw"))
    refused("an external data file", image, ["another file", "qemu-img convert"])
    qemu_img("create", "-q", "-f", "vmdk", image, "1M")
    refused("another format is not taken for a raw disk", image, ["vmdk", "qemu-img convert"])
    for head, name in ((b"LUKS\xba\xbe\0\1", "luks"), (b"WithouFreSpacExt", "parallels"), (b"COWD\1\0\0\0", "vmdk"),
                       (b"# Disk DescriptorFile\nversion=1\n", "vmdk"), (b"Bochs Virtual HD Image\0", "bochs")):
        with open(image, "wb") as file:
            file.write(head.ljust(MIB, b"\0"))
        refused("another format, '%s', is not taken for a raw disk" % head[:16].decode("latin-1").split("\n")[0], image,
                ["'%s'" % name, "qemu-img convert"])
        assert tool(image, ["size"], "format=raw") == [str(MIB)]
    refused("a format that does not fit", os.path.join(directory, "random.raw"), ["does not begin as a qcow2"],
            "format=qcow2")
    create(image)
    qemu_img("rebase", "-u", "-F", "qcow2", "-b", image, image)
    refused("an image behind itself", image, ["backing file"])
    create(image)
    with cases.case("an image that somebody else writes to"):
        with subprocess.Popen([TOOL, image], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            process.stdin.write("size\n")
            process.stdin.flush()
            process.stdout.readline()
            assert "is in use, by another process" in tool(image, ["size"])[0]
            run = subprocess.run(["qemu-io", "-c", "write 0 512", image], capture_output=True, text=True, check=False)
            assert run.returncode != 0, "qemu-io writes to it too"
            assert tool(image, ["size"], "readonly", "nolock") == [str(8 * MIB)]
            process.stdin.close()
    with cases.case("a raw image whose format was guessed cannot be turned into another format from inside"):
        raw = os.path.join(directory, "guessed.raw")
        with open(raw, "wb") as file:
            file.truncate(MIB)
        answers = tool(raw, ["write-magic 0"])
        assert answers == ["error Operation not permitted"], answers
        assert tool(raw, ["write-magic 0"], "format=raw") == ["ok"]


def temporary(cases, directory):
    base = os.path.join(directory, "kept.raw")
    with open(base, "wb") as file:
        file.write(os.urandom(4 * MIB))
    with cases.case("snapshot=on: the image stays as it was, and nothing is left behind"):
        with open(base, "rb") as file:
            before = file.read()
        environment = dict(os.environ, TMPDIR=os.path.join(directory, "tmp"))
        os.mkdir(environment["TMPDIR"])
        run = subprocess.run([TOOL, base, "temporary"], input="random 300 4\ncheck\n", capture_output=True, text=True,
                             env=environment, check=False)
        assert run.stdout.splitlines() == ["ok", CLEAN], run.stdout + run.stderr
        with open(base, "rb") as file:
            assert file.read() == before
        assert os.listdir(environment["TMPDIR"]) == []


def main():
    cases = Cases()
    if not shutil.which("qemu-img") or not shutil.which("qemu-io"):
        cases.skip("disk images", "needs qemu-img and qemu-io (package qemu-utils)")
        cases.finish()
    # In memory if there is such a place: what is tested is the order of writes, not the host's disk.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as directory:
        for part in (random_work, table_growth, others_images, commits, resizes, survives_kill, damaged, refusals,
                     temporary):
            part(cases, directory)
    cases.finish()


if __name__ == "__main__":
    main()
