#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""Terminals, sockets, pseudo-terminals, signals and slow readers around a machine that runs a few instructions."""
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import termios
import time
import tty

sys.dont_write_bytecode = True

from machine import ECHO, M, SCALE, connect, ended, read_until, run_all     # noqa: E402  (no bytecode)


def test_slow_reader(cases, files):
    count = 10 << 20
    expected = bytes(32 + (i & 63) for i in range(64)) * (count // 64)
    p = subprocess.Popen([*M, "-nographic", "-semihosting", *files.printer(count)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE)
    got = b""
    parts = []
    while True:
        part = os.read(p.stdout.fileno(), 65536)
        if not part:
            break
        parts.append(part)
        if len(parts) % 64 == 0:
            time.sleep(0.02)
    got = b"".join(parts)
    code = ended(p)
    cases.check(code == 0 and got == expected, "10 MiB through a UART into a slow pipe: all there",
                "exit %s, %d bytes, %s" % (code, len(got), got[:80]))


def test_no_reader(cases, files):
    p = subprocess.Popen([*M, "-nographic", "-semihosting", *files.printer(1 << 30)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    start = time.monotonic()
    p.send_signal(signal.SIGTERM)
    code = ended(p)
    err = p.stderr.read().decode()
    cases.check(code == 0 and time.monotonic() - start < 5 * SCALE and "terminating on signal 15 from pid" in err,
                "SIGTERM ends an emulator whose output nobody reads", "exit %s, %r" % (code, err))
    p.stdout.close()
    p = subprocess.Popen([*M, "-nographic", "-semihosting", *files.printer(1 << 20)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.close()
    cases.check(ended(p, 30) == 0, "a reader who goes away does not stop the guest", p.stderr.read())


def test_stdin_eof(cases, files):
    p = subprocess.Popen([*M, "-nographic", *files.program(ECHO)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(b"hello")
    p.stdin.close()
    try:
        read_until(p.stdout.fileno(), b"hello")
        time.sleep(0.3)
        good = p.poll() is None
    except AssertionError as e:
        good = e
    cases.check(good is True, "the end of standard input does not end the guest", good)
    p.terminate()
    cases.check(ended(p) == 0, "SIGTERM ends it with exit code 0")


def test_terminal(cases, files):
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)

    def own_terminal():
        os.close(os.open(os.ttyname(0), os.O_RDWR))     # a session's first terminal becomes its controlling one

    def run(*args):
        return subprocess.Popen([*M, *args, *files.program(ECHO)], stdin=slave, stdout=slave, stderr=slave,
                                start_new_session=True, preexec_fn=own_terminal)

    def wait_raw(raw=True):
        end = time.monotonic() + 10 * SCALE
        while bool(termios.tcgetattr(slave)[3] & termios.ICANON) == raw and time.monotonic() < end:
            time.sleep(0.02)
        return bool(termios.tcgetattr(slave)[3] & termios.ICANON) != raw

    p = run("-nographic")
    cases.check(wait_raw(), "terminal: raw while the emulator runs")
    os.write(master, b"ab\x03\x1a\rc")
    try:
        good = read_until(master, b"ab\x03\x1a\rc")
    except AssertionError as e:
        good = None
        print("#", e)
    cases.check(good, "terminal: keys reach the guest one by one, Ctrl-C and Ctrl-Z too")
    os.write(master, b"\x01h")
    read_until(master, b"C-a x")
    os.write(master, b"\x01c")
    read_until(master, rb"\(qemu\) ")
    os.write(master, b"inf\tstatux\x7fs\r")
    try:
        good = read_until(master, b"VM status: running")
    except AssertionError as e:
        good = None
        print("#", e)
    cases.check(good, "terminal: Ctrl-a c shows the monitor; completion and correction work")
    os.write(master, b"\x01x")
    cases.check(ended(p) == 0 and termios.tcgetattr(slave) == before, "terminal: Ctrl-a x ends, the settings are back")

    p = run("-nographic")
    wait_raw()
    p.send_signal(signal.SIGTERM)
    cases.check(ended(p) == 0 and termios.tcgetattr(slave) == before, "terminal: the settings are back after SIGTERM")

    p = run("-nographic")
    wait_raw()
    p.send_signal(signal.SIGABRT)
    cases.check(ended(p) == -signal.SIGABRT and termios.tcgetattr(slave) == before,
                "terminal: the settings are back after a crash")

    p = run("-nographic", "-serial", "stdio")
    wait_raw()
    os.write(master, b"\x03")
    cases.check(ended(p) == 0 and termios.tcgetattr(slave) == before,
                "terminal: plain stdio leaves Ctrl-C to the emulator")

    p = run("-nographic")
    wait_raw()
    p.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    termios.tcsetattr(slave, termios.TCSANOW, before)
    p.send_signal(signal.SIGCONT)
    cases.check(wait_raw(), "terminal: raw again after SIGCONT")
    p.terminate()
    ended(p)
    os.close(master)
    os.close(slave)


def monitor_dialogue(s):
    read_until(s.fileno(), rb"monitor - type 'help'.*\(qemu\) $")
    s.sendall(b"info status\n")
    read_until(s.fileno(), rb"VM status: paused \(prelaunch\)\r\n\(qemu\) $")


def test_telnet(cases):
    """The monitor on telnet: the options are offered, what the client negotiates is not taken for commands."""
    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    p = subprocess.Popen([*M, "-S", "-monitor", "telnet:127.0.0.1:%d,server,nowait" % port, "-serial", "none"],
                         stdin=subprocess.DEVNULL)
    for i in range(2):
        s = connect(socket.AF_INET, ("127.0.0.1", port))
        try:
            greeting = read_until(s.fileno(), rb"\(qemu\) $")
            good = greeting.startswith(b"\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00")
            # Options, a subnegotiation with an escaped 255 in it, and one that is cut in the middle of the command.
            s.sendall(b"\xff\xfd\x01\xff\xfb\x1f\xff\xfa\x1f\x00\xff\xff\x00\x18\xff\xf0in")
            s.sendall(b"fo \xff")
            time.sleep(0.1)
            s.sendall(b"\xfbXstatus\r\0")
            good = good and read_until(s.fileno(), rb"^info status\r\nVM status: paused \(prelaunch\)\r\n\(qemu\) $")
            s.sendall(b"info version\r\n")
            answer = read_until(s.fileno(), rb"\(qemu\) $")
            good = good and answer.count(b"(qemu)") == 1
        except AssertionError as e:
            good = e
        cases.check(good is True, "monitor on telnet, connection %d" % (i + 1), good)
        if i:
            s.sendall(b"q\r\n")
        s.close()
    cases.check(ended(p) == 0, "quit over telnet")


def test_sockets(cases, files):
    path = files.path("mon")
    p = subprocess.Popen([*M, "-S", "-monitor", "unix:%s,server,nowait" % path, "-serial", "none"],
                         stdin=subprocess.DEVNULL)
    for i in range(2):
        s = connect(socket.AF_UNIX, path)
        try:
            monitor_dialogue(s)
            good = True
        except AssertionError as e:
            good = e
        cases.check(good is True, "monitor on a Unix socket, connection %d" % (i + 1), good)
        if i:
            s.sendall(b"q\n")
        s.close()
    cases.check(ended(p) == 0 and not os.path.exists(path), "quit; the socket's file is gone")

    test_telnet(cases)

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    p = subprocess.Popen([*M, "-monitor", "none", "-serial", "tcp:127.0.0.1:%d" % port, *files.program(ECHO)],
                         stdin=subprocess.DEVNULL)
    s, _ = listener.accept()
    s.sendall(b"ping")
    try:
        good = read_until(s.fileno(), b"ping")
    except AssertionError as e:
        good = None
        print("#", e)
    cases.check(good, "a serial line as TCP client")
    s.close()
    listener.close()
    time.sleep(0.2)
    cases.check(p.poll() is None, "the guest goes on when the connection ends")
    p.terminate()
    ended(p)

    free = socket.create_server(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    p = subprocess.Popen([*M, "-monitor", "none", "-serial", "tcp::%d,server=on,wait=on" % port, *files.program(ECHO)],
                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    s = connect(socket.AF_INET, ("127.0.0.1", port))
    s.sendall(b"pong")
    try:
        good = read_until(s.fileno(), b"pong")
    except AssertionError as e:
        good = None
        print("#", e)
    cases.check(good, "a serial line as TCP server that waits")
    p.terminate()
    ended(p)
    s.close()
    cases.check(b"waiting for a connection" in p.stderr.read(), "it says what it waits for")


def test_pty(cases, files):
    p = subprocess.Popen([*M, "-monitor", "none", "-serial", "pty", *files.program(ECHO)], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE)
    text = read_until(p.stdout.fileno(), rb"\n").decode()
    found = re.match(r"char device redirected to (/dev/pts/\d+) \(label serial0\)\n", text)
    cases.check(found, "pty: its name is told", text)
    for i in range(2 if found else 0):
        fd = os.open(found.group(1), os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)
        time.sleep(0.5)
        os.write(fd, b"echo")
        try:
            good = read_until(fd, b"echo")
        except AssertionError as e:
            good = None
            print("#", e)
        cases.check(good, "pty: opened for the %s time" % ("first", "second")[i])
        os.close(fd)
        time.sleep(0.5)
    p.terminate()
    cases.check(ended(p) == 0, "pty: ends")


# Sends back what semihosting's console reads, to and including a dot.
SEMI_ECHO = [
    0xe3a00007,         # mov   r0, #7                  SYS_READC
    0xe3a01000,         # mov   r1, #0
    0xef123456,         # svc   0x123456
    0xe1a04000,         # mov   r4, r0
    0xe3a01a01,         # mov   r1, #0x1000
    0xe5c10000,         # strb  r0, [r1]
    0xe3a00003,         # mov   r0, #3                  SYS_WRITEC
    0xef123456,         # svc   0x123456
    0xe354002e,         # cmp   r4, #'.'
    0x1afffff5,         # bne   (the start)
    0xe3a00018,         # mov   r0, #0x18               SYS_EXIT
    0xe59f1000,         # ldr   r1, [pc]
    0xef123456,         # svc   0x123456
    0x00020026,
]


def test_semihosting(cases, files):
    path = files.path("semi")
    p = subprocess.Popen([*M, *files.program(SEMI_ECHO), "-display", "none", "-monitor", "none", "-serial", "none",
                          "-chardev", "socket,id=c,server=on,path=" + path, "-semihosting-config",
                          "enable=on,chardev=c"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with connect(socket.AF_UNIX, path) as s:
        s.sendall(b"x" * 200000 + b".")         # more than the pipe takes
        got = b""
        while not got.endswith(b"."):
            piece = s.recv(65536)
            assert piece, "closed after %d bytes" % len(got)
            got += piece
        cases.check(ended(p) == 0 and len(got) == 200001, "semihosting reads and writes a character device", len(got))
    p = subprocess.run([*M, *files.program(SEMI_ECHO), "-display", "none", "-chardev", "stdio,id=c,mux=on", "-serial",
                        "chardev:c", "-semihosting-config", "enable=on,chardev=c"], input=b"\1cno\1chi there.",
                       capture_output=True, timeout=60 * SCALE, check=False)
    cases.check(p.returncode == 0 and p.stdout.endswith(b"hi there."), "and shares it with a serial line", p)


# To User mode; SYS_EXIT with r1 as for success. What comes to the SVC vector ends with r1 = 0 instead.
SEMI_USER = [
    0xea000003,         # b     (start)
    0xeafffffe,
    0xe3a01000,         # mov   r1, #0                  vector: SVC
    0xe3a00018,         # mov   r0, #0x18
    0xef123456,         # svc   0x123456
    0xe321f010,         # start: msr cpsr_c, #0x10
    0xe3a00018,         # mov   r0, #0x18               SYS_EXIT
    0xe59f1000,         # ldr   r1, [pc]
    0xef123456,         # svc   0x123456
    0x00020026,
]


def test_semihosting_of_user_programs(cases, files):
    for option, code in (("enable=on", 1), ("enable=on,userspace=off", 1), ("enable=on,userspace=on", 0)):
        p = subprocess.run([*M, *files.program(SEMI_USER), "-display", "none", "-serial", "none", "-monitor", "none",
                            "-semihosting-config", option], stdin=subprocess.DEVNULL, capture_output=True,
                           timeout=60 * SCALE, check=False)
        cases.check(p.returncode == code, "semihosting of User mode: " + option, p)


def test_reconnect(cases, files):
    path = files.path("late")
    for address, family in ((("127.0.0.1", 0), socket.AF_INET), (path, socket.AF_UNIX)):
        server = socket.socket(family)
        server.bind(address)
        server.settimeout(60 * SCALE)
        where = "unix:" + path if family == socket.AF_UNIX else "tcp:127.0.0.1:%d,ipv4=on" % server.getsockname()[1]
        p = subprocess.Popen([*M, *files.program(ECHO), "-display", "none", "-monitor", "none", "-serial",
                              where + ",reconnect=1"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            time.sleep(0.3)                     # the first attempt is refused, most likely
            server.listen()
            for n in range(2):
                with server.accept()[0] as s:
                    s.settimeout(60 * SCALE)
                    s.sendall(b"hello")
                    got = b""
                    while len(got) < 5:
                        got += s.recv(5) or b"?????"
                cases.check(got == b"hello", "reconnect, %s: client %d" % (where.split(":")[0], n), got)
        finally:
            p.terminate()
            cases.check(ended(p) == 0, "reconnect: ends", p.stderr.read())
            p.stderr.close()
            server.close()


def test_inherited_socket(cases, files):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        p = subprocess.Popen([*M, *files.printer(100), "-display", "none", "-monitor", "none", "-semihosting",
                              "-chardev", "socket,id=c,fd=%d" % theirs.fileno(), "-serial", "chardev:c"],
                             stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        theirs.close()
        got = read_until(ours.fileno(), b".{100}")
        cases.check(ended(p) == 0 and len(got) == 100, "an inherited socket", got)


def test_append(cases, files):
    path = files.path("append")
    for _ in range(2):
        p = subprocess.run([*M, *files.printer(100), "-display", "none", "-monitor", "none", "-semihosting", "-chardev",
                            "file,id=c,append=on,path=" + path, "-serial", "chardev:c"], stdin=subprocess.DEVNULL,
                           timeout=60 * SCALE, check=False)
    with open(path, "rb") as f:
        got = f.read()
    cases.check(p.returncode == 0 and len(got) == 200 and got[:100] == got[100:], "a file that is appended to", got)


def test_serial_line(cases, files):
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    for spec in (["-serial", os.ttyname(slave)],
                 ["-chardev", "serial,id=c,path=" + os.ttyname(slave), "-serial", "chardev:c"]):
        p = subprocess.Popen([*M, *files.program(ECHO), "-display", "none", "-monitor", "none", *spec],
                             stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60 * SCALE
        while termios.tcgetattr(slave)[3] & termios.ECHO and time.monotonic() < deadline:
            time.sleep(0.02)
        os.write(master, b"one\r\3two\n")
        got = read_until(master, b"two")
        p.terminate()
        cases.check(ended(p) == 0 and got.startswith(b"one\r\3two"), "a terminal of the host: every byte", got)
        cases.check(termios.tcgetattr(slave)[:4] == before[:4], "and its settings come back")
    os.close(master)
    os.close(slave)
    p = subprocess.run([*M, "-serial", "/dev/null", "-S", "-monitor", "stdio", "-display", "none"], input=b"quit\n",
                       capture_output=True, check=False)
    cases.check(p.returncode == 0 and not p.stderr, "a character device that is no terminal", p.stderr)
    p = subprocess.run([*M, "-chardev", "serial,id=c,path=" + __file__, "-serial", "chardev:c"], capture_output=True,
                       check=False)
    cases.check(p.returncode == 1 and b"not a terminal" in p.stderr, "what is no terminal", p.stderr)


def test_run_state(cases, files):
    pidfile = files.path("pid")
    p = subprocess.Popen([*M, "-monitor", "stdio", "-pidfile", pidfile, *files.program(ECHO)], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)

    def ask(command, answer):
        p.stdin.write(command.encode() + b"\n")
        p.stdin.flush()
        try:
            return read_until(p.stdout.fileno(), answer)
        except AssertionError as e:
            print("#", e)
            return None

    def ask_until(command, answer):
        """Again and again: the CPU's thread may not have got to it yet."""
        for _ in range(50):
            p.stdin.write(command.encode() + b"\n")
            p.stdin.flush()
            try:
                return read_until(p.stdout.fileno(), answer, 0.2)
            except AssertionError as e:
                error = e
        print("#", error)
        return None

    read_until(p.stdout.fileno(), rb"\(qemu\) ")
    with open(pidfile, encoding="ascii") as f:
        cases.check(int(f.read()) == p.pid, "-pidfile")
    time.sleep(0.5 * SCALE)
    cases.check(ask("stop", rb"\(qemu\) ") and ask("info status", rb"paused\r"), "monitor: stop")
    cases.check(ask("info registers", rb"R00=10009000"), "monitor: registers of a stopped CPU")
    cases.check(ask("xp/2xw 0", rb"00000000: 0xe3a00201 0xe3800a09"), "monitor: memory")
    cases.check(ask("x/i 4", rb"orr"), "monitor: instructions")
    check_spellings(cases, ask)
    cases.check(ask("system_reset", rb"\(qemu\) ") and ask("info status", rb"paused\r"),
                "monitor: reset of a stopped machine")
    cases.check(ask("info registers", rb"R15=00000000"), "monitor: the program counter after reset")
    cases.check(ask("cont", rb"\(qemu\) ") and ask("info status", rb"running"), "monitor: cont")
    cases.check(ask("info mtree", rb"00000000-07ffffff \(ram\)"), "monitor: map")
    cases.check(ask("info jit", rb"valid blocks: \d+ guest instructions.*find_fast"), "monitor: info jit")
    cases.check(ask("info accel", rb"thread: multi\r\nccache: unified\r\n"), "monitor: info accel")
    cases.check(ask("info irq", rb"controller +CPU +ID +kind +acknowledged.*\r\n"), "monitor: info irq")
    # A reset CPU has an empty table until it runs.
    cases.check(ask_until("info tlb", rb"MMU off, privileged \(current\)\r\n"
                                      rb"  00000000-00000fff -> 00000000  (r-x holds code|--x)"),
                "monitor: info tlb")
    cases.check(ask("system_powerdown", rb"no power button"), "monitor: system_powerdown")
    for _ in range(20):
        p.stdin.write(b"system_reset\nstop\ncont\n")
    cases.check(ask("info version", rb"\d+\.\d+\.\d+\r"), "monitor: many resets")
    cases.check(ask("nonsense", rb"unknown command: 'nonsense'"), "monitor: unknown command")
    p.stdin.write(b"quit\n")
    p.stdin.flush()
    cases.check(ended(p) == 0 and not os.path.exists(pidfile), "monitor: quit; the pid file is gone")


# What users of QEMU type, and what comes out; r0 is 0x10009000.
SPELLINGS = [
    ("xp /2xw 0", r"00000000: 0xe3a00201 0xe3800a09"), ("xp /2x 0", r"00000000: 0xe3a00201 0xe3800a09"),
    ("xp  /2   0", r"00000000: 0xe3a00201 0xe3800a09"), ("  xp/2wx  0  ", r"00000000: 0xe3a00201 0xe3800a09"),
    ("xp 0", r"00000000: 0xe3a00201\r"), ("xp / 0", r"00000000: 0xe3a00201\r"), ("xp/ 0", r"00000000: 0xe3a00201\r"),
    ("x /1i 4", r"orr"), ("x /2xw $r0 - 0x10009000", r"00000000: 0xe3a00201 0xe3800a09"),
    ("x /1xw ($R0&0xf) + 2 * 2", r"00000004: 0xe3800a09"), ("x/1xh 'a'-0x61", r"00000000: 0x0201"),
    ("xp", r"usage: xp /FMT ADDR"), ("xp /4x", r"usage: xp /FMT ADDR"), ("xp /4y 0", r"'4y' is not a format"),
    ("xp 0 4", r"'0 4': what follows"), ("x $r16", r"'\$r16': unknown register"), ("x $", r"unknown register"),
    ("print $r0", r"0x10009000\r"), ("p $r0+1", r"0x10009001\r"), ("p/x ~1", r"0xfffffffffffffffe\r"),
    ("p /d 2-1-1", r"\n0\r"), ("p/d -7 / 2", r"-3\r"), ("p/x 1|2^3&7", r"\n0\r"), ("p/x 0x10 * 2 + 1", r"0x21\r"),
    ("p/o 8", r"010\r"), ("p/c 65", r"'A'\r"), ("p/c 10", r"'\\x0a'\r"), ("p/u -1", r"18446744073709551615\r"),
    ("p/d (0x8000000000000000) / -1", r"-9223372036854775808\r"), ("p 7%4", r"0x3\r"), ("p $cpsr & 0x1f", r"0x13\r"),
    ("p 1/0", r"division by zero"), ("p 1%0", r"division by zero"), ("p (1", r"'\)' expected"), ("p 1<<2", r"'1<<2': "),
    ("p 2 +", r"unexpected end"), ("p 12x", r"not a number"), ("p 'a", r"a character is written"),
    ("p/i 1", r"'i' is not a format"), ("p " + "(" * 5000, r"too many brackets"),
    ("p " + "-~" * 5000 + "1", r"too many"),
    ("quit/now 1", r"usage: quit"), ("/4x 0", r"unknown command: '/4x'"),
]


def check_spellings(cases, ask):
    for command, answer in SPELLINGS:
        cases.check(ask(command, answer.encode()), "monitor: %s" % command[:40])


def test_no_shutdown(cases, files):
    p = subprocess.Popen([*M, "-monitor", "stdio", "-serial", "null", "-semihosting", "-no-shutdown",
                          *files.printer(10)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    time.sleep(1 * SCALE)
    p.stdin.write(b"info status\n")
    p.stdin.flush()
    try:
        good = read_until(p.stdout.fileno(), rb"paused \(shutdown\)")
    except AssertionError as e:
        good = None
        print("#", e)
    cases.check(good, "-no-shutdown: the machine stops, the emulator stays")
    p.stdin.write(b"quit\n")
    p.stdin.flush()
    cases.check(ended(p) == 0, "-no-shutdown: quit still ends it")


def echoes(device, connect_to, files):
    """The machine's serial line on that device sends back what it gets; what the emulator says."""
    p = subprocess.Popen([*M, "-display", "none", "-monitor", "none", "-chardev", device, "-serial", "chardev:c",
                          *files.program(ECHO)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        with connect_to() as s:
            s.sendall(b"ping")
            return read_until(s.fileno(), b"ping")
    except AssertionError as e:
        print("#", e)
        return None
    finally:
        p.terminate()
        ended(p)
        p.stderr.close()


def test_abstract(cases, files):
    name = files.path("hidden")
    for tight, padded in (("", 0), (",tight=on", 0), (",tight=off", 108 - 1 - len(name))):
        address = "\0" + name + "\0" * padded
        cases.check(echoes("socket,id=c,server=on,wait=off,abstract=on,path=" + name + tight,
                           lambda: connect(socket.AF_UNIX, address), files), "an abstract name" + tight)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(address)
            server.listen(1)
            server.settimeout(60 * SCALE)
            cases.check(echoes("socket,id=c,abstract=on,path=" + name + tight, lambda: server.accept()[0], files),
                        "a client of an abstract name" + tight)
    cases.check(not os.path.exists(name), "it is in no file system")


def test_ports(cases, files):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        device = "socket,id=c,server=on,wait=off,ipv4=on,host=127.0.0.1,port=%d" % port
        p = subprocess.run([*M, "-display", "none", "-monitor", "none", "-chardev", device], stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=60 * SCALE, check=False)
        cases.check(p.returncode == 1 and b"Address already in use" in p.stderr, "a port that is taken", p)
        p = subprocess.Popen([*M, "-display", "none", "-monitor", "stdio", "-chardev", device + ",to=65535", "-serial",
                              "chardev:c", *files.program(ECHO)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        p.stdin.write(b"info status\n")
        p.stdin.flush()
        good = read_until(p.stdout.fileno(), b"running")
        own = {os.readlink("/proc/%d/fd/%s" % (p.pid, fd)) for fd in os.listdir("/proc/%d/fd" % p.pid)}
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table]
        ports = [int(row[1].rsplit(":", 1)[1], 16) for row in rows if "socket:[%s]" % row[9] in own]
        cases.check(good and len(ports) == 1 and port < ports[0], "to=: the next one that is free", ports)
        p.terminate()
        ended(p)


# Writes what stands behind it on UART 0, up to a zero, and waits.
def saying(text):
    return [
        0xe3a00201, 0xe3800a09,
        0xe3a02070, 0xe580202c,
        0xe3a02c03, 0xe3822001, 0xe5802030,
        0xe28f3010,         # add   r3, pc, #16             the text
        0xe4d31001,         # loop: ldrb r1, [r3], #1
        0xe3510000,         # cmp   r1, #0
        0x15801000,         # strne r1, [r0]
        0x1afffffb,         # bne   loop
        0xeafffffe,
        *(int.from_bytes(text[i:i + 4].ljust(4, b"\0"), "little") for i in range(0, len(text) + 1, 4)),
    ]


def test_testdev(cases, files):
    for text, code in ((b"q", 1), (b"x5q", 11), (b"200q", 145)):
        p = subprocess.run([*M, "-display", "none", "-monitor", "none", "-chardev", "testdev,id=c", "-serial",
                            "chardev:c", *files.program(saying(text))], stdin=subprocess.DEVNULL, capture_output=True,
                           timeout=60 * SCALE, check=False)
        cases.check(p.returncode == code and not p.stderr, "testdev: %s" % text.decode(), p)


if __name__ == "__main__":
    sys.exit(run_all(test_stdin_eof, test_slow_reader, test_no_reader, test_terminal, test_sockets, test_pty,
                     test_run_state, test_no_shutdown, test_semihosting, test_semihosting_of_user_programs,
                     test_reconnect, test_inherited_socket, test_append, test_serial_line, test_abstract, test_ports,
                     test_testdev))
