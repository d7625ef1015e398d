#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=900
"""The board's smaller devices by Linux's drivers: character display, the card's switches, clocks, performance monitor,
sound, CompactFlash, watchdog. Prints TAP.
"""
import datetime
import hashlib
import os
import re
import struct
import subprocess
import tempfile
import time
import wave

from archive import image_behind
from vm import VM, Cases, Failure, designs, emulator, guest_parts

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = [os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-") + "gcc", "-march=armv6k", "-mfpu=vfp",
            "-mfloat-abi=softfp", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O2", "-static", "-pthread"]
PROGRAMS = ("perf", "sound")
FRAMES, HZ = 24000, 48000       # of board/sound.c
LIMIT = 60


def image_with_programs(directory):
    """The guest's usual image with the programs of board/ in its directory /programs."""
    path = os.path.join(directory, "initrd")
    with image_behind(path, guest_parts("base")["initrd"]) as archive:
        archive.directory("programs")
        for name in PROGRAMS:
            program = os.path.join(directory, name)
            subprocess.run([*COMPILER, "-o", program, os.path.join(HERE, "board", name + ".c")], check=True)
            with open(program, "rb") as file:
                archive.add("programs/" + name, file.read())
    return path


def charlcd(vm):
    """What the monitor, which shares the console, prints of the display once the driver has written all of it."""
    shown = None
    vm.send("\x01c")
    vm.expect(r"\(qemu\) ")
    try:
        for _ in range(200):
            vm.send("info charlcd\n")
            shown = vm.expect(r"\|([^|\n]{16})\|\n\|([^|\n]{16})\|", 10).groups()
            if shown[1].startswith(b"6.1."):
                return shown
            time.sleep(0.1)
    finally:
        vm.send("\x01c")
    raise Failure("the display shows %r" % (shown,))


def sound_frames(count):
    """The frames of board/sound.c."""
    return b"".join(struct.pack("<hh", i % 30000 + 1, -(i % 29000 + 1)) for i in range(count))


def has_sound(path):
    """Whether a WAV file has these frames, one after the other, and silence around them."""
    with wave.open(path, "rb") as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (2, 2, HZ):
            raise Failure("%s: %s" % (path, file.getparams()))
        data = file.readframes(file.getnframes())
    wanted = sound_frames(FRAMES)
    begin = data.find(wanted)
    if begin < 0 or any(data[:begin]) or any(data[begin + len(wanted):]):
        raise Failure("%s: the sound is at %d of %d bytes" % (path, begin, len(data)))


def sound(cases, vm, name, capture):
    with cases.case(name + ": sound is played", vm):
        vm.send("\x01c")
        vm.expect(r"\(qemu\) ")
        vm.send("wavcapture %s snd %d\ninfo capture\n" % (capture, HZ))
        vm.expect(r"\[0\]: .*, %d Hz, 16 bits, stereo, 0 bytes" % HZ)
        vm.send("\x01c")
        vm.send("/programs/sound play\n")
        vm.expect("sound: good", 120)
        vm.send("\x01c")
        vm.send("stopcapture 0\nstopcapture 0\n")
        vm.expect(r"There is no capture 0")
        vm.send("\x01c")
    with cases.case(name + ": sound is recorded", vm):
        vm.send("/programs/sound record\n")
        vm.expect("sound: good", 120)


def program(vm, name):
    """Every case of a program's TAP holds."""
    status, output = vm.shell("/programs/" + name, 120)
    bad = re.findall(r"^not ok.*\n.*$", output, re.M)
    if status or bad or not re.search(r"^1\.\.[1-9]", output, re.M):
        raise Failure("%s: %d, %s" % (name, status, output))


def clock_shows(vm, device):
    """Seconds since 1970 that the guest's hwclock reads of /dev/DEVICE; what runs on one console line is split up."""
    status, text = vm.shell("TZ=UTC hwclock -u -f /dev/%s" % device)
    found = re.search(r"\w{3} (\w{3} +\d+ [\d:]{8} \d{4}) +[\d.]+ seconds", text)
    if status or not found:
        raise Failure("%s: %d, %s" % (device, status, text))
    time_shown = datetime.datetime.strptime(found.group(1), "%b %d %H:%M:%S %Y")
    return time_shown.replace(tzinfo=datetime.timezone.utc).timestamp()


def clocks(cases, vm, name):
    for driver, what in (("rtc-pl031", "the board's clock"), ("rtc-ds1307", "the clock on the serial bus")):
        _, text = vm.shell("grep -l %s /sys/class/rtc/rtc*/name" % driver)
        device = (re.findall(r"^/sys/class/rtc/(rtc\d)/name", text, re.M) or ["none"])[0]
        with cases.case("%s: hwclock reads %s" % (name, what), vm):
            before = int(time.time())
            shown = clock_shows(vm, device)
            if not before - 1 <= shown <= time.time() + 1:
                raise Failure("%d, the host has %d to %d" % (shown, before, time.time()))
        with cases.case("%s: hwclock sets %s" % (name, what), vm):
            vm.shell("date -u -s '2031-02-28 23:59:58'; hwclock -u -w -f /dev/%s; sleep 3" % device)
            # The guest took two seconds at least to get past midnight, and the host may be slow.
            if not 0 <= clock_shows(vm, device) - 1930089600 <= 3600:
                raise Failure("%d after 2031-02-28 23:59:58" % clock_shows(vm, device))
            vm.shell("date -u -s @%d; hwclock -u -w -f /dev/%s" % (time.time(), device))
    with cases.case(name + ": the board's clock rings its alarm", vm):
        status, text = vm.shell("alarm=$(dirname $(grep -l rtc-pl031 /sys/class/rtc/rtc*/name))/wakealarm; "
                                "echo +2 > $alarm; while [ -n \"$(cat $alarm)\" ]; do sleep 1; done; "
                                "grep rtc-pl031 /proc/interrupts", 120)
        if status or not re.search(r" [1-9]\d* .*rtc-pl031", text):
            raise Failure(text)


def devices(cases, directory, name, accel, slow):
    initrd, card = image_with_programs(directory), os.path.join(directory, "card")
    with open(card, "wb") as file:
        file.truncate(8 << 20)
    played, capture, recorded = (os.path.join(directory, part + ".wav") for part in ("played", "capture", "recorded"))
    with wave.open(recorded, "wb") as file:
        file.setparams((2, 2, HZ, 0, "NONE", None))
        file.writeframes(sound_frames(20 * HZ))
    with VM(accel=accel, dtb="builtin", initrd=initrd, slow=slow,
            args=("-drive", "if=sd,format=raw,readonly=on,file=" + card,
                  "-audiodev", "wav,id=snd,path=%s,input=%s,out.frequency=%d" % (played, recorded, HZ))) as vm:
        vm.wait_shell()
        with cases.case(name + ": the character display shows what the driver writes", vm):
            assert charlcd(vm)[0].rstrip() == b"ARM Linux"
        with cases.case(name + ": the card's switches are read by the general purpose pins", vm):
            assert "Got CD GPIO" in vm.text() and "Got WP GPIO" in vm.text()
            vm.send("cat /sys/block/mmcblk0/ro\n")
            vm.expect(r"\n1\r?\n")
        clocks(cases, vm, name)
        with cases.case(name + ": instructions and cycles are counted and sampled, on each CPU", vm):
            program(vm, "perf")
        sound(cases, vm, name, capture)
        with cases.case(name + ": the kernel has no complaint", vm):
            vm.check_log()
        with cases.case(name + ": the files of the device and of the capture are what was played", vm):
            vm.send("poweroff -f\n")
            vm.send("\x01x")
            vm.wait_exit(60)
            has_sound(played)
            has_sound(capture)


def sound_by_sdl(cases, vm, name, path):
    """Breaks may be in it, if the host was too busy, but all of the sound is, in its order."""
    with cases.case(name + ": SDL gets what is played", vm):
        vm.send("/programs/sound play\n")
        vm.expect("sound: good", 120)
        want, deadline = sound_frames(FRAMES), time.monotonic() + LIMIT
        data = b""
        while data != want and time.monotonic() < deadline:
            time.sleep(0.2)
            with open(path, "rb") as file:
                whole = file.read()
            data = b"".join(whole[i:i + 4] for i in range(0, len(whole) - 3, 4) if any(whole[i:i + 4]))
        if data != want:
            raise Failure("%d bytes of %d" % (len(data), len(want)))


def compact_flash(cases, vm, name, path):
    """The first quarter of the card is copied to the second one."""
    with open(path, "rb") as file:
        before = file.read()
    quarter = len(before) // 4
    with cases.case(name + ": libata finds the CompactFlash card and reads it", vm):
        if "ata1.00: CFA: PQEMU CompactFlash" not in vm.text():
            raise Failure("libata has not found it")
        _, output = vm.shell("md5sum /dev/sda", 120)
        if hashlib.md5(before).hexdigest() not in output:
            raise Failure(output)
    with cases.case(name + ": and writes it", vm):
        vm.shell("dd if=/dev/sda of=/tmp/part bs=%d count=1; dd if=/tmp/part of=/dev/sda bs=%d seek=1 conv=fsync" %
                 (quarter, quarter), 120)
        with open(path, "rb") as file:
            after = file.read()
        if after != before[:quarter] * 2 + before[2 * quarter:]:
            raise Failure("the image is not as it should be")


def second_machine(cases, directory, name, accel, slow):
    out, compact, args = os.path.join(directory, "out"), os.path.join(directory, "compact"), ()
    if b"\nsdl:" in subprocess.run([emulator(), "-audiodev", "help"], stdout=subprocess.PIPE, check=True).stdout:
        # SDL's driver that writes a file, at the pace of a card.
        os.environ.update(SDL_AUDIODRIVER="disk", SDL_DISKAUDIOFILE=out)
        args = ("-audiodev", "sdl,id=snd,out.buffer-length=3000000")
    with open(compact, "wb") as file:
        file.write(os.urandom(4 << 20))
    args += ("-drive", "if=ide,format=raw,file=" + compact)
    with VM(smp=1, accel=accel, dtb="builtin", slow=slow, reboot=True, args=args,
            initrd=image_with_programs(directory)) as vm:
        vm.wait_shell()
        with cases.case(name + ": one CPU alone is counted and sampled", vm):
            program(vm, "perf")
        compact_flash(cases, vm, name, compact)
        if "-audiodev" in args:
            sound_by_sdl(cases, vm, name, out)
        with cases.case(name + ": a guest whose watchdog is fed lives, one that hangs is reset", vm):
            vm.shell("watchdog -T 2 -t 1 /dev/watchdog")
            vm.shell("sleep 5", 120)
            if "watchdog expired" in vm.text():
                raise Failure("reset in spite of being fed")
            vm.send("kill -STOP $(pidof watchdog)\n")
            vm.expect("watchdog expired", 120)
            vm.wait_shell()


def main():
    cases = Cases()
    for name, (accel, slow) in designs().items():
        with tempfile.TemporaryDirectory() as directory:
            devices(cases, directory, name, accel, slow)
            if name == "unified":
                second_machine(cases, directory, name, accel, slow)
    cases.finish()


if __name__ == "__main__":
    main()
