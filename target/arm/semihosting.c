/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARM semihosting: the operations, their parameter blocks in guest memory and their results. ARM DUI 0203 chapter 8.
 *
 * helper_semihosting() runs on the calling CPU's thread. Guest memory is reached by virtual address with the rights of
 * the caller; what is not mapped, or not RAM, makes the call fail with EFAULT instead of raising an abort: half a call
 * cannot be taken back. Everything a guest gives as a length is bounded. The settings are made before the CPUs start;
 * the last error number is atomic; open files have their own lock in target/arm/semihosting-files.c.
 *
 * Nothing here waits for the host: what may wait becomes a SemiCall, with its end in a function named done_*, and
 * output on the console goes into queues. Either way the CPU is held at its main loop (sysemu/cpu-hold.h).
 */
#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exec/memory.h"
#include "hw/semihosting.h"
#include "qemu/log.h"
#include "qemu/replay.h"
#include "qemu/rtc-clock.h"
#include "qemu/timer.h"
#include "sysemu/cpu-hold.h"
#include "sysemu/runstate.h"
#include "target/arm/cpu.h"
#include "target/arm/semihosting-call.h"
#include "target/arm/semihosting-files.h"
#include "target/arm/semihosting-remote.h"
#include "tcg/helper.h"

#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

enum {
    SEMI_SUBPAGE = 1 << 10,         /* smallest piece of memory with a mapping of its own */
    SEMI_TICK_HZ = 1000000000,
};

bool semihosting_enabled, semihosting_userspace;
static char *cmdline;
static uint32_t heap_base, heap_limit;
static int last_errno;              /* atomic */

void semihosting_set_cmdline(const char *line)
{
    g_free(cmdline);
    cmdline = g_strdup(line);
}

void semihosting_init(void)
{
    semi_calls_init();
}

bool semihosting_has_cmdline(void)
{
    return cmdline != NULL;
}

void semihosting_set_heap(uint32_t base, uint32_t limit)
{
    heap_base = base;
    heap_limit = limit;
}

int32_t semi_fail(int err)
{
    __atomic_store_n(&last_errno, err, __ATOMIC_RELAXED);
    return -1;
}

/* The physical address for an access with the caller's rights; false: there is none. */
static bool translate(CPUARMState *env, uint32_t va, bool store, uint32_t *phys)
{
    ARMPageInfo page;

    if (arm_mmu_walk(env, arm_mva(env, va), store ? MMU_DATA_STORE : MMU_DATA_LOAD, arm_privileged(env), &page)
        != FAULT_NONE) {
        return false;
    }
    *phys = (page.phys & ~0xfffu) | (va & 0xfff);
    return true;
}

bool semi_guest_writable(CPUARMState *env, uint32_t va, uint32_t len)
{
    while (len) {
        uint32_t n = MIN(len, SEMI_SUBPAGE - (va & (SEMI_SUBPAGE - 1))), phys;

        if (!translate(env, va, true, &phys) || !memory_ram_ptr(phys, n)) {
            return false;
        }
        va += n;
        len -= n;
    }
    return true;
}

/* Copy between guest memory and buf; false if a byte is not accessible RAM (those before it have been copied). */
bool semi_guest_copy(CPUARMState *env, uint32_t va, void *buf, uint32_t len, bool to_guest)
{
    uint8_t *p = buf;

    while (len) {
        uint32_t n = MIN(len, SEMI_SUBPAGE - (va & (SEMI_SUBPAGE - 1)));
        uint32_t phys;

        if (!translate(env, va, to_guest, &phys)) {
            return false;
        }
        if (!(to_guest ? dma_write(phys, p, n) : dma_read(phys, p, n))) {
            return false;
        }
        va += n;
        p += n;
        len -= n;
    }
    return true;
}

static bool read_words(CPUARMState *env, uint32_t va, uint32_t *w, unsigned n)
{
    unsigned i;

    if (!semi_guest_copy(env, va, w, 4 * n, false)) {
        return false;
    }
    for (i = 0; i < n; i++) {
        w[i] = env->cpsr & CPSR_E ? GUINT32_FROM_BE(w[i]) : GUINT32_FROM_LE(w[i]);
    }
    return true;
}

static bool write_words(CPUARMState *env, uint32_t va, const uint32_t *w, unsigned n)
{
    uint32_t out[4];
    unsigned i;

    for (i = 0; i < n; i++) {
        out[i] = env->cpsr & CPSR_E ? GUINT32_TO_BE(w[i]) : GUINT32_TO_LE(w[i]);
    }
    return semi_guest_copy(env, va, out, 4 * n, true);
}

/* A string of len bytes, without its NUL, into name[PATH_MAX]. */
int semi_read_name(CPUARMState *env, uint32_t va, uint32_t len, char *name)
{
    if (len >= PATH_MAX) {
        return ENAMETOOLONG;
    }
    if (!semi_guest_copy(env, va, name, len, false)) {
        return EFAULT;
    }
    name[len] = '\0';
    return 0;
}

static int32_t simple(int64_t ret)
{
    return ret < 0 ? semi_fail((int)-ret) : (int32_t)ret;
}

static int32_t done_simple(CPUARMState *env, SemiCall *c)
{
    return simple(c->ret);
}

/* ---- files ---- */

/* Operations on an open file that need no more than its handle and a number. */
static int32_t sys_file(CPUARMState *env, uint32_t handle, uint32_t number, void (*run)(SemiCall *c))
{
    SemiFile *f = semi_file_get(handle);
    SemiCall *c;

    if (!f) {
        return semi_fail(EBADF);
    }
    c = semi_call_new();
    c->run = run;
    c->done = done_simple;
    c->drop = semi_file_put;
    c->file = f;
    c->mode = number;
    semi_call(env, c);
}

static int32_t sys_close(CPUARMState *env, uint32_t handle)
{
    SemiFile *f = semi_file_get(handle);
    SemiCall *c;

    /* Another CPU may have been faster. */
    if (!f || !semi_file_remove(handle)) {
        return semi_fail(EBADF);
    }
    c = semi_call_new();
    c->run = semi_run_close;
    c->done = done_simple;
    c->drop = semi_file_put;
    c->file = f;
    semi_call(env, c);
}

/* Operations on one or two names: their addresses and lengths. */
static int32_t sys_names(CPUARMState *env, const uint32_t *arg, bool two, void (*run)(SemiCall *c))
{
    SemiCall *c = semi_call_new();
    int err = semi_read_name(env, arg[0], arg[1], c->name);

    if (!err && two) {
        err = semi_read_name(env, arg[2], arg[3], c->other);
    }
    if (err) {
        g_free(c);
        return semi_fail(err);
    }
    c->run = run;
    c->done = done_simple;
    semi_call(env, c);
}

static int32_t done_open(CPUARMState *env, SemiCall *c)
{
    return simple(c->ret < 0 ? c->ret : semi_file_install(c));
}

static int32_t sys_open(CPUARMState *env, const uint32_t *arg)
{
    SemiCall *c = semi_call_new();
    int err = semi_read_name(env, arg[0], arg[2], c->name);

    if (!err && arg[1] >= SEMI_OPEN_MODES) {
        err = EINVAL;
    }
    if (!err && replay_mode != REPLAY_NONE && strcmp(c->name, ":tt")) {
        err = EPERM;            /* files of the host are in no recording */
    }
    if (err) {
        g_free(c);
        return semi_fail(err);
    }
    c->run = semi_run_open;
    c->done = done_open;
    c->drop = semi_file_put;
    c->mode = arg[1];
    semi_call(env, c);
}

/* ---- console output ---- */

/* SYS_WRITEC has one character at va, SYS_WRITE0 as many as there are before a NUL. */
static int32_t sys_write_string(CPUARMState *env, uint32_t va, uint32_t max)
{
    uint8_t buf[SEMI_SUBPAGE];
    uint32_t left = max;

    while (left) {
        uint32_t n = MIN(left, SEMI_SUBPAGE - (va & (SEMI_SUBPAGE - 1)));
        uint32_t len;

        if (!semi_guest_copy(env, va, buf, n, false)) {
            return semi_fail(EFAULT);
        }
        len = max == 1 ? 1 : (uint32_t)strnlen((const char *)buf, n);
        semi_console_write(STDOUT_FILENO, buf, len);
        if (len < n) {
            return 0;
        }
        va += n;
        left -= n;
    }
    if (max > 1) {
        qemu_log_mask(LOG_GUEST_ERROR, "semihosting: SYS_WRITE0: no end of string within %u bytes\n", max);
    }
    return 0;
}

/* As much as the console's queue takes before it holds the CPU; then the rest. The result is as SYS_WRITE's. */
static int32_t done_console(CPUARMState *env, SemiCall *c)
{
    while (c->left) {
        uint32_t n = MIN(c->left, (uint32_t)SEMI_CHUNK);

        if (cpu_is_held(env)) {
            semi_call(env, c);
        }
        if (!semi_guest_copy(env, c->va, c->buf, n, false)) {
            semi_fail(EFAULT);
            break;
        }
        semi_console_write((int)c->mode, c->buf, n);
        c->va += n;
        c->left -= n;
    }
    return (int32_t)c->left;
}

static int32_t sys_write_console(CPUARMState *env, int fd, const uint32_t *arg)
{
    SemiCall *c = semi_call_new();
    int32_t left;

    c->done = done_console;
    c->mode = (uint32_t)fd;
    c->va = arg[1];
    c->left = arg[2];
    left = done_console(env, c);
    g_free(c);
    return left;
}

/* ---- reading and writing files: the result is the number of bytes that were not transferred ---- */

/* The next piece; false: there is none, or it cannot be read. */
static bool write_piece(CPUARMState *env, SemiCall *c)
{
    c->len = MIN(c->left, (uint32_t)SEMI_CHUNK);
    if (c->len && !semi_guest_copy(env, c->va, c->buf, (uint32_t)c->len, false)) {
        semi_fail(EFAULT);
        return false;
    }
    return c->len != 0;
}

static int32_t done_write(CPUARMState *env, SemiCall *c)
{
    if (c->ret < 0) {
        semi_fail((int)-c->ret);
        return (int32_t)c->left;
    }
    c->va += (uint32_t)c->ret;
    c->left -= (uint32_t)c->ret;
    if ((size_t)c->ret == c->len && write_piece(env, c)) {
        semi_call(env, c);
    }
    return (int32_t)c->left;
}

static int32_t sys_write(CPUARMState *env, const uint32_t *arg)
{
    SemiFile *f = semi_file_get(arg[0]);
    int fd = f ? semi_file_console(f) : -1;
    SemiCall *c = semi_call_new();

    c->run = semi_run_write;
    c->done = done_write;
    c->drop = semi_file_put;
    c->file = f;
    c->va = arg[1];
    c->left = arg[2];
    if (f && fd < 0 && write_piece(env, c)) {
        semi_call(env, c);
    }
    semi_file_put(c);
    g_free(c);
    if (!f) {
        semi_fail(EBADF);
    }
    return fd < 0 ? (int32_t)arg[2] : sys_write_console(env, fd, arg);
}

static int32_t done_read(CPUARMState *env, SemiCall *c)
{
    if (c->ret < 0) {
        semi_fail((int)-c->ret);
        return (int32_t)c->left;
    }
    if (!semi_guest_copy(env, c->va, c->buf, (uint32_t)c->ret, true)) {
        return semi_fail(EFAULT);
    }
    c->va += (uint32_t)c->ret;
    c->left -= (uint32_t)c->ret;
    if ((size_t)c->ret == c->len && c->left) {
        c->len = MIN(c->left, (uint32_t)SEMI_CHUNK);
        c->mode = SEMI_READ_MORE;
        c->interruptible = false;
        semi_call(env, c);
    }
    return (int32_t)c->left;
}

static int32_t sys_read(CPUARMState *env, const uint32_t *arg)
{
    SemiFile *f = semi_file_get(arg[0]);
    SemiCall *c;

    if (!f) {
        semi_fail(EBADF);
        return (int32_t)arg[2];
    }
    c = semi_call_new();
    c->run = semi_run_read;
    c->done = done_read;
    c->drop = semi_file_put;
    c->interruptible = true;
    c->file = f;
    c->va = arg[1];
    c->left = arg[2];
    c->len = MIN(c->left, (uint32_t)SEMI_CHUNK);
    semi_call(env, c);
}

static int32_t done_readc(CPUARMState *env, SemiCall *c)
{
    return c->ret == 1 ? c->buf[0] : -1;
}

static int32_t sys_readc(CPUARMState *env)
{
    SemiCall *c = semi_call_new();

    c->run = semi_run_read;
    c->done = done_readc;
    c->interruptible = true;
    c->len = 1;
    semi_call(env, c);
}

/* ---- other operations ---- */

static int32_t sys_tmpnam(CPUARMState *env, const uint32_t *arg)
{
    char name[64];
    int len = snprintf(name, sizeof(name), "/tmp/pqemu-%d-%02x", (int)getpid(), arg[1] & 0xff) + 1;

    if (arg[2] < (uint32_t)len) {
        return semi_fail(EINVAL);
    }
    return semi_guest_copy(env, arg[0], name, (uint32_t)len, true) ? 0 : semi_fail(EFAULT);
}

static int32_t sys_get_cmdline(CPUARMState *env, uint32_t block, const uint32_t *arg)
{
    const char *line = cmdline ? cmdline : "";
    uint32_t len = (uint32_t)strlen(line);

    if (arg[1] <= len) {
        return semi_fail(E2BIG);
    }
    if (!semi_guest_copy(env, arg[0], (void *)line, len + 1, true) || !write_words(env, block + 4, &len, 1)) {
        return semi_fail(EFAULT);
    }
    return 0;
}

/* The block's first word is the address of four words: heap base and limit, stack base (grows down) and limit. */
static int32_t sys_heapinfo(CPUARMState *env, const uint32_t *arg)
{
    const uint32_t info[] = { heap_base, heap_limit, heap_limit, heap_base };

    return write_words(env, arg[0], info, 4) ? 0 : semi_fail(EFAULT);
}

static int32_t sys_elapsed(CPUARMState *env, uint32_t block)
{
    uint64_t now = (uint64_t)clock_shown_ns();
    const uint32_t w[] = { (uint32_t)now, (uint32_t)(now >> 32) };

    return write_words(env, block, w, 2) ? 0 : semi_fail(EFAULT);
}

/* The I/O thread ends the program soon; until then this CPU sleeps, or comes back here if an interrupt wakes it. */
static _Noreturn void sys_exit(CPUARMState *env, int code)
{
    qemu_system_shutdown_request(code);
    arm_cpu_wfi(env);
    cpu_loop_exit(env);
}

/* How many words of the parameter block an operation reads. */
static unsigned block_words(uint32_t op)
{
    switch (op) {
    case SYS_CLOSE: case SYS_ISERROR: case SYS_ISTTY: case SYS_FLEN: case SYS_HEAPINFO:
        return 1;
    case SYS_SEEK: case SYS_REMOVE: case SYS_GET_CMDLINE: case SYS_EXIT_EXTENDED:
        return 2;
    case SYS_OPEN: case SYS_WRITE: case SYS_READ: case SYS_TMPNAM:
        return 3;
    case SYS_RENAME:
        return 4;
    default:
        return 0;
    }
}

/* Files and keys of the host are in no recording. */
static bool is_recorded(uint32_t op)
{
    switch (op) {
    case SYS_READ: case SYS_READC: case SYS_TMPNAM: case SYS_REMOVE: case SYS_RENAME:
        return false;
    default:
        return true;
    }
}

static int32_t semihosting_call(CPUARMState *env, uint32_t op, uint32_t param)
{
    uint32_t arg[4] = { 0 };
    int32_t result;

    if (!read_words(env, param, arg, block_words(op))) {
        qemu_log_mask(LOG_GUEST_ERROR, "semihosting: operation 0x%02x: bad parameter block at 0x%08x\n", op, param);
        return semi_fail(EFAULT);
    }
    if (semi_remote(env, op, param, arg, &result)) {
        return result;
    }
    if (replay_mode != REPLAY_NONE && !is_recorded(op)) {
        qemu_log_mask(LOG_UNIMP, "semihosting: operation 0x%02x is not recorded, so it fails\n", op);
        return semi_fail(EPERM);
    }
    switch (op) {
    case SYS_OPEN:
        return sys_open(env, arg);
    case SYS_CLOSE:
        return sys_close(env, arg[0]);
    case SYS_WRITEC:
        return sys_write_string(env, param, 1);
    case SYS_WRITE0:
        return sys_write_string(env, param, SEMI_STRING_MAX);
    case SYS_WRITE:
        return sys_write(env, arg);
    case SYS_READ:
        return sys_read(env, arg);
    case SYS_READC:
        return sys_readc(env);
    case SYS_ISERROR:
        return (int32_t)arg[0] < 0;
    case SYS_ISTTY:
        return sys_file(env, arg[0], 0, semi_run_istty);
    case SYS_SEEK:
        return sys_file(env, arg[0], arg[1], semi_run_seek);
    case SYS_FLEN:
        return sys_file(env, arg[0], 0, semi_run_length);
    case SYS_TMPNAM:
        return sys_tmpnam(env, arg);
    case SYS_REMOVE:
        return sys_names(env, arg, false, semi_run_remove);
    case SYS_RENAME:
        return sys_names(env, arg, true, semi_run_rename);
    case SYS_CLOCK:
        return (int32_t)(clock_shown_ns() / 10000000);
    case SYS_TIME:
        return (int32_t)(rtc_clock_ns() / 1000000000);
    case SYS_SYSTEM:
        /* Host commands are beyond what semihosting was turned on for. */
        return semi_fail(EPERM);
    case SYS_ERRNO:
        return __atomic_load_n(&last_errno, __ATOMIC_RELAXED);
    case SYS_GET_CMDLINE:
        return sys_get_cmdline(env, param, arg);
    case SYS_HEAPINFO:
        return sys_heapinfo(env, arg);
    case SYS_EXIT:
        sys_exit(env, param == ADP_STOPPED_APPLICATION_EXIT ? 0 : 1);
    case SYS_EXIT_EXTENDED:
        sys_exit(env, arg[0] == ADP_STOPPED_APPLICATION_EXIT ? (int)(arg[1] & 0xff) : 1);
    case SYS_ELAPSED:
        return sys_elapsed(env, param);
    case SYS_TICKFREQ:
        return SEMI_TICK_HZ;
    default:
        qemu_log_mask(LOG_UNIMP, "semihosting: unknown operation 0x%02x\n", op);
        return semi_fail(ENOSYS);
    }
}

uint32_t helper_semihosting(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    /* User programs of an operating system must not reach past it, unless told so: for them it is a system call. */
    if (!arm_privileged(env) && !semihosting_userspace) {
        arm_raise_exception(env, EXCP_SWI);
    }
    arm_cpu_alone(env);
    env->regs[0] = (uint32_t)semihosting_call(env, env->regs[0], env->regs[1]);
    return env->regs[0];
}
