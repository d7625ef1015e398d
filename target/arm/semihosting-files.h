/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host files that a guest has open through semihosting. Thread-safe: one lock inside, never held while waiting.
 * Private to target/arm/semihosting*.c.
 *
 * Functions that return int64_t give a negative host errno on failure, SEMI_AGAIN if the call has to be made again
 * because nothing can be read yet (they have waited a little by then).
 */
#ifndef TARGET_ARM_SEMIHOSTING_FILES_H
#define TARGET_ARM_SEMIHOSTING_FILES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEMI_AGAIN INT64_MIN
enum { SEMI_OPEN_MODES = 12 };      /* SYS_OPEN: "r", "rb", "r+", "r+b", "w", ..., "a+b" */

/* A handle from 1 up. ":tt" is the console, ":semihosting-features" the file that describes us. */
int64_t semi_file_open(const char *name, unsigned mode);
int64_t semi_file_close(uint32_t handle);
/* Bytes read, 0 at the end of the file. */
int64_t semi_file_read(uint32_t handle, void *buf, size_t len);
/* Bytes written; fewer than len only after an error. */
int64_t semi_file_write(uint32_t handle, const void *buf, size_t len);
int64_t semi_file_seek(uint32_t handle, uint32_t pos);
int64_t semi_file_length(uint32_t handle);
/* 1 or 0. */
int64_t semi_file_istty(uint32_t handle);

/* The console itself: standard output, unbuffered, and standard input. */
void semi_console_write(const void *buf, size_t len);
/* The next character, SEMI_AGAIN, or -1 at the end. */
int64_t semi_console_getc(void);
#endif
