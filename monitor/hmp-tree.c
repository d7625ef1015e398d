/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's view of the devices: "info qtree" (where they are), "info qom-tree" (what they are made of). I/O
 * thread.
 */
#include <string.h>
#include <glib.h>
#include "hw/device.h"
#include "monitor/monitor-internal.h"
#include "sysemu/sysemu.h"

enum { SHOWN_MAX = 8 };                 /* elements of an array */

void hmp_info_qtree(Monitor *mon, char **argv)
{
    monitor_puts(mon, "bus: main-system-bus\n  type System\n");
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        const MemoryRegion *r;

        monitor_printf(mon, "  dev: %s, id \"%s\"\n", d->class->name, d->name);
        for (size_t i = 0; (r = memory_region_at(i)) != NULL; i++) {
            if (r->opaque == d) {
                monitor_printf(mon, "    mmio %016x/%016x\n", r->base, r->size);
            }
        }
    }
}

static void print_field(Monitor *mon, const Device *d, const DeviceField *field)
{
    const uint32_t count = field->count * field->structs;

    if (field->is_blob) {
        return;
    }
    monitor_printf(mon, "  %s =", field->name);
    for (uint32_t i = 0; i < MIN(count, (uint32_t)SHOWN_MAX); i++) {
        monitor_printf(mon, " %#llx", (unsigned long long)device_field_value(d, field, i));
    }
    if (count > SHOWN_MAX) {
        monitor_printf(mon, " ... (%u)", count);
    }
    monitor_puts(mon, "\n");
}

static void print_device(Monitor *mon, Device *d)
{
    monitor_printf(mon, "/machine/%s (%s, version %u)\n", d->name, d->class->name, d->class->version);
    runstate_hold_cpus();
    counted_lock(&d->lock);
    for (const DeviceField *field = d->class->fields; field && field->name; field++) {
        print_field(mon, d, field);
    }
    counted_unlock(&d->lock);
    runstate_release_cpus();
    for (const MMIORegister *r = d->class->registers; r && r->name; r++) {
        monitor_printf(mon, "  register +0x%03x %s\n", r->offset, r->name);
    }
}

static bool is_root(const char *path)
{
    return !strcmp(path, "/machine") || !strcmp(path, "/machine/") || !strcmp(path, "/");
}

/* The device at the path; NULL: there is none, and a line says so. */
static Device *find(Monitor *mon, const char *path)
{
    Device *d = device_find(g_str_has_prefix(path, "/machine/") ? path + strlen("/machine/") : path);

    if (!d) {
        monitor_printf(mon, "there is no device '%s' ('info qom-tree' lists them)\n", path);
    }
    return d;
}

/* argv: [PATH] */
void hmp_qom_list(Monitor *mon, char **argv)
{
    const Device *d;

    if (!argv[0]) {
        monitor_puts(mon, "/\n");
    } else if (!strcmp(argv[0], "/")) {
        monitor_printf(mon, "machine (child<%s-machine>)\n", mon->machine->mc->name);
    } else if (is_root(argv[0])) {
        for (d = device_next(NULL); d; d = device_next(d)) {
            monitor_printf(mon, "%s (child<%s>)\n", d->name, d->class->name);
        }
    } else if ((d = find(mon, argv[0])) != NULL) {
        for (const DeviceField *field = d->class->fields; field && field->name; field++) {
            if (!field->is_blob) {
                monitor_printf(mon, "%s (uint%d%s)\n", field->name, field->size * 8,
                               field->count * field->structs > 1 ? "[]" : "");
            }
        }
    }
}

/* argv: PATH PROPERTY */
void hmp_qom_get(Monitor *mon, char **argv)
{
    Device *d = is_root(argv[0]) ? NULL : find(mon, argv[0]);
    const DeviceField *field = d ? d->class->fields : NULL;

    if (!strcmp(argv[1], "type") && (d || is_root(argv[0]))) {
        monitor_printf(mon, "\"%s%s\"\n", d ? d->class->name : mon->machine->mc->name, d ? "" : "-machine");
        return;
    }
    if (!d && !is_root(argv[0])) {
        return;
    }
    while (field && field->name && (field->is_blob || strcmp(field->name, argv[1]))) {
        field++;
    }
    if (!field || !field->name) {
        monitor_printf(mon, "Error: Property '%s.%s' not found\n", argv[0], argv[1]);
        return;
    }
    runstate_hold_cpus();
    counted_lock(&d->lock);
    for (uint32_t i = 0; i < field->count * field->structs; i++) {
        monitor_printf(mon, i ? " %llu" : "%llu", (unsigned long long)device_field_value(d, field, i));
    }
    counted_unlock(&d->lock);
    runstate_release_cpus();
    monitor_puts(mon, "\n");
}

/* Without an argument all devices; with the name of one, its state and the names of its registers. */
void hmp_info_qom_tree(Monitor *mon, char **argv)
{
    const char *name = argv[0];
    Device *d;

    if (name) {
        d = find(mon, name);
        if (d) {
            print_device(mon, d);
        }
        return;
    }
    monitor_printf(mon, "/machine (%s-machine)\n", mon->machine->mc->name);
    for (d = device_next(NULL); d; d = device_next(d)) {
        monitor_printf(mon, "  /%s (%s)\n", d->name, d->class->name);
    }
}
