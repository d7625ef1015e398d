@ SPDX-License-Identifier: GPL-2.0-or-later
@ Vector length 2, STRIDE = 1: FNEGD d5, d14 does d5 d6 = -d14 -d15. ARM DDI 0100I C5
@ The oracle advances the wrong register here.
@in fpscr=0x10000 d5=1 d6=2 d7=3 d12=0x4000000000000000 d13=0x4008000000000000
@in d14=0x3ff0000000000000 d15=0xbff0000000000000
@out d5=0xbff0000000000000 d6=0x3ff0000000000000 d7=3 d14=0x3ff0000000000000 d15=0xbff0000000000000
    vneg.f64 d5, d14
    nop
