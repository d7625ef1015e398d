/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of all kinds, one behind the other, while what leads to their handlers changes: the address space, the
 * page behind the vectors, high vectors or low ones, domains, the handlers' text, their translations; by this CPU
 * between two series, and by its neighbour at any time. Interrupts come in between. Each handler adds the number of the
 * page that it is in, so the sum says whether a stale one ran; all registers and flags are looked at.
 * guest-test: cpus=1,2,4 timeout=120
 */
#include "runtime.h"

enum { HIGH = 0xffff0000, UNMAPPED = 0x20000000, SERIES = 400, TURNS = 3, CHANGES = 2000 };
enum { SVCS = 5, OTHERS = 11 };     /* exceptions of a turn of storm_user */
enum { IRQ_NEIGHBOUR = 5, BESIDE = 0x800 / 4 };
_Static_assert(TURNS == 3, "as storm_user has it");

/*
 * The page: vectors, handlers behind them, and what they need of the image as constants. The ways to return are all
 * different. The word 0x800 bytes behind the page's begin is for neighbours to store to.
 */
__asm__(".pushsection .text\n.arm\n.balign 4\n"
        ".global page_text, page_irq, page_svc, page_undef, page_abort, page_bkpt, page_end\n"
        "page_text:\n"
        "nop\nb 2f\nb 1f\nb 4f\nb 3f\nnop\nb 5f\nnop\n"
        "page_irq: 6: .word 0\n7: .word storm_exit + 4\n8: .word storm_back\n"
        "1:\n"                                      /* SVC; the last one leaves User mode */
        "str r12, [sp, #-8]!\nldr r12, 7b\ncmp r12, lr\nldr r12, [sp], #8\nldreq pc, 8b\n"
        "page_svc: add r0, r0, #0\n"
        "movs pc, lr\n"
        "2:\npage_undef: add r0, r0, #0\n"
        "srsdb sp!, #0x1b\nrfeia sp!\n"
        "3: str r1, [sp, #-8]!\nmrs r1, spsr\ntst r1, #0x20\nsubeq lr, lr, #4\nsubne lr, lr, #6\nldr r1, [sp], #8\n"
        "page_abort: add r0, r0, #0\n"
        "stmfd sp!, {r2, lr}\nldmfd sp!, {r2, pc}^\n"
        "4:\npage_bkpt: add r0, r0, #0\n"
        "subs pc, lr, #0\n"
        "5: ldr pc, 6b\n"
        "page_end:\n"
        ".popsection\n");
extern uint32_t vectors[], page_text[], page_irq[], page_svc[], page_undef[], page_abort[], page_bkpt[], page_end[];

/*
 * uint64_t storm(psr, function): run it in that mode. It begins with r0 = 0; what it has there and in r1 at its last
 * SVC is the result. storm_user: TURNS turns of exceptions; r1: whether a register or a flag was lost.
 */
__asm__(".pushsection .text\n.arm\n.balign 4\n"
        ".global storm, storm_back, storm_exit, storm_user, one_user\n"
        "storm: push {r4-r11, lr}\nmsr spsr_fsxc, r0\nmov lr, r1\nmov r0, #0\nmovs pc, lr\n"
        "storm_back: pop {r4-r11, pc}\n"
        "storm_values: .word 0x11, 0x22, 0x333, 0x4444, 0x20000000, 0x66666, 0x7777777, 0x88888888, 0x99, 0xaaa, 0xb\n"
        ".macro take flags, insn:vararg\n"
        "msr cpsr_f, #\\flags\n\\insn\nmrs lr, cpsr\nlsr lr, lr, #28\ncmp lr, #\\flags >> 28\nbne storm_bad\n"
        ".endm\n"
        ".macro compare insn:vararg\n"                  /* flags that nobody has stored yet */
        "cmp r1, r2\n\\insn\nbhs storm_bad\nbeq storm_bad\nbpl storm_bad\nbvs storm_bad\n"
        ".endm\n"
        "storm_user: adr r12, storm_values\nldm r12, {r1-r11}\nmov sp, #3\n"
        "1: take 0xa0000000, svc 0\n"
        "take 0x50000000, .inst 0xe7f000f0\n"
        "compare ldr r3, [r5]\n"
        "compare str r3, [r5, #8]\n"
        "compare ldrd r6, r7, [r5]\n"
        "compare ldm r5, {r6, r8, r9}\n"
        "compare stm r5, {r1-r4}\n"
        "compare swp r4, r3, [r5]\n"
        "take 0x90000000, bkpt 0\n"
        "cmp r1, r2\nsvclo #0\nsvceq #0\nbhs storm_bad\n"
        "b 2f\n"                                        /* the last word of a page */
        ".balign 4096\n.space 4096 - 8\n"
        "2: cmp r1, r2\nsvc #0\nbhs storm_bad\nbpl storm_bad\n"
        "add lr, pc, #1\nbx lr\n.thumb\n"
        "cmp r1, r2\nsvc #0\nbhs 3f\n.inst.n 0xde00\nbpl 3f\nldr r3, [r5]\nbhs 3f\nnop\nbx pc\nnop\n.arm\n"
        "b 4f\n"
        ".thumb\n3: bx pc\nnop\n.arm\nb storm_bad\n"
        "4: compare svc 0\n"
        "take 0x60000000, ldrb r3, [r5, #1]\n"
        "subs sp, sp, #1\nbne 1b\n"
        "adr lr, 9f\nldr lr, [lr]\ncmp r12, lr\n"
        ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n"
        "ldreq sp, [lr], #4\ncmpeq r\\n, sp\n"
        ".endr\n"
        "bne storm_bad\nmov r1, #0\n"
        "storm_exit: svc #0\n"
        "storm_bad: mov r1, #1\nb storm_exit\n"
        "9: .word storm_values\n"
        "one_user: svc #0\nb storm_exit\n"
        ".popsection\n");
uint64_t storm(uint32_t psr, void (*function)(void));
void storm_user(void);
void one_user(void);

/* A CPU's two address spaces; [0]: page behind the high vectors, [1]: behind the low ones. */
static struct space {
    uint32_t *l1, *page[2], asid;
    uint32_t number[2];         /* what these pages' handlers add */
} spaces[MAX_CPUS][2];
static volatile uint32_t published[MAX_CPUS];   /* changes of page_svc that the neighbour has made */
static volatile uint32_t lost, stale, late, interrupts;
static struct barrier meet;

static void on_irq(uint32_t iar)
{
    atomic_add(&interrupts, 1);
    if ((iar & 0x3ff) == IRQ_TWD) {
        wr32(TWD_BASE + TWD_STATUS, 1);
    }
}

static void text_changed(void)
{
    dsb();
    CP15_WRITE(0, c7, c5, 0, 0);
    dsb();
    isb();
}

static void put_number(uint32_t *page, const uint32_t *insn, uint32_t number)
{
    __atomic_store_n(page + (insn - page_text), 0xe2800000 | (number & 0xff), __ATOMIC_RELAXED);
}

static void number_page(struct space *s, unsigned n, uint32_t number)
{
    s->number[n] = number & 0xff;
    put_number(s->page[n], page_svc, number);
    put_number(s->page[n], page_undef, number);
    put_number(s->page[n], page_abort, number);
    put_number(s->page[n], page_bkpt, number);
    text_changed();
}

static void map_pages(struct space *s)
{
    mmu_map_page(s->l1, HIGH, L2_SMALL((uint32_t)s->page[0], AP_PRIV) | L2_NG);
    mmu_map_page(s->l1, 0, L2_SMALL((uint32_t)s->page[1], AP_PRIV) | L2_NG);
}

static void make_space(struct space *s, uint32_t asid)
{
    s->l1 = mmu_new_table();
    s->asid = asid;
    mmu_new_l2(s->l1, HIGH, 0);
    mmu_new_l2(s->l1, 0, 0);
    for (uint32_t at = 0; at < 0x100000; at += 4096) {
        mmu_map_page(s->l1, at, L2_SMALL(at, AP_RW));
    }
    for (unsigned n = 0; n < 2; n++) {
        s->page[n] = heap_alloc(4096, 4096);
        memcpy(s->page[n], page_text, (size_t)((char *)page_end - (char *)page_text));
        s->page[n][page_irq - page_text] = vectors[8 + EXC_IRQ];
        number_page(s, n, asid * 2 + n);
    }
    map_pages(s);
}

/* Tables for all of the image are the same in both, so the order does not matter. */
static void enter_space(const struct space *s)
{
    CP15_WRITE(0, c2, c0, 0, (uint32_t)s->l1);
    set_asid(s->asid);
}

/* What a CPU changes of its own between two series. */
static struct space *change(struct space *of, struct space *s, uint32_t r)
{
    uint32_t *page = s->page[0], number = s->number[0];

    switch (r % 8) {
    case 0:
    case 1:
        s = s == of ? of + 1 : of;
        enter_space(s);
        break;
    case 2:
        s->page[0] = s->page[1];
        s->number[0] = s->number[1];
        s->page[1] = page;
        s->number[1] = number;
        map_pages(s);
        tlb_flush_page(HIGH, s->asid);
        tlb_flush_page(0, s->asid);
        break;
    case 3:
        tlb_flush();
        break;
    case 4:
        number_page(s, r >> 4 & 1, r >> 8);
        break;
    case 5:
        set_sctlr(sctlr() ^ SCTLR_V);
        break;
    case 6:
        set_dacr(r >> 4 & 1 ? 0x15 : 0x55);     /* nothing is in domain 3 */
        break;
    default:
        tlb_flush_asid(s->asid);
        break;
    }
    return s;
}

static void series(uint32_t cpu, struct space *of, uint32_t *seed)
{
    const unsigned neighbour = (cpu + 1) % num_cpus();
    struct space *s = of;

    for (unsigned i = 0; i < SERIES; i++) {
        uint32_t r = random32(seed), number;
        uint64_t got;

        s = change(of, s, r);
        number = s->number[sctlr() & SCTLR_V ? 0 : 1];
        /* Beside a handler that the neighbour is in, perhaps. */
        __atomic_store_n(&spaces[neighbour][r >> 16 & 1].page[r >> 17 & 1][BESIDE], r, __ATOMIC_RELAXED);
        if (neighbour != cpu && !(r >> 18 & 3)) {
            gic_send_sgi(IRQ_NEIGHBOUR, 1u << neighbour);
        }
        wr32(TWD_BASE + TWD_LOAD, 1 + (r >> 20) % 1000);
        wr32(TWD_BASE + TWD_CONTROL, 5);
        got = storm((r >> 31 ? MODE_SYS : MODE_USR) | PSR_A, storm_user);
        if (got >> 32) {
            atomic_add(&lost, 1);
        } else if ((uint32_t)got != TURNS * (SVCS + OTHERS) * number) {
            atomic_add(&stale, 1);
        }
    }
    set_sctlr(sctlr() | SCTLR_V);
    enter_space(of);
}

/* The neighbour writes one handler anew and says so; which one runs is between what was said before and behind. */
static void changes(uint32_t cpu)
{
    const unsigned neighbour = (cpu + 1) % num_cpus();

    for (uint32_t i = 1; i <= CHANGES; i++) {
        uint32_t before, got, after;

        put_number(spaces[neighbour][0].page[0], page_svc, i);
        text_changed();
        dmb();
        published[neighbour] = i;
        before = published[cpu];
        dmb();
        text_changed();
        got = (uint32_t)storm(MODE_USR | PSR_A, one_user);
        dmb();
        after = published[cpu] + 1;
        if (((got - before) & 0xff) > after - before) {
            atomic_add(&late, 1);
        }
    }
}

static void job(uint32_t cpu)
{
    uint32_t seed = cpu + 1;

    enter_space(spaces[cpu]);
    tlb_flush();
    set_sctlr(sctlr() | SCTLR_V);
    irq_handle(on_irq);
    gic_enable(IRQ_TWD, 0xa0, 0);
    barrier_wait(&meet, num_cpus());
    series(cpu, spaces[cpu], &seed);
    barrier_wait(&meet, num_cpus());
    put_number(spaces[cpu][0].page[0], page_svc, 0);
    barrier_wait(&meet, num_cpus());
    changes(cpu);
    barrier_wait(&meet, num_cpus());
    wr32(TWD_BASE + TWD_CONTROL, 0);
    wr32(TWD_BASE + TWD_STATUS, 1);
    set_sctlr(sctlr() & ~SCTLR_V);
    mmu_off();
    irq_handle(NULL);
}

int test_main(void)
{
    uint32_t *plain = mmu_new_table();

    for (unsigned cpu = 0; cpu < num_cpus(); cpu++) {
        make_space(&spaces[cpu][0], 1 + 2 * cpu);
        make_space(&spaces[cpu][1], 2 + 2 * cpu);
    }
    gic_init();
    smp_start_mmu(plain);
    mmu_on(plain);
    run_all(num_cpus(), job);
    ok_eq(lost, 0, "no exception lost a register or a flag");
    ok_eq(stale, 0, "every exception was the right page's");
    ok_eq(late, 0, "a handler that the neighbour has written anew runs");
    ok(interrupts > 0, "with interrupts in between");
    return 0;
}
