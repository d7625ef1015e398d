/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status registers, hints, coprocessors 14 and 15, software interrupts (ARM DDI 0100I A3.10, A3.13, A4, B3; ARM DDI
 * 0360 3.4). Thread-private, see translate-internal.h.
 *
 * An instruction after which the rest of the block might run in another context (mode, endianness, interrupts unmasked,
 * translation changed) ends the block through the main loop, which looks the next block up afresh.
 */
#include "hw/semihosting.h"
#include "target/arm/cp15.h"
#include "target/arm/translate-internal.h"

/* ---- status registers ---- */

static IRRef gen_load_field(DisasContext *s, uint32_t offset)
{
    IRRef t = gen_temp(s);

    ir_emit(s->b, IR_ldenv, t, REF_NONE, REF_NONE, offset);
    return t;
}

/* d |= a << n */
static void gen_or_shifted(DisasContext *s, IRRef d, IRRef a, unsigned n)
{
    ir_emit(s->b, IR_shl, a, a, REF_NONE, n);
    gen_op2(s, IR_or, d, d, a);
}

/* What target/arm/psr.c knows of CPSR's parts, for code that runs often. T is 0 in ARM state. */
static void gen_cpsr_read(DisasContext *s, IRRef d)
{
    ir_emit(s->b, IR_getflags, d, REF_NONE, REF_NONE, 0);
    gen_op2(s, IR_or, d, d, gen_load_field(s, ENV_OFFSET(cpsr)));
    gen_or_shifted(s, d, gen_load_field(s, ENV_OFFSET(q)), 27);
    gen_or_shifted(s, d, gen_load_field(s, ENV_OFFSET(ge)), 16);
}

/* MRS<c> Rd, CPSR; MRS<c> Rd, SPSR */
bool trans_mrs(DisasContext *s, const args_mrs *f)
{
    IRRef d = REF_R(f->d);

    if (f->d == 15) {
        return false;
    }
    if (f->s) {
        if (!s_priv(s)) {
            return false;
        }
        gen_call(s, d, HELPER_spsr_read, REF_NONE, REF_NONE, REF_NONE);
    } else {
        gen_cpsr_read(s, d);
    }
    return true;
}

static void gen_store_field(DisasContext *s, uint32_t offset, IRRef value, unsigned shift, uint32_t bits)
{
    IRRef t = gen_temp(s);

    ir_emit(s->b, IR_shr, t, value, REF_NONE, shift);
    gen_op2(s, IR_and, t, t, gen_const(s, bits));
    ir_emit(s->b, IR_stenv, REF_NONE, t, REF_NONE, offset);
}

/* Nothing but flags, which no block's text depends on. */
static void gen_flags_write(DisasContext *s, IRRef value, uint32_t mask)
{
    if (mask & CPSR_Q) {
        gen_store_field(s, ENV_OFFSET(q), value, 27, 1);
    }
    if (mask & CPSR_GE) {
        gen_store_field(s, ENV_OFFSET(ge), value, 16, 15);
    }
    if (mask & CPSR_NZCV) {
        gen_op1f(s, IR_setflags, REF_NONE, value, F_NZCV);
    }
}

/* Write CPSR under a mask (T and J never change this way) and go on in the right way. */
static void gen_cpsr_write(DisasContext *s, IRRef value, uint32_t mask, bool may_unmask)
{
    mask &= CPSR_NZCV | CPSR_Q | CPSR_GE | CPSR_E | (s_priv(s) ? CPSR_A | CPSR_I | CPSR_F | CPSR_M : 0);
    if (!mask) {
        return;
    }
    if (!(mask & ~(CPSR_NZCV | CPSR_Q | CPSR_GE))) {
        gen_flags_write(s, value, mask);
        return;
    }
    gen_call(s, REF_NONE, HELPER_cpsr_write, value, gen_const(s, mask), REF_NONE);
    if (may_unmask && (mask & (CPSR_E | CPSR_A | CPSR_I | CPSR_F | CPSR_M))) {
        gen_exit_main_next(s);
    }
}

/* MSR<c> CPSR_<fields>, value; MSR<c> SPSR_<fields>, value */
static bool gen_msr(DisasContext *s, bool spsr, unsigned fields, IRRef value)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < 4; i++) {
        mask |= fields >> i & 1 ? 0xffu << (8 * i) : 0;
    }
    if (!spsr) {
        gen_cpsr_write(s, value, mask, true);
    } else if (s_priv(s)) {
        gen_call(s, REF_NONE, HELPER_spsr_write, value, gen_const(s, mask), REF_NONE);
    } else {
        return false;
    }
    return true;
}

bool trans_msr_reg(DisasContext *s, const args_msr_reg *f)
{
    return f->m != 15 && gen_msr(s, f->s, f->f, REF_R(f->m));
}

bool trans_msr_imm(DisasContext *s, const args_msr_imm *f)
{
    unsigned rot = f->r * 2;
    uint32_t v = f->i;

    return gen_msr(s, f->s, f->f, gen_const(s, rot ? v >> rot | v << (32 - rot) : v));
}

bool gen_cps(DisasContext *s, unsigned imod, uint32_t aif, int mode)
{
    bool enable = imod == 2;

    if (imod == 1 || (imod == 0 && (mode < 0 || aif)) || (imod >= 2 && !aif) || (mode >= 0 && !arm_mode_valid(mode))) {
        return false;       /* UNPREDICTABLE */
    }
    if (s_priv(s) && imod == 3 && mode < 0) {
        /* It masks only, so nothing is pending that was not. */
        IRRef t = gen_load_field(s, ENV_OFFSET(cpsr));

        ir_emit(s->b, IR_stenv, REF_NONE, gen_op2(s, IR_or, t, t, gen_const(s, aif)), REF_NONE, ENV_OFFSET(cpsr));
    } else if (s_priv(s)) {
        gen_cpsr_write(s, gen_const(s, (enable ? 0 : aif) | (mode >= 0 ? mode : 0)),
                       (imod ? aif : 0) | (mode >= 0 ? CPSR_M : 0), enable || mode >= 0);
    }
    return true;            /* in user mode it does nothing */
}

/* CPS #mode; CPSIE iflags{, #mode}; CPSID iflags{, #mode} */
bool trans_cps(DisasContext *s, const args_cps *f)
{
    if (!f->M && f->m) {
        return false;
    }
    /* A I F stand where they do in CPSR. */
    return gen_cps(s, f->i, (uint32_t)f->a << 6, f->M ? f->m : -1);
}

void gen_setend(DisasContext *s, bool big)
{
    if (big != !!(s->flags & TBF_E)) {
        gen_cpsr_write(s, gen_const(s, big ? CPSR_E : 0), CPSR_E, true);
    }
}

/* SETEND BE; SETEND LE */
bool trans_setend(DisasContext *s, const args_setend *f)
{
    gen_setend(s, f->e);
    return true;
}

/* ---- hints, software interrupt ---- */

/* PLD [Rn, #imm] */
bool trans_pld_imm(DisasContext *s, const args_pld_imm *f)
{
    return true;
}

/* PLD [Rn, Rm, <shift> #n] */
bool trans_pld_reg(DisasContext *s, const args_pld_reg *f)
{
    return true;
}

static void gen_wfi(DisasContext *s)
{
    gen_call(s, REF_NONE, HELPER_wfi, REF_NONE, REF_NONE, REF_NONE);
    gen_exit_main_next(s);
}

/* NOP<c>, YIELD<c>, WFE<c>, WFI<c>, SEV<c>, and hints without meaning */
bool trans_hint(DisasContext *s, const args_hint *f)
{
    switch (f->h) {
    case 1:     /* YIELD */
        /* CPUs that share a thread take turns: a request ends the turn. */
        ir_emit(s->b, IR_stenv, REF_NONE, gen_const(s, EXIT_REQUESTED), REF_NONE,
                (uint32_t)IR_ENV_EXIT_REQUEST);
        gen_exit_main_next(s);
        break;
    case 2:
        gen_call(s, REF_NONE, HELPER_wfe, REF_NONE, REF_NONE, REF_NONE);
        break;
    case 3:
        gen_wfi(s);
        break;
    case 4:
        gen_call(s, REF_NONE, HELPER_sev, REF_NONE, REF_NONE, REF_NONE);
        break;
    default:
        break;
    }
    return true;
}

void gen_swi(DisasContext *s, bool semihosting_number)
{
    if (semihosting_number && semihosting_enabled && (s_priv(s) || semihosting_userspace)) {
        gen_call(s, REF_NONE, HELPER_semihosting, REF_NONE, REF_NONE, REF_NONE);
        gen_exit_main_next(s);      /* the call may have stopped the machine */
    } else {
        gen_raise(s, EXCP_SWI, 0);
    }
}

/* ---- coprocessors ---- */

/* A coprocessor register goes to Rd; to the flags if that is PC. The helper takes the word apart. */
static void gen_mrc_result(DisasContext *s, unsigned rd, HelperId helper)
{
    IRRef t = rd == 15 ? gen_temp(s) : REF_R(rd);

    gen_call(s, t, helper, gen_const(s, s->insn), REF_NONE, REF_NONE);
    if (rd == 15) {
        gen_cpsr_write(s, t, CPSR_NZCV, false);
    }
}

/* MCR<c> p14, MRC<c> p14 */
bool trans_cp14(DisasContext *s, const args_cp14 *f)
{
    if (f->load) {
        gen_mrc_result(s, f->d, HELPER_cp14_read);
        return true;
    }
    if (f->d == 15) {
        return false;
    }
    gen_call(s, REF_NONE, HELPER_cp14_write, gen_const(s, s->insn), REF_R(f->d), REF_NONE);
    return true;
}

/* The CP15 registers and operations that need no helper: opc1, CRn, CRm, opc2. */
#define CP15_REG(opc1, crn, crm, opc2) ((opc1) << 12 | (crn) << 8 | (crm) << 4 | (opc2))
enum {
    CP15_WFI = CP15_REG(0, 7, 0, 4),
    CP15_PREFETCH_FLUSH = CP15_REG(0, 7, 5, 4),
    CP15_DSB = CP15_REG(0, 7, 10, 4),
    CP15_DMB = CP15_REG(0, 7, 10, 5),
    CP15_TPIDRURW = CP15_REG(0, 13, 0, 2),
    CP15_TPIDRURO = CP15_REG(0, 13, 0, 3),
    CP15_TPIDRPRW = CP15_REG(0, 13, 0, 4),
};

/* Offset of a thread ID register that the current privilege may write, or 0. */
static uint32_t thread_id_offset(const DisasContext *s, unsigned reg)
{
    switch (reg) {
    case CP15_TPIDRURW:
        return ENV_OFFSET(cp15.tpidrurw);
    case CP15_TPIDRURO:
        return s_priv(s) ? ENV_OFFSET(cp15.tpidruro) : 0;
    case CP15_TPIDRPRW:
        return s_priv(s) ? ENV_OFFSET(cp15.tpidrprw) : 0;
    default:
        return 0;
    }
}

/*
 * Offset of a register that MRC only has to load and may, or 0. Linux reads DACR at each entry to the kernel, and DFSR
 * and DFAR, or their like, at each fault.
 */
static uint32_t plain_offset(const DisasContext *s)
{
    const ARMCPReg *reg = cp15_find(s->insn);

    return reg && !reg->read && (reg->access & (s_priv(s) ? CP_PR : CP_UR)) ? reg->offset : 0;
}

/*
 * Cache maintenance, which has nothing to do here: stores to translated code are seen when they happen. CRm 5:
 * instruction cache and branch predictor; 6, 7, 10, 11, 14, 15: data and unified caches.
 */
static bool is_cache_maintenance(unsigned opc1, unsigned crn, unsigned crm, unsigned opc2)
{
    if (opc1 != 0 || crn != 7) {
        return false;
    }
    switch (crm) {
    case 5:
        return opc2 <= 2 || opc2 == 6 || opc2 == 7;
    case 6: case 7: case 11: case 14: case 15:
        return opc2 <= 2;
    case 10:
        return opc2 <= 2;
    default:
        return false;
    }
}

/* MRC<c> p15, opc1, Rd, CRn, CRm, opc2 */
bool trans_mrc15(DisasContext *s, const args_mrc15 *f)
{
    uint32_t offset = plain_offset(s);

    if (offset && f->d != 15) {
        ir_emit(s->b, IR_ldenv, REF_R(f->d), REF_NONE, REF_NONE, offset);
    } else {
        gen_mrc_result(s, f->d, HELPER_cp15_read);
    }
    return true;
}

/* MCR<c> p15, opc1, Rd, CRn, CRm, opc2 */
bool trans_mcr15(DisasContext *s, const args_mcr15 *f)
{
    unsigned reg = CP15_REG(f->o, f->n, f->m, f->p);
    uint32_t offset = thread_id_offset(s, reg);

    if (f->d == 15) {
        return false;
    }
    switch (reg) {
    case CP15_DSB:
        ir_emit(s->b, IR_barrier, REF_NONE, REF_NONE, REF_NONE, BARRIER_DSB);
        return true;
    case CP15_DMB:
        ir_emit(s->b, IR_barrier, REF_NONE, REF_NONE, REF_NONE, BARRIER_DMB);
        return true;
    case CP15_PREFETCH_FLUSH:
        /* What follows may be new text by then: nothing is known about the flags it reads, so all of them live on. */
        ir_emit(s->b, IR_barrier, REF_NONE, REF_NONE, REF_NONE, BARRIER_PREFETCH);
        ir_emit(s->b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, s_next(s));
        s->end = END_JMP;
        return true;
    case CP15_WFI:
        if (s_priv(s)) {
            gen_wfi(s);
            return true;
        }
        break;
    default:
        break;
    }
    if (offset) {
        ir_emit(s->b, IR_stenv, REF_NONE, REF_R(f->d), REF_NONE, offset);
    } else if (!s_priv(s) || !is_cache_maintenance(f->o, f->n, f->m, f->p)) {
        gen_call(s, REF_NONE, HELPER_cp15_write, gen_const(s, s->insn), REF_R(f->d), REF_NONE);
        gen_exit_main_next(s);
    }
    return true;
}
