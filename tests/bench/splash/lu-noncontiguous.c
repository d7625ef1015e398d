/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lu-noncontiguous: blocked LU factorisation (lu.h) of one array in row-major order. The rows of a block are a whole
 * matrix row apart: an inner loop touches a new page for nearly every row of a block, and blocks of different threads
 * share pages, and cache lines if the block size is not a multiple of a line's.
 */
#include "lu.h"

static double *lu_matrix;

static void lu_layout(void)
{
    lu_matrix = anl_alloc(lu_size * lu_size, sizeof(double));
}

static inline LuBlock lu_block(long row, long column)
{
    return (LuBlock) { &lu_matrix[(row * lu_size + column) * lu_block_size], lu_size };
}

int main(int argc, char **argv)
{
    return lu_main("lu-noncontiguous", argc, argv);
}
