# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs compiled programs: on this machine, under Debian's user-mode emulator, and in a Linux guest of PQEMU.

The guest boots the usual image with the programs and guest-runner appended as a second archive; the runner's reports
come over the console. Results of the other two are kept in the cache beside the program, since they do not change.
"""
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys
import tempfile

import sources
import variants

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))

import archive                  # noqa: E402  (path set above)
import vm                       # noqa: E402

ORACLE = "qemu-arm"
ORACLE_OPTIONS = ["-cpu", "arm11mpcore", "-L", variants.SYSROOT]
SECONDS = 60                    # one program, in the guest and under the oracle
NATIVE_SECONDS = 3              # one program here
GUEST_JOBS = 8                  # programs side by side in the guest
IMAGE_BYTES = 80 << 20          # programs of one boot; all of it is in the guest's memory
MAX_OUTPUT = 1 << 20
TEXT_BYTES = 60
SIGALRM, SIGILL = 14, 4
# Programs whose output is not the same twice, and why.
OUTPUT_VARIES = {
    "return-addr": "prints addresses on its stack",
}
REPORT = re.compile(r"^@ (\d+) ([es]) (\d+) (\d+) ([0-9a-f]{16}) (.*)$", re.M)


class Result:
    """How a program ended: kind "e" (exit status) or "s" (signal), code; bytes, hash and last line of its output."""

    def __init__(self, kind, code, count, digest, text):
        self.kind, self.code, self.count, self.digest, self.text = kind, int(code), int(count), digest, text.strip()

    def same(self, other, program):
        """Whether the program did the same both times."""
        if (self.kind, self.code) != (other.kind, other.code):
            return False
        # What it wrote before its time ran out says nothing.
        return (self.timed_out or program.name in OUTPUT_VARIES
                or (self.count, self.digest) == (other.count, other.digest))

    @property
    def passed(self):
        return self.kind == "e" and self.code == 0

    @property
    def timed_out(self):
        return self.kind == "s" and self.code == SIGALRM

    @property
    def undefined(self):
        """Of a native run: the program does something undefined."""
        return self.kind == "s" and self.code == SIGILL

    def __str__(self):
        kind = "exit status" if self.kind == "e" else "signal"
        ending = "time ran out" if self.timed_out else "%s %d" % (kind, self.code)
        return "%s, %d bytes of output%s" % (ending, self.count, " ending in '%s'" % self.text if self.text else "")


def fnv1a(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return "%016x" % value


def result_of(status, output):
    output = output[:MAX_OUTPUT]
    last = (output[:-1].rsplit(b"\n", 1)[-1] + output[-1:])[:TEXT_BYTES]
    text = "".join(chr(c) if 32 <= c < 127 else " " for c in last)
    return Result("s" if status < 0 else "e", abs(status), len(output), fnv1a(output), text)


def run_here(argv, seconds):
    """Run a program on this machine, directly or under the oracle."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryFile() as out:
        process = subprocess.Popen(argv, cwd=work, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        try:
            status = process.wait(seconds * vm.time_scale())
        except subprocess.TimeoutExpired:
            status = -SIGALRM
            process.kill()
            process.wait()
        out.seek(0)
        return result_of(status, out.read(MAX_OUTPUT))


def run_cached(binary, tag, argv, seconds):
    path = "%s.%s" % (binary.path, tag)
    if os.path.exists(path):
        kind, code, count, digest, text = variants.text_of(path).decode().split(" ", 4)
        return Result(kind, code, count, digest, text)
    result = run_here(argv, seconds)
    if not result.timed_out:
        part = "%s.part%d" % (path, os.getpid())
        with open(part, "w", encoding="utf-8") as file:
            file.write("%s %d %d %s %s" % (result.kind, result.code, result.count, result.digest, result.text))
        os.rename(part, path)
    return result


def map_jobs(function, items, jobs):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(function, items))


def run_oracle(binaries, jobs):
    """Results under the user-mode emulator, in order."""
    version = sources.run([ORACLE, "--version"])
    tag = "oracle-" + hashlib.sha256((version + str(ORACLE_OPTIONS)).encode()).hexdigest()[:8]
    return map_jobs(lambda binary: run_cached(binary, tag, ["nice", ORACLE, *ORACLE_OPTIONS, binary.path], SECONDS),
                    binaries, jobs)


def run_native(binaries, jobs):
    return map_jobs(lambda binary: run_cached(binary, "native", [binary.path], NATIVE_SECONDS), binaries, jobs)


# ---- the guest ----

def write_image(path, base, binaries):
    """The base image with another archive behind it: guest-runner, the libraries, the programs and their list."""
    with archive.image_behind(path, base) as image:
        for directory in ("lib", "torture", *("torture/" + name for name in variants.VARIANTS)):
            image.directory(directory)
        for library in variants.library_paths():
            image.add("lib/" + os.path.basename(library), variants.text_of(library))
        image.add("torture/run", variants.text_of(variants.guest_runner()))
        names = []
        for binary in binaries:
            name = "torture/%s/%s" % (binary.variant, os.path.basename(binary.path))
            names.append("/" + name)
            with open(binary.path, "rb") as file:
                image.add(name, file.read())
        image.add("torture/list", "".join(name + "\n" for name in names).encode())


def batches(binaries):
    """Lists of binaries that fit in one boot."""
    batch, size = [], 0
    for binary in binaries:
        batch.append(binary)
        size += os.path.getsize(binary.path) + 4096
        if size > IMAGE_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def boot(accel, slow, binaries):
    """One boot that runs all binaries. Returns (results by number, what went wrong or None)."""
    problem = None
    with tempfile.TemporaryDirectory(prefix="torture.") as work:
        image = os.path.join(work, "image.cpio.gz")
        write_image(image, vm.guest_parts("base")["initrd"], binaries)
        seconds = int(SECONDS * slow * vm.time_scale())
        command = "/torture/run /torture/list %d %d;dmesg" % (GUEST_JOBS, seconds)
        with vm.VM(accel=accel, cmd=command, slow=slow, initrd=image) as machine:
            try:
                machine.wait_userland(120)
                # Most programs take milliseconds; a few wait for seconds.
                found = machine.expect(r"^@(end|error) .*$", 240 + len(binaries))
                if found.group(1) != b"end":
                    raise vm.Failure("guest-runner: " + found.group(0).decode("utf-8", "replace"))
                machine.wait_exit(60)
                machine.check_log()
            except vm.Failure as failure:
                problem = str(failure)
            text = machine.text()
    results = {int(found.group(1)): Result(*found.groups()[1:]) for found in REPORT.finditer(text)}
    return results, problem


def run_guest(accel, slow, binaries):
    """Results in PQEMU's guest in order, None: no report; and a list of problems."""
    results, problems = [], []
    for batch in batches(binaries):
        reports, problem = boot(accel, slow, batch)
        results += [reports.get(number) for number in range(len(batch))]
        if problem:
            missing = [b.name for number, b in enumerate(batch) if number not in reports]
            problems.append(problem + (" (no report of %s)" % ", ".join(missing[:GUEST_JOBS]) if missing else ""))
    return results, problems
