/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jumps of translated code, and of C that it called, through the jump cache: which entries they take, and that a CPU
 * that is asked to leave takes none, whatever the cache holds. Two blocks: one that jumps and one that leaves a mark.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tcg/helper.h"
#include "tcg/ir-info.h"
#include "tcg/x86_64/emit.h"
#include "tests/unit/ir-env.h"

enum { BUFFER = 256 * 1024, MARK = 0x600d, KEY = 0x12345, OTHER_PAGE = 0x40000000 };
_Static_assert(KEY & TBF_VFP_EN, "the keys next to it are of this half of the cache, 0x12341 of the other");

/* How a block comes to look: the operand of exit_ind, or another exit. */
enum { BY_JUMP = REF_T_END, BY_MAIN, BY_C };

static CodeBuffer buf;
static TranslationBlock target;
static uint32_t now = KEY;      /* the CPU's context key */

/* What C leaves in env is in the registers of whoever comes next. */
static uint32_t value_of(int n)
{
    return 0xabc00000u + (uint32_t)n * 0x1011;
}

/* In place of ir-env.c's. a: where to go on, with whatever is on the stack. */
uint32_t helper_raise(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    for (int n = 1; n < 15; n++) {
        env->regs[n] = value_of(n);
    }
    env->regs[15] = a;
    tcg_backend->go_on(env);
}

static bool has_values(const CPUARMState *env)
{
    for (int n = 1; n < 15; n++) {
        if (env->regs[n] != value_of(n)) {
            return false;
        }
    }
    return true;
}

static void emit(const IRBlock *b, TranslationBlock *tb)
{
    memset(tb, 0, sizeof(*tb));
    tb->pc = b->pc;
    tb->flags = now & TBF_MASK;
    if (!tcg_backend->emit(b, tb, &buf)) {
        abort();
    }
}

static void make_target(void)
{
    IRBlock b;

    ir_reset(&b, OTHER_PAGE, 0);
    ir_emit(&b, IR_insn_start, REF_NONE, REF_NONE, REF_NONE, OTHER_PAGE);
    ir_emit(&b, IR_mov, REF_R0, ir_const(&b, MARK), REF_NONE, 0);
    /* Nothing but the mark tells who came here: the look of this block finds nothing. */
    ir_emit(&b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, 0x100);
    emit(&b, &target);
}

static void make_jump(IRBlock *b, int how, uint32_t pc)
{
    IRRef t;

    ir_reset(b, 0x8000, 0);
    ir_emit(b, IR_insn_start, REF_NONE, REF_NONE, REF_NONE, 0x8000);
    if (how == BY_JUMP) {
        ir_emit(b, IR_exit_jmp, REF_NONE, REF_NONE, REF_NONE, pc);
    } else if (how == BY_MAIN) {
        ir_emit(b, IR_stenv, REF_NONE, ir_const(b, pc), REF_NONE, (uint32_t)offsetof(CPUARMState, regs[15]));
        ir_emit(b, IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    } else if (how == BY_C) {
        ir_emit(b, IR_call, REF_NONE, ir_const(b, pc), REF_NONE, HELPER_raise);
        ir_emit(b, IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    } else if (how == REF_T0) {
        t = ir_temp(b);
        ir_emit(b, IR_add, t, REF_R0 + 9, ir_const(b, pc), 0);
        ir_emit(b, IR_exit_ind, REF_NONE, t, REF_NONE, 0);
    } else {
        ir_emit(b, IR_mov, (IRRef)how, ir_const(b, pc), REF_NONE, 0);
        ir_emit(b, IR_exit_ind, REF_NONE, (IRRef)how, REF_NONE, 0);
    }
}

/* Does a jump to pc reach an entry of (entry_pc, key)? It has to be in regs[15] if it leaves. */
static bool reaches(int how, uint32_t pc, uint32_t entry_pc, uint32_t key, uint32_t request)
{
    JITState *jit = env_jit(machine.env);
    uint8_t *begin = buf.ptr;
    TranslationBlock tb;
    uint32_t left_for;
    uintptr_t result;
    IRBlock b;

    machine_reset(0);
    jit->ctxkey = now;
    jit->exit_request = request;
    jit->jump_cache[jump_cache_index(entry_pc, key)] = (JumpCacheEntry) { entry_pc, key, (void *)target.code };
    /* What the same code has where VFP is the other way round stays. */
    JumpCacheEntry *other = &jit->jump_cache[jump_cache_index(entry_pc, key ^ TBF_VFP_EN)];
    *other = (JumpCacheEntry) { entry_pc, 1, NULL };
    make_jump(&b, how, pc);
    emit(&b, &tb);
    result = tcg_backend->exec(machine.env, &tb);
    buf.ptr = begin;
    jit->jump_cache[jump_cache_index(entry_pc, key)] = *other = (JumpCacheEntry) { 0 };
    left_for = machine.env->regs[15];
    if (how == BY_C && !has_values(machine.env)) {
        printf("# registers that C changed are lost\n");
        abort();
    }
    if (machine.env->regs[0] == MARK) {
        return left_for == 0x100;
    }
    if (left_for != pc || result) {
        printf("# way %d to %08x: left for %08x, result %#lx\n", how, pc, left_for, (unsigned long)result);
        abort();
    }
    return false;
}

static void test_way(int how, const char *name)
{
    static const uint32_t pcs[] = { OTHER_PAGE, OTHER_PAGE + 1, OTHER_PAGE + 3, 0xc0008ffc, 0xfffffffc, 0xffffffff, 4 };
    bool finds = true, exact = true, asked = true;

    for (size_t i = 0; i < sizeof(pcs) / sizeof(pcs[0]); i++) {
        uint32_t pc = pcs[i];

        finds &= reaches(how, pc, pc, now, 0);
        for (uint32_t key = now - 1; key <= now + 1; key++) {
            /* Neighbours, and what has the same place in the cache. */
            for (int32_t d = -8; d <= 8; d++) {
                exact &= reaches(how, pc, pc + (uint32_t)d, key, 0) == (d == 0 && key == now);
                asked &= !reaches(how, pc, pc + (uint32_t)d, key, EXIT_REQUESTED);
            }
            exact &= !reaches(how, pc, pc ^ 0x80000000, key, 0) && !reaches(how, pc, pc, key ^ TBF_VFP_EN, 0);
            asked &= !reaches(how, pc, pc ^ 0x80000000, key, EXIT_REQUESTED);
        }
    }
    printf("# %s\n", name);
    test_ok(finds, "a jump finds its entry");
    test_ok(exact, "a jump takes no other entry");
    test_ok(asked, "a jump takes no entry if the CPU is asked to leave");
}

int main(void)
{
    machine_init();
    tcg_backend = &tcg_backend_x86_64;
    buf.base = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    buf.end = buf.base + BUFFER;
    if (buf.base == MAP_FAILED || !tcg_backend->init_buffer(&buf)) {
        abort();
    }
    make_target();
    for (int half = 0; half < 2; half++, now ^= TBF_VFP_EN) {
        printf("# %s VFP\n", now & TBF_VFP_EN ? "with" : "without");
        test_way(BY_JUMP, "a direct jump to another page");
        test_way(BY_MAIN, "an exit by way of the main loop");
        if (tcg_backend->go_on) {
            test_way(BY_C, "C that goes on");
        }
        test_way(REF_R0 + 14, "an indirect jump by lr");
        test_way(REF_R0 + 9, "an indirect jump by a register in memory");
        test_way(REF_T0, "an indirect jump by a temporary");
    }
    return test_done();
}
