/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter's loop, control flow and helper calls. Runs on the CPU's thread; touches only that CPU's state. Flags
 * are always exact in env->nzcv.
 */
#include "tcg/helper.h"
#include "tcg/interp/interp.h"

bool interp_condition(const CPUARMState *env, uint8_t cc)
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

void interp_insn_start(InterpRun *r, const IROp *op)
{
    r->pc = op->imm;
}

static uint32_t block_end(const IRBlock *b)
{
    return (b->pc & (b->pc & 1 ? ~1u : ~3u)) + b->guest_bytes;
}

void interp_budget(InterpRun *r, const IROp *op)
{
    JITState *jit = env_jit(r->env);

    if (__atomic_load_n(&jit->exit_request, __ATOMIC_RELAXED) || jit->budget < (int32_t)op->imm) {
        r->env->regs[15] = r->b->pc;
        r->next = NULL;
        return;
    }
    jit->budget -= (int32_t)op->imm;
    jit->block_end = block_end(r->b);
}

/* The block is left: if before its last instruction, what comes behind is not executed. */
static void leave(InterpRun *r)
{
    if (r->b->ops[0].opc == IR_budget) {
        env_jit(r->env)->budget += (int32_t)((block_end(r->b) - (r->pc & ~1u)) / (r->pc & 1 ? 2 : 4) - 1);
    }
    r->next = NULL;
}

/* A hint for back ends whose accesses are more than one. */
void interp_page(InterpRun *r, const IROp *op)
{
}

void interp_label(InterpRun *r, const IROp *op)
{
}

void interp_br_if(InterpRun *r, const IROp *op)
{
    if (interp_condition(r->env, op->cc)) {
        r->next = &r->b->ops[op->imm];
    }
}

void interp_call(InterpRun *r, const IROp *op)
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

void interp_barrier(InterpRun *r, const IROp *op)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    env_jit(r->env)->count.barrier[op->imm]++;
}

void interp_exit_jmp(InterpRun *r, const IROp *op)
{
    r->env->regs[15] = op->imm;
    leave(r);
}

void interp_exit_ind(InterpRun *r, const IROp *op)
{
    r->env->regs[15] = interp_get(r, op->a);
    leave(r);
}

void interp_exit_main(InterpRun *r, const IROp *op)
{
    leave(r);
}

void interp_run(CPUARMState *env, const IRBlock *b)
{
    static void (*const run_op[IR_NB_OPS])(InterpRun *, const IROp *) = {
#define OP(name, ...) interp_##name,
#include "tcg/ir-ops.def"
#undef OP
    };
    uint32_t temps[b->ntemps + 1];
    uint64_t ftemps[b->nftemps + 1];
    InterpRun r = {
        .env = env, .b = b, .consts = interp_consts(b), .args = interp_args(b), .pc = b->pc, .temps = temps,
        .ftemps = ftemps,
    };

    for (const IROp *op = b->ops; op; op = r.next) {
        r.next = op + 1;
        run_op[op->opc](&r, op);
    }
}
