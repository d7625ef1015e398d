/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-dma-wait.py: CPU 1 prints to UART1, whose reader does not read, and CPU 2 too, so that it waits for CPU 1;
 * meanwhile CPU 0 has DMA overwrite code, again and again, which takes stopping the CPUs.
 */
#include "../guest/dma.h"
#include "../guest/smc-code.h"

static volatile uint32_t printed[4];

static void printer(uint32_t cpu)
{
    for (;;) {
        wr32(UART1_BASE + UART_DR, 'x');
        printed[cpu]++;
    }
}

int test_main(void)
{
    uint32_t *code = page_alloc(1), word = A_MOV_R0(1), last[2];
    bool good = true, wait = true;

    dma_init();
    wr32(UART1_BASE + UART_CR, 0x101);
    smp_start();
    run_on(1, printer, 1);
    run_on(2, printer, 2);
    /* Until the output stands still. */
    do {
        last[0] = printed[1];
        last[1] = printed[2];
        delay_us(200000);
    } while (printed[1] != last[0] || printed[2] != last[1]);
    for (uint32_t n = 0; n < 8; n++) {
        make_return(code, n);
        good &= call(code, 0, 0) == n;
        word = A_MOV_R0(n + 100);
        good &= dma_copy(0, &word, code, 1);
        code_written(code, 4);
        wait &= call(code, 0, 0) == n + 100;
    }
    ok(good, "DMA over code while CPUs wait for a reader");
    ok(wait, "the new code runs");
    ok(printed[1] == last[0] && printed[2] == last[1], "they wait all the time");
    return 0;
}
