#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Packets that gdb does not send: wrong checksums, too long ones, nonsense in every command, random bytes, packets
while the machine runs, connections that break off. Each gets its answer, and the emulator is there afterwards. Prints
TAP.
"""
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
PATIENCE = 60 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
DESIGNS = ["ccache=unified", "ccache=separate", "thread=single", "backend=interp"]
PACKET_MAX = 0x4000
CALL = 0x9000
LOOP = 0x8000                   # add r0, r0, #1; b LOOP
FUZZ_PACKETS = 4000
SEED = 20240607
cases = tap.Cases()


class Peer:
    """A connection to the stub, without gdb."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        limit = time.monotonic() + PATIENCE
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.05)
        self.seen = b""
        self.ack = True

    def send(self, data):
        self.socket.sendall(data)

    def packet(self, text):
        data = text if isinstance(text, bytes) else text.encode("latin-1")
        self.send(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def take(self, pattern):
        """The first bytes that come and fit the pattern, all before them dropped."""
        while True:
            found = re.search(pattern, self.seen, re.S)
            if found:
                self.seen = self.seen[found.end():]
                return found.group(0)
            part = self.socket.recv(65536)
            if not part:
                raise EOFError("the connection ended after %r" % self.seen[-200:])
            self.seen += part

    def answer(self):
        """The next packet's contents; it is acknowledged."""
        data = self.take(rb"\$[^#]*#[0-9a-f]{2}")
        body = data[1:-3]
        if int(data[-2:], 16) != sum(body) & 0xff:
            raise AssertionError("checksum of %r" % data)
        if self.ack:
            self.send(b"+")
        return body.decode("latin-1")

    def ask(self, text):
        self.packet(text)
        return self.answer()

    def close(self):
        self.socket.close()


class Machine:
    """Four CPUs (or one) in a loop of two instructions, and the stub on a socket."""

    def __init__(self, accel, directory, options=(), stdout=None):
        self.path = os.path.join(directory, "gdb")
        loader = []
        for i, word in enumerate([0xe2800001, 0xeafffffd]):
            loader += ["-device", "loader,addr=%#x,data=%#x,data-len=4" % (LOOP + 4 * i, word)]
        for cpu in range(4):
            loader += ["-device", "loader,addr=%#x,cpu-num=%d" % (LOOP, cpu)]
        self.process = subprocess.Popen([QEMU, "-M", "realview-eb-mpcore", "-smp", "4", "-m", "64", "-display", "none",
                                         "-serial", "null", "-monitor", "none", "-accel", "tcg," + accel, *loader,
                                         "-gdb", "unix:" + self.path, *options], stdin=subprocess.DEVNULL,
                                        stdout=stdout)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()

    def alive(self):
        return self.process.poll() is None


def test_line(machine):
    """What is below packets."""
    peer = Peer(machine.path)
    cases.check(peer.ask("?") == "T05thread:1;", "first question")
    peer.send(b"$g#00")
    cases.check(peer.take(rb"[-+]") == b"-", "a wrong checksum is not acknowledged")
    peer.send(b"$g#zz")
    cases.check(peer.take(rb"[-+]") == b"-", "a checksum without digits neither")
    first = peer.ask("qC")
    peer.send(b"-")
    cases.check(peer.answer() == first == "QC1", "what was sent last is sent again")
    peer.send(b"noise$unfinished$qC#b4")
    cases.check(peer.answer() == "QC1", "a packet behind one that was cut off")
    peer.packet(b"m" + b"0" * (PACKET_MAX + 5000))
    cases.check(peer.answer() == "E07", "a packet that is too long")
    peer.send(b"\3")
    cases.check(peer.ask("qC") == "QC1", "an interrupt of a machine that is stopped")
    cases.check(peer.ask("vMustReplyEmpty") == "" and peer.ask("j") == "" and peer.ask("") == "",
                "unknown packets get the empty answer")
    cases.check(peer.ask("QNonStop:1") == "E16" and peer.ask("QNonStop:0") == "OK" and
                "QNonStop" not in peer.ask("qSupported:swbreak+"), "non-stop is refused")
    answer = peer.ask("QStartNoAckMode")
    peer.ack = False
    peer.seen = b""
    cases.check(answer == "OK" and peer.ask("qC") == "QC1" and b"+" not in peer.seen, "without acknowledgements")
    return peer


def test_old_registers(peer):
    """A debugger that reads no description counts on the registers of before there were any, FPA's included."""
    before = [peer.ask("p%x" % n) for n in (*range(16), 25)]
    registers = peer.ask("g")
    cases.check(registers == "".join(before[:16]) + "0" * 2 * (8 * 12 + 4) + before[16],
                "registers of a debugger without descriptions", registers)
    changed = "78563412" + registers[8:128] + "f" * 2 * (8 * 12 + 4) + registers[-8:]
    cases.check(peer.ask("G" + changed) == "OK" and peer.ask("g") == "78563412" + registers[8:],
                "its registers can be written, those that are not there change nothing")
    cases.check(peer.ask("G" + registers) == "OK" and peer.ask("g") == registers, "and put back")


def test_commands(peer):
    """Commands with wrong arguments, and right ones without gdb's care."""
    test_old_registers(peer)
    for packet in ("p", "pzz", "p99999999", "p100000000", "P", "P0", "P0=", "P0=12", "P0=1234567z", "P99=00000000", "G",
                   "G00", "m", "m0", "m0,", "mz,4", "m0,4x", "m100000000,4", "M0,4:00", "M0,4", "M0,2:zzzz", "X0,4:abc",
                   "X0,1:}", "X0,5000:", "H", "Hx1", "Hg9", "Hgz", "T0", "T5", "T", "Z", "Z0", "Z0,", "Z0,z,4",
                   "z0,8000,4", "Z2,0,0", "Z2,fffffffc,8", "vCont", "vCont;", "vCont;x", "vCont;c:9", "vCont;c;",
                   "vCont;C", "cz", "C", "s100000000", "qThreadExtraInfo,9", "qThreadExtraInfo,",
                   "qXfer:features:read:target.xml:",
                   "qXfer:features:read:target.xml:ffffff,10", "qXfer:features:read:target.xml:0", "qRcmd,1",
                   "qRcmd,zz",
                   "Qqemu.PhyMemMode:2", "Qqemu.PhyMemMode:", "Qqemu.sstep=0", "Qqemu.sstep=ff", "Qqemu.sstep=6",
                   "Qqemu.sstep="):
        answer = peer.ask(packet)
        cases.check(re.fullmatch("E[0-9a-f]{2}", answer), "refused: " + packet, answer)
    cases.check(peer.ask("qXfer:features:read:other.xml:0,10") == "E00", "another document")
    cases.check(peer.ask("Z5,0,4") == "", "another kind of point")
    cases.check(peer.ask("m%x,8" % LOOP) == "010080e2fdffffea", "memory")
    cases.check(peer.ask("m%x,4" % 0xf0000000) == "E0e" and peer.ask("M%x,1:00" % 0xf0000000) == "E0e",
                "memory that is not there")
    cases.check(len(peer.ask("m0,ffffffff")) <= PACKET_MAX, "a reading that is too long is shorter")
    cases.check(peer.ask("X9000,4:a}\x03}\x04\0") == "OK" and peer.ask("m9000,4") == "61232400",
                "binary writing with escapes")
    registers = peer.ask("g")
    cases.check(len(registers) == 2 * (17 * 4 + 16 * 8 + 4) and peer.ask("G" + registers) == "OK"
                and peer.ask("g") == registers, "all registers, there and back", registers)
    xml, offset = "", 0
    while True:
        part = peer.ask("qXfer:features:read:target.xml:%x,100" % offset)
        xml += part[1:]
        offset += len(part) - 1
        if part[0] == "l":
            break
    names = re.findall(r'<reg name="(\w+)"', xml)
    cases.check("org.gnu.gdb.arm.core" in xml and "org.gnu.gdb.arm.vfp" in xml and len(names) == len(set(names)) and
                {"sctlr", "ttbr0", "dfar", "sp_irq", "spsr_svc", "fpexc", "fpsid", "d15"} <= set(names),
                "the description", xml)
    numbers = [int(n) for n in re.findall(r'regnum="(\d+)"', xml)]
    answers = [peer.ask("p%x" % n) for n in numbers]
    cases.check(all(re.fullmatch("([0-9a-f]{8}){1,2}", a) for a in answers), "each of its registers can be read",
                answers)
    cases.check(peer.ask("qXfer:memory-map:read::0,4000").count("<memory ") == 1, "the map of virtual addresses")
    peer.ask("Qqemu.PhyMemMode:1")
    cases.check(peer.ask("qXfer:memory-map:read::0,4000").count("<memory ") > 10, "the board's map")
    peer.ask("Qqemu.PhyMemMode:0")
    cases.check(peer.ask("qqemu.sstepbits") == "ENABLE=1,NOIRQ=2,NOTIMER=4" and peer.ask("qqemu.sstep") == "0x3" and
                peer.ask("Qqemu.sstep=0x1") == "OK" and peer.ask("qqemu.sstep") == "0x1", "how a step is made")
    results = [peer.ask("Z0,%x,4" % (0x20000 + 4 * i)) for i in range(5000)]
    good = results.count("OK")
    cases.check(good == 4096 and results[good:] == ["E16"] * (5000 - good), "too many breakpoints", good)
    for i in range(good):
        peer.ask("z0,%x,4" % (0x20000 + 4 * i))


def test_running(peer):
    """While the machine runs there is nothing to ask."""
    peer.packet("vCont;c")
    cases.check(peer.ask("g") == "E10" and peer.ask("m0,4") == "E10", "busy while it runs")
    peer.send(b"\3")
    cases.check(re.fullmatch("T02thread:[1-4];", peer.answer()), "an interrupt")
    before = [peer.ask("Hg%d" % n) + peer.ask("p0") for n in (1, 2, 3, 4)]
    answer = peer.ask("vCont;s:2")
    after = [peer.ask("Hg%d" % n) + peer.ask("p0") + peer.ask("pf") for n in (1, 2, 3, 4)]
    cases.check(answer == "T05thread:2;" and all(b == a[:10] for n, (b, a) in enumerate(zip(before, after)) if n != 1),
                "one steps, the others stay", (before, after))
    def time_of_steps(bits, packet):
        """The board's 24 MHz counter before and behind fifty."""
        assert peer.ask("Qqemu.sstep=%x" % bits) == "OK"
        peer.ask("Qqemu.PhyMemMode:1")
        begin = peer.ask("m1000005c,4")
        stops = {peer.ask(packet) for _ in range(50)}
        end = peer.ask("m1000005c,4")
        peer.ask("Qqemu.PhyMemMode:0")
        peer.ask("Qqemu.sstep=3")
        return [int.from_bytes(bytes.fromhex(t), "little") for t in (begin, end)], stops

    for bits, packet, stands in ((7, "vCont;s:2", True), (5, "vCont;s:2", True), (7, "vCont;s", True),
                                 (3, "vCont;s:2", False), (1, "vCont;s:2", False), (7, "vCont;s:2;c", False)):
        (begin, end), stops = time_of_steps(bits, packet)
        cases.check((begin == end) is stands and all(s.startswith("T05") for s in stops),
                    "the guest's time %s while %s with sstep=%d" % ("stands" if stands else "goes on", packet, bits),
                    (begin, end, stops))
    peer.ask("Hc3")
    answer = peer.ask("s%x" % LOOP)
    cases.check(answer == "T05thread:3;" and peer.ask("pf") == "04800000", "a step from an address", answer)
    cases.check(peer.ask("C05;%xz" % LOOP) == "E16", "a signal with a wrong address")
    peer.ask("Z0,%x,4" % (LOOP + 4))
    peer.ask("Hc-1")
    answer = peer.ask("c")
    cases.check(re.fullmatch("T05thread:[1-4];swbreak:;", answer), "a breakpoint in a loop of one block", answer)
    answer = peer.ask("c")
    cases.check("swbreak" in answer, "a breakpoint that is still there stops again", answer)
    peer.ask("z0,%x,4" % (LOOP + 4))
    counts = set()
    for turn in range(200):     # it may be stopped before it has begun
        peer.packet("c")
        time.sleep(turn / 1000)
        peer.send(b"\3")
        peer.answer()
        counts.add(peer.ask("p0"))
        if len(counts) > 1:
            break
    cases.check(len(counts) > 1, "on it goes without the breakpoint", counts)


def test_fuzz(peer):
    """Nonsense, made from packets that have sense. What it must not do is crash or hang."""
    rng = random.Random(SEED)
    words = ["qSupported:", "qXfer:features:read:target.xml:0,10", "g", "G0011", "p19", "P19=1f000000", "m8000,10",
             "M9000,2:1234", "X9000,2:ab", "Z0,8000,4", "z0,8000,4", "Z2,9000,4", "z2,9000,4", "Z4,0,ffffffff",
             "z4,0,ffffffff", "Hg2", "Hc-1", "T3", "vCont?", "vCont;s:1", "s", "qThreadExtraInfo,2", "qRcmd,696e666f",
             "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0", "qqemu.sstep", "?", "qC", "QNonStop:0"]
    for _ in range(FUZZ_PACKETS):
        text = bytearray(rng.choice(words).encode())
        for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
            at = rng.randrange(len(text) + 1)
            what = rng.randrange(3)
            if what == 0 and at < len(text):
                text[at] = rng.choice(b"0123456789abcdef,;:=-zZ}\0\x80\xff")
            elif what == 1:
                text[at:at] = rng.choice(words).encode()
            else:
                del text[at:at + 2]
        if text[:1] in b"kDcC" or text[:5] in (b"vKill", b"vCont") or text[:6] == b"qRcmd,":
            continue            # these may let it run, or end
        peer.packet(bytes(text).replace(b"$", b"").replace(b"#", b""))
        if text[:1] in b"sS" and rng.random() < 0.5:
            peer.send(b"\3")
    peer.send(b"\3")
    time.sleep(0)
    for _ in range(3):
        peer.send(bytes(rng.randrange(256) for _ in range(3000)).replace(b"k", b"").replace(b"D", b""))
        peer.send(b"#00#00")


def test_sessions(machine):
    """Whoever comes next finds a stub that works; breakpoints of whoever left are gone."""
    peer = Peer(machine.path)
    peer.ask("Z0,%x,4" % LOOP)
    peer.packet("c")
    peer.send(b"$vCont;c")      # and breaks off
    peer.close()
    peer = Peer(machine.path)
    cases.check(re.fullmatch("T05thread:1;", peer.ask("?")), "after a connection that broke off")
    before = peer.ask("p0")
    cases.check(peer.ask("D") == "OK", "detach")
    peer.close()
    changed = False
    for turn in range(200):     # it may be stopped again before it has begun
        time.sleep(turn / 1000)
        peer = Peer(machine.path)
        peer.ask("?")
        changed = peer.ask("p0") != before
        peer.ask("D")
        peer.close()
        if changed:
            break
    cases.check(changed, "the machine runs when nobody debugs it")
    peer = Peer(machine.path)
    cases.check(peer.ask("!") == "OK", "extended mode")
    peer.ask("Z0,%x,4" % (LOOP + 4))
    peer.ask("c")
    registers = peer.ask("p0"), peer.ask("pf")
    answer = peer.ask("vRun;;6869")
    cases.check(answer == "T05thread:1;" and registers[1] == "04800000" and peer.ask("pf") == "00800000" and
                "swbreak" in peer.ask("c"), "vRun resets the machine and stops it; breakpoints stay",
                (registers, answer))
    peer.packet("k")
    cases.check(machine.process.wait(timeout=PATIENCE) == 0, "kill")


def test_farewell(directory):
    """A debugger that acknowledges, as gdb does not, says a last "+" when it has detached."""
    qmp = os.path.join(directory, "qmp")
    with Machine(DESIGNS[0], directory, ("-qmp", "unix:%s,server=on,wait=off" % qmp)) as machine:
        peer, monitor = Peer(machine.path), Peer(qmp)
        monitor.take(rb"QMP[^\n]*\n")
        monitor.send(b'{"execute": "qmp_capabilities"}\n')
        monitor.take(rb"return[^\n]*\n")
        peer.ask("?")
        answer, states = peer.ask("D"), []
        for _ in range(30):
            monitor.send(b'{"execute": "query-status"}\n')
            states.append(monitor.take(rb'"return[^\n]*"running":(true|false)'))
            time.sleep(0.01)
        cases.check(answer == "OK" and not any(s.endswith(b"false") for s in states),
                    "after the acknowledgement of a farewell the machine runs", states[-1])


def test_processes(machine):
    """Who offers process numbers gets them; the machine is process 1."""
    peer = Peer(machine.path)
    peer.ask("?")
    cases.check("multiprocess" not in peer.ask("qSupported:swbreak+") and peer.ask("qC") == "QC1",
                "no process numbers unless they are offered")
    answers = [peer.ask(text) for text in ("qSupported:multiprocess+;swbreak+", "qC", "qfThreadInfo", "Hgp1.2", "qC",
                                           "?", "Hgp1.-1", "Hcp-1.-1", "Hgp0.0", "Tp1.4", "qThreadExtraInfo,p1.1")]
    cases.check("multiprocess+" in answers[0] and answers[1:10] == [
        "QCp1.1", "mp1.1,p1.2,p1.3,p1.4", "OK", "QCp1.2", "T05thread:p1.1;", "OK", "OK", "OK", "OK"] and
        bytes.fromhex(answers[10]).startswith(b"CPU#0"), "threads with process numbers", answers)
    answers = [peer.ask(text) for text in ("Hgp2.1", "Tp1.5", "Tp1", "Hgp1.", "Hgp", "vCont;s:p2.1")]
    cases.check(all(re.fullmatch("E..", answer) for answer in answers), "processes that there are not", answers)
    before = peer.ask("Hgp1.3"), peer.ask("pf")
    peer.packet("vCont;s:p1.3")
    answer = peer.answer()
    cases.check(answer == "T05thread:p1.3;" and peer.ask("pf") != before[1], "a step of one of them", answer)
    peer.packet("vCont;c:p1.-1")
    peer.send(b"\3")
    cases.check(peer.answer().startswith("T02thread:p1."), "all of a process go on")
    peer.packet("vKill;1")
    answers = peer.answer(), peer.answer()
    cases.check(answers == ("OK", "W00;process:1") and machine.process.wait(timeout=PATIENCE) == 0, "the end", answers)


def test_stranger_gets_no_calls(directory):
    """lldb knows no File-I/O, as nobody but gdb does: the guest's calls go to the host, as without a debugger."""
    code = [0xe3a00004,         # mov r0, #4            SYS_WRITE0
            0xe28f1004,         # add r1, pc, #4
            0xef123456,         # svc 0x123456
            0xeafffffe,         # b .
            0x0a6f7571, 0]      # "quo\n"
    loader = []
    for i, word in enumerate(code):
        loader += ["-device", "loader,addr=%#x,data=%#x,data-len=4" % (CALL + 4 * i, word)]
    output = os.path.join(directory, "output")
    with open(output, "wb") as file, Machine(DESIGNS[0], directory, (*loader, "-semihosting"), stdout=file) as machine:
        for features, calls in (("xmlRegisters=i386,arm;multiprocess+;fork-events+", False),
                                ("multiprocess+;swbreak+;hwbreak+", True)):
            peer = Peer(machine.path)
            peer.ask("?")
            peer.ask("qSupported:" + features)
            peer.ask("Z0,%x,4" % (CALL + 12))
            peer.ask("Pf=%s" % CALL.to_bytes(4, "little").hex())
            peer.packet("vCont;c:1")
            answer = peer.answer()
            if calls:
                cases.check(answer == "Fwrite,1,%x,4" % (CALL + 16), "gdb carries out calls", answer)
                peer.packet("F4")
                answer = peer.answer()
            cases.check("swbreak" in answer, "behind the call, %s" % ("gdb" if calls else "a stranger"), answer)
            peer.packet("k") if calls else peer.ask("D")
            peer.close()
        machine.process.wait(timeout=PATIENCE)          # it writes out what was printed
    with open(output, "rb") as file:
        printed = file.read()
    cases.check(printed == b"quo\n", "a stranger is asked for no calls", printed)


def test_flash(directory):
    """The array of a flash memory is read while the guest would read something else."""
    image = os.path.join(directory, "flash")
    with open(image, "wb") as file:
        file.write(bytes(range(64)))
        file.truncate(64 << 20)
    with Machine(DESIGNS[0], directory, ("-pflash", image)) as machine:
        peer = Peer(machine.path)
        before = peer.ask("m40000000,8")
        peer.ask("M40000000,4:90009000")        # both chips: read their identifier
        hidden = peer.ask("qRcmd," + b"xp/1xw 0x40000000".hex())
        peer.take(rb"OK#")
        answer = peer.ask("m40000000,8")
        cases.check(before == answer == "0001020304050607" and b"0x03020100".hex() not in hidden,
                    "flash memory whose array is hidden", (before, hidden, answer))


def test_pipe():
    """target remote | qemu-system-arm -gdb stdio: the terminal is gdb's, and no serial line asks for it."""
    with subprocess.Popen([QEMU, "-M", "realview-eb-mpcore", "-display", "none", "-S", "-gdb", "stdio"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        out, err = p.communicate(b"$?#3f+$k#6b", timeout=PATIENCE)
    cases.check(re.fullmatch(rb"\+\$[ST]05.*#..\+?", out, re.S) and not err and p.returncode == 0,
                "gdb at the other end of a pipe", (out, err, p.returncode))


def main():
    with cases.case("a pipe: to the end", subprocess.TimeoutExpired):
        test_pipe()
    with tempfile.TemporaryDirectory() as directory:
        with cases.case("a farewell: to the end", OSError, EOFError, AssertionError):
            test_farewell(directory)
        with cases.case("calls: to the end", OSError, EOFError, AssertionError, subprocess.TimeoutExpired):
            test_stranger_gets_no_calls(directory)
        with cases.case("processes: to the end", OSError, EOFError, AssertionError, subprocess.TimeoutExpired), \
                Machine(DESIGNS[0], directory) as machine:
            test_processes(machine)
        with cases.case("flash: to the end", OSError, EOFError, AssertionError):
            test_flash(directory)
    for accel in DESIGNS:
        with tempfile.TemporaryDirectory() as directory, Machine(accel, directory) as machine:
            with cases.case("%s: to the end" % accel, OSError, EOFError, subprocess.TimeoutExpired):
                peer = test_line(machine)
                if accel == DESIGNS[0]:
                    test_commands(peer)
                test_running(peer)
                test_fuzz(peer)
                peer.close()
                assert machine.alive(), "the emulator has ended"
                test_sessions(machine)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
