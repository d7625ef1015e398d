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
import re
import socket
import struct
import tempfile
import threading

from vm import VM, Cases, designs

DATA = random.Random(1).randbytes(4 << 20)
ADDRESS = "ip link set lo up; ip link set eth0 up; udhcpc -i eth0 -n -q -t 20 -s /tmp/lease; "
# What udhcpc calls with the lease in its environment.
LEASE = ("printf '#!/bin/sh\\n[ \"$1\" != bound ] || { ifconfig eth0 $ip netmask $subnet; "
         "route add default gw $router; echo lease-$ip-$router-; }\\n' > /tmp/lease; chmod +x /tmp/lease")


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
        with cases.case("%s: 4 MiB from the host" % design, vm):
            vm.send("wget -q -O /tmp/f http://10.0.2.2:%d/f; md5sum /tmp/f\n" % server.http.server_port)
            vm.expect(hashlib.md5(DATA).hexdigest(), 240)
        with cases.case("%s: 4 MiB to the host" % design, vm):
            vm.send("nc 10.0.2.2 %d < /tmp/f; echo sent\n" % server.upload.getsockname()[1])
            got = server.received(240 * vm.scale)
            assert hashlib.md5(got).hexdigest() == hashlib.md5(DATA).hexdigest(), len(got)
            vm.check_log()


def forwarding_and_link(cases, directory):
    first, second = free_port(), free_port()
    dump = os.path.join(directory, "frames.pcap")
    nic = "user,id=n0,hostfwd=tcp:127.0.0.1:%d-:80,dump=%s" % (first, dump)
    with VM(dtb="builtin", args=("-nic", nic), slow=3) as vm:
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


def into_the_network(cases, directory):
    """IPv6's host answers, and so do addresses of the guest's network that a program and a socket stand behind."""
    path = os.path.join(directory, "forward")
    args = ("-chardev", "socket,id=c,path=%s,server=on,wait=off" % path, "-nic",
            "user,ipv4=on,ipv6=on,guestfwd=tcp:10.0.2.100:7-chardev:c,guestfwd=tcp:10.0.2.101:8-cmd:tr a-z A-Z")
    with VM(dtb="builtin", args=args, slow=3) as vm, \
            cases.case("IPv6 by router advertisement; guestfwd= to a command and to a socket", vm):
        login(vm)
        vm.shell("until ip -6 addr show dev eth0 | grep -q fec0::; do sleep 0.2; done", 60)
        vm.shell("until ping -6 -c 1 -W 1 fec0::2 >/dev/null; do :; done", 60)
        vm.send("echo from-the-guest | nc 10.0.2.101 8\n")
        vm.expect("FROM-THE-GUEST", 60)
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(path)
            peer.settimeout(60 * vm.scale)
            peer.sendall(b"from-the-host\n")
            vm.send("(echo upwards; sleep 1000) | nc 10.0.2.100 7 &\n")
            vm.expect("from-the-host", 60)
            with peer.makefile("rb") as lines:
                assert lines.readline() == b"upwards\n"
        vm.check_log()


def monitor(vm, line):
    """One command that says nothing."""
    vm.send("\x01c" + line + "\n")
    vm.expect(r"\(qemu\) %s[^\n]*\n" % line.split()[0], 30)
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


def with_address(vm, last):
    vm.wait_shell()
    vm.shell("ip link set eth0 up; ifconfig eth0 192.168.7.%d netmask 255.255.255.0" % last, 60)


def pings(vm, last):
    vm.shell("until ping -c 1 -W 1 192.168.7.%d >/dev/null; do :; done" % last, 120)


def two_machines(cases, directory):
    """Two emulators on one cable, by each kind that joins two."""
    path = os.path.join(directory, "cable")
    udp = free_port(), free_port()
    cables = {
        "stream, unix": ("stream,server=on,addr.type=unix,addr.path=" + path,
                         "stream,addr.type=unix,reconnect=1,addr.path=" + path),
        "dgram": ("dgram,local.type=inet,local.host=127.0.0.1,local.port=%d,remote.type=inet,remote.host=127.0.0.1,"
                  "remote.port=%d" % udp,
                  "socket,udp=127.0.0.1:%d,localaddr=127.0.0.1:%d" % udp),
    }
    for name, (first, second) in cables.items():
        with VM(dtb="builtin", args=("-nic", first + ",mac=52:54:00:00:00:01"), slow=3, smp=1) as left, \
                cases.case(name + ": two emulators ping each other", left):
            with VM(dtb="builtin", args=("-nic", second + ",mac=52:54:00:00:00:02"), slow=3, smp=1) as right:
                with_address(left, 1)
                with_address(right, 2)
                pings(left, 2)
                pings(right, 1)
                right.shell("ping -c 3 -s 1400 192.168.7.1 >/dev/null", 60)
                right.check_log()
            left.shell("! ping -c 1 -W 1 192.168.7.2 >/dev/null", 60)
            left.check_log()


def peer_that_breaks_the_protocol(cases):
    """A stream's peer that sends nonsense is hung up on. Of the next one, what is too short or long is skipped."""
    port = free_port()
    with VM(dtb="builtin", args=("-nic", "stream,server=on,addr.type=inet,addr.port=%d" % port), slow=3, smp=1) as vm, \
            cases.case("stream: a peer that sends no frames", vm):
        with_address(vm, 1)
        for text in (b"\xff\xff\xff\xff", struct.pack(">I", 1 << 24)):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
                peer.sendall(text)
                while peer.recv(4096):
                    pass
        with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
            peer.sendall(struct.pack(">I", 0) + struct.pack(">I", 1519) + bytes(1519))
            # An ARP request for the guest's address, in two parts, gets its answer.
            us = b"\x52\x54\0\0\0\x09"
            request = (b"\xff" * 6 + us + struct.pack(">HHHBBH", 0x806, 1, 0x800, 6, 4, 1) + us +
                       bytes((192, 168, 7, 9)) + bytes(6) + bytes((192, 168, 7, 1))).ljust(60, b"\0")
            text = struct.pack(">I", len(request)) + request
            got = b""
            while not re.search(b"\x08\x06\0\x01....\0\x02", got, re.S):
                peer.sendall(text[:7])
                peer.sendall(text[7:])
                data = peer.recv(4096)
                assert data, "the emulator hung up"
                got += data
        vm.check_log()


def main():
    cases = Cases()
    server = Server()
    for design in designs():
        traffic(cases, server, design)
    with tempfile.TemporaryDirectory() as directory:
        forwarding_and_link(cases, directory)
        into_the_network(cases, directory)
        two_machines(cases, directory)
    peer_that_breaks_the_protocol(cases)
    no_card(cases)
    cases.finish()


if __name__ == "__main__":
    main()
