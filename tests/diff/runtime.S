@ SPDX-License-Identifier: GPL-2.0-or-later
@
@ Guest side of the differential tester (docs/testing-diff.md). For every state in the image it loads banked registers,
@ VFP registers and general registers, enters the sequence by an exception return, collects everything the sequence
@ changed into one record and appends it to a host file by semihosting. image.py has the layout, and passes it as
@ symbols:
@   OUT, VARS       pages that user mode may write; nothing else but the scratch windows is writable
@   STATES          count, then the states
@   WINDOW_TABLE    pairs (address, bytes) of the scratch windows, end: 0
@   TEMPLATE        what the windows hold when a sequence starts
@   RECORD_SIZE     bytes of a record
@   SCTLR_RUN       the runtime's own SCTLR
@ No stack is used. One CPU runs this; the others wait for ever.

    .syntax unified
    .arch armv6k
    .fpu vfpv2
    .arm

@ Record, in words (image.py: RECORD_FIELDS)
    .equ R_TYPE, 4
    .equ R_CPSR, 8
    .equ R_SPSR, 12
    .equ R_REGS, 16
    .equ R_DFSR, 76
    .equ R_BANKED, 88
    .equ R_FP, 176
    .equ R_WINDOWS, 312

@ State, in words (image.py: STATE_FIELDS)
    .equ S_CPSR, 4
    .equ S_SCTLR, 8
    .equ S_FPSCR, 12
    .equ S_FPEXC, 16
    .equ S_MMU, 20
    .equ S_USR, 24
    .equ S_FIQ, 32
    .equ S_IRQ, 64
    .equ S_SVC, 76
    .equ S_UND, 88
    .equ S_ABT, 100
    .equ S_REGS, 108
    .equ S_D, 160
    .equ S_SIZE, 288

@ Variables
    .equ V_HANDLE, 0
    .equ V_STATE, 4
    .equ V_LEFT, 8
    .equ V_EXITING, 12
    .equ V_INDEX, 16
    .equ V_MMU, 20
    .equ V_BLOCK, 32

    .equ USR, 0x10
    .equ FIQ, 0x11
    .equ IRQ, 0x12
    .equ SVC, 0x13
    .equ ABT, 0x17
    .equ UND, 0x1b
    .equ SYS, 0x1f

    .equ SEMIHOSTING, 0x123456
    .equ SYS_OPEN, 1
    .equ SYS_WRITE, 5
    .equ SYS_EXIT, 0x18

    .text
    .global _start, seq_exit
_start:
    b       start

@ Where every sequence branches to, in ARM state and any mode; image.py takes its address from the map of the linker.
seq_exit:
    mcr     p15, 0, r0, c13, c0, 2
    mov     r0, #OUT
    str     r1, [r0, #R_REGS + 4]
    mrs     r1, cpsr
    setend  le
    add     r0, r0, #R_REGS + 8
    stmia   r0, {r2-r14}
    mov     r0, #OUT
    str     r1, [r0, #R_CPSR]
    ldr     r2, [r0, #R_REGS + 4]       @ was stored in the sequence's byte order
    tst     r1, #0x200
    revne   r2, r2
    str     r2, [r0, #R_REGS + 4]
    mrc     p15, 0, r2, c13, c0, 2
    str     r2, [r0, #R_REGS]
    mov     r3, #0
    str     r3, [r0, #R_TYPE]
    str     r3, [r0, #R_SPSR]
    and     r2, r1, #0x1f
    cmp     r2, #USR
    beq     1f
    cmp     r2, #SYS
    mrsne   r3, spsr
    str     r3, [r0, #R_SPSR]
    cpsid   aif, #SVC
    b       collect
1:  mov     r0, #VARS
    mov     r1, #1
    str     r1, [r0, #V_EXITING]
    svc     #0

@ Exceptions. The type goes into r0; r0 and r1 wait in TPIDRPRW and TPIDRURO.
vec_undef:
    mcr     p15, 0, r0, c13, c0, 4
    mov     r0, #1
    b       exception
vec_svc:
    mcr     p15, 0, r0, c13, c0, 4
    mov     r0, #VARS
    ldr     r0, [r0, #V_EXITING]
    teq     r0, #0
    bne     collect
    mov     r0, #2
    b       exception
vec_pabt:
    mcr     p15, 0, r0, c13, c0, 4
    mov     r0, #3
    b       exception
vec_dabt:
    mcr     p15, 0, r0, c13, c0, 4
    mov     r0, #4
    b       exception
vec_other:
    mcr     p15, 0, r0, c13, c0, 4
    mov     r0, #5
exception:
    mcr     p15, 0, r1, c13, c0, 3
    mov     r1, #OUT
    str     r0, [r1, #R_TYPE]
    mrs     r0, cpsr
    bic     r0, r0, #0xf0000000         @ TEQ above changed the flags; SPSR has them
    str     r0, [r1, #R_CPSR]
    mrs     r0, spsr
    str     r0, [r1, #R_SPSR]
    add     r1, r1, #R_REGS + 8
    stmia   r1, {r2-r14}
    mov     r1, #OUT
    mrc     p15, 0, r0, c13, c0, 4
    str     r0, [r1, #R_REGS]
    mrc     p15, 0, r0, c13, c0, 3
    str     r0, [r1, #R_REGS + 4]
    cpsid   aif, #SVC

@ The rest of the record, from SVC mode.
collect:
    ldr     r1, =SCTLR_RUN
    mcr     p15, 0, r1, c1, c0, 0
    mov     r0, #VARS
    mov     r1, #0
    str     r1, [r0, #V_EXITING]
    ldr     r2, [r0, #V_INDEX]
    mov     r0, #OUT
    str     r2, [r0]
    mrc     p15, 0, r2, c5, c0, 0
    mrc     p15, 0, r3, c6, c0, 0
    mrc     p15, 0, r4, c5, c0, 1
    add     r1, r0, #R_DFSR
    stmia   r1, {r2-r4}
    add     r1, r0, #R_BANKED
    cps     #SYS
    str     r13, [r1], #4
    str     r14, [r1], #4
    cps     #FIQ
    stmia   r1!, {r8-r14}
    mrs     r2, spsr
    str     r2, [r1], #4
    cps     #IRQ
    str     r13, [r1], #4
    str     r14, [r1], #4
    mrs     r2, spsr
    str     r2, [r1], #4
    cps     #SVC
    str     r13, [r1], #4
    str     r14, [r1], #4
    mrs     r2, spsr
    str     r2, [r1], #4
    cps     #UND
    str     r13, [r1], #4
    str     r14, [r1], #4
    mrs     r2, spsr
    str     r2, [r1], #4
    cps     #ABT
    str     r13, [r1], #4
    str     r14, [r1], #4
    mrs     r2, spsr
    str     r2, [r1], #4
    cps     #SVC
    add     r1, r0, #R_FP
    vmrs    r2, fpexc
    str     r2, [r1], #4
    mov     r2, #0x40000000
    vmsr    fpexc, r2
    vmrs    r2, fpscr
    str     r2, [r1], #4
    vstmia  r1!, {d0-d15}

@ Tables, domains and ASID back to what they were, if the state says that the sequence changes them.
    mov     r0, #VARS
    ldr     r1, [r0, #V_MMU]
    teq     r1, #0
    beq     5f
    ldr     r0, =MASTERS
    ldr     r1, =L2_X
    ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    ldr     r1, =L2_Y
    ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    mov     r1, #0
    mcr     p15, 0, r1, c7, c10, 4
    mcr     p15, 0, r1, c13, c0, 1
    ldr     r2, =TTB
    mcr     p15, 0, r2, c2, c0, 0
    mov     r2, #5
    mcr     p15, 0, r2, c3, c0, 0
    mcr     p15, 0, r1, c7, c5, 0
    mcr     p15, 0, r1, c8, c7, 0
    mcr     p15, 0, r1, c7, c10, 4
    mcr     p15, 0, r1, c7, c5, 4
5:  mov     r0, #OUT

@ Windows: copy each into the record and put the template back.
    add     r1, r0, #R_WINDOWS & 0xff
    add     r1, r1, #R_WINDOWS & 0xff00
    ldr     r0, =WINDOW_TABLE
    ldr     r12, =TEMPLATE
2:  ldmia   r0!, {r2, r3}
    teq     r2, #0
    beq     4f
3:  ldmia   r2, {r4-r11}
    stmia   r1!, {r4-r11}
    ldmia   r12!, {r4-r11}
    stmia   r2!, {r4-r11}
    subs    r3, r3, #32
    bne     3b
    b       2b

4:  mov     r2, #VARS
    ldr     r3, [r2, #V_HANDLE]
    mov     r4, #OUT
    ldr     r5, =RECORD_SIZE
    add     r1, r2, #V_BLOCK
    stmia   r1, {r3-r5}
    mov     r0, #SYS_WRITE
    svc     #SEMIHOSTING

next:
    mov     r2, #VARS
    ldr     r3, [r2, #V_INDEX]
    add     r3, r3, #1
    str     r3, [r2, #V_INDEX]
    ldr     r0, [r2, #V_STATE]
    ldr     r3, [r2, #V_LEFT]
    subs    r3, r3, #1
    str     r3, [r2, #V_LEFT]
    bmi     finish
    ldr     r4, =S_SIZE
    add     r4, r0, r4
    str     r4, [r2, #V_STATE]

@ Load state r0.
    ldr     r1, [r0, #S_MMU]
    str     r1, [r2, #V_MMU]
    mov     r1, #0
    mcr     p15, 0, r1, c5, c0, 0
    mcr     p15, 0, r1, c6, c0, 0
    mcr     p15, 0, r1, c5, c0, 1
    mcr     p15, 0, r1, c13, c0, 2
    mcr     p15, 0, r1, c13, c0, 3
    mcr     p15, 0, r1, c13, c0, 4
    clrex
    add     r1, r0, #S_D
    vldmia  r1, {d0-d15}
    ldr     r2, [r0, #S_FPSCR]
    vmsr    fpscr, r2
    ldr     r2, [r0, #S_FPEXC]
    vmsr    fpexc, r2
    ldr     r2, [r0, #S_SCTLR]
    mcr     p15, 0, r2, c1, c0, 0
    cps     #SYS
    add     r1, r0, #S_USR
    ldmia   r1, {r13, r14}
    cps     #FIQ
    add     r1, r0, #S_FIQ
    ldmia   r1!, {r8-r14}
    ldr     r2, [r1]
    msr     spsr_fsxc, r2
    cps     #IRQ
    add     r1, r0, #S_IRQ
    ldmia   r1, {r13, r14}
    ldr     r2, [r1, #8]
    msr     spsr_fsxc, r2
    cps     #SVC
    add     r1, r0, #S_SVC
    ldmia   r1, {r13, r14}
    ldr     r2, [r1, #8]
    msr     spsr_fsxc, r2
    cps     #UND
    add     r1, r0, #S_UND
    ldmia   r1, {r13, r14}
    ldr     r2, [r1, #8]
    msr     spsr_fsxc, r2
    cps     #ABT
    ldr     r13, [r0, #S_ABT]
    mov     r14, r0
    ldr     r0, [r14, #S_CPSR]
    msr     spsr_fsxc, r0
    add     r14, r14, #S_REGS
    ldmia   r14, {r0-r12}
    ldr     r14, [r14, #-S_REGS]
    movs    pc, r14

finish:
    mov     r0, #SYS_EXIT
    ldr     r1, =0x20026
    svc     #SEMIHOSTING
    b       .

@ From reset: MMU off, SVC mode, interrupts masked.
start:
    mrc     p15, 0, r0, c0, c0, 5
    ands    r0, r0, #3
    bne     .
    cpsid   aif, #SVC
    ldr     r0, =TTB
    mcr     p15, 0, r0, c2, c0, 0
    mov     r0, #0
    mcr     p15, 0, r0, c2, c0, 2
    mcr     p15, 0, r0, c8, c7, 0
    mov     r0, #5
    mcr     p15, 0, r0, c3, c0, 0
    mrc     p15, 0, r0, c1, c0, 2
    orr     r0, r0, #0x00f00000
    mcr     p15, 0, r0, c1, c0, 2
    ldr     r0, =SCTLR_RUN
    mcr     p15, 0, r0, c1, c0, 0
    mov     r0, #0
    mcr     p15, 0, r0, c7, c5, 4
    mov     r0, #0x40000000
    vmsr    fpexc, r0
    mov     r2, #VARS
    adr     r3, filename
    mov     r4, #5                      @ "wb"
    mov     r5, #8
    add     r1, r2, #V_BLOCK
    stmia   r1, {r3-r5}
    mov     r0, #SYS_OPEN
    svc     #SEMIHOSTING
    mov     r2, #VARS
    str     r0, [r2, #V_HANDLE]
    ldr     r0, =STATES
    ldr     r1, [r0], #4
    str     r0, [r2, #V_STATE]
    str     r1, [r2, #V_LEFT]
    mvn     r1, #0
    str     r1, [r2, #V_INDEX]
    mov     r1, #0
    str     r1, [r2, #V_EXITING]
    b       next
filename:
    .asciz  "diff.out"
    .balign 4
    .ltorg

    .section .vectors, "ax"
    ldr     pc, 1f
    ldr     pc, 1f + 4
    ldr     pc, 1f + 8
    ldr     pc, 1f + 12
    ldr     pc, 1f + 16
    ldr     pc, 1f + 20
    ldr     pc, 1f + 20
    ldr     pc, 1f + 20
1:  .word   vec_other, vec_undef, vec_svc, vec_pabt, vec_dabt, vec_other
