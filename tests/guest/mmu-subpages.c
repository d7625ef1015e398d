/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small pages with four rights (SCTLR.XP = 0, ARM DDI 0100I B4.7): each 1 KiB subpage is checked by itself for
 * fetches, however the CPU comes there, for literals, and for accesses that touch two of them.
 * guest-test: cpus=1,2
 */
#include "runtime.h"

enum { VA = 0x20000000, PHYS = 0x02000000, PHYS2 = 0x02001000, SUB = 0x400, NFLAGS = 0xf0000000u };
enum { PERMISSION = 0xf };

/* Rights of the four subpages, AP each, lowest first. The pages below differ in subpage 3, so that none is uniform. */
#define SUBPAGES(pa, ap0, ap1, ap2, ap3) ((pa) | 2 | 0x0c | (ap0) << 4 | (ap1) << 6 | (ap2) << 8 | (ap3) << 10)
#define OPEN(pa)    SUBPAGES(pa, 3, 3, 3, 2)
/* Subpage 1 is closed to User mode, or to everybody. */
#define CLOSED(pa)  SUBPAGES(pa, 3, 1, 3, 2)
#define SHUT(pa)    SUBPAGES(pa, 3, 0, 3, 2)

/*
 * The page's text. Routines begin in subpage 0 and end in subpage 1; r0 and r1 are the arguments, the result is
 * in r0. What is compared before the border leaves N Z C V = 0110.
 */
extern const uint8_t text[4096], jump[], fall[], indirect[], literal[], look_ahead[], loop[], thumb_bl[], thumb_jump[];
extern const uint8_t unmap[], unmapped[];
__asm__(".pushsection .text.page, \"ax\"\n.balign 4\n.arm\n"
        "text:\n"
        "jump:       cmp r0, r0\n"
        "            b over\n"
        "indirect:   cmp r0, r0\n"
        "            adrl r2, over\n"
        "            bx r2\n"
        "literal:    mov r0, #1\n"
        "            ldr r0, word\n"
        "            bx lr\n"
        "loop:       mov r3, #0\n"
        "1:          add r3, r3, #1\n"
        "            b part2\n"
        "part1:      cmp r3, r1\n"
        "            bne 1b\n"
        "            mov r0, r3\n"
        "            bx lr\n"
        "look_ahead: cmp r0, r0\n"
        "            b last\n"
        "unmap:      mov r1, #0\n"                  /* r0 = the page's descriptor */
        "            cmn r1, #1\n"
        "            str r1, [r0]\n"
        "            cmp r0, r0\n"
        "            b unmapped\n"
        "            nop\n"
        "            nop\n"
        "unmapped:   cmn r1, #1\n"
        "            bx lr\n"
        ".thumb\n"
        "thumb_jump: cmp r0, r0\n"
        "            b thumb_over\n"
        ".balign 4\n.arm\n"
        ".org text + 0x3f4\n"
        "fall:       cmp r0, r0\n"
        "last:       mov r0, #1\n"
        ".thumb\n"
        "thumb_bl:   mov r3, lr\n"
        "            .inst.n 0xf000\n"              /* the first half of BL, the second is in the next subpage */
        ".org text + 0x400\n"
        "            .inst.n 0xf804\n"              /* to the first half + 4 + 8 */
        "            nop\n"
        ".arm\n"
        "word:       .word 0x600df00d\n"
        ".thumb\n"
        "            nop\n"
        "            bx r3\n"
        ".balign 4\n.arm\n"
        ".org text + 0x420\n"
        "over:       cmn r0, #1\n"
        "            mov r0, #0x55\n"
        "            bx lr\n"
        "part2:      b part1\n"
        ".thumb\n"
        "thumb_over: cmn r0, r0\n"
        "            mov r0, #0x66\n"
        "            bx lr\n"
        ".balign 4\n.arm\n"
        ".org text + 0x1000\n"
        ".popsection\n");

static uint32_t *l2;

static uint32_t at(const uint8_t *label, uint32_t thumb)
{
    return VA + (uint32_t)(label - text) + thumb;
}

static void map(uint32_t entry)
{
    l2[0] = entry;
    tlb_flush();
}

/* The same with the least that the architecture asks for: one entry holds all four subpages. */
static void map_by_address(uint32_t entry)
{
    l2[0] = entry;
    tlb_flush_page(VA, 0);
}

static uint32_t call(uint32_t va, bool user)
{
    return user ? user_run((user_fn *)va, 5, 20) : try_call(va, 5);
}

/* Does calling va give one prefetch abort at `fault`, with the flags of the compare? */
static bool aborts_at(uint32_t va, bool user, uint32_t fault, bool flags)
{
    exc_expect();
    call(va, user);
    uint32_t n = exc_seen();
    const struct exc_log *log = exc_log();
    bool good = n == 1 && log->exc.type == EXC_PABT && log->ifar == fault && (log->ifsr & 0x40f) == PERMISSION &&
                log->exc.lr - 4 == fault && (!flags || (log->exc.spsr & NFLAGS) == 0x60000000) &&
                !(va & 1) == !(log->exc.spsr & PSR_T);

    if (!good) {
        print("# call of %08x: %u aborts, type %u, lr %08x spsr %08x ifar %08x ifsr %x, expected at %08x\n",
              (unsigned)va, (unsigned)n, (unsigned)log->exc.type, (unsigned)log->exc.lr, (unsigned)log->exc.spsr,
              (unsigned)log->ifar, (unsigned)log->ifsr, (unsigned)fault);
    }
    return good;
}

static bool gives(uint32_t va, bool user, uint32_t want)
{
    exc_expect();
    uint32_t got = call(va, user), n = exc_seen();

    if (n || got != want) {
        print("# call of %08x: %u aborts, result %x, expected %x\n", (unsigned)va, (unsigned)n, (unsigned)got,
              (unsigned)want);
    }
    return !n && got == want;
}

static const struct {
    const uint8_t *label;
    uint32_t thumb, result, fault;
    bool flags;
    const char *name[2];
} ways[] = {
    { jump, 0, 0x55, 0x420, true, { "privileged: a branch", "user: a branch" } },
    { indirect, 0, 0x55, 0x420, true, { "privileged: an indirect branch", "user: an indirect branch" } },
    { thumb_jump, 1, 0x66, 0x430, true, { "privileged: a Thumb branch", "user: a Thumb branch" } },
    { loop, 0, 20, 0x42c, false, { "privileged: a loop of both subpages", "user: a loop of both subpages" } },
};

/* The ways into the other subpage: while it is open, several times, so that whatever is kept is kept; then closed. */
static void fetches(bool user)
{
    uint32_t closed = user ? CLOSED(PHYS) : SHUT(PHYS);

    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        uint32_t va = at(ways[i].label, ways[i].thumb), fault = VA + ways[i].fault;
        bool good = true;

        if (!user && ways[i].label == loop) {
            continue;       /* needs the second argument */
        }
        for (unsigned round = 0; round < 4; round++) {
            map(OPEN(PHYS));
            for (unsigned k = 0; k < 5; k++) {
                good &= gives(va, user, ways[i].result);
            }
            map(closed);
            for (unsigned k = 0; k < 3; k++) {
                good &= aborts_at(va, user, fault, ways[i].flags);
            }
        }
        ok(good, ways[i].name[user]);
    }
}

/* Sequential execution across the border, and flags that only the text behind it would overwrite. */
static void borders(void)
{
    bool good = true;

    map(CLOSED(PHYS));
    for (unsigned k = 0; k < 3; k++) {
        good &= aborts_at(at(thumb_bl, 1), true, VA + SUB, false);
    }
    ok(good, "the halves of a Thumb BL on either side");
    /* ARM code at the border for a while; there is Thumb code otherwise. */
    uint32_t *code = (uint32_t *)PHYS, old[2] = { code[0xff], code[0x100] };
    code[0xff] = 0xe1a00000;        /* nop */
    code[0x100] = 0xe1500000;       /* cmp r0, r0: overwrites the flags */
    code_written(&code[0xff], 8);
    good = true;
    for (unsigned k = 0; k < 3; k++) {
        good &= aborts_at(at(fall, 0), true, VA + SUB, true);
    }
    ok(good, "execution runs over the border");
    good = true;
    for (unsigned k = 0; k < 3; k++) {
        good &= aborts_at(at(look_ahead, 0), true, VA + SUB, true);
    }
    ok(good, "flags at the border are those of the program");
    code[0xff] = old[0];
    code[0x100] = old[1];
    code_written(&code[0xff], 8);
    map(OPEN(PHYS));
    ok(gives(at(thumb_bl, 1), true, 5), "the halves of a Thumb BL, both executable");
}

/*
 * The page's descriptor goes while the text runs, and no TLB operation follows: the jump may still find its target or
 * abort, with the flags of the comparison before it, which the target does not read.
 */
static void abort_between(void)
{
    const struct exc_log *log = exc_log();
    uint32_t target = at(unmapped, 0);
    bool good = true;

    for (unsigned k = 0; k < 3; k++) {
        map(OPEN(PHYS));
        /* Nothing may be known of the target from the round before. */
        wr32(PHYS + (uint32_t)(unmapped - text) + 4, rd32(PHYS + (uint32_t)(unmapped - text) + 4));
        code_written((const void *)(PHYS + (uint32_t)(unmapped - text)), 8);
        exc_expect();
        try_call(at(unmap, 0), (uint32_t)&l2[0]);
        uint32_t n = exc_seen();

        if (n && (log->exc.type != EXC_PABT || (log->exc.spsr & NFLAGS) != 0x60000000)) {
            print("# type %u, lr %08x, spsr %08x, target %08x\n", (unsigned)log->exc.type, (unsigned)log->exc.lr,
                  (unsigned)log->exc.spsr, (unsigned)target);
            good = false;
        }
    }
    map(OPEN(PHYS));
    ok(good, "an abort between a jump and its target keeps the flags");
}

/* Status of a data abort that `va` (a routine) gives in User mode; 0: none. */
static uint32_t data_fault(uint32_t va, uint32_t *dfar)
{
    exc_expect();
    call(va, true);
    const struct exc_log *log = exc_log();

    *dfar = log->dfar;
    return !exc_seen() ? 0 : log->exc.type == EXC_DABT ? log->dfsr & 0xc0f : 0xbad;
}

static void literals(void)
{
    uint32_t dfar, word = VA + 0x404;
    bool good = true;

    for (unsigned round = 0; round < 3; round++) {
        map(OPEN(PHYS));
        good &= gives(at(literal, 0), true, 0x600df00d);
        map(CLOSED(PHYS));
        for (unsigned k = 0; k < 3; k++) {
            good &= data_fault(at(literal, 0), &dfar) == PERMISSION && dfar == word;
        }
        good &= gives(at(literal, 0), false, 0x600df00d);
        map(SHUT(PHYS));
        exc_expect();
        good &= try_call(at(literal, 0), 0) == 1 && exc_seen() == 1 && exc_log()->dfar == word;
    }
    ok(good, "a literal in a closed subpage aborts");
    good = true;
    map(OPEN(PHYS));
    for (uint32_t i = 0; i < 5; i++) {
        wr32(PHYS + 0x404, 0x1000 + i);
        good &= gives(at(literal, 0), true, 0x1000 + i);
    }
    wr32(PHYS + 0x404, 0x600df00d);
    ok(good, "a literal in an open subpage follows stores");
}

/*
 * The page becomes another one; the only TLB operation is by address. Upstream keeps an entry per subpage, and drops
 * only the one that the address is in.
 */
static void remapping(void)
{
    bool good = true;
    uint32_t *code = (uint32_t *)(PHYS2 + 0x420);

    memcpy((void *)PHYS2, text, 4096);
    code[1] = 0xe3a00077;           /* mov r0, #0x77 */
    code_written((void *)PHYS2, 4096);
    for (unsigned round = 0; round < 5; round++) {
        map_by_address(OPEN(PHYS));
        good &= gives(at(jump, 0), true, 0x55) & gives(at(indirect, 0), true, 0x55);
        map_by_address(OPEN(PHYS2));
        good &= gives(at(jump, 0), true, 0x77) & gives(at(indirect, 0), true, 0x77);
        map_by_address(SUBPAGES(PHYS2, 3, 3, 3, 3));
        good &= gives(at(jump, 0), true, 0x77);
        map_by_address(CLOSED(PHYS2));
        good &= aborts_at(at(jump, 0), true, VA + 0x420, true);
    }
    ok_ours(good, "the page becomes another one, then uniform, then closed");
    good = true;
    for (unsigned round = 0; round < 5; round++) {
        map_by_address(SUBPAGES(PHYS, 3, 3, 3, 3));
        good &= gives(at(jump, 0), true, 0x55) & gives(at(literal, 0), true, 0x600df00d);
        map_by_address(CLOSED(PHYS));
        good &= aborts_at(at(jump, 0), true, VA + 0x420, true) & gives(at(jump, 0), false, 0x55);
    }
    ok_ours(good, "a uniform page's blocks are not taken for those of one with subpages");
}

static void stm3(uint32_t address)
{
    __asm__ volatile("mov r4, #1\nmov r5, #2\nmov r6, #3\nstmia %0, {r4-r6}" : : "r"(address)
                     : "r4", "r5", "r6", "memory");
}

static uint32_t ldm3(uint32_t address)
{
    uint32_t base = address;

    __asm__ volatile("ldmia %0!, {r4-r6}" : "+r"(base) : : "r4", "r5", "r6", "memory");
    return base;
}

static void ldrd2(uint32_t address)
{
    __asm__ volatile("ldrd r4, r5, [%0]" : : "r"(address) : "r4", "r5", "memory");
}

static void strh(uint32_t address)
{
    __asm__ volatile("strh %0, [%0]" : : "r"(address) : "memory");
}

static void exclusive(uint32_t address)
{
    __asm__ volatile("ldrex r4, [%0]\nstrex r5, r4, [%0]" : : "r"(address) : "r4", "r5", "memory");
}

/* One privileged access; is it a data abort at `fault` (0: none at all)? */
static bool data_abort(uint32_t fault, bool write)
{
    uint32_t n = exc_seen();
    const struct exc_log *log = exc_log();
    bool good = fault ? n == 1 && log->exc.type == EXC_DABT && log->dfar == fault &&
                        (log->dfsr & 0xc0f) == (write ? 0x800u | PERMISSION : PERMISSION)
                      : n == 0;

    if (!good) {
        print("# %u aborts, dfar %08x dfsr %x, expected at %08x\n", (unsigned)n, (unsigned)log->dfar,
              (unsigned)log->dfsr, (unsigned)fault);
    }
    return good;
}

#define ABORTS(expr, fault, write) ({ exc_expect(); (void)(expr); data_abort(fault, write); })

/* Data that lie in two subpages. */
static void straddling(void)
{
    uint32_t border = VA + SUB;
    bool good;

    set_sctlr((sctlr() | SCTLR_U) & ~SCTLR_A);
    map(OPEN(PHYS2));
    for (uint32_t i = 0; i < 8; i++) {
        wr32(VA + SUB - 16 + 4 * i, 0x01010101 * i);
    }
    ok(try_ldr(border - 2) == 0x04040303 && ABORTS(try_str(border - 2, 0x04040303), 0, true),
       "an unaligned word over an open border");
    map(SHUT(PHYS2));
    good = ABORTS(try_ldr(border - 2), border, false) & ABORTS(try_ldr(border - 4), 0, false) &
           ABORTS(try_ldr(border), border, false);
    ok(good, "an unaligned load over the border to a closed subpage");
    good = ABORTS(try_str(border - 2, 0xffffffff), border, true) &
           ABORTS(try_str(border - 3, 0xffffffff), border, true) &
           ABORTS(strh(border - 1), border, true);
    ok(good & (rd32(PHYS2 + SUB - 4) == 0x03030303) & (rd32(PHYS2 + SUB) == 0x04040404),
       "an unaligned store there changes nothing");
    good = ABORTS(try_ldr(border + SUB - 2), border + SUB - 2, false) &
           ABORTS(try_str(border + SUB - 2, 0), border + SUB - 2, true);
    ok(good, "unaligned accesses that begin in the closed subpage");
    good = ABORTS(ldm3(border - 8), border, false) & ABORTS(ldm3(border - 12), 0, false) &
           ABORTS(ldrd2(border - 8), 0, false) & ABORTS(stm3(border - 4), border, true) &
           ABORTS(stm3(border - 12), 0, true);
    ok(good, "LDM, LDRD and STM at the border");
    map(SUBPAGES(PHYS2, 2, 3, 3, 3));
    ok(ABORTS(ldm3(border - 8), 0, false) & ABORTS(stm3(border - 8), 0, true),
       "LDM and STM over a border beyond which only User mode has other rights");
    good = CAUGHT(user_run(user_ldr, border - 4, 0)) == 0 && CAUGHT(user_run(user_str, border - 4, 1)) == 1 &&
           CAUGHT(user_run(user_str, border, 1)) == 0 && CAUGHT(user_run(user_str, border - 2, 1)) == 1;
    ok(good, "a read-only subpage beside a writable one");
    map(SUBPAGES(PHYS2, 3, 0, 3, 3));
    set_sctlr(sctlr() | SCTLR_S);       /* AP 0: privileged reads */
    tlb_flush();
    good = ABORTS(exclusive(border - 4), 0, true) & ABORTS(exclusive(border), border, true) &
           ABORTS(exclusive(border + SUB), 0, true);
    ok(good, "exclusives in subpages");
    set_sctlr(sctlr() & ~SCTLR_S);
    tlb_flush();
}

/* Another CPU may execute both subpages, at the same addresses, all the time; this one may not. */
static volatile uint32_t stop, rounds;
static uint32_t *open_table;

static void other_cpu(uint32_t unused)
{
    (void)unused;
    mmu_on(open_table);
    set_sctlr(sctlr() & ~SCTLR_XP);
    tlb_flush();
    while (!stop) {
        if (user_run((user_fn *)at(jump, 0), 5, 20) != 0x55 || user_run((user_fn *)at(loop, 0), 5, 20) != 20 ||
            try_call(at(literal, 0), 5) != 0x600df00d) {
            break;
        }
        rounds++;
    }
    mmu_off();
}

static void beside_another(uint32_t *l1, uint32_t entry, const char *name)
{
    uint32_t dfar;
    bool good = true;

    open_table = mmu_new_table();
    memcpy(open_table, l1, 16384);
    *mmu_new_l2(open_table, VA, 0) = entry;
    stop = rounds = 0;
    run_on(1, other_cpu, 0);
    good &= WAIT_UNTIL(rounds > 10, 10000000);
    map(CLOSED(PHYS));
    for (unsigned i = 0; i < 200; i++) {
        good &= aborts_at(at(jump, 0), true, VA + 0x420, true) & aborts_at(at(loop, 0), true, VA + 0x42c, false);
        good &= data_fault(at(literal, 0), &dfar) == PERMISSION;
    }
    uint32_t before = rounds;
    good &= WAIT_UNTIL(rounds - before > 10, 10000000);
    stop = 1;
    wait_for(1);
    ok(good, name);
}

int test_main(void)
{
    uint32_t *l1 = mmu_new_table();

    memcpy((void *)PHYS, text, 4096);
    code_written((void *)PHYS, 4096);
    l2 = mmu_new_l2(l1, VA, 0);
    mmu_on(l1);
    set_sctlr(sctlr() & ~SCTLR_XP);
    tlb_flush();
    fetches(true);
    fetches(false);
    borders();
    abort_between();
    literals();
    remapping();
    straddling();
    if (num_cpus() > 1) {
        smp_start();
        beside_another(l1, OPEN(PHYS), "beside a CPU for which both subpages are open");
        beside_another(l1, SUBPAGES(PHYS, 3, 3, 3, 3), "beside a CPU whose page is uniform");
    }
    mmu_off();
    return 0;
}
