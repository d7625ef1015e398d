/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For test-gdb.py: semihosting that a debugger carries out. The command line is a file's name; the file is written,
 * measured, read back in part, and renamed by ".2" at its end. The exit code says at which step it failed (0: at none).
 */
#include "runtime.h"
#include "semihosting.h"

enum { SYS_OPEN = 1, SYS_CLOSE, SYS_WRITEC, SYS_WRITE0, SYS_WRITE, SYS_READ, SYS_ISTTY = 9, SYS_SEEK, SYS_FLEN = 12,
       SYS_REMOVE = 14, SYS_RENAME, SYS_ERRNO = 0x13, SYS_GET_CMDLINE = 0x15, SYS_EXIT_EXTENDED = 0x20,
       APPLICATION_EXIT = 0x20026, OPEN_W = 4, OPEN_WPLUS = 6, BYTES = 100000, AT = 30000 };

static char name[256], other[260], console[] = ":tt";
static uint8_t out[BYTES], in[BYTES];

/* Where the test steps. */
int32_t stepped_call(uint32_t op, uint32_t arg);
__asm__(".text\n.arm\n.global stepped_call\n.type stepped_call, %function\n"
        "stepped_call: svc #0x123456\n"
        "   bx lr\n"
        ".size stepped_call, . - stepped_call\n");

static uint32_t steps;

/* The next step; ends the program if it failed. */
static void expect(bool good)
{
    steps++;
    if (!good) {
        call_args(SYS_EXIT_EXTENDED, APPLICATION_EXIT, steps, 0, 0);
    }
}

int test_main(void)
{
    uint32_t length;
    int32_t file;

    expect(!call_args(SYS_GET_CMDLINE, (uint32_t)name, sizeof(name), 0, 0));
    length = strlen(name);
    memcpy(other, name, length);
    memcpy(other + length, ".2", 3);
    for (uint32_t i = 0; i < BYTES; i++) {
        out[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    expect(!stepped_call(SYS_WRITE0, (uint32_t)"written by the guest\n"));
    file = call_args(SYS_OPEN, (uint32_t)console, OPEN_W, 3, 0);
    expect(file > 0 && !call_args(SYS_WRITE, (uint32_t)file, (uint32_t)"to the console\n", 15, 0));
    file = call_args(SYS_OPEN, (uint32_t)name, OPEN_WPLUS, length, 0);
    expect(file > 0);
    expect(!call_args(SYS_WRITE, (uint32_t)file, (uint32_t)out, BYTES, 0));
    expect(call_args(SYS_FLEN, (uint32_t)file, 0, 0, 0) == BYTES);
    expect(!call_args(SYS_SEEK, (uint32_t)file, AT, 0, 0));
    expect(call_args(SYS_READ, (uint32_t)file, (uint32_t)in, BYTES, 0) == AT);
    expect(!memcmp(in, out + AT, BYTES - AT));
    expect(call_args(SYS_ISTTY, (uint32_t)file, 0, 0, 0) == 0);
    expect(!call_args(SYS_CLOSE, (uint32_t)file, 0, 0, 0));
    expect(!call_args(SYS_RENAME, (uint32_t)name, length, (uint32_t)other, length + 2));
    expect(call_args(SYS_REMOVE, (uint32_t)name, length, 0, 0) == -1 && call(SYS_ERRNO, 0) == 2);
    call_args(SYS_EXIT_EXTENDED, APPLICATION_EXIT, 0, 0, 0);
    return 0;
}
