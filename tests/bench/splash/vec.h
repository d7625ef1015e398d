/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vectors in space, for raytrace.c and radiosity.c. */
#ifndef SPLASH_VEC_H
#define SPLASH_VEC_H

#include "anl.h"

#include <math.h>

typedef struct Vec {
    double v[3];
} Vec;

static inline Vec vec_add(Vec a, Vec b)
{
    return (Vec){ { a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2] } };
}

static inline Vec vec_sub(Vec a, Vec b)
{
    return (Vec){ { a.v[0] - b.v[0], a.v[1] - b.v[1], a.v[2] - b.v[2] } };
}

static inline Vec vec_scale(double s, Vec a)
{
    return (Vec){ { s * a.v[0], s * a.v[1], s * a.v[2] } };
}

static inline double vec_dot(Vec a, Vec b)
{
    return a.v[0] * b.v[0] + a.v[1] * b.v[1] + a.v[2] * b.v[2];
}

static inline Vec vec_cross(Vec a, Vec b)
{
    return (Vec){ { a.v[1] * b.v[2] - a.v[2] * b.v[1], a.v[2] * b.v[0] - a.v[0] * b.v[2],
                    a.v[0] * b.v[1] - a.v[1] * b.v[0] } };
}

static inline Vec vec_unit(Vec a)
{
    return vec_scale(1 / sqrt(vec_dot(a, a)), a);
}

#endif
