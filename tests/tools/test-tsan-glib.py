#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""Each function of GLib's that orders what threads do, and that the emulator or a plugin of ours calls, is one that the
thread sanitizer is told of (util/tsan-glib.c and the linker's list in meson.build); it would see races in what they
guard otherwise. Prints TAP.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WRAPPERS = "util/tsan-glib.c"
CALL = re.compile(r"\b(g_once|g_(?:mutex|rec_mutex|rw_lock|cond|async_queue|thread_pool|atomic_ref_count|atomic_rc_box"
                  r"|once_init|bit)_\w+) *\(")
# These order nothing, or what they order another one of theirs does.
NOTHING = {"g_mutex_init", "g_cond_init", "g_cond_clear", "g_cond_signal", "g_cond_broadcast", "g_async_queue_new",
           "g_atomic_ref_count_init", "g_atomic_ref_count_inc"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def sources():
    listed = subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=ROOT, stdout=subprocess.PIPE, check=True,
                            universal_newlines=True).stdout.split()
    return [name for name in listed if name != WRAPPERS and not name.startswith("tests/")]


def main():
    cases = tap.Cases()
    called = {call: name for name in sources() for call in CALL.findall(read(name))}
    wrapped = set(re.findall(r"^WRAP\([^,]+, (\w+),", read(WRAPPERS), re.M))
    listed = set(re.findall(r"'(g_\w+)'", read("meson.build")))
    missing = {call: name for call, name in called.items() if call not in wrapped | NOTHING}
    cases.check(len(called) > 10 and not missing, "what is called has a wrapper in " + WRAPPERS, missing)
    cases.check(wrapped == listed, "the linker's list has all wrappers, and no more", wrapped ^ listed)
    cases.check(wrapped <= set(called), "each wrapper is called", wrapped - set(called))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
