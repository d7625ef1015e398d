@ SPDX-License-Identifier: GPL-2.0-or-later
@ An unaligned store whose second half is not mapped changes nothing. ARM DDI 0100I B4.5, B4.6
@in r1=0xffffffff r4=anchor(edge)-2 [edge-4]=0x12345678
@out type=4 dfsr=0x817 dfar=anchor(edge) [edge-4]=0x12345678
    str     r1, [r4]
