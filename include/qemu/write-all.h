/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are written when the program ends, by the one thread that is left (while others run: qemu/writer.h).
 * Implemented in util/write-all.c.
 */
#ifndef QEMU_WRITE_ALL_H
#define QEMU_WRITE_ALL_H
#include <stdbool.h>
#include <stddef.h>

/* Our own descriptor: if it is a pipe or the like, writing to it shall not block. */
void write_all_prepare(int fd);
/*
 * Write everything. While the reader of a pipe does not read, give_up() (NULL: never) is asked whether to stop after so
 * long without progress. False: errno tells, ETIMEDOUT if it was given up. Async-signal-safe if give_up() is.
 */
bool write_all(int fd, const void *buf, size_t len, bool (*give_up)(int stalled_ms));
#endif
