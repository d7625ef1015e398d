/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All CPUs make the same accesses, each in its own memory at BUFFER + 0x10000 * CPU: those between `begin` and `end`,
 * `turns` times. test-plugins.py knows what they are, and writes to `turns` and `cpus`. The image begins at address 0.
 */
    .syntax unified
    .arch   armv6k
    .fpu    vfp
    .equ    BUFFER, 0x100000
    .equ    FLAGS, 0x80000
    .equ    UART, 0x10009000

    b       start                   /* vectors */
    b       .
    b       .
    b       .
    b       data_abort
    b       .
    b       .
    b       .

data_abort:
    subs    pc, lr, #4              /* go on behind it */

start:
    mrc     p15, 0, r12, c0, c0, 5
    and     r12, r12, #15
    ldr     r0, =BUFFER
    add     r10, r0, r12, lsl #16
    add     sp, r10, #0x8000
    mrc     p15, 0, r0, c1, c0, 0
    orr     r0, r0, #1 << 22        /* unaligned accesses */
    mcr     p15, 0, r0, c1, c0, 0
    mrc     p15, 0, r0, c1, c0, 2
    orr     r0, r0, #0xf00000
    mcr     p15, 0, r0, c1, c0, 2
    mcr     p15, 0, r0, c7, c5, 4
    mov     r0, #1 << 30
    vmsr    fpexc, r0
    ldr     r9, turns
    ldr     r11, =UART
    b       begin
    .ltorg
turns:
    .word   1
cpus:
    .word   1

    .balign 4096
begin:
    vldr    s3, vfp_literal         /* known when the block is made */
    vldr    d2, vfp_literal
    ldr     r0, vfp_literal
    ldr     r0, [r10]
    ldrb    r0, [r10, #5]
    ldrsb   r0, [r10, #6]
    ldrh    r0, [r10, #8]
    ldrsh   r0, [r10, #10]
    str     r9, [r10, #12]
    strb    r9, [r10, #17]
    strh    r9, [r10, #18]
    add     r1, r10, #0x20
    ldr     r1, [r1, #4]            /* the base is loaded */
    add     r1, r10, #0x20
    ldr     r0, [r1], #8            /* 0x20 */
    str     r0, [r1, #8]!           /* 0x30 */
    mov     r2, #4
    ldr     r0, [r10, r2, lsl #2]   /* 0x10 */
    ldr     r0, [r10, #0x41]        /* unaligned */
    ldr     r0, [r10, #0xffe]       /* in two pages */
    strd    r2, r3, [r10, #0x50]
    ldrd    r2, r3, [r10, #0x50]
    add     r1, r10, #0x60
    stmia   r1!, {r2, r3, r4}
    ldmdb   r1, {r1, r2, r3}
    push    {r4, r5, lr}
    pop     {r4, r5, lr}
    stmib   r10, {r5}
    add     r1, r10, #0x80
    ldrex   r0, [r1]
    strex   r2, r0, [r1]            /* stores */
    strex   r2, r0, [r1]            /* does not */
    ldrexd  r2, r3, [r1]
    strexd  r0, r2, r3, [r1]
    ldrexb  r0, [r1]
    strexb  r2, r0, [r1]
    ldrexh  r1, [r1]                /* the base is loaded */
    clrex
    add     r1, r10, #0x90
    swp     r0, r0, [r1]
    swpb    r0, r0, [r1]
    vldr    d0, [r10, #0xa0]
    vldr    s2, [r10, #0xa8]
    vstr    d0, [r10, #0xb0]
    vstr    s2, [r10, #0xb8]
    vstmia  r1!, {d0-d2}            /* 0x90 */
    vldmdb  r1!, {s0-s3}            /* 0x98 */
    cmp     r10, #0
    ldreq   r0, [r10]               /* not executed */
    strne   r0, [r10, #0xc0]
    ldrt    r0, [r10], #0
    strbt   r0, [r10], #0
    setend  be
    ldr     r0, [r10, #0xd0]
    strh    r0, [r10, #0xd4]
    ldm     r10, {r0, r1}
    setend  le
    ldr     r0, literal
    ldr     r1, [r11, #0x18]        /* a device */
    strb    r0, [r11, #0x30]
    add     r1, r10, #2
    ldrex   r0, [r1]                /* faults: not aligned */
    ldm     r1, {r2, r3}            /* faults */
    pld     [r10]
    ldr     pc, next_literal
next:
    add     r1, pc, #1
    bx      r1
    .thumb
    ldr     r0, thumb_literal
    mov     r1, r10
    str     r0, [r1, #0x74]
    push    {r2, lr}
    pop     {r2, r3}
    ldrsh   r0, [r1, r2]            /* r2 = 0, see above */
    bl      call                    /* one of 4 bytes, two if each is a block of its own */
call:
    adr     r0, arm
    bx      r0
    .balign 8
vfp_literal:
    .word   1, 2
thumb_literal:
    .word   1
    .arm
arm:
    subs    r9, r9, #1
    bne     begin
end:
    cmp     r12, #0
    bne     done
    mov     r4, #1
    ldr     r0, =FLAGS
wait:
    ldr     r2, =cpus
    ldr     r2, [r2]
    cmp     r4, r2
    bhs     all
    ldr     r1, [r0, r4, lsl #2]
    cmp     r1, #1
    addeq   r4, r4, #1
    b       wait
all:
    mov     r0, #0x18               /* SYS_EXIT */
    ldr     r1, =0x20026
    svc     #0x123456
done:
    ldr     r0, =FLAGS
    mov     r1, #1
    str     r1, [r0, r12, lsl #2]
    mcr     p15, 0, r0, c7, c10, 5
1:  wfi
    b       1b

literal:
    .word   42
next_literal:
    .word   next
    .ltorg
