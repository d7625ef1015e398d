/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's memory, as the command line asks for it. Main thread. */
#ifndef SOFTMMU_GUEST_MEMORY_H
#define SOFTMMU_GUEST_MEMORY_H
#include <stdbool.h>
#include <stdint.h>

typedef enum MemoryKind { MEMORY_ANONYMOUS, MEMORY_MEMFD, MEMORY_FILE } MemoryKind;

typedef struct GuestMemory {
    MemoryKind kind;
    const char *path;                   /* MEMORY_FILE: the file, or a directory for one without a name */
    const char *said;                   /* the option, for messages; not for MEMORY_ANONYMOUS */
    bool share;                         /* what the guest writes is in the file */
} GuestMemory;

/*
 * `size` bytes (whole pages), zero unless they come from a file, aligned so that huge pages fit: these make the first
 * touch much cheaper. prealloc: all of it is taken from the host now. error_exit() if there is not so much.
 */
uint8_t *guest_memory_new(const GuestMemory *m, uint32_t size, bool prealloc);
#endif
