#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""libvirt runs a Linux guest with this emulator: its driver for QEMU, inside virsh, with a directory of its own. Needs
the packages libvirt-clients and libvirt-daemon-driver-qemu; without them it is skipped. Prints TAP.
"""
import subprocess
import sys
import tempfile
import time

from libvirt_guest import LIMIT, Console, Orders, Virsh, missing, new_disk, write_files
from vm import PROMPT, Failure, tap

STICK = """<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='%(directory)s/stick.qcow2'/><target dev='sda' bus='usb'/>
</disk>
"""
BACKUP = """<domainbackup mode='push'><disks><disk name='vda' type='file' backupmode='full'>
  <target file='%(directory)s/backup.qcow2'/><driver type='qcow2'/>
</disk></disks></domainbackup>
"""


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
        for kib in (102400, 131072):
            o.check("setmem guest %d --live" % kib, "^$")
            end = time.monotonic() + LIMIT
            while "actual %d" % kib not in virsh.order("dommemstat guest"):
                if time.monotonic() > end:
                    raise Failure("the guest does not get %d KiB" % kib)
                time.sleep(0.1)
        o.check("vcpuinfo guest", r"(?s)VCPU: +0.*VCPU: +1")
        o.check("domblklist guest", r"vda +/.*disk\.qcow2")
        console.shell("dd if=/dev/zero of=/dev/vda bs=1M count=1 conv=fsync && echo wr''itten", "written")
        o.check("domblkstat guest vda", r"wr_bytes 1048576")
        o.check("domblkinfo guest vda", r"Capacity: +16777216")
        o.check("vncdisplay guest", r"127\.0\.0\.1:\d+")
        card = virsh.order("domiflist guest").split()[-1]
        for state in ("down", "up"):
            said = virsh.order("domif-setlink guest %s %s" % (card, state))
            cases.check("updated" in said, "virsh domif-setlink " + state, said)
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
        o.check("backup-begin guest %s/backup.xml" % directory, "started")
        end = time.monotonic() + LIMIT
        while "Completed" not in virsh.order("domjobinfo guest --completed"):
            if time.monotonic() > end:
                raise Failure("the backup does not end")
            time.sleep(0.1)
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
    done = subprocess.run(["qemu-img", "compare", directory + "/disk.qcow2", directory + "/backup.qcow2"],
                          capture_output=True, text=True, check=False)
    cases.check(done.returncode == 0, "the backup is what the disk is", done.stdout + done.stderr)


def main():
    cases = tap.Cases()
    reason = missing()
    if reason:
        cases.skip("libvirt", reason)
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-libvirt-") as directory:
        write_files(directory, **{"stick.xml": STICK, "backup.xml": BACKUP})
        for name in ("disk", "stick"):
            new_disk(directory, name)
        virsh = Virsh("qemu:///embed?root=" + directory)
        try:
            run(cases, directory, virsh)
        except (Failure, OSError) as error:
            cases.check(False, "the guest and virsh go on", error)
        finally:
            virsh.end()
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
