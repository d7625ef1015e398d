/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests any thread may make; the I/O thread carries them out. Implemented in softmmu/runstate.c. */
#ifndef SYSEMU_RUNSTATE_H
#define SYSEMU_RUNSTATE_H
#include <stdbool.h>
void qemu_system_reset_request(void);               /* guest or user reset; with -no-reboot: exit 0 */
void qemu_system_shutdown_request(int exit_code);   /* guest power-off, semihosting exit, Ctrl-a x */
void qemu_system_quit_request(int exit_code);       /* the user wants out: also with -no-shutdown */
void vm_start(void);                                /* I/O thread */
void vm_stop(void);                                 /* I/O thread */
bool runstate_is_running(void);
#endif
