/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ocean-noncontiguous: the ocean model (ocean.h) with each field as one array in row-major order. A stencil reads the
 * neighbours' cells where they are; rectangles side by side share cache lines and pages.
 */
#include "ocean.h"

static void grid_layout(Field *field)
{
    long side = (grid_cells >> field->level) + 2;
    double *all = anl_alloc(side * side, sizeof(double));

    for (int proc = 0; proc < grid_nproc; proc++) {
        Part *p = &grid_part[field->level][proc];

        p->stride = side;
        field->cells[proc] = &all[p->top * side + p->left];
    }
}

static inline void grid_exchange(const Field *field, int proc, int colour)
{
    /* The halo is the neighbours' cells themselves. */
    (void)field;
    (void)proc;
    (void)colour;
}

int main(int argc, char **argv)
{
    return ocean_main("ocean-noncontiguous", argc, argv);
}
