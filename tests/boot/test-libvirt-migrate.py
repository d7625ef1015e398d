#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""virsh migrate: a Linux guest goes from one libvirtd to another and back, by each way that libvirt has, with its disk
shared and with its disk copied. Each libvirtd has directories of its own by a mount namespace, and an identity of its
own. Needs root and the packages libvirt-clients, libvirt-daemon, libvirt-daemon-driver-qemu. Prints TAP.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from libvirt_guest import LIMIT, Console, Orders, Virsh, conf, missing, new_disk, write_files
from vm import Failure, tap

PLACES = ("/run/libvirt", "/var/lib/libvirt", "/etc/libvirt", "/var/cache/libvirt", "/var/log/libvirt")
START = """mount --make-rprivate / && for place in %(places)s
do mkdir -p $place %(directory)s$place && mount --bind %(directory)s$place $place || exit 77; done
cp %(directory)s/*.conf /etc/libvirt/ && exec libvirtd -f /etc/libvirt/libvirtd.conf -p %(directory)s/pid
"""
NO_ERROR = r"(?s)\A(?!.*error:)"
DAEMON = """unix_sock_dir = "%(directory)s"
host_uuid = "%(uuid)s"
auth_unix_rw = "none"
auth_unix_ro = "none"
"""


class Daemon:
    """A libvirtd that knows nothing of the host's own one. Use as a context manager."""

    def __init__(self, directory, name, port):
        self.directory = os.path.join(directory, name)
        self.socket = self.directory + "/libvirt-sock"
        self.uri = "qemu+unix:///system?socket=" + self.socket
        os.mkdir(self.directory)
        for path, text in (("libvirtd.conf", DAEMON % dict(directory=self.directory, uuid=uuid.uuid4())),
                           ("qemu.conf", conf(port))):
            with open(os.path.join(self.directory, path), "w", encoding="ascii") as file:
                file.write(text)
        script = START % dict(places=" ".join(PLACES), directory=self.directory)
        with open(self.directory + "/said", "wb") as said:
            self.process = subprocess.Popen(["unshare", "-m", "sh", "-c", script], stdout=said, stderr=said)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()

    def ready(self):
        """Whether it listens; False: it has ended."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            with socket.socket(socket.AF_UNIX) as s:
                if s.connect_ex(self.socket) == 0:
                    return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        raise Failure("libvirtd does not listen")

    def said(self):
        with open(self.directory + "/said", encoding="utf-8", errors="replace") as file:
            return file.read()


def arrived(cases, there, word):
    """The guest runs there, with its memory and its disk."""
    Orders(cases, there).check("domstate guest", "running")
    console = Console(there)
    try:
        console.shell("echo $word; md5sum /dev/vda /there | cut -c-32 | uniq | wc -l", word + r"\n1\n")
        cases.check(True, "its memory and its disk have come along")
    finally:
        console.close()


def run(cases, directory, daemons, hosts):
    here, there = hosts
    tcp = " --migrateuri tcp://127.0.0.1"
    to = ["guest " + daemon.uri for daemon in daemons]
    o, p = (Orders(cases, host) for host in hosts)
    o.check("define %s/guest.xml" % directory, "defined")
    o.check("start guest", "started")
    console = Console(here)
    console.expect("/ # ")
    console.shell("word=$((6 * 7))kept; dd if=/dev/urandom of=/there bs=1M count=16 2> /dev/null; "
                  "dd if=/there of=/dev/vda bs=1M conv=fsync 2> /dev/null; echo wr''itten", "written")
    console.close()
    for option, name in (("--postcopy", "postcopy-ram"), ("--parallel", "multifd"), ("--compressed", "xbzrle")):
        o.check("migrate --unsafe --live %s %s%s" % (option, to[1], tcp), "'%s' is not supported" % name)
    arrived(cases, here, "42kept")
    o.check("migrate --unsafe --live --auto-converge %s%s" % (to[1], tcp), NO_ERROR)
    arrived(cases, there, "42kept")
    p.check("migrate --unsafe --live --p2p " + to[0] + tcp, NO_ERROR)
    arrived(cases, here, "42kept")
    o.check("migrate --unsafe --live --p2p --tunnelled " + to[1], NO_ERROR)
    arrived(cases, there, "42kept")
    p.check("migrate --unsafe --live --persistent --undefinesource %s --migrateuri unix://%s/m" % (to[0], directory),
            NO_ERROR)
    arrived(cases, here, "42kept")
    text = here.order("dumpxml --migratable guest").replace("/disk.qcow2", "/copy.qcow2")
    with open(directory + "/copy.xml", "w", encoding="ascii") as file:
        file.write(text)
    o.check("migrate --live --copy-storage-all %s --xml %s/copy.xml%s" % (to[1], directory, tcp), NO_ERROR)
    p.check("domblklist guest", "copy.qcow2")
    arrived(cases, there, "42kept")
    console = Console(there)
    console.shell("dd if=/dev/vda of=/dev/null iflag=direct bs=1M; echo 3 > /proc/sys/vm/drop_caches; echo fr''esh",
                  "fresh")
    console.close()
    arrived(cases, there, "42kept")


def main():
    cases = tap.Cases()
    reason = missing() or (None if shutil.which("libvirtd") else "no libvirtd (apt-get install libvirt-daemon)")
    if reason:
        cases.skip("virsh migrate", reason)
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-libvirt-") as directory:
        write_files(directory)
        for name in ("disk", "copy"):
            new_disk(directory, name)
        with Daemon(directory, "a", 6200) as a, Daemon(directory, "b", 6300) as b:
            if not a.ready() or not b.ready():
                cases.skip("virsh migrate", "libvirtd does not start here: " + (a.said() + b.said())[:200])
                return cases.done()
            hosts = []
            try:
                hosts += [Virsh(a.uri), Virsh(b.uri)]
                run(cases, directory, (a, b), hosts)
            except (Failure, OSError) as error:
                cases.check(False, "the guest and virsh go on", error)
            finally:
                for host in hosts:
                    host.order("destroy guest")
                    host.end()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
