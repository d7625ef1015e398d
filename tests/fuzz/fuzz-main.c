/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer's entry to a target (target.h, docs/testing.md). */
#include <stdio.h>
#include <stdlib.h>
#include "tests/fuzz/target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *err = fuzz_one(data, size);

    if (err) {
        fprintf(stderr, "%s\n", err);
        abort();
    }
    return 0;
}
