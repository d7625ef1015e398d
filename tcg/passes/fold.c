/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constant folding and copy propagation: one forward walk that knows, for every temporary and guest register, whether
 * it holds a constant, or another operand plus a constant. Works on the caller's block only; no locks. Runs before
 * the flag pass.
 *
 *   t0 = add r1, $8             (dead, removed by dce)
 *   t1 = mov $2          ->     (dead)
 *   t2 = shlv r2, t1            t2 = shl r2, 2
 *   r0 = ld [t0 + 4]            r0 = ld [r1 + 12]
 *
 * What an operand is known to hold is void once the operand it refers to is redefined; versions count definitions. At a
 * label everything is forgotten. An op that sets flags keeps its opcode and only has its sources replaced by equal
 * ones.
 *
 * Registers are replaced by constants only where the op disappears or an address becomes constant: they live in host
 * registers, which are shorter operands than constants.
 */
#include <string.h>
#include "tcg/ir-info.h"

enum { VALUE_UNKNOWN = 0, VALUE_CONST, VALUE_SUM };

typedef struct Value {
    uint8_t kind;
    IRRef base;             /* VALUE_SUM: base + k */
    uint16_t version;       /* of base, when this was learnt */
    uint32_t k;
} Value;

enum { NB_SLOTS = REF_T_END };

typedef struct Fold {
    IRBlock *b;
    Value value[NB_SLOTS];          /* index: IRRef of a register or temporary */
    uint16_t version[NB_SLOTS];     /* a block has fewer definitions than 65536 */
} Fold;

static bool is_int_ref(IRRef r)
{
    return ref_is_reg(r) || ref_is_temp(r);
}

static bool const_of(const Fold *f, IRRef r, uint32_t *k)
{
    if (ref_is_const(r)) {
        *k = ir_const_value(f->b, r);
        return true;
    }
    if (is_int_ref(r) && f->value[r].kind == VALUE_CONST) {
        *k = f->value[r].k;
        return true;
    }
    return false;
}

/* r = *base + *k with an operand that still holds what it held then. */
static bool sum_of(const Fold *f, IRRef r, IRRef *base, uint32_t *k)
{
    const Value *v;

    if (!is_int_ref(r)) {
        return false;
    }
    v = &f->value[r];
    if (v->kind != VALUE_SUM || v->version != f->version[v->base]) {
        return false;
    }
    *base = v->base;
    *k = v->k;
    return true;
}

static void define(Fold *f, IRRef r)
{
    if (is_int_ref(r)) {
        f->value[r].kind = VALUE_UNKNOWN;
        f->version[r]++;
    }
}

static void forget_registers(Fold *f)
{
    for (IRRef r = REF_R0; r < REF_R0 + 15; r++) {
        define(f, r);
    }
}

/* A source that may be replaced by an equal one: temporaries by what they are copies of. */
static IRRef replace(Fold *f, IRRef r)
{
    IRRef base;
    uint32_t k;

    if (!ref_is_temp(r)) {
        return r;
    }
    if (const_of(f, r, &k)) {
        return ir_const(f->b, k);
    }
    return sum_of(f, r, &base, &k) && k == 0 ? base : r;
}

static uint32_t rotate_right(uint32_t x, unsigned n)
{
    n &= 31;
    return n ? x >> n | x << (32 - n) : x;
}

/* Value of a flagless op on constants. */
static bool evaluate(const IROp *op, uint32_t a, uint32_t b, uint32_t *result)
{
    unsigned n = b & 0xff;

    switch (op->opc) {
    case IR_mov:    *result = a; return true;
    case IR_mvn:    *result = ~a; return true;
    case IR_and:    *result = a & b; return true;
    case IR_or:     *result = a | b; return true;
    case IR_xor:    *result = a ^ b; return true;
    case IR_bic:    *result = a & ~b; return true;
    case IR_add:    *result = a + b; return true;
    case IR_sub:    *result = a - b; return true;
    case IR_mul:    *result = a * b; return true;
    case IR_shl:    *result = a << op->imm; return true;
    case IR_shr:    *result = a >> op->imm; return true;
    case IR_sar:    *result = (int32_t)a >> op->imm; return true;
    case IR_ror:    *result = rotate_right(a, op->imm); return true;
    case IR_shlv:   *result = n < 32 ? a << n : 0; return true;
    case IR_shrv:   *result = n < 32 ? a >> n : 0; return true;
    case IR_sarv:   *result = (int32_t)a >> (n < 32 ? n : 31); return true;
    case IR_rorv:   *result = rotate_right(a, n); return true;
    case IR_clz:    *result = a ? (uint32_t)__builtin_clz(a) : 32; return true;
    case IR_rev:    *result = __builtin_bswap32(a); return true;
    case IR_rev16:  *result = (a >> 8 & 0x00ff00ff) | (a << 8 & 0xff00ff00); return true;
    case IR_revsh:  *result = (int16_t)__builtin_bswap16(a); return true;
    case IR_sxtb:   *result = (int8_t)a; return true;
    case IR_sxth:   *result = (int16_t)a; return true;
    case IR_uxtb:   *result = (uint8_t)a; return true;
    case IR_uxth:   *result = (uint16_t)a; return true;
    default:        return false;
    }
}

static void become_mov(Fold *f, IROp *op, IRRef source)
{
    op->opc = IR_mov;
    op->a = source;
    op->b = REF_NONE;
    op->imm = 0;
}

static void become_shift(IROp *op, IROpcode opc, unsigned amount)
{
    op->opc = opc;
    op->b = REF_NONE;
    op->imm = amount;
}

static void simplify_shift_by_register(Fold *f, IROp *op, uint32_t amount)
{
    amount &= 0xff;
    if (op->opc == IR_rorv) {
        amount &= 31;
    }
    if (amount == 0) {
        become_mov(f, op, op->a);
    } else if (op->opc == IR_rorv) {
        become_shift(op, IR_ror, amount);
    } else if (op->opc == IR_sarv) {
        become_shift(op, IR_sar, amount > 31 ? 31 : amount);
    } else if (amount > 31) {
        become_mov(f, op, ir_const(f->b, 0));
    } else {
        become_shift(op, op->opc == IR_shlv ? IR_shl : IR_shr, amount);
    }
}

/* One source is constant: identities, and cheaper ops. */
static void simplify_by_const(Fold *f, IROp *op, uint32_t k)
{
    IRRef base;
    uint32_t sum;

    switch (op->opc) {
    case IR_sub:
        op->opc = IR_add;
        k = -k;
        op->b = ir_const(f->b, k);
        /* fall through */
    case IR_add:
        /* (base + sum) + k */
        if (ref_is_temp(op->a) && sum_of(f, op->a, &base, &sum)) {
            op->a = base;
            k += sum;
            op->b = ir_const(f->b, k);
        }
        if (k == 0) {
            become_mov(f, op, op->a);
        }
        break;
    case IR_or: case IR_xor: case IR_bic:
        if (k == 0) {
            become_mov(f, op, op->a);
        } else if (k == UINT32_MAX && op->opc == IR_xor) {
            op->opc = IR_mvn;
            op->b = REF_NONE;
        }
        break;
    case IR_and:
        if (k == UINT32_MAX) {
            become_mov(f, op, op->a);
        } else if (k == 0) {
            become_mov(f, op, ir_const(f->b, 0));
        } else if (k == 0xff || k == 0xffff) {
            op->opc = k == 0xff ? IR_uxtb : IR_uxth;
            op->b = REF_NONE;
        }
        break;
    case IR_mul:
        if (k == 0) {
            become_mov(f, op, ir_const(f->b, 0));
        } else if (k == 1) {
            become_mov(f, op, op->a);
        } else if (!(k & (k - 1))) {
            become_shift(op, IR_shl, __builtin_ctz(k));
        }
        break;
    case IR_shlv: case IR_shrv: case IR_sarv: case IR_rorv:
        simplify_shift_by_register(f, op, k);
        break;
    default:
        break;
    }
}

static bool commutes(IROpcode opc)
{
    return opc == IR_add || opc == IR_and || opc == IR_or || opc == IR_xor || opc == IR_mul;
}

static void fold_int(Fold *f, IROp *op)
{
    bool two = ir_op_uses_slot(op, 2);
    uint32_t a = 0, b = 0, result;
    bool const_a = const_of(f, op->a, &a), const_b = two && const_of(f, op->b, &b);

    if (const_a && (const_b || !two) && evaluate(op, a, b, &result)) {
        become_mov(f, op, ir_const(f->b, result));
        return;
    }
    if (const_a && two && commutes(op->opc)) {
        op->a = op->b;
        op->b = ir_const(f->b, a);
        simplify_by_const(f, op, a);
    } else if (const_b) {
        simplify_by_const(f, op, b);
    }
}

static void fold_address(Fold *f, IROp *op)
{
    IRRef base;
    uint32_t k;

    if (const_of(f, op->a, &k)) {
        op->a = ir_const(f->b, k + op->imm);
        op->imm = 0;
    } else if (ref_is_temp(op->a) && sum_of(f, op->a, &base, &k)) {
        op->a = base;
        op->imm += k;
    }
}

/* What d holds after op. Called after define(d), with the version that a had when op read it. */
static void learn(Fold *f, const IROp *op, uint16_t version)
{
    Value *v = &f->value[op->d];
    uint32_t k = 0;

    if (op->opc == IR_mov && ref_is_const(op->a)) {
        *v = (Value){ .kind = VALUE_CONST, .k = ir_const_value(f->b, op->a) };
    } else if (is_int_ref(op->a) && op->a != op->d) {
        if (op->opc == IR_mov || (op->opc == IR_add && ref_is_const(op->b))) {
            k = op->opc == IR_add ? ir_const_value(f->b, op->b) : 0;
            *v = (Value){ .kind = VALUE_SUM, .base = op->a, .version = version, .k = k };
        }
    }
}

/* Sources by equal ones, but for an address, which has been folded. */
static void replace_sources(Fold *f, IROp *op)
{
    IROperands it = ir_operands(f->b, op, IR_USES);
    const IRRef *address = ir_info(op)->imm == IMM_OFFSET ? &op->a : NULL;

    while (ir_next_operand(&it)) {
        if (it.ref != address) {
            *it.ref = replace(f, *it.ref);
        }
    }
}

static void define_results(Fold *f, const IROp *op)
{
    IROperands it = ir_operands(f->b, op, IR_DEFS);

    while (ir_next_operand(&it)) {
        define(f, *it.ref);
    }
}

/* The op is a function of its operands and flags, so an equal one may stand for it. */
static bool is_plain(const IROp *op)
{
    return !op->setf && op->d != REF_NONE && !ir_info(op)->effects && ir_op_uses_slot(op, 1);
}

static void fold_op(Fold *f, IROp *op)
{
    uint32_t fx = ir_op_effects(op);
    uint16_t version = 0;

    if (fx & FX_JOIN) {
        for (unsigned t = 0; t < f->b->ntemps; t++) {
            f->value[REF_T0 + t].kind = VALUE_UNKNOWN;
        }
        forget_registers(f);
        return;
    }
    if (ir_info(op)->imm == IMM_OFFSET) {
        fold_address(f, op);
    }
    replace_sources(f, op);
    if (op->opc == IR_csel && op->a == op->b) {
        op->cc = CC_AL;
        become_mov(f, op, op->a);
    } else if (is_plain(op)) {
        fold_int(f, op);
    }
    if (is_int_ref(op->a)) {
        version = f->version[op->a];
    }
    if (fx & FX_REGS) {
        forget_registers(f);
    }
    define_results(f, op);
    if (is_int_ref(op->d)) {
        learn(f, op, version);
    }
}

void ir_pass_fold(IRBlock *b)
{
    Fold f;

    f.b = b;
    memset(f.value, 0, (REF_T0 + b->ntemps) * sizeof(f.value[0]));
    memset(f.version, 0, (REF_T0 + b->ntemps) * sizeof(f.version[0]));
    for (unsigned i = 0; i < b->nops; i++) {
        if (!ir_op_is_mark(&b->ops[i])) {
            fold_op(&f, &b->ops[i]);
        }
    }
}
