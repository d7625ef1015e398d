/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory on its way to a file of the host. A thread opens and writes the file, so nobody waits for a FIFO
 * without a reader or a slow disk; the CPUs and the guest's clock stand still until it is done, so the file is of one
 * moment, but monitors, stop, cont and quit answer. I/O thread.
 */
#ifndef MONITOR_MEMORY_SAVE_H
#define MONITOR_MEMORY_SAVE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "exec/cpu-type.h"
#include "hw/boards.h"

/* What is to be written. The CPUs stand still from memory_save_new() on. */
typedef struct MemorySave MemorySave;
MemorySave *memory_save_new(void);
/* Bytes of ours (copied). */
void memory_save_add_bytes(MemorySave *s, const void *bytes, size_t size);
/*
 * Guest memory, physical or as CPU env sees it: RAM and flash as they are when they are written, registers of devices
 * as they are now. False: a byte cannot be read, or more than 16 MiB are registers.
 */
bool memory_save_add_memory(MemorySave *s, CPUARMState *env, bool physical, uint32_t address, uint64_t size);
void memory_save_free(MemorySave *s);           /* instead of starting */
/*
 * Write it: to the file `path` (NULL: to the descriptor `fd`, which is closed); done() is called on the I/O thread,
 * with what is wrong or NULL. Takes s. False: something else is being written.
 */
bool memory_save_start(MemorySave *s, const char *path, int fd, void (*done)(void *opaque, const char *error),
                       void *opaque);
/* Bytes of what is being or was written last, and of these, how many are. False: nothing is. */
bool memory_save_progress(uint64_t *written, uint64_t *total);

/* monitor/core-dump.c: a file for gdb. */
typedef struct CoreDump {
    const char *protocol;       /* "file:PATH", "fd:NAME" */
    bool paging;                /* by virtual addresses, and not limited */
    bool limited;               /* only [begin, begin + length) of the physical memory */
    int64_t begin, length;
} CoreDump;
/* Start; done() as above. Else *error is a line (g_free()). */
bool core_dump_start(const MachineState *machine, const CoreDump *dump, void (*done)(void *opaque, const char *error),
                     void *opaque, char **error);
/* "none", "active", "completed" or "failed": the last dump, and its bytes. */
const char *core_dump_status(uint64_t *written, uint64_t *total);
#endif
