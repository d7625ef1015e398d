/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags that are computed late. Works on the caller's block only; no locks.
 *
 * Problem: compilers put loads and stores between a comparison and its branch. An access may raise an exception, which
 * sees the flags, so they would have to be in env->nzcv before each; and its code destroys the host's flags, so the
 * branch would read them from there. But an exception is rare, and the comparison can be done again where it happens.
 * Arithmetic destroys them too, that of floating-point numbers as it looks for NaNs, and shows them to nobody.
 *
 *      sub -, r2, r3  set:NZCV                     st r7, [r12]   shows cmp(r2, r3)
 *      st r7, [r12]                                add r2, r2, $8
 *      add r2, r2, $8                  becomes     ld r1, [r0]    shows cmp(r2-8, r3)
 *      ld r1, [r0]                                 add t0, r2, $-8
 *      br_if.ne L0                                 sub -, t0, r3  set:NZCV
 *                                                  br_if.ne L0
 *
 * An access with an IRLate finds the operands in guest registers, up to a constant: a register that changes otherwise
 * in between keeps the comparison where it is. If the op has a result it stays without flags, and its operands or, for
 * N and Z alone, its result are compared again.
 *
 * Where the flags are read at once, by branches out of the block, and accesses come behind these, the comparison stays
 * and the accesses get an IRLate all the same, if its flags are then defined anew before anybody else would see them.
 *
 * A loop: a block that jumps back to itself mostly ends with such a comparison, and begins with accesses, which
 * want it in env->nzcv. ir_pass_loop_flags(), when the others are placed, gives them the comparison of the turn before,
 * to be used only if there was one (IRLate.looped); the jump back then saves no flags. It need not keep them in the
 * host's flags either while it looks for interrupts.
 */
#include "tcg/ir-info.h"

/* A register's value at some time, as one of now and a constant. */
typedef struct Value {
    IRRef ref;
    uint32_t k;
} Value;

typedef struct Comparison {
    uint8_t opc, flags;
    Value a, b;
} Comparison;

static bool is_place(IRRef r)
{
    return ref_is_reg(r) || ref_is_const(r);
}

/* False: the value is lost. */
static bool keep_value(const IRBlock *b, const IROp *op, Value *v)
{
    if (!ref_is_reg(v->ref) || !ir_op_has_operand(b, op, IR_DEFS, v->ref)) {
        return true;
    }
    if ((op->opc != IR_add && op->opc != IR_sub) || op->a != v->ref || !ref_is_const(op->b)) {
        return false;
    }
    v->k += op->opc == IR_add ? -ir_const_value(b, op->b) : ir_const_value(b, op->b);
    return true;
}

/* The op leaves what is compared where it can be found. */
static bool keep(const IRBlock *b, const IROp *op, Comparison *c)
{
    return !(ir_op_effects(op) & FX_REGS) && keep_value(b, op, &c->a) && keep_value(b, op, &c->b);
}

/* What op compares, as seen behind it. */
static bool comparison_of(const IRBlock *b, const IROp *op, Comparison *c)
{
    if (op->opc == IR_sub && op->setf == F_NZCV && is_place(op->a) && is_place(op->b)) {
        *c = (Comparison) { IR_sub, F_NZCV, { op->a, 0 }, { op->b, 0 } };
        return keep(b, op, c);
    }
    if (op->setf != F_NZ || ir_op_reads_flags(op) || ir_op_effects(op)) {
        return false;
    }
    if (op->d == REF_NONE && op->opc == IR_and && is_place(op->a) && is_place(op->b)) {
        *c = (Comparison) { IR_and, F_NZ, { op->a, 0 }, { op->b, 0 } };
        return true;
    }
    *c = (Comparison) { IR_and, F_NZ, { op->d, 0 }, { op->d, 0 } };
    return ref_is_reg(op->d);
}

/* The comparison's number, 0: no room. */
static uint8_t late_number(IRBlock *b, const Comparison *c, bool looped)
{
    IRLate l = { c->opc, looped, c->a.ref, c->b.ref, c->a.k, c->b.k };

    for (unsigned n = b->nlate; n-- > 0;) {
        const IRLate *o = &b->late[n];

        if (o->opc == l.opc && o->looped == looped && o->a == l.a && o->b == l.b && o->ka == l.ka && o->kb == l.kb) {
            return (uint8_t)(n + 1);
        }
    }
    if (b->nlate == IR_MAX_LATE) {
        return 0;
    }
    b->late[b->nlate++] = l;
    return b->nlate;
}

/* ---- comparisons with their readers ---- */

/* Besides accesses, what a comparison may pass. */
enum { FX_HARMLESS = FX_MARK | FX_FPSCR | FX_FPCC_READ | FX_FPCC_WRITE };

/* Here the flags of c are read, left or defined anew. */
static bool ends_here(const IROp *op, const Comparison *c)
{
    return ir_op_is_exit(op) || (op->setf & c->flags) == c->flags || ir_op_reads_flags(op);
}

/*
 * Where the comparison of op i, c, may be done instead: *at, behind how many accesses. False: it would pass nothing
 * that its flags do not survive in the host's.
 */
static bool find_place(IRBlock *b, unsigned i, Comparison *c, unsigned *at, unsigned *accesses)
{
    bool useful = false;

    *accesses = 0;

    for (unsigned k = i + 1; k < b->nops; k++) {
        const IROp *op = &b->ops[k];
        bool access = ir_op_is_access(op);

        if (ends_here(op, c)) {
            *at = k;
            return useful;
        }
        if (op->setf || (access ? op->cc : (ir_op_effects(op) & ~(uint32_t)FX_HARMLESS) != 0) || !keep(b, op, c)) {
            return false;
        }
        *accesses += access;
        useful |= access || (op->opc != IR_mov && op->opc != IR_insn_start);
    }
    return false;
}

/* A side exit, whose `br_if` is op k: the label behind it, which nothing else leads to; 0: something else is here. */
static unsigned behind_side_exit(const IRBlock *b, unsigned k)
{
    unsigned label = k + 1, refs = 0;

    while (label < b->nops && b->ops[label].opc != IR_label) {
        const IROp *op = &b->ops[label++];

        if (op->setf && !ir_op_is_exit(op)) {
            return 0;
        }
        if (!ir_op_is_exit(op) && (ir_op_effects(op) & ~(uint32_t)FX_MARK)) {
            return 0;
        }
    }
    if (label == b->nops || b->ops[label].imm != b->ops[k].imm || !ir_op_is_exit(&b->ops[label - 1])) {
        return 0;
    }
    for (unsigned n = 0; n < b->nops; n++) {
        refs += b->ops[n].opc == IR_br_if && b->ops[n].imm == b->ops[k].imm;
    }
    return refs == 1 ? label : 0;
}

static void mark_accesses(IRBlock *b, unsigned i, unsigned at, Comparison c)
{
    for (unsigned k = i + 1; k < at; k++) {
        IROp *op = &b->ops[k];

        if (op->opc == IR_br_if) {
            k = behind_side_exit(b, k);
            continue;
        }
        if (ir_op_is_access(op)) {
            op->cc = late_number(b, &c, false);
        }
        keep(b, op, &c);
    }
}

/* The operand, in front of op *at. */
static IRRef put_operand(IRBlock *b, IROp *put, Value v, unsigned *n)
{
    IRRef t;

    if (!v.k) {
        return v.ref;
    }
    if (ref_is_const(v.ref)) {
        return ir_const(b, ir_const_value(b, v.ref) + v.k);
    }
    t = ir_temp(b);
    put[(*n)++] = (IROp) { .opc = IR_add, .d = t, .a = v.ref, .b = ir_const(b, v.k) };
    return t;
}

static void insert(IRBlock *b, unsigned at, const IROp *put, unsigned n)
{
    for (unsigned k = b->nops; k-- > at;) {
        b->ops[k + n] = b->ops[k];
    }
    for (unsigned k = 0; k < n; k++) {
        b->ops[at + k] = put[k];
    }
    b->nops = (uint16_t)(b->nops + n);
}

/* Compare in front of op `at`, not at op i. Returns how many ops there are now between them and before. */
static void move(IRBlock *b, unsigned i, unsigned at, Comparison c)
{
    IROp put[3];
    unsigned n = 0;
    uint8_t flags = b->ops[i].setf;

    mark_accesses(b, i, at, c);
    for (unsigned k = i + 1; k < at; k++) {
        keep(b, &b->ops[k], &c);
    }
    if ((b->ops[at].setf & flags) == flags && !ir_op_reads_flags(&b->ops[at]) && !ir_op_is_exit(&b->ops[at])) {
        b->ops[i].setf = 0;         /* only accesses would have shown them */
    } else {
        IRRef first = put_operand(b, put, c.a, &n);
        IRRef second = c.a.ref == c.b.ref && c.a.k == c.b.k ? first : put_operand(b, put, c.b, &n);

        put[n++] = (IROp) { .opc = c.opc, .d = REF_NONE, .a = first, .b = second, .setf = flags };
        insert(b, at, put, n);
        b->ops[i].setf = 0;
    }
    if (b->ops[i].d == REF_NONE) {
        b->ops[i] = (IROp) { .opc = IR_DELETED };
    }
}

/* ---- accesses behind a comparison's readers ---- */

/*
 * From op i, a comparison that stays where it is, to where its flags are defined anew: how many accesses are on the
 * way, which nobody who reads the flags stands behind. 0: there are none, or somebody does. Side exits leave the way.
 */
static unsigned find_end(IRBlock *b, unsigned i, Comparison c, unsigned *end)
{
    unsigned accesses = 0;
    bool lost = false;          /* what is compared; the last access may overwrite it */

    for (unsigned k = i + 1; k < b->nops; k++) {
        const IROp *op = &b->ops[k];
        bool access = ir_op_is_access(op);

        if (op->opc == IR_br_if && !accesses && (k = behind_side_exit(b, k)) != 0) {
            continue;
        }
        if (op->opc == IR_br_if || ir_op_is_exit(op) || (ir_op_reads_flags(op) && (accesses || op->setf))) {
            return 0;
        }
        if ((op->setf & c.flags) == c.flags) {
            *end = k;
            return accesses;
        }
        if (op->setf || (access ? op->cc || lost : (ir_op_effects(op) & ~(uint32_t)FX_HARMLESS) != 0)) {
            return 0;
        }
        lost |= !keep(b, op, &c);
        accesses += access;
    }
    return 0;
}

void ir_pass_late(IRBlock *b)
{
    for (unsigned i = 0; i < b->nops; i++) {
        Comparison c, end;
        unsigned at, accesses;

        if (!b->ops[i].setf || ir_op_is_exit(&b->ops[i]) || !comparison_of(b, &b->ops[i], &c)) {
            continue;
        }
        end = c;
        if (find_place(b, i, &end, &at, &accesses) && accesses + b->nlate <= IR_MAX_LATE && b->nops + 3 <= IR_MAX_OPS &&
            b->nconsts + 4 <= IR_MAX_CONSTS && b->ntemps + 2 <= REF_T_END - REF_T0) {
            move(b, i, at, c);
        } else if ((accesses = find_end(b, i, c, &at)) != 0 && accesses + b->nlate <= IR_MAX_LATE) {
            mark_accesses(b, i, at, c);
        }
    }
    ir_drop_deleted(b);
}

/* ---- the jump back of a loop ---- */

/*
 * The straight way from the block's start to its only jump back: *last op before it. False: there is none. Side exits
 * may leave it, nothing may join it.
 */
static bool find_way(const IRBlock *b, unsigned *last)
{
    unsigned branch = 0, refs = 0, i = 0;

    while (i < b->nops && !(b->ops[i].opc == IR_exit_jmp && b->ops[i].n && b->ops[i].imm == b->pc)) {
        i++;
    }
    if (i == 0 || i == b->nops) {
        return false;
    }
    *last = i - 1;
    for (unsigned k = i + 1; k < b->nops; k++) {
        if (b->ops[k].opc == IR_exit_jmp && b->ops[k].imm == b->pc) {
            return false;
        }
    }
    if (b->ops[i - 1].opc == IR_label) {
        for (unsigned k = 0; k < i; k++) {
            if (b->ops[k].opc == IR_br_if && b->ops[k].imm == b->ops[i - 1].imm) {
                branch = k;
                refs++;
            }
        }
        if (refs != 1 || i < 2 || !ir_op_is_exit(&b->ops[i - 2])) {
            return false;
        }
        *last = branch;
    }
    for (unsigned k = 0; k <= *last; k++) {
        if (b->ops[k].opc == IR_label || ir_op_is_exit(&b->ops[k])) {
            return false;
        }
    }
    return true;
}

/* An operand that op k - 1 or k - 2 has computed as a register and a constant: put_operand(). */
static void find_operand(const IRBlock *b, unsigned k, Value *v)
{
    for (unsigned n = 1; n <= 2 && n <= k && ref_is_temp(v->ref); n++) {
        const IROp *op = &b->ops[k - n];

        if (op->opc == IR_add && op->d == v->ref && ref_is_reg(op->a) && ref_is_const(op->b)) {
            *v = (Value) { op->a, ir_const_value(b, op->b) };
        }
    }
}

/* The last op of the way that defines flags: all of them, by a comparison that no one behind it needs in memory. */
static bool last_comparison(const IRBlock *b, unsigned last, Comparison *c)
{
    unsigned k = last + 1;      /* one more than the op's index */
    const IROp *op;

    while (k > 0 && !b->ops[k - 1].setf) {
        k--;
    }
    if (k == 0) {
        return false;
    }
    op = &b->ops[--k];
    if (op->savef || op->opc != IR_sub || op->setf != F_NZCV) {
        return false;
    }
    *c = (Comparison) { IR_sub, F_NZCV, { op->a, 0 }, { op->b, 0 } };
    find_operand(b, k, &c->a);
    find_operand(b, k, &c->b);
    if (!is_place(c->a.ref) || !is_place(c->b.ref) || !keep(b, op, c)) {
        return false;
    }
    while (++k <= last) {
        if (ir_op_shows_flags(b, &b->ops[k]) || !keep(b, &b->ops[k], c)) {
            return false;
        }
    }
    return true;
}

/*
 * How many ops from the start on come before the first definition, if only accesses among them would see the flags of
 * the turn before; 0: others would too.
 */
static unsigned accesses_before_flags(const IRBlock *b, unsigned last)
{
    uint8_t live = F_NZCV;
    unsigned first = 0;

    while (first <= last && !b->ops[first].setf) {
        first++;
    }
    for (unsigned k = last + 1; k-- > 0;) {
        const IROp *op = &b->ops[k];

        if (op->opc == IR_br_if) {
            live = F_NZCV;
        }
        live &= (uint8_t)~op->setf;
        live |= ir_op_reads_flags(op) | (k < first && ir_op_is_access(op) ? 0 : ir_op_shows_flags(b, op));
    }
    return live ? 0 : first;
}

void ir_pass_loop_flags(IRBlock *b)
{
    Comparison c, end;
    unsigned last, first;
    bool wanted = false;

    if (!find_way(b, &last) || !last_comparison(b, last, &c) || !(first = accesses_before_flags(b, last))) {
        return;
    }
    end = c;
    for (unsigned k = 0; k < first; k++) {
        bool asks = ir_op_is_access(&b->ops[k]) && ir_op_shows_flags(b, &b->ops[k]);

        wanted |= asks;
        if (ir_op_is_access(&b->ops[k]) && b->ops[k].cc && asks) {
            return;                 /* N and Z of something else */
        }
        if (!keep(b, &b->ops[k], &end)) {
            for (unsigned n = k + 1; n < first; n++) {
                if (ir_op_is_access(&b->ops[n]) && ir_op_shows_flags(b, &b->ops[n])) {
                    return;
                }
            }
            break;
        }
    }
    if (b->nlate + first + 1 > IR_MAX_LATE) {
        return;
    }
    b->loop_late = late_number(b, &c, wanted);
    for (unsigned k = 0; k < first && wanted; k++) {
        IROp *op = &b->ops[k];

        if (ir_op_is_access(op) && !op->cc) {
            op->cc = late_number(b, &c, true);
        }
        if (!keep(b, op, &c)) {
            break;
        }
    }
}
