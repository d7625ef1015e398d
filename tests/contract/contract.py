# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the contract share: building emulators and the stress guest, running it with a timeline."""
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, os.path.join(ROOT, path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


check = load("contract_check", "tests/contract/check.py")
run_guest = load("run_guest", "tests/guest/run-guest.py")
run_guest.CFLAGS += ["-I", os.path.join(ROOT, "tests/guest")]

EMULATOR = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
SCALE = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))


def reason_to_skip(builds):
    if builds and not shutil.which("meson"):
        return "no meson"
    if not shutil.which(run_guest.CROSS + "gcc"):
        return "no %sgcc" % run_guest.CROSS
    return "not this emulator" if run_guest.is_upstream(EMULATOR) else None


def build_guest():
    source = os.path.join(HERE, "stress.c")
    build_root = os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build"))
    return run_guest.build([source], os.path.join(build_root, "tests/contract"))[source]


def build_emulator(target, option):
    """Builds one with the meson option, again if the directory is there: only what looks at the option is compiled
    again. Returns its path.
    """
    if os.path.exists(target):
        command = ["meson", "configure", target, option]
    else:
        command = ["meson", "setup", target, ROOT, "--buildtype=debugoptimized", "-Db_ndebug=true", option]
    for argv in (command, ["ninja", "-C", target, "-j2", "qemu-system-arm"]):
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(target, "qemu-system-arm")


def run_traced(emulator, image, properties, trace, timeout):
    """Returns (output, exit status). A guest that hangs is asked to end, then aborted; both write the timeline."""
    argv = run_guest.command(emulator, image, 4, "tb-size=1,%s,trace=%s" % (properties, trace))
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for signo in (None, signal.SIGTERM, signal.SIGABRT, signal.SIGKILL):
        if signo:
            process.send_signal(signo)
        try:
            output, _ = process.communicate(timeout=timeout if not signo else 30 * SCALE)
            break
        except subprocess.TimeoutExpired:
            continue
    return output.decode("utf-8", "replace"), process.returncode


def main(name, cases, builds=False):
    """A test program: cases(report, image of the stress guest, directory) unless there is a reason to skip it. builds:
    it builds emulators. Returns the exit status.
    """
    reason = reason_to_skip(builds)
    report = run_guest.Report(False)
    if reason:
        report.skip(name, reason)
        return report.done()
    with tempfile.TemporaryDirectory() as directory:
        cases(report, build_guest(), directory)
    return report.done()
