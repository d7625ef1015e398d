/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores beside a lock that the CPU has taken, in the lock's own granule, and the store that gives it back: of a byte,
 * a halfword and a word. The reservation is over by then, so nothing about them is unusual; smc-counters.py looks that
 * the emulator sees it so. guest-test: cpus=1,2 timeout=30
 */
#include "runtime.h"

enum { TURNS = 20000 };

static struct {
    volatile uint32_t lock, word;
    volatile uint16_t half, ticket;
    volatile uint8_t byte;
} shared __attribute__((aligned(4096)));

static uint32_t strex_lock(void)
{
    uint32_t old, failed;

    __asm__ volatile("ldrex %0, [%2]\n strex %1, %3, [%2]" : "=&r"(old), "=&r"(failed)
                     : "r"(&shared.lock), "r"(1) : "memory");
    return old | failed;
}

int test_main(void)
{
    bool kept = true;
    uint32_t failed;

    for (uint32_t i = 0; i < TURNS; i++) {
        while (strex_lock()) {
        }
        dmb();
        shared.word += 1;
        shared.half++;
        shared.byte++;
        dmb();
        shared.ticket = (uint16_t)i;
        shared.lock = 0;
        dsb();
    }
    ok_eq(shared.word, TURNS, "words beside the lock");
    ok_eq(shared.half, TURNS, "halfwords");
    ok_eq(shared.byte, TURNS & 0xff, "bytes");
    ok_eq(shared.ticket, TURNS - 1, "another halfword");
    /* A store of the CPU itself, of any size, leaves its reservation as it is. */
    for (unsigned size = 0; size < 3; size++) {
        uint32_t old;

        __asm__ volatile("ldrex %0, [%1]" : "=&r"(old) : "r"(&shared.lock) : "memory");
        if (size == 0) {
            shared.byte = 1;
        } else if (size == 1) {
            shared.half = 1;
        } else {
            shared.word = 1;
        }
        __asm__ volatile("strex %0, %1, [%2]" : "=&r"(failed) : "r"(old + 1), "r"(&shared.lock) : "memory");
        kept &= !failed;
    }
    ok(kept && shared.lock == 3, "own stores beside it do not end a reservation (ours)");
    return 0;
}
