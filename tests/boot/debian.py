# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian in the guest, for tests: on a copy of the card, reached by ssh."""
import os
import shutil
import socket
import subprocess
import time

from vm import VM, guest_parts

ENVIRONMENT = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Guest:
    """Debian on a copy of the card; name "desktop": of the card with a desktop."""

    def __init__(self, directory, name="debian"):
        parts = guest_parts(name)
        self.card = os.path.join(directory, name + ".qcow2")
        if not os.path.exists(self.card):
            shutil.copy(parts[name], self.card)
        self.key = os.path.join(directory, "key")
        shutil.copy(parts[name + "_key"], self.key)
        os.chmod(self.key, 0o600)
        self.port, self.web = free_port(), free_port()

    def start(self, reboot=False, args=(), **more):
        nic = "user,hostfwd=tcp:127.0.0.1:%d-:22,hostfwd=tcp:127.0.0.1:%d-:80" % (self.port, self.web)
        return VM(dtb="builtin", initrd=None, append="root=/dev/mmcblk0 rootwait", reboot=reboot, slow=10,
                  args=("-drive", "file=%s,format=qcow2,if=sd" % self.card, "-nic", nic, *args), **more)

    def ssh(self, command, timeout=1800, stdin=None):
        options = [word for option in ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
                                       "ConnectTimeout=60") for word in ("-o", option)]
        done = subprocess.run(["ssh", "-i", self.key, "-p", str(self.port), *options, "root@127.0.0.1", command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=timeout,
                              input=stdin)
        assert done.returncode == 0, "%s: %d\n%s" % (command, done.returncode, done.stdout.decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "replace")

    def wait_ssh(self, seconds=900):
        end = time.monotonic() + seconds
        while True:
            try:
                return self.ssh("true", 120)
            except (AssertionError, subprocess.TimeoutExpired):
                assert time.monotonic() < end, "no ssh within %d s" % seconds
                time.sleep(2)

    def check_image(self, directory):
        raw = os.path.join(directory, "after.raw")
        run("qemu-img", "check", self.card)
        run("qemu-img", "convert", "-O", "raw", self.card, raw)
        replayed = run("e2fsck", "-p", raw, status=(0, 1))
        run("e2fsck", "-f", "-n", raw)
        os.unlink(raw)
        return replayed


def run(*command, status=(0,)):
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode in status, "%s: %d\n%s" % (" ".join(command), done.returncode,
                                                      done.stdout.decode("utf-8", "replace"))
    return done.stdout
