/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * barnes: gravity among many bodies by the Barnes-Hut method (Woo et al., ISCA 1995).
 *
 * Each step builds an octree of the bodies with up to LEAF_BODIES of them in a leaf, finds mass, centre of mass and
 * quadrupole of every node from the leaves up, deals the bodies out, finds each body's acceleration by walking the
 * tree (a cell that looks smaller than the opening angle acts as a whole), and moves the bodies (leapfrog).
 *
 * Shared: bodies, of which each has one owner per step, and the tree. All threads insert bodies at the same time: they
 * walk down without locks and take the lock of the node they change, one of an array chosen by the node's address. For
 * the sums a thread goes through the nodes it made, newest first, and waits for children that are another's; a child
 * is always younger than its parent, so nobody waits in a circle. Bodies are dealt in the tree's order by "cost zones"
 * of equal work as counted in the previous step. Barriers between the phases.
 *
 * The shape of the tree does not depend on the order of insertion, and leaves are sorted before they are used: the
 * result is the same to the last bit for any number of threads.
 */
#include "anl.h"
#include "done.h"
#include "plummer.h"

#define LEAF_BODIES 8
#define MAX_LEVEL 60        /* leaves this deep take any number of bodies */
#define NODE_LOCKS 512
#define POOL_PIECE 1024     /* nodes allocated at once */
#define POOL_PIECES 1024
#define DELTA_T 0.025
#define SAMPLES 100         /* bodies whose acceleration is checked */

typedef struct Body Body;

struct Body {
    double place[3], speed[3], pull[3];     /* owner */
    double mass, potential;
    int64_t cost;                           /* owner: interactions in the last step, at least 1 */
    Body *next;                             /* in a leaf: the leaf's lock */
} __attribute__((aligned(ANL_LINE)));

typedef struct Node Node;

struct Node {
    double centre[3], half;         /* the cube; constant */
    int level;                      /* constant */
    int is_cell;                    /* atomic; goes from 0 to 1 under the node's lock, when child[] is made */
    Node *child[8];                 /* atomic; set under the node's lock */
    Body *bodies;                   /* of a leaf: the node's lock */
    int count;                      /* of a leaf: the node's lock */
    int summed;                     /* done.h: what follows is there */
    int64_t cost;
    double mass, middle[3], quad[6];    /* quadrupole: xx, yy, zz, xy, xz, yz */
} __attribute__((aligned(ANL_LINE)));

/* The nodes one thread made in this step, in that order. */
typedef struct Pool {
    Node *piece[POOL_PIECES];
    long used;
    double low[3], high[3];         /* bounds of its bodies; read by all after a barrier */
    double kinetic, potential;      /* of its bodies in the first step */
    long visited;                   /* bodies it got in the last step */
} __attribute__((aligned(ANL_LINE))) Pool;

static long count, steps, theta_hundredths, eps_thousandths;
static int nproc;
static double theta, eps2;
static Body *bodies;
static Pool pools[ANL_MAX_PROC];    /* each its thread's, but for what is said above */
static Node *root;                  /* thread 0, between barriers */
static AnlLock node_locks[NODE_LOCKS];
static AnlBarrier barrier;

/* Plummer's model, in equilibrium, in units where the constant of gravity, all mass, and -4 times the energy are 1. */
static void make_bodies(void)
{
    double length = 3 * M_PI / 16, drift[6] = { 0 };
    uint64_t random = 123;

    bodies = anl_alloc(count, sizeof(*bodies));
    for (long i = 0; i < count; i++) {
        Body *b = &bodies[i];
        double radius = plummer_radius(&random), speed = plummer_speed(&random);

        b->mass = 1.0 / count;
        b->cost = 1;
        plummer_direction(&random, length * radius, b->place);
        plummer_direction(&random, speed * sqrt(2 / length / sqrt(1 + radius * radius)), b->speed);
        for (int d = 0; d < 3; d++) {
            drift[d] += b->place[d] / count;
            drift[3 + d] += b->speed[d] / count;
        }
    }
    for (long i = 0; i < count; i++) {
        for (int d = 0; d < 3; d++) {
            bodies[i].place[d] -= drift[d];
            bodies[i].speed[d] -= drift[3 + d];
        }
    }
}

static Node *pool_node(const Pool *pool, long i)
{
    return &pool->piece[i / POOL_PIECE][i % POOL_PIECE];
}

static Node *new_node(Pool *pool, const double *centre, double half, int level)
{
    Node *node;

    if (pool->used == (long)POOL_PIECES * POOL_PIECE) {
        anl_fail("more than %ld nodes of one thread", pool->used);
    }
    if (!pool->piece[pool->used / POOL_PIECE]) {
        pool->piece[pool->used / POOL_PIECE] = anl_alloc(POOL_PIECE, sizeof(Node));
    }
    node = pool_node(pool, pool->used++);
    memset(node, 0, sizeof(*node));
    memcpy(node->centre, centre, sizeof(node->centre));
    node->half = half;
    node->level = level;
    return node;
}

static int octant(const Node *node, const Body *body)
{
    return (body->place[0] >= node->centre[0]) * 4 + (body->place[1] >= node->centre[1]) * 2 +
           (body->place[2] >= node->centre[2]);
}

static void put_in_leaf(Node *leaf, Body *body)
{
    body->next = leaf->bodies;
    leaf->bodies = body;
    leaf->count++;
}

/* A new leaf below node for octant which; the caller holds node's lock or is the only one who knows it. */
static Node *new_leaf(Pool *pool, Node *node, int which, Body *body)
{
    double centre[3];
    Node *leaf;

    for (int d = 0; d < 3; d++) {
        centre[d] = node->centre[d] + (which >> (2 - d) & 1 ? 0.5 : -0.5) * node->half;
    }
    leaf = new_node(pool, centre, 0.5 * node->half, node->level + 1);
    put_in_leaf(leaf, body);
    __atomic_store_n(&node->child[which], leaf, __ATOMIC_RELEASE);
    return leaf;
}

/* Makes the full leaf, whose lock the caller holds, a cell. */
static void split_leaf(Pool *pool, Node *leaf)
{
    Body *next;

    for (Body *body = leaf->bodies; body; body = next) {
        int which = octant(leaf, body);

        next = body->next;
        if (leaf->child[which]) {
            put_in_leaf(leaf->child[which], body);
        } else {
            new_leaf(pool, leaf, which, body);
        }
    }
    leaf->bodies = NULL;
    leaf->count = 0;
    __atomic_store_n(&leaf->is_cell, 1, __ATOMIC_RELEASE);
}

static void insert(Pool *pool, Body *body)
{
    Node *node = root;

    while (true) {
        AnlLock *lock = &node_locks[((uintptr_t)node >> 6) * 0x9e3779b1u % NODE_LOCKS];
        bool placed = false;

        if (__atomic_load_n(&node->is_cell, __ATOMIC_ACQUIRE)) {
            int which = octant(node, body);
            Node *child = __atomic_load_n(&node->child[which], __ATOMIC_ACQUIRE);

            if (!child) {
                LOCK(*lock);
                child = node->child[which];
                if (!child) {
                    new_leaf(pool, node, which, body);
                    placed = true;
                }
                UNLOCK(*lock);
            }
            node = child;
        } else {
            LOCK(*lock);
            if (!node->is_cell) {
                if (node->count < LEAF_BODIES || node->level == MAX_LEVEL) {
                    put_in_leaf(node, body);
                    placed = true;
                } else {
                    split_leaf(pool, node);
                }
            }
            UNLOCK(*lock);
        }
        if (placed) {
            return;
        }
    }
}

/* The root's cube from all threads' bounds: the same whoever had which body. */
static void make_root(void)
{
    double centre[3], half = 0;

    for (int d = 0; d < 3; d++) {
        double low = pools[0].low[d], high = pools[0].high[d];

        for (int p = 1; p < nproc; p++) {
            low = fmin(low, pools[p].low[d]);
            high = fmax(high, pools[p].high[d]);
        }
        centre[d] = 0.5 * (low + high);
        half = fmax(half, 0.5 * (high - low));
    }
    root = new_node(&pools[0], centre, half * 1.0001 + 1e-9, 0);
}

/* Adds mass at offset from the node's centre of mass to its quadrupole. */
static void add_quad(Node *node, double mass, const double *place)
{
    double d[3], square = 0;

    for (int k = 0; k < 3; k++) {
        d[k] = place[k] - node->middle[k];
        square += d[k] * d[k];
    }
    for (int k = 0; k < 3; k++) {
        node->quad[k] += mass * (3 * d[k] * d[k] - square);
    }
    node->quad[3] += 3 * mass * d[0] * d[1];
    node->quad[4] += 3 * mass * d[0] * d[2];
    node->quad[5] += 3 * mass * d[1] * d[2];
}

static void sum_leaf(Node *leaf)
{
    Body *sorted = NULL, *next;

    for (Body *body = leaf->bodies; body; body = next) {
        Body **link = &sorted;

        next = body->next;
        while (*link && *link < body) {
            link = &(*link)->next;
        }
        body->next = *link;
        *link = body;
    }
    leaf->bodies = sorted;
    for (Body *body = sorted; body; body = body->next) {
        leaf->cost += body->cost;
        leaf->mass += body->mass;
        for (int d = 0; d < 3; d++) {
            leaf->middle[d] += body->mass * body->place[d];
        }
    }
    for (int d = 0; d < 3; d++) {
        leaf->middle[d] /= leaf->mass;
    }
    for (Body *body = sorted; body; body = body->next) {
        add_quad(leaf, body->mass, body->place);
    }
}

static void sum_cell(Node *cell)
{
    for (int which = 0; which < 8; which++) {
        Node *child = cell->child[which];

        if (child) {
            done_wait(&child->summed, 1);
            cell->cost += child->cost;
            cell->mass += child->mass;
            for (int d = 0; d < 3; d++) {
                cell->middle[d] += child->mass * child->middle[d];
            }
        }
    }
    for (int d = 0; d < 3; d++) {
        cell->middle[d] /= cell->mass;
    }
    for (int which = 0; which < 8; which++) {
        Node *child = cell->child[which];

        if (child) {
            for (int k = 0; k < 6; k++) {
                cell->quad[k] += child->quad[k];
            }
            add_quad(cell, child->mass, child->middle);
        }
    }
}

/* Takes the bodies whose work, summed up in the tree's order, begins in low ... high - 1; start is that of node. */
static long take_zone(const Node *node, int64_t start, int64_t low, int64_t high, Body **mine, long taken)
{
    if (start >= high || start + node->cost <= low) {
        return taken;
    }
    if (!node->is_cell) {
        for (Body *body = node->bodies; body; body = body->next) {
            if (start >= low && start < high) {
                mine[taken++] = body;
            }
            start += body->cost;
        }
        return taken;
    }
    for (int which = 0; which < 8; which++) {
        if (node->child[which]) {
            taken = take_zone(node->child[which], start, low, high, mine, taken);
            start += node->child[which]->cost;
        }
    }
    return taken;
}

/* Adds what mass at source, with quadrupole quad or NULL, does to body. */
static void attract(Body *body, const double *source, double mass, const double *q)
{
    double d[3], r2 = eps2, inverse, pull, potential;

    for (int k = 0; k < 3; k++) {
        d[k] = body->place[k] - source[k];
        r2 += d[k] * d[k];
    }
    inverse = 1 / r2;
    potential = mass * sqrt(inverse);
    pull = potential * inverse;
    if (q) {
        double fifth = sqrt(inverse) * inverse * inverse;
        double qd[3] = {
            q[0] * d[0] + q[3] * d[1] + q[4] * d[2],
            q[3] * d[0] + q[1] * d[1] + q[5] * d[2],
            q[4] * d[0] + q[5] * d[1] + q[2] * d[2],
        };
        double dqd = (d[0] * qd[0] + d[1] * qd[1] + d[2] * qd[2]) * fifth;

        potential += 0.5 * dqd;
        pull += 2.5 * dqd * inverse;
        for (int k = 0; k < 3; k++) {
            body->pull[k] += qd[k] * fifth;
        }
    }
    body->potential -= potential;
    for (int k = 0; k < 3; k++) {
        body->pull[k] -= pull * d[k];
    }
    body->cost++;
}

/* Whether node is far enough from body to act as a whole. A cell around the body never is. */
static bool far_enough(const Node *node, const Body *body)
{
    double r2 = 0;
    bool outside = false;

    for (int k = 0; k < 3; k++) {
        double d = body->place[k] - node->middle[k];

        r2 += d * d;
        outside |= fabs(body->place[k] - node->centre[k]) > node->half;
    }
    return outside && 4 * node->half * node->half < theta * theta * r2;
}

static void walk(const Node *node, Body *body)
{
    if (!node->is_cell) {
        for (const Body *other = node->bodies; other; other = other->next) {
            if (other != body) {
                attract(body, other->place, other->mass, NULL);
            }
        }
    } else if (far_enough(node, body)) {
        attract(body, node->middle, node->mass, node->quad);
    } else {
        for (int which = 0; which < 8; which++) {
            if (node->child[which]) {
                walk(node->child[which], body);
            }
        }
    }
}

/* Forgets the last step's nodes and finds the bounds of this thread's bodies. */
static void find_bounds(Pool *pool, Body **mine, long taken)
{
    pool->used = 0;
    for (int d = 0; d < 3; d++) {
        pool->low[d] = HUGE_VAL;
        pool->high[d] = -HUGE_VAL;
        for (long i = 0; i < taken; i++) {
            pool->low[d] = fmin(pool->low[d], mine[i]->place[d]);
            pool->high[d] = fmax(pool->high[d], mine[i]->place[d]);
        }
    }
}

/* The energies of this thread's bodies, whose places and speeds are of the same moment. */
static void sum_energy(Pool *pool, Body **mine, long taken)
{
    for (long i = 0; i < taken; i++) {
        for (int d = 0; d < 3; d++) {
            pool->kinetic += 0.5 * mine[i]->mass * mine[i]->speed[d] * mine[i]->speed[d];
        }
        pool->potential += 0.5 * mine[i]->mass * mine[i]->potential;
    }
}

/* The second half of the step's change of speed, and, but in the last step, the first half of the next and the move. */
static void move_body(Body *body, bool first, bool last)
{
    for (int d = 0; d < 3; d++) {
        if (!first) {
            body->speed[d] += 0.5 * DELTA_T * body->pull[d];
        }
        if (!last) {
            body->speed[d] += 0.5 * DELTA_T * body->pull[d];
            body->place[d] += DELTA_T * body->speed[d];
        }
    }
}

static void work(int proc)
{
    Pool *pool = &pools[proc];
    Body **mine = anl_alloc(count, sizeof(*mine));
    long taken = 0;

    for (long i = anl_first(proc, nproc, count); i < anl_first(proc + 1, nproc, count); i++) {
        mine[taken++] = &bodies[i];
    }
    for (long step = 0; step < steps; step++) {
        find_bounds(pool, mine, taken);
        BARRIER(barrier, nproc);
        if (proc == 0) {
            make_root();
        }
        BARRIER(barrier, nproc);
        for (long i = 0; i < taken; i++) {
            insert(pool, mine[i]);
        }
        BARRIER(barrier, nproc);
        for (long i = pool->used - 1; i >= 0; i--) {
            Node *node = pool_node(pool, i);

            if (node->is_cell) {
                sum_cell(node);
            } else {
                sum_leaf(node);
            }
            done_set(&node->summed, 1);
        }
        BARRIER(barrier, nproc);
        taken = take_zone(root, 0, root->cost * proc / nproc, root->cost * (proc + 1) / nproc, mine, 0);
        BARRIER(barrier, nproc);
        for (long i = 0; i < taken; i++) {
            memset(mine[i]->pull, 0, sizeof(mine[i]->pull));
            mine[i]->potential = 0;
            mine[i]->cost = 0;
            walk(root, mine[i]);
            mine[i]->cost += mine[i]->cost == 0;
        }
        BARRIER(barrier, nproc);
        if (step == 0) {
            sum_energy(pool, mine, taken);
        }
        for (long i = 0; i < taken; i++) {
            move_body(mine[i], step == 0, step == steps - 1);
        }
    }
    pool->visited = taken;
    free(mine);
}

/* The last accelerations against the sum over all bodies, for a few of them. */
static void check_pull(void)
{
    double wrong = 0, right = 0;

    for (int s = 0; s < SAMPLES; s++) {
        Body *b = &bodies[anl_first(s, SAMPLES, count)], again = *b;

        memset(again.pull, 0, sizeof(again.pull));
        for (long i = 0; i < count; i++) {
            if (&bodies[i] != b) {
                attract(&again, bodies[i].place, bodies[i].mass, NULL);
            }
        }
        for (int d = 0; d < 3; d++) {
            wrong += (again.pull[d] - b->pull[d]) * (again.pull[d] - b->pull[d]);
            right += again.pull[d] * again.pull[d];
        }
    }
    if (!(sqrt(wrong / right) <= 0.02 * theta * theta * theta + 1e-9)) {
        anl_fail("accelerations are off by %g of their size", sqrt(wrong / right));
    }
}

/* Conservation: bodies, mass, energy. */
static void check_sums(void)
{
    double start = 0, end = 0, potential = 0;
    long visited = 0;

    for (int p = 0; p < nproc; p++) {
        start += pools[p].kinetic + pools[p].potential;
        visited += pools[p].visited;
    }
    if (visited != count || !(fabs(root->mass - 1) <= 1e-9)) {
        anl_fail("the tree holds %ld bodies of %ld, their mass is %.12g", visited, count, root->mass);
    }
    for (long i = 0; i < count; i++) {
        for (int d = 0; d < 3; d++) {
            end += 0.5 * bodies[i].mass * bodies[i].speed[d] * bodies[i].speed[d];
        }
        potential += 0.5 * bodies[i].mass * bodies[i].potential;
    }
    end += potential;
    if (!(fabs(end - start) <= 1e-3 * fabs(potential))) {
        anl_fail("energy went from %.9g to %.9g", start, end);
    }
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel;
    const AnlOption options[] = {
        { 'n', "bodies", &count, 16384, 1024, SAMPLES, 4194304 },
        { 's', "steps of 0.025", &steps, 4, 2, 1, 1000 },
        { 'a', "opening angle in hundredths", &theta_hundredths, 100, 100, 0, 200 },
        { 'e', "softening in thousandths", &eps_thousandths, 50, 50, 1, 1000 },
    };

    nproc = anl_options(argc, argv, options, 4);
    theta = theta_hundredths / 100.0;
    eps2 = eps_thousandths * eps_thousandths / 1e6;
    make_bodies();
    for (int i = 0; i < NODE_LOCKS; i++) {
        LOCKINIT(node_locks[i]);
    }
    BARINIT(barrier);
    done_init();
    parallel = anl_run(nproc, work);
    check_sums();
    check_pull();
    anl_report("barnes", parallel, begin);
    return 0;
}
