# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiles the C programs of tests/linux/programs and runs them: in a Linux guest, or here, or under Debian's
user-mode emulator, which shows whether a case is right. Used by test-threads.py and judge.py."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
SOURCES = os.path.join(HERE, "programs")
sys.path.insert(0, os.path.join(TESTS, "boot"))

from vm import Failure          # noqa: E402  (path set above)

NAMES = ("futex", "futex-pi", "mutex", "sync", "threads")
COMPILERS = {
    "guest": [os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-") + "gcc", "-march=armv6k", "-mfpu=vfp",
              "-mfloat-abi=softfp"],
    "host": ["gcc"],
}
FLAGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-pthread"]
CASE = re.compile(r"^(not )?ok \d+ - (.*?)( # SKIP)?$")


def build_directory():
    build_root = os.environ.get("PQEMU_TEST_BUILD", os.path.join(os.path.dirname(TESTS), "build"))
    return os.path.join(build_root, "tests/linux")


def build(target):
    """Compile what is older than its sources; returns {name: path}. Failure says what the compiler said."""
    directory = os.path.join(build_directory(), target)
    os.makedirs(directory, exist_ok=True)
    newest_header = max(os.path.getmtime(os.path.join(SOURCES, name))
                        for name in os.listdir(SOURCES) if name.endswith(".h"))
    paths = {}
    for name in NAMES:
        source, path = os.path.join(SOURCES, name + ".c"), os.path.join(directory, name)
        paths[name] = path
        if os.path.exists(path) and os.path.getmtime(path) > max(newest_header, os.path.getmtime(source)):
            continue
        part = "%s.part%d" % (path, os.getpid())
        done = subprocess.run([*COMPILERS[target], *FLAGS, "-o", part, source], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, universal_newlines=True, check=False)
        if done.returncode:
            raise Failure("%s does not compile: %s" % (name, done.stdout[-2000:]))
        os.rename(part, path)
    return paths


def add_to(archive, paths):
    """Put the programs into the directory /programs of an image."""
    archive.directory("programs")
    for name, path in paths.items():
        with open(path, "rb") as file:
            archive.add("programs/" + name, file.read())


def report(cases, prefix, name, output, status, vm=None):
    """Turn a program's output into cases. Returns how many there were."""
    plan = re.search(r"^1\.\.(\d+)$", output, re.M)
    count, notes = 0, []
    for line in output.splitlines():
        found = CASE.match(line)
        if not found:
            notes.append(line)
            continue
        count += 1
        label = "%s: %s" % (prefix, found.group(2))
        if found.group(3):
            cases.skip(label, " ".join(notes[-1:]))
        else:
            cases.report(label, "\n".join(notes[-6:]) if found.group(1) else None, vm)
        notes = []
    if not plan or int(plan.group(1)) != count:
        cases.report("%s: %s: ran to its end" % (prefix, name), "exit status %s after %d cases: %s" % (
            status, count, output[-600:]), vm)
    return count


def run_in_guest(cases, prefix, vm, percent, seconds, names=NAMES):
    """Run programs in a guest that has them and shows its shell."""
    for name in names:
        try:
            status, output = vm.shell("/programs/%s %d %d" % (name, percent, int(seconds * vm.scale)), 20 * seconds)
        except Failure as failure:
            cases.report("%s: %s: ran to its end" % (prefix, name), failure, vm)
            return
        report(cases, prefix, name, output, status, vm)


def run_here(cases, prefix, paths, percent, seconds, command=()):
    """Run programs on this machine; command goes before each, such as an emulator of one process."""
    for name, path in paths.items():
        done = subprocess.run([*command, path, str(percent), str(seconds)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, universal_newlines=True, check=False)
        report(cases, prefix, name, done.stdout, done.returncode)
