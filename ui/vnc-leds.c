/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the VNC server's clients are told of the lights on the guest's keyboard. */
#include <rfb/rfb.h>
#include "ui/vnc-internal.h"

void vnc_leds_tell(VncLeds *l, rfbClientRec *cl)
{
    const unsigned leds = input_leds();

    __atomic_store_n(&l->told, leds, __ATOMIC_RELAXED);
    vnc_extended_leds(cl, leds);
}

void vnc_leds_want(VncLeds *l, rfbClientRec *cl)
{
    __atomic_store_n(&l->wanted, true, __ATOMIC_RELAXED);
    vnc_leds_tell(l, cl);
}

bool vnc_leds_known(const VncLeds *l)
{
    return !__atomic_load_n(&l->wanted, __ATOMIC_RELAXED) ||
           __atomic_load_n(&l->told, __ATOMIC_RELAXED) == input_leds();
}

int vnc_leds_of_library(rfbScreenInfo *s)
{
    const unsigned leds = input_leds();

    return (leds & INPUT_LED_SCROLL ? 1 : 0) | (leds & INPUT_LED_NUM ? 2 : 0) | (leds & INPUT_LED_CAPS ? 4 : 0);
}
