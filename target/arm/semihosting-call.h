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

#define SEMI_AGAIN INT64_MIN
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
#endif
