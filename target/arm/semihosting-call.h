/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Host calls of semihosting that may wait for the host: each CPU has a thread that makes them, and is held meanwhile
 * (sysemu/cpu-hold.h). Private to target/arm/semihosting*.c.
 */
#ifndef TARGET_ARM_SEMIHOSTING_CALL_H
#define TARGET_ARM_SEMIHOSTING_CALL_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "target/arm/cpu.h"

enum {
    SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06,
    SYS_READC = 0x07, SYS_ISERROR = 0x08, SYS_ISTTY = 0x09, SYS_SEEK = 0x0a, SYS_FLEN = 0x0c, SYS_TMPNAM = 0x0d,
    SYS_REMOVE = 0x0e, SYS_RENAME = 0x0f, SYS_CLOCK = 0x10, SYS_TIME = 0x11, SYS_SYSTEM = 0x12, SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};
#define SEMI_AGAIN INT64_MIN
enum { SEMI_STRING_MAX = 1 << 20 };     /* SYS_WRITE0 */
enum { SEMI_CHUNK = 64 << 10 };         /* bytes copied at once between guest memory and a file */

struct SemiFile;

typedef struct SemiCall {
    /* The host's part, on the call's thread. Waits only if `cancel_fd` being readable ends the wait. */
    void (*run)(struct SemiCall *c);
    /* The end, on the CPU's thread: what becomes of ret and buf; gives the operation's result. May call semi_call(). */
    int32_t (*done)(CPUARMState *env, struct SemiCall *c);
    /* The end of the call, or a reset came first: give back what it holds. Any thread; may be NULL. */
    void (*drop)(struct SemiCall *c);
    /* An interrupt may end run() by way of cancel_fd: ret is SEMI_AGAIN then, and the instruction is executed again. */
    bool interruptible;
    int cancel_fd;
    int64_t ret;                        /* run()'s result, or a negative host errno */
    /* Arguments, as the operation needs them. */
    struct SemiFile *file;
    uint32_t mode, va, left;
    size_t len;
    char name[PATH_MAX], other[PATH_MAX];
    uint8_t buf[SEMI_CHUNK];
} SemiCall;

/* Before the CPUs start. */
void semi_calls_init(void);
/* An empty call; buf is not cleared. */
SemiCall *semi_call_new(void);
/*
 * Run the call, which belongs to us from now on, then go on in done(). With run NULL: go on when nothing holds the
 * CPU any more. CPU thread; leaves the instruction.
 */
_Noreturn void semi_call(CPUARMState *env, SemiCall *c);

/* semihosting.c: copy between guest memory and buf; false if a byte is not accessible RAM. CPU thread. */
bool semi_guest_copy(CPUARMState *env, uint32_t va, void *buf, uint32_t len, bool to_guest);
/* Is all of it RAM that the caller may write? */
bool semi_guest_writable(CPUARMState *env, uint32_t va, uint32_t len);
/* A string of len bytes, without its NUL, into name[PATH_MAX]; 0 or an error number. */
int semi_read_name(CPUARMState *env, uint32_t va, uint32_t len, char *name);
/* Note the error number for SYS_ERRNO; -1. */
int32_t semi_fail(int err);
#endif
