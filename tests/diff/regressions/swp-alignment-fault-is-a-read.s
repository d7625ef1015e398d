@ SPDX-License-Identifier: GPL-2.0-or-later
@ The load of a SWP would fault as well, so DFSR bit 11 is clear. It used to be reported as a write.
@ ARM DDI 0100I B4.6
@in r1=anchor(rw)+2 r2=5
@out type=4 dfsr=1 dfar=anchor(rw)+2 r2=5 r3=0 r0=0
    swp     r0, r2, [r1]
