/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VNC clients that press the machine's buttons (-vnc power-control=on): the xvp messages, by which they ask for a
 * shutdown, a reboot or a reset. The board knows no reboot but the guest's own, so that is answered by "failed".
 */
#include <rfb/rfb.h>
#include "qemu/io-loop.h"
#include "sysemu/runstate.h"
#include "ui/vnc-internal.h"

/* I/O thread. */
static void press_power(void *opaque)
{
    vm_powerdown();
}

/* A client's own thread. False: the library tells the client that it failed. */
static rfbBool client_wants(rfbClientRec *cl, uint8_t version, uint8_t code)
{
    static IOWork power = { .fn = press_power };

    switch (code) {
    case rfbXvp_Shutdown:
        io_post(&power);
        return TRUE;
    case rfbXvp_Reset:
        qemu_system_user_reset_request();
        return TRUE;
    default:
        return FALSE;
    }
}

void vnc_power_init(rfbScreenInfo *s, bool may)
{
    s->xvpHook = may ? client_wants : NULL;
}
