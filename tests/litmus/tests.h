/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language of tests.c: accesses and orderings as assembler text, so that a thread is one asm statement the compiler
 * cannot reorder. a and b are the values read; t and f are scratch.
 */
#ifndef TESTS_LITMUS_TESTS_H
#define TESTS_LITMUS_TESTS_H

#include "litmus.h"

/* Stores of 1 or 2. */
#define ST1(var)        "mov %[t], #1\n str %[t], [%[" #var "]]\n"
#define ST2(var)        "mov %[t], #2\n str %[t], [%[" #var "]]\n"
/* The same by an exclusive pair, by a swap: r2 and r3 are the fixed registers of the word for SWP. */
#define STREX1(var)     "1: ldrex %[t], [%[" #var "]]\n mov %[t], #1\n strex %[f], %[t], [%[" #var "]]\n" \
                        " teq %[f], #0\n bne 1b\n"
#define SWP1(var)       "mov r3, %[" #var "]\n mov r2, #1\n .inst 0xe1030092\n"
/* Loads into a or b. */
#define LD(reg, var)    "ldr %[" #reg "], [%[" #var "]]\n"
#define LDREX(reg, var) "ldrex %[" #reg "], [%[" #var "]]\n"
/* Behind a load into a: loads and stores whose address or value depends on it. */
#define LD_ADDR(reg, var) "eor %[t], %[a], %[a]\n ldr %[" #reg "], [%[" #var "], %[t]]\n"
#define ST1_ADDR(var)   "eor %[f], %[a], %[a]\n mov %[t], #1\n str %[t], [%[" #var "], %[f]]\n"
#define ST1_DATA(var)   "eor %[t], %[a], %[a]\n add %[t], %[t], #1\n str %[t], [%[" #var "]]\n"
#define ST1_CTRL(var)   "cmp %[a], #3\n beq 2f\n 2: mov %[t], #1\n str %[t], [%[" #var "]]\n"
#define LD_CTRL(reg, var) "cmp %[a], #3\n beq 2f\n 2: ldr %[" #reg "], [%[" #var "]]\n"
/* Orderings. */
#define NONE            ""
#define DMB             "mcr p15, 0, %[zero], c7, c10, 5\n"
#define DSB             "mcr p15, 0, %[zero], c7, c10, 4\n"

#define THREAD(name, text) \
    static void name(struct instance *i, struct reads *r) \
    { \
        uint32_t a = 0, b = 0, t, f; \
        __asm__ volatile(text : [a] "+&r"(a), [b] "+&r"(b), [t] "=&r"(t), [f] "=&r"(f) \
                         : [x] "r"(&i->x), [y] "r"(&i->y), [z] "r"(&i->z), [zero] "r"(0) \
                         : "r0", "r2", "r3", "cc", "memory"); \
        r->a = a; \
        r->b = b; \
    }

#endif
