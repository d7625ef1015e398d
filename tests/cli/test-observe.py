#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=180
"""-accel tcg,stats= and trace=: what is counted is what the guest did, the JSON has its form, files are written however
the emulator ends. Prints TAP. (The timeline's contents: tests/contract.)
"""
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../runner"))

import tap                      # noqa: E402  (path set above)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QEMU = os.environ.get("PQEMU_TEST_QEMU", os.path.join(ROOT, "build/qemu-system-arm"))
CROSS = os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-")
SCALE = float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))
M = [QEMU, "-M", "realview-eb-mpcore", "-m", "64", "-display", "none", "-monitor", "none", "-serial", "null",
     "-semihosting"]

# Known numbers of exclusives and barriers on CPU 0; `end` decides how the program ends.
PROGRAM = """
    .arch armv6k
    .text
    .global _start
_start:
    mrc     p15, 0, r0, c0, c0, 5
    ands    r0, r0, #3
    bne     idle
    ldr     r4, =data
    mov     r5, #5
1:  ldrex   r0, [r4]
    strex   r1, r0, [r4]
    subs    r5, r5, #1
    bne     1b
    mov     r5, #3
2:  clrex
    strex   r1, r0, [r4]
    subs    r5, r5, #1
    bne     2b
    mov     r5, #2
    add     r6, r4, #64
3:  ldrex   r0, [r4]
    strex   r1, r0, [r6]
    subs    r5, r5, #1
    bne     3b
    ldrex   r0, [r4]
    strexb  r1, r0, [r4]
    ldrex   r0, [r4]
    add     r2, r0, #1
    str     r2, [r4]
    strex   r1, r0, [r4]
    mov     r5, #7
    mov     r0, #0
4:  mcr     p15, 0, r0, c7, c10, 5
    subs    r5, r5, #1
    bne     4b
    mov     r5, #4
5:  mcr     p15, 0, r0, c7, c10, 4
    subs    r5, r5, #1
    bne     5b
    mcr     p15, 0, r0, c7, c5, 4
    mcr     p15, 0, r0, c7, c5, 4
    .if     LOOP
6:  b       6b
    .endif
    mov     r0, #0x18
    ldr     r1, =0x20026
    svc     0x123456
idle:
    wfi
    b       idle
    .ltorg
    .balign 128
data:
    .space  128
"""
# The CPU's own store between LDREX and STREX leaves its reservation.
EXPECTED = {"ldrex": 9, "strex_ok": 6, "strex_none": 3, "strex_address": 2, "strex_size": 1, "strex_stored": 0,
            "strex_differs": 0, "barrier_dmb": 7, "barrier_dsb": 4, "barrier_prefetch": 2}
EVENTS = ["Idle", "Find Fast", "Find Slow", "Build", "Chain", "Execute", "Unchain", "Restore", "Flush", "Invalidate"]


# Six functions at a distance of 16 KiB, as in a program of some size, called in turn.
FAR_ROUNDS = 2000
FAR_PROGRAM = """
    .arch armv6k
    .text
    .global _start
_start:
    mov     r5, #%d
1:  ldr     r4, =function
    mov     r6, #6
2:  blx     r4
    add     r4, r4, #0x4000
    subs    r6, r6, #1
    bne     2b
    subs    r5, r5, #1
    bne     1b
    mov     r0, #0x18
    ldr     r1, =0x20026
    svc     0x123456
    .ltorg
    .balign 0x4000
function:
    .rept   6
    bx      lr
    .balign 0x4000
    .endr
""" % FAR_ROUNDS

# A function called with VFP on and off in turn, as Linux does when a thread of the kernel comes in between.
VFP_PROGRAM = """
    .arch armv6k
    .fpu vfpv2
    .text
    .global _start
_start:
    mov     r0, #0xf00000
    mcr     p15, 0, r0, c1, c0, 2
    mcr     p15, 0, r0, c7, c5, 4
    ldr     r4, =function
    mov     r5, #%d
    mov     r6, #0
1:  eor     r6, r6, #0x40000000
    fmxr    fpexc, r6
    blx     r4
    subs    r5, r5, #1
    bne     1b
    mov     r0, #0x18
    ldr     r1, =0x20026
    svc     0x123456
    .ltorg
    .balign 0x1000
function:
    bx      lr
""" % FAR_ROUNDS


def build(directory, name, text):
    """The program as an image."""
    base = os.path.join(directory, name)
    with open(base + ".s", "w", encoding="ascii") as file:
        file.write(text)
    subprocess.run([CROSS + "gcc", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-Ttext=0x10000",
                    "-o", base + ".elf", base + ".s"], check=True)
    return base + ".elf"


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        print("# %s: %s" % (path, error))
        return None


def wait_busy(process, seconds=0.3):
    """Until it has used so much processor time, however busy the host is."""
    limit = time.monotonic() + 30 * SCALE
    while time.monotonic() < limit:
        with open("/proc/%d/stat" % process.pid, encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds:
            return
        time.sleep(0.05)


def run(argv):
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       timeout=60 * SCALE, check=False)
    return p.returncode, p.stderr.decode()


def test_one_table(cases, directory):
    """The properties of -accel have one table: help, the monitor and the JSON show the same names, and what was set."""
    path = os.path.join(directory, "stats.json")
    asked = {"thread": "single", "ccache": "separate", "backend": "interp", "exclusive": "snapshot",
             "one-insn-per-tb": "on", "split-wx": "off", "perfmap": "off", "jitdump": "off", "tier": "2", "tb-size": 3,
             "tb-regions": 2, "stats": path, "trace": os.path.join(directory, "trace"), "trace-size": 5}
    text = subprocess.run([QEMU, "-accel", "help"], stdout=subprocess.PIPE, check=False).stdout.decode()
    helped = re.findall(r"^  ([a-z-]+)=", text, re.M)
    accel = "tcg," + ",".join("%s=%s" % item for item in asked.items())
    p = subprocess.run([*M[:5], "-display", "none", "-serial", "none", "-monitor", "stdio", "-accel", accel],
                       input=b"info accel\nquit\n", stdout=subprocess.PIPE, timeout=60 * SCALE, check=False)
    shown = dict(re.findall(r"^([a-z-]+): (.*?)(?: MiB)?\r$", p.stdout.decode(), re.M))
    shown.pop("accelerator", None)
    stats = read_json(path)
    cases.check(helped == list(asked) and shown == {key: str(value) for key, value in asked.items()} and
                stats and stats["accel"] == asked, "properties: help, info accel and JSON agree",
                (helped, shown, stats and stats["accel"]))
    os.unlink(path)


def test_counters(cases, image, directory):
    path = os.path.join(directory, "stats.json")
    for cpus, properties in ((1, ""), (2, ""), (2, "ccache=separate,"), (2, "thread=single,"), (1, "backend=interp,"),
                             (2, "backend=interp,")):
        label = "%d CPU%s %s" % (cpus, "s" if cpus > 1 else "", properties.rstrip(","))
        status, _ = run([*M, "-smp", str(cpus), "-kernel", image, "-accel", "tcg,%sstats=%s" % (properties, path)])
        stats = read_json(path)
        os.unlink(path)
        if status != 0 or not stats:
            cases.check(False, label + ": runs", status)
            continue
        seen = stats["cpus"][0]["counters"]
        wrong = {name: (seen[name], n) for name, n in EXPECTED.items() if seen[name] != n}
        cases.check(not wrong, label + ": exclusives and barriers", wrong)
        cases.check(stats["schema"] == 1 and len(stats["cpus"]) == cpus and
                    all(list(cpu["events"]) == EVENTS for cpu in stats["cpus"]), label + ": form", stats)
        events = stats["cpus"][0]["events"]
        cases.check(all((event["total_ns"] == 0) == (event["max_ns"] == 0) and event["max_ns"] <= event["total_ns"] <=
                        stats["wall_ns"] for event in events.values()), label + ": times", events)
        cases.check(events["Build"]["count"] >= 5 and events["Build"]["total_ns"] > 0 and
                    events["Execute"]["total_ns"] > 0, label + ": builds and executes", events)
        locks = {lock["name"]: lock for lock in stats["locks"]}
        unified = stats["accel"]["ccache"] == "unified"
        cases.check(("B" in locks) == unified and (not unified or locks["B"]["acquired"] >= events["Build"]["count"]),
                    label + ": lock B", locks)
        cache = stats["code_caches"]
        cases.check(len(cache) == (1 if unified else cpus) and
                    0 < cache[0]["guest_bytes"] and cache[0]["chained_jumps"] <= cache[0]["direct_jumps"],
                    label + ": blocks", cache)


def test_jump_cache(cases, image, directory, why):
    """The main loop has to look for a block now and then, not at every call."""
    path = os.path.join(directory, "far.json")
    for properties in ("ccache=unified", "ccache=separate"):
        status, _ = run([*M, "-kernel", image, "-accel", "tcg,%s,stats=%s" % (properties, path)])
        stats = read_json(path)
        found = stats["cpus"][0]["events"]["Find Fast"]["count"] if stats else None
        cases.check(status == 0 and found is not None and found < FAR_ROUNDS,
                    "%s: %s do not push each other out of the jump cache" % (properties, why), found)


def test_text(cases, image):
    status, err = run([*M, "-kernel", image, "-accel", "tcg,stats=on"])
    cases.check(status == 0 and "total ms / max us" in err and "Execute" in err, "stats=on: a summary with times", err)
    status, err = run([*M, "-kernel", image, "-accel", "tcg,stats=off"])
    cases.check(status == 0 and not err, "stats=off: nothing", err)
    status, err = run([*M, "-kernel", image, "-d", "stats"])
    cases.check(status == 0 and "find_fast" in err and "total ms" not in err, "-d stats: a summary without times", err)


def test_perfmap(cases, image):
    for design in ("thread=multi", "thread=single"):
        with subprocess.Popen([*M, "-kernel", image, "-accel", "tcg,perfmap=on," + design],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
            err = p.communicate(timeout=60 * SCALE)[1]
        path = "/tmp/perf-%d.map" % p.pid
        with open(path, encoding="ascii") as file:
            rows = [line.split() for line in file]
        os.unlink(path)
        blocks = sorted((int(r[0], 16), int(r[1], 16)) for r in rows if r[2].startswith("guest_"))
        apart = all(a + size <= b for (a, size), (b, _) in zip(blocks, blocks[1:]))
        first = any(r[2].startswith("guest_00010000+") for r in rows)
        cases.check(p.returncode == 0 and not err and apart and first and rows[0][2] == "thunks",
                    "perfmap=on: blocks that do not overlap, by guest address, " + design, rows)
    status, err = run([*M, "-kernel", image, "-accel", "tcg,perfmap=on,backend=interp"])
    cases.check(status == 1 and err.count("\n") == 1 and "perfmap" in err, "perfmap=on: not for the interpreter", err)


def read_jitdump(path):
    """The records of the file: (address, name, code)."""
    with open(path, "rb") as file:
        data = file.read()
    magic, version, size, machine, _, pid = struct.unpack_from("<6I", data)
    assert (magic, version, size, machine) == (0x4a695444, 1, 40, 62), "the head"
    records, at = [], size
    while at < len(data):
        kind, total, _, owner, _, vma, address, length, index = struct.unpack_from("<2IQ2I4Q", data, at)
        name, code = data[at + 56:at + total - length], data[at + total - length:at + total]
        assert kind == 0 and owner == pid and vma == address and name.index(b"\0") == len(name) - 1, "a record"
        records.append((index, address, name[:-1].decode(), code))
        at += total
    assert at == len(data) and sorted(r[0] for r in records) == list(range(len(records))), "numbers"
    return pid, [r[1:] for r in records]


def test_jitdump(cases, image, directory):
    with subprocess.Popen([*M, "-kernel", image, "-jitdump", "-perfmap"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as p:
        err = p.communicate(timeout=60 * SCALE)[1]
    path, other = "/tmp/jit-%d.dump" % p.pid, "/tmp/perf-%d.map" % p.pid
    with open(other, encoding="ascii") as file:
        rows = {(int(a, 16), int(n, 16), name) for a, n, name in (line.split() for line in file)}
    os.unlink(other)
    pid, records = read_jitdump(path)
    os.unlink(path)
    cases.check(p.returncode == 0 and not err and pid == p.pid and {(a, len(c), n) for a, n, c in records} == rows,
                "-jitdump: the blocks of -perfmap with their code", (err, len(rows), len(records)))
    perf, data = shutil.which("perf"), os.path.join(directory, "perf.data")
    record = [perf, "record", "-q", "-k", "mono", "-e", "cpu-clock", "-o", data] if perf else []
    if not perf or subprocess.run([*record, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  check=False).returncode:
        cases.skip("perf takes the dump", "needs perf that may record")
        return
    note = os.path.join(directory, "pid")
    subprocess.run([*record, "sh", "-c", 'echo $$ > "$0"; exec "$@"', note, *M, "-kernel", image, "-accel",
                    "tcg,jitdump=on"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    with open(note, encoding="ascii") as file:
        number = file.read().strip()
    done = subprocess.run([perf, "inject", "--jit", "-i", data, "-o", data + ".jit"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    made = [name for name in os.listdir("/tmp") if name.startswith("jitted-%s-" % number)]
    cases.check(done.returncode == 0 and made, "perf takes the dump", done.stdout)
    for name in [*made, "jit-%s.dump" % number]:
        os.unlink(os.path.join("/tmp", name))


def test_errors(cases, image, directory):
    nowhere = os.path.join(directory, "missing", "file")
    for prop in ("stats", "trace"):
        status, err = run([*M, "-kernel", image, "-accel", "tcg,%s=%s" % (prop, nowhere)])
        cases.check(status == 1 and err.count("\n") == 1 and nowhere in err, prop + ": a file that cannot be written",
                    err)
    for text in ("stats=", "trace=", "trace-size=0", "trace-size=x"):
        status, err = run([*M, "-kernel", image, "-accel", "tcg," + text])
        cases.check(status == 1 and err.count("\n") == 1, "-accel tcg,%s is refused" % text, err)


def test_ends(cases, image, directory):
    """However the emulator ends, the timeline is whole; the statistics unless it crashes."""
    for name, signo in (("SIGTERM", signal.SIGTERM), ("SIGINT", signal.SIGINT), ("a crash", signal.SIGSEGV)):
        stats, trace = os.path.join(directory, "s.json"), os.path.join(directory, "t.json")
        p = subprocess.Popen([*M, "-smp", "2", "-kernel", image, "-accel",
                              "tcg,stats=%s,trace=%s,trace-size=1" % (stats, trace)], stdin=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        wait_busy(p)
        p.send_signal(signo)
        p.wait(30 * SCALE)
        records = read_json(trace)
        names = [r["args"]["name"] for r in records or [] if r["name"] == "thread_name"]
        cases.check(names == ["CPU 0", "CPU 1", "I/O thread"], name + ": the timeline is written", names)
        cases.check(any(r["name"] == "Execute" for r in records or []), name + ": it has the CPU's events")
        if signo != signal.SIGSEGV:
            cases.check(read_json(stats) is not None and p.returncode == 0, name + ": the statistics are written",
                        p.returncode)


def test_ring(cases, image, directory):
    """More records than memory: the latest are kept."""
    trace = os.path.join(directory, "t.json")
    argv = [*M, "-smp", "1", "-kernel", image, "-d", "nochain", "-D", "/dev/null", "-accel",
            "tcg,trace=%s,trace-size=1" % trace]
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_busy(p, 0.6)
    p.terminate()
    p.wait(30 * SCALE)
    spans = [r for r in read_json(trace) or [] if r["ph"] == "X"]
    limit = (1 << 20) // 2 // 24
    cases.check(limit * 0.9 < len(spans) <= 2 * limit, "the timeline is bounded", len(spans))


def main():
    cases = tap.Cases()
    if subprocess.run(["sh", "-c", "command -v %sgcc" % CROSS], stdout=subprocess.DEVNULL, check=False).returncode:
        print("ok 1 - statistics # SKIP no %sgcc\n1..1" % CROSS)
        return 0
    with tempfile.TemporaryDirectory() as directory:
        ends, loop = (build(directory, name, "LOOP = %d\n" % n + PROGRAM) for n, name in enumerate(("ends", "loop")))
        test_one_table(cases, directory)
        test_counters(cases, ends, directory)
        test_jump_cache(cases, build(directory, "far", FAR_PROGRAM), directory, "functions 16 KiB apart")
        test_jump_cache(cases, build(directory, "vfp", VFP_PROGRAM), directory,
                        "a function's blocks with VFP and without")
        test_text(cases, ends)
        test_perfmap(cases, ends)
        test_jitdump(cases, ends, directory)
        test_errors(cases, ends, directory)
        test_ends(cases, loop, directory)
        test_ring(cases, loop, directory)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
