/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a device as bytes.
 *
 * A device in a stream: its name, its class's name and version, the number of fields; of each field its name, the size
 * of an integer, how many there are, and they themselves, all little-endian. Fields are found by their names, so their
 * order may change. A field that the stream's version did not have yet keeps the value it has; all else that does not
 * fit is an error. Nothing of the device changes before all of it has been read and found good. A blob is a field of as
 * many bytes as there are.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "hw/device.h"

enum { NAME_MAX_LEN = 255 };

/* ---- writing ---- */

static void put_int(FILE *f, uint64_t v, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        putc_unlocked((int)(v >> 8 * i & 0xff), f);
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

    while (c->fields[n].name) {
        n++;
    }
    return n;
}

/* Integer number I of the field. */
static uint8_t *field_int(const Device *d, const DeviceField *field, uint32_t i)
{
    return (uint8_t *)(uintptr_t)d + field->offset + (size_t)(i / field->count) * field->stride +
           (size_t)(i % field->count) * field->size;
}

uint64_t device_field_value(const Device *d, const DeviceField *field, uint32_t i)
{
    return int_at(field_int(d, field, i), field->size);
}

static DeviceBlob *blob_of(const Device *d, const DeviceField *field)
{
    return (DeviceBlob *)(void *)((uint8_t *)(uintptr_t)d + field->offset);
}

static void save_blob(FILE *f, DeviceBlob *blob)
{
    put_int(f, blob->bytes, 4);
    if (blob->bytes) {          /* else data may be NULL */
        fwrite(blob->data, 1, blob->bytes, f);
    }
    g_clear_pointer(&blob->data, g_free);
    blob->bytes = 0;
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
    for (const DeviceField *field = c->fields; field->name; field++) {
        put_name(f, field->name);
        put_int(f, field->size, 1);
        if (field->is_blob) {
            save_blob(f, blob_of(d, field));
            continue;
        }
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
        int c = getc_unlocked(f);

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
    for (uint64_t i = 0; i < len; i++) {
        name[i] = g_ascii_isprint(name[i]) ? name[i] : '?';     /* it is shown, and equal to no name then */
    }
    return true;
}

static bool bad(Device *d, char **err, const char *what, const char *name)
{
    *err = g_strdup_printf("device '%s': %s%s%s", d->name, what, name ? " " : "", name ? name : "");
    return false;
}

/* What was read of a device: of each field of its class, in order, its integers, or its blob, or NULL. */
typedef struct Parsed {
    uint64_t **values;
    DeviceBlob *blobs;          /* of fields that are blobs; data is NULL if it has no bytes */
    unsigned fields;
} Parsed;

static void parsed_free(Parsed *p)
{
    for (unsigned i = 0; i < p->fields; i++) {
        g_free(p->values[i]);
        g_free(p->blobs[i].data);
    }
    g_free(p->blobs);
    g_free(p->values);
}

static bool load_values(Device *d, FILE *f, const DeviceField *field, uint64_t *values, char **err)
{
    for (uint32_t i = 0; i < field->count * field->structs; i++) {
        if (!get_int(f, field->size, &values[i])) {
            return bad(d, err, "the state ends too early in field", field->name);
        }
        if (field->is_bool && values[i] > 1) {
            return bad(d, err, "neither true nor false is field", field->name);
        }
        if (field->fixed && values[i] != int_at(field_int(d, field, i), field->size)) {
            *err = g_strdup_printf("device '%s': it has another '%s': here %llu, in the state %llu", d->name,
                                   field->name, (unsigned long long)int_at(field_int(d, field, i), field->size),
                                   (unsigned long long)values[i]);
            return false;
        }
    }
    return true;
}

/* In pieces: there may be less than it says. */
static bool load_blob(Device *d, FILE *f, const DeviceField *field, DeviceBlob *blob, uint64_t bytes, char **err)
{
    enum { PIECE = 1 << 20 };

    if (bytes > DEVICE_BLOB_MAX) {
        return bad(d, err, "too long is field", field->name);
    }
    while (blob->bytes < bytes) {
        const uint32_t n = (uint32_t)MIN(bytes - blob->bytes, (uint64_t)PIECE);

        blob->data = g_realloc(blob->data, blob->bytes + n);
        if (fread(blob->data + blob->bytes, 1, n, f) != n) {
            return bad(d, err, "the state ends too early in field", field->name);
        }
        blob->bytes += n;
    }
    return true;
}

static bool load_field(Device *d, FILE *f, Parsed *p, char **err)
{
    char name[NAME_MAX_LEN + 1];
    const DeviceField *field = d->class->fields;
    uint64_t size, count, **values;

    if (!get_name(f, name) || !get_int(f, 1, &size) || !get_int(f, 4, &count)) {
        return bad(d, err, "the state ends too early", NULL);
    }
    while (field->name && strcmp(field->name, name)) {
        field++;
    }
    if (!field->name) {
        return bad(d, err, "unknown field", name);
    }
    values = &p->values[field - d->class->fields];
    if (size != field->size || (!field->is_blob && count != field->count * field->structs) || *values) {
        return bad(d, err, "the type or number does not fit of field", name);
    }
    *values = g_new(uint64_t, field->is_blob ? 1 : count);
    if (field->is_blob) {
        return load_blob(d, f, field, &p->blobs[field - d->class->fields], count, err);
    }
    return load_values(d, f, field, *values, err);
}

static bool parse(Device *d, FILE *f, Parsed *p, char **err)
{
    const DeviceClass *c = d->class;
    char name[NAME_MAX_LEN + 1], class_name[NAME_MAX_LEN + 1];
    uint64_t version, n;

    if (!get_name(f, name) || !get_name(f, class_name) || !get_int(f, 4, &version) || !get_int(f, 4, &n)) {
        return bad(d, err, "the state ends too early", NULL);
    }
    if (strcmp(name, d->name) || strcmp(class_name, c->name)) {
        *err = g_strdup_printf("device '%s', a %s: this is the state of '%s', a %s", d->name, c->name, name,
                               class_name);
        return false;
    }
    if (version > c->version || n > p->fields) {
        return bad(d, err, "the state is of a newer version", NULL);
    }
    for (uint64_t i = 0; i < n; i++) {
        if (!load_field(d, f, p, err)) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->fields; i++) {
        if (!p->values[i] && c->fields[i].since <= version) {
            return bad(d, err, "there is no field", c->fields[i].name);
        }
    }
    return true;
}

static void apply(Device *d, Parsed *p)
{
    for (unsigned i = 0; i < p->fields; i++) {
        const DeviceField *field = &d->class->fields[i];

        if (field->is_blob) {
            DeviceBlob *blob = blob_of(d, field);

            g_free(blob->data);
            *blob = p->blobs[i];
            p->blobs[i] = (DeviceBlob) { NULL, 0 };
        }
        for (uint32_t k = 0; p->values[i] && !field->fixed && k < field->count * field->structs; k++) {
            set_int(field_int(d, field, k), field->size, p->values[i][k]);
        }
    }
    if (d->class->post_load) {
        d->class->post_load(d);
    }
}

static bool read_state(Device *d, FILE *f, bool keep, char **err)
{
    Parsed p = { .fields = num_fields(d->class) };
    bool ok;

    p.values = g_new0(uint64_t *, p.fields + 1);
    p.blobs = g_new0(DeviceBlob, p.fields + 1);
    ok = parse(d, f, &p, err);
    if (ok && keep) {
        apply(d, &p);
    }
    parsed_free(&p);
    return ok;
}

bool device_check(Device *d, FILE *f, char **err)
{
    return read_state(d, f, false, err);
}

bool device_load(Device *d, FILE *f, char **err)
{
    return read_state(d, f, true, err);
}
