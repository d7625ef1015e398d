/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The I/O thread's works and memory that a device stands before: in place of
 * util/io-loop.c and accel/tcg/rom.c. One thread.
 */
#ifndef TESTS_UNIT_FAKE_IO_H
#define TESTS_UNIT_FAKE_IO_H

/* Call what was posted, and what that posts; returns how many calls. */
unsigned fake_io_run(void);
extern unsigned fake_rom_hidden;        /* how often memory that was shown was hidden */
#endif
