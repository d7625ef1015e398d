/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A node of a disk tells once when somebody writes beyond a border: a manager that gives an image its space bit by bit
 * learns in time that it gets short, and how far has been written. Both an image and the file that holds its bytes are
 * nodes.
 */
#ifndef BLOCK_WRITE_THRESHOLD_H
#define BLOCK_WRITE_THRESHOLD_H
#include <stdint.h>

typedef struct WriteThreshold {
    uint64_t limit;             /* in bytes; 0: none. atomic */
    const char *node;           /* its name, which stays; set before `limit` */
    uint64_t highest;           /* as far as anybody has written. atomic */
} WriteThreshold;

/* I/O thread. 0: none. */
void write_threshold_set(WriteThreshold *t, const char *node, uint64_t limit);
uint64_t write_threshold_limit(const WriteThreshold *t);
uint64_t write_threshold_highest(const WriteThreshold *t);
void write_threshold_crossed(WriteThreshold *t, uint64_t limit, uint64_t end);

/* Somebody writes up to `end`. Any thread; any lock may be held. */
static inline void write_threshold_note(WriteThreshold *t, uint64_t end)
{
    const uint64_t limit = __atomic_load_n(&t->limit, __ATOMIC_ACQUIRE);
    uint64_t highest = __atomic_load_n(&t->highest, __ATOMIC_RELAXED);

    while (end > highest && !__atomic_compare_exchange_n(&t->highest, &highest, end, true, __ATOMIC_RELAXED,
                                                         __ATOMIC_RELAXED)) {
    }
    if (limit && end > limit) {
        write_threshold_crossed(t, limit, end);
    }
}
#endif
