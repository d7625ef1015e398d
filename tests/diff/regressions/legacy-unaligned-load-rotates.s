@ SPDX-License-Identifier: GPL-2.0-or-later
@ SCTLR.U = 0, A = 0: LDR takes the aligned word and rotates it, LDRH and STR ignore the low address bits.
@ ARM DDI 0100I A2.8. The oracle does unaligned accesses here.
@in sctlr=0x00800079 r1=anchor(rw)+1 r5=0xa5b6c7d8 [rw+0]=0x44332211 [rw+8]=0
@out r0=0x11443322 r2=0x33221144 r3=0x22114433 [rw+8]=0xa5b6c7d8
    ldr     r0, [r1]
    ldr     r3, [r1, #1]
    ldr     r2, [r1, #2]
    str     r5, [r1, #8]
