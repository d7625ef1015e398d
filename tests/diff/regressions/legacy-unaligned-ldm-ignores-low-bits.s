@ SPDX-License-Identifier: GPL-2.0-or-later
@ SCTLR.U = 0, A = 0: LDM and STM ignore the two lowest address bits, the base moves from its full value; SWP rotates.
@ ARM DDI 0100I A4.1.20, A4.1.97, A4.1.108. The oracle faults.
@in sctlr=0x00800079 r1=anchor(rw)+1 r4=anchor(rw)+14 r6=anchor(rw)+19 r7=0x01020304
@in [rw+0]=0x44332211 [rw+4]=0x88776655 [rw+8]=0 [rw+12]=0 [rw+16]=0xddccbbaa
@out r1=anchor(rw)+9 r2=0x44332211 r3=0x88776655 r4=anchor(rw)+6 r5=0xccbbaadd
@out [rw+4]=0x44332211 [rw+8]=0x88776655 [rw+12]=0 [rw+16]=0x01020304
    ldmia   r1!, {r2, r3}
    stmdb   r4!, {r2, r3}
    swp     r5, r7, [r6]
