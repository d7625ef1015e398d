#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""The monitor for people: what it tells of devices, maps, interrupts and registers; the tab key, history and the keys
of its line. Prints TAP.
"""
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from machine import MMU_ON, QEMU, SCALE, Cases, connect, ended      # noqa: E402  (path set above)

# Enables interrupt 36 at the core tile's controller, then turns the MMU on with the table at 0x4000.
PROGRAM = [
    0xe3a01201,         # mov   r1, #0x10000000
    0xe3811601,         # orr   r1, r1, #0x100000
    0xe3811a01,         # orr   r1, r1, #0x1000
    0xe3a02010,         # mov   r2, #0x10
    0xe5812104,         # str   r2, [r1, #0x104]            set-enable of 32 to 63
    *MMU_ON,
    0xeafffffe,         # b     .
]
TABLE = {
    0x4000: 0x00000c02,         # 00000000 -> 00000000, for all
    0x7000: 0x00100402,         # c0000000 -> 00100000, privileged; two in a row
    0x7004: 0x00200402,
    0x7008: 0x00400412,         # c0200000 -> 00400000, privileged, not executable
    0x700c: 0x00500002,         # c0300000 -> 00500000, for nobody
}


class Terminal:
    """A monitor as a person sees it."""

    def __init__(self, path):
        self.socket = connect(socket.AF_UNIX, path)
        self.socket.settimeout(60 * SCALE)
        self.until(rb"\(qemu\) $")

    def until(self, pattern):
        data = b""
        while not re.search(pattern, data, re.S):
            try:
                got = self.socket.recv(65536)
            except TimeoutError:
                got = b""
            assert got, "%r, not %r" % (data[-300:], pattern)
            data += got
        return data

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\n")
        answer = self.until(rb"\r\n(.*\r\n)?\(qemu\) $").decode()
        return answer[answer.index("\r\n") + 2:answer.rindex("(qemu) ")].replace("\r\n", "\n")

    def keys(self, keys, pattern):
        """What is on the line matches when these have been pressed."""
        self.socket.sendall(keys)
        return self.until(pattern)

    def rests(self):
        """Forget the line."""
        self.keys(b"\x15", rb"\r\(qemu\) \x1b\[K$")


def tells(cases, t):
    t.ask("cont")
    while "c0300000" not in t.ask("info mem"):
        pass                    # the MMU is not on yet
    t.ask("stop")
    cases.check(t.ask("info mem") == "virtual           size        physical priv user\n"
                "00000000-000fffff 00100000 -> 00000000 rwx rwx global\n"
                "c0000000-c01fffff 00200000 -> 00100000 rwx --- global\n"
                "c0200000-c02fffff 00100000 -> 00400000 rw- --- global\n"
                "c0300000-c03fffff 00100000 -> 00500000 --- --- global\n", "info mem", t.ask("info mem"))
    text = t.ask("info registers")
    for piece in ("R15=00000034", "FPSCR: 00000000", "ttbr0      00004000", "dacr       00000001",
                  "midr       410fb022", "sp_irq     ", "d15="):
        cases.check(piece in text, "info registers: %s" % piece, text)
    cases.check(t.ask("gva2gpa 0xc0100004") == "gpa: 0x200004\n", "gva2gpa")
    cases.check(t.ask("gva2gpa 0x80000000") == "Unmapped\n", "gva2gpa: nothing there")
    text = t.ask("info qtree")
    cases.check('dev: pl011, id "uart0"\n    mmio 0000000010009000/0000000000001000\n' in text, "info qtree", text)
    text = t.ask("info qom-tree")
    cases.check("/machine (realview-eb-mpcore-machine)\n" in text and "  /uart0 (pl011)\n" in text
                and "  /cpu3 (arm11mpcore-cpu)\n" in text, "info qom-tree", text)
    text = t.ask("info qom-tree uart0")
    cases.check(re.search(r"^  cr = 0x300$", text, re.M) and re.search(r"^  register \+0x018 FR$", text, re.M),
                "info qom-tree DEVICE", text)
    cases.check(t.ask("info qom-tree /machine/uart0") == text, "info qom-tree PATH")
    cases.check("there is no device" in t.ask("info qom-tree nonsense"), "info qom-tree of what is not there")
    for line in [name for name in re.findall(r"^  /(\S+) ", t.ask("info qom-tree"), re.M)]:
        text = t.ask("info qom-tree " + line)
        if not text.startswith("/machine/%s (" % line):
            cases.check(False, "info qom-tree %s" % line, text)
    cases.check("00000000-03ffffff (ram): ram" in t.ask("info mtree -f"), "info mtree -f")
    cases.check("00000000-03ffffff (ram): ram" in t.ask("info mtree -d -o -D"), "info mtree with QEMU's other flags")
    cases.check("usage" in t.ask("info mtree -x"), "info mtree -x")
    one, bad = t.ask("info registers 0"), t.ask("info registers 9")
    cases.check("CPU#0" in one and "R00=" in one and "no CPU '9'" in bad, "info registers CPU", bad)
    for line in ("info block -v", "info block -n -v sd0", "info block sd0"):
        cases.check(t.ask(line).startswith("sd0: "), line)
    cases.check("no drive 'x'" in t.ask("info block -v x"), "info block of a drive that there is not")
    cases.check("serial0: filename=null\n" in t.ask("info chardev"), "info chardev")
    text = t.ask("info roms")
    cases.check(re.search(r'^addr=00000000 size=0x0*38 mem=ram name=".*program"$', text, re.M)
                and "addr=00007000 size=0x000004" in text, "info roms", text)
    text = t.ask("info pic")
    cases.check(re.search(r"^arm11mp-gic +3 interface off, mask 0xf0, output low$", text, re.M), "info pic", text)
    cases.check(re.search(r"^arm11mp-gic +any +36 SPI +yes +- +- +low +level +0x00 ", text, re.M), "info pic: enabled",
                text)
    cases.check("Nothing is captured" in t.ask("info capture"), "info capture")
    cases.check(t.ask("info memory_size_summary") == "base memory: %d\nplugged memory: 0\n" % (64 << 20),
                "info memory_size_summary")
    cases.check(re.search(r"^sd0: rd_bytes=0 wr_bytes=0 ", t.ask("info blockstats")), "info blockstats")
    cases.check(t.ask("info history").endswith("1: 'info blockstats'\n0: 'info history'\n"), "info history")
    cases.check(t.ask("watchdog_action pause") == "" and "not 'x'" in t.ask("watchdog_action x"), "watchdog_action")
    for line, says in (("device_add x", "no device that can be plugged in"), ("info pci", "this board has none"),
                       ("drive_add x", "unknown property 'x'"), ("exit_preconfig", "the command line fixes"),
                       ("info kvm", "not compiled"), ("info numa", "0 nodes"), ("info dump", "Status: none"),
                       ("logfile /nonexistent/x", "the log stays where it is"), ("singlestep x", "not 'x'"),
                       ("balloon 3", "no balloon"), ("info x", "unknown info item")):
        cases.check(says in t.ask(line), "refused: %s" % line)
    cases.check("no sound device 'x'" in t.ask("wavcapture /nonexistent/a x"), "wavcapture without a device")
    cases.check("no capture 0" in t.ask("stopcapture 0"), "stopcapture")


def types(cases, t):
    for keys, end, name in (
            (b"sys\t", rb"system_$", "as far as all go on alike"),
            (b"\t", rb"system_powerdown  system_reset\r\n\r\(qemu\) system_\x1b\[K$", "the ways, if there are several"),
            (b"r\t", rb"reset $", "one way: to its end")):
        cases.check(t.keys(keys, end), "tab: %s" % name)
    t.rests()
    for keys, end, name in (
            (b"info reg\t", rb"info registers $", "items of info"),
            (b"info qom-tree uar\t3", rb"info qom-tree uart3$", "devices"),
            (b"help memsa\t", rb"help memsave $", "commands to help with"),
            (b"set_link ca\t", rb"set_link cable $", "networks"),
            (b"set_link cable o\tf\t", rb"set_link cable o\x1b\[Kff $", "on and off"),
            (b"trace-event machine_r\t", rb"trace-event machine_reset $", "events"),
            (b"nonsense\tx", rb"nonsensex$", "nothing")):
        cases.check(t.keys(keys, end), "tab: %s" % name)
        t.rests()
    t.ask("info name")
    t.ask("info uuid")
    for keys, end, name in (
            (b"\x1b[A", rb"info uuid\x1b\[K$", "up"), (b"\x10", rb"info name\x1b\[K$", "Ctrl-p"),
            (b"\x0e", rb"info uuid\x1b\[K$", "Ctrl-n"), (b"\x1b[B", rb"\(qemu\) \x1b\[K$", "down, to the empty line")):
        cases.check(t.keys(keys, end), "history: %s" % name)
    t.rests()
    for keys, line, name in (
            (b"abc\x1b[D\x1b[3~", "ab", "delete"), (b"abc\x02\x02X\x06Y", "aXbYc", "Ctrl-b, Ctrl-f"),
            (b"abc\x1b[1~X\x1b[4~Y", "XabcY", "home and end by numbers"), (b"abc\x01X\x05Y", "XabcY", "Ctrl-a, Ctrl-e"),
            (b"abc def ghi\x17\x17X", "abc X", "Ctrl-w"), (b"abc def\x1b[D\x1b[D\x0b", "abc d", "Ctrl-k"),
            (b"abc\x1b[15~\x1b[2;5CX", "abcX", "keys that mean nothing"), (b"abcd\x7f\x08X", "abX", "backspace")):
        t.socket.sendall(keys)
        answer = t.ask("\x05|")
        good = "unknown command: '%s'" % (line + "|").split()[0] in answer
        # The whole line, as history has it.
        good = good and t.keys(b"\x1b[A", re.escape(line.encode()) + rb"\|\x1b\[K$")
        cases.check(good, "line: %s" % name, answer)
        t.rests()
    for cut_off in (b"\x1b", b"\x1b[", b"\x1bO", b"\x1b[1", b"\x1b[\x1b[3"):
        answer = t.ask("cut%s" % cut_off.decode())
        cases.check("unknown command: 'cut'" in answer, "a key's sequence that the line's end cuts off: %r" % cut_off,
                    answer)


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as directory:
        program, path = os.path.join(directory, "program"), os.path.join(directory, "m")
        with open(program, "wb") as file:
            file.write(struct.pack("<%dI" % len(PROGRAM), *PROGRAM))
        loaders = ["loader,file=%s,addr=0,cpu-num=0,force-raw=on" % program]
        loaders += ["loader,addr=%#x,data=%#x,data-len=4" % row for row in TABLE.items()]
        with subprocess.Popen(
                [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-smp", "4", "-display", "none", "-serial", "null", "-S",
                 "-netdev", "user,id=cable", "-net", "nic,netdev=cable",
                 "-monitor", "unix:%s,server=on,wait=off" % path]
                + [word for loader in loaders for word in ("-device", loader)], stdin=subprocess.DEVNULL) as process:
            try:
                t = Terminal(path)
                tells(cases, t)
                types(cases, t)
                t.socket.sendall(b"quit\n")
                cases.check(ended(process) == 0, "quit")
            finally:
                process.kill()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
