/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine's list of devices, and their state as bytes.
 *
 * A device in a stream: its name, its class's name and version, the number of fields; of each field its name, the size
 * of an integer, how many there are, and they themselves, all little-endian. Fields are found by their names, so their
 * order may change. A field that the stream's version did not have yet keeps the value it has after a reset; all else
 * that does not fit is an error.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "hw/boards.h"
#include "hw/device.h"
#include "qemu/log.h"

enum { NAME_MAX_LEN = 255, ALIGNMENT = 64 };

static Device *first, **last = &first;

void *device_new_lock(const DeviceClass *class, const char *name, const char *lock_name)
{
    size_t size = (class->state_size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    Device *d = aligned_alloc(ALIGNMENT, size);

    if (!d) {
        error_exit("out of memory");
    }
    memset(d, 0, size);
    d->name = name;
    d->class = class;
    counted_lock_init(&d->lock, lock_name, false);
    return d;
}

void *device_new(const DeviceClass *class, const char *name)
{
    return device_new_lock(class, name, name);
}

void device_add(Device *d)
{
    *last = d;
    last = &d->next;
    if (d->class->reset) {
        d->class->reset(d);
        qemu_register_reset(d->class->reset, d);
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

/* ---- writing ---- */

static void put_int(FILE *f, uint64_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        fputc((int)(v >> 8 * i & 0xff), f);
    }
}

static void put_name(FILE *f, const char *name)
{
    size_t len = strlen(name);

    g_assert(len <= NAME_MAX_LEN);
    put_int(f, len, 1);
    fwrite(name, 1, len, f);
}

static uint64_t int_at(const uint8_t *p, unsigned size)
{
    switch (size) {
    case 1:
        return *p;
    case 2:
        return *(const uint16_t *)(const void *)p;
    case 4:
        return *(const uint32_t *)(const void *)p;
    default:
        return *(const uint64_t *)(const void *)p;
    }
}

static void set_int(uint8_t *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1:
        *p = (uint8_t)v;
        break;
    case 2:
        *(uint16_t *)(void *)p = (uint16_t)v;
        break;
    case 4:
        *(uint32_t *)(void *)p = (uint32_t)v;
        break;
    default:
        *(uint64_t *)(void *)p = v;
        break;
    }
}

static unsigned num_fields(const DeviceClass *c)
{
    unsigned n = 0;

    while (c->fields && c->fields[n].name) {
        n++;
    }
    return n;
}

/* Integer number I of the field. */
static uint8_t *field_int(Device *d, const DeviceField *field, uint32_t i)
{
    return (uint8_t *)d + field->offset + (size_t)(i / field->count) * field->stride +
           (size_t)(i % field->count) * field->size;
}

bool device_save(Device *d, FILE *f)
{
    const DeviceClass *c = d->class;

    if (c->pre_save) {
        c->pre_save(d);
    }
    put_name(f, d->name);
    put_name(f, c->name);
    put_int(f, c->version, 4);
    put_int(f, num_fields(c), 4);
    for (const DeviceField *field = c->fields; field && field->name; field++) {
        put_name(f, field->name);
        put_int(f, field->size, 1);
        put_int(f, field->count * field->structs, 4);
        for (uint32_t i = 0; i < field->count * field->structs; i++) {
            put_int(f, int_at(field_int(d, field, i), field->size), field->size);
        }
    }
    return !ferror(f);
}

/* ---- reading ---- */

static bool get_int(FILE *f, unsigned size, uint64_t *v)
{
    *v = 0;
    for (unsigned i = 0; i < size; i++) {
        int c = fgetc(f);

        if (c == EOF) {
            return false;
        }
        *v |= (uint64_t)c << 8 * i;
    }
    return true;
}

static bool get_name(FILE *f, char *name)
{
    uint64_t len;

    if (!get_int(f, 1, &len) || fread(name, 1, len, f) != len) {
        return false;
    }
    name[len] = '\0';
    return true;
}

static bool bad(Device *d, char **err, const char *what, const char *name)
{
    *err = g_strdup_printf("device '%s': %s%s%s", d->name, what, name ? " " : "", name ? name : "");
    return false;
}

static bool load_field(Device *d, FILE *f, bool *seen, char **err)
{
    char name[NAME_MAX_LEN + 1];
    const DeviceField *field = d->class->fields;
    uint64_t size, count, v;

    if (!get_name(f, name) || !get_int(f, 1, &size) || !get_int(f, 4, &count)) {
        return bad(d, err, "the state ends too early", NULL);
    }
    while (field && field->name && strcmp(field->name, name)) {
        field++;
    }
    if (!field || !field->name) {
        return bad(d, err, "unknown field", name);
    }
    if (size != field->size || count != field->count * field->structs || seen[field - d->class->fields]) {
        return bad(d, err, "the type or number does not fit of field", name);
    }
    seen[field - d->class->fields] = true;
    for (uint32_t i = 0; i < count; i++) {
        if (!get_int(f, field->size, &v)) {
            return bad(d, err, "the state ends too early in field", name);
        }
        set_int(field_int(d, field, i), field->size, v);
    }
    return true;
}

bool device_load(Device *d, FILE *f, char **err)
{
    const DeviceClass *c = d->class;
    char name[NAME_MAX_LEN + 1], class_name[NAME_MAX_LEN + 1];
    uint64_t version, n;

    if (!get_name(f, name) || !get_name(f, class_name) || !get_int(f, 4, &version) || !get_int(f, 4, &n)) {
        return bad(d, err, "the state ends too early", NULL);
    }
    if (strcmp(name, d->name) || strcmp(class_name, c->name)) {
        return bad(d, err, "this is the state of", name);
    }
    if (version > c->version || n > num_fields(c)) {
        return bad(d, err, "the state is of a newer version", NULL);
    }
    bool *seen = g_new0(bool, num_fields(c) + 1);
    bool ok = true;
    for (uint64_t i = 0; ok && i < n; i++) {
        ok = load_field(d, f, seen, err);
    }
    for (unsigned i = 0; ok && i < num_fields(c); i++) {
        if (!seen[i] && c->fields[i].since <= version) {
            ok = bad(d, err, "there is no field", c->fields[i].name);
        }
    }
    g_free(seen);
    if (ok && c->post_load) {
        c->post_load(d);
    }
    return ok;
}
