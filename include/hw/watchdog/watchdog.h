/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all watchdogs do when nobody has fed them. */
#ifndef HW_WATCHDOG_WATCHDOG_H
#define HW_WATCHDOG_WATCHDOG_H

/*
 * The watchdog that the user knows as `name` has expired: what -action watchdog= asks for happens soon. The user hears
 * of the first times only, for a guest can go on like that for ever: *told counts them, belongs to the watchdog and is
 * no state. Any thread; no lock is taken but that of *told, which is the caller's.
 */
void watchdog_expired(const char *name, unsigned *told);
#endif
