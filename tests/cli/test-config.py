#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""-readconfig, -set, -global and -object do what the same options do on the command line, mistakes are told with their
place; each topic of -help fits a screen. QEMU, if it is there, reads the same file."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import machine

ORACLE = os.environ.get("PQEMU_TEST_ORACLE", "/usr/bin/qemu-system-arm")
STOPPED = ["-S", "-display", "none", "-serial", "null", "-monitor", "stdio"]
CONFIG = """# a machine with a disk

[machine]
  type = "realview-eb-mpcore"
[memory]
size = "64M"
[smp-opts]
  cpus = "2"
[name]
  guest = "from a file, = with signs"
[drive "disk"]
  if = "none"
  format = "raw"
  file = "%s"
[device "d0"]
  drive = "disk"
  driver = "virtio-blk-device"
"""
# What QEMU takes, too: it has no virtual devices on this board's bus.
CONFIG_BOTH = CONFIG[:CONFIG.index("[device")]
# (file, what the line says)
WRONG = [
    ("[machine\n", "line 1: a group is"), ("[drive x]\n", "line 1: there is no group 'drive x'"),
    ("\n[nothing]\n", "line 2: there is no group 'nothing'"), ("[memory \"x\"]\n", "has no ids"),
    ("[drive \"\"]\n", "a group is"), ("a = \"b\"\n", "line 1: a value before the first group"),
    ("[drive \"x\"]\nfile = x\n", "line 2: KEY = \"VALUE\""), ("[drive \"x\"]\nfile\n", "line 2: KEY"),
    ("[machine]\ntype = \"foo\"\n", ":1: -machine foo: unsupported machine type"),
    ("\n\n[drive \"x\"]\nif = \"none\"\nfoo = \"bar\"\n", ":3: -drive if=none,foo=bar,id=x: unknown property 'foo'"),
]


def run(program, args, stdin="quit\n"):
    p = subprocess.run([program, *args], input=stdin, text=True, timeout=60 * machine.SCALE, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, check=False)
    return p.returncode, p.stdout, p.stderr


def check_config(cases, directory):
    image, path = os.path.join(directory, "disk, with a comma"), os.path.join(directory, "config")
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIG % image)
    orders = "info name\ninfo cpus\ninfo mtree\ninfo block\nquit\n"
    code, out, err = run(machine.QEMU, [*STOPPED, "-readconfig", path], orders)
    wanted = ["from a file, = with signs", "CPU #1", "00000000-03ffffff", "disk: " + image]
    cases.check(code == 0 and not err and all(text in out for text in wanted) and "read-only" not in out,
                "-readconfig makes the machine", (out, err))
    code, out, err = run(machine.QEMU, [*STOPPED, "-readconfig", path, "-set", "drive.disk.readonly=on"], orders)
    cases.check(code == 0 and not err and "read-only" in out, "-set changes what a file said", (out, err))
    code, out, err = run(machine.QEMU, [*STOPPED, "-set", "drive.disk.readonly=on", "-readconfig", path])
    cases.check(code == 1 and "before it there is no -drive with id=disk" in err, "-set works backwards only", err)

    for text, expected in WRONG:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        code, out, err = run(machine.QEMU, ["-readconfig", path])
        cases.check(code == 1 and not out and err.count("\n") == 1 and expected in err, "refused: %r" % text, err)

    if shutil.which(ORACLE):
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG_BOTH % image)
        code, out, err = run(ORACLE, [*STOPPED, "-readconfig", path, "-set", "drive.disk.readonly=on"],
                             "info name\nquit\n")
        cases.check(code == 0 and wanted[0] in out, "QEMU reads the same file", (code, out, err))
    else:
        cases.skip("QEMU reads the same file", "there is no QEMU")


def check_global(cases, directory):
    image = os.path.join(directory, "image")
    with open(image, "wb") as file:
        file.truncate(1 << 20)
    disk = ["-drive", "if=virtio,file=" + image]
    long_name = "virtio-blk-device.serial=" + "x" * 21
    for args in ([*disk, "-global", long_name], ["-global", long_name, *disk]):
        code, _, err = run(machine.QEMU, [*machine.M[1:], *STOPPED, *args])
        cases.check(code == 1 and "-global virtio-blk-device.serial" in err and "20 characters" in err,
                    "-global reaches devices before and behind it: " + args[0], err)
    code, _, err = run(machine.QEMU, [*machine.M[1:], *STOPPED, *disk, "-global",
                                      "driver=virtio-blk-device,property=serial,value=a=b"])
    cases.check(code == 0 and not err, "-global driver=,property=,value=", err)
    code, _, err = run(machine.QEMU, [*machine.M[1:], *STOPPED, "-global", "virtio-blk-device.serial=x"])
    cases.check(code == 0 and re.fullmatch(r"qemu-system-arm: warning: -global virtio-blk.*changes nothing.*\n", err),
                "-global without such a device is a warning", err)


def check_objects(cases, directory):
    """Memory is where it was asked for, random numbers come from the file."""
    path = os.path.join(directory, "memory")
    for share in ("on", "off"):
        with open(path, "wb") as file:
            file.write(b"first in the file")
        code, out, err = run(machine.QEMU, [
            *machine.M[1:-1], "realview-eb-mpcore,memory-backend=m", *STOPPED, "-object",
            "memory-backend-file,id=m,size=32M,share=%s,mem-path=%s" % (share, path), "-device",
            "loader,addr=0x1000,data=0x12345678,data-len=4"], "xp/1xw 0\nxp/1xw 0x1000\ninfo mtree\nquit\n")
        with open(path, "rb") as file:
            there = file.read(0x1004)[0x1000:]
        cases.check(code == 0 and not err and "0x73726966" in out and "0x12345678" in out and "00000000-01ffffff" in out
                    and (there == b"\x78\x56\x34\x12") == (share == "on"), "memory in a file, share=" + share,
                    (out, err, there))
    code, out, err = run(machine.QEMU, [*machine.M[1:], *STOPPED, "-m", "16", "-mem-path", directory],
                         "xp/1xw 0x1000\nquit\n")
    cases.check(code == 0 and not err and "0x00000000" in out and os.listdir(directory), "-mem-path with a directory",
                (out, err))
    with subprocess.Popen([*machine.M[:-1], "realview-eb-mpcore,memory-backend=m", "-S", "-display", "none", "-serial",
                           "none", "-monitor", "stdio", "-object", "memory-backend-memfd,id=m,size=16M", "-device",
                           "loader,addr=0x1000,data=0x12345678,data-len=4"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        machine.read_until(process.stdout.fileno(), rb"\(qemu\)")
        folder, seen = "/proc/%d/fd" % process.pid, b""
        for name in os.listdir(folder):
            if "memfd:guest-memory" in os.readlink(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as file:
                    file.seek(0x1000)
                    seen = file.read(4)
        process.communicate(b"quit\n")
    cases.check(seen == b"\x78\x56\x34\x12", "memory of memory-backend-memfd is seen from outside", seen)
    args = [*machine.M[1:], *STOPPED, "-object", "rng-random,id=r,filename=/nonexistent/x", "-device",
            "virtio-rng-device,rng=r"]
    code, _, err = run(machine.QEMU, args)
    cases.check(code == 1 and "-object rng-random" in err and "No such file" in err, "a file that is not there", err)
    args[args.index("rng-random,id=r,filename=/nonexistent/x")] = "rng-builtin,id=r"
    code, _, err = run(machine.QEMU, [*args, "-object", "iothread,id=io"])
    cases.check(code == 0 and not err, "rng-builtin, iothread", err)


def check_help(cases):
    _, out, _ = run(machine.QEMU, ["-help", "help"])
    topics = re.findall(r"^  -help (\w+) ", out, re.M)
    everything = run(machine.QEMU, ["-help"])[1]
    cases.check("machine" in topics and "log" in topics, "-help help lists the topics", out)
    for topic in topics:
        code, out, err = run(machine.QEMU, ["-h", topic])
        lines = out.splitlines()
        cases.check(code == 0 and not err and out in everything or topic == "console", "-help has all of it: " + topic)
        if topic != "missing":
            cases.check(len(lines) <= 30 and max(map(len, lines)) < 80, "fits a screen: -help " + topic,
                        (len(lines), [line for line in lines if len(line) >= 80]))


def main():
    cases = machine.Cases()
    with tempfile.TemporaryDirectory() as directory:
        check_config(cases, directory)
        check_global(cases, directory)
        check_objects(cases, directory)
    check_help(cases)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
