/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * raytrace: an image by recursive ray tracing after Whitted (Woo et al., ISCA 1995).
 *
 * The scene is made by scene.h: a teapot of triangles, spheres, glass, on a floor. It lies in a hierarchical uniform
 * grid: a box is cut into equal cells, a cell with many objects is cut again. A ray goes from cell to cell and tests
 * the objects it finds there, those tested before excepted ("mailbox"). Where it hits, shadow rays go to the lights,
 * and reflected and refracted rays are followed while they matter.
 *
 * Shared: scene and grid, which nobody changes while rays are followed, and the image. The image is cut into tiles;
 * each thread's queue gets a contiguous run of them, and threads that run dry steal. A pixel is written by one thread.
 * The number of rays is summed under a lock. A pixel depends on nothing but the scene, so the image is the same for
 * any number of threads.
 */
#include "anl.h"
#include "scene.h"
#include "tasks.h"

#define TILE 8              /* pixels along an edge */
#define CELL_OBJECTS 8      /* a cell with more is cut */
#define GRID_LEVELS 3
#define GRID_SIDE 24        /* most cells along an edge */
#define RAY_DEPTH 5
#define LEAST_WEIGHT 0.02   /* of a ray in its pixel */
#define UNPAINTED 0xffffffffu

typedef struct Grid Grid;

typedef struct Cell {
    int *objects;           /* sorted */
    int count;
    Grid *inside;           /* then the objects are there */
} Cell;

struct Grid {
    Vec low, high, size;    /* size: of a cell */
    int side;
    Cell *cells;
};

/* What one thread needs to follow rays. */
typedef struct Tracer {
    uint32_t *tested;       /* mailbox, by object: the last ray that tested it */
    uint32_t ray;
    long rays;
    bool plain;             /* test all objects, not using the grid: for the check */
} Tracer;

typedef struct Hit {
    double at;
    int object;             /* -1: none */
} Hit;

static long image_side, detail, samples;
static int nproc;
static Scene scene;
static Grid *top;
static uint32_t *image;
static TaskPool pool;
static AnlBarrier barrier;
static AnlLock count_lock;
static long ray_count;      /* count_lock */

static void object_bounds(const Object *o, Vec *low, Vec *high)
{
    for (int d = 0; d < 3; d++) {
        double near, far;

        if (o->radius > 0) {
            near = o->corner[0].v[d] - o->radius;
            far = o->corner[0].v[d] + o->radius;
        } else {
            near = fmin(o->corner[0].v[d], fmin(o->corner[1].v[d], o->corner[2].v[d]));
            far = fmax(o->corner[0].v[d], fmax(o->corner[1].v[d], o->corner[2].v[d]));
        }
        /* A hit found with rounding errors must still be inside. */
        low->v[d] = near - 1e-7;
        high->v[d] = far + 1e-7;
    }
}

static int cell_place(const Grid *grid, double place, int d)
{
    int at = (int)((place - grid->low.v[d]) / grid->size.v[d]);

    return at < 0 ? 0 : at >= grid->side ? grid->side - 1 : at;
}

/* Counts object into the cells its bounds reach, or puts it there if the cells have memory. */
static void add_to_cells(Grid *grid, int object)
{
    int from[3], to[3];
    Vec low, high;

    object_bounds(&scene.objects[object], &low, &high);
    for (int d = 0; d < 3; d++) {
        from[d] = cell_place(grid, low.v[d] - 1e-9, d);
        to[d] = cell_place(grid, high.v[d] + 1e-9, d);
    }
    for (int x = from[0]; x <= to[0]; x++) {
        for (int y = from[1]; y <= to[1]; y++) {
            for (int z = from[2]; z <= to[2]; z++) {
                Cell *cell = &grid->cells[(x * grid->side + y) * grid->side + z];

                if (cell->objects) {
                    cell->objects[cell->count] = object;
                }
                cell->count++;
            }
        }
    }
}

static Grid *make_grid(Vec low, Vec high, const int *objects, int count, int level)
{
    Grid *grid = anl_alloc(1, sizeof(*grid));
    int cells;

    grid->low = low;
    grid->high = high;
    grid->side = (int)fmax(2, fmin(GRID_SIDE, cbrt(2.0 * count)));
    for (int d = 0; d < 3; d++) {
        grid->size.v[d] = (high.v[d] - low.v[d]) / grid->side;
    }
    cells = grid->side * grid->side * grid->side;
    grid->cells = anl_alloc(cells, sizeof(*grid->cells));
    for (int i = 0; i < count; i++) {
        add_to_cells(grid, objects[i]);
    }
    for (int c = 0; c < cells; c++) {
        grid->cells[c].objects = anl_alloc(grid->cells[c].count, sizeof(int));
        grid->cells[c].count = 0;
    }
    for (int i = 0; i < count; i++) {
        add_to_cells(grid, objects[i]);
    }
    for (int c = 0; c < cells && level < GRID_LEVELS; c++) {
        Cell *cell = &grid->cells[c];
        int at[3] = { c / (grid->side * grid->side), c / grid->side % grid->side, c % grid->side };
        Vec inside_low, inside_high;

        /* Cutting a cell where all the objects fill most of it would not part them. */
        if (cell->count > CELL_OBJECTS && cell->count < count) {
            for (int d = 0; d < 3; d++) {
                inside_low.v[d] = low.v[d] + at[d] * grid->size.v[d];
                inside_high.v[d] = low.v[d] + (at[d] + 1) * grid->size.v[d];
            }
            cell->inside = make_grid(inside_low, inside_high, cell->objects, cell->count, level + 1);
        }
    }
    return grid;
}

/* Tests one object; of two hits at the same distance the lower number counts. */
static void test_object(const Ray *ray, int object, double limit, Hit *hit)
{
    double at = object_hit(&scene.objects[object], ray);

    if (at < limit && (at < hit->at || (at == hit->at && object < hit->object))) {
        hit->at = at;
        hit->object = object;
    }
}

/* Whether the search is for anything opaque that casts a shadow and object is not. */
static bool lets_light_through(int object, bool shadow)
{
    return shadow && scene.objects[object].material->clear > 0;
}

static bool cell_hit(Tracer *t, const Ray *ray, const Cell *cell, double from, double to, double limit, bool shadow,
                     Hit *hit);

/*
 * Follows ray through grid between the distances from and to. Returns true if the search is over: hit is what is hit
 * first, or with shadow, anything before limit.
 */
static bool grid_hit(Tracer *t, const Ray *ray, const Grid *grid, double from, double to, double limit, bool shadow,
                     Hit *hit)
{
    int at[3], step[3];
    double next[3];

    for (int d = 0; d < 3; d++) {
        double a = (grid->low.v[d] - ray->from.v[d]) * ray->over.v[d];
        double b = (grid->high.v[d] - ray->from.v[d]) * ray->over.v[d];

        double enter = a < b ? a : b, leave = a < b ? b : a;

        from = from > enter ? from : enter;
        to = to < leave ? to : leave;
    }
    /* Slightly too far in is harmless; not entering would lose hits at the border. */
    if (from > to + 1e-9) {
        return false;
    }
    for (int d = 0; d < 3; d++) {
        at[d] = cell_place(grid, ray->from.v[d] + from * ray->to.v[d], d);
        step[d] = ray->to.v[d] >= 0 ? 1 : -1;
    }
    while (true) {
        const Cell *cell = &grid->cells[(at[0] * grid->side + at[1]) * grid->side + at[2]];
        int axis;

        for (int d = 0; d < 3; d++) {
            double border = grid->low.v[d] + (at[d] + (step[d] > 0)) * grid->size.v[d];

            next[d] = (border - ray->from.v[d]) * ray->over.v[d];
        }
        axis = next[0] < next[1] ? (next[0] < next[2] ? 0 : 2) : next[1] < next[2] ? 1 : 2;
        if (cell->count && cell_hit(t, ray, cell, from, next[axis], limit, shadow, hit)) {
            return true;
        }
        from = next[axis];
        at[axis] += step[axis];
        if (from > to || at[axis] < 0 || at[axis] >= grid->side) {
            return false;
        }
    }
}

static bool cell_hit(Tracer *t, const Ray *ray, const Cell *cell, double from, double to, double limit, bool shadow,
                     Hit *hit)
{
    if (cell->inside) {
        if (grid_hit(t, ray, cell->inside, from, to, limit, shadow, hit)) {
            return true;
        }
    } else {
        for (int i = 0; i < cell->count; i++) {
            int object = cell->objects[i];

            if (t->tested[object] != t->ray && !lets_light_through(object, shadow)) {
                t->tested[object] = t->ray;
                test_object(ray, object, limit, hit);
                if (shadow && hit->object >= 0) {
                    return true;
                }
            }
        }
    }
    return hit->at < to - 1e-6;
}

/* What the ray meets first before limit; with shadow, any opaque object that it meets. */
static Hit find_hit(Tracer *t, const Ray *ray, double limit, bool shadow)
{
    Hit hit = { HUGE_VAL, -1 };

    t->rays++;
    if (t->plain) {
        for (int i = 0; i < scene.count; i++) {
            if (!lets_light_through(i, shadow)) {
                test_object(ray, i, limit, &hit);
            }
        }
        return hit;
    }
    if (++t->ray == 0) {
        memset(t->tested, 0, scene.count * sizeof(*t->tested));
        t->ray = 1;
    }
    grid_hit(t, ray, top, 0, limit, limit, shadow, &hit);
    return hit;
}

static Vec trace(Tracer *t, const Ray *ray, int depth, double weight);

/* The light from a hit at place with the given normal on the ray's side that comes straight from the lights. */
static Vec direct_light(Tracer *t, const Ray *ray, const Material *material, Vec colour, Vec place, Vec normal)
{
    Vec light = vec_scale(scene.ambient, colour);

    for (int l = 0; l < scene.lights; l++) {
        Vec way = vec_sub(scene.light[l].place, place);
        double distance = sqrt(vec_dot(way, way)), lit, shine;
        Vec to = vec_scale(1 / distance, way);
        Ray shadow = ray_make(place, to);

        lit = vec_dot(normal, to);
        if (lit <= 0 || find_hit(t, &shadow, distance, true).object >= 0) {
            continue;
        }
        light = vec_add(light, vec_scale(lit * scene.light[l].power * material->diffuse, colour));
        shine = vec_dot(vec_sub(vec_scale(2 * lit, normal), to), ray->to);
        if (shine < 0) {
            for (int k = 0; k < 5; k++) {
                shine *= shine;
            }
            shine *= scene.light[l].power * material->shine;
            light = vec_add(light, (Vec){ { shine, shine, shine } });
        }
    }
    return light;
}

/* Reflected and refracted light; inside: the ray is in the object it hits. */
static Vec mirrored_light(Tracer *t, const Ray *ray, const Material *material, Vec place, Vec normal, bool inside,
                          int depth, double weight)
{
    double facing = -vec_dot(ray->to, normal), missing = 1 - facing;
    double mirror = material->mirror + (1 - material->mirror) * missing * missing * missing * missing * missing;
    Vec light = { { 0, 0, 0 } };

    if (material->clear > 0) {
        double ratio = inside ? material->index : 1 / material->index;
        double root = 1 - ratio * ratio * (1 - facing * facing);

        if (root > 0) {
            Vec bent = vec_add(vec_scale(ratio, ray->to), vec_scale(ratio * facing - sqrt(root), normal));
            Ray next = ray_make(vec_sub(place, vec_scale(2 * RAY_START, normal)), vec_unit(bent));
            double share = material->clear * (1 - mirror);

            light = vec_scale(share, trace(t, &next, depth + 1, weight * share));
        } else {
            mirror = 1;
        }
    } else {
        mirror = material->mirror;
    }
    if (mirror > 0) {
        Ray next = ray_make(place, vec_add(ray->to, vec_scale(2 * facing, normal)));

        light = vec_add(light, vec_scale(mirror, trace(t, &next, depth + 1, weight * mirror)));
    }
    return light;
}

/* The light that comes along ray from where it points to. */
static Vec trace(Tracer *t, const Ray *ray, int depth, double weight)
{
    Hit hit;
    const Object *object;
    Vec place, normal, light;
    bool inside;

    if (depth >= RAY_DEPTH || weight < LEAST_WEIGHT) {
        return scene.sky;
    }
    hit = find_hit(t, ray, HUGE_VAL, false);
    if (hit.object < 0) {
        return scene.sky;
    }
    object = &scene.objects[hit.object];
    place = vec_add(ray->from, vec_scale(hit.at, ray->to));
    normal = object_normal(object, place);
    inside = vec_dot(normal, ray->to) > 0;
    if (inside) {
        normal = vec_scale(-1, normal);
    }
    place = vec_add(place, vec_scale(RAY_START, normal));
    light = direct_light(t, ray, object->material, material_colour(object->material, place), place, normal);
    if (object->material->mirror > 0 || object->material->clear > 0) {
        light = vec_add(light, mirrored_light(t, ray, object->material, place, normal, inside, depth, weight));
    }
    return light;
}

static uint32_t pixel(Tracer *t, long x, long y)
{
    Ray ray = scene_view(&scene, (x + 0.5) / image_side, (y + 0.5) / image_side);
    Vec light = trace(t, &ray, 0, 1);
    uint32_t colour = 0;

    for (int d = 0; d < 3; d++) {
        colour = colour << 8 | (uint32_t)(255 * fmin(1, light.v[d]) + 0.5);
    }
    return colour;
}

static void paint_tile(Tracer *t, long tile)
{
    long across = (image_side + TILE - 1) / TILE, x0 = tile % across * TILE, y0 = tile / across * TILE;

    for (long y = y0; y < y0 + TILE && y < image_side; y++) {
        for (long x = x0; x < x0 + TILE && x < image_side; x++) {
            if (image[y * image_side + x] != UNPAINTED) {
                anl_fail("pixel %ld, %ld is painted twice", x, y);
            }
            image[y * image_side + x] = pixel(t, x, y);
        }
    }
}

static void work(int proc)
{
    long across = (image_side + TILE - 1) / TILE;
    Tracer tracer = { .tested = anl_alloc(scene.count, sizeof(uint32_t)) };
    Task task;

    for (long i = anl_first(proc, nproc, across * across); i < anl_first(proc + 1, nproc, across * across); i++) {
        task_push(&pool, proc, (Task){ .number = i });
    }
    BARRIER(barrier, nproc);
    while (task_take(&pool, proc, &task)) {
        paint_tile(&tracer, task.number);
        task_done(&pool);
    }
    LOCK(count_lock);
    ray_count += tracer.rays;
    UNLOCK(count_lock);
    free(tracer.tested);
}

/* All pixels are painted, not all alike, and some of them come out the same without the grid. */
static void check(void)
{
    long count = image_side * image_side, sky = 0;
    Tracer plain = { .plain = true };
    uint32_t background = image[0];

    for (long i = 0; i < count; i++) {
        if (image[i] == UNPAINTED) {
            anl_fail("pixel %ld is not painted", i);
        }
        sky += image[i] == background;
    }
    for (long s = 0; s < samples; s++) {
        long i = anl_first(2 * s + 1, 2 * samples, count) + s * 7919 % image_side;
        uint32_t again = pixel(&plain, i % count % image_side, i % count / image_side);

        if (again != image[i % count]) {
            anl_fail("pixel %ld is %06x, should be %06x", i % count, (unsigned)image[i % count], (unsigned)again);
        }
    }
    if (sky > count / 2 || ray_count < 2 * count) {
        anl_fail("an empty image: %ld of %ld pixels show the sky, %ld rays", sky, count, ray_count);
    }
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel;
    const AnlOption options[] = {
        { 'n', "pixels along an edge of the image", &image_side, 256, 48, 8, 4096 },
        { 'd', "detail: squares along an edge of a surface patch", &detail, 6, 3, 1, 64 },
        { 'c', "pixels checked", &samples, 256, 24, 1, 100000 },
    };
    int *all;
    Vec low = { { HUGE_VAL, HUGE_VAL, HUGE_VAL } }, high = { { -HUGE_VAL, -HUGE_VAL, -HUGE_VAL } };

    nproc = anl_options(argc, argv, options, 3);
    scene_make(&scene, detail);
    all = anl_alloc(scene.count, sizeof(*all));
    for (int i = 0; i < scene.count; i++) {
        Vec from, to;

        all[i] = i;
        object_bounds(&scene.objects[i], &from, &to);
        for (int d = 0; d < 3; d++) {
            low.v[d] = fmin(low.v[d], from.v[d] - 1e-6);
            high.v[d] = fmax(high.v[d], to.v[d] + 1e-6);
        }
    }
    top = make_grid(low, high, all, scene.count, 1);
    image = anl_alloc(image_side * image_side, sizeof(*image));
    memset(image, 0xff, image_side * image_side * sizeof(*image));
    task_pool_init(&pool, nproc);
    LOCKINIT(count_lock);
    BARINIT(barrier);
    parallel = anl_run(nproc, work);
    check();
    anl_report("raytrace", parallel, begin);
    return 0;
}
