# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs one image under several emulators and compares what they recorded; makes failing sequences small."""
import os
import shutil
import subprocess
import tempfile

import image
import items
import known

TIMEOUT = 60.0 * float(os.environ.get("PQEMU_TEST_TIME_SCALE", "1"))


class Emulator:
    """A command line that boots an image. reference: others are judged by it."""

    def __init__(self, name, argv, oracle=False):
        self.name, self.argv, self.oracle = name, argv, oracle

    def run(self, elf, timeout=TIMEOUT):
        """Records, and a text that tells how it ended unless it ended well."""
        with tempfile.TemporaryDirectory(prefix="difftest") as tmp:
            with open(os.path.join(tmp, "image.elf"), "wb") as file:
                file.write(elf)
            argv = [*self.argv, "-m", "32", "-display", "none", "-serial", "null", "-monitor", "none", "-semihosting",
                    "-kernel", "image.elf"]
            problem = None
            try:
                done = subprocess.run(argv, cwd=tmp, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE, timeout=timeout, check=False,
                                      env={**os.environ, "QEMU_AUDIO_DRV": "none"})
                if done.returncode != 0:
                    text = done.stderr[-500:].decode("utf-8", "replace").strip()
                    problem = "exit status %d: %s" % (done.returncode, text)
            except subprocess.TimeoutExpired:
                problem = "no end within %.0f s" % timeout
            path = os.path.join(tmp, "diff.out")
            data = b""
            if os.path.exists(path):
                with open(path, "rb") as file:
                    data = file.read()
            return image.parse(data), problem


def emulators(qemu, names):
    """Emulators by name: x86_64, interp, oracle; the oracle only if it is installed."""
    board = ["-M", "realview-eb-mpcore"]
    made = []
    for name in names:
        if name == "oracle":
            oracle = os.environ.get("PQEMU_TEST_ORACLE", "/usr/bin/qemu-system-arm")
            if shutil.which(oracle):
                made.append(Emulator(name, [oracle, *board, "-audiodev", "none,id=none"], True))
        elif name == "interp":
            made.append(Emulator(name, [qemu, *board, "-accel", "tcg,backend=interp"]))
        elif name == "x86_64":
            made.append(Emulator(name, [qemu, *board]))
        else:
            made.append(Emulator(name, [qemu, *board, "-accel", name]))
    return made


def place(sequences):
    """(code segments, states, [(sequence number, state number)]). Sequences lie one behind the other."""
    exit_address = image.seq_exit()
    address, blob, states, origin = image.CODE, [], [], []
    for number, sequence in enumerate(sequences):
        code = items.layout(sequence.items, address, sequence.thumb, exit_address)
        for n, state in enumerate(sequence.states):
            state = dict(state, entry=address)
            states.append(state)
            origin.append((number, n))
        blob.append(code)
        address += len(code)
    if address > image.CODE_END:
        raise ValueError("too much code")
    return [(image.CODE, b"".join(blob))], states, origin


class Difference:
    """One state of one sequence on which emulators disagree."""

    def __init__(self, sequence, state, emulator, reference, fields):
        self.sequence, self.state, self.emulator, self.reference = sequence, state, emulator, reference
        self.fields = fields        # [(name, value of emulator, value of reference)]


def compare_records(got, want, by_oracle, state, code):
    """Names and values of what differs; window bytes by address."""
    fields = [(name, a, b) for name, a, b in zip(image.RECORD_FIELDS, got[0], want[0]) if a != b]
    if got[1] != want[1]:
        offset = 0
        for start, size in image.WINDOWS:
            for n in range(0, size, 4):
                a, b = got[1][offset + n:offset + n + 4], want[1][offset + n:offset + n + 4]
                if a != b:
                    fields.append(("[%#x]" % (start + n), int.from_bytes(a, "little"), int.from_bytes(b, "little")))
            offset += size
    if by_oracle:
        fields = known.filter_fields(fields, dict(zip(image.RECORD_FIELDS, got[0])),
                                     dict(zip(image.RECORD_FIELDS, want[0])), state, code)
    return fields


def run_all(sequences, emulator_list, template, limit=20):
    """Returns (differences, problems): at most `limit` differences, one per sequence and emulator."""
    code, states, origin = place(sequences)
    elf = image.build(code, states, template)
    results = []
    for emulator in emulator_list:
        records, problem = emulator.run(elf)
        if problem and emulator.oracle:                     # once in many runs it stands still
            records, problem = emulator.run(elf)
        results.append((emulator, records, problem))
    reference, expected, problem = next((r for r in results if r[0].oracle), results[0])
    problems = []
    if problem:
        where = sequences[origin[len(expected)][0]] if len(expected) < len(states) else None
        problems.append((reference, problem, where))
    differences, seen = [], set()
    for emulator, records, problem in results:
        if emulator is reference:
            continue
        for n, record in enumerate(records):
            if n >= len(expected) or len(differences) >= limit:
                break
            number, which = origin[n]
            if record == expected[n] or (number, emulator.name) in seen:
                continue
            fields = compare_records(record, expected[n], reference.oracle, states[n], code[0][1])
            if fields:
                seen.add((number, emulator.name))
                differences.append(Difference(sequences[number], which, emulator, reference, fields))
        if problem or len(records) < len(states):
            where = sequences[origin[len(records)][0]] if len(records) < len(states) else None
            problems.append((emulator, problem or "%d of %d records" % (len(records), len(states)), where))
    return differences, problems


def fails(candidates, emulator, reference, template):
    """For each candidate sequence: does it still differ (or stop the emulator)?"""
    code, states, origin = place(candidates)
    elf = image.build(code, states, template)
    got, problem = emulator.run(elf, 8.0)
    want, _ = reference.run(elf, 8.0)
    verdict = [False] * len(candidates)
    for n, (number, _) in enumerate(origin):
        if n < len(want) and n < len(got):
            if got[n] != want[n] and compare_records(got[n], want[n], reference.oracle, states[n], code[0][1]):
                verdict[number] = True
        elif n == len(got) and problem and n < len(want):
            verdict[number] = True
    return verdict


def minimise(sequence, which, emulator, reference, template, rounds=40):
    """Drop items as long as the difference stays. Each round tries all removals in one image."""
    sequence = type(sequence)(list(sequence.items), sequence.thumb, [sequence.states[which]])
    chunk = max(1, len(sequence.items) // 2)
    for _ in range(rounds):
        count = len(sequence.items)
        if count <= 1:
            break
        candidates = [sequence.with_items(sequence.items[:at] + sequence.items[at + chunk:])
                      for at in range(0, count, chunk)]
        candidates = [c for c in candidates if c.items]
        good = [c for c, bad in zip(candidates, fails(candidates, emulator, reference, template)) if bad]
        if good:
            sequence = min(good, key=lambda c: len(c.items))
            chunk = min(chunk, max(1, len(sequence.items) // 2))
        elif chunk == 1:
            break
        else:
            chunk //= 2
    return sequence


def disassemble(code, thumb, address):
    """objdump's text of a sequence."""
    with tempfile.NamedTemporaryFile(prefix="difftest") as file:
        file.write(code)
        file.flush()
        argv = [image.CROSS + "objdump", "-D", "-b", "binary", "-m", "arm", "--adjust-vma=%#x" % address]
        if thumb:
            argv += ["-M", "force-thumb"]
        try:
            text = subprocess.run([*argv, file.name], capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return code.hex(" ", 4)
    return "\n".join(line for line in text.splitlines() if ":\t" in line)


def describe(sequence, which, fields, title):
    """A failure as text: the code, the registers it starts with, what differs."""
    code = items.layout(sequence.items, image.CODE, sequence.thumb, image.seq_exit())
    state = sequence.states[which]
    lines = [title, disassemble(code, sequence.thumb, image.CODE)]
    lines.append("state: " + " ".join("%s=%08x" % (f, state[f]) for f in ("cpsr", "sctlr", "fpscr", "fpexc")))
    for first in range(0, 15, 5):
        lines.append("  " + " ".join("r%d=%08x" % (n, image.get_reg(state, n)) for n in range(first, first + 5)))
    if any(item.note.startswith(("vfp", "v")) for item in sequence.items):
        for first in range(0, 32, 8):
            lines.append("  " + " ".join("s%d=%08x" % (n, state["s%d" % n]) for n in range(first, first + 8)))
    for name, got, want in fields:
        lines.append("  %-9s got %08x want %08x" % (name, got, want))
    return "\n".join(lines)
