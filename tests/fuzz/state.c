/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: saved states of the whole board. It is driven and saved a few ways at the start; an input chooses one of
 * these states and changes it: integers of devices' fields, bytes, order, length and names of sections, with checksums
 * that are right; or bytes of the stream, with checksums that are wrong then. It is read and loaded as a migration is.
 * What is refused has changed no device, and says why; what is loaded is driven on (steps), and resets. Most inputs
 * change devices only and load just these, which is a hundred times faster.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "block/block.h"
#include "hw/device.h"
#include "hw/usb/usb-devices.h"
#include "migration/state.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "sysemu/cpus.h"
#include "sysemu/ram-dirty.h"
#include "tests/fuzz/board.h"
#include "tests/fuzz/target.h"
#include "tests/unit/fake-block.h"
#include "tests/unit/fake-clock.h"

enum { RECORD = FUZZ_STEP_BYTES, MAX_RECORDS = 96, STATES = 4, DRIVING = 3000 };

const size_t fuzz_max_input = 1 + RECORD * MAX_RECORDS;

/* What a record does, by its first byte. */
enum { DO_FIELD, DO_FIELD_TOO, DO_FIELD_AGAIN, DO_BYTE, DO_SECTION, DO_STREAM, DO_STEP, DO_STEP_TOO, DO_KINDS };
enum { SECTION_DROP, SECTION_TWICE, SECTION_SWAP, SECTION_CUT, SECTION_VERSION, SECTION_NAME, SECTION_LONGER,
       SECTION_KINDS };

/* The first byte of an input: the state, and if all of it is loaded. */
enum { WHOLE_STREAM = 0x1c };

/* Where an integer of a device's field is. */
typedef struct Place {
    guint section, at, size;
} Place;

static struct {
    GPtrArray *sections;        /* of GByteArray: without the checksum */
    GArray *places;             /* of Place */
} states[STATES];

/* ---- what surrounds the machine's state ---- */

void cpus_loaded(void) { }
void ram_dirty_all(void) { }
const BlockBackend *blk_stalled(void) { return NULL; }

bool blk_drain_all(void)
{
    for (unsigned i = 0; i < 8; i++) {
        fuzz_board_answer();
    }
    return true;
}

/* ---- the states to begin with ---- */

static uint32_t word_at(const GByteArray *s, guint at)
{
    uint32_t v = 0;

    memcpy(&v, s->data + at, 4);
    return v;
}

static guint head_bytes(const GByteArray *s)
{
    return 1u + s->data[0] + 8;
}

static bool is_device(const GByteArray *s)
{
    return s->data[0] == 6 && !memcmp(s->data + 1, "device", 6);
}

/* hw/core/device-state.c has the form; a state of ours is in order. */
static void find_places(GArray *places, const GByteArray *s, guint section)
{
    guint at = head_bytes(s);
    uint32_t fields;

    at += 1u + s->data[at];
    at += 1u + s->data[at] + 4;
    fields = word_at(s, at);
    at += 4;
    while (fields--) {
        at += 1u + s->data[at];
        const guint size = s->data[at], count = word_at(s, at + 1);

        at += 5;
        for (guint i = 0; i < count; i++, at += size) {
            /* Of long ones the beginning, and some. */
            if (i < 64 || i % 61 == 0) {
                g_array_append_vals(places, &(Place) { section, at, size }, 1);
            }
        }
    }
}

static void drive(uint32_t seed)
{
    uint8_t step[FUZZ_STEP_BYTES];

    fuzz_board_reset();
    for (unsigned i = 0; i < (seed ? DRIVING : 0); i++) {
        for (unsigned k = 0; k < sizeof(step); k++) {
            seed = seed * 1664525 + 1013904223;
            step[k] = (uint8_t)(seed >> 24);
        }
        fuzz_step(step);
    }
}

static void capture(unsigned n)
{
    GQueue all = G_QUEUE_INIT;
    char *problem;

    drive(n * 77);
    problem = state_settle();
    if (problem) {
        abort();
    }
    states[n].sections = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);
    states[n].places = g_array_new(FALSE, FALSE, sizeof(Place));
    state_capture_machine(&all, &fuzz_machine, n == 1);
    state_capture(&all, NULL, n & 1);
    for (GByteArray *s; (s = g_queue_pop_head(&all)) != NULL;) {
        if (is_device(s)) {
            find_places(states[n].places, s, states[n].sections->len);
        }
        g_ptr_array_add(states[n].sections, s);
    }
}

static void plug_usb(void)
{
    static const BlockOptions options = { .id = "stick" };

    usb_drive_offer(&options);
    fake_block_open_next(fake_block_new(1 << 20, false));
    for (USBKind kind = 0; kind < USB_KINDS; kind++) {
        USBConfig config;
        char *problem;

        usb_config_init(&config, kind);
        if (kind == USB_STORAGE) {
            usb_config_set(&config, "drive", "stick");
        }
        if (!usb_new(fuzz_machine.usb, &config, &problem)) {
            abort();
        }
    }
}

void fuzz_init(void)
{
    fuzz_board_init(false);
    plug_usb();
    for (unsigned n = 0; n < STATES; n++) {
        capture(n);
    }
}

/* ---- changes ---- */

/* The section as one of our own, which may be changed. */
static GByteArray *own(GPtrArray *sections, guint n)
{
    const GByteArray *old = sections->pdata[n];
    GByteArray *s = g_byte_array_sized_new(old->len + 16);

    g_byte_array_append(s, old->data, old->len);
    g_byte_array_unref(sections->pdata[n]);
    return sections->pdata[n] = s;
}

/* Limits, their neighbours, powers of two, anything. */
static uint64_t number_of(const uint8_t *p)
{
    uint32_t v = 0;

    memcpy(&v, p + 4, 4);
    switch (p[0] >> 3 & 7) {
    case 0:
        return v & 0xff;
    case 1:
        return (uint64_t)0 - (v & 0xff);
    case 2:
        return (1ull << (v & 63)) + (v >> 8 & 3) - 1;
    case 3:
        return (uint64_t)INT64_MAX - (v & 1);
    case 4:
        return (uint64_t)v << (p[3] & 31);
    default:
        return v;
    }
}

static void change_field(GPtrArray *sections, const GArray *places, const uint8_t *p)
{
    const guint which = (guint)(p[1] | p[2] << 8 | p[3] << 16) % places->len;
    const Place *place = &g_array_index(places, Place, which);
    const uint64_t value = number_of(p);

    memcpy(own(sections, place->section)->data + place->at, &value, place->size);
}

static void change_section(GPtrArray *sections, guint n, const uint8_t *p)
{
    GByteArray *s = own(sections, n);
    const guint head = head_bytes(s);

    switch (p[3] % SECTION_KINDS) {
    case SECTION_DROP:
        g_ptr_array_remove_index(sections, n);
        break;
    case SECTION_TWICE:
        g_ptr_array_insert(sections, (gint)(p[4] % sections->len), g_byte_array_ref(s));
        break;
    case SECTION_SWAP:
        sections->pdata[n] = sections->pdata[p[4] % sections->len];
        sections->pdata[p[4] % sections->len] = s;
        break;
    case SECTION_CUT:
        g_byte_array_set_size(s, head + word_at(&(GByteArray) { (guint8 *)(uintptr_t)p, RECORD }, 4) %
                                            (s->len - head + 1));
        section_end(s);
        break;
    case SECTION_VERSION:
        s->data[head - 8] = p[4];
        break;
    case SECTION_NAME:
        s->data[1 + p[4] % s->data[0]] = p[5];
        break;
    case SECTION_LONGER:
        g_byte_array_append(s, p, RECORD);
        section_end(s);
        break;
    }
}

/* Fields first: places are those of the state as it was. */
static GPtrArray *changed(unsigned n, bool whole, const uint8_t *data, size_t records)
{
    GPtrArray *sections = g_ptr_array_copy(states[n].sections, (GCopyFunc)(void (*)(void))g_byte_array_ref, NULL);

    g_ptr_array_set_free_func(sections, (GDestroyNotify)g_byte_array_unref);
    for (size_t i = 0; i < records; i++) {
        if (data[i * RECORD] % DO_KINDS <= DO_FIELD_AGAIN) {
            change_field(sections, states[n].places, data + i * RECORD);
        }
    }
    for (size_t i = 0; i < records && sections->len; i++) {
        const uint8_t *p = data + i * RECORD;
        const guint which = p[1] % sections->len;

        if (p[0] % DO_KINDS == DO_BYTE) {
            GByteArray *s = own(sections, which);
            const guint head = head_bytes(s);

            if (s->len > head) {
                s->data[head + word_at(&(GByteArray) { (guint8 *)(uintptr_t)p, RECORD }, 4) % (s->len - head)] = p[2];
            }
        } else if (whole && p[0] % DO_KINDS == DO_SECTION) {
            change_section(sections, which, p);
        }
    }
    return sections;
}

static int append(void *opaque, const void *data, size_t bytes)
{
    g_byte_array_append(opaque, data, (guint)bytes);
    return 0;
}

static GByteArray *stream_of(const GPtrArray *sections, const uint8_t *data, size_t records)
{
    GByteArray *stream = g_byte_array_new();

    stream_write_header(append, stream);
    for (guint i = 0; i < sections->len; i++) {
        stream_write_section(sections->pdata[i], append, stream);
    }
    for (size_t i = 0; i < records && stream->len; i++) {
        const uint8_t *p = data + i * RECORD;
        const guint at = word_at(&(GByteArray) { (guint8 *)(uintptr_t)p, RECORD }, 4) % stream->len;

        if (p[0] % DO_KINDS != DO_STREAM) {
            continue;
        }
        if (p[1] & 1) {
            g_byte_array_set_size(stream, at);
        } else {
            /* Mostly where sections begin. */
            stream->data[p[1] & 2 ? at : at % 64] = p[2];
        }
    }
    return stream;
}

/* ---- loading ---- */

typedef struct Cursor {
    const GByteArray *stream;
    size_t at;
} Cursor;

static int take(void *opaque, void *data, size_t bytes)
{
    Cursor *c = opaque;

    if (bytes > c->stream->len - c->at) {
        return c->at == c->stream->len ? 1 : -EPIPE;
    }
    memcpy(data, c->stream->data + c->at, bytes);
    c->at += bytes;
    return 0;
}

/* NULL: it was loaded. */
static char *load(const GByteArray *stream)
{
    StateLoader *loader = state_loader_new(&fuzz_machine, true);
    Cursor c = { stream, 0 };
    char *why = NULL;
    bool ok = stream_read_header(take, &c, &why);

    while (ok && !state_loaded(loader)) {
        Section *s = stream_read_section(take, &c, &why);

        ok = s && state_load(loader, s, &why);
    }
    state_loader_free(loader);
    if (ok == (why != NULL) || (why && (!*why || strchr(why, '\n')))) {
        fuzz_error = "one line if it is refused, and only then";
    }
    return why;
}

/* Devices that are other than in the state, after all requests have ended. */
static bool devices_differ(const GPtrArray *sections)
{
    GQueue all = G_QUEUE_INIT;
    guint at = sections->len;
    bool differ = false;

    state_capture(&all, NULL, false);
    for (GByteArray *s; !differ && (s = g_queue_pop_tail(&all)) != NULL && s->data[1] != 'r'; g_byte_array_unref(s)) {
        const GByteArray *old = at ? sections->pdata[--at] : NULL;

        differ = !old || old->len != s->len || memcmp(old->data, s->data, s->len);
    }
    state_free(&all);
    return differ;
}

static void begin_with(unsigned n)
{
    GByteArray *stream = stream_of(states[n].sections, NULL, 0);
    char *why;

    fuzz_board_reset();
    fuzz_board_answer();
    fake_clock_reset();
    why = load(stream);
    if (why) {
        fuzz_error = "the machine does not take a state of its own";
    }
    g_free(why);
    g_byte_array_unref(stream);
}

static void load_device(const GByteArray *s, const GByteArray *original)
{
    const guint head = head_bytes(s);
    g_autofree char *name = g_strndup((const char *)original->data + head + 1, original->data[head]), *why = NULL;
    FILE *f = fmemopen(s->data + head, s->len - head, "rb");

    if (device_load(device_find(name), f, &why) == (why != NULL)) {
        fuzz_error = "a message if it is refused, and only then";
    }
    fclose(f);
}

/* Devices that were changed are loaded or refused; the rest of the machine is as after a reset. */
static void try_devices(unsigned n, const uint8_t *data, size_t records)
{
    GPtrArray *sections = changed(n, false, data, records);

    fuzz_board_reset();
    fuzz_board_answer();
    fake_clock_reset();
    for (guint i = 0; i < sections->len; i++) {
        const GByteArray *original = states[n].sections->pdata[i];

        if (sections->pdata[i] != original && is_device(original)) {
            load_device(sections->pdata[i], original);
        }
    }
    g_ptr_array_unref(sections);
}

static void try_stream(unsigned n, const uint8_t *data, size_t records)
{
    GPtrArray *sections = changed(n, true, data, records);
    GByteArray *stream = stream_of(sections, data, records);
    char *why;

    begin_with(n);
    why = load(stream);
    if (why && devices_differ(states[n].sections)) {
        fuzz_error = "a state that was refused has changed a device";
    }
    g_free(why);
    g_byte_array_unref(stream);
    g_ptr_array_unref(sections);
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    const size_t records = size ? MIN((size - 1) / RECORD, (size_t)MAX_RECORDS) : 0;
    const uint8_t first = size ? *data++ : WHOLE_STREAM;

    fuzz_error = NULL;
    qemu_loglevel = 0;
    if ((first & WHOLE_STREAM) == WHOLE_STREAM) {
        try_stream(first % STATES, data, records);
    } else {
        try_devices(first % STATES, data, records);
    }
    for (size_t i = 0; i < records && !fuzz_error; i++) {
        if (data[i * RECORD] % DO_KINDS >= DO_STEP) {
            uint8_t step[FUZZ_STEP_BYTES];

            memcpy(step, data + i * RECORD, sizeof(step));
            step[0] = (uint8_t)(step[0] >> 3 | step[2] << 5);
            fuzz_step(step);
        }
    }
    fuzz_board_advance(1000000000);
    return fuzz_error;
}
