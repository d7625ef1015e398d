/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lu-contiguous: blocked LU factorisation (lu.h) with each block in one piece of memory, and the blocks of one thread
 * next to each other, apart from those of the other threads. An inner loop runs over one or two pages, and no cache
 * line is written by two threads.
 */
#include "lu.h"

static double **lu_cells;       /* by row and column: the block's memory */

static void lu_layout(void)
{
    long cells = lu_block_size * lu_block_size;
    long counts[ANL_MAX_PROC] = { 0 };
    double *next[ANL_MAX_PROC];

    for (long i = 0; i < lu_blocks; i++) {
        for (long j = 0; j < lu_blocks; j++) {
            counts[lu_owner(i, j)]++;
        }
    }
    for (int proc = 0; proc < lu_nproc; proc++) {
        next[proc] = anl_alloc(counts[proc] * cells, sizeof(double));
    }
    lu_cells = anl_alloc(lu_blocks * lu_blocks, sizeof(*lu_cells));
    for (long i = 0; i < lu_blocks; i++) {
        for (long j = 0; j < lu_blocks; j++) {
            lu_cells[i * lu_blocks + j] = next[lu_owner(i, j)];
            next[lu_owner(i, j)] += cells;
        }
    }
}

static inline LuBlock lu_block(long row, long column)
{
    return (LuBlock) { lu_cells[row * lu_blocks + column], lu_block_size };
}

int main(int argc, char **argv)
{
    return lu_main("lu-contiguous", argc, argv);
}
