/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output to a file descriptor that may block for any time: a pipe whose reader does not read, a stopped terminal, a
 * file on a file system that does not answer. Each writer has a thread that waits; whoever prints does not. A CPU
 * that is too far ahead of the reader is held at its main loop (sysemu/cpu-hold.h). Thread-safe. Implemented in
 * util/writer.c.
 */
#ifndef QEMU_WRITER_H
#define QEMU_WRITER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct Writer Writer;

/*
 * For a descriptor that stays open, or is the writer's until writer_close(). `label` begins the warning when output
 * fails; NULL: no warning.
 */
Writer *writer_new(int fd, const char *label);
/* Nobody prints to it any more: when all is written, the descriptor is closed. */
void writer_close(Writer *w);
/* The one for standard output (1) or standard error (2), which share it if they are the same file. */
Writer *writer_standard(int fd);
/* Print all of buf, with nothing of another thread in between. Never waits. */
void writer_put(Writer *w, const void *buf, size_t len);
/*
 * Is so much waiting that a CPU would be held? Then room() is called when it is less, once, on the writer's thread and
 * with its lock held; it may post work and no more.
 */
bool writer_full(Writer *w, void (*room)(void *opaque), void *opaque);
/* A stream whose lines go there; it stays open. Its functions never wait either. */
FILE *writer_stream(Writer *w);
/* A stream that hands over whole lines; write() is under the stream's lock and takes all. */
FILE *writer_lines(void *cookie, ssize_t (*write)(void *cookie, const char *buf, size_t len));
/* Wait until all is written, of all writers if W is NULL; give_up(): whether to stop after so long without progress. */
void writer_flush(const Writer *w, bool (*give_up)(int stalled_ms));
/* The same for all as the program ends; exit() does not wait for them any more then. */
void writers_end(bool (*give_up)(int stalled_ms));
/* give_up() for those who cannot wait for ever: wait for a reader that is merely slow. */
bool writers_give_up_soon(int stalled_ms);
/* The same in a handler of a fatal signal. Async-signal-safe. */
void writers_flush_crash(void);
#endif
