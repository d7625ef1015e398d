/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * water-spatial: the liquid of water-nsquared in time proportional to the number of molecules (Woo et al., ISCA 1995).
 *
 * The cube is cut into boxes at least as wide as the cut-off; a molecule can only meet molecules of its own box and of
 * the 26 around it. A pair of neighbour boxes is worked on once, by the owner of the one that has the other in its
 * "forward" half. After the coordinates are corrected, molecules that left their box move to another one's list.
 *
 * Shared: molecules and the boxes' lists. Threads own blocks of boxes; a molecule belongs to the owner of its box. As
 * in water-nsquared, forces are collected privately first, here added under the lock of the molecule's box. A list
 * changes under its box's lock, and only in the phase where molecules move. Energy sums are under one global lock.
 * Barriers between the phases.
 */
#include "water.h"

#define NEIGHBOURS 26

typedef struct Box {
    AnlLock lock;
    int first;                  /* molecule, or -1; lock while molecules move */
    int neighbour[NEIGHBOURS];  /* the boxes this one's owner pairs it with */
    int neighbours;
} __attribute__((aligned(ANL_LINE))) Box;

/* What one thread keeps for itself. */
typedef struct Worker {
    int *boxes, count;          /* boxes it owns */
    double (*force)[3][3];      /* collected forces, by molecule */
    bool *touched;              /* by box: force holds something for its molecules */
    int *leaving;               /* molecules that left their box, for one box at a time */
} Worker;

static long count, side, steps, cutoff_millionths;
static int nproc;
static int box_side;            /* boxes along one edge */
static double length, cutoff;   /* of the cube's edge */
static Molecule *molecules;     /* coordinates: the owner's; force: the box's lock while forces are added */
static int *next;               /* by molecule: next in its box's list; the box's lock while molecules move */
static Box *boxes;
static AnlLock sum_lock;
static double potential;        /* sum_lock */
static double kinetic;          /* sum_lock */
static double start_energy;     /* thread 0 */
static AnlBarrier barrier;

static int box_index(int x, int y, int z)
{
    return ((x + box_side) % box_side * box_side + (y + box_side) % box_side) * box_side + (z + box_side) % box_side;
}

/*
 * Chooses the neighbours box i is paired with. With three boxes or more along an edge all 26 are different boxes, and
 * the one at an offset sees this one at the opposite offset: half of the offsets will do. With fewer, the same box
 * appears at several offsets; then each pair goes to the lower number.
 */
static void make_box(int i)
{
    int x = i / (box_side * box_side), y = i / box_side % box_side, z = i % box_side;

    LOCKINIT(boxes[i].lock);
    boxes[i].first = -1;
    for (int offset = 0; offset < 27; offset++) {
        int other = box_index(x + offset / 9 - 1, y + offset / 3 % 3 - 1, z + offset % 3 - 1);
        bool mine = box_side >= 3 ? offset > 13 : other > i;

        for (int k = 0; k < boxes[i].neighbours; k++) {
            mine = mine && boxes[i].neighbour[k] != other;
        }
        if (mine) {
            boxes[i].neighbour[boxes[i].neighbours++] = other;
        }
    }
}

static void add_to_box(int box, int i)
{
    next[i] = boxes[box].first;
    boxes[box].first = i;
}

/* The box molecule i is in, after bringing it back into the cube where its oxygen left it. */
static int box_of(int i)
{
    double (*r)[3] = molecules[i].r[0];
    int at[3];

    for (int d = 0; d < 3; d++) {
        double back = r[0][d] < 0 ? length : r[0][d] >= length ? -length : 0;

        for (int atom = 0; back != 0 && atom < 3; atom++) {
            r[atom][d] += back;
        }
        if (!(r[0][d] >= 0 && r[0][d] <= length)) {
            anl_fail("molecule %d flies off", i);
        }
        at[d] = (int)(r[0][d] / length * box_side);
        at[d] = at[d] == box_side ? box_side - 1 : at[d];
    }
    return box_index(at[0], at[1], at[2]);
}

/* Deals blocks of boxes, as near to cubes as the number of threads allows. */
static void own_boxes(Worker *self, int proc)
{
    int cut[3] = { 1, 1, 1 }, rest = nproc, at[3], from[3], to[3];

    for (int factor = 2; rest > 1; factor++) {
        while (rest % factor == 0) {
            int least = cut[0] <= cut[1] && cut[0] <= cut[2] ? 0 : cut[1] <= cut[2] ? 1 : 2;

            cut[least] *= factor;
            rest /= factor;
        }
    }
    at[0] = proc / (cut[1] * cut[2]);
    at[1] = proc / cut[2] % cut[1];
    at[2] = proc % cut[2];
    for (int d = 0; d < 3; d++) {
        from[d] = anl_first(at[d], cut[d], box_side);
        to[d] = anl_first(at[d] + 1, cut[d], box_side);
    }
    for (int x = from[0]; x < to[0]; x++) {
        for (int y = from[1]; y < to[1]; y++) {
            for (int z = from[2]; z < to[2]; z++) {
                self->boxes[self->count++] = box_index(x, y, z);
            }
        }
    }
}

/* All pairs between box a and box b, or inside a if both are the same; returns their energy. */
static double pair_boxes(Worker *self, int a, int b)
{
    double energy = 0;

    self->touched[a] = self->touched[b] = true;
    for (int i = boxes[a].first; i >= 0; i = next[i]) {
        for (int j = a == b ? next[i] : boxes[b].first; j >= 0; j = next[j]) {
            energy += water_pair(molecules[i].r[0], molecules[j].r[0], length, cutoff, self->force[i], self->force[j]);
        }
    }
    return energy;
}

/* Adds what was collected for box b's molecules to the shared forces. */
static void add_forces(Worker *self, int b)
{
    LOCK(boxes[b].lock);
    for (int i = boxes[b].first; i >= 0; i = next[i]) {
        for (int c = 0; c < 9; c++) {
            molecules[i].force[c / 3][c % 3] += self->force[i][c / 3][c % 3];
        }
        memset(self->force[i], 0, sizeof(self->force[i]));
    }
    UNLOCK(boxes[b].lock);
    self->touched[b] = false;
}

/* All forces and the potential. Begins and ends such that all threads see it whole. */
static void find_forces(Worker *self)
{
    double energy = 0;

    for (int k = 0; k < self->count; k++) {
        for (int i = boxes[self->boxes[k]].first; i >= 0; i = next[i]) {
            memset(molecules[i].force, 0, sizeof(molecules[i].force));
            energy += water_inside(molecules[i].r[0], molecules[i].force);
        }
    }
    BARRIER(barrier, nproc);
    for (int k = 0; k < self->count; k++) {
        int a = self->boxes[k];

        energy += pair_boxes(self, a, a);
        for (int n = 0; n < boxes[a].neighbours; n++) {
            energy += pair_boxes(self, a, boxes[a].neighbour[n]);
        }
    }
    for (int b = 0; b < box_side * box_side * box_side; b++) {
        if (self->touched[b]) {
            add_forces(self, b);
        }
    }
    LOCK(sum_lock);
    potential += energy;
    UNLOCK(sum_lock);
    BARRIER(barrier, nproc);
}

/*
 * Moves molecules that left box b to the box they are in now. One that comes in from another thread meanwhile is found
 * to be at its place; no two locks are held at once.
 */
static void move_molecules(Worker *self, int b)
{
    int leaving = 0;

    LOCK(boxes[b].lock);
    for (int *link = &boxes[b].first; *link >= 0;) {
        int i = *link;

        if (box_of(i) != b) {
            *link = next[i];
            self->leaving[leaving++] = i;
        } else {
            link = &next[i];
        }
    }
    UNLOCK(boxes[b].lock);
    while (leaving > 0) {
        int i = self->leaving[--leaving], to = box_of(i);

        LOCK(boxes[to].lock);
        add_to_box(to, i);
        UNLOCK(boxes[to].lock);
    }
}

static void step_forward(Worker *self)
{
    double energy = 0;

    for (int k = 0; k < self->count; k++) {
        for (int i = boxes[self->boxes[k]].first; i >= 0; i = next[i]) {
            water_predict(&molecules[i]);
        }
    }
    find_forces(self);
    for (int k = 0; k < self->count; k++) {
        for (int i = boxes[self->boxes[k]].first; i >= 0; i = next[i]) {
            energy += water_correct(&molecules[i]);
        }
    }
    LOCK(sum_lock);
    kinetic += energy;
    UNLOCK(sum_lock);
    BARRIER(barrier, nproc);
    for (int k = 0; k < self->count; k++) {
        move_molecules(self, self->boxes[k]);
    }
    BARRIER(barrier, nproc);
}

static void work(int proc)
{
    int box_count = box_side * box_side * box_side;
    Worker self = {
        .boxes = anl_alloc(box_count, sizeof(int)),
        .force = anl_alloc(count, sizeof(*self.force)),
        .touched = anl_alloc(box_count, sizeof(bool)),
        .leaving = anl_alloc(count, sizeof(int)),
    };

    own_boxes(&self, proc);
    find_forces(&self);
    for (int k = 0; k < self.count; k++) {
        for (int i = boxes[self.boxes[k]].first; i >= 0; i = next[i]) {
            for (int c = 0; c < 9; c++) {
                molecules[i].r[2][c / 3][c % 3] =
                    molecules[i].force[c / 3][c % 3] * 0.5 * WATER_STEP * WATER_STEP / water_mass[c / 3];
            }
        }
    }
    for (long step = 0; step <= steps; step++) {
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
        if (step < steps) {
            step_forward(&self);
        }
    }
    /* What the final places make of potential and forces; the check compares that. */
    find_forces(&self);
    free(self.boxes);
    free(self.force);
    free(self.touched);
    free(self.leaving);
}

/* Every molecule must be in the list of the box it is in, once. */
static void check_boxes(void)
{
    long found = 0;

    for (int b = 0; b < box_side * box_side * box_side; b++) {
        for (int i = boxes[b].first; i >= 0; i = next[i]) {
            if (box_of(i) != b || ++found > count) {
                anl_fail("molecule %d is in the list of box %d, which is wrong", i, b);
            }
        }
    }
    if (found != count) {
        anl_fail("%ld of %ld molecules are in boxes", found, count);
    }
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel, momentum, scale;
    Molecule *start;
    const AnlOption options[] = {
        { 'n', "molecules, a cube", &count, 512, 125, 8, 262144 },
        { 's', "time steps", &steps, 3, 3, 1, 10000 },
        { 'c', "cut-off in millionths of an Angstrom, at most half of the box", &cutoff_millionths, 6212752, 5000000,
          1000000, 100000000 },
    };

    nproc = anl_options(argc, argv, options, 3);
    side = lround(cbrt(count));
    if (side * side * side != count) {
        anl_fail("%ld molecules are no cube", count);
    }
    molecules = water_make(side, &length);
    cutoff = cutoff_millionths / 1e6;
    if (cutoff > 0.5 * length) {
        anl_fail("cut-off above half of the box, which is %.2f Angstrom", length);
    }
    box_side = (int)(length / cutoff);
    boxes = anl_alloc(box_side * box_side * box_side, sizeof(*boxes));
    for (int i = 0; i < box_side * box_side * box_side; i++) {
        make_box(i);
    }
    next = anl_alloc(count, sizeof(*next));
    for (int i = 0; i < count; i++) {
        add_to_box(box_of(i), i);
    }
    LOCKINIT(sum_lock);
    BARINIT(barrier);
    start = anl_alloc(count, sizeof(*start));
    memcpy(start, molecules, count * sizeof(*start));
    start_energy = water_kinetic(molecules, count, &momentum, &scale);
    parallel = anl_run(nproc, work);
    check_boxes();
    water_check(molecules, count, length, cutoff, potential, kinetic, start_energy);
    if (steps <= WATER_CHECKED_STEPS) {
        water_check_path(molecules, start, count, length, cutoff, steps);
    }
    anl_report("water-spatial", parallel, begin);
    return 0;
}
