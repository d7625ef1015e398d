#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""libvirt runs a Linux guest with this emulator: its driver for QEMU, inside virsh, with a directory of its own. Needs
the packages libvirt-clients and libvirt-daemon-driver-qemu; without them it is skipped. Prints TAP.
"""
import glob
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

from vm import PROMPT, Failure, guest_parts, emulator, is_upstream, tap, time_scale

LIMIT = 120 * time_scale()
CONF = """user = "root"
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
    <memballoon model='none'/>
  </devices>
</domain>
"""
STICK = """<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='%(directory)s/stick.qcow2'/><target dev='sda' bus='usb'/>
</disk>
"""
READY = "virsh # "


class Virsh:
    """virsh with the driver in it; orders are answered one after the other."""

    def __init__(self, directory):
        self.process = subprocess.Popen(["virsh", "-c", "qemu:///embed?root=" + directory], stdin=subprocess.PIPE,
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


def run(cases, directory, virsh):
    o = Orders(cases, virsh)
    o.check("define %s/guest.xml" % directory, "defined")
    o.check("start guest", "started")
    console = Console(virsh)
    try:
        console.expect(PROMPT)
        console.shell("echo it is $((6 * 7))", "it is 42")
        cases.check(True, "its console has a shell")
        o.check("dominfo guest", r"State: +running")
        o.check("vcpuinfo guest", r"(?s)VCPU: +0.*VCPU: +1")
        o.check("domblklist guest", r"vda +/.*disk\.qcow2")
        console.shell("dd if=/dev/zero of=/dev/vda bs=1M count=1 conv=fsync && echo wr''itten", "written")
        o.check("domblkstat guest vda", r"wr_bytes 1048576")
        o.check("domblkinfo guest vda", r"Capacity: +16777216")
        o.check("vncdisplay guest", r"127\.0\.0\.1:\d+")
        o.check("domstats guest", r"(?s)vcpu\.1\.state=1.*block\.0\.wr\.bytes=1048576")
        o.check("qemu-monitor-command guest --hmp info version", r"\d+\.\d+\.\d+")
        o.check('qemu-monitor-command guest \'{"execute": "query-target"}\'', '"arch":"arm"')
        o.check("screenshot guest %s/screen" % directory, "saved")
        o.check("send-key guest KEY_A", "^$")
        o.check("suspend guest", "suspended")
        o.check("domstate --reason guest", r"paused \(user\)")
        o.check("resume guest", "resumed")
        o.check("attach-device guest %s/stick.xml" % directory, "attached")
        console.shell("until grep -q sda /proc/partitions; do sleep 0.1; done; echo the''re", "there")
        o.check("detach-device guest %s/stick.xml" % directory, "detached")
        console.shell("while grep -q sda /proc/partitions; do sleep 0.1; done; echo go''ne", "gone")
        console.shell("touch /before", "touch")
        o.check("snapshot-create-as guest one", "created")
        console.shell("touch /after", "touch")
        o.check("snapshot-revert guest one", "reverted")
        console.close()
        console = Console(virsh)
        console.shell("ls /before /after | wc -l; echo li''sted", r"\n1\nlisted")
        o.check("snapshot-list guest", r"one .*running")
        o.check("snapshot-delete guest one", "deleted")
        o.check("blockresize guest vda 20M", "resized")
        o.check("blkdeviotune guest vda --total-iops-sec 1000", "^$")
        o.check("blockcopy guest vda %s/copy.qcow2 --format qcow2 --wait --finish --transient-job" % directory,
                "copied")
        o.check("save guest %s/saved" % directory, "saved")
        o.check("domstate guest", "shut off")
        o.check("restore %s/saved" % directory, "restored")
        console.close()
        console = Console(virsh)
        console.shell("ls /before && echo is the''re", "is there")
        o.check("managedsave guest", "saved")
        o.check("start guest", "started")
        console.close()
        console = Console(virsh)
        console.shell("ls /before && echo is the''re", "is there")
        o.check("shutdown guest", "being shutdown")     # the board has no button: it goes on
        o.check("domstate guest", "running")
        console.shell("echo ali''ve", "alive")
        o.check("reset guest", "was reset")
        console.expect(PROMPT)
        console.shell("ls /before || echo a''new", "anew")
    finally:
        console.close()
        o.check("destroy guest", "destroyed")
    o.check("undefine guest", "undefined")


def missing():
    """Why it cannot be tried, or None."""
    if is_upstream():
        return "another QEMU's machine has no places for virtual devices"
    if not shutil.which("virsh") or not any(glob.glob(place + "/libvirt/connection-driver/libvirt_driver_qemu.so")
                                            for place in ("/usr/lib", "/usr/lib64", "/usr/lib/*")):
        return "libvirt is not installed (apt-get install libvirt-clients libvirt-daemon-driver-qemu)"
    return None if os.geteuid() == 0 else "libvirt inside virsh wants to be root"


def main():
    cases = tap.Cases()
    reason = missing()
    if reason:
        cases.skip("libvirt", reason)
        return cases.done()
    parts = guest_parts("kernel", "base")
    with tempfile.TemporaryDirectory(prefix="pqemu-libvirt-") as directory:
        os.mkdir(directory + "/etc")
        facts = dict(directory=directory, emulator=os.path.abspath(emulator()), kernel=parts["kernel"],
                     initrd=parts["initrd"])
        for name, text in (("etc/qemu.conf", CONF), ("guest.xml", DOMAIN % facts), ("stick.xml", STICK % facts)):
            with open(os.path.join(directory, name), "w", encoding="ascii") as file:
                file.write(text)
        for name in ("disk", "stick"):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "%s/%s.qcow2" % (directory, name), "16M"],
                           check=True)
        virsh = Virsh(directory)
        try:
            run(cases, directory, virsh)
        except (Failure, OSError) as error:
            cases.check(False, "the guest and virsh go on", error)
        finally:
            virsh.end()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
