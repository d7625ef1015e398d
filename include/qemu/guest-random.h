/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers that a guest gets to see. Main (= I/O) thread. */
#ifndef QEMU_GUEST_RANDOM_H
#define QEMU_GUEST_RANDOM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* -seed: the same numbers at every start, instead of the host's; before the first is drawn. */
/* With a seed: the one that gives what comes now. */
uint64_t guest_random_state(void);
void guest_random_seed(uint64_t seed);
/* Fill buf, at most 256 bytes; false: the host has none. */
bool guest_random(void *buf, size_t len);
#endif
