#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""The command line: what is wrong gives one clear line on stderr and exit code 1; help works."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
M = ["-M", "realview-eb-mpcore"]

# (arguments, what the line must say); "@" stands for an existing file, "@dir" for a directory.
BAD = [
    (["-M", "realview-eb-mpcore", "-pflash", "@"], "pflash0.*64 MiB.*truncate -s 64M"),
    (["-M", "realview-eb-mpcore", "-pflash", "@", "-pflash", "@", "-pflash", "@"], "has an image already"),
    (["-drive", "file=@,if=sd,unit=1"], "the board has one SD card slot"),
    (["-drive", "file=@,if=pflash,unit=2"], "second bank of the flash"),
    (["-drive", "file=@,if=ide,unit=1"], "one CompactFlash socket"),
    (["-hda", "@", "-drive", "file=@,if=ide"], "a card in the slot already"),
    (["-drive", "file=@,if=floppy"], "no 'floppy' disk"),
    ([*M, "-drive", "file=fat:rw:/tmp,if=sd"], "no protocol 'fat'.*there are file, nbd"),
    ([*M, "-drive", "if=none,id=a,file=http://localhost/x"], "no protocol 'http'"),
    ([*M, "-sd", "/none:x"], "/none:x': No such file or directory$"),
    (["-drive", "if=sd,file=json:{]"], "arse error|reads no JSON"),
    (["-drive", 'if=sd,file=json:{"driver": "raw"}'], "file= is missing|reads no JSON"),
    (["-sd", 'json:{"driver": "vmdk", "file": {"driver": "file", "filename": "x"}}'], "not 'vmdk'|reads no JSON"),
    (["-drive", "file=@,if=sd,id=a", "-drive", "file=@,if=pflash,id=a"], "another drive has the id 'a'"),
    (["-M", "realview-eb-mpcore", "-sd", "@", "-pflash", "@"], "is in use, by another process or another drive"),
    (["-mtdblock", "@"], "use -pflash FILE"),
    (["-drive", "file=@,aio=native"], "cache.direct=on, or use aio=io_uring"),
    (["-drive", "file=@,aio=fast"], "aio is threads, native or io_uring, not 'fast'"),
    (["-drive", "file=@,detect-zeroes=unmap"], "needs discard=unmap"),
    (["-drive", "file=@,throttling.iops-total=many"], "iops-total is a number, not 'many'"),
    (["-drive", "file=@,iops=4,iops_rd=3"], "total values and read/write values cannot be used at the same time"),
    (["-drive", "file=@,throttling.iops-total-max=4"], "require corresponding"),
    (["-object", "secret,id=a"], "either data= or file="), (["-object", "secret,id=a,data=x,file=@"], "either data="),
    (["-object", "secret,id=a,file=/none"], "No such file"), (["-object", "secret,id=a,data=x,keyid=b"], "keyid"),
    (["-object", "rng-random,id=a,filename=/none"], "/none: No such file"),
    (["-object", "memory-backend-ram,id=a,size=0"], "size is a number"),
    (["-object", "memory-backend-file,id=a,mem-path=/tmp,size=x"], "size is a number"),
    (["-M", "realview-eb-mpcore", "-vnc", "unix:@,password-secret=a"], "no -object secret,id=a|without libvncserver"),
    (["-object", "throttle-group,id=a,x-bps-read-max=7"], "require corresponding"),
    (["-object", '{"qom-type": "throttle-group", "id": "a", "limits": {"bps-read-max": 7}}'],
     "require corresponding|reads no JSON"),
    (["-blockdev", "throttle,node-name=a,filename=@"], "throttle-group= is missing"),
    (["-blockdev", "throttle,node-name=a,throttle-group=g"], "file= is missing"),
    (["-M", "realview-eb-mpcore", "-blockdev", "throttle,node-name=a,throttle-group=g,file.driver=null-co"],
     "no -object throttle-group,id=g"),
    (["-drive", "file=@,if=none,id=a", "-drive", "file=@,if=none,id=a"], "another drive has the id 'a'"),
    (["-drive", "file.driver=nbd,if=sd"], "file= is missing"),
    (["-drive", "file=@,format=qcow2,driver=raw"], "'qcow2' over 'raw'"),
    (["-blockdev", "node-name=a,filename=@"], "driver= is missing"),
    (["-blockdev", "raw,filename=@"], "node-name= is missing"),
    (["-blockdev", "raw,node-name=a"], "filename= or file= is missing"),
    (["-blockdev", "vmdk,node-name=a,filename=@"], "driver is raw, qcow2, .* or copy-on-read, not 'vmdk'"),
    (["-blockdev", "raw,node-name=a,file=b"], "no node 'b'.*driver=file,node-name=b"),
    (["-blockdev", "qcow2,node-name=a,filename=@,backing=b"], "no node 'b' that is free"),
    (["-blockdev", "qcow2,node-name=a,filename=@,backing.driver=raw"], "backing.filename= or .* is missing"),
    (["-blockdev", "file,node-name=a,filename=@,speed=9"], "unknown property 'speed'.*-blockdev help"),
    (["-blockdev", "nbd,node-name=a"], "server.host= or server.path= is missing"),
    (["-blockdev", "null-co,node-name=a,size=77"], "a multiple of 512"),
    (["-blockdev", '{"driver": "file", "node-name": 1.5}'], "neither a text nor a whole number|reads no JSON"),
    (["-blockdev", "{driver}"], "-blockdev {driver}: "),
    (["-device", "sd-card"], "drive= is missing"),
    (["-device", '{"driver": "sd-card", "drive": "a,b"}'], "there is no 'a,b' that is free|reads no JSON"),
    (["-device", '{"drive": "a"}'], "'driver' is missing|reads no JSON"),
    (["-netdev", '{"type": "user"}'], "id= is missing|reads no JSON"),
    (["-device", "sd-card,drive=none"], "there is no 'none' that is free"),
    (["-sd", "@", "-blockdev", "null-co,node-name=a", "-device", "sd-card,drive=a"], "a card in the slot already"),
    (["-blockdev", "null-co,node-name=a", "-device", "virtio-blk-device,drive=a,werror=maybe"], "werror is report"),
    (["-device", "virtio-blk-pci,drive=a"], "no PCI bus: virtio-blk-device is that"),
    (["-device", "virtio-tablet-pci-non-transitional"], "no PCI bus: virtio-tablet-device"),
    (["-device", "virtio-blk"], "drive= is missing"), (["-device", "virtio"], "unknown device 'virtio'"),
    (["-device", "virtio-blk-devic,drive=a"], "unknown device"),
    (["-chardev", "socket,id=c,port=0,tn3270=on"], "tn3270=on is for terminals of mainframes"),
    (["-chardev", "socket,id=c,port=0,tls-creds=t"], "there is no TLS"),
    ([*M, "-chardev", "socket,id=c,host=127.0.0.1,port=9,to=5,server=on,wait=off"], "to= is the last of the ports"),
    ([*M, "-chardev", "socket,id=c,host=127.0.0.1,port=9,to=12"], "to= is the last of the ports"),
    ([*M, "-chardev", "socket,id=c,port=9,to=many"], "to is a port, not 'many'"),
    ([*M, "-chardev", "socket,id=c,port=9,abstract=on"], "abstract=on is for sockets with a path"),
    ([*M, "-chardev", "udp,id=c,port=9,ipv4=maybe"], "ipv4"),
    ([*M, "-chardev", "udp,id=c,port=9,ipv4=off,ipv6=off"], "neither IPv4 nor IPv6"),
    ([*M, "-chardev", "socket,id=c,host=127.0.0.1,port=0,server=on,wait=off,ipv4=off"], "Address family"),
    ([*M, "-serial", "tcp:127.0.0.1:0,server=on,wait=off,ipv6=on"], "Address family"),
    ([*M, "-chardev", "socket,id=c,host=::1,port=0,server=on,wait=off,ipv6=off"], "Address family"),
    ([*M, "-chardev", "socket,id=c,port=0,server=on,wait=off,ipv4=off,ipv6=off"], "neither IPv4 nor IPv6"),
    (["-chardev", "udp,id=c,port=9,tight=on"], "unknown property"), (["-chardev", "mux,id=c,chardev=d"], "add mux=on"),
    (["-chardev", "msmouse,id=c"], "'msmouse': no mouse is on a serial line"),
    (["-chardev", "wctablet,id=c"], "usb-tablet"), (["-chardev", "parallel,id=c,path=@"], "no parallel port"),
    (["-chardev", "spicevmc,id=c"], "no SPICE"), (["-chardev", "braille,id=c"], "braille displays"),
    (["-netdev", "vde,id=n"], "'vde' is not there"), (["-netdev", "hubport,id=n"], "hubid= is missing"),
    (["-netdev", "user,id=n,smb=/tmp"], "smb is not there: a folder is shared by -fsdev"),
    (["-netdev", "tap,id=n,vhost=on"], "vhost is not there, but for off"),
    (["-netdev", "tap,id=n,queues=2"], "queues is not there, but for 1"),
    (["-netdev", "bridge,id=n,helper=/bin/true"], "helper is not there"),
    (["-netdev", "stream,id=n,addr.type=unix,addr.path=/x,addr.abstract=on"], "abstract is not there"),
    (["-drive", "file=@,format=qcow2,offset=512"], "of a raw image: add format=raw"),
    (["-drive", "file=@,format=raw,offset=7"], "offset is a multiple of 512"),
    ([*M, "-drive", "if=virtio,file=null-co://,format=raw,offset=2G"], "has 1073741824 bytes: .* is beyond its end"),
    ([*M, "-drive", "if=virtio,file=null-co://,format=raw,offset=512,size=1G"], "offset=512,size=1073741824 is beyond"),
    (["-blockdev", "null-co,node-name=a,latency-ns=x"], "latency-ns is nanoseconds"),
    (["-blockdev", "copy-on-read,node-name=a,file=b"], "no node 'b' that is free"),
    (["-nonsense"], "-nonsense: invalid option.*-help"),
    (["--nonsense"], "--nonsense: invalid option"),
    (["disk.img"], "disk.img: unexpected argument"),
    (["-"], "-: unexpected argument"),
    (["--"], "--: invalid option"),
    (["-M"], "-M: requires an argument"),
    (["-smp"], "-smp: requires an argument"),
    (["-append"], "-append: requires an argument"),
    ([], "no machine specified"),
    (["-M", "versatilepb"], "-M versatilepb: unsupported machine.*-machine help"),
    (["-machine", ""], "-machine : empty item"),
    (["-machine", "realview-eb-mpcore,foo=1"], "unknown machine property 'foo'"),
    (["-machine", "realview-eb-mpcore,secondary=lost"], "secondary is 'pen' or 'entry', not 'lost'"),
    (["-machine", "realview-eb-mpcore,user-switches=256"], "user-switches is a number of 8 bits, not '256'"),
    (["-machine", "realview-eb-mpcore,user-switches=up"], "user-switches is a number of 8 bits, not 'up'"),
    (["-machine", "realview-eb-mpcore,boot-switches=0x100"], "boot-switches is a number of 8 bits, not '0x100'"),
    (["-machine", "realview-eb-mpcore,secondary"], "secondary is 'pen' or 'entry', not ''"),
    (["-machine", "realview-eb-mpcore,accel=kvm"], "-accel kvm: there is no such accelerator here .tcg"),
    ([*M, "-cpu", "cortex-a9"], "-cpu cortex-a9: unable to find.*-cpu help"),
    ([*M, "-cpu", "arm11mpcore,pmu=off"], "the CPU is as it is: 'pmu'"),
    ([*M, "-accel", "kvm"], r"-accel kvm: there is no such accelerator here \(tcg\)"),
    ([*M, "-accel", "tcg,foo=1"], "unknown property 'foo'"),
    ([*M, "-accel", "tcg,thread=many"], "thread is 'multi' or 'single', not 'many'"),
    ([*M, "-accel", "tcg,thread"], "thread is 'multi' or 'single'"),
    ([*M, "-accel", "tcg,ccache=none"], "ccache is 'unified' or 'separate'"),
    ([*M, "-accel", "tcg,backend=arm"], "backend is 'x86_64' or 'interp'"),
    ([*M, "-accel", "tcg,exclusive="], "exclusive is 'monitor' or 'snapshot'"),
    ([*M, "-accel", "tcg,tb-size=-1"], r"tb-size is a number of MiB \(1 to"),
    ([*M, "-accel", "tcg,tb-size=99999"], "tb-size is a number"),
    ([*M, "-accel", "tcg,tb-size=4x"], "tb-size is a number"),
    ([*M, "-accel", "tcg,tb-regions=0"], "tb-regions is a number from 1 to 16"),
    ([*M, "-accel", "tcg,tb-regions=17"], "tb-regions is a number from 1 to 16"),
    ([*M, "-accel", "tcg,,"], "-accel tcg,: there is no such"),
    ([*M, "-smp", "0"], r"-smp 0: .*\(1 to 4\)"),
    ([*M, "-smp", "5"], r"-smp 5: .*\(1 to 4\)"),
    ([*M, "-smp", "-1"], r"-smp -1: .*\(1 to 4\)"),
    ([*M, "-smp", "four"], r"-smp four: .*\(1 to 4\)"),
    ([*M, "-smp", "4x"], r"-smp 4x: .*\(1 to 4\)"),
    ([*M, "-smp", "99999999999999999999"], r"\(1 to 4\)"),
    ([*M, "-smp", "cpus=5"], r"-smp cpus=5: .*\(1 to 4\)"),
    ([*M, "-smp", "2,dies=2"], "one die"),
    ([*M, "-smp", "4,cores=3"], "contradict"),
    ([*M, "-m", "0"], "-m 0: the machine needs memory"),
    ([*M, "-m", "lots"], "-m lots: not a size"),
    ([*M, "-m", "-5"], "-m -5: not a size"),
    ([*M, "-m", "128Q"], "-m 128Q: not a size"),
    ([*M, "-m", "99999999999999999999"], "not a size"),
    ([*M, "-m", "99999999999999999G"], "not a size"),
    ([*M, "-m", "128,slots=2"], "slots needs maxmem"),
    ([*M, "-kernel", "/nonexistent/zImage"], "-kernel /nonexistent/zImage: No such file"),
    ([*M, "-kernel", ""], "-kernel '': the file's name is empty"),
    ([*M, "-kernel", "@dir"], "is a directory"),
    ([*M, "-initrd", "/nonexistent"], "-initrd /nonexistent: No such file"),
    ([*M, "-dtb", "/nonexistent"], "-dtb /nonexistent: No such file"),
    ([*M, "-append", "x"], "-append"),
    ([*M, "-initrd", "@"], "-initrd"),
    ([*M, "-kernel", "@"], "@"),
    ([*M, "-display", "gtk"], r"-display gtk: unknown display \(none"),
    ([*M, "-serial", "foo"], "'foo' is not a character device"),
    ([*M, "-serial", ""], "-serial '': a character device is expected"),
    ([*M, "-serial", "file:"], "file's name is missing"),
    ([*M, "-serial", "file:/nonexistent/x"], "file:/nonexistent/x.*No such file"),
    ([*M, "-serial", "tcp:localhost"], "port is missing"),
    ([*M, "-serial", "tcp:localhost:65536"], "beyond 65535"), ([*M, "-serial", "udp::99999"], "beyond 65535"),
    ([*M, "-incoming", "tcp:localhost:99999"], "up to 65535"),
    ([*M, "-incoming", "fd:5"], "descriptor 5: Bad file descriptor"),
    ([*M, "-chardev", "socket,id=c,fd=7,server=on,wait=off"], "descriptor 7: Bad file descriptor"),
    ([*M, "-sd", "nbd://localhost:99999/x"], "beyond 65535|no library|libnbd"),
    ([*M, "-sd", "nbd:localhost:99999"], "beyond 65535|no library|libnbd"),
    ([*M, "-serial", "tcp:localhost:1,foo=on"], "unknown property 'foo=on'"),
    ([*M, "-serial", "tcp:localhost:1,server=maybe"], "server is 'on' or 'off'"),
    ([*M, "-serial", "tcp:localhost:1"], "cannot connect"),
    ([*M, "-serial", "unix:"], "path is missing"),
    ([*M, "-serial", "unix:/" + "x" * 200], "too long"),
    ([*M, "-serial", "unix:/nonexistent/s"], "cannot connect"),
    ([*M, "-serial", "unix:/nonexistent/s,server=on,wait=off"], "cannot listen"),
    ([*M, *["-serial", "null"] * 17], "too many serial lines"),
    ([*M, "-serial", "stdio", "-serial", "stdio"], "in use by another device"),
    ([*M, "-serial", "mon:stdio", "-monitor", "stdio"], "in use by another device"),
    ([*M, "-monitor", "foo"], "'foo' is not a character device"),
    ([*M, "-monitor", "mon:stdio"], "-monitor mon:stdio: a character device is expected"),
    ([*M, "-d", "everything"], "-d everything: unknown log item 'everything'.*-d help"),
    ([*M, "-d", "int,foo"], "unknown log item 'foo'"),
    ([*M, "-d", ""], "unknown log item"),
    ([*M, "-D", "/nonexistent/log"], "-D /nonexistent/log: No such file"),
    ([*M, "-dfilter", "here"], "'here' is not a range"),
    ([*M, "-dfilter", "0x2000..0x1000"], "is not a range"),
    ([*M, "-dfilter", "0x1000+0"], "is not a range"),
    ([*M, "-device", "usb-audio"], "unknown device 'usb-audio'"),
    ([*M, "-device", "usb-kbd,foo=1"], "unknown property 'foo'"), ([*M, "-device", "usb-kbd,port"], "needs a value"),
    ([*M, "-device", "usb-kbd,port=7"], "there is no port '7'"),
    ([*M, "-device", "usb-kbd,port=2", "-device", "usb-hub,port=2"], "port 2 is taken"),
    ([*M, "-device", "usb-kbd,bus=x"], "there is no bus 'x'"), ([*M, "-device", "usb-hub,ports=9"], "ports is 1 to 8"),
    ([*M, "-device", "usb-kbd,id=a", "-device", "usb-mouse,id=a"], "another device has the id 'a'"),
    ([*M, "-device", "usb-storage"], "drive= is missing"),
    ([*M, "-device", "usb-storage,drive=x"], "there is no 'x'"),
    ([*M, "-blockdev", "null-co,node-name=x", "-device", "usb-storage,drive=x,removable=maybe"],
     "removable is on or off"),
    ([*M, "-usbdevice", "braille"], "there is no such USB device"),
    ([*M, "-global", "usb-storage.foo=1", "-blockdev", "null-co,node-name=x", "-device", "usb-storage,drive=x"],
     "unknown property 'foo'"),
    ([*M, "-device", "loader"], "neither file nor addr"),
    ([*M, "-device", "loader,file=/nonexistent"], "No such file"),
    ([*M, "-device", "loader,addr=x"], "addr is a number"),
    ([*M, "-device", "loader,addr=0x100000000"], "addr is a number"),
    ([*M, "-device", "loader,addr=0"], "addr alone does nothing"),
    ([*M, "-device", "loader,data=1,data-len=4"], "data needs an addr"),
    ([*M, "-device", "loader,addr=0,data=1"], "data and data-len go together"),
    ([*M, "-device", "loader,addr=0,data=1,data-len=3"], "data-len is 1, 2, 4 or 8"),
    ([*M, "-device", "loader,addr=0,data=256,data-len=1"], "does not fit"),
    ([*M, "-device", "loader,addr=0,cpu-num=4"], "cpu-num is a number"),
    ([*M, "-device", "loader,addr=0,foo=4"], "unknown property 'foo'"),
    ([*M, "-semihosting-config", "target=foo"], "target is 'native'"),
    ([*M, "-semihosting-config", "enable=maybe"], "enable is 'on' or 'off', not 'maybe'"),
    ([*M, "-pidfile", "/nonexistent/pid"], "-pidfile /nonexistent/pid: No such file"),
    ([*M, "-name", "x,colour=red"], "unknown property 'colour'"),
]

# (arguments, what stdout must say)
HELP = [
    (["-h"], "(?s)-machine NAME.*-smp.*-serial"),
    (["-help"], "usage: qemu-system-arm"),
    (["--help"], "usage: qemu-system-arm"),
    (["-version"], "^PQEMU emulator version [0-9]"),
    (["--version"], "^PQEMU emulator version [0-9]"),
    (["-M", "help"], "realview-eb-mpcore +.*ARM11"),
    (["-machine", "?"], "realview-eb-mpcore"),
    (["-machine", "realview-eb-mpcore,help"], "secondary=pen|entry"),
    (["-cpu", "help"], "arm11mpcore"),
    (["-M", "realview-eb-mpcore", "-cpu", "help"], "arm11mpcore"),
    (["-accel", "help"], "(?s)tcg.*thread=multi.single.*ccache=unified.separate.*tb-size"),
    (["-accel", "tcg,help"], "ccache="),
    (["-d", "help"], "(?s)in_asm.*guest_errors"),
    (["-device", "help"], "loader"),
    (["-device", "loader,help"], "cpu-num"),
    (["-display", "help"], "none"),
]

# Arguments that must be accepted: the emulator starts stopped, with its monitor on standard input, and quits.
GOOD = [
    [],
    ["-device", "virtio-rng"], ["-device", "virtio-serial"], ["-device", "virtio-gpu,xres=640"],
    ["-device", "virtio-keyboard", "-device", "virtio-mouse", "-device", "virtio-tablet,id=t"],
    ["-device", "virtio-balloon", "-global", "virtio-gpu-device.xres=800", "-device", "virtio-gpu"],
    ["-netdev", "user,id=n", "-device", "virtio-net,netdev=n"],
    ["-blockdev", "null-aio,node-name=a,size=1M,latency-ns=1", "-device", "virtio-blk,drive=a,werror=stop"],
    ["-fsdev", "local,id=f,path=/,security_model=none", "-device", "virtio-9p,fsdev=f,mount_tag=t"],
    ["-blockdev", "raw,node-name=a,size=1M,offset=1M,file.driver=null-co,file.size=2M", "-device", "sd-card,drive=a"],
    ["-blockdev", "null-co,node-name=a", "-blockdev", "copy-on-read,node-name=b,file=a",
     "-device", "virtio-blk,drive=b"],
    ["-chardev", "socket,id=c,host=127.0.0.1,port=0,server=on,wait=off,ipv6=off"],
    ["-chardev", "socket,id=c,host=127.0.0.1,port=0,server=on,wait=off,ipv4=on,ipv6=on"],
    ["-chardev", "memory,id=c,size=1024"], ["-chardev", "testdev,id=c"], ["-chardev", "udp,id=c,port=9,ipv4=on"],
    ["-chardev", "udp,id=c,port=9,ipv6=off"], ["-chardev", "socket,id=c,port=0,server=on,wait=off,tn3270=off"],
    ["-smp", "4"], ["-smp", "cpus=2"], ["-smp", "4,sockets=1,cores=4,threads=1"],
    ["-m", "64"], ["-m", "64M"], ["-m", "0.125G"], ["-m", "size=128M"], ["-m", "65536K"], ["--m", "16"],
    ["-cpu", "arm11mpcore"], ["-accel", "tcg"], ["-accel", "tcg,thread=single"],
    ["-accel", "tcg,thread=multi,tb-size=4"],
    ["-accel", "tcg,tb-regions=1"],
    ["-accel", "tcg,backend=interp"], ["-accel", "tcg,exclusive=snapshot"],
    ["-display", "none"], ["-nographic"], ["-nodefaults"], ["-no-reboot", "-no-shutdown"],
    ["-serial", "null"], ["-serial", "none", "-serial", "null"], ["-name", "test,process=pqemu,debug-threads=on"],
    ["-semihosting"], ["-semihosting-config", "enable=on,target=native,arg=prog,arg=x"],
    ["-semihosting-config", "enable=on,target=gdb"], ["-gdb", "tcp:127.0.0.1:0"], ["-gdb", "none"],
    ["-device", "loader,addr=0x100,data=0x12345678,data-len=4"], ["-device", "loader,addr=0x100,cpu-num=0"],
    ["-device", "loader,file=@,addr=0x8000,force-raw=on"],
    ["-d", "int,guest_errors", "-dfilter", "0x8000..0x8fff,0xc0000000+0x1000,0xffff-0x10"],
]


def run(args, stdin=b""):
    try:
        p = subprocess.run([QEMU, *args], input=stdin, capture_output=True, timeout=20, check=False)
    except subprocess.TimeoutExpired as e:
        return None, (e.stdout or b"").decode(), (e.stderr or b"").decode()
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def main():
    cases = tap.Cases()
    with tempfile.TemporaryDirectory() as tmp:
        empty = os.path.join(tmp, "empty")
        with open(empty, "wb"):
            pass
        data = os.path.join(tmp, "data")
        with open(data, "wb") as f:
            f.write(b"\0" * 64)

        for args, expected in BAD:
            given = [empty if a == "@" else tmp if a == "@dir" else a for a in args]
            code, out, err = run(given)
            pattern = re.escape(empty) if expected == "@" else expected
            good = (code == 1 and not out and err.startswith("qemu-system-arm: ") and err.count("\n") == 1 and
                    re.search(pattern, err))
            shown = " ".join(a if len(a) < 40 else a[:37] + "..." for a in args if a not in M)
            cases.check(good, "refused: '%s'" % shown, "exit %s, stdout %r, stderr %r" % (code, out[:200], err[:500]))
        for args, expected in HELP:
            code, out, err = run(args)
            cases.check(code == 0 and not err and re.search(expected, out, re.M), "help: %s" % " ".join(args),
                        "exit %s, stdout %r, stderr %r" % (code, out[:500], err[:500]))
        for args in GOOD:
            given = [a.replace("@", data) for a in args]
            code, out, err = run([*M, "-S", "-monitor", "stdio", *given], b"info status\nquit\n")
            cases.check(code == 0 and "paused (prelaunch)" in out and not err,
                        "accepted: %s" % (" ".join(args) or "nothing"),
                        "exit %s, stdout %r, stderr %r" % (code, out[:500], err[:500]))
        code, out, err = run([*M, "-S", "-monitor", "stdio", "-m", "512"], b"info mtree\nquit\n")
        cases.check(code == 0 and err.count("\n") == 1 and "warning: -m 512" in err and "256 MiB" in err and
                    "00000000-0fffffff (ram)" in out, "-m above what the board has: a warning, and 256 MiB",
                    "exit %s, stdout %r, stderr %r" % (code, out[:500], err[:500]))
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
