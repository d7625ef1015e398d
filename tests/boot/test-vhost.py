#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
"""Linux with devices that other processes carry out (vhost-user): a folder of the host by virtiofsd, a disk by
qemu-storage-daemon. Prints TAP. Needs e2fsprogs, and of Debian's packages qemu-system-common and qemu-utils.
"""
import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time

from vm import VM, Cases, designs, emulator, time_scale

ENVIRONMENT = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/sbin:/usr/sbin:/usr/lib/qemu:/usr/libexec")
CONTENT = bytes(range(256)) * 16384 + b"the end\n"      # 4 MiB and a bit
TOOLS = ("mke2fs", "e2fsck", "debugfs", "qemu-storage-daemon", "virtiofsd")


def run(*command):
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, "%s: %d\n%s" % (" ".join(command), done.returncode, output)
    return done.stdout


@contextlib.contextmanager
def back_end(socket, *command):
    """A process that listens at the socket."""
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30 * time_scale()
            while not os.path.exists(socket) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            if not os.path.exists(socket):
                process.kill()
                raise RuntimeError("%s: %s" % (command[0], process.stdout.read().decode("utf-8", "replace")[-500:]))
            yield process
        finally:
            process.kill()


def storage_daemon(socket, image):
    return back_end(socket, "qemu-storage-daemon", "--blockdev", "driver=file,node-name=f,filename=" + image,
                    "--export", "type=vhost-user-blk,id=e,node-name=f,writable=on,addr.type=unix,addr.path=" + socket)


def folder_daemon(socket, folder):
    return back_end(socket, "virtiofsd", "--socket-path=" + socket, "-o", "source=" + folder, "-o", "sandbox=chroot",
                    "-o", "cache=auto")


def share(cases, vm, name, folder):
    digest = hashlib.md5(CONTENT).hexdigest()
    with cases.case(name + "the folder is read and written", vm):
        vm.wait_shell()
        vm.shell("mkdir -p /s && mount -t virtiofs work /s", 120)
        vm.send("md5sum /s/known\n")
        vm.expect(digest, 120)
        vm.shell("cp /s/known /s/copy && mkdir /s/d && seq 1 20000 > /s/d/numbers && ln -s d/numbers /s/l && sync",
                 120)
        with open(os.path.join(folder, "copy"), "rb") as file:
            assert file.read() == CONTENT
        with open(os.path.join(folder, "l"), encoding="ascii") as file:
            assert file.read().endswith("\n19999\n20000\n")
    with cases.case(name + "programs run from it, also when the host changes them", vm):
        for turn in range(3):
            with open(os.path.join(folder, "program"), "w", encoding="ascii") as file:
                file.write("#!/bin/sh\necho turn-%d-$((%d * 7))\n" % (turn, turn))
            os.chmod(os.path.join(folder, "program"), 0o755)
            vm.send("sleep 1; /s/program\n")
            vm.expect("turn-%d-%d" % (turn, turn * 7), 120)
        # What was code in the guest's memory is written by the back end's data.
        vm.shell("for i in 1 2 3 4; do cp /bin/busybox /s/busybox$i; echo 3 > /proc/sys/vm/drop_caches; "
                 "/s/busybox$i sha1sum /s/busybox$i /bin/busybox | cut -c1-40 | uniq | wc -l | grep -qx 1 || "
                 "echo dif-ferent; done", 240)
        assert "dif-ferent" not in vm.text().split("drop_caches; ")[-1].split("done", 1)[-1]


def disk(cases, vm, name):
    with cases.case(name + "the disk is read and written", vm):
        vm.shell("mkdir -p /mnt && mount -t ext4 /dev/vda /mnt", 120)
        vm.send("md5sum /mnt/known\n")
        vm.expect(hashlib.md5(CONTENT).hexdigest(), 120)
        vm.shell("cp /mnt/known /mnt/copy && seq 1 20000 > /mnt/numbers && umount /mnt", 120)


def devices(cases, directory, design):
    accel, slow = designs()[design]
    name = design + ": "
    folder, tree, image = (os.path.join(directory, part) for part in ("folder", "tree", "disk.raw"))
    for path in (folder, tree):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
        with open(os.path.join(path, "known"), "wb") as file:
            file.write(CONTENT)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, image, "48M")
    sockets = [os.path.join(directory, "%s.sock" % kind) for kind in ("fs", "blk")]
    for socket in sockets:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(socket)
    with folder_daemon(sockets[0], folder) as fs, storage_daemon(sockets[1], image) as blk:
        options = ("-chardev", "socket,id=c0,path=" + sockets[0], "-chardev", "socket,id=c1,path=" + sockets[1],
                   "-device", "vhost-user-fs-device,chardev=c0,tag=work", "-device", "vhost-user-blk,chardev=c1",
                   "-global", "virtio-mmio.force-legacy=off", "-nic", "none")
        with VM(accel=accel, dtb="builtin", args=options, slow=3 * slow) as vm:
            share(cases, vm, name, folder)
            disk(cases, vm, name)
            with cases.case(name + "the image is clean", vm):
                vm.check_log()
                blk.terminate()
                blk.wait(60)
                run("e2fsck", "-f", "-n", image)
                assert run("debugfs", "-R", "cat /copy", image).endswith(CONTENT)
            with cases.case(name + "a back end that goes is said, and the guest goes on", vm):
                vm.expect("vhost-user: the back end is gone", 60)
                fs.kill()
                vm.expect("vhost-user: the back end is gone", 60)
                vm.shell("echo still-$((40 + 2))", 60)
                assert "still-42" in vm.text()


def only_migratable(cases, directory):
    socket = os.path.join(directory, "m.sock")
    command = [emulator(), "-M", "realview-eb-mpcore", "-display", "none", "-serial", "null", "-only-migratable"]
    with cases.case("-only-migratable refuses such a device"), folder_daemon(socket, directory):
        done = subprocess.run([*command, "-chardev", "socket,id=c,path=" + socket,
                               "-device", "vhost-user-fs-device,chardev=c,tag=x"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60 * time_scale(), check=False)
        assert done.returncode == 1 and b"-only-migratable: the files that a vhost-user-fs" in done.stdout, done


def main():
    cases = Cases()
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=ENVIRONMENT["PATH"])]
    if missing:
        cases.skip("vhost-user", "needs " + ", ".join(missing))
        cases.finish()
    with tempfile.TemporaryDirectory() as directory:
        only_migratable(cases, directory)
        for design in ("unified", "separate"):
            devices(cases, directory, design)
    cases.finish()


if __name__ == "__main__":
    main()
