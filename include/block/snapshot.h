/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots inside disk images: what a disk was like at some time, and the machine's state then. I/O thread, with the
 * machine stopped and nothing under way (blk_drain()). Results are 0 or a negative errno; -ENOENT: there is none of
 * that name; -EINVAL: it is of a disk of another size. Implemented in block/snapshot.c.
 */
#ifndef BLOCK_SNAPSHOT_H
#define BLOCK_SNAPSHOT_H
#include "block/block.h"

typedef struct BlockSnapshot {
    char *id, *name;            /* id: given by the format, a number */
    uint64_t state_bytes;       /* of the machine's state; 0: there is none */
    int64_t date_s;             /* since 1970 */
    uint32_t date_ns;
    uint64_t clock_ns;          /* virtual time */
} BlockSnapshot;

/* Does the image's format have snapshots? */
bool blk_has_snapshots(const BlockBackend *blk);
int blk_snapshot_list(BlockBackend *blk, BlockSnapshot **list, unsigned *count);
void blk_snapshot_list_free(BlockSnapshot *list, unsigned count);
/* State for the snapshot that is created next, from byte 0 on, in order. 0 bytes at 0: there is none after all. */
int blk_snapshot_write_state(BlockBackend *blk, uint64_t offset, const void *buffer, size_t bytes);
/* `what` without id. */
int blk_snapshot_create(BlockBackend *blk, const BlockSnapshot *what);
int blk_snapshot_read_state(BlockBackend *blk, const char *name, uint64_t offset, void *buffer, size_t bytes);
/* The disk becomes what it was. */
int blk_snapshot_revert(BlockBackend *blk, const char *name);
int blk_snapshot_delete(BlockBackend *blk, const char *name);

/*
 * Of one disk while the machine runs, without the machine's state: NULL, or why it did not work, to be freed. The one
 * to delete is said by id, name (either may be NULL) or both; *gone is it (id and name: g_free()).
 */
char *blk_snapshot_inside(BlockBackend *blk, const char *name);
char *blk_snapshot_inside_delete(BlockBackend *blk, const char *id, const char *name, BlockSnapshot *gone);
#endif
