/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of register accesses: DEVICE.REGISTER.read and .write for each register that a region's list names, and
 * DEVICE.other.read and .write for the rest of it.
 *
 * Which are on is chosen on the main thread. A region gets its bytes, one per register, when the first of its events
 * is switched on, and keeps them; accesses look at them on any thread (relaxed).
 */
#include <glib.h>
#include "exec/memory.h"
#include "qemu/trace.h"

enum { TRACED_READ = 1, TRACED_WRITE = 2 };

static unsigned num_registers(const MemoryRegion *r)
{
    unsigned n = 0;

    while (r->registers && r->registers[n].name) {
        n++;
    }
    return n;
}

static unsigned register_number(const MemoryRegion *r, uint32_t offset)
{
    return r->registers ? (unsigned)(memory_register_at(r, offset) - r->registers) : 0;
}

/* Of register n, or of what has no name. */
static char *event_name(const MemoryRegion *r, unsigned n, bool write)
{
    return g_strdup_printf("%s.%s.%s", r->name, r->registers && r->registers[n].name ? r->registers[n].name : "other",
                           write ? "write" : "read");
}

static void visit_event(MemoryRegion *r, unsigned n, bool write, TraceVisit *visit, void *opaque)
{
    uint8_t *traced = r->traced, bit = write ? TRACED_WRITE : TRACED_READ;
    bool was_on = traced && (traced[n] & bit);
    char *name = event_name(r, n, write);
    bool on = visit(opaque, name, NULL, was_on);

    g_free(name);
    if (on == was_on) {
        return;
    }
    if (!traced) {
        traced = g_new0(uint8_t, num_registers(r) + 1);
        __atomic_store_n(&r->traced, traced, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&traced[n], traced[n] ^ bit, __ATOMIC_RELAXED);
}

static void each_register(TraceVisit *visit, void *opaque)
{
    MemoryRegion *r;

    for (size_t i = 0; (r = memory_region_at(i)) != NULL; i++) {
        for (unsigned n = 0; r->ops && n <= num_registers(r); n++) {
            visit_event(r, n, false, visit, opaque);
            visit_event(r, n, true, visit, opaque);
        }
    }
}

void memory_trace_init(void)
{
    trace_add_source(each_register);
}

void memory_trace_access(const MemoryRegion *r, bool write, uint32_t offset, uint32_t value, unsigned size,
                         unsigned cpu)
{
    unsigned n = register_number(r, offset);
    const uint8_t *traced = __atomic_load_n(&r->traced, __ATOMIC_ACQUIRE);

    if (__atomic_load_n(&traced[n], __ATOMIC_RELAXED) & (write ? TRACED_WRITE : TRACED_READ)) {
        char *name = event_name(r, n, write);

        trace_named(name, "cpu=%u offset=0x%x size=%u value=0x%0*x", cpu, offset, size, (int)(2 * size), value);
        g_free(name);
    }
}
