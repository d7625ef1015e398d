/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording compares: a number that the fields of all devices, the CPUs among them, and perhaps memory make. The
 * CPUs stand still, and nothing is under way.
 */
#include <stdlib.h>
#include <string.h>
#include "hw/device.h"
#include "migration/internal.h"
#include "migration/ram.h"
#include "migration/replay.h"
#include "qemu/replay.h"
#include "target/arm/cp15.h"

/* Whole words; the rest of a text is hashed as if zeroes followed. */
static uint64_t hash(uint64_t h, const uint8_t *p, size_t bytes)
{
    for (; bytes; bytes -= MIN(bytes, sizeof(uint64_t)), p += sizeof(uint64_t)) {
        uint64_t v = 0;

        memcpy(&v, p, MIN(bytes, sizeof(v)));
        h = (h ^ GUINT64_FROM_LE(v)) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 29;
    }
    return h;
}

static uint64_t hash_devices(uint64_t h)
{
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        char *text = NULL;
        size_t bytes = 0;
        FILE *f = open_memstream(&text, &bytes);

        device_save(d, f);
        fclose(f);
        h = hash(h, (const uint8_t *)text, bytes);
        free(text);
    }
    return h;
}

static uint64_t hash_memory(uint64_t h)
{
    const MemoryRegion *r;

    for (size_t i = 0; (r = ram_next(&i)) != NULL;) {
        h = hash(h, memory_ram_host(r->ram_addr), r->size);
    }
    return h;
}

static uint64_t checksum(bool memory)
{
    uint64_t h;

    /* Who looks at the performance monitors brings their counters up to now: a debugger is to leave no trace. */
    for (int i = 0; i < migration_machine->smp; i++) {
        pmu_control_read(migration_machine->cpu[i]);
    }
    h = hash_devices(1);

    return memory ? hash_memory(h) : h;
}

void replay_state_init(void)
{
    replay_set_checksum(checksum);
    replay_seek_init();
}
