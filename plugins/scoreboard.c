/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What plugins keep of each CPU (scoreboards, of version 2), and a CPU's registers. A CPU's element is its own: the
 * plugin uses it on the CPU's thread, or while no CPU runs. No locks.
 */
#include <string.h>
#include "plugins/plugin-internal.h"
#include "target/arm/debug-regs.h"

/* Elements begin in lines of their own, so that CPUs do not share any. */
enum { LINE = 64 };

struct qemu_plugin_scoreboard {
    size_t stride;
    uint8_t *memory, *first;    /* as it was allocated; CPU 0's element */
};

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size)
{
    struct qemu_plugin_scoreboard *s = g_new0(struct qemu_plugin_scoreboard, 1);

    s->stride = MAX((element_size + LINE - 1) / LINE, 1) * LINE;
    s->memory = g_malloc0(s->stride * (size_t)plugin_cpus + LINE);
    s->first = s->memory + (LINE - (uintptr_t)s->memory % LINE) % LINE;
    return s;
}

void qemu_plugin_scoreboard_free(struct qemu_plugin_scoreboard *score)
{
    if (score) {
        g_free(score->memory);
        g_free(score);
    }
}

void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index)
{
    return vcpu_index < (unsigned)plugin_cpus ? score->first + score->stride * vcpu_index : NULL;
}

int qemu_plugin_num_vcpus(void)
{
    return plugin_cpus;
}

size_t plugin_entry_stride(qemu_plugin_u64 entry)
{
    return entry.score->stride;
}

uint64_t *plugin_entry(qemu_plugin_u64 entry, unsigned cpu)
{
    return (uint64_t *)(void *)(entry.score->first + entry.score->stride * cpu + entry.offset);
}

void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added)
{
    *plugin_entry(entry, vcpu_index) += added;
}

uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index)
{
    return *plugin_entry(entry, vcpu_index);
}

void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val)
{
    *plugin_entry(entry, vcpu_index) = val;
}

uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry)
{
    uint64_t sum = 0;

    for (int i = 0; i < plugin_cpus; i++) {
        sum += *plugin_entry(entry, (unsigned)i);
    }
    return sum;
}

/* ---- registers: a handle is the debugger's number, and 1 so that none is NULL ---- */

GArray *qemu_plugin_get_registers(void)
{
    GArray *list = g_array_new(false, false, sizeof(qemu_plugin_reg_descriptor));
    qemu_plugin_reg_descriptor d;

    for (unsigned i = 0; i < DEBUG_REG_SYSTEM || debug_reg_size(i); i++) {
        if (debug_reg_describe(i, &d.name, &d.feature)) {
            d.handle = (struct qemu_plugin_register *)(uintptr_t)(i + 1);
            g_array_append_val(list, d);
        }
    }
    return list;
}

int qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf)
{
    uint8_t value[DEBUG_REG_MAX_BYTES];
    unsigned bytes = handle ? instrument_register((unsigned)(uintptr_t)handle - 1, value) : 0;

    if (!bytes) {
        return -1;
    }
    g_byte_array_append(buf, value, bytes);
    return (int)bytes;
}

/* ---- time: it is the machine's own; as when another plugin has it ---- */

const void *qemu_plugin_request_time_control(void)
{
    return NULL;
}

void qemu_plugin_update_ns(const void *handle, int64_t time)
{
}
