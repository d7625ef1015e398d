/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debug builds poison the registers that C may destroy after each call of C: what the thunk leaves, and that blocks and
 * slow paths call it. Whether code still works then is what test-backends asks, which is built with the same back end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tcg/helper.h"
#include "tcg/x86_64/emit.h"
#include "tests/unit/ir-env.h"

enum { BUFFER = 256 * 1024 };

static CodeBuffer buf;

static uint8_t *poison(void)
{
    return buf.base + x86_layout.poison;
}

static void test_thunk(void)
{
    uint64_t seen[8], rax = 42, xmm[2];
    void *fn = poison();

    __asm__ volatile("call *%[fn]\n\t"
                     "mov %%rcx, 0(%[seen])\n\tmov %%rdx, 8(%[seen])\n\tmov %%rsi, 16(%[seen])\n\t"
                     "mov %%rdi, 24(%[seen])\n\tmov %%r8, 32(%[seen])\n\tmov %%r9, 40(%[seen])\n\t"
                     "mov %%r10, 48(%[seen])\n\tmov %%r11, 56(%[seen])\n\t"
                     "movq %%xmm0, 0(%[xmm])\n\tmovq %%xmm15, 8(%[xmm])"
                     : "+a"(rax)
                     : [fn] "r"(fn), [seen] "b"(seen), [xmm] "r"(xmm)
                     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                       "memory", "cc");
    for (int i = 0; i < 8; i++) {
        test_ok(seen[i] == X86_POISON, "a caller-saved register is poisoned");
    }
    test_ok(xmm[0] == X86_POISON && xmm[1] == X86_POISON, "xmm registers are poisoned");
    test_ok(rax == 42, "rax, the result, is kept");
}

/* How many CALL rel32 in [from, to) lead to the thunk. */
static int calls(const uint8_t *from, const uint8_t *to)
{
    int n = 0;

    for (; from + 5 <= to; from++) {
        int32_t rel;

        memcpy(&rel, from + 1, sizeof(rel));
        n += *from == 0xe8 && from + 5 + rel == poison();
    }
    return n;
}

static void test_calls(void)
{
    IRBlock *b = malloc(sizeof(*b));
    TranslationBlock tb = { 0 };

    test_ok(calls(poison(), buf.base + x86_layout.code) == 14, "each way to the slow paths, with and without xmm");
    ir_reset(b, 0x8000, 0);
    ir_emit(b, IR_insn_start, REF_NONE, REF_NONE, REF_NONE, 0x8000);
    ir_emit(b, IR_call, REF_R0, REF_R0 + 1, REF_R0 + 2, HELPER_usad8);
    ir_emit(b, IR_call, REF_R0, REF_R0 + 1, REF_R0 + 2, HELPER_usad8);
    ir_emit(b, IR_exit_main, REF_NONE, REF_NONE, REF_NONE, 0);
    test_ok(tcg_backend_x86_64.emit(b, &tb, &buf), "a block that calls helpers is emitted");
    test_ok(calls(tb.code, buf.ptr) == 2, "after each call of a helper");
    free(b);
}

int main(void)
{
    buf.base = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    buf.end = buf.base + BUFFER;
    machine_init();
    if (!tcg_backend_x86_64.init_buffer(&buf)) {
        return 1;
    }
    test_ok(x86_layout.poison, "a debug build poisons");
    test_thunk();
    test_calls();
    return test_done();
}
