@ SPDX-License-Identifier: GPL-2.0-or-later
@
@ Guest side of the differential tester (docs/testing-diff.md). For every state in the image it loads banked registers,
@ VFP registers and general registers, enters the sequence by an exception return, collects everything the sequence
@ changed into one record and appends it to a host file by semihosting. image.py has the layout, and passes it as
@ symbols:
@   OUT, VARS       pages that user mode may write; nothing else but the scratch windows is writable
@   CONFIG          words: number of CPUs that run the states, interrupts on, CPU 1 sends them, first state of each CPU
@   STEP            distance of the CPUs' own physical memories: the same addresses are other memory for each
@   SHARED          memory that all CPUs see: the number of those that have ended
@   ALIAS           what is added to the address of code to write there
@   STATES          count, then the states
@   WINDOW_TABLE    pairs (address, bytes) of the scratch windows, end: 0
@   TEMPLATE        what the windows hold when a sequence starts
@   RECORD_SIZE     bytes of a record
@   SCTLR_RUN       the runtime's own SCTLR
@   TTB, TTB_OLD    first-level tables of CPU 0; the second in the format of SCTLR.XP = 0
@   L2_*            second-level tables that sequences change, MASTERS: their first contents, in the order of `tables`
@ No stack is used.

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
    .equ S_HOLE, 24
    .equ S_USR, 28
    .equ S_FIQ, 36
    .equ S_IRQ, 68
    .equ S_SVC, 80
    .equ S_UND, 92
    .equ S_ABT, 104
    .equ S_REGS, 112
    .equ S_D, 164
    .equ S_SIZE, 292

@ Variables
    .equ V_HANDLE, 0
    .equ V_STATE, 4
    .equ V_LEFT, 8
    .equ V_EXITING, 12
    .equ V_INDEX, 16
    .equ V_MMU, 20
    .equ V_BLOCK, 32
    .equ V_IRQS, 48                     @ interrupts handled
    .equ V_BAD, 52                      @ calls of freshly written code that went wrong
    .equ V_CPU, 56
    .equ V_TTB, 60

@ What sequences of the MMU kinds change
    .equ MMU_NEW, 1
    .equ MMU_OLD, 2

    .equ SYSCTL, 0x10000000
    .equ SCU, 0x10100000
    .equ GICC, 0x10100100
    .equ GICD, 0x10101000

    .equ USR, 0x10
    .equ FIQ, 0x11
    .equ IRQ, 0x12
    .equ SVC, 0x13
    .equ ABT, 0x17
    .equ UND, 0x1b
    .equ SYS, 0x1f

    .equ SEMIHOSTING, 0x123456
    .equ SYS_OPEN, 1
    .equ SYS_CLOSE, 2
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
    b       collect

@ An interrupt, in the kinds that allow them: r13 is constant there and points to memory of ours. Whatever it finds it
@ leaves, after having used it: registers, flags, VFP registers, rounding mode; now and then it drops TLB and caches.
vec_irq:
    sub     r14, r14, #4
    stmia   r13, {r0-r3}
    add     r0, r13, #16
    vmrs    r2, fpexc
    orr     r3, r2, #0x40000000
    vmsr    fpexc, r3
    vmrs    r3, fpscr
    vstmia  r0, {d0-d3}
    mov     r1, #0x00c00000             @ round towards zero
    vmsr    fpscr, r1
    vmov    d0, r1, r14
    vsub.f64 d1, d0, d2
    vmul.f32 s6, s4, s5
    vcmp.f64 d1, d0
    vldmia  r0, {d0-d3}
    vmsr    fpscr, r3
    vmsr    fpexc, r2
    ldr     r0, =GICC
    ldr     r1, [r0, #0x0c]             @ acknowledge
    lsl     r2, r1, #22
    cmp     r2, #0xff000000
    strlo   r1, [r0, #0x10]             @ end
    mov     r0, #VARS
    ldr     r1, [r0, #V_IRQS]
    adds    r1, r1, #1
    str     r1, [r0, #V_IRQS]
    tst     r1, #15
    mcreq   p15, 0, r1, c8, c7, 0
    mcreq   p15, 0, r1, c7, c5, 0
    ldmia   r13, {r0-r3}
    movs    pc, r14

@ The rest of the record, from SVC mode.
collect:
    mov     r0, #VARS
    ldr     r1, [r0, #V_MMU]
    ldr     r2, [r0, #V_TTB]
    teq     r1, #MMU_OLD
    mcreq   p15, 0, r2, c2, c0, 0
    ldr     r1, =SCTLR_RUN
    mcr     p15, 0, r1, c1, c0, 0
    mcreq   p15, 0, r1, c8, c7, 0
    mcr     p15, 0, r1, c7, c5, 4
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
    adr     r10, tables
6:  ldmia   r10!, {r1, r11}             @ table, bytes that change
    teq     r1, #0
    beq     8f
7:  ldmia   r0!, {r2-r9}
    stmia   r1!, {r2-r9}
    subs    r11, r11, #32
    bne     7b
    b       6b
tables:
    .word   L2_X, 64, L2_Y, 64, L2_OLD_X, 128, L2_OLD_Y, 128, 0, 0
8:  mov     r1, #0
    mcr     p15, 0, r1, c7, c10, 4
    mcr     p15, 0, r1, c13, c0, 1
    mov     r2, #VARS
    ldr     r2, [r2, #V_TTB]
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

@ The next state; a CPU that did not begin with the first one comes to that after the last.
next:
    mov     r2, #VARS
    ldr     r3, [r2, #V_LEFT]
    subs    r3, r3, #1
    str     r3, [r2, #V_LEFT]
    bmi     finish
    ldr     r3, [r2, #V_INDEX]
    add     r3, r3, #1
    ldr     r0, [r2, #V_STATE]
    ldr     r4, =S_SIZE
    add     r0, r0, r4
    ldr     r4, =STATES
    ldr     r5, [r4], #4
    cmp     r3, r5
    moveq   r0, r4
    moveq   r3, #0
    str     r3, [r2, #V_INDEX]
    str     r0, [r2, #V_STATE]

@ Beside the sequence each CPU has room for two instructions: write them, call them.
    ldr     r3, [r0, #S_HOLE]
    teq     r3, #0
    beq     1f
    ldr     r4, [r2, #V_CPU]
    add     r3, r3, r4, lsl #3
    add     r5, r3, #ALIAS
    ldr     r6, [r2, #V_INDEX]
    and     r6, r6, #0xff
    orr     r7, r6, #0xe3000000         @ mov r0, #...
    orr     r7, r7, #0x00a00000
    str     r7, [r5]
    ldr     r7, =0xe12fff1e             @ bx lr
    str     r7, [r5, #4]
    mov     r8, r0
    mcr     p15, 0, r0, c7, c10, 4
    mcr     p15, 0, r0, c7, c5, 0
    mcr     p15, 0, r0, c7, c5, 4
    blx     r3
    cmp     r0, r6
    mov     r0, r8
    ldrne   r4, [r2, #V_BAD]
    addne   r4, r4, #1
    strne   r4, [r2, #V_BAD]
1:
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
    ldr     r1, [r0, #S_MMU]
    ldr     r2, =TTB_OLD
    teq     r1, #MMU_OLD
    mcreq   p15, 0, r2, c2, c0, 0
    ldr     r2, [r0, #S_SCTLR]
    mcr     p15, 0, r2, c1, c0, 0
    mcreq   p15, 0, r2, c8, c7, 0
    mcreq   p15, 0, r2, c7, c5, 4
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

@ All states have run: how often what happened, and the end when all CPUs are there.
finish:
    mov     r2, #VARS
    ldr     r3, [r2, #V_HANDLE]
    add     r4, r2, #V_IRQS
    mov     r5, #8
    add     r1, r2, #V_BLOCK
    stmia   r1, {r3-r5}
    mov     r0, #SYS_WRITE
    svc     #SEMIHOSTING
    mov     r0, #SYS_CLOSE
    add     r1, r2, #V_BLOCK
    svc     #SEMIHOSTING
    mov     r0, #SHARED
1:  ldrex   r1, [r0]
    add     r1, r1, #1
    strex   r3, r1, [r0]
    teq     r3, #0
    bne     1b
    mov     r2, #VARS
    ldr     r3, [r2, #V_CPU]
    teq     r3, #0
    bne     .
    ldr     r2, =CONFIG
    ldr     r2, [r2]
2:  ldr     r1, [r0]
    cmp     r1, r2
    bne     2b
    mov     r0, #SYS_EXIT
    ldr     r1, =0x20026
    svc     #SEMIHOSTING
    b       .

@ CPU 1 as a source of interrupts that come at any time: software interrupts 1-7 to CPU 0, at random distances.
disturb:
    ldr     r0, =GICD + 0xf00
    ldr     r1, =0x9e3779b9
1:  eor     r1, r1, r1, lsl #13
    eor     r1, r1, r1, lsr #17
    eor     r1, r1, r1, lsl #5
    lsr     r2, r1, #20                 @ 0-4095
2:  subs    r2, r2, #1
    bpl     2b
    ands    r2, r1, #7
    addeq   r2, r2, #1
    orr     r2, r2, #0x00010000
    str     r2, [r0]
    b       1b

@ From reset, all CPUs: MMU off, SVC mode, interrupts masked. Those but the first wait until they are wanted.
start:
    cpsid   aif, #SVC
    mrc     p15, 0, r0, c0, c0, 5
    ands    r11, r0, #3
    beq     3f
    ldr     r0, =SYSCTL
2:  yield
    ldr     r1, [r0, #0x30]
    teq     r1, #0
    beq     2b
    bx      r1
3:  ldr     r10, =CONFIG
    ldmia   r10, {r0-r2}
    orrs    r1, r1, r2
    cmpeq   r0, #1
    beq     1f
    mov     r3, #1
    ldr     r0, =GICD
    str     r3, [r0]
    ldr     r0, =SYSCTL
    mvn     r1, #0
    str     r1, [r0, #0x34]             @ flags: clear, set
    ldr     r1, =secondary
    str     r1, [r0, #0x30]
    b       1f
secondary:
    cpsid   aif, #SVC
    mrc     p15, 0, r0, c0, c0, 5
    and     r11, r0, #3
    ldr     r10, =CONFIG
    ldr     r1, [r10, #8]
    teq     r1, #0
    bne     disturb
1:  ldr     r1, [r10, #4]
    ldr     r0, =GICC
    str     r1, [r0]                    @ this CPU takes interrupts or does not
    mov     r1, #0xf0
    str     r1, [r0, #4]
    ldr     r9, =STEP
    ldr     r0, =TTB
    mla     r9, r9, r11, r0
    mcr     p15, 0, r9, c2, c0, 0
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
    mov     r0, #0
    str     r0, [r2, #V_IRQS]
    str     r0, [r2, #V_BAD]
    str     r0, [r2, #V_EXITING]
    str     r11, [r2, #V_CPU]
    str     r9, [r2, #V_TTB]
    adr     r3, filename
    add     r3, r3, r11, lsl #4
    mov     r4, #5                      @ "wb"
    mov     r5, #9
    add     r1, r2, #V_BLOCK
    stmia   r1, {r3-r5}
    mov     r0, #SYS_OPEN
    svc     #SEMIHOSTING
    mov     r2, #VARS
    str     r0, [r2, #V_HANDLE]
    add     r10, r10, #12
    ldr     r3, [r10, r11, lsl #2]      @ the first state, less one: next() adds one
    sub     r3, r3, #1
    str     r3, [r2, #V_INDEX]
    ldr     r0, =STATES
    ldr     r1, [r0], #4
    str     r1, [r2, #V_LEFT]
    ldr     r4, =S_SIZE
    mla     r0, r4, r3, r0
    str     r0, [r2, #V_STATE]
    b       next
    .balign 16
filename:
    .asciz  "diff0.out"
    .balign 16
    .asciz  "diff1.out"
    .balign 16
    .asciz  "diff2.out"
    .balign 16
    .asciz  "diff3.out"
    .balign 16
    .ltorg

    .section .vectors, "ax"
    ldr     pc, 1f
    ldr     pc, 1f + 4
    ldr     pc, 1f + 8
    ldr     pc, 1f + 12
    ldr     pc, 1f + 16
    ldr     pc, 1f
    ldr     pc, 1f + 20
    ldr     pc, 1f
1:  .word   vec_other, vec_undef, vec_svc, vec_pabt, vec_dabt, vec_irq
