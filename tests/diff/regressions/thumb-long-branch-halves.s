@ SPDX-License-Identifier: GPL-2.0-or-later
@ BL is two instructions; LR has bit 0 set. POP {pc} interworks. ARM DDI 0100I A7.1 (BL, POP)
@thumb
@in r13=anchor(rw)
@out r0=3 r1=5 r13=anchor(rw)
    movs    r0, #1
    bl      1f
    movs    r1, #5
    b       2f
1:  push    {lr}
    adds    r0, #2
    pop     {pc}
2:
