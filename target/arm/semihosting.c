/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARM semihosting: the operations, their parameter blocks in guest memory and their results. ARM DUI 0203 chapter 8.
 *
 * helper_semihosting() runs on the calling CPU's thread. Guest memory is reached by virtual address with the rights of
 * the caller; what is not mapped, or not RAM, makes the call fail with EFAULT instead of raising an abort: half a call
 * cannot be taken back. Everything a guest gives as a length is bounded. The settings are made before the CPUs start;
 * the last error number is atomic; open files have their own lock in target/arm/semihosting-files.c.
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
#include "qemu/timer.h"
#include "sysemu/runstate.h"
#include "target/arm/cpu.h"
#include "target/arm/semihosting-files.h"
#include "tcg/helper.h"

enum {
    SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITEC = 0x03, SYS_WRITE0 = 0x04, SYS_WRITE = 0x05, SYS_READ = 0x06,
    SYS_READC = 0x07, SYS_ISERROR = 0x08, SYS_ISTTY = 0x09, SYS_SEEK = 0x0a, SYS_FLEN = 0x0c, SYS_TMPNAM = 0x0d,
    SYS_REMOVE = 0x0e, SYS_RENAME = 0x0f, SYS_CLOCK = 0x10, SYS_TIME = 0x11, SYS_SYSTEM = 0x12, SYS_ERRNO = 0x13,
    SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO = 0x16, SYS_EXIT = 0x18, SYS_EXIT_EXTENDED = 0x20, SYS_ELAPSED = 0x30,
    SYS_TICKFREQ = 0x31,
};
#define ADP_STOPPED_APPLICATION_EXIT 0x20026u

enum {
    SEMI_CHUNK = 16 << 10,          /* bytes copied at once between guest memory and a file */
    SEMI_STRING_MAX = 1 << 20,      /* SYS_WRITE0 */
    SEMI_SUBPAGE = 1 << 10,         /* smallest piece of memory with a mapping of its own */
    SEMI_TICK_HZ = 1000000000,
};

bool semihosting_enabled;
static char *cmdline;
static uint32_t heap_base, heap_limit;
static int last_errno;              /* atomic */

void semihosting_set_cmdline(const char *line)
{
    g_free(cmdline);
    cmdline = g_strdup(line);
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

static int32_t fail(int err)
{
    __atomic_store_n(&last_errno, err, __ATOMIC_RELAXED);
    return -1;
}

/* Copy between guest memory and buf; false if a byte is not accessible RAM (those before it have been copied). */
static bool guest_copy(CPUARMState *env, uint32_t va, void *buf, uint32_t len, bool to_guest)
{
    uint8_t *p = buf;

    while (len) {
        uint32_t n = MIN(len, SEMI_SUBPAGE - (va & (SEMI_SUBPAGE - 1)));
        ARMPageInfo page;
        uint32_t phys;

        if (arm_mmu_walk(env, arm_mva(env, va), to_guest ? MMU_DATA_STORE : MMU_DATA_LOAD, arm_privileged(env), &page)
            != FAULT_NONE) {
            return false;
        }
        phys = (page.phys & ~0xfffu) | (va & 0xfff);
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

    if (!guest_copy(env, va, w, 4 * n, false)) {
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
    return guest_copy(env, va, out, 4 * n, true);
}

/* A string of len bytes, without its NUL, into name[PATH_MAX]. */
static int read_name(CPUARMState *env, uint32_t va, uint32_t len, char *name)
{
    if (len >= PATH_MAX) {
        return ENAMETOOLONG;
    }
    if (!guest_copy(env, va, name, len, false)) {
        return EFAULT;
    }
    name[len] = '\0';
    return 0;
}

/* Execute the instruction again later: regs[15] still points at it. Interrupts are taken in between. */
static _Noreturn void retry(CPUARMState *env)
{
    cpu_loop_exit(env);
}

static int32_t sys_open(CPUARMState *env, const uint32_t *arg)
{
    char name[PATH_MAX];
    int err = read_name(env, arg[0], arg[2], name);
    int64_t ret;

    if (err) {
        return fail(err);
    }
    ret = semi_file_open(name, arg[1]);
    return ret < 0 ? fail((int)-ret) : (int32_t)ret;
}

/* SYS_WRITEC has one character at va, SYS_WRITE0 as many as there are before a NUL. */
static int32_t sys_write_string(CPUARMState *env, uint32_t va, uint32_t max)
{
    uint8_t buf[SEMI_SUBPAGE];
    uint32_t left = max;

    while (left) {
        uint32_t n = MIN(left, SEMI_SUBPAGE - (va & (SEMI_SUBPAGE - 1)));
        uint32_t len;

        if (!guest_copy(env, va, buf, n, false)) {
            return fail(EFAULT);
        }
        len = max == 1 ? 1 : (uint32_t)strnlen((const char *)buf, n);
        semi_console_write(buf, len);
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

/* The result of SYS_WRITE and SYS_READ is the number of bytes that were not transferred. */
static int32_t sys_write(CPUARMState *env, const uint32_t *arg)
{
    uint8_t buf[SEMI_CHUNK];
    uint32_t va = arg[1], left = arg[2];

    while (left) {
        uint32_t n = MIN(left, (uint32_t)SEMI_CHUNK);
        int64_t ret;

        if (!guest_copy(env, va, buf, n, false)) {
            fail(EFAULT);
            break;
        }
        ret = semi_file_write(arg[0], buf, n);
        if (ret < 0) {
            fail((int)-ret);
            break;
        }
        va += (uint32_t)ret;
        left -= (uint32_t)ret;
        if (ret < n) {
            break;
        }
    }
    return (int32_t)left;
}

static int32_t sys_read(CPUARMState *env, const uint32_t *arg)
{
    uint8_t buf[SEMI_CHUNK];
    uint32_t va = arg[1], left = arg[2];

    while (left) {
        uint32_t n = MIN(left, (uint32_t)SEMI_CHUNK);
        int64_t ret = semi_file_read(arg[0], buf, n);

        if (ret == SEMI_AGAIN) {
            if (left == arg[2]) {
                retry(env);
            }
            break;
        }
        if (ret < 0) {
            fail((int)-ret);
            break;
        }
        if (!guest_copy(env, va, buf, (uint32_t)ret, true)) {
            return fail(EFAULT);
        }
        va += (uint32_t)ret;
        left -= (uint32_t)ret;
        if (ret < n) {
            break;
        }
    }
    return (int32_t)left;
}

static int32_t sys_flen(uint32_t handle)
{
    int64_t ret = semi_file_length(handle);

    if (ret < 0) {
        return fail((int)-ret);
    }
    return ret > INT32_MAX ? fail(EOVERFLOW) : (int32_t)ret;
}

static int32_t sys_tmpnam(CPUARMState *env, const uint32_t *arg)
{
    char name[64];
    int len = snprintf(name, sizeof(name), "/tmp/pqemu-%d-%02x", (int)getpid(), arg[1] & 0xff) + 1;

    if (arg[2] < (uint32_t)len) {
        return fail(EINVAL);
    }
    return guest_copy(env, arg[0], name, (uint32_t)len, true) ? 0 : fail(EFAULT);
}

static int32_t sys_remove(CPUARMState *env, const uint32_t *arg)
{
    char name[PATH_MAX];
    int err = read_name(env, arg[0], arg[1], name);

    if (err) {
        return fail(err);
    }
    return remove(name) < 0 ? fail(errno) : 0;
}

static int32_t sys_rename(CPUARMState *env, const uint32_t *arg)
{
    char from[PATH_MAX], to[PATH_MAX];
    int err = read_name(env, arg[0], arg[1], from);

    err = err ? err : read_name(env, arg[2], arg[3], to);
    if (err) {
        return fail(err);
    }
    return rename(from, to) < 0 ? fail(errno) : 0;
}

static int32_t sys_get_cmdline(CPUARMState *env, uint32_t block, const uint32_t *arg)
{
    const char *line = cmdline ? cmdline : "";
    uint32_t len = (uint32_t)strlen(line);

    if (arg[1] <= len) {
        return fail(E2BIG);
    }
    if (!guest_copy(env, arg[0], (void *)line, len + 1, true) || !write_words(env, block + 4, &len, 1)) {
        return fail(EFAULT);
    }
    return 0;
}

/* The block's first word is the address of four words: heap base and limit, stack base (grows down) and limit. */
static int32_t sys_heapinfo(CPUARMState *env, const uint32_t *arg)
{
    const uint32_t info[] = { heap_base, heap_limit, heap_limit, heap_base };

    return write_words(env, arg[0], info, 4) ? 0 : fail(EFAULT);
}

static int32_t sys_elapsed(CPUARMState *env, uint32_t block)
{
    uint64_t now = (uint64_t)clock_shown_ns();
    const uint32_t w[] = { (uint32_t)now, (uint32_t)(now >> 32) };

    return write_words(env, block, w, 2) ? 0 : fail(EFAULT);
}

/* The I/O thread ends the program soon; until then this CPU sleeps, or comes back here if an interrupt wakes it. */
static _Noreturn void sys_exit(CPUARMState *env, int code)
{
    qemu_system_shutdown_request(code);
    arm_cpu_wfi(env);
    cpu_loop_exit(env);
}

static int32_t sys_simple(int64_t ret)
{
    return ret < 0 ? fail((int)-ret) : (int32_t)ret;
}

static int32_t sys_readc(CPUARMState *env)
{
    int64_t c = semi_console_getc();

    if (c == SEMI_AGAIN) {
        retry(env);
    }
    return (int32_t)c;
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

static int32_t semihosting_call(CPUARMState *env, uint32_t op, uint32_t param)
{
    uint32_t arg[4] = { 0 };

    if (!read_words(env, param, arg, block_words(op))) {
        qemu_log_mask(LOG_GUEST_ERROR, "semihosting: operation 0x%02x: bad parameter block at 0x%08x\n", op, param);
        return fail(EFAULT);
    }
    switch (op) {
    case SYS_OPEN:
        return sys_open(env, arg);
    case SYS_CLOSE:
        return sys_simple(semi_file_close(arg[0]));
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
        return sys_simple(semi_file_istty(arg[0]));
    case SYS_SEEK:
        return sys_simple(semi_file_seek(arg[0], arg[1]));
    case SYS_FLEN:
        return sys_flen(arg[0]);
    case SYS_TMPNAM:
        return sys_tmpnam(env, arg);
    case SYS_REMOVE:
        return sys_remove(env, arg);
    case SYS_RENAME:
        return sys_rename(env, arg);
    case SYS_CLOCK:
        return (int32_t)(clock_shown_ns() / 10000000);
    case SYS_TIME:
        return (int32_t)time(NULL);
    case SYS_SYSTEM:
        /* Host commands are beyond what semihosting was turned on for. */
        return fail(EPERM);
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
        return fail(ENOSYS);
    }
}

uint32_t helper_semihosting(CPUARMState *env, uint32_t a, uint32_t b, uint32_t c)
{
    /* User programs of an operating system must not reach past it: for them it is a system call. */
    if (!arm_privileged(env)) {
        arm_raise_exception(env, EXCP_SWI);
    }
    env->regs[0] = (uint32_t)semihosting_call(env, env->regs[0], env->regs[1]);
    return env->regs[0];
}
