/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For test-plugins.py: functions of known lengths, ARM and Thumb, with two names, without a size, and code of none. */
        .arch   armv6k
        .text
        .arm
        .global start, doubled
        .type   start, %function
start:  mov     r4, #10
again:  bl      local
        blx     in_thumb
        bl      nameless
        bl      open_end
        subs    r4, r4, #1
        bne     again
        mov     r0, #0x18                       @ semihosting: the end
        ldr     r1, =0x20026
        svc     #0x123456
        .ltorg
        .size   start, . - start

        .type   local, %function                @ the global name of the same place is better
        .type   doubled, %function
local:
doubled:
        nop
        nop
        bx      lr
        .size   local, . - local
        .size   doubled, . - doubled

nameless:
        nop
        bx      lr

        .thumb
        .thumb_func
        .type   in_thumb, %function
in_thumb:
        nop
        nop
        nop
        bx      lr
        .size   in_thumb, . - in_thumb
        .balign 4
        .arm
        .type   open_end, %function
open_end:
        nop
        bx      lr
