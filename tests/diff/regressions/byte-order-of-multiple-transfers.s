@ SPDX-License-Identifier: GPL-2.0-or-later
@ CPSR.E = 1: each word of an LDM is swapped, not the order of the words; LDRD too. ARM DDI 0100I A2.7
@in r4=anchor(rw) [rw+0]=0x11223344 [rw+4]=0x55667788
@out r0=0x44332211 r1=0x88776655 r2=0x44332211 r3=0x88776655 [rw+8]=0x88776655
    setend  be
    ldmia   r4, {r0, r1}
    ldrd    r2, r3, [r4]
    setend  le
    str     r1, [r4, #8]
