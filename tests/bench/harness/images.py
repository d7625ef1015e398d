# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds what runs: programs for guest and host, bare-metal images, the initramfs. Everything goes below the build
directory (PQEMU_TEST_BUILD or build/) and is made again only if something changed; several may build at a time.
"""
import glob
import gzip
import importlib.util
import os
import random
import shlex
import subprocess

from . import manifest
from .targets import ROOT

BENCH = os.path.join(ROOT, "tests/bench")
TIMED = "timed"
TEXT = "text.txt"
TEXT_BYTES = 2 << 20
DONE_LINE = "<all done>"
# The same image on any emulator of the board. They print `K name nanoseconds` and DONE.
BARE_IMAGES = ("kernels", "mechanisms", "idioms", "smp")
ONE_CPU = ("mechanisms", "idioms")      # cost the same however many sleep
BARE_FLAGS = ("-O2 -march=armv6k -mfpu=vfp -mfloat-abi=softfp -marm -ffreestanding -fno-builtin -nostdlib -static "
              "-fno-tree-loop-distribute-patterns -Wall -Wextra -Wl,-Ttext=0x10000 -Wl,--build-id=none").split()


class BuildError(Exception):
    """What does not compile and the compiler's words."""


def load(name, path):
    """A script beside the harness as a module."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


splash = load("splash_build", "tests/bench/splash/build.py")
OUT = os.path.join(os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build")), "tests/bench/harness")


def has_compiler(target):
    return splash.has_compiler(target)


def compiler(target):
    return splash.TARGETS[target][0]


def suite_names():
    return sorted(os.path.splitext(os.path.basename(path))[0]
                  for path in glob.glob(os.path.join(BENCH, "suites/*.ini")))


def suite(name):
    """The programs of one of our own manifests. Their files are built on demand, see prepare()."""
    return manifest.read(os.path.join(BENCH, "suites", name + ".ini"), name, None)


def text_file(path):
    """The input of the Linux workloads: two megabytes of words, the same everywhere."""
    if os.path.exists(path) and os.path.getsize(path) == TEXT_BYTES:
        return
    numbers = random.Random(2011)
    words = ["".join(numbers.choice("etaoinshrdlucmfwyp") for _ in range(numbers.randint(1, 9))) for _ in range(2000)]
    lines, size = [], 0
    while size < TEXT_BYTES:
        lines.append(" ".join(numbers.choice(words) for _ in range(numbers.randint(4, 12))))
        size += len(lines[-1]) + 1
    write_new(path, ("\n".join(lines))[:TEXT_BYTES - 1].encode() + b"\n")


def write_new(path, data):
    """Complete or not at all: others may do the same."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    scratch = "%s.%d.tmp" % (path, os.getpid())
    with open(scratch, "wb") as file:
        file.write(data)
    os.replace(scratch, path)


def prepare(name, target):
    """A file of our own suites for target guest or native; returns its path."""
    if name == TEXT:
        path = os.path.join(OUT, target, TEXT)
        text_file(path)
        return path
    for directory in (splash.HERE, os.path.join(BENCH, "programs")):
        if os.path.exists(os.path.join(directory, name + ".c")):
            try:
                return splash.build(name, target, OUT, ["-s"], directory)[0]
            except splash.BuildError as error:
                raise BuildError("%s for target %s:\n%s" % (name, target, error)) from None
    raise BuildError("%s: neither a program of tests/bench nor %s" % (name, TEXT))


def native_directory(program, given):
    """Where a program runs on the host; given: the directory of a user's programs for the host, or None."""
    if program.directory is not None:
        return given
    for name in program.files:
        prepare(name, "native")
    return os.path.join(OUT, "native")


def guest_file(program, name):
    path = prepare(name, "guest") if program.directory is None else os.path.join(program.directory, name)
    if not os.path.isfile(path):
        raise BuildError("%s: no file %s" % (program.name, path))
    return path


def guest_script(programs, quick):
    """What runs in the guest: every program by `timed`, with the variables the manifest's commands may use."""
    lines = ["#!/bin/sh", "export CPUS=$(nproc) TMP=/tmp BUSYBOX=/bin/busybox"]
    for program in programs:
        directory = "/bench/" + program.suite
        line = "(export DIR=%s; cd $DIR && /bench/%s %s %d %s)" % (
            directory, TIMED, shlex.quote(program.suite + "/" + program.name), program.limit,
            shlex.quote(program.line(quick)))
        if program.cpus:
            line = "case $CPUS in %s) %s;; esac" % ("|".join(map(str, program.cpus)), line)
        lines += [line, "rm -rf /tmp/*"]
    return "\n".join([*lines, "echo '%s'" % DONE_LINE]) + "\n"


def initramfs(programs, quick, path):
    """Writes the guest's base image with all programs in /bench/SUITE and /bench/run to path."""
    files, made = [("bench", 0o40755, b"")], set()

    def add(name, source):
        parts = name.split("/")
        for depth in range(1, len(parts)):
            directory = "bench/" + "/".join(parts[:depth])
            if directory not in made:
                made.add(directory)
                files.append((directory, 0o40755, b""))
        if name not in made:
            made.add(name)
            with open(source, "rb") as file:
                files.append(("bench/" + name, 0o100755, file.read()))

    add(TIMED, prepare(TIMED, "guest"))
    for program in programs:
        for name in program.files:
            add(program.suite + "/" + name, guest_file(program, name))
        if not program.files:
            files += [("bench/" + program.suite, 0o40755, b"")]
    files.append(("bench/run", 0o100755, guest_script(programs, quick).encode()))
    with open(guest_parts()["initrd"], "rb") as file:
        base = file.read()
    # The kernel unpacks one archive after the other.
    write_new(path, base + gzip.compress(splash.cpio_archive(files), 6, mtime=0))
    return path


def guest_parts(given=None):
    """Kernel, device tree and initramfs: what is given, the rest from scripts/guest/build."""
    output = subprocess.run([os.path.join(ROOT, "scripts/guest/build"), "kernel", "base"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return {**dict(line.split("=", 1) for line in output.splitlines() if "=" in line), **(given or {})}


def bare_image(name):
    """One of BARE_IMAGES; kernels has a start of its own, the others use the runtime of the guest tests."""
    out = os.path.join(OUT, "bare")
    source = os.path.join(BENCH, name + ".c")
    os.makedirs(out, exist_ok=True)
    try:
        if name != "kernels":
            run_guest = load("run_guest", "tests/guest/run-guest.py")
            return run_guest.build([source], out, [source] if name in ONE_CPU else [])[source]
        path = os.path.join(out, name + ".elf")
        scratch = "%s.%d.tmp" % (path, os.getpid())
        subprocess.run([compiler("guest"), *BARE_FLAGS, os.path.join(BENCH, "kernels-start.S"), source, "-lgcc", "-o",
                        scratch], check=True)
        os.replace(scratch, path)
        return path
    except subprocess.CalledProcessError as error:
        raise BuildError("%s does not compile: %s" % (source, error)) from None
