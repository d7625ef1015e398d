#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""A signal before the main loop: whatever the emulator waits for while it starts, the first SIGTERM or SIGINT ends it
as one that is not caught, and nothing stays behind. Prints TAP.
"""
import os
import pty
import signal
import socket
import subprocess
import sys
import termios
import time

sys.dont_write_bytecode = True

from machine import ECHO, M, SCALE, connect, ended, read_until, run_all     # noqa: E402  (no bytecode)

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def cpu_time(pid):
    """Ticks used, or None while it is running."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12]) if fields[0] == "S" else None


def wait_blocked(p):
    """Until the emulator sleeps: asleep again and again, without having done anything in between."""
    end = time.monotonic() + 20 * SCALE
    before, same = -1, 0
    while same < 5 and time.monotonic() < end and p.poll() is None:
        time.sleep(0.03)
        now = cpu_time(p.pid)
        same = same + 1 if now is not None and now == before else 0
        before = now


def run(args, **streams):
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
    return subprocess.Popen([*M, "-display", "none", "-monitor", "none", *args], **streams)


def check_ends(cases, name, args, left=(), ready=wait_blocked):
    for signo in SIGNALS:
        p = run(args)
        ready(p)
        p.send_signal(signo)
        code = ended(p)
        stays = [path for path in left if os.path.exists(path)]
        cases.check(code == -signo and not stays, "%s: %s ends it, nothing stays" % (name, signo.name),
                    "exit %s, stays: %s, %r" % (code, stays, p.stderr.read()))
        p.stderr.close()


def said_waiting(p):
    read_until(p.stderr.fileno(), rb"waiting for a connection")


def test_fifos(cases, files):
    """Opening a FIFO that nobody has open at the other side, and reading one into which nobody writes."""
    fifo, kernel, sock, pid = (files.path(name) for name in ("fifo", "kernel", "sock", "pid"))
    os.mkfifo(fifo)
    with open(kernel, "wb") as f:
        f.write(bytes(4096))
    first = ["-serial", "unix:%s,server=on,wait=off" % sock, "-pidfile", pid]
    for name, args in (("-kernel FIFO", ["-kernel", fifo]), ("-initrd FIFO", ["-kernel", kernel, "-initrd", fifo]),
                       ("-dtb FIFO", ["-kernel", kernel, "-dtb", fifo]),
                       ("-device loader FIFO", ["-device", "loader,file=%s,addr=0" % fifo]),
                       ("-D FIFO", ["-D", fifo, "-d", "int"]), ("stats FIFO", ["-accel", "tcg,stats=" + fifo]),
                       ("trace FIFO", ["-accel", "tcg,trace=" + fifo])):
        check_ends(cases, name, [*first, *args], (sock, pid))
    check_ends(cases, "-pidfile FIFO", ["-pidfile", fifo])
    keep = os.open(fifo, os.O_RDWR)
    check_ends(cases, "-kernel FIFO, opened but empty", [*first, "-kernel", fifo], (sock, pid))
    os.close(keep)


def test_connections(cases, files):
    path, late = files.path("client"), files.path("late")
    server = "unix:%s,server=on,wait=on" % path
    check_ends(cases, "waiting for a client", ["-serial", server], (path,), said_waiting)
    check_ends(cases, "the second of two waits", ["-serial", "unix:%s,server=on,wait=off" % late, "-serial", server],
               (path, late), said_waiting)
    full = files.path("full")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(full)
    listener.listen(0)
    queued = connect(socket.AF_UNIX, full)              # the only place in the queue
    check_ends(cases, "connecting to a server that does not accept", ["-serial", "unix:" + full])
    queued.close()
    listener.close()


def test_terminal(cases, files):
    """A terminal that is the console is not raw yet while another line waits for its client: Ctrl-C ends the wait."""
    path = files.path("tty-client")
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)

    def own_terminal():
        os.close(os.open(os.ttyname(0), os.O_RDWR))     # a session's first terminal becomes its controlling one

    for by_key, signo in ((False, signal.SIGTERM), (False, signal.SIGINT), (True, signal.SIGINT)):
        p = run(["-serial", "mon:stdio", "-serial", "unix:%s,server=on,wait=on" % path], stdin=slave, stdout=slave,
                start_new_session=True, preexec_fn=own_terminal)
        said_waiting(p)
        if by_key:
            os.write(master, b"\x03")
        else:
            p.send_signal(signo)
        code = ended(p)
        cases.check(code == -signo and termios.tcgetattr(slave) == before and not os.path.exists(path),
                    "%s while waiting%s: the terminal is as it was" % (signo.name, ", by key" if by_key else ""),
                    "exit %s" % code)
        p.stderr.close()
    os.close(master)
    os.close(slave)


def test_no_wait(cases, files):
    """Named pipes are opened without waiting for the other side; the main loop ends with status 0."""
    fifo, sock = files.path("output"), files.path("nowait")
    os.mkfifo(fifo)
    for name, device in (("file:FIFO", "file:" + fifo), ("pipe:FIFO", "pipe:" + fifo)):
        for signo in SIGNALS:
            p = run(["-serial", device, "-serial", "unix:%s,server=on,wait=off" % sock, *files.program(ECHO)])
            connect(socket.AF_UNIX, sock).close()
            wait_main_loop(p)
            p.send_signal(signo)
            code = ended(p)
            cases.check(code == 0 and not os.path.exists(sock), "%s: %s ends the main loop" % (name, signo.name), code)
            p.stderr.close()


def wait_main_loop(p):
    """Its CPU thread is there: signals are the main loop's by now."""
    end = time.monotonic() + 10 * SCALE
    while time.monotonic() < end and len(os.listdir("/proc/%d/task" % p.pid)) < 2:
        time.sleep(0.02)


def test_error(cases, files):
    """An error at start leaves nothing behind either."""
    sock, pid, bad = files.path("sock"), files.path("pid"), files.path("empty")
    with open(bad, "wb"):
        pass
    p = run(["-serial", "unix:%s,server=on,wait=off" % sock, "-pidfile", pid, "-kernel", bad])
    code = ended(p)
    text = p.stderr.read().decode()
    cases.check(code == 1 and not os.path.exists(sock) and not os.path.exists(pid) and "empty" in text,
                "an error while starting: nothing stays", "exit %s, %s" % (code, text))
    p.stderr.close()


if __name__ == "__main__":
    sys.exit(run_all(test_fifos, test_connections, test_terminal, test_no_wait, test_error))
