/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * water-nsquared: molecular dynamics of liquid water, every pair of molecules tried (Woo et al., ISCA 1995).
 *
 * Each time step predicts all coordinates, finds the forces inside and between molecules, corrects the coordinates and
 * sums the energies. To try each pair once, molecule i looks at the next half of the others, i + 1 ... i + N / 2,
 * counted round.
 *
 * Shared: molecules, dealt to the threads in contiguous runs; only the owner writes coordinates. Forces of a pair
 * belong to two owners: a thread collects what it finds in an array of its own and adds that to the molecules at the
 * end of the phase, each under the molecule's lock. Energy sums are under one global lock. Barriers between the
 * phases.
 */
#include "water.h"

static long count, side, steps, cutoff_hundredths;
static int nproc;
static double box, cutoff;
static Molecule *molecules;     /* coordinates: the owner's; force: molecule_locks[i] while forces are added */
static AnlLock *molecule_locks;
static AnlLock sum_lock;
static double potential;        /* sum_lock */
static double kinetic;          /* sum_lock */
static double start_energy;     /* thread 0 */
static AnlBarrier barrier;

/* Adds what thread proc collected for molecules first ... last + count / 2, wrapped, to the shared forces. */
static void add_forces(double (*own)[3][3], long first, long last)
{
    long touched = last - first + count / 2;

    if (touched > count) {
        touched = count;
    }
    for (long k = 0; k < touched; k++) {
        long i = (first + k) % count;

        LOCK(molecule_locks[i]);
        for (int c = 0; c < 9; c++) {
            molecules[i].force[c / 3][c % 3] += own[i][c / 3][c % 3];
        }
        UNLOCK(molecule_locks[i]);
    }
}

/*
 * All forces and the potential; own is scratch space of this thread. Begins and ends such that all threads see it
 * whole.
 */
static void find_forces(int proc, double (*own)[3][3])
{
    long first = anl_first(proc, nproc, count), last = anl_first(proc + 1, nproc, count);
    double energy = 0;

    for (long i = first; i < last; i++) {
        memset(molecules[i].force, 0, sizeof(molecules[i].force));
        energy += water_inside(molecules[i].r[0], molecules[i].force);
    }
    memset(own, 0, count * sizeof(*own));
    BARRIER(barrier, nproc);
    for (long i = first; i < last; i++) {
        /* With an even number the molecule opposite is seen from both sides; one of them leaves it out. */
        long reach = count % 2 == 0 && i >= count / 2 ? count / 2 - 1 : count / 2;

        for (long k = 1; k <= reach; k++) {
            long j = (i + k) % count;

            energy += water_pair(molecules[i].r[0], molecules[j].r[0], box, cutoff, own[i], own[j]);
        }
    }
    add_forces(own, first, last);
    LOCK(sum_lock);
    potential += energy;
    UNLOCK(sum_lock);
    BARRIER(barrier, nproc);
}

static void work(int proc)
{
    long first = anl_first(proc, nproc, count), last = anl_first(proc + 1, nproc, count);
    double (*own)[3][3] = anl_alloc(count, sizeof(*own));

    find_forces(proc, own);
    for (long i = first; i < last; i++) {
        for (int c = 0; c < 9; c++) {
            molecules[i].r[2][c / 3][c % 3] =
                molecules[i].force[c / 3][c % 3] * 0.5 * WATER_STEP * WATER_STEP / water_mass[c / 3];
        }
    }
    for (long step = 0; step <= steps; step++) {
        double energy = 0;

        if (proc == 0) {
            /* Nobody adds to the sums before the barrier inside find_forces(). */
            if (step == 0) {
                start_energy += potential;
            }
            potential = 0;
            if (step < steps) {
                kinetic = 0;
            }
        }
        if (step == steps) {
            break;
        }
        for (long i = first; i < last; i++) {
            water_predict(&molecules[i]);
        }
        find_forces(proc, own);
        for (long i = first; i < last; i++) {
            energy += water_correct(&molecules[i]);
        }
        LOCK(sum_lock);
        kinetic += energy;
        UNLOCK(sum_lock);
        BARRIER(barrier, nproc);
    }
    /* What the final places make of potential and forces; the check compares that. */
    find_forces(proc, own);
    free(own);
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel, momentum, scale;
    Molecule *start;
    const AnlOption options[] = {
        { 'n', "molecules, a cube", &count, 512, 64, 8, 32768 },
        { 's', "time steps", &steps, 3, 2, 1, 10000 },
        { 'c', "cut-off in 1/100 Angstrom, at most half of the box; 0: the least of half the box and 11 Angstrom",
          &cutoff_hundredths, 0, 0, 0, 10000 },
    };

    nproc = anl_options(argc, argv, options, 3);
    side = lround(cbrt(count));
    if (side * side * side != count) {
        anl_fail("%ld molecules are no cube", count);
    }
    molecules = water_make(side, &box);
    cutoff = cutoff_hundredths ? cutoff_hundredths / 100.0 : fmin(11, 0.5 * box);
    if (cutoff > 0.5 * box) {
        anl_fail("cut-off above half of the box, which is %.2f Angstrom", box);
    }
    molecule_locks = anl_alloc(count, sizeof(*molecule_locks));
    for (long i = 0; i < count; i++) {
        LOCKINIT(molecule_locks[i]);
    }
    LOCKINIT(sum_lock);
    BARINIT(barrier);
    start = anl_alloc(count, sizeof(*start));
    memcpy(start, molecules, count * sizeof(*start));
    start_energy = water_kinetic(molecules, count, &momentum, &scale);
    parallel = anl_run(nproc, work);
    water_check(molecules, count, box, cutoff, potential, kinetic, start_energy);
    if (steps <= WATER_CHECKED_STEPS) {
        water_check_path(molecules, start, count, box, cutoff, steps);
    }
    anl_report("water-nsquared", parallel, begin);
    return 0;
}
