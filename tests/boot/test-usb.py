#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
# run-tests: timeout=3600 long as=thorough args=--thorough
"""Linux with USB devices: its driver finds controller, hub and devices; keys and pointers come as events; a stick is
written and read, and is the same on both sides.
"""
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

from screen import has_vnc, until
from vm import ROOT, VM, Cases, Failure, designs, is_upstream

sys.path.insert(0, os.path.join(ROOT, "tests/cli"))

import rfb                      # noqa: E402  (path set above)

THOROUGH = "--thorough" in sys.argv
MIB = 100 if THOROUGH else 16
PRODUCTS = ("USB Hub", "USB Keyboard", "USB Mouse", "USB Tablet", "USB Stick")
# Linux's events: type, code, value.
KEY_A, LEFT, ABS_X, ABS_Y, REL_X = (1, 30), (1, 272), (3, 0), (3, 1), (2, 0)


class Qmp:
    """The monitor for programs of a VM."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "qmp")
        self.args = ("-qmp", "unix:%s,server=on,wait=off" % self.path)
        self.file = None
        self.events = []

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(120)
        connection.connect(self.path)
        self.file = connection.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.order("qmp_capabilities")

    def order(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise Failure("%s: %s" % (name, answer["error"]["desc"]))
            else:
                return answer["return"]

    def monitor(self, line):
        return self.order("human-monitor-command", **{"command-line": line})

    def send(self, *events):
        self.order("input-send-event", events=[{"type": kind, "data": data} for kind, data in events])


def finds_devices(vm):
    vm.shell("until test -b /dev/sda; do sleep 0.2; done", 120)
    text = vm.shell("cat /sys/bus/usb/devices/*/product; dmesg | grep -c 'USB ISP 1761'", 60)[1]
    missing = [product for product in PRODUCTS if product not in text]
    if missing:
        raise Failure("not found: %s in %s" % (missing, text))


def event_device(vm, name):
    text = vm.shell("cat /proc/bus/input/devices")[1]
    for block in text.split("\n\n"):
        if name in block:
            return re.search(r"event\d+", block).group(0)
    raise Failure("no input device '%s': %s" % (name, text))


def received(vm, path):
    """What a reader of an event device has got: (type, code, value) each."""
    dump = vm.shell("hexdump -v -e '4/4 \"%%d \" \"\\n\"' '%s'" % path)[1]
    return [(word & 0xffff, word >> 16, value) for _, _, word, value in
            (map(int, row) for row in re.findall(r"^(-?\d+) (-?\d+) (-?\d+) (-?\d+) *$", dump, re.M))]


def by_vnc(vm, path):
    """A VNC client's keys go to the USB keyboard, and the tablet is where its pointer is."""
    for name in ("USB Keyboard", "USB Tablet"):
        vm.shell("(cat /dev/input/%s > '/tmp/vnc %s' &)" % (event_device(vm, name), name))
    client = rfb.connect_unix(path, timeout=60 * vm.scale)
    # Before somebody looks at the screen, it has no size.
    client.picture(lambda seen: seen[0] > 640)
    want = [(*ABS_X, round(0x7fff * 300 / client.width)), (*ABS_Y, round(0x7fff * 700 / client.height))]

    def near(event, wanted):
        return event[:2] == wanted[:2] and abs(event[2] - wanted[2]) <= 64

    def seen():
        client.key(ord("a"), True)
        client.key(ord("a"), False)
        for place in ((10, 10), (300, 700)):
            client.pointer(*place)
        client.pointer(300, 700, 1)
        client.pointer(300, 700)
        keys, places = received(vm, "/tmp/vnc USB Keyboard"), received(vm, "/tmp/vnc USB Tablet")
        return {(*KEY_A, 1), (*KEY_A, 0)} <= set(keys) and {(*LEFT, 1), (*LEFT, 0)} <= set(places) and \
            all(any(near(event, wanted) for event in places) for wanted in want)
    until(seen, lambda: "wanted %s, got %s and %s" % (want, received(vm, "/tmp/vnc USB Tablet"),
                                                      received(vm, "/tmp/vnc USB Keyboard")), 60 * vm.scale)
    client.close()


def events(vm, qmp):
    """Keys, buttons and places are sent until they have all come."""
    names = ("USB Keyboard", "USB Mouse", "USB Tablet")
    for name in names:
        vm.shell("(cat /dev/input/%s > '/tmp/%s' &)" % (event_device(vm, name), name))
    want = {"USB Keyboard": [(*KEY_A, 1), (*KEY_A, 0)], "USB Mouse": [(*REL_X, 7)],
            "USB Tablet": [(*ABS_X, 4096), (*ABS_Y, 32767), (*LEFT, 1), (*LEFT, 0)]}
    missing = []

    def seen():
        missing.clear()
        qmp.monitor("sendkey a 1")
        qmp.monitor("mouse_set 1")
        qmp.monitor("mouse_move 7 0")
        qmp.monitor("mouse_set 2")
        for x in (8, 4096):             # a place that is the same as before is no event
            qmp.send(("abs", {"axis": "x", "value": x}), ("abs", {"axis": "y", "value": 32767 if x != 8 else 5}))
        qmp.send(("btn", {"button": "left", "down": True}))
        qmp.send(("btn", {"button": "left", "down": False}))
        for name, expected in want.items():
            got = received(vm, "/tmp/" + name)
            missing.extend((name, event) for event in expected if event not in got)
        return not missing
    mice = qmp.order("query-mice")
    if [m["name"] for m in mice[1:]] != list(names[1:]) or not mice[2]["absolute"]:
        raise Failure("the mice are %s" % mice)
    until(seen, lambda: "events are missing: %s" % missing, 90 * vm.scale)


def digest(path, offset, size):
    with open(path, "rb") as file:
        file.seek(offset)
        return hashlib.md5(file.read(size)).hexdigest()


def writes_stick(vm, image):
    """What the guest writes is in the image, and what is read again is the same."""
    write = "dd if=/dev/urandom of=/tmp/data bs=1M count=4 2>/dev/null; " \
            "for i in $(seq %d); do dd if=/tmp/data of=/dev/sda bs=1M seek=$((4*(i-1))) conv=fsync,notrunc || break; " \
            "done 2>/dev/null; echo 3 > /proc/sys/vm/drop_caches" % (MIB // 4)
    if vm.shell(write, 900)[0]:
        raise Failure("the stick cannot be written")
    read = "md5sum < /tmp/data; dd if=/dev/sda bs=1M count=%d 2>/dev/null | md5sum" % MIB
    text = vm.shell(read, 900)[1]
    sums = re.findall(r"\b[0-9a-f]{32}\b", text)
    if len(sums) != 2 or sums[0] != digest(image, 0, 4 << 20) or sums[1] != digest(image, 0, MIB << 20):
        raise Failure("the stick has something else: " + text)
    if digest(image, (MIB - 4) << 20, 4 << 20) != sums[0]:
        raise Failure("the end of what was written is something else")


def pulled_out(vm, qmp):
    """
    A stick is plugged in, pulled out while its file system is mounted and written, and plugged in again on a hub, which
    is then pulled out with all that is on it.
    """
    qmp.monitor("device_add usb-storage,drive=files,id=files")
    if "ID: files" not in qmp.monitor("info usb"):
        raise Failure("info usb does not show the stick")
    vm.shell("until test -b /dev/sdb; do sleep 0.2; done; mkdir -p /mnt; mount -t ext4 /dev/sdb /mnt && "
             "echo kept > /mnt/mark && sync", 120)
    vm.shell("(while test -b /dev/sdb; do dd if=/dev/zero of=/mnt/f bs=64k count=32 2>/dev/null; sync; done) & sleep 1",
             60)
    qmp.order("device_del", id="files")
    vm.shell("while test -b /dev/sdb; do sleep 0.2; done; umount -l /mnt", 120)
    deleted = [e["data"].get("device") for e in qmp.events if e["event"] == "DEVICE_DELETED"]
    if "ID: files" in qmp.monitor("info usb") or deleted != ["files"]:
        raise Failure("it is still there: %s, %s" % (qmp.monitor("info usb"), qmp.events))
    qmp.order("device_add", driver="usb-hub", id="outer", port="3.5")
    qmp.order("device_add", driver="usb-kbd", id="second", port="3.5.2")
    qmp.order("device_add", driver="usb-storage", drive="files", id="again", port="3.5.1")
    text = vm.shell("until test -b /dev/sd[b-z]; do sleep 0.2; done; mount -t ext4 /dev/sd[b-z] /mnt && cat /mnt/mark; "
                    "umount /mnt; until test $(grep -c 'USB Keyboard' /proc/bus/input/devices) = 2; do sleep 0.2; done",
                    120)[1]
    if "kept" not in text:
        raise Failure("what was on the stick is gone: " + text)
    qmp.monitor("device_del outer")
    vm.shell("while test -b /dev/sd[b-z] || test $(grep -c 'USB Keyboard' /proc/bus/input/devices) = 2; do sleep 0.2; "
             "done", 120)


def run(cases, directory, design, dtb):
    accel, slow = designs()[design]
    image = os.path.join(directory, "stick-%s.img" % design)
    files = os.path.join(directory, "files-%s.img" % design)
    for path, size in ((image, MIB + 16), (files, 16)):
        with open(path, "wb") as file:
            file.truncate(size << 20)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", files], check=True,
                   env=dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin"))
    qmp = Qmp(directory)
    # Linux's own tree for the board has no screen that would give the pointer its place.
    vnc = os.path.join(directory, "vnc") if dtb == "builtin" and has_vnc() else None
    args = (*qmp.args, *(("-vnc", "unix:" + vnc) if vnc else ()), "-device", "usb-kbd,id=keys",
            "-device", "usb-mouse", "-usbdevice", "tablet", "-drive",
            "if=none,id=stick,format=raw,file=" + image, "-device",
            "usb-storage,drive=stick,id=disk,serial=0123456789AB", "-drive",
            "if=none,id=files,format=raw,file=" + files)
    with VM(accel=accel, dtb=dtb, append="quiet", args=args, slow=2 * slow) as vm:
        with cases.case("%s, %s: the driver finds the controller, hubs and devices" % (design, dtb), vm):
            vm.wait_shell()
            qmp.connect()
            finds_devices(vm)
        with cases.case("%s: keys and pointers are events" % design, vm):
            events(vm, qmp)
        if vnc:
            with cases.case("%s: keys and the pointer of a VNC client" % design, vm):
                by_vnc(vm, vnc)
        with cases.case("%s: %d MiB on a stick are the same on both sides" % (design, MIB), vm):
            writes_stick(vm, image)
        with cases.case("%s: devices are pulled out and plugged in" % design, vm):
            pulled_out(vm, qmp)
        with cases.case("%s: the kernel has nothing to complain about" % design, vm):
            vm.check_log()


def main():
    cases = Cases()
    if is_upstream():
        cases.skip("USB", "the emulator is another one")
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        run(cases, directory, "unified", "dtb")
        run(cases, directory, "separate", "builtin")
    cases.finish()


if __name__ == "__main__":
    main()
