/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads plugins, tells them of what happens, and answers their questions that are not about code. Main thread, but for
 * what a plugin calls.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "plugins/plugin-internal.h"
#include "qemu/log.h"
#include "qemu/symbols.h"
#include "target/arm/translate.h"

enum { OLDEST_VERSION = 0 };

int plugin_cpus;

static void cpu_event(int cpu, PluginCPUEvent event)
{
    static const PluginEvent events[] = {
        [PLUGIN_CPU_INIT] = EVENT_CPU_INIT, [PLUGIN_CPU_EXIT] = EVENT_CPU_EXIT,
        [PLUGIN_CPU_IDLE] = EVENT_CPU_IDLE, [PLUGIN_CPU_RESUME] = EVENT_CPU_RESUME,
    };

    if (plugin_event(events[event])) {
        plugin_call_for_cpu(events[event], cpu);
    }
}

static void flushed(void)
{
    const EventList *l = plugin_event(EVENT_FLUSH);

    for (unsigned i = 0; l && i < l->n; i++) {
        l->function[i].flush(l->function[i].id);
    }
}

void plugins_end(void)
{
    const EventList *l = plugin_event(EVENT_END);

    for (unsigned i = 0; l && i < l->n; i++) {
        l->function[i].end(l->function[i].id, l->function[i].data);
    }
}

/* ---- loading ---- */

/* A name without a folder: a file here, or one of the plugins that come with the emulator. */
static char *find_file(const char *file)
{
    static const char *const forms[][2] = { { "./", "" }, { CONFIG_PLUGIN_DIR "/lib", ".so" } };

    for (size_t i = 0; !strchr(file, '/') && i < G_N_ELEMENTS(forms); i++) {
        char *path = g_strconcat(forms[i][0], file, forms[i][1], NULL);

        if (access(path, R_OK) == 0) {
            return path;
        }
        g_free(path);
    }
    return g_strdup(file);
}

static void *open_file(const PluginOption *o)
{
    g_autofree char *path = find_file(o->file);
    void *handle;

    if (access(path, R_OK)) {
        error_exit("%s: %s: %s", o->said, path, strerror(errno));
    }
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();

        error_exit("%s: no plugin for this emulator: %s", o->said, why);
    }
    return handle;
}

static int check_version(const PluginOption *o, void *handle)
{
    const int *version = dlsym(handle, "qemu_plugin_version");

    if (!version) {
        error_exit("%s: no plugin: it does not export qemu_plugin_version", o->said);
    }
    if (*version < OLDEST_VERSION || *version > QEMU_PLUGIN_VERSION) {
        error_exit("%s: the plugin is made for version %d of the interface, this emulator has %d to %d; compile it "
                   "with the header qemu-plugin.h of this emulator", o->said, *version, OLDEST_VERSION,
                   QEMU_PLUGIN_VERSION);
    }
    return *version;
}

static void load(const PluginOption *o, const qemu_info_t *info)
{
    void *handle = open_file(o);
    int (*install)(qemu_plugin_id_t, const qemu_info_t *, int, char **), code;
    int version = check_version(o, handle);

    install = (int (*)(qemu_plugin_id_t, const qemu_info_t *, int, char **))dlsym(handle, "qemu_plugin_install");
    if (!install) {
        error_exit("%s: no plugin: it does not export qemu_plugin_install", o->said);
    }
    if (plugin_has(handle)) {
        error_exit("%s: the plugin is loaded already", o->said);
    }
    code = install(plugin_add(handle, version), info, (int)g_strv_length(o->args), o->args);
    if (code) {
        error_exit("%s: the plugin refuses (qemu_plugin_install() returned %d)", o->said, code);
    }
}

void plugins_load(const PluginOption *options, unsigned n, int cpus)
{
    static const PluginHooks hooks = { .translate = plugin_translate, .cpu_event = cpu_event, .flushed = flushed };
    const qemu_info_t info = {
        .target_name = "arm",
        .version = { .min = OLDEST_VERSION, .cur = QEMU_PLUGIN_VERSION },
        .system_emulation = true,
        .system = { .smp_vcpus = cpus, .max_vcpus = cpus },
    };

    plugin_cpus = cpus;
    for (unsigned i = 0; i < n; i++) {
        plugin_hooks = &hooks;
        arm_end_at_jumps = true;
        symbols_want();
        load(&options[i], &info);
    }
}
