/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the guest's functions, from the ELF files that were loaded into it. Filled on the main thread before the
 * CPUs run, constant afterwards. Implemented in util/elf-symbols.c.
 */
#ifndef QEMU_SYMBOLS_H
#define QEMU_SYMBOLS_H
#include <stdint.h>

/* Somebody will ask: before files are loaded, or none is looked at. */
void symbols_want(void);
/* The functions of an ELF file for 32-bit ARM, if it names any; whatever is wrong in it is passed over. Main thread. */
void symbols_add_elf(const uint8_t *data, uint32_t size);
/* The function that has this virtual address; NULL: none is known. Lives as long as the program. Any thread. */
const char *symbols_find(uint32_t address);
#endif
