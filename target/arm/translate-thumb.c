/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thumb: ARMv4T to ARMv6 16-bit instructions (ARM DDI 0100I A6, A7). All but a few set the flags and use r0-r7.
 * Thread-private, see translate-internal.h.
 */
#include "hw/semihosting.h"
#include "target/arm/translate-internal.h"

/* ---- shifts, additions, moves ---- */

/* LSL Rd, Rm, #imm; LSR; ASR */
bool trans_t_shift_imm(DisasContext *s, const args_t_shift_imm *f)
{
    static const IROpcode opcs[3] = { IR_shl, IR_shr, IR_sar };
    IRRef d = REF_R(f->d), m = REF_R(f->m);

    if (f->i) {
        gen_shift(s, opcs[f->type], d, m, f->i);
        s->b->ops[s->b->nops - 1].setf = F_NZC;
    } else {
        gen_op1f(s, IR_mov, d, gen_shift_imm(s, f->type, m, 0, true), F_NZ);
    }
    return true;
}

/* ADD Rd, Rn, Rm; SUB */
bool trans_t_addsub_reg(DisasContext *s, const args_t_addsub_reg *f)
{
    gen_op2f(s, f->op, REF_R(f->d), REF_R(f->n), REF_R(f->m), F_NZCV);
    return true;
}

/* ADD Rd, Rn, #imm3; SUB */
bool trans_t_addsub_imm3(DisasContext *s, const args_t_addsub_imm3 *f)
{
    gen_op2f(s, f->op, REF_R(f->d), REF_R(f->n), gen_const(s, f->i), F_NZCV);
    return true;
}

/* MOV Rd, #imm8 */
bool trans_t_mov_imm8(DisasContext *s, const args_t_mov_imm8 *f)
{
    gen_op1f(s, IR_mov, REF_R(f->d), gen_const(s, f->i), F_NZ);
    return true;
}

/* CMP Rn, #imm8 */
bool trans_t_cmp_imm8(DisasContext *s, const args_t_cmp_imm8 *f)
{
    gen_op2f(s, IR_sub, REF_NONE, REF_R(f->n), gen_const(s, f->i), F_NZCV);
    return true;
}

/* ADD Rd, #imm8; SUB */
bool trans_t_addsub_imm8(DisasContext *s, const args_t_addsub_imm8 *f)
{
    IRRef d = REF_R(f->d);

    gen_op2f(s, f->op, d, d, gen_const(s, f->i), F_NZCV);
    return true;
}

/* ---- two low registers ---- */

/* AND Rd, Rm; EOR; ADC; SBC; ORR; BIC; MVN */
bool trans_t_alu(DisasContext *s, const args_t_alu *f)
{
    IRRef d = REF_R(f->d), m = REF_R(f->m);

    if (f->op == IR_mvn) {
        gen_op1f(s, IR_mvn, d, m, F_NZ);
    } else {
        gen_op2f(s, f->op, d, d, m, f->op == IR_adc || f->op == IR_sbc ? F_NZCV : F_NZ);
    }
    return true;
}

/* TST Rn, Rm; CMP; CMN */
bool trans_t_compare(DisasContext *s, const args_t_compare *f)
{
    gen_op2f(s, f->op, REF_NONE, REF_R(f->n), REF_R(f->m), f->op == IR_and ? F_NZ : F_NZCV);
    return true;
}

/* NEG Rd, Rm */
bool trans_t_neg(DisasContext *s, const args_t_neg *f)
{
    gen_op2f(s, IR_sub, REF_R(f->d), gen_const(s, 0), REF_R(f->m), F_NZCV);
    return true;
}

/* MUL Rd, Rm */
bool trans_t_mul(DisasContext *s, const args_t_mul *f)
{
    gen_op2f(s, IR_mul, REF_R(f->d), REF_R(f->m), REF_R(f->d), F_NZ);
    return true;
}

/* LSL Rd, Rs; LSR; ASR; ROR */
bool trans_t_shift_reg(DisasContext *s, const args_t_shift_reg *f)
{
    IRRef d = REF_R(f->d), t = gen_temp(s);

    gen_shift_reg(s, f->type, t, d, REF_R(f->s), true);
    gen_op1f(s, IR_mov, d, t, F_NZ);
    return true;
}

/* ---- high registers; no flags but CMP's ---- */

/* ADD Rd, Rm */
bool trans_t_add_hi(DisasContext *s, const args_t_add_hi *f)
{
    unsigned rd = f->h << 3 | f->d;
    IRRef m = gen_reg(s, f->m);

    if (rd == 15) {
        gen_write_pc(s, gen_op2(s, IR_add, gen_temp(s), gen_reg(s, 15), m));
    } else {
        gen_op2(s, IR_add, REF_R(rd), REF_R(rd), m);
    }
    return true;
}

/* CMP Rn, Rm */
bool trans_t_cmp_hi(DisasContext *s, const args_t_cmp_hi *f)
{
    gen_op2f(s, IR_sub, REF_NONE, gen_reg(s, f->h << 3 | f->n), gen_reg(s, f->m), F_NZCV);
    return true;
}

/* MOV Rd, Rm */
bool trans_t_mov_hi(DisasContext *s, const args_t_mov_hi *f)
{
    unsigned rd = f->h << 3 | f->d, rm = f->m;

    if (rd == 15) {
        gen_write_pc(s, gen_reg(s, rm));
    } else if (rd != rm) {
        gen_op1(s, IR_mov, REF_R(rd), gen_reg(s, rm));
    }
    return true;
}

/* BX Rm; BLX Rm */
bool trans_t_bx(DisasContext *s, const args_t_bx *f)
{
    if (f->m != 15) {
        gen_bx(s, f->m, f->link);
    } else if (f->link) {
        return false;
    } else {
        /* BX PC, the way into ARM state: bit 1 of a misaligned one is dropped. */
        gen_exit_ind(s, gen_const(s, s_read_pc(s) & ~3u));
    }
    return true;
}

/* ---- loads and stores ---- */

/* LDR Rd, [PC, #imm8 * 4] */
bool trans_t_ldr_lit(DisasContext *s, const args_t_ldr_lit *f)
{
    gen_ld(s, REF_R(f->d), gen_const(s, s_read_pc(s) & ~3u), f->i * 4, gen_mem(s, 2));
    return true;
}

static void gen_t_ldst(DisasContext *s, bool load, unsigned rd, IRRef base, uint32_t imm, uint8_t mem)
{
    if (load) {
        gen_ld(s, REF_R(rd), base, imm, mem);
    } else {
        gen_st(s, REF_R(rd), base, imm, mem);
    }
}

/* STR Rd, [Rn, Rm]; STRH; STRB; LDRSB; LDR; LDRH; LDRB; LDRSH */
bool trans_t_ldst_reg(DisasContext *s, const args_t_ldst_reg *f)
{
    IRRef a = gen_op2(s, IR_add, gen_temp(s), REF_R(f->n), REF_R(f->m));

    gen_t_ldst(s, f->load, f->d, a, 0, gen_mem(s, f->size) | (f->sign ? MEM_SIGNED : 0));
    return true;
}

/* STR Rd, [Rn, #imm5 * 4]; LDR; STRB Rd, [Rn, #imm5]; LDRB */
bool trans_t_ldst_imm(DisasContext *s, const args_t_ldst_imm *f)
{
    gen_t_ldst(s, f->load, f->d, REF_R(f->n), f->i << f->size, gen_mem(s, f->size));
    return true;
}

/* STRH Rd, [Rn, #imm5 * 2]; LDRH */
bool trans_t_ldsth_imm(DisasContext *s, const args_t_ldsth_imm *f)
{
    gen_t_ldst(s, f->load, f->d, REF_R(f->n), f->i * 2, gen_mem(s, 1));
    return true;
}

/* STR Rd, [SP, #imm8 * 4]; LDR */
bool trans_t_ldst_sp(DisasContext *s, const args_t_ldst_sp *f)
{
    gen_t_ldst(s, f->load, f->d, REF_R(13), f->i * 4, gen_mem(s, 2));
    return true;
}

/* ADD Rd, PC, #imm8 * 4; ADD Rd, SP, #imm8 * 4 */
bool trans_t_add_pc_sp(DisasContext *s, const args_t_add_pc_sp *f)
{
    IRRef d = REF_R(f->d);
    uint32_t imm = f->i * 4;

    if (f->sp) {
        gen_addi(s, d, REF_R(13), imm);
    } else {
        gen_op1(s, IR_mov, d, gen_const(s, (s_read_pc(s) & ~3u) + imm));
    }
    return true;
}

/* ADD SP, #imm7 * 4; SUB SP, #imm7 * 4 */
bool trans_t_adjust_sp(DisasContext *s, const args_t_adjust_sp *f)
{
    uint32_t imm = f->i * 4;

    gen_addi(s, REF_R(13), REF_R(13), f->sub ? -imm : imm);
    return true;
}

/* PUSH {list, LR} */
bool trans_t_push(DisasContext *s, const args_t_push *f)
{
    BlockTransfer t = {
        .rn = 13, .list = f->l | (f->r ? 1u << 14 : 0), .before = true, .writeback = true,
    };

    return gen_block_transfer(s, &t);
}

/* POP {list, PC} */
bool trans_t_pop(DisasContext *s, const args_t_pop *f)
{
    BlockTransfer t = {
        .rn = 13, .list = f->l | (f->r ? 1u << 15 : 0), .load = true, .up = true, .writeback = true,
    };

    return gen_block_transfer(s, &t);
}

/* STMIA Rn!, {list}; LDMIA Rn!, {list} */
bool trans_t_ldm(DisasContext *s, const args_t_ldm *f)
{
    BlockTransfer t = {
        .rn = f->n, .list = f->l, .load = f->load, .up = true, .writeback = true,
    };

    return gen_block_transfer(s, &t);
}

/* ---- ARMv6 additions ---- */

/* SXTH Rd, Rm; SXTB; UXTH; UXTB */
bool trans_t_xt(DisasContext *s, const args_t_xt *f)
{
    gen_op1(s, f->op, REF_R(f->d), REF_R(f->m));
    return true;
}

/* REV Rd, Rm; REV16; REVSH */
bool trans_t_rev(DisasContext *s, const args_t_rev *f)
{
    gen_op1(s, f->op, REF_R(f->d), REF_R(f->m));
    return true;
}

/* SETEND BE; SETEND LE */
bool trans_t_setend(DisasContext *s, const args_t_setend *f)
{
    gen_setend(s, f->e);
    return true;
}

/* CPSIE iflags; CPSID iflags */
bool trans_t_cps(DisasContext *s, const args_t_cps *f)
{
    /* A I F stand in bits 2:0 as they do in CPSR bits 8:6. */
    return gen_cps(s, f->i ? 3 : 2, (uint32_t)f->a << 6, -1);
}

/* ---- branches and exceptions ---- */

/* B<c> target */
bool trans_t_bcc(DisasContext *s, const args_t_bcc *f)
{
    if (f->c >= CC_AL) {
        return false;
    }
    gen_skip_unless(s, f->c);
    gen_exit_jmp(s, (s_read_pc(s) + ((uint32_t)f->j << 1)) | 1);
    return true;
}

/* B target */
bool trans_t_b(DisasContext *s, const args_t_b *f)
{
    gen_exit_jmp(s, (s_read_pc(s) + ((uint32_t)f->j << 1)) | 1);
    return true;
}

/*
 * The first half of BL or BLX: LR = PC + upper part of the offset. When its second half follows in the page the two are
 * translated as the one instruction they are meant to be; each also works alone.
 */
bool trans_t_bl_prefix(DisasContext *s, const args_t_bl_prefix *f)
{
    uint32_t base = s_read_pc(s) + ((uint32_t)f->j << 12), target;
    const uint8_t *p = s->code_page + (s->next_pc & 0xffe);
    uint32_t second;

    if (s_within_reach(s, s->next_pc) && (int)s->b->guest_insns + 2 <= s->max_insns) {
        second = p[0] | p[1] << 8;
        if ((second & 0xf800) == 0xf800 || (second & 0xf801) == 0xe800) {
            s->next_pc += 2;
            s->b->guest_insns++;
            gen_counted(s, COUNTED_INSNS, 1);
            gen_counted(s, COUNTED_BRANCHES, 1);
            target = base + ((second & 0x7ff) << 1);
            gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
            if (second & 0x1000) {
                gen_exit_jmp(s, target | 1);
            } else {
                gen_exit_ind(s, gen_const(s, target & ~3u));
            }
            return true;
        }
    }
    gen_op1(s, IR_mov, REF_R(14), gen_const(s, base));
    return true;
}

static void gen_bl_suffix(DisasContext *s, uint32_t offset, bool to_arm)
{
    IRRef t = gen_temp(s);

    gen_addi(s, t, REF_R(14), offset);
    if (to_arm) {
        gen_op2(s, IR_and, t, t, gen_const(s, ~3u));
    } else {
        gen_op2(s, IR_or, t, t, gen_const(s, 1));
    }
    gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
    gen_exit_ind(s, t);
}

/* Second half of BL: to LR + offset */
bool trans_t_bl_suffix(DisasContext *s, const args_t_bl_suffix *f)
{
    gen_bl_suffix(s, f->i << 1, false);
    return true;
}

/* Second half of BLX: the same, to ARM state */
bool trans_t_blx_suffix(DisasContext *s, const args_t_blx_suffix *f)
{
    gen_bl_suffix(s, f->i << 2, true);
    return true;
}

/* SWI #imm8 */
bool trans_t_swi(DisasContext *s, const args_t_swi *f)
{
    gen_swi(s, f->i == SEMIHOSTING_SVC_THUMB);
    return true;
}

/* BKPT #imm8 */
bool trans_t_bkpt(DisasContext *s, const args_t_bkpt *f)
{
    gen_raise(s, EXCP_PREFETCH_ABORT, FAULT_DEBUG);
    return true;
}
