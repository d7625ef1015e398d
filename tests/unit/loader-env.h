/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader's unit tests share: guest memory, which is an array in place of the memory map, and one test's
 * state. One thread.
 */
#ifndef TESTS_UNIT_LOADER_ENV_H
#define TESTS_UNIT_LOADER_ENV_H
#include <glib.h>
#include "hw/arm/boot-image.h"

enum { RAM_SIZE = 16 << 20 };
extern uint8_t ram[RAM_SIZE];
uint32_t ram32(uint32_t addr);

/* What was loaded, the message of a failure, the number of warnings and of lines in the log of guests' errors. */
extern BootBlobs blobs;
extern char *err;
extern unsigned warnings, log_lines;
/* Nothing loaded, no message, RAM full of 0xaa. */
void fresh(void);
/* There is a message; it is one line and has this part. */
void expect_error(const char *part);
#endif
