#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300 alone
"""Whether the benchmark still works: builds its bare-metal images, runs them once on ours, looks at the figures. TAP. No
time is judged."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
WANTED = {
    "bare metal, 1 CPU": ["integer_chain ns", "matrix_multiply ns", "page_walk ns", "device_reads ns",
                          "supervisor_calls ns"],
    "2 CPUs together": ["interrupt_to_self ns", "exclusive_contended ns", "spin_lock ns", "ipi_ping_pong_asleep ns"],
}


def main():
    if not shutil.which("arm-linux-gnueabi-gcc"):
        print("ok 1 - benchmark # SKIP no arm-linux-gnueabi-gcc\n1..1")
        return 0
    emulator = os.environ.get("PQEMU_TEST_QEMU", os.path.join(HERE, "../../build/qemu-system-arm"))
    number = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "result.json")
        # An `other` that does not exist: ours runs alone.
        done = subprocess.run([sys.executable, os.path.join(HERE, "bench.py"), "--quick", "--ours", emulator,
                               "--other", "no-other-emulator", "--json", path], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        results = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                results = json.load(file)["results"]
        for job, figures in WANTED.items():
            for figure in figures:
                number += 1
                good = min(results.get(job, {}).get(figure, {}).get("ours", [0])) > 0
                failed += not good
                print("%sok %d - %s: %s" % ("" if good else "not ", number, job, figure))
        if done.returncode or failed:
            print("# exit status %d\n# %s" % (done.returncode, done.stdout.replace("\n", "\n# ")))
            failed += not failed
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
