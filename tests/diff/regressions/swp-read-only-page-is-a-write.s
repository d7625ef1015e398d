@ SPDX-License-Identifier: GPL-2.0-or-later
@ Only the store half of this SWP is refused (AP: user read-only, in user mode): permission fault, write.
@ ARM DDI 0100I B4.6
@in cpsr=0x1d0 r1=anchor(priv)-64 r2=5 [priv-64]=77
@out type=4 dfsr=0x81f dfar=anchor(priv)-64 r0=0 [priv-64]=77
    swp     r0, r2, [r1]
