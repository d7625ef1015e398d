# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles test programs for the guest, and for the host where a native run is wanted. Results stay in the cache.

Programs are linked dynamically: 6000 static ones would be three gigabytes, and this way the guest's loader and C
library are tested along. The library is that of the cross compiler, for the guest as for the user-mode emulator.
"""
import concurrent.futures
import functools
import hashlib
import os
import re
import subprocess

import sources

COMPILER = "arm-linux-gnueabi-gcc"
SYSROOT = "/usr/arm-linux-gnueabi"
LIBRARIES = ("ld-linux.so.3", "libc.so.6", "libm.so.6")
COMMON = ["-w", "-pipe", "-s", "-march=armv6k", "-static-libgcc"]
# All of them are called with the soft-float convention, which is that of the libraries.
VARIANTS = {
    "a32-soft": ["-O2", "-marm", "-mfloat-abi=soft"],
    "a32-vfp": ["-O2", "-marm", "-mfpu=vfp", "-mfloat-abi=softfp"],
    "thumb": ["-O2", "-mthumb", "-mfloat-abi=soft"],
    "a32-vfp-O0": ["-O0", "-marm", "-mfpu=vfp", "-mfloat-abi=softfp"],
}
NATIVE = "native"
# Converting a number too large for its integer type is undefined, and the two processors differ. Such programs trap.
NATIVE_OPTIONS = ["-w", "-pipe", "-O1", "-fsanitize=float-cast-overflow", "-fsanitize-undefined-trap-on-error"]
# A union of a pointer and something wider than a pointer of the guest: what one writes the other reads differently
# here.
POINTER_IN_UNION = re.compile(rb"^union \w+ \{[^}]*\*", re.M)
COMPILE_SECONDS = 120


@functools.lru_cache(maxsize=None)
def compiler_version(compiler):
    return sources.run([compiler, "--version"]).split("\n", 1)[0]


@functools.lru_cache(maxsize=None)
def text_of(path):
    with open(path, "rb") as file:
        return file.read()


def size_of_pointers_matters(program):
    """Does a native run mean something else than one in the guest?"""
    return any(POINTER_IN_UNION.search(text_of(file)) for file in program.files)


class Binary:
    """A program compiled in a variant: path, or None and the reason."""

    def __init__(self, program, variant, path, reason=""):
        self.program, self.variant, self.path, self.reason = program, variant, path, reason

    @property
    def name(self):
        return "%s [%s]" % (self.program.name, self.variant)


def command_line(program, variant):
    if variant == NATIVE:
        argv = ["gcc", *NATIVE_OPTIONS]
    else:
        argv = [COMPILER, *COMMON, *VARIANTS[variant]]
    return argv + program.options + program.files + ["-lm"]


def build(program, variant):
    """Compile, or take from the cache what an equal command line made of equal sources."""
    argv = command_line(program, variant)
    key = hashlib.sha256("\0".join([compiler_version(argv[0]), *argv]).encode())
    for file in program.files:
        key.update(text_of(file))
    directory = os.path.join(sources.cache_directory(), "torture-bin", variant)
    path = os.path.join(directory, "%s.%s" % (program.name.replace("/", "_"), key.hexdigest()[:12]))
    if os.path.exists(path):
        return Binary(program, variant, path)
    if os.path.exists(path + ".no"):
        return Binary(program, variant, None, text_of(path + ".no").decode("utf-8", "replace"))
    os.makedirs(directory, exist_ok=True)
    part = "%s.part%d" % (path, os.getpid())
    try:
        done = subprocess.run(["nice", *argv, "-o", part], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False, errors="replace", timeout=COMPILE_SECONDS)
        ok, output = done.returncode == 0, done.stdout
    except subprocess.TimeoutExpired:
        ok, output = False, "the compiler takes too long"
    if not ok:
        lines = output.splitlines()
        errors = [line for line in lines if "error:" in line or "undefined" in line] or lines or ["failed"]
        with open(part, "w", encoding="utf-8") as file:
            file.write(errors[0][-200:])
        path += ".no"
    os.rename(part, path)
    return build(program, variant)


def build_all(wanted, jobs):
    """Binaries for a list of (program, variant), in that order."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda pair: build(*pair), wanted))


def guest_runner():
    """guest-runner.c, compiled."""
    here = os.path.dirname(os.path.abspath(__file__))
    runner = sources.Program("guest-runner", [os.path.join(here, "guest-runner.c")], ["-std=gnu11"])
    binary = build(runner, "a32-soft")
    if binary.path is None:
        raise sources.Missing("guest-runner.c does not compile: " + binary.reason)
    return binary.path


def library_paths():
    paths = [os.path.join(SYSROOT, "lib", name) for name in LIBRARIES]
    for path in paths:
        if not os.path.exists(path):
            raise sources.Missing("no %s (libc6-dev-armel-cross)" % path)
    return paths
