/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where IR temporaries live: rax, rdx or a slot of JITState.spill. Guest registers need no allocation (they are
 * pinned), so temporaries are few and short-lived, and one forward scan does.
 *
 * A temporary may sit in rax or rdx only if no op between its definition and its last use needs that register as
 * scratch. It may also be an operand of an op that needs the register, if that op reads it first (safe_for_operand).
 *
 * Pages (IR op `page`) take what the temporaries leave of rdx, or slots of JITState.page.
 */
#include "tcg/x86_64/emit.h"

enum { NO_OP = 0xffff };

/* Scratch registers the emitted code of an op may destroy. */
static int op_clobbers(const IROp *op)
{
    return x86_op_info[op->opc].clobbers | (op->savef ? USE_RAX : 0);
}

/* Of the op's scratch registers, those in which operand r is safe: it is read, once, before they are destroyed. */
static int safe_for_operand(const Emitter *e, const IROp *op, IRRef r)
{
    int safe = x86_op_info[op->opc].early, uses = 0;
    IROperands it = ir_operands(e->b, op, IR_USES);

    while (safe && ir_next_operand(&it)) {
        uses += *it.ref == r;
    }
    return op->a == r && uses == 1 ? safe : 0;
}

/* Those it destroys when a destination may have been written. */
static int def_clobbers(const IROp *op)
{
    return x86_op_info[op->opc].late | (op->savef ? USE_RAX : 0);
}

static void note(uint16_t *first, uint16_t *last, IRRef r, int i)
{
    if (ref_is_temp(r)) {
        int t = r - REF_T0;
        if (first[t] == NO_OP) {
            first[t] = (uint16_t)i;
        }
        last[t] = (uint16_t)i;
    }
}

static void note_op(Emitter *e, uint16_t *first, const IROp *op, int i)
{
    IROperands it = ir_operands(e->b, op, IR_ALL);

    while (ir_next_operand(&it)) {
        note(first, e->temp_last, *it.ref, i);
        if (ref_is_ftemp(*it.ref)) {
            e->ftemp_last[*it.ref - REF_F0] = (uint16_t)i;
        }
    }
}

/* Registers that temporary t must not use, for its life [first, last]. */
static int forbidden(const Emitter *e, int t, int first, int last)
{
    IRRef r = (IRRef)(REF_T0 + t);
    int bad = def_clobbers(&e->b->ops[first]);

    for (int i = first + 1; i <= last && bad != (USE_RAX | USE_RDX); i++) {
        const IROp *op = &e->b->ops[i];
        bad |= op_clobbers(op) & ~(i == last ? safe_for_operand(e, op, r) : 0);
    }
    return bad;
}

/* Until which op each place is taken. */
typedef struct Places {
    int rax, rdx, slot[JIT_SPILLS];
} Places;

/* A place for temporary t, defined by op i. */
static void assign(Emitter *e, Places *until, int t, int i)
{
    int last = e->temp_last[t], bad = forbidden(e, t, i, last), s = 0;

    if (until->rdx <= i && !(bad & USE_RDX)) {
        e->temp_reg[t] = RDX;
        until->rdx = last > i ? last : i + 1;
        memset(e->rdx_taken + i, true, (size_t)(last - i + 1));
        return;
    }
    if (until->rax <= i && !(bad & USE_RAX)) {
        e->temp_reg[t] = RAX;
        until->rax = last > i ? last : i + 1;
        return;
    }
    while (s < JIT_SPILLS && until->slot[s] >= i) {
        s++;
    }
    if (s == JIT_SPILLS) {
        e->failed = true;
        return;
    }
    e->temp_reg[t] = (int8_t)(-1 - s);
    until->slot[s] = last;
}

void emit_assign_temps(Emitter *e)
{
    const IRBlock *b = e->b;
    uint16_t first[NB_TEMPS];
    Places until = { .rax = -1, .rdx = -1 };

    memset(first, 0xff, sizeof(first[0]) * b->ntemps);
    memset(until.slot, 0xff, sizeof(until.slot));
    memset(e->rdx_taken, false, b->nops);
    if (!b->ntemps && !b->nftemps) {
        return;
    }
    for (int i = 0; i < b->nops; i++) {
        note_op(e, first, &b->ops[i], i);
    }
    /* Temporaries are numbered in order of creation, not of definition: go by op. */
    for (int i = 0; i < b->nops && !e->failed; i++) {
        IROperands it = ir_operands(b, &b->ops[i], IR_DEFS);

        while (ir_next_operand(&it)) {
            int t = *it.ref - REF_T0;

            if (ref_is_temp(*it.ref) && first[t] == i) {
                first[t] = NO_OP;       /* a list may name it again */
                assign(e, &until, t, i);
            }
        }
    }
}

/* Nothing needs rdx from op `first` to op `last` but accesses to the page, which leave its register alone. */
static bool rdx_is_free(const Emitter *e, IRRef page, int first, int last)
{
    for (int i = first; i <= last; i++) {
        const IROp *op = &e->b->ops[i];

        if (e->rdx_taken[i] || (op->c != page && (op_clobbers(op) & USE_RDX))) {
            return false;
        }
    }
    return true;
}

/* rdx or a slot for page n, which op `first` finds. */
static int8_t place_page(Emitter *e, int *until, int n, int first)
{
    int last = e->page_last[n];

    if (rdx_is_free(e, (IRRef)(REF_P0 + n), first, last)) {
        memset(e->rdx_taken + first, true, (size_t)(last - first + 1));
        return RDX;
    }
    for (int s = 0; s < JIT_PAGES; s++) {
        if (until[s] < first) {
            until[s] = last;
            return (int8_t)(PAGE_SLOT0 - s);
        }
    }
    return PAGE_NOWHERE;
}

void emit_assign_pages(Emitter *e)
{
    const IRBlock *b = e->b;
    int until[JIT_PAGES];

    memset(until, 0xff, sizeof(until));
    for (int i = 0; i < b->nops && b->npages; i++) {
        IROperands it = ir_operands(b, &b->ops[i], IR_USES);

        while (ir_next_operand(&it)) {
            if (ref_is_page(*it.ref)) {
                e->page_last[*it.ref - REF_P0] = (uint16_t)i;
            }
        }
    }
    for (int i = 0; i < b->nops && b->npages; i++) {
        if (b->ops[i].opc == IR_page) {
            int n = b->ops[i].d - REF_P0;

            e->page_place[n] = place_page(e, until, n, i);
        }
    }
}

/*
 * Of r8-r12 the one that a loop does most with is in rdx as well, if that is free all the way from the block's start to
 * its jump back: what goes through memory from turn to turn takes 5 cycles. Each result is stored at once, so whoever
 * leaves finds it where it belongs.
 */
static bool leaves_rdx(const Emitter *e, const IROp *op)
{
    if (!(op_clobbers(op) & USE_RDX) || ir_op_is_exit(op)) {
        return true;
    }
    if (!ir_op_is_access(op) || (op->mem & (MEM_BE | MEM_USER)) || (ir_op_has_list(op) && op->n > 1)) {
        return false;
    }
    /* Code of accesses needs it for integers that are not in a register. */
    if (ir_op_has_list(op)) {
        IRRef r = e->b->args[op->arg];

        return ref_is_s(r) || ref_is_d(r);
    }
    return op->opc == IR_st && (ref_is_s(op->b) || ref_is_d(op->b) || emit_loc(e, op->b).kind == LOC_REG);
}

void emit_choose_kept(Emitter *e)
{
    const IRBlock *b = e->b;
    unsigned used[16] = { 0 };
    bool defined[16] = { false };
    int end = e->jump_back;

    e->kept = REF_NONE;
    e->kept_until = end;
    for (int i = 0; i <= end; i++) {
        IROperands it = ir_operands(b, &b->ops[i], IR_ALL), defs = ir_operands(b, &b->ops[i], IR_DEFS);

        if (e->rdx_taken[i] || !leaves_rdx(e, &b->ops[i])) {
            return;
        }
        while (ir_next_operand(&it)) {
            used[ref_is_reg(*it.ref) ? *it.ref : 0]++;
        }
        while (ir_next_operand(&defs)) {
            defined[ref_is_reg(*defs.ref) ? *defs.ref : 0] = true;
        }
    }
    for (IRRef r = REF_R0; r <= REF_R(14); r++) {
        if (x86_guest_reg[r - REF_R0] == NO_REG && defined[r] && used[r] > (e->kept ? used[e->kept] : 1)) {
            e->kept = r;
        }
    }
}
