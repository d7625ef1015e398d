/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The volume volrend.c shows: a head made of ellipsoids of different densities. */
#ifndef SPLASH_HEAD_H
#define SPLASH_HEAD_H

#include "anl.h"

/* An ellipsoid of the head, in units of half the volume's height, and the density inside it. */
typedef struct HeadPart {
    double middle[3], axis[3];
    int density;
} HeadPart;

/* The innermost comes last. Coordinates: x to the left ear, y to the crown, z to the nose. */
static const HeadPart head_parts[] = {
    { { 0.00, 0.00, 0.00 }, { 0.72, 0.92, 0.84 }, 90 },         /* skin and flesh */
    { { 0.00, -0.15, 0.82 }, { 0.12, 0.22, 0.16 }, 90 },        /* nose */
    { { 0.72, -0.05, 0.00 }, { 0.10, 0.20, 0.13 }, 80 },        /* ears */
    { { -0.72, -0.05, 0.00 }, { 0.10, 0.20, 0.13 }, 80 },
    { { 0.00, 0.10, -0.02 }, { 0.62, 0.76, 0.74 }, 220 },       /* skull */
    { { 0.00, -0.62, 0.45 }, { 0.36, 0.20, 0.28 }, 210 },       /* jaw */
    { { 0.00, -0.62, 0.38 }, { 0.26, 0.13, 0.24 }, 70 },        /* mouth */
    { { 0.00, 0.12, -0.04 }, { 0.54, 0.68, 0.65 }, 60 },        /* brain */
    { { 0.15, 0.20, -0.04 }, { 0.08, 0.20, 0.30 }, 20 },        /* ventricles */
    { { -0.15, 0.20, -0.04 }, { 0.08, 0.20, 0.30 }, 20 },
    { { 0.26, 0.05, 0.68 }, { 0.14, 0.11, 0.14 }, 10 },         /* orbits */
    { { -0.26, 0.05, 0.68 }, { 0.14, 0.11, 0.14 }, 10 },
    { { 0.26, 0.05, 0.70 }, { 0.11, 0.09, 0.12 }, 130 },        /* eyes */
    { { -0.26, 0.05, 0.70 }, { 0.11, 0.09, 0.12 }, 130 },
};
#define HEAD_PARTS ((int)(sizeof(head_parts) / sizeof(head_parts[0])))

/* The place of voxel number i of side in the units of the parts. */
static inline double head_place(int i, int side)
{
    return (2.0 * i - side + 1) / side;
}

/* Fills row y, z of a volume of the given size: soft borders, one voxel wide, and a little noise. */
static inline void head_row(const int side[3], int y, int z, uint64_t *random, uint8_t *row)
{
    int met[HEAD_PARTS], count = 0;
    double rest[HEAD_PARTS];    /* what y and z leave of the squared radius, by number in met */

    for (int i = 0; i < HEAD_PARTS; i++) {
        double v = (head_place(y, side[1]) - head_parts[i].middle[1]) / head_parts[i].axis[1];
        double w = (head_place(z, side[2]) - head_parts[i].middle[2]) / head_parts[i].axis[2];

        if (v * v + w * w < 1) {
            rest[count] = 1 - v * v - w * w;
            met[count++] = i;
        }
    }
    for (int x = 0; x < side[0]; x++) {
        double value = 0;

        for (int k = 0; k < count; k++) {
            const HeadPart *part = &head_parts[met[k]];
            double u = (head_place(x, side[0]) - part->middle[0]) / part->axis[0];
            double inside = (rest[k] - u * u) * 0.25 * part->axis[2] * side[2];

            if (inside > 0) {
                value += (inside < 1 ? inside : 1) * (part->density - value);
            }
        }
        if (value > 0) {
            value += anl_random(random) % 5;
        }
        row[x] = (uint8_t)value;
    }
}

#endif
