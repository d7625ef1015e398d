@ SPDX-License-Identifier: GPL-2.0-or-later
@ SPSR of the abort shows the flags of the CMP although nothing in the block reads them. ARM DDI 0100I A2.6
@in r1=1 r2=2 r4=anchor(edge)
@out type=4 spsr=0x800001d3 r14_abt=0x10000c
    cmp     r1, r2
    ldr     r0, [r4]
    cmp     r2, r1
