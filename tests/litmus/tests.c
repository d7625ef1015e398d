/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests. Names: the shape, then what stands between the two accesses of each thread that has two. Verdicts are
 * those of the ARMv6 rules (ARM DDI 0100I B2.4-B2.6) as the later architecture made them precise: DMB and DSB are
 * cumulative, dependencies order but a store need not reach all other CPUs at once, exclusives and SWP order nothing.
 */
#include "tests.h"

#define R(thread, value)    r[thread]->value
#define KEY1(p)             (p)
#define KEY2(p, q)          ((p) << 2 | (q))
#define KEY3(p, q, s)       ((p) << 4 | (q) << 2 | (s))
#define KEY4(p, q, s, u)    ((p) << 6 | (q) << 4 | (s) << 2 | (u))
#define OUTCOME(name, key) \
    static uint32_t name(const struct instance *i, const struct reads *r[MAX_THREADS]) \
    { \
        (void)i; \
        (void)r; \
        return key; \
    }

/* SB: x = 1, read y || y = 1, read x: both read 0. */
#define SB(name, store, order) \
    THREAD(sb0_##name, store(x) order LD(a, y)) \
    THREAD(sb1_##name, store(y) order LD(a, x))
SB(none, ST1, NONE) SB(dmb, ST1, DMB) SB(dsb, ST1, DSB)
SB(swp, SWP1, NONE) SB(strex, STREX1, NONE) SB(swp_dmb, SWP1, DMB) SB(strex_dmb, STREX1, DMB)
OUTCOME(sb_outcome, KEY2(R(0, a), R(1, a)))

/* MP: x = 1, y = 1 || read y, read x: 1, 0. */
#define MP_WRITER(name, store, order) THREAD(mpw_##name, ST1(x) order store(y))
#define MP_READER(name, load, then) THREAD(mpr_##name, load(a, y) then)
MP_WRITER(none, ST1, NONE) MP_WRITER(dmb, ST1, DMB) MP_WRITER(dsb, ST1, DSB)
MP_WRITER(swp, SWP1, DMB) MP_WRITER(strex, STREX1, DMB)
MP_READER(none, LD, LD(b, x)) MP_READER(dmb, LD, DMB LD(b, x)) MP_READER(dsb, LD, DSB LD(b, x))
MP_READER(addr, LD, LD_ADDR(b, x)) MP_READER(ctrl, LD, LD_CTRL(b, x)) MP_READER(ldrex, LDREX, DMB LD(b, x))
OUTCOME(mp_outcome, KEY2(R(1, a), R(1, b)))

/* LB: read x, y = 1 || read y, x = 1: both read 1. */
#define LB(name, then0, then1) \
    THREAD(lb0_##name, LD(a, x) then0(y)) \
    THREAD(lb1_##name, LD(a, y) then1(x))
#define ST1_DMB(var) DMB ST1(var)
#define ST1_DSB(var) DSB ST1(var)
LB(none, ST1, ST1) LB(dmb, ST1_DMB, ST1_DMB) LB(dsb, ST1_DSB, ST1_DSB) LB(data, ST1_DATA, ST1_DATA)
LB(addr, ST1_ADDR, ST1_ADDR) LB(ctrl, ST1_CTRL, ST1_CTRL) LB(mixed, ST1_DMB, ST1_DATA)
OUTCOME(lb_outcome, KEY2(R(0, a), R(1, a)))

/* S: x = 2, y = 1 || read y, x = 1: y read as 1, x stays 2. */
#define S_WRITER(name, order) THREAD(sw_##name, ST2(x) order ST1(y))
S_WRITER(none, NONE) S_WRITER(dmb, DMB)
THREAD(sr_none, LD(a, y) ST1(x))
THREAD(sr_dmb, LD(a, y) DMB ST1(x))
THREAD(sr_data, LD(a, y) ST1_DATA(x))
OUTCOME(s_outcome, KEY2(R(1, a), i->x.v))

/* R: x = 1, y = 1 || y = 2, read x: y ends as 2, x read as 0. */
#define RTEST(name, order) \
    THREAD(r0_##name, ST1(x) order ST1(y)) \
    THREAD(r1_##name, ST2(y) order LD(a, x))
RTEST(none, NONE) RTEST(dmb, DMB) RTEST(dsb, DSB)
OUTCOME(r_outcome, KEY2(i->y.v, R(1, a)))

/* 2+2W: x = 1, y = 2 || y = 1, x = 2: both end as 1. */
#define W22(name, order) \
    THREAD(w0_##name, ST1(x) order ST2(y)) \
    THREAD(w1_##name, ST1(y) order ST2(x))
W22(none, NONE) W22(dmb, DMB)
OUTCOME(w22_outcome, KEY2(i->x.v, i->y.v))

/* WRC: x = 1 || read x, y = 1 || read y, read x: 1, 1, 0. */
THREAD(write_x, ST1(x))
THREAD(write_y, ST1(y))
THREAD(wrc1_none, LD(a, x) ST1(y))
THREAD(wrc1_dmb, LD(a, x) DMB ST1(y))
THREAD(wrc1_data, LD(a, x) ST1_DATA(y))
OUTCOME(wrc_outcome, KEY3(R(1, a), R(2, a), R(2, b)))

/* ISA2: x = 1, y = 1 || read y, z = 1 || read z, read x: 1, 1, 0. */
THREAD(isa1_dmb, LD(a, y) DMB ST1(z))
THREAD(isa1_data, LD(a, y) ST1_DATA(z))
THREAD(isa2_none, LD(a, z) LD(b, x))
THREAD(isa2_dmb, LD(a, z) DMB LD(b, x))
THREAD(isa2_addr, LD(a, z) LD_ADDR(b, x))
OUTCOME(isa2_outcome, KEY3(R(1, a), R(2, a), R(2, b)))

/* IRIW: x = 1 || y = 1 || read x, read y || read y, read x: the readers disagree. */
#define IRIW(name, then_y, then_x) \
    THREAD(iriw2_##name, LD(a, x) then_y) \
    THREAD(iriw3_##name, LD(a, y) then_x)
IRIW(none, LD(b, y), LD(b, x)) IRIW(dmb, DMB LD(b, y), DMB LD(b, x)) IRIW(addr, LD_ADDR(b, y), LD_ADDR(b, x))
OUTCOME(iriw_outcome, KEY4(R(2, a), R(2, b), R(3, a), R(3, b)))

/* Coherence: two reads of x see the store in order; own store and own read. */
THREAD(corr, LD(a, x) LD(b, x))
THREAD(corr_ldrex, LDREX(a, x) LD(b, x))
OUTCOME(corr_outcome, KEY2(R(1, a), R(1, b)))
THREAD(cowr0, ST1(x) LD(a, x))
THREAD(cowr1, ST2(x))
/* x = 1, read x: 2, then the other store came behind the own one, so x ends as 2. */
OUTCOME(cowr_outcome, KEY2(R(0, a), i->x.v))

#define TWO(name, t0, t1, outcome, weak, verdict)       { name, 2, { t0, t1 }, outcome, 2, weak, verdict }
#define THREE(name, t0, t1, t2, outcome, verdict)       { name, 3, { t0, t1, t2 }, outcome, 3, KEY3(1, 1, 0), verdict }
#define FOUR(name, t2, t3, verdict) \
    { name, 4, { write_x, write_y, t2, t3 }, iriw_outcome, 4, KEY4(1, 0, 1, 0), verdict }

const struct litmus_test litmus_tests[] = {
    TWO("SB", sb0_none, sb1_none, sb_outcome, KEY2(0, 0), ALLOWED),
    TWO("SB+dmbs", sb0_dmb, sb1_dmb, sb_outcome, KEY2(0, 0), FORBIDDEN),
    TWO("SB+dsbs", sb0_dsb, sb1_dsb, sb_outcome, KEY2(0, 0), FORBIDDEN),
    TWO("SB+dmb+none", sb0_dmb, sb1_none, sb_outcome, KEY2(0, 0), ALLOWED),
    TWO("SB+swps", sb0_swp, sb1_swp, sb_outcome, KEY2(0, 0), ALLOWED),
    TWO("SB+strexs", sb0_strex, sb1_strex, sb_outcome, KEY2(0, 0), ALLOWED),
    TWO("SB+swp-dmbs", sb0_swp_dmb, sb1_swp_dmb, sb_outcome, KEY2(0, 0), FORBIDDEN),
    TWO("SB+strex-dmbs", sb0_strex_dmb, sb1_strex_dmb, sb_outcome, KEY2(0, 0), FORBIDDEN),
    TWO("MP", mpw_none, mpr_none, mp_outcome, KEY2(1, 0), ALLOWED),
    TWO("MP+dmb+none", mpw_dmb, mpr_none, mp_outcome, KEY2(1, 0), ALLOWED),
    TWO("MP+none+addr", mpw_none, mpr_addr, mp_outcome, KEY2(1, 0), ALLOWED),
    TWO("MP+dmb+ctrl", mpw_dmb, mpr_ctrl, mp_outcome, KEY2(1, 0), ALLOWED),
    TWO("MP+dmbs", mpw_dmb, mpr_dmb, mp_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("MP+dsbs", mpw_dsb, mpr_dsb, mp_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("MP+dmb+addr", mpw_dmb, mpr_addr, mp_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("MP+dmb-swp+dmb", mpw_swp, mpr_dmb, mp_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("MP+dmb-strex+dmb", mpw_strex, mpr_dmb, mp_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("MP+dmb-strex+ldrex-dmb", mpw_strex, mpr_ldrex, mp_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("LB", lb0_none, lb1_none, lb_outcome, KEY2(1, 1), ALLOWED),
    TWO("LB+dmbs", lb0_dmb, lb1_dmb, lb_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("LB+dsbs", lb0_dsb, lb1_dsb, lb_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("LB+datas", lb0_data, lb1_data, lb_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("LB+addrs", lb0_addr, lb1_addr, lb_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("LB+ctrls", lb0_ctrl, lb1_ctrl, lb_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("LB+dmb+data", lb0_mixed, lb1_mixed, lb_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("S", sw_none, sr_none, s_outcome, KEY2(1, 2), ALLOWED),
    TWO("S+dmbs", sw_dmb, sr_dmb, s_outcome, KEY2(1, 2), FORBIDDEN),
    TWO("S+dmb+data", sw_dmb, sr_data, s_outcome, KEY2(1, 2), FORBIDDEN),
    TWO("R", r0_none, r1_none, r_outcome, KEY2(2, 0), ALLOWED),
    TWO("R+dmbs", r0_dmb, r1_dmb, r_outcome, KEY2(2, 0), FORBIDDEN),
    TWO("R+dsbs", r0_dsb, r1_dsb, r_outcome, KEY2(2, 0), FORBIDDEN),
    TWO("2+2W", w0_none, w1_none, w22_outcome, KEY2(1, 1), ALLOWED),
    TWO("2+2W+dmbs", w0_dmb, w1_dmb, w22_outcome, KEY2(1, 1), FORBIDDEN),
    TWO("CoRR", write_x, corr, corr_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("CoRR+ldrex", write_x, corr_ldrex, corr_outcome, KEY2(1, 0), FORBIDDEN),
    TWO("CoWR", cowr0, cowr1, cowr_outcome, KEY2(2, 1), FORBIDDEN),
    THREE("WRC", write_x, wrc1_none, mpr_none, wrc_outcome, ALLOWED),
    THREE("WRC+data+addr", write_x, wrc1_data, mpr_addr, wrc_outcome, ALLOWED),
    THREE("WRC+dmbs", write_x, wrc1_dmb, mpr_dmb, wrc_outcome, FORBIDDEN),
    THREE("WRC+dmb+addr", write_x, wrc1_dmb, mpr_addr, wrc_outcome, FORBIDDEN),
    THREE("ISA2+dmb+data+none", mpw_dmb, isa1_data, isa2_none, isa2_outcome, ALLOWED),
    THREE("ISA2+dmbs", mpw_dmb, isa1_dmb, isa2_dmb, isa2_outcome, FORBIDDEN),
    THREE("ISA2+dmb+data+addr", mpw_dmb, isa1_data, isa2_addr, isa2_outcome, FORBIDDEN),
    FOUR("IRIW", iriw2_none, iriw3_none, ALLOWED),
    FOUR("IRIW+addrs", iriw2_addr, iriw3_addr, ALLOWED),
    FOUR("IRIW+dmbs", iriw2_dmb, iriw3_dmb, FORBIDDEN),
};
const unsigned litmus_test_count = sizeof(litmus_tests) / sizeof(litmus_tests[0]);
