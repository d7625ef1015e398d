@ SPDX-License-Identifier: GPL-2.0-or-later
@ Translation fault of the load half of a SWP: a read. ARM DDI 0100I B4.6
@in r1=anchor(edge) r2=5
@out type=4 dfsr=0x17 dfar=anchor(edge)
    swp     r0, r2, [r1]
