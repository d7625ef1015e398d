# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: an emulator with its options, or the host itself; and running one process under observation.

A run is observed from outside: lines of its output with host times, processor time, peak memory. Memory is VmHWM, which
belongs to the program alone; the maximum that wait4() tells would contain the harness before exec.
"""
import os
import re
import shutil
import signal
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
MACHINE = ["-M", "realview-eb-mpcore", "-m", "256", "-display", "none", "-monitor", "none"]
KERNEL_LINE = "console=ttyAMA0 panic=-1"
# A guest that prints without end must not fill our memory; what is beyond is not looked at.
LINE_LIMIT, LINES_LIMIT = 65536, 100000
TICK = os.sysconf("SC_CLK_TCK")
# After its last line ours ends by itself and may write out its counters; upstream has no reset on this board.
GRACE = {"ours": 15.0, "upstream": 0.0, "native": 15.0}


class Target:
    """A column of the results. kind: ours, upstream or native."""

    def __init__(self, name, kind, program=None, accel="", what=""):
        self.name, self.kind, self.program, self.accel, self.what = name, kind, program, accel, what
        self.original = program

    def argv(self, cpus, options, accel=""):
        """accel: more properties of the accelerator, which only ours knows."""
        argv = [self.program, *MACHINE, "-smp", str(cpus)]
        if self.kind == "upstream":
            # Debian's program tells about missing audio modules otherwise.
            argv += ["-audiodev", "none,id=none"]
        properties = ",".join(filter(None, ("tcg", self.accel, accel if self.kind == "ours" else "")))
        return [*argv, "-accel", properties, *options]

    def version(self):
        if self.kind == "native":
            return "the host"
        try:
            text = subprocess.run([self.program, "-version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=30, text=True, check=False).stdout
        except OSError as error:
            return str(error)
        return text.splitlines()[0] if text else "unknown"

    def describe(self):
        return {"kind": self.kind, "program": self.original, "accel": self.accel, "what": self.what,
                "version": self.version()}


def standard_targets(ours, upstream):
    return [
        Target("native", "native", what="the same sources compiled for the host"),
        Target("upstream-single", "upstream", upstream, "thread=single", "one host thread for all CPUs"),
        Target("upstream", "upstream", upstream, "thread=multi", "a host thread per CPU"),
        Target("single", "ours", ours, "thread=single", "one host thread for all CPUs"),
        Target("unified", "ours", ours, "ccache=unified", "a host thread per CPU, one code cache"),
        Target("separate", "ours", ours, "ccache=separate", "a host thread per CPU, a code cache each"),
    ]


def missing(target):
    """Why a target cannot run here, or None."""
    if target.kind == "native" or shutil.which(target.program):
        return None
    return "%s is not there%s" % (target.program, " (package qemu-system-arm)" if target.kind == "upstream" else
                                  " (ninja -C build)")


def freeze(some, directory):
    """From here on ours are copies: a build beside a long measurement must not change what is measured."""
    copies = {}
    for target in some:
        if target.kind == "ours":
            if target.original not in copies:
                copies[target.original] = os.path.join(directory, "emulator-%d" % len(copies))
                shutil.copy2(shutil.which(target.original), copies[target.original])
            target.program = copies[target.original]


class Observed:
    """What a process has used so far; its memory can be read only while it runs."""

    def __init__(self, pid):
        self.pid = pid
        self.peak_kib = 0

    def look(self):
        """Processor seconds until now. Also notes the peak of memory."""
        try:
            with open("/proc/%d/status" % self.pid, encoding="ascii", errors="replace") as file:
                found = re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M)
            with open("/proc/%d/stat" % self.pid, encoding="ascii", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            return None
        if found:
            self.peak_kib = max(self.peak_kib, int(found.group(1)))
        return (int(fields[11]) + int(fields[12])) / TICK


class Outcome:
    """lines: [(seconds since the start, processor seconds until then or None, text)]."""

    def __init__(self):
        self.lines, self.wall, self.cpu, self.peak_kib = [], 0.0, 0.0, 0
        self.status, self.timed_out = None, False

    def tail(self):
        return "\n".join(text for _, _, text in self.lines[-15:])


def observe(argv, timeout, last=None, grace=0.0, watch=(), cwd=None, env=None, cpus=None):
    """Runs argv to its end, at most timeout seconds (times PQEMU_TEST_TIME_SCALE).

    After a line that contains `last` it has `grace` seconds left. Processor time and memory are read at lines that
    contain one of `watch`. cpus: how many host CPUs it may use.
    """
    def confine():
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, usable[:cpus])

    outcome = Outcome()
    begin = time.monotonic()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               cwd=cwd, env=env, start_new_session=True, preexec_fn=confine if cpus else None)
    observed = Observed(process.pid)
    lock = threading.Lock()         # the process is not reaped between looking at returncode and kill()

    def kill():
        # Not process.kill(), which would reap it and lose its resource usage.
        with lock:
            if process.returncode is None:
                os.kill(process.pid, signal.SIGKILL)

    def give_up():
        outcome.timed_out = True
        kill()

    limit = threading.Timer(timeout * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1")), give_up)
    farewell = threading.Timer(grace, kill)
    limit.start()
    try:
        for raw in iter(lambda: process.stdout.readline(LINE_LIMIT), b""):
            text = raw.decode(errors="replace").strip("\r\n")
            ends = last is not None and last in text
            cpu = observed.look() if ends or any(word in text for word in watch) else None
            if len(outcome.lines) < LINES_LIMIT:
                outcome.lines.append((time.monotonic() - begin, cpu, text))
            if ends and grace <= 0:
                kill()
            elif ends and not farewell.is_alive():
                farewell.start()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    finally:
        kill()
        with lock:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        limit.cancel()
        farewell.cancel()
        process.stdout.close()
    outcome.status = process.returncode
    outcome.wall = time.monotonic() - begin
    outcome.cpu = usage.ru_utime + usage.ru_stime
    outcome.peak_kib = observed.peak_kib or usage.ru_maxrss
    return outcome
