#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""./configure: its help names every optional library of meson_options.txt; what it does not know it refuses.
scripts/install-deps: what it lists is enough where recommended packages are not installed. TAP."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def configure(*options):
    done = subprocess.run(["sh", os.path.join(ROOT, "configure"), *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def main():
    cases = tap.Cases()
    with open(os.path.join(ROOT, "meson_options.txt"), encoding="utf-8") as file:
        features = re.findall(r"^option\('(\w+)', type: 'feature'", file.read(), re.M)
    status, text = configure("--help")
    named = re.findall(r"^  --enable-([\w-]+), --disable-\1$", text, re.M)
    wanted = sorted(name.replace("_", "-") for name in features)
    cases.check(status == 0 and len(features) > 5 and sorted(named) == wanted,
                "the help names every optional library", text)
    for option in ("--enable-nothing", "--disable-nothing", "--enable-", "--disable-.*", "--frob", "--prefix=here",
                   "--ccache=three"):
        status, text = configure(option)
        cases.check(status == 1 and text.startswith("configure: ") and text.count("\n") == 1,
                    "refused: " + option, text)
    listed = subprocess.run([os.path.join(ROOT, "scripts/install-deps"), "--list", "--cross"], stdout=subprocess.PIPE,
                            check=True, text=True).stdout.split()
    for compiler, libc in (("gcc-arm-linux-gnueabi", "libc6-dev-armel-cross"),
                           ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross")):
        cases.check(compiler in listed and libc in listed, "a-cross-compiler-comes-with-its-libc: " + compiler)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
