/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A32 branches, software interrupt, breakpoint (ARM DDI 0100I A3.3, A3.9, A4). Thread-private, see
 * translate-internal.h.
 */
#include "hw/semihosting.h"
#include "target/arm/translate-internal.h"

static uint32_t branch_target(const DisasContext *s, int32_t words)
{
    return s_read_pc(s) + ((uint32_t)words << 2);
}

bool gen_is_branch(const DisasContext *s)
{
    uint32_t insn = s->insn;

    if (s->thumb) {
        return ((insn & 0xf000) == 0xd000 && (insn & 0xe00) != 0xe00) || (insn & 0xff00) == 0x4700 ||
               ((insn & 0xe000) == 0xe000 && (insn & 0xf800) != 0xf000);
    }
    return (insn & 0x0e000000) == 0x0a000000 || (insn >> 28 != 15 && (insn & 0x0fffffd0) == 0x012fff10);
}

/* B<c> target */
bool trans_b(DisasContext *s, const args_b *f)
{
    gen_exit_jmp(s, branch_target(s, f->j));
    return true;
}

/* BL<c> target */
bool trans_bl(DisasContext *s, const args_bl *f)
{
    gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
    gen_exit_jmp(s, branch_target(s, f->j));
    return true;
}

/* BLX target: to Thumb state; H is bit 1 of the address */
bool trans_blx_imm(DisasContext *s, const args_blx_imm *f)
{
    gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
    gen_exit_ind(s, gen_const(s, (branch_target(s, f->j) + (f->h ? 2 : 0)) | 1));
    return true;
}

void gen_bx(DisasContext *s, unsigned rm, bool link)
{
    /* The register already has the form PC|T. Bits 1:0 = 2 are UNPREDICTABLE and dealt with by arm_translate(). */
    IRRef target = gen_reg(s, rm);

    if (link) {
        if (rm == 14) {
            target = gen_op1(s, IR_mov, gen_temp(s), target);
        }
        gen_op1(s, IR_mov, REF_R(14), gen_const(s, s_next(s)));
    }
    gen_exit_ind(s, target);
}

/* BX<c> Rm; BXJ<c> Rm (there is no Jazelle here) */
bool trans_bx(DisasContext *s, const args_bx *f)
{
    gen_bx(s, f->m, false);
    return true;
}

/* BLX<c> Rm */
bool trans_blx(DisasContext *s, const args_blx *f)
{
    if (f->m == 15) {
        return false;
    }
    gen_bx(s, f->m, true);
    return true;
}

/* SWI<c> #imm24 */
bool trans_swi(DisasContext *s, const args_swi *f)
{
    gen_swi(s, f->i == SEMIHOSTING_SVC_ARM);
    return true;
}

/* BKPT #imm16 */
bool trans_bkpt(DisasContext *s, const args_bkpt *f)
{
    if (s->cond != CC_AL) {
        return false;
    }
    gen_raise(s, EXCP_PREFETCH_ABORT, FAULT_DEBUG);
    return true;
}
