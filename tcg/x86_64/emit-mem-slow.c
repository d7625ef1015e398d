/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest loads and stores, what is behind the block: accesses for which emit-mem.c has not found plain memory.
 *
 * Words and halfwords that are not aligned (ARMv6: SCTLR.U) but inside a page look again here and go back. What remains
 * hands PC and MEM_* to a thunk that syncs all guest registers to env, so that a fault needs nothing restored. The
 * store thunk begins with what needs no C: stores to watched pages.
 */
#include "accel/tcg/softtlb.h"
#include "tcg/x86_64/emit.h"

/* Bytes of an access that is checked as one piece. */
static unsigned piece_bytes(const IROp *op)
{
    return ir_op_has_list(op) ? 8 : 1u << (op->mem & MEM_SIZE);
}

/*
 * Thunk: ecx = address of an access that is not aligned. X_G: it is inside a page of plain memory, and rcx is its table
 * entry. Clobbers nothing else.
 */
void emit_half_aligned_look(Asm *as, unsigned bytes, bool store)
{
    uint8_t *two_pages;

    x_push(as, RCX);
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), (1 << TLB_PAGE_BITS) - 1);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RCX), (1 << TLB_PAGE_BITS) - (int)bytes);
    x_pop(as, RCX);
    two_pages = x_jcc_short_fwd(as, X_A);
    x_shift_i(as, SH_SHR, false, rm_reg(RCX), TLB_PAGE_BITS);
    x_mov_r_rm(as, true, RCX, rm_sib(TLB_REG, RCX, 3, store ? (int32_t)TLB_WRITE_OFFSET : 0));
    x_test_rm_r(as, true, rm_reg(RCX), RCX);
    x_ret(as);
    x_patch8(two_pages, as->p);
    x_alu_r_rm(as, ALU_XOR, false, RCX, rm_reg(RCX));
    x_ret(as);
}

/*
 * Out of line, from `field`: not aligned, but inside a page, doublewords aligned to a word, it looks again and goes on
 * as if it were aligned.
 */
static void emit_half_aligned(Emitter *e, SlowPath *s, uint8_t *field)
{
    Asm *as = &e->as;
    bool list = ir_op_has_list(s->op), store = ir_op_effects(s->op) & FX_STORE;
    unsigned size = list ? 3 : s->op->mem & MEM_SIZE;

    x_patch(field, as->p);
    if (list) {
        x_test8_rm_i(as, rm_reg(s->addr_reg), 3);
        x_jcc(as, X_NE, s->call);
    }
    x_mov_r_rm(as, false, RCX, rm_reg(s->addr_reg));
    x_call(as, emit_thunk(e, x86_layout.half_aligned[size - 1][store]));
    x_jcc(as, X_G, s->found);
    x_jmp(as, s->call);
}

/* Out of line: the page is not known. */
static void emit_far(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;
    const IROp *op = s->op;
    Loc page;

    x_patch(s->near_field, as->p);
    emit_checked(e, s, op);
    emit_page_place(e, op->c, &page);
    if (page.kind == LOC_REG && (s->pages >> (op->c - REF_P0) & 1)) {
        x_mov_r_i(as, page.reg, 0);     /* it may have been used */
    }
    x_jmp(as, s->back);
}

/* Flags that are computed late, or that the block's jump to itself has not saved. */
static void show_late(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    const IRLate *l = op->cc ? &e->b->late[op->cc - 1] : NULL;
    uint8_t *saved = NULL;

    if (!l) {
        return;
    }
    if (l->looped) {
        x_alu_rm_i(as, ALU_CMP, false, emit_env(JIT_OFFSET(looped)), 0);
        saved = x_jcc_short_fwd(as, X_E);
    }
    x_mov_rm_r(as, true, emit_env(JIT_OFFSET(slow_val2)), RAX);
    emit_flags_late(e, l);
    x_mov_r_rm(as, true, RAX, emit_env(JIT_OFFSET(slow_val2)));
    if (saved) {
        x_patch8(saved, as->p);
    }
}

/* What every slow path hands over: address in ecx, PC and MEM_* in env. */
static void slow_common(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;

    show_late(e, s->op);
    emit_xmm_restore(e, &s->xmm);
    if (s->addr_reg != RCX) {
        x_mov_r_rm(as, false, RCX, rm_reg(s->addr_reg));
    }
    x_mov_rm_i(as, emit_env(ENV_OFFSET(regs[15])), s->pc);
    x_mov_rm_i(as, emit_env(JIT_OFFSET(slow_mem)), s->op->mem);
}

static void slow_load_code(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;
    const IROp *op = s->op;
    bool wide = (op->mem & MEM_SIZE) == 3;

    x_call(as, emit_thunk(e, wide ? x86_layout.load64[s->save_xmm] : x86_layout.load[s->save_xmm]));
    if (s->xd >= 0) {
        x_movd_x_r(as, wide, s->xd, RCX);
    } else if (ref_is_s(op->d) || ref_is_d(op->d)) {
        x_mov_rm_r(as, wide, emit_env(emit_vfp_disp(op->d)), RCX);
    } else {
        x_mov_rm_r(as, false, emit_rm(emit_loc(e, op->d)), RCX);
    }
}

static void slow_store_code(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;
    const IROp *op = s->op;
    bool wide = (op->mem & MEM_SIZE) == 3;
    Loc v = emit_loc(e, op->b);
    RM val = emit_env(JIT_OFFSET(slow_val));

    if (v.kind == LOC_IMM) {
        x_mov_rm_i(as, val, v.imm);
    } else if (v.kind == LOC_REG) {
        x_mov_rm_r(as, false, val, v.reg);
    } else {
        x_mov_r_rm(as, wide, RDX, emit_env(v.disp));
        x_mov_rm_r(as, wide, val, RDX);
    }
    x_call(as, emit_thunk(e, wide ? x86_layout.store64[s->save_xmm] : x86_layout.store[s->save_xmm]));
}

static void slow_multi_code(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;
    const IROp *op = s->op;
    bool load = op->opc == IR_ldm, wide = (op->mem & MEM_SIZE) == 3;
    int step = wide ? 8 : 4;

    x_mov_rm_i(as, emit_env(JIT_OFFSET(slow_n)), op->n);
    for (int i = 0; i < op->n && !load; i++) {
        Loc l = emit_loc(e, e->b->args[op->arg + i]);
        RM slot = emit_env(JIT_OFFSET(ldm_buf) + i * step);
        if (l.kind == LOC_IMM) {
            x_mov_rm_i(as, slot, l.imm);
        } else if (l.kind == LOC_REG) {
            x_mov_rm_r(as, false, slot, l.reg);
        } else {
            x_mov_r_rm(as, wide, RDX, emit_env(l.disp));
            x_mov_rm_r(as, wide, slot, RDX);
        }
    }
    x_call(as, emit_thunk(e, load ? x86_layout.ldm[s->save_xmm] : x86_layout.stm[s->save_xmm]));
    for (int i = 0; i < op->n && load; i++) {
        Loc l = emit_loc(e, e->b->args[op->arg + i]);
        RM slot = emit_env(JIT_OFFSET(ldm_buf) + i * step);
        if (l.kind == LOC_REG) {
            x_mov_r_rm(as, false, l.reg, slot);
        } else {
            x_mov_r_rm(as, wide, RDX, slot);
            x_mov_rm_r(as, wide, emit_env(l.disp), RDX);
        }
    }
    if (s->xd >= 0) {
        x_movd_x_r(as, true, s->xd, RDX);
    }
}

void emit_slow_mem(Emitter *e, SlowPath *s)
{
    const uint8_t *start;
    uint8_t *half = NULL;

    if (s->near_field) {
        emit_far(e, s);
        for (int k = 0; k < s->nfields; k++) {
            x_patch(s->fields[k], e->as.p);
        }
    }
    start = e->as.p;
    if (s->found) {
        x_test8_rm_i(&e->as, rm_reg(s->addr_reg), (uint8_t)(piece_bytes(s->op) - 1));
        half = x_jcc_fwd(&e->as, X_NE);
    }
    s->call = e->as.p;
    slow_common(e, s);
    if (s->kind == SLOW_LOAD) {
        slow_load_code(e, s);
    } else if (s->kind == SLOW_STORE) {
        slow_store_code(e, s);
    } else {
        slow_multi_code(e, s);
    }
    emit_page_forget(e, s);
    if (s->kept && !ir_op_has_operand(e->b, s->op, IR_DEFS, e->kept)) {
        emit_load_kept(e);
    }
    x_jmp(&e->as, s->back);
    if (half) {
        emit_half_aligned(e, s, half);
    }
    if (s->border_field) {
        emit_split_at_border(e, s);
    }
    if (s->recall_field) {
        emit_slow_recall(e, s, start);
    }
}
