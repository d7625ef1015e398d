/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that share limits of speed. A request that must wait is queued; the I/O thread looks again when the first one
 * may go, and serves the disks of the group in turn, reads and writes each for themselves, so that a queue of writes
 * keeps no read back that its own limits let through.
 */
#include <string.h>
#include "block/backend-internal.h"
#include "qemu/io-loop.h"

typedef struct ThrottleGroup {
    char *name;                 /* constant */
    ThrottleState state;        /* lock */
    GPtrArray *members;         /* of ThrottleMember. lock */
    guint turn[2];              /* which one is served next, by direction. lock */
    IOWork work;                /* look whose time has come */
    guint timer;                /* GLib's source that does; 0: none. I/O thread */
    struct ThrottleGroup *next; /* lock */
} ThrottleGroup;

static GMutex lock;
static ThrottleGroup *groups;   /* lock; they live as long as the program */

static bool is_write(const BlockRequest *r)
{
    return r->op != BLOCK_READ;
}

static ThrottleGroup *find(const char *name)
{
    ThrottleGroup *group = groups;

    while (group && strcmp(group->name, name)) {
        group = group->next;
    }
    return group;
}

/* The next request of that direction in the disks' turns, which stays queued; NULL: none waits. The lock is held. */
static ThrottleMember *next_member(ThrottleGroup *group, bool write)
{
    for (guint i = 0; i < group->members->len; i++) {
        guint at = (group->turn[write] + i) % group->members->len;
        ThrottleMember *member = g_ptr_array_index(group->members, at);

        if (!g_queue_is_empty(&member->waiting[write])) {
            group->turn[write] = at;
            return member;
        }
    }
    return NULL;
}

/* Move what may go to `ready`. How long until the next one may, in us; 0: nothing waits. The lock is held. */
static int64_t take_ready(ThrottleGroup *group, bool write, GQueue *ready)
{
    ThrottleMember *member;

    while ((member = next_member(group, write)) != NULL) {
        int64_t wait = throttle_wait_us(&group->state, write, g_get_monotonic_time());
        BlockRequest *r;

        if (wait) {
            return wait;
        }
        r = g_queue_pop_head(&member->waiting[write]);
        throttle_account(&group->state, write, r->bytes);
        group->turn[write]++;
        g_queue_push_tail(ready, r);
    }
    return 0;
}

static void start_all(GQueue *ready)
{
    BlockRequest *r;

    while ((r = g_queue_pop_head(ready)) != NULL) {
        blk_start(r);
    }
}

static gboolean timer_fired(gpointer opaque);

/* On the I/O thread. */
static void look(void *opaque)
{
    ThrottleGroup *group = opaque;
    GQueue ready = G_QUEUE_INIT;
    int64_t wait[2], first;

    g_mutex_lock(&lock);
    wait[0] = take_ready(group, false, &ready);
    wait[1] = take_ready(group, true, &ready);
    g_mutex_unlock(&lock);
    if (group->timer) {
        g_source_remove(group->timer);
        group->timer = 0;
    }
    first = wait[0] && wait[1] ? MIN(wait[0], wait[1]) : MAX(wait[0], wait[1]);
    if (first) {
        group->timer = g_timeout_add((guint)MIN(first / 1000 + 1, G_MAXUINT / 2), timer_fired, group);
    }
    start_all(&ready);
}

static gboolean timer_fired(gpointer opaque)
{
    ThrottleGroup *group = opaque;

    group->timer = 0;
    look(group);
    return G_SOURCE_REMOVE;
}

bool throttle_delay(ThrottleMember *member, BlockRequest *r)
{
    bool write = is_write(r), waits = false;
    ThrottleGroup *group;

    if (!__atomic_load_n(&member->group, __ATOMIC_RELAXED) || r->op >= BLOCK_FLUSH) {
        return false;
    }
    g_mutex_lock(&lock);
    group = member->group;
    if (group && !member->free) {
        waits = next_member(group, write) || throttle_wait_us(&group->state, write, g_get_monotonic_time());
        if (waits) {
            g_queue_push_tail(&member->waiting[write], r);
        } else {
            throttle_account(&group->state, write, r->bytes);
        }
    }
    g_mutex_unlock(&lock);
    if (waits) {
        io_post(&group->work);
    }
    return waits;
}

/* What waits, in its order. The lock is held. */
static void take_all(ThrottleMember *member, GQueue *ready)
{
    for (unsigned write = 0; write < 2; write++) {
        BlockRequest *r;

        while ((r = g_queue_pop_head(&member->waiting[write])) != NULL) {
            g_queue_push_tail(ready, r);
        }
    }
}

void throttle_set_free(ThrottleMember *member, bool is_free)
{
    GQueue ready = G_QUEUE_INIT;

    g_mutex_lock(&lock);
    if (is_free) {
        member->free++;
        take_all(member, &ready);
    } else {
        member->free--;
    }
    g_mutex_unlock(&lock);
    start_all(&ready);
}

/* The lock is held. */
static ThrottleGroup *find_or_make(const char *name)
{
    ThrottleGroup *group = find(name);

    if (!group) {
        group = g_new0(ThrottleGroup, 1);
        group->name = g_strdup(name);
        group->members = g_ptr_array_new();
        group->work = (IOWork) { .fn = look, .opaque = group };
        throttle_config_init(&group->state.config);
        group->state.leaked_us = g_get_monotonic_time();
        group->next = groups;
        groups = group;
    }
    return group;
}

void throttle_join(ThrottleMember *member, const char *name)
{
    GQueue ready = G_QUEUE_INIT;

    g_mutex_lock(&lock);
    take_all(member, &ready);
    if (member->group) {
        g_ptr_array_remove(member->group->members, member);
    }
    __atomic_store_n(&member->group, name ? find_or_make(name) : NULL, __ATOMIC_RELAXED);
    if (member->group) {
        g_ptr_array_add(member->group->members, member);
    }
    g_mutex_unlock(&lock);
    start_all(&ready);
}

void throttle_group_set(const char *name, const ThrottleConfig *config)
{
    ThrottleGroup *group;

    g_mutex_lock(&lock);
    group = find_or_make(name);
    group->state = (ThrottleState) { .config = *config, .leaked_us = g_get_monotonic_time() };
    g_mutex_unlock(&lock);
    io_post(&group->work);      /* what waits by the old limits */
}

bool throttle_group_exists(const char *name)
{
    bool exists;

    g_mutex_lock(&lock);
    exists = find(name);
    g_mutex_unlock(&lock);
    return exists;
}

bool throttle_group_used(const char *name)
{
    const ThrottleGroup *group;
    bool used;

    g_mutex_lock(&lock);
    group = find(name);
    used = group && group->members->len;
    g_mutex_unlock(&lock);
    return used;
}

const char *throttle_group_of(const ThrottleMember *member, ThrottleConfig *config, unsigned *waiting)
{
    const ThrottleGroup *group = member->group;

    if (!group) {
        return NULL;
    }
    g_mutex_lock(&lock);
    *config = group->state.config;
    *waiting = member->waiting[0].length + member->waiting[1].length;
    g_mutex_unlock(&lock);
    return group->name;
}
