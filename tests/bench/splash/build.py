#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the SPLASH programs for the host and for the guest, and packs the guest's into an initramfs.

    build.py [--target native|guest] [--image FILE] [--out DIR] [--cflags FLAGS] [PROGRAM ...]

Every .c file here is a program, linked with nothing but libc, libm and threads. Results are DIR/native/PROGRAM and
DIR/guest/PROGRAM (static, ARMv6K, VFPv2); the image is the guest's busybox initramfs with the programs in /splash.
test-splash.py uses this file as a module.
"""
import argparse
import glob
import gzip
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
OUT = os.path.join(os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build")), "tests/bench/splash")
CFLAGS = "-std=gnu11 -O2 -g -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes".split()
# target -> compiler, flags
TARGETS = {
    "native": (os.environ.get("CC", "gcc"), []),
    "guest": (os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-") + "gcc",
              "-static -march=armv6k -mfpu=vfp -mfloat-abi=softfp".split()),
}


class BuildError(Exception):
    """The compiler's messages."""


def programs():
    return sorted(os.path.splitext(os.path.basename(path))[0] for path in glob.glob(os.path.join(HERE, "*.c")))


def has_compiler(target):
    return shutil.which(TARGETS[target][0]) is not None


def build(name, target, out=OUT, cflags=(), directory=HERE):
    """Builds one program unless it is up to date; returns (its path, the compiler's warnings)."""
    compiler, flags = TARGETS[target]
    source = os.path.join(directory, name + ".c")
    result = os.path.join(out, target, name)
    inputs = [source, os.path.abspath(__file__), *glob.glob(os.path.join(directory, "*.h"))]
    command = [compiler, *CFLAGS, *flags, *cflags, source, "-lm", "-pthread"]
    # The command and the warnings are kept, so that other flags build anew and warnings do not get lost.
    note = result + ".note"
    newest = max(map(os.path.getmtime, inputs))
    if os.path.exists(result) and os.path.exists(note) and os.path.getmtime(result) > newest:
        with open(note, encoding="utf-8") as file:
            if file.readline() == repr(command) + "\n":
                return result, file.read()
    os.makedirs(os.path.dirname(result), exist_ok=True)
    # Others may be building the same.
    scratch = "%s.%d.tmp" % (result, os.getpid())
    done = subprocess.run([*command, "-o", scratch], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    if done.returncode:
        raise BuildError(done.stdout)
    with open(note, "w", encoding="utf-8") as file:
        file.write(repr(command) + "\n" + done.stdout)
    os.replace(scratch, result)
    return result, done.stdout


def cpio_archive(files):
    """A newc archive, which Linux unpacks, of [(name, mode, contents)]."""
    archive = bytearray()
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        for piece in (b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0", data):
            archive += piece
            archive += bytes(-len(archive) % 4)
    return bytes(archive)


def image(base, target, binaries, scripts=()):
    """Writes base, an initramfs, with the programs [path] and scripts [(name, text)] in /splash to the file target."""
    files = [("splash", 0o40755, b"")]
    for path in binaries:
        with open(path, "rb") as file:
            files.append(("splash/" + os.path.basename(path), 0o100755, file.read()))
    files += [("splash/" + name, 0o100755, text.encode()) for name, text in scripts]
    with open(base, "rb") as file:
        start = file.read()
    # The kernel unpacks one archive after the other.
    with open(target, "wb") as file:
        file.write(start + gzip.compress(cpio_archive(files), 6, mtime=0))


def base_initramfs():
    out = subprocess.run([os.path.join(ROOT, "scripts/guest/build"), "base"], stdout=subprocess.PIPE, check=True,
                         universal_newlines=True).stdout
    return dict(line.split("=", 1) for line in out.splitlines())["initrd"]


def main():
    parser = argparse.ArgumentParser(description="Builds the SPLASH programs.")
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help="default: all")
    parser.add_argument("--target", choices=TARGETS, action="append", help="default: native and guest")
    parser.add_argument("--image", metavar="FILE", help="also make an initramfs with the programs in /splash")
    parser.add_argument("--out", default=OUT, help="directory for the results (%(default)s)")
    parser.add_argument("--cflags", default="", help="more flags, for example -fsanitize=thread")
    options = parser.parse_args()
    targets = options.target or list(TARGETS)
    if options.image and "guest" not in targets:
        parser.error("an image needs --target guest")
    unknown = set(options.names) - set(programs())
    if unknown:
        parser.error("no such program: " + " ".join(sorted(unknown)))
    binaries = []
    for target in targets:
        for name in options.names or programs():
            try:
                path, warnings = build(name, target, options.out, options.cflags.split())
            except BuildError as error:
                sys.exit("%s%s does not compile for target %s" % (error, name, target))
            sys.stderr.write(warnings)
            print(path)
            if target == "guest":
                binaries.append(path)
    if options.image:
        image(base_initramfs(), options.image, binaries)
        print(options.image)


if __name__ == "__main__":
    main()
