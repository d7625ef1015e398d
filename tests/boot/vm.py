# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest under test: starts the emulator with QEMU's command line and pipes, talks to its console.

Used by the tests in this directory. A VM has one reader thread that collects the console's output; everything else
runs in the caller's thread. Every wait has a limit.
"""
import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MACHINE = "realview-eb-mpcore"
LAST_LINES = 150                # shown of a guest that failed: an oops and what four CPUs say of it
# What a healthy kernel never says.
TROUBLE = re.compile(
    r"WARNING|\bBUG\b|Oops|rcu.*stall|nobody cared|Call trace|Backtrace:|Unhandled fault|soft lockup|blocked for more"
    r"|Kernel panic|Internal error|Unable to handle|Bad mode|scheduling while atomic|irq \d+: .*disabl"
)
PROMPT = r"/ # "
CROWDED = 3                     # a host with more programs to run than that per CPU


class Failure(Exception):
    """A check that did not hold; the text says what was seen."""


def time_scale():
    return float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))


def guest_parts(*names):
    """Paths of the guest's parts, built if need be. PQEMU_TEST_GUEST=name=path,... replaces single ones."""
    out = subprocess.run([os.path.join(ROOT, "scripts/guest/build"), *names], stdout=subprocess.PIPE, check=True,
                         universal_newlines=True).stdout
    parts = dict(line.split("=", 1) for line in out.splitlines())
    for word in filter(None, os.environ.get("PQEMU_TEST_GUEST", "").split(",")):
        name, path = word.split("=", 1)
        parts[name] = path
    return parts


def kernel_symbols():
    """Addresses by name, of the guest's kernel."""
    path = os.path.join(os.path.dirname(guest_parts("kernel")["kernel"]), "System.map")
    with open(path, encoding="ascii") as file:
        return {name: int(address, 16) for address, _, name in (line.split() for line in file)}


def expect(good, what, seen=""):
    if not good:
        raise Failure("%s: %s" % (what, seen))


def emulator():
    return os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))


def is_upstream():
    """Whether the emulator under test is somebody's QEMU: it lacks PQEMU's properties and the board's reset."""
    out = subprocess.run([emulator(), "-version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
                         universal_newlines=True).stdout
    return "PQEMU" not in out


# name -> properties of -accel tcg, number to multiply time limits by
DESIGNS = {
    "unified": ("ccache=unified", 1),
    "separate": ("ccache=separate", 1),
    "single": ("thread=single", 2),
    "interp": ("backend=interp", 6),
}
UPSTREAM_DESIGNS = {"multi": ("thread=multi", 2), "single": ("thread=single", 3)}


def designs():
    return UPSTREAM_DESIGNS if is_upstream() else DESIGNS


class VM:
    """One run of the emulator with a Linux guest. Use as a context manager: leaving it ends the process.

    kernel, dtb and initrd are parts of the guest or paths of files; initrd None: there is none. console: the options
    that bring the serial line to standard input and output.
    """

    def __init__(self, accel="", cmd=None, smp=4, mem=256, append="", initrd="initrd", dtb="dtb", args=(),
                 reboot=False, slow=1, kernel="kernel", console=("-nographic",)):
        parts = guest_parts("kernel", "stress" if initrd == "stress" else "base")
        line = "console=ttyAMA0 panic=-1 " + append
        if cmd is not None:
            if "," in cmd:
                raise ValueError("init takes commas for spaces")
            line += " cmd=" + cmd.replace(" ", ",")
        kernel, dtb, initrd = (parts.get(name, name) for name in (kernel, dtb, initrd))
        self.argv = [emulator(), "-machine", MACHINE, "-smp", str(smp), "-m", str(mem), "-kernel", kernel, "-dtb", dtb,
                     *(("-initrd", initrd) if initrd else ()), "-append", line.strip(), *console]
        if accel:
            self.argv += ["-accel", "tcg," + accel]
        if not reboot:
            self.argv.append("-no-reboot")
        self.argv += args
        self.scale = slow * time_scale()
        self.boots_again = 3
        self._start()

    def _start(self):
        self.start_time = time.monotonic()
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.output = bytearray()       # under self.changed
        self.ended = False              # under self.changed
        self.changed = threading.Condition()
        self.complaints = set()         # what check_log() has reported
        self.position = 0               # everything before it has been matched by expect()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    def _read(self):
        while True:
            data = os.read(self.process.stdout.fileno(), 65536)
            with self.changed:
                self.output += data
                self.ended = not data
                self.changed.notify_all()
            if not data:
                return

    def text(self):
        with self.changed:
            return self.output.decode("utf-8", "replace").replace("\r", "")

    def send(self, text):
        """Type text on the console."""
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except OSError as error:
            raise Failure("the emulator does not take input any more: %s" % error) from error

    def expect(self, pattern, limit=60):
        """Wait until pattern appears in output not matched yet; returns the match. \\r\\n reads as \\n."""
        regex = re.compile(pattern.encode().replace(b"\\n", b"\\r*\\n"), re.M)
        deadline = time.monotonic() + limit * self.scale
        with self.changed:
            seen = -1
            while True:
                if len(self.output) != seen:
                    seen = len(self.output)
                    # A long wait must not scan megabytes again and again: patterns are shorter than 64 KiB.
                    found = regex.search(self.output, max(self.position, 0))
                    if found:
                        self.position = found.end()
                        return found
                    self.position = max(self.position, seen - 65536)
                left = deadline - time.monotonic()
                if self.ended:
                    raise Failure("the emulator ended while waiting for %r" % pattern)
                if left <= 0:
                    raise Failure("no %r within %.0f s" % (pattern, limit * self.scale))
                self.changed.wait(min(left, 1.0))

    def shell(self, command, limit=60):
        """Run a command in the guest's shell; returns (exit status, output)."""
        begin = self.position
        # The marker is spelled so that the echo of the line does not match.
        self.send(command + '; echo "<end""ed $?>"\n')
        found = self.expect(r"<ended (\d+)>", limit)
        with self.changed:
            text = self.output[begin:found.start()].decode("utf-8", "replace").replace("\r", "")
        # What is typed before the prompt is there would be echoed twice.
        self.expect(PROMPT, 20)
        return int(found.group(1)), text

    def wait_userland(self, limit=60, cpus=None):
        """Wait for userland; returns the number of CPUs. With cpus, that many have to come up."""
        while True:
            found = self.expect(r"userland: (\d+) CPUs, up ([0-9.]+) s", limit)
            if cpus is None or self.has_cpus(int(found.group(1)), cpus):
                return int(found.group(1))
            self.kill()
            self._start()

    def has_cpus(self, got, want):
        """
        True if all CPUs came up. False, to boot again: the kernel waits a second for each, by its clock, and gave one
        up while the host had several programs for each of its CPUs. In an idle host's second that is a failure.
        """
        if got == want:
            return True
        gave_up = re.search(r"CPU\d: failed to (come online|boot)", self.text())
        if not gave_up or os.getloadavg()[0] < CROWDED * os.cpu_count() or self.boots_again == 0:
            raise Failure("%d CPUs of %d" % (got, want))
        self.boots_again -= 1
        return False

    def wait_shell(self, limit=60):
        """Wait for userland and the shell; returns the number of CPUs."""
        cpus = self.wait_userland(limit)
        self.expect(PROMPT)
        # The shell's line editor would break the echo of long lines.
        self.shell("stty columns 1000")
        return cpus

    def hush(self):
        """What programs print is no longer broken up by the kernel's messages below a warning; USB's come late."""
        self.shell("dmesg -n 5")

    def wait_exit(self, limit=30):
        """Wait until the emulator ends by itself; returns its exit status."""
        try:
            status = self.process.wait(limit * self.scale)
        except subprocess.TimeoutExpired:
            raise Failure("the emulator did not end within %.0f s" % (limit * self.scale)) from None
        self.reader.join(10)
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(10)
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass

    def count_aloud(self, last, pieces=10, limit=60):
        """Have the guest print 1 to last and check every byte of it; limit is for each of the pieces."""
        # Kernel messages would land in between; they stay in the kernel's buffer.
        self.shell("dmesg -n 1")
        self.send("seq 1 %d; echo all-\"\"out\n" % last)
        self.expect(r"all-\"\"out\n")
        begin = self.position
        # In pieces, so that a frozen console is noticed where it froze.
        for piece in range(1, pieces + 1):
            self.expect(r"\n%d\n" % (last * piece // pieces), limit)
        end = self.expect(r"all-out", limit).start()
        with self.changed:
            got = bytes(self.output[begin:end]).replace(b"\r", b"").split(b"\n")
            del self.output[begin:end]
            self.position -= end - begin
        for number, line in enumerate(got[:-1], 1):
            if line != b"%d" % number:
                raise Failure("line %d of the output is %r" % (number, bytes(line[:80])))
        if len(got) - 1 != last:
            raise Failure("%d lines of output, not %d" % (len(got) - 1, last))
        self.expect(PROMPT, 20)
        self.shell("dmesg -n 7")

    def check_log(self):
        """Fail if the kernel has complained since the last time."""
        # A stress-ng that was too fast for its time warns as well.
        bad = [line for line in self.text().splitlines()
               if TROUBLE.search(line) and not line.startswith("stress-ng:") and line not in self.complaints]
        self.complaints.update(bad)
        if bad:
            raise Failure("the kernel complains: " + " | ".join(bad[:5]))


class Cases(tap.Cases):
    """`with cases.case("name"):` is one test case; the program goes on after a failed one."""

    def case(self, name, vm=None):      # pylint: disable=arguments-differ
        return _Case(self, name, vm)

    def report(self, name, problem=None, vm=None):
        self.check(problem is None, name, problem)
        if problem is not None and vm is not None:
            print("# command: " + " ".join("'%s'" % a if " " in a or ";" in a else a for a in vm.argv))
            lines = vm.text().splitlines()
            # What came first may have scrolled away; what a test provoked on purpose came before it.
            for line in [line for line in lines[:-LAST_LINES] if TROUBLE.search(line)][-10:]:
                print("# >> " + line)
            for line in lines[-LAST_LINES:]:
                print("# > " + line)
        sys.stdout.flush()

    def finish(self):
        sys.exit(self.done())


class _Case:
    def __init__(self, cases, name, vm):
        self.cases, self.name, self.vm = cases, name, vm
        self.ok = False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.ok = True
            self.cases.report(self.name)
            return False
        if issubclass(kind, (Failure, AssertionError, OSError, subprocess.SubprocessError)):
            self.cases.report(self.name, error, self.vm)
            return True
        return False
