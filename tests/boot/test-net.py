#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Linux with the board's network card: DHCP, files from the host and back, a forwarded port, the cable pulled out and
put back. The host is this process, by way of network "user". Prints TAP.
"""
import hashlib
import http.server
import os
import random
import socket
import struct
import tempfile
import threading

from vm import VM, Cases, designs

DATA = random.Random(1).randbytes(8 << 20)
ADDRESS = "ip link set lo up; ip link set eth0 up; udhcpc -i eth0 -n -q -t 20 -s /tmp/lease; "
# What udhcpc calls with the lease in its environment.
LEASE = ("printf '#!/bin/sh\\n[ \"$1\" != bound ] || { ifconfig eth0 $ip netmask $subnet; route add default gw $router; "
         "echo lease-$ip-$router-; }\\n' > /tmp/lease; chmod +x /tmp/lease")


class Server:
    """On the loopback address: DATA at any path, and what is uploaded to another port is kept."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):           # noqa: N802  (the base class's name)
                self.send_response(200)
                self.send_header("Content-Length", str(len(DATA)))
                self.end_headers()
                self.wfile.write(DATA)

            def log_message(self, *args):
                pass
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.upload = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def received(self, seconds):
        self.upload.settimeout(seconds)
        connection, _ = self.upload.accept()
        connection.settimeout(seconds)
        text = b""
        with connection:
            while data := connection.recv(65536):
                text += data
        return text


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def login(vm):
    vm.wait_shell()
    vm.shell(LEASE)
    vm.send(ADDRESS + "\n")
    vm.expect(r"lease-10\.0\.2\.15-10\.0\.2\.2-", 120)


def traffic(cases, server, design):
    accel, slow = designs()[design]
    with VM(accel=accel, dtb="builtin", args=("-nic", "user"), slow=3 * slow) as vm:
        with cases.case("%s: the driver finds the card, and DHCP gives it an address" % design, vm) as up:
            login(vm)
            vm.shell("ping -c 2 10.0.2.2 >/dev/null", 60)
        if not up.ok:
            return
        with cases.case("%s: 8 MiB from the host" % design, vm):
            vm.send("wget -q -O /tmp/f http://10.0.2.2:%d/f; md5sum /tmp/f\n" % server.http.server_port)
            vm.expect(hashlib.md5(DATA).hexdigest(), 240)
        with cases.case("%s: 8 MiB to the host" % design, vm):
            vm.send("nc 10.0.2.2 %d < /tmp/f; echo sent\n" % server.upload.getsockname()[1])
            got = server.received(240 * vm.scale)
            assert hashlib.md5(got).hexdigest() == hashlib.md5(DATA).hexdigest(), len(got)
            vm.check_log()


def forwarding_and_link(cases, directory):
    first, second = free_port(), free_port()
    dump = os.path.join(directory, "frames.pcap")
    with VM(dtb="builtin", args=("-nic", "user,id=n0,hostfwd=tcp:127.0.0.1:%d-:80,dump=%s" % (first, dump)), slow=3) as vm:
        with cases.case("a forwarded port", vm) as up:
            login(vm)
            vm.shell("mkdir -p /tmp/w && echo from-the-guest > /tmp/w/index.html && httpd -h /tmp/w")
            assert fetch(first) == b"from-the-guest"
        if not up.ok:
            return
        with cases.case("hostfwd_add, hostfwd_remove, info network", vm):
            monitor(vm, "hostfwd_add n0 tcp:127.0.0.1:%d-:80" % second)
            assert fetch(second) == b"from-the-guest"
            vm.send("\x01cinfo network\n")
            vm.expect(r"n0: link up, net=10\.0\.2\.0/24", 30)
            vm.send("\x01c")
            monitor(vm, "hostfwd_remove tcp:127.0.0.1:%d" % second)
            try:
                fetch(second)
                raise AssertionError("the port still answers")
            except ConnectionRefusedError:
                pass
        with cases.case("the cable is pulled out and put back", vm):
            monitor(vm, "set_link n0 off")
            vm.shell("until [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do sleep 0.1; done", 60)
            vm.send("ping -c 1 -W 1 10.0.2.2 >/dev/null; echo ping-$?-\n")
            vm.expect("ping-1-", 60)
            monitor(vm, "set_link n0 on")
            vm.shell("until [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done", 60)
            vm.shell("until ping -c 1 -W 1 10.0.2.2 >/dev/null; do :; done", 60)
            assert fetch(first) == b"from-the-guest"
            vm.check_log()
    with cases.case("dump=: frames with our addresses, as pcap"):
        with open(dump, "rb") as file:
            content = file.read()
        assert struct.unpack("<IHH", content[:8]) == (0xa1b2c3d4, 2, 4)
        length = struct.unpack("<I", content[32:36])[0]
        frame = content[40:40 + length]
        assert frame[6:12] == bytes.fromhex("525400123456"), frame[:14].hex()


def monitor(vm, line):
    """One command that says nothing."""
    vm.send("\x01c" + line + "\n")
    vm.expect(r"\(qemu\) .*%s\n" % line.split()[0].replace("_", "."), 30)
    vm.expect(r"\(qemu\) ", 30)
    vm.send("\x01c")


def fetch(port):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        text = b""
        while data := connection.recv(4096):
            text += data
    return text.split(b"\r\n\r\n", 1)[-1].strip()


def no_card(cases):
    with VM(dtb="builtin", args=("-nic", "none"), slow=3) as vm, cases.case("-nic none: a card without a cable", vm):
        vm.wait_shell()
        vm.shell("ip link set eth0 up; sleep 1; [ $(cat /sys/class/net/eth0/carrier) = 0 ]", 60)
        vm.check_log()


def main():
    cases = Cases()
    server = Server()
    for design in designs():
        traffic(cases, server, design)
    with tempfile.TemporaryDirectory() as directory:
        forwarding_and_link(cases, directory)
    no_card(cases)
    cases.finish()


if __name__ == "__main__":
    main()
