/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: the whole board. An input is a list of steps (board.h). */
#include <string.h>
#include "qemu/log.h"
#include "tests/fuzz/board.h"
#include "tests/fuzz/target.h"
#include "tests/unit/fake-clock.h"

enum { MAX_STEPS = 512 };

const size_t fuzz_max_input = FUZZ_STEP_BYTES * MAX_STEPS;

void fuzz_init(void)
{
    fuzz_board_init(true);
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    if (size > fuzz_max_input) {
        size = fuzz_max_input;
    }
    fuzz_error = NULL;
    qemu_loglevel = 0;
    fuzz_board_answer();
    fake_clock_reset();
    memset(fuzz_ram, 0, 1 << 16);
    fuzz_board_reset();
    for (; size >= FUZZ_STEP_BYTES && !fuzz_error; size -= FUZZ_STEP_BYTES, data += FUZZ_STEP_BYTES) {
        fuzz_step(data);
    }
    fuzz_board_advance(1000000000);
    return fuzz_error;
}
