/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transfers of several words, LDM, STM, VLDM and VSTM, whose words lie in two pages: the start of their thunks. Stacks
 * cross pages, and a function there does so at every call. Both pages are looked up before the first word is moved, so
 * nothing has happened yet where C has to do it: a page that is not plain memory, big-endian words, user rights.
 *
 *      rdx, rax        host addresses of the transfer's first byte, by the first and by the second page
 *      ecx             word; edi: the words of the first page; ebx: all words; esi: one of them
 */
#include "accel/tcg/softtlb.h"
#include "tcg/x86_64/emit.h"

static const uint8_t saved[] = { RSI, RDI, RBX, RCX };

static void copy_words(Asm *as, bool store, int page, int end)
{
    RM memory = rm_sib(page, RCX, 2, 0), buffer = rm_sib(ENV_REG, RCX, 2, JIT_OFFSET(ldm_buf));
    const uint8_t *again = as->p;

    x_mov_r_rm(as, false, RSI, store ? buffer : memory);
    x_mov_rm_r(as, false, store ? memory : buffer, RSI);
    x_alu_rm_i(as, ALU_ADD, false, rm_reg(RCX), 1);
    x_alu_r_rm(as, ALU_CMP, false, RCX, rm_reg(end));
    x_jcc(as, X_B, again);
}

/* Entry of the page eax and a number of pages: to reg; returns the jump that is taken if it is not plain memory. */
static uint8_t *look_up(Asm *as, bool store, int reg, int pages)
{
    x_mov_r_rm(as, true, reg, rm_sib(TLB_REG, RAX, 3, (store ? (int32_t)TLB_WRITE_OFFSET : 0) + 8 * pages));
    x_test_rm_r(as, true, rm_reg(reg), reg);
    return x_jcc_fwd(as, X_LE);
}

static void restore(Asm *as)
{
    for (int i = sizeof(saved); i-- > 0;) {
        x_pop(as, saved[i]);
    }
}

void emit_border_transfer(Asm *as, bool store)
{
    uint8_t *undo[5], *words, *inside;

    x_push(as, RAX);
    x_push(as, RDX);
    x_test8_rm_i(as, rm_reg(RCX), 3);
    undo[0] = x_jcc_fwd(as, X_NE);
    /* Words or doublewords, with nothing else about them. */
    x_mov_r_rm(as, false, RAX, emit_env(JIT_OFFSET(slow_mem)));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RAX), ~MEM_ALIGN);
    x_alu_rm_i(as, ALU_SUB, false, rm_reg(RAX), 2);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), 1);
    undo[1] = x_jcc_fwd(as, X_A);
    x_mov_r_rm(as, false, RAX, rm_reg(RCX));
    x_shift_i(as, SH_SHR, false, rm_reg(RAX), TLB_PAGE_BITS);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RAX), TLB_ENTRIES - 1);       /* no page behind it */
    undo[2] = x_jcc_fwd(as, X_E);
    undo[3] = look_up(as, store, RDX, 0);
    undo[4] = look_up(as, store, RAX, 1);
    for (size_t i = 0; i < sizeof(saved); i++) {
        x_push(as, saved[i]);
    }
    x_alu_r_rm(as, ALU_ADD, true, RDX, rm_reg(RCX));
    x_alu_r_rm(as, ALU_ADD, true, RAX, rm_reg(RCX));
    x_mov_r_rm(as, false, RBX, emit_env(JIT_OFFSET(slow_n)));
    x_test8_rm_i(as, emit_env(JIT_OFFSET(slow_mem)), 1);
    words = x_jcc_short_fwd(as, X_E);
    x_alu_r_rm(as, ALU_ADD, false, RBX, rm_reg(RBX));
    x_patch8(words, as->p);
    /* The address is a multiple of 4, so that is the number of words less one. */
    x_unary(as, UN_NOT, false, rm_reg(RCX));
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), (1 << TLB_PAGE_BITS) - 1);
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), 2);
    x_lea(as, false, RDI, rm_mem(RCX, 1));
    x_alu_r_rm(as, ALU_CMP, false, RDI, rm_reg(RBX));
    inside = x_jcc_fwd(as, X_AE);
    x_mov_r_i(as, RCX, 0);
    copy_words(as, store, RDX, RDI);
    copy_words(as, store, RAX, RBX);
    restore(as);
    x_pop(as, RDX);
    x_pop(as, RAX);
    x_ret(as);
    x_patch(inside, as->p);
    restore(as);
    for (int i = 0; i < 5; i++) {
        x_patch(undo[i], as->p);
    }
    x_pop(as, RDX);
    x_pop(as, RAX);
}
