/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -global: what properties of all devices of a driver are, unless the device says otherwise itself. Main thread. */
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

typedef struct Global {
    char *said;
    char *driver, *property, *value;
    bool used;
} Global;

static GArray *globals;                 /* of Global */

/* "driver.property=value", or the three by their names. */
static Global global_parse(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    Global g = { .said = g_strdup_printf("%s %s", c->option, arg) };
    char *dot = strchr(kv[0].key, '.');

    if (dot && dot != kv[0].key && dot[1] && kv[0].value && !kv[1].key) {
        g.driver = g_strndup(kv[0].key, (gsize)(dot - kv[0].key));
        g.property = dot + 1;
        g.value = kv[0].value;
        return g;
    }
    for (int i = 0; kv[i].key; i++) {
        char **to = !strcmp(kv[i].key, "driver") ? &g.driver : !strcmp(kv[i].key, "property") ? &g.property :
                    !strcmp(kv[i].key, "value") ? &g.value : NULL;

        if (!to || !kv[i].value) {
            option_fail(c, arg, "DRIVER.PROPERTY=VALUE, or driver=,property=,value= is expected");
        }
        *to = kv[i].value;
    }
    if (!g.driver || !g.property || !g.value) {
        option_fail(c, arg, "DRIVER.PROPERTY=VALUE, or driver=,property=,value= is expected");
    }
    return g;
}

void option_global(CommandLine *c, const char *arg)
{
    Global g = global_parse(c, arg);

    if (!strcmp(g.driver, "virtio-mmio")) {
        KeyValue kv = { g.property, g.value };

        if (strcmp(g.property, "force-legacy")) {
            option_fail(c, arg, "virtio-mmio has one property: force-legacy=on|off");
        }
        c->o->virtio_legacy = option_bool(c, arg, &kv);
        return;
    }
    if (!globals) {
        globals = g_array_new(FALSE, FALSE, sizeof(Global));
    }
    g_array_append_val(globals, g);
}

KeyValue *options_globals(const char *driver)
{
    GArray *list = g_array_new(TRUE, TRUE, sizeof(KeyValue));

    for (guint i = 0; globals && i < globals->len; i++) {
        Global *g = &g_array_index(globals, Global, i);

        if (!strcmp(g->driver, driver)) {
            KeyValue kv = { g->property, g->value };

            g->used = true;
            g_array_append_val(list, kv);
        }
    }
    return (KeyValue *)(void *)g_array_free(list, FALSE);
}

void options_global_finish(CommandLine *c)
{
    for (guint i = 0; globals && i < globals->len; i++) {
        const Global *g = &g_array_index(globals, Global, i);

        if (!g->used) {
            warn_report("%s: changes nothing: there is no device of that kind", g->said);
        }
    }
}
