#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=120
"""Tracing: the list in docs/tracing.md is the emulator's, each event has a place, patterns switch on what they fit and
nothing else, on the command line, in a file of patterns, in the monitor; lines go where they are told."""
import os
import re
import subprocess
import sys
import tempfile

import machine

LINE = re.compile(r"^\d+\.\d{6} ([\w.\-]+)((?: [\w]+=\S+)+)$")


def run(args, stdin=""):
    p = subprocess.run([*machine.M, "-display", "none", *args], input=stdin, text=True, timeout=60 * machine.SCALE,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return p.returncode, p.stdout, p.stderr


def names(text):
    """The events' names of a trace; a line of another form shows as it is."""
    return [m.group(1) if m else line for line in text.splitlines() for m in [LINE.match(line)]]


def sources():
    for folder in ("accel", "block", "hw", "net", "softmmu", "ui", "util"):
        for path, _, files in os.walk(os.path.join(machine.ROOT, folder)):
            for name in files:
                if name.endswith(".c"):
                    with open(os.path.join(path, name), encoding="utf-8") as file:
                        yield file.read()


def check_list(cases):
    with open(os.path.join(machine.ROOT, "docs/tracing.md"), encoding="utf-8") as file:
        documented = re.findall(r"^\| `(\w+)` \| (.*) \|$", file.read(), re.M)
    code, out, err = run(["-trace", "help"])
    rows = [tuple(line.split(None, 1)) for line in out.splitlines() if not line.startswith("DEVICE.")]
    cases.check(code == 0 and not err and rows == documented, "docs/tracing.md lists what -trace help lists",
                set(rows) ^ set(documented))
    code = "".join(sources())
    lost = [name for name, _ in rows if not re.search(r"\btrace\(%s,|\bTRACE_%s,"
                                                      % (name.upper(), name.upper()), code)]
    cases.check(rows and not lost, "each event has a place where it happens", lost)


def check_lines(cases, files):
    guest = ["-semihosting", "-serial", "null", "-monitor", "none", *files.printer(3)]
    code, _, err = run([*guest, "-trace", "uart0.DR.write"])
    lines = err.splitlines()
    values = [line.split("value=")[-1] for line in lines]
    cases.check(code == 0 and names(err) == ["uart0.DR.write"] * 3 and
                values == ["0x00000020", "0x00000021", "0x00000022"], "writes to one register, with their values", err)

    code, _, err = run([*guest, "-d", "trace:uart0.CR.*,unimp"])
    cases.check(code == 0 and names(err) == ["uart0.CR.write"], "-d trace:PATTERN among other items", err)

    code, _, err = run([*guest, "-trace", "uart0.*", "-trace", "-uart0.FR.read"])
    cases.check(code == 0 and set(names(err)) == {"uart0.CR.write", "uart0.DR.write"},
                "all of a device but one", err)

    trace, events = files.path("trace"), files.path("events")
    with open(events, "w", encoding="utf-8") as file:
        file.write("# what this test wants\n\n  machine_*\n-machine_state\n")
    code, _, err = run([*guest, "-trace", "uart0.DR.write,events=%s,file=%s" % (events, trace)])
    with open(trace, encoding="utf-8") as file:
        got = names(file.read())
    cases.check(code == 0 and not err and got == ["machine_reset"] + ["uart0.DR.write"] * 3,
                "patterns from a file, lines into a file", (err, got))

    code, _, err = run([*guest, "-trace", "gic_line", "-trace", "no.such.*"])
    cases.check(code == 0 and re.fullmatch(r"qemu-system-arm: warning: -trace: .*'no\.such\.\*'.*\n", err),
                "a pattern that fits nothing is a warning", err)

    for arg, expected in (("events=/nonexistent/x", "No such file"), ("file=/nonexistent/x", "No such file"),
                          ("x,colour=red", "unknown property 'colour'"), ("events=/", "Is a directory")):
        code, _, err = run(["-trace", arg])
        cases.check(code == 1 and err.count("\n") == 1 and expected in err, "refused: -trace " + arg, err)


def check_monitor(cases):
    orders = """info trace-events machine_*
info trace-events sysctl.ID.*
trace-event machine_state on
info trace-events machine_*
cont
trace-event machine_state off
stop
trace-event no_such on
trace-event machine_state perhaps
quit
"""
    code, out, err = run(["-S", "-serial", "none", "-monitor", "stdio"], orders)
    states = re.findall(r"(\S+) : state (\d)", out)
    cases.check(code == 0 and states == [("machine_reset", "0"), ("machine_state", "0"), ("sysctl.ID.read", "0"),
                                         ("sysctl.ID.write", "0"), ("machine_reset", "0"), ("machine_state", "1")],
                "info trace-events [PATTERN]", out)
    cases.check(re.fullmatch(r"\d+\.\d+ machine_state running=1\n", err), "trace-event on and off", err)
    cases.check("unknown event name 'no_such'" in out and "'perhaps' is neither" in out, "mistakes of trace-event", out)


def main():
    cases = machine.Cases()
    with tempfile.TemporaryDirectory() as tmp:
        check_list(cases)
        check_lines(cases, machine.Files(tmp))
        check_monitor(cases)
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
