/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host files that a guest has open through semihosting, and the host's part of the calls. Thread-safe. Private to
 * target/arm/semihosting*.c.
 */
#ifndef TARGET_ARM_SEMIHOSTING_FILES_H
#define TARGET_ARM_SEMIHOSTING_FILES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "target/arm/semihosting-call.h"

enum { SEMI_OPEN_MODES = 12 };          /* SYS_OPEN: "r", "rb", "r+", "r+b", "w", ..., "a+b" */
enum { SEMI_READ_FIRST, SEMI_READ_MORE };       /* SemiCall.mode of a read: wait for input, or take what is there */

typedef struct SemiFile SemiFile;

/* The open file of a handle, for a call's `file`; NULL: none. */
SemiFile *semi_file_get(uint32_t handle);
/* A call's drop(): it does not use its file any more. */
void semi_file_put(SemiCall *c);
/* A handle, from 1 up, for the file that semi_run_open() has opened; or -errno. */
int64_t semi_file_install(SemiCall *c);
/* Forget the handle; whoever uses the file goes on with it. The caller is one of them. False: there is none. */
bool semi_file_remove(uint32_t handle);
/* Standard output or error, if the file is one of them; else -1. */
int semi_file_console(const SemiFile *f);

/* SemiCall.run. `ret`: 0, a count, a value or -errno. */
/* name, mode -> file. ":tt" is the console, ":semihosting-features" the file that describes us. */
void semi_run_open(SemiCall *c);
void semi_run_close(SemiCall *c);
/* file (NULL: standard input), mode, len -> buf; 0 at the end of the file. */
void semi_run_read(SemiCall *c);
/* file, buf, len; fewer than len only after an error. */
void semi_run_write(SemiCall *c);
/* file, position in mode. */
void semi_run_seek(SemiCall *c);
void semi_run_length(SemiCall *c);
void semi_run_istty(SemiCall *c);
/* name */
void semi_run_remove(SemiCall *c);
/* name -> other */
void semi_run_rename(SemiCall *c);

/* target/arm/semihosting-console.c: a descriptor to read from, and what to call behind that. */
int semi_console_input(void);
/* Somebody may sit behind standard input, output or error (fd): a terminal, or whatever a character device leads to. */
bool semi_console_is_tty(int fd);
/* It is a character device. */
bool semi_console_is_device(void);
void semi_console_took_input(void);
/* Print on standard output (1) or error (2), in one order with the serial ports. Never waits: it may hold the CPU. */
void semi_console_write(int fd, const void *buf, size_t len);
#endif
