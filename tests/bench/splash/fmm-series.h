/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The power series of fmm.c (Greengard and Rokhlin 1987): the potential of masses, the sum of m log(z - z_i), around a
 * centre. All places here are relative to the centre of the series they are used with.
 *
 * A multipole series is exact outside of a circle around its masses: a[0] log z + sum of a[k] / z^k, a[0] the mass. A
 * local series is exact inside a circle without masses: sum of b[k] z^k, b[0] left out since only the field is wanted.
 * The field is the derivative, the sum of m / (z - z_i).
 */
#ifndef SPLASH_FMM_SERIES_H
#define SPLASH_FMM_SERIES_H

#include <math.h>
#include <string.h>

#define MAX_TERMS 48

typedef struct Complex {
    double re, im;
} Complex;

typedef Complex Series[MAX_TERMS + 1];

/* Constant once series_init() was called. */
static int series_terms;
static double series_binomial[2 * MAX_TERMS + 1][MAX_TERMS + 1];

static inline Complex add(Complex a, Complex b)
{
    return (Complex){ a.re + b.re, a.im + b.im };
}

static inline Complex sub(Complex a, Complex b)
{
    return (Complex){ a.re - b.re, a.im - b.im };
}

static inline Complex mul(Complex a, Complex b)
{
    return (Complex){ a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

static inline Complex scale(double factor, Complex a)
{
    return (Complex){ factor * a.re, factor * a.im };
}

static inline Complex inverse(Complex a)
{
    double norm = a.re * a.re + a.im * a.im;

    return (Complex){ a.re / norm, -a.im / norm };
}

/* Chooses the number of terms such that digits, at most 10, decimal digits of a field are right. */
static inline void series_init(int digits)
{
    /* In the worst place of the nearest box that does not touch, each term of a series is 0.55 of the last. */
    series_terms = (int)(digits * M_LN10 / 0.6) + 5;
    for (int n = 0; n <= 2 * MAX_TERMS; n++) {
        for (int k = 0; k <= MAX_TERMS; k++) {
            series_binomial[n][k] = k == 0 ? 1 : n == 0 ? 0 : series_binomial[n - 1][k - 1] + series_binomial[n - 1][k];
        }
    }
}

static inline void multipole_add_body(Series to, double mass, Complex place)
{
    Complex power = { mass, 0 };

    to[0].re += mass;
    for (int k = 1; k <= series_terms; k++) {
        power = mul(power, place);
        to[k] = sub(to[k], scale(1.0 / k, power));
    }
}

/* Adds the multipole series from, whose centre is at place. */
static inline void multipole_add_shifted(Series to, const Series from, Complex place)
{
    Series power = { { 1, 0 } };

    for (int k = 1; k <= series_terms; k++) {
        power[k] = mul(power[k - 1], place);
    }
    to[0] = add(to[0], from[0]);
    for (int l = 1; l <= series_terms; l++) {
        Complex sum = scale(-from[0].re / l, power[l]);

        for (int k = 1; k <= l; k++) {
            sum = add(sum, scale(series_binomial[l - 1][k - 1], mul(from[k], power[l - k])));
        }
        to[l] = add(to[l], sum);
    }
}

static inline Complex multipole_field(const Series from, Complex place)
{
    Complex over = inverse(place), sum = { 0, 0 };

    for (int k = series_terms; k >= 1; k--) {
        sum = mul(sub(sum, scale(k, from[k])), over);
    }
    return mul(add(from[0], sum), over);
}

/* Adds a body outside of the circle where the series is used. */
static inline void local_add_body(Series to, double mass, Complex place)
{
    Complex over = inverse(place), power = { mass, 0 };

    for (int l = 1; l <= series_terms; l++) {
        power = mul(power, over);
        to[l] = sub(to[l], scale(1.0 / l, power));
    }
}

/* Adds the multipole series from, whose centre is at place; the circles of both must be apart. */
static inline void local_add_multipole(Series to, const Series from, Complex place)
{
    Complex over = inverse(place), power = over;
    Series part;

    for (int k = 1; k <= series_terms; k++) {
        part[k] = scale(k % 2 ? -1 : 1, mul(from[k], power));
        power = mul(power, over);
    }
    power = over;
    for (int l = 1; l <= series_terms; l++) {
        Complex sum = { -from[0].re / l, 0 };

        for (int k = 1; k <= series_terms; k++) {
            sum = add(sum, scale(series_binomial[l + k - 1][k - 1], part[k]));
        }
        to[l] = add(to[l], mul(sum, power));
        power = mul(power, over);
    }
}

/* Adds the local series from for use around place. */
static inline void local_add_shifted(Series to, const Series from, Complex place)
{
    Series shifted;

    memcpy(shifted, from, sizeof(shifted));
    for (int low = 0; low < series_terms; low++) {
        for (int k = series_terms - 1; k >= low; k--) {
            shifted[k] = add(shifted[k], mul(place, shifted[k + 1]));
        }
    }
    for (int k = 1; k <= series_terms; k++) {
        to[k] = add(to[k], shifted[k]);
    }
}

static inline Complex local_field(const Series from, Complex place)
{
    Complex sum = { 0, 0 };

    for (int k = series_terms; k >= 1; k--) {
        sum = add(mul(sum, place), scale(k, from[k]));
    }
    return sum;
}

#endif
