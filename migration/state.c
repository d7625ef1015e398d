/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine's state: "answer" if the sender waits for a verdict, "machine" (which one it is), "ram" any number of
 * times, "run" (virtual time), "device" for each device, the CPUs among them, "end". The verdict is a section, too:
 * "verdict".
 *
 * Devices are looked at when they come and changed at the end, when all of them have been found good, so that a state
 * that does not fit changes nothing but memory.
 */
#include <string.h>
#include "block/block.h"
#include "hw/device.h"
#include "migration/ram.h"
#include "migration/state.h"
#include "qemu/timer.h"
#include "sysemu/cpus.h"
#include "sysemu/ram-dirty.h"

/* ---- out ---- */

char *state_settle(void)
{
    const BlockBackend *blk;

    if (devices_saving_refused()) {
        return g_strdup(devices_saving_refused());
    }
    if (!blk_drain_all() && !blk_stalled()) {
        return g_strdup("the host's disk does not end requests that are under way");
    }
    devices_pre_save();
    blk = blk_stalled();
    return blk ? g_strdup_printf("a request to '%s' has failed and waits for 'cont'", blk_path(blk))
               : devices_save_problem();
}

void state_capture_machine(GQueue *out, const MachineState *m, bool wants_answer)
{
    GByteArray *s;

    if (wants_answer) {
        s = section_new("answer", 1);
        section_end(s);
        g_queue_push_tail(out, s);
    }
    s = section_new("machine", 1);
    section_put_name(s, m->mc->name);
    section_put_name(s, m->mc->default_cpu);
    section_put_int(s, (unsigned)m->smp, 4);
    section_put_int(s, m->ram_size, 8);
    ram_put_layout(s);
    section_end(s);
    g_queue_push_tail(out, s);
}

GByteArray *state_verdict(const char *problem)
{
    GByteArray *s = section_new("verdict", 1);
    g_autofree char *text = g_strndup(problem ? problem : "", 255);

    section_put_int(s, problem != NULL, 1);
    section_put_name(s, text);
    section_end(s);
    return s;
}

char *state_verdict_problem(Section *s)
{
    uint64_t refused;
    char text[256];

    if (strcmp(s->name, "verdict") || s->version != 1 || !section_get_int(s, &refused, 1) ||
        !section_get_name(s, text)) {
        return g_strdup("the other side has not said whether it has the machine");
    }
    return refused ? g_strdup_printf("the other side: %s", text) : NULL;
}

static void capture_run(GQueue *out, bool running)
{
    GByteArray *s = section_new("run", 1);

    section_put_int(s, (uint64_t)clock_virtual_ns(), 8);
    section_put_int(s, running, 1);
    section_end(s);
    g_queue_push_tail(out, s);
}

/* What does not fit into a section is in sections "more" before it. */
static void capture_device(GQueue *out, Device *d)
{
    char *text = NULL;
    size_t bytes = 0, at = 0;
    FILE *f = open_memstream(&text, &bytes);

    device_save(d, f);
    fclose(f);
    do {
        const bool more = bytes - at > STATE_PAYLOAD_MAX;
        const size_t n = more ? STATE_PAYLOAD_MAX : bytes - at;
        GByteArray *s = section_new(more ? "more" : "device", 1);

        section_put(s, text + at, n);
        section_end(s);
        g_queue_push_tail(out, s);
        at += n;
    } while (at < bytes);
    free(text);
}

void state_capture(GQueue *out, bool (*want)(uint32_t ram), bool running)
{
    uint32_t page = 0;
    GByteArray *end;

    ram_capture(out, &page, UINT64_MAX, want);
    capture_run(out, running);
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        capture_device(out, d);
    }
    end = section_new("end", 1);
    section_end(end);
    g_queue_push_tail(out, end);
}

void state_free(GQueue *sections)
{
    g_queue_clear_full(sections, (GDestroyNotify)g_byte_array_unref);
}

/* ---- in ---- */

struct StateLoader {
    MachineState *machine;
    bool keep, running, done, wants_answer;
    enum { AT_BEGIN, AT_RAM, AT_DEVICES } at;
    int64_t now;
    GHashTable *devices;        /* Device -> its Section, which belongs to us */
    GByteArray *more;           /* the beginning of the next device's, from sections "more" */
};

StateLoader *state_loader_new(MachineState *m, bool keep)
{
    StateLoader *l = g_new0(StateLoader, 1);

    l->machine = m;
    l->keep = keep;
    l->more = g_byte_array_new();
    l->devices = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)section_free);
    return l;
}

void state_loader_free(StateLoader *l)
{
    g_hash_table_destroy(l->devices);
    g_byte_array_unref(l->more);
    g_free(l);
}

bool state_loaded(const StateLoader *l)
{
    return l->done;
}

bool state_was_running(const StateLoader *l)
{
    return l->running;
}

bool state_wants_answer(const StateLoader *l)
{
    return l->wants_answer;
}

static bool fail(char **err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fail(char **err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *err = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return false;
}

static bool load_machine(StateLoader *l, Section *s, char **err)
{
    const MachineState *m = l->machine;
    char machine[256], cpu[256];
    uint64_t smp, ram_size;

    if (!section_get_name(s, machine) || !section_get_name(s, cpu) || !section_get_int(s, &smp, 4) ||
        !section_get_int(s, &ram_size, 8)) {
        return fail(err, "the state is damaged: section 'machine' is too short");
    }
    if (strcmp(machine, m->mc->name)) {
        return fail(err, "the state is of machine '%s', and this is '%s' (-machine %s)", machine, m->mc->name, machine);
    }
    if (strcmp(cpu, m->mc->default_cpu)) {
        return fail(err, "the state is of CPUs '%s', and these are '%s' (-cpu %s)", cpu, m->mc->default_cpu, cpu);
    }
    if (smp != (unsigned)m->smp) {
        return fail(err, "the state is of %llu CPUs, and this machine has %d (-smp %llu)", (unsigned long long)smp,
                    m->smp, (unsigned long long)smp);
    }
    if (ram_size != m->ram_size) {
        return fail(err, "the state is of %llu MiB of memory, and this machine has %u (-m %llu)",
                    (unsigned long long)ram_size >> 20, m->ram_size >> 20, (unsigned long long)ram_size >> 20);
    }
    return ram_check_layout(s, err);
}

static bool load_run(StateLoader *l, Section *s, char **err)
{
    uint64_t now, running;

    if (!section_get_int(s, &now, 8) || !section_get_int(s, &running, 1) || now > INT64_MAX / 2 || running > 1) {
        return fail(err, "the state is damaged: section 'run' has no sensible time");
    }
    l->now = (int64_t)now;
    l->running = running;
    return true;
}

/* What a section "device" has, as a file; close it. */
static FILE *section_file(const Section *s)
{
    return fmemopen(s->payload, s->bytes, "rb");
}

static bool check_device(StateLoader *l, Section *s, char **err)
{
    char name[256];
    Device *d;
    FILE *f;
    bool ok;

    if (!section_get_name(s, name)) {
        return fail(err, "the state is damaged: a device has no name");
    }
    d = device_find(name);
    if (!d) {
        return fail(err, "the state has a device '%s', and this machine has none (start it with the options of the one "
                    "that was saved)", name);
    }
    if (g_hash_table_contains(l->devices, d)) {
        return fail(err, "the state is damaged: device '%s' comes twice", name);
    }
    f = section_file(s);
    ok = device_check(d, f, err);
    if (ok && fgetc(f) != EOF) {
        ok = fail(err, "the state is damaged: device '%s' is too long", name);
    }
    fclose(f);
    return ok;
}

static bool apply(StateLoader *l, char **err)
{
    bool ok = true;

    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        if (!g_hash_table_contains(l->devices, d)) {
            return fail(err, "the state has no device '%s' (start the machine with the options of the one that was "
                        "saved)", d->name);
        }
    }
    l->done = true;
    if (!l->keep) {
        return true;
    }
    clock_virtual_set(l->now);
    for (Device *d = device_next(NULL); ok && d; d = device_next(d)) {
        FILE *f = section_file(g_hash_table_lookup(l->devices, d));

        ok = device_load(d, f, err);
        fclose(f);
    }
    cpus_loaded();
    ram_dirty_all();
    return ok;
}

static bool keep_more(StateLoader *l, const Section *s, char **err)
{
    if (l->more->len + s->bytes > (size_t)DEVICE_BLOB_MAX + STATE_PAYLOAD_MAX) {
        return fail(err, "the state is damaged: a device is too long");
    }
    g_byte_array_append(l->more, s->payload, (guint)s->bytes);
    return true;
}

/* The device's section has all of its payload from now on. */
static void put_together(StateLoader *l, Section *s)
{
    if (l->more->len) {
        g_byte_array_append(l->more, s->payload, (guint)s->bytes);
        g_free(s->payload);
        s->bytes = l->more->len;
        s->payload = g_byte_array_free(l->more, FALSE);
        l->more = g_byte_array_new();
    }
}

bool state_load(StateLoader *l, Section *s, char **err)
{
    bool is_device = !strcmp(s->name, "device"), ok;

    if (s->version != 1) {
        ok = fail(err, "section '%s' of the state has version %u, and only 1 can be read here", s->name, s->version);
    } else if (l->at == AT_BEGIN && !strcmp(s->name, "machine")) {
        ok = load_machine(l, s, err);
        l->at = AT_RAM;
    } else if (l->at == AT_BEGIN && !strcmp(s->name, "answer")) {
        ok = l->wants_answer = true;
    } else if (l->at == AT_RAM && !strcmp(s->name, "ram")) {
        ok = ram_load(s, l->keep, err);
    } else if (l->at == AT_RAM && !strcmp(s->name, "run")) {
        ok = load_run(l, s, err);
        l->at = AT_DEVICES;
    } else if (l->at == AT_DEVICES && !strcmp(s->name, "more")) {
        ok = keep_more(l, s, err);
    } else if (l->at == AT_DEVICES && is_device) {
        put_together(l, s);
        ok = check_device(l, s, err);
        if (ok) {
            char name[256];

            s->at = 0;
            section_get_name(s, name);
            g_hash_table_insert(l->devices, device_find(name), s);
            return true;
        }
    } else if (l->at == AT_DEVICES && !strcmp(s->name, "end")) {
        ok = apply(l, err);
    } else {
        ok = fail(err, "the state is damaged: section '%s' is unknown, or not where it should be", s->name);
    }
    section_free(s);
    return ok;
}
