/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of reset handlers. Filled on the main thread while the machine is built, and when a device is plugged in;
 * walked by the I/O thread (the same thread, later) with all CPUs stopped, so it needs no lock. Handlers run in order
 * of registration: interrupt controllers come first in a board, then devices, then the boot loader.
 */
#include <stdlib.h>
#include <string.h>
#include "hw/boards.h"
#include "qemu/log.h"

typedef struct ResetEntry {
    void (*fn)(void *);
    void *opaque;
} ResetEntry;

static ResetEntry *reset_list;
static size_t reset_count, reset_room;

void qemu_register_reset(void (*fn)(void *), void *opaque)
{
    if (reset_count == reset_room) {
        reset_room = reset_room ? 2 * reset_room : 32;
        reset_list = realloc(reset_list, reset_room * sizeof(*reset_list));
        if (!reset_list) {
            error_exit("out of memory");
        }
    }
    reset_list[reset_count++] = (ResetEntry) { fn, opaque };
}

void qemu_unregister_reset(void (*fn)(void *), void *opaque)
{
    size_t i = 0;

    while (reset_list[i].fn != fn || reset_list[i].opaque != opaque) {
        i++;
    }
    memmove(&reset_list[i], &reset_list[i + 1], (--reset_count - i) * sizeof(*reset_list));
}

void qemu_devices_reset(void)
{
    qemu_log_mask(LOG_RESET, "machine reset\n");
    for (size_t i = 0; i < reset_count; i++) {
        reset_list[i].fn(reset_list[i].opaque);
    }
}
