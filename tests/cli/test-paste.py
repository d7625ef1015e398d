#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""Input beyond the queue: what is sent to a guest that does not read yet arrives whole, whatever the way, and orders to
the emulator behind it are carried out. The guest is stopped while it is pasted to, then echoes. Prints TAP.
"""
import os
import pty
import re
import select
import socket
import subprocess
import sys
import termios
import threading
import time
import tty

sys.dont_write_bytecode = True

from machine import ECHO, M, SCALE, connect, ended, read_until, run_all     # noqa: E402  (no bytecode)


def printable(size):
    """So that no way changes it."""
    return bytes(33 + (i * 7 + i // 90) % 90 for i in range(size))


PASTE = printable(20000)        # more than a terminal's buffer and the read-ahead hold


class Sender(threading.Thread):
    """Writes, as far as the other side lets it, while the test looks at what happens."""

    def __init__(self, fd, data):
        super().__init__(daemon=True)
        self.fd, self.data = fd, data
        self.start()

    def run(self):
        left = memoryview(self.data)
        try:
            while left:
                left = left[os.write(self.fd, left):]
        except OSError as e:
            print("#", e)


class Monitor:
    """On a socket of its own, for machines whose console has none."""

    def __init__(self, files):
        self.path = files.path("monitor")
        self.option = ["-monitor", "unix:%s,server=on,wait=off" % self.path]

    def cont(self):
        s = connect(socket.AF_UNIX, self.path)
        read_until(s.fileno(), rb"\(qemu\) $")
        s.sendall(b"cont\n")
        read_until(s.fileno(), rb"cont\r\n\(qemu\) $")
        s.close()


def text_of(data):
    """Without telnet's options, and without what a monitor says between the guest's characters."""
    text = re.sub(rb"\xff[\xfb-\xfe].", b"", data, flags=re.S)
    return text.replace(b"(qemu) ", b"").replace(b"\r\n", b"")


def collect(fd, data=b"", size=len(PASTE), timeout=60.0):
    """Until the whole paste has come."""
    end = time.monotonic() + timeout * SCALE
    while (len(data) < size or len(text_of(data)) < size) and time.monotonic() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                got = os.read(fd, 65536)
            except OSError:
                break
            if not got:
                break
            data += got
    return text_of(data)


def difference(got, want):
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    return "%d bytes of %d; differs at %d: %r" % (len(got), len(want), at, got[at:at + 40])


def stop(cases, process):
    process.terminate()
    ended(process)


def echoes(cases, name, read_fd, begin=b""):
    got = collect(read_fd, begin)
    cases.check(got == PASTE, "%s: nothing of a paste is lost" % name, difference(got, PASTE))


def through_monitor(cases, files, name, args, way, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
    """`way` gives the descriptors to write to and to read from, once the emulator runs."""
    monitor = Monitor(files)
    p = subprocess.Popen([*M, "-S", "-display", "none", *monitor.option, *args, *files.program(ECHO)], stdin=stdin,
                         stdout=stdout)
    write_fd, read_fd = way(p)
    Sender(write_fd, PASTE)
    monitor.cont()
    echoes(cases, name, read_fd)
    stop(cases, p)
    os.unlink(monitor.path) if os.path.exists(monitor.path) else None


def through_mux(cases, files, name, args, way, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
    """The order to go on comes behind the paste, through the same device."""
    p = subprocess.Popen([*M, "-S", "-display", "none", *args, *files.program(ECHO)], stdin=stdin, stdout=stdout)
    write_fd, read_fd = way(p)
    Sender(write_fd, PASTE + b"\x01ccont\r\x01c")
    try:
        text = read_until(read_fd, rb"\(qemu\) cont\r\n", 60)
        cases.check(True, "%s: Ctrl-a c works behind a paste that nobody takes" % name)
        echoes(cases, name, read_fd, text.split(b"cont\r\n", 1)[1])
    except AssertionError as e:
        cases.check(False, "%s: Ctrl-a c works behind a paste that nobody takes" % name, e)
    stop(cases, p)

    p = subprocess.Popen([*M, "-S", "-display", "none", *args, *files.program(ECHO)], stdin=stdin, stdout=stdout)
    write_fd, read_fd = way(p)
    Sender(write_fd, PASTE + b"\x01x")
    cases.check(ended(p) == 0, "%s: Ctrl-a x as well" % name)


def pipes(p):
    return p.stdin.fileno(), p.stdout.fileno()


class Terminal:
    """A pseudo-terminal of ours as the emulator's standard input and output."""

    def __init__(self, raw=True):
        self.master, self.slave = pty.openpty()
        if raw:
            tty.setraw(self.slave)
            attributes = termios.tcgetattr(self.slave)
            attributes[1] &= ~termios.ONLCR         # the emulator turns OPOST on: what it prints shall come as it is
            termios.tcsetattr(self.slave, termios.TCSANOW, attributes)

    def way(self, _):
        return self.master, self.master

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def opened_pty(p):
    text = read_until(p.stdout.fileno(), rb"\n").decode()
    fd = os.open(re.search(r"(/dev/pts/\d+)", text).group(1), os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    return fd, fd


class Socket:
    """A server of the emulator's to connect to."""

    def __init__(self, family, address):
        self.family, self.address = family, address
        self.socket = None

    def way(self, _):
        self.socket = connect(self.family, self.address)
        return self.socket.fileno(), self.socket.fileno()


def free_port():
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    return port


def test_stdio(cases, files):
    through_monitor(cases, files, "stdio, pipe", ["-serial", "stdio"], pipes, subprocess.PIPE, subprocess.PIPE)
    through_mux(cases, files, "mon:stdio, pipe", ["-serial", "mon:stdio"], pipes, subprocess.PIPE, subprocess.PIPE)
    for run, device in ((through_monitor, "stdio"), (through_mux, "mon:stdio")):
        terminal = Terminal()
        run(cases, files, "%s, terminal" % device, ["-serial", device], terminal.way, terminal.slave, terminal.slave)
        terminal.close()


def test_size(cases, files, size):
    """Keys of the multiplexer at the start, in the middle and at the end of what nobody takes yet."""
    name, terminal, paste = "terminal, paste of %d KiB" % (size >> 10), Terminal(), printable(size)
    p = subprocess.Popen([*M, "-S", "-display", "none", "-serial", "mon:stdio", *files.program(ECHO)],
                         stdin=terminal.slave, stdout=terminal.slave)
    half = size // 2
    Sender(terminal.master, b"\x01cinfo status\r\x01c" + paste[:half] + b"\x01\x01\x01cinfo version\r\x01c" +
           paste[half:] + b"\x01ccont\r\x01c")
    want = paste[:half] + b"\x01" + paste[half:]
    text = read_until(terminal.master, rb"\(qemu\) cont\r\n")
    cases.check(b"VM status: paused" in text, name + ": a key before it")
    cases.check(re.search(rb"info version\r\n\d+\.\d", text), name + ": a key in the middle", text[:400])
    got = collect(terminal.master, text.split(b"cont\r\n", 1)[1], len(want))
    cases.check(got == want, name + ": arrives whole, with a doubled escape as one", difference(got, want))
    Sender(terminal.master, paste + b"\x01x")
    # It ends when it reads the key, maybe before the guest has taken all that came before.
    end = time.monotonic() + 60 * SCALE
    while p.poll() is None and time.monotonic() < end:
        if select.select([terminal.master], [], [], 0.1)[0]:
            os.read(terminal.master, 65536)
    cases.check(ended(p) == 0, name + ": a key behind it, while the guest takes it")
    terminal.close()


def test_sizes(cases, files):
    for size in (64 << 10, 1 << 20):
        test_size(cases, files, size)


def test_foreign_terminal(cases, files):
    """A terminal that is not our session's, as programs like expect make it, becomes raw as well: a terminal that edits
    lines keeps 4 KiB of each, echoes them itself and holds keys back until the line's end."""
    for device in ("stdio", "mon:stdio"):
        name, terminal = "%s, terminal of no session" % device, Terminal(raw=False)
        before = termios.tcgetattr(terminal.slave)
        p = subprocess.Popen([*M, "-display", "none", "-serial", device, *files.program(ECHO)], stdin=terminal.slave,
                             stdout=terminal.slave, start_new_session=True)
        end = time.monotonic() + 60 * SCALE
        while termios.tcgetattr(terminal.slave)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.02)
        cases.check(not termios.tcgetattr(terminal.slave)[3] & (termios.ICANON | termios.ECHO), name + ": is raw")
        Sender(terminal.master, PASTE)
        echoes(cases, name, terminal.master)
        stop(cases, p)
        cases.check(termios.tcgetattr(terminal.slave) == before, name + ": is put back at the end")
        terminal.close()


def test_signal_key(cases, files):
    """Plain stdio leaves Ctrl-C to the terminal, which does not look at it while nobody reads what came before."""
    master, slave = pty.openpty()

    def own_terminal():
        os.close(os.open(os.ttyname(0), os.O_RDWR))     # a session's first terminal becomes its controlling one

    p = subprocess.Popen([*M, "-S", "-display", "none", "-monitor", "none", "-serial", "stdio", *files.program(ECHO)],
                         stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=own_terminal)
    end = time.monotonic() + 60 * SCALE
    while termios.tcgetattr(slave)[3] & termios.ICANON and time.monotonic() < end:
        time.sleep(0.02)
    Sender(master, PASTE + b"\x03")
    cases.check(ended(p) == 0, "stdio, terminal: Ctrl-C works behind a paste that nobody takes")
    os.close(master)
    os.close(slave)


def test_files(cases, files):
    """A file as standard input, and named pipes."""
    path = files.path("input")
    with open(path, "wb") as f:
        f.write(PASTE)
    with open(path, "rb") as f:
        through_monitor(cases, files, "stdio, file", ["-serial", "stdio"],
                        lambda p: (os.open("/dev/null", os.O_WRONLY), p.stdout.fileno()), f, subprocess.PIPE)
    for suffix in (".in", ".out"):
        os.mkfifo(files.path("pipe" + suffix))
    through_monitor(cases, files, "named pipes", ["-serial", "pipe:" + files.path("pipe")],
                    lambda p: (os.open(files.path("pipe.in"), os.O_RDWR), os.open(files.path("pipe.out"), os.O_RDWR)))


def test_sockets(cases, files):
    path, port = files.path("serial"), free_port()
    for name, kind, address, family in (("unix", "unix:%s" % path, path, socket.AF_UNIX),
                                        ("tcp", "tcp:127.0.0.1:%d" % port, ("127.0.0.1", port), socket.AF_INET),
                                        ("telnet", "telnet:127.0.0.1:%d" % port, ("127.0.0.1", port), socket.AF_INET)):
        way = Socket(family, address).way
        through_monitor(cases, files, name, ["-serial", kind + ",server=on,wait=off"], way)
        through_mux(cases, files, "mon:" + name, ["-serial", "mon:%s,server=on,wait=off" % kind], way)
    through_monitor(cases, files, "pty", ["-serial", "pty"], opened_pty, stdout=subprocess.PIPE)


def test_monitor(cases, files):
    """A monitor takes lines of any length, and many; one that is too long is not executed by half."""
    p = subprocess.Popen([*M, "-S", "-monitor", "stdio", "-serial", "none"], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    commands = b"".join(b"cpu %d\n" % (100 + i) for i in range(2000))
    Sender(p.stdin.fileno(), commands + b"x" * 60000 + b"\n" + b"quit " + b" " * 100000 + b"\n" + b"info status\n")
    try:
        text = read_until(p.stdout.fileno(), rb"VM status: paused", 60)
        missing = [i for i in range(2000) if b"'%d' is not a CPU" % (100 + i) not in text]
        cases.check(not missing, "monitor: every command of a paste is executed", missing[:10])
        cases.check(b"unknown command: '%s'" % (b"x" * 60000) in text, "monitor: a long line is a whole line")
        cases.check(b"not executed" in text, "monitor: a line that is too long is refused as a whole")
    except AssertionError as e:
        cases.check(False, "monitor: a paste", str(e)[:2000])
    stop(cases, p)


if __name__ == "__main__":
    sys.exit(run_all(test_stdio, test_sizes, test_foreign_terminal, test_signal_key, test_files, test_sockets,
                     test_monitor))
