/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random draws from Plummer's model of a star cluster (Aarseth, Henon, Wielen 1974), for barnes.c and fmm.c. */
#ifndef SPLASH_PLUMMER_H
#define SPLASH_PLUMMER_H

#include "anl.h"

#include <math.h>

/* A distance from the centre in units of the model's length, at most 9. */
static inline double plummer_radius(uint64_t *random)
{
    double radius;

    do {
        radius = 1 / sqrt(pow(0.999 * anl_random_real(random) + 1e-9, -2.0 / 3) - 1);
    } while (radius > 9);
    return radius;
}

/* A speed as part of the speed that escapes. */
static inline double plummer_speed(uint64_t *random)
{
    double x, y;

    do {
        x = anl_random_real(random);
        y = 0.1 * anl_random_real(random);
    } while (y > x * x * pow(1 - x * x, 3.5));
    return x;
}

/* A vector of the given size in any direction. */
static inline void plummer_direction(uint64_t *random, double size, double v[3])
{
    double z = 2 * anl_random_real(random) - 1, turn = 2 * M_PI * anl_random_real(random);

    v[0] = size * sqrt(1 - z * z) * cos(turn);
    v[1] = size * sqrt(1 - z * z) * sin(turn);
    v[2] = size * z;
}

#endif
