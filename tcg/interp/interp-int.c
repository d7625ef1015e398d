/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's integer ops. Runs on the CPU's thread; touches only that CPU's state. Flags are always exact in
 * env->nzcv; setf may be pruned or not, savef does not matter here.
 */
#include "tcg/interp/interp.h"

static void set_nz(CPUARMState *env, uint8_t setf, uint32_t result)
{
    if (setf & F_NZ) {
        uint8_t keep = 0xff & ~((setf & F_N ? 0x80 : 0) | (setf & F_Z ? 0x40 : 0));
        uint8_t fresh = (result >> 31 ? 0x80 : 0) | (result == 0 ? 0x40 : 0);

        env->nzcv.nz = (env->nzcv.nz & keep) | (fresh & ~keep);
    }
}

static void set_c(CPUARMState *env, uint8_t setf, bool c)
{
    if (setf & F_C) {
        env->nzcv.c = c;
    }
}

/* a + b + carry with all four flags; subtraction is a + ~b + 1. */
static uint32_t add_with_carry(CPUARMState *env, uint8_t setf, uint32_t a, uint32_t b, bool carry)
{
    uint64_t wide = (uint64_t)a + b + carry;
    uint32_t result = wide;

    set_nz(env, setf, result);
    set_c(env, setf, wide >> 32);
    if (setf & F_V) {
        env->nzcv.v = (~(a ^ b) & (a ^ result)) >> 31;
    }
    return result;
}

/* The flags of the turn before are in memory anyway. */
void interp_show_late(InterpRun *r, const IROp *op)
{
    const IRLate *l = op->cc ? &interp_late(r->b)[op->cc - 1] : NULL;
    uint32_t a, b;

    if (!l || l->looped) {
        return;
    }
    a = interp_get(r, l->a) + l->ka;
    b = interp_get(r, l->b) + l->kb;
    if (l->opc == IR_sub) {
        add_with_carry(r->env, F_NZCV, a, ~b, 1);
    } else {
        set_nz(r->env, F_NZ, a & b);
    }
}

/* An op with a result: `result` in terms of r, op and the operands a and b. */
#define RESULT(name, result) \
    void interp_##name(InterpRun *r, const IROp *op) \
    { \
        uint32_t a = interp_get(r, op->a), b = interp_get(r, op->b); \
        (void)a; \
        (void)b; \
        interp_set(r, op->d, result); \
    }

static uint32_t logic(InterpRun *r, const IROp *op, uint32_t result)
{
    set_nz(r->env, op->setf, result);
    return result;
}

RESULT(mov, logic(r, op, a))
RESULT(mvn, logic(r, op, ~a))
RESULT(and, logic(r, op, a & b))
RESULT(or, logic(r, op, a | b))
RESULT(xor, logic(r, op, a ^ b))
RESULT(bic, logic(r, op, a & ~b))
RESULT(mul, logic(r, op, a * b))
RESULT(add, add_with_carry(r->env, op->setf, a, b, 0))
RESULT(sub, add_with_carry(r->env, op->setf, a, ~b, 1))
RESULT(adc, add_with_carry(r->env, op->setf, a, b, r->env->nzcv.c & 1))
RESULT(sbc, add_with_carry(r->env, op->setf, a, ~b, r->env->nzcv.c & 1))

/* The result of a shift and the last bit that it shifted out. */
static uint32_t shifted(InterpRun *r, const IROp *op, uint32_t result, bool out)
{
    set_nz(r->env, op->setf, result);
    set_c(r->env, op->setf, out);
    return result;
}

static uint32_t rotate_right(uint32_t a, unsigned n)
{
    n &= 31;
    return a >> n | a << ((32 - n) & 31);
}

/* By 1..31. */
RESULT(shl, shifted(r, op, a << op->imm, a >> (32 - op->imm) & 1))
RESULT(shr, shifted(r, op, a >> op->imm, a >> (op->imm - 1) & 1))
RESULT(sar, shifted(r, op, (int32_t)a >> op->imm, a >> (op->imm - 1) & 1))
RESULT(ror, shifted(r, op, rotate_right(a, op->imm), a >> (op->imm - 1) & 1))
RESULT(rrx, shifted(r, op, (uint32_t)(r->env->nzcv.c & 1) << 31 | a >> 1, a & 1))

RESULT(shlv, (b & 0xff) < 32 ? a << (b & 0xff) : 0)
RESULT(shrv, (b & 0xff) < 32 ? a >> (b & 0xff) : 0)
RESULT(sarv, (int32_t)a >> ((b & 0xff) < 32 ? b & 0xff : 31))
RESULT(rorv, rotate_right(a, b))

RESULT(clz, a ? (uint32_t)__builtin_clz(a) : 32)
RESULT(rev, __builtin_bswap32(a))
RESULT(rev16, (a >> 8 & 0x00ff00ff) | (a << 8 & 0xff00ff00))
RESULT(revsh, (int16_t)__builtin_bswap16(a))
RESULT(sxtb, (int8_t)a)
RESULT(sxth, (int16_t)a)
RESULT(uxtb, (uint8_t)a)
RESULT(uxth, (uint16_t)a)

RESULT(csel, interp_condition(r->env, op->cc) ? a : b)
RESULT(getc, r->env->nzcv.c & 1)

RESULT(getflags, (uint32_t)(r->env->nzcv.nz & 0xc0) << 24 | (uint32_t)r->env->nzcv.c << 29 |
                 (uint32_t)r->env->nzcv.v << 28)

void interp_setflags(InterpRun *r, const IROp *op)
{
    uint32_t a = interp_get(r, op->a);

    r->env->nzcv.nz = a >> 24 & 0xc0;
    r->env->nzcv.c = a >> 29 & 1;
    r->env->nzcv.v = a >> 28 & 1;
}

void interp_setc(InterpRun *r, const IROp *op)
{
    set_c(r->env, op->setf, interp_get(r, op->a) & 1);
}

void interp_nz64(InterpRun *r, const IROp *op)
{
    uint32_t a = interp_get(r, op->a), b = interp_get(r, op->b);

    set_nz(r->env, op->setf & F_N, b);
    set_nz(r->env, op->setf & F_Z, a | b);
}

static void set_long(InterpRun *r, const IROp *op, uint64_t product)
{
    interp_set(r, op->d, product);
    interp_set(r, op->c, product >> 32);
}

void interp_umull(InterpRun *r, const IROp *op)
{
    set_long(r, op, (uint64_t)interp_get(r, op->a) * interp_get(r, op->b));
}

void interp_smull(InterpRun *r, const IROp *op)
{
    set_long(r, op, (int64_t)(int32_t)interp_get(r, op->a) * (int32_t)interp_get(r, op->b));
}

static uint64_t get_long(InterpRun *r, const IROp *op)
{
    return interp_get(r, op->d) | (uint64_t)interp_get(r, op->c) << 32;
}

void interp_umlal(InterpRun *r, const IROp *op)
{
    set_long(r, op, get_long(r, op) + (uint64_t)interp_get(r, op->a) * interp_get(r, op->b));
}

void interp_smlal(InterpRun *r, const IROp *op)
{
    int64_t product = (int64_t)(int32_t)interp_get(r, op->a) * (int32_t)interp_get(r, op->b);

    set_long(r, op, get_long(r, op) + (uint64_t)product);
}

static uint32_t *env_field(CPUARMState *env, uint32_t offset)
{
    return (uint32_t *)(void *)((uint8_t *)env + (int32_t)offset);
}

void interp_ldenv(InterpRun *r, const IROp *op)
{
    interp_set(r, op->d, __atomic_load_n(env_field(r->env, op->imm), __ATOMIC_RELAXED));
}

void interp_count(InterpRun *r, const IROp *op)
{
    uint32_t low = interp_get(r, op->a);
    uint64_t *counter = op->b == REF_NONE ? (uint64_t *)(void *)((uint8_t *)r->env + low)
                        : (uint64_t *)(uintptr_t)((uint64_t)interp_get(r, op->b) << 32 | low);

    /* A plugin's may be shared by CPUs, which may lose some. */
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + (uint64_t)(int32_t)op->imm,
                     __ATOMIC_RELAXED);
}

void interp_stenv(InterpRun *r, const IROp *op)
{
    /* exit_request is among these fields. */
    __atomic_store_n(env_field(r->env, op->imm), interp_get(r, op->a), __ATOMIC_RELAXED);
}
