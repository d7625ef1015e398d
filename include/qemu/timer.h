/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time and timers. Virtual time is host monotonic time while the VM runs; it stops with the VM.
 * Timers fire without locks held: the callback takes its device's lock. Plain timers fire on the I/O thread (GLib main
 * loop). Line timers, whose callbacks do no more than change registers and interrupt lines, also fire on the thread of
 * a CPU that is shown the time: a guest never sees a time at which something is overdue. Implemented in util/timer.c.
 */
#ifndef QEMU_TIMER_H
#define QEMU_TIMER_H
#include <stdint.h>
#include <stdbool.h>
typedef struct QTimer QTimer;
typedef void (*QTimerCB)(void *opaque);
int64_t clock_virtual_ns(void);             /* nanoseconds since the VM first started; any thread, cheap */
/*
 * The same, to be shown to a guest, in a register or by a call: every line timer that is due has fired by now. CPU
 * threads and DMA, without the lock of a device. Sets clock_was_shown, which tells the accelerator that the register
 * read may be made again: an interrupt that is pending by now is taken first, so that the guest's count of periods and
 * what the counter shows agree. A register that shows time has no other effect when it is read.
 */
int64_t clock_shown_ns(void);
extern _Thread_local bool clock_was_shown;
/*
 * Virtual time may be kept by others than the host's clock (sysemu/icount.h): then timers fire when its keeper says so,
 * and it does not go on by itself, paused or not.
 */
typedef struct ClockKeeper {
    int64_t (*now)(void);                   /* any thread */
    void (*set)(int64_t ns);                /* as clock_virtual_set() */
    void (*deadline_moved)(void);           /* a timer is to fire before any other. Any thread, under any lock */
} ClockKeeper;
void clock_keep(const ClockKeeper *k);      /* before any timer */
/* When the first timer is to fire; INT64_MAX: there is none. By the keeper. */
int64_t timers_deadline(void);
/*
 * It is `now`: the line timers that are due fire on this thread. True: plain ones are due, and are to be fired by
 * timers_fire_plain() on the I/O thread. Those that are armed for the past meanwhile do not fire. By the keeper,
 * without a lock.
 */
bool timers_fire(int64_t now);
void timers_fire_plain(void);
void clock_virtual_pause(bool paused);      /* run-state code only */
/*
 * It is `ns` now, before or after what it was: a state is loaded. The clock stands still; the caller arms all timers
 * again.
 */
void clock_virtual_set(int64_t ns);
QTimer *timer_new(QTimerCB cb, void *opaque);
QTimer *timer_new_line(QTimerCB cb, void *opaque);
/* (Re)arm for an absolute virtual time; any thread; wakes the I/O thread if earlier. */
void timer_mod(QTimer *t, int64_t expire_ns);
/* I/O thread, plain timers: it is gone. */
void timer_free(QTimer *t);
void timer_del(QTimer *t);                  /* any thread; the callback may still be running when it returns */
#endif
