/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fmm: forces among many bodies in the plane by the adaptive fast multipole method (Carrier, Greengard, Rokhlin 1988;
 * Woo et al., ISCA 1995).
 *
 * Bodies attract each other with 1/distance, so with places as complex numbers the field is the sum of m / (z - z_i).
 * A quadtree with up to LEAF_BODIES in a leaf box is built. A box's multipole series stands for its bodies far away,
 * its local series for what far bodies do inside it. Two boxes "touch" if they share a corner or are the same. A box's
 * local series takes in
 *   V  the multipoles of its parent's touching boxes' children that do not touch it,
 *   X  the bodies of bigger leaves that touch its parent, not itself,
 * and the bodies of a leaf get, besides the local series of the leaf and, through it, of all boxes around it,
 *   U  the bodies of all leaves that touch it,
 *   W  the multipoles of smaller boxes that do not touch it, but their parents do.
 * V and W are found by walking from the touching boxes of the same level, X from "near": bigger leaves that touch.
 *
 * Shared: bodies and boxes; both have one owner per step, dealt in the tree's order in zones of equal work as counted
 * in the previous step. Insertion goes down without locks and takes a lock from an array for the box it changes.
 * Passes up and down the tree wait for children or the parent that are another's; a thread goes through its boxes by
 * level, so the deepest one waited for can always go on. Barriers between the phases. Sums are taken in the tree's
 * order: the result is the same to the last bit for any number of threads.
 */
#include "anl.h"
#include "done.h"
#include "fmm-series.h"
#include "plummer.h"

#define LEAF_BODIES 40
#define MAX_LEVEL 30        /* leaves this deep take any number of bodies */
#define BOX_LOCKS 512
#define POOL_PIECE 256      /* boxes allocated at once */
#define POOL_PIECES 1024
#define DELTA_T 0.01
#define SAMPLES 100         /* bodies whose field is checked */

typedef struct Body Body;

struct Body {
    Complex place, speed, field;    /* owner; field is the sum of m / (z - z_i) */
    double mass;
    int64_t cost;                   /* owner: work in the last step, at least 1 */
    Body *next;                     /* in a leaf: the leaf's lock */
} __attribute__((aligned(ANL_LINE)));

/* How far a box is, for done.h. */
enum { BOX_NEW, BOX_COUNTED, BOX_MULTIPOLE, BOX_LISTS, BOX_COMPLETE };

typedef struct Box Box;

struct Box {
    uint32_t x, y;                  /* which box of its level; constant, as the next two */
    int level;
    Box *parent;
    int is_parent;                  /* atomic; goes from 0 to 1 under the box's lock, when child[] is made */
    Box *child[4];                  /* atomic; set under the box's lock */
    Body *bodies;                   /* of a leaf: the box's lock */
    int count;                      /* of a leaf: the box's lock */
    int stage;                      /* done.h; the rest is its owner's, for the others at that stage */
    int64_t cost;
    Box *next;                      /* the owner's next box of the level */
    int touching, near;
    Box *touch[9], *close[8];       /* same level; bigger leaves */
    Series multipole, local;
} __attribute__((aligned(ANL_LINE)));

typedef struct Pool {
    Box *piece[POOL_PIECES];        /* the boxes this thread made in this step, in that order */
    long used;
    Complex low, high;              /* bounds of its bodies; read by all after a barrier */
    Box *level[MAX_LEVEL + 1];      /* boxes it owns */
    Body **mine;                    /* bodies it owns */
    long taken;
} __attribute__((aligned(ANL_LINE))) Pool;

static long count, steps, digits;
static int nproc;
static Body *bodies;
static Pool pools[ANL_MAX_PROC];    /* each its thread's, but for what is said above */
static Box *root;                   /* thread 0, between barriers, as the square it stands for */
static Complex corner;
static double width;
static AnlLock box_locks[BOX_LOCKS];
static AnlBarrier barrier;

/* Two clusters with the density of Plummer's model, moving towards each other. */
static void make_bodies(void)
{
    uint64_t random = 1987;

    bodies = anl_alloc(count, sizeof(*bodies));
    for (long i = 0; i < count; i++) {
        Body *b = &bodies[i];
        double radius = plummer_radius(&random), turn = 2 * M_PI * anl_random_real(&random), side = i % 2 ? 1.5 : -1.5;

        b->place = (Complex){ side + 0.5 * radius * cos(turn), 0.4 * side + 0.5 * radius * sin(turn) };
        b->speed.re = -0.3 * side + 0.1 * (anl_random_real(&random) - 0.5);
        b->speed.im = 0.1 * (anl_random_real(&random) - 0.5);
        b->mass = 1.0 / count;
        b->cost = 1;
    }
}

static double box_width(const Box *box)
{
    return ldexp(width, -box->level);
}

static Complex box_centre(const Box *box)
{
    double w = box_width(box);

    return (Complex){ corner.re + (box->x + 0.5) * w, corner.im + (box->y + 0.5) * w };
}

/* Whether a and b, of any levels, share a corner or more. */
static bool boxes_touch(const Box *a, const Box *b)
{
    const Box *small = a->level > b->level ? a : b, *big = small == a ? b : a;
    int shift = small->level - big->level;
    int64_t size = (int64_t)1 << shift;
    int64_t x = (int64_t)big->x << shift, y = (int64_t)big->y << shift;

    return small->x + 1 >= x && small->x <= x + size && small->y + 1 >= y && small->y <= y + size;
}

static Box *pool_box(const Pool *pool, long i)
{
    return &pool->piece[i / POOL_PIECE][i % POOL_PIECE];
}

static Box *new_box(Pool *pool, Box *parent, int which)
{
    Box *box;

    if (pool->used == (long)POOL_PIECES * POOL_PIECE) {
        anl_fail("more than %ld boxes of one thread", pool->used);
    }
    if (!pool->piece[pool->used / POOL_PIECE]) {
        pool->piece[pool->used / POOL_PIECE] = anl_alloc(POOL_PIECE, sizeof(Box));
    }
    box = pool_box(pool, pool->used++);
    memset(box, 0, sizeof(*box));
    if (parent) {
        box->parent = parent;
        box->level = parent->level + 1;
        box->x = 2 * parent->x + which / 2;
        box->y = 2 * parent->y + which % 2;
    }
    return box;
}

/* The place of body counted in the smallest boxes; every test of where it is uses this. */
static uint32_t grid_place(double place, double from)
{
    return (uint32_t)ldexp((place - from) / width, MAX_LEVEL);
}

static int quadrant(const Box *box, const Body *body)
{
    int shift = MAX_LEVEL - 1 - box->level;

    uint32_t x = grid_place(body->place.re, corner.re) >> shift, y = grid_place(body->place.im, corner.im) >> shift;

    return (x & 1) * 2 + (y & 1);
}

static void put_in_leaf(Box *leaf, Body *body)
{
    body->next = leaf->bodies;
    leaf->bodies = body;
    leaf->count++;
}

/* A new leaf below box with body in it; the caller holds the box's lock. */
static void new_leaf(Pool *pool, Box *box, int which, Body *body)
{
    Box *leaf = new_box(pool, box, which);

    put_in_leaf(leaf, body);
    __atomic_store_n(&box->child[which], leaf, __ATOMIC_RELEASE);
}

/* Makes the full leaf, whose lock the caller holds, a parent. */
static void split_leaf(Pool *pool, Box *leaf)
{
    Body *next;

    for (Body *body = leaf->bodies; body; body = next) {
        int which = quadrant(leaf, body);

        next = body->next;
        if (leaf->child[which]) {
            put_in_leaf(leaf->child[which], body);
        } else {
            new_leaf(pool, leaf, which, body);
        }
    }
    leaf->bodies = NULL;
    leaf->count = 0;
    __atomic_store_n(&leaf->is_parent, 1, __ATOMIC_RELEASE);
}

static void insert(Pool *pool, Body *body)
{
    Box *box = root;
    bool placed = false;

    while (!placed) {
        AnlLock *lock = &box_locks[((uintptr_t)box >> 6) * 0x9e3779b1u % BOX_LOCKS];

        if (__atomic_load_n(&box->is_parent, __ATOMIC_ACQUIRE)) {
            int which = quadrant(box, body);
            Box *child = __atomic_load_n(&box->child[which], __ATOMIC_ACQUIRE);

            if (!child) {
                LOCK(*lock);
                child = box->child[which];
                if (!child) {
                    new_leaf(pool, box, which, body);
                    placed = true;
                }
                UNLOCK(*lock);
            }
            box = child;
            continue;
        }
        LOCK(*lock);
        if (!box->is_parent) {
            if (box->count < LEAF_BODIES || box->level == MAX_LEVEL) {
                put_in_leaf(box, body);
                placed = true;
            } else {
                split_leaf(pool, box);
            }
        }
        UNLOCK(*lock);
    }
}

/* The square around all bodies: the same whoever had which body. */
static void make_root(void)
{
    Complex low = pools[0].low, high = pools[0].high;

    for (int p = 1; p < nproc; p++) {
        low = (Complex){ fmin(low.re, pools[p].low.re), fmin(low.im, pools[p].low.im) };
        high = (Complex){ fmax(high.re, pools[p].high.re), fmax(high.im, pools[p].high.im) };
    }
    width = fmax(high.re - low.re, high.im - low.im) * 1.001 + 1e-9;
    corner = sub(low, (Complex){ 0.0005 * width, 0.0005 * width });
    root = new_box(&pools[0], NULL, 0);
}

/* Sorts a leaf's bodies and sums the work below a box. */
static void count_box(Box *box)
{
    Body *sorted = NULL, *next;

    for (Body *body = box->bodies; body; body = next) {
        Body **link = &sorted;

        next = body->next;
        while (*link && *link < body) {
            link = &(*link)->next;
        }
        body->next = *link;
        *link = body;
        box->cost += body->cost;
    }
    box->bodies = sorted;
    for (int which = 0; which < 4; which++) {
        if (box->child[which]) {
            done_wait(&box->child[which]->stage, BOX_COUNTED);
            box->cost += box->child[which]->cost;
        }
    }
    done_set(&box->stage, BOX_COUNTED);
}

/* Takes the boxes whose middle, in work summed up in the tree's order, is in low ... high - 1, and their bodies. */
static void take_zone(Pool *pool, Box *box, int64_t start, int64_t low, int64_t high)
{
    int64_t middle = start + box->cost / 2;

    if (start >= high || start + box->cost <= low) {
        return;
    }
    if (middle >= low && middle < high) {
        box->next = pool->level[box->level];
        pool->level[box->level] = box;
        for (Body *body = box->bodies; body; body = body->next) {
            pool->mine[pool->taken++] = body;
        }
    }
    for (int which = 0; which < 4; which++) {
        if (box->child[which]) {
            take_zone(pool, box->child[which], start, low, high);
            start += box->child[which]->cost;
        }
    }
}

/* The multipole series from the bodies or the children's series. */
static void make_multipole(Box *box)
{
    Complex centre = box_centre(box);

    for (Body *body = box->bodies; body; body = body->next) {
        multipole_add_body(box->multipole, body->mass, sub(body->place, centre));
    }
    for (int which = 0; which < 4; which++) {
        Box *child = box->child[which];

        if (child) {
            done_wait(&child->stage, BOX_MULTIPOLE);
            multipole_add_shifted(box->multipole, child->multipole, sub(box_centre(child), centre));
        }
    }
    done_set(&box->stage, BOX_MULTIPOLE);
}

/* Finds the boxes of the same level and the bigger leaves that touch box; the leaves of X go into its local series. */
static int64_t make_lists(Box *box)
{
    Box *parent = box->parent;
    int64_t work = 0;

    if (!parent) {
        box->touch[box->touching++] = box;
        done_set(&box->stage, BOX_LISTS);
        return 0;
    }
    done_wait(&parent->stage, BOX_LISTS);
    for (int i = 0; i < parent->touching + parent->near; i++) {
        Box *other = i < parent->touching ? parent->touch[i] : parent->close[i - parent->touching];

        if (other->is_parent) {
            for (int which = 0; which < 4; which++) {
                if (other->child[which] && boxes_touch(box, other->child[which])) {
                    box->touch[box->touching++] = other->child[which];
                }
            }
        } else if (boxes_touch(box, other)) {
            box->close[box->near++] = other;
        } else {
            for (Body *body = other->bodies; body; body = body->next) {
                local_add_body(box->local, body->mass, sub(body->place, box_centre(box)));
                work += series_terms;
            }
        }
    }
    done_set(&box->stage, BOX_LISTS);
    return work;
}

/* Adds all of V to the local series. */
static int64_t add_far_boxes(Box *box)
{
    int64_t work = 0;

    for (int i = 0; box->parent && i < box->parent->touching; i++) {
        Box *other = box->parent->touch[i];

        for (int which = 0; which < 4; which++) {
            if (other->child[which] && !boxes_touch(box, other->child[which])) {
                local_add_multipole(box->local, other->child[which]->multipole,
                                    sub(box_centre(other->child[which]), box_centre(box)));
                work += series_terms * series_terms / 4;
            }
        }
    }
    return work;
}

/* The field the bodies from on the list other have at body. */
static void add_bodies(Body *body, const Body *other)
{
    for (; other; other = other->next) {
        Complex d = sub(body->place, other->place);
        double norm = d.re * d.re + d.im * d.im;

        /* The body itself, or one in the very same place. */
        if (norm > 0) {
            norm = other->mass / norm;
            body->field.re += d.re * norm;
            body->field.im -= d.im * norm;
        }
    }
}

/* Gives the bodies of leaf what other (U or W) or the boxes below it do to them. */
static int64_t add_near_box(Box *leaf, Box *other)
{
    int64_t work = 0;

    if (!boxes_touch(leaf, other)) {
        Complex centre = box_centre(other);

        for (Body *body = leaf->bodies; body; body = body->next) {
            body->field = add(body->field, multipole_field(other->multipole, sub(body->place, centre)));
        }
        return (int64_t)leaf->count * series_terms;
    }
    if (!other->is_parent) {
        for (Body *body = leaf->bodies; body; body = body->next) {
            add_bodies(body, other->bodies);
        }
        return (int64_t)leaf->count * other->count;
    }
    for (int which = 0; which < 4; which++) {
        if (other->child[which]) {
            work += add_near_box(leaf, other->child[which]);
        }
    }
    return work;
}

/* Everything for box's own part but what comes from its parent; work so far counts too. */
static void find_field(Box *box, int64_t work)
{
    work += add_far_boxes(box);
    if (!box->is_parent) {
        for (Body *body = box->bodies; body; body = body->next) {
            body->field = (Complex){ 0, 0 };
        }
        for (int i = 0; i < box->touching; i++) {
            work += add_near_box(box, box->touch[i]);
        }
        for (int i = 0; i < box->near; i++) {
            work += add_near_box(box, box->close[i]);
        }
        for (Body *body = box->bodies; body; body = body->next) {
            body->cost = 1 + work / box->count;
        }
    }
}

/* Adds the parent's local series to the box's, and a leaf's to its bodies' fields. */
static void complete_local(Box *box)
{
    if (box->parent) {
        done_wait(&box->parent->stage, BOX_COMPLETE);
        local_add_shifted(box->local, box->parent->local, sub(box_centre(box), box_centre(box->parent)));
    }
    done_set(&box->stage, BOX_COMPLETE);
    for (Body *body = box->bodies; body; body = body->next) {
        body->field = add(body->field, local_field(box->local, sub(body->place, box_centre(box))));
    }
}

/* Forgets the last step's boxes and finds the bounds of this thread's bodies. */
static void find_bounds(Pool *pool)
{
    pool->used = 0;
    memset(pool->level, 0, sizeof(pool->level));
    pool->low = (Complex){ HUGE_VAL, HUGE_VAL };
    pool->high = (Complex){ -HUGE_VAL, -HUGE_VAL };
    for (long i = 0; i < pool->taken; i++) {
        Complex place = pool->mine[i]->place;

        pool->low = (Complex){ fmin(pool->low.re, place.re), fmin(pool->low.im, place.im) };
        pool->high = (Complex){ fmax(pool->high.re, place.re), fmax(pool->high.im, place.im) };
    }
}

/* The second half of the step's change of speed, and, but in the last step, the first half of the next and the move. */
static void move_body(Body *body, bool first, bool last)
{
    Complex pull = { -body->field.re, body->field.im };

    if (!first) {
        body->speed = add(body->speed, scale(0.5 * DELTA_T, pull));
    }
    if (!last) {
        body->speed = add(body->speed, scale(0.5 * DELTA_T, pull));
        body->place = add(body->place, scale(DELTA_T, body->speed));
    }
}

/* One step from the bodies' places to their fields. */
static void all_fields(Pool *pool, int proc)
{
    find_bounds(pool);
    BARRIER(barrier, nproc);
    if (proc == 0) {
        make_root();
    }
    BARRIER(barrier, nproc);
    for (long i = 0; i < pool->taken; i++) {
        insert(pool, pool->mine[i]);
    }
    BARRIER(barrier, nproc);
    /* Children are younger than their parents: the newest box of all those not yet counted has nothing to wait for. */
    for (long i = pool->used - 1; i >= 0; i--) {
        count_box(pool_box(pool, i));
    }
    BARRIER(barrier, nproc);
    pool->taken = 0;
    take_zone(pool, root, 0, root->cost * proc / nproc, root->cost * (proc + 1) / nproc);
    for (int level = MAX_LEVEL; level >= 0; level--) {
        for (Box *box = pool->level[level]; box; box = box->next) {
            make_multipole(box);
        }
    }
    BARRIER(barrier, nproc);
    for (int level = 0; level <= MAX_LEVEL; level++) {
        for (Box *box = pool->level[level]; box; box = box->next) {
            box->cost = make_lists(box);
        }
    }
    BARRIER(barrier, nproc);
    for (int level = 0; level <= MAX_LEVEL; level++) {
        for (Box *box = pool->level[level]; box; box = box->next) {
            find_field(box, box->cost);
        }
    }
    BARRIER(barrier, nproc);
    for (int level = 0; level <= MAX_LEVEL; level++) {
        for (Box *box = pool->level[level]; box; box = box->next) {
            complete_local(box);
        }
    }
    BARRIER(barrier, nproc);
}

static void work(int proc)
{
    Pool *pool = &pools[proc];

    pool->mine = anl_alloc(count, sizeof(*pool->mine));
    for (long i = anl_first(proc, nproc, count); i < anl_first(proc + 1, nproc, count); i++) {
        pool->mine[pool->taken++] = &bodies[i];
    }
    for (long step = 0; step < steps; step++) {
        all_fields(pool, proc);
        for (long i = 0; i < pool->taken; i++) {
            move_body(pool->mine[i], step == 0, step == steps - 1);
        }
    }
}

/*
 * The last fields against the sum over all bodies, for a few of them; all bodies had one owner, and momentum is kept.
 */
static void check(double error)
{
    double wrong = 0, right = 0;
    Complex momentum = { 0, 0 };
    long taken = 0;

    for (int p = 0; p < nproc; p++) {
        taken += pools[p].taken;
    }
    for (long i = 0; i < count; i++) {
        momentum = add(momentum, scale(bodies[i].mass, bodies[i].field));
    }
    for (int s = 0; s < SAMPLES; s++) {
        Body *b = &bodies[anl_first(s, SAMPLES, count)], again = *b;

        again.field = (Complex){ 0, 0 };
        for (long i = 0; i < count; i++) {
            Body other = bodies[i];

            other.next = NULL;
            add_bodies(&again, &other);
        }
        again.field = sub(again.field, b->field);
        wrong = fmax(wrong, fmax(fabs(again.field.re), fabs(again.field.im)));
        right += sqrt(b->field.re * b->field.re + b->field.im * b->field.im) / SAMPLES;
    }
    if (taken != count || !(fabs(root->multipole[0].re - 1) <= 1e-9)) {
        anl_fail("%ld bodies of %ld had an owner, their mass is %.12g", taken, count, root->multipole[0].re);
    }
    if (!(wrong <= error * right)) {
        anl_fail("a field is off by %g, fields are %g on average", wrong, right);
    }
    if (!(fmax(fabs(momentum.re), fabs(momentum.im)) <= error * right)) {
        anl_fail("all bodies together pull themselves by %g, %g", momentum.re, momentum.im);
    }
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel;
    const AnlOption options[] = {
        { 'n', "bodies", &count, 16384, 512, SAMPLES, 4194304 },
        { 's', "steps", &steps, 5, 2, 1, 1000 },
        { 'e', "digits of the fields that are right", &digits, 6, 6, 1, 10 },
    };

    nproc = anl_options(argc, argv, options, 3);
    series_init(digits);
    make_bodies();
    for (int i = 0; i < BOX_LOCKS; i++) {
        LOCKINIT(box_locks[i]);
    }
    BARINIT(barrier);
    done_init();
    parallel = anl_run(nproc, work);
    check(pow(10, -digits));
    anl_report("fmm", parallel, begin);
    return 0;
}
