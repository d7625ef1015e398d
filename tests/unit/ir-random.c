/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See ir-random.h. */
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/ir-random.h"

static uint64_t counter_of_program;
uint64_t *ir_random_counter = &counter_of_program;

enum { MAX_LIVE = 12, MAX_OPEN = 4 };

typedef struct Gen {
    IRBlock *b;
    uint64_t *state;
    IRRef temps[MAX_LIVE];
    unsigned ntemps;
    uint32_t open[MAX_OPEN];    /* labels jumped to and not placed yet */
    unsigned nopen;
    uint32_t pc;
    unsigned base;              /* the register of half of the accesses */
} Gen;

static unsigned pick(Gen *g, unsigned n)
{
    return (test_random(g->state) >> 16) % n;
}

static IRRef constant(Gen *g)
{
    static const uint32_t interesting[] = {
        0, 1, 2, 3, 4, 8, 31, 32, 33, 0xff, 0x100, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc,
    };

    return ir_const(g->b, pick(g, 4) ? interesting[pick(g, 16)] : (uint32_t)test_random(g->state));
}

static IRRef source(Gen *g)
{
    switch (pick(g, 6)) {
    case 0:
        return constant(g);
    case 1: case 2:
        if (g->ntemps) {
            return g->temps[pick(g, g->ntemps)];
        }
        /* fall through */
    default:
        return REF_R(pick(g, 15));
    }
}

static IRRef new_temp(Gen *g)
{
    IRRef t = ir_temp(g->b);

    if (g->ntemps < MAX_LIVE) {
        g->temps[g->ntemps++] = t;
    } else {
        g->temps[pick(g, MAX_LIVE)] = t;
    }
    return t;
}

/* Decided before the sources, entered after them. */
static IRRef destination(Gen *g, bool temp)
{
    return temp ? new_temp(g) : REF_R(pick(g, 15));
}

static uint8_t some_flags(Gen *g, IROpcode opc)
{
    return pick(g, 2) ? ir_op_info[opc].sets : 0;
}

static void random_alu(Gen *g)
{
    static const uint8_t two[] = {
        IR_and, IR_or, IR_xor, IR_bic, IR_add, IR_sub, IR_adc, IR_sbc, IR_mul, IR_shlv, IR_shrv, IR_sarv, IR_rorv,
    };
    static const uint8_t one[] = {
        IR_mov, IR_mvn, IR_rrx, IR_clz, IR_rev, IR_rev16, IR_revsh, IR_sxtb, IR_sxth, IR_uxtb, IR_uxth,
    };
    IROpcode opc;
    IRRef a = source(g), b = REF_NONE, d;
    uint32_t imm = 0;
    uint8_t setf;

    switch (pick(g, 4)) {
    case 0:
        opc = one[pick(g, sizeof(one))];
        break;
    case 1:
        opc = IR_shl + pick(g, 4);
        imm = 1 + pick(g, 31);
        break;
    default:
        opc = two[pick(g, sizeof(two))];
        b = source(g);
        break;
    }
    setf = some_flags(g, opc);
    if (setf && (opc == IR_add || opc == IR_sub || opc == IR_and || opc == IR_xor) && pick(g, 3) == 0) {
        d = REF_NONE;
    } else {
        d = destination(g, pick(g, 2));
    }
    ir_emit(g->b, opc, d, a, b, imm)->setf = setf;
}

static void random_count(Gen *g)
{
    uintptr_t counter = (uintptr_t)ir_random_counter;
    bool field = pick(g, 2);
    IRRef low = ir_const(g->b, field ? ENV_OFFSET(counted[COUNTED_INSNS]) : (uint32_t)counter);

    ir_emit(g->b, IR_count, REF_NONE, low, field ? REF_NONE : ir_const(g->b, (uint32_t)(counter >> 32)),
            (uint32_t)test_random(g->state));
}

static void random_other(Gen *g)
{
    IRRef a = source(g), b = source(g);
    IROp *op;

    switch (pick(g, 11)) {
    case 0:
        ir_emit(g->b, IR_setc, REF_NONE, a, REF_NONE, 0);
        break;
    case 1:
        ir_emit(g->b, IR_getc, destination(g, pick(g, 2)), REF_NONE, REF_NONE, 0);
        break;
    case 2:
        ir_emit(g->b, IR_nz64, REF_NONE, a, b, 0);
        break;
    case 3:
        op = ir_emit(g->b, pick(g, 2) ? IR_umull : IR_smull, REF_NONE, a, b, 0);
        op->d = destination(g, pick(g, 2));
        op->c = destination(g, pick(g, 2));
        if (op->c == op->d) {
            op->c = new_temp(g);
        }
        break;
    case 4:
        op = ir_emit(g->b, pick(g, 2) ? IR_umlal : IR_smlal, REF_NONE, a, b, 0);
        op->d = destination(g, false);
        do {
            op->c = destination(g, false);
        } while (op->c == op->d);
        break;
    case 5:
        ir_emit(g->b, IR_barrier, REF_NONE, REF_NONE, REF_NONE, pick(g, BARRIER_PREFETCH + 1));
        break;
    case 6:
        random_count(g);
        break;
    case 7:
        ir_emit(g->b, IR_setflags, REF_NONE, a, REF_NONE, 0)->setf = F_NZCV;
        break;
    case 8:
        ir_emit(g->b, IR_getflags, destination(g, pick(g, 2)), REF_NONE, REF_NONE, 0);
        break;
    default:
        op = ir_emit(g->b, IR_csel, REF_NONE, a, b, 0);
        op->cc = pick(g, CC_AL);
        op->d = destination(g, pick(g, 2));
        break;
    }
}

static void random_memory(Gen *g)
{
    /* Often off one register, as a structure's fields. */
    IRRef base = pick(g, 2) ? REF_R(g->base) : source(g), value = source(g);
    uint32_t offset = pick(g, 4) ? pick(g, 16) * 4 - 32 : pick(g, 64);
    unsigned size = pick(g, 3);
    uint8_t mem = size | (pick(g, 8) ? 0 : MEM_BE);
    IROp *op;

    switch (pick(g, 5)) {
    case 0: case 1:
        mem |= size < 2 && pick(g, 2) ? MEM_SIGNED : 0;
        ir_emit(g->b, IR_ld, destination(g, pick(g, 2)), base, REF_NONE, offset)->mem = mem;
        break;
    case 2:
        ir_emit(g->b, IR_st, REF_NONE, base, value, offset)->mem = mem;
        break;
    case 3:
        op = ir_emit(g->b, pick(g, 2) ? IR_ldm : IR_stm, REF_NONE, base, REF_NONE, offset);
        op->mem = 3 | MEM_ALIGN | (pick(g, 8) ? 0 : MEM_BE);
        op->n = 1 + pick(g, 2) * pick(g, 3);
        op->arg = g->b->nargs;
        for (unsigned i = 0, first = pick(g, 13); i < op->n; i++) {
            g->b->args[g->b->nargs++] = REF_D(first + i);
        }
        break;
    default:
        op = ir_emit(g->b, pick(g, 2) ? IR_ldm : IR_stm, REF_NONE, base, REF_NONE, offset);
        op->mem = 2 | MEM_ALIGN;
        op->n = 1 + pick(g, 4);
        op->arg = g->b->nargs;
        for (unsigned i = 0, first = pick(g, 11); i < op->n; i++) {
            g->b->args[g->b->nargs++] = REF_R(first + i);
        }
        break;
    }
}

static void random_call(Gen *g)
{
    static const uint8_t ids[] = {
        HELPER_usad8, HELPER_cpsr_read, HELPER_lsl_c, HELPER_lsr_c, HELPER_asr_c, HELPER_ror_c, HELPER_user_reg_write,
        HELPER_cp14_write,
    };
    uint8_t id = ids[pick(g, sizeof(ids))];
    unsigned nargs = ir_helper_nargs(id);
    IRRef a = nargs > 0 ? source(g) : REF_NONE;
    IRRef b = nargs > 1 ? source(g) : REF_NONE;
    IRRef c = nargs > 2 ? source(g) : REF_NONE;

    ir_emit(g->b, IR_call, pick(g, 3) ? destination(g, pick(g, 2)) : REF_NONE, a, b, id)->c = c;
}

static void random_fp(Gen *g)
{
    static const uint8_t two[] = { IR_fadd, IR_fsub, IR_fmul, IR_fnmul, IR_fdiv };
    static const uint8_t one[] = { IR_fsqrt, IR_fmov, IR_fneg, IR_fabs };
    bool dbl = pick(g, 2);
    IRRef d = dbl ? REF_D(pick(g, 16)) : REF_S(pick(g, 32)), a = dbl ? REF_D(pick(g, 16)) : REF_S(pick(g, 32));
    IRRef b = dbl ? REF_D(pick(g, 16)) : REF_S(pick(g, 32)), single = REF_S(pick(g, 32)), f;
    uint8_t n = dbl ? 3 : 2;

    switch (pick(g, 11)) {
    case 0: case 1:
        ir_emit(g->b, two[pick(g, 5)], d, a, b, 0)->n = n;
        break;
    case 2:
        f = ir_ftemp(g->b);
        ir_emit(g->b, two[pick(g, 5)], f, a, b, 0)->n = n;
        ir_emit(g->b, IR_fadd, d, d, f, 0)->n = n;
        break;
    case 3:
        ir_emit(g->b, one[pick(g, 4)], d, a, REF_NONE, 0)->n = n;
        break;
    case 4:
        ir_emit(g->b, IR_fcmp, REF_NONE, a, pick(g, 3) ? b : REF_NONE, pick(g, 2))->n = n;
        break;
    case 5:
        ir_emit(g->b, IR_fcmp, REF_NONE, a, b, pick(g, 2))->n = n;
        if (pick(g, 2)) {
            random_alu(g);
        }
        ir_emit(g->b, IR_fmstat, REF_NONE, REF_NONE, REF_NONE, 0)->setf = F_NZCV;
        break;
    case 6:
        ir_emit(g->b, IR_fcvt, dbl ? single : REF_D(pick(g, 16)), a, REF_NONE, 0)->n = n;
        break;
    case 7:
        ir_emit(g->b, pick(g, 2) ? IR_fsito : IR_fuito, d, single, REF_NONE, 0)->n = n;
        break;
    case 8:
        f = REF_S(pick(g, 16) * 2);
        ir_emit(g->b, IR_fputw, f, source(g), REF_NONE, 0);
        ir_emit(g->b, IR_fputw, f + 1, source(g), REF_NONE, 0);
        break;
    case 9:
        ir_emit(g->b, pick(g, 2) ? IR_ftosi : IR_ftoui, single, a, REF_NONE, pick(g, 2))->n = n;
        break;
    default:
        if (pick(g, 2)) {
            ir_emit(g->b, IR_fputw, single, source(g), REF_NONE, 0);
        } else {
            ir_emit(g->b, IR_fgetw, destination(g, pick(g, 2)), single, REF_NONE, 0);
        }
        break;
    }
}

static void next_insn(Gen *g)
{
    ir_emit(g->b, IR_insn_start, REF_NONE, REF_NONE, REF_NONE, g->pc);
    g->b->guest_insns++;
    g->pc += 4;
}

/* A join point is where an instruction begins. */
static void place_label(Gen *g, uint32_t label)
{
    ir_emit(g->b, IR_label, REF_NONE, REF_NONE, REF_NONE, label);
    g->ntemps = 0;
    next_insn(g);
}

static void random_exit(Gen *g)
{
    IROp *op;

    switch (pick(g, 3)) {
    case 0:
        ir_emit(g->b, IR_exit_ind, REF_NONE, source(g), REF_NONE, 0);
        break;
    default:
        op = ir_emit(g->b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8000 + pick(g, 256) * 4);
        op->n = pick(g, 2);
        op->setf = pick(g, 3) ? pick(g, 16) : F_NZCV;       /* the guess may be wrong */
        break;
    }
}

static void random_control(Gen *g)
{
    if (g->nopen && pick(g, 2)) {
        if (pick(g, 3) == 0) {
            random_exit(g);
        }
        place_label(g, g->open[--g->nopen]);
    } else if (g->nopen && pick(g, 3) == 0) {
        ir_emit(g->b, IR_br_if, REF_NONE, REF_NONE, REF_NONE, g->open[pick(g, g->nopen)])->cc = pick(g, CC_AL);
    } else if (g->nopen < MAX_OPEN) {
        g->open[g->nopen] = ir_label(g->b);
        ir_emit(g->b, IR_br_if, REF_NONE, REF_NONE, REF_NONE, g->open[g->nopen++])->cc = pick(g, CC_AL);
    }
}

void ir_random_block(IRBlock *b, uint64_t *state, unsigned length, bool fp)
{
    Gen g = { .b = b, .state = state, .pc = 0x8000 };

    ir_reset(b, g.pc, TBF_PRIV | TBF_VFP_EN);
    g.base = pick(&g, 15);
    if (pick(&g, 2)) {
        ir_emit(b, IR_budget, REF_NONE, REF_NONE, REF_NONE, 0);
    }
    while (b->nops < length && !ir_nearly_full(b)) {
        unsigned what = b->guest_insns ? pick(&g, 20) : 0;

        if (what == 0) {
            next_insn(&g);
        } else if (what < 3) {
            random_control(&g);
        } else if (what < 5) {
            random_memory(&g);
        } else if (what == 5) {
            random_call(&g);
        } else if (what < 9) {
            random_other(&g);
        } else if (fp && what < 14) {
            random_fp(&g);
        } else if (what == 14) {
            ir_emit(b, pick(&g, 2) ? IR_add : IR_sub, REF_R(g.base), REF_R(pick(&g, 2) ? g.base : pick(&g, 15)),
                    ir_const(b, pick(&g, 16) * 4), 0);
        } else {
            random_alu(&g);
        }
    }
    while (g.nopen) {
        place_label(&g, g.open[--g.nopen]);
    }
    random_exit(&g);
    b->guest_bytes = g.pc - 0x8000;
    if (b->ops[0].opc == IR_budget) {
        b->ops[0].imm = b->guest_insns;
    }
}

/* Results go where they do not change the addresses and the count. */
static void spare_bases(IRBlock *b, unsigned first)
{
    static const uint8_t spare[] = { 0, 10, 11, 12 };
    unsigned n = 0;

    for (unsigned i = first; i < b->nops; i++) {
        IROperands it = ir_operands(b, &b->ops[i], IR_DEFS);

        while (ir_next_operand(&it)) {
            unsigned r = *it.ref - REF_R0;

            if (ref_is_reg(*it.ref) && (r == IR_RANDOM_TURNS || (IR_RANDOM_BASES >> r & 1))) {
                do {
                    r = spare[n++ % 4];
                } while (ir_op_has_operand(b, &b->ops[i], IR_DEFS, REF_R(r)));
                *it.ref = REF_R(r);
            }
        }
    }
}

void ir_random_loop(IRBlock *b, uint64_t *state)
{
    static const uint8_t bases[] = { 1, 9, 13 };
    Gen g = { .b = b, .state = state, .pc = 0x8000 };
    unsigned length = 2 + pick(&g, 14), count = pick(&g, length);
    uint32_t label;

    ir_reset(b, g.pc, TBF_PRIV | TBF_VFP_EN);
    next_insn(&g);
    for (unsigned i = 0; i < length; i++) {
        unsigned first = b->nops, what = pick(&g, 12);

        g.base = bases[pick(&g, 3)];
        if (what < 5) {
            random_memory(&g);
            if (pick(&g, 16)) {
                b->ops[first].a = REF_R(g.base);
                b->ops[first].imm &= ~7u;
            }
        } else if (what < 8) {
            random_fp(&g);
        } else if (what < 10) {
            random_alu(&g);
        } else if (what == 10) {
            random_other(&g);
        }
        spare_bases(b, first);
        if (what == 11) {
            ir_emit(b, pick(&g, 2) ? IR_add : IR_sub, REF_R(g.base), REF_R(g.base), ir_const(b, pick(&g, 5) * 8), 0);
        }
        if (i == count) {
            ir_emit(b, IR_sub, REF_R(IR_RANDOM_TURNS), REF_R(IR_RANDOM_TURNS), ir_const(b, 1), 0)->setf = F_NZCV;
        }
    }
    if (pick(&g, 2)) {
        ir_emit(b, IR_sub, REF_NONE, REF_R(IR_RANDOM_TURNS), ir_const(b, 0), 0)->setf = F_NZCV;
    }
    /* C and V from the turn's beginning, or all flags from a comparison that the next turn's accesses know. */
    if (pick(&g, 2)) {
        ir_emit(b, IR_or, REF_R(0), REF_R(IR_RANDOM_TURNS), ir_const(b, 0), 0)->setf = F_NZ;
    } else {
        ir_emit(b, IR_sub, REF_NONE, REF_R(IR_RANDOM_TURNS), ir_const(b, 0), 0)->setf = F_NZCV;
    }
    label = ir_label(b);
    ir_emit(b, IR_br_if, REF_NONE, REF_NONE, REF_NONE, label)->cc = CC_EQ;
    ir_emit(b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8000)->n = 1;
    ir_emit(b, IR_label, REF_NONE, REF_NONE, REF_NONE, label);
    ir_emit(b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x8100);
    b->guest_bytes = g.pc - 0x8000;
}
