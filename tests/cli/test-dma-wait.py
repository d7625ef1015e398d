#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""CPUs that wait for whoever reads their output must not stop those who stop the CPUs: DMA into code goes on, on the I/O
thread, and the monitor answers. Prints TAP. dma-wait.c is the guest.
"""
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build"))
PATIENCE = 15 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
DESIGNS = ["ccache=unified", "ccache=separate", "backend=interp"]


def image():
    spec = importlib.util.spec_from_file_location("run_guest", os.path.join(ROOT, "tests/guest/run-guest.py"))
    run_guest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_guest)
    if not shutil.which(run_guest.CROSS + "gcc"):
        return None
    source = os.path.join(HERE, "dma-wait.c")
    return run_guest.build([source], os.path.join(BUILD, "tests/cli"))[source]


def run(guest, design):
    """What the guest said, or what is wrong."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "uart1")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            process = subprocess.Popen([QEMU, "-M", "realview-eb-mpcore", "-smp", "4", "-m", "64", "-display", "none",
                                        "-monitor", "none", "-serial", "stdio", "-serial", "unix:" + path, "-semihosting",
                                        "-kernel", guest, "-accel", "tcg," + design], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            server.settimeout(PATIENCE)
            try:
                reader = server.accept()[0]     # and never reads
                with reader:
                    return process.communicate(timeout=PATIENCE)[0].decode("utf-8", "replace")
            except (subprocess.TimeoutExpired, socket.timeout):
                return "no end"
            finally:
                process.kill()
                process.wait()


def main():
    guest = image()
    if not guest:
        print("ok 1 - DMA while CPUs wait # SKIP no cross compiler\n1..1")
        return 0
    failed = 0
    for number, design in enumerate(DESIGNS):
        text = run(guest, design)
        good = text.count("\nok ") + text.startswith("ok ") == 3 and "not ok" not in text
        failed += not good
        print("%sok %d - DMA over code while CPUs wait for the reader of their output: %s" % (
            "" if good else "not ", number + 1, design))
        if not good:
            print("".join("# %s\n" % line for line in text.splitlines()[:20]), end="")
    print("1..%d" % len(DESIGNS))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
