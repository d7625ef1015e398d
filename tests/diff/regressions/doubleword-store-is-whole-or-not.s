@ SPDX-License-Identifier: GPL-2.0-or-later
@ The second word of the doubleword is on a page that is not mapped: DFAR says so, the first word keeps its value.
@ ARM DDI 0100I B4.5, B4.6
@in r4=anchor(edge)-4 d0=0x1122334455667788 [edge-4]=77
@out type=4 dfsr=0x817 dfar=anchor(edge) [edge-4]=77
    vstr    d0, [r4]
