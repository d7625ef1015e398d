/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-gdb.py: something to debug. CPU 0 calls marker() for ever, with a Thumb function, an exclusive sequence and
 * a supervisor call in between; the other CPUs count, all with the same exclusive word, and CPU 1 changes `noticed` now
 * and then. The program's end: set `leave` to what the exit code is to say.
 */
#include "runtime.h"

volatile uint32_t shared, noticed, rounds, leave, counts[MAX_CPUS], supervisor_calls;
volatile uint32_t buffer[64];
volatile uint64_t pair;

/* Adds 1 to *p; the labels are where the test steps. */
uint32_t add_exclusive(volatile uint32_t *p);
__asm__(".text\n.arm\n.global add_exclusive, add_again, add_store, add_end\n"
        ".type add_exclusive, %function\n"
        "add_exclusive:\n"
        "add_again: ldrex r1, [r0]\n"
        "   add r1, r1, #1\n"
        "add_store: strex r2, r1, [r0]\n"
        "   cmp r2, #0\n"
        "   bne add_again\n"
        "add_end: mov r0, r1\n"
        "   bx lr\n"
        ".size add_exclusive, . - add_exclusive\n");

/* 3 * a + b in Thumb, by a subroutine. */
uint32_t in_thumb(uint32_t a, uint32_t b);
__asm__(".text\n.thumb\n.global in_thumb, thumb_call, thumb_back\n.thumb_func\n"
        ".type in_thumb, %function\n"
        "in_thumb: push {r4, lr}\n"
        "   mov r4, r1\n"
        "thumb_call: bl thumb_triple\n"
        "thumb_back: add r0, r0, r4\n"
        "   pop {r4, pc}\n"
        ".size in_thumb, . - in_thumb\n"
        ".thumb_func\n"
        "thumb_triple: lsl r1, r0, #1\n"
        "   add r0, r0, r1\n"
        "   bx lr\n"
        ".arm\n");

/* Every kind of access to `buffer` and `pair`, one by one. */
void accesses(volatile uint32_t *p);
__asm__(".text\n.arm\n.global accesses, store_byte, store_many, load_half, swap_word, load_double\n"
        ".type accesses, %function\n"
        "accesses: mov r1, #1\n"
        "   mov r2, #2\n"
        "   mov r3, #3\n"
        "store_byte: strb r1, [r0, #5]\n"
        "store_many: stmia r0, {r1, r2, r3}\n"
        "load_half: ldrh r1, [r0, #8]\n"
        "swap_word: swp r1, r2, [r0]\n"
        "load_double: ldrd r2, r3, [r0, #16]\n"
        "   bx lr\n"
        ".size accesses, . - accesses\n");

__attribute__((noinline)) void marker(uint32_t round)
{
    rounds = round;
    __asm__ volatile("" : : : "memory");
}

static void spin(uint32_t argument __attribute__((unused)))
{
    uint32_t cpu = cpu_id();

    for (;;) {
        add_exclusive(&shared);
        counts[cpu]++;
        if (cpu == 1 && counts[1] % 1000 == 0) {
            noticed = counts[1];
        }
    }
}

static void count_call(struct exc *e __attribute__((unused)))
{
    supervisor_calls++;
}

int test_main(void)
{
    uint32_t round = 0;

    exc_handle(EXC_SVC, count_call);
    smp_start();
    for (uint32_t i = 1; i < num_cpus(); i++) {
        run_on(i, spin, 0);
    }
    while (!leave) {
        marker(++round);
        counts[0] = in_thumb(round, 7);
        add_exclusive(&shared);
        accesses(buffer);
        __asm__ volatile(".global the_call\nthe_call: svc #1" : : : "memory");
    }
    semihosting_exit(leave == 1);
}
