# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux guest under libvirt, for the tests that have one: the domain, virsh, its console."""
import glob
import os
import re
import select
import shutil
import subprocess
import time

from vm import PROMPT, Failure, emulator, guest_parts, is_upstream, time_scale

LIMIT = 120 * time_scale()
# libvirt looks for a free port and then has the emulator open it: each daemon has a range of its own, so that none
# takes another's in between, below those that the kernel gives out.
CONF = """remote_display_port_min = %(first)d
remote_display_port_max = %(last)d
migration_port_min = %(first)d
migration_port_max = %(last)d
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
dynamic_ownership = 0
remember_owner = 0
"""
DOMAIN = """<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>128</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='armv6l' machine='realview-eb-mpcore'>hvm</type>
    <kernel>%(kernel)s</kernel>
    <initrd>%(initrd)s</initrd>
    <cmdline>console=ttyAMA0</cmdline>
    <dtb>builtin</dtb>
  </os>
  <devices>
    <emulator>%(emulator)s</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='%(directory)s/disk.qcow2'/>
      <target dev='vda' bus='virtio'/>
      <address type='virtio-mmio'/>
    </disk>
    <interface type='user'><model type='virtio'/><address type='virtio-mmio'/></interface>
    <serial type='pty'/>
    <console type='pty'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend><address type='virtio-mmio'/></rng>
    <controller type='virtio-serial' index='0'><address type='virtio-mmio'/></controller>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' port='-1' autoport='yes'/>
    <video><model type='none'/></video>
    <controller type='usb' index='0'/>
    <input type='tablet' bus='usb'/>
    <memballoon model='virtio'><address type='virtio-mmio'/></memballoon>
  </devices>
</domain>
"""
READY = "virsh # "


class Virsh:
    """virsh, connected to a driver; orders are answered one after the other."""

    def __init__(self, uri):
        self.process = subprocess.Popen(["virsh", "-c", uri], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        env=dict(os.environ, LC_ALL="C"))
        self.text = ""
        self.wait()

    def wait(self):
        end = time.monotonic() + LIMIT
        while not self.text.endswith(READY):
            if not select.select([self.process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure("virsh does not answer: " + self.text)
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise Failure("virsh has ended: " + self.text)
            self.text += data.decode("utf-8", "replace")

    def order(self, line):
        """What it prints, without blank lines."""
        self.text = ""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        self.wait()
        words = [text for text in self.text.split("\n") if text.strip() and not text.startswith(READY)]
        return "\n".join(words[1:] if words and words[0] == line else words)

    def end(self):
        self.process.stdin.close()
        self.process.wait(LIMIT)
        self.process.stdout.close()


class Console:
    """The guest's console, which is a pseudo-terminal."""

    def __init__(self, virsh):
        self.fd = os.open(virsh.order("ttyconsole guest").strip(), os.O_RDWR | os.O_NOCTTY)
        self.text = ""

    def expect(self, pattern):
        end = time.monotonic() + LIMIT
        while not re.search(pattern, self.text):
            if not select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]:
                raise Failure("the guest does not say '%s': %s" % (pattern, self.text[-2000:]))
            self.text += os.read(self.fd, 65536).decode("utf-8", "replace").replace("\r", "")
        self.text = re.split(pattern, self.text, maxsplit=1)[1]

    def shell(self, command, pattern):
        os.write(self.fd, command.encode() + b"\n")
        self.expect(pattern)
        self.expect(PROMPT)

    def close(self):
        os.close(self.fd)


class Orders:
    """The cases: an order, and what virsh says to it."""

    def __init__(self, cases, virsh):
        self.cases, self.virsh = cases, virsh

    def check(self, line, pattern):
        said = self.virsh.order(line)
        self.cases.check(re.search(pattern, said), "virsh %s" % line.split("/")[0], said)


def conf(port):
    """A daemon's qemu.conf; it has the ports from `port` on."""
    return CONF % dict(first=port, last=port + 99)


def missing():
    """Why it cannot be tried, or None."""
    if is_upstream():
        return "another QEMU's machine has no places for virtual devices"
    if not shutil.which("virsh") or not any(glob.glob(place + "/libvirt/connection-driver/libvirt_driver_qemu.so")
                                            for place in ("/usr/lib", "/usr/lib64", "/usr/lib/*")):
        return "libvirt is not installed (apt-get install libvirt-clients libvirt-daemon-driver-qemu)"
    return None if os.geteuid() == 0 else "libvirt inside virsh wants to be root"


def write_files(directory, **files):
    """qemu.conf and the guest's domain, with `files` beside them."""
    parts = guest_parts("kernel", "base")
    facts = dict(directory=directory, emulator=os.path.abspath(emulator()), kernel=parts["kernel"],
                 initrd=parts["initrd"])
    for name, text in {"etc/qemu.conf": conf(6100), "guest.xml": DOMAIN, **files}.items():
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as file:
            file.write(text % facts if path.endswith(".xml") else text)


def new_disk(directory, name):
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "%s/%s.qcow2" % (directory, name), "16M"], check=True)
