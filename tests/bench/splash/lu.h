/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocked dense LU factorisation without pivoting, common part of lu-contiguous and lu-noncontiguous; the two differ
 * in where a block lies in memory, which the including file says with lu_layout() and lu_block().
 *
 * The N x N matrix A is cut into blocks of B x B (smaller at the right and lower edge). The threads form a grid of
 * pr x pc; block (I, J) belongs to thread (I mod pr, J mod pc), who alone writes it. For each K:
 *
 *     the owner of block (K, K) factors it                               A[K][K] = L[K][K] U[K][K]
 *     barrier
 *     owners of the blocks below and to the right divide by its factors  L[I][K], U[K][J]
 *     barrier
 *     owners of all blocks below and to the right update them            A[I][J] -= L[I][K] U[K][J]
 *
 * There is no barrier before the next K: its diagonal block was updated by its own owner, and everything else waits
 * behind that block's barrier. L (unit diagonal) and U replace A.
 *
 * The matrix is random with a heavy diagonal, so that it needs no pivoting. Check: L (U v) = A v for random vectors v;
 * A is made again from its seed for that.
 */
#ifndef SPLASH_LU_H
#define SPLASH_LU_H

#include <math.h>

#include "anl.h"

typedef struct LuBlock {
    double *cell;       /* element (i, j) of the block is cell[i * stride + j] */
    long stride;
} LuBlock;

static long lu_size;                /* N */
static long lu_block_size;          /* B */
static long lu_blocks;              /* blocks in a row or column of A */
static int lu_nproc, lu_grid_rows, lu_grid_columns;
static AnlBarrier lu_barrier;

/* Allocates the matrix. */
static void lu_layout(void);
/* Where block (row, column) lies. */
static inline LuBlock lu_block(long row, long column);

static inline int lu_owner(long row, long column)
{
    return row % lu_grid_rows * lu_grid_columns + column % lu_grid_columns;
}

/* Rows in blocks of block row i, which is also the number of columns in block column i. */
static inline long lu_extent(long i)
{
    return i + 1 < lu_blocks ? lu_block_size : lu_size - i * lu_block_size;
}

/* Fills row with row i of A; successive rows come from one random sequence. */
static inline void lu_make_row(uint64_t *seed, long i, double *row)
{
    for (long j = 0; j < lu_size; j++) {
        row[j] = 2 * anl_random_real(seed) - 1;
    }
    row[i] += row[i] < 0 ? -lu_size : lu_size;
}

static inline void lu_fill(double *row)
{
    uint64_t seed = 1;

    for (long i = 0; i < lu_size; i++) {
        lu_make_row(&seed, i, row);
        for (long block = 0; block < lu_blocks; block++) {
            LuBlock b = lu_block(i / lu_block_size, block);

            memcpy(&b.cell[i % lu_block_size * b.stride], &row[block * lu_block_size],
                   lu_extent(block) * sizeof(double));
        }
    }
}

/* to[0 .. n) -= factor * from[0 .. n): where the program spends its time. */
static inline void lu_subtract(double *to, const double *from, double factor, long n)
{
    for (long j = 0; j < n; j++) {
        to[j] -= factor * from[j];
    }
}

static inline void lu_factor_diagonal(LuBlock d, long n)
{
    for (long k = 0; k < n; k++) {
        double inverse = 1 / d.cell[k * d.stride + k];

        for (long i = k + 1; i < n; i++) {
            double *row = &d.cell[i * d.stride];

            row[k] *= inverse;
            lu_subtract(&row[k + 1], &d.cell[k * d.stride + k + 1], row[k], n - k - 1);
        }
    }
}

/* Block below the diagonal block: b = b U^-1. */
static inline void lu_divide_right(LuBlock b, LuBlock d, long rows, long n)
{
    for (long i = 0; i < rows; i++) {
        double *row = &b.cell[i * b.stride];

        for (long k = 0; k < n; k++) {
            const double *pivot = &d.cell[k * d.stride];

            row[k] /= pivot[k];
            lu_subtract(&row[k + 1], &pivot[k + 1], row[k], n - k - 1);
        }
    }
}

/* Block to the right of the diagonal block: b = L^-1 b. */
static inline void lu_divide_left(LuBlock b, LuBlock d, long n, long columns)
{
    for (long i = 1; i < n; i++) {
        for (long k = 0; k < i; k++) {
            lu_subtract(&b.cell[i * b.stride], &b.cell[k * b.stride], d.cell[i * d.stride + k], columns);
        }
    }
}

static inline void lu_update(LuBlock b, LuBlock l, LuBlock u, long rows, long n, long columns)
{
    for (long i = 0; i < rows; i++) {
        double *to = &b.cell[i * b.stride];
        const double *factors = &l.cell[i * l.stride];

        for (long k = 0; k < n; k++) {
            lu_subtract(to, &u.cell[k * u.stride], factors[k], columns);
        }
    }
}

/* The part of one thread. */
static void lu_factor(int proc)
{
    for (long k = 0; k < lu_blocks; k++) {
        LuBlock diagonal = lu_block(k, k);
        long n = lu_extent(k);

        if (lu_owner(k, k) == proc) {
            lu_factor_diagonal(diagonal, n);
        }
        BARRIER(lu_barrier, lu_nproc);
        for (long i = k + 1; i < lu_blocks; i++) {
            if (lu_owner(i, k) == proc) {
                lu_divide_right(lu_block(i, k), diagonal, lu_extent(i), n);
            }
            if (lu_owner(k, i) == proc) {
                lu_divide_left(lu_block(k, i), diagonal, n, lu_extent(i));
            }
        }
        BARRIER(lu_barrier, lu_nproc);
        for (long i = k + 1; i < lu_blocks; i++) {
            for (long j = k + 1; j < lu_blocks; j++) {
                if (lu_owner(i, j) == proc) {
                    lu_update(lu_block(i, j), lu_block(i, k), lu_block(k, j), lu_extent(i), n, lu_extent(j));
                }
            }
        }
    }
}

static inline double lu_element(long i, long j)
{
    LuBlock b = lu_block(i / lu_block_size, j / lu_block_size);

    return b.cell[i % lu_block_size * b.stride + j % lu_block_size];
}

/* Compares A v with L (U v) for a random v. */
static inline void lu_check(const char *name, double *row, uint64_t *seed)
{
    uint64_t matrix_seed = 1;
    double tolerance = 2e-15 * lu_size * sqrt(lu_size);
    double *v = anl_alloc(lu_size, sizeof(double));
    double *uv = anl_alloc(lu_size, sizeof(double));

    for (long i = 0; i < lu_size; i++) {
        v[i] = 2 * anl_random_real(seed) - 1;
    }
    for (long i = 0; i < lu_size; i++) {
        for (long j = i; j < lu_size; j++) {
            uv[i] += lu_element(i, j) * v[j];
        }
    }
    for (long i = 0; i < lu_size; i++) {
        double expected = 0;
        double got = uv[i];

        lu_make_row(&matrix_seed, i, row);
        for (long j = 0; j < lu_size; j++) {
            expected += row[j] * v[j];
        }
        for (long j = 0; j < i; j++) {
            got += lu_element(i, j) * uv[j];
        }
        /* Both sums are about N, each of its N terms is off by some roundings. */
        if (!(fabs(got - expected) <= tolerance)) {
            anl_fail("%s: row %ld of L (U v) is %.17g, should be %.17g", name, i, got, expected);
        }
    }
    free(v);
    free(uv);
}

static int lu_main(const char *name, int argc, char **argv)
{
    const AnlOption options[] = {
        { 'n', "rows and columns of the matrix", &lu_size, 512, 200, 1, 8192 },
        { 'b', "rows and columns of a block", &lu_block_size, 16, 16, 1, 256 },
    };
    double begin = anl_time();
    uint64_t seed = 2;
    double parallel;
    double *row;

    lu_nproc = anl_options(argc, argv, options, 2);
    lu_blocks = (lu_size + lu_block_size - 1) / lu_block_size;
    for (int rows = 1; rows * rows <= lu_nproc; rows++) {
        if (lu_nproc % rows == 0) {
            lu_grid_rows = rows;
        }
    }
    lu_grid_columns = lu_nproc / lu_grid_rows;
    BARINIT(lu_barrier);
    row = anl_alloc(lu_size, sizeof(double));
    lu_layout();
    lu_fill(row);

    parallel = anl_run(lu_nproc, lu_factor);

    for (int i = 0; i < 3; i++) {
        lu_check(name, row, &seed);
    }
    anl_report(name, parallel, begin);
    return 0;
}

#endif
