/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests/cli/test-replay-parallel.py: CPUs that race in every way, and print at each checkpoint what came of it:
 * memory, and what each CPU has read so far. Accesses of all sizes, over borders of pages, exclusives, SWP, locks with
 * and without WFE, interrupts of timers and of other CPUs at any instruction, code that others write, the time.
 */
#include "runtime.h"

enum { CHECKPOINTS = 100, STEPS = 40, PAGE = 4096, WORDS = 64, SGI = 3 };

typedef struct Own {
    uint32_t hash, irqs, steps, seed;
    uint32_t values[256];
} __attribute__((aligned(PAGE))) Own;

static Own own[MAX_CPUS];
static uint8_t shared[2 * PAGE] __attribute__((aligned(PAGE)));
static volatile uint32_t ticket[2 * WORDS] __attribute__((aligned(PAGE)));     /* next, owner, what they guard */
static uint32_t code[4][8] __attribute__((aligned(PAGE)));
static struct barrier meeting;

static void see(Own *o, uint32_t v)
{
    o->hash = (o->hash ^ v) * 0x01000193u;
}

static void on_irq(struct exc *e)
{
    Own *o = &own[cpu_id()];
    uint32_t iar = rd32(GICC_IAR);

    e->lr -= 4;
    o->irqs++;
    see(o, e->lr);
    see(o, iar);
    if ((iar & 0x3ff) == IRQ_TWD) {
        wr32(TWD_BASE + TWD_STATUS, 1);
    }
    wr32(GICC_EOIR, iar);
}

/* ---- ways to race ---- */

static void words(Own *o, uint32_t r)
{
    volatile uint32_t *p = (uint32_t *)(void *)shared + r % (2 * PAGE / 4);

    see(o, *p);
    *p = *p * 5 + r;
}

static void small(Own *o, uint32_t r)
{
    volatile uint8_t *b = shared + r % (2 * PAGE);
    volatile uint16_t *h = (uint16_t *)(void *)(shared + (r >> 8) % (2 * PAGE - 2) / 2 * 2);

    see(o, *b + *h);
    *b += 3;
    *h = (uint16_t)(*h * 7 + r);
}

/* A word over the border of the pages. */
static void unaligned(Own *o, uint32_t r)
{
    uint8_t *p = shared + PAGE - 3 + r % 3;
    uint32_t v;

    __asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
    see(o, v);
    __asm__ volatile("str %0, [%1]" : : "r"(v + r), "r"(p) : "memory");
}

static void multiple(Own *o, uint32_t r)
{
    uint8_t *p = shared + PAGE - 16 + r % 4 * 4;
    register uint32_t a __asm__("r4"), b __asm__("r5"), c __asm__("r6"), d __asm__("r7");

    __asm__ volatile("ldmia %4, {r4-r7}" : "=r"(a), "=r"(b), "=r"(c), "=r"(d) : "r"(p) : "memory");
    see(o, a + b * 3 + c * 5 + d * 7);
    a += r;
    d ^= r;
    __asm__ volatile("stmia %0, {r4-r7}" : : "r"(p), "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
}

static void exclusive(Own *o, uint32_t r)
{
    uint32_t *p = (uint32_t *)(void *)shared + r % 4, v, failed, tries = 0;
    uint8_t *b = (uint8_t *)p + 33;

    do {
        __asm__ volatile("ldrex %0, [%1]" : "=r"(v) : "r"(p) : "memory");
        v = v * 3 + 1;
        __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(v), "r"(p) : "memory");
        tries++;
    } while (failed);
    see(o, v + tries);
    /* Fails if anybody was there, and that is all right. */
    __asm__ volatile("ldrexb %0, [%1]" : "=r"(v) : "r"(b) : "memory");
    __asm__ volatile("strexb %0, %1, [%2]" : "=&r"(failed) : "r"(v + 1), "r"(b) : "memory");
    see(o, v + failed);
}

static void swap(Own *o, uint32_t r)
{
    uint32_t *p = (uint32_t *)(void *)(shared + PAGE) + r % 16, v;

    __asm__ volatile("swp %0, %1, [%2]" : "=&r"(v) : "r"(r), "r"(p) : "memory");
    see(o, v);
}

static void lock(Own *o, uint32_t r)
{
    uint32_t mine = atomic_add(&ticket[0], 1) - 1;

    while (ticket[1] != mine) {
        if (r & 256) {
            wfe();
        }
    }
    dmb();
    see(o, ticket[2]);
    ticket[2] = ticket[2] * 9 + r;
    dmb();
    ticket[1] = mine + 1;
    dsb();
    sev();
}

/* A function that another CPU may be writing or calling just now: each word of it is an instruction at any time. */
static void written(Own *o, uint32_t r)
{
    uint32_t *f = code[r % 4];

    if (r & 256) {
        ((volatile uint32_t *)f)[0] = 0xe2800000u | (r >> 12 & 0xff);      /* add r0, r0, #n */
        code_written(f, 4);
    } else {
        isb();
        see(o, ((uint32_t (*)(uint32_t))f)(r));
    }
}

static void alone(Own *o, uint32_t r)
{
    for (uint32_t i = 0; i < r % 4000; i++) {
        uint32_t *p = &o->values[(r + i) % 256];

        *p = *p * 17 + i;
        see(o, *p);
    }
}

static void step(Own *o)
{
    uint32_t r = random32(&o->seed), what = r >> 27;

    r &= 0x7ffffff;
    o->steps++;
    switch (what) {
    case 0: case 1: words(o, r); break;
    case 2: small(o, r); break;
    case 3: unaligned(o, r); break;
    case 4: multiple(o, r); break;
    case 5: exclusive(o, r); break;
    case 6: swap(o, r); break;
    case 7: lock(o, r); break;
    case 8: written(o, r); break;
    case 9: gic_send_sgi(SGI, r % 64 & ((1u << num_cpus()) - 1)); break;
    case 10: see(o, r & 3 ? r : ticks24()); break;
    default: alone(o, r); break;
    }
}

static uint32_t hash_of(const void *memory, uint32_t bytes)
{
    const uint32_t *p = memory;
    uint32_t h = 0x811c9dc5u;

    for (uint32_t i = 0; i < bytes / 4; i++) {
        h = (h ^ p[i]) * 0x01000193u;
    }
    return h;
}

static void race(uint32_t cpu)
{
    Own *o = &own[cpu];

    set_sctlr(sctlr() | SCTLR_U);
    exc_handle(EXC_IRQ, on_irq);
    gic_init_cpu();
    gic_enable(IRQ_TWD, 0xa0, 0);
    gic_enable(SGI, 0xa0, 0);
    wr32(TWD_BASE + TWD_LOAD, 400000 + 10000 * cpu);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    o->seed = cpu + 1;
    irq_enable();
    for (unsigned i = 0; i < CHECKPOINTS; i++) {
        barrier_wait(&meeting, num_cpus());
        for (unsigned k = 0; k < STEPS; k++) {
            step(o);
        }
        barrier_wait(&meeting, num_cpus());
        if (cpu == 0) {
            print("checkpoint %u: memory %x, CPUs", i, (unsigned)hash_of(shared, sizeof(shared)));
            for (unsigned n = 0; n < num_cpus(); n++) {
                print(" %x/%u", (unsigned)own[n].hash, (unsigned)own[n].irqs);
            }
            print(", ticket %x\n", (unsigned)ticket[2]);
        }
    }
    irq_disable();
}

int test_main(void)
{
    for (unsigned i = 0; i < 4; i++) {
        code[i][0] = 0xe2800001;        /* add r0, r0, #1 */
        code[i][1] = 0xe12fff1e;        /* bx lr */
    }
    code_written(code, sizeof(code));
    gic_init();
    smp_start();
    run_all(num_cpus(), race);
    print("end at %x\n", (unsigned)ticks24());
    semihosting_exit(true);
}
