/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the translator makes of a fixed set of random guest code and of random IR: IR, IR behind the passes, host code.
 * The output depends on the arguments, the source and the compiler alone (everything lies at fixed addresses), so a
 * change that must not change any code is shown by two equal outputs:
 *
 *     dump-blocks [ROUNDS [SEED]] | sha256sum
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "accel/tcg/cache.h"
#include "target/arm/decode.h"
#include "target/arm/translate.h"
#include "tcg/x86_64/emit.h"
#include "tcg/x86_64/op-flags.h"
#include "tests/unit/ir-env.h"
#include "tests/unit/ir-random.h"

enum { PAGE = 4096, BUFFER_BYTES = 2 << 20, THUMB = 1 };

static IRBlock block;
static uint8_t page[PAGE];
static TranslationBlock *tb;
static CodeBuffer buf;

static void *fixed_memory(uintptr_t address, size_t size)
{
    void *p = mmap((void *)address, size, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (p != (void *)address) {
        fprintf(stderr, "dump-blocks: cannot map %#lx\n", (unsigned long)address);
        exit(1);
    }
    return p;
}

/* A word of some row, with random operands; mostly AL, so that blocks get long. */
static uint32_t random_word(uint64_t *state, bool thumb)
{
    int n;
    const DecodeRow *rows = thumb ? decode_rows_t16(&n) : decode_rows_a32(&n);
    const DecodeRow *row = &rows[test_random(state) % n];
    uint32_t w = ((uint32_t)(test_random(state) >> 7) & ~row->mask) | row->value;

    if (!thumb && row->bits[0] == 'c') {
        w = test_random(state) % 4 ? (w & 0x0fffffff) | 0xe0000000u : w % 0xf0000000u;
    }
    return w;
}

static void print_code(void)
{
    uint8_t *start = buf.ptr;

    memset(tb, 0, sizeof(*tb));
    tb->pc = block.pc;
    tb->flags = block.flags;
    if (!tcg_backend_x86_64.emit(&block, tb, &buf)) {
        printf("not emitted%s\n", buf.too_complex ? ": too complex" : "");
        return;
    }
    for (uint32_t i = 0; i < tb->code_size; i++) {
        printf("%02x", tb->code[i]);
    }
    printf("\njumps %u %u, %u %u\n", 4 * tb->jmp[0].patch, 4 * tb->jmp[0].saved_patch, 4 * tb->jmp[1].patch,
           4 * tb->jmp[1].saved_patch);
    buf.ptr = start;
}

static void dump(void)
{
    int at;
    const char *err = ir_verify(&block, &at);

    if (err) {
        printf("op %d: %s\n", at, err);
    }
    ir_print(stdout, &block);
    ir_optimize(&block, x86_host_flags);
    ir_print(stdout, &block);
    print_code();
}

static void guest_code(uint64_t state)
{
    uint64_t r = test_random(&state);
    uint32_t pc = (r & 1 ? 0xc0123000u : 0x8000u) | (uint32_t)(r >> 8 & 0xffd);

    pc &= pc & THUMB ? ~0u : ~3u;
    for (int i = 0; i < PAGE; i += 4) {
        uint32_t w = random_word(&state, pc & THUMB);

        if (pc & THUMB) {
            w = (w & 0xffff) | random_word(&state, true) << 16;
        }
        memcpy(&page[i], &w, sizeof(w));
    }
    cpu_count = r >> 1 & 1 ? 4 : 1;
    arm_translate(&block, pc, (uint32_t)(r >> 32) & TBF_MASK, page, r >> 2 & 7 ? BLOCK_MAX_INSNS : 1 + (r >> 5 & 7));
    dump();
    cpu_count = 1;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 3000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    machine_init();
    tb = fixed_memory(0x10000000, PAGE);
    ir_random_counter = fixed_memory(0x11000000, PAGE);
    buf.base = fixed_memory(0x20000000, BUFFER_BYTES);
    buf.end = buf.base + BUFFER_BYTES;
    if (!tcg_backend_x86_64.init_buffer(&buf)) {
        return 1;
    }
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t state = seed + i;

        guest_code(state);
        ir_random_block(&block, &state, 20 + i % 60, i & 1);
        dump();
    }
    return 0;
}
