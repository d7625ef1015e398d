/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The liquid water that water-nsquared.c and water-spatial.c simulate: molecules, the potential, the integrator, the
 * start and the checks. Everything here works on the molecules it is handed and takes no lock; who may touch which
 * molecule when is each program's matter.
 *
 * The molecule is the flexible three-site SPC/Fw model (Wu, Tepper, Voth, J. Chem. Phys. 124, 024503): charges on the
 * three atoms, Lennard-Jones between oxygens, harmonic bonds; the angle is harmonic in its cosine, which needs no arc
 * cosine. Two molecules interact while their oxygens are nearer than the cut-off; there the potential is switched off
 * smoothly, so that energy is conserved. Time integration is Gear's predictor-corrector with six values per
 * coordinate.
 *
 * Units: Angstrom, femtosecond, atomic mass unit.
 */
#ifndef SPLASH_WATER_H
#define SPLASH_WATER_H

#include "anl.h"

#include <math.h>

#define WATER_KCAL 4.184e-4             /* one kcal/mol in these units */
#define WATER_BOND_K (1059.162 * WATER_KCAL)
#define WATER_BOND_R 1.012
#define WATER_ANGLE_K (89.906 * WATER_KCAL)     /* 75.90 kcal/mol/rad^2 over the squared sine of the angle */
#define WATER_ANGLE_COS -0.394583       /* cosine of 113.24 degrees */
#define WATER_LJ_EPS (0.1554253 * WATER_KCAL)
#define WATER_LJ_SIGMA 3.165492
#define WATER_COULOMB (332.0637 * WATER_KCAL)
#define WATER_DENSITY 0.033358          /* molecules per cubic Angstrom: with 512, four cut-offs of 6.212752 fit in */
#define WATER_STEP 0.15                 /* femtoseconds */
#define WATER_SWITCH 0.85               /* part of the cut-off where switching off begins */
#define WATER_ORDER 6
#define WATER_CHECKED_STEPS 10          /* runs no longer are followed with another integrator */
#define WATER_SPEED 0.0022              /* per-axis thermal speed at 300 K, roughly, of a whole molecule */

typedef struct Molecule {
    /* Coordinates and their scaled derivatives: r[k] is the k-th derivative times step^k / k!. Atoms: O, H, H. */
    double r[WATER_ORDER][3][3];
    double force[3][3];
} __attribute__((aligned(ANL_LINE))) Molecule;

static const double water_mass[3] = { 15.9994, 1.00794, 1.00794 };
static const double water_charge[3] = { -0.82, 0.41, 0.41 };

/* Adds the forces inside molecule r to force; returns the energy. */
static inline double water_inside(double r[3][3], double force[3][3])
{
    double arm[2][3], length[2], energy = 0, cosine = 0;

    for (int h = 0; h < 2; h++) {
        double square = 0, stretch;

        for (int d = 0; d < 3; d++) {
            arm[h][d] = r[h + 1][d] - r[0][d];
            square += arm[h][d] * arm[h][d];
        }
        length[h] = sqrt(square);
        stretch = length[h] - WATER_BOND_R;
        energy += 0.5 * WATER_BOND_K * stretch * stretch;
        for (int d = 0; d < 3; d++) {
            double f = -WATER_BOND_K * stretch * arm[h][d] / length[h];

            force[h + 1][d] += f;
            force[0][d] -= f;
        }
    }
    for (int d = 0; d < 3; d++) {
        cosine += arm[0][d] * arm[1][d];
    }
    cosine /= length[0] * length[1];
    double bend = cosine - WATER_ANGLE_COS;

    energy += 0.5 * WATER_ANGLE_K * bend * bend;
    for (int h = 0; h < 2; h++) {
        for (int d = 0; d < 3; d++) {
            double slope = arm[1 - h][d] / (length[0] * length[1]) - cosine * arm[h][d] / (length[h] * length[h]);
            double f = -WATER_ANGLE_K * bend * slope;

            force[h + 1][d] += f;
            force[0][d] -= f;
        }
    }
    return energy;
}

/*
 * Adds the forces between molecules a and b, b taken at its image nearest to a in a periodic cube of side box, to fa
 * and fb; returns the energy, 0 outside the cut-off (at most half of box).
 */
static inline double water_pair(double a[3][3], double b[3][3], double box, double cutoff, double fa[3][3],
                                double fb[3][3])
{
    double shift[3], apart[3], square = 0, energy = 0, part[3][3][3];
    double distance, on = WATER_SWITCH * cutoff, keep = 1, slope = 0;

    for (int d = 0; d < 3; d++) {
        double distance_d = b[0][d] - a[0][d];

        shift[d] = distance_d > 0.5 * box ? -box : distance_d < -0.5 * box ? box : 0;
        apart[d] = distance_d + shift[d];
        square += apart[d] * apart[d];
    }
    if (square >= cutoff * cutoff) {
        return 0;
    }
    distance = sqrt(square);
    if (distance > on) {
        double x = (distance - on) / (cutoff - on);

        keep = 1 - x * x * x * (10 - x * (15 - 6 * x));
        slope = -30 * x * x * (1 - x) * (1 - x) / (cutoff - on);
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            double delta[3], r2 = 0, inverse, e, f;

            for (int d = 0; d < 3; d++) {
                delta[d] = b[j][d] + shift[d] - a[i][d];
                r2 += delta[d] * delta[d];
            }
            inverse = 1 / r2;
            e = WATER_COULOMB * water_charge[i] * water_charge[j] * sqrt(inverse);
            f = e * inverse;
            if (i == 0 && j == 0) {
                double s2 = WATER_LJ_SIGMA * WATER_LJ_SIGMA * inverse;
                double s6 = s2 * s2 * s2;

                e += 4 * WATER_LJ_EPS * s6 * (s6 - 1);
                f += 24 * WATER_LJ_EPS * s6 * (2 * s6 - 1) * inverse;
            }
            energy += e;
            for (int d = 0; d < 3; d++) {
                part[i][j][d] = f * delta[d];
            }
        }
    }
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            for (int d = 0; d < 3; d++) {
                fa[i][d] -= keep * part[i][j][d];
                fb[j][d] += keep * part[i][j][d];
            }
        }
    }
    for (int d = 0; d < 3; d++) {
        double f = energy * slope * apart[d] / distance;

        fa[0][d] += f;
        fb[0][d] -= f;
    }
    return keep * energy;
}

/* Values one step later by Taylor expansion. */
static inline void water_predict(Molecule *m)
{
    for (int low = 0; low < WATER_ORDER - 1; low++) {
        for (int k = WATER_ORDER - 2; k >= low; k--) {
            for (int i = 0; i < 9; i++) {
                m->r[k][i / 3][i % 3] += m->r[k + 1][i / 3][i % 3];
            }
        }
    }
}

/* Brings all values into line with the force at the predicted place; returns the kinetic energy. */
static inline double water_correct(Molecule *m)
{
    static const double share[WATER_ORDER] = { 3.0 / 20, 251.0 / 360, 1, 11.0 / 18, 1.0 / 6, 1.0 / 60 };
    double energy = 0;

    for (int atom = 0; atom < 3; atom++) {
        for (int d = 0; d < 3; d++) {
            double wrong = m->force[atom][d] * (0.5 * WATER_STEP * WATER_STEP / water_mass[atom]) - m->r[2][atom][d];

            for (int k = 0; k < WATER_ORDER; k++) {
                m->r[k][atom][d] += share[k] * wrong;
            }
            energy += 0.5 * water_mass[atom] * m->r[1][atom][d] * m->r[1][atom][d] / (WATER_STEP * WATER_STEP);
        }
    }
    return energy;
}

/*
 * Makes side^3 molecules on a cubic lattice, turned at random, moving at random but not as a whole; sets *box. Many lie
 * on the border between two boxes of water-spatial and go to and fro.
 */
static inline Molecule *water_make(int side, double *box)
{
    int count = side * side * side;
    Molecule *all = anl_alloc(count, sizeof(*all));
    double half_sine = sqrt(0.5 * (1 - WATER_ANGLE_COS)), half_cosine = sqrt(0.5 * (1 + WATER_ANGLE_COS));
    double drift[3] = { 0 };
    uint64_t random = 20081995;

    *box = cbrt(count / WATER_DENSITY);
    for (int i = 0; i < count; i++) {
        Molecule *m = &all[i];
        int at[3] = { i / (side * side), i / side % side, i % side };
        double q[4], norm = 0, axis[2][3], speed[3] = { 0 };

        for (int k = 0; k < 4; k++) {
            q[k] = anl_random_real(&random) - 0.5;
            norm += q[k] * q[k];
        }
        for (int k = 0; k < 4; k++) {
            q[k] /= sqrt(norm);
        }
        /*
         * Two columns of the rotation the quaternion stands for: the symmetry axis and the line through the hydrogens.
         */
        axis[0][0] = 1 - 2 * (q[2] * q[2] + q[3] * q[3]);
        axis[0][1] = 2 * (q[1] * q[2] + q[0] * q[3]);
        axis[0][2] = 2 * (q[1] * q[3] - q[0] * q[2]);
        axis[1][0] = 2 * (q[1] * q[2] - q[0] * q[3]);
        axis[1][1] = 1 - 2 * (q[1] * q[1] + q[3] * q[3]);
        axis[1][2] = 2 * (q[2] * q[3] + q[0] * q[1]);
        for (int d = 0; d < 3; d++) {
            for (int k = 0; k < 12; k++) {
                speed[d] += anl_random_real(&random) - 0.5;     /* twelve make a normal distribution of width one */
            }
            drift[d] += speed[d] / count;
            for (int atom = 0; atom < 3; atom++) {
                double arm = atom == 0 ? 0 : half_cosine * axis[0][d] + (atom == 1 ? 1 : -1) * half_sine * axis[1][d];

                m->r[0][atom][d] = at[d] * *box / side + WATER_BOND_R * arm;
                m->r[1][atom][d] = speed[d] * WATER_SPEED * 1.5 * WATER_STEP;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 9; k++) {
            all[i].r[1][k / 3][k % 3] -= drift[k % 3] * WATER_SPEED * 1.5 * WATER_STEP;
        }
    }
    return all;
}

/* The kinetic energy of all molecules; *momentum and *scale: total momentum and the sum of its parts' sizes. */
static inline double water_kinetic(const Molecule *all, int count, double *momentum, double *scale)
{
    double energy = 0, total[3] = { 0 };

    *scale = 0;
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 9; k++) {
            double v = all[i].r[1][k / 3][k % 3] / WATER_STEP;

            energy += 0.5 * water_mass[k / 3] * v * v;
            total[k % 3] += water_mass[k / 3] * v;
            *scale += fabs(water_mass[k / 3] * v);
        }
    }
    *momentum = fabs(total[0]) + fabs(total[1]) + fabs(total[2]);
    return energy;
}

/* Fills in the forces on all molecules by plain loops over all pairs; returns the potential. */
static inline double water_forces(Molecule *all, int count, double box, double cutoff)
{
    double energy = 0;

    for (int i = 0; i < count; i++) {
        memset(all[i].force, 0, sizeof(all[i].force));
    }
    for (int i = 0; i < count; i++) {
        energy += water_inside(all[i].r[0], all[i].force);
        for (int j = i + 1; j < count; j++) {
            energy += water_pair(all[i].r[0], all[j].r[0], box, cutoff, all[i].force, all[j].force);
        }
    }
    return energy;
}

/*
 * Follows the molecules from start with another integrator (velocity Verlet), and compares how far they got. Only for a
 * few steps, since small differences grow and this takes as long as the run itself.
 */
static inline void water_check_path(const Molecule *all, const Molecule *start, int count, double box, double cutoff,
                                    int steps)
{
    double moved = 0, wrong = 0;
    Molecule *now = anl_alloc(count, sizeof(*now));

    memcpy(now, start, count * sizeof(*now));
    water_forces(now, count, box, cutoff);
    for (int half = 0; half < 2 * steps; half++) {
        for (int i = 0; i < 9 * count; i++) {
            Molecule *m = &now[i / 9];
            int atom = i / 3 % 3, d = i % 3;

            m->r[1][atom][d] += 0.5 * WATER_STEP * WATER_STEP / water_mass[atom] * m->force[atom][d];
            m->r[0][atom][d] += half % 2 ? 0 : m->r[1][atom][d];
        }
        if (half % 2 == 0) {
            water_forces(now, count, box, cutoff);
        }
    }
    for (int i = 0; i < 9 * count; i++) {
        int atom = i / 3 % 3, d = i % 3;
        double way = now[i / 9].r[0][atom][d] - start[i / 9].r[0][atom][d];
        double other = all[i / 9].r[0][atom][d] - start[i / 9].r[0][atom][d];

        /* A molecule that left the cube was brought back at the other side. */
        other += other > 0.5 * box ? -box : other < -0.5 * box ? box : 0;
        moved += way * way;
        wrong += (way - other) * (way - other);
    }
    free(now);
    if (!(sqrt(wrong) <= 1e-3 * sqrt(moved))) {
        anl_fail("the molecules moved by %g, which is wrong by %g", sqrt(moved), sqrt(wrong));
    }
}

/*
 * Checks the end of a run: the potential and the forces the program found for the molecules where they are now, against
 * plain loops; the forces as the slope of the potential; the kinetic energy moving it found; momentum; and the
 * conservation of energy since the start, where it was energy.
 */
static inline void water_check(Molecule *all, int count, double box, double cutoff, double potential, double moving,
                               double energy)
{
    double again, largest = 0, worst = 0, kinetic, momentum, scale;
    Molecule *copy = anl_alloc(count, sizeof(*copy));

    memcpy(copy, all, count * sizeof(*copy));
    again = water_forces(copy, count, box, cutoff);
    for (int i = 0; i < 9 * count; i++) {
        double f = copy[i / 9].force[i / 3 % 3][i % 3];

        largest = fmax(largest, fabs(f));
        worst = fmax(worst, fabs(f - all[i / 9].force[i / 3 % 3][i % 3]));
    }
    if (!(fabs(potential - again) <= 1e-10 * fabs(again))) {
        anl_fail("potential is %.12g, should be %.12g", potential, again);
    }
    if (!(worst <= 1e-10 * largest)) {
        anl_fail("a force is off by %g; the largest is %g", worst, largest);
    }
    for (int i = 0; i < 9; i++) {
        Molecule *m = &all[(count / 9) * i];
        double *x = &m->r[0][i / 3][i % 3], place = *x, side[2], f = m->force[i / 3][i % 3];

        for (int k = 0; k < 2; k++) {
            double none[3][3] = { 0 };

            *x = place + (k ? 1e-4 : -1e-4);
            side[k] = water_inside(m->r[0], none);
            for (int j = 0; j < count; j++) {
                side[k] += &all[j] == m ? 0 : water_pair(m->r[0], all[j].r[0], box, cutoff, none, none);
            }
        }
        *x = place;
        if (!(fabs((side[1] - side[0]) / 2e-4 + f) <= 1e-5 * largest)) {
            anl_fail("slope of the potential %g, force %g", (side[1] - side[0]) / 2e-4, f);
        }
    }
    kinetic = water_kinetic(all, count, &momentum, &scale);
    if (!(fabs(moving - kinetic) <= 1e-10 * kinetic)) {
        anl_fail("kinetic energy is %.12g, should be %.12g", moving, kinetic);
    }
    if (!(momentum <= 1e-10 * scale)) {
        anl_fail("the liquid moves as a whole: momentum %g of %g", momentum, scale);
    }
    if (!(fabs(kinetic + again - energy) <= 1e-4 * kinetic)) {
        anl_fail("energy went from %.12g to %.12g, of it kinetic %g", energy, kinetic + again, kinetic);
    }
}

#endif
