#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=60
"""The process that the emulator is started in: without some of the standard streams, which no other file may then be
taken for, and with a small stack. Prints TAP.
"""
import itertools
import os
import resource
import signal
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from machine import M, SCALE, connect, ended, read_until, run_all     # noqa: E402  (no bytecode)

SMALL_STACK = 128 << 10


def close_streams(streams):
    for fd in streams:
        os.close(fd)


def test_closed_streams(cases, files):
    card, path = files.path("card"), files.path("monitor")
    with open(card, "wb") as f:
        f.truncate(1 << 20)
    for streams in itertools.chain.from_iterable(itertools.combinations(range(3), n) for n in (1, 2, 3)):
        p = subprocess.Popen([*M, *files.printer(1000), "-S", "-sd", card, "-display", "none", "-semihosting",
                              "-serial", "stdio", "-monitor", "unix:%s,server=on,wait=off" % path],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             preexec_fn=lambda closed=streams: close_streams(closed))
        with connect(socket.AF_UNIX, path) as s:
            read_until(s.fileno(), rb"\(qemu\) ")
            got = [os.readlink("/proc/%d/fd/%d" % (p.pid, fd)) for fd in streams]
            s.sendall(b"cont\n")
            code = ended(p)
        with open(card, "rb") as f:
            written = f.read().strip(b"\0")
        cases.check(got == ["/dev/null"] * len(streams) and code == 0 and not written,
                    "started without descriptors %s: no other file is in their place" % (streams,),
                    "%s, exit %s, card: %r" % (got, code, written[:40]))


def test_daemon_of_a_daemon(cases, files):
    pidfile = files.path("pid")
    code = subprocess.run([*M, *files.printer(1), "-S", "-daemonize", "-pidfile", pidfile, "-display", "none"],
                          preexec_fn=lambda: close_streams(range(3)), timeout=60 * SCALE, check=False).returncode
    cases.check(code == 0, "-daemonize without standard streams: the shell is told that the machine stands", code)
    if os.path.exists(pidfile):
        with open(pidfile, encoding="ascii") as f:
            os.kill(int(f.read()), signal.SIGTERM)


def test_pid_file_of_another(cases, files):
    """One file of two processes: the second one does not start. What a killed one left is taken over."""
    pidfile, command = files.path("pid"), [*M, *files.printer(1), "-S", "-display", "none", "-serial", "null"]

    def number():
        with open(pidfile, encoding="ascii") as f:
            return f.read().strip()

    def start():
        p = subprocess.Popen([*command, "-pidfile", pidfile, "-monitor", "stdio"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        read_until(p.stdout.fileno(), rb"\(qemu\) ")
        return p

    with open(pidfile, "w", encoding="ascii") as f:
        f.write("12345678901234567890\n")
    p = start()
    cases.check(number() == str(p.pid), "an old file has the new number alone", number())
    late = subprocess.run([*command, "-pidfile", pidfile, "-monitor", "none"], capture_output=True, text=True,
                          timeout=60 * SCALE, check=False)
    cases.check(late.returncode == 1 and "another process has it" in late.stderr and late.stderr.count("\n") == 1,
                "-pidfile of a process that runs", late.stderr)
    cases.check(number() == str(p.pid), "the file is still the first one's", number())
    p.kill()
    p.wait()
    p.stdin.close()
    p.stdout.close()
    p = start()
    cases.check(number() == str(p.pid), "what a killed process left is taken over", number())
    p.stdin.write(b"quit\n")
    p.stdin.flush()
    cases.check(ended(p) == 0 and not os.path.exists(pidfile), "and removed")
    p.stdin.close()
    p.stdout.close()


def test_small_stack(cases, files):
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    for mode in ("thread=multi", "thread=single", "backend=interp"):
        p = subprocess.run([*M, *files.printer(1000), "-accel", "tcg," + mode, "-display", "none",
                            "-semihosting", "-serial", "stdio", "-monitor", "none"], stdin=subprocess.DEVNULL,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (SMALL_STACK, hard)),
                           capture_output=True, check=False)
        cases.check(p.returncode == 0 and len(p.stdout) == 1000, "a stack of 128 KiB, %s" % mode,
                    "exit %s, %s" % (p.returncode, p.stderr))


def test_locked_memory(cases, files):
    """The tables of four CPUs have gigabytes of addresses."""
    wanted = 1 << 30
    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    if os.geteuid() and hard != resource.RLIM_INFINITY and hard < wanted:
        cases.skip("locked memory", "the limit is %d bytes" % hard)
        return
    path = files.path("locked")
    p = subprocess.Popen([*M, *files.printer(1000), "-S", "-smp", "4", "-m", "16", "-overcommit", "mem-lock=on",
                          "-display", "none", "-monitor", "unix:%s,server=on,wait=off" % path],
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with connect(socket.AF_UNIX, path) as s:
        read_until(s.fileno(), rb"\(qemu\) ")
        with open("/proc/%d/status" % p.pid, encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        s.sendall(b"quit\n")
        ended(p)
    locked, resident = (int(status[name].split()[0]) << 10 for name in ("VmLck", "VmRSS"))
    cases.check(locked > 16 << 20 and resident < wanted // 4, "-overcommit mem-lock=on locks what is used",
                "locked %d, resident %d" % (locked, resident))


if __name__ == "__main__":
    sys.exit(run_all(test_closed_streams, test_daemon_of_a_daemon, test_pid_file_of_another, test_small_stack,
                     test_locked_memory))
