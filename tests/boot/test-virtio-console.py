#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Linux with a virtual console and a port for programs: a shell on the console, megabytes through the port both ways, a
reader that pauses, peers that come and go, in all designs and with both interfaces. Prints TAP.
"""
import hashlib
import os
import random
import re
import socket
import sys
import tempfile
import time

from vm import VM, Cases, Failure, designs

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

import qmp_client               # noqa: E402  (path set above)

DATA = random.Random(7).randbytes(2 << 20)
SUM = hashlib.md5(DATA).hexdigest()


class Peer:
    """The other end of a character device."""

    def __init__(self, path, seconds):
        self.seconds = seconds
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(path)
        self.text = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def read(self):
        try:
            data = self.socket.recv(65536)
        except TimeoutError as error:
            raise Failure("nothing comes within %.0f s, after %r" % (self.seconds, self.text[-200:])) from error
        if not data:
            raise Failure("the connection ended after %r" % self.text[-200:])
        self.text += data

    def expect(self, pattern):
        while not (found := re.search(pattern, self.text)):
            self.read()
        self.text = self.text[found.end():]

    def expect_bytes(self, count):
        while len(self.text) < count:
            self.read()
        data, self.text = self.text[:count], self.text[count:]
        return data


def console(cases, name, vm, path):
    with cases.case(name + "a shell on the console", vm), Peer(path, 120 * vm.scale) as peer:
        vm.send("setsid sh -c 'exec sh -i < /dev/hvc0 > /dev/hvc0 2>&1' &\n")
        peer.expect(rb"# ")
        peer.socket.sendall(b"echo on-''the-console; tty\n")
        peer.expect(rb"on-the-console\r\n/dev/hvc0\r\n")
        peer.socket.sendall(b"exit\n")


def opened(client, states):
    """The next events tell these states of the port, which is all that they say of it."""
    data = [client.event("VSERPORT_CHANGE")["data"] for _ in states]
    if data != [{"id": "second", "open": state} for state in states]:
        raise Failure("VSERPORT_CHANGE: %s" % data)


def port(cases, name, vm, path, client):
    with cases.case(name + "a port with a name, closed at the host's end", vm):
        vm.send("cat /sys/class/virtio-ports/vport0p1/name; head -c 1 /dev/vport0p1 | wc -c\n")
        vm.expect(r"org\.pqemu\.test\n0\n", 60)
        if client:
            opened(client, (True, False))
    with Peer(path, 240 * vm.scale) as peer:
        with cases.case(name + "2 MiB into the guest", vm):
            vm.send("head -c %d /dev/vport0p1 > /tmp/f; md5sum /tmp/f\n" % len(DATA))
            peer.socket.sendall(DATA)
            vm.expect(SUM, 240)
        with cases.case(name + "2 MiB out of it, to a reader that pauses", vm):
            # Buffers of the driver, the character device and the sockets together have room for less than a third.
            vm.send("dd if=/tmp/f of=/dev/vport0p1 bs=4096 2>/dev/null; echo se''nt\n")
            first = peer.expect_bytes(100000)
            time.sleep(0.5)
            assert not re.search(r"^sent$", vm.text(), re.M), "the guest has sent what nobody has taken"
            assert hashlib.md5(first + peer.expect_bytes(len(DATA) - len(first))).hexdigest() == SUM
            vm.expect(r"\nsent\n", 60)
    with cases.case(name + "the next peer", vm), Peer(path, 120 * vm.scale) as peer:
        vm.send("head -c 6 /dev/vport0p1; echo; echo answer > /dev/vport0p1\n")
        peer.socket.sendall(b"again-")
        vm.expect(r"again-\n", 60)
        peer.expect(rb"answer\n")
        vm.check_log()
    if client:
        with cases.case(name + "a reset closes the port, which the guest has open", vm):
            vm.send("sleep 1000 < /dev/vport0p1 &\n")
            opened(client, (True, False) * 4 + (True,))
            client.result("system_reset")
            opened(client, (False,))


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as directory:
        for number, (design, (accel, slow)) in enumerate(designs().items()):
            paths = [os.path.join(directory, "%d-%d" % (number, n)) for n in range(2)]
            options = ["-device", "virtio-serial-device", "-global",
                       "virtio-mmio.force-legacy=" + ("on" if number == 1 else "off")]
            for n, device in enumerate(("virtconsole", "virtserialport,id=second,name=org.pqemu.test")):
                options += ["-chardev", "socket,id=c%d,path=%s,server=on,wait=off" % (n, paths[n]),
                            "-device", "%s,chardev=c%d" % (device, n)]
            name = "%s, %s interface: " % (design, "legacy" if number == 1 else "modern")
            control = os.path.join(directory, "control-%d" % number)
            if qmp_client.built_in():
                options += ["-qmp", "unix:%s,server=on,wait=off" % control]
            with VM(accel=accel, dtb="builtin", args=options, slow=3 * slow, reboot=True) as vm:
                with cases.case(name + "it starts", vm) as up:
                    vm.wait_shell()
                    vm.hush()
                if up.ok:
                    client = qmp_client.Client(control) if qmp_client.built_in() else None
                    console(cases, name, vm, paths[0])
                    port(cases, name, vm, paths[1], client)
    cases.finish()


if __name__ == "__main__":
    main()
