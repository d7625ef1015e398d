/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's list of devices; their state as bytes is device-state.c. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "hw/boards.h"
#include "hw/device.h"
#include "qemu/log.h"

enum { ALIGNMENT = 64 };

const DeviceField device_no_state[] = { { 0 } };

static Device *first, **last = &first;

void *device_new_lock(const DeviceClass *class, const char *name, const char *lock_name)
{
    size_t size = (class->state_size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    Device *d = aligned_alloc(ALIGNMENT, size);

    g_assert(class->fields);
    if (!d) {
        error_exit("out of memory");
    }
    memset(d, 0, size);
    d->name = name;
    d->class = class;
    if (lock_name) {
        counted_lock_init(&d->lock, lock_name, false);
    }
    return d;
}

void *device_new(const DeviceClass *class, const char *name)
{
    return device_new_lock(class, name, name);
}

char *device_try_add(Device *d)
{
    char *problem = d->class->realize ? d->class->realize(d) : NULL;

    if (problem) {
        return problem;
    }
    *last = d;
    last = &d->next;
    if (d->class->reset) {
        d->class->reset(d);
        qemu_register_reset(d->class->reset, d);
    }
    return NULL;
}

void device_add(Device *d)
{
    char *problem = device_try_add(d);

    if (problem) {
        error_exit("%s", problem);
    }
}

void device_remove(Device *d)
{
    Device **at = &first;

    while (*at != d) {
        at = &(*at)->next;
    }
    *at = d->next;
    if (!*at) {
        last = at;
    }
    if (d->class->reset) {
        qemu_unregister_reset(d->class->reset, d);
    }
}

void device_map(Device *d, uint32_t base, uint32_t size, const MMIOOps *ops)
{
    memory_add_mmio(base, size, ops, d, d->name)->registers = d->class->registers;
}

Device *device_next(const Device *d)
{
    return d ? d->next : first;
}

Device *device_find(const char *name)
{
    Device *d = first;

    while (d && strcmp(d->name, name)) {
        d = d->next;
    }
    return d;
}

static const char *saving_refused;       /* constant after the start */

void devices_refuse_saving(const char *why)
{
    saving_refused = why;
}

const char *devices_saving_refused(void)
{
    return saving_refused;
}

char *devices_save_problem(void)
{
    char *problem = NULL;

    for (Device *d = first; d && !problem; d = d->next) {
        problem = d->class->save_problem ? d->class->save_problem(d) : NULL;
    }
    return problem;
}

void devices_pre_save(void)
{
    for (Device *d = first; d; d = d->next) {
        if (d->class->pre_save) {
            d->class->pre_save(d);
        }
    }
}
