@ SPDX-License-Identifier: GPL-2.0-or-later
@ ARM DDI 0360, exclusive access
@in r1=anchor(rw) r6=0x1234 [rw+0]=7
@out r0=7 r2=1 r3=0 [rw+0]=0x1234
    ldrex   r0, [r1]
    clrex
    strex   r2, r6, [r1]
    ldrex   r4, [r1]
    strex   r3, r6, [r1]
