/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Semihosting: files, strings, blocks in guest memory, and guests that pass nonsense. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chardev/char.h"
#include "exec/memory.h"
#include "hw/semihosting.h"
#include "hw/boards.h"
#include "sysemu/cpu-hold.h"
#include "sysemu/runstate.h"
#include "target/arm/cpu.h"
#include "tests/unit/arm-env.h"

enum { BLOCK = 0x1000, NAME = 0x2000, BUF = 0x3000 };
enum { OPEN = 1, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY, SEEK, FLEN = 12, TMPNAM, REMOVE, RENAME,
       CLOCK, SYSTEM = 0x12, ERRNO, GET_CMDLINE = 0x15, HEAPINFO, EXIT = 0x18, EXIT_EXTENDED = 0x20, ELAPSED = 0x30 };

static int exit_code = -1;

/* The accelerator's part: the one CPU is held, and finishes its instruction at its "main loop". */
static uint32_t held;           /* atomic */
static void (*finish)(CPUARMState *), (*interrupt)(CPUARMState *);

void cpu_hold(CPUHold *h)
{
    __atomic_store_n(&held, 1, __ATOMIC_SEQ_CST);
}

void cpu_hold_end(CPUHold *h)
{
    __atomic_store_n(&held, 0, __ATOMIC_SEQ_CST);
}

bool cpu_is_held(CPUARMState *e)
{
    return __atomic_load_n(&held, __ATOMIC_SEQ_CST);
}

void cpu_leave_instruction(CPUARMState *e, void (*then)(CPUARMState *), void (*on_interrupt)(CPUARMState *))
{
    finish = then;
    interrupt = on_interrupt;
    cpu_loop_exit(e);
}

Chardev *chardev_of_stdout(void)
{
    return NULL;
}

void chardev_write(Chardev *chr, const uint8_t *buf, int len)
{
}

void chardev_attach(Chardev *chr, const CharFrontend *fe)
{
}

void chardev_accept_input(Chardev *chr)
{
}

static uint32_t finish_helper(CPUARMState *e, uint32_t a, uint32_t b, uint32_t c)
{
    void (*f)(CPUARMState *) = finish;

    finish = NULL;
    f(e);
    return 0;
}

/* What the main loop does until the instruction has ended. */
static void main_loop(void)
{
    while (finish) {
        while (cpu_is_held(env)) {
            usleep(100);
        }
        raises(finish_helper, 0, 0);
    }
}

void qemu_system_shutdown_request(int code)
{
    exit_code = code;
}

static uint32_t word(uint32_t addr)
{
    uint32_t v;

    memcpy(&v, &test_ram[addr], 4);
    return v;
}

static int32_t call(uint32_t op, uint32_t param)
{
    env->regs[0] = op;
    env->regs[1] = param;
    env->regs[15] = 0x100;
    if (raises(helper_semihosting, 0, 0)) {
        CHECK(finish != NULL);
        main_loop();
        CHECK_EQ(env->regs[15], 0x104);
    }
    return (int32_t)env->regs[0];
}

static int32_t call_block(uint32_t op, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    ram_write32(BLOCK, a);
    ram_write32(BLOCK + 4, b);
    ram_write32(BLOCK + 8, c);
    ram_write32(BLOCK + 12, d);
    return call(op, BLOCK);
}

static int32_t open_file(const char *name, uint32_t mode)
{
    strcpy((char *)&test_ram[NAME], name);
    return call_block(OPEN, NAME, mode, (uint32_t)strlen(name), 0);
}

static void test_files(void)
{
    char name[] = "/tmp/test-semihosting-XXXXXX", other[64];
    int fd = mkstemp(name);
    int32_t h;

    env_reset();
    close(fd);
    h = open_file(name, 6);             /* "w+" */
    CHECK(h > 0);
    memcpy(&test_ram[BUF], "0123456789", 10);
    CHECK_EQ(call_block(WRITE, (uint32_t)h, BUF, 10, 0), 0);
    CHECK_EQ(call_block(FLEN, (uint32_t)h, 0, 0, 0), 10);
    CHECK_EQ(call_block(SEEK, (uint32_t)h, 4, 0, 0), 0);
    CHECK_EQ(call_block(READ, (uint32_t)h, BUF + 0x3fe, 100, 0), 94);
    CHECK(!memcmp(&test_ram[BUF + 0x3fe], "456789", 6));
    CHECK_EQ(call_block(READ, (uint32_t)h, BUF, 100, 0), 100);         /* end of file */
    CHECK_EQ(call_block(ISTTY, (uint32_t)h, 0, 0, 0), 0);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), -1);
    CHECK_EQ(call(ERRNO, 0), EBADF);
    CHECK_EQ(call_block(READ, (uint32_t)h, BUF, 100, 0), 100);
    CHECK_EQ(call_block(WRITE, 0, BUF, 100, 0), 100);
    CHECK_EQ(call_block(FLEN, 0xffffffff, 0, 0, 0), -1);

    snprintf(other, sizeof(other), "%s.b", name);
    strcpy((char *)&test_ram[NAME], name);
    strcpy((char *)&test_ram[NAME + 100], other);
    CHECK_EQ(call_block(RENAME, NAME, (uint32_t)strlen(name), NAME + 100, (uint32_t)strlen(other)), 0);
    CHECK(access(other, F_OK) == 0);
    CHECK_EQ(call_block(REMOVE, NAME + 100, (uint32_t)strlen(other), 0, 0), 0);
    CHECK(access(other, F_OK) != 0);
    CHECK_EQ(open_file(name, 0), -1);
    CHECK_EQ(call(ERRNO, 0), ENOENT);
    test_done("files");
}

static void test_limits(void)
{
    int32_t h;
    int n;

    env_reset();
    CHECK_EQ(open_file("/dev/null", 12), -1);
    for (n = 0; n < 1000 && open_file("/dev/null", 0) > 0; n++) {
    }
    CHECK(n >= 32 && n < 1000);
    CHECK_EQ(call(ERRNO, 0), EMFILE);
    for (h = 1; h <= n; h++) {
        CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    }
    /* Lengths and addresses beyond memory. */
    h = open_file("/dev/zero", 0);
    CHECK(h > 0);
    CHECK_EQ(call_block(READ, (uint32_t)h, TEST_RAM_SIZE - 16, 0xffffffff, 0), -1);
    CHECK_EQ(call_block(READ, (uint32_t)h, 0xfffffff0, 64, 0), -1);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    h = open_file("/dev/null", 4);
    CHECK(call_block(WRITE, (uint32_t)h, BUF, 0xffffffff, 0) != 0);
    CHECK_EQ(call(ERRNO, 0), EFAULT);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    CHECK_EQ(call_block(OPEN, NAME, 0, 0xffffffff, 0), -1);
    CHECK_EQ(call_block(OPEN, TEST_RAM_SIZE, 0, 8, 0), -1);
    CHECK_EQ(call(OPEN, 0xfffffffc), -1);
    CHECK_EQ(call(WRITE0, TEST_RAM_SIZE), -1);
    CHECK_EQ(call(0x77, BLOCK), -1);
    CHECK_EQ(call_block(SYSTEM, NAME, 4, 0, 0), -1);
    test_done("limits");
}

/* A C library keeps output back until its end only if this says that nobody waits for it. h: standard output. */
static void check_console_is_tty(uint32_t h)
{
    int out = dup(STDOUT_FILENO), terminal = posix_openpt(O_RDWR | O_NOCTTY), null = open("/dev/null", O_WRONLY);
    int32_t on_null, on_terminal;

    dup2(null, STDOUT_FILENO);
    on_null = call_block(ISTTY, h, 0, 0, 0);
    dup2(terminal, STDOUT_FILENO);
    on_terminal = call_block(ISTTY, h, 0, 0, 0);
    dup2(out, STDOUT_FILENO);
    close(null);
    close(terminal);
    close(out);
    CHECK_EQ(on_null, 0);
    CHECK_EQ(on_terminal, 1);
}

/* newlib's fstat() is this call: consoles, pipes and devices have no bytes, which is no error. */
static void test_length_of_what_has_none(void)
{
    int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY), pipes[2];
    int32_t on_null, on_pipe, h;

    env_reset();
    h = open_file(":tt", 4);
    CHECK(h > 0 && pipe(pipes) == 0);
    dup2(null, STDOUT_FILENO);
    on_null = call_block(FLEN, (uint32_t)h, 0, 0, 0);
    dup2(pipes[1], STDOUT_FILENO);
    on_pipe = call_block(FLEN, (uint32_t)h, 0, 0, 0);
    dup2(out, STDOUT_FILENO);
    close(null);
    close(out);
    close(pipes[0]);
    close(pipes[1]);
    CHECK_EQ(on_null, 0);
    CHECK_EQ(on_pipe, 0);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    h = open_file("/dev/zero", 0);
    CHECK_EQ(call_block(FLEN, (uint32_t)h, 0, 0, 0), 0);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    test_done("the length of what has none");
}

static void test_misc(void)
{
    int32_t h;

    env_reset();
    semihosting_set_cmdline("prog a b");
    CHECK_EQ(call_block(GET_CMDLINE, BUF, 9, 0, 0), 0);
    CHECK(!strcmp((char *)&test_ram[BUF], "prog a b"));
    CHECK_EQ(word(BLOCK + 4), 8);
    CHECK_EQ(call_block(GET_CMDLINE, BUF, 8, 0, 0), -1);
    semihosting_set_heap(0x10000, 0x80000);
    CHECK_EQ(call_block(HEAPINFO, BUF, 0, 0, 0), 0);
    CHECK_EQ(word(BUF), 0x10000);
    CHECK_EQ(word(BUF + 4), 0x80000);
    CHECK_EQ(word(BUF + 8), 0x80000);
    CHECK_EQ(word(BUF + 12), 0x10000);
    CHECK_EQ(call_block(ISERROR, 0xffffffff, 0, 0, 0), 1);
    CHECK_EQ(call_block(ISERROR, 0, 0, 0, 0), 0);
    fake_clock_set(0x123456789ll);
    CHECK_EQ(call(ELAPSED, BUF), 0);
    CHECK_EQ(word(BUF), 0x23456789);
    CHECK_EQ(word(BUF + 4), 1);
    CHECK_EQ(call(CLOCK, 0), 488);
    CHECK_EQ(call_block(TMPNAM, BUF, 7, 64, 0), 0);
    CHECK(!strncmp((char *)&test_ram[BUF], "/tmp/", 5));
    CHECK_EQ(call_block(TMPNAM, BUF, 7, 4, 0), -1);
    h = open_file(":semihosting-features", 0);
    CHECK_EQ(call_block(FLEN, (uint32_t)h, 0, 0, 0), 5);
    CHECK_EQ(call_block(READ, (uint32_t)h, BUF, 4, 0), 0);
    CHECK(!memcmp(&test_ram[BUF], "SHFB", 4));
    CHECK_EQ(call_block(READ, (uint32_t)h, BUF, 4, 0), 3);
    CHECK_EQ(test_ram[BUF], 3);
    h = open_file(":tt", 4);
    check_console_is_tty((uint32_t)h);
    CHECK_EQ(call_block(SEEK, (uint32_t)h, 0, 0, 0), -1);
    /* Big-endian guests have big-endian blocks. */
    env->cpsr |= CPSR_E;
    CHECK_EQ(call_block(ISERROR, 0x80, 0, 0, 0), 1);
    env->cpsr &= ~CPSR_E;
    test_done("misc");
}

static void test_waiting(void)
{
    int fds[2];

    env_reset();
    CHECK_EQ(pipe(fds), 0);
    dup2(fds[0], STDIN_FILENO);
    env->regs[0] = READC;
    env->regs[15] = 0x201;
    CHECK(raises(helper_semihosting, 0, 0));
    CHECK(cpu_is_held(env) && finish && interrupt);
    interrupt(env);
    main_loop();
    CHECK_EQ(env->regs[0], READC);                      /* again later, nothing changed */
    CHECK_EQ(env->regs[15], 0x201);
    CHECK_EQ(env->exception, EXCP_NONE);
    CHECK_EQ(write(fds[1], "xy", 2), 2);
    CHECK_EQ(call(READC, 0), 'x');
    CHECK_EQ(call(READC, 0), 'y');
    close(fds[1]);
    CHECK_EQ(call(READC, 0), -1);
    close(fds[0]);
    test_done("waiting for input");
}

/* A FIFO whose reader does not read: a reset drops the call, and the next one works. */
static void test_reset(void)
{
    char name[] = "/tmp/test-semihosting-XXXXXX";
    static char data[1 << 20];
    int32_t h;
    int reader;

    env_reset();
    CHECK(mkdtemp(name) != NULL);
    strcat(strcpy((char *)&test_ram[NAME], name), "/fifo");
    CHECK_EQ(mkfifo((char *)&test_ram[NAME], 0600), 0);
    reader = open((char *)&test_ram[NAME], O_RDONLY | O_NONBLOCK);
    h = call_block(OPEN, NAME, 4, (uint32_t)strlen((char *)&test_ram[NAME]), 0);
    CHECK(h > 0);
    ram_write32(BLOCK, (uint32_t)h);
    ram_write32(BLOCK + 4, 0);
    ram_write32(BLOCK + 8, sizeof(test_ram));
    env->regs[0] = WRITE;
    env->regs[1] = BLOCK;
    CHECK(raises(helper_semihosting, 0, 0));
    /* One piece fills the pipe, the next one waits. */
    while (cpu_is_held(env)) {
        usleep(100);
    }
    CHECK(raises(finish_helper, 0, 0));
    usleep(10000);
    CHECK(cpu_is_held(env) && !interrupt);
    qemu_devices_reset();
    finish = NULL;
    held = 0;
    CHECK_EQ(call_block(ISTTY, (uint32_t)h, 0, 0, 0), 0);
    CHECK_EQ(call_block(CLOSE, (uint32_t)h, 0, 0, 0), 0);
    /* The other end sees the end of the file once the abandoned call is over. */
    for (int i = 0; i < 10000 && read(reader, data, sizeof(data)) != 0; i++) {
        usleep(1000);
    }
    CHECK_EQ(read(reader, data, sizeof(data)), 0);
    close(reader);
    unlink((char *)&test_ram[NAME]);
    rmdir(name);
    test_done("a reset drops what the CPU waits for");
}

static void test_exit(void)
{
    env_reset();
    env->regs[0] = EXIT;
    env->regs[1] = 0x20026;
    CHECK(raises(helper_semihosting, 0, 0));
    CHECK_EQ(exit_code, 0);
    CHECK_EQ(env_calls.wfi, 1);
    env->regs[1] = 0x20023;
    CHECK(raises(helper_semihosting, 0, 0));
    CHECK_EQ(exit_code, 1);
    ram_write32(BLOCK, 0x20026);
    ram_write32(BLOCK + 4, 42);
    env->regs[0] = EXIT_EXTENDED;
    env->regs[1] = BLOCK;
    CHECK(raises(helper_semihosting, 0, 0));
    CHECK_EQ(exit_code, 42);
    CHECK_EQ(env->exception, EXCP_NONE);
    /* A user program's SVC is the operating system's. */
    exit_code = -1;
    cpsr_write(env, ARM_MODE_USR, CPSR_M);
    CHECK(raises(helper_semihosting, 0, 0));
    CHECK_EQ(exit_code, -1);
    CHECK_EQ(env->exception, EXCP_SWI);
    test_done("exit");
}

int main(void)
{
    semihosting_init();
    test_files();
    test_limits();
    test_length_of_what_has_none();
    test_misc();
    test_waiting();
    test_reset();
    test_exit();
    return test_finish();
}
