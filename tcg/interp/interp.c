/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter as a back end: `-accel tcg,backend=interp`. Small and portable, it is the test oracle of the x86-64
 * back end. It makes no machine code: a block becomes a compact copy of its IR in tb->ir, and every block returns to
 * the main loop, so nothing is ever chained.
 *
 * exec() runs on the CPU's thread. Exceptions unwind by siglongjmp() to the exec() that runs; nothing is held across
 * it.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include "accel/tcg/tb.h"
#include "target/arm/vfp-helper.h"
#include "tcg/interp/interp.h"

static bool interp_init_buffer(CodeBuffer *buf)
{
    return true;
}

IRBlock *interp_compact(const IRBlock *b)
{
    uint32_t position[IR_MAX_LABELS];
    size_t header = offsetof(IRBlock, ops), ops = b->nops * sizeof(IROp), consts = b->nconsts * sizeof(uint32_t);
    size_t late = b->nlate * sizeof(IRLate);
    uint8_t *piece = malloc(header + ops + consts + late + b->nargs * sizeof(IRRef));
    IROp *op;

    if (!piece) {
        return NULL;
    }
    for (unsigned i = 0; i < b->nops; i++) {
        if (b->ops[i].opc == IR_label) {
            position[b->ops[i].imm] = i;
        }
    }
    memcpy(piece, b, header);
    memcpy(piece + header, b->ops, ops);
    memcpy(piece + header + ops, b->consts, consts);
    memcpy(piece + header + ops + consts, b->late, late);
    memcpy(piece + header + ops + consts + late, b->args, b->nargs * sizeof(IRRef));
    op = (IROp *)(void *)(piece + header);
    for (unsigned i = 0; i < b->nops; i++) {
        if (op[i].opc == IR_br_if) {
            op[i].imm = position[op[i].imm];
        }
    }
    return (IRBlock *)(void *)piece;
}

static bool interp_emit(const IRBlock *b, TranslationBlock *tb, CodeBuffer *buf)
{
    IRBlock *copy = interp_compact(b);

    if (!copy) {
        return false;
    }
    tb->ir = copy;
    tb->code_size = 0;
    memset(tb->jmp, 0, sizeof(tb->jmp));
    return true;
}

static void interp_drop(TranslationBlock *tb)
{
    free(tb->ir);
    tb->ir = NULL;
}

static uintptr_t interp_exec(CPUARMState *env, TranslationBlock *tb)
{
    sigjmp_buf here;
    sigjmp_buf *volatile outer = env_jit(env)->unwind;

    vfp_enter_guest(env);
    if (sigsetjmp(here, 0) == 0) {
        env_jit(env)->unwind = &here;
        interp_run(env, tb->ir);
    }
    env_jit(env)->unwind = outer;
    vfp_leave_guest(env);
    return 0;
}

static void interp_set_jump(TranslationBlock *tb, int n, TranslationBlock *to)
{
}

static void interp_clear_jump(TranslationBlock *tb, int n)
{
}

static __attribute__((noreturn)) void interp_unwind(CPUARMState *env)
{
    siglongjmp(*env_jit(env)->unwind, 1);
}

const TCGBackend tcg_backend_interp = {
    .name = "interp",
    .init_buffer = interp_init_buffer,
    .emit = interp_emit,
    .drop = interp_drop,
    .exec = interp_exec,
    .set_jump = interp_set_jump,
    .clear_jump = interp_clear_jump,
    .unwind = interp_unwind,
};
