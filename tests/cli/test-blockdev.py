#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""All ways in which a card's image can be given (-drive, -blockdev, JSON; by threads, libaio, io_uring, an NBD server),
and cards that are changed while the machine runs; limits of speed. disk.c is the guest. Prints TAP.
"""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import machine                  # noqa: E402  (path set above)
from disk_machine import Disk, guest_image              # noqa: E402

MIB = 1 << 20
# Name, arguments (@: an image of zeroes, raw or, with `qcow2` in the name, qcow2).
WAYS = [
    ("-sd", ["-sd", "@"]),
    ("-drive file.driver=file,file.filename=", ["-drive", "if=sd,driver=raw,file.driver=file,file.filename=@"]),
    ("aio=io_uring", ["-drive", "if=sd,format=raw,file=@,aio=io_uring"]),
    ("aio=io_uring past the cache", ["-drive", "if=sd,format=raw,file=@,aio=io_uring,cache=none"]),
    ("aio=native past the cache", ["-drive", "if=sd,format=raw,file=@,aio=native,cache.direct=on"]),
    ("aio=io_uring, each write flushed", ["-drive", "if=sd,format=raw,file=@,aio=io_uring,cache=writethrough"]),
    ("detect-zeroes", ["-drive", "if=sd,format=raw,file=@,detect-zeroes=unmap,discard=unmap"]),
    ("-blockdev, two nodes", ["-blockdev", "driver=file,node-name=bytes,filename=@",
                              "-blockdev", "raw,node-name=disk,file=bytes", "-device", "sd-card,drive=disk"]),
    ("-blockdev, a node of bytes alone", ["-blockdev", "file,node-name=bytes,filename=@,aio=io_uring",
                                          "-device", "sd-card,drive=bytes"]),
    ("-blockdev, qcow2", ["-blockdev", "driver=qcow2,node-name=disk,file.driver=file,file.filename=@",
                          "-device", "sd-card,drive=disk"]),
    ("-blockdev, JSON, qcow2", ["-blockdev", '{"driver": "qcow2", "node-name": "disk", "cache": {"direct": false}, '
                                '"file": {"driver": "file", "filename": "@", "read-only": false}}',
                                "-device", "sd-card,drive=disk"]),
]


def make_image(path, qcow2):
    if qcow2:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1M"], check=True)
    else:
        with open(path, "wb") as file:
            file.truncate(MIB)


def written(path):
    """Whether the image, of any format, holds what the guest wrote: block 0 and each 7th, and others only if it has
    been round, which is when it has written block 1022 (disk.c)."""
    raw = subprocess.run(["qemu-img", "dd", "-O", "raw", "if=" + path, "of=" + path + ".raw", "bs=512", "count=1023"],
                         capture_output=True, text=True, check=False)
    if raw.returncode:
        return False
    with open(path + ".raw", "rb") as file:
        data = file.read()
    block = [any(data[at:at + 512]) for at in range(0, len(data), 512)]
    return block[0] and block[7] and (block[1022] or not any(block[1:7]))


def runs(disk, pattern=rb"wrwrwrwr"):
    text = disk.said(pattern)
    assert not re.search(rb"[WEX]", text), text


def ways(cases, guest, directory):
    image = os.path.join(directory, "image")
    for name, arguments in WAYS:
        if not shutil.which("qemu-img"):
            cases.skip(name, "needs qemu-img (package qemu-utils)")
            continue
        with cases.case(name):
            make_image(image, "qcow2" in name)
            with Disk(guest, arguments=[argument.replace("@", image) for argument in arguments]) as disk:
                runs(disk)
                engine = re.search(r"aio=(native|io_uring)", " ".join(arguments))
                if engine and "threads do it" not in disk.stderr():
                    assert engine.group() in disk.ask("info block"), "another way than the one asked for"
                assert disk.end("quit") == 0, disk.stderr()
                assert "threads do it" in disk.stderr() or not disk.stderr(), disk.stderr()
            assert written(image), "not in the image"
    with cases.case("null-co: what is written is gone"):
        with Disk(guest, arguments=["-blockdev", "null-co,node-name=nothing,size=1M",
                                    "-device", "sd-card,drive=nothing"]) as disk:
            disk.said(rb"wXwX")


def shown(disk, directory):
    """What the disk is, by an export of it."""
    path, out = os.path.join(directory, "export"), os.path.join(directory, "exported")
    disk.ask("nbd_server_start unix:" + path)
    disk.ask("nbd_server_add sd0")
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "raw", "nbd+unix:///sd0?socket=" + path, out], check=True)
    disk.ask("nbd_server_stop")
    with open(out, "rb") as file:
        return file.read()


def parts(cases, guest, directory):
    image = os.path.join(directory, "parts")
    noise = os.urandom(3 * MIB)
    for name, where, part in (("offset= and size=", "offset=%d,size=1M" % (MIB + 512), slice(MIB + 512, 2 * MIB + 512)),
                              ("size=", "size=1M", slice(0, MIB)), ("offset=", "offset=2M", slice(2 * MIB, 3 * MIB))):
        for form in ("-drive", "-blockdev"):
            with cases.case("%s of a raw image by %s: the disk is that part, and no other changes" % (name, form)):
                with open(image, "wb") as file:
                    file.write(noise)
                arguments = ["-drive", "if=sd,id=sd0,format=raw,file=%s,%s" % (image, where)] if form == "-drive" else [
                    "-blockdev", "file,node-name=f,filename=" + image, "-blockdev", "raw,node-name=d,file=f," + where,
                    "-device", "sd-card,drive=d,id=sd0"]
                with Disk(guest, arguments=arguments) as disk:
                    runs(disk)
                    assert disk.end("quit") == 0, disk.stderr()
                with open(image, "rb") as file:
                    now = file.read()
                assert now[part] != noise[part] and len(now) == len(noise)
                assert now[:part.start] == noise[:part.start] and now[part.stop:] == noise[part.stop:]


def copies_on_read(cases, guest, directory):
    base, top = os.path.join(directory, "behind"), os.path.join(directory, "front.qcow2")
    noise = os.urandom(MIB - 1234)
    if not shutil.which("qemu-img"):
        cases.skip("copy-on-read", "needs qemu-img (package qemu-utils)")
        return
    for option in ("on", "off", "filter"):
        with cases.case("copy-on-read: " + option):
            with open(base, "wb") as file:
                file.write(noise)
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top, "1M"], check=True)
            arguments = ["-drive", "if=sd,format=qcow2,copy-on-read=%s,file=%s" % (option, top)] if option != "filter" \
                else ["-blockdev", "qcow2,node-name=d,file.driver=file,file.filename=" + top,
                      "-blockdev", "copy-on-read,node-name=sd0,file=d", "-device", "sd-card,drive=sd0"]
            with Disk(guest, arguments=["-S", *arguments]) as disk:
                assert shown(disk, directory) == noise.ljust(MIB, b"\0"), "another content"
                assert disk.end("quit") == 0, disk.stderr()
            subprocess.run(["qemu-img", "check", "-q", top], check=True)
            rows = json.loads(subprocess.run(["qemu-img", "map", "--output=json", top], check=True,
                                             capture_output=True).stdout)
            assert {row["depth"] for row in rows if row["data"]} == {option == "off"}, rows
            subprocess.run(["qemu-img", "rebase", "-u", "-b", "", top] if option != "off" else ["true"], check=True)
    with cases.case("copy-on-read while the guest writes: nothing that it wrote is lost"):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top, "1M"], check=True)
        with Disk(guest, arguments=["-drive", "if=sd,format=qcow2,copy-on-read=on,file=" + top]) as disk:
            for _ in range(3):
                shown(disk, directory)
                runs(disk)
            assert disk.end("quit") == 0, disk.stderr()
        subprocess.run(["qemu-img", "check", "-q", top], check=True)
    with cases.case("null-co: a request takes latency-ns at least"):
        with Disk(guest, arguments=["-blockdev", "null-co,node-name=nothing,size=1M,latency-ns=20000000",
                                    "-device", "sd-card,drive=nothing"]) as disk:
            disk.said(rb"wXwX")
            text = disk.ask("info blockstats")
            stats = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", text)}
            assert stats["wr_total_time_ns"] >= 20000000 * stats["wr_operations"] > 0, text


# ---- NBD ----

class Server:
    """qemu-nbd with an image on a socket."""

    def __init__(self, image, path):
        self.command = ["qemu-nbd", "-t", "-k", path, "-f", "raw", "-x", "disk", image]
        self.path, self.process = path, None
        self.start()

    def start(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self.process = subprocess.Popen(self.command)
        end = time.monotonic() + 60 * machine.SCALE
        while not os.path.exists(self.path) and time.monotonic() < end:
            time.sleep(0.02)

    def stop(self):
        self.process.kill()
        self.process.wait()


def nbd(cases, guest, directory):
    image, path = os.path.join(directory, "served"), os.path.join(directory, "socket")
    if not shutil.which("qemu-nbd"):
        cases.skip("NBD", "needs qemu-nbd (package qemu-utils)")
        return
    make_image(image, False)
    server = Server(image, path)
    probe = subprocess.run(machine.M + ["-S", "-display", "none", "-monitor", "stdio", "-drive",
                                        "if=sd,format=raw,file=nbd+unix:///disk?socket=" + path],
                           input="quit\n", capture_output=True, text=True, check=False)
    if "this build has no NBD" in probe.stderr:
        cases.skip("NBD", "needs libnbd-dev when it is built")
        server.stop()
        return
    uri = ["-drive", "if=sd,format=raw,file=nbd+unix:///disk?socket=" + path]
    for name, arguments in (
            ("NBD: a URI", uri),
            ("NBD: the older form", ["-drive", "if=sd,format=raw,file=nbd:unix:%s:exportname=disk" % path]),
            ("NBD: properties", ["-drive", "if=sd,format=raw,file.driver=nbd,file.path=%s,file.export=disk" % path]),
            ("NBD: -blockdev", ["-blockdev", "nbd,node-name=d,server.type=unix,server.path=%s,export=disk" % path,
                                "-device", "sd-card,drive=d"])):
        with cases.case(name):
            with Disk(guest, arguments=arguments) as disk:
                runs(disk)
                assert disk.end("quit") == 0, disk.stderr()
    with cases.case("NBD: what the guest wrote is in the server's image"):
        assert written(image)
    with cases.case("NBD: a server that comes back in time is used again, and the guest does not notice"):
        with Disk(guest, arguments=[uri[0], uri[1] + ",reconnect-delay=600"]) as disk:
            for _ in range(3):
                runs(disk)
                server.stop()
                server.start()
            runs(disk)
            assert disk.end("quit") == 0, disk.stderr()
    with cases.case("NBD: a server that is gone is an error; cont tries again"):
        with Disk(guest, arguments=[uri[0], uri[1] + ",werror=stop,rerror=stop"]) as disk:
            runs(disk)
            server.stop()
            disk.wait_status("paused")
            server.start()
            disk.ask("cont")
            runs(disk)
            disk.wait_stderr("Input/output error")
    for end in ("quit", signal.SIGTERM):
        with cases.case("NBD: a server that does not answer: %s" % getattr(end, "name", end)):
            with Disk(guest, arguments=uri) as disk:
                runs(disk)
                server.process.send_signal(signal.SIGSTOP)
                disk.ask("stop")
                disk.ask("system_reset")
                disk.ask("cont")
                status = disk.end(end)
                server.process.send_signal(signal.SIGCONT)
                assert status == 1 and "does not answer" in disk.stderr(), (status, disk.stderr())
    with cases.case("NBD: no server, a wrong name: one line"):
        server.stop()
        for place in ("nbd+unix:///disk?socket=" + path, "nbd:unix:" + path, "nbd:nonsense", "nbd://127.0.0.1:1/x"):
            run = subprocess.run(machine.M + ["-drive", "if=sd,format=raw,file=" + place], capture_output=True,
                                 text=True, check=False)
            assert run.returncode == 1 and run.stderr.count("\n") == 1 and place in run.stderr, run.stderr


# ---- other cards ----

def changes(cases, guest, directory):
    other = os.path.join(directory, "other")
    with cases.case("eject: the guest's card is gone; change: it has another one"):
        make_image(other, False)
        with Disk(guest, "file=%s,format=raw,if=sd") as disk:
            runs(disk)
            assert "sd0: %s (raw)" % disk.image in disk.ask("info block")
            disk.ask("eject sd0")
            disk.said(rb"N")
            assert "sd0: [not inserted]" in disk.ask("info block")
            with open(disk.image, "rb") as file:
                first = file.read()
            disk.ask("change sd0 %s raw" % other)
            runs(disk, rb"Rwrwrwr")
            assert "sd0: %s (raw)" % other in disk.ask("info block")
            with open(disk.image, "rb") as file:
                assert first == file.read(), "the card that was taken out changes"
            disk.ask("change sd0 %s raw" % disk.image)
            runs(disk, rb"NRwrwr")
            disk.ask("change sd0 %s raw" % disk.image)
            runs(disk, rb"NRwrwr")
            assert disk.end("quit") == 0, disk.stderr()
        with open(other, "rb") as file:
            assert any(file.read()), "nothing was written to the second card"
    with cases.case("a slot without a card gets one"):
        make_image(other, False)
        with Disk(guest) as disk:
            assert "sd0: [not inserted]" in disk.ask("info block")
            disk.ask("change sd0 %s raw" % other)
            runs(disk)
            assert disk.end("quit") == 0, disk.stderr()
    with cases.case("what cannot be changed is refused, and the card stays"):
        with Disk(guest, "file=%s,format=raw,if=sd", ["-drive", "file=null-co://,format=raw,if=virtio"]) as disk:
            runs(disk)
            odd = os.path.join(directory, "odd")
            with open(odd, "wb") as file:
                file.truncate(1000)
            for command, answer in (("eject virtio0", "not removable"),
                                    ("eject nothing", "There is no drive 'nothing'"),
                                    ("change sd0 %s raw" % odd, "a multiple of 512 KiB"),
                                    ("change sd0 /none raw", "No such file"), ("change sd0 x vmdk", "raw or qcow2"),
                                    ("change sd0 x raw often", "retain")):
                assert answer in disk.ask(command), command
            text = disk.said(rb"wrwr")
            assert b"N" not in text, text
    with cases.case("a card changed again and again while the guest uses it"):
        make_image(other, False)
        with Disk(guest, "file=%s,format=raw,if=sd") as disk:
            for n in range(20):
                disk.ask("change sd0 %s raw" % (other if n % 2 else disk.image))
                if n % 3 == 0:
                    disk.said(rb"Rw")
            runs(disk)
            assert disk.end("quit") == 0, disk.stderr()


def commits(cases, guest, directory):
    base, top = os.path.join(directory, "behind"), os.path.join(directory, "top.qcow2")
    if not shutil.which("qemu-img"):
        cases.skip("commit", "needs qemu-img (package qemu-utils)")
        return
    with cases.case("commit while the guest writes: the image behind gets it, and the guest does not notice"):
        make_image(base, False)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", top], check=True)
        with Disk(guest, arguments=["-drive", "if=sd,format=qcow2,file=" + top]) as disk:
            runs(disk)
            for _ in range(3):
                assert disk.ask("commit sd0").endswith("sd0\r\n(qemu) "), "a complaint"
                runs(disk)
            with open(base, "rb") as file:
                assert any(file.read()), "nothing was written to the image behind"
            assert disk.end("quit") == 0, disk.stderr()
        check = subprocess.run(["qemu-img", "check", top], capture_output=True, text=True, check=False)
        assert check.returncode == 0, check.stdout
        assert written(top)
    with cases.case("snapshot=on: the image stays as it is, until commit"):
        make_image(base, False)
        with Disk(guest, arguments=["-snapshot", "-drive", "if=sd,format=raw,file=" + base]) as disk:
            runs(disk)
            with open(base, "rb") as file:
                assert not any(file.read())
            disk.ask("commit all")
            with open(base, "rb") as file:
                assert any(file.read())
            runs(disk)
    with cases.case("commit and block_resize: what cannot be is refused; a virtual disk becomes longer"):
        make_image(base, False)
        with Disk(guest, "file=%s,format=raw,if=sd", ["-drive", "if=virtio,format=raw,file=" + base]) as disk:
            for command, answer in (("commit sd0", "a raw image has none behind it"),
                                    ("commit nothing", "no drive 'nothing'"),
                                    ("block_resize sd0 2M", "has a fixed size"),
                                    ("block_resize virtio0 1000", "a multiple of 512"),
                                    ("block_resize virtio0 512", "would lose data"),
                                    ("block_resize virtio0 3M", "(qemu)"),
                                    ("info block", "virtio0: %s (raw), %d bytes" % (base, 3 * MIB))):
                assert answer in disk.ask(command), (command, answer)
            assert os.path.getsize(base) == 3 * MIB
            runs(disk)


# ---- limits of speed ----

ONE = "throttling.bps-write=1"          # the second block of 512 bytes waits for minutes


def wait_info(disk, text):
    """Until "info block" says so: read_until() bounds it."""
    while text not in disk.ask("info block"):
        pass


def limits(cases, guest, _directory):
    for name, arguments, group, drive in (
            ("-drive", ["-drive", "if=sd,file=@,format=raw," + ONE], "sd0", "sd0"),
            ("old names", ["-drive", "if=sd,file=@,format=raw,bps_wr=1,group=g"], "g", "sd0"),
            ("a group of -object", ["-object", "throttle-group,id=g,x-bps-write=1",
                                    "-drive", "if=sd,file=@,format=raw,throttling.group=g"], "g", "sd0"),
            ("a node of -blockdev", ["-object", "throttle-group,id=g,x-bps-write=1", "-blockdev",
                                     "throttle,node-name=t,throttle-group=g,file.driver=raw,file.file.driver=file,"
                                     "file.file.filename=@", "-device", "sd-card,drive=t"], "g", "t")):
        with cases.case("limits: %s; block_set_io_throttle lets go what waits" % name):
            with tempfile.NamedTemporaryFile() as image:
                image.truncate(MIB)
                with Disk(guest, arguments=[argument.replace("@", image.name) for argument in arguments]) as disk:
                    wait_info(disk, "I/O throttling: bps_wr=1 group=%s, 1 waiting" % group)
                    disk.ask("block_set_io_throttle %s 0 0 0 0 0 0" % drive)
                    runs(disk)
                    assert "throttling" not in disk.ask("info block")
                    assert disk.end("quit") == 0, disk.stderr()
    with cases.case("limits: eject and the end do not wait for them; new ones hold at once"):
        with Disk(guest, "file=%s,format=raw,if=sd,bps=1") as disk:
            wait_info(disk, "1 waiting")
            disk.ask("eject sd0")
            disk.said(rb"N")
            disk.ask("change sd0 %s raw" % disk.image)
            disk.said(rb"R")
            disk.ask("block_set_io_throttle sd0 0 0 100000000 0 0 0")
            runs(disk)
            disk.ask("block_set_io_throttle sd0 0 0 1 0 0 0")
            wait_info(disk, "bps_wr=1 group=sd0, 1 waiting")
            assert "at the same time" in disk.ask("block_set_io_throttle sd0 1 1 0 0 0 0")
            assert "is not a number" in disk.ask("block_set_io_throttle sd0 1 x 0 0 0 0")
            assert disk.end("quit") == 0, disk.stderr()


def main():
    cases = machine.Cases()
    guest = guest_image("disk.c")
    if not guest:
        cases.skip("images of disks", "no cross compiler")
        return cases.done()
    with tempfile.TemporaryDirectory() as directory:
        for part in (ways, parts, copies_on_read, nbd, changes, commits, limits):
            part(cases, guest, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
