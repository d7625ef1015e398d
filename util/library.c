/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <glib.h>
#include "qemu/library.h"

char *library_load(const char *file, const LibraryFunction *functions)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    for (; library && functions->name; functions++) {
        *functions->at = dlsym(library, functions->name);
        if (!*functions->at) {
            break;
        }
    }
    return library && !functions->name ? NULL : g_strdup(dlerror());
}
