/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model that ocean-contiguous and ocean-noncontiguous run: wind-driven eddies in a square basin of two layers,
 * by the quasi-geostrophic equations (Holland 1978). Grids, threads and solver: ocean-grid.h.
 *
 * The state is the stream function of the upper (1) and the lower layer (3). With J the Jacobian, f = f0 + beta y,
 * H = H1 + H3, D = psi1 - psi3 and psi2 = (H1 psi3 + H3 psi1) / H at the interface:
 *
 *     G1 = J(laplacian psi1 + f, psi1) + A laplacian^2 psi1 + wind
 *     G3 = J(laplacian psi3 + f, psi3) + A laplacian^2 psi3
 *     (laplacian - k) dD/dt = G1 - G3 - k J(D, psi2)                     k = f0^2 H / (g' H1 H3)
 *     laplacian dB/dt = (H1 G1 + H3 G3) / H                              B = (H1 psi1 + H3 psi3) / H
 *
 * B is zero at the wall. D has one value all along the wall, such that the sum of dD/dt is zero (no water passes from
 * layer to layer): dD/dt is a solution that is zero at the wall plus a multiple of the solution of the homogeneous
 * equation that is one there. Jacobians are Arakawa's; time steps Adams-Bashforth.
 *
 * A time step is a sequence of phases with a barrier after each; every thread works on its own rectangle.
 *
 * Check: the tendencies of the last step satisfy the two equations, written down again in another form and evaluated by
 * one thread; the state is the step before plus these tendencies; D still has the sum it started with.
 */
#ifndef SPLASH_OCEAN_H
#define SPLASH_OCEAN_H

#include "ocean-grid.h"

/* Metres, seconds. */
#define OCEAN_DISTANCE 20000.0      /* between cells */
#define OCEAN_STEP 28800.0
#define OCEAN_H1 1000.0
#define OCEAN_H3 4000.0
#define OCEAN_H (OCEAN_H1 + OCEAN_H3)
#define OCEAN_F0 1e-4
#define OCEAN_BETA 2e-11
#define OCEAN_GRAVITY 0.02          /* g', reduced by the difference in density */
#define OCEAN_FRICTION 500.0        /* A */
#define OCEAN_WIND 1e-4             /* stress by density, m^2/s^2 */
#define OCEAN_K (OCEAN_F0 * OCEAN_F0 * OCEAN_H / (OCEAN_GRAVITY * OCEAN_H1 * OCEAN_H3))
#define OCEAN_H2 (OCEAN_DISTANCE * OCEAN_DISTANCE)
#define OCEAN_TOLERANCE 1e-7        /* largest residual by largest right-hand side */
#define OCEAN_MODES 4

/* Fields of level 0. Those from vorticity1 on belong to one time step. */
static Field psi1, psi3;
static Field saved1, saved3;                /* psi before the step */
static Field tendency1, tendency3;          /* dpsi/dt of the last step */
static Field previous1, previous3;          /* dpsi/dt of the step before */
static Field solution_d, solution_b;        /* parts of dD/dt and dB/dt that are zero at the wall */
static Field homogeneous;                   /* solution for 1 at the wall, minus 1 */
static Field vorticity1, vorticity3;        /* laplacian psi */
static Field absolute1, absolute3;          /* laplacian psi + f */
static Field friction1, friction3;
static Field difference, interface;         /* D, psi2 */
static Field source_d, source_b;            /* right-hand sides */

static Field *const ocean_fields[] = {
    &psi1, &psi3, &saved1, &saved3, &tendency1, &tendency3, &previous1, &previous3, &solution_d, &solution_b,
    &homogeneous, &vorticity1, &vorticity3, &absolute1, &absolute3, &friction1, &friction3, &difference, &interface,
    &source_d, &source_b,
};

static long ocean_size, ocean_steps;
static double *ocean_wind;                  /* by row of the whole field */
static double ocean_first_sum;              /* of D, before the first step */

static inline double ocean_laplacian(const double *c, long stride)
{
    return (c[-1] + c[1] + c[-stride] + c[stride] - 4 * c[0]) * (1 / OCEAN_H2);
}

/* Arakawa's J(a, b) at a cell: x along columns, y along rows. */
static inline double ocean_jacobian(const double *a, const double *b, long s)
{
    double sum = (b[s] + b[1 + s] - b[-s] - b[1 - s]) * a[1]
               + (b[-s] + b[-1 - s] - b[s] - b[s - 1]) * a[-1]
               + (b[-1] + b[s - 1] - b[1] - b[1 + s]) * a[s]
               + (b[1] + b[1 - s] - b[-1] - b[-1 - s]) * a[-s]
               + (b[s] - b[1]) * a[1 + s]
               + (b[-s] - b[-1]) * a[-1 - s]
               + (b[-1] - b[s]) * a[s - 1]
               + (b[1] - b[-s]) * a[1 - s];

    return sum * (1 / (12 * OCEAN_H2));
}

static inline double ocean_coriolis(int row)
{
    return OCEAN_F0 + OCEAN_BETA * OCEAN_DISTANCE * (row - 0.5);
}

/* Phase 1: vorticity, D and psi2. */
static inline void ocean_vorticity(int proc)
{
    const Part *p = &grid_part[0][proc];

    grid_exchange(&psi1, proc, EVERY_CELL);
    grid_exchange(&psi3, proc, EVERY_CELL);
    for (int i = p->first_row; i <= p->last_row; i++) {
        for (int j = p->first_column; j <= p->last_column; j++) {
            long at = i * p->stride + j;
            double upper = psi1.cells[proc][at], lower = psi3.cells[proc][at];

            difference.cells[proc][at] = upper - lower;
            interface.cells[proc][at] = (OCEAN_H1 * lower + OCEAN_H3 * upper) * (1 / OCEAN_H);
        }
    }
    for (int i = 1; i <= p->rows; i++) {
        for (int j = 1; j <= p->columns; j++) {
            long at = i * p->stride + j;

            vorticity1.cells[proc][at] = ocean_laplacian(&psi1.cells[proc][at], p->stride);
            vorticity3.cells[proc][at] = ocean_laplacian(&psi3.cells[proc][at], p->stride);
        }
    }
    grid_reflect(&vorticity1, proc);
    grid_reflect(&vorticity3, proc);
    BARRIER(grid_barrier, grid_nproc);
}

/* Phase 2: absolute vorticity and friction. */
static inline void ocean_friction(int proc)
{
    const Part *p = &grid_part[0][proc];

    grid_exchange(&vorticity1, proc, EVERY_CELL);
    grid_exchange(&vorticity3, proc, EVERY_CELL);
    for (int i = p->first_row; i <= p->last_row; i++) {
        double coriolis = ocean_coriolis(p->top + i);

        for (int j = p->first_column; j <= p->last_column; j++) {
            long at = i * p->stride + j;

            absolute1.cells[proc][at] = vorticity1.cells[proc][at] + coriolis;
            absolute3.cells[proc][at] = vorticity3.cells[proc][at] + coriolis;
        }
    }
    for (int i = 1; i <= p->rows; i++) {
        for (int j = 1; j <= p->columns; j++) {
            long at = i * p->stride + j;

            friction1.cells[proc][at] = OCEAN_FRICTION * ocean_laplacian(&vorticity1.cells[proc][at], p->stride);
            friction3.cells[proc][at] = OCEAN_FRICTION * ocean_laplacian(&vorticity3.cells[proc][at], p->stride);
        }
    }
    BARRIER(grid_barrier, grid_nproc);
}

/* Phase 3: Jacobians and right-hand sides. The largest of these, over all threads, are the residuals' measure. */
static inline void ocean_sources(int proc, double *largest_d, double *largest_b, int *turn)
{
    const Part *p = &grid_part[0][proc];
    double largest[2] = { 0, 0 };

    grid_exchange(&absolute1, proc, EVERY_CELL);
    grid_exchange(&absolute3, proc, EVERY_CELL);
    grid_exchange(&difference, proc, EVERY_CELL);
    grid_exchange(&interface, proc, EVERY_CELL);
    for (int i = 1; i <= p->rows; i++) {
        double wind = ocean_wind[p->top + i];

        for (int j = 1; j <= p->columns; j++) {
            long at = i * p->stride + j;
            double upper = ocean_jacobian(&absolute1.cells[proc][at], &psi1.cells[proc][at], p->stride)
                         + friction1.cells[proc][at] + wind;
            double lower = ocean_jacobian(&absolute3.cells[proc][at], &psi3.cells[proc][at], p->stride)
                         + friction3.cells[proc][at];
            double between = ocean_jacobian(&difference.cells[proc][at], &interface.cells[proc][at], p->stride);
            double d = upper - lower - OCEAN_K * between;
            double b = (OCEAN_H1 * upper + OCEAN_H3 * lower) * (1 / OCEAN_H);

            source_d.cells[proc][at] = d;
            source_b.cells[proc][at] = b;
            largest[0] = fabs(d) <= largest[0] ? largest[0] : fabs(d);
            largest[1] = fabs(b) <= largest[1] ? largest[1] : fabs(b);
        }
    }
    *largest_d = grid_combine(largest[0], true, turn);
    *largest_b = grid_combine(largest[1], true, turn);
}

/* Sum of a field over all cells of all threads. */
static inline double ocean_sum(const Field *field, int proc, int *turn)
{
    const Part *p = &grid_part[0][proc];
    double sum = 0;

    for (int i = 1; i <= p->rows; i++) {
        for (int j = 1; j <= p->columns; j++) {
            sum += field->cells[proc][i * p->stride + j];
        }
    }
    return grid_combine(sum, false, turn);
}

/* Solves with the right-hand side source. */
static inline void ocean_solve(const Field *u, const Field *source, double k, double largest, int proc, int *turn)
{
    const Part *p = &grid_part[0][proc];

    for (int i = 1; i <= p->rows; i++) {
        memcpy(&grid_rhs[0].cells[proc][i * p->stride + 1], &source->cells[proc][i * p->stride + 1],
               p->columns * sizeof(double));
    }
    BARRIER(grid_barrier, grid_nproc);
    grid_solve(u, k, OCEAN_H2, largest * OCEAN_TOLERANCE, proc, turn);
}

/* Last phase: the new state; correction: dD/dt at the wall. */
static inline void ocean_update(int proc, bool first, double correction)
{
    const Part *p = &grid_part[0][proc];
    double now = first ? OCEAN_STEP : 1.5 * OCEAN_STEP;
    double before = first ? 0 : -0.5 * OCEAN_STEP;

    for (int i = p->first_row; i <= p->last_row; i++) {
        for (int j = p->first_column; j <= p->last_column; j++) {
            long at = i * p->stride + j;
            double d = solution_d.cells[proc][at] + correction * (1 + homogeneous.cells[proc][at]);
            double b = solution_b.cells[proc][at];
            double upper = b + OCEAN_H3 / OCEAN_H * d;
            double lower = b - OCEAN_H1 / OCEAN_H * d;

            saved1.cells[proc][at] = psi1.cells[proc][at];
            saved3.cells[proc][at] = psi3.cells[proc][at];
            previous1.cells[proc][at] = tendency1.cells[proc][at];
            previous3.cells[proc][at] = tendency3.cells[proc][at];
            psi1.cells[proc][at] += now * upper + before * tendency1.cells[proc][at];
            psi3.cells[proc][at] += now * lower + before * tendency3.cells[proc][at];
            tendency1.cells[proc][at] = upper;
            tendency3.cells[proc][at] = lower;
        }
    }
    BARRIER(grid_barrier, grid_nproc);
}

/* The part of one thread. */
static void ocean_run(int proc)
{
    const Part *p = &grid_part[0][proc];
    double cells = (double)ocean_size * ocean_size;
    double homogeneous_sum;
    int turn = 0;

    for (int i = 1; i <= p->rows; i++) {
        for (int j = 1; j <= p->columns; j++) {
            source_d.cells[proc][i * p->stride + j] = OCEAN_K;
        }
    }
    ocean_solve(&homogeneous, &source_d, OCEAN_K, OCEAN_K * 1e-3, proc, &turn);
    homogeneous_sum = cells + ocean_sum(&homogeneous, proc, &turn);
    for (long step = 0; step < ocean_steps; step++) {
        double largest_d, largest_b;

        ocean_vorticity(proc);
        ocean_friction(proc);
        ocean_sources(proc, &largest_d, &largest_b, &turn);
        ocean_solve(&solution_d, &source_d, OCEAN_K, largest_d, proc, &turn);
        ocean_solve(&solution_b, &source_b, 0, largest_b, proc, &turn);
        ocean_update(proc, step == 0, -ocean_sum(&solution_d, proc, &turn) / homogeneous_sum);
    }
}

/* Eddies to start from: some standing waves, zero at the wall; wind that turns the basin's halves opposite ways. */
static inline void ocean_start(void)
{
    int size = ocean_size;
    double *waves = anl_alloc(OCEAN_MODES * (size + 2), sizeof(double));
    double amplitude[2][OCEAN_MODES][OCEAN_MODES];
    uint64_t seed = 1;

    ocean_wind = anl_alloc(size + 2, sizeof(double));
    for (int i = 0; i < size + 2; i++) {
        double place = (i - 0.5) / size;

        for (int mode = 0; mode < OCEAN_MODES; mode++) {
            waves[mode * (size + 2) + i] = sin((mode + 1) * M_PI * place);
        }
        ocean_wind[i] = -OCEAN_WIND * 2 * M_PI / (size * OCEAN_DISTANCE * OCEAN_H1) * sin(2 * M_PI * place);
    }
    for (int i = 0; i < 2 * OCEAN_MODES * OCEAN_MODES; i++) {
        /* Currents of some centimetres per second. */
        (&amplitude[0][0][0])[i] = (anl_random_real(&seed) - 0.5) * 0.02 * size * OCEAN_DISTANCE / OCEAN_MODES;
    }
    for (int i = 0; i < size + 2; i++) {
        for (int j = 0; j < size + 2; j++) {
            double sums[2] = { 0, 0 };

            for (int mode = 0; mode < OCEAN_MODES * OCEAN_MODES; mode++) {
                int m = mode / OCEAN_MODES, n = mode % OCEAN_MODES;
                double wave = waves[m * (size + 2) + i] * waves[n * (size + 2) + j];

                sums[0] += amplitude[0][m][n] * wave;
                sums[1] += amplitude[1][m][n] * wave;
            }
            *grid_cell(&psi1, i, j) = sums[0];
            *grid_cell(&psi3, i, j) = sums[1];
            if (i >= 1 && i <= size && j >= 1 && j <= size) {
                ocean_first_sum += sums[0] - sums[1];
            }
        }
    }
    free(waves);
}

/* The check. */

static inline double *ocean_gather(const Field *field)
{
    int side = ocean_size + 2;
    double *all = anl_alloc(side * side, sizeof(double));

    for (int i = 0; i < side; i++) {
        for (int j = 0; j < side; j++) {
            all[i * side + j] = *grid_cell(field, i, j);
        }
    }
    return all;
}

/* J(a, b) as the mean of its three forms: a_x b_y - a_y b_x, (a b_y)_x - (a b_x)_y, (b a_x)_y - (b a_y)_x. */
static inline double ocean_jacobian_again(const double *a, const double *b, long s)
{
    double plain = (a[1] - a[-1]) * (b[s] - b[-s]) - (a[s] - a[-s]) * (b[1] - b[-1]);
    double flux_a = a[1] * (b[1 + s] - b[1 - s]) - a[-1] * (b[s - 1] - b[-s - 1])
                  - a[s] * (b[s + 1] - b[s - 1]) + a[-s] * (b[1 - s] - b[-s - 1]);
    double flux_b = b[s] * (a[s + 1] - a[s - 1]) - b[-s] * (a[1 - s] - a[-s - 1])
                  - b[1] * (a[1 + s] - a[1 - s]) + b[-1] * (a[s - 1] - a[-s - 1]);

    return (plain + flux_a + flux_b) / (12 * OCEAN_H2);
}

/* Absolute vorticity of psi in the whole field; *relative: the same without f, zero at the wall. */
static inline double *ocean_absolute_again(const double *psi, double **relative)
{
    int side = ocean_size + 2;
    double *z = anl_alloc(side * side, sizeof(double));
    double *sum = anl_alloc(side * side, sizeof(double));

    for (int i = 0; i < side; i++) {
        for (int j = 0; j < side; j++) {
            int row = i < 1 ? 1 : i > ocean_size ? ocean_size : i;
            int column = j < 1 ? 1 : j > ocean_size ? ocean_size : j;

            z[i * side + j] = ((row != i) != (column != j) ? -1 : 1) * ocean_laplacian(&psi[row * side + column], side);
            sum[i * side + j] = z[i * side + j] + ocean_coriolis(i);
        }
    }
    *relative = z;
    return sum;
}

/* Whether psi is what one time step makes of the state before. */
static inline void ocean_check_step(const char *name, const Field *psi, const Field *old, const Field *rate,
                                    const Field *rate_before)
{
    double change = 0;

    for (int i = 0; i < ocean_size + 2; i++) {
        for (int j = 0; j < ocean_size + 2; j++) {
            double now = *grid_cell(rate, i, j);
            /* Before the first step nothing is known: it goes along its own tendency. */
            double mean = ocean_steps == 1 ? now : now + (now - *grid_cell(rate_before, i, j)) / 2;
            double expected = *grid_cell(old, i, j) + OCEAN_STEP * mean;
            double got = *grid_cell(psi, i, j);

            if (!(fabs(got - expected) <= 1e-14 * (fabs(got) + fabs(OCEAN_STEP * now)) + 1e-10)) {
                anl_fail("%s: cell %d, %d is %.17g after the last step, should be %.17g", name, i, j, got, expected);
            }
            change += fabs(got - *grid_cell(old, i, j));
        }
    }
    if (!(change > 0)) {
        anl_fail("%s: the last step changed nothing", name);
    }
}

static inline void ocean_check(const char *name)
{
    int side = ocean_size + 2;
    double *old1 = ocean_gather(&saved1), *old3 = ocean_gather(&saved3);
    double *rate1 = ocean_gather(&tendency1), *rate3 = ocean_gather(&tendency3);
    double *d = anl_alloc(side * side, sizeof(double)), *d_rate = anl_alloc(side * side, sizeof(double));
    double *b_rate = anl_alloc(side * side, sizeof(double)), *middle = anl_alloc(side * side, sizeof(double));
    double *z1, *z3, *a1 = ocean_absolute_again(old1, &z1), *a3 = ocean_absolute_again(old3, &z3);
    double worst[2] = { 0, 0 }, largest[2] = { 0, 0 }, sum = 0, size = 0;

    for (int at = 0; at < side * side; at++) {
        d[at] = old1[at] - old3[at];
        middle[at] = (OCEAN_H1 * old3[at] + OCEAN_H3 * old1[at]) / OCEAN_H;
        d_rate[at] = rate1[at] - rate3[at];
        b_rate[at] = (OCEAN_H1 * rate1[at] + OCEAN_H3 * rate3[at]) / OCEAN_H;
    }
    for (int i = 1; i <= ocean_size; i++) {
        for (int j = 1; j <= ocean_size; j++) {
            int at = i * side + j;
            double d_now = *grid_cell(&psi1, i, j) - *grid_cell(&psi3, i, j);
            double g1 = ocean_jacobian_again(&a1[at], &old1[at], side) + ocean_wind[i]
                      + OCEAN_FRICTION * ocean_laplacian(&z1[at], side);
            double g3 = ocean_jacobian_again(&a3[at], &old3[at], side)
                      + OCEAN_FRICTION * ocean_laplacian(&z3[at], side);
            double right[2] = { g1 - g3 - OCEAN_K * ocean_jacobian_again(&d[at], &middle[at], side),
                                (OCEAN_H1 * g1 + OCEAN_H3 * g3) / OCEAN_H };
            double left[2] = { ocean_laplacian(&d_rate[at], side) - OCEAN_K * d_rate[at],
                               ocean_laplacian(&b_rate[at], side) };

            for (int which = 0; which < 2; which++) {
                double error = fabs(left[which] - right[which]);

                if (!isfinite(error)) {
                    anl_fail("%s: cell %d, %d is not a number", name, i, j);
                }
                worst[which] = error > worst[which] ? error : worst[which];
                largest[which] = fabs(right[which]) > largest[which] ? fabs(right[which]) : largest[which];
            }
            sum += d_now;
            size += fabs(d_now);
        }
    }
    for (int which = 0; which < 2; which++) {
        /* The solution for 1 at the wall is less accurate, but its part is small; the rest is roundings. */
        if (!(worst[which] <= 2 * OCEAN_TOLERANCE * largest[which])) {
            anl_fail("%s: equation %d is off by %g, right-hand side up to %g", name, which + 1, worst[which],
                     largest[which]);
        }
    }
    if (!(fabs(sum - ocean_first_sum) <= 1e-10 * size)) {
        anl_fail("%s: the sum of D was %.17g and is %.17g now", name, ocean_first_sum, sum);
    }
    ocean_check_step(name, &psi1, &saved1, &tendency1, &previous1);
    ocean_check_step(name, &psi3, &saved3, &tendency3, &previous3);
}

static int ocean_main(const char *name, int argc, char **argv)
{
    const AnlOption options[] = {
        { 'n', "cells a side with the frame: a power of two plus 2", &ocean_size, 258, 66, 6, 4098 },
        { 's', "time steps", &ocean_steps, 6, 3, 1, 100000 },
    };
    double begin = anl_time();
    int nproc = anl_options(argc, argv, options, 2);
    double parallel;

    ocean_size -= 2;
    if (ocean_size & (ocean_size - 1)) {
        anl_fail("%s: -n %ld is not a power of two plus 2", name, ocean_size + 2);
    }
    grid_make(ocean_size, nproc);
    for (size_t i = 0; i < sizeof(ocean_fields) / sizeof(ocean_fields[0]); i++) {
        grid_layout(ocean_fields[i]);
    }
    ocean_start();

    parallel = anl_run(nproc, ocean_run);

    ocean_check(name);
    anl_report(name, parallel, begin);
    return 0;
}

#endif
