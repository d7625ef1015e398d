/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character back ends (stdio, mux, file, null, pty, tcp, unix) and their front ends (a UART, the monitor, semihosting).
 * Back ends run on the I/O thread. Implemented in chardev/.
 */
#ifndef CHARDEV_CHAR_H
#define CHARDEV_CHAR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef struct Chardev Chardev;
typedef struct CharFrontend {
    /*
     * Called on the I/O thread. receive: how many of the bytes were taken; the others are offered again, with what came
     * since, after chardev_accept_input(). event: CHR_EVENT_BREAK may be refused in the same way (false); may be NULL.
     */
    int (*receive)(void *opaque, const uint8_t *buf, int len);
    bool (*event)(void *opaque, int event);
    void *opaque;
    bool guest;                         /* what comes is the guest's: see qemu/replay.h */
    /* There is room for output again after chardev_full() said that there is none. May be NULL. */
    void (*writable)(void *opaque);
} CharFrontend;
enum { CHR_EVENT_OPENED, CHR_EVENT_CLOSED, CHR_EVENT_BREAK, CHR_EVENT_MUX_IN, CHR_EVENT_MUX_OUT };
/*
 * Create from QEMU's -serial syntax ("stdio", "mon:stdio", "file:x", "null", "pty", "tcp:...", "unix:..."), or find the
 * one with that label ("chardev:LABEL"); error_exit() on mistakes.
 */
Chardev *chardev_new(const char *label, const char *spec);
/* What -chardev says of a device. */
typedef struct ChardevOptions {
    const char *id, *device;            /* device: chardev_new() syntax; NULL: a vhost-user device has it */
    const char *log;                    /* file for a copy of its output; NULL: none */
    bool log_append;
} ChardevOptions;
/*
 * While the machine runs: make one, remove one that nobody uses, exchange what is behind one. Each: why it did not
 * work, and nothing has changed (g_free()); NULL: it did. I/O thread.
 */
char *chardev_add(const ChardevOptions *options);
char *chardev_remove(const char *id);
char *chardev_change(const ChardevOptions *options);
/* Attach a front end (a mux takes several; the first gets focus). */
void chardev_attach(Chardev *chr, const CharFrontend *fe);
/*
 * Write from any thread, all of buf at once with nothing of another writer in between. Never waits, and loses nothing
 * while the device is connected: a CPU that fills the queue (64 KiB) is held at its main loop.
 */
void chardev_write(Chardev *chr, const uint8_t *buf, int len);
/* Would a CPU be held for what waits already? Then writable() follows. For who cannot be held. Any thread. */
bool chardev_full(Chardev *chr);
/* The device on standard output; NULL: none is. Any thread, once all devices exist. */
Chardev *chardev_of_stdout(void);
/* The front end can receive again: deliver what waits. Any thread; delivery happens on the I/O thread. */
void chardev_accept_input(Chardev *chr);
/* Write all output into a file as well, from its beginning or at its end; error_exit() on mistakes. Before any use. */
void chardev_set_log(Chardev *chr, const char *path, bool append);
/*
 * A ring buffer keeps the last of the output. The one with that label, NULL: there is none (I/O thread); take up to
 * `max` bytes of it, the oldest first, and return how many there were (any thread).
 */
Chardev *chardev_ringbuf(const char *label);
size_t chardev_ringbuf_read(Chardev *chr, uint8_t *to, size_t max);
const Chardev *chardev_next(const Chardev *chr);       /* the first one for NULL; NULL at the end. I/O thread */
const char *chardev_label(const Chardev *chr);
bool chardev_is_used(const Chardev *chr);              /* it has a front end. I/O thread */
const char *chardev_spec(const Chardev *chr);
/* As if its line were held: who uses it sees a break, behind the input that waits. I/O thread. */
void chardev_send_break(Chardev *chr);
/* The device of that label; NULL: there is none. I/O thread. */
Chardev *chardev_find(const char *label);
/*
 * A server gets a client that has connected elsewhere, whose descriptor is its from then on. False: it has one, or is
 * no server. I/O thread.
 */
bool chardev_add_client(Chardev *chr, int fd);
/*
 * A socket, whose connection chardev_yank() ends at once, whatever waits in it: as if the peer had gone. I/O thread.
 */
bool chardev_is_socket(const Chardev *chr);
void chardev_yank(Chardev *chr);
/* The descriptor that came with the input last, if it was not taken yet: the caller's to close, or -1. I/O thread. */
int chardev_take_fd(Chardev *chr);
/* Was it made with "mon:"? Then the monitor may be attached as well. */
/* The key that begins an order to a multiplexer, instead of Ctrl-a; before the main loop. */
void chardev_set_escape(uint8_t key);
bool chardev_is_mux(const Chardev *chr);
/* At exit, CPUs stopped: write out every queue; give_up() says whether to stop after so long without progress. */
void chardev_flush_all(bool (*give_up)(int stalled_ms));
/* At exit: put terminals back. */
void chardev_cleanup(void);
/* The main loop begins: terminals that are character devices become raw. I/O thread. */
void chardev_terminal_start(void);
/* Put the terminal back as it was; async-signal-safe. */
void chardev_terminal_restore(void);
/* I/O thread, after SIGCONT: the shell may have changed the terminal meanwhile. */
void chardev_terminal_continued(void);
#endif
