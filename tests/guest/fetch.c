/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way to get to another address, into either instruction set, while there is nothing to execute, for each reason
 * why not: the abort's link address, IFAR, IFSR and SPSR, what it leaves alone, and where the program comes out once
 * the page is there. Then the ends of pages: falling into the next one, BL in two halves, what comes before the abort
 * (ARM DDI 0100I A2.6, A4, A7, B4.6).
 * guest-test: cpus=1
 */
#include "runtime.h"

enum { FROM = 0x20010000, PAGE = 0x20013000, SECTION = 0x20100000, NFLAGS = 0xf0000000u, FLAGS = 0x60000000 };
enum { PSR = PSR_A | PSR_I | PSR_F, DOMAIN = 1, CLOSED = 5, PADDED = 0x100 };

static uint32_t *l1, *l2;
static uint32_t from_pa, page_pa, section_pa;   /* what the three are mapped to */

/* ---- go somewhere ---- */

/* Where the program came out. pad: 1 in ARM state, 2 in Thumb state, 0xdead: the handler gave up. */
static struct landing {
    uint32_t pad, lr, cpsr;
} landing;

/* go(entry|T, target|T, memory, spsr): registers as the code in `jumps` expects them, flags FLAGS. */
void go(uint32_t entry, uint32_t target, uint32_t *memory, uint32_t spsr);
extern char go_end[];
__asm__(".pushsection .data\ngo_sp: .word 0\n.popsection\n"
        ".pushsection .text\n.arm\n.balign 4\n"
        "go: push {r4-r11, lr}\nldr r4, =go_sp\nstr sp, [r4]\n"
        "msr spsr_fsxc, r3\nmov r5, r0\nldr r6, =go_end\nmov lr, #0\nmov r0, #0\nmsr cpsr_f, #0x60000000\nbx r5\n"
        ".balign 4\ngo_end: mrs r7, cpsr\nmov r8, lr\ncpsid aif, #0x13\n"
        "ldr r9, =landing\nstmia r9, {r0, r8}\nstr r7, [r9, #8]\n"
        "ldr r4, =go_sp\nldr sp, [r4]\npop {r4-r11, pc}\n.ltorg\n.popsection\n");

/* What the handler saw; it mends the map and goes on, or ends. */
static struct {
    uint32_t n, ifar, ifsr, dfsr, dfar;
    struct exc exc;
} abort_seen;
static void (*mend)(void);

static void on_abort(struct exc *e)
{
    abort_seen.exc = *e;
    abort_seen.ifar = CP15_READ(0, c6, c0, 2);
    abort_seen.ifsr = CP15_READ(0, c5, c0, 1);
    abort_seen.dfsr = CP15_READ(0, c5, c0, 0);
    abort_seen.dfar = CP15_READ(0, c6, c0, 0);
    if (++abort_seen.n <= 2 && mend) {
        mend();
        e->lr -= 4;
        return;
    }
    e->lr = (uint32_t)go_end;
    e->spsr = PSR | MODE_SVC;
    e->r[0] = 0xdead;
}

/* ---- ways to jump: r1 = target|T, r2 = memory: target|T, PSR ---- */

static uint32_t arm_branch(uint32_t op, uint32_t at, uint32_t to)
{
    return op | ((to - at - 8) >> 2 & 0xffffff) | (op == 0xfa000000 ? (to & 2) << 23 : 0);
}

/* Both halves, or with the given top bits of the second one. */
static uint32_t thumb_bl(uint32_t at, uint32_t to, uint32_t second)
{
    uint32_t offset = to - ((at + 4) & (second == 0xe800 ? ~3u : ~0u));

    return 0xf000 | (offset >> 12 & 0x7ff) | (second | (offset >> 1 & 0x7ff)) << 16;
}

enum { TO_ARM = 1, TO_THUMB = 2, TO_BOTH = 3, LINK = 4, FROM_THUMB = 8, RETURNS = 16 };
enum { BRANCH = 0xffffffff };   /* an instruction that is made for its place */

static const struct jump {
    const char *name;
    unsigned flags;
    uint32_t words[3];          /* Thumb: two each; the jump is the last one that is not 0 */
    uint32_t op;                /* of BRANCH */
} jumps[] = {
    { "b", TO_ARM, { BRANCH }, 0xea000000 },        { "b with condition", TO_ARM, { BRANCH }, 0x0a000000 },
    { "bl", TO_ARM | LINK, { BRANCH }, 0xeb000000 }, { "blx to an address", TO_THUMB | LINK, { BRANCH }, 0xfa000000 },
    { "bx", TO_BOTH, { 0xe12fff11 }, 0 },           { "blx", TO_BOTH | LINK, { 0xe12fff31 }, 0 },
    { "bxj", TO_BOTH, { 0xe12fff21 }, 0 },          { "bxeq", TO_BOTH, { 0x012fff11 }, 0 },
    { "blx lr", TO_BOTH | LINK, { 0xe1a0e001, 0xe12fff3e }, 0 },
    { "mov pc", TO_ARM, { 0xe1a0f001 }, 0 },        { "add pc", TO_ARM, { 0xe2411010, 0xe281f010 }, 0 },
    { "ldr pc", TO_BOTH, { 0xe592f000 }, 0 },       { "ldr pc with write-back", TO_BOTH, { 0xe492f004 }, 0 },
    { "ldm pc", TO_BOTH, { 0xe8928000 }, 0 },       { "pop pc", TO_BOTH, { 0xe1a0d002, 0xe49df004 }, 0 },
    { "pop of two", TO_BOTH, { 0xe1a0d002, 0xe24dd004, 0xe8bd8008 }, 0 },
    { "movs pc", TO_BOTH | RETURNS, { 0xe1b0f001 }, 0 },
    { "subs pc", TO_BOTH | RETURNS, { 0xe2811004, 0xe251f004 }, 0 },
    { "ldm pc, exception return", TO_BOTH | RETURNS, { 0xe8d28000 }, 0 },
    { "rfe", TO_BOTH | RETURNS, { 0xf8920a00 }, 0 },
    { "Thumb bl", TO_THUMB | FROM_THUMB | LINK, { BRANCH }, 0xf800 },
    { "Thumb blx to an address", TO_ARM | FROM_THUMB | LINK, { BRANCH }, 0xe800 },
    { "Thumb bx", TO_BOTH | FROM_THUMB, { 0x46c04708 }, 0 },
    { "Thumb blx", TO_BOTH | FROM_THUMB | LINK, { 0x46c04788 }, 0 },
    { "Thumb mov pc", TO_THUMB | FROM_THUMB, { 0x46c0468f }, 0 },
    { "Thumb pop pc", TO_BOTH | FROM_THUMB, { 0xbd004695 }, 0 },        /* mov sp, r2 */
};

/* Put the jump at FROM; returns its entry|T. *link: what it leaves in LR. */
static uint32_t write_jump(const struct jump *j, uint32_t target, uint32_t *link)
{
    uint32_t *code = (uint32_t *)from_pa, n = 0;

    while (n < 3 && j->words[n]) {
        uint32_t w = j->words[n], at = FROM + 4 * n;

        if (w == BRANCH && !(j->flags & FROM_THUMB)) {
            w = arm_branch(j->op, at, target & ~1u);
        } else if (w == BRANCH) {
            w = thumb_bl(at, target & ~1u, j->op);
        }
        code[n++] = w;
    }
    code_written(code, 16);
    *link = j->flags & FROM_THUMB ? FROM + 4 * n + (j->words[0] == BRANCH ? 1 : -1) : FROM + 4 * n;
    return FROM | (j->flags & FROM_THUMB ? 1 : 0);
}

/* The landing pads at a physical address: ARM, or Thumb. */
static void write_pad(uint32_t pa, bool thumb)
{
    if (thumb) {
        *(volatile uint16_t *)pa = 0x2002;              /* movs r0, #2; bx r6 */
        *(volatile uint16_t *)(pa + 2) = 0x4730;
    } else {
        wr32(pa, 0xe3a00001);                           /* mov r0, #1; bx r6 */
        wr32(pa + 4, 0xe12fff16);
    }
    code_written((void *)pa, 8);
}

/* ---- why there is nothing to execute ---- */

struct reason {
    const char *name;
    uint32_t target, status, domain;
    uint32_t l1_entry, l2_entry;        /* while it is so; 0 in l1_entry for a page: the usual table */
    bool access_flag, user;
};
static struct reason reasons[16];
static unsigned nb_reasons;

static uint32_t good_l1(uint32_t target)
{
    return target < SECTION ? L1_TABLE(l2, DOMAIN) : L1_SECTION(section_pa, AP_RW, DOMAIN);
}

static void set_map(uint32_t target, uint32_t l1_entry, uint32_t l2_entry)
{
    l1[target >> 20] = l1_entry;
    if (target < SECTION) {
        l2[target >> 12 & 0xff] = l2_entry;
    }
    tlb_flush_page(target, 0);
}

static uint32_t mend_target;

static void mend_map(void)
{
    set_map(mend_target, good_l1(mend_target), L2_SMALL(page_pa, AP_RW));
}

static bool equal(const char *jump, const char *reason, const char *what, uint32_t got, uint32_t want)
{
    if (got != want) {
        print("# %s, %s: %s is %08x, not %08x\n", jump, reason, what, (unsigned)got, (unsigned)want);
    }
    return got == want;
}

static bool one_jump(const struct jump *j, const struct reason *r, bool thumb, uint32_t offset)
{
    uint32_t target = r->target + offset, value = target | thumb, link, memory[4];
    uint32_t pa = (r->target < SECTION ? page_pa : section_pa) + offset;
    uint32_t mode = !(j->flags & RETURNS) ? MODE_SVC : r->user ? MODE_USR : MODE_SYS;
    uint32_t psr = PSR | mode | 0xa0000000 | (thumb ? PSR_T : 0), entry;
    uint32_t want_psr = j->flags & RETURNS ? psr : (cpsr() & 0xff) | PSR_F | FLAGS | (thumb ? PSR_T : 0);
    bool good = true;

    memory[0] = memory[1] = value;
    memory[2] = memory[3] = psr;
    write_pad(pa, thumb);
    entry = write_jump(j, value, &link);
    /* The landing place is privileged code's. */
    for (unsigned pass = 0; pass < (r->user ? 1 : 2); pass++) {
        set_map(r->target, r->l1_entry ? r->l1_entry : good_l1(r->target), r->l2_entry);
        mend_target = r->target;
        mend = pass ? mend_map : NULL;
        abort_seen.n = 0;
        CP15_WRITE(0, c5, c0, 0, 0x155);
        CP15_WRITE(0, c6, c0, 0, 0x1234567);
        CP15_WRITE(0, c6, c0, 2, 0x7654321);
        landing.pad = 0;
        go(entry, value & (j->flags & RETURNS ? ~1u : ~0u), j->words[0] >> 25 == 0x7c ? memory + 1 : memory, psr);
        good &= equal(j->name, r->name, "number of aborts", abort_seen.n, 1);
        good &= equal(j->name, r->name, "LR", abort_seen.exc.lr, target + 4);
        good &= equal(j->name, r->name, "IFAR", abort_seen.ifar, target);
        good &= equal(j->name, r->name, "IFSR", abort_seen.ifsr & (r->status == 5 ? 0x40f : 0x4ff),
                      r->status == 5 ? 5 : r->status | r->domain << 4);
        good &= equal(j->name, r->name, "SPSR", abort_seen.exc.spsr | PSR_A | PSR_F, want_psr | PSR_A | PSR_F);
        good &= equal(j->name, r->name, "CPSR", abort_seen.exc.cpsr & 0x3bf, PSR_A | PSR_I | MODE_ABT);
        good &= equal(j->name, r->name, "DFSR", abort_seen.dfsr, 0x155);
        good &= equal(j->name, r->name, "DFAR", abort_seen.dfar, 0x1234567);
        if (pass) {
            good &= equal(j->name, r->name, "landing", landing.pad, thumb ? 2 : 1);
            good &= equal(j->name, r->name, "mode at the landing", landing.cpsr & 0x1f, mode);
        }
        if (j->flags & LINK) {
            good &= equal(j->name, r->name, "link register", landing.lr, link);
        }
    }
    return good;
}

static void add_reason(const char *name, uint32_t target, uint32_t status, uint32_t domain, uint32_t l1_entry,
                       uint32_t l2_entry)
{
    reasons[nb_reasons++] = (struct reason) { .name = name, .target = target, .status = status, .domain = domain,
                                              .l1_entry = l1_entry, .l2_entry = l2_entry };
}

static void make_reasons(void)
{
    uint32_t *closed = heap_alloc(2048, 1024);

    closed[0] = L2_SMALL(section_pa, AP_RW);
    add_reason("missing page", PAGE, 7, DOMAIN, 0, 0);
    add_reason("execute-never page", PAGE, 0xf, DOMAIN, 0, L2_SMALL(page_pa, AP_RW) | L2_XN);
    add_reason("closed page", PAGE, 0xf, DOMAIN, 0, L2_SMALL(page_pa, AP_NONE));
    add_reason("privileged page in User mode", PAGE, 0xf, DOMAIN, 0, L2_SMALL(page_pa, AP_PRIV));
    reasons[nb_reasons - 1].user = true;
    add_reason("page not accessed", PAGE, 6, DOMAIN, 0, L2_SMALL(page_pa, 2));
    reasons[nb_reasons - 1].access_flag = true;
    add_reason("missing section", SECTION, 5, 0, 0, 0);
    reasons[nb_reasons - 1].l1_entry = 4;       /* a fault entry whose other bits are the guest's */
    add_reason("reserved entry", SECTION, 5, 0, 3, 0);
    add_reason("execute-never section", SECTION, 0xd, DOMAIN, L1_SECTION(section_pa, AP_RW, DOMAIN) | L1_XN, 0);
    add_reason("closed section", SECTION, 0xd, DOMAIN, L1_SECTION(section_pa, AP_NONE, DOMAIN), 0);
    add_reason("section not accessed", SECTION, 3, DOMAIN, L1_SECTION(section_pa, 2, DOMAIN), 0);
    reasons[nb_reasons - 1].access_flag = true;
    add_reason("section of a closed domain", SECTION, 9, CLOSED, L1_SECTION(section_pa, AP_RW, CLOSED), 0);
    add_reason("page of a closed domain", SECTION, 0xb, CLOSED, L1_TABLE(closed, CLOSED), 0);
    add_reason("empty table", SECTION, 7, DOMAIN, L1_TABLE(closed + 256, DOMAIN), 0);
}

static void all_jumps(void)
{
    exc_handle(EXC_PABT, on_abort);
    for (unsigned i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        const struct jump *j = &jumps[i];
        bool good = true;

        for (unsigned k = 0; k < nb_reasons; k++) {
            const struct reason *r = &reasons[k];

            if (r->user && !(j->flags & RETURNS)) {
                continue;
            }
            set_sctlr(r->access_flag ? sctlr() | SCTLR_AFE : sctlr() & ~SCTLR_AFE);
            for (unsigned thumb = 0; thumb < 2; thumb++) {
                if (j->flags & (thumb ? TO_THUMB : TO_ARM)) {
                    good &= one_jump(j, r, thumb, 0) & one_jump(j, r, thumb, 0xff8);
                    good &= !thumb || one_jump(j, r, thumb, PADDED + 2);
                }
            }
        }
        set_sctlr(sctlr() & ~SCTLR_AFE);
        ok(good, j->name);
    }
    exc_handle(EXC_PABT, NULL);
}

/* ---- ends of pages: code in the last words before PAGE, which is missing ---- */

static uint16_t *tail(uint32_t bytes)
{
    return (uint16_t *)(from_pa + 0x3000 - bytes);
}

/* Run the code at PAGE - bytes; mended: the page comes when it is missed. */
static void run_tail(uint32_t bytes, bool thumb, bool mended)
{
    code_written(tail(16), 16);
    set_map(PAGE, good_l1(PAGE), 0);
    mend_target = PAGE;
    mend = mended ? mend_map : NULL;
    abort_seen.n = 0;
    exc_handle(EXC_PABT, on_abort);
    go((PAGE - bytes) | thumb, 0x20000000, NULL, PSR | MODE_SVC);
    exc_handle(EXC_PABT, NULL);
}

static bool aborted_at(uint32_t at, bool thumb)
{
    return equal("end of a page", "missing page", "number of aborts", abort_seen.n, 1) &
           equal("end of a page", "missing page", "LR", abort_seen.exc.lr, at + 4) &
           equal("end of a page", "missing page", "IFAR", abort_seen.ifar, at) &
           equal("end of a page", "missing page", "SPSR.T", !!(abort_seen.exc.spsr & PSR_T), thumb);
}

static void falling(void)
{
    static const struct {
        const char *name;
        uint32_t word, flags;
    } arm[] = {
        { "falls off the page", 0xe1a00000, FLAGS }, { "behind a branch not taken", 0x1afffffe, FLAGS },
        { "behind a compare", 0xe3510000, 0x20000000 }, { "behind a BL not taken", 0x1bfffffe, FLAGS },
        { "behind a prefetch flush", 0xee070f95, FLAGS }, { "behind a BX not taken", 0x112fff11, FLAGS },
        { "behind a CPS", 0xf10c0080, FLAGS },
    };

    write_pad(page_pa, false);
    for (unsigned i = 0; i < sizeof(arm) / sizeof(arm[0]); i++) {
        bool good;

        *(uint32_t *)tail(4) = arm[i].word;
        run_tail(4, false, false);
        good = aborted_at(PAGE, false) & equal(arm[i].name, "missing page", "flags", abort_seen.exc.spsr & NFLAGS,
                                               arm[i].flags) & (landing.pad == 0xdead);
        run_tail(4, false, true);
        ok(good & aborted_at(PAGE, false) & (landing.pad == 1), arm[i].name);
    }
    write_pad(page_pa, true);
    *tail(2) = 0xd1fe;          /* bne to itself */
    run_tail(2, true, true);
    ok(aborted_at(PAGE, true) & (landing.pad == 2), "Thumb: behind a branch not taken");
    *tail(4) = 0xe000;          /* b over two bytes */
    *tail(2) = 0xde00;
    run_tail(4, true, true);
    ok(aborted_at(PAGE, true) & (landing.pad == 2), "Thumb: b");
    *tail(2) = 0xd0ff;          /* beq to the next one */
    run_tail(2, true, true);
    ok(aborted_at(PAGE, true) & (landing.pad == 2), "Thumb: b with condition");
}

/* The halves of BL and BLX on two pages: at the abort LR holds what the first one made. */
static void halves(void)
{
    for (unsigned arm = 0; arm < 2; arm++) {
        uint32_t pair = thumb_bl(PAGE - 2, PAGE + 0x40, arm ? 0xe800 : 0xf800);
        bool good;

        *tail(2) = (uint16_t)pair;
        *(volatile uint16_t *)page_pa = (uint16_t)(pair >> 16);
        code_written((void *)page_pa, 4);
        write_pad(page_pa + 0x40, !arm);
        run_tail(2, true, false);
        good = aborted_at(PAGE, true) & (landing.pad == 0xdead);
        good &= equal("BL", "halves", "LR of the first half", landing.lr, PAGE + 2);
        run_tail(2, true, true);
        good &= aborted_at(PAGE, true) & (landing.pad == (arm ? 1u : 2u));
        good &= equal("BL", "halves", "LR of both", landing.lr, (PAGE + 2) | 1);
        ok(good, arm ? "BLX in halves" : "BL in halves");
    }
}

static uint32_t order[4], nb_order;

static void note_and_skip(struct exc *e)
{
    order[nb_order++ & 3] = e->lr;
    e->lr -= e->type == EXC_DABT ? 4 : 0;
}

/* The last instruction of the page has an exception of its own: it comes first, and with its own link address. */
static void order_of_exceptions(void)
{
    static const struct {
        const char *name;
        uint32_t word, type, lr;
    } cases[] = {
        { "data abort, then the end of the page", 0xe5913000, EXC_DABT, 4 },
        { "SVC, then the end of the page", 0xef000005, EXC_SVC, 0 },
        { "undefined instruction, then the end of the page", 0xe7f000f0, EXC_UNDEF, 0 },
    };

    write_pad(page_pa, false);
    for (unsigned i = 0; i < 3; i++) {
        nb_order = 0;
        *(uint32_t *)tail(4) = cases[i].word;
        exc_handle(cases[i].type, note_and_skip);
        run_tail(4, false, false);
        exc_handle(cases[i].type, NULL);
        ok(nb_order == 1 && order[0] == PAGE + cases[i].lr && aborted_at(PAGE, false), cases[i].name);
    }
    *tail(2) = 0xdf05;
    nb_order = 0;
    exc_handle(EXC_SVC, note_and_skip);
    run_tail(2, true, false);
    exc_handle(EXC_SVC, NULL);
    ok(nb_order == 1 && order[0] == PAGE && aborted_at(PAGE, true), "Thumb: SVC, then the end of the page");
    /* A literal behind the end is data. */
    *(uint32_t *)tail(8) = 0xe59f3000;
    *(uint32_t *)tail(4) = 0xe12fff16;
    exc_expect();
    landing.pad = 1;
    run_tail(8, false, false);
    ok(exc_seen() == 1 && exc_log()->exc.type == EXC_DABT && exc_log()->dfar == PAGE &&
       exc_log()->exc.lr == PAGE && abort_seen.n == 0, "literal in the missing page");
}

/* BKPT sets the status alone. */
static void breakpoint(void)
{
    CP15_WRITE(0, c6, c0, 2, 0x1234);
    CP15_WRITE(0, c5, c0, 1, 0xd);
    exc_expect();
    __asm__ volatile("bkpt #3" : : : "memory");
    ok(exc_seen() == 1 && (exc_log()->ifsr & 0x40f) == 2, "BKPT: status");
    ok_eq_ours(exc_log()->ifar, 0x1234, "BKPT: leaves the address");
    CP15_WRITE(0, c6, c0, 2, 0x1234);
    CP15_WRITE(0, c5, c0, 1, 0xd);
    exc_expect();
    try_ldr(0x50000000);
    ok(exc_seen() == 1 && exc_log()->ifsr == 0xd && exc_log()->ifar == 0x1234, "a data abort leaves IFSR and IFAR");
}

/* A walk through pages that come one by one: each is missed once, each adds one. */
static uint32_t walk_pages;

static void map_walk(struct exc *e)
{
    uint32_t at = CP15_READ(0, c6, c0, 2), n = (at - PAGE) >> 12, *code = heap_alloc(4096, 4096);

    walk_pages++;
    code[0] = 0xe2800001;       /* add r0, r0, #1; on to the next page's start, the last one returns */
    code[1] = n == 7 ? 0xe12fff1e : 0xea000000 | 1021;
    code[1024 - 1] = 0xe1a00000;
    code_written(code, 4096);
    l2[at >> 12 & 0xff] = L2_SMALL((uint32_t)code, AP_RW);
    tlb_flush_page(at & ~0xfffu, 0);
    e->lr -= 4;
}

static void walk(void)
{
    for (unsigned i = 0; i < 8; i++) {
        set_map(PAGE + 0x1000 * i, good_l1(PAGE), 0);
    }
    exc_handle(EXC_PABT, map_walk);
    uint32_t first = try_call(PAGE, 0), second = try_call(PAGE, 100);
    exc_handle(EXC_PABT, NULL);
    ok(first == 8 && second == 108 && walk_pages == 8, "code that is paged in");
}

int test_main(void)
{
    l1 = mmu_new_table();
    from_pa = (uint32_t)heap_alloc(3 * 4096, 4096);
    page_pa = (uint32_t)heap_alloc(4096, 4096);
    section_pa = 0x02200000;
    l2 = mmu_new_l2(l1, FROM, DOMAIN);
    for (unsigned i = 0; i < 3; i++) {
        mmu_map_page(l1, FROM + 0x1000 * i, L2_SMALL(from_pa + 0x1000 * i, AP_RW));
    }
    mmu_on(l1);
    make_reasons();
    all_jumps();
    falling();
    halves();
    order_of_exceptions();
    breakpoint();
    walk();
    return 0;
}
