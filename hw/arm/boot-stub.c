/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few instructions the emulator brings along instead of a boot ROM: what the boot CPU runs before the kernel, and
 * the pen in which the other CPUs wait.
 *
 * Called by hw/arm/boot.c on the main thread; no state, no locks.
 */
#include <glib.h>
#include <string.h>

#include "hw/arm/boot-image.h"

static uint32_t put_words(uint8_t *code, const uint32_t *words, unsigned n)
{
    unsigned i;

    for (i = 0; i < n; i++) {
        uint32_t w = GUINT32_TO_LE(words[i]);

        memcpy(code + 4 * i, &w, 4);
    }
    return 4 * n;
}

uint32_t boot_build_primary(uint8_t *code, uint32_t machine_id, uint32_t args, uint32_t entry)
{
    /* Documentation/arm/booting: r0 = 0, r1 = machine type, r2 = ATAGS or device tree. */
    const uint32_t words[] = {
        0xe3a00000,     /* mov r0, #0 */
        0xe59f1004,     /* ldr r1, machine_id */
        0xe59f2004,     /* ldr r2, args */
        0xe59ff004,     /* ldr pc, entry */
        machine_id,
        args,
        entry,
    };

    return put_words(code, words, G_N_ELEMENTS(words));
}

uint32_t boot_build_pen(uint8_t *code, uint32_t gic_cpu_base, uint32_t flags_addr)
{
    /*
     * The boot CPU writes an address into the flags register and sends a software interrupt. WFI ends although
     * interrupts are masked, if the CPU interface of the GIC lets the interrupt through: hence its set-up. The
     * interrupt stays pending for the kernel.
     */
    const uint32_t words[] = {
        0xe59f002c,     /* 00      ldr r0, gic_cpu_base */
        0xe3a01001,     /* 04      mov r1, #1 */
        0xe5801000,     /* 08      str r1, [r0, #0]     CTLR: enable */
        0xe3a010ff,     /* 0c      mov r1, #0xff */
        0xe5801004,     /* 10      str r1, [r0, #4]     PMR: all priorities */
        0xe59f001c,     /* 14      ldr r0, flags_addr */
        0xe3a01000,     /* 18      mov r1, #0 */
        0xee071f9a,     /* 1c      mcr p15, 0, r1, c7, c10, 4    DSB */
        0xee071f90,     /* 20 wait: mcr p15, 0, r1, c7, c0, 4    WFI */
        0xe5901000,     /* 24      ldr r1, [r0] */
        0xe3510000,     /* 28      cmp r1, #0 */
        0x0afffffb,     /* 2c      beq wait */
        0xe12fff11,     /* 30      bx r1 */
        gic_cpu_base,   /* 34 */
        flags_addr,     /* 38 */
    };

    return put_words(code, words, G_N_ELEMENTS(words));
}
