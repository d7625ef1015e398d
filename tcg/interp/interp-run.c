/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's loop: integer ops, flags, control flow, helper calls. Runs on the CPU's thread; touches only that
 * CPU's state. Flags are always exact in env->nzcv; setf may be pruned or not, savef does not matter here.
 */
#include "tcg/helper.h"
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

static bool condition(const CPUARMState *env, uint8_t cc)
{
    bool n = env->nzcv.nz & 0x80, z = env->nzcv.nz & 0x40, c = env->nzcv.c & 1, v = env->nzcv.v & 1, holds;

    switch (cc >> 1) {
    case 0: holds = z; break;
    case 1: holds = c; break;
    case 2: holds = n; break;
    case 3: holds = v; break;
    case 4: holds = c && !z; break;
    case 5: holds = n == v; break;
    case 6: holds = !z && n == v; break;
    default: return true;
    }
    return holds != (cc & 1);
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

static uint32_t logic(CPUARMState *env, uint8_t setf, uint32_t result)
{
    set_nz(env, setf, result);
    return result;
}

static uint32_t shift_by_imm(CPUARMState *env, const IROp *op, uint32_t a)
{
    uint32_t result, n = op->imm & 31;
    bool out;

    switch (op->opc) {
    case IR_shl:
        result = a << n;
        out = a >> ((32 - n) & 31) & 1;
        break;
    case IR_shr:
        result = a >> n;
        out = a >> ((n - 1) & 31) & 1;
        break;
    case IR_sar:
        result = (int32_t)a >> n;
        out = a >> ((n - 1) & 31) & 1;
        break;
    default:
        result = a >> n | a << ((32 - n) & 31);
        out = result >> 31;
        break;
    }
    set_nz(env, op->setf, result);
    set_c(env, op->setf, out);
    return result;
}

static uint32_t shift_by_reg(IROpcode opc, uint32_t a, unsigned n)
{
    switch (opc) {
    case IR_shlv:
        return n < 32 ? a << n : 0;
    case IR_shrv:
        return n < 32 ? a >> n : 0;
    case IR_sarv:
        return (int32_t)a >> (n < 32 ? n : 31);
    default:
        n &= 31;
        return a >> n | a << ((32 - n) & 31);
    }
}

static uint32_t rotate_extend(CPUARMState *env, uint8_t setf, uint32_t a)
{
    uint32_t result = (uint32_t)(env->nzcv.c & 1) << 31 | a >> 1;

    set_nz(env, setf, result);
    set_c(env, setf, a & 1);
    return result;
}

static uint32_t unary(IROpcode opc, uint32_t a)
{
    switch (opc) {
    case IR_clz:   return a ? (uint32_t)__builtin_clz(a) : 32;
    case IR_rev:   return __builtin_bswap32(a);
    case IR_rev16: return (a >> 8 & 0x00ff00ff) | (a << 8 & 0xff00ff00);
    case IR_revsh: return (int16_t)__builtin_bswap16(a);
    case IR_sxtb:  return (int8_t)a;
    case IR_sxth:  return (int16_t)a;
    case IR_uxtb:  return (uint8_t)a;
    default:       return (uint16_t)a;
    }
}

static void call_helper(InterpRun *r, const IROp *op)
{
    CPUARMState *env = r->env;
    const HelperInfo *h = &helper_table[op->imm];
    uint32_t a = interp_get(r, op->a), b = interp_get(r, op->b), c = interp_get(r, op->c), result;

    if (h->flags & HF_RAISE) {
        env->regs[15] = r->pc;
    }
    result = h->fn(env, a, b, c);
    interp_set(r, op->d, result);
}

static uint32_t *env_field(CPUARMState *env, uint32_t offset)
{
    return (uint32_t *)(void *)((uint8_t *)env + offset);
}

/* Integer ops that are not control flow. */
static void int_op(InterpRun *r, const IROp *op)
{
    CPUARMState *env = r->env;
    uint32_t a = interp_get(r, op->a), b = interp_get(r, op->b), result;
    uint64_t wide;

    switch (op->opc) {
    case IR_mov:
        result = logic(env, op->setf, a);
        break;
    case IR_mvn:
        result = logic(env, op->setf, ~a);
        break;
    case IR_and:
        result = logic(env, op->setf, a & b);
        break;
    case IR_or:
        result = logic(env, op->setf, a | b);
        break;
    case IR_xor:
        result = logic(env, op->setf, a ^ b);
        break;
    case IR_bic:
        result = logic(env, op->setf, a & ~b);
        break;
    case IR_mul:
        result = logic(env, op->setf, a * b);
        break;
    case IR_add:
        result = add_with_carry(env, op->setf, a, b, 0);
        break;
    case IR_sub:
        result = add_with_carry(env, op->setf, a, ~b, 1);
        break;
    case IR_adc:
        result = add_with_carry(env, op->setf, a, b, env->nzcv.c & 1);
        break;
    case IR_sbc:
        result = add_with_carry(env, op->setf, a, ~b, env->nzcv.c & 1);
        break;
    case IR_shl: case IR_shr: case IR_sar: case IR_ror:
        result = shift_by_imm(env, op, a);
        break;
    case IR_rrx:
        result = rotate_extend(env, op->setf, a);
        break;
    case IR_shlv: case IR_shrv: case IR_sarv: case IR_rorv:
        result = shift_by_reg(op->opc, a, b & 0xff);
        break;
    case IR_setc:
        set_c(env, op->setf, a & 1);
        return;
    case IR_getc:
        result = env->nzcv.c & 1;
        break;
    case IR_nz64:
        set_nz(env, op->setf & F_N, b);
        set_nz(env, op->setf & F_Z, a | b);
        return;
    case IR_umull: case IR_smull:
        wide = op->opc == IR_umull ? (uint64_t)a * b : (uint64_t)((int64_t)(int32_t)a * (int32_t)b);
        interp_set(r, op->d, wide);
        interp_set(r, op->c, wide >> 32);
        return;
    case IR_csel:
        result = condition(env, op->cc) ? a : b;
        break;
    case IR_ldenv:
        result = __atomic_load_n(env_field(env, op->imm), __ATOMIC_RELAXED);
        break;
    case IR_stenv:
        /* exit_request is among these fields. */
        __atomic_store_n(env_field(env, op->imm), a, __ATOMIC_RELAXED);
        return;
    default:
        result = unary(op->opc, a);
        break;
    }
    interp_set(r, op->d, result);
}

bool interp_run(CPUARMState *env, const IRBlock *b)
{
    uint32_t temps[b->ntemps + 1];
    uint64_t ftemps[b->nftemps + 1];
    InterpRun r = {
        .env = env, .b = b, .consts = interp_consts(b), .args = interp_args(b), .pc = b->pc, .temps = temps,
        .ftemps = ftemps,
    };

    for (unsigned i = 0; i < b->nops; i++) {
        const IROp *op = &b->ops[i];

        switch (op->opc) {
        case IR_insn_start:
            r.pc = op->imm;
            break;
        case IR_label:
            break;
        case IR_br_if:
            if (condition(env, op->cc)) {
                i = op->imm;
            }
            break;
        case IR_ld: case IR_st: case IR_ldm: case IR_stm:
            interp_mem_op(&r, op);
            break;
        case IR_call:
            call_helper(&r, op);
            break;
        case IR_barrier:
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            env->count.barrier[op->imm]++;
            break;
        case IR_exit_jmp:
            env->regs[15] = op->imm;
            return op->savef != F_NZCV;
        case IR_exit_ind:
            env->regs[15] = interp_get(&r, op->a);
            return false;
        case IR_exit_main:
            return false;
        default:
            if (op->opc >= IR_fadd) {
                interp_fp_op(&r, op);
            } else {
                int_op(&r, op);
            }
            break;
        }
    }
    return false;
}
