#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Whatever a CPU waits for outside of the machine, it holds up nobody: not the other CPUs, and neither the monitor nor
the end of the emulator. Prints TAP.
"""
import concurrent.futures
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import guest_program            # noqa: E402  (path set above)
import tap                      # noqa: E402  (path set above)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
BUILD = os.environ.get("PQEMU_TEST_BUILD", os.path.join(ROOT, "build"))
PATIENCE = 30 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
DESIGNS = ["ccache=unified", "ccache=separate", "thread=single", "backend=interp"]
cases = tap.Cases()


def check(good, name, text=""):
    cases.check(good, name, "\n".join(text.splitlines()[:20]))


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


# ---- waits that can be stopped, reset and ended ----

# What the guest does (waits.c), what it waits for (a pipe that gets full, or an end of the FIFO that somebody must have
# open), serial port 0 and further options. STUCK is a file for which the host does not answer (stuck-host.c).
WAITS = {
    "a UART prints to a stdout that nobody reads": ("uart", "stdout", []),
    "SYS_WRITE0 to a stdout that nobody reads": ("write0", "stdout", []),
    "SYS_WRITEC to a stdout that nobody reads": ("writec", "stdout", []),
    "SYS_WRITE to a stdout that nobody reads": ("tt", "stdout", []),
    "SYS_WRITE0 to a stdio serial port that nobody reads": ("write0", "stdout", ["stdio"]),
    "SYS_WRITE to a stderr that nobody reads": ("stderr", "stderr", []),
    "SYS_WRITE to a FIFO that nobody reads": ("write FIFO", "reader", []),
    "SYS_READ of a FIFO into which nobody writes": ("read FIFO", "writer", []),
    "SYS_OPEN of a FIFO without another end": ("open FIFO", "", []),
    "SYS_READC without input": ("readc", "", []),
    "SYS_OPEN that the host does not answer": ("open STUCK", "", []),
    "SYS_CLOSE that the host does not answer": ("close STUCK", "", []),
    "SYS_WRITE that the host does not answer": ("write STUCK", "", []),
    "SYS_RENAME that the host does not answer": ("rename STUCK", "", []),
    "SYS_REMOVE that the host does not answer": ("remove STUCK", "", []),
    "a serial port's file that the host does not write": ("uart", "", ["file:STUCK"]),
    "a log on a stderr that nobody reads": ("undefined", "stderr", ["null", "-d", "unimp"]),
    "a log of blocks on a stderr that nobody reads": ("write0", "stderr", ["null", "-d", "exec"]),
    "a log on a FIFO that nobody reads": ("undefined", "reader", ["null", "-d", "unimp", "-D", "FIFO"]),
    "a log file that the host does not write": ("undefined", "", ["null", "-d", "unimp", "-D", "STUCK"]),
}
# Each block of the guest waits for the reader of the log.
NO_START_AGAIN = [WAITS["a log of blocks on a stderr that nobody reads"]]
ENDS = ["quit", signal.SIGTERM, signal.SIGINT, "quit"]


def unread(fd):
    return struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0\0\0\0"))[0]


class Machine:
    """An emulator whose monitor and UART 1 are sockets, with pipes for its output."""

    def __init__(self, guest, design, wait, stuck_host=None, stdin=None):
        what, waits_for, options = wait
        self.directory = tempfile.TemporaryDirectory()
        self.fifo = os.path.join(self.directory.name, "fifo")
        self.stuck = os.path.join(self.directory.name, "stuck")
        os.mkfifo(self.fifo)
        self.other_end = None
        if waits_for == "reader":
            self.other_end = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        elif waits_for == "writer":
            self.other_end = os.open(self.fifo, os.O_RDWR)
        pipes = {"stdout": os.pipe(), "stderr": os.pipe()}
        self.output = {name: pipe[0] for name, pipe in pipes.items()}
        self.full = dict(self.output, reader=self.other_end).get(waits_for)
        listeners = [socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
        for listener, name in zip(listeners, ("uart1", "monitor")):
            listener.bind(os.path.join(self.directory.name, name))
            listener.listen()
            listener.settimeout(PATIENCE)
        options = [self.path(option) for option in options] or ["null"]
        options = ["-serial"] + options
        options += ["-serial", "unix:" + os.path.join(self.directory.name, "uart1"),
                    "-monitor", "unix:" + os.path.join(self.directory.name, "monitor"),
                    "-semihosting-config", "enable=on,arg=" + self.path(what)]
        if what == "uart" and waits_for == "stdout":
            options[1] = "stdio"
        environment = dict(os.environ)
        if stuck_host:
            environment["LD_PRELOAD"] = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), stuck_host]))
            environment["STUCK"] = self.stuck
        self.process = subprocess.Popen(command(guest, self.path(design), *options), env=environment,
                                        stdin=stdin or subprocess.PIPE,
                                        stdout=pipes["stdout"][1], stderr=pipes["stderr"][1])
        for pipe in pipes.values():
            os.close(pipe[1])
        self.sockets = []
        for listener in listeners:
            self.sockets.append(listener.accept()[0])
            self.sockets[-1].settimeout(PATIENCE)
            listener.close()
        self.uart, self.monitor = self.sockets
        self.answer()

    def path(self, text):
        return text.replace("FIFO", self.fifo).replace("STUCK", self.stuck)

    def said(self, count=1):
        """What the guest says on UART 1."""
        text = b""
        while len(text) < count:
            part = self.uart.recv(count - len(text))
            if not part:
                raise EOFError
            text += part
        return text.decode()

    def answer(self):
        """The monitor's answer, up to its next prompt."""
        text = b""
        while not text.endswith(b"(qemu) "):
            part = self.monitor.recv(65536)
            if not part:
                raise EOFError
            text += part
        return text.decode("utf-8", "replace")

    def ask(self, text):
        self.monitor.sendall(text.encode() + b"\n")
        return self.answer()

    def wait_full(self):
        """Until the pipe has been filled by a guest that now waits, or merely a moment: there is nothing to see."""
        if self.full is None:
            time.sleep(0.1)
            return
        limit, seen = time.monotonic() + PATIENCE, []
        while time.monotonic() < limit:
            seen.append(unread(self.full))
            if len(seen) > 3 and seen[-1] > 4096 and len(set(seen[-4:])) == 1:
                return
            time.sleep(0.05)
        raise TimeoutError("the pipe was never full")

    def close(self):
        self.process.kill()
        self.process.wait()
        for s in self.sockets:
            s.close()
        for fd in list(self.output.values()) + [self.other_end]:
            if fd is not None:
                os.close(fd)
        self.directory.cleanup()


def stop_reset_end(guest, design, wait, stuck_host, end):
    """What went wrong, or nothing."""
    machine = None
    try:
        step = "start"
        machine = Machine(guest, design, wait, stuck_host if "STUCK" in str(wait) else None)
        if machine.said() != "R":
            return "no start"
        machine.wait_full()
        for step, status in (("stop", "paused"), ("cont", "running"), ("stop", "paused"), ("system_reset", "paused"),
                             ("cont", "running")):
            machine.ask(step)
            if status not in machine.ask("info status"):
                return "after %s it is not %s" % (step, status)
        step = "the start after the reset"
        if wait in NO_START_AGAIN:
            machine.ask("system_reset")
        else:
            if machine.said() != "R":
                return "it does not start again"
            step = "reset while it runs"
            machine.wait_full()
            machine.ask("system_reset")
            if machine.said() != "R":
                return "it does not start a third time"
        machine.wait_full()
        step = "the end by %s" % end
        if end == "quit":
            machine.monitor.sendall(b"quit\n")
        else:
            machine.process.send_signal(end)
        machine.process.wait(PATIENCE)
        return "" if machine.process.returncode == 0 else "exit status %d" % machine.process.returncode
    except (OSError, EOFError, subprocess.TimeoutExpired, TimeoutError) as e:
        return "%s: %r" % (step, e)
    finally:
        if machine:
            machine.close()


def test_stop_reset_end(guest):
    stuck_host = os.path.join(BUILD, "tests/cli/stuck-host.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", stuck_host,
                    os.path.join(HERE, "stuck-host.c"), "-ldl"], check=True)
    runs = [(name, design, ENDS[(i + k) % len(ENDS)])
            for i, name in enumerate(WAITS) for k, design in enumerate(DESIGNS)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        wrong = pool.map(lambda run: stop_reset_end(guest, run[1], WAITS[run[0]], stuck_host, run[2]), runs)
        for (name, design, end), text in zip(runs, wrong):
            check(not text, "stop, reset, %s are answered: %s: %s" % (getattr(end, "name", end), name, design), text)


# ---- nothing is lost, nothing comes twice ----

def test_nothing_lost(guest):
    """Lines to the console, stopped again and again while their reader does not read."""
    for design in DESIGNS:
        machine = Machine(guest, design, ("lines", "stdout", []))
        text = b""
        try:
            for _ in range(4):
                machine.wait_full()
                machine.ask("stop")
                machine.ask("cont")
                text += os.read(machine.output["stdout"], 30000)
            while part := os.read(machine.output["stdout"], 65536):
                text += part
        except (OSError, EOFError, TimeoutError) as e:
            text += repr(e).encode()
        finally:
            machine.close()
        check(text == b"".join(b"%05d\n" % n for n in range(99999)),
              "output that waited, was stopped and went on is whole: " + design, text[-200:].decode("utf-8", "replace"))


def test_one_order(guest):
    """The UART and semihosting print on one standard output, with stderr on the same pipe."""
    expected = "".join("%c%d\n" % ("usze"[n % 4], n) for n in range(2000))
    for design in DESIGNS:
        for serial in (["-serial", "stdio"], ["-serial", "mon:stdio"]):
            process = subprocess.run(command(guest, design, "-monitor", "none", *serial, "-semihosting-config",
                                             "enable=on,arg=mixed"), stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
            text = process.stdout.decode("utf-8", "replace").replace("\r", "")
            check(expected in text, "UART and semihosting, one order on one output: %s %s" % (serial[1], design), text)


def test_interrupts(guest):
    """A guest that waits for a character is interrupted, and no character is lost by that."""
    for design in DESIGNS:
        read_end, write_end = os.pipe()
        machine = Machine(guest, design, ("interrupts", "", []), stdin=read_end)
        os.close(read_end)
        ticks = characters = ""
        try:
            if machine.said() == "R":
                for c in "abcdefgh":
                    ticks += machine.said()
                    os.write(write_end, c.encode())
                    while (got := machine.said()) == "T":
                        pass
                    characters += got
        except (OSError, EOFError) as e:
            characters += repr(e)
        finally:
            os.close(write_end)
            machine.close()
        check(ticks == 8 * "T" and characters == "abcdefgh", "SYS_READC waits and interrupts come: " + design,
              ticks + " " + characters)


def test_reports(guest):
    """What is written at the end goes to a FIFO that nobody reads: one signal ends the wait."""
    for what in ("trace", "stats"):
        for end in (signal.SIGTERM, "quit"):
            machine = Machine(guest, DESIGNS[0] + ",stats=on,%s=FIFO" % what, ("readc", "reader", []))
            text = ""
            try:
                if what == "stats":
                    # A report is smaller than a pipe.
                    with open(machine.fifo, "wb", buffering=0) as pipe:
                        os.set_blocking(pipe.fileno(), False)
                        while pipe.write(bytes(4096)):
                            pass
                elif machine.said() == "R":
                    for _ in range(1000):
                        machine.process.stdin.write(b"x")
                    machine.process.stdin.flush()
                    machine.said(1000)
                if end == "quit":
                    machine.monitor.sendall(b"quit\n")
                else:
                    machine.process.send_signal(end)
                machine.process.wait(PATIENCE)
            except (OSError, EOFError, subprocess.TimeoutExpired) as e:
                text = repr(e)
            finally:
                machine.close()
            check(not text and machine.process.returncode == 1,
                  "%s=FIFO that nobody reads: %s ends the emulator" % (what, getattr(end, "name", end)), text)


def main():
    guests = guest_program.images("cli", "flush-wait.c", "waits.c")
    if not guests:
        cases.skip("CPUs that wait", "no cross compiler")
        return 0
    test_flush(guests[0])
    test_one_order(guests[1])
    test_nothing_lost(guests[1])
    test_interrupts(guests[1])
    test_reports(guests[1])
    test_stop_reset_end(guests[1])
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
