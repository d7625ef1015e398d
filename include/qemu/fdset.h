/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of descriptors that whoever started the emulator, or a program at its monitor, has passed (-add-fd, add-fd). A
 * file's name "/dev/fdset/N" means one of set N. Any thread. Implemented in util/fdset.c.
 */
#ifndef QEMU_FDSET_H
#define QEMU_FDSET_H
#include <stdbool.h>
#include <stdint.h>

/*
 * open(), and for a name "/dev/fdset/N" a copy of the first descriptor in set N that was opened for what `flags` say
 * (reading, writing, both). It shares its place in the file with the original; `flags` alone decide of O_APPEND,
 * O_DIRECT and O_NONBLOCK, and O_TRUNC truncates and goes to the front. -1: errno; EACCES: none of the set will do.
 */
int fdset_open(const char *path, int flags, unsigned mode);

/* Put a descriptor, which is the set's from then on, into a set; -1: a new one. `opaque`: NULL or a note. The set. */
int64_t fdset_add(int64_t set, int fd, const char *opaque);
/* Close one of a set, or all (-1); copies that are in use stay. False: there is none. */
bool fdset_remove(int64_t set, int64_t fd);
/* Call `visit` for each, sets in the order of their numbers. With the lock held: no other function of this file. */
void fdset_each(void (*visit)(void *opaque, int64_t set, int fd, const char *note), void *opaque);
#endif
