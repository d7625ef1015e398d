/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One look at the memory tables for neighbouring accesses (IR op `page`, tcg/passes/pages.c).
 *
 *      lea   eax, [base + offset]
 *      rorx  ecx, eax, log2(alignment) ; bits that must be 0 come to the top
 *      and   ecx, those and the offset in the page
 *      cmp   ecx, last offset from which all fits
 *      ja    none
 *      mov   ecx, eax
 *      shr   ecx, 12
 *      mov   rcx, [r15 + rcx * 8 (+ TLB_WRITE_OFFSET)]
 *      test  rcx, rcx
 *      jle   none
 *      lea   rdx, [rcx + rax]
 *
 * rdx, or a slot of JITState.page, is the host address of the first byte, 0: none. An access is
 *
 *      test  rdx, rdx
 *      je    near
 *      mov   reg, [rdx + distance]
 *
 * and `near`, out of line, is what an access without a page is. Who has called C from there, which may have changed
 * tables, or waited while others did, clears all pages that are still needed.
 */
#include "accel/tcg/softtlb.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

bool emit_page_place(const Emitter *e, IRRef page, Loc *where)
{
    int place = e->page_place[page - REF_P0];

    if (place == RDX) {
        *where = (Loc) { .kind = LOC_REG, .reg = RDX };
    } else if (place != PAGE_NOWHERE) {
        *where = (Loc) { .kind = LOC_MEM, .disp = JIT_OFFSET(page) + 8 * (PAGE_SLOT0 - place) };
    }
    return place != PAGE_NOWHERE;
}

static void clear(Emitter *e, Loc where)
{
    if (where.kind == LOC_REG) {
        x_mov_r_i(&e->as, where.reg, 0);
    } else {
        x_alu_rm_i(&e->as, ALU_AND, true, emit_env(where.disp), 0);
    }
}

void emit_page_forget(Emitter *e, const SlowPath *s)
{
    Loc where;

    for (unsigned n = 0; n < e->b->npages; n++) {
        if ((s->pages >> n & 1) && emit_page_place(e, (IRRef)(REF_P0 + n), &where)) {
            clear(e, where);
        }
    }
}

void emit_limit_check(Emitter *e, int addr, unsigned align, unsigned bytes)
{
    Asm *as = &e->as;
    uint32_t mask = (1u << TLB_PAGE_BITS) - 1;

    if (!align) {
        x_mov_r_rm(as, false, RCX, rm_reg(addr));
    } else if (x86_bmi2) {
        x_rorx_i(as, RCX, rm_reg(addr), (int)align);
    } else {
        x_mov_r_rm(as, false, RCX, rm_reg(addr));
        x_shift_i(as, SH_ROR, false, rm_reg(RCX), (int)align);
    }
    mask = align ? mask >> align | ~0u << (32 - align) : mask;
    x_alu_rm_i(as, ALU_AND, false, rm_reg(RCX), (int32_t)mask);
    x_alu_rm_i(as, ALU_CMP, false, rm_reg(RCX), (int32_t)(((1u << TLB_PAGE_BITS) - bytes) >> align));
}

void emit_page(Emitter *e, const IROp *op)
{
    Asm *as = &e->as;
    SlowPath *s;
    Loc where;
    int addr;

    if (!emit_page_place(e, op->d, &where)) {
        return;
    }
    s = emit_slow(e, SLOW_PAGE);
    addr = emit_address(e, op);
    emit_limit_check(e, addr, op->mem & MEM_SIZE, op->near);
    s->fields[s->nfields++] = x_jcc_fwd(as, X_A);
    emit_table_look(e, addr, op->n, 0);
    if (!emit_recall(e, s)) {
        x_test_rm_r(as, true, rm_reg(RCX), RCX);
        s->fields[s->nfields++] = x_jcc_fwd(as, X_LE);
    }
    if (where.kind == LOC_REG) {
        x_lea(as, true, where.reg, rm_sib(RCX, addr, 0, 0));
    } else {
        x_alu_r_rm(as, ALU_ADD, true, RCX, rm_reg(addr));
        x_mov_rm_r(as, true, emit_env(where.disp), RCX);
    }
    s->back = as->p;
    e->live_pages |= 1ull << (op->d - REF_P0);
    emit_flags_clobber(e);
}

void emit_slow_page(Emitter *e, SlowPath *s)
{
    const uint8_t *start = e->as.p;
    Loc where;

    emit_page_place(e, s->op->d, &where);
    clear(e, where);
    x_jmp(&e->as, s->back);
    if (s->recall_field) {
        emit_slow_recall(e, s, start);
    }
}
