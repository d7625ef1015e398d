/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads whose address comes from what they loaded a turn before: lists, chased pointers, tables that a checksum walks.
 *
 * Problem: such a loop takes as long as its chain of dependent instructions, and half of that is the look at the memory
 * tables, whose entry the address of the access waits for. But the entry mostly is the one of the last turn: pages that
 * are side by side in RAM and in the guest's addresses have equal ones. So the code takes the last one for granted,
 * and looks at the tables meanwhile:
 *
 *      rorx  ecx, eax, log2(size)
 *      shr   ecx, 12 - log2(size)
 *      mov   rcx, [r15 + rcx * 8]
 *      cmp   rcx, [recalled]           ; never 0 or negative, so an equal entry is one of plain memory
 *      jne   other
 *      mov   rcx, [recalled]           ; waits for nothing
 *      mov   reg, [rcx + rax]
 *
 * The host guesses that jne does not jump. Nothing has to be undone when tables change: they are what counts.
 *
 * Where the entry differs each time, the guess would be wrong each time, some 20 cycles. So there are only so many
 * tries until the next interrupt, then `recalled` becomes what no entry is, and the jump is always taken. The records
 * are the CPU's; blocks share them.
 */
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"

enum { MAX_LOADS = 32, WALKS = 3 };

/* What values were computed from: bit n, the block's load n. */
typedef struct Chains {
    uint32_t reg[16], temp[NB_TEMPS], page[REF_P_END - REF_P0], flags;
    uint32_t loads_of_page[REF_P_END - REF_P0];
} Chains;

static uint32_t *chain_of(Chains *c, IRRef r)
{
    return ref_is_reg(r) ? &c->reg[r] : ref_is_temp(r) ? &c->temp[r - REF_T0] :
           ref_is_page(r) ? &c->page[r - REF_P0] : NULL;
}

static uint32_t chain_in(Chains *c, IRRef r)
{
    const uint32_t *p = chain_of(c, r);

    return p ? *p : 0;
}

static bool is_load(const IROp *op)
{
    return (op->opc == IR_ld || op->opc == IR_ldm) && !(op->mem & MEM_USER);
}

static unsigned count_loads(const IRBlock *b)
{
    unsigned loads = 0;

    for (int i = 0; i < b->nops; i++) {
        loads += is_load(&b->ops[i]);
    }
    return loads;
}

static void note_chain(Emitter *e, int i)
{
    for (unsigned n = 0; n < e->nrecalls; n++) {
        if (e->recall_op[n] == i) {
            return;
        }
    }
    if (e->nrecalls < EMIT_MAX_RECALLS) {
        e->recall_op[e->nrecalls++] = (uint16_t)i;
    }
}

/* One turn: what each value comes from; the loads, and looks for several of them, that come from themselves. */
static void walk(Emitter *e, Chains *c)
{
    const IRBlock *b = e->b;
    unsigned load = 0;

    for (int i = 0; i < b->nops; i++) {
        const IROp *op = &b->ops[i];
        IROperands it = ir_operands(b, op, IR_USES);
        uint32_t from = ir_op_reads_flags(op) ? c->flags : 0, own = 0;

        while (ir_next_operand(&it)) {
            from |= chain_in(c, *it.ref);
        }
        if (is_load(op)) {
            own = 1u << load++;
            if (ref_is_page(op->c)) {
                c->loads_of_page[op->c - REF_P0] |= own;
            }
        } else if (op->opc == IR_page) {
            own = c->loads_of_page[op->d - REF_P0];
        }
        if (own & chain_in(c, op->a)) {
            note_chain(e, i);
        }
        it = ir_operands(b, op, IR_DEFS);
        while (ir_next_operand(&it)) {
            uint32_t *to = chain_of(c, *it.ref);

            if (to) {
                *to = from | (is_load(op) ? own : 0);
            }
        }
        c->flags = op->setf ? from : c->flags;
    }
}

void emit_choose_recalls(Emitter *e)
{
    const IRBlock *b = e->b;
    Chains c;
    unsigned loads;

    e->nrecalls = 0;
    if (e->jump_back < 0 || !(loads = count_loads(b)) || loads > MAX_LOADS) {
        return;
    }
    c.flags = 0;
    memset(c.reg, 0, sizeof(c.reg));
    memset(c.temp, 0, b->ntemps * sizeof(c.temp[0]));
    memset(c.page, 0, b->npages * sizeof(c.page[0]));
    memset(c.loads_of_page, 0, b->npages * sizeof(c.page[0]));
    for (int n = 0; n < WALKS; n++) {
        walk(e, &c);
    }
}

/* The record of the op that is being emitted; -1: it has none. */
static int record(const Emitter *e)
{
    for (unsigned n = 0; n < e->nrecalls; n++) {
        if (e->recall_op[n] == e->index) {
            /* Blocks are some dozens of bytes apart. */
            return (int)(((uintptr_t)e->tb / sizeof(TranslationBlock) + n) % JIT_RECALLS);
        }
    }
    return -1;
}

static RM recalled(int record)
{
    return emit_env(JIT_OFFSET(recalled) + 8 * record);
}

static RM tries(int record)
{
    return emit_env(JIT_OFFSET(recall_tries) + 4 * record);
}

bool emit_recall(Emitter *e, SlowPath *s)
{
    Asm *as = &e->as;

    s->recall = record(e);
    if (s->recall < 0) {
        return false;
    }
    x_alu_r_rm(as, ALU_CMP, true, RCX, recalled(s->recall));
    s->recall_field = x_jcc_fwd(as, X_NE);
    x_mov_r_rm(as, true, RCX, recalled(s->recall));
    s->recall_back = as->p;
    return true;
}

void emit_slow_recall(Emitter *e, const SlowPath *s, const uint8_t *slow)
{
    Asm *as = &e->as;

    x_patch(s->recall_field, as->p);
    x_test_rm_r(as, true, rm_reg(RCX), RCX);
    x_jcc(as, X_LE, slow);
    x_alu_rm_i(as, ALU_CMP, false, tries(s->recall), 0);
    x_jcc(as, X_E, s->recall_back);
    x_mov_rm_r(as, true, recalled(s->recall), RCX);
    x_alu_rm_i(as, ALU_SUB, false, tries(s->recall), 1);
    x_jcc(as, X_NE, s->recall_back);
    x_alu_rm_i(as, ALU_OR, true, recalled(s->recall), JIT_RECALL_NOTHING);
    x_jmp(as, s->recall_back);
}
