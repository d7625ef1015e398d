@ SPDX-License-Identifier: GPL-2.0-or-later
@ Only the low byte of the amount counts: 32 gives the last bit as carry, more than 32 clears it, 0 leaves it alone.
@ ARM DDI 0100I A5.1
@in cpsr=0x200001d3 r1=1 r2=32 r3=33 r4=256 r5=0x80000000
@out r0=0 r6=0x20000000 r7=0 r8=0 r9=1 r10=0x20000000 r11=0xffffffff
    lsls    r0, r1, r2
    mrs     r6, cpsr
    and     r6, r6, #0x20000000
    lsls    r7, r1, r3
    mrs     r8, cpsr
    and     r8, r8, #0x20000000
    asrs    r11, r5, r3
    movs    r9, r1, lsl r4
    mrs     r10, cpsr
    and     r10, r10, #0x20000000
