/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plugins as the rest of the program sees them. Main thread. */
#ifndef PLUGINS_PLUGIN_H
#define PLUGINS_PLUGIN_H

/* One -plugin. */
typedef struct PluginOption {
    const char *said;           /* the option and its argument, for messages */
    const char *file;
    char **args;                /* NAME=VALUE; NULL at the end */
} PluginOption;

/* Load and install them for a machine of so many CPUs; a mistake ends the program. Before the machine is made. */
void plugins_load(const PluginOption *options, unsigned n, int cpus);
/* The machine ends; its CPUs have ended. */
void plugins_end(void);

#endif
