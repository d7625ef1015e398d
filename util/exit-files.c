/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of files to remove at the end (qemu/exit-files.h). Nodes are added at the front by the main thread and never
 * freed; a signal handler on any thread may walk the list at the same time. Head and marks are atomic: who
 * sets the mark removes the file.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/exit-files.h"

typedef struct ExitFile {
    char *path;                         /* constant */
    bool removed;                       /* atomic */
    struct ExitFile *next;
} ExitFile;

static ExitFile *files;

void exit_file_add(const char *path)
{
    ExitFile *f = g_new0(ExitFile, 1);

    if (!files) {
        atexit(exit_files_remove);
    }
    f->path = g_strdup(path);
    f->next = files;
    __atomic_store_n(&files, f, __ATOMIC_RELEASE);
}

void exit_files_remove(void)
{
    for (ExitFile *f = __atomic_load_n(&files, __ATOMIC_ACQUIRE); f; f = f->next) {
        if (!__atomic_exchange_n(&f->removed, true, __ATOMIC_SEQ_CST)) {
            unlink(f->path);
        }
    }
}
