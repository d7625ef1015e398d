/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Semihosting calls with what a guest may hand over: parameter blocks, names and buffers that are missing, read-only,
 * devices, or end at a page behind which there is nothing; handles that are not open; lengths without end. Each call
 * fails with an error number, raises nothing and touches r0 alone; then the same calls with good arguments work (ARM
 * DUI 0203 chapter 8).
 * guest-test: cpus=1 oracle=no
 */
#include "runtime.h"

enum { SYS_OPEN = 1, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ, SYS_READC, SYS_ISERROR, SYS_ISTTY,
       SYS_SEEK, SYS_FLEN = 12, SYS_TMPNAM, SYS_REMOVE, SYS_RENAME, SYS_CLOCK, SYS_TIME, SYS_SYSTEM, SYS_ERRNO,
       SYS_GET_CMDLINE = 0x15, SYS_HEAPINFO, SYS_ELAPSED = 0x30, SYS_TICKFREQ };
enum { EBADF = 9, EFAULT = 14, EINVAL = 22, EMFILE = 24, ENAMETOOLONG = 36, EPERM = 1, ENOSYS = 38, E2BIG = 7 };
enum { PAGE = 0x20010000, END = PAGE + 0x1000, RO = 0x20020000, MISSING = 0x20030000, DEVICE = SYSCTL_BASE,
       FAILED = -1 };

static bool registers_kept;

/* r2-r12 and the flags must come back as they were. */
static int32_t call(uint32_t op, uint32_t block)
{
    uint32_t result, wrong;

    __asm__ volatile("push {r4-r11}\nmov r0, %2\nmov r1, %3\n"
                     "mov r2, #2\nmov r3, #3\nmov r4, #4\nmov r5, #5\nmov r6, #6\nmov r7, #7\nmov r8, #8\nmov r9, #9\n"
                     "mov r10, #10\nmov r11, #11\nmov r12, r1\nmsr cpsr_f, #0x90000000\n"
                     "svc #0x123456\n"
                     "sub r1, r1, r12\n"
                     "addmi r1, r1, #0\naddpl r1, r1, #1\naddvc r1, r1, #1\naddeq r1, r1, #1\naddcs r1, r1, #1\n"
                     "sub r2, r2, #2\nsub r3, r3, #3\nsub r4, r4, #4\nsub r5, r5, #5\nsub r6, r6, #6\nsub r7, r7, #7\n"
                     "sub r8, r8, #8\nsub r9, r9, #9\nsub r10, r10, #10\nsub r11, r11, #11\n"
                     "orr r1, r1, r2\norr r1, r1, r3\norr r1, r1, r4\norr r1, r1, r5\norr r1, r1, r6\norr r1, r1, r7\n"
                     "orr r1, r1, r8\norr r1, r1, r9\norr r1, r1, r10\norr r1, r1, r11\n"
                     "pop {r4-r11}\nmov r3, r1\nmov r2, r0\nmov %0, r2\nmov %1, r3"
                     : "=&r"(result), "=&r"(wrong) : "r"(op), "r"(block)
                     : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
    registers_kept &= !wrong;
    return (int32_t)result;
}

static int32_t call_args(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t block[4] = { a, b, c, d };

    return call(op, (uint32_t)block);
}

static int32_t error(void)
{
    return call(SYS_ERRNO, 0);
}

static bool fails(const char *what, int32_t result, int32_t want, int32_t number)
{
    int32_t got = error();

    if (result != want || got != number) {
        print("# %s: result %d, error %d, expected %d and %d\n", what, (int)result, (int)got, (int)want, (int)number);
    }
    return result == want && got == number;
}

/* A block that is not there at all, or whose last word is not. */
static void blocks(void)
{
    static const struct {
        uint32_t op, words;
        const char *name;
    } ops[] = {
        { SYS_OPEN, 3, "open" }, { SYS_CLOSE, 1, "close" }, { SYS_WRITEC, 1, "writec" }, { SYS_WRITE0, 1, "write0" },
        { SYS_WRITE, 3, "write" }, { SYS_READ, 3, "read" }, { SYS_ISERROR, 1, "iserror" }, { SYS_ISTTY, 1, "istty" },
        { SYS_SEEK, 2, "seek" }, { SYS_FLEN, 1, "flen" }, { SYS_TMPNAM, 3, "tmpnam" }, { SYS_REMOVE, 2, "remove" },
        { SYS_RENAME, 4, "rename" }, { SYS_GET_CMDLINE, 2, "get_cmdline" }, { SYS_HEAPINFO, 1, "heapinfo" },
        { SYS_ELAPSED, 2, "elapsed" }, { 0x20, 2, "exit_extended" },
    };
    static const uint32_t bad[] = { MISSING, DEVICE, 0xfffffffc, 0x50000001, END - 1 };
    bool missing = true, cut = true;

    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        for (unsigned k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
            /* One byte is enough for a character, or for an empty string. */
            if ((ops[i].op != SYS_WRITEC && ops[i].op != SYS_WRITE0) || bad[k] != END - 1) {
                missing &= fails(ops[i].name, call(ops[i].op, bad[k]), FAILED, EFAULT);
            }
        }
        if (ops[i].words > 1) {
            wr32(END - 4, 0x20025);
            cut &= fails(ops[i].name, call(ops[i].op, END - 4 * (ops[i].words - 1)), FAILED, EFAULT);
        }
    }
    ok(missing, "parameter blocks that are not in memory");
    ok(cut, "parameter blocks that end too early");
    ok(fails("elapsed", call(SYS_ELAPSED, RO), FAILED, EFAULT), "result into a read-only page");
    ok(fails("heapinfo", call_args(SYS_HEAPINFO, RO, 0, 0, 0), FAILED, EFAULT), "result by way of its pointer");
}

static void names_and_buffers(void)
{
    int32_t null;
    bool good = true;

    null = call_args(SYS_OPEN, (uint32_t)"/dev/null", 2, 9, 0);
    ok(null > 0, "open");
    good &= fails("open", call_args(SYS_OPEN, MISSING, 0, 9, 0), FAILED, EFAULT);
    good &= fails("open", call_args(SYS_OPEN, END - 4, 0, 9, 0), FAILED, EFAULT);
    good &= fails("open", call_args(SYS_OPEN, PAGE, 0, 0xffffffff, 0), FAILED, ENAMETOOLONG);
    good &= fails("open", call_args(SYS_OPEN, PAGE, 0, 0x80000000, 0), FAILED, ENAMETOOLONG);
    good &= fails("open", call_args(SYS_OPEN, (uint32_t)"/dev/null", 12, 9, 0), FAILED, EINVAL);
    good &= fails("open", call_args(SYS_OPEN, (uint32_t)"/dev/null", 0xffffffff, 9, 0), FAILED, EINVAL);
    good &= fails("remove", call_args(SYS_REMOVE, MISSING, 5, 0, 0), FAILED, EFAULT);
    good &= fails("rename", call_args(SYS_RENAME, (uint32_t)"/x", 2, DEVICE, 5), FAILED, EFAULT);
    good &= fails("rename", call_args(SYS_RENAME, MISSING, 2, (uint32_t)"/x", 2), FAILED, EFAULT);
    ok(good, "names");
    good = fails("write", call_args(SYS_WRITE, (uint32_t)null, MISSING, 100, 0), 100, EFAULT);
    good &= fails("write", call_args(SYS_WRITE, (uint32_t)null, DEVICE, 8, 0), 8, EFAULT);
    good &= fails("write", call_args(SYS_WRITE, (uint32_t)null, END - 16, 0xfffffff0, 0), -16, EFAULT);
    good &= call_args(SYS_WRITE, (uint32_t)null, END - 16, 16, 0) == 0;
    good &= call_args(SYS_WRITE, (uint32_t)null, MISSING, 0, 0) == 0;
    ok(good, "buffers to write from");
    good = fails("write0", call(SYS_WRITE0, MISSING), FAILED, EFAULT);
    good &= fails("write0", call(SYS_WRITE0, DEVICE + 8), FAILED, EFAULT);
    ok(good, "strings");
    int32_t zero = call_args(SYS_OPEN, (uint32_t)"/dev/zero", 0, 9, 0);
    memset((void *)PAGE, 0x55, 4096);
    good = fails("read", call_args(SYS_READ, (uint32_t)zero, MISSING, 100, 0), FAILED, EFAULT);
    good &= fails("read", call_args(SYS_READ, (uint32_t)zero, RO, 100, 0), FAILED, EFAULT);
    good &= fails("read", call_args(SYS_READ, (uint32_t)zero, END - 16, 32, 0), FAILED, EFAULT);
    good &= rd8(END - 17) == 0x55;
    good &= call_args(SYS_READ, (uint32_t)zero, PAGE + 3, 7, 0) == 0;
    good &= rd8(PAGE + 2) == 0x55 && rd8(PAGE + 3) == 0 && rd8(PAGE + 9) == 0 && rd8(PAGE + 10) == 0x55;
    good &= call_args(SYS_READ, (uint32_t)zero, MISSING, 0, 0) == 0;
    good &= fails("read", call_args(SYS_READ, (uint32_t)null, PAGE, 4, 0), 4, EFAULT);     /* nothing new failed */
    ok(good, "buffers to read into");
    good = fails("tmpnam", call_args(SYS_TMPNAM, MISSING, 1, 100, 0), FAILED, EFAULT);
    good &= fails("tmpnam", call_args(SYS_TMPNAM, PAGE, 1, 3, 0), FAILED, EINVAL);
    good &= fails("cmdline", call_args(SYS_GET_CMDLINE, MISSING, 1000, 0, 0), FAILED, EFAULT);
    good &= fails("cmdline", call_args(SYS_GET_CMDLINE, PAGE, 0, 0, 0), FAILED, E2BIG);
    good &= call_args(SYS_TMPNAM, PAGE, 1, 100, 0) == 0 && rd8(PAGE) == '/';
    ok(good, "names to be filled in");
    good = call_args(SYS_CLOSE, (uint32_t)zero, 0, 0, 0) == 0 && call_args(SYS_CLOSE, (uint32_t)null, 0, 0, 0) == 0;
    ok(good, "closed");
}

static void handles(void)
{
    static const uint32_t bad[] = { 0, 0xffffffff, 64, 65, 0x80000000, 1000000 };
    static const uint32_t ops[] = { SYS_CLOSE, SYS_ISTTY, SYS_SEEK, SYS_FLEN };
    bool good = true;
    uint32_t open = 0;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (unsigned k = 0; k < 4; k++) {
            good &= fails("handle", call_args(ops[k], bad[i], 0, 0, 0), FAILED, EBADF);
        }
        good &= fails("write", call_args(SYS_WRITE, bad[i], PAGE, 10, 0), 10, EBADF);
        good &= fails("read", call_args(SYS_READ, bad[i], PAGE, 10, 0), 10, EBADF);
    }
    ok(good, "handles that are not open");
    int32_t all[200], h;
    while (open < 200 && (h = call_args(SYS_OPEN, (uint32_t)"/dev/null", 0, 9, 0)) > 0) {
        all[open++] = h;
    }
    ok(open >= 16 && open < 200 && error() == EMFILE, "too many files");
    good = true;
    while (open) {
        good &= call_args(SYS_CLOSE, (uint32_t)all[--open], 0, 0, 0) == 0;
    }
    ok(good, "all closed");
    ok(fails("close", call_args(SYS_CLOSE, (uint32_t)all[0], 0, 0, 0), FAILED, EBADF), "closed twice");
}

static void rest(void)
{
    bool good = true;
    uint32_t elapsed[2] = { 0, 0 };

    good &= fails("system", call_args(SYS_SYSTEM, (uint32_t)"true", 4, 0, 0), FAILED, EPERM);
    good &= fails("unknown", call(0x77, 0), FAILED, ENOSYS);
    good &= fails("unknown", call(0xffffffff, MISSING), FAILED, ENOSYS);
    ok(good, "calls that do not exist");
    ok(call(SYS_ELAPSED, (uint32_t)elapsed) == 0 && (elapsed[0] | elapsed[1]), "time since the start");
    ok(call(SYS_CLOCK, MISSING) >= 0 && call(SYS_TIME, MISSING) > 0 && call(SYS_TICKFREQ, MISSING) > 0,
       "calls without a block");
    ok(call_args(SYS_ISERROR, 0xffffffff, 0, 0, 0) == 1 && call_args(SYS_ISERROR, 5, 0, 0, 0) == 0, "iserror");
    ok(registers_kept, "no register but r0 changed");
}

static uint32_t thumb_time(void)
{
    register uint32_t r0 __asm__("r0") = SYS_TIME;

    __asm__ volatile("adr r3, 1f + 1\nbx r3\n.thumb\n.balign 4\n1: svc #0xab\nnop\nbx pc\nnop\n.arm\n"
                     : "+r"(r0) : : "r1", "r3", "memory");
    return r0;
}

/* User programs of an operating system do not reach the host: theirs is a system call. */
static uint32_t svcs;

static void on_svc(struct exc *e)
{
    svcs++;
    e->r[0] = 0x5555;
}

static uint32_t user_call(uint32_t a, uint32_t b)
{
    (void)b;
    register uint32_t r0 __asm__("r0") = SYS_TIME;
    register uint32_t r1 __asm__("r1") = a;

    __asm__ volatile("svc #0x123456" : "+r"(r0) : "r"(r1) : "lr", "memory");
    return r0;
}

static void from_user_mode(void)
{
    exc_handle(EXC_SVC, on_svc);
    ok(user_run(user_call, 0, 0) == 0x5555 && svcs == 1, "a system call in User mode");
    exc_handle(EXC_SVC, NULL);
}

int test_main(void)
{
    uint32_t *l1 = mmu_new_table(), ro = (uint32_t)heap_alloc(4096, 4096);

    mmu_new_l2(l1, PAGE, 0);
    mmu_map_page(l1, PAGE, L2_SMALL((uint32_t)heap_alloc(4096, 4096), AP_RW));
    mmu_map_page(l1, RO, L2_SMALL(ro, AP_RO));
    mmu_on(l1);
    registers_kept = true;
    exc_expect();
    blocks();
    names_and_buffers();
    handles();
    rest();
    ok_eq(exc_seen(), 0, "no call raised anything");
    ok(thumb_time() > 1000000, "Thumb call");
    from_user_mode();
    return 0;
}
