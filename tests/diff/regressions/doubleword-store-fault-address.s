@ SPDX-License-Identifier: GPL-2.0-or-later
@ Both words of a doubleword at a multiple of 4 fault: DFAR is the address of the first. It used to be the second's.
@ ARM DDI 0100I B4.5, B4.6
@in r4=anchor(edge)+4
@out type=4 dfsr=0x817 dfar=anchor(edge)+4
    vstr    d0, [r4]
