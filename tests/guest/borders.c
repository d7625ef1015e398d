/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transfers that cross a border in the address space: every instruction that may, across small pages, large pages and
 * sections, with each kind of fault behind the border, before it, and on both sides. Checked are address and status of
 * the abort, that the base and every other register are as before, and that the instruction gives the same once the
 * fault is mended and it is executed again as it gives where there is no border (ARM DDI 0100I A2.6, A4.1, B4.6; base
 * restored: ARM DDI 0360 2.10). All of it in both byte orders.
 * guest-test: modes=unified,separate,single,interp,tier1 cpus=1 timeout=40
 */
#include "runtime.h"

enum { NO_BORDER = 0x20018800, SMALL = 0x20011000, LARGE = 0x20030000, SECTION = 0x20200000, WINDOW = 32 };
enum { DOMAIN_PAGES = 1, DOMAIN_SECTIONS = 2, DOMAIN_CLOSED = 5, DOMAIN_CLOSED_PAGES = 6 };
enum { BASE_UND = 16, LEAVE = 0xffffffff, WRITE = 0x800, SECTION_TRANSLATION = 5 };

/* ---- one instruction between two states ---- */

struct state {
    uint32_t r[15], cpsr, spsr, usr13, usr14, und13;
};

static struct state state;          /* before, then after */
extern uint32_t code[];             /* ARM: [0] byte order, [1] the instruction; Thumb: both in [0]; [2] ARM, the end */
void run_arm(struct state *s), run_thumb(struct state *s);
__asm__(".pushsection .data\n.balign 64\ncode: .space 64\nsaved_sp: .word 0\nsaved_und: .word 0\n.popsection\n"
        ".pushsection .text\n.arm\n.balign 4\n"
        ".macro runner name, entry\n"
        "\\name: push {r4-r11, lr}\n"
        "ldr r1, =saved_sp\nstr sp, [r1]\n"
        "ldr r2, [r0, #64]\nmsr spsr_fsxc, r2\n"
        "cps #0x1b\nstr sp, [r1, #4]\nldr sp, [r0, #76]\ncps #0x13\n"
        "add r2, r0, #68\nldmia r2, {sp, lr}^\nnop\n"
        "ldr r2, [r0, #60]\nmsr cpsr_f, r2\n"
        "ldmia r0, {r0-r14}\n"
        "ldr pc, =\\entry\n.endm\n"
        "runner run_arm, code\nrunner run_thumb, (code + 1)\n.ltorg\n"
        "run_end: setend le\n"
        "mcr p15, 0, r0, c13, c0, 2\n"
        "ldr r0, =state\nstmib r0, {r1-r14}\n"
        "mrc p15, 0, r1, c13, c0, 2\nstr r1, [r0]\n"
        "mrs r1, cpsr\nstr r1, [r0, #60]\nmrs r1, spsr\nstr r1, [r0, #64]\n"
        "add r1, r0, #68\nstmia r1, {sp, lr}^\nnop\n"
        "cps #0x1b\nstr sp, [r0, #76]\nldr r1, =saved_und\nldr sp, [r1]\ncps #0x13\n"
        "ldr r1, =saved_sp\nldr sp, [r1]\npop {r4-r11, pc}\n.ltorg\n.popsection\n");
extern char run_end[];
__asm__(".fpu vfp");

struct insn {
    const char *name;
    uint32_t word;              /* Thumb if it has 16 bits */
    int base;                   /* value of the base register, relative to the border */
    unsigned rn;                /* base register; BASE_UND: r13 of UND mode */
    int first;                  /* lowest address, relative to the base */
    unsigned bytes;
    char kind;                  /* 'l' load, 's' store; in capitals: of the base register too */
    int pc;                     /* where a new PC is loaded from, relative to the base; 0x7f: none */
    bool ours;                  /* upstream does not restore the base */
};
#define NONE 0x7f
#define LOAD(name, word, base, rn, first, words)    { name, word, base, rn, first, 4 * (words), 'l', NONE, false }
#define LOAD_BASE(name, word, base, rn, first, words) { name, word, base, rn, first, 4 * (words), 'L', NONE, false }
#define STORE_BASE(name, word, base, rn, first, words) { name, word, base, rn, first, 4 * (words), 'S', NONE, false }
#define JUMP(name, word, base, rn, first, words, pc) { name, word, base, rn, first, 4 * (words), 'l', pc, false }
#define STORE(name, word, base, rn, first, words)   { name, word, base, rn, first, 4 * (words), 's', NONE, false }
#define PART(name, word, base, kind, first, bytes)  { name, word, base, 0, first, bytes, kind, NONE, false }

static bool is_store(const struct insn *p)
{
    return (p->kind | 0x20) == 's';
}

static const struct insn insns[] = {
    LOAD("ldmia", 0xe890007c, -8, 0, 0, 5),         LOAD("ldmia r0!", 0xe8b0007c, -4, 0, 0, 5),
    LOAD("ldmib", 0xe990007c, -12, 0, 4, 5),        LOAD("ldmib r0!", 0xe9b0007c, -20, 0, 4, 5),
    LOAD("ldmda", 0xe810007c, 8, 0, -16, 5),        LOAD("ldmda r0!", 0xe830007c, 0, 0, -16, 5),
    LOAD("ldmdb", 0xe910007c, 12, 0, -20, 5),       LOAD("ldmdb r0!", 0xe930007c, 4, 0, -20, 5),
    LOAD_BASE("ldmia, base first in the list", 0xe890003d, -8, 0, 0, 5),
    LOAD_BASE("ldmia, base in the middle", 0xe894007c, -8, 4, 0, 5),
    LOAD_BASE("ldmia, base last", 0xe896007c, -8, 6, 0, 5),
    LOAD_BASE("ldmdb, base in the list", 0xe914007c, 12, 4, -20, 5),
    LOAD("ldmia of 14 registers", 0xe8907ffe, -28, 0, 0, 14),
    LOAD("ldmia r0! of 14 registers", 0xe8b07ffe, -52, 0, 0, 14),
    LOAD("ldmia of User registers", 0xe8d0610c, -12, 0, 0, 5),
    JUMP("ldmia with pc", 0xe890803c, -8, 0, 0, 5, 16),
    JUMP("ldmia r0! with pc", 0xe8b0803c, -16, 0, 0, 5, 16),
    JUMP("ldmdb r0! with pc", 0xe930803c, 12, 0, -20, 5, -4),
    { "ldmia with base and pc", 0xe890803d, -8, 0, 0, 24, 'L', 20, false },
    JUMP("ldmia with pc, exception return", 0xe8d0803c, -8, 0, 0, 5, 16),
    JUMP("ldmia r0! with pc, exception return", 0xe8f0803c, -16, 0, 0, 5, 16),
    STORE("stmia", 0xe880007c, -8, 0, 0, 5),        STORE("stmia r0!", 0xe8a0007c, -4, 0, 0, 5),
    STORE("stmib", 0xe980007c, -12, 0, 4, 5),       STORE("stmib r0!", 0xe9a0007c, -20, 0, 4, 5),
    STORE("stmda", 0xe800007c, 8, 0, -16, 5),       STORE("stmda r0!", 0xe820007c, 0, 0, -16, 5),
    STORE("stmdb", 0xe900007c, 12, 0, -20, 5),      STORE("stmdb r0!", 0xe920007c, 4, 0, -20, 5),
    STORE_BASE("stmia r0!, base first in the list", 0xe8a0003d, -8, 0, 0, 5),
    STORE_BASE("stmia, base in the middle", 0xe884007c, -8, 4, 0, 5),
    STORE("stmia of 14 registers", 0xe8807ffe, -28, 0, 0, 14),
    STORE("stmia with pc", 0xe880803c, -8, 0, 0, 5),
    STORE("stmia of User registers", 0xe8c0610c, -12, 0, 0, 5),
    LOAD("ldrd", 0xe1c020d0, -4, 0, 0, 2),          LOAD("ldrd pre-indexed", 0xe1e020d8, -12, 0, 8, 2),
    LOAD("ldrd post-indexed", 0xe0c020d8, -4, 0, 0, 2), LOAD("ldrd [r0, r1]!", 0xe1a020d1, -8, 0, 4, 2),
    { "ldrd into its base", 0xe1c000d0, -4, 0, 0, 8, 'L', NONE, true },
    STORE("strd", 0xe1c020f0, -4, 0, 0, 2),         STORE("strd pre-indexed", 0xe1e020f8, -12, 0, 8, 2),
    STORE("strd post-indexed", 0xe0c020f8, -4, 0, 0, 2), STORE("strd [r0, r1]!", 0xe1a020f1, -8, 0, 4, 2),
    LOAD("fldmias", 0xec900a05, -8, 0, 0, 5),       LOAD("fldmias r0!", 0xecb00a05, -4, 0, 0, 5),
    LOAD("fldmdbs r0!", 0xed300a05, 12, 0, -20, 5), LOAD("fldmiad", 0xec900b06, -12, 0, 0, 6),
    LOAD("fldmiad r0!", 0xecb00b06, -8, 0, 0, 6),   LOAD("fldmdbd r0!", 0xed300b06, 12, 0, -24, 6),
    LOAD("fldd", 0xed900b00, -4, 0, 0, 2),
    STORE("fstmias", 0xec800a05, -8, 0, 0, 5),      STORE("fstmias r0!", 0xeca00a05, -4, 0, 0, 5),
    STORE("fstmdbs r0!", 0xed200a05, 12, 0, -20, 5), STORE("fstmiad", 0xec800b06, -12, 0, 0, 6),
    STORE("fstmiad r0!", 0xeca00b06, -8, 0, 0, 6),  STORE("fstd", 0xed800b00, -4, 0, 0, 2),
    JUMP("rfeia", 0xf8900a00, -4, 0, 0, 2, 0),      JUMP("rfeia r0!", 0xf8b00a00, -4, 0, 0, 2, 0),
    JUMP("rfedb r0!", 0xf9300a00, 4, 0, -8, 2, -8), JUMP("rfeib r0!", 0xf9b00a00, -8, 0, 4, 2, 4),
    STORE("srsia sp", 0xf8cd0513, -4, 13, 0, 2),    STORE("srsia sp!", 0xf8ed0513, -4, 13, 0, 2),
    STORE("srsdb sp! of another mode", 0xf96d051b, 4, BASE_UND, -8, 2),
    PART("unaligned ldr, one byte below", 0xe5902000, -1, 'l', 0, 4),
    PART("unaligned ldr, two bytes below", 0xe5902000, -2, 'l', 0, 4),
    PART("unaligned ldr, three bytes below", 0xe5902000, -3, 'l', 0, 4),
    PART("unaligned ldr pre-indexed", 0xe5b02004, -6, 'l', 4, 4),
    PART("unaligned ldr post-indexed", 0xe4902004, -2, 'l', 0, 4),
    PART("unaligned ldr into its base", 0xe5900000, -2, 'L', 0, 4),
    PART("unaligned ldrt", 0xe4b02004, -2, 'l', 0, 4),
    PART("unaligned ldrh", 0xe1d020b0, -1, 'l', 0, 2),  PART("unaligned ldrsh", 0xe1d020f0, -1, 'l', 0, 2),
    PART("unaligned ldrh [r0, r1]!", 0xe1b020b1, -5, 'l', 4, 2),
    PART("unaligned str, one byte below", 0xe5802000, -1, 's', 0, 4),
    PART("unaligned str, two bytes below", 0xe5802000, -2, 's', 0, 4),
    PART("unaligned str, three bytes below", 0xe5802000, -3, 's', 0, 4),
    PART("unaligned str [r0, r1]!", 0xe7a02001, -6, 's', 4, 4),
    PART("unaligned strt", 0xe4a02004, -2, 's', 0, 4),
    PART("unaligned strh", 0xe1c020b0, -1, 's', 0, 2),
    STORE("Thumb push with lr", 0xb57c, 12, 13, -24, 6), JUMP("Thumb pop with pc", 0xbd7c, -12, 13, 0, 6, 20),
    STORE("Thumb stmia", 0xc07c, -8, 0, 0, 5),      LOAD("Thumb ldmia", 0xc87c, -8, 0, 0, 5),
    LOAD_BASE("Thumb ldmia, base in the list", 0xc83d, -8, 0, 0, 5),
    PART("Thumb unaligned ldr", 0x6802, -2, 'l', 0, 4), PART("Thumb unaligned ldrsh", 0x5e42, -5, 'l', 4, 2),
    PART("Thumb unaligned strh", 0x8002, -1, 's', 0, 2),
};

/* ---- what is on the two sides ---- */

struct side {
    uint32_t *slot, good, bad;      /* descriptors; bad = LEAVE: nothing wrong here */
    unsigned slots;                 /* a large page has sixteen */
};

struct border {
    const char *name;
    uint32_t va;
    struct side side[2];            /* below, above */
    uint32_t load[2], store[2];     /* fault status of a load or store there, without domain; 0: none */
    unsigned domain;
    bool access_flag;               /* SCTLR.AFE is set */
};

static uint32_t *l1, *pages_l2, *closed_l2;
static uint32_t below[3], above[3];     /* physical address of the border's sides: small, large, section */

static void set(const struct side *s, uint32_t entry)
{
    for (unsigned i = 0; i < s->slots; i++) {
        s->slot[i] = entry;
    }
}

/* Mend or break the border; only the entries of the addresses touched are flushed. */
static void map(const struct border *b, bool broken)
{
    for (unsigned i = 0; i < 2; i++) {
        set(&b->side[i], broken && b->side[i].bad != LEAVE ? b->side[i].bad : b->side[i].good);
        tlb_flush_page(b->va - (i ? 0 : 4096), 0);
    }
}

static const struct border *current;
static uint32_t mended;

/* The handler of the third run: mends the side that faulted, and again. */
static void mend(struct exc *e)
{
    uint32_t far = CP15_READ(0, c6, c0, 0);
    const struct side *s = &current->side[far >= current->va];

    set(s, s->good);
    tlb_flush_page(far & 0xfffff000u, 0);
    if (++mended <= 2) {
        e->lr -= 8;
    } else {
        e->lr = (uint32_t)&code[2];     /* something is very wrong */
        e->spsr &= ~PSR_T;
    }
}

/* ---- memory ---- */

static uint32_t reference_memory[2 * WINDOW];
static struct state reference;
static uint32_t reference_vfp[32];

/* Word i of the window; the border is in front of word WINDOW. */
static volatile uint32_t *window(const struct border *b, unsigned i)
{
    unsigned k = b->va == SMALL ? 0 : b->va == LARGE ? 1 : 2;

    if (b->va == NO_BORDER) {
        return (volatile uint32_t *)(NO_BORDER + 4 * i - 4 * WINDOW);
    }
    return (volatile uint32_t *)(i < WINDOW ? below[k] - 4 * (WINDOW - i) : above[k] + 4 * (i - WINDOW));
}

static uint32_t pattern(unsigned i)
{
    return 0x01020304u * (i + 1) ^ 0x80c0e0f0u;
}

static void fill(const struct insn *p, const struct border *b, bool big)
{
    uint32_t end = (uint32_t)&code[2], psr = PSR_A | PSR_I | PSR_F | MODE_SVC | 0x60000000;

    for (unsigned i = 0; i < 2 * WINDOW; i++) {
        *window(b, i) = pattern(i);
    }
    if (p->pc != NONE) {
        unsigned i = (unsigned)(WINDOW + (p->base + p->pc) / 4);

        *window(b, i) = big ? __builtin_bswap32(end) : end;
        if (p->word >> 28 == 15) {
            *window(b, i + 1) = big ? __builtin_bswap32(psr) : psr;
        }
    }
}

/* ---- runs ---- */

static uint32_t insn_at;

static void write_code(const struct insn *p, bool big)
{
    if (p->word >> 16) {
        code[0] = big ? 0xf1010200 : 0xe1a00000;                    /* setend be, or nothing */
        code[1] = p->word;
        insn_at = (uint32_t)&code[1];
    } else {
        code[0] = (big ? 0xb658 : 0x46c0) | p->word << 16;
        code[1] = 0x46c04778;                                       /* bx pc */
        insn_at = (uint32_t)code + 2;
    }
    code[2] = 0xea000000 | (((uint32_t)run_end - (uint32_t)&code[2] - 8) >> 2 & 0xffffff);
    code_written(code, 12);
}

static uint32_t *base_of(const struct insn *p, struct state *s)
{
    return p->rn == BASE_UND ? &s->und13 : &s->r[p->rn];
}

static void initial(const struct insn *p, const struct border *b, struct state *s)
{
    for (unsigned i = 0; i < 15; i++) {
        s->r[i] = 0xa0a00001u * i + 0x1100;
    }
    s->r[1] = 4;
    s->cpsr = 0x90000000;
    s->spsr = PSR_A | PSR_I | PSR_F | MODE_SVC | 0x28000000;
    s->usr13 = 0x13131313;
    s->usr14 = 0x14141414;
    s->und13 = 0x1b1b1b1b;
    *base_of(p, s) = b->va + (uint32_t)p->base;
}

static uint32_t initial_vfp[32], vfp_state[32];

static void execute(const struct insn *p, const struct border *b)
{
    initial(p, b, &state);
    __asm__ volatile("fldmias %0, {s0-s31}" : : "r"(initial_vfp) : "memory");
    (p->word >> 16 ? run_arm : run_thumb)(&state);
    __asm__ volatile("fstmias %0, {s0-s31}" : : "r"(vfp_state) : "memory");
    state.cpsr &= ~PSR_E;
}

/* Registers that differ from the given ones, as bits; bit 31: any other part of the state. */
static uint32_t differences(const struct state *want, const uint32_t *want_vfp)
{
    uint32_t d = 0;

    for (unsigned i = 0; i < 15; i++) {
        d |= (uint32_t)(state.r[i] != want->r[i]) << i;
    }
    if (memcmp(&state.cpsr, &want->cpsr, sizeof(state) - sizeof(state.r)) || memcmp(vfp_state, want_vfp, 128)) {
        d |= 1u << 31;
    }
    return d;
}

static bool complain(bool good, const struct insn *p, const struct border *b, bool big, const char *what, uint32_t got,
                     uint32_t want)
{
    if (!good) {
        print("# %s%s, %s: %s: %08x, expected %08x\n", p->name, big ? ", big-endian" : "", b->name, what, (unsigned)got,
              (unsigned)want);
    }
    return good;
}

/* As without a border; what depends on the base's value is as far away as the border is. */
static bool same_result(const struct insn *p, const struct border *b, bool big, const char *when)
{
    struct state want = reference;
    uint32_t moved = b->va - NO_BORDER, base = NO_BORDER + (uint32_t)p->base;
    bool good = true;

    if (p->kind != 'L') {
        *base_of(p, &want) += moved;
    }
    uint32_t changed = differences(&want, reference_vfp);
    good &= complain(!changed, p, b, big, when, changed, 0);
    for (unsigned i = 0; i < 2 * WINDOW; i++) {
        uint32_t v = *window(b, i), ref = reference_memory[i];

        if (p->kind == 'S' && (big ? __builtin_bswap32(ref) : ref) == base) {
            ref = big ? __builtin_bswap32(base + moved) : base + moved;
        }
        good &= complain(v == ref, p, b, big, "memory", v, ref);
    }
    return good;
}

/* What the aborted instruction must have left alone. *strict: also a load's registers and a store's first words. */
static bool undisturbed(const struct insn *p, const struct border *b, bool big, bool *strict)
{
    struct state before;
    int first = WINDOW * 4 + p->base + p->first, end = first + (int)p->bytes;
    bool good = true;

    initial(p, b, &before);
    before.cpsr |= state.cpsr & 0x0fffffff;
    uint32_t changed = differences(&before, initial_vfp);
    if (changed) {
        *strict = false;
    }
    if (is_store(p)) {
        good &= complain(!changed, p, b, big, "registers changed by an aborted store", changed, 0);
    } else {
        good &= complain(!(changed & 1u << p->rn), p, b, big, "base", state.r[p->rn], before.r[p->rn]);
    }
    for (int i = 0; i < 2 * WINDOW; i++) {
        bool touched = is_store(p) && 4 * i + 3 >= first && 4 * i < end, same;

        if (p->pc != NONE && (4 * i == first + p->pc - p->first || 4 * i == first + p->pc - p->first + 4)) {
            continue;
        }
        same = *window(b, (unsigned)i) == pattern((unsigned)i);
        *strict &= same || (touched && p->bytes > 4 && 4 * i < 4 * WINDOW);
        good &= complain(same || touched, p, b, big, "memory beside it", *window(b, (unsigned)i), pattern((unsigned)i));
    }
    return good;
}

static bool right_abort(const struct insn *p, const struct border *b, bool big, uint32_t far, uint32_t status)
{
    const struct exc_log *log = exc_log();
    uint32_t want = status | (is_store(p) ? WRITE : 0), mask = status == SECTION_TRANSLATION ? 0xc0f : 0xcff;
    bool good = complain(log->count == 1, p, b, big, "aborts", log->count, 1);

    if (status != SECTION_TRANSLATION) {
        want |= b->domain << 4;
    }
    good &= complain(log->exc.type == EXC_DABT, p, b, big, "type", log->exc.type, EXC_DABT);
    good &= complain(log->dfar == far, p, b, big, "DFAR", log->dfar, far);
    good &= complain((log->dfsr & mask) == want, p, b, big, "DFSR", log->dfsr & mask, want);
    good &= complain(log->exc.lr == insn_at + 8, p, b, big, "LR", log->exc.lr, insn_at + 8);
    good &= complain(!(log->exc.spsr & PSR_T) == !!(p->word >> 16), p, b, big, "SPSR.T", log->exc.spsr, 0);
    good &= complain(!!(log->exc.spsr & PSR_E) == big, p, b, big, "SPSR.E", log->exc.spsr, 0);
    return good & complain(!(log->exc.cpsr & (PSR_E | PSR_T)), p, b, big, "CPSR", log->exc.cpsr, 0);
}

static bool check(const struct insn *p, const struct border *b, bool big, bool *strict)
{
    const uint32_t *status = is_store(p) ? b->store : b->load;
    uint32_t start = b->va + (uint32_t)(p->base + p->first);
    unsigned faults = !!status[0] + !!status[1];
    bool good = true;

    if (b->access_flag) {
        set_sctlr(sctlr() | SCTLR_AFE);
    }
    current = b;
    map(b, true);
    fill(p, b, big);
    if (faults) {
        exc_expect();
        execute(p, b);
        exc_seen();
        good &= right_abort(p, b, big, status[0] ? start : b->va, status[0] ? status[0] : status[1]);
        good &= undisturbed(p, b, big, strict);
        /* Again, and what is wrong is mended on the way. */
        fill(p, b, big);
    }
    mended = 0;
    exc_handle(EXC_DABT, mend);
    execute(p, b);
    exc_handle(EXC_DABT, NULL);
    good &= same_result(p, b, big, "registers after the fault was mended");
    good &= complain(mended == faults, p, b, big, "faults", mended, faults);
    map(b, false);
    fill(p, b, big);
    execute(p, b);
    good &= same_result(p, b, big, "registers without a fault");
    if (b->access_flag) {
        set_sctlr(sctlr() & ~SCTLR_AFE);
    }
    return good;
}

static void make_reference(const struct insn *p, bool big)
{
    static const struct border none = { .name = "no border", .va = NO_BORDER };

    write_code(p, big);
    fill(p, &none, big);
    execute(p, &none);
    reference = state;
    memcpy(reference_vfp, vfp_state, sizeof(vfp_state));
    for (unsigned i = 0; i < 2 * WINDOW; i++) {
        reference_memory[i] = *window(&none, i);
    }
}

/* ---- the borders ---- */

static struct border borders[20];
static unsigned nb_borders;

static void add(const char *name, uint32_t va, uint32_t bad_below, uint32_t bad_above, uint32_t load, uint32_t store,
                unsigned domain)
{
    struct border *b = &borders[nb_borders++];
    uint32_t *slot = va == SECTION ? &l1[SECTION >> 20] : &pages_l2[va >> 12 & 0xff];
    unsigned k = va == SMALL ? 0 : va == LARGE ? 1 : 2, n = va == LARGE ? 16 : 1;

    *b = (struct border) { .name = name, .va = va, .domain = domain };
    for (unsigned i = 0; i < 2; i++) {
        uint32_t pa = i ? above[k] : below[k] - (k == 0 ? 0x1000 : k == 1 ? 0x10000 : 0x100000);

        b->side[i].slot = i ? slot : slot - n;
        b->side[i].slots = n;
        b->side[i].good = k == 0 ? L2_SMALL(pa, AP_RW) : k == 1 ? L2_LARGE(pa, AP_RW)
                                                                : L1_SECTION(pa, AP_RW, DOMAIN_SECTIONS);
        b->side[i].bad = i ? bad_above : bad_below;
        b->load[i] = b->side[i].bad == LEAVE ? 0 : load;
        b->store[i] = b->side[i].bad == LEAVE ? 0 : store;
        set(&b->side[i], b->side[i].good);
    }
}

static void make_borders(void)
{
    below[0] = (uint32_t)heap_alloc(4096, 4096) + 4096;
    (void)heap_alloc(4096, 4096);
    above[0] = (uint32_t)heap_alloc(4096, 4096);
    below[1] = 0x02320000;
    above[1] = 0x02300000;
    below[2] = 0x02200000;
    above[2] = 0x02000000;
    pages_l2 = mmu_new_l2(l1, SMALL, DOMAIN_PAGES);
    mmu_map_page(l1, NO_BORDER, L2_SMALL((uint32_t)heap_alloc(4096, 4096), AP_RW));
    closed_l2 = heap_alloc(2048, 1024);
    closed_l2[0] = L2_SMALL(above[2], AP_RW);

    add("missing page above", SMALL, LEAVE, 0, 7, 7, DOMAIN_PAGES);
    add("missing page below", SMALL, 0, LEAVE, 7, 7, DOMAIN_PAGES);
    add("missing pages", SMALL, 0, 0, 7, 7, DOMAIN_PAGES);
    add("read-only page above", SMALL, LEAVE, L2_SMALL(above[0], AP_RO), 0, 0xf, DOMAIN_PAGES);
    add("read-only page below", SMALL, L2_SMALL(below[0] - 4096, AP_RO), LEAVE, 0, 0xf, DOMAIN_PAGES);
    add("closed page above", SMALL, LEAVE, L2_SMALL(above[0], AP_NONE), 0xf, 0xf, DOMAIN_PAGES);
    add("page above not accessed", SMALL, LEAVE, L2_SMALL(above[0], 2), 6, 6, DOMAIN_PAGES);
    borders[nb_borders - 1].access_flag = true;
    add("missing large page above", LARGE, LEAVE, 0, 7, 7, DOMAIN_PAGES);
    add("missing large page below", LARGE, 0, LEAVE, 7, 7, DOMAIN_PAGES);
    add("read-only large page above", LARGE, LEAVE, L2_LARGE(above[1], AP_RO), 0, 0xf, DOMAIN_PAGES);
    add("missing section above", SECTION, LEAVE, 0, 5, 5, 0);
    add("missing section below", SECTION, 0, LEAVE, 5, 5, 0);
    add("read-only section above", SECTION, LEAVE, L1_SECTION(above[2], AP_RO, DOMAIN_SECTIONS), 0, 0xd,
        DOMAIN_SECTIONS);
    add("section above not accessed", SECTION, LEAVE, L1_SECTION(above[2], 2, DOMAIN_SECTIONS), 3, 3, DOMAIN_SECTIONS);
    borders[nb_borders - 1].access_flag = true;
    add("section of a closed domain above", SECTION, LEAVE, L1_SECTION(above[2], AP_RW, DOMAIN_CLOSED), 9, 9,
        DOMAIN_CLOSED);
    add("page of a closed domain above", SECTION, LEAVE, L1_TABLE(closed_l2, DOMAIN_CLOSED_PAGES), 0xb, 0xb,
        DOMAIN_CLOSED_PAGES);
    add("empty table above", SECTION, LEAVE, L1_TABLE(closed_l2 + 256, DOMAIN_PAGES), 7, 7, DOMAIN_PAGES);
}

int test_main(void)
{
    bool strict = true;

    vfp_enable();
    for (unsigned i = 0; i < 32; i++) {
        initial_vfp[i] = 0x3f800000 + 0x1001 * i;
    }
    l1 = mmu_new_table();
    make_borders();
    mmu_on(l1);
    for (unsigned i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
        bool good = true;

        for (unsigned big = 0; big < 2; big++) {
            make_reference(&insns[i], big);
            for (unsigned k = 0; k < nb_borders; k++) {
                good &= check(&insns[i], &borders[k], big, &strict);
            }
        }
        (insns[i].ours ? ok_ours : ok)(good, insns[i].name);
    }
    ok_ours(strict, "an aborted load of several registers changes none, an aborted unaligned store stores nothing");
    return 0;
}
