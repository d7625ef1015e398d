@ SPDX-License-Identifier: GPL-2.0-or-later
@
@ Entry of a test image, stacks, exception frames and calls into User mode. Every CPU has 64 KiB of stack:
@   +0x10000  SVC (32 KiB)    +0x8000  IRQ    +0x6000  ABT    +0x4000  UND    +0x2000  FIQ    +0x1000  User and System
@
@ An exception of any kind pushes a frame (struct exc, runtime.h) on its mode's stack and calls exc_dispatch(frame) in
@ that mode; what the handler leaves in the frame's `lr` and `spsr` is where it returns to. TPIDRPRW is scratch.

    .syntax unified
    .arch armv6k
    .arm

    .equ USR, 0x10
    .equ FIQ, 0x11
    .equ IRQ, 0x12
    .equ SVC, 0x13
    .equ ABT, 0x17
    .equ UND, 0x1b
    .equ SYS, 0x1f

    .equ GICC_BASE, 0x10100100
    .equ SYS_FLAGS, 0x10000030

    .equ FRAME, 72          @ type, spsr, cpsr, r0-r12, lr, one unused
    .equ F_SPSR, 4
    .equ F_CPSR, 8
    .equ F_R0, 12
    .equ F_LR, 64

    .section .text.start, "ax"
    .global _start, secondary_start
_start:
    @ Some emulators start every CPU here, others keep all but the first in a pen of their own until SYS_FLAGS is set.
    mrc     p15, 0, r0, c0, c0, 5
    ands    r0, r0, #3
    bne     pen
    bl      setup_cpu
    adr     r0, vectors
    mov     r1, #0
    ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    bl      rt_main
    b       .

pen:
    ldr     r0, =GICC_BASE
    mov     r1, #1
    str     r1, [r0]
    mov     r1, #0xf0
    str     r1, [r0, #4]
    ldr     r0, =SYS_FLAGS
1:  wfi
    ldr     r1, [r0]
    teq     r1, #0
    beq     1b
    bx      r1

secondary_start:
    bl      setup_cpu
    bl      rt_secondary
    b       .

@ Stacks of all modes, System Control Register with the ARMv6 way of unaligned accesses and of tables. Ends in SVC mode
@ with interrupts masked.
setup_cpu:
    cpsid   aif, #SVC
    setend  le
    mov     r10, lr
    mrc     p15, 0, r0, c1, c0, 0
    bic     r0, r0, #0x00002000         @ V: low vectors
    orr     r0, r0, #0x00c00000         @ U, XP
    bic     r0, r0, #0x00000007         @ MMU, alignment check, cache off
    mcr     p15, 0, r0, c1, c0, 0
    mrc     p15, 0, r0, c0, c0, 5
    and     r0, r0, #3
    ldr     r1, =stacks
    add     r1, r1, r0, lsl #16
    add     sp, r1, #0x10000
    cps     #IRQ
    add     sp, r1, #0x8000
    cps     #ABT
    add     sp, r1, #0x6000
    cps     #UND
    add     sp, r1, #0x4000
    cps     #FIQ
    add     sp, r1, #0x2000
    cps     #SYS
    add     sp, r1, #0x1000
    cps     #SVC
    bx      r10

@ Copied to address 0 or wherever vectors are wanted: position independent.
    .global vectors, vectors_end
vectors:
    .rept 8
    ldr     pc, [pc, #24]
    .endr
    .word   exc_reset, exc_undef, exc_svc, exc_pabt, exc_dabt, exc_unused, exc_irq, exc_fiq
vectors_end:

    .macro  vector name, type
\name:
    mcr     p15, 0, r0, c13, c0, 4
    mrs     r0, cpsr
    setend  le
    sub     sp, sp, #FRAME
    str     r0, [sp, #F_CPSR]
    mrc     p15, 0, r0, c13, c0, 4
    str     lr, [sp, #F_LR]
    add     lr, sp, #F_R0
    stmia   lr, {r0-r12}
    mov     r0, #\type
    b       exception
    .endm

    vector  exc_reset, 0
    vector  exc_undef, 1
    vector  exc_svc, 2
    vector  exc_pabt, 3
    vector  exc_dabt, 4
    vector  exc_unused, 5
    vector  exc_irq, 6
    vector  exc_fiq, 7

exception:
    str     r0, [sp]
    mrs     r0, spsr
    str     r0, [sp, #F_SPSR]
    mov     r0, sp
    bl      exc_dispatch
    ldr     r0, [sp, #F_SPSR]
    msr     spsr_fsxc, r0
    add     lr, sp, #F_R0
    ldmia   lr, {r0-r12}
    ldr     lr, [sp, #F_LR]
    add     sp, sp, #FRAME
    movs    pc, lr

@ uint32_t user_call(function, a, b, stack, uint32_t **saved_sp): run a function (bit 0: Thumb) in User mode.
    .global user_call, user_resume, user_exit
user_call:
    push    {r4-r11, lr}
    ldr     r4, [sp, #36]
    str     sp, [r4]
    cps     #SYS
    mov     sp, r3
    ldr     lr, =user_exit
    cps     #SVC
    mov     r5, #USR
    orr     r5, r5, #0x140              @ IRQ unmasked
    tst     r0, #1
    orrne   r5, r5, #0x20
    bic     lr, r0, #1
    msr     spsr_fsxc, r5
    mov     r0, r1
    mov     r1, r2
    movs    pc, lr
user_exit:
    svc     #0x99

@ void user_resume(result, sp): the other end, called by the handler of SVC 0x99 in SVC mode.
user_resume:
    mov     sp, r1
    pop     {r4-r11, pc}

@ void irq_window(void): unmask interrupts for two instructions.
    .global irq_window, irq_window_at
irq_window:
    cpsie   i
irq_window_at:
    nop
    nop
    cpsid   i
    bx      lr

@ uint32_t call_catching(function, argument, uint32_t *resume): call; *resume says where a handler may return to if the
@ call itself faults. Returns what the function returns, or 0xdead0000.
    .global call_catching
call_catching:
    push    {r4, lr}
    adr     r3, 1f
    str     r3, [r2]
    mov     r3, r0
    mov     r0, r1
    blx     r3
    pop     {r4, pc}
1:  ldr     r0, =0xdead0000
    pop     {r4, pc}
