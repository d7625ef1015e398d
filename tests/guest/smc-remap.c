/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code at one virtual address and changing physical ones: TLB flushes by address, ASID and as a whole, ASIDs used
 * again, a page remapped under the code that does it, chained code whose neighbour page moves, rights taken away; on
 * several CPUs with different tables at the same time. guest-test: cpus=1,2,4 timeout=30
 */
#include "smc-code.h"

enum { VA = 0x30000000, PAGES = 24, NB_ASIDS = 40 };

static uint32_t *l1;
static uint8_t *code;           /* PAGES pages; page n returns n + 1 at its start */

static uint32_t page_pa(unsigned n)
{
    return (uint32_t)code + 4096 * n;
}

static void map(uint32_t va, unsigned page, uint32_t bits)
{
    mmu_map_page(l1, va, L2_SMALL(page_pa(page), AP_RW) | bits);
}

static void by_address(void)
{
    bool good = true;

    for (unsigned i = 0; i < 60; i++) {
        map(VA, i % PAGES, 0);
        tlb_flush_page(VA, 0);
        good &= call((void *)VA, 0, 0) == i % PAGES + 1;
        good &= call((void *)VA, 0, 0) == i % PAGES + 1;
    }
    ok(good, "remapped, flush by address");
    good = true;
    for (unsigned i = 0; i < 60; i++) {
        map(VA, (i * 5 + 1) % PAGES, 0);
        tlb_flush();
        good &= call((void *)VA, 0, 0) == (i * 5 + 1) % PAGES + 1;
    }
    ok(good, "remapped, flush of all");
}

static void by_asid(void)
{
    bool good = true;

    for (unsigned i = 0; i < 60; i++) {
        unsigned asid = i % 3 + 1;

        set_asid(asid);
        map(VA, i % PAGES, L2_NG);
        tlb_flush_asid(asid);
        good &= call((void *)VA, 0, 0) == i % PAGES + 1;
    }
    ok(good, "remapped, flush by ASID, three ASIDs in turn");

    /* Many ASIDs, each with another page, visited in an order of its own; the tables change with them. */
    uint32_t *tables[NB_ASIDS];

    for (unsigned a = 0; a < NB_ASIDS; a++) {
        tables[a] = heap_alloc(16384, 16384);
        memcpy(tables[a], l1, 16384);
        mmu_new_l2(tables[a], VA, 0);
        mmu_map_page(tables[a], VA, L2_SMALL(page_pa(a % PAGES), AP_RW) | L2_NG);
    }
    tlb_flush();
    good = true;
    uint32_t seed = 12345;
    for (unsigned i = 0; i < 600; i++) {
        unsigned a = i < NB_ASIDS ? i : random32(&seed) % NB_ASIDS;

        set_asid(0);
        CP15_WRITE(0, c2, c0, 0, (uint32_t)tables[a]);
        isb();
        set_asid(a + 1);
        good &= call((void *)VA, 0, 0) == a % PAGES + 1;
    }
    ok(good, "40 ASIDs with tables of their own");

    /* The ASIDs are given to other programs. */
    good = true;
    for (unsigned i = 0; i < 400; i++) {
        unsigned a = random32(&seed) % NB_ASIDS, asid = random32(&seed) % 6 + 1;

        set_asid(0);
        CP15_WRITE(0, c2, c0, 0, (uint32_t)tables[a]);
        isb();
        tlb_flush_asid(asid);
        set_asid(asid);
        good &= call((void *)VA, 0, 0) == a % PAGES + 1 && call((void *)VA, 0, 0) == a % PAGES + 1;
    }
    ok(good, "ASIDs used again after a flush");
    set_asid(0);
    CP15_WRITE(0, c2, c0, 0, (uint32_t)l1);
    isb();
    tlb_flush();
}

/*
 * Position-independent: r0 = address of the descriptor, r1 = new descriptor, r2 = VA: maps another page over itself.
 * Page A has MOV r0, #1 behind the flush, page B MOV r0, #2.
 */
__asm__(".pushsection .rodata\n .balign 4\n .global remap_self, remap_self_result, remap_self_end\n"
        "remap_self: mov r3, #0\n str r1, [r0]\n mcr p15, 0, r3, c7, c10, 4\n"
        "mcr p15, 0, r2, c8, c6, 1\n mcr p15, 0, r2, c8, c5, 1\n mcr p15, 0, r3, c7, c5, 6\n"
        "mcr p15, 0, r3, c7, c10, 4\n mcr p15, 0, r3, c7, c5, 4\n"
        "remap_self_result: mov r0, #1\n bx lr\n remap_self_end:\n"
        ".popsection");
extern const uint32_t remap_self[], remap_self_result[], remap_self_end[];

typedef uint32_t remap_fn(uint32_t descriptor_at, uint32_t descriptor, uint32_t va);

static void own_page(void)
{
    uint32_t at = (l1[VA >> 20] & 0xfffffc00) + 4 * ((VA >> 12) & 0xff);
    uint32_t result = (uint32_t)remap_self_result - (uint32_t)remap_self;
    uint8_t *two = page_alloc(2);
    bool good = true;

    for (unsigned n = 0; n < 2; n++) {
        uint8_t *p = two + 4096 * n;

        memcpy(p, remap_self, (uint32_t)remap_self_end - (uint32_t)remap_self);
        *(uint32_t *)(p + result) = A_MOV_R0(n + 1);
        code_written(p, 256);
    }
    for (unsigned i = 0; i < 40; i++) {
        unsigned from = i & 1, to = i >> 1 & 1;

        mmu_map_page(l1, VA, L2_SMALL((uint32_t)two + 4096 * from, AP_RW));
        tlb_flush_page(VA, 0);
        good &= ((remap_fn *)VA)(at, L2_SMALL((uint32_t)two + 4096 * to, AP_RW), VA) == to + 1;
    }
    ok(good, "code maps another page over itself");
}

/*
 * A loop in page VA calls page VA + 4096 each time; an SVC-free way to change the mapping in between is the called page
 * itself: it returns a number, the loop sums up; the mapping changes between calls of the loop, which stays chained.
 */
__asm__(".pushsection .rodata\n .balign 4\n .global sum_loop, sum_loop_end\n"
        "sum_loop: push {r4-r6, lr}\n mov r4, #0\n mov r5, r0\n mov r6, r1\n"
        "1: mov lr, pc\n mov pc, r6\n add r4, r4, r0\n subs r5, r5, #1\n bne 1b\n mov r0, r4\n pop {r4-r6, pc}\n"
        "sum_loop_end:\n .popsection");
extern const uint32_t sum_loop[], sum_loop_end[];

static void chained(void)
{
    uint8_t *p = page_alloc(1);
    bool good = true;

    memcpy(p, sum_loop, (uint32_t)sum_loop_end - (uint32_t)sum_loop);
    code_written(p, 256);
    /* At the end of the page a branch to the next page. */
    *(uint32_t *)(p + 4092) = 0xeaffffffu;      /* B . + 4 */
    code_written(p + 4092, 4);
    mmu_map_page(l1, VA, L2_SMALL((uint32_t)p, AP_RW));
    tlb_flush_page(VA, 0);
    for (unsigned i = 0; i < 60; i++) {
        unsigned page = i * 7 % PAGES;

        map(VA + 4096, page, 0);
        tlb_flush_page(VA + 4096, 0);
        good &= call((void *)VA, 100, VA + 4096) == 100 * (page + 1);
        good &= call((void *)(VA + 4092), 0, 0) == page + 1;
    }
    ok(good, "neighbour page of chained code remapped");

    map(VA + 4096, 3, 0);
    tlb_flush_page(VA + 4096, 0);
    good = call((void *)VA, 50, VA + 4096) == 200;
    map(VA + 4096, 3, L2_XN);
    tlb_flush_page(VA + 4096, 0);
    good &= CAUGHT(try_call(VA + 4096, 0)) == 1 && exc_log()->exc.type == EXC_PABT;
    good &= CAUGHT(try_call(VA + 4092, 0)) == 1;
    map(VA + 4096, 3, 0);
    tlb_flush_page(VA + 4096, 0);
    good &= call((void *)VA, 50, VA + 4096) == 200 && call((void *)(VA + 4092), 0, 0) == 4;
    ok(good, "execute right taken away and given back");

    mmu_map_page(l1, VA + 4096, 0);
    tlb_flush_page(VA + 4096, 0);
    good = CAUGHT(try_call(VA + 4092, 0)) == 1 && exc_log()->exc.type == EXC_PABT;
    ok(good, "page unmapped under chained code");
}

/* Code changed through its physical page while mapped at two addresses; one of them is a window at other offsets. */
static void two_mappings(void)
{
    bool good = true;

    map(VA + 0x5000, 7, 0);
    map(VA + 0x9000, 7, 0);
    tlb_flush();
    for (unsigned i = 0; i < 20; i++) {
        volatile uint32_t *p = (uint32_t *)(VA + (i & 1 ? 0x5000 : 0x9000) + 64);

        make_return(p, 100 + i);
        good &= call((void *)(VA + 0x5040), 0, 0) == 100 + i && call((void *)(VA + 0x9040), 0, 0) == 100 + i;
        good &= call((void *)(page_pa(7) + 64), 0, 0) == 100 + i;
    }
    ok(good, "code at three virtual addresses, changed through two");
}

/* ---- every CPU with a table of its own ---- */

static uint32_t *cpu_table[MAX_CPUS];
static volatile uint32_t wrong[MAX_CPUS];
static struct barrier start;

static void other_tables(uint32_t argument)
{
    unsigned cpu = cpu_id(), n = num_cpus();
    uint32_t *t = cpu_table[cpu];

    (void)argument;
    if (cpu) {
        mmu_on(t);
    }
    CP15_WRITE(0, c2, c0, 0, (uint32_t)t);
    tlb_flush();
    barrier_wait(&start, n);
    for (unsigned i = 0; i < 300; i++) {
        unsigned page = (i + cpu * 5) % PAGES;

        mmu_map_page(t, VA, L2_SMALL(page_pa(page), AP_RW));
        tlb_flush_page(VA, 0);
        wrong[cpu] += call((void *)VA, 0, 0) != page + 1;
        wrong[cpu] += call((void *)VA, 0, 0) != page + 1;
    }
    barrier_wait(&start, n);
    if (cpu) {
        mmu_off();
    }
}

static void smp(void)
{
    uint32_t sum = 0;

    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        cpu_table[cpu] = heap_alloc(16384, 16384);
        memcpy(cpu_table[cpu], l1, 16384);
        mmu_new_l2(cpu_table[cpu], VA, 0);
    }
    smp_start();
    run_all(num_cpus(), other_tables);
    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        sum += wrong[cpu];
    }
    ok_eq(sum, 0, "every CPU maps other pages at the same address");
    CP15_WRITE(0, c2, c0, 0, (uint32_t)l1);
    tlb_flush();
}

int test_main(void)
{
    l1 = mmu_new_table();
    mmu_new_l2(l1, VA, 0);
    code = page_alloc(PAGES);
    for (unsigned n = 0; n < PAGES; n++) {
        make_return((uint32_t *)page_pa(n), n + 1);
    }
    mmu_on(l1);
    by_address();
    by_asid();
    own_page();
    chained();
    two_mappings();
    smp();
    return 0;
}
