/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole board, with disks, network, serial lines and virtual devices, for fuzz targets. One thread. */
#ifndef TESTS_FUZZ_BOARD_H
#define TESTS_FUZZ_BOARD_H
#include <stdbool.h>
#include <stdint.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "net/net.h"

enum { FUZZ_MAX_DEVICES = 256, FUZZ_STEP_BYTES = 8 };

extern MachineState fuzz_machine;
extern uint8_t *fuzz_ram;               /* 1 MiB */
extern NetBackend *fuzz_network;        /* the board's own card's */
extern const MemoryRegion *fuzz_device[FUZZ_MAX_DEVICES];       /* regions of registers */
extern unsigned fuzz_num_devices;
/* What has gone wrong around a device; NULL: nothing. Whoever looks at it resets it. */
extern const char *fuzz_error;
extern bool fuzz_reset_wanted;          /* a device has asked for a reset */

/* Once. An image behind the flash is 64 MiB that are read whenever a state is loaded. */
void fuzz_board_init(bool with_flash);
void fuzz_board_reset(void);
/* Disks end what they have begun, and posted work is done. */
void fuzz_board_answer(void);
/* And then timers fire; as by the real clock, one that is due often fires late rather than more often. */
void fuzz_board_advance(int64_t ns);
/* As many characters as `value` says for a serial line or a virtual port; a break on a line. */
void fuzz_characters(unsigned n, uint32_t value);
void fuzz_break(unsigned n);
/*
 * Eight bytes: a register is read or written with 1, 2 or 4 bytes by any CPU at any offset of any device or of nothing,
 * a word is put into RAM, characters, keys or a frame come, time passes, the machine is reset. steps.c.
 */
void fuzz_step(const uint8_t *p);
#endif
