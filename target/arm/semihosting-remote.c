/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Semihosting by gdb's File-I/O protocol: an operation becomes a request in text, with addresses of guest memory that
 * the debugger reads and writes by itself, and its answer, two numbers, the operation's result.
 *
 * The calling CPU is held until the answer comes (sysemu/cpu-hold.h), by an answer on the I/O thread; the rest of the
 * operation is done on its own thread then. A handle with REMOTE_FILE is a descriptor of the debugger's; so files that
 * were opened before it came or left stay whose they were.
 *
 * answers[] of a CPU: the I/O thread while the CPU is held, else the CPU's thread. `target` is set before the CPUs
 * start, `remote` with the machine.
 */
#include <errno.h>
#include <glib.h>
#include <stdarg.h>
#include <string.h>
#include "hw/semihosting.h"
#include "qemu/replay.h"
#include "sysemu/cpu-hold.h"
#include "target/arm/semihosting-call.h"
#include "target/arm/semihosting-files.h"
#include "target/arm/semihosting-remote.h"

enum { REMOTE_FILE = 1 << 30 };
/* Of the protocol, whatever the host has. */
enum { RIO_WRONLY = 1, RIO_RDWR = 2, RIO_APPEND = 8, RIO_CREAT = 0x200, RIO_TRUNC = 0x400, RIO_MODE = 0644,
       RIO_STAT_BYTES = 64, RIO_STAT_SIZE_AT = 28 };

static struct {
    int32_t ret;
    int err;
} answers[ARM_MAX_CPUS];
static CPUHold holds[ARM_MAX_CPUS];
static SemihostingTarget target;
static const SemihostingRemote *remote;

void semihosting_set_target(SemihostingTarget t)
{
    target = t;
}

void semihosting_set_remote(const SemihostingRemote *r)
{
    remote = r;
}

void semihosting_remote_answer(int cpu, int32_t ret, int err)
{
    answers[cpu].ret = ret;
    answers[cpu].err = err;
    cpu_hold_end(&holds[cpu]);
}

/* Is the debugger asked for what is not about a file of its own? */
static bool debugger_serves(void)
{
    if (replay_mode != REPLAY_NONE) {
        return false;           /* a recording has no answers of a debugger */
    }
    return target == SEMIHOSTING_GDB || (target == SEMIHOSTING_AUTO && remote && remote->attached());
}

/* The CPU waits for the answer, and goes on in c->done. */
static _Noreturn void ask(CPUARMState *env, SemiCall *c, const char *format, ...) __attribute__((format(printf, 3, 4)));

static _Noreturn void ask(CPUARMState *env, SemiCall *c, const char *format, ...)
{
    char request[128];
    va_list ap;

    va_start(ap, format);
    g_vsnprintf(request, sizeof(request), format, ap);
    va_end(ap);
    cpu_hold(&holds[env->cpu_index]);
    if (remote) {
        remote->ask((int)env->cpu_index, request);
    } else {
        semihosting_remote_answer((int)env->cpu_index, -1, ENOSYS);
    }
    semi_call(env, c);
}

static SemiCall *new_call(int32_t (*done)(CPUARMState *env, SemiCall *c))
{
    SemiCall *c = semi_call_new();

    c->done = done;
    return c;
}

/* The answer, if it is no error: else -1, and the error is noted. */
static int32_t answer(const CPUARMState *env)
{
    int32_t ret = answers[env->cpu_index].ret;

    return ret >= 0 ? ret : semi_fail(answers[env->cpu_index].err);
}

static int32_t done_plain(CPUARMState *env, SemiCall *c)
{
    return answer(env) < 0 ? -1 : 0;
}

static int32_t done_value(CPUARMState *env, SemiCall *c)
{
    return answer(env);
}

static int32_t done_open(CPUARMState *env, SemiCall *c)
{
    int32_t fd = answer(env);

    return fd < 0 ? -1 : fd | REMOTE_FILE;
}

static int32_t done_length(CPUARMState *env, SemiCall *c)
{
    uint64_t bytes;

    if (answer(env) < 0) {
        return -1;
    }
    if (!semi_guest_copy(env, c->va + RIO_STAT_SIZE_AT, &bytes, sizeof(bytes), false)) {
        return semi_fail(EFAULT);
    }
    return (int32_t)MIN(GUINT64_FROM_BE(bytes), (uint64_t)INT32_MAX);
}

/* ---- reading and writing: in pieces, for a debugger takes memory for all that it is asked for ---- */

static void ask_piece(CPUARMState *env, SemiCall *c, bool write)
{
    c->len = MIN(c->left, (uint32_t)SEMI_CHUNK);
    if (!(write ? semi_guest_copy(env, c->va, c->buf, (uint32_t)c->len, false)
                : semi_guest_writable(env, c->va, (uint32_t)c->len))) {
        semi_fail(EFAULT);
        return;
    }
    if (c->len) {
        ask(env, c, "%s,%x,%x,%x", write ? "Fwrite" : "Fread", c->mode, c->va, (uint32_t)c->len);
    }
}

static int32_t done_piece(CPUARMState *env, SemiCall *c, bool write)
{
    int32_t ret = answer(env);

    if (ret < 0) {
        return (int32_t)c->left;
    }
    c->va += MIN((uint32_t)ret, c->left);
    c->left -= MIN((uint32_t)ret, c->left);
    if ((size_t)ret == c->len) {
        ask_piece(env, c, write);
    }
    return (int32_t)c->left;
}

static int32_t done_read(CPUARMState *env, SemiCall *c)
{
    return done_piece(env, c, false);
}

static int32_t done_write(CPUARMState *env, SemiCall *c)
{
    return done_piece(env, c, true);
}

/* How many bytes are left. */
static int32_t transfer(CPUARMState *env, uint32_t fd, uint32_t va, uint32_t bytes, bool write)
{
    SemiCall *c = new_call(write ? done_write : done_read);

    c->mode = fd;
    c->va = va;
    c->left = bytes;
    ask_piece(env, c, write);
    g_free(c);
    return (int32_t)bytes;
}

/* ---- the operations ---- */

static uint32_t open_flags(uint32_t mode)
{
    static const uint32_t create[] = { 0, RIO_CREAT | RIO_TRUNC, RIO_CREAT | RIO_APPEND };

    return create[mode / 4] | (mode & 2 ? RIO_RDWR : mode < 4 ? 0 : RIO_WRONLY);
}

/* ":tt" is the console: the debugger's descriptors 0, 1 and 2 by mode. */
static int32_t remote_open(CPUARMState *env, const uint32_t *arg)
{
    char name[PATH_MAX];
    int err = semi_read_name(env, arg[0], arg[2], name);

    if (err || arg[1] >= SEMI_OPEN_MODES) {
        return semi_fail(err ? err : EINVAL);
    }
    if (!strcmp(name, ":tt")) {
        return (int32_t)(REMOTE_FILE | arg[1] / 4);
    }
    ask(env, new_call(done_open), "Fopen,%x/%x,%x,%x", arg[0], arg[2] + 1, open_flags(arg[1]), RIO_MODE);
}

/* One or two names: their addresses and lengths. */
static int32_t remote_names(CPUARMState *env, uint32_t op, const uint32_t *arg)
{
    char name[PATH_MAX];
    int err = semi_read_name(env, arg[0], arg[1], name);

    if (!err && op == SYS_RENAME) {
        err = semi_read_name(env, arg[2], arg[3], name);
    }
    if (err) {
        return semi_fail(err);
    }
    if (op == SYS_REMOVE) {
        ask(env, new_call(done_plain), "Funlink,%x/%x", arg[0], arg[1] + 1);
    }
    ask(env, new_call(done_plain), "Frename,%x/%x,%x/%x", arg[0], arg[1] + 1, arg[2], arg[3] + 1);
}

/* SYS_WRITEC has one character at va, SYS_WRITE0 as many as there are before a NUL. */
static int32_t remote_write_string(CPUARMState *env, uint32_t op, uint32_t va)
{
    uint32_t n = op == SYS_WRITEC;
    char c = 1;

    while (op == SYS_WRITE0 && n < SEMI_STRING_MAX) {
        if (!semi_guest_copy(env, va + n, &c, 1, false)) {
            return semi_fail(EFAULT);
        }
        if (!c) {
            break;
        }
        n++;
    }
    if (transfer(env, 1, va, n, true)) {
        return -1;                      /* it could not begin; errors on the way are nobody's */
    }
    return 0;
}

static int32_t remote_length(CPUARMState *env, uint32_t fd)
{
    SemiCall *c = new_call(done_length);

    c->va = (env->regs[13] - RIO_STAT_BYTES) & ~7u;     /* below the stack: nobody's */
    if (!semi_guest_writable(env, c->va, RIO_STAT_BYTES)) {
        g_free(c);
        return semi_fail(EFAULT);
    }
    ask(env, c, "Ffstat,%x,%x", fd, c->va);
}

/* An operation on a descriptor of the debugger's. */
static int32_t remote_file(CPUARMState *env, uint32_t op, const uint32_t *arg)
{
    uint32_t fd = arg[0] & ~(uint32_t)REMOTE_FILE;

    switch (op) {
    case SYS_CLOSE:
        ask(env, new_call(done_plain), "Fclose,%x", fd);
    case SYS_WRITE:
        return transfer(env, fd, arg[1], arg[2], true);
    case SYS_READ:
        return transfer(env, fd, arg[1], arg[2], false);
    case SYS_ISTTY:
        ask(env, new_call(done_value), "Fisatty,%x", fd);
    case SYS_SEEK:
        ask(env, new_call(done_plain), "Flseek,%x,%x,0", fd, arg[1]);
    default:
        return remote_length(env, fd);
    }
}

bool semi_remote(CPUARMState *env, uint32_t op, uint32_t param, const uint32_t *arg, int32_t *result)
{
    switch (op) {
    case SYS_CLOSE: case SYS_WRITE: case SYS_READ: case SYS_ISTTY: case SYS_SEEK: case SYS_FLEN:
        if ((int32_t)arg[0] < 0 || !(arg[0] & REMOTE_FILE)) {
            return false;
        }
        *result = remote_file(env, op, arg);
        return true;
    case SYS_OPEN:
        return debugger_serves() && (*result = remote_open(env, arg), true);
    case SYS_WRITEC: case SYS_WRITE0:
        return debugger_serves() && (*result = remote_write_string(env, op, param), true);
    case SYS_REMOVE: case SYS_RENAME:
        return debugger_serves() && (*result = remote_names(env, op, arg), true);
    default:
        return false;
    }
}
