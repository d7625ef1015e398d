#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=1500
# run-tests: long timeout=3600 as=oracle args=--oracle
"""Builds the bare-metal guest tests and runs each in every design and with several numbers of CPUs. Prints TAP.

A test is one file here, C or assembler, with a header line such as

    guest-test: cpus=1,4 timeout=20 modes=unified,interp accel=tb-size=1 oracle=no

All words are optional (docs/testing-guest.md). With --oracle the same images run on Debian's qemu-system-arm as well; a
case whose name ends in `(ours)` may fail there.
"""
import argparse
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RUNTIME = os.path.join(HERE, "runtime")
CROSS = os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-")
CFLAGS = ("-march=armv6k -marm -mno-unaligned-access -Wa,-mno-warn-deprecated -O2 -g -std=gnu11 -ffreestanding"
          " -fno-pic -fno-stack-protector -fno-common -fno-tree-loop-distribute-patterns"
          " -fno-delete-null-pointer-checks --param=min-pagesize=0 -Wall -Wextra -Werror").split()
# The compiler uses VFP registers for other things too, and most images leave the VFP off.
SOFT = ["-mfloat-abi=soft"]
VFP = ["-mfpu=vfp", "-mfloat-abi=softfp"]
LDFLAGS = ["-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,--no-warn-rwx-segments",
           "-Wl,-T," + os.path.join(RUNTIME, "image.ld")]
MACHINE = ["-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-monitor", "none", "-serial", "stdio",
           "-semihosting"]
# name -> (properties of -accel tcg, number to multiply time limits by)
MODES = {
    "unified": ("ccache=unified", 1),
    "separate": ("ccache=separate", 1),
    "single": ("thread=single", 2),
    "interp": ("backend=interp", 4),
    "tier1": ("tier=1", 1),
    "icount": ("", 4),
}
# Options besides.
MODE_OPTIONS = {"icount": ["-icount", "shift=3"]}
EVERYWHERE = "unified,separate,single,interp"       # tier1: for tests that name it
ORACLE_MODE = "upstream"
# Where the other CPUs come from: the image's entry point, as with -kernel and any ELF file, or the emulator's pen.
STARTS = ("entry", "pen")
RESULT = re.compile(r"^(not )?ok (\d+) - (.*)$")
HEADER = re.compile(r"guest-test:([^\n*]*)")
OUTPUT_LIMIT = 256 * 1024
# Word of a header -> interface and size of a drive's image, which is all zeroes; and what its value adds.
IMAGES = {"flash": ("pflash", 64 << 20), "sd": ("sd", 4 << 20)}
DRIVES = {"yes": "", "slow": ",throttling.iops-total=2"}


class Program:
    """One image: its source and what its header says."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            found = HEADER.search(file.read(3000))
        words = dict(word.split("=", 1) for word in (found.group(1).split() if found else []))
        self.is_test = found is not None
        self.cpus = [int(n) for n in words.pop("cpus", "1").split(",")]
        self.timeout = float(words.pop("timeout", 20))
        self.modes = words.pop("modes", EVERYWHERE).split(",")
        self.accel = words.pop("accel", "")
        self.starts = words.pop("start", STARTS[0]).split(",")
        self.oracle = words.pop("oracle", "yes") == "yes"
        self.vfp = words.pop("vfp", "no") == "yes"
        self.image = [(*IMAGES[word], DRIVES[words.pop(word)]) for word in IMAGES if word in words]
        self.args = words.pop("args", "").split(",") if "args" in words else []
        if words:
            raise SystemExit("%s: header has unknown words: %s" % (path, " ".join(words)))


def newer(target, sources):
    if not os.path.exists(target):
        return True
    made = os.path.getmtime(target)
    return any(os.path.getmtime(source) > made for source in sources)


def compile_object(source, target, dependencies, vfp=False):
    if newer(target, [source, *dependencies]):
        part = "%s.%d.tmp" % (target, os.getpid())      # other tests may make the same
        subprocess.run([CROSS + "gcc", *CFLAGS, *(VFP if vfp else SOFT), "-I", RUNTIME, "-c", source, "-o", part],
                       check=True)
        os.replace(part, target)
    return target


def build(sources, directory, with_vfp=()):
    """Compile and link every source with the runtime; returns {source: image}. with_vfp: those compiled for VFP."""
    os.makedirs(directory, exist_ok=True)
    headers = glob.glob(os.path.join(RUNTIME, "*.h")) + [os.path.abspath(__file__)]
    objects = [compile_object(source, os.path.join(directory, "rt-" + os.path.basename(source) + ".o"), headers)
               for source in sorted(glob.glob(os.path.join(RUNTIME, "*.[cS]")))]
    images = {}
    for source in sources:
        base = os.path.join(directory, os.path.splitext(os.path.basename(source))[0])
        extra = glob.glob(os.path.join(os.path.dirname(source), "*.h"))
        unit = compile_object(source, base + ".o", headers + extra, source in with_vfp)
        if newer(base + ".elf", [unit, *objects, os.path.join(RUNTIME, "image.ld")]):
            part = "%s.%d.tmp" % (base, os.getpid())
            subprocess.run([CROSS + "gcc", *LDFLAGS, "-o", part, *objects, unit, "-lgcc"], check=True)
            os.replace(part, base + ".elf")
        images[source] = base + ".elf"
    return images


def command(emulator, image, cpus, accel, args=(), start=STARTS[0]):
    argv = [emulator, *MACHINE, "-smp", str(cpus), "-kernel", image, *args]
    if start != STARTS[0]:
        argv += ["-machine", "secondary=" + start]
    return argv + (["-accel", "tcg," + accel] if accel else [])


def run_with_image(argv, timeout, interface, size, more):
    """The same as run() with a drive."""
    with tempfile.NamedTemporaryFile(suffix="." + interface) as image:
        image.truncate(size)
        return run(argv + ["-drive", "if=%s,format=raw,file=%s%s" % (interface, image.name, more)], timeout)


def run_program(program, argv, timeout):
    return run_with_image(argv, timeout, *program.image[0]) if program.image else run(argv, timeout)


def run(argv, timeout):
    """Returns (output, exit status or None when it took too long, seconds)."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                   env={**os.environ, "QEMU_AUDIO_DRV": "none"}, start_new_session=True)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
            process.send_signal(signal.SIGKILL)
            process.wait()
        out.seek(0)
        return out.read(OUTPUT_LIMIT).decode("utf-8", "replace").replace("\r", ""), status, time.monotonic() - begin


class Report(tap.Cases):
    """The cases of all runs."""

    def __init__(self, verbose):
        super().__init__()
        self.verbose = verbose
        self.ours = set()           # cases in which upstream is known to do otherwise

    def run(self, label, argv, output, status, seconds, lenient=False):
        """Turns the TAP of one run into cases; returns the names of its cases."""
        names, bad, plan = [], [], None
        for line in output.splitlines():
            found = RESULT.match(line)
            if line.startswith("1.."):
                plan = int(line[3:])
            if not found:
                continue
            name = found.group(3)
            good = not found.group(1) or (lenient and name.endswith("(ours)"))
            names.append(name.split(" # ")[0])
            if name.endswith("(ours)"):
                self.ours.add((label.split("/")[0], name))
            bad += [] if good else [name]
            self.check(good, "%s: %s" % (label, name))
        if status is None:
            bad.append("not finished within the time limit")
        elif plan != len(names):
            bad.append("ended early, exit status %s" % status)
        elif (status != 0) != any(line.startswith("not ok") for line in output.splitlines()):
            bad.append("exit status %s" % status)
        else:
            self.check(True, "%s: ran to its end (%.1f s)" % (label, seconds))
            if not bad and not self.verbose:
                return names
        if bad:
            if plan != len(names) or status is None:
                self.check(False, "%s: %s" % (label, bad[-1]))
            print("# command: " + " ".join(argv))
        for line in output.splitlines():
            if self.verbose or not line.startswith(("ok ", "not ok ", "1..", "qemu: module audio")):
                print("# | " + line)
        sys.stdout.flush()
        return names


def parse_arguments():
    parser = argparse.ArgumentParser(description="Runs the bare-metal guest tests.")
    parser.add_argument("names", nargs="*", help="tests to run; default: all")
    parser.add_argument("--build", default=os.path.join(os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build")),
                                                        "tests/guest"), help="where images are built")
    parser.add_argument("--qemu", help="the emulator under test",
                        default=os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm")))
    parser.add_argument("--modes", default=",".join(MODES), help="designs to run; none: only the oracle")
    parser.add_argument("--cpus", help="only these numbers of CPUs, for example 1,4")
    parser.add_argument("--oracle", action="store_true", help="also run Debian's qemu-system-arm (PQEMU_TEST_UPSTREAM)")
    parser.add_argument("--repeat", type=int, default=1, help="run everything so often")
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the output of good runs too")
    return parser.parse_args()


def is_upstream(emulator):
    out = subprocess.run([emulator, "-version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
                         universal_newlines=True, check=False).stdout
    return "PQEMU" not in out


def main():
    options = parse_arguments()
    programs = [Program(path) for path in sorted(glob.glob(os.path.join(HERE, "*.[cS]")))]
    programs = [p for p in programs if p.is_test and (not options.names or p.name in options.names)]
    missing = set(options.names) - {p.name for p in programs}
    if missing:
        raise SystemExit("no such test: " + " ".join(sorted(missing)))
    if not shutil.which(CROSS + "gcc"):
        print("ok 1 - guest programs # SKIP no %sgcc\n1..1" % CROSS)
        return 0
    images = build([p.path for p in programs], options.build, [p.path for p in programs if p.vfp])
    if options.build_only:
        return 0

    # (label, emulator, properties, factor for time limits, is the oracle)
    targets = []
    if options.modes != "none":
        if is_upstream(options.qemu):
            targets.append((ORACLE_MODE, options.qemu, "", 3, True))
        else:
            targets += [(mode, options.qemu, *MODES[mode], False) for mode in options.modes.split(",")]
    oracle = os.environ.get("PQEMU_TEST_UPSTREAM", "/usr/bin/qemu-system-arm")
    if options.oracle:
        targets.append((ORACLE_MODE, oracle, "", 3, True))

    scale = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
    report = Report(options.verbose)
    for _ in range(options.repeat):
        for program in programs:
            for cpus in program.cpus:
                if options.cpus and str(cpus) not in options.cpus.split(","):
                    continue
                seen = {}
                for mode, emulator, accel, factor, lenient in targets:
                    if (lenient and not program.oracle) or (not lenient and mode not in program.modes):
                        continue
                    accel = accel if lenient else ",".join(filter(None, (accel, program.accel)))
                    for start in STARTS[:1] if lenient or cpus == 1 else program.starts:
                        argv = command(emulator, images[program.path], cpus, accel,
                                       [*program.args, *MODE_OPTIONS.get(mode, [])], start)
                        label = "%s/%s/%d%s" % (program.name, mode, cpus, "" if start == STARTS[0] else "/" + start)
                        result = run_program(program, argv, program.timeout * factor * scale)
                        seen[mode, start] = report.run(label, argv, *result, lenient)
                if len({tuple(names) for names in seen.values()}) > 1:
                    report.check(False, "%s/%d: the same cases everywhere" % (program.name, cpus))
    if report.ours:
        print("# known: %d (see docs/testing-guest.md)" % len(report.ours))
    return report.done()


if __name__ == "__main__":
    sys.exit(main())
