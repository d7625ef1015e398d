/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of files to remove at the end (qemu/exit-files.h). Nodes are added at the front by the main thread and never
 * freed; a signal handler on any thread may walk the list at the same time. Head and marks are atomic: who
 * sets the mark removes the file, if it is still the one that was added: another process may have its own there by now.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/exit-files.h"

typedef struct ExitFile {
    char *path;                         /* constant */
    dev_t device;                       /* what it was when it was added; constant */
    ino_t number;
    bool removed;                       /* atomic */
    struct ExitFile *next;
} ExitFile;

static ExitFile *files;

void exit_file_add(const char *path)
{
    ExitFile *f = g_new0(ExitFile, 1);
    struct stat st;

    if (!files) {
        atexit(exit_files_remove);
    }
    f->path = g_strdup(path);
    if (!lstat(path, &st)) {
        f->device = st.st_dev;
        f->number = st.st_ino;
    }
    f->next = files;
    __atomic_store_n(&files, f, __ATOMIC_RELEASE);
}

static void remove_file(ExitFile *f)
{
    struct stat st;

    if (!__atomic_exchange_n(&f->removed, true, __ATOMIC_SEQ_CST) && !lstat(f->path, &st) && st.st_dev == f->device &&
        st.st_ino == f->number) {
        unlink(f->path);
    }
}

void exit_file_remove(const char *path)
{
    for (ExitFile *f = __atomic_load_n(&files, __ATOMIC_ACQUIRE); f; f = f->next) {
        if (!strcmp(f->path, path)) {
            remove_file(f);
        }
    }
}

void exit_files_remove(void)
{
    for (ExitFile *f = __atomic_load_n(&files, __ATOMIC_ACQUIRE); f; f = f->next) {
        remove_file(f);
    }
}
