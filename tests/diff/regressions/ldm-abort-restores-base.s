@ SPDX-License-Identifier: GPL-2.0-or-later
@ The third word of the transfer is not mapped: base as before, LR = instruction + 8. ARM DDI 0100I A2.6
@in r4=anchor(edge)-8
@out type=4 r4=anchor(edge)-8 dfsr=0x17 dfar=anchor(edge) r14=0x100008 spsr=0x1d3
    ldmia   r4!, {r0-r3}
