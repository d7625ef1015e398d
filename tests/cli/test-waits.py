#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Whatever a CPU waits for outside of the machine, it holds up nobody: not the other CPUs, and neither the monitor nor the
end of the emulator. Prints TAP.
"""
import importlib.util
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build"))
PATIENCE = 30 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
DESIGNS = ["ccache=unified", "ccache=separate", "thread=single", "backend=interp"]
cases = failures = 0


def check(good, name, text=""):
    global cases, failures
    cases += 1
    failures += not good
    print("%sok %d - %s" % ("" if good else "not ", cases, name))
    if not good:
        print("".join("# %s\n" % line for line in text.splitlines()[:20]), end="")
    sys.stdout.flush()


def images(*names):
    """The guests' programs, or None if there is no cross compiler."""
    spec = importlib.util.spec_from_file_location("run_guest", os.path.join(ROOT, "tests/guest/run-guest.py"))
    run_guest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run_guest)
    if not shutil.which(run_guest.CROSS + "gcc"):
        return None
    sources = [os.path.join(HERE, name) for name in names]
    built = run_guest.build(sources, os.path.join(BUILD, "tests/cli"))
    return [built[source] for source in sources]


def command(guest, design, *options):
    return [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-semihosting", "-kernel", guest,
            "-accel", "tcg," + design] + list(options)


def output_until(fd, end):
    """What comes, up to `end`, the end of the file or the end of our patience."""
    text, limit = b"", time.monotonic() + PATIENCE
    while end not in text and time.monotonic() < limit:
        if select.select([fd], [], [], 0.2)[0]:
            part = os.read(fd, 65536)
            if not part:
                break
            text += part
    return text.decode("utf-8", "replace").replace("\r", "")


def test_flush(guest):
    """A flush of the unified cache waits until all CPUs have left translated code."""
    for design in DESIGNS:
        with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(directory, "uart1")
            server.bind(path)
            server.listen()
            server.settimeout(PATIENCE)
            process = subprocess.Popen(command(guest, design + ",tb-size=1", "-smp", "2", "-monitor", "none",
                                               "-serial", "stdio", "-serial", "unix:" + path),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                # It never reads; once the guest is through it goes away, or the emulator would wait for it to the end.
                with server.accept()[0]:
                    text = output_until(process.stdout.fileno(), b"\n1..")
                good = sum(line.startswith("ok ") for line in text.splitlines()) == 2 and process.wait(PATIENCE) == 0
            except (subprocess.TimeoutExpired, socket.timeout):
                good, text = False, "no end"
            finally:
                process.kill()
                process.wait()
                process.stdout.close()
            check(good, "a CPU that waits for a UART's reader does not stop the others' flushes: " + design, text)


def main():
    guests = images("flush-wait.c")
    if not guests:
        print("ok 1 - CPUs that wait # SKIP no cross compiler\n1..1")
        return 0
    test_flush(guests[0])
    print("1..%d" % cases)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
