#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=200
"""-icount rrsnapshot=: a recording begins with a snapshot, and replaying goes back to it, whatever has become of the
image; in each design. What does not fit is refused by one line. Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)
from disk_machine import guest_image        # noqa: E402
from machine import QEMU, SCALE             # noqa: E402
from qmp_client import Client               # noqa: E402

LIMIT = 60 * SCALE
STEPS = 400                     # characters of the guest, one for each block written or read
MIB = 1 << 20


def argv(guest, image, icount, accel="ccache=unified"):
    return [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-kernel", guest, "-accel",
            "tcg," + accel, "-drive", "if=sd,format=qcow2,file=" + image, "-monitor", "none", "-serial", "stdio",
            "-icount", "shift=3," + icount]


def record(guest, image, path):
    """What the guest says until it is ended."""
    process = subprocess.Popen(argv(guest, image, "rr=record,rrfile=%s,rrsnapshot=begin" % path),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = b""
    while len(text) < STEPS:
        part = os.read(process.stdout.fileno(), 4096)
        if not part:
            break
        text += part
    process.terminate()
    text += process.communicate(timeout=LIMIT)[0]
    return process.returncode, text.decode()


def replay(guest, image, path, accel):
    """The same up to the recording's end, where the machine stops."""
    said, name = path + ".said", path + ".qmp"
    words = argv(guest, image, "rr=replay,rrfile=%s,rrsnapshot=begin" % path, accel)
    words[words.index("stdio")] = "file:" + said
    process = subprocess.Popen([*words, "-S", "-qmp", "unix:%s,server=on,wait=off" % name], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        qmp = Client(name)
        qmp.result("cont")
        qmp.event("STOP")
        qmp.result("quit")
        text = process.communicate(timeout=LIMIT)[0].decode()
    finally:
        process.kill()
        process.wait()
    with open(said, encoding="ascii") as file:
        return process.returncode, file.read(), text


def refused(guest, image, icount, accel="ccache=unified"):
    done = subprocess.run(argv(guest, image, icount, accel), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
    return done.returncode, done.stdout.decode()


def contents(image):
    raw = image + ".raw"
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", image, raw], check=True)
    with open(raw, "rb") as file:
        return file.read()


def spoil(image, pattern):
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P %d 0 1M" % pattern, image], check=True,
                   stdout=subprocess.DEVNULL)


def main():
    cases = tap.Cases()
    guest = guest_image("disk.c")
    if not guest or not shutil.which("qemu-img") or not shutil.which("qemu-io"):
        cases.skip("rrsnapshot", "no cross compiler, or no qemu-img and qemu-io")
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-rrsnapshot-") as directory:
        image, path = os.path.join(directory, "card.qcow2"), os.path.join(directory, "rr")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "1M"], check=True)
        spoil(image, 0x11)
        said = record(guest, image, path)
        after = contents(image)
        names = subprocess.run(["qemu-img", "snapshot", "-l", image], check=True,
                               stdout=subprocess.PIPE).stdout.decode()
        cases.check(said[0] == 0 and said[1].startswith("R") and len(said[1]) >= STEPS and " begin " in names
                    and b"\x11" * 512 in after and after != b"\x11" * MIB,
                    "recorded: a snapshot, and a card written to", (said, names))
        for number, accel in enumerate(("ccache=unified", "ccache=separate", "thread=single", "backend=interp")):
            spoil(image, 0x22 + number)
            again = replay(guest, image, path, accel)
            cases.check(again[:2] == said, "replayed after the card was spoiled, %s" % accel, (said, again))
            cases.check(contents(image) == after, "the card is as after recording, %s" % accel)
        code, text = refused(guest, image, "rr=replay,rrfile=%s,rrsnapshot=none" % path)
        cases.check(code == 1 and "no snapshot 'none'" in text and text.count("\n") == 1, "no such snapshot", text)
        raw = os.path.join(directory, "raw")
        with open(raw, "wb") as file:
            file.truncate(MIB)
        words = argv(guest, raw, "rr=record,rrfile=%s.2,rrsnapshot=begin" % path)
        words[words.index("-drive") + 1] = "if=sd,format=raw,file=" + raw
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=LIMIT, check=False)
        cases.check(done.returncode == 1 and b"rrsnapshot=begin" in done.stdout and done.stdout.count(b"\n") == 1,
                    "a raw image cannot keep one", done.stdout)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
