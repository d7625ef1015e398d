@ SPDX-License-Identifier: GPL-2.0-or-later
@ Vector length 3: FCPYD d7, d14 does d7 d4 d5 = d14 d15 d12. ARM DDI 0100I C5
@in fpscr=0x20000 d4=1 d5=2 d6=3 d7=4 d12=12 d14=14 d15=15
@out d7=14 d4=15 d5=12 d6=3 d12=12 d14=14 d15=15
    vmov.f64 d7, d14
