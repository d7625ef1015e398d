#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# run-tests: timeout=600
# run-tests: long timeout=3600 as=all args=--all
"""States that do not fit, that are damaged or cut off, and migrations that do not come to their end: one clear line,
exit code 1 or a machine that goes on, and nothing else. Prints TAP.
"""
import copy
import os
import random
import struct
import subprocess
import sys
import tempfile
import time

import machines
import stream
from machines import QEMU, Machine

import tap

cases = tap.Cases()
SMALL = ["-M", "realview-eb-mpcore", "-m", "4", "-smp", "2", "-display", "none", "-serial", "none", "-monitor", "none"]


def load(path, data, options=()):
    """What a machine says of a state, and its exit code; None: it has taken it."""
    with open(path, "wb") as file:
        file.write(data)
    return load_uri("file:" + path, options)


def load_uri(uri, options=()):
    argv = [QEMU, *SMALL, "-S", "-incoming", uri, *options]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    end = time.monotonic() + machines.PATIENCE
    try:
        return process.communicate(timeout=machines.PATIENCE)[0].decode(), process.returncode
    except subprocess.TimeoutExpired:
        assert time.monotonic() >= end
        return None
    finally:
        process.kill()
        process.wait()


def refused(name, result, *words):
    text, code = result if result else ("it was taken", 0)
    lines = text.splitlines()
    return cases.check(code == 1 and len(lines) == 1 and all(word in text for word in words), name,
                       "exit code %s: %s" % (code, text[-1000:]))


def changed(data, parts, index, payload=None, **fields):
    """The state with a section that is other than it was."""
    parts = [copy.copy(part) for part in parts]
    if payload is not None:
        parts[index].payload = payload
    for field, value in fields.items():
        setattr(parts[index], field, value)
    return stream.join(data, parts)


def misfits(tmp, data, parts):
    path = os.path.join(tmp, "misfit")
    names = [part.name for part in parts]
    refused("other number of CPUs", load(path, data, ["-smp", "4"]), "2 CPUs", "-smp 2")
    refused("other size of memory", load(path, data, ["-m", "8"]), "4 MiB", "-m 4")
    with open(os.path.join(tmp, "card"), "wb") as file:
        file.truncate(1 << 20)
    refused("a device that is in the machine alone",
            load(path, data, ["-drive", "if=sd,format=raw,file=" + os.path.join(tmp, "card")]), "'sd-card'")
    refused("another device in its place",
            load(path, data, ["-device", "virtio-rng-device"]), "virtio", "'device_id'")
    refused("another machine", load(path, changed(data, parts, 0, b"\x05other" + parts[0].payload[19:])), "'other'")
    refused("a younger format", load(path, data[:8] + struct.pack("<I", 2) + data[12:]), "format 2")
    refused("a younger section", load(path, changed(data, parts, names.index("run"), version=2)), "'run'", "version 2")
    refused("an unknown section", load(path, changed(data, parts, 1, name="new")), "'new'")
    device = names.index("device")
    refused("a device twice", load(path, changed(data, parts, device, parts[device + 1].payload)), "twice")
    refused("a device less", load(path, stream.join(data, parts[:device] + parts[device + 1:])), "no device")
    refused("a device that is not here",
            load(path, changed(data, parts, device, b"\x07strange" + parts[device].payload[5:])), "'strange'")
    refused("pages where there is no memory",
            load(path, changed(data, parts, 1, struct.pack("<II", 0x08000000, 1))), "no memory")
    refused("not a state", load(path, b"#!/bin/sh\necho something else, and long enough\n"), "not the state")
    refused("an empty file", load(path, b""), "empty")
    refused("no file", load_uri("file:" + os.path.join(tmp, "nothing")), "No such file")
    refused("a command that fails", load_uri("exec:exit 3"), "empty")
    refused("a way that there is not", load_uri("pigeon:home"), "exec:COMMAND")
    refused("a socket without a port", load_uri("tcp:localhost"), "HOST:PORT")


def damages(tmp, data, parts, everything):
    """Cut off at, and bits turned around, the borders of sections; all of these lines are the same but for names."""
    path = os.path.join(tmp, "damaged")
    bad = []
    chosen = parts if everything else parts[:4] + random.Random(7).sample(parts[4:], 8) + parts[-1:]
    tries = 0
    for part in chosen:
        changes = [data[:part.begin], data[:part.begin + 1], data[:part.payload_at], data[:part.end - 1]]
        for at in (part.begin, part.begin + 1, part.payload_at - 8, part.payload_at - 1, part.payload_at, part.end - 1):
            other = bytearray(data)
            other[at] ^= 1 << at % 8
            changes.append(bytes(other))
        for change in changes if everything else changes[::2]:
            result = load(path, change)
            tries += 1
            if not result or result[1] != 1 or len(result[0].splitlines()) != 1:
                bad.append((part.name, len(change), result))
    cases.check(not bad, "%d states, cut off or with a bit turned around, are refused" % tries, bad[:5])
    rng = random.Random(3)
    bad = []
    # Checksums that are right: what the parts themselves make of nonsense. Some of it is sense.
    devices = [n for n, part in enumerate(parts) if part.name == "device"]
    for _ in range(300 if everything else 12):
        index = rng.choice(devices)
        payload = bytearray(parts[index].payload)
        payload[rng.randrange(len(payload))] = rng.randrange(256)
        with open(path, "wb") as file:
            file.write(changed(data, parts, index, bytes(payload)))
        with Machine(tmp, None, options=["-m", "4", "-smp", "2", "-serial", "null", "-incoming", "defer"]) as m:
            m.order("migrate-incoming", uri="file:" + path)
            if not alive(m):
                text = m.errors()
                if m.process.returncode != 1 or len(text.splitlines()) != 1:
                    bad.append((parts[index].payload[:20], m.process.returncode, text))
    cases.check(not bad, "devices with a byte changed are loaded or refused", bad[:5])


def alive(machine):
    """Whether the machine has taken its state and goes on; False: it has ended."""
    try:
        info = machine.migrated()
        return info["status"] == "completed" and machine.order("query-status")["running"]
    except (AssertionError, OSError):
        return False


def failures(tmp, image):
    """Migrations that fail or are given up: the machine goes on."""
    with Machine(tmp, image) as machine:
        number = machine.round()
        for name, uri, words in (
                ("a command that fails", "exec:cat > /dev/null; exit 4", "exit code 4"),
                ("a command that does not read", "exec:exit 0", ""),
                ("a file that cannot be", "file:/nothing/of/that/kind", "No such file"),
                ("a full disk", "file:/dev/full", "No space"),
                ("nobody at the socket", "unix:" + os.path.join(tmp, "nobody"), "No such file")):
            with cases.case(name + ": the migration fails, the machine goes on"):
                info = machine.migrate(uri)
                assert info["status"] == "failed" and words in info["error-desc"], info
                assert machine.order("query-status")["running"]
                number = machine.round()
        with cases.case("a reader that does not read: the migration is cancelled, the machine goes on"):
            machine.order("migrate", uri="exec:sleep 1000")
            assert "already" in machine.error("migrate", uri="file:x")
            machine.round()
            machine.order("migrate_cancel")
            assert machine.migrated()["status"] == "cancelled"
            machine.round()
        with cases.case("max-bandwidth holds a migration up; it can be cancelled meanwhile"):
            path = os.path.join(tmp, "slow")
            machine.order("migrate-set-parameters", **{"max-bandwidth": 4096})   # a piece takes 16 s
            now = machine.order("query-migrate-parameters")
            assert now["max-bandwidth"] == 4096 and now["downtime-limit"] == 300, now
            machine.order("migrate", uri="file:" + path)
            while machine.order("query-migrate").get("ram", {}).get("transferred", 0) < 1 << 16:
                pass
            for _ in range(3):
                machine.round()
            assert machine.order("query-migrate")["status"] == "active"
            assert "max-bandwidth: 4096 bytes/second" in machine.hmp("info migrate_parameters")
            assert "no parameter 'x'" in machine.hmp("migrate_set_parameter x 1")
            assert "is not a bandwidth" in machine.hmp("migrate_set_parameter max-bandwidth 1X")
            machine.order("migrate_cancel")
            assert machine.migrated()["status"] == "cancelled"
            machine.hmp("migrate_set_parameter max-bandwidth 0")
            assert machine.order("query-migrate-parameters")["max-bandwidth"] == 0
            machine.round()
        with cases.case("bad words are refused"):
            assert "exec:COMMAND" in machine.error("migrate", uri="pigeon:home")
            assert "does not wait" in machine.error("migrate-incoming", uri="file:x")
            assert "Error: 'x'" in machine.hmp("migrate x")
            for option, words in (("-b", "disks are not sent"), ("-d -i", "disks are not sent"), ("-r", "resumed")):
                assert words in machine.hmp("migrate %s file:/nothing" % option), option
            assert "Error: 'x'" in machine.hmp("migrate -d x")
        with cases.case("info migrate"):
            text = machine.hmp("info migrate")
            assert "cancelled" in text and "total ram: 65536 kbytes" in text or "total ram: 65540 kbytes" in text, text
        with cases.case("the program ends while a migration waits"):
            machine.order("migrate", uri="exec:sleep 1000")
            machine.round()
            machine.order("quit")
            assert machine.process.wait(machines.PATIENCE) == 0
    with Machine(tmp, image, options=["-incoming", "exec:sleep 1000"]) as machine:
        with cases.case("the program ends while its state does not come"):
            machine.order("stop")
            machine.order("cont")
            machine.order("system_reset")
            assert machine.order("query-status")["status"] == "inmigrate"
            assert "waits" in machine.error("migrate", uri="file:x")
            machine.order("quit")
            assert machine.process.wait(machines.PATIENCE) == 0


def main():
    everything = "--all" in sys.argv
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "state")
        with Machine(tmp, None, options=["-m", "4", "-smp", "2", "-serial", "null"]) as machine:
            with cases.case("a state to begin with"):
                assert machine.migrate("file:" + path)["status"] == "completed"
        with open(path, "rb") as file:
            data = file.read()
        parts = stream.sections(data)
        with cases.case("its sections"):
            kinds = [part.name for part in parts]
            assert kinds[0] == "machine" and kinds[-1] == "end" and kinds.count("run") == 1
            assert kinds.count("device") > 20
        misfits(tmp, data, parts)
        damages(tmp, data, parts, everything)
        image = machines.guest()
        if image:
            failures(tmp, image)
        else:
            cases.skip("migrations that fail", "no cross compiler (gcc-arm-linux-gnueabi)")
    return cases.done()


if __name__ == "__main__":
    sys.exit(main())
