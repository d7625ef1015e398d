/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -daemonize. Main thread. */
#ifndef SOFTMMU_DAEMON_H
#define SOFTMMU_DAEMON_H
/* Go on in a child without a terminal; the parent waits for daemon_ready(). Before there is any other thread. */
void daemon_begin(void);
/*
 * The machine stands: let the parent end with code 0, and the standard descriptors go. Nothing without daemon_begin().
 */
void daemon_ready(void);
#endif
