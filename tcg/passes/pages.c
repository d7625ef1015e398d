/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Neighbouring accesses: fields of a structure, of a stack frame, of the row of a matrix. Those off one value with
 * small constant offsets lie in one page nearly always, so one op, `page`, before the first of them looks at the
 * tables, and they go straight to memory. Nothing but speed depends on it: each access still knows its own address, and
 * looks for itself if `page` found the bytes in two pages, not aligned or not plain memory.
 *
 * A value is what a register or temporary held at some time, plus a constant: `ldr r1, [r0], #4` / `ldr r2, [r0]` is a
 * pair. Whatever may change tables or let other CPUs do so ends the groups: labels, for control may have come past a
 * call; calls. An access that needed C forgets what `page` found, which is the back end's business.
 *
 * Loads and stores share a page that can be stored to; but a store in a conditional piece does not make the loads
 * before it wait for a page that perhaps is never stored to.
 *
 * Before the flag pass, since `page` uses the host's flags. Works on the caller's block only; no locks.
 */
#include <string.h>
#include "tcg/ir-info.h"

enum {
    MAX_SPAN = 512,             /* bytes of a group: the longer, the more often it is in two pages */
    WEIGHT_ONE = 1, WEIGHT_LIST = 2, MIN_WEIGHT = 3,    /* of a group that saves more than `page` costs */
    NO_VALUE = 0, VALUE_CONSTANT = 1, FIRST_VALUE = 2,
};

typedef struct Origin {
    uint16_t value;             /* number of a value; NO_VALUE: not seen yet */
    uint32_t offset;
} Origin;

typedef struct Group {
    uint16_t value;
    bool open, store;
    bool may_store;             /* nothing conditional since it began */
    uint8_t align;              /* log2, of the access with the greatest */
    uint32_t aligned;           /* its offset */
    uint16_t first, weight;     /* index of the first access */
    uint32_t low, span;         /* offset from the value, bytes */
} Group;

typedef struct Pages {
    IRBlock *b;
    Group group[REF_P_END - REF_P0];
    unsigned ngroups;
    uint16_t last_value;
    Origin origin[REF_T_END];
    uint32_t offset[IR_MAX_OPS];        /* of accesses in groups, from the value */
} Pages;

static void new_value(Pages *p, IRRef r)
{
    p->origin[r] = (Origin) { ++p->last_value, 0 };
}

static Origin origin_of(Pages *p, IRRef r)
{
    if (ref_is_const(r)) {
        return (Origin) { VALUE_CONSTANT, ir_const_value(p->b, r) };
    }
    if (p->origin[r].value == NO_VALUE) {
        new_value(p, r);
    }
    return p->origin[r];
}

static void close_groups(Pages *p)
{
    for (unsigned i = 0; i < p->ngroups; i++) {
        p->group[i].open = false;
    }
}

/* op defines its operands; those that are an older value plus a constant are known as such. */
static void define(Pages *p, const IROp *op)
{
    IROperands it = ir_operands(p->b, op, IR_DEFS);
    Origin o = { NO_VALUE, 0 };

    if (op->opc == IR_mov && !ref_is_const(op->a)) {
        o = origin_of(p, op->a);
    } else if ((op->opc == IR_add || op->opc == IR_sub) && ref_is_const(op->b) && !ref_is_const(op->a)) {
        uint32_t k = ir_const_value(p->b, op->b);

        o = origin_of(p, op->a);
        o.offset += op->opc == IR_add ? k : -k;
    }
    while (ir_next_operand(&it)) {
        if (ref_is_reg(*it.ref) || ref_is_temp(*it.ref)) {
            new_value(p, *it.ref);
        }
    }
    if (o.value != NO_VALUE && op->d != REF_NONE) {
        p->origin[op->d] = o;
    }
}

/* Does the access fit into the group? Then it becomes part of it. */
static bool join(Group *g, uint32_t offset, uint32_t bytes, unsigned align, bool store)
{
    unsigned common = align < g->align ? align : g->align;
    uint32_t before = g->low - offset, low = (int32_t)before > 0 ? offset : g->low;
    uint32_t end = g->low + g->span, span = (int32_t)(offset + bytes - end) > 0 ? offset + bytes - low : end - low;

    if (!g->open || (int32_t)before > MAX_SPAN || (int32_t)before < -MAX_SPAN || span > MAX_SPAN) {
        return false;
    }
    /* One test of alignment is to tell all of them. */
    if ((store && !g->store && !g->may_store) || ((offset ^ g->aligned) & ((1u << common) - 1))) {
        return false;
    }
    if (align > g->align) {
        g->align = (uint8_t)align;
        g->aligned = offset;
    }
    g->low = low;
    g->span = span;
    g->store |= store;
    return true;
}

static void access_memory(Pages *p, unsigned i)
{
    IROp *op = &p->b->ops[i];
    bool list = ir_op_has_list(op), store = ir_op_effects(op) & FX_STORE;
    unsigned size = op->mem & MEM_SIZE, bytes = (list ? op->n : 1u) << size, align = ir_op_alignment(op), n;
    Origin o = origin_of(p, op->a);
    Group *g;

    o.offset += op->imm;
    for (n = 0; n < p->ngroups; n++) {
        if (p->group[n].value == o.value && join(&p->group[n], o.offset, bytes, align, store)) {
            break;
        }
    }
    g = &p->group[n];
    if (n == p->ngroups) {
        if (n == REF_P_END - REF_P0) {
            return;
        }
        p->ngroups++;
        *g = (Group) { .value = o.value, .open = true, .store = store, .may_store = true, .align = (uint8_t)align,
                       .aligned = o.offset, .first = (uint16_t)i, .low = o.offset, .span = bytes };
    }
    g->weight += list && op->n > 1 ? WEIGHT_LIST : WEIGHT_ONE;
    op->c = (IRRef)(REF_P0 + n);
    p->offset[i] = o.offset;
}

static bool may_share(const IROp *op)
{
    IROpcode opc = (IROpcode)op->opc;

    return (opc == IR_ld || opc == IR_st || opc == IR_ldm || opc == IR_stm) && !(op->mem & MEM_USER);
}

/* Most blocks are short: no pass for what cannot pay. */
static bool worth_a_look(const IRBlock *b)
{
    unsigned weight = 0;

    for (unsigned i = 0; i < b->nops && weight < MIN_WEIGHT; i++) {
        const IROp *op = &b->ops[i];

        if (may_share(op)) {
            weight += ir_op_has_list(op) && op->n > 1 ? WEIGHT_LIST : WEIGHT_ONE;
        }
    }
    return weight >= MIN_WEIGHT;
}

static void find_groups(Pages *p)
{
    for (unsigned i = 0; i < p->b->nops; i++) {
        IROp *op = &p->b->ops[i];
        uint32_t fx = ir_op_effects(op);

        if (ir_op_is_mark(op)) {
            continue;
        }
        if (may_share(op)) {
            access_memory(p, i);
        }
        if (fx & (FX_JOIN | FX_HELPER | FX_EXIT)) {
            close_groups(p);
        }
        if (fx & FX_BRANCH) {
            for (unsigned n = 0; n < p->ngroups; n++) {
                p->group[n].may_store = false;
            }
        }
        /* Behind a join point a register may be what one way made of it. */
        if (fx & (FX_JOIN | FX_REGS)) {
            for (IRRef r = REF_R0; r < REF_R0 + 15; r++) {
                new_value(p, r);
            }
        }
        define(p, op);
    }
}

/* Number the groups that pay, and say so in their accesses; returns how many. */
static unsigned choose(Pages *p)
{
    IRRef ref[REF_P_END - REF_P0];
    IRBlock *b = p->b;
    unsigned kept = 0;

    for (unsigned n = 0; n < p->ngroups; n++) {
        Group *g = &p->group[n];
        bool pays = g->weight >= MIN_WEIGHT && b->nops + kept < IR_MAX_OPS;
        uint32_t before = (g->low - g->aligned) & ((1u << g->align) - 1);

        /* From a byte that has the alignment on. */
        g->low -= before;
        g->span += before;
        ref[n] = pays ? (IRRef)(REF_P0 + kept++) : REF_NONE;
    }
    for (unsigned i = 0; i < b->nops; i++) {
        IROp *op = &b->ops[i];

        if (may_share(op) && ref_is_page(op->c)) {
            op->near = (uint16_t)(p->offset[i] - p->group[op->c - REF_P0].low);
            op->c = ref[op->c - REF_P0];
        }
    }
    return kept;
}

void ir_pass_pages(IRBlock *b)
{
    Pages p;
    unsigned from, to;

    if (!worth_a_look(b)) {
        return;
    }
    p.b = b;
    p.ngroups = 0;
    p.last_value = FIRST_VALUE - 1;
    memset(p.origin, 0, (REF_T0 + b->ntemps) * sizeof(p.origin[0]));
    find_groups(&p);
    b->npages = (uint16_t)choose(&p);
    /* Groups are in the order of their first accesses. */
    from = b->nops;
    to = from + b->npages;
    b->nops = (uint16_t)to;
    for (unsigned n = p.ngroups; n-- > 0 && to > from;) {
        const Group *g = &p.group[n];
        IRRef ref = b->ops[g->first].c;
        IROp *page;

        if (ref == REF_NONE) {
            continue;
        }
        while (from > g->first) {
            b->ops[--to] = b->ops[--from];
        }
        page = &b->ops[--to];
        *page = (IROp) {
            .opc = IR_page, .mem = g->align, .n = g->store, .d = ref, .a = b->ops[from].a, .near = (uint16_t)g->span,
            .imm = b->ops[from].imm + g->low - p.offset[g->first],
        };
    }
}
