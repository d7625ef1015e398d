/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Semihosting calls of the guest programs here. */
#ifndef TESTS_CLI_SEMIHOSTING_H
#define TESTS_CLI_SEMIHOSTING_H
#include <stdint.h>

static inline int32_t call(uint32_t op, uint32_t arg)
{
    register uint32_t r0 __asm__("r0") = op, r1 __asm__("r1") = arg;

    __asm__ volatile("svc #0x123456" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}

static inline int32_t call_args(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t block[4] = { a, b, c, d };

    return call(op, (uint32_t)block);
}

#endif
