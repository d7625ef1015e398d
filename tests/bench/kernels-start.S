/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start of the bare-metal benchmark image: VFP on, a stack, vectors with an empty SVC handler, then bench_main(). */
    .syntax unified
    .arm
    .section .text.start, "ax"
    .global _start
_start:
    mrc     p15, 0, r0, c0, c0, 5       @ other CPUs sleep
    ands    r0, r0, #3
    bne     sleep
    ldr     sp, =0x00800000
    mrc     p15, 0, r0, c1, c0, 2
    orr     r0, r0, #0xf00000           @ cp10, cp11
    mcr     p15, 0, r0, c1, c0, 2
    mov     r0, #0
    mcr     p15, 0, r0, c7, c5, 4
    mov     r0, #0x40000000             @ FPEXC.EN
    vmsr    fpexc, r0
    mov     r0, #0                      @ SVC vector at 8: movs pc, lr
    ldr     r1, =0xe1b0f00e
    str     r1, [r0, #8]
    mcr     p15, 0, r0, c7, c5, 4
    bl      map_and_enable_mmu
    bl      bench_main
1:  mov     r0, #0x18                   @ SYS_EXIT
    ldr     r1, =0x20026
    svc     0x123456
    b       1b
sleep:
    mcr     p15, 0, r0, c7, c0, 4
    b       sleep

/* 1 MiB sections, identity, XP format, full access; U = 1 for unaligned data. Table at 0x4000. */
map_and_enable_mmu:
    ldr     r0, =0x4000
    ldr     r1, =0x00000c0e
    mov     r2, #0
2:  orr     r3, r1, r2, lsl #20
    str     r3, [r0, r2, lsl #2]
    add     r2, r2, #1
    cmp     r2, #4096
    bne     2b
    mcr     p15, 0, r0, c2, c0, 0
    mov     r2, #1
    mcr     p15, 0, r2, c3, c0, 0
    mov     r2, #0
    mcr     p15, 0, r2, c8, c7, 0
    mrc     p15, 0, r2, c1, c0, 0
    orr     r2, r2, #1
    orr     r2, r2, #0xc00000
    mcr     p15, 0, r2, c1, c0, 0
    mov     r2, #0
    mcr     p15, 0, r2, c7, c5, 4
    bx      lr
    .ltorg

    .global semihost
semihost:
    push    {lr}
    svc     0x123456
    pop     {pc}

    .global svc_round_trips
svc_round_trips:                        @ r0 = count
    push    {r4, lr}
    mrs     r4, cpsr
3:  svc     0
    subs    r0, r0, #1
    bne     3b
    pop     {r4, pc}

    .global ldm_copy
ldm_copy:                               @ r0 = to, r1 = from, r2 = bytes, multiple of 32
    push    {r4-r10, lr}
4:  ldmia   r1!, {r3-r10}
    subs    r2, r2, #32
    stmia   r0!, {r3-r10}
    bne     4b
    pop     {r4-r10, pc}

    .global exclusive_adds
exclusive_adds:                         @ r0 = word, r1 = count
5:  ldrex   r2, [r0]
    add     r2, r2, #1
    strex   r3, r2, [r0]
    cmp     r3, #0
    bne     5b
    subs    r1, r1, #1
    bne     5b
    bx      lr

    .section .note.GNU-stack, "", %progbits
