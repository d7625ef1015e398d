/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * radiosity: the light in a room of matt surfaces by the hierarchical method of Hanrahan, Salzman and Aupperle (1991;
 * Woo et al., ISCA 1995).
 *
 * Each rectangle of the room (room.h) is the root of a quadtree of patches. A link says which part of the light
 * leaving one patch another one gets; it is estimated with RAYS pairs of points, of which each counts if the points
 * see each other. First all pairs of roots are linked. An iteration lets each patch gather light through its links,
 * and refines links that carry much light unevenly: the bigger of the two patches is cut in four, and four links take
 * the place of the one. Then the light gathered at all levels is pushed down to the leaves, and what leaves send out
 * is averaged upwards. Iterations end when the light hardly changes.
 *
 * Shared: patches and links. A patch's links belong to the task that gathers for it, which then makes tasks for the
 * patch's children; so no two threads use one list at a time. Any thread may find that a patch must be cut, and does
 * so under one of an array of locks. What patches send out changes only between barriers. Tasks are in queues, one per
 * thread, with stealing. The order in which tasks are done changes neither links nor light, so the result is the same
 * to the last bit for any number of threads.
 */
#include "anl.h"
#include "room.h"
#include "tasks.h"

#define RAYS 16
#define PATCH_LOCKS 256
#define PIECE 512           /* patches or links allocated at once */
#define MAX_ITERATIONS 50

typedef struct Patch Patch;
typedef struct Link Link;

/* The light owner gets from one other patch. */
struct Link {
    Link *next;
    Patch *source;
    double part;            /* of the owner's view that source fills, 0 to 1 */
    double spread;          /* how far the estimates are apart */
};

struct Patch {
    Vec corner, u, v;
    double area;
    int wall;
    Patch *children;        /* four of them, or NULL; atomic, set under the patch's lock */
    Link *links;            /* of the task that gathers for this patch, as gathered */
    double gathered[ROOM_COLOURS];
    double light[ROOM_COLOURS];     /* sent out, per area; of the thread that pushes and pulls this root */
} __attribute__((aligned(ANL_LINE)));

/* What one thread allocates from. */
typedef struct Pool {
    Patch *patches;
    int patches_left;
    Link *links;            /* free ones */
    long refined;           /* links, in this iteration */
} __attribute__((aligned(ANL_LINE))) Pool;

static long chairs, shelves, least_area, light_limit, change_limit;
static int nproc;
static double area_limit, refine_limit;
static Room room;
static Patch *roots;
static double (*unseen)[ROOM_WALLS];    /* by wall and wall: product of areas of pairs without a link; wall's lock */
static double sample[RAYS][4];          /* places on the two patches, 0 to 1 */
static Pool pools[ANL_MAX_PROC];
static AnlLock patch_locks[PATCH_LOCKS];
static TaskPool tasks;
static AnlBarrier barrier;
static double changed[ROOM_WALLS], sent[ROOM_WALLS];    /* by root: of the task that pushes and pulls it */
static int iterations;                  /* thread 0, between barriers, as the next */
static bool settled;

static AnlLock *patch_lock(const Patch *patch)
{
    return &patch_locks[((uintptr_t)patch >> 6) * 0x9e3779b1u % PATCH_LOCKS];
}

static void set_shape(Patch *patch, int wall, Vec corner, Vec u, Vec v)
{
    patch->wall = wall;
    patch->corner = corner;
    patch->u = u;
    patch->v = v;
    patch->area = sqrt(vec_dot(u, u) * vec_dot(v, v));
}

/* The four children of patch, made now if there are none. */
static Patch *cut(Pool *pool, Patch *patch)
{
    Patch *children = __atomic_load_n(&patch->children, __ATOMIC_ACQUIRE);
    AnlLock *lock = patch_lock(patch);

    if (children) {
        return children;
    }
    LOCK(*lock);
    children = patch->children;
    if (!children) {
        Vec u = vec_scale(0.5, patch->u), v = vec_scale(0.5, patch->v);

        if (pool->patches_left == 0) {
            pool->patches = anl_alloc(PIECE, sizeof(Patch));
            pool->patches_left = PIECE;
        }
        pool->patches_left -= 4;
        children = &pool->patches[pool->patches_left];
        for (int k = 0; k < 4; k++) {
            Vec corner = vec_add(patch->corner, vec_add(vec_scale(k & 1, u), vec_scale(k >> 1, v)));

            set_shape(&children[k], patch->wall, corner, u, v);
            memcpy(children[k].light, patch->light, sizeof(patch->light));
        }
        __atomic_store_n(&patch->children, children, __ATOMIC_RELEASE);
    }
    UNLOCK(*lock);
    return children;
}

static Vec patch_place(const Patch *patch, double a, double b)
{
    return vec_add(patch->corner, vec_add(vec_scale(a, patch->u), vec_scale(b, patch->v)));
}

/* Estimates how much of the view of patch to is filled by patch from; *spread: largest minus smallest estimate. */
static double view_part(const Patch *to, const Patch *from, double *spread)
{
    Vec up = room.wall[to->wall].normal, down = room.wall[from->wall].normal;
    double sum = 0, most = 0, least = HUGE_VAL;

    for (int i = 0; i < RAYS; i++) {
        Vec a = patch_place(to, sample[i][0], sample[i][1]), b = patch_place(from, sample[i][2], sample[i][3]);
        Vec way = vec_sub(b, a);
        double rise = vec_dot(up, way), fall = -vec_dot(down, way), part = 0;

        if (rise > 1e-9 && fall > 1e-9 && room_visible(&room, a, b)) {
            double square = vec_dot(way, way);

            /* Each place stands for its share of from, seen as a disc of that area: right unless very near. */
            part = rise * fall / square * from->area / (M_PI * square + from->area / RAYS);
        }
        sum += part;
        most = most > part ? most : part;
        least = least < part ? least : part;
    }
    *spread = most - least;
    return sum < RAYS ? sum / RAYS : 1;
}

/* Adds a link to the front of the list, unless nothing of from is seen. */
static void add_link(Pool *pool, Link **list, Patch *to, Patch *from)
{
    double spread, part = view_part(to, from, &spread);
    Link *link = pool->links;

    if (part == 0) {
        AnlLock *lock = patch_lock(&roots[to->wall]);

        LOCK(*lock);
        unseen[to->wall][from->wall] += to->area * from->area;
        UNLOCK(*lock);
        return;
    }
    if (!link) {
        link = anl_alloc(PIECE, sizeof(Link));
        for (int i = 0; i < PIECE - 1; i++) {
            link[i].next = &link[i + 1];
        }
    }
    pool->links = link->next;
    *link = (Link){ .next = *list, .source = from, .part = part, .spread = spread };
    *list = link;
}

/* The patch to cut for a better link from its source to patch; NULL: it is good enough or as good as it gets. */
static Patch *worth_cutting(Patch *patch, const Link *link)
{
    Patch *source = link->source, *bigger = patch->area >= source->area ? patch : source;
    double most = 0;

    for (int c = 0; c < ROOM_COLOURS; c++) {
        most = most > source->light[c] ? most : source->light[c];
    }
    return most * link->spread * patch->area > refine_limit && bigger->area > area_limit ? bigger : NULL;
}

/* Gathers light for patch through its links, refines these, and makes tasks to do so for the children. */
static void gather(Pool *pool, int proc, Patch *patch)
{
    Link *open = patch->links, *kept = NULL, **end = &kept;
    Patch *children;

    memset(patch->gathered, 0, sizeof(patch->gathered));
    while (open) {
        Link *link = open;
        Patch *bigger = worth_cutting(patch, link);

        open = link->next;
        if (!bigger) {
            for (int c = 0; c < ROOM_COLOURS; c++) {
                patch->gathered[c] += link->part * link->source->light[c];
            }
            *end = link;
            end = &link->next;
            continue;
        }
        children = cut(pool, bigger);
        for (int k = 0; k < 4; k++) {
            if (bigger == patch) {
                add_link(pool, &children[k].links, &children[k], link->source);
            } else {
                add_link(pool, &open, patch, &children[k]);
            }
        }
        pool->refined++;
        link->next = pool->links;
        pool->links = link;
    }
    *end = NULL;
    patch->links = kept;
    /* Children that others make later this time have no links yet. */
    children = __atomic_load_n(&patch->children, __ATOMIC_ACQUIRE);
    for (int k = 0; children && k < 4; k++) {
        task_push(&tasks, proc, (Task){ .item = &children[k] });
    }
}

/* Links root number to with all other roots in its view. */
static void link_root(Pool *pool, int to)
{
    for (int from = 0; from < room.count; from++) {
        if (from != to) {
            add_link(pool, &roots[to].links, &roots[to], &roots[from]);
        }
    }
}

/* Spreads light gathered above (down) and here over the leaves and averages what they send out. */
static void push_pull(Patch *patch, const double *down)
{
    const Wall *wall = &room.wall[patch->wall];
    double all[ROOM_COLOURS], light[ROOM_COLOURS] = { 0 };

    for (int c = 0; c < ROOM_COLOURS; c++) {
        all[c] = down[c] + patch->gathered[c];
    }
    for (int k = 0; patch->children && k < 4; k++) {
        push_pull(&patch->children[k], all);
        for (int c = 0; c < ROOM_COLOURS; c++) {
            light[c] += 0.25 * patch->children[k].light[c];
        }
    }
    for (int c = 0; c < ROOM_COLOURS; c++) {
        if (!patch->children) {
            light[c] = wall->shine[c] + wall->reflect[c] * all[c];
            changed[patch->wall] += patch->area * fabs(light[c] - patch->light[c]);
            sent[patch->wall] += patch->area * light[c];
        }
        patch->light[c] = light[c];
    }
}

/* Does all tasks of a phase: number -1 - i stands for linking root i, i > 0 for push_pull() of root i - 1. */
static void do_tasks(Pool *pool, int proc)
{
    static const double none[ROOM_COLOURS];
    Task task;

    BARRIER(barrier, nproc);
    while (task_take(&tasks, proc, &task)) {
        if (task.item) {
            gather(pool, proc, task.item);
        } else if (task.number < 0) {
            link_root(pool, -1 - task.number);
        } else {
            int i = task.number - 1;

            changed[i] = sent[i] = 0;
            push_pull(&roots[i], none);
        }
        task_done(&tasks);
    }
    BARRIER(barrier, nproc);
}

/* Decides, after an iteration, whether it was the last. */
static void end_iteration(void)
{
    double change = 0, total = 0;
    long refined = 0;

    for (int i = 0; i < room.count; i++) {
        change += changed[i];
        total += sent[i];
    }
    for (int p = 0; p < nproc; p++) {
        refined += pools[p].refined;
        pools[p].refined = 0;
    }
    iterations++;
    settled = change * 1000 <= change_limit * total && refined * 100 <= room.count;
    if (!settled && iterations == MAX_ITERATIONS) {
        anl_fail("light still changes by %g of %g after %d iterations", change, total, iterations);
    }
}

static void work(int proc)
{
    Pool *pool = &pools[proc];
    int first = anl_first(proc, nproc, room.count), last = anl_first(proc + 1, nproc, room.count);

    for (int i = first; i < last; i++) {
        task_push(&tasks, proc, (Task){ .number = -1 - i });
    }
    do_tasks(pool, proc);
    while (!settled) {
        for (int i = first; i < last; i++) {
            task_push(&tasks, proc, (Task){ .item = &roots[i] });
        }
        do_tasks(pool, proc);
        for (int i = first; i < last; i++) {
            task_push(&tasks, proc, (Task){ .number = 1 + i });
        }
        do_tasks(pool, proc);
        if (proc == 0) {
            end_iteration();
        }
        BARRIER(barrier, nproc);
    }
}

/* What the whole room adds up to at the end, and the biggest errors. */
typedef struct Totals {
    double area, view;      /* view: parts seen, times area */
    double sent, got, wrong;    /* all colours; wrong: light that does not follow from the links */
    long patches, links;
} Totals;

/* Goes through a tree of patches; down and part are what the patches above gathered and have links for. */
static void add_totals(Totals *totals, Patch *patch, const double *down, double part)
{
    const Wall *wall = &room.wall[patch->wall];
    double all[ROOM_COLOURS], average = 0;

    memcpy(all, down, sizeof(all));
    for (const Link *link = patch->links; link; link = link->next) {
        if (!(link->part > 0 && link->part <= 1)) {
            anl_fail("a patch fills %g of another one's view", link->part);
        }
        part += link->part;
        for (int c = 0; c < ROOM_COLOURS; c++) {
            all[c] += link->part * link->source->light[c];
        }
        unseen[patch->wall][link->source->wall] += patch->area * link->source->area;
        totals->links++;
    }
    totals->patches++;
    for (int k = 0; patch->children && k < 4; k++) {
        add_totals(totals, &patch->children[k], all, part);
        average += 0.25 * patch->children[k].light[0];
    }
    if (patch->children) {
        if (!(fabs(average - patch->light[0]) <= 1e-9 * average)) {
            anl_fail("a patch sends out %g, its children %g", patch->light[0], average);
        }
        return;
    }
    totals->area += patch->area;
    totals->view += patch->area * part;
    for (int c = 0; c < ROOM_COLOURS; c++) {
        totals->sent += patch->area * patch->light[c];
        totals->got += patch->area * all[c];
        totals->wrong += patch->area * fabs(wall->shine[c] + wall->reflect[c] * all[c] - patch->light[c]);
    }
}

static void check(void)
{
    static const double none[ROOM_COLOURS];
    Totals totals = { 0 };

    for (int i = 0; i < room.count; i++) {
        add_totals(&totals, &roots[i], none, 0);
    }
    /* Every two places in the room are joined by one link of their patches, or known not to see each other. */
    for (int i = 0; i < room.count; i++) {
        for (int k = 0; k < room.count; k++) {
            double all = i == k ? 0 : roots[i].area * roots[k].area;

            if (!(fabs(unseen[i][k] - all) <= 1e-9 * all)) {
                anl_fail("rectangles %d and %d: links for %g of %g", i, k, unseen[i][k], all);
            }
        }
    }
    if (!(totals.wrong * 1000 <= change_limit * totals.sent)) {
        anl_fail("light and links disagree by %g of %g", totals.wrong, totals.sent);
    }
    /*
     * The room is closed: whatever is sent out arrives, and every place sees something all round; coarse links lose
     * some.
     */
    if (!(totals.got >= 0.8 * totals.sent && totals.got <= 1.05 * totals.sent)) {
        anl_fail("%g of light is sent out, %g arrives", totals.sent, totals.got);
    }
    if (!(totals.view >= 0.7 * totals.area && totals.view <= 1.05 * totals.area)) {
        anl_fail("the average view is filled to %g", totals.view / totals.area);
    }
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel;
    const AnlOption options[] = {
        { 'c', "chairs", &chairs, 8, 0, 0, 8 },
        { 's', "shelves: 1 with, 0 without", &shelves, 1, 0, 0, 1 },
        { 'a', "least area of a patch that is cut, in square centimetres", &least_area, 100, 2000, 10, 100000 },
        { 'b', "light through a link that makes it worth refining, in thousandths", &light_limit, 5, 100, 1, 200 },
        { 'e', "change of light at which iterations end, in thousandths", &change_limit, 10, 10, 1, 500 },
    };
    uint64_t random = 1991;

    nproc = anl_options(argc, argv, options, 5);
    area_limit = least_area / 1e4;
    refine_limit = light_limit / 1e3;
    room_make(&room, chairs, shelves);
    roots = anl_alloc(room.count, sizeof(*roots));
    unseen = anl_alloc(room.count, sizeof(*unseen));
    for (int i = 0; i < room.count; i++) {
        set_shape(&roots[i], i, room.wall[i].corner, room.wall[i].u, room.wall[i].v);
        memcpy(roots[i].light, room.wall[i].shine, sizeof(roots[i].light));
    }
    for (int i = 0; i < RAYS; i++) {
        int other = (5 * i + 3) % RAYS, square[4] = { i % 4, i / 4, other % 4, other / 4 };

        for (int k = 0; k < 4; k++) {
            sample[i][k] = (square[k] + anl_random_real(&random)) / 4;
        }
    }
    for (int i = 0; i < PATCH_LOCKS; i++) {
        LOCKINIT(patch_locks[i]);
    }
    task_pool_init(&tasks, nproc);
    BARINIT(barrier);
    parallel = anl_run(nproc, work);
    check();
    anl_report("radiosity", parallel, begin);
    return 0;
}
