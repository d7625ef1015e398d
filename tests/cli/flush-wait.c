/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-waits.py: CPU 1 prints to UART1, whose reader does not read. CPU 0 goes on all the same: it calls more
 * functions than the code cache holds.
 */
#include "runtime.h"

enum { FUNCS = 8192, ROUNDS = 3 };

static volatile uint32_t printed;

static void printer(uint32_t unused)
{
    (void)unused;
    for (;;) {
        wr32(UART1_BASE + UART_DR, 'x');
        printed++;
    }
}

int test_main(void)
{
    uint32_t *code = heap_alloc(FUNCS * 8, 4096), last, calls = 0;

    for (unsigned i = 0; i < FUNCS; i++) {
        code[2 * i] = 0xe2800001;       /* add r0, r0, #1 */
        code[2 * i + 1] = 0xe12fff1e;   /* bx lr */
    }
    code_written(code, FUNCS * 8);
    wr32(UART1_BASE + UART_CR, 0x101);
    smp_start();
    run_on(1, printer, 0);
    /* Until the output stands still. */
    do {
        last = printed;
        delay_us(200000);
    } while (printed != last);
    for (unsigned i = 0; i < ROUNDS * FUNCS; i++) {
        calls = ((uint32_t (*)(uint32_t))(code + 2 * (i % FUNCS)))(calls);
    }
    ok(calls == ROUNDS * FUNCS, "a CPU flushes the code cache while another one waits for a reader");
    ok(printed == last, "that one waits all the time");
    return 0;
}
