/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What options of the command line say, carried out while the machine runs: the monitors' orders. Arguments are those
 * of the options, as text or as a JSON object. Each returns why it did not work, and nothing has changed (g_free());
 * NULL: it did. I/O thread. Implemented in softmmu/options-live.c.
 */
#ifndef SYSEMU_LIVE_OPTIONS_H
#define SYSEMU_LIVE_OPTIONS_H

/* -chardev; changing: the device of that id becomes what the argument, which has no id, says. */
char *live_chardev_add(const char *arg);
char *live_chardev_change(const char *id, const char *arg);
#endif
