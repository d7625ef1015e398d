/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of the machine inside the qcow2 images that it writes to: its state and their contents. I/O thread. The
 * machine stands still meanwhile, and goes on if it ran. NULL, or one line that says what is wrong (g_free()).
 * Implemented in migration/snapshot.c.
 */
#ifndef MIGRATION_SNAPSHOT_H
#define MIGRATION_SNAPSHOT_H
#include "block/snapshot.h"

/* The next image that the machine writes to, the first one for NULL; NULL: there are no more. */
BlockBackend *snapshot_disk(const BlockBackend *blk);
/* An older one of that name is replaced. */
char *snapshot_save(const char *name);
/* Machine and disks become what they were. What cannot be loaded changes nothing. */
char *snapshot_load(const char *name);
char *snapshot_delete(const char *name);
/* Call fn for all that are on every disk. */
void snapshot_each(void (*fn)(void *opaque, const BlockSnapshot *s), void *opaque);
#endif
