/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time and timers. Virtual time is host monotonic time while the VM runs; it stops with the VM.
 * Timers fire on the I/O thread (GLib main loop) without locks held: the callback takes its device's lock.
 * Implemented in util/timer.c.
 */
#ifndef QEMU_TIMER_H
#define QEMU_TIMER_H
#include <stdint.h>
#include <stdbool.h>
typedef struct QTimer QTimer;
typedef void (*QTimerCB)(void *opaque);
int64_t clock_virtual_ns(void);             /* nanoseconds since the VM first started; any thread, cheap */
void clock_virtual_pause(bool paused);      /* run-state code only */
QTimer *timer_new(QTimerCB cb, void *opaque);
void timer_mod(QTimer *t, int64_t expire_ns); /* (re)arm for an absolute virtual time; any thread; wakes the I/O thread if earlier */
void timer_del(QTimer *t);                  /* any thread; the callback may still be running when it returns */
#endif
