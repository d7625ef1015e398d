/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that must not stay behind when the program ends, however it ends: sockets, the file of the process id.
 * Implemented in util/exit-files.c.
 */
#ifndef QEMU_EXIT_FILES_H
#define QEMU_EXIT_FILES_H

/* The file is there: remove it at the end, unless another one is in its place then. The path is copied. Main thread. */
void exit_file_add(const char *path);
/* Remove it already now, under the same condition. Main thread. */
void exit_file_remove(const char *path);
/* Remove them now; exit() does so by itself, who ends the program in another way calls this. Async-signal-safe. */
void exit_files_remove(void);
#endif
