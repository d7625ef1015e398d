/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoder: the rows of a32.def and t16.def and the indexes that find the row of a word in a step or two.
 *
 * The indexes are built once (pthread_once), of the rows that the CPU model has, and only read afterwards, so any
 * thread may decode. An A32 word selects a short list of candidate rows by bits 27:20 and 7:4, a Thumb word selects its
 * row directly. Rows marked I_FIRST stand before the others in every list; apart from them no two rows match the same
 * word (tests/unit/test-decode.c).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "target/arm/decode.h"
#include "target/arm/translate-internal.h"

#include "target/arm/decode-rows.inc"

enum {
    A32_ROWS = sizeof(a32_rows) / sizeof(a32_rows[0]),
    T16_ROWS = sizeof(t16_rows) / sizeof(t16_rows[0]),
    NO_ROW = 0xff,
    KEYS = 4096,
};
_Static_assert(T16_ROWS < NO_ROW, "the Thumb index holds row numbers in a byte");
_Static_assert(A32_ROWS < 0x10000, "the A32 index holds row numbers in 16 bits");

static uint8_t t16_index[0x10000];
/* [0]: words with a condition, [1]: condition 1111. Candidates are a32_pool[start[key]..start[key + 1]). */
static uint16_t *a32_pool;
static uint32_t a32_start[2][KEYS + 1];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool row_is_conditional(const DecodeRow *row)
{
    return row->bits[0] == 'c';
}

bool decode_row_matches(const DecodeRow *row, uint32_t insn)
{
    return (insn & row->mask) == row->value && !(row_is_conditional(row) && insn >> 28 == 15);
}

/* The bits of an A32 word that select the candidate list, and the word that has just these bits. */
static unsigned key_of(uint32_t insn)
{
    return (insn >> 16 & 0xff0) | (insn >> 4 & 0xf);
}
static uint32_t key_word(unsigned key)
{
    return (key & 0xff0) << 16 | (key & 0xf) << 4;
}

/*
 * Call put(i, key) for every row (those with I_FIRST first) and every key whose list the row belongs to: the bits
 * of `key_mask` that the row leaves open take every value.
 */
static void for_each_key(const DecodeRow *rows, int n, uint32_t key_mask, void (*put)(int i, uint32_t word))
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n; i++) {
            uint32_t open = key_mask & ~rows[i].mask, sub = 0;

            if (!(rows[i].info & I_FIRST) != (pass == 1) || rows[i].info & I_NEEDS & ~arm_cpu_model->features) {
                continue;
            }
            do {
                put(i, (rows[i].value & key_mask) | sub);
                sub = (sub - open) & open;
            } while (sub);
        }
    }
}

static void count_a32(int i, uint32_t word)
{
    a32_start[!row_is_conditional(&a32_rows[i])][key_of(word) + 1]++;
}

static uint32_t a32_filled[2][KEYS];

static void put_a32(int i, uint32_t word)
{
    bool uncond = !row_is_conditional(&a32_rows[i]);
    unsigned key = key_of(word);

    a32_pool[a32_start[uncond][key] + a32_filled[uncond][key]++] = i;
}

static void put_t16(int i, uint32_t word)
{
    if (t16_index[word] == NO_ROW) {
        t16_index[word] = i;
    }
}

static void build_indexes(void)
{
    uint32_t total = 0;

    for_each_key(a32_rows, A32_ROWS, key_word(KEYS - 1), count_a32);
    for (int uncond = 0; uncond < 2; uncond++) {
        for (unsigned key = 0; key <= KEYS; key++) {
            total += a32_start[uncond][key];
            a32_start[uncond][key] = total;
        }
    }
    a32_pool = malloc(total * sizeof(*a32_pool));
    if (!a32_pool) {
        abort();
    }
    for_each_key(a32_rows, A32_ROWS, key_word(KEYS - 1), put_a32);

    memset(t16_index, NO_ROW, sizeof(t16_index));
    for_each_key(t16_rows, T16_ROWS, 0xffff, put_t16);
}

const DecodeRow *decode_a32(uint32_t insn)
{
    bool uncond = insn >> 28 == 15;
    unsigned key = key_of(insn);

    pthread_once(&once, build_indexes);
    for (uint32_t i = a32_start[uncond][key]; i < a32_start[uncond][key + 1]; i++) {
        const DecodeRow *row = &a32_rows[a32_pool[i]];

        if ((insn & row->mask) == row->value) {
            return row;
        }
    }
    return NULL;
}

const DecodeRow *decode_t16(uint32_t insn)
{
    pthread_once(&once, build_indexes);
    uint8_t i = t16_index[insn & 0xffff];
    return i == NO_ROW ? NULL : &t16_rows[i];
}

const DecodeRow *decode_rows_a32(int *count)
{
    pthread_once(&once, build_indexes);
    *count = A32_ROWS;
    return a32_rows;
}

const DecodeRow *decode_rows_t16(int *count)
{
    pthread_once(&once, build_indexes);
    *count = T16_ROWS;
    return t16_rows;
}
