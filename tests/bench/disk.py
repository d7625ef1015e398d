#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks in Linux: sequential transfers and random ones of 4 KiB past the guest's cache (programs/disk.c), on the SD
card of ours and of Debian's qemu-system-arm and on a virtual disk of ours. Emulators take turns. The images are raw
files in the host's page cache: what is measured is the emulator. Prints a table; --output writes PREFIX.json and
PREFIX.md.

    disk.py [EMULATOR] [--rounds N] [--mib N] [--seconds S] [--output PREFIX]
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "boot"))
from archive import image_behind            # noqa: E402  (paths set above)
from harness import images, machine         # noqa: E402

MEASURES = ("read", "write", "random-read", "random-write")
LIMIT_S = 300
CARD, VIRTUAL = "/dev/mmcblk0", "/dev/vda"


def targets(ours):
    """name -> (emulator, options, device). %s: the image."""
    found = {
        "card": (ours, ["-dtb", "builtin", "-drive", "file=%s,format=raw,if=sd"], CARD),
        "virtual": (ours, ["-dtb", "builtin", "-drive", "file=%s,format=raw,if=virtio"], VIRTUAL),
        "virtual-io_uring": (ours, ["-dtb", "builtin", "-drive", "file=%s,format=raw,if=virtio,aio=io_uring"], VIRTUAL),
    }
    if shutil.which("qemu-system-arm"):
        found["upstream-card"] = ("qemu-system-arm", ["-drive", "file=%s,format=raw,if=sd"], CARD)
    return found


def measure(target, parts, initrd, tree, image, chosen):
    """measure -> value."""
    emulator, options, device = target
    options = [option.replace("%s", image) for option in options]
    if "-dtb" not in options:
        options += ["-dtb", tree]
    script = "/bench/disk %s %d %g;reboot -f" % (device, chosen.mib, chosen.seconds)
    text = ""
    with subprocess.Popen(
            [emulator, "-M", "realview-eb-mpcore", "-smp", "1", "-m", "256", "-nographic", "-no-reboot", "-kernel",
             parts["kernel"], "-initrd", initrd, "-append",
             "console=ttyAMA0 norandmaps panic=-1 cmd=" + script.replace(" ", ","), *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        # Upstream's board does not end by itself.
        killer = threading.Timer(LIMIT_S, process.kill)
        killer.start()
        for line in process.stdout:
            text += line
            if line.startswith("DISK " + MEASURES[-1]):
                break
        killer.cancel()
        process.kill()
    values = {name: float(value) for name, value in re.findall(r"^DISK (\S+) ([0-9.]+) ", text, re.M)}
    if sorted(values) != sorted(MEASURES):
        raise SystemExit("disk.py: %s:\n%s" % (" ".join(options), text[-3000:]))
    return values


def upstream_tree(parts, directory):
    """Linux's tree without the switches of the card's slot, which are on GPIO blocks that upstream has not."""
    path = os.path.join(directory, "tree.dtb")
    with open(parts["dtb"], "rb") as file:
        tree = file.read()
    # Properties of other names are nobody's.
    for name in (b"cd-gpios", b"wp-gpios"):
        tree = tree.replace(name + b"\0", b"x" + name[1:] + b"\0")
    with open(path, "wb") as file:
        file.write(tree)
    return path


def table(samples, names):
    lines = ["| measure | " + " | ".join(names) + " | card / upstream | virtual / card |",
             "| --- |" + " --- |" * (len(names) + 2)]
    for name in MEASURES:
        unit = "MiB/s" if "random" not in name else "1/s"
        cells = ["%.4g" % statistics.median(samples[target][name]) for target in names]

        def ratio(a, b, name=name):
            if a not in samples or b not in samples:
                return ""
            return "%.2f" % statistics.median(x / y for x, y in zip(samples[a][name], samples[b][name]))
        lines.append("| %s, %s | %s | %s | %s |" % (name, unit, " | ".join(cells), ratio("card", "upstream-card"),
                                                    ratio("virtual", "card")))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("emulator", nargs="?", default=os.path.join(images.ROOT, "build/qemu-system-arm"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", default="", help="targets whose name matches")
    parser.add_argument("--output")
    chosen = parser.parse_args()
    parts = images.guest_parts()
    found = {name: target for name, target in targets(chosen.emulator).items() if re.search(chosen.only, name)}
    samples = {name: {measure_: [] for measure_ in MEASURES} for name in found}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as directory:
        initrd, image = os.path.join(directory, "initrd"), os.path.join(directory, "image")
        with image_behind(initrd, parts["initrd"]) as archive, open(images.prepare("disk", "guest"), "rb") as program:
            archive.directory("bench")
            archive.add("bench/disk", program.read())
        with open(image, "wb") as file:
            file.write(bytes(chosen.mib << 20))
        tree = upstream_tree(parts, directory)
        for turn in range(chosen.rounds):
            names = list(found)
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                for key, value in measure(found[name], parts, initrd, tree, image, chosen).items():
                    samples[name][key].append(value)
    text = table(samples, list(found))
    print(text, end="")
    if chosen.output:
        with open(chosen.output + ".json", "w", encoding="utf-8") as file:
            json.dump({"machine": machine.describe(), "samples": samples}, file, indent=1)
            file.write("\n")
        with open(chosen.output + ".md", "w", encoding="utf-8") as file:
            file.write("<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n# Disks\n\n" + text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
