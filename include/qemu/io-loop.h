/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O thread's loop: the main thread, once the machine has been made. Three kinds of events, each of which is a
 * function that this thread calls with no lock held, one at a time:
 *
 *   posted work         io_post(), from any thread and from signal handlers
 *   file descriptors    g_unix_fd_add() and other sources of GLib's default main context, from the I/O thread alone
 *   timers              qemu/timer.h; host time that has nothing to do with the guest: g_timeout_add()
 *
 * Nothing that runs here may wait for a guest, a user or a reader; it may stop the CPUs (sysemu/cpus.h, exclusive
 * sections), which waits for none of these (docs/locking.md). Implemented in util/io-loop.c.
 */
#ifndef QEMU_IO_LOOP_H
#define QEMU_IO_LOOP_H
#include <stdbool.h>
#include <stdint.h>

/*
 * Something to do on the I/O thread. Belongs to who posts it and must not go away before fn() is called, which
 * may free it. Set fn and opaque, zero the rest.
 */
typedef struct IOWork {
    void (*fn)(void *opaque);
    void *opaque;
    bool outside;                       /* constant; it changes nothing that a guest can see: see io_is_quiet() */
    uint32_t posted;                    /* atomic */
    struct IOWork *next;                /* of the posted ones */
} IOWork;

/*
 * Have the I/O thread call the function soon. Works run in the order in which they were posted. If it is posted
 * already, one call does for both: whatever was written before io_post() is seen by a call that begins after it. Any
 * thread, async-signal-safe; before io_loop_init() the work waits.
 */
void io_post(IOWork *w);
/*
 * Is no work, but what is `outside`, posted or being done? Any thread. fn() is called on the I/O thread when that gets
 * true; set once, before there are threads that ask.
 */
bool io_is_quiet(void);
/* The same, the work aside that is being done. I/O thread. */
bool io_is_quiet_beside(void);
void io_on_quiet(void (*fn)(void));
/* Main thread, once. */
void io_loop_init(void);
/* Run until io_loop_quit(), which the I/O thread calls. */
void io_loop_run(void);
void io_loop_quit(void);
#endif
