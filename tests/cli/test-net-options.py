#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""What the network card is connected to: all combinations of up to three of the options that say so either start, with
the network that they name, or end with one line that says what is wrong. Prints TAP.
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
# What is one option given twice, in the order of the command line: the line that ends the program.
TWICE = {"-nic a": "one network card", OLD: "one network card", ONE: "there is a network 'n' already",
         TWO: "there is a network 'm' already"}


def expected(names):
    """(what the line on stderr says or None, warnings, networks in the order of `info network`) of these options."""
    seen = set()
    for name in names:
        old_nics = [one for one in (name, *seen) if one.startswith("-net nic")]
        if name in seen and name in TWICE or len(old_nics) > 1:
            return TWICE.get(name, "one network card"), 0, []
        seen.add(name)
    free, cards = [name[-1] for name in dict.fromkeys(names) if name in (ONE, TWO)], []
    for name in names:
        if name == "-device n" and "n" in free:
            free.remove("n")
            cards.append("n")
        elif name in ("-device n", "-device x"):
            return "there is no '%s', or another device has it" % name[-1], 0, []
    cables = [name for name in ("-nic a", OLD) if name in seen]
    old_nic = next((name for name in names if name.startswith("-net nic")), None)
    wants = old_nic[-1] if old_nic and "=" in old_nic else None
    if len(cables) == 2 or old_nic and "-nic a" in cables or wants and cables:
        return "says otherwise what the board's one network card is connected to", 0, []
    if wants and wants not in free:
        return "there is no such network, or another card has it", 0, []
    if wants:
        free.remove(wants)
        card = [wants]
    elif cables:
        card = [cables[0].split()[-1]]
    elif free and not seen & {"-nic none", "-net none"}:
        card = [free.pop(0)]
    elif seen & {"-nic none", "-net none", "-nodefaults", "-net nic", ONE, TWO}:
        card = []
    else:
        card = ["user"]
    return None, len(free), card + cards


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
    with tempfile.TemporaryDirectory() as directory:
        sockets(cases, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
