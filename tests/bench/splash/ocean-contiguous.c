/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocean-contiguous: the ocean model (ocean.h) with each thread's rectangle of each field, halo included, in one piece
 * of memory of its own. No cache line is written by two threads; halos are copied from the neighbours before each
 * stencil.
 */
#include "ocean.h"

static void grid_layout(Field *field)
{
    for (int proc = 0; proc < grid_nproc; proc++) {
        Part *p = &grid_part[field->level][proc];

        p->stride = p->columns + 2;
        field->cells[proc] = anl_alloc((size_t)(p->rows + 2) * p->stride, sizeof(double));
    }
}

/* Copies to proc's halo what lies at row_move, column_move (-1, 0 or 1) from its rectangle. */
static void fetch(const Field *field, int proc, int colour, int row_move, int column_move)
{
    int other = proc + row_move * grid_columns + column_move;
    const Part *p = grid_part_of(field, proc);
    const Part *from = grid_part_of(field, other);
    /* Own coordinates; beside a neighbour, the ghosts of both lie side by side. */
    int first_row = colour < 0 ? p->first_row : 1;
    int last_row = colour < 0 ? p->last_row : p->rows;
    int first_column = colour < 0 ? p->first_column : 1;
    int last_column = colour < 0 ? p->last_column : p->columns;
    int down = p->top - from->top;
    int right = p->left - from->left;

    if (row_move) {
        first_row = last_row = row_move < 0 ? 0 : p->rows + 1;
    }
    if (column_move) {
        first_column = last_column = column_move < 0 ? 0 : p->columns + 1;
    }
    for (int i = first_row; i <= last_row; i++) {
        for (int j = first_column; j <= last_column; j++) {
            if (colour < 0 || ((p->top + p->left + i + j) & 1) == colour) {
                field->cells[proc][i * p->stride + j] = field->cells[other][(i + down) * from->stride + j + right];
            }
        }
    }
}

static inline void grid_exchange(const Field *field, int proc, int colour)
{
    int row = proc / grid_columns, column = proc % grid_columns;

    for (int i = -1; i <= 1; i++) {
        for (int j = -1; j <= 1; j++) {
            /* A colour is asked for by a stencil that has no corners. */
            bool wanted = colour < 0 ? i || j : !i != !j;

            if (wanted && row + i >= 0 && row + i < grid_rows && column + j >= 0 && column + j < grid_columns) {
                fetch(field, proc, colour, i, j);
            }
        }
    }
}

int main(int argc, char **argv)
{
    return ocean_main("ocean-contiguous", argc, argv);
}
