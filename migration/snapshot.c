/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of the machine: its state in the first image that it writes to, and the contents of all of these at the
 * same moment. The machine stands still meanwhile; what is written goes through the host's cache, and is flushed when
 * it goes on. A state is read twice: first to see that all of it can be taken, before anything changes.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include "block/snapshot.h"
#include "migration/snapshot.h"
#include "migration/internal.h"
#include "migration/state.h"
#include "qemu/timer.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"

enum { BUFFER = 1 << 20 };

BlockBackend *snapshot_disk(const BlockBackend *blk)
{
    BlockBackend *next = blk_next(blk);

    while (next && (blk_readonly(next) || !blk_has_medium(next))) {
        next = blk_next(next);
    }
    return next;
}

/* NULL, or why there can be no snapshots. */
static char *disks_problem(void)
{
    char *problem;

    if (migrate_is_expected() || migration_is_active()) {
        return g_strdup("the machine's state is on its way");
    }
    problem = blk_take_all();
    if (problem) {
        return problem;
    }
    if (!snapshot_disk(NULL)) {
        return g_strdup("there is no disk to hold snapshots (-sd FILE or -drive with a qcow2 image; qemu-img create "
                        "-f qcow2 FILE 64M makes one)");
    }
    for (BlockBackend *blk = snapshot_disk(NULL); blk; blk = snapshot_disk(blk)) {
        if (!blk_has_snapshots(blk)) {
            return g_strdup_printf("%s '%s': an image of format %s holds no snapshots (qemu-img convert -O qcow2 makes "
                                   "one that does; readonly=on leaves it alone)", blk_id(blk), blk_path(blk),
                                   blk_format(blk));
        }
    }
    return NULL;
}

static char *disk_failed(const BlockBackend *blk, const char *what, int ret)
{
    return g_strdup_printf("%s '%s': %s: %s", blk_id(blk), blk_path(blk), what,
                           ret == -EINVAL ? "the disk has another size now" : g_strerror(-ret));
}

/* The snapshot's list entry of that name on the disk, as a copy without id and name; false: there is none. */
static bool find(BlockBackend *blk, const char *name, BlockSnapshot *s)
{
    BlockSnapshot *list;
    unsigned count;
    bool found = false;

    if (!blk_has_snapshots(blk) || blk_snapshot_list(blk, &list, &count)) {
        return false;
    }
    for (unsigned i = 0; i < count && !found; i++) {
        found = !strcmp(list[i].name, name);
        *s = list[i];
    }
    blk_snapshot_list_free(list, count);
    s->id = s->name = NULL;
    return found;
}

/* ---- saving ---- */

typedef struct Output {
    BlockBackend *blk;
    uint8_t *buffer;
    size_t filled;
    uint64_t written;
} Output;

static int output_flush(Output *o)
{
    int ret = o->filled ? blk_snapshot_write_state(o->blk, o->written, o->buffer, o->filled) : 0;

    o->written += o->filled;
    o->filled = 0;
    return ret;
}

static int output_write(void *opaque, const void *data, size_t bytes)
{
    Output *o = opaque;
    const uint8_t *p = data;
    int ret = 0;

    while (bytes && !ret) {
        size_t n = MIN(bytes, BUFFER - o->filled);

        memcpy(o->buffer + o->filled, p, n);
        o->filled += n;
        p += n;
        bytes -= n;
        ret = o->filled == BUFFER ? output_flush(o) : 0;
    }
    return ret;
}

/* Returns 0 and how many bytes it was. */
static int write_state(BlockBackend *blk, GQueue *sections, uint64_t *bytes)
{
    Output o = { .blk = blk, .buffer = g_malloc(BUFFER) };
    int ret = stream_write_header(output_write, &o);

    for (GList *l = sections->head; l && !ret; l = l->next) {
        ret = stream_write_section(l->data, output_write, &o);
    }
    ret = ret ? ret : output_flush(&o);
    g_free(o.buffer);
    *bytes = o.written;
    return ret;
}

/* The slow part first: an older one of that name goes when the new one can take its place. */
static char *save_on_disks(const char *name, GQueue *sections)
{
    BlockBackend *first = snapshot_disk(NULL);
    gint64 now = g_get_real_time();
    BlockSnapshot what = { .name = (char *)(uintptr_t)name, .date_s = now / G_USEC_PER_SEC,
                           .date_ns = (uint32_t)(now % G_USEC_PER_SEC) * 1000,
                           .clock_ns = (uint64_t)clock_virtual_ns() };
    BlockSnapshot old;
    int ret = write_state(first, sections, &what.state_bytes);

    if (ret) {
        blk_snapshot_write_state(first, 0, NULL, 0);
        return disk_failed(first, "the state cannot be written", ret);
    }
    for (BlockBackend *blk = first; blk; blk = snapshot_disk(blk)) {
        ret = find(blk, name, &old) ? blk_snapshot_delete(blk, name) : 0;
        ret = ret ? ret : blk_snapshot_create(blk, &what);
        if (ret) {
            return disk_failed(blk, "the snapshot cannot be made", ret);
        }
        what.state_bytes = 0;
    }
    return NULL;
}

char *snapshot_save(const char *name)
{
    bool was_running = runstate_is_running();
    char *error = disks_problem();
    GQueue sections = G_QUEUE_INIT;

    if (error) {
        return error;
    }
    vm_stop();
    error = state_settle();
    if (!error) {
        state_capture_machine(&sections, migration_machine, false);
        state_capture(&sections, NULL, was_running);
        error = save_on_disks(name, &sections);
        state_free(&sections);
    }
    if (was_running) {
        vm_start();
    }
    return error;
}

/* ---- loading ---- */

typedef struct Input {
    BlockBackend *blk;
    const char *name;
    uint8_t *buffer;
    size_t filled, taken;
    uint64_t next, bytes;       /* what is read next, and the end */
} Input;

static int input_read(void *opaque, void *data, size_t bytes)
{
    Input *in = opaque;
    uint8_t *p = data;

    for (size_t left = bytes; left;) {
        size_t n = MIN(left, in->filled - in->taken);

        memcpy(p, in->buffer + in->taken, n);
        in->taken += n;
        p += n;
        left -= n;
        if (left) {
            int ret;

            in->filled = MIN((uint64_t)BUFFER, in->bytes - in->next);
            in->taken = 0;
            if (!in->filled) {
                return left == bytes ? 1 : -EPIPE;
            }
            ret = blk_snapshot_read_state(in->blk, in->name, in->next, in->buffer, in->filled);
            if (ret) {
                return ret;
            }
            in->next += in->filled;
        }
    }
    return 0;
}

/* From the image into the machine, or only a look whether it could be. */
static char *load_state(BlockBackend *blk, const char *name, uint64_t bytes, bool keep)
{
    Input in = { .blk = blk, .name = name, .buffer = g_malloc(BUFFER), .bytes = bytes };
    StateLoader *loader = state_loader_new(migration_machine, keep);
    char *error = NULL;

    stream_read_header(input_read, &in, &error);
    while (!error && !state_loaded(loader)) {
        Section *s = stream_read_section(input_read, &in, &error);

        if (s) {
            state_load(loader, s, &error);
        }
    }
    state_loader_free(loader);
    g_free(in.buffer);
    return error;
}

/* The snapshot is on all disks, with a state on the first; `bytes` of it. */
static char *find_on_disks(const char *name, uint64_t *bytes)
{
    BlockSnapshot s;

    for (BlockBackend *blk = snapshot_disk(NULL); blk; blk = snapshot_disk(blk)) {
        if (!find(blk, name, &s)) {
            return g_strdup_printf("%s '%s' has no snapshot '%s' ('info snapshots' lists them)", blk_id(blk),
                                   blk_path(blk), name);
        }
        if (blk == snapshot_disk(NULL)) {
            *bytes = s.state_bytes;
        }
    }
    return *bytes ? NULL : g_strdup_printf("snapshot '%s' is of disks only, without a machine's state (qemu-img "
                                           "snapshot -a goes back to it)", name);
}

/* *changed: one of them was, at least. */
static char *revert_disks(const char *name, bool *changed)
{
    for (BlockBackend *blk = snapshot_disk(NULL); blk; blk = snapshot_disk(blk)) {
        int ret = blk_snapshot_revert(blk, name);

        if (ret) {
            return disk_failed(blk, "it cannot go back to the snapshot", ret);
        }
        *changed = true;
    }
    return NULL;
}

char *snapshot_load(const char *name)
{
    bool was_running = runstate_is_running(), changed = false;
    char *error = disks_problem();
    uint64_t bytes = 0;

    error = error ? error : find_on_disks(name, &bytes);
    if (error) {
        return error;
    }
    vm_stop();
    if (!blk_drain_all() && !blk_stalled()) {
        error = g_strdup("the host's disk does not end requests that are under way");
    }
    error = error ? error : load_state(snapshot_disk(NULL), name, bytes, false);
    if (!error) {
        error = revert_disks(name, &changed);
    }
    if (!error) {
        runstate_power_on();            /* nothing is under way, nothing is left of what was */
        changed = true;
        error = load_state(snapshot_disk(NULL), name, bytes, true);
    }
    if (error && changed) {
        char *why = error;

        runstate_power_on();
        error = g_strdup_printf("%s; the machine was reset and is stopped", why);
        g_free(why);
        was_running = false;
    }
    if (was_running) {
        vm_start();
    }
    return error;
}

/* ---- the others ---- */

char *snapshot_delete(const char *name)
{
    bool was_running = runstate_is_running(), found = false;
    char *error = disks_problem();
    BlockSnapshot s;

    if (error) {
        return error;
    }
    vm_stop();
    blk_drain_all();
    for (BlockBackend *blk = snapshot_disk(NULL); blk && !error; blk = snapshot_disk(blk)) {
        if (find(blk, name, &s)) {
            int ret = blk_snapshot_delete(blk, name);

            found = true;
            error = ret ? disk_failed(blk, "the snapshot cannot be deleted", ret) : NULL;
        }
    }
    if (was_running) {
        vm_start();
    }
    return error || found ? error : g_strdup_printf("there is no snapshot '%s' ('info snapshots' lists them)", name);
}

void snapshot_each(void (*fn)(void *opaque, const BlockSnapshot *s), void *opaque)
{
    BlockBackend *first = snapshot_disk(NULL);
    BlockSnapshot *list, other;
    unsigned count;

    if (!first || !blk_has_snapshots(first) || blk_snapshot_list(first, &list, &count)) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        bool on_all = true;

        for (BlockBackend *blk = snapshot_disk(first); blk; blk = snapshot_disk(blk)) {
            on_all &= find(blk, list[i].name, &other);
        }
        if (on_all) {
            fn(opaque, &list[i]);
        }
    }
    blk_snapshot_list_free(list, count);
}
