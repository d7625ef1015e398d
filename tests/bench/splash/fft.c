/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fft: one-dimensional complex FFT of N = 2^m points by the six-step method (Bailey 1990; Woo et al. 1995).
 *
 * The points are a sqrt(N) x sqrt(N) matrix in row-major order. With n = R*n1 + n2 and k = k1 + R*k2, R = sqrt(N),
 *
 *     X[k1 + R*k2] = sum_n2 w_R^(n2*k2) * w_N^(n2*k1) * sum_n1 w_R^(n1*k1) * x[R*n1 + n2]
 *
 * so that: (1) transpose, (2) FFT of each row, (3) multiply by the twiddles w_N^(n2*k1), (4) transpose, (5) FFT of each
 * row, (6) transpose. Rows are dealt out in contiguous bands. A transpose is the only step that reads other threads'
 * rows: every thread writes its own band of the target, in tiles, beginning with the band of the next thread, so that
 * not all read the same band at once. A barrier separates each transpose from the steps that wrote its source.
 *
 * Shared: the two matrices and the twiddles (read only). Private: the roots for the row FFTs.
 *
 * Check: some frequencies against the sum above taken directly, and the inverse transform against the input.
 */
#include <math.h>

#include "anl.h"

/* Side of the tiles of a transpose: 4 complex numbers are a cache line. */
#define TILE 8

typedef struct Complex {
    double re, im;
} Complex;

static long log_points;             /* m */
static long points;                 /* N */
static long side;                   /* R */
static long stride;                 /* elements from one row to the next: rows are padded against cache conflicts */
static int nproc;
static AnlBarrier barrier;
static Complex *octant;             /* w_N^k, k up to N/8 */
static Complex *twiddles;           /* row n2, column k1: w_N^(n2*k1) */
static Complex *data[2];            /* matrices; a transform goes from one to the other and spoils its source */
static int inverse;                 /* 1: with conjugated roots, and divided by N */

static inline Complex multiply(Complex a, Complex b)
{
    return (Complex) { a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re };
}

/* w_N^k = exp(-2 pi i k / N), 0 <= k < N, from the first eighth of the circle. */
static Complex root(long k)
{
    long eighth = points / 8;
    long place = k % eighth;
    Complex near = octant[place];
    Complex far = octant[eighth - place];

    switch (k / eighth) {
    case 0:
        return near;
    case 1:
        return (Complex) { -far.im, -far.re };
    case 2:
        return (Complex) { near.im, -near.re };
    case 3:
        return (Complex) { -far.re, far.im };
    case 4:
        return (Complex) { -near.re, -near.im };
    case 5:
        return (Complex) { far.im, far.re };
    case 6:
        return (Complex) { -near.im, near.re };
    default:
        return (Complex) { far.re, -far.im };
    }
}

static void prepare(void)
{
    uint64_t seed = 1;

    points = 1L << log_points;
    side = 1L << (log_points / 2);
    stride = side + ANL_LINE / sizeof(Complex);
    octant = anl_alloc(points / 8 + 1, sizeof(Complex));
    for (long k = 0; k <= points / 8; k++) {
        octant[k].re = cos(-2 * M_PI * k / points);
        octant[k].im = sin(-2 * M_PI * k / points);
    }
    twiddles = anl_alloc(side * stride, sizeof(Complex));
    data[0] = anl_alloc(side * stride, sizeof(Complex));
    data[1] = anl_alloc(side * stride, sizeof(Complex));
    for (long i = 0; i < side; i++) {
        for (long j = 0; j < side; j++) {
            twiddles[i * stride + j] = root(i * j);
            data[0][i * stride + j].re = anl_random_real(&seed) - 0.5;
            data[0][i * stride + j].im = anl_random_real(&seed) - 0.5;
        }
    }
    BARINIT(barrier);
}

/* Own rows of to = columns of from. */
static void transpose(const Complex *from, Complex *to, int proc)
{
    long begin = anl_first(proc, nproc, side);
    long end = anl_first(proc + 1, nproc, side);

    for (int step = 1; step <= nproc; step++) {
        int other = (proc + step) % nproc;
        long other_begin = anl_first(other, nproc, side);
        long other_end = anl_first(other + 1, nproc, side);

        for (long column = other_begin; column < other_end; column += TILE) {
            long column_end = column + TILE < other_end ? column + TILE : other_end;

            for (long row = begin; row < end; row++) {
                for (long k = column; k < column_end; k++) {
                    to[row * stride + k] = from[k * stride + row];
                }
            }
        }
    }
}

/* FFT of one row in place: bit reversal, then radix-2 butterflies. roots[k] = w_R^k, k < R/2. */
static void row_fft(Complex *row, const Complex *roots)
{
    for (long i = 1, reversed = 0; i < side; i++) {
        long bit = side >> 1;

        while (reversed & bit) {
            reversed ^= bit;
            bit >>= 1;
        }
        reversed |= bit;
        if (i < reversed) {
            Complex swap = row[i];

            row[i] = row[reversed];
            row[reversed] = swap;
        }
    }
    for (long half = 1; half < side; half *= 2) {
        long root_step = side / (2 * half);

        for (long start = 0; start < side; start += 2 * half) {
            for (long k = 0; k < half; k++) {
                Complex *low = &row[start + k];
                Complex *high = low + half;
                Complex product = multiply(*high, roots[k * root_step]);

                high->re = low->re - product.re;
                high->im = low->im - product.im;
                low->re += product.re;
                low->im += product.im;
            }
        }
    }
}

static void scale_row(Complex *row, const Complex *factors, double scale)
{
    for (long j = 0; j < side; j++) {
        Complex factor = factors[j];

        if (inverse) {
            factor.im = -factor.im;
        }
        row[j] = multiply(row[j], factor);
        row[j].re *= scale;
        row[j].im *= scale;
    }
}

/* One thread's part of a transform: forwards from data[0] to data[1], inverse from data[1] to data[0]. */
static void transform(int proc)
{
    Complex *from = data[inverse];
    Complex *to = data[1 - inverse];
    long begin = anl_first(proc, nproc, side);
    long end = anl_first(proc + 1, nproc, side);
    double scale = inverse ? 1.0 / points : 1;
    Complex *roots = anl_alloc(side / 2, sizeof(Complex));

    for (long k = 0; k < side / 2; k++) {
        roots[k] = root(k * side);
        if (inverse) {
            roots[k].im = -roots[k].im;
        }
    }
    BARRIER(barrier, nproc);
    transpose(from, to, proc);
    for (long row = begin; row < end; row++) {
        row_fft(&to[row * stride], roots);
        scale_row(&to[row * stride], &twiddles[row * stride], scale);
    }
    BARRIER(barrier, nproc);
    transpose(to, from, proc);
    for (long row = begin; row < end; row++) {
        row_fft(&from[row * stride], roots);
    }
    BARRIER(barrier, nproc);
    transpose(from, to, proc);
    free(roots);
}

static inline Complex element(const Complex *matrix, long n)
{
    return matrix[n / side * stride + n % side];
}

static void check_close(Complex got, Complex expected, double tolerance, const char *what, long index)
{
    if (!(fabs(got.re - expected.re) <= tolerance && fabs(got.im - expected.im) <= tolerance)) {
        anl_fail("fft: %s %ld is %.17g%+.17gi, should be %.17g%+.17gi", what, index, got.re, got.im, expected.re,
                 expected.im);
    }
}

/* The transform of input at frequency k, summed up term by term; the root is advanced by multiplication. */
static Complex direct(const Complex *input, long k)
{
    Complex factor = { cos(-2 * M_PI * k / points), sin(-2 * M_PI * k / points) };
    Complex power = { 1, 0 };
    Complex sum = { 0, 0 };

    for (long n = 0; n < points; n++) {
        Complex term = multiply(element(input, n), power);

        sum.re += term.re;
        sum.im += term.im;
        power = multiply(power, factor);
    }
    return sum;
}

int main(int argc, char **argv)
{
    const AnlOption options[] = {
        { 'm', "logarithm of the number of points, even", &log_points, 16, 14, 4, 24 },
    };
    double begin = anl_time();
    double parallel;
    Complex *input;
    uint64_t seed = 2;

    nproc = anl_options(argc, argv, options, 1);
    if (log_points & 1) {
        anl_fail("fft: -m %ld is odd", log_points);
    }
    prepare();
    input = anl_alloc(side * stride, sizeof(Complex));
    memcpy(input, data[0], side * stride * sizeof(Complex));

    parallel = anl_run(nproc, transform);

    for (int i = 0; i < 4; i++) {
        long k = anl_random(&seed) % points;

        /* Values are about sqrt(N); advancing the root costs about N roundings. */
        check_close(element(data[1], k), direct(input, k), 1e-15 * points * sqrt(points), "frequency", k);
    }
    inverse = 1;
    anl_run(nproc, transform);
    for (long n = 0; n < points; n++) {
        check_close(element(data[0], n), element(input, n), 1e-13, "point", n);
    }
    anl_report("fft", parallel, begin);
    return 0;
}
