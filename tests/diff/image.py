# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory layout of a test image: assembles the runtime, packs states, writes the ELF file, unpacks records.

The MMU is on. Code, states and the runtime are read-only, so a sequence that goes wild faults instead of damaging the
tester. Virtual addresses of the scratch pages differ from the physical ones, and the two pages of the first window are
swapped, so that an access across them must translate twice. Used by one process; no state but the cached runtime.

Several CPUs run the same code at the same addresses; for each of them OUT, VARS and the scratch pages are memory of its
own.
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
# The same in the format of SCTLR.XP = 0.
TTB_OLD, TTB_OLD_Y = 0xD0C000, 0xD14000
L2_OUT_OLD, L2_OLD, L2_OLD_Y = 0xD10C00, 0xD11000, 0xD11400
MASTERS = 0x13000
TEMPLATE, WINDOW_TABLE, CONFIG = 0x11000, 0x12000, 0x12800
CODE, CODE_END = 0x100000, 0x500000
STATES, STATES_END = 0x500000, 0x900000
OUT, VARS = 0x900000, 0xD00000
SCRATCH = 0xA00000              # virtual
SCRATCH_PHYS = 0xB00000
# The memory of CPU n behind OUT, VARS and the scratch pages is n * STEP further on; SHARED is the same for all.
STEP, SHARED = 0x800000, 0xE00000
ALIAS = 0x40000000              # code may be written at its address plus this
IRQ_SAVE = VARS + 0x800         # r13 of IRQ mode in the kinds that allow interrupts
DEVICES, SGI_REGISTER = 0x10100000, 0x10101F00
SCTLR_M, SCTLR_A, SCTLR_S, SCTLR_R, SCTLR_U, SCTLR_XP = 1, 2, 1 << 8, 1 << 9, 1 << 22, 1 << 23
SCTLR_RUN = SCTLR_M | SCTLR_U | SCTLR_XP | 0x78

# Small pages of the scratch section: (page, physical page or None, AP with APX in bit 2)
RW, RO, PRIV, USER_RO = 3, 6, 1, 2
SCRATCH_PAGES = [(0, 1, RW), (1, 0, RW), (3, 3, RW), (5, 5, RO), (6, 6, USER_RO), (7, 7, PRIV)]
# What the second set of tables maps, for ASID_Y.
SCRATCH_PAGES_Y = [(0, 3, RW), (1, 6, RW), (3, 1, USER_RO), (6, 1, RW), (7, 6, RW)]
ASID_X, ASID_Y = 0, 5
# Routines of each physical scratch page (scratch_routines()): address, Thumb, subpages they fetch or read.
STUB = 0x400
ROUTINES = {"stub": (STUB, 0, {1}), "jump": (0x200, 0, {0, 1}), "literal": (0x210, 0, {0, 2}),
            "thumb": (0x220, 1, {0, 1}), "loop": (0x240, 0, {0, 1}), "fall": (0x3F8, 0, {0, 1})}
# Old tables: small pages as (page, physical page, AP of the four subpages), and the AP of a large page's four at LARGE.
OLD_PAGES = [(0, 1, (3, 3, 3, 3)), (1, 6, (3, 3, 2, 3)), (3, 3, (3, 3, 3, 1)), (5, 6, (2, 2, 2, 2)),
             (6, 1, (3, 1, 3, 3))]
OLD_PAGES_Y = [(0, 3, (1, 1, 3, 3)), (1, 1, (3, 3, 3, 3)), (3, 6, (2, 3, 3, 3)), (6, 6, (3, 3, 3, 3))]
OLD_LARGE = (3, 1, 2, 3)
LARGE = SCRATCH + 0x10000
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
STATE_FIELDS = (["entry", "cpsr", "sctlr", "fpscr", "fpexc", "mmu", "hole"] + BANKED[:-1] +
                ["r%d" % n for n in range(13)] + VFP)
STATE_SIZE = 4 * len(STATE_FIELDS)
RECORD_SIZE = 4 * len(RECORD_FIELDS) + WINDOW_BYTES
TYPES = ["end", "undefined", "svc", "prefetch abort", "data abort", "other"]
TRAILER_SIZE = 8                # behind the last record: interrupts taken, calls that went wrong
MMU_NEW, MMU_OLD = 1, 2         # field mmu of a state: the sequence changes these tables

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
                   ("L2_X", L2_SCRATCH), ("L2_Y", L2_Y), ("MASTERS", MASTERS), ("TTB_OLD", TTB_OLD),
                   ("L2_OLD_X", L2_OLD),
                   ("L2_OLD_Y", L2_OLD_Y), ("CONFIG", CONFIG), ("STEP", STEP), ("SHARED", SHARED), ("ALIAS", ALIAS)]
        _runtime = assemble(source, RUNTIME, defines, (".text", ".vectors"), "_start")
    return _runtime


def seq_exit():
    return runtime()[1]["seq_exit"]


def small_page(phys, ap, xn=0):
    """Second-level descriptor of page number `phys` of the scratch memory."""
    return SCRATCH_PHYS + phys * 0x1000 | NOT_GLOBAL | (ap & 4) << 7 | (ap & 3) << 4 | 2 | xn


def old_page(phys, aps):
    """The same for SCTLR.XP = 0: four subpages, or an extended small page with one AP if aps is a number."""
    base = SCRATCH_PHYS + phys * 0x1000
    if isinstance(aps, int):
        return base | aps << 4 | 3
    return base | aps[3] << 10 | aps[2] << 8 | aps[1] << 6 | aps[0] << 4 | 2


def old_large(aps):
    """Large page over all scratch memory."""
    return SCRATCH_PHYS | aps[3] << 10 | aps[2] << 8 | aps[1] << 6 | aps[0] << 4 | 1


def sections(l2_out, l2_scratch, base):
    """First-level table in which both formats mean nearly the same: code is not writable with SCTLR.XP = 1 only."""
    l1 = [0] * 4096
    for at in range(0, OUT, 1 << 20):
        l1[at >> 20] = at | 1 << 15 | 2 << 10 | 2               # section, read-only for all
    for at in range(CODE, CODE_END, 1 << 20):
        l1[(at + ALIAS) >> 20] = at | PRIV << 10 | 2
    l1[VARS >> 20] = VARS + base | RW << 10 | 2
    l1[SHARED >> 20] = SHARED | PRIV << 10 | 2
    l1[DEVICES >> 20] = DEVICES | RW << 10 | 1 << 4 | 4 | 2     # device memory, never executable
    l1[OUT >> 20] = l2_out + base | 1
    l1[SCRATCH >> 20] = l2_scratch + base | 1 << 5 | 1          # domain 1
    return l1


def scratch_routines(phys):
    """[(offset, bytes)]: what each physical scratch page can execute; r0 tells which page it was."""
    mov_r0, mov_r1, bx = 0xE3A00000 | phys, 0xE3A01000 | phys, 0xE12FFF1E
    return [(offset, struct.pack("<%dI" % len(words), *words)) for offset, words in (
        (STUB, (mov_r0, bx)),
        (0x200, (mov_r1, 0xE1500000, 0xEA00007C)),              # mov; cmp r0, r0; b STUB
        (0x210, (0xE59F06E8, bx)),                              # ldr r0, 0x900; bx lr
        (0x220, (0x42892000 | phys, 0x46C0E12C)),               # Thumb: mov r0; cmp r1, r1; b 0x480; nop
        # mov r1, #3; b 0x444; subs r1, #1; bne 0x444; bx lr
        (0x240, (0xE3A01003, 0xEA00007E, 0xE2511001, 0x1A00007C, bx)),
        (0x3F8, (mov_r1, 0xE1E01001)),                          # mov r1; mvn r1, r1; and on to STUB
        (0x444, (0xE0800001, 0xEAFFFF7E)),                      # add r0, r0, r1; b 0x248
        (0x480, (0x47703080,)),                                 # Thumb: add r0, #128; bx lr
        (0x900, (0x12340000 | phys,)))]


def page_tables(base=0):
    """[(address, bytes)]: the tables of a CPU whose memory begins at `base`, in the format of version 6 (XP = 1, pages
    not global) and in the old one, and what the scratch pages hold from the beginning."""
    segments = []
    masters = b""
    for ttb, l2, pages in ((TTB, L2_SCRATCH, SCRATCH_PAGES), (TTB_Y, L2_Y, SCRATCH_PAGES_Y)):
        scratch = [0] * 256
        for page, phys, ap in pages:
            scratch[page] = small_page(phys, ap) + base
        masters += struct.pack("<16I", *scratch[:16])
        segments += [(ttb, struct.pack("<4096I", *sections(L2_OUT, l2, base))), (l2, struct.pack("<256I", *scratch))]
    for ttb, l2, pages in ((TTB_OLD, L2_OLD, OLD_PAGES), (TTB_OLD_Y, L2_OLD_Y, OLD_PAGES_Y)):
        scratch = [0] * 256
        for page, phys, aps in pages:
            scratch[page] = old_page(phys, aps) + base
        scratch[16:32] = [old_large(OLD_LARGE) + base] * 16
        masters += struct.pack("<32I", *scratch[:32])
        segments += [(ttb, struct.pack("<4096I", *sections(L2_OUT_OLD, l2, base))),
                     (l2, struct.pack("<256I", *scratch))]
    segments += [(L2_OUT, struct.pack("<256I", OUT + base | RW << 4 | 2, *[0] * 255)),
                 (L2_OUT_OLD, struct.pack("<256I", OUT + base | 0xFF0 | 2, *[0] * 255))]
    segments = [(address + base, data) for address, data in segments]
    if base == 0:
        segments.append((MASTERS, masters))
    for phys in range(8):
        segments += [(SCRATCH_PHYS + base + phys * 0x1000 + offset, data) for offset, data in scratch_routines(phys)]
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


class Setup:
    """How an image runs: on how many CPUs, whether they take interrupts, whether CPU 1 only sends them."""

    def __init__(self, cpus=1, interrupts=False, disturb=False):
        self.cpus, self.interrupts, self.disturb = cpus, interrupts, disturb

    def key(self):
        return self.cpus, self.interrupts, self.disturb

    def smp(self):
        """CPUs that the machine needs."""
        return max(self.cpus, 1 + self.disturb)


ALONE = Setup()


def build(code, states, template, setup=ALONE):
    """ELF image of code ([(address, bytes)]), states (dicts by STATE_FIELDS), window contents. Each CPU runs all
    states, and each begins with another one."""
    parts, symbols = runtime()
    blob = struct.pack("<I", len(states))
    blob += b"".join(struct.pack("<%dI" % len(STATE_FIELDS), *[s[f] & 0xFFFFFFFF for f in STATE_FIELDS])
                     for s in states)
    if len(blob) > STATES_END - STATES:
        raise ValueError("too many states")
    first = [len(states) * n // setup.cpus if n < setup.cpus else 0 for n in range(4)]
    segments = [(0, parts[".vectors"]), (RUNTIME, parts[".text"]), (STATES, blob), (TEMPLATE, template),
                (WINDOW_TABLE, struct.pack("<8I", *[w for window in WINDOWS for w in window], 0, 0)),
                (CONFIG, struct.pack("<7I", setup.cpus, setup.interrupts, setup.disturb, *first)), *code]
    for cpu in range(setup.cpus):
        segments += page_tables(cpu * STEP)
        offset = 0
        for start, size in WINDOWS:
            while size:
                n = min(size, 0x1000 - (start & 0xFFF))
                segments.append((physical(start) + cpu * STEP, template[offset:offset + n]))
                start, offset, size = start + n, offset + n, size - n
    return elf(sorted(segments), symbols["_start"])


def parse(data):
    """Records as (tuple of words by RECORD_FIELDS, window bytes), and the trailer's numbers if the end was reached."""
    records = []
    words = struct.Struct("<%dI" % len(RECORD_FIELDS))
    for at in range(0, len(data) - RECORD_SIZE + 1, RECORD_SIZE):
        records.append((words.unpack_from(data, at), data[at + words.size:at + RECORD_SIZE]))
    rest = data[len(records) * RECORD_SIZE:]
    return records, struct.unpack("<2I", rest) if len(rest) == TRAILER_SIZE else None
