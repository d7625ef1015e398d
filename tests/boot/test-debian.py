#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=14400 long
"""Debian 12 on the SD card (docs/debian.md): systemd comes up on four CPUs, ssh logs in, packages are installed from a
repository on the host, programs are compiled and run, git clones from the host, the guest's web server answers, and
reboot, poweroff and a kill leave a clean image. Prints TAP. Builds the image if it is not in the cache.
"""
import functools
import hashlib
import http.server
import os
import signal
import socket
import tempfile
import threading
import time

from debian import Guest, run
from vm import Cases, Failure

C_PROGRAM = r"""
#include <stdio.h>
#include <pthread.h>
static int n;
static void *add(void *p) { for (int i = 0; i < 100000; i++) __sync_fetch_and_add(&n, 1); return p; }
int main(void) { pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, add, 0);
for (int i = 0; i < 4; i++) pthread_join(t[i], 0); printf("sum-%d-\n", n); return 0; }
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files; what it would say of each request is not for the output of tests."""

    def log_message(self, *args):
        pass


def serve(directory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=directory))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def make_repository(directory):
    """A package of our own in a repository that apt knows how to read."""
    tree = os.path.join(directory, "tree")
    os.makedirs(os.path.join(tree, "DEBIAN"))
    os.makedirs(os.path.join(tree, "usr/bin"))
    with open(os.path.join(tree, "DEBIAN/control"), "w", encoding="ascii") as file:
        file.write("Package: pqemu-probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody <root@localhost>\n"
                   "Description: a package to install\n")
    with open(os.path.join(tree, "usr/bin/pqemu-probe"), "w", encoding="ascii") as file:
        file.write("#!/bin/sh\necho probe-works\n")
    os.chmod(os.path.join(tree, "usr/bin/pqemu-probe"), 0o755)
    served = os.path.join(directory, "served")
    os.makedirs(served)
    package = os.path.join(served, "pqemu-probe_1_all.deb")
    run("dpkg-deb", "--root-owner-group", "-b", tree, package)
    with open(package, "rb") as file:
        content = file.read()
    with open(os.path.join(served, "Packages"), "wb") as file:
        file.write(run("dpkg-deb", "-f", package) + ("Filename: ./pqemu-probe_1_all.deb\nSize: %d\nSHA256: %s\n\n" % (
            len(content), hashlib.sha256(content).hexdigest())).encode())
    return served


def console_login(vm, seconds=900):
    """Log in at the console. The kernel's messages may come in the middle of what login or the shell print, so what was
    not seen is asked for again: an empty line makes both print their prompts once more."""
    end = time.monotonic() + seconds * vm.scale
    vm.expect("login:", seconds)
    while True:
        vm.send("root\n")
        try:
            vm.send("echo logged-''in\n")
            vm.expect("logged-in", 60)
            return
        except Failure:
            assert time.monotonic() < end and vm.process.poll() is None, "no shell at the console"
            vm.send("\n")


def systemd_and_ssh(cases, guest, vm):
    with cases.case("systemd comes up, and the console lets root in", vm):
        console_login(vm)
        vm.send("systemctl is-system-running --wait; echo cpus-$(nproc)-\n")
        vm.expect("cpus-4-", 600)
    with cases.case("ssh logs in", vm) as up:
        guest.wait_ssh()
        assert guest.ssh("cat /etc/debian_version").startswith("12.")
        assert guest.ssh("systemctl --failed --no-legend | wc -l").strip() == "0", guest.ssh("systemctl --failed")
    return up.ok


def things_people_do(cases, guest, vm, directory):
    served = make_repository(directory)
    port = serve(served)
    with cases.case("apt installs from a repository on the host", vm):
        guest.ssh("echo 'deb [trusted=yes] http://10.0.2.2:%d ./' > /etc/apt/sources.list.d/probe.list; "
                  "apt-get -q update -o Dir::Etc::sourcelist=sources.list.d/probe.list "
                  "-o Dir::Etc::sourceparts=/dev/null && apt-get -qy install pqemu-probe" % port)
        assert guest.ssh("pqemu-probe").strip() == "probe-works"
    with cases.case("packages from the mirror: a compiler, Python, git and a web server", vm) as installed:
        guest.ssh("rm /etc/apt/sources.list.d/probe.list; apt-get -q update && DEBIAN_FRONTEND=noninteractive "
                  "apt-get -qy install --no-install-recommends gcc libc6-dev python3-minimal git lighttpd", 7200)
    if not installed.ok:
        return
    with cases.case("gcc compiles a program with threads, which runs", vm):
        guest.ssh("cat > /tmp/p.c && gcc -O2 -pthread -o /tmp/p /tmp/p.c", stdin=C_PROGRAM.encode())
        assert guest.ssh("/tmp/p").strip() == "sum-400000-"
    with cases.case("Python", vm):
        assert guest.ssh("python3 -c 'print(sum(i*i for i in range(100000)))'").strip() == "333328333350000"
    with cases.case("git clones from the host", vm):
        repository = os.path.join(directory, "repository")
        run("git", "init", "-q", repository)
        run("git", "-C", repository, "-c", "user.name=n", "-c", "user.email=e@x", "commit", "-q", "--allow-empty",
            "-m", "first")
        run("git", "clone", "-q", "--bare", repository, os.path.join(served, "r.git"))
        run("git", "-C", os.path.join(served, "r.git"), "update-server-info")
        guest.ssh("git clone -q http://10.0.2.2:%d/r.git /tmp/r && git -C /tmp/r log --oneline | grep first" % port)
    with cases.case("the guest's web server answers on the host", vm):
        guest.ssh("echo from-the-guest > /var/www/html/index.html; systemctl start lighttpd")
        with socket.create_connection(("127.0.0.1", guest.web), timeout=120) as connection:
            connection.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
            text = b""
            while data := connection.recv(4096):
                text += data
        assert b"from-the-guest" in text, text
    vm.check_log()


def endings(cases, guest, directory):
    with guest.start(reboot=True) as vm:
        with cases.case("reboot comes back", vm):
            vm.expect("Linux version", 60)
            guest.wait_ssh()
            guest.ssh("systemctl reboot || true")
            vm.expect("Linux version", 900)
            guest.wait_ssh()
        with cases.case("poweroff leaves a clean image", vm):
            guest.ssh("systemctl poweroff || true")
            vm.expect("Power down|System halted", 300)
            vm.kill()
            guest.check_image(directory)
    with guest.start() as vm, cases.case("killed while it writes: what was flushed is there", vm):
        guest.wait_ssh()
        guest.ssh("for i in $(seq 20); do head -c 100000 /dev/urandom > /root/f$i; done; "
                  "md5sum /root/f* > /root/sums; sync")
        vm.process.send_signal(signal.SIGKILL)
        vm.process.wait()
        guest.check_image(directory)
    with guest.start() as vm, cases.case("after the kill it starts again", vm):
        guest.wait_ssh()
        guest.ssh("md5sum -c --quiet /root/sums")


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as directory:
        guest = Guest(directory)
        with guest.start() as vm:
            if systemd_and_ssh(cases, guest, vm):
                things_people_do(cases, guest, vm, directory)
            guest.ssh("sync")
        endings(cases, guest, directory)
    cases.finish()


if __name__ == "__main__":
    main()
