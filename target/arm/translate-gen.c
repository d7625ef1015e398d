/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The builders that the handlers share: helper calls, memory accesses, ways out of a block. See translate-internal.h.
 */
#include <string.h>
#include "target/arm/translate-internal.h"

/* How far from the start of a block its translation looks. */
enum { LITERAL_BYTES = 1024 };

void gen_addi(DisasContext *s, IRRef d, IRRef a, uint32_t v)
{
    if (v == 0) {
        if (d != a) {
            gen_op1(s, IR_mov, d, a);
        }
    } else if ((int32_t)v < 0) {
        gen_op2(s, IR_sub, d, a, gen_const(s, -v));
    } else {
        gen_op2(s, IR_add, d, a, gen_const(s, v));
    }
}

void gen_call(DisasContext *s, IRRef d, HelperId h, IRRef a, IRRef b, IRRef c)
{
    ir_emit(s->b, IR_call, d, a, b, h)->c = c;
}

void gen_counted(DisasContext *s, unsigned what, unsigned n)
{
    if (s->flags & TBF_COUNT) {
        ir_emit(s->b, IR_count, REF_NONE, gen_const(s, ENV_OFFSET(counted) + 8 * what), REF_NONE, n);
    }
}

/* ---- memory ---- */

uint8_t gen_mem(const DisasContext *s, unsigned size)
{
    uint8_t mem = size;

    if (size > 0) {
        if (s->flags & TBF_E) {
            mem |= MEM_BE;
        }
        if (s->flags & TBF_ALIGN) {
            mem |= MEM_ALIGN;
        } else if (s->flags & TBF_NO_UNALIGN) {
            mem |= MEM_ROTATE;
        }
    }
    return mem;
}

uint8_t gen_mem_aligned(const DisasContext *s, unsigned size)
{
    return size | (size > 0 ? MEM_ALIGN : 0) | (size > 0 && (s->flags & TBF_E) ? MEM_BE : 0);
}

/*
 * Literals of the code's own page can be taken now: stores to it invalidate the block (s_depend), and fetch implies
 * the right to read (within reach). Not behind a store or a call of the block: those may wait while another CPU changes
 * the literal.
 */
bool gen_takes_literals(const DisasContext *s)
{
    for (int i = 0; i < s->b->nops; i++) {
        const IROp *op = &s->b->ops[i];
        bool waits = op->opc == IR_call && !(ir_helper_flags(op->imm) & HF_PURE);

        if (op->opc == IR_st || op->opc == IR_stm || op->opc == IR_barrier || waits) {
            return false;
        }
    }
    return s->take_literals && !(s->flags & TBF_E);
}

static bool take_literal(DisasContext *s, IRRef base, uint32_t imm, uint32_t *words, unsigned n)
{
    uint32_t va;

    if (!ref_is_const(base)) {
        return false;
    }
    va = ir_const_value(s->b, base) + imm;
    if ((va & 3) || !s_within_reach(s, va) || !s_within_reach(s, va + 4 * (n - 1)) || va < s->start ||
        va - s->start > LITERAL_BYTES || !gen_takes_literals(s)) {
        return false;
    }
    memcpy(words, s->code_page + (va & 0xfff), 4 * n);
    s_depend(s, va + 4 * n);
    return true;
}

static bool fold_literal(DisasContext *s, IRRef d, IRRef base, uint32_t imm, uint8_t mem)
{
    uint32_t value;

    if (mem != 2 || !take_literal(s, base, imm, &value, 1)) {
        return false;
    }
    ir_emit(s->b, IR_mov, d, gen_const(s, value), REF_NONE, 0);
    return true;
}

bool gen_vfp_literal(DisasContext *s, IRRef single, unsigned n, IRRef base, uint32_t imm)
{
    uint32_t words[2];
    uint8_t mem = n == 2 ? 3 : 2;
    IRRef va;

    if (!take_literal(s, base, imm, words, n)) {
        return false;
    }
    va = gen_access_begin(s, base, imm, mem, false);
    for (unsigned i = 0; i < n; i++) {
        gen_op1(s, IR_fputw, (IRRef)(single + i), gen_const(s, words[i]));
    }
    gen_access_end(s, va, mem, false, 1);
    return true;
}

void gen_ld(DisasContext *s, IRRef d, IRRef base, uint32_t imm, uint8_t mem)
{
    IRRef va = gen_access_begin(s, base, imm, mem, false);

    if (!fold_literal(s, d, base, imm, mem)) {
        if (ref_is_const(base)) {
            base = gen_const(s, ir_const_value(s->b, base) + imm);
            imm = 0;
        }
        ir_emit(s->b, IR_ld, d, base, REF_NONE, imm)->mem = mem;
    }
    gen_access_end(s, va, mem, false, 1);
}

void gen_st(DisasContext *s, IRRef val, IRRef base, uint32_t imm, uint8_t mem)
{
    IRRef va = gen_access_begin(s, base, imm, mem, true);

    if (ref_is_const(base)) {
        base = gen_const(s, ir_const_value(s->b, base) + imm);
        imm = 0;
    }
    ir_emit(s->b, IR_st, REF_NONE, base, val, imm)->mem = mem;
    gen_access_end(s, va, mem, true, 1);
}

static void gen_multiple(DisasContext *s, IROpcode opc, const IRRef *refs, unsigned n, IRRef base, uint32_t imm,
                         uint8_t mem)
{
    IRRef va = gen_access_begin(s, base, imm, mem, opc == IR_stm);
    IRBlock *b = s->b;
    IROp *op;

    if (b->nargs + n > IR_MAX_ARGS) {
        b->overflow = true;
        return;
    }
    op = ir_emit(b, opc, REF_NONE, base, REF_NONE, imm);
    op->mem = mem;
    op->n = n;
    op->arg = b->nargs;
    for (unsigned i = 0; i < n; i++) {
        b->args[b->nargs++] = refs[i];
    }
    gen_access_end(s, va, mem, opc == IR_stm, n);
}

/*
 * The base of a transfer of words. With SCTLR.U and A clear, ARMv5's way, it ignores the two lowest bits of the address
 * (ARM DDI 0100I A4.1.20 and the like: "Non word-aligned addresses"); else an unaligned one faults.
 */
static IRRef word_base(DisasContext *s, IRRef base)
{
    if ((s->flags & (TBF_ALIGN | TBF_NO_UNALIGN)) != TBF_NO_UNALIGN) {
        return base;
    }
    return gen_op2(s, IR_and, gen_temp(s), base, gen_const(s, ~3u));
}

void gen_ldm(DisasContext *s, const IRRef *refs, unsigned n, IRRef base, uint32_t imm, uint8_t mem)
{
    base = word_base(s, base);
    /* A doubleword needs word alignment only, which a plain 8-byte access cannot say. */
    if (n == 1 && (mem & MEM_SIZE) == 2) {
        gen_ld(s, refs[0], base, imm, mem);
    } else {
        gen_multiple(s, IR_ldm, refs, n, base, imm, mem);
    }
}

void gen_stm(DisasContext *s, const IRRef *refs, unsigned n, IRRef base, uint32_t imm, uint8_t mem)
{
    base = word_base(s, base);
    if (n == 1 && (mem & MEM_SIZE) == 2) {
        gen_st(s, refs[0], base, imm, mem);
    } else {
        gen_multiple(s, IR_stm, refs, n, base, imm, mem);
    }
}

/* ---- ways out ---- */

void gen_exit_jmp(DisasContext *s, uint32_t pc_t)
{
    IROp *op = ir_emit(s->b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, pc_t);

    /* A jump backwards may close a loop: interrupts are looked for there. */
    op->n = (pc_t & ~1u) <= s->pc;
    if ((pc_t & 1) == s->thumb && s_within_reach(s, pc_t & ~1u)) {
        op->setf = arm_flags_live_at(pc_t, s->flags, s->code_page);
    }
    s->end = END_JMP;
}

void gen_exit_ind(DisasContext *s, IRRef ref)
{
    ir_emit(s->b, IR_exit_ind, REF_NONE, ref, REF_NONE, 0);
    s->end = END_OTHER;
}

void gen_exit_main(DisasContext *s)
{
    ir_emit(s->b, IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    s->end = END_OTHER;
}

void gen_exit_main_next(DisasContext *s)
{
    ir_emit(s->b, IR_stenv, REF_NONE, gen_const(s, s_next(s)), REF_NONE, ENV_OFFSET(regs[15]));
    gen_exit_main(s);
}

void gen_raise(DisasContext *s, int excp, uint32_t fsr)
{
    gen_call(s, REF_NONE, HELPER_raise, gen_const(s, excp), gen_const(s, fsr), REF_NONE);
    gen_exit_main(s);
}

void gen_write_pc(DisasContext *s, IRRef ref)
{
    if (ref_is_const(ref)) {
        uint32_t v = ir_const_value(s->b, ref);

        gen_exit_ind(s, gen_const(s, s->thumb ? v | 1 : v & ~3u));
    } else if (s->thumb) {
        gen_exit_ind(s, gen_op2(s, IR_or, gen_temp(s), ref, gen_const(s, 1)));
    } else {
        gen_exit_ind(s, gen_op2(s, IR_and, gen_temp(s), ref, gen_const(s, ~3u)));
    }
}
