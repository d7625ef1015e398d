#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""The recipes of the guest's kernels: each is accepted by the kernel's configuration, without a line that it drops.
Compiling them all takes half an hour; a recipe that asks for what another one's options exclude shows here. Prints TAP.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

GUEST = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "scripts/guest")
# As scripts/guest/build sources it, up to where make would compile; no more of the source than configuring reads.
SCRIPT = r"""
set -eu -o pipefail
here=$1
say() { :; }
die() { echo "$*"; exit 1; }
. "$here/kernel.sh"; . "$here/kernel-selftest.sh"; . "$here/kernel-debug.sh"
kernel_compile() { grep -c '=[ym]$' linux/.config; exit 0; }
kernel_unpack() { :; }
shift
"$1" "$PWD" "${@:2}"
"""
UNPACK = r"""
set -eu
here=$1
say() { :; }
. "$here/kernel.sh"
kernel_unpack --exclude='*/drivers/*.[chS]' --exclude='*/fs/*.[ch]' --exclude='*/sound/*.[ch]' --exclude='*/net/*.[ch]'
"""


def source_is_there():
    with open(os.path.join(GUEST, "kernel.sh"), encoding="utf-8") as file:
        package = next(line.split("=")[1].strip() for line in file if line.startswith("KERNEL_SOURCE_PACKAGE="))
    return os.path.exists("/usr/src/%s.tar.xz" % package)


def bash(directory, script, *arguments):
    done = subprocess.run(["bash", "-c", script, "bash", GUEST, *arguments], cwd=directory, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, universal_newlines=True)
    return done.returncode, done.stdout


def main():
    cases = tap.Cases()
    if not source_is_there() or not shutil.which("arm-linux-gnueabi-gcc"):
        cases.skip("recipes of kernels", "no source of the kernel, or no compiler for it")
        sys.exit(cases.done())
    with tempfile.TemporaryDirectory() as directory:
        status, text = bash(directory, UNPACK)
        cases.check(status == 0, "the source is unpacked", text)
        for recipe in (("build_kernel", "kernel.config"), ("build_kernel_selftest",), ("build_kernel_debug",)):
            status, text = bash(directory, SCRIPT, *recipe)
            cases.check(status == 0, "%s: the kernel takes all its options" % recipe[0], text)
    sys.exit(cases.done())


if __name__ == "__main__":
    main()
