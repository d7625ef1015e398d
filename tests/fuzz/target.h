/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fuzz target is: one C file that defines the three names below, for two programs. fuzz-main.c feeds it with
 * libFuzzer; replay.c, part of every test run, with the corpus beside it and with random bytes. One thread.
 */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H
#include <stddef.h>
#include <stdint.h>

extern const size_t fuzz_max_input;     /* longer inputs are pointless */
/* Once. */
void fuzz_init(void);
/* NULL, or what went wrong. Every input starts from the same state. */
const char *fuzz_one(const uint8_t *data, size_t size);
#endif
