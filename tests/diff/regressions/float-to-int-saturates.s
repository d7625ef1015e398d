@ SPDX-License-Identifier: GPL-2.0-or-later
@ Out of range and NaN: saturation, IOC, no IXC. ARM DDI 0100I C4 (FTOSID, FTOUID)
@in d0=0x41e0000000000000 d1=0x7ff8000000000000 d2=0xbff8000000000000
@out s8=0x7fffffff s9=0 s10=0 fpscr=1 s11=0x80000000
    vcvt.s32.f64 s8, d0
    vcvt.s32.f64 s9, d1
    vcvt.u32.f64 s10, d2
    vcvt.u32.f64 s11, d0
