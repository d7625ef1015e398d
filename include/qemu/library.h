/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Libraries that are loaded when somebody wants them: those of windows, sound, VNC and NBD bring fifty others, which
 * would cost each start of the emulator some milliseconds, and some megabytes. One thread at a time for each table
 * (qemu/library-table.h). Implemented in util/library.c.
 */
#ifndef QEMU_LIBRARY_H
#define QEMU_LIBRARY_H
typedef struct LibraryFunction {
    const char *name;
    void **at;                  /* becomes its address */
} LibraryFunction;
/* `functions` ends with a NULL name. NULL, or what is wrong (g_free); then nothing of it may be called. */
char *library_load(const char *file, const LibraryFunction *functions);
#endif
