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
    """A command line that boots an image. oracle: others are judged by it. setup: how images are built for it."""

    def __init__(self, name, program, accel="", oracle=False, setup=image.ALONE):
        self.name, self.program, self.accel, self.oracle, self.setup = name, program, accel, oracle, setup
        self.taken = 0              # interrupts of the last run

    def variant(self, suffix, setup, accel=""):
        """The same with another setup and more properties of -accel tcg."""
        joined = ",".join(filter(None, (self.accel, accel)))
        return Emulator(self.name + "+" + suffix, self.program, joined, False, setup)

    def run(self, elf, timeout=TIMEOUT):
        """Records, and a text that tells how it ended unless it ended well. Of several CPUs: a record per state, of a
        CPU that differs from the others if there is one."""
        self.taken = 0
        with tempfile.TemporaryDirectory(prefix="difftest") as tmp:
            with open(os.path.join(tmp, "image.elf"), "wb") as file:
                file.write(elf)
            argv = [self.program, "-M", "realview-eb-mpcore", "-m", "64", "-smp", str(self.setup.smp()),
                    "-display", "none", "-serial", "null", "-monitor", "none", "-semihosting", "-kernel", "image.elf"]
            if self.accel:
                argv += ["-accel", "tcg," + self.accel]
            if self.oracle:
                argv += ["-audiodev", "none,id=none"]
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
            results = []
            for cpu in range(self.setup.cpus):
                path = os.path.join(tmp, "diff%d.out" % cpu)
                data = b""
                if os.path.exists(path):
                    with open(path, "rb") as file:
                        data = file.read()
                results.append(image.parse(data))
        return merge([records for records, _ in results]), problem or self.judge([trailer for _, trailer in results])

    def judge(self, trailers):
        """What the trailers of the CPUs tell: a text, or None."""
        if None in trailers:
            return "a CPU did not get to its end"
        if any(bad for _, bad in trailers):
            return "%d calls of freshly written code gave an old result" % sum(bad for _, bad in trailers)
        self.taken = sum(irqs for irqs, _ in trailers)
        return "%d interrupts were taken" % self.taken if self.taken and not self.setup.interrupts else None


def merge(per_cpu):
    """One list of records out of those of all CPUs, by index: where they differ, one that is rare."""
    if len(per_cpu) == 1:
        return per_cpu[0]
    by_index = [{record[0][0]: record for record in records} for records in per_cpu]
    merged = []
    while all(len(merged) in records for records in by_index):
        got = [records[len(merged)] for records in by_index]
        merged.append(min(got, key=got.count))
    return merged


def emulators(qemu, names):
    """Emulators by name: x86_64, interp, oracle; the oracle only if it is installed. Others are properties of -accel
    tcg."""
    made = []
    for name in names:
        if name == "oracle":
            oracle = os.environ.get("PQEMU_TEST_ORACLE", "/usr/bin/qemu-system-arm")
            if shutil.which(oracle):
                made.append(Emulator(name, oracle, oracle=True))
        elif name == "interp":
            made.append(Emulator(name, qemu, "backend=interp"))
        elif name == "x86_64":
            made.append(Emulator(name, qemu))
        else:
            made.append(Emulator(name, qemu, name[4:] if name.startswith("tcg,") else name))
    return made


PAD, HOLE = 16, 32              # bytes behind a sequence: in reach of its literals; two instructions for each CPU


def place(sequences):
    """(code segments, states, [(sequence number, state number)]). Sequences lie one behind the other, with a hole
    between them if their states say that they want one."""
    exit_address = image.seq_exit()
    address, blob, states, origin = image.CODE, [], [], []
    for number, sequence in enumerate(sequences):
        code = items.layout(sequence.items, address, sequence.thumb, exit_address)
        hole = address + len(code) + PAD
        if any(state["hole"] for state in sequence.states):
            code += bytes(PAD + HOLE)
        for n, state in enumerate(sequence.states):
            state = dict(state, entry=address, hole=hole if state["hole"] else 0)
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


class Result:
    """What a run of many sequences gave."""

    def __init__(self):
        self.differences = []       # Difference, one per sequence and emulator
        self.problems = []          # (emulator, text, sequence or None)
        self.executed = 0           # guest instructions of the reference's run, see executed()


def executed(sequence, entry, code, words):
    """Instructions that one run of a sequence executed: up to its end, or up to the exception. Loops count once, and
    what a branch skips counts."""
    size = 2 if sequence.thumb else 4
    end = len(code)
    if words["type"]:
        at = words["r14"] - entry
        end = min(end, at) if at > 0 else size
    return end // size


class Images:
    """Images of the same states for emulators of different setups, each built once."""

    def __init__(self, code, states, template):
        self.parts, self.made = (code, states, template), {}

    def of(self, emulator):
        key = emulator.setup.key()
        if key not in self.made:
            self.made[key] = image.build(*self.parts, emulator.setup)
        return self.made[key]


# What an interrupt leaves in the registers of its own mode is not compared.
IRQ_LEAVES = [image.RECORD_FIELDS.index(name) for name in ("r14_irq", "spsr_irq")]


def without_irq(records):
    out = []
    for words, windows in records:
        words = list(words)
        for n in IRQ_LEAVES:
            words[n] = 0
        out.append((tuple(words), windows))
    return out


MANY = 50                       # among so many sequences some raise interrupts


def normal(records, emulator_list):
    return without_irq(records) if any(e.setup.interrupts for e in emulator_list) else records


def run_all(sequences, emulator_list, template, limit=20):
    """A Result: at most `limit` differences, one per sequence and emulator."""
    code, states, origin = place(sequences)
    images = Images(code, states, template)
    results = []
    for emulator in emulator_list:
        records, problem = emulator.run(images.of(emulator))
        if problem and emulator.oracle:                     # once in many runs it stands still
            records, problem = emulator.run(images.of(emulator))
        if emulator.setup.interrupts and not emulator.taken and len(sequences) >= MANY:
            problem = problem or "no interrupt was taken"
        results.append((emulator, normal(records, emulator_list), problem))
    reference, expected, problem = next((r for r in results if r[0].oracle), results[0])
    result = Result()
    if problem:
        where = sequences[origin[len(expected)][0]] if len(expected) < len(states) else None
        result.problems.append((reference, problem, where))
    for n, record in enumerate(expected):
        sequence = sequences[origin[n][0]]
        entry = states[n]["entry"]
        following = [s["entry"] for s in states[n + 1:n + 1 + len(sequence.states)] if s["entry"] != entry]
        text = code[0][1][entry - image.CODE:following[0] - image.CODE if following else None]
        result.executed += executed(sequence, entry, text, dict(zip(image.RECORD_FIELDS, record[0])))
    seen = set()
    for emulator, records, problem in results:
        if emulator is reference:
            continue
        for n, record in enumerate(records):
            if n >= len(expected) or len(result.differences) >= limit:
                break
            number, which = origin[n]
            if record == expected[n] or (number, emulator.name) in seen:
                continue
            fields = compare_records(record, expected[n], reference.oracle, states[n], code[0][1])
            if fields:
                seen.add((number, emulator.name))
                result.differences.append(Difference(sequences[number], which, emulator, reference, fields))
        if problem or len(records) < len(states):
            where = sequences[origin[len(records)][0]] if len(records) < len(states) else None
            result.problems.append((emulator, problem or "%d of %d records" % (len(records), len(states)), where))
    return result


def fails(candidates, emulator, reference, template):
    """For each candidate sequence: does it still differ (or stop the emulator)?"""
    code, states, origin = place(candidates)
    images = Images(code, states, template)
    got, problem = emulator.run(images.of(emulator), 8.0)
    want, _ = reference.run(images.of(reference), 8.0)
    got, want = normal(got, [emulator]), normal(want, [emulator])
    verdict = [False] * len(candidates)
    for n, (number, _) in enumerate(origin):
        if n < len(want) and n < len(got):
            if got[n] != want[n] and compare_records(got[n], want[n], reference.oracle, states[n], code[0][1]):
                verdict[number] = True
        elif n == len(got) and problem and n < len(want):
            verdict[number] = True
    return verdict


CHANCES = 16                    # times a candidate runs where interrupts or other CPUs decide whether it fails


def minimise(sequence, which, emulator, reference, template, rounds=40):
    """Drop items as long as the difference stays. Each round tries all removals in one image."""
    chances = 1 if emulator.setup is image.ALONE else CHANCES
    sequence = sequence.with_states([sequence.states[which]] * chances)
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
