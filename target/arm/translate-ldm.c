/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LDM and STM in all their forms, RFE and SRS (ARM DDI 0100I A3.12, A4.1.20-22, A4.1.97-99, A4.1.59, A4.1.90).
 * Thread-private, see translate-internal.h.
 *
 * A transfer is one IR op over the whole list, which writes its registers only if every access succeeded; the base
 * is written back behind it. A base register in the list of a load keeps the loaded value; a store stores its old
 * value.
 */
#include "target/arm/translate-internal.h"

/* The mode-dependent registers of a user-bank transfer. */
enum { FIRST_BANKED = 8, LAST_BANKED = 14 };

/* Offset of the lowest address from the base, and what writeback adds. */
static void transfer_offsets(bool before, bool up, unsigned n, uint32_t *start, uint32_t *wb)
{
    uint32_t bytes = n * 4;

    *wb = up ? bytes : -bytes;
    *start = up ? (before ? 4 : 0) : -bytes + (before ? 0 : 4);
}

static void gen_writeback(DisasContext *s, const BlockTransfer *t, uint32_t wb)
{
    if (t->writeback && !(t->load && (t->list >> t->rn & 1))) {
        gen_addi(s, REF_R(t->rn), REF_R(t->rn), wb);
    }
}

/* LDM/STM with S and without PC in a load's list: the registers of user mode. Privileged only. */
static void gen_user_transfer(DisasContext *s, const BlockTransfer *t, uint32_t start, uint32_t wb)
{
    IRRef refs[16];
    unsigned n = 0;

    for (unsigned r = 0; r < 16; r++) {
        if (!(t->list >> r & 1)) {
            continue;
        }
        if (r < FIRST_BANKED || r > LAST_BANKED) {
            refs[n++] = gen_reg(s, r);
        } else {
            refs[n] = gen_temp(s);
            if (!t->load) {
                gen_call(s, refs[n], HELPER_user_reg_read, gen_const(s, r), REF_NONE, REF_NONE);
            }
            n++;
        }
    }
    if (!t->load) {
        gen_stm(s, refs, n, REF_R(t->rn), start, gen_mem_aligned(s, 2));
        gen_writeback(s, t, wb);
        return;
    }
    gen_ldm(s, refs, n, REF_R(t->rn), start, gen_mem_aligned(s, 2));
    gen_writeback(s, t, wb);
    n = 0;
    for (unsigned r = 0; r <= LAST_BANKED; r++) {
        if (!(t->list >> r & 1)) {
            continue;
        }
        if (r >= FIRST_BANKED) {
            gen_call(s, REF_NONE, HELPER_user_reg_write, gen_const(s, r), refs[n], REF_NONE);
        }
        n++;
    }
}

bool gen_block_transfer(DisasContext *s, const BlockTransfer *t)
{
    unsigned n = __builtin_popcount(t->list), k = 0;
    bool load_pc = t->load && (t->list >> 15 & 1);
    uint32_t start, wb;
    IRRef refs[16], pc = REF_NONE;

    /* An empty list and PC as the base are UNPREDICTABLE; user mode has no SPSR and no other bank. */
    if (n == 0 || t->rn == 15 || (t->user && !s_priv(s))) {
        return false;
    }
    transfer_offsets(t->before, t->up, n, &start, &wb);
    if (t->user && !load_pc) {
        gen_user_transfer(s, t, start, wb);
        return true;
    }
    for (unsigned r = 0; r < 16; r++) {
        if (t->list >> r & 1) {
            refs[k++] = r == 15 && t->load ? (pc = gen_temp(s)) : gen_reg(s, r);
        }
    }
    if (t->load) {
        gen_ldm(s, refs, n, REF_R(t->rn), start, gen_mem_aligned(s, 2));
    } else {
        gen_stm(s, refs, n, REF_R(t->rn), start, gen_mem_aligned(s, 2));
    }
    gen_writeback(s, t, wb);
    if (load_pc) {
        if (t->user) {
            gen_call(s, REF_NONE, HELPER_exception_return, pc, REF_NONE, REF_NONE);
            gen_exit_main(s);
        } else {
            gen_exit_ind(s, pc);
        }
    }
    return true;
}

/* LDM<c><mode> Rn{!}, {list}{^}; STM */
bool trans_ldm(DisasContext *s, const args_ldm *f)
{
    BlockTransfer t = {
        .rn = f->n, .list = f->l, .load = f->load, .before = f->p, .up = f->u, .writeback = f->w, .user = f->s,
    };

    return gen_block_transfer(s, &t);
}

/* RFE<mode> Rn{!}: PC and CPSR from memory */
bool trans_rfe(DisasContext *s, const args_rfe *f)
{
    unsigned rn = f->n;
    uint32_t start, wb;
    IRRef refs[2];

    if (!s_priv(s) || rn == 15) {
        return false;
    }
    transfer_offsets(f->p, f->u, 2, &start, &wb);
    refs[0] = gen_temp(s);
    refs[1] = gen_temp(s);
    gen_ldm(s, refs, 2, REF_R(rn), start, gen_mem_aligned(s, 2));
    if (f->w) {
        gen_addi(s, REF_R(rn), REF_R(rn), wb);
    }
    gen_call(s, REF_NONE, HELPER_rfe, refs[0], refs[1], REF_NONE);
    gen_exit_main(s);
    return true;
}

/* SRS<mode> #mode{!}: LR and SPSR of this mode to the stack of another */
bool trans_srs(DisasContext *s, const args_srs *f)
{
    unsigned mode = f->m;
    uint32_t start, wb;
    IRRef refs[2], base;

    if (!s_priv(s) || !arm_mode_valid(mode)) {
        return false;
    }
    transfer_offsets(f->p, f->u, 2, &start, &wb);
    base = gen_temp(s);
    refs[0] = REF_R(14);
    refs[1] = gen_temp(s);
    gen_call(s, refs[1], HELPER_spsr_read, REF_NONE, REF_NONE, REF_NONE);
    gen_call(s, base, HELPER_banked_r13_read, gen_const(s, mode), REF_NONE, REF_NONE);
    gen_stm(s, refs, 2, base, start, gen_mem_aligned(s, 2));
    if (f->w) {
        IRRef t = gen_temp(s);

        gen_addi(s, t, base, wb);
        gen_call(s, REF_NONE, HELPER_banked_r13_write, gen_const(s, mode), t, REF_NONE);
    }
    return true;
}
