/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of plugins/ share. */
#ifndef PLUGINS_PLUGIN_INTERNAL_H
#define PLUGINS_PLUGIN_INTERNAL_H
#include <glib.h>
#include "accel/tcg/instrument.h"
#include "plugins/plugin.h"
#include "qemu/qemu-plugin.h"

typedef enum PluginEvent {
    EVENT_CPU_INIT, EVENT_CPU_EXIT, EVENT_CPU_IDLE, EVENT_CPU_RESUME, EVENT_TRANSLATE, EVENT_FLUSH, EVENT_END,
    NB_EVENTS
} PluginEvent;

/* What a plugin has registered for an event. */
typedef struct EventFunction {
    qemu_plugin_id_t id;
    union {
        qemu_plugin_vcpu_simple_cb_t cpu;
        qemu_plugin_vcpu_tb_trans_cb_t translate;
        qemu_plugin_simple_cb_t flush;
        qemu_plugin_udata_cb_t end;
        void (*any)(void);
    };
    void *data;
} EventFunction;

/* Never changes once it is in use. */
typedef struct EventList {
    unsigned n;
    EventFunction function[];
} EventList;

/* registry.c: the functions of an event; NULL: none. */
const EventList *plugin_event(PluginEvent event);
/* Of that plugin, instead of the one it had; fn NULL: none. An id that no plugin has ends the program. Any thread. */
void plugin_register(PluginEvent event, qemu_plugin_id_t id, void (*fn)(void), void *data);
/* Drop all that the plugin has registered, and then call fn and perhaps unload it, soon. Any thread. */
void plugin_leave(qemu_plugin_id_t id, qemu_plugin_simple_cb_t fn, bool unload);
/* handle: of dlopen(); version: of the interface, that it is made for. */
qemu_plugin_id_t plugin_add(void *handle, int version);
int plugin_version(qemu_plugin_id_t id);
/* Has it been loaded from there, and not unloaded? */
bool plugin_has(void *handle);
/* Call the functions of an EVENT_CPU_*. The thread that runs the CPU. */
void plugin_call_for_cpu(PluginEvent event, int cpu);

/* block.c */
bool plugin_translate(const InstrumentBlock *block, Instrument *in);

/* scoreboard.c: where the CPU's value is; from one CPU's to the next one's, in bytes. */
uint64_t *plugin_entry(qemu_plugin_u64 entry, unsigned cpu);
size_t plugin_entry_stride(qemu_plugin_u64 entry);

extern int plugin_cpus;         /* of the machine; constant */

#endif
