@ SPDX-License-Identifier: GPL-2.0-or-later
@ LDREXD tags a doubleword; STREXH to it is not its partner: status 1, nothing stored, tag gone. ARM DDI 0360,
@ exclusive access
@in r1=anchor(rw) r6=0x1234 [rw+0]=0x11111111 [rw+4]=0x22222222
@out r2=1 r3=1 r10=0x11111111 r11=0x22222222 [rw+0]=0x11111111 [rw+4]=0x22222222
    ldrexd  r10, r11, [r1]
    strexh  r2, r6, [r1]
    strexd  r3, r6, r7, [r1]
