/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thumb: ARMv4T to ARMv6 16-bit instructions (ARM DDI 0100I A6, A7). All but a few set the flags and use r0-r7.
 * Thread-private, see translate-internal.h.
 */
#include "hw/semihosting.h"
#include "target/arm/translate-internal.h"

/* ---- shifts, additions, moves ---- */

/* LSL Rd, Rm, #imm; LSR; ASR */
bool trans_t_shift_imm(DisasContext *s, uint32_t insn)
{
    static const IROpcode opcs[3] = { IR_shl, IR_shr, IR_sar };
    unsigned type = field(insn, 11, 2), amount = field(insn, 6, 5);
    IRRef d = REF_R(field(insn, 0, 3)), m = REF_R(field(insn, 3, 3));

    if (amount) {
        gen_shift(s, opcs[type], d, m, amount);
        s->b->ops[s->b->nops - 1].setf = F_NZC;
    } else {
        gen_op1f(s, IR_mov, d, gen_shift_imm(s, type, m, 0, true), F_NZ);
    }
    return true;
}

/* ADD Rd, Rn, Rm; SUB */
bool trans_t_addsub_reg(DisasContext *s, uint32_t insn)
{
    gen_op2f(s, bit(insn, 9) ? IR_sub : IR_add, REF_R(field(insn, 0, 3)), REF_R(field(insn, 3, 3)),
             REF_R(field(insn, 6, 3)), F_NZCV);
    return true;
}

/* ADD Rd, Rn, #imm3; SUB */
bool trans_t_addsub_imm3(DisasContext *s, uint32_t insn)
{
    gen_op2f(s, bit(insn, 9) ? IR_sub : IR_add, REF_R(field(insn, 0, 3)), REF_R(field(insn, 3, 3)),
             gen_const(s, field(insn, 6, 3)), F_NZCV);
    return true;
}

/* MOV Rd, #imm8 */
bool trans_t_mov_imm8(DisasContext *s, uint32_t insn)
{
    gen_op1f(s, IR_mov, REF_R(field(insn, 8, 3)), gen_const(s, field(insn, 0, 8)), F_NZ);
    return true;
}

/* CMP Rn, #imm8 */
bool trans_t_cmp_imm8(DisasContext *s, uint32_t insn)
{
    gen_op2f(s, IR_sub, REF_NONE, REF_R(field(insn, 8, 3)), gen_const(s, field(insn, 0, 8)), F_NZCV);
    return true;
}

/* ADD Rd, #imm8; SUB */
bool trans_t_addsub_imm8(DisasContext *s, uint32_t insn)
{
    IRRef d = REF_R(field(insn, 8, 3));

    gen_op2f(s, bit(insn, 11) ? IR_sub : IR_add, d, d, gen_const(s, field(insn, 0, 8)), F_NZCV);
    return true;
}

/* ---- two low registers ---- */

/* AND Rd, Rm and the others that are neither shifts nor special */
bool trans_t_alu(DisasContext *s, uint32_t insn)
{
    IRRef d = REF_R(field(insn, 0, 3)), m = REF_R(field(insn, 3, 3));

    switch (field(insn, 6, 4)) {
    case 0x0: gen_op2f(s, IR_and, d, d, m, F_NZ); break;
    case 0x1: gen_op2f(s, IR_xor, d, d, m, F_NZ); break;
    case 0x5: gen_op2f(s, IR_adc, d, d, m, F_NZCV); break;
    case 0x6: gen_op2f(s, IR_sbc, d, d, m, F_NZCV); break;
    case 0x8: gen_op2f(s, IR_and, REF_NONE, d, m, F_NZ); break;
    case 0x9: gen_op2f(s, IR_sub, d, gen_const(s, 0), m, F_NZCV); break;
    case 0xa: gen_op2f(s, IR_sub, REF_NONE, d, m, F_NZCV); break;
    case 0xb: gen_op2f(s, IR_add, REF_NONE, d, m, F_NZCV); break;
    case 0xc: gen_op2f(s, IR_or, d, d, m, F_NZ); break;
    case 0xd: gen_op2f(s, IR_mul, d, m, d, F_NZ); break;
    case 0xe: gen_op2f(s, IR_bic, d, d, m, F_NZ); break;
    case 0xf: gen_op1f(s, IR_mvn, d, m, F_NZ); break;
    default:
        return false;       /* the shifts have rows of their own */
    }
    return true;
}

/* LSL Rd, Rs; LSR; ASR; ROR */
bool trans_t_shift_reg(DisasContext *s, uint32_t insn)
{
    unsigned op = field(insn, 6, 4);
    IRRef d = REF_R(field(insn, 0, 3)), t = gen_temp(s);

    gen_shift_reg(s, op == 7 ? 3 : op - 2, t, d, REF_R(field(insn, 3, 3)), true);
    gen_op1f(s, IR_mov, d, t, F_NZ);
    return true;
}

/* ---- high registers; no flags but CMP's ---- */

static unsigned high_d(uint32_t insn)
{
    return field(insn, 0, 3) | field(insn, 7, 1) << 3;
}

/* ADD Rd, Rm */
bool trans_t_add_hi(DisasContext *s, uint32_t insn)
{
    unsigned rd = high_d(insn);
    IRRef m = gen_reg(s, field(insn, 3, 4));

    if (rd == 15) {
        gen_write_pc(s, gen_op2(s, IR_add, gen_temp(s), gen_reg(s, 15), m));
    } else {
        gen_op2(s, IR_add, REF_R(rd), REF_R(rd), m);
    }
    return true;
}

/* CMP Rn, Rm */
bool trans_t_cmp_hi(DisasContext *s, uint32_t insn)
{
    gen_op2f(s, IR_sub, REF_NONE, gen_reg(s, high_d(insn)), gen_reg(s, field(insn, 3, 4)), F_NZCV);
    return true;
}

/* MOV Rd, Rm */
bool trans_t_mov_hi(DisasContext *s, uint32_t insn)
{
    unsigned rd = high_d(insn), rm = field(insn, 3, 4);

    if (rd == 15) {
        gen_write_pc(s, gen_reg(s, rm));
    } else if (rd != rm) {
        gen_op1(s, IR_mov, REF_R(rd), gen_reg(s, rm));
    }
    return true;
}

/* BX Rm; BLX Rm */
bool trans_t_bx(DisasContext *s, uint32_t insn)
{
    unsigned rm = field(insn, 3, 4);
    bool link = bit(insn, 7);

    if (rm != 15) {
        gen_bx(s, rm, link);
    } else if (link) {
        return false;
    } else {
        /* BX PC, the way into ARM state: bit 1 of a misaligned one is dropped. */
        gen_exit_ind(s, gen_const(s, s_read_pc(s) & ~3u));
    }
    return true;
}

/* ---- loads and stores ---- */

/* LDR Rd, [PC, #imm8 * 4] */
bool trans_t_ldr_lit(DisasContext *s, uint32_t insn)
{
    gen_ld(s, REF_R(field(insn, 8, 3)), gen_const(s, s_read_pc(s) & ~3u), field(insn, 0, 8) * 4, gen_mem(s, 2));
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
bool trans_t_ldst_reg(DisasContext *s, uint32_t insn)
{
    static const uint8_t sizes[8] = { 2, 1, 0, 0, 2, 1, 0, 1 };
    unsigned op = field(insn, 9, 3);
    bool is_signed = op == 3 || op == 7;
    IRRef a = gen_op2(s, IR_add, gen_temp(s), REF_R(field(insn, 3, 3)), REF_R(field(insn, 6, 3)));

    gen_t_ldst(s, op >= 3, field(insn, 0, 3), a, 0, gen_mem(s, sizes[op]) | (is_signed ? MEM_SIGNED : 0));
    return true;
}

/* STR Rd, [Rn, #imm5 * 4]; LDR; STRB Rd, [Rn, #imm5]; LDRB */
bool trans_t_ldst_imm(DisasContext *s, uint32_t insn)
{
    unsigned size = bit(insn, 12) ? 0 : 2;

    gen_t_ldst(s, bit(insn, 11), field(insn, 0, 3), REF_R(field(insn, 3, 3)), field(insn, 6, 5) << size,
               gen_mem(s, size));
    return true;
}

/* STRH Rd, [Rn, #imm5 * 2]; LDRH */
bool trans_t_ldsth_imm(DisasContext *s, uint32_t insn)
{
    gen_t_ldst(s, bit(insn, 11), field(insn, 0, 3), REF_R(field(insn, 3, 3)), field(insn, 6, 5) * 2, gen_mem(s, 1));
    return true;
}

/* STR Rd, [SP, #imm8 * 4]; LDR */
bool trans_t_ldst_sp(DisasContext *s, uint32_t insn)
{
    gen_t_ldst(s, bit(insn, 11), field(insn, 8, 3), REF_R(13), field(insn, 0, 8) * 4, gen_mem(s, 2));
    return true;
}

/* ADD Rd, PC, #imm8 * 4; ADD Rd, SP, #imm8 * 4 */
bool trans_t_add_pc_sp(DisasContext *s, uint32_t insn)
{
    IRRef d = REF_R(field(insn, 8, 3));
    uint32_t imm = field(insn, 0, 8) * 4;

    if (bit(insn, 11)) {
        gen_addi(s, d, REF_R(13), imm);
    } else {
        gen_op1(s, IR_mov, d, gen_const(s, (s_read_pc(s) & ~3u) + imm));
    }
    return true;
}

/* ADD SP, #imm7 * 4; SUB SP, #imm7 * 4 */
bool trans_t_adjust_sp(DisasContext *s, uint32_t insn)
{
    uint32_t imm = field(insn, 0, 7) * 4;

    gen_addi(s, REF_R(13), REF_R(13), bit(insn, 7) ? -imm : imm);
    return true;
}

/* PUSH {list, LR} */
bool trans_t_push(DisasContext *s, uint32_t insn)
{
    BlockTransfer t = {
        .rn = 13, .list = (insn & 0xff) | (bit(insn, 8) ? 1u << 14 : 0), .before = true, .writeback = true,
    };

    return gen_block_transfer(s, &t);
}

/* POP {list, PC} */
bool trans_t_pop(DisasContext *s, uint32_t insn)
{
    BlockTransfer t = {
        .rn = 13, .list = (insn & 0xff) | (bit(insn, 8) ? 1u << 15 : 0), .load = true, .up = true, .writeback = true,
    };

    return gen_block_transfer(s, &t);
}

/* STMIA Rn!, {list}; LDMIA Rn!, {list} */
bool trans_t_ldm(DisasContext *s, uint32_t insn)
{
    BlockTransfer t = {
        .rn = field(insn, 8, 3), .list = insn & 0xff, .load = bit(insn, 11), .up = true, .writeback = true,
    };

    return gen_block_transfer(s, &t);
}

/* ---- ARMv6 additions ---- */

/* SXTH Rd, Rm; SXTB; UXTH; UXTB */
bool trans_t_xt(DisasContext *s, uint32_t insn)
{
    static const IROpcode opcs[4] = { IR_sxth, IR_sxtb, IR_uxth, IR_uxtb };

    gen_op1(s, opcs[field(insn, 6, 2)], REF_R(field(insn, 0, 3)), REF_R(field(insn, 3, 3)));
    return true;
}

/* REV Rd, Rm; REV16; REVSH */
bool trans_t_rev(DisasContext *s, uint32_t insn)
{
    unsigned op = field(insn, 6, 2);

    gen_op1(s, op == 0 ? IR_rev : op == 1 ? IR_rev16 : IR_revsh, REF_R(field(insn, 0, 3)), REF_R(field(insn, 3, 3)));
    return true;
}

/* SETEND BE; SETEND LE */
bool trans_t_setend(DisasContext *s, uint32_t insn)
{
    gen_setend(s, bit(insn, 3));
    return true;
}

/* CPSIE iflags; CPSID iflags */
bool trans_t_cps(DisasContext *s, uint32_t insn)
{
    /* A I F stand in bits 2:0 as they do in CPSR bits 8:6. */
    return gen_cps(s, bit(insn, 4) ? 3 : 2, field(insn, 0, 3) << 6, -1);
}

/* ---- branches and exceptions ---- */

/* B<c> target */
bool trans_t_bcc(DisasContext *s, uint32_t insn)
{
    unsigned cc = field(insn, 8, 4);

    if (cc >= CC_AL) {
        return false;
    }
    gen_skip_unless(s, cc);
    gen_exit_jmp(s, (s_read_pc(s) + ((uint32_t)sfield(insn, 0, 8) << 1)) | 1);
    return true;
}

/* B target */
bool trans_t_b(DisasContext *s, uint32_t insn)
{
    gen_exit_jmp(s, (s_read_pc(s) + ((uint32_t)sfield(insn, 0, 11) << 1)) | 1);
    return true;
}

/*
 * The first half of BL or BLX: LR = PC + upper part of the offset. When its second half follows in the page the two are
 * translated as the one instruction they are meant to be; each also works alone.
 */
bool trans_t_bl_prefix(DisasContext *s, uint32_t insn)
{
    uint32_t base = s_read_pc(s) + ((uint32_t)sfield(insn, 0, 11) << 12), target;
    const uint8_t *p = s->code_page + (s->next_pc & 0xffe);
    uint32_t second;

    if (s_within_reach(s, s->next_pc) && (int)s->b->guest_insns + 2 <= s->max_insns) {
        second = p[0] | p[1] << 8;
        if ((second & 0xf800) == 0xf800 || (second & 0xf801) == 0xe800) {
            s->next_pc += 2;
            s->b->guest_insns++;
            target = base + (field(second, 0, 11) << 1);
            gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
            if (bit(second, 12)) {
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

static void gen_bl_suffix(DisasContext *s, uint32_t insn, bool to_arm)
{
    IRRef t = gen_temp(s);

    gen_addi(s, t, REF_R(14), field(insn, 0, 11) << 1);
    if (to_arm) {
        gen_op2(s, IR_and, t, t, gen_const(s, ~3u));
    } else {
        gen_op2(s, IR_or, t, t, gen_const(s, 1));
    }
    gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
    gen_exit_ind(s, t);
}

/* Second half of BL: to LR + offset */
bool trans_t_bl_suffix(DisasContext *s, uint32_t insn)
{
    gen_bl_suffix(s, insn, false);
    return true;
}

/* Second half of BLX: the same, to ARM state */
bool trans_t_blx_suffix(DisasContext *s, uint32_t insn)
{
    gen_bl_suffix(s, insn, true);
    return true;
}

/* SWI #imm8 */
bool trans_t_swi(DisasContext *s, uint32_t insn)
{
    gen_swi(s, field(insn, 0, 8) == SEMIHOSTING_SVC_THUMB);
    return true;
}

/* BKPT #imm8 */
bool trans_t_bkpt(DisasContext *s, uint32_t insn)
{
    gen_raise(s, EXCP_PREFETCH_ABORT, FAULT_DEBUG);
    return true;
}
