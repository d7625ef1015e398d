#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""CPUs that wait for whoever reads their output must not stop the I/O thread, which stops the CPUs for DMA into code.
Prints TAP. dma-wait.c is the guest.
"""
import os
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import guest_program            # noqa: E402  (path set above)
import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
PATIENCE = 15 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
DESIGNS = ["ccache=unified", "ccache=separate", "backend=interp"]


def output(process):
    """What the guest says, up to its plan or the end of our patience."""
    text, end = b"", time.monotonic() + PATIENCE
    while b"\n1.." not in text and time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.2)[0]:
            part = os.read(process.stdout.fileno(), 4096)
            if not part:
                break
            text += part
    return text.decode("utf-8", "replace").replace("\r", "")


def run(guest, design):
    """What the guest said, or what is wrong."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "uart1")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            process = subprocess.Popen([QEMU, "-M", "realview-eb-mpcore", "-smp", "4", "-m", "64", "-display", "none",
                                        "-monitor", "none", "-serial", "stdio", "-serial", "unix:" + path,
                                        "-semihosting", "-kernel", guest, "-accel", "tcg," + design],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            server.settimeout(PATIENCE)
            try:
                # It never reads; once the guest is through it goes away, or the emulator would wait for it to the end.
                with server.accept()[0]:
                    text = output(process)
                return text if process.wait(PATIENCE) == 0 else text + "\nexit status %s" % process.returncode
            except (subprocess.TimeoutExpired, socket.timeout):
                return "no end"
            finally:
                process.kill()
                process.wait()


def main():
    cases = tap.Cases()
    images = guest_program.images("cli", "dma-wait.c")
    if not images:
        cases.skip("DMA while CPUs wait", "no cross compiler")
        return cases.done()
    for design in DESIGNS:
        text = run(images[0], design)
        good = sum(line.startswith("ok ") for line in text.splitlines()) == 3 and "exit status" not in text
        cases.check(good, "DMA over code while CPUs wait for the reader of their output: " + design,
                    "\n".join(text.splitlines()[:20]))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
