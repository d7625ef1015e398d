#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=300
"""Every option that QEMU has is done, accepted because it changes nothing here, or refused by one line that says what
to use instead; nothing else is an option. The emulator's own table (-help) is compared with QEMU's, and each row tried.
If QEMU is there it is asked as well whether it takes what ours takes."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(HERE, "../../build/qemu-system-arm"))
ORACLE = os.environ.get("PQEMU_TEST_ORACLE", "/usr/bin/qemu-system-arm")
SCALE = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
STOPPED = ["-M", "realview-eb-mpcore", "-S", "-display", "none", "-serial", "null", "-monitor", "stdio"]
NOTHING, REFUSED = "Accepted because it changes nothing here", "Options of QEMU that there are not"
IGNORED = "Accepted with a warning: the board has nothing that would look at it"
TREE = 0x04000000               # where the device tree is, with half of 128 MiB below it
UUID = "12345678-9aBc-def0-1234-56789abcdef0"

# Options of QEMU that came after 7.2, whose list is in qemu-options.txt: takes an argument.
LATER = {"perfmap": False, "jitdump": False}

# Words to try each option that changes nothing with; an empty list: the option alone. All of them QEMU accepts too.
ACCEPTED = {
    "boot": ["c", "order=dc", "d,menu=on,strict=on", "menu=off,splash-time=5,reboot-timeout=10"], "k": ["fr", "en-us"],
    "L": ["/usr/share/qemu"], "vga": ["none"],
    "portrait": [], "rotate": ["90", "270"], "parallel": ["none", "null"], "usb": [],
    "no-user-config": [],
    "compat": ["deprecated-input=accept", "deprecated-input=reject,deprecated-output=hide"], "async-teardown": [],
}

# Such options with arguments that are not nothing, or are wrong: (option, argument, what the line says).
WRONG = [
    ("boot", "z", "accepted are order"), ("boot", "cc", "accepted are order"), ("boot", "foo=1", "accepted are order"),
    ("boot", "once=n", "accepted are order"), ("nic", "tap,foo=1", "unknown property"),
    ("nic", "user,model=foo", "model is lan91c111"), ("nic", "user,mac=1:2", "mac is six bytes"),
    ("nic", "user,mac=01:00:00:00:00:01", "a group's address"), ("nic", "user,foo=1", "unknown property 'foo'"),
    ("nic", "user,hostfwd=tcp::x-:22", "a forwarding is tcp"), ("nic", "user,net=1.2.3.4/31", "net= is a network"),
    ("nic", "user,guestfwd=tcp:10.0.2.100:7", "guestfwd= is tcp"),
    ("nic", "user,guestfwd=tcp:1.2.3.4:7-cmd:cat", "for addresses in the network"),
    ("nic", "user,guestfwd=tcp:10.0.2.100:7-chardev:x", "there is no character device 'x'"),
    ("nic", "user,ipv6=on,net=10.0.3.0/24", "IPv4 is off"), ("nic", "user,ipv4=off,ipv6=off", "neither IPv4 nor IPv6"),
    ("nic", "user,ipv6=off,ipv6-dns=fec0::9", "IPv6 is off"), ("nic", "user,ipv6-net=x", "ipv6-net= is a prefix"),
    ("nic", "user,ipv6-host=fec1::1", "ipv6-host= is an IPv6 address in"), ("nic", "user,ipv6=x", "'on' or 'off'"),
    ("nic", "user,tftp=/nonexistent", "tftp= is a directory"), ("nic", "user,dump=/nonexistent/x", "No such file"),
    ("chardev", "stdio", "id= is missing"), ("chardev", "foo,id=x", "unknown kind 'foo'"),
    ("chardev", "file,id=x", "path="),
    ("chardev", "udp,id=x", "port= is missing"), ("chardev", "null,id=x,size=5", "unknown property"),
    ("chardev", "ringbuf,id=x,size=much", "size is a number"),
    ("chardev", "socket,id=x", "path=, port= or fd="), ("chardev", "null,id=x,foo=1", "unknown property 'foo'"),
    ("mon", "chardev=x", "no character device 'x'"), ("mon", "mode=control", "chardev= is missing"),
    ("mon", "chardev=x,mode=foo", "readline"), ("serial", "chardev:x", "no character device 'x'"),
    ("qmp", "mon:stdio", "expected"),
    ("netdev", "user", "id= is missing"), ("net", "nic,netdev=x", "there is no such network"),
    ("device", "virtio-blk-device", "drive= is missing"), ("device", "virtio-blk-device,drive=x", "there is no 'x'"),
    ("device", "virtio-net-device,netdev=x", "there is no 'x'"),
    ("device", "virtio-rng-device,max=1", "unknown property 'max'"),
    ("device", "virtio-net-device,mac=1", "mac is six bytes"), ("drive", "if=virtio", "file= is missing"),
    ("device", "virtio-serial-device,max_ports=0", "max_ports is 1 to 15"),
    ("device", "virtconsole", "virtio-serial-device has to come before it"),
    ("device", "virtserialport,nr=x", "nr is a number"), ("device", "virtserialport,nr=0", "port 0 is a console's"),
    ("device", "virtserialport,bus=x.0", "has the bus 'x.0'"),
    ("device", "virtconsole,foo=1", "unknown property 'foo'"),
    ("device", "virtio-keyboard-device,x=1", "unknown property 'x'"),
    ("device", "virtio-balloon-device,deflate-on-oom=x", "'on' or 'off'"),
    ("device", "virtio-gpu-device,xres=0", "xres is 1 to 3840"), ("device", "virtio-gpu-device,foo=1", "unknown prop"),
    ("device", "virtio-gpu-device,max_outputs=17", "max_outputs is 1 to 16"),
    ("device", "virtio-gpu-device,max_hostmem=1T", "max_hostmem is a size up to 256M"),
    ("vnc", ":0,head=1", "display=ID is missing|libvncserver"),
    ("device", "virtio-9p-device,mount_tag=x", "fsdev=.*is missing"),
    ("device", "virtio-9p-device,fsdev=x", "mount_tag="),
    ("device", "virtio-9p-device,fsdev=x,mount_tag=y", "there is no folder 'x'"),
    ("device", "virtio-9p-device,fsdev=x,mount_tag=" + "y" * 32, "1 to 31 characters"),
    ("fsdev", "proxy,id=x", "the kind is 'local'"), ("fsdev", "local,id=x,security_model=none", "path= is missing"),
    ("fsdev", "local,id=x,path=/", "security_model= is missing"),
    ("fsdev", "local,path=/,security_model=none", "id= is missing"),
    ("fsdev", "local,id=x,path=/,security_model=all", "security_model is none, mapped-xattr or passthrough"),
    ("fsdev", "local,id=x,path=/,security_model=none,mount_tag=y", "unknown property 'mount_tag'"),
    ("virtfs", "local,path=/,security_model=none", "mount_tag= is missing"),
    ("virtfs", "local,path=/nonexistent,security_model=none,mount_tag=x", "No such file"),
    ("device", "virtio-scsi-device", "unknown device 'virtio-scsi-device'"),
    ("global", "virtio-mmio.force-legacy=2", "on"), ("global", "virtio-mmio.y=1", "one property"),
    ("global", "x=1", "is expected"), ("global", "driver=x,property=y", "is expected"), ("set", "x.y=1", "is expected"),
    ("set", "drive.x.y=1", "before it there is no -drive"), ("readconfig", "/nonexistent", "No such file"),
    ("readconfig", "/", "Is a directory"), ("help", "foo", "no such topic"),
    ("nic", "user,server=on", "unknown property 'server' of this network"),
    ("nic", "stream,addr.type=inet", "addr.port"),
    ("nic", "stream,server=on", "addr.type is missing"), ("nic", "stream,addr.path=/x,addr.port=99999", "up to 65535"),
    ("nic", "stream,addr.type=ipx", "inet or unix"), ("nic", "dgram,local.port=1", "remote.type is missing"),
    ("nic", "socket,fd=3", "take an address"), ("nic", "socket", "listen="), ("nic", "socket,connect=7", "HOST:PORT"),
    ("nic", "stream,server=on,addr.path=/nonexistent/s", "No such file"), ("nic", "vde", "is not there"),
    ("nic", "stream,addr.host=127.0.0.1,addr.port=9", "refused"),
    ("nic", "bridge,br=nobridge0", "nobridge0"), ("nic", "tap,fd=7,ifname=x", "do not go with it"),
    ("nic", "tap,fd=77", "fd=77"), ("nic", "stream,addr.path=" + "x" * 200, "too long for a socket"),
    ("drive", "file=/nonexistent", "No such file"), ("drive", "if=sd", "file= is missing"),
    ("drive", "if=scsi,file=x", "no 'scsi' disk"), ("drive", "file=/dev/zero", "neither a file nor a block device"),
    ("drive", "file=x,cache=foo", "cache is writeback"), ("drive", "file=x,foo=1", "unknown property 'foo'"),
    ("sd", "/bin/ls", "multiple of 512 KiB"),
    ("vga", "foo", "of its own"), ("vnc", "1", "HOST:N|libvncserver"), ("display", "gtk", "unknown display"),
    ("rotate", "45", "'45' is none of: 90, 180, 270"),
    ("audio", "oss", "no sound driver 'oss' .none, wav, sdl, alsa."),
    ("audiodev", "none", "id is missing"), ("audiodev", "oss,id=x", "no sound driver 'oss'"),
    ("audiodev", "sdl,id=x,out.frequency=1", "out.frequency is a number from 4000|without SDL"),
    ("audiodev", "sdl,id=x,out.dev=x,foo=1", "unknown property 'foo'|without SDL"),
    ("audiodev", "alsa,id=x,in.buffer-length=0", "in.buffer-length is a number from 5000|without ALSA"),
    ("audiodev", "alsa,id=x,out.dev=no_such", "sound card 'no_such': No such file|without ALSA"),
    ("audiodev", "wav,id=x,foo=1", "unknown property 'foo'"),
    ("audiodev", "wav,id=x,out.frequency=1", "4000 to 192000"),
    ("object", "secret,id=x", "either data= or file="), ("object", "rng-random", "id= is missing"),
    ("object", "rng-random,id=x,size=1", "'size' is none of"), ("object", "memory-backend-ram,id=x", "size is missing"),
    ("object", "filter-dump,id=x,file=x", "netdev is missing"),
    ("object", "filter-dump,id=x,netdev=n", "file is missing"),
    ("object", "filter-dump,id=x,netdev=n,file=/nonexistent/x", "there is no network 'n'"),
    ("object", "filter-dump,id=x,netdev=n,file=x,maxlen=0", "maxlen is a number of bytes from 1"),
    ("object", "filter-dump,id=x,netdev=n,file=x,queue=up", "all.rx.tx"),
    ("object", "memory-backend-memfd,id=x,size=1M,hugetlb=on", "hugetlb is off"), ("mem-path", "/dev/null", "a file"),
    ("machine", "memory-backend=x", "there is no -object memory-backend-ram,id=x"),
    ("device", "virtio-rng-device,rng=x", "there is no -object rng-random,id=x"),
    ("sandbox", "on,foo=deny", "unknown property 'foo'"), ("sandbox", "perhaps", "'on' or 'off'"),
    ("sandbox", "on,spawn=children", "spawn is 'allow' or 'deny'"), ("runas", "no-such-user", "no such user"),
    ("runas", "1:x", "no such user"), ("chroot", "/nonexistent", "No such file"),
    ("chroot", "/etc/passwd", "not a directory"),
    ("compat", "foo=1", "'foo' is none of: deprecated-input"),
    ("compat", "deprecated-input=maybe", "deprecated-input is accept.reject.crash, not 'maybe'"),
]

# What is wrong for both, ours and QEMU.
BOTH_REFUSE = [
    ["-chardev", "ringbuf,id=x,size=1000"], ["-chardev", "null,id=x,logfile=/nonexistent/x"],
    ["-chardev", "udp,id=x,port=nosuchport"],
    ["-device", "virtio-serial-device", "-device", "virtconsole,chardev=x"],
    ["-device", "virtio-serial-device,max_ports=1", "-device", "virtserialport,chardev=x"],
    ["-chardev", "null,id=x", "-device", "virtio-serial-device", "-device", "virtconsole,chardev=x",
     "-device", "virtconsole,chardev=x"],
    ["-chardev", "null,id=x", "-device", "virtio-serial-device", "-device", "virtconsole,chardev=x,nr=1",
     "-chardev", "null,id=y", "-device", "virtserialport,chardev=y,nr=1"],
    *(["-nic", "user," + text] for text in ("ipv4=off,ipv6=off", "ipv6=off,ipv6-net=fec1::/64", "ipv6-host=1::1",
                                           "ipv6=on,net=10.0.3.0/24", "ipv4=on,ipv6-net=fec1::/64",
                                           "ipv6-net=fec1::/127", "guestfwd=udp:10.0.2.100:5-null",
                                           "guestfwd=tcp:10.0.2.2:5-null",
                                           "guestfwd=tcp:10.0.2.100:0-null", "guestfwd=tcp:10.0.2.100:7")),
    ["-uuid", "12345678"], ["-uuid", UUID + "0"], ["-uuid", UUID[:-1] + "g"], ["-msg", "foo=on"],
    ["-msg", "timestamp=maybe"], ["-action", "reboot=foo"], ["-action", "foo=reset"], ["-watchdog-action", "foo"],
    ["-overcommit", "foo=on"], ["-rtc", "base=foo"], ["-rtc", "clock=foo"], ["-seed", "x"],
    ["-boot", "z"], ["-boot", "cc"], ["-rotate", "45"], ["-smp", "2,dies=2"], ["-smp", "2,clusters=2"],
    ["-smp", "2,maxcpus=1"], ["-smp", "2,maxcpus=8"], ["-smp", "2,sockets=4"], ["-m", "128,slots=2"], ["-m", "size="],
    ["-m", "128,maxmem=64M"], ["-m", "128,foo=1"], ["-accel", "kvm"], ["-accel", "foo"], ["-enable-kvm"],
    ["-machine", "accel=kvm"], ["-machine", "accel=kvm:xen"], ["-machine", "usb=maybe"], ["-machine", "foo=1"],
    ["-cpu", "arm11mpcore,foo=1"], ["-cpu", "ARM11MPCORE"], ["-audiodev", "none"], ["-compat", "foo=1"], ["-no-acpi"],
    ["-numa", "node"], ["-old-parameter"], ["-name", "x,foo"], ["-pidfile", "/nonexistent/x"], ["-sandbox", "foo"],
    ["-nographic", "-daemonize"], ["-d", "tid"], ["-d", "tid", "-D", "/dev/null"],
    ["-incoming", "tcp:127.0.0.1:0,to=x"],
]

# Arguments that others than this board do something with.
IGNORED_TOO = [["-bios", "/nonexistent"], ["-parallel", "file:/dev/null"], ["-vga", "std"], ["-vga", "cirrus"]]

# What is right for both and does something, or says what is so.
BOTH_ACCEPT = [
    ["-uuid", UUID], ["-msg", "timestamp=on,guest-name=on", "-name", "x"], ["-msg", "timestamp=off"], ["-echr", "20"],
    ["-action", "reboot=shutdown,shutdown=pause"], ["-action", "panic=none,watchdog=reset"],
    *(["-watchdog-action", action]
      for action in ("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi")),
    ["-overcommit", "cpu-pm=on"], ["-overcommit", "mem-lock=off"], ["-mem-prealloc"], ["-rtc", "base=utc"],
    ["-rtc", "base=localtime,clock=host"], ["-rtc", "base=2006-06-17T16:01:21,driftfix=none"],
    ["-rtc", "driftfix=slew"], ["-singlestep"],
    ["-singlestep", "-singlestep"], ["-accel", "tcg", "-accel", "kvm"], ["-machine", "accel=tcg"],
    ["-machine", "realview-eb-mpcore,accel=tcg"], ["-machine", "usb=off"], ["-machine", "usb=on"], ["-usb"],
    ["-machine", "graphics=off,dump-guest-core=off,mem-merge=off,suppress-vmdesc=on"],
    ["-smp", "2,dies=1,clusters=1"], ["-smp", "2,maxcpus=4"], ["-smp", "maxcpus=4"], ["-smp", "cores=2"],
    ["-smp", "sockets=2,cores=2"], ["-smp", "4,sockets=2"], ["-smp", "threads=2"], ["-smp", "1", "-smp", "2"],
    ["-smp", "cpus=2,cpus=4"], ["-m", "128,maxmem=256M"], ["-m", "128,slots=2,maxmem=256M"], ["-m", "64", "-m", "128"],
    ["-m", "128", "-m", "slots=2,maxmem=256M"], ["-cpu", "arm11mpcore,vfp=on,cfgend=off"],
    ["-name", "x,debug-threads=on"],
    ["-no-reboot", "-no-reboot"], ["-snapshot"], ["-seed", "1"], ["-seed", "0x10"],
    ["-sandbox", "off"], ["-sandbox", "enable=off"],
    ["-chardev", "ringbuf,id=x,size=4K", "-serial", "chardev:x"], ["-serial", "udp:127.0.0.1:9"],
    ["-chardev", "udp,id=x,host=127.0.0.1,port=9,localport=0,logfile=/dev/null,logappend=on", "-serial", "chardev:x"],
    ["-net", "none"], ["-nic", "none"], ["-nic", "user"], ["-net", "nic", "-net", "user"],
    ["-nic", "user,hostfwd=tcp:127.0.0.1:0-:22,mac=52:54:00:00:00:01,restrict=on,net=192.168.76.0/24"],
    ["-netdev", "user,id=n", "-net", "nic,netdev=n"],
    ["-nic", "socket,udp=127.0.0.1:9,localaddr=127.0.0.1:0"],
    ["-snapshot", "-net", "none", "-vga", "none", "-parallel", "none", "-usb"],
    ["-serial", "null"] * 8, ["-display", "none,gl=off,show-cursor=on,window-close=off,full-screen=off"],
    ["-machine", "smp.cpus=2,smp.maxcpus=4,memory.size=64M,memory.max-size=128M,memory.slots=1"],
    ["-object", "memory-backend-ram,id=m,size=16M,prealloc-threads=2,policy=bind,host-nodes=0"],
    ["-object", "iothread,id=i,thread-pool-min=0,thread-pool-max=8"], ["-object", "main-loop,id=m,aio-max-batch=1"],
    ["-object", "thread-context,id=t,cpu-affinity=0"], ["-accel", "tcg,tb-size=0"], ["-d", "fpu,op_ind,pcall,strace"],
    ["-fsdev", "local,id=f,path=/,security_model=none,writeout=immediate,readonly=on,multidevs=remap"],
    ["-incoming", "tcp:127.0.0.1:0,ipv4=on"], ["-incoming", "tcp:127.0.0.1:0,ipv4,ipv6=off"],
    ["-machine", "boot.order=c,boot.menu=on"], ["-machine", "kvm-shadow-mem=1"], ["-machine", "igd-passthru=off"],
]

# What is right here, and is not there on QEMU's board.
OURS_ACCEPT = [
    ["-chardev", "null,id=x", "-device", "virtio-serial-device", "-device", "virtconsole,chardev=x",
     "-chardev", "null,id=y", "-device", "virtserialport,chardev=y,name=n,nr=5", "-device", "virtconsole"],
    ["-device", "virtio-serial-device,id=s", "-device", "virtio-serial-device,id=t,max_ports=2",
     "-chardev", "null,id=y", "-device", "virtserialport,chardev=y,bus=t.0,id=p"],
]

# What only goes on with a warning, in both.
FALL_BACK = [["-accel", "kvm", "-accel", "tcg"], ["-accel", "foo", "-accel", "tcg"], ["-machine", "accel=kvm:tcg"],
             ["-machine", "accel=kvm:foo:tcg"]]


def run(program, arguments, text=b"quit\n"):
    p = subprocess.run([program, *arguments], input=text, capture_output=True, timeout=60 * SCALE, check=False)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def warned(cases, arguments):
    code, _, err = run(QEMU, [*STOPPED, *arguments])
    text = " ".join(arguments)
    line = "qemu-system-arm: warning: %s: changes nothing: .*\n" % re.escape(text)
    cases.check(code == 0 and re.fullmatch(line, err),
                "accepted with a warning: " + text, (code, err))


def table():
    """Of -help: {option: takes an argument}, and the options of each group."""
    takes, groups, group = {}, {}, None
    for line in run(QEMU, ["-help"])[1].splitlines():
        heading = re.match(r"([A-Z][\w,: ]+):$", line)
        row = re.match(r"-([\w-]+)(?: (\S+))?(?:$| )", line)
        if heading:
            group = groups.setdefault(heading.group(1), [])
        elif row and group is not None:
            takes[row.group(1)] = row.group(2) not in (None, "[TOPIC]")
            group.append(row.group(1))
    return takes, groups


def qemus_options():
    with open(os.path.join(HERE, "qemu-options.txt"), encoding="utf-8") as file:
        names = [line.strip() for line in file if not line.startswith("#")]
    return {name.rstrip("="): name.endswith("=") for name in names}


def accepted(cases, arguments, name):
    code, out, err = run(QEMU, [*STOPPED, *arguments])
    cases.check(code == 0 and not err and "monitor" in out, name,
                "%s: exit %d, stdout %r, stderr %r" % (arguments, code, out[:300], err[:500]))


def refused(cases, arguments, pattern, name):
    code, out, err = run(QEMU, [*STOPPED, *arguments])
    good = (code == 1 and not out and err.count("\n") == 1 and err.startswith("qemu-system-arm: ") and
            re.search(pattern, err))
    cases.check(good, name, "%s: exit %d, stdout %r, stderr %r" % (arguments, code, out[:300], err[:500]))


def test_table(cases):
    takes, groups = table()
    theirs = {**qemus_options(), **LATER}
    cases.check(not set(theirs) - set(takes), "every option of QEMU is in the table", sorted(set(theirs) - set(takes)))
    cases.check(not set(takes) - set(theirs), "the table has only options of QEMU", sorted(set(takes) - set(theirs)))
    wrong = [name for name in takes if name in theirs and takes[name] != theirs[name]]
    cases.check(not wrong, "they take an argument if QEMU's do", wrong)
    cases.check(set(groups[NOTHING]) == set(ACCEPTED), "each option that changes nothing is tried here",
                set(groups[NOTHING]) ^ set(ACCEPTED))
    for name in groups[NOTHING]:
        for value in ACCEPTED.get(name, []):
            accepted(cases, ["-" + name, value], "accepted: -%s %s" % (name, value))
        if not takes[name]:
            accepted(cases, ["-" + name, "--" + name], "accepted, twice: -" + name)
    for name in groups[IGNORED]:
        warned(cases, ["-" + name, *(["x"] if takes[name] else [])])
    for arguments in IGNORED_TOO:
        warned(cases, arguments)
    for name in groups[REFUSED]:
        arguments = ["-" + name, "x"] if takes[name] else ["-" + name]
        refused(cases, arguments, re.escape(" ".join(arguments)) + ": .*(there (is|are) no|use|give|name|start|not|get|"
                "has no|leave|only|is the host's)", "refused, and why: -" + name)
    for name, value, text in WRONG:
        refused(cases, ["-" + name, value], "-%s %s: .*%s" % (name, re.escape(value), text),
                "refused: -%s %s" % (name, value))


def test_arguments(cases):
    for arguments in BOTH_REFUSE:
        refused(cases, arguments, "", "refused: " + " ".join(arguments))
    for arguments in BOTH_ACCEPT + OURS_ACCEPT:
        accepted(cases, arguments, "accepted: " + " ".join(arguments))
    for arguments in FALL_BACK:
        code, _, err = run(QEMU, [*STOPPED, *arguments])
        cases.check(code == 0 and re.search("warning: .*(kvm|foo).*falling back to tcg", err) and err.count("\n") == 1,
                    "the first accelerator that there is: " + " ".join(arguments), (code, err))


def test_effects(cases, directory):
    """The small options do what they say."""
    _, out, _ = run(QEMU, [*STOPPED, "-uuid", UUID, "-name", "guest one"], b"info uuid\ninfo name\nquit\n")
    cases.check(UUID.lower() in out and "guest one" in out, "info uuid and info name show -uuid and -name", out)
    _, out, _ = run(QEMU, STOPPED, b"info uuid\nquit\n")
    cases.check("00000000-0000-0000-0000-000000000000" in out, "info uuid without -uuid", out)

    seeds = [seed_of(arguments, directory) for arguments in (["-seed", "5"], ["-seed", "5"], ["-seed", "6"], [], [])]
    cases.check(len(seeds[0]) == 32 and seeds[0] == seeds[1] and len(set(seeds)) == 4,
                "-seed: rng-seed of the device tree is the same with the same number only", seeds)

    _, _, err = run(QEMU, ["-msg", "timestamp=on,guest-name=on", "-name", "foo", *STOPPED, "-uuid", "x"])
    cases.check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z foo qemu-system-arm: -uuid x: ", err),
                "-msg puts time and name before messages", err)

    clock = b"xp/1xw 0x10017000\nquit\n"    # the data register of the PL031
    for base, want in (("utc", time.time()), ("2006-06-17T16:01:21", 1150560081), ("2006-06-17", 1150502400)):
        _, out, _ = run(QEMU, [*STOPPED, "-rtc", "base=" + base], clock)
        shown = re.search(r"0*10017000: 0x([0-9a-f]{8})", out)
        cases.check(shown and 0 <= int(shown.group(1), 16) - want + 1 < 62 * SCALE, "-rtc base=%s: the clock" % base,
                    out)

    for number, key in ((b"20", b"\x14"), (b"0x1d", b"\x1d")):
        arguments = ["-M", "realview-eb-mpcore", "-S", "-display", "none", "-serial", "mon:stdio", "-echr", number]
        code, out, _ = run(QEMU, arguments, b"\x01x" + key + b"h" + key + b"x")
        name = "C-" + chr(key[0] + 0x40).lower()
        cases.check(code == 0 and name + " x    exit" in out and "Terminated" in out,
                    "-echr %s: the key is %s" % (number.decode(), name), out)

    machine_properties(cases, directory)
    others_properties(cases, directory)
    thread_files(cases, directory)
    ports(cases)
    trace = os.path.join(directory, "log")
    run(QEMU, ["-M", "realview-eb-mpcore", "-display", "none", "-serial", "null", "-semihosting", "-singlestep", "-d",
               "in_asm", "-D", trace, "-kernel", program(directory)])
    with open(trace, encoding="utf-8") as file:
        alone = re.findall(r"IN:\n0x0001000([048c]):.*\n\n", file.read())
    cases.check(alone == ["0", "4", "8", "c"], "-singlestep: a block for each instruction", alone)


def machine_properties(cases, directory):
    """-machine says what -smp and -m say; more serial lines than the board has are devices without one."""
    _, out, _ = run(QEMU, [*STOPPED, "-machine", "smp.cpus=2,memory.size=64M"],
                    b"info cpus\ninfo memory_size_summary\nquit\n")
    cases.check(out.count("CPU #") == 2 and "base memory: 67108864" in out, "-machine smp.cpus=2,memory.size=64M", out)
    refused(cases, ["-machine", "smp.cpus=2,smp.foo=1"], "unknown property 'foo'", "-machine smp.foo=1")
    refused(cases, ["-machine", "smp=2"], "say smp.cpus=", "-machine smp=2")
    lines = [word for n in range(6) for word in ("-serial", "file:%s/line%d" % (directory, n))]
    _, out, _ = run(QEMU, [*STOPPED[:-4], *lines, "-monitor", "stdio"], b"info chardev\nquit\n")
    cases.check("serial5: filename=file" in out and os.path.exists(directory + "/line5"), "six serial lines", out)
    tree = os.path.join(directory, "tree")
    for name, more in (("the board's tree", []), ("a kernel's tree", ["-kernel", image(directory), "-dtb", "builtin",
                                                                      "-append", "some words"])):
        code, out, err = run(QEMU, [*STOPPED, "-machine", "dumpdtb=" + tree, *more])
        with open(tree, "rb") as file:
            data = file.read()
        cases.check(code == 0 and not out and not err and data[:4] == b"\xd0\x0d\xfe\xed" and
                    len(data) == int.from_bytes(data[4:8], "big") and (b"some words" in data) == bool(more),
                    "dumpdtb: " + name, (code, out, err, data[:8]))
    for arguments, text in ((["-machine", "dumpdtb=/nonexistent/x"], "No such file"),
                            (["-machine", "none,dumpdtb=" + tree], "has no device tree")):
        code, out, err = run(QEMU, [*STOPPED, *arguments])
        cases.check(code == 1 and text in err, "no " + arguments[1].replace(tree, "FILE"), err)


def thread_files(cases, directory):
    """-d tid: the file of the thread that translates has the guest's code, that of the others has not."""
    folder = os.path.join(directory, "threads")
    os.mkdir(folder)
    run(QEMU, ["-M", "realview-eb-mpcore", "-smp", "1", "-display", "none", "-serial", "null", "-semihosting",
               "-d", "in_asm,cpu,fpu,tid", "-D", folder + "/log-%d", "-kernel", program(directory)])
    texts = []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            texts.append(file.read())
    with_code = [text for text in texts if "IN:" in text]
    cases.check(len(texts) > 1 and len(with_code) == 1 and "PSR=" in with_code[0] and
                re.search(r"^s00=\w{8} s01=\w{8} d00=\w{16}\n", with_code[0], re.M) and "FPSCR:" in with_code[0],
                "-d tid: a file for each thread; fpu: with the VFP's registers", texts)
    _, out, _ = run(QEMU, STOPPED, b"log tid\nquit\n")
    cases.check("is one with %d in its name" in out, "the monitor's log tid wants such a name, too", out)


def ports(cases):
    """-incoming tcp:...,to=: the first port that is free."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen(1)
        port = busy.getsockname()[1]
        code, _, err = run(QEMU, [*STOPPED, "-incoming", "tcp:127.0.0.1:%d" % port])
        cases.check(code == 1 and "in use" in err, "-incoming: a port that is taken", err)
        code, _, err = run(QEMU, [*STOPPED, "-incoming", "tcp:127.0.0.1:%d,to=%d" % (port, min(port + 50, 65535))])
        cases.check(code == 0 and not err, "-incoming: to= has it take another one", err)


def others_properties(cases, directory):
    """Properties that programs which start QEMU pass: each is taken, and those with an effect have it."""
    disk = os.path.join(directory, "disk")
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    first, second = ("format=raw,file=%s,if=%s" % (disk, kind) for kind in ("sd", "virtio"))
    share = second + ",read-only=on,force-share=on"
    for text in ("user,id=n,restrict=y,ipv6=n", "user,id=n,tftp-server-name=there",
                 "user,id=n,ipv6-prefix=fec1::,ipv6-prefixlen=60", "user,id=n,ipv6-prefix=fec1::",
                 '{"type":"user","id":"n","hostfwd":[{"str":"tcp:127.0.0.1:0-:22"},{"str":"udp:127.0.0.1:0-:23"}]}'):
        accepted(cases, ["-netdev", text], "others' properties: -netdev " + text)
    for text, why in (("user,id=n,ipv6-prefix=x", "is a prefix"), ("user,id=n,ipv6-prefixlen=127", "is a prefix"),
                      ("user,id=n,ipv6-net=fec1::/64,ipv6-prefixlen=60", "do not go with it"),
                      ('{"type":"user","id":"n","hostfwd":[{"str":"tcp:127.0.0.1:0-:22"},{"str":"x"}]}', "'x': a forw"),
                      ('{"type":"user","id":"n","hostfwd":["x"]}', "'hostfwd' is no list")):
        refused(cases, ["-netdev", text], why, "others' properties: no -netdev " + text)
    accepted(cases, ["-drive", first + ",file.aio-max-batch=0,file.drop-cache=off"], "others' properties: -drive")
    accepted(cases, ["-drive", first, "-drive", share], "force-share=on: beside one who writes")
    refused(cases, ["-drive", first, "-drive", second + ",read-only=on"], "disk", "without force-share=on: not")
    refused(cases, ["-drive", second + ",force-share=on"], "add read-only=on", "force-share=on wants read-only=on")


def program(directory):
    """An image that ends by semihosting after four instructions."""
    words = (0xe3a00018, 0xe3a01802, 0xe3811026, 0xef123456)    # mov r0, #24; mov r1, #0x20000; orr r1, #38; svc
    path = os.path.join(directory, "program")
    with open(path, "wb") as file:
        file.write(b"".join(word.to_bytes(4, "little") for word in words))
    return path


def image(directory):
    """What begins like a Linux image."""
    kernel = os.path.join(directory, "image")
    with open(kernel, "wb") as file:
        file.write(0xee100f10.to_bytes(4, "little") + bytes(256 * 1024))    # mrc p15, 0, r0, c0, c0
    return kernel


def seed_of(arguments, directory):
    """What the device tree that the kernel gets has as rng-seed."""
    kernel = image(directory)
    order = "".join("xp/4096xw 0x%08x\n" % at for at in range(TREE, TREE + 0x10000, 0x4000)) + "quit\n"
    out = run(QEMU, [*STOPPED, "-kernel", kernel, "-dtb", "builtin", *arguments], order.encode())[1]
    memory = b"".join(int(word, 16).to_bytes(4, "little") for line in re.findall(r"^[0-9a-f]+:((?: 0x[0-9a-f]{8})+)",
                                                                                out, re.M) for word in line.split())
    for at in range(0, len(memory) - 12, 4):                # a property is 3, its length, where its name is, its value
        token, length, name = (int.from_bytes(memory[at + n:at + n + 4], "big") for n in (0, 4, 8))
        if token == 3 and length == 32 and memory[names(memory) + name:].startswith(b"rng-seed\0"):
            return memory[at + 12:at + 44]
    return b""


def names(memory):
    """Where a device tree's strings begin, in a copy of memory that begins with the tree."""
    return int.from_bytes(memory[12:16], "big")


def test_daemonize(cases, directory):
    pidfile, serial = os.path.join(directory, "pid"), os.path.join(directory, "serial")
    arguments = ["-M", "realview-eb-mpcore", "-S", "-display", "none", "-daemonize", "-pidfile", pidfile]
    code, out, err = run(QEMU, [*arguments, "-serial", "file:" + serial])
    with open(pidfile, encoding="ascii") as file:
        pid = int(file.read())
    alive = os.path.exists("/proc/%d" % pid)
    files = {os.readlink("/proc/%d/fd/%d" % (pid, fd)) for fd in range(3)} if alive else None
    session = os.getsid(pid) if alive else None
    cases.check(code == 0 and not out and not err and alive, "-daemonize: the machine stands when the parent ends",
                (code, out, err, alive))
    cases.check(files == {"/dev/null"} and session != os.getsid(0), "-daemonize: no terminal, a session of its own",
                (files, session))
    if alive:
        os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + 60 * SCALE
        while os.path.exists(pidfile) and time.monotonic() < end:
            time.sleep(0.02)
    cases.check(not os.path.exists(pidfile), "-daemonize: SIGTERM ends it, and the pid file goes")
    for extra, text in ((["-kernel", "/nonexistent"], "No such file"), (["-serial", "stdio"], "gives up the terminal"),
                        (["-serial", "file:/nonexistent/x"], "No such file"),
                        (["-m", "512", "-uuid", "x"], "not a UUID")):
        code, out, err = run(QEMU, [*arguments, *extra])
        cases.check(code == 1 and not out and err.count("\n") == 1 and text in err,
                    "-daemonize: a mistake is told before the parent ends: " + " ".join(extra), (code, out, err))


def test_oracle(cases):
    """Whether QEMU agrees about what it takes and what not."""
    if not shutil.which(ORACLE):
        cases.skip("QEMU agrees", "there is no QEMU")
        return
    if "version 7.2" not in run(ORACLE, ["-version"])[1]:
        cases.skip("QEMU agrees", "the list is that of QEMU 7.2")
        return
    lines = "\n" + run(ORACLE, ["-help"])[1]
    named = set(re.findall(r"\n--?([A-Za-z][\w-]*)", lines)) | set(re.findall(r"\n-\w+(?:/| or )-(\w+)", lines))
    listed = set(qemus_options()) - {"M"}
    cases.check(named == listed, "the list of QEMU's options is that of its -help", named ^ listed)
    nothing = [["-" + name, value] for name, values in ACCEPTED.items() for value in values]
    nothing += [["-" + name] for name, values in ACCEPTED.items() if not values]
    differ = [a for a in BOTH_ACCEPT + FALL_BACK + IGNORED_TOO + nothing
              if run(ORACLE, [*STOPPED, *a])[0] != 0]
    cases.check(not differ, "QEMU accepts what is accepted", differ)
    differ = [a for a in BOTH_REFUSE if run(ORACLE, [*STOPPED, *a])[0] == 0]
    cases.check(not differ, "QEMU refuses what is refused as wrong", differ)


def main():
    cases = tap.Cases()
    with tempfile.TemporaryDirectory() as directory:
        test_table(cases)
        test_arguments(cases)
        test_effects(cases, directory)
        test_daemonize(cases, directory)
        test_oracle(cases)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
