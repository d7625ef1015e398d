/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses in the guest's network that a program or a character device of the host answers (guestfwd= of network
 * "user"). I/O thread.
 */
#ifndef NET_GUESTFWD_H
#define NET_GUESTFWD_H
#include <libslirp.h>

typedef struct GuestForward GuestForward;

/*
 * Add "[tcp]:[ADDRESS]:PORT-cmd:COMMAND" or "...-DEVICE" to *list; DEVICE is what -serial takes, and mistakes in it end
 * the program. NULL: done; else a line that says what is wrong (free()).
 */
char *guestfwd_add(GuestForward **list, Slirp *slirp, const char *text);
/* Connections may have room for more of what their devices have. */
void guestfwd_offer(GuestForward *list);
/* The stack is gone: devices have nobody to talk to. */
void guestfwd_end(GuestForward *list);
#endif
