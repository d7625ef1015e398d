/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -plugin. Main thread. */
#include <string.h>
#include "softmmu/options-internal.h"

/* Each argument reaches the plugin as NAME=VALUE, NAME alone as NAME=on. QEMU's older form is arg=NAME[=VALUE]. */
static char *plugin_argument(const KeyValue *kv)
{
    if (!strcmp(kv->key, "arg") && kv->value) {
        return g_strconcat(kv->value, strchr(kv->value, '=') ? "" : "=on", NULL);
    }
    return g_strdup_printf("%s=%s", kv->key, kv->value ? kv->value : "on");
}

void option_plugin(CommandLine *c, const char *arg)
{
    Options *o = c->o;
    GPtrArray *args = g_ptr_array_new();
    PluginOption *p;
    KeyValue *kv = option_split(c, arg);

    o->plugin = g_renew(PluginOption, o->plugin, o->plugins + 1);
    p = &o->plugin[o->plugins++];
    *p = (PluginOption) { .said = g_strdup_printf("%s %s", c->option, arg) };
    for (unsigned i = 0; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "file") && kv[i].value) {
            p->file = kv[i].value;
        } else if (i == 0 && !kv[i].value) {
            p->file = kv[i].key;
        } else {
            g_ptr_array_add(args, plugin_argument(&kv[i]));
        }
    }
    g_ptr_array_add(args, NULL);
    p->args = (char **)g_ptr_array_free(args, FALSE);
    if (!p->file || !*p->file) {
        option_fail(c, arg, "no file; use -plugin FILE[,NAME=VALUE...]");
    }
}
