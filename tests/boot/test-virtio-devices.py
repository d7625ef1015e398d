#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""Linux with a virtual keyboard, mouse, tablet, memory balloon and folders of the host: events arrive, memory is given
to the host and taken again, files are the same on both sides, in all designs. Prints TAP.
"""
import hashlib
import os
import random
import re
import shutil
import subprocess
import tempfile

from moving import Control
from screen import Monitor, event_device, until
from vm import VM, Cases, Failure, designs

DEVICES = ("virtio-keyboard-device", "virtio-mouse-device", "virtio-tablet-device",
           "virtio-balloon-device,id=balloon0")
# Linux's events: type, code, value. The monitor's wheel goes towards the user; f5 is key 63.
KEYS = [(1, 63, 1), (0, 0, 0), (1, 63, 0), (0, 0, 0)]
MOVES = [(2, 0, 7), (2, 1, -9), (0, 0, 0), (2, 8, -1), (0, 0, 0), (1, 272, 1), (0, 0, 0), (1, 272, 0), (0, 0, 0)]
MEMORY = 256
LESS = 128


def read_events(vm, path):
    dump = vm.shell("hexdump -v -e '4/4 \"%d \" \"\\n\"' " + path)[1]
    return [(int(word) & 0xffff, int(word) >> 16, int(value)) for word, value in
            re.findall(r"^-?\d+ -?\d+ (-?\d+) (-?\d+) *$", dump, re.M)]


def events(vm, monitor, name, orders, want):
    """A reader that certainly has begun sees exactly these."""
    device = "/dev/input/" + event_device(vm, name)
    vm.shell("cat %s > /tmp/events & reader=$!" % device)
    vm.shell("while ! ls -l /proc/$reader/fd | grep -q input/; do usleep 10000; done")
    for line in orders:
        monitor.order(line)
    got = []

    def seen():
        got[:] = read_events(vm, "/tmp/events")
        return len(got) >= len(want)

    until(seen, lambda: "events: %s, not %s" % (got, want), 60 * vm.scale)
    vm.shell("kill $reader; wait $reader")
    assert got == want, "events: %s, not %s" % (got, want)


def place(vm, monitor):
    """A tablet is the pointer as soon as its driver runs: what is moved goes to the mouse, buttons to the tablet."""
    number = re.search(r"Mouse #(\d+): Virtio Tablet", monitor.order("info mice")).group(1)
    monitor.order("mouse_set " + number)
    events(vm, monitor, "Virtio Tablet", ("mouse_button 4", "mouse_button 0"),
           [(1, 274, 1), (0, 0, 0), (1, 274, 0), (0, 0, 0)])


def lights(vm):
    """The driver's lights, by the kernel's interface for them."""
    found = vm.shell("cat /sys/class/input/%s/device/capabilities/led" % event_device(vm, "Virtio Keyboard"))[1]
    assert re.search(r"^7$", found, re.M), found


def resident(vm):
    with open("/proc/%d/status" % vm.process.pid, encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1)) // 1024


def total(vm):
    return int(re.search(r"MemTotal:\s+(\d+)", vm.shell("grep MemTotal /proc/meminfo")[1]).group(1)) // 1024


def balloon(vm, monitor):
    before = total(vm)
    assert "actual=%d" % MEMORY in monitor.order("info balloon")
    vm.shell("dd if=/dev/urandom of=/tmp/full bs=1M count=100 2>/dev/null; rm /tmp/full", 300)
    full = resident(vm)
    monitor.order("balloon %d" % LESS)
    until(lambda: "actual=%d" % LESS in monitor.order("info balloon"), "the guest keeps its memory", 240 * vm.scale)
    assert total(vm) <= before - (MEMORY - LESS), "MemTotal"
    assert resident(vm) < full - 60, "the process keeps its memory: %d MiB, before %d" % (resident(vm), full)
    monitor.order("balloon %d" % MEMORY)
    until(lambda: "actual=%d" % MEMORY in monitor.order("info balloon"), "the guest takes nothing", 240 * vm.scale)
    status, text = vm.shell("dd if=/dev/zero of=/tmp/full bs=1M count=100 2>/dev/null && rm /tmp/full", 240)
    assert total(vm) == before and status == 0, text


def statistics(vm, qmp):
    """What the guest says of its memory: once by itself, then when it is asked."""
    path = {"path": "/machine/peripheral/balloon0"}

    def stats():
        return qmp.order("qom-get", property="guest-stats", **path)
    began = stats()
    assert began["stats"]["stat-free-memory"] > 0 and began["last-update"] > 1600000000, began
    total_kib = int(re.search(r"MemTotal:\s+(\d+)", vm.shell("grep MemTotal /proc/meminfo")[1]).group(1))
    qmp.order("qom-set", property="guest-stats-polling-interval", value=1, **path)
    assert qmp.order("qom-get", property="guest-stats-polling-interval", **path) == 1
    until(lambda: stats()["stats"]["stat-total-memory"] >> 10 == total_kib, "MemTotal", 60 * vm.scale)
    free = stats()["stats"]["stat-free-memory"]
    vm.shell("dd if=/dev/zero of=/tmp/full bs=1M count=60 2>/dev/null")
    until(lambda: stats()["stats"]["stat-free-memory"] < free - (50 << 20), "the guest says nothing new", 60 * vm.scale)
    vm.shell("rm /tmp/full")
    until(lambda: stats()["stats"]["stat-free-memory"] > free - (10 << 20), "it says it once", 60 * vm.scale)
    qmp.order("qom-set", property="guest-stats-polling-interval", value=0, **path)
    for name, value in (("guest-stats-polling-interval", -1), ("guest-stats-polling-interval", "x"),
                        ("guest-stats", 1), ("type", "x")):
        try:
            qmp.order("qom-set", property=name, value=value, **path)
        except Failure:
            continue
        raise Failure("%s can be set to %s" % (name, value))


def kept(vm, monitor, path):
    """A file of the host's that is open is so in a snapshot; one that is open and deleted is not to be saved."""
    status, text = vm.shell("mkdir -p /mnt/kept; mount -t 9p -o trans=virtio,version=9p2000.L plain /mnt/kept && "
                            "exec 5>/mnt/kept/log && echo one >&5", 120)
    assert status == 0, text
    answer = monitor.order("savevm open")
    assert "cannot" not in answer and "rror" not in answer, answer
    vm.shell("echo two >&5; exec 5>&-")
    answer = monitor.order("loadvm open")
    assert "cannot" not in answer and "rror" not in answer, answer
    status, text = vm.shell("echo three >&5 && exec 5>&- && exec 6>/mnt/kept/gone && rm /mnt/kept/gone", 120)
    assert status == 0, text
    with open(os.path.join(path, "log"), "rb") as file:
        assert file.read() == b"one\nthree\n", "what was written after loadvm"
    assert "'gone'" in monitor.order("savevm refused"), "a deleted file is saved"
    vm.shell("exec 6>&-; rm /mnt/kept/log; umount /mnt/kept", 120)
    answer = monitor.order("savevm after")
    assert "cannot" not in answer, answer


def folder(vm, path, mapped):
    """The guest's files on the host, the host's in the guest."""
    data = random.Random(9).randbytes(3 << 20)
    with open(os.path.join(path, "from-host"), "wb") as file:
        file.write(data)
    tag = "mapped" if mapped else "plain"
    status, text = vm.shell("mkdir -p /mnt/%s; mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 %s "
                            "/mnt/%s && md5sum /mnt/%s/from-host" % (tag, tag, tag, tag), 120)
    assert status == 0 and hashlib.md5(data).hexdigest() in text, text
    status, text = vm.shell("(cd /mnt/%s && mkdir d && cp from-host d/copy && mv d e && "
                            "ln -s ../../../etc/passwd e/link && mknod e/null c 1 3 && chown 5:6 e/copy && "
                            "chmod 4711 e/copy && touch e/gone && rm e/gone && ln e/copy e/hard && sync && "
                            "ls -ln e; echo x > e/null)" % tag, 240)
    assert status == 0, text
    for line in (r"-rws--x--x +2 5 +6 +%d .* copy" % len(data), r"crw.* 1, +3 .* null",
                 r"lrwx.* link -> \.\./.*passwd"):
        assert re.search(line, text), "%s: %s" % (line, text)
    with open(os.path.join(path, "e/hard"), "rb") as file:
        assert file.read() == data, "the copy"
    link = os.path.join(path, "e/link")
    assert os.path.islink(link) != mapped and not os.path.exists(os.path.join(path, "e/gone"))
    if mapped:
        assert os.stat(os.path.join(path, "e/copy")).st_mode & 0o7777 == 0o600
    status, text = vm.shell("(cd /mnt/%s; seq 1 300 | while read n; do echo $n > e/$n; done; ls e | wc -l; rm -r e); "
                            "umount /mnt/%s" % (tag, tag), 240)
    assert status == 0 and re.search("^304$", text, re.M) and os.listdir(path) == ["from-host"], text


def has_balloon(vm):
    return vm.shell("test -d /sys/bus/virtio/drivers/virtio_balloon")[0] == 0


def has_attributes(path):
    try:
        os.setxattr(path, "user.virtfs.test", b"x")
    except OSError:
        return False
    return True


def qcow2(path):
    """An image for snapshots; None: nobody makes one."""
    made = shutil.which("qemu-img") and subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "16M"],
                                                       check=False).returncode == 0
    return path if made else None


def main():
    cases = Cases()
    with tempfile.TemporaryDirectory() as directory:
        for design, (accel, slow) in designs().items():
            monitor_path = os.path.join(directory, design)
            options = ["-monitor", "unix:%s,server=on,wait=off" % monitor_path,
                       "-qmp", "unix:%s-qmp,server=on,wait=off" % monitor_path]
            for device in DEVICES:
                options += ["-device", device]
            name = design + ": "
            folders = [os.path.join(directory, design + kind) for kind in ("-plain", "-mapped")]
            for path in folders:
                os.mkdir(path)
            if not has_attributes(folders[1]):
                folders.pop()
            for mapped, path in enumerate(folders):
                options += ["-virtfs", "local,path=%s,mount_tag=%s" %
                            (path, ("plain,security_model=none", "mapped,security_model=mapped-xattr")[mapped])]
            image = qcow2(os.path.join(directory, design + ".qcow2"))
            options += ["-drive", "if=virtio,format=qcow2,file=" + image] if image else []
            with VM(accel=accel, dtb="builtin", mem=MEMORY, args=options, slow=3 * slow) as vm:
                with cases.case(name + "it starts", vm) as up:
                    vm.wait_shell()
                    vm.hush()
                    monitor = Monitor(monitor_path, 120 * vm.scale)
                if not up.ok:
                    continue
                with cases.case(name + "keys, and lights", vm):
                    events(vm, monitor, "Virtio Keyboard", ("sendkey f5 1",), KEYS)
                    lights(vm)
                with cases.case(name + "a mouse", vm):
                    number = re.search(r"Mouse #(\d+): Virtio Mouse", monitor.order("info mice")).group(1)
                    monitor.order("mouse_set " + number)
                    events(vm, monitor, "Virtio Mouse",
                           ("mouse_move 7 -9", "mouse_move 0 0 -1", "mouse_button 1", "mouse_button 0"), MOVES)
                with cases.case(name + "a tablet", vm):
                    place(vm, monitor)
                if image:
                    with cases.case(name + "a snapshot with a file of the host open", vm):
                        kept(vm, monitor, folders[0])
                for mapped in range(len(folders)):
                    with cases.case(name + "a folder of the host" + mapped * ", with owners in attributes", vm):
                        folder(vm, folders[mapped], bool(mapped))
                if has_balloon(vm):
                    with cases.case(name + "statistics of the guest", vm):
                        statistics(vm, Control(monitor_path + "-qmp", 120 * vm.scale))
                    with cases.case(name + "the balloon takes memory and gives it back", vm):
                        balloon(vm, monitor)
                else:
                    cases.skip(name + "balloon", "the guest's kernel has no driver")
                with cases.case(name + "the kernel has nothing to complain about", vm):
                    vm.check_log()
    cases.finish()


if __name__ == "__main__":
    main()
