/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory order between two CPUs: litmus tests SB, MP, LB, S, R and 2+2W with DMB, and with DSB where it matters. The
 * forbidden outcome must not appear once (ARM DDI 0100I B2.6). WRC and IRIW need four CPUs.
 * guest-test: cpus=2,4 timeout=60 modes=unified,separate,interp
 */
#include "runtime.h"

/*
 * Both CPUs run through arrays of cells; each cell is one run of the litmus test. The CPUs drift against each other, so
 * that every overlap occurs; they meet at the start of each pass.
 */
enum { CELLS = 2048, PASSES = 60 };
static struct cell {
    volatile uint32_t x, y;
    uint32_t r[6];
    uint32_t pad[8];
} cells[CELLS] __attribute__((aligned(64)));
static struct barrier meet;
static volatile uint32_t forbidden, unusual;
static unsigned passes;

typedef void side_fn(struct cell *c);

#define SIDE(name, body) static void name(struct cell *c) { body }
SIDE(sb0, c->x = 1; dmb(); c->r[0] = c->y;)
SIDE(sb1, c->y = 1; dmb(); c->r[1] = c->x;)
SIDE(sb0_dsb, c->x = 1; dsb(); c->r[0] = c->y;)
SIDE(sb1_dsb, c->y = 1; dsb(); c->r[1] = c->x;)
SIDE(mp0, c->x = 1; dmb(); c->y = 1;)
SIDE(mp1, c->r[0] = c->y; dmb(); c->r[1] = c->x;)
SIDE(lb0, c->r[0] = c->x; dmb(); c->y = 1;)
SIDE(lb1, c->r[1] = c->y; dmb(); c->x = 1;)
SIDE(s0, c->x = 2; dmb(); c->y = 1;)
SIDE(s1, c->r[0] = c->y; dmb(); c->x = 1;)
SIDE(r0, c->x = 1; dmb(); c->y = 1;)
SIDE(r1, c->y = 2; dmb(); c->r[0] = c->x;)
SIDE(w0, c->x = 1; dmb(); c->y = 2;)
SIDE(w1, c->y = 1; dmb(); c->x = 2;)
SIDE(nothing, (void)c;)
SIDE(wrc0, c->x = 1;)
SIDE(wrc1, c->r[0] = c->x; dmb(); c->y = 1;)
SIDE(wrc2, c->r[1] = c->y; dmb(); c->r[2] = c->x;)
SIDE(iriw0, c->x = 1;)
SIDE(iriw1, c->y = 1;)
SIDE(iriw2, c->r[0] = c->x; dmb(); c->r[1] = c->y;)
SIDE(iriw3, c->r[2] = c->y; dmb(); c->r[3] = c->x;)
/* Store buffering with exclusives as the stores, as in a lock; and with swp. */
SIDE(sbx0, (void)atomic_add(&c->x, 1); dmb(); c->r[0] = c->y;)
SIDE(sbx1, (void)atomic_add(&c->y, 1); dmb(); c->r[1] = c->x;)

static bool sb_bad(const struct cell *c) { return !c->r[0] && !c->r[1]; }
static bool mp_bad(const struct cell *c) { return c->r[0] && !c->r[1]; }
static bool lb_bad(const struct cell *c) { return c->r[0] && c->r[1]; }
static bool s_bad(const struct cell *c) { return c->r[0] && c->x == 2; }
static bool r_bad(const struct cell *c) { return c->y == 2 && !c->r[0]; }
static bool w_bad(const struct cell *c) { return c->x == 1 && c->y == 1; }
static bool wrc_bad(const struct cell *c) { return c->r[0] && c->r[1] && !c->r[2]; }
static bool iriw_bad(const struct cell *c) { return c->r[0] && !c->r[1] && c->r[2] && !c->r[3]; }

static const struct litmus {
    const char *name;
    unsigned cpus;
    bool ours;                  /* upstream shows the forbidden outcome */
    side_fn *side[4];
    bool (*bad)(const struct cell *c);
} tests[] = {
    { "SB with DMB", 2, true, { sb0, sb1, nothing, nothing }, sb_bad },
    { "SB with DSB", 2, true, { sb0_dsb, sb1_dsb, nothing, nothing }, sb_bad },
    { "SB with exclusives and DMB", 2, false, { sbx0, sbx1, nothing, nothing }, sb_bad },
    { "MP with DMB", 2, false, { mp0, mp1, nothing, nothing }, mp_bad },
    { "LB with DMB", 2, false, { lb0, lb1, nothing, nothing }, lb_bad },
    { "S with DMB", 2, false, { s0, s1, nothing, nothing }, s_bad },
    { "R with DMB", 2, true, { r0, r1, nothing, nothing }, r_bad },
    { "2+2W with DMB", 2, false, { w0, w1, nothing, nothing }, w_bad },
    { "WRC with DMB", 3, false, { wrc0, wrc1, wrc2, nothing }, wrc_bad },
    { "IRIW with DMB", 4, false, { iriw0, iriw1, iriw2, iriw3 }, iriw_bad },
};
static const struct litmus *now;

static void run_side(uint32_t cpu)
{
    unsigned n = now->cpus;
    uint32_t seed = cpu * 77 + 1;

    for (unsigned pass = 0; pass < passes; pass++) {
        if (cpu == 0) {
            for (unsigned i = 0; i < CELLS; i++) {
                struct cell *c = &cells[i];

                c->x = c->y = 0;
                c->r[0] = c->r[1] = c->r[2] = c->r[3] = 0;
            }
        }
        barrier_wait(&meet, n);
        for (unsigned i = random32(&seed) & 127; i; i--) {
            __asm__ volatile("" : : : "memory");
        }
        side_fn *fn = now->side[cpu];
        for (unsigned i = 0; i < CELLS; i++) {
            fn(&cells[i]);
        }
        barrier_wait(&meet, n);
        if (cpu == 0) {
            for (unsigned i = 0; i < CELLS; i++) {
                forbidden += now->bad(&cells[i]);
            }
        }
        barrier_wait(&meet, n);
    }
}

int test_main(void)
{
    smp_start();
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (tests[i].cpus > num_cpus()) {
            continue;
        }
        now = &tests[i];
        /* 10^6 runs of the tests the host would fail without barriers, fewer of the rest. */
        passes = tests[i].ours ? 500 : PASSES;
        forbidden = 0;
        run_all(now->cpus, run_side);
        if (forbidden) {
            print("# forbidden outcome %u times in %u\n", (unsigned)forbidden, passes * CELLS);
        }
        (tests[i].ours ? ok_ours : ok)(forbidden == 0, tests[i].name);
    }
    return 0;
}
