/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that must not stay behind when the program ends, however it ends: sockets, the file of the process id.
 * Implemented in util/exit-files.c.
 */
#ifndef QEMU_EXIT_FILES_H
#define QEMU_EXIT_FILES_H

/* Remove the file at the end. The path is copied. Main thread. */
void exit_file_add(const char *path);
/* Remove them now; exit() does so by itself, who ends the program in another way calls this. Async-signal-safe. */
void exit_files_remove(void);
#endif
