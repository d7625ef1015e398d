# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory layout of a test image: assembles the runtime, packs states, writes the ELF file, unpacks records.

The MMU is on. Code, states and the runtime are read-only, so a sequence that goes wild faults instead of damaging the
tester. Virtual addresses of the scratch pages differ from the physical ones, and the two pages of the first window are
swapped, so that an access across them must translate twice. Used by one process; no state but the cached runtime.
"""
import os
import shutil
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CROSS = os.environ.get("PQEMU_TEST_CROSS", "arm-linux-gnueabi-")

RUNTIME = 0x8000
# Page tables lie in the writable section of VARS, for sequences that change them; MASTERS hold their first state.
TTB, TTB_Y = 0xD04000, 0xD08000
L2_OUT, L2_SCRATCH, L2_Y = 0xD10000, 0xD10400, 0xD10800
MASTERS = 0x13000
TEMPLATE, WINDOW_TABLE = 0x11000, 0x12000
CODE, CODE_END = 0x100000, 0x500000
STATES, STATES_END = 0x500000, 0x900000
OUT, VARS = 0x900000, 0xD00000
SCRATCH = 0xA00000              # virtual
SCRATCH_PHYS = 0xB00000
SCTLR_M, SCTLR_A, SCTLR_U, SCTLR_XP = 1, 2, 1 << 22, 1 << 23
SCTLR_RUN = SCTLR_M | SCTLR_U | SCTLR_XP | 0x78

# Small pages of the scratch section: (page, physical page or None, AP with APX in bit 2)
RW, RO, PRIV, USER_RO = 3, 6, 1, 2
SCRATCH_PAGES = [(0, 1, RW), (1, 0, RW), (3, 3, RW), (5, 5, RO), (6, 6, USER_RO), (7, 7, PRIV)]
# What the second set of tables maps, for ASID_Y.
SCRATCH_PAGES_Y = [(0, 3, RW), (1, 6, RW), (3, 1, USER_RO), (6, 1, RW), (7, 6, RW)]
ASID_X, ASID_Y = 0, 5
STUB = 0x400
NOT_GLOBAL = 1 << 11

# Windows: (first address, bytes). The middle of W_RW is a page boundary; W_EDGE ends where nothing is mapped; W_PRIV's
# first half is read-only to user mode, its second half out of reach.
W_RW = (SCRATCH + 0x0E00, 1024)
W_EDGE = (SCRATCH + 0x3E00, 512)
W_PRIV = (SCRATCH + 0x6E00, 1024)
WINDOWS = [W_RW, W_EDGE, W_PRIV]
ANCHORS = {"rw": SCRATCH + 0x1000, "edge": SCRATCH + 0x4000, "ro": SCRATCH + 0x5000, "priv": SCRATCH + 0x7000}
WINDOW_BYTES = sum(size for _, size in WINDOWS)

BANKED = (["r13_usr", "r14_usr"] + ["r%d_fiq" % n for n in range(8, 15)] + ["spsr_fiq"] +
          ["%s_%s" % (r, m) for m in ("irq", "svc", "und", "abt") for r in ("r13", "r14", "spsr")])
VFP = ["s%d" % n for n in range(32)]
RECORD_FIELDS = (["index", "type", "cpsr", "spsr"] + ["r%d" % n for n in range(15)] + ["dfsr", "dfar", "ifsr"] +
                 BANKED + ["fpexc", "fpscr"] + VFP)
STATE_FIELDS = (["entry", "cpsr", "sctlr", "fpscr", "fpexc", "mmu"] + BANKED[:-1] + ["r%d" % n for n in range(13)] +
                VFP)
STATE_SIZE = 4 * len(STATE_FIELDS)
RECORD_SIZE = 4 * len(RECORD_FIELDS) + WINDOW_BYTES
TYPES = ["end", "undefined", "svc", "prefetch abort", "data abort", "other"]

MODE_SUFFIX = {0x11: "fiq", 0x12: "irq", 0x13: "svc", 0x17: "abt", 0x1B: "und"}


class ToolsMissing(Exception):
    """No assembler for ARM."""


def run_tool(*argv):
    subprocess.run([CROSS + argv[0], *argv[1:]], check=True)


def assemble(source, address, defines=(), sections=(".text",), entry=None):
    """Returns ({section: bytes}, {symbol: address}) of assembler text linked at `address`."""
    if not shutil.which(CROSS + "as"):
        raise ToolsMissing(CROSS + "as")
    with tempfile.TemporaryDirectory(prefix="difftest") as tmp:
        path = os.path.join(tmp, "a")
        with open(path + ".S", "w", encoding="utf-8") as file:
            file.write(source)
        run_tool("as", "-mno-warn-deprecated", *["--defsym=%s=%d" % d for d in defines], "-o", path + ".o", path + ".S")
        run_tool("ld", "-N", "--no-warn-rwx-segments", "-Ttext", hex(address), "--section-start=.vectors=0",
                 "-e", entry or hex(address), "-o", path + ".elf", path + ".o")
        parts = {}
        for section in sections:
            run_tool("objcopy", "-O", "binary", "-j", section, path + ".elf", path + ".bin")
            with open(path + ".bin", "rb") as file:
                parts[section] = file.read()
        symbols = {}
        listing = subprocess.run([CROSS + "nm", path + ".elf"], check=True, capture_output=True, text=True).stdout
        for line in listing.splitlines():
            fields = line.split()
            if len(fields) == 3:
                symbols[fields[2]] = int(fields[0], 16)
        return parts, symbols


_runtime = None


def runtime():
    """The assembled runtime, once per process: ({section: bytes}, symbols)."""
    global _runtime
    if _runtime is None:
        with open(os.path.join(HERE, "runtime.S"), encoding="utf-8") as file:
            source = file.read()
        defines = [("OUT", OUT), ("VARS", VARS), ("STATES", STATES), ("WINDOW_TABLE", WINDOW_TABLE),
                   ("TEMPLATE", TEMPLATE), ("RECORD_SIZE", RECORD_SIZE), ("SCTLR_RUN", SCTLR_RUN), ("TTB", TTB),
                   ("L2_X", L2_SCRATCH), ("L2_Y", L2_Y), ("MASTERS", MASTERS)]
        _runtime = assemble(source, RUNTIME, defines, (".text", ".vectors"), "_start")
    return _runtime


def seq_exit():
    return runtime()[1]["seq_exit"]


def small_page(phys, ap, xn=0):
    """Second-level descriptor of page number `phys` of the scratch memory."""
    return SCRATCH_PHYS + phys * 0x1000 | NOT_GLOBAL | (ap & 4) << 7 | (ap & 3) << 4 | 2 | xn


def page_tables():
    """[(address, bytes)]: two sets of tables, version 6 format (XP = 1). Scratch pages are in domain 1, not global."""
    segments = []
    masters = b""
    for ttb, l2, pages in ((TTB, L2_SCRATCH, SCRATCH_PAGES), (TTB_Y, L2_Y, SCRATCH_PAGES_Y)):
        l1, scratch = [0] * 4096, [0] * 256
        for base in range(0, OUT, 1 << 20):
            l1[base >> 20] = base | 1 << 15 | 2 << 10 | 2       # section, read-only for all
        l1[VARS >> 20] = VARS | RW << 10 | 2
        l1[OUT >> 20] = L2_OUT | 1
        l1[SCRATCH >> 20] = l2 | 1 << 5 | 1
        for page, phys, ap in pages:
            scratch[page] = small_page(phys, ap)
        masters += struct.pack("<16I", *scratch[:16])
        segments += [(ttb, struct.pack("<4096I", *l1)), (l2, struct.pack("<256I", *scratch))]
    segments += [(L2_OUT, struct.pack("<256I", OUT | RW << 4 | 2, *[0] * 255)), (MASTERS, masters)]
    # Each physical scratch page has a function that returns its number, at STUB.
    for phys in range(8):
        segments.append((SCRATCH_PHYS + phys * 0x1000 + STUB, struct.pack("<2I", 0xE3A00000 | phys, 0xE12FFF1E)))
    return segments


def physical(va):
    """Physical address of a scratch address."""
    for page, phys, _ in SCRATCH_PAGES:
        if (va - SCRATCH) >> 12 == page:
            return SCRATCH_PHYS + phys * 0x1000 + (va & 0xFFF)
    raise ValueError("not a scratch address")


def elf(segments, entry):
    """An ELF32 ARM executable of [(address, bytes)]."""
    header_size, offset = 52 + 32 * len(segments), 0
    offset = (header_size + 15) & ~15
    headers, body = b"", b""
    for address, data in segments:
        headers += struct.pack("<8I", 1, offset + len(body), address, address, len(data), len(data), 7, 4)
        body += data + bytes(-len(data) % 16)
    head = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, entry, 52, 0, 0x05000000, 52, 32,
                                                         len(segments), 0, 0, 0)
    return (head + headers).ljust(offset, b"\0") + body


def default_state():
    """All zero registers in SVC mode, interrupts masked."""
    state = dict.fromkeys(STATE_FIELDS, 0)
    state.update(cpsr=0x1D3, sctlr=SCTLR_RUN, fpexc=0x40000000)
    return state


def set_reg(state, n, value):
    """Give r<n> of the state's own mode a value."""
    mode = state["cpsr"] & 0x1F
    if mode == 0x11 and n >= 8:
        state["r%d_fiq" % n] = value
    elif n < 13:
        state["r%d" % n] = value
    else:
        state["r%d_%s" % (n, MODE_SUFFIX.get(mode, "usr"))] = value


def get_reg(state, n):
    mode = state["cpsr"] & 0x1F
    if mode == 0x11 and n >= 8:
        return state["r%d_fiq" % n]
    return state["r%d" % n] if n < 13 else state["r%d_%s" % (n, MODE_SUFFIX.get(mode, "usr"))]


def build(code, states, template):
    """ELF image of code ([(address, bytes)]), states (dicts by STATE_FIELDS), window contents."""
    parts, symbols = runtime()
    blob = struct.pack("<I", len(states))
    blob += b"".join(struct.pack("<%dI" % len(STATE_FIELDS), *[s[f] & 0xFFFFFFFF for f in STATE_FIELDS])
                     for s in states)
    if len(blob) > STATES_END - STATES:
        raise ValueError("too many states")
    segments = [(0, parts[".vectors"]), (RUNTIME, parts[".text"]), (STATES, blob), (TEMPLATE, template),
                (WINDOW_TABLE, struct.pack("<8I", *[w for window in WINDOWS for w in window], 0, 0)), *page_tables(),
                *code]
    offset = 0
    for start, size in WINDOWS:
        while size:
            n = min(size, 0x1000 - (start & 0xFFF))
            segments.append((physical(start), template[offset:offset + n]))
            start, offset, size = start + n, offset + n, size - n
    return elf(sorted(segments), symbols["_start"])


def parse(data):
    """Records as (tuple of words by RECORD_FIELDS, window bytes)."""
    records = []
    words = struct.Struct("<%dI" % len(RECORD_FIELDS))
    for at in range(0, len(data) - RECORD_SIZE + 1, RECORD_SIZE):
        records.append((words.unpack_from(data, at), data[at + words.size:at + RECORD_SIZE]))
    return records
