/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What smc-smp and smc-dma share: functions copied from templates, and a CPU that loops in one of them, storing a
 * constant, until it is told to stop; a software interrupt makes it synchronise. One test's state: `page` is its code.
 */
#ifndef TESTS_GUEST_SMC_LOOP_H
#define TESTS_GUEST_SMC_LOOP_H

#include "smc-code.h"

enum { SGI_SYNC = 4 };

static uint32_t *page;
static volatile uint32_t latest, stop, bad, synchronised;

/* What a CPU does before it runs new code. */
static inline void sync_code(void)
{
    CP15_WRITE(0, c7, c5, 0, 0);
    CP15_WRITE(0, c7, c5, 6, 0);
    dsb();
    isb();
}

static inline uint32_t *copy_template(const uint32_t *from, const uint32_t *end)
{
    uint32_t bytes = (uint32_t)end - (uint32_t)from, *to = page_alloc(1);

    memcpy(to, from, bytes);
    code_written(to, bytes);
    return to;
}

/* r0 = address of `latest`, r1 = of `stop`: stores the constant again and again. */
__asm__(".pushsection .rodata\n .balign 4\n .global tight_loop, tight_loop_constant, tight_loop_end\n"
        "tight_loop: mov r3, r0\n"
        "1:\ntight_loop_constant: mov r0, #1\n str r0, [r3]\n ldr r2, [r1]\n cmp r2, #0\n beq 1b\n bx lr\n"
        "tight_loop_end:\n .popsection");
extern const uint32_t tight_loop[], tight_loop_constant[], tight_loop_end[];

static void irq_sync(uint32_t iar)
{
    (void)iar;
    sync_code();
    synchronised = 1;
}

static void looper(uint32_t argument)
{
    (void)argument;
    irq_handle(irq_sync);
    irq_enable();
    call(page, (uint32_t)&latest, (uint32_t)&stop);
    irq_disable();
    irq_handle(NULL);
}

/* Have CPU 1 loop; returns the instruction to change, or NULL if it does not come to life. */
static inline volatile uint32_t *loop_start(void)
{
    page = copy_template(tight_loop, tight_loop_end);
    latest = stop = 0;
    run_on(1, looper, 0);
    return WAIT_UNTIL(latest == 1, 10000000) ? page + (tight_loop_constant - tight_loop) : NULL;
}

/* After a change: does CPU 1, once it has synchronised, store n? */
static inline bool loop_follows(uint32_t n)
{
    bool good;

    synchronised = 0;
    dmb();
    gic_send_sgi(SGI_SYNC, 2);
    good = WAIT_UNTIL(synchronised, 10000000);
    latest = 0;
    return WAIT_UNTIL(latest == n, 10000000) && good;
}

static inline void loop_end(void)
{
    stop = 1;
    wait_for(1);
}

#endif
