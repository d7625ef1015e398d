/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limits of a block: whatever the guest executes, the translator stays inside an IRBlock and the emitter takes
 * every block it makes; only a full buffer may refuse. Random code and, on purpose, the instructions that need most,
 * 128 of them in a row. The same function as the fuzzer's. With arguments: rounds, first seed.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "target/arm/decode.h"
#include "tcg/x86_64/emit.h"
#include "tests/fuzz/translate.h"
#include "tests/unit/ir-env.h"

enum { WORDS = 200, THUMB = 1, MAX_REPORTS = 5 };

static uint8_t input[sizeof(FuzzHeader) + 4 * WORDS];
static int reports;

static void crashed(int sig)
{
    fuzz_print_block();
    signal(sig, SIG_DFL);
    raise(sig);
}

static uint32_t random_word(uint64_t *state, bool thumb)
{
    int n;
    const DecodeRow *rows = thumb ? decode_rows_t16(&n) : decode_rows_a32(&n);
    const DecodeRow *row = &rows[test_random(state) % n];
    uint32_t w = (uint32_t)(test_random(state) >> 7);

    if (test_random(state) % 8 == 0) {
        return w;
    }
    w = (w & ~row->mask) | row->value;
    if (!thumb && row->bits[0] == 'c') {
        /* Mostly AL, so that blocks get long. */
        w = test_random(state) % 4 ? (w & 0x0fffffff) | 0xe0000000u : w % 0xf0000000u;
    }
    return w;
}

static bool try(const FuzzHeader *h, const uint32_t *words, const char *what)
{
    const char *err;

    memcpy(input, h, sizeof(*h));
    memcpy(input + sizeof(*h), words, 4 * WORDS);
    err = fuzz_translate(input, sizeof(input));
    if (err && reports++ < MAX_REPORTS) {
        printf("# %s: %s\n", what, err);
        fflush(stdout);
        fuzz_print_block();
    }
    return !err;
}

static bool random_code(unsigned rounds, uint64_t seed)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < rounds && failed < MAX_REPORTS; i++) {
        uint64_t state = seed + i, r;
        uint32_t words[WORDS];
        FuzzHeader h;
        char name[40];

        r = test_random(&state);
        h = (FuzzHeader) { .flags = (uint16_t)r, .pc = (uint16_t)(r >> 16), .high = (uint8_t)(r >> 32),
                           .insns = r >> 40 & 7 ? 0 : (uint8_t)(r >> 43), .cpus = (uint8_t)(r >> 48),
                           .room = (uint8_t)(r >> 56) };
        if (r >> 60 & 1) {
            h.pc |= 0xf80;      /* near the page's end */
        }
        for (int k = 0; k < WORDS; k++) {
            words[k] = random_word(&state, h.pc & THUMB);
            if (h.pc & THUMB) {
                words[k] = (words[k] & 0xffff) | random_word(&state, true) << 16;
            }
        }
        snprintf(name, sizeof(name), "seed %llu", (unsigned long long)(seed + i));
        failed += !try(&h, words, name);
    }
    return !failed;
}

/*
 * One instruction, 128 times, under many combinations of flags; among 0, 1, 2 others in four, so that limits fall
 * anywhere.
 */
static bool repeated(uint32_t insn, uint32_t filler, const char *what)
{
    bool good = true;

    for (uint32_t flags = 0; flags <= TBF_MASK; flags += 7) {
        for (int before = 0; before < 3; before++) {
            FuzzHeader h = { .flags = (uint16_t)flags, .high = 2, .cpus = flags & 1, .room = 255 };
            uint32_t words[WORDS];

            for (int k = 0; k < WORDS; k++) {
                words[k] = k % 4 < before ? filler : insn;
            }
            good &= try(&h, words, what);
        }
    }
    return good;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; uint32_t insn, filler; } heavy[] = {
        { "fnmscs, a vector of 8", 0xee184a4c, 0xe0910002 },
        { "fmacd, a vector of 4", 0xee084b0c, 0xe0910002 },
        { "fdivs, a vector of 8", 0xee884a0c, 0xe0910002 },
        { "fldmias of 32", 0xecb00a20, 0xe2500001 },
        { "fstmiad of 16", 0xeca00b20, 0xe2500001 },
        { "ldm of 15", 0xe8b07ffe, 0xe0a11002 },
        { "ldm of 15, user registers", 0xe8d07fff, 0xe0a11002 },
        { "stm of 16, user registers", 0xe8c0ffff, 0xe0a11002 },
        { "stmne of 16", 0x18a0ffff, 0x00a11002 },
        { "ldrex", 0xe1901f9f, 0xe1802f91 },
        { "strexd", 0xe1a02f94, 0xe1b04f9f },
        { "swp", 0xe1012093, 0xe0911002 },
        { "smlsldx", 0xe7410372, 0xe0b11002 },
        { "umaal", 0xe0410392, 0xe0b11002 },
        { "saddsubx", 0xe6110f52, 0xe6810fb2 },
        { "adcs with a shift by register", 0xe0b11312, 0xe1b01062 },
        { "conditional branches forward", 0x0a000003, 0x13a00001 },
        { "conditional loads and stores", 0x15901004, 0x05801008 },
        { "ftouizd", 0xeebc0bc1, 0xeef1fa10 },
        { "fcmped", 0xeeb40bc1, 0xeef1fa10 },
    };
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 10000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

    machine_init();
    signal(SIGSEGV, crashed);
    signal(SIGILL, crashed);
    signal(SIGABRT, crashed);
    for (unsigned i = 0; i < sizeof(heavy) / sizeof(heavy[0]); i++) {
        test_ok(repeated(heavy[i].insn, heavy[i].filler, heavy[i].name), heavy[i].name);
    }
    test_ok(random_code(rounds, seed), "random code");
    printf("# per instruction: %d ops, %d consts, %d args, %d labels, %d temps; largest block: %d ops, %d bytes\n",
           fuzz_maxima.ops_per_insn, fuzz_maxima.consts_per_insn, fuzz_maxima.args_per_insn,
            fuzz_maxima.labels_per_insn,
           fuzz_maxima.temps_per_insn, fuzz_maxima.ops, fuzz_maxima.code_size);
    return test_done();
}
