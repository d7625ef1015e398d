@ SPDX-License-Identifier: GPL-2.0-or-later
@ The largest double below the least normal single, rounded up to it: tiny before rounding, so UFC and IXC. The host's
@ SSE2 sees no underflow. ARM DDI 0100I C2
@in fpscr=0x00400000 d0=0x380fffffffffffff d1=0xb80fffffffffffff
@out s4=0x00800000 fpscr=0x00400018
    vcvt.f32.f64 s4, d0
