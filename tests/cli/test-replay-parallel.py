#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=400
# run-tests: long timeout=3600 as=long args=--long
"""CPUs that run side by side, each on a thread of its own, and race in every way are recorded; replayed, each of a
hundred checkpoints says the same about memory and about what each CPU has read, and registers agree at each comparison.
So it is with one thread, when much comes from outside, and from a snapshot. --long: ten replays of each recording.
Prints TAP.
"""
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import guest_program            # noqa: E402  (path set above)
import qmp_client               # noqa: E402  (beside this file)
import tap                      # noqa: E402  (path set above)

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
PATIENCE = 120 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
CHECKPOINTS = 100
SIDE_BY_SIDE = re.compile(r"side by side: (\d+) rounds, (\d+) chunks, (\d+) of them begun while others ran, "
                          r"(\d+) pages from CPU to CPU, (\d+) waits for one; (\d+) instructions")
REPLAYS = ["ccache=unified", "ccache=separate", "backend=interp", "one-insn-per-tb=on", "ccache=unified,thread=multi"]
cases = tap.Cases()


def run(image, mode, path, cpus, accel, options=()):
    """Exit status, what the guest printed, what the emulator did."""
    command = [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-monitor", "none", "-semihosting",
               "-kernel", image, "-smp", str(cpus), "-serial", "stdio", "-accel", "tcg," + accel, *options]
    if mode:
        command += ["-icount", "shift=3,rr=%s,rrfile=%s" % (mode, path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, universal_newlines=True, check=False)
    return done.returncode, done.stdout.replace("\r", ""), done.stderr


def record(image, path, cpus, accel):
    """What the guest printed. Whether the CPUs really met is up to the host, so there is a second and a third try."""
    name = "%d CPUs, %s" % (cpus, accel)
    at_once = 0
    for _ in range(3):
        status, said, log = run(image, "record", path, cpus, accel + ",thread=multi", ["-d", "stats"])
        found = SIDE_BY_SIDE.search(log)
        rounds, chunks, at_once, moves, _, executed = (int(n) for n in found.groups()) if found else (0,) * 6
        if at_once:
            break
    cases.check(status == 0 and said.count("checkpoint") == CHECKPOINTS, name + ": recorded", (said, log))
    total = int(re.search(r"^instructions: (\d+)", log, re.M).group(1))
    # A busy host runs many rounds as one chunk of each CPU, one after the other, or has one of them end at once.
    cases.check(at_once > 0 and rounds > 100 and chunks > rounds and moves > 1000 and executed > total // 2,
                name + ": the CPUs ran side by side", log)
    return said


def test_same(image, directory, cpus, accel, replays):
    path = os.path.join(directory, "rr-%d-%s" % (cpus, accel))
    said = record(image, path, cpus, accel)
    for i, how in enumerate(replays):
        status, again, log = run(image, "replay", path, cpus, how)
        cases.check((status, again) == (0, said), "%d CPUs, %s: replay %d, %s" % (cpus, accel, i, how),
                    (again, log))
    return path


def machine(image, accel, icount, options):
    return [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-monitor", "none", "-semihosting",
            "-kernel", image, "-smp", "4", "-serial", "stdio", "-accel", "tcg," + accel, "-icount", icount, *options]


def same_again(name, said, command):
    again = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=PATIENCE, universal_newlines=True, check=False)
    cases.check((again.returncode, again.stdout.replace("\r", "")) == (0, said), name + ": replayed",
                (again.stdout, again.stderr))


def test_from_outside(image, directory, accel):
    """The machine is stopped, goes on, is reset; keys, the mouse and the network's cable move; the shift changes."""
    path, name = os.path.join(directory, "rr-outside"), os.path.join(directory, "qmp")
    options = ["-nic", "user,id=net0"]
    process = subprocess.Popen(machine(image, accel, "shift=auto,rr=record,rrfile=" + path,
                                       [*options, "-qmp", "unix:%s,server=on,wait=off" % name]),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, universal_newlines=True)
    orders = ["sendkey a", "mouse_move 10 -5", "mouse_button 1", "set_link net0 off", "set_link net0 on", "sendkey b"]
    said = []
    try:
        qmp = qmp_client.Client(name)
        for n, line in enumerate(process.stdout):
            said.append(line)
            if n % 5 == 3 and orders:
                qmp.result("stop")
                answer = qmp.result("human-monitor-command", command_line=orders.pop(0))
                cases.check(answer == "", accel + ": an order is taken", answer)
                qmp.result("cont")
            elif n == 15:
                qmp.result("system_reset")
        status = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
    said = "".join(said).replace("\r", "")
    name = accel + ", stopped, keys, mouse, cable, reset"
    cases.check(status == 0 and said.count("checkpoint 9:") == 2 and said.count("end at") == 1 and not orders,
                name + ": recorded", said)
    same_again(name, said, machine(image, "ccache=separate", "shift=auto,rr=replay,rrfile=" + path, options))


def test_snapshot(image, directory, accel):
    """The recording begins with a snapshot in a disk."""
    path, disk = os.path.join(directory, "rr-snapshot"), os.path.join(directory, accel + ".qcow2")
    options = ["-dtb", "builtin", "-drive", "if=virtio,file=" + disk]
    icount = "shift=3,rr=%%s,rrfile=%s,rrsnapshot=begin" % path
    if not shutil.which("qemu-img"):
        cases.skip(accel + ": rrsnapshot", "no qemu-img")
        return
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
    done = subprocess.run(machine(image, accel, icount % "record", options), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, universal_newlines=True,
                          check=False)
    said = done.stdout.replace("\r", "")
    cases.check(done.returncode == 0 and said.count("checkpoint") == CHECKPOINTS, accel + ", rrsnapshot: recorded",
                (said, done.stderr))
    same_again(accel + ", rrsnapshot", said, machine(image, "ccache=unified", icount % "replay", options))


def test_refused(image):
    words = "instructions are counted by one thread"
    status, said, log = run(image, None, None, 4, "thread=multi", ["-icount", "shift=3"])
    cases.check(status == 1 and words in log and log.count("\n") == 1 and not said, "refused: " + words, log)


def test_seek(image, path, directory):
    """The replay goes back and forward; test-replay.py knows how to ask for that."""
    spec = importlib.util.spec_from_file_location("test_replay", os.path.join(HERE, "test-replay.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.cases = cases
    module.test_seek(image, path, directory)


def main():
    image = guest_program.images("cli", "race.c")
    if not image:
        cases.skip("CPUs side by side", "no cross compiler")
        return cases.done()
    image = image[0]
    long = "--long" in sys.argv
    with tempfile.TemporaryDirectory() as directory:
        for cpus, accel in ((4, "ccache=unified"), (4, "ccache=separate"), (2, "ccache=unified"),
                            (3, "backend=interp")):
            short = [REPLAYS[0], REPLAYS[1]] if cpus == 4 else [REPLAYS[0]]
            path = test_same(image, directory, cpus, accel, 2 * REPLAYS if long else short)
            if cpus == 3:
                test_seek(image, path, directory)
        for accel in ("thread=single", "thread=multi"):
            test_from_outside(image, directory, accel)
            test_snapshot(image, directory, accel)
        test_refused(image)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
