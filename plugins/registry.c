/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which plugins there are, and what each has registered.
 *
 * `lock` is for those who change the lists. Who reads takes the list as it is now: it is replaced, never changed. A
 * list that was replaced, and a plugin that leaves, may be in use until the CPUs have been stopped; that is done on the
 * I/O thread, by `work`. Functions for CPUs are called one at a time (`calling`), and may register others.
 */
#include <dlfcn.h>
#include "plugins/plugin-internal.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"

typedef struct Plugin {
    void *handle;               /* NULL: it has been unloaded */
    int version;                /* constant */
    bool leaves, unload;        /* lock */
    qemu_plugin_simple_cb_t left;   /* lock */
} Plugin;

static GMutex lock;
static GRecMutex calling;
/* Of Plugin; id - 1 is the index. All are there before the machine is. lock */
static GArray *plugins;
static EventList *events[NB_EVENTS];    /* atomic; lock to write */
static GPtrArray *replaced;     /* of EventList. lock */

static void let_leave(void *opaque);
static IOWork work = { .fn = let_leave };

const EventList *plugin_event(PluginEvent event)
{
    return __atomic_load_n(&events[event], __ATOMIC_ACQUIRE);
}

qemu_plugin_id_t plugin_add(void *handle, int version)
{
    Plugin p = { .handle = handle, .version = version };

    if (!plugins) {
        plugins = g_array_new(false, false, sizeof(Plugin));
        replaced = g_ptr_array_new_with_free_func(g_free);
    }
    g_array_append_val(plugins, p);
    return plugins->len;
}

int plugin_version(qemu_plugin_id_t id)
{
    return g_array_index(plugins, Plugin, id - 1).version;
}

bool plugin_has(void *handle)
{
    for (unsigned i = 0; plugins && i < plugins->len; i++) {
        if (g_array_index(plugins, Plugin, i).handle == handle) {
            return true;
        }
    }
    return false;
}

static Plugin *find(qemu_plugin_id_t id)
{
    if (!id || id > plugins->len) {
        error_exit("a plugin calls itself %llu, which none is", (unsigned long long)id);
    }
    return &g_array_index(plugins, Plugin, id - 1);
}

/* With the lock held. fn NULL: without the plugin's. */
static void replace(PluginEvent event, qemu_plugin_id_t id, void (*fn)(void), void *data)
{
    EventList *old = events[event], *new = g_malloc(sizeof(*new) + ((old ? old->n : 0) + 1) * sizeof(EventFunction));

    new->n = 0;
    for (unsigned i = 0; old && i < old->n; i++) {
        if (old->function[i].id != id) {
            new->function[new->n++] = old->function[i];
        }
    }
    if (fn) {
        new->function[new->n++] = (EventFunction) { .id = id, .any = fn, .data = data };
    }
    __atomic_store_n(&events[event], new, __ATOMIC_RELEASE);
    if (old) {
        g_ptr_array_add(replaced, old);
    }
}

void plugin_register(PluginEvent event, qemu_plugin_id_t id, void (*fn)(void), void *data)
{
    g_mutex_lock(&lock);
    if (!find(id)->leaves) {
        replace(event, id, fn, data);
    }
    g_mutex_unlock(&lock);
}

void plugin_call_for_cpu(PluginEvent event, int cpu)
{
    const EventList *l;

    g_rec_mutex_lock(&calling);
    l = plugin_event(event);
    for (unsigned i = 0; l && i < l->n; i++) {
        l->function[i].cpu(l->function[i].id, (unsigned)cpu);
    }
    g_rec_mutex_unlock(&calling);
}

void plugin_leave(qemu_plugin_id_t id, qemu_plugin_simple_cb_t fn, bool unload)
{
    Plugin *p;

    g_mutex_lock(&lock);
    p = find(id);
    p->unload |= unload;
    p->leaves = true;
    p->left = fn;
    for (int e = 0; e < NB_EVENTS; e++) {
        replace(e, id, NULL, NULL);
    }
    g_mutex_unlock(&lock);
    io_post(&work);
}

/* The CPUs are paused and there is no code that knows the plugin. */
static void leave(qemu_plugin_id_t id)
{
    Plugin p;

    g_mutex_lock(&lock);
    p = *find(id);
    find(id)->leaves = false;
    if (p.leaves && p.unload) {
        find(id)->handle = NULL;
    }
    g_mutex_unlock(&lock);
    if (!p.leaves) {
        return;
    }
    if (p.left) {
        p.left(id);
    }
    if (p.unload) {
        dlclose(p.handle);
    }
}

/* A function that is called may make another plugin leave, whose turn comes by the next work. */
static void let_leave(void *opaque)
{
    cpus_pause();
    cpus_flush_code();
    g_mutex_lock(&lock);
    g_ptr_array_set_size(replaced, 0);
    g_mutex_unlock(&lock);
    for (unsigned i = 0; i < plugins->len; i++) {
        leave(i + 1);
    }
    cpus_resume();
}
