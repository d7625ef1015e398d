/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MMU: sections, supersections, large and small pages, both table formats, rights, domains, execute-never, access
 * flag, TTBCR, ASIDs, TLB operations, VA to PA (ARM DDI 0100I B4, ARM DDI 0360 chapter 5).
 * guest-test: cpus=1
 */
#include "runtime.h"

/* Virtual megabytes the tests use, and three physical ones with known contents. */
enum { VA = 0x20000000, VA2 = 0x20100000, PHYS = 0x02000000, PHYS2 = 0x02100000, PHYS3 = 0x02200000 };

static uint32_t *l1;

/* Status of a privileged or User access; 0: none, 0xbad: not one abort. The write bit is left out. */
static uint32_t fault_of(uint32_t va, bool write, bool user)
{
    exc_expect();
    if (user) {
        user_run(write ? user_str : user_ldr, va, rd32(PHYS));
    } else if (write) {
        try_str(va, rd32(PHYS));
    } else {
        try_ldr(va);
    }
    uint32_t n = exc_seen();
    const struct exc_log *log = exc_log();

    if (n == 0) {
        return 0;
    }
    if (n != 1 || log->exc.type != EXC_DABT || log->dfar != va || !!(log->dfsr & 0x800) != write) {
        print("# %u aborts, type %u, dfar %08x, dfsr %x\n", (unsigned)n, (unsigned)log->exc.type, (unsigned)log->dfar,
              (unsigned)log->dfsr);
        return 0xbad;
    }
    return log->dfsr & 0x40f;
}

static uint32_t fetch_fault(uint32_t va, bool user)
{
    exc_expect();
    if (user) {
        user_run((user_fn *)va, 0, 0);
    } else {
        try_call(va, 0);
    }
    uint32_t n = exc_seen();
    const struct exc_log *log = exc_log();

    if (n == 0) {
        return 0;
    }
    return n == 1 && log->exc.type == EXC_PABT && log->ifar == va ? log->ifsr & 0x40f : 0xbad;
}

/* Four letters: privileged read and write, user read and write. */
static bool rights(uint32_t va, const char *want, uint32_t status)
{
    bool good = true;

    for (unsigned i = 0; i < 4; i++) {
        uint32_t expected = want[i] == '-' ? status : 0, got = fault_of(va, i & 1, i >= 2);

        if (got != expected) {
            print("# va %08x %s %s: status %x, expected %x\n", (unsigned)va, i >= 2 ? "user" : "privileged",
                  i & 1 ? "write" : "read", (unsigned)got, (unsigned)expected);
            good = false;
        }
    }
    return good;
}

static void set_l1(uint32_t va, uint32_t entry)
{
    l1[va >> 20] = entry;
    tlb_flush_page(va, 0);
}

static void rights_of_sections_and_pages(void)
{
    static const struct {
        uint32_t ap;
        const char *name, *section, *page;
    } rows[] = {
        { 0, "AP 0: none", "----", 0 }, { 1, "AP 1: privileged", "rw--", 0 }, { 2, "AP 2: user reads", "rwr-", 0 },
        { 3, "AP 3: all", "rwrw", 0 }, { 5, "APX AP 1: privileged reads", "r---", 0 },
        { 6, "APX AP 2: all read", "r-r-", 0 }, { 7, "APX AP 3: all read", "r-r-", 0 },
    };

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_l1(VA, L1_SECTION(PHYS, rows[i].ap, 0));
        bool good = rights(VA + 0x100, rows[i].section, 0xd);
        mmu_new_l2(l1, VA2, 0);
        mmu_map_page(l1, VA2 + 0x3000, L2_SMALL(PHYS, rows[i].ap));
        for (unsigned k = 0; k < 16; k++) {
            mmu_map_page(l1, VA2 + 0x10000 + k * 0x1000, L2_LARGE(PHYS + 0x10000, rows[i].ap));
        }
        tlb_flush();
        good &= rights(VA2 + 0x3100, rows[i].section, 0xf);
        good &= rights(VA2 + 0x1a100, rows[i].section, 0xf);
        ok(good, rows[i].name);
    }
    set_l1(VA, L1_SECTION(PHYS, 0, 0));
    set_sctlr(sctlr() | SCTLR_S);
    tlb_flush();
    ok(rights(VA, "r---", 0xd), "AP 0 with SCTLR.S: privileged reads");
    set_sctlr((sctlr() & ~SCTLR_S) | SCTLR_R);
    tlb_flush();
    ok(rights(VA, "r-r-", 0xd), "AP 0 with SCTLR.R: all read");
    set_sctlr(sctlr() & ~SCTLR_R);
    tlb_flush();
    ok(rights(VA, "----", 0xd), "AP 0 with neither");
}

static void sizes(void)
{
    wr32(PHYS + 0x12340, 0x11111111);
    wr32(PHYS2 + 0x45678, 0x22222222);
    wr32(0x03e54320, 0x33333333);
    set_l1(VA, L1_SECTION(PHYS, AP_RW, 0));
    ok_eq(rd32(VA + 0x12340), 0x11111111, "section");
    mmu_new_l2(l1, VA2, 0);
    mmu_map_page(l1, VA2 + 0x7000, L2_SMALL(PHYS2 + 0x45000, AP_RW));
    tlb_flush();
    ok_eq(rd32(VA2 + 0x7678), 0x22222222, "small page");
    for (unsigned k = 0; k < 16; k++) {
        mmu_map_page(l1, VA2 + 0x20000 + k * 0x1000, L2_LARGE(PHYS + 0x10000, AP_RW));
    }
    ok_eq(rd32(VA2 + 0x22340), 0x11111111, "large page");
    for (unsigned k = 0; k < 16; k++) {
        l1[0x240 + k] = L1_SUPERSECTION(0x03000000, AP_RW);
    }
    tlb_flush();
    ok_eq(rd32(0x24e54320), 0x33333333, "supersection");
    ok_eq(rd32(0x24000000), rd32(0x03000000), "its first word");
    wr32(0x24abcde0, 0x44444444);
    ok_eq(rd32(0x03abcde0), 0x44444444, "store through a supersection");
    set_l1(VA, 0);
    ok_eq(fault_of(VA, false, false), 5, "no first-level entry");
    set_l1(VA, 3);
    ok_eq(fault_of(VA, true, false), 5, "reserved first-level entry");
    ok_eq(fault_of(VA2 + 0x1000, false, false), 7, "no second-level entry");
    ok_eq(fault_of(VA2 + 0x1000, true, true), 7, "no second-level entry, user store");
}

static void execute_never(void)
{
    uint32_t *code = (uint32_t *)PHYS;

    code[0x100] = 0xe3a00055;       /* mov r0, #0x55; bx lr */
    code[0x101] = 0xe12fff1e;
    code_written(&code[0x100], 8);
    set_l1(VA, L1_SECTION(PHYS, AP_RW, 0));
    ok_eq(fetch_fault(VA + 0x400, false), 0, "section executes");
    ok_eq(try_call(VA + 0x400, 0), 0x55, "and gives the result");
    set_l1(VA, L1_SECTION(PHYS, AP_RW, 0) | L1_XN);
    ok_eq_ours(fetch_fault(VA + 0x400, false), 0xd, "execute-never section");
    ok_eq(fault_of(VA + 0x400, true, true), 0, "which may be written");
    set_l1(VA, L1_SECTION(PHYS, AP_PRIV, 0));
    exc_expect();
    user_run((user_fn *)(VA + 0x400), 0, 0);
    ok(exc_seen() >= 1 && exc_log()->exc.type == EXC_PABT && (exc_log()->ifsr & 0x40f) == 0xd,
       "privileged section does not execute in User mode");
    mmu_new_l2(l1, VA2, 0);
    mmu_map_page(l1, VA2, L2_SMALL(PHYS, AP_RW) | L2_XN);
    tlb_flush();
    ok_eq(fetch_fault(VA2 + 0x400, false), 0xf, "execute-never page");
    mmu_map_page(l1, VA2, L2_SMALL(PHYS, AP_RW));
    tlb_flush_page(VA2, 0);
    ok_eq(fetch_fault(VA2 + 0x400, false), 0, "executable page");
    for (unsigned k = 0; k < 16; k++) {
        mmu_map_page(l1, VA2 + 0x10000 + k * 0x1000, L2_LARGE(PHYS, AP_RW) | L2_LARGE_XN);
    }
    tlb_flush();
    ok_eq(fetch_fault(VA2 + 0x10400, false), 0xf, "execute-never large page");
    ok_eq(fetch_fault(VA2 + 0x40400, false), 7, "fetch without a second-level entry");
    /* Two instructions on a page boundary, the second page missing. */
    code[0x3ff] = 0xe1a00000;
    code_written(&code[0x3ff], 4);
    exc_expect();
    try_call(VA2 + 0xffc, 0);
    ok(exc_seen() == 1 && exc_log()->ifar == VA2 + 0x1000 && (exc_log()->ifsr & 0xf) == 7,
       "execution runs off a page into nothing");
}

static void domains(void)
{
    set_l1(VA, L1_SECTION(PHYS, AP_PRIV_RO, 5) | L1_XN);
    mmu_new_l2(l1, VA2, 6);
    mmu_map_page(l1, VA2, L2_SMALL(PHYS, AP_PRIV_RO));
    tlb_flush();
    set_dacr(0x15);
    ok(rights(VA, "----", 9), "section of a domain without access");
    ok_eq(exc_log()->dfsr >> 4 & 15, 5, "names its domain");
    ok(rights(VA2, "----", 0xb), "page of a domain without access");
    ok_eq(exc_log()->dfsr >> 4 & 15, 6, "names its domain");
    ok_eq_ours(fault_of(VA2 + 0x1000, false, false), 7, "missing page of a domain without access");
    ok_eq(fetch_fault(VA, false), 9, "fetch of a domain without access");
    set_dacr(0x15 | 1 << 10 | 1 << 12);
    ok(rights(VA, "r---", 0xd), "section of a client domain");
    ok(rights(VA2, "r---", 0xf), "page of a client domain");
    set_dacr(0x15 | 3 << 10 | 3 << 12);
    ok(rights(VA, "rwrw", 0), "section of a manager domain");
    ok(rights(VA2, "rwrw", 0), "page of a manager domain");
    wr32(PHYS, 0xe12fff1e);
    code_written((void *)PHYS, 4);
    ok_eq(fetch_fault(VA, true), 0, "managers execute what is execute-never");
    /* As Linux does it on every entry and exit: the same pages, back and forth. */
    bool good = true;
    for (unsigned i = 0; i < 200; i++) {
        set_dacr(i & 1 ? 0x15 : 0x15 | 1 << 10);
        good &= fault_of(VA, false, false) == (i & 1 ? 9u : 0);
    }
    ok(good, "domain switched 200 times");
    set_dacr(0x15);
}

static void access_flag(void)
{
    set_sctlr(sctlr() | SCTLR_AFE);
    tlb_flush();
    /* AP[0] is the flag: AP 2 has it clear. */
    set_l1(VA, L1_SECTION(PHYS, 2, 0));
    ok_eq(fault_of(VA, false, false), 3, "section without access flag");
    mmu_new_l2(l1, VA2, 0);
    mmu_map_page(l1, VA2, L2_SMALL(PHYS, 2));
    tlb_flush();
    ok_eq(fault_of(VA2, true, false), 6, "page without access flag");
    set_l1(VA, L1_SECTION(PHYS, 3, 0));
    ok_eq(fault_of(VA, true, true), 0, "section with access flag");
    set_sctlr(sctlr() & ~SCTLR_AFE);
    tlb_flush();
}

static void old_tables(void)
{
    set_sctlr(sctlr() & ~SCTLR_XP);
    set_l1(VA, L1_SECTION(PHYS, AP_USER_RO, 0) | L1_XN);
    ok(rights(VA, "rwr-", 0xd), "XP 0: section");
    wr32(PHYS, 0xe12fff1e);
    code_written((void *)PHYS, 4);
    ok_eq(fetch_fault(VA, true), 0, "XP 0: no execute-never");
    uint32_t *l2 = mmu_new_l2(l1, VA2, 0);
    /* A small page with four rights: none, privileged, user reads, all. */
    l2[4] = (PHYS & 0xfffff000) | 2 | 0 << 4 | 1 << 6 | 2 << 8 | 3 << 10;
    l2[5] = (PHYS & 0xfffff000) | 2 | 0xff0;
    l2[6] = (PHYS & 0xfffff000) | 3 | AP_PRIV << 4;
    for (unsigned k = 16; k < 32; k++) {
        l2[k] = (PHYS & 0xffff0000) | 1 | 3 << 4 | 2 << 6 | 1 << 8 | 0 << 10;
    }
    tlb_flush();
    ok(rights(VA2 + 0x4000, "----", 0xf) & rights(VA2 + 0x4400, "rw--", 0xf) & rights(VA2 + 0x4800, "rwr-", 0xf) &
       rights(VA2 + 0x4c00, "rwrw", 0xf), "XP 0: subpages of a small page");
    ok(rights(VA2 + 0x43fc, "----", 0xf) & rights(VA2 + 0x47fc, "rw--", 0xf) & rights(VA2 + 0x4ffc, "rwrw", 0xf),
       "XP 0: their last words");
    ok(rights(VA2 + 0x5000, "rwrw", 0xf), "XP 0: equal subpages");
    ok(rights(VA2 + 0x6000, "rw--", 0xf), "XP 0: extended small page");
    ok(rights(VA2 + 0x10000, "rwrw", 0xf) & rights(VA2 + 0x14000, "rwr-", 0xf) & rights(VA2 + 0x18000, "rw--", 0xf) &
       rights(VA2 + 0x1c000, "----", 0xf), "XP 0: subpages of a large page");
    wr32(PHYS + 0x400, 0x66);
    ok_eq(rd32(VA2 + 0x4400), 0x66, "XP 0: subpage data");
    set_sctlr(sctlr() | SCTLR_XP);
    tlb_flush();
}

static void split_tables(void)
{
    uint32_t *other = heap_alloc(16384, 16384);

    wr32(PHYS2, 0x2222);
    wr32(PHYS, 0x1111);
    for (unsigned n = 1; n <= 7; n++) {
        uint32_t limit = 1u << (32 - n);
        uint32_t *low = heap_alloc(16384 >> n, 16384 >> n);

        /* Below the limit: a short copy of the usual table; above: another table. */
        memcpy(low, l1, 16384 >> n);
        memcpy(other, l1, 16384);
        uint32_t below = limit - 0x100000, above = limit;
        low[below >> 20] = L1_SECTION(PHYS, AP_RW, 0);
        other[above >> 20] = L1_SECTION(PHYS2, AP_RW, 0);
        if (below >> 20 < 64 || below >> 20 == 0x101) {
            low[below >> 20] = l1[below >> 20];
        }
        CP15_WRITE(0, c2, c0, 1, (uint32_t)other);
        CP15_WRITE(0, c2, c0, 0, (uint32_t)low);
        CP15_WRITE(0, c2, c0, 2, n);
        tlb_flush();
        uint32_t got = rd32(above), got_below = low[below >> 20] == l1[below >> 20] ? 0x1111 : rd32(below);
        CP15_WRITE(0, c2, c0, 2, 0);
        CP15_WRITE(0, c2, c0, 0, (uint32_t)l1);
        tlb_flush();
        if (got != 0x2222 || got_below != 0x1111) {
            print("# N %u: %x above, %x below\n", n, (unsigned)got, (unsigned)got_below);
        }
        ok(got == 0x2222 && got_below == 0x1111, "TTBCR.N splits the address space");
    }
    CP15_WRITE(0, c2, c0, 1, (uint32_t)l1);
}

/* Tables where there is no memory: an external abort of the walk. */
static void tables_outside_memory(void)
{
    set_l1(VA, L1_TABLE(SYSCTL_BASE, 2));
    ok_eq_ours(fault_of(VA + 0x3000, false, false), 0xe, "second-level table outside memory");
    ok_eq_ours(exc_log()->dfsr >> 4 & 15, 2, "names its domain");
    ok_eq_ours(fault_of(VA + 0x3000, true, true), 0xe, "for a store by User mode");
    ok_eq_ours(fetch_fault(VA + 0x3000, false), 0xe, "for a fetch");
    CP15_WRITE(0, c2, c0, 1, SYSCTL_BASE);
    CP15_WRITE(0, c2, c0, 2, 1);
    tlb_flush();
    uint32_t load = fault_of(0x80000000, false, false), fetch = fetch_fault(0xc0000000, false);
    CP15_WRITE(0, c2, c0, 2, 0);
    CP15_WRITE(0, c2, c0, 1, (uint32_t)l1);
    tlb_flush();
    ok_eq_ours(load, 0xc, "first-level table outside memory");
    ok_eq_ours(fetch, 0xc, "for a fetch");
    set_l1(VA, 0);
}

static void asids(void)
{
    uint32_t *space[3];

    for (unsigned i = 0; i < 3; i++) {
        space[i] = heap_alloc(16384, 16384);
        memcpy(space[i], l1, 16384);
        space[i][VA >> 20] = L1_SECTION(PHYS + i * 0x100000, AP_RW, 0) | L1_NG;
        wr32(PHYS + i * 0x100000 + 0x500, 100 + i);
    }
    bool good = true;
    for (unsigned round = 0; round < 30; round++) {
        unsigned i = round % 3;

        /* The order the architecture recommends: reserved ASID, table, new ASID. No flush. */
        set_asid(0);
        CP15_WRITE(0, c2, c0, 0, (uint32_t)space[i]);
        isb();
        set_asid(1 + i);
        good &= rd32(VA + 0x500) == 100 + i;
    }
    ok(good, "three address spaces by ASID, no flush");
    /* Change what ASID 2 has, and flush that one only. */
    set_asid(0);
    CP15_WRITE(0, c2, c0, 0, (uint32_t)space[1]);
    isb();
    set_asid(2);
    (void)rd32(VA + 0x500);
    space[1][VA >> 20] = L1_SECTION(PHYS, AP_RW, 0) | L1_NG;
    tlb_flush_asid(2);
    ok_eq(rd32(VA + 0x500), 100, "invalidate by ASID");
    space[1][VA >> 20] = L1_SECTION(PHYS3, AP_RW, 0) | L1_NG;
    tlb_flush_page(VA, 2);
    ok_eq(rd32(VA + 0x500), 102, "invalidate by address and ASID");
    /* Code too. */
    wr32(PHYS + 0x600, 0xe3a00001);
    wr32(PHYS2 + 0x600, 0xe3a00002);
    wr32(PHYS3 + 0x600, 0xe3a00003);
    for (unsigned i = 0; i < 3; i++) {
        wr32(PHYS + i * 0x100000 + 0x604, 0xe12fff1e);
        code_written((void *)(PHYS + i * 0x100000 + 0x600), 8);
    }
    space[1][VA >> 20] = L1_SECTION(PHYS2, AP_RW, 0) | L1_NG;
    tlb_flush_asid(2);
    good = true;
    for (unsigned round = 0; round < 60; round++) {
        unsigned i = round % 3;

        set_asid(0);
        CP15_WRITE(0, c2, c0, 0, (uint32_t)space[i]);
        isb();
        set_asid(1 + i);
        CP15_WRITE(0, c7, c5, 6, 0);
        isb();
        good &= try_call(VA + 0x600, 0) == i + 1;
    }
    ok(good, "code of three address spaces");
    set_asid(0);
    CP15_WRITE(0, c2, c0, 0, (uint32_t)l1);
    tlb_flush();
}

static void tlb_operations(void)
{
    mmu_new_l2(l1, VA2, 0);
    for (unsigned op = 0; op < 6; op++) {
        static const char *const names[] = {
            "invalidate all", "invalidate data", "invalidate by address", "invalidate data by address",
            "invalidate data, with an address that does not matter", "invalidate by address without ASID",
        };
        bool good = true;

        for (unsigned k = 0; k < 8; k++) {
            uint32_t va = VA2 + 0x1000 * (k + 1), target = k & 1 ? PHYS : PHYS2;

            wr32(PHYS + 0x700, 0xaaaa);
            wr32(PHYS2 + 0x700, 0xbbbb);
            mmu_map_page(l1, va, L2_SMALL(k & 1 ? PHYS2 : PHYS, AP_RW));
            tlb_flush();
            (void)rd32(va + 0x700);
            mmu_map_page(l1, va, L2_SMALL(target, AP_RW));
            dsb();
            switch (op) {
            case 0: CP15_WRITE(0, c8, c7, 0, 0); break;
            case 1: CP15_WRITE(0, c8, c6, 0, 0); break;
            case 2: CP15_WRITE(0, c8, c7, 1, va); break;
            case 3: CP15_WRITE(0, c8, c6, 1, va); break;
            case 4: CP15_WRITE(0, c8, c6, 0, va); break;
            default: CP15_WRITE(0, c8, c7, 3, va); break;
            }
            dsb();
            isb();
            good &= rd32(va + 0x700) == (k & 1 ? 0xaaaau : 0xbbbbu);
        }
        ok(good, names[op]);
    }
    /* A section is one entry, whichever of its addresses is named. */
    set_l1(VA, L1_SECTION(PHYS, AP_RW, 0));
    (void)rd32(VA + 0x700);
    (void)rd32(VA + 0x80700);
    l1[VA >> 20] = L1_SECTION(PHYS2, AP_RW, 0);
    wr32(PHYS2 + 0x80700, 0xcccc);
    wr32(PHYS + 0x80700, 0xdddd);
    tlb_flush_page(VA + 0x34000, 0);
    ok(rd32(VA + 0x700) == 0xbbbb && rd32(VA + 0x80700) == 0xcccc, "invalidate a section by one of its addresses");
    /* From writable to read-only and back, from present to missing. */
    uint32_t va = VA2 + 0x9000;
    mmu_map_page(l1, va, L2_SMALL(PHYS, AP_RW));
    tlb_flush_page(va, 0);
    ok_eq(fault_of(va, true, false), 0, "page is writable");
    mmu_map_page(l1, va, L2_SMALL(PHYS, AP_RO));
    tlb_flush_page(va, 0);
    ok_eq(fault_of(va, true, false), 0xf, "page became read-only");
    ok_eq(fault_of(va, false, true), 0, "and is still readable");
    mmu_map_page(l1, va, 0);
    tlb_flush_page(va, 0);
    ok_eq(fault_of(va, false, false), 7, "page went away");
    mmu_map_page(l1, va, L2_SMALL(PHYS, AP_RW));
    ok_eq(fault_of(va, false, false), 0, "a new page needs no flush");
}

static uint32_t va_to_pa(uint32_t va, unsigned kind)
{
    switch (kind) {
    case 0: CP15_WRITE(0, c7, c8, 0, va); break;
    case 1: CP15_WRITE(0, c7, c8, 1, va); break;
    case 2: CP15_WRITE(0, c7, c8, 2, va); break;
    default: CP15_WRITE(0, c7, c8, 3, va); break;
    }
    return CP15_READ(0, c7, c4, 0);
}

static void address_translation(void)
{
    set_l1(VA, L1_SECTION(PHYS, AP_PRIV, 0));
    ok_eq(va_to_pa(VA + 0x12345, 0) & 0xfffff001, PHYS + 0x12000, "VA to PA: privileged read");
    ok_eq(va_to_pa(VA + 0x12345, 1) & 0xfffff001, PHYS + 0x12000, "VA to PA: privileged write");
    ok_eq(va_to_pa(VA + 0x12345, 2) & 0x3f, 0xd << 1 | 1, "VA to PA: user read");
    ok_eq(va_to_pa(0x50000000, 0) & 0x3f, 5 << 1 | 1, "VA to PA: unmapped");
}

/* The same physical page at two addresses, and many pages more than any table of recent ones holds. */
static void aliases(void)
{
    set_l1(VA, L1_SECTION(PHYS, AP_RW, 0));
    set_l1(VA2, L1_SECTION(PHYS, AP_RW, 0));
    tlb_flush();                /* single pages were there before */
    bool good = true;
    for (unsigned i = 0; i < 256; i++) {
        wr32(VA + i * 0x1000 + 4 * i, i * 0x01010101);
        good &= rd32(VA2 + i * 0x1000 + 4 * i) == i * 0x01010101 && rd32(PHYS + i * 0x1000 + 4 * i) == i * 0x01010101;
    }
    ok(good, "a section at two addresses");
    for (unsigned mb = 0x300; mb < 0x700; mb++) {
        l1[mb] = L1_SECTION(PHYS + (mb & 15) * 0x100000, AP_RW, 0);
    }
    tlb_flush();
    for (unsigned i = 0; i < 16; i++) {
        wr32(PHYS + i * 0x100000 + 0x8000, i + 1);
    }
    for (unsigned mb = 0x300; mb < 0x700; mb++) {
        good &= rd32(mb << 20 | 0x8000) == (mb & 15) + 1;
    }
    ok(good, "1024 megabytes of virtual addresses");
}

int test_main(void)
{
    l1 = mmu_new_table();
    mmu_on(l1);
    wr32(PHYS, 0xe12fff1e);
    rights_of_sections_and_pages();
    sizes();
    execute_never();
    domains();
    access_flag();
    old_tables();
    split_tables();
    tables_outside_memory();
    asids();
    tlb_operations();
    address_translation();
    aliases();
    mmu_off();
    ok_eq(rd32(PHYS + 0x8000), 1, "MMU off again");
    return 0;
}
