#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Network cards and what they are connected to: all combinations of up to three of the options that say
so either start, with the networks that they name, or end with one line that says what is wrong. Hubs. Prints TAP.
"""
import concurrent.futures
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                      "../../build/qemu-system-arm"))
SCALE = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
STOPPED = [QEMU, "-M", "realview-eb-mpcore", "-m", "16", "-S", "-display", "none", "-serial", "null", "-monitor",
           "stdio"]
# Networks that need nothing of the host, each with a name of its own.
NIC, OLD, ONE, TWO = "dgram,remote.type=inet,remote.port=9,id=", "-net old", "-netdev n", "-netdev m"
PIECES = {
    "-nic a": ["-nic", NIC + "a"],
    "-nic none": ["-nic", "none"],
    "-net none": ["-net", "none"],
    OLD: ["-net", NIC + "old"],
    "-net nic": ["-net", "nic,macaddr=52:54:00:00:00:01"],
    "-net nic,netdev=n": ["-net", "nic,netdev=n"],
    "-net nic,netdev=x": ["-net", "nic,netdev=x"],
    ONE: ["-netdev", NIC + "n"],
    TWO: ["-netdev", NIC + "m"],
    "-device n": ["-device", "virtio-net-device,netdev=n"],
    "-device x": ["-device", "virtio-net-device,netdev=x"],
    "-device": ["-device", "virtio-net-device"],
    "-nodefaults": ["-nodefaults"],
}
# Options that name a network, which there is only once.
NAMES = {"-nic a": "a", OLD: "old", ONE: "n", TWO: "m"}


def cards_and_cables(names, free):
    """The cards that options other than -device ask for, each with its network, and what no card has: (networks that
    are at hub 0 and their ports, whether a network has no card); or the line that ends the program.
    """
    cards = [name for name in names if name == "-nic a" or name.startswith("-net nic")]
    old, plain = OLD in names, cards.count("-net nic")
    cables, lone = [], []
    if old and not cards:
        return ["old"], [], False
    if old and plain > 1:
        lone = ["old", "hub0port%d" % len(cards)]
    for number, name in enumerate(cards):
        if name == "-nic a":
            cables.append("a")
        elif name == "-net nic":
            cables.append("hub0port%d" % number if plain > 1 else "old" if old else None)
        elif name[-1] in free:
            free.remove(name[-1])
            cables.append(name[-1])
        else:
            return "there is no such network, or another card has it", [], False
    return cables, lone, old and not plain


def expected(names):
    """(what the line on stderr says or None, warnings, networks in the order of `info network`) of these options."""
    for name in NAMES:
        if names.count(name) > 1:
            return "there is a network '%s' already" % NAMES[name], 0, []
    seen = set(names)
    free, devices = [name[-1] for name in names if name in (ONE, TWO)], []
    for name in names:
        if name == "-device n" and "n" in free:
            free.remove("n")
            devices.append("n")
        elif name in ("-device n", "-device x"):
            return "there is no '%s', or another device has it" % name[-1], 0, []
    cables, lone, alone = cards_and_cables(names, free)
    if isinstance(cables, str):
        return cables, 0, []
    board = cables[0] if cables else None
    if not board and not seen & {"-nic none", "-net none"}:
        if seen & {ONE, TWO}:
            board = free.pop(0) if free else None
        elif not cables and "-nodefaults" not in seen:
            board = "user"
    networks = [*lone, board, *devices, *cables[1:]]
    return None, len(free) + alone, [name for name in networks if name]


def start(arguments):
    p = subprocess.run([*STOPPED, *arguments], input=b"info network\nquit\n", capture_output=True, timeout=60 * SCALE,
                       check=False)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def wrong(names):
    """None, or how what happens differs from what is expected."""
    code, out, err = start([word for name in names for word in PIECES[name]])
    line, warnings, networks = expected(names)
    shown = re.findall(r"^(\w+): .*link up", out, re.M)
    lines = err.splitlines()
    if line:
        good = code == 1 and not out and len(lines) == 1 and err.startswith("qemu-system-arm: ") and line in err
    else:
        good = (code == 0 and len(lines) == warnings and shown == networks and
                all("no card is connected to it" in text for text in lines))
    return None if good else "%s: exit %d, networks %s, stderr %r, not %s" % (
        " ".join(names), code, shown, err, (line, warnings, networks))


def combinations(cases):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for count in range(4):
            # In each order if there are two, for some take what comes first.
            sets = itertools.combinations(PIECES, 3) if count == 3 else itertools.product(PIECES, repeat=count)
            bad = [text for text in pool.map(wrong, sets) if text]
            cases.check(not bad, "combinations of %d options" % count, "\n".join(bad[:10]))


def sockets(cases, directory):
    """Sockets of the file system: what a dead emulator left is no obstacle, nothing stays behind, other files stay."""
    for kind, options in (("stream", "server=on,addr.type=unix,addr.path=%s"),
                          ("dgram", "remote.type=unix,remote.path=/nowhere,local.path=%s")):
        path = os.path.join(directory, kind)
        arguments = ["-nic", kind + "," + options % path]
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if kind == "stream" else socket.SOCK_DGRAM) as left:
            left.bind(path)
        code, _, err = start(arguments)
        cases.check(code == 0 and not err and not os.path.exists(path),
                    "%s: a socket that was left behind is replaced; ours goes at the end" % kind, (code, err))
        with open(path, "w", encoding="ascii") as file:
            file.write("precious")
        code, _, err = start(arguments)
        cases.check(code == 1 and os.path.exists(path) and err.count("\n") == 1,
                    "%s: another file is left alone" % kind, (code, err))
        os.unlink(path)
        with subprocess.Popen([*STOPPED, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as p:
            end = time.monotonic() + 60 * SCALE
            while not os.path.exists(path) and time.monotonic() < end:
                time.sleep(0.01)
            p.send_signal(signal.SIGTERM)
            p.wait(60 * SCALE)
        cases.check(not os.path.exists(path), "%s: after SIGTERM nothing stays behind" % kind)


def hub(cases):
    """Two networks at a hub: what arrives by one leaves by the other, unless a cable is pulled out."""
    frame = bytes(range(64))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as left, socket.socket(socket.AF_INET,
                                                                                 socket.SOCK_DGRAM) as right:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for one in (left, right):
            one.bind(("127.0.0.1", 0))
            one.settimeout(60 * SCALE)
        arguments = ["-netdev", "dgram,id=l,local.type=inet,local.host=127.0.0.1,local.port=%d,remote.type=inet,"
                     "remote.host=127.0.0.1,remote.port=%d" % (port, left.getsockname()[1]),
                     "-netdev", "dgram,id=r,remote.type=inet,remote.host=127.0.0.1,remote.port=%d"
                     % right.getsockname()[1],
                     "-netdev", "hubport,id=hl,hubid=3,netdev=l", "-netdev", "hubport,id=hr,hubid=3,netdev=r"]
        with subprocess.Popen([*STOPPED, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as p:
            def order(line):
                p.stdin.write(line.encode() + b"\n")
                p.stdin.flush()

            order("info network")
            while b"hubport" not in p.stdout.readline():
                pass
            left.sendto(frame, ("127.0.0.1", port))
            cases.check(right.recv(2000) == frame, "a hub: a frame goes on to the other network")
            for off, text in (("hr", "the other port's"), ("hl", "its own port's"), ("l", "its network's")):
                order("set_link %s off" % off)
                order("info status")
                while b"VM status" not in p.stdout.readline():
                    pass
                left.sendto(frame[::-1], ("127.0.0.1", port))
                order("info status")
                while b"VM status" not in p.stdout.readline():
                    pass
                order("set_link %s on" % off)
                order("info status")
                while b"VM status" not in p.stdout.readline():
                    pass
                left.sendto(frame, ("127.0.0.1", port))
                got = right.recv(2000)
                cases.check(got == frame, "a hub: none while %s cable is out" % text, got.hex())
            order("netdev_del l")
            order("netdev_del hr")
            order("netdev_add hubport,id=hx,hubid=3,netdev=r")
            order("info status")
            told = b""
            while b"VM status" not in told:
                told += p.stdout.readline()
            cases.check(b"'l' is in use" in told, "a network at a hub stays while it is there", told)
            left.sendto(frame, ("127.0.0.1", port))
            cases.check(right.recv(2000) == frame, "a hub: a port that was added while the machine runs")
            order("quit")
            p.wait(60 * SCALE)
            cases.check(p.returncode == 0, "the end", p.returncode)


def models(cases):
    """The second card is a virtual one; so is one that is said to be."""
    dgram = "dgram,remote.type=inet,remote.port=9"
    look = b"xp/1xw 0x10090008\nxp/1xw 0x10090100\nxp/1xw 0x10090104\nquit\n"      # a virtio-mmio's kind, its settings
    for arguments, want in ((["-nic", dgram, "-nic", dgram + ",mac=52:54:00:00:00:07"], "525400000007"),
                            (["-nic", dgram + ",model=virtio"], "525400123457"),
                            (["-net", "nic", "-net", "nic,vectors=0,addr=3", "-net", dgram], "525400123457"),
                            (["-nic", "user,net=10.0.3.0/255.255.255.0,model=virtio"], "525400123457"),
                            (["-nic", "model=virtio-net-device"], "525400123457")):
        p = subprocess.run([*STOPPED, *arguments], input=look, capture_output=True, timeout=60 * SCALE, check=False)
        words = [int(word, 16) for word in re.findall(r"^[0-9a-f]+: 0x([0-9a-f]{8})", p.stdout.decode(), re.M)]
        mac = b"".join(word.to_bytes(4, "little") for word in words[1:])[:6].hex()
        cases.check(p.returncode == 0 and not p.stderr and words[:1] == [1] and mac == want,
                    "a virtual card: " + " ".join(arguments), (p.returncode, p.stderr, words, mac))
    for what in (["-nic", "model=help"], ["-net", "nic,model=help"]):
        p = subprocess.run([*STOPPED, *what], capture_output=True, timeout=60 * SCALE, check=False)
        cases.check(p.returncode == 0 and p.stdout.startswith(b"Supported NIC models:\n"), " ".join(what), p.stdout)
    for arguments, text in ((["-nic", dgram, "-nic", dgram + ",model=lan91c111"], "one card of this model"),
                            (["-nic", dgram + ",model=e1000"], "model is lan91c111"),
                            (["-nic", dgram] * 12, "more than"), (["-netdev", "hubport,id=x"], "hubid= is missing"),
                            (["-nic", "hubport,hubid=0,netdev=x"], "netdev= does not go with it"),
                            (["-netdev", "hubport,id=x,hubid=0,netdev=y"], "there is no network 'y'"),
                            (["-netdev", "hubport,id=x,hubid=0,netdev=x"], "there is no network 'x' but a hub's port"),
                            (["-netdev", "hubport,id=x,hubid=-1"], "hubid is a number")):
        p = subprocess.run([*STOPPED, *arguments], input=b"quit\n", capture_output=True, timeout=60 * SCALE,
                           check=False)
        cases.check(p.returncode == 1 and p.stderr.count(b"\n") == 1 and text in p.stderr.decode(),
                    "no " + " ".join(arguments[-2:]), p.stderr)


def mistakes(cases):
    """In the properties of one network."""
    for value, text in (("dgram,remote.port=9,local.type=unix", "local.path is missing"),
                        ("dgram,remote.type=unix,remote.path=", "remote.path is missing"),
                        ("dgram,remote.port=9,local.type=ipx", "inet or unix"),
                        ("dgram,remote.port=-9", "up to 65535"), ("stream,addr.port=x", "up to 65535"),
                        ("stream,server=on,addr.type=inet", "addr.port is missing"),
                        ("stream,addr.port=9,reconnect=1s", "reconnect is a number"),
                        ("tap,fd=many", "fd is a number"), ("tap,ifname=" + "x" * 16, "15 characters"),
                        ("bridge,br=" + "x" * 16, "15 characters"), ("dgram,remote.port=9,mac=1", "mac is six bytes"),
                        ("none,foo=1", "unknown property 'foo'"), ("dgram,remote.port=9,,", "up to 65535"),
                        ("", "empty item"),
                        ("type=", "unknown network type ''"), ("dgram,=1", "unknown property ''")):
        code, out, err = start(["-nic", value])
        cases.check(code == 1 and not out and err.count("\n") == 1 and text in err, "-nic %s: %s" % (value[:60], text),
                    (code, err))


def main():
    cases = tap.Cases()
    combinations(cases)
    mistakes(cases)
    hub(cases)
    models(cases)
    with tempfile.TemporaryDirectory() as directory:
        sockets(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
