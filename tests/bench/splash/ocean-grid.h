/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grids of the ocean programs: how they are shared out, halos, and the multigrid solver. ocean.h is the model on top of
 * it; ocean-contiguous.c and ocean-noncontiguous.c say where values lie in memory.
 *
 * A field has N x N cells, N a power of two, and a frame of ghost cells around them, index 0 and N + 1. The wall is
 * half way between the outermost cells and the ghosts; where a field is zero at the wall, a ghost is minus its
 * neighbour. Level 0 is the finest; each level has half as many cells a side as the one before; the last one has at
 * least two cells a side for every thread.
 *
 * The threads form a grid of pr x pc; each has a rectangle of every level, and the ghosts next to it. The rectangles
 * of all levels lie over each other. Only the owner writes a cell. Threads address cells by local coordinates: 1 to
 * rows and 1 to columns are their own, 0 and rows + 1 (columns + 1) the halo: ghosts at a wall, else cells of the
 * neighbours. In the contiguous layout the halo is a copy that grid_exchange() fetches.
 *
 * Between writing a field and another thread's reading of its edge there is always a barrier. The one exception is
 * relaxation, where cells of one colour are written while neighbours read those of the other colour.
 */
#ifndef SPLASH_OCEAN_GRID_H
#define SPLASH_OCEAN_GRID_H

#include <math.h>

#include "anl.h"

#define GRID_MAX_LEVELS 12
#define GRID_MAX_CYCLES 60

/* One thread's rectangle of a level. */
typedef struct Part {
    int rows, columns;
    int top, left;          /* index in the whole field of local cell (0, 0) */
    long stride;            /* values from one row to the next */
    /* Own cells and own ghosts, local coordinates. */
    int first_row, last_row, first_column, last_column;
} Part;

typedef struct Field {
    int level;
    double *cells[ANL_MAX_PROC];    /* by thread: its local cell (0, 0); local (i, j) is cells[i * stride + j] */
} Field;

static int grid_cells;                  /* N of level 0 */
static int grid_levels;
static int grid_nproc, grid_rows, grid_columns;     /* threads, pr, pc */
static Part grid_part[GRID_MAX_LEVELS][ANL_MAX_PROC];
static AnlBarrier grid_barrier;

/* Sums and maxima over all threads, under the lock. Used in turn, so that one can be cleared while the last is read. */
static AnlLock grid_lock;
static double grid_total[3];

/* Right-hand sides of all levels, and the solutions of all levels but the first. */
static Field grid_rhs[GRID_MAX_LEVELS];
static Field grid_solution[GRID_MAX_LEVELS];

/* Sets field->cells for a field of this level, and the strides of the level's parts: the layout. */
static void grid_layout(Field *field);

enum { EVERY_CELL = -1 };

/*
 * Brings the halo of thread proc up to date; colour is EVERY_CELL, ghosts of neighbours included, or 0 or 1: only cells
 * next to own ones whose indexes add up to an even or odd number.
 */
static inline void grid_exchange(const Field *field, int proc, int colour);

static inline const Part *grid_part_of(const Field *field, int proc)
{
    return &grid_part[field->level][proc];
}

/* Cell (row, column) of the whole field, ghosts included: for code that is not in a hurry. */
static inline double *grid_cell(const Field *field, int row, int column)
{
    for (int proc = 0; proc < grid_nproc; proc++) {
        const Part *p = grid_part_of(field, proc);
        int i = row - p->top;
        int j = column - p->left;

        if (i >= p->first_row && i <= p->last_row && j >= p->first_column && j <= p->last_column) {
            return &field->cells[proc][i * p->stride + j];
        }
    }
    anl_fail("ocean: there is no cell %d, %d", row, column);
}

static inline void grid_make(int cells, int nproc)
{
    int coarsest = 4;

    grid_cells = cells;
    grid_nproc = nproc;
    for (int rows = 1; rows * rows <= nproc; rows++) {
        if (nproc % rows == 0) {
            grid_rows = rows;
        }
    }
    grid_columns = nproc / grid_rows;
    while (coarsest < 2 * grid_columns) {
        coarsest *= 2;
    }
    if (cells < coarsest) {
        anl_fail("ocean: %d threads need a grid of at least %d cells a side", nproc, coarsest);
    }
    for (int size = cells; size >= coarsest; size /= 2) {
        for (int proc = 0; proc < nproc; proc++) {
            Part *p = &grid_part[grid_levels][proc];
            int row = proc / grid_columns, column = proc % grid_columns;
            int scale = size / coarsest;

            p->top = anl_first(row, grid_rows, coarsest) * scale;
            p->left = anl_first(column, grid_columns, coarsest) * scale;
            p->rows = anl_first(row + 1, grid_rows, coarsest) * scale - p->top;
            p->columns = anl_first(column + 1, grid_columns, coarsest) * scale - p->left;
            p->first_row = row == 0 ? 0 : 1;
            p->last_row = row == grid_rows - 1 ? p->rows + 1 : p->rows;
            p->first_column = column == 0 ? 0 : 1;
            p->last_column = column == grid_columns - 1 ? p->columns + 1 : p->columns;
        }
        grid_levels++;
    }
    for (int level = 0; level < grid_levels; level++) {
        grid_rhs[level].level = level;
        grid_solution[level].level = level;
        grid_layout(&grid_rhs[level]);
        if (level > 0) {
            grid_layout(&grid_solution[level]);
        }
    }
    BARINIT(grid_barrier);
    LOCKINIT(grid_lock);
}

/* Sets own ghosts of a field that is zero at the wall. */
static inline void grid_reflect(const Field *field, int proc)
{
    const Part *p = grid_part_of(field, proc);
    double *cells = field->cells[proc];
    long stride = p->stride;

    for (int i = 1; i <= p->rows; i++) {
        if (p->first_column == 0) {
            cells[i * stride] = -cells[i * stride + 1];
        }
        if (p->last_column > p->columns) {
            cells[i * stride + p->last_column] = -cells[i * stride + p->columns];
        }
    }
    for (int j = p->first_column; j <= p->last_column; j++) {
        if (p->first_row == 0) {
            cells[j] = -cells[stride + j];
        }
        if (p->last_row > p->rows) {
            cells[p->last_row * stride + j] = -cells[p->rows * stride + j];
        }
    }
}

/*
 * Combines everybody's value: their sum, or their maximum (with none below 0). A barrier for all threads. *turn counts
 * the calls; the same in all threads.
 */
static inline double grid_combine(double value, bool maximum, int *turn)
{
    int now = *turn % 3;

    *turn = now + 1;
    LOCK(grid_lock);
    if (!maximum) {
        grid_total[now] += value;
    } else if (!(value <= grid_total[now])) {
        grid_total[now] = value;
    }
    /* Everybody has read this one before the last call's barrier. */
    grid_total[(now + 1) % 3] = 0;
    UNLOCK(grid_lock);
    BARRIER(grid_barrier, grid_nproc);
    return grid_total[now];
}

/*
 * Solves (Laplacian - k) u = f for u zero at the wall, by V-cycles with red-black Gauss-Seidel relaxation; u starts
 * from what it is.
 */

/* One sweep over both colours; h2: square of the distance between cells. Ends with a barrier. */
static inline void grid_relax(const Field *u, const Field *f, double k, double h2, int proc)
{
    const Part *p = grid_part_of(u, proc);
    double *cells = u->cells[proc];
    const double *rhs = f->cells[proc];
    double factor = 1 / (4 + k * h2);
    long stride = p->stride;

    for (int colour = 0; colour < 2; colour++) {
        grid_exchange(u, proc, 1 - colour);
        for (int i = 1; i <= p->rows; i++) {
            double *row = &cells[i * stride];
            const double *rhs_row = &rhs[i * stride];

            for (int j = 1 + ((i + 1 + p->top + p->left + colour) & 1); j <= p->columns; j += 2) {
                row[j] = factor * (row[j - 1] + row[j + 1] + row[j - stride] + row[j + stride] - h2 * rhs_row[j]);
            }
        }
        grid_reflect(u, proc);
        BARRIER(grid_barrier, grid_nproc);
    }
}

/* Residual f - (Laplacian - k) u at cell c. */
static inline double grid_residual(const double *c, double rhs, double k, double h2, long stride)
{
    return rhs + k * c[0] - (c[-1] + c[1] + c[-stride] + c[stride] - 4 * c[0]) / h2;
}

/*
 * Residual of a level becomes the right-hand side of the next one, whose solution starts from zero. Returns the largest
 * residual of own cells. No barrier.
 */
static inline double grid_restrict(const Field *u, const Field *f, double k, double h2, int proc)
{
    const Part *p = grid_part_of(u, proc);
    bool last = u->level == grid_levels - 1;
    const Part *coarse_part = &grid_part[u->level + !last][proc];
    double *coarse_rhs = grid_rhs[u->level + !last].cells[proc];
    double *coarse_u = grid_solution[u->level + !last].cells[proc];
    double largest = 0;

    grid_exchange(u, proc, EVERY_CELL);
    for (int i = 1; i <= p->rows; i += 2) {
        for (int j = 1; j <= p->columns; j += 2) {
            double sum = 0;

            for (int corner = 0; corner < 4; corner++) {
                long at = (i + corner / 2) * p->stride + j + corner % 2;
                double residual = grid_residual(&u->cells[proc][at], f->cells[proc][at], k, h2, p->stride);

                sum += residual;
                largest = fabs(residual) <= largest ? largest : fabs(residual);
            }
            if (!last) {
                coarse_rhs[(i / 2 + 1) * coarse_part->stride + j / 2 + 1] = sum / 4;
            }
        }
    }
    for (int i = coarse_part->first_row; !last && i <= coarse_part->last_row; i++) {
        for (int j = coarse_part->first_column; j <= coarse_part->last_column; j++) {
            coarse_u[i * coarse_part->stride + j] = 0;
        }
    }
    return largest;
}

/* Adds the next level's solution, bilinearly interpolated. Ends with a barrier. */
static inline void grid_prolong(const Field *u, int proc)
{
    const Field *coarse = &grid_solution[u->level + 1];
    const Part *p = grid_part_of(u, proc);
    const Part *coarse_part = grid_part_of(coarse, proc);
    double *cells = u->cells[proc];

    grid_exchange(coarse, proc, EVERY_CELL);
    for (int i = 1; i <= p->rows; i++) {
        /* The coarse row on the other side of the cell within its own one. */
        long beside = i & 1 ? -coarse_part->stride : coarse_part->stride;
        const double *from = &coarse->cells[proc][(i + 1) / 2 * coarse_part->stride];

        for (int j = 1; j <= p->columns; j++) {
            const double *c = &from[(j + 1) / 2];
            int next = j & 1 ? -1 : 1;

            cells[i * p->stride + j] += (9 * c[0] + 3 * (c[next] + c[beside]) + c[beside + next]) / 16;
        }
    }
    grid_reflect(u, proc);
    BARRIER(grid_barrier, grid_nproc);
}

static inline void grid_cycle(const Field *u, double k, double h2, int proc)
{
    const Field *f = &grid_rhs[u->level];
    bool last = u->level == grid_levels - 1;

    for (int i = 0; i < (last ? 8 : 2); i++) {
        grid_relax(u, f, k, h2, proc);
    }
    if (!last) {
        grid_restrict(u, f, k, h2, proc);
        BARRIER(grid_barrier, grid_nproc);
        grid_cycle(&grid_solution[u->level + 1], k, 4 * h2, proc);
        grid_prolong(u, proc);
        for (int i = 0; i < 2; i++) {
            grid_relax(u, f, k, h2, proc);
        }
    }
}

/* Called by all threads, with a barrier since the right-hand side in grid_rhs[0] was made. Ends with a barrier. */
static inline void grid_solve(const Field *u, double k, double h2, double tolerance, int proc, int *turn)
{
    for (int cycle = 0;; cycle++) {
        double residual = grid_restrict(u, &grid_rhs[0], k, h2, proc);

        residual = grid_combine(residual, true, turn);
        if (residual <= tolerance) {
            return;
        }
        if (cycle == GRID_MAX_CYCLES || !isfinite(residual)) {
            anl_fail("ocean: residual %g after %d cycles, should be at most %g", residual, cycle, tolerance);
        }
        grid_cycle(u, k, h2, proc);
    }
}

#endif
