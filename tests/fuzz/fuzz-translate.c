/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer's entry to the translator and the emitters; see translate.h and docs/testing.md. */
#include <stdio.h>
#include <stdlib.h>
#include "tests/fuzz/translate.h"
#include "tests/unit/ir-env.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    machine_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *err = fuzz_translate(data, size);

    if (err) {
        fprintf(stderr, "%s\n", err);
        fuzz_print_block();
        abort();
    }
    return 0;
}
