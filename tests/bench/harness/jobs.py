# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot (or one native pass) of one target, and what it yields.

run(target, cpus) gives (samples, run): samples are dictionaries with suite, program, value and unit, or `error`; cpu_s
is the processor time of host while the program ran. run has what belongs to the whole process.
"""
import os
import re
import shutil
import tempfile

from . import images, stats
from .targets import GRACE, KERNEL_LINE, observe

USERLAND = re.compile(r"userland: (\d+) CPUs")
BEGIN = re.compile(r"<begin (\S+)>$")
END = re.compile(r"<end (\S+) (\w+) ([0-9.]+)>$")
BARE = re.compile(r"K (\w+) ([0-9.]+)( WRONG)?$")
BOOT_LIMIT = 120
BARE_LIMIT = 180
# Guesses for the estimate: seconds on one CPU of ours.
GUESS = {"splash": 12.5, "linux": 3.7, "stress": 2.0, "flush": 4.0, "boot": 0.9, "kernels": 1.2, "mechanisms": 1.6,
         "idioms": 1.5, "smp": 2.0}
GUESS_PROGRAM = 5.0
SLOWNESS = {"native": 0.5, "upstream": 4.0, "ours": 1.0}


def spread_over(target, cpus):
    """By how much several CPUs shorten parallel work, roughly."""
    if target.kind == "native" or "thread=single" not in target.accel:
        return min(cpus, os.cpu_count() or 1)
    return 1


class Job:
    """What all have in common. extra: properties of ours' accelerator; counters: have ours write its statistics."""

    native = False

    def __init__(self, name, extra="", counters=False):
        self.name, self.extra, self.counters = name, extra, counters

    def fits(self, target, cpus):
        """Whether it makes sense there."""
        return self.native or target.kind != "native"

    def guess(self, target, cpus):
        return GUESS.get(self.name, GUESS_PROGRAM) * SLOWNESS[target.kind] / spread_over(target, cpus)

    def launch(self, target, cpus, options, timeout, last, watch):
        """Runs the emulator; returns (outcome, run)."""
        with tempfile.TemporaryDirectory(prefix="pqemu-bench-") as scratch:
            path = os.path.join(scratch, "stats.json")
            extra = self.extra
            if self.counters and target.kind == "ours":
                extra = ",".join(filter(None, (extra, "stats=" + path)))
            outcome = observe(target.argv(cpus, options, extra), timeout, last, GRACE[target.kind], watch)
            run = {"wall_s": outcome.wall, "cpu_s": outcome.cpu, "peak_kib": outcome.peak_kib}
            if os.path.exists(path):
                run["stats"] = stats.read(path)
        return outcome, run

    def failure(self, outcome, what):
        why = "took too long" if outcome.timed_out else "ended with status %s" % outcome.status
        return {"suite": self.name, "program": self.name, "error": "%s; %s\n%s" % (what, why, outcome.tail())}


class Bare(Job):
    """A bare-metal image: nanoseconds per operation by the board's counter."""

    def __init__(self, image):
        super().__init__(image)
        self.label, self.path = image, images.bare_image(image)

    def fits(self, target, cpus):
        # Between CPUs that wait busily, thread=single measures nothing but the length of a CPU's turn: minutes of it.
        return super().fits(target, cpus) and not (self.label == "smp" and cpus > 1 and "thread=single" in target.accel)

    def run(self, target, cpus):
        outcome, run = self.launch(target, cpus, ["-serial", "stdio", "-semihosting", "-kernel", self.path], BARE_LIMIT,
                                   "DONE", ())
        samples = []
        for _, _, line in outcome.lines:
            found = BARE.match(line)
            if found:
                samples.append({"suite": self.name, "program": found.group(1), "unit": "ns",
                                **({"error": "wrong result"} if found.group(3) else {"value": float(found.group(2))})})
        if not any(line == "DONE" for _, _, line in outcome.lines):
            samples.append(self.failure(outcome, "%s did not come to its end" % self.label))
        return samples, run


class Linux(Job):
    """A boot with a command; subclasses look at what it printed."""

    command = "true"

    def __init__(self, name, parts, initrd, extra="", counters=False):
        super().__init__(name, extra, counters)
        self.parts, self.initrd, self.label = parts, initrd, name

    def boot(self, target, cpus, timeout, last):
        options = ["-serial", "stdio", "-no-reboot", "-kernel", self.parts["kernel"], "-dtb", self.parts["dtb"],
                   "-initrd", self.initrd, "-append", "%s cmd=%s" % (KERNEL_LINE, self.command)]
        return self.launch(target, cpus, options, BOOT_LIMIT + timeout, last, ("<begin ", "<end ", "userland:"))

    def userland(self, outcome, cpus):
        """(seconds, processor seconds) until userland was up, or None if it was not, or with the wrong CPUs."""
        for seconds, cpu, line in outcome.lines:
            found = USERLAND.search(line)
            if found:
                return (seconds, cpu) if int(found.group(1)) == cpus else None
        return None


class Boot(Linux):
    """From start to the first line of userland, by the host's clock."""

    def __init__(self, parts, counters=False):
        super().__init__("boot", parts, parts["initrd"], counters=counters)

    def run(self, target, cpus):
        outcome, run = self.boot(target, cpus, 0, "exit status")
        up = self.userland(outcome, cpus)
        if not up:
            return [self.failure(outcome, "no userland with %d CPUs" % cpus)], run
        return [{"suite": "boot", "program": "boot", "value": up[0], "unit": "s", "cpu_s": up[1]}], run


class Programs(Linux):
    """All programs of some suites in one boot; on the host without one."""

    native = True
    command = "/bench/run"

    def __init__(self, name, parts, programs, quick, directory, native_programs=None, extra="", counters=False):
        image = images.initramfs(programs, quick, os.path.join(directory, name + ".cpio.gz"))
        super().__init__(name, parts, image, extra, counters)
        self.programs, self.quick, self.native_programs = programs, quick, native_programs

    def guess(self, target, cpus):
        suites = {program.suite for program in self.programs}
        work = sum(GUESS[suite] if suite in GUESS else
                   GUESS_PROGRAM * sum(program.suite == suite for program in self.programs) for suite in suites)
        boot = 0 if target.kind == "native" else GUESS["boot"] * SLOWNESS[target.kind]
        return boot + work * SLOWNESS[target.kind] / spread_over(target, cpus) * (0.05 if self.quick else 1)

    def for_cpus(self, cpus):
        return [program for program in self.programs if not program.cpus or cpus in program.cpus]

    def run(self, target, cpus):
        programs = self.for_cpus(cpus)
        if target.kind == "native":
            return self.run_native(programs, cpus)
        outcome, run = self.boot(target, cpus, sum(program.limit for program in programs), "exit status")
        if not self.userland(outcome, cpus):
            return [self.failure(outcome, "no userland with %d CPUs" % cpus)], run
        samples, seen = self.parse(outcome, programs)
        for program in programs:
            if program.suite + "/" + program.name not in seen:
                samples.append({"suite": program.suite, "program": program.name,
                                "error": "did not run to its end: " + outcome.tail()})
        return samples, run

    def parse(self, outcome, programs):
        """Samples from the lines that `timed` prints."""
        known = {program.suite + "/" + program.name: program for program in programs}
        samples, seen, current, begun, text = [], set(), None, None, []
        for _, cpu, line in outcome.lines:
            begin, end = BEGIN.search(line), END.search(line)
            if begin and begin.group(1) in known:
                current, begun, text = known[begin.group(1)], cpu, []
            elif end and current and known.get(end.group(1)) is current:
                sample = self.sample(current, "\n".join(text), end.group(2), float(end.group(3)))
                if begun is not None and cpu is not None:
                    sample["cpu_s"] = cpu - begun
                samples.append(sample)
                seen.add(end.group(1))
                current = None
            else:
                text.append(line)
        return samples, seen

    def sample(self, program, output, status, elapsed):
        result = {"suite": program.suite, "program": program.name, "unit": "s", "elapsed": elapsed}
        value = program.seconds(output, elapsed)
        if status != "0":
            result["error"] = ("took more than %d s" % program.limit if status == "timeout" else
                               "exit status %s: %s" % (status, output[-1000:]))
        elif not program.verified(output):
            result["error"] = "the output does not match %s: %s" % (program.check.pattern, output[-1000:])
        elif value is None:
            result["error"] = "no time in the output: " + output[-1000:]
        else:
            result["value"] = value
        return result

    def run_native(self, programs, cpus):
        samples, run = [], {"wall_s": 0.0, "cpu_s": 0.0, "peak_kib": 0}
        timed = images.prepare(images.TIMED, "native")
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        for program in programs:
            why = self.why_not_native(program)
            if why:
                samples.append({"suite": program.suite, "program": program.name, "skipped": why})
                continue
            directory = images.native_directory(program, self.native_programs)
            with tempfile.TemporaryDirectory(prefix="pqemu-bench-", dir=memory) as scratch:
                env = {**os.environ, "CPUS": str(cpus), "DIR": directory, "TMP": scratch,
                       "BUSYBOX": shutil.which("busybox") or "busybox"}
                name = program.suite + "/" + program.name
                outcome = observe([timed, name, str(program.limit), program.line(self.quick)], program.limit + 30,
                                  cwd=directory, env=env, cpus=cpus)
            found, _ = self.parse(outcome, [program])
            for sample in found or [self.failure(outcome, name)]:
                # There is no reading at the two lines as they come together, at the end.
                samples.append({**sample, "cpu_s": outcome.cpu})
            run["wall_s"] += outcome.wall
            run["cpu_s"] += outcome.cpu
            run["peak_kib"] = max(run["peak_kib"], outcome.peak_kib)
        return samples, run

    def why_not_native(self, program):
        if not program.native:
            return "not for the host"
        if program.directory is not None and not self.native_programs:
            return "no --native-programs"
        absent = [name for name in program.needs if not shutil.which(name)]
        if absent:
            return "the host has no %s (package of that name)" % ", ".join(absent)
        if program.directory is None and not images.has_compiler("native"):
            return "the host has no compiler"
        return None
