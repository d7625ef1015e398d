#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""libvirt's backups of a guest's disk: checkpoints, backups that are pulled by NBD and that are pushed, whole and what
is new; and its orders about chains of images while there are checkpoints. Needs what boot/test-libvirt needs; nbdinfo
for a part. Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from libvirt_guest import LIMIT, Console, Orders, Virsh, missing, new_disk, write_files
from vm import PROMPT, Failure, tap

SIZE, PIECE = 16 << 20, 64 << 10
PULL = """<domainbackup mode='pull'>%s<server transport='unix' socket='%s/nbd'/><disks>
  <disk name='vda' backup='yes' type='file' exportname='vda'%s><scratch file='%s/%s.qcow2'/></disk>
</disks></domainbackup>
"""
PUSH = """<domainbackup mode='push'><incremental>%s</incremental><disks><disk name='vda' type='file'>
  <target file='%s/%s.qcow2'/><driver type='qcow2'/></disk></disks></domainbackup>
"""


class Disk:
    """The guest's disk, written by its shell, and copies of it as others have pulled them."""

    def __init__(self, cases, directory, virsh, console):
        self.cases, self.directory, self.virsh, self.console = cases, directory, virsh, console
        self.orders = Orders(cases, virsh)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, piece):
        """Two pieces at random from this one on."""
        self.console.shell("dd if=/dev/urandom of=/dev/vda bs=64k count=2 seek=%d conv=fsync; echo wr''itten" % piece,
                           "written")

    def file(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    def begin(self, backup, checkpoint):
        self.file("backup.xml", backup)
        self.file("checkpoint.xml", "<domaincheckpoint><name>%s</name></domaincheckpoint>" % checkpoint)
        self.orders.check("backup-begin guest %s --checkpointxml %s"
                          % (self.path("backup.xml"), self.path("checkpoint.xml")), "started")

    def url(self):
        return "nbd+unix:///vda?socket=" + self.path("nbd")

    def pull(self, name):
        self.run("qemu-img", "convert", "-f", "raw", "-O", "raw", self.url(), self.path(name))
        return self.content(name)

    def content(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure("%s: %s%s" % (command, done.stdout, done.stderr))
        return done.stdout

    def wait(self, line, text, there=True):
        end = time.monotonic() + LIMIT
        while (text in self.virsh.order(line)) != there:
            if time.monotonic() > end:
                raise Failure("%s: %s never %s" % (line, text, "comes" if there else "goes"))
            time.sleep(0.1)

    def abort(self):
        self.orders.check("domjobabort guest", "^$")
        self.wait("domjobinfo guest", "None")
        self.cases.check(not os.path.exists(self.path("nbd")), "the server has ended")


def pulled(disk):
    """A whole backup, then what is new since. Returns what the disk was at the second one."""
    d, o = disk.directory, disk.orders
    disk.write(0)
    disk.begin(PULL % ("", d, "", d, "scratch"), "one")
    whole = disk.pull("whole")
    disk.write(10)
    disk.cases.check(disk.pull("again") == whole and whole[:PIECE].strip(b"\0") and not whole[PIECE * 10:].strip(b"\0"),
                     "what is pulled is the disk as it was, while the guest writes")
    o.check("domjobinfo guest", "Backup")
    disk.abort()
    disk.write(20)
    disk.begin(PULL % ("<incremental>one</incremental>", d, " exportbitmap='new'", d, "scratch2"), "two")
    if shutil.which("nbdinfo"):
        rows = [[int(word) for word in line.split()[:3]]
                for line in disk.run("nbdinfo", "--map=qemu:dirty-bitmap:new", disk.url()).splitlines()]
        dirty = [(start, length) for start, length, state in rows if state]
        disk.cases.check(dirty == [(PIECE * 10, PIECE * 2), (PIECE * 20, PIECE * 2)], "what is new is told", rows)
    now = disk.pull("now")
    changed = [n for n in range(SIZE // PIECE) if now[n * PIECE:][:PIECE] != whole[n * PIECE:][:PIECE]]
    disk.cases.check(changed == [10, 11, 20, 21], "... and it is what has changed", changed)
    disk.abort()
    return now


def pushed(disk, before):
    """What is new since the checkpoint two, on top of what was pulled then."""
    d = disk.directory
    disk.write(30)
    disk.begin(PUSH % ("two", d, "pushed"), "three")
    disk.wait("domjobinfo guest --completed", "Completed")
    # libvirt tells of the end before it has the emulator let go of the image.
    disk.wait("qemu-monitor-command guest '{\"execute\": \"query-named-block-nodes\"}'", "pushed.qcow2", there=False)
    disk.run("qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", disk.path("now"), disk.path("pushed.qcow2"))
    disk.run("qemu-img", "convert", "-O", "raw", disk.path("pushed.qcow2"), disk.path("pushed"))
    after = disk.content("pushed")
    changed = [n for n in range(SIZE // PIECE) if after[n * PIECE:][:PIECE] != before[n * PIECE:][:PIECE]]
    disk.cases.check(changed == [30, 31], "the pushed backup is what is new", changed)


def chains(disk):
    o = disk.orders

    def source(name):
        said = disk.virsh.order("domblklist guest")
        disk.cases.check(re.search(r"vda +\S*/" + re.escape(name), said), "the disk is now " + name, said)
    o.check("snapshot-create-as guest s1 --disk-only --no-metadata --diskspec vda,file=%s" % disk.path("s1"), "created")
    disk.write(40)
    o.check("checkpoint-create-as guest four", "created")
    o.check("blockcommit guest vda --active --pivot --wait", "pivoted")
    source("disk.qcow2")
    o.check("checkpoint-delete guest two", "deleted")
    o.check("checkpoint-list guest --name", "(?s)four.*one.*three")
    for name in ("s2", "s3"):
        o.check("snapshot-create-as guest %s --disk-only --no-metadata --diskspec vda,file=%s"
                % (name, disk.path(name)), "created")
        disk.write(50)
    o.check("blockcommit guest vda --top %s --base %s --wait" % (disk.path("s2"), disk.path("disk.qcow2")), "complete")
    source("s3")
    for name in ("four", "three", "one"):
        o.check("checkpoint-delete guest " + name, "deleted")
    o.check("blockcopy guest vda %s --format qcow2 --shallow --wait --pivot --transient-job" % disk.path("copy"),
            "pivoted")
    source("copy")
    o.check("blockpull guest vda --wait", "complete")
    disk.write(60)
    disk.console.shell("dd if=/dev/vda bs=64k | md5sum | cut -c1-32; echo re''ad", "read")


def run(cases, directory, virsh):
    o = Orders(cases, virsh)
    o.check("define %s/guest.xml" % directory, "defined")
    o.check("start guest", "started")
    console = Console(virsh)
    try:
        console.expect(PROMPT)
        disk = Disk(cases, directory, virsh, console)
        pushed(disk, pulled(disk))
        chains(disk)
    finally:
        console.close()
        o.check("destroy guest", "destroyed")
    for name in ("disk.qcow2", "copy"):
        disk.run("qemu-img", "check", "-q", "-f", "qcow2", disk.path(name))


def main():
    cases = tap.Cases()
    reason = missing()
    if reason:
        cases.skip("libvirt's backups", reason)
        return cases.done()
    with tempfile.TemporaryDirectory(prefix="pqemu-libvirt-") as directory:
        write_files(directory)
        new_disk(directory, "disk")
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
