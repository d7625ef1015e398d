#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Linux under -sandbox on with all denied, and, if root runs the test, as another user in a root directory of its own:
disks, network, QMP and a debugger work, and the emulator ends well."""
import glob
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

from vm import VM, Cases, emulator, time_scale

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../cli"))

from machine import connect     # noqa: E402  (path set above)

DENY = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
PACKET = re.compile(rb"\$([^#]*)#..")


def has_filter():
    out = subprocess.run([emulator(), "-sandbox", "on", "-M", "help"], stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, check=False).stdout
    return b"without libseccomp" not in out


class Socket:
    """A connection, and what came by it."""

    def __init__(self, path):
        self.socket = connect(socket.AF_UNIX, path)
        self.socket.settimeout(60 * time_scale())
        self.data = b""

    def send(self, data):
        self.socket.sendall(data)

    def take(self, pattern):
        while True:
            found = pattern.search(self.data)
            if found:
                self.data = self.data[found.end():]
                return found
            got = self.socket.recv(65536)
            assert got, "closed; had %r" % self.data
            self.data += got


def gdb_ask(gdb, text):
    gdb.send(b"$%s#%02x" % (text, sum(text) & 0xff))
    answer = gdb.take(PACKET).group(1)
    gdb.send(b"+")
    return answer


def qmp_ask(qmp, name, **arguments):
    qmp.send(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
    return qmp.take(re.compile(rb'\{"(?:return|error)".*\n')).group(0).decode()


def confined(process):
    """Seccomp mode, no_new_privs and user of all threads."""
    found = set()
    for path in glob.glob("/proc/%d/task/*/status" % process.pid):
        with open(path, encoding="ascii") as file:
            text = file.read()
        found.add(tuple(re.search(r"^%s:\s+(\d+)" % name, text, re.M).group(1)
                        for name in ("Seccomp", "NoNewPrivs", "Uid")))
    return found


def linux(cases, directory):
    root = os.path.join(directory, "root")
    card, disk = os.path.join(directory, "card"), os.path.join(directory, "disk")
    qmp_path, gdb_path = os.path.join(directory, "qmp"), os.path.join(directory, "gdb")
    os.mkdir(root)
    for path in (card, disk):
        with open(path, "wb") as file:
            file.truncate(8 << 20)
    options = ["-sandbox", DENY, "-sd", card, "-drive", "if=virtio,format=raw,file=" + disk, "-nic", "user",
               "-qmp", "unix:%s,server=on,wait=off" % qmp_path, "-gdb", "unix:" + gdb_path]
    user = os.getuid()
    if user == 0:
        options += ["-chroot", root, "-runas", "65534:65534"]
        user = 65534
    with VM(dtb="builtin", args=options, slow=2) as vm:
        with cases.case("Linux boots", vm):
            vm.wait_shell()
            found = confined(vm.process)
            assert found == {("2", "1", str(user))}, found
        with cases.case("disks are written", vm):
            text = "".join("%d\n" % i for i in range(1, 10001)).encode()
            for device in ("mmcblk0", "vda"):
                vm.shell("seq 1 10000 > /dev/%s && sync" % device)
            for path in (card, disk):
                with open(path, "rb") as file:
                    assert file.read(len(text)) == text, path
        with cases.case("the network answers", vm):
            vm.send("ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ping -c 3 10.0.2.2\n")
            vm.expect("3 packets transmitted, 3 packets received", 120)
        with cases.case("QMP", vm):
            qmp = Socket(qmp_path)
            qmp.take(re.compile(rb"QMP.*\n"))
            assert "return" in qmp_ask(qmp, "qmp_capabilities")
            assert "R15" in qmp_ask(qmp, "human-monitor-command", **{"command-line": "info registers -a"})
            assert "trace-event" in qmp_ask(qmp, "query-commands")
            assert '"running"' in qmp_ask(qmp, "query-status")
        with cases.case("a debugger stops, reads, steps and goes on", vm):
            gdb = Socket(gdb_path)
            assert b"PacketSize" in gdb_ask(gdb, b"qSupported")
            assert gdb_ask(gdb, b"?").startswith(b"T")
            assert len(gdb_ask(gdb, b"g")) >= 16 * 8
            assert gdb_ask(gdb, b"m0,4") != b""
            assert gdb_ask(gdb, b"vCont;s:1").startswith(b"T")
            assert gdb_ask(gdb, b"D") == b"OK"
            vm.shell("true")
        with cases.case("the end", vm):
            vm.check_log()
            qmp.send(b'{"execute": "quit"}\n')
            assert vm.process.wait(60 * vm.scale) == 0


def main():
    cases = Cases()
    if not has_filter():
        cases.skip("-sandbox on", "the emulator was built without libseccomp")
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        linux(cases, directory)
    cases.finish()


if __name__ == "__main__":
    main()
