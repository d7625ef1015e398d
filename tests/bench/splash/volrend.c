/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * volrend: images of a volume by ray casting after Levoy (Woo et al., ISCA 1995).
 *
 * The volume is a made-up head of 8-bit densities (head.h). Each voxel gets an opacity from its density and the size
 * of the density's gradient, and the gradient's direction as a 12-bit number, with which a frame's light looks up a
 * shade. A pyramid over the voxels ("octree") tells where all opacities are zero. For each of several frames, seen
 * from all round, parallel rays through the pixels take samples between the voxels front to back, leave out what the
 * pyramid calls empty and end where nothing behind would show.
 *
 * Shared: everything but the rays. In the preparation each thread writes its slices, one stage after the other with
 * barriers. In a frame all but the image is constant. The image is cut into tiles; each thread's queue gets a
 * contiguous run of them, and threads that run dry steal. A pixel is written by one thread. Barriers around each
 * frame. The images are the same for any number of threads.
 *
 * Measured is everything from the densities on.
 */
#include "anl.h"
#include "head.h"
#include "tasks.h"

#include <math.h>

#define TILE 8              /* pixels along an edge */
#define LEVELS 7            /* of the pyramid, at most */
#define NORMAL_SIDE 64      /* a direction is a place on a square of this side, unfolded from an octahedron */
#define OPAQUE 0.95         /* a ray ends here */
#define SAMPLES 200         /* pixels checked in each frame; cells checked */
#define UNPAINTED -1

typedef struct Ray {
    double from[3], to[3], over[3];     /* in voxels; to: from one sample to the next; over: one by one over to */
    int first, last;                    /* samples inside the volume */
} Ray;

/* One level of the pyramid: cell (x, y, z) is nonzero if any of the voxels at its corners or inside has an opacity. */
typedef struct Level {
    int side[3];
    uint8_t *cells;
} Level;

static long side_xy, image_side, frames;
static int nproc, levels;
static int side[3];
static uint8_t *density, *opacity;      /* by voxel, x first */
static uint16_t *normal;
static Level pyramid[LEVELS];
static float shade[NORMAL_SIDE * NORMAL_SIDE];  /* of this frame */
static double view[3][3];               /* of this frame: right, up, ahead; thread 0 between barriers */
static int16_t *image;                  /* of this frame: 0 to 255, or UNPAINTED */
static TaskPool pool;
static AnlBarrier barrier;
static AnlLock count_lock;
static long sample_count, bright_count; /* count_lock: samples taken; pixels that are not black, of all frames */

static long voxel(int x, int y, int z)
{
    return ((long)z * side[1] + y) * side[0] + x;
}

/* Fills this thread's slices. */
static void make_densities(int proc)
{
    for (int z = anl_first(proc, nproc, side[2]); z < anl_first(proc + 1, nproc, side[2]); z++) {
        uint64_t random = 77 + z;

        for (int y = 0; y < side[1]; y++) {
            head_row(side, y, z, &random, &density[voxel(0, y, z)]);
        }
    }
}

/* The number of a direction (any length but 0): the octahedron |x| + |y| + |z| = 1 unfolded to a square. */
static int direction_number(const double g[3])
{
    double size = fabs(g[0]) + fabs(g[1]) + fabs(g[2]), u = g[0] / size, v = g[1] / size;
    int a, b;

    if (g[2] < 0) {
        double fold = (1 - fabs(v)) * (u < 0 ? -1 : 1);

        v = (1 - fabs(u)) * (v < 0 ? -1 : 1);
        u = fold;
    }
    a = (int)((u + 1) * 0.5 * NORMAL_SIDE);
    b = (int)((v + 1) * 0.5 * NORMAL_SIDE);
    return (a < NORMAL_SIDE ? a : NORMAL_SIDE - 1) * NORMAL_SIDE + (b < NORMAL_SIDE ? b : NORMAL_SIDE - 1);
}

/* A unit vector in the middle of those with this number. */
static void number_direction(int number, double g[3])
{
    double u = (number / NORMAL_SIDE + 0.5) * 2 / NORMAL_SIDE - 1;
    double v = (number % NORMAL_SIDE + 0.5) * 2 / NORMAL_SIDE - 1;
    double w = 1 - fabs(u) - fabs(v), size;

    if (w < 0) {
        double fold = (1 - fabs(v)) * (u < 0 ? -1 : 1);

        v = (1 - fabs(u)) * (v < 0 ? -1 : 1);
        u = fold;
    }
    size = sqrt(u * u + v * v + w * w);
    g[0] = u / size;
    g[1] = v / size;
    g[2] = w / size;
}

/* Opacities and normals of this thread's slices. The outermost voxels stay clear. */
static void classify(int proc)
{
    const long stride[3] = { 1, side[0], (long)side[0] * side[1] };
    int first = anl_first(proc, nproc, side[2]), last = anl_first(proc + 1, nproc, side[2]);

    for (int z = first < 1 ? 1 : first; z < last && z < side[2] - 1; z++) {
        for (int y = 1; y < side[1] - 1; y++) {
            for (int x = 1; x < side[0] - 1; x++) {
                long at = voxel(x, y, z);
                double g[3], size = 0, clear;

                for (int d = 0; d < 3; d++) {
                    g[d] = density[at - stride[d]] - density[at + stride[d]];
                    size += g[d] * g[d];
                }
                if (size < 4 || density[at] < 30) {
                    continue;
                }
                size = sqrt(size) / 200;
                /* Flesh is a veil, bone is solid; both show where the density changes. */
                clear = density[at] < 140 ? 0.15 : 0.9;
                clear *= size < 1 ? size : 1;
                opacity[at] = (uint8_t)(255 * clear);
                normal[at] = direction_number(g);
            }
        }
    }
}

/* This thread's slices of one level of the pyramid. */
static void make_level(int proc, int l)
{
    Level *level = &pyramid[l];

    for (int z = anl_first(proc, nproc, level->side[2]); z < anl_first(proc + 1, nproc, level->side[2]); z++) {
        for (int y = 0; y < level->side[1]; y++) {
            for (int x = 0; x < level->side[0]; x++) {
                uint8_t any = 0;

                for (int corner = 0; corner < 8; corner++) {
                    int dx = corner & 1, dy = corner >> 1 & 1, dz = corner >> 2;

                    if (l == 0) {
                        any |= opacity[voxel(x + dx, y + dy, z + dz)];
                    } else {
                        const Level *below = &pyramid[l - 1];
                        int bx = 2 * x + dx, by = 2 * y + dy, bz = 2 * z + dz;

                        if (bx < below->side[0] && by < below->side[1] && bz < below->side[2]) {
                            any |= below->cells[((long)bz * below->side[1] + by) * below->side[0] + bx];
                        }
                    }
                }
                level->cells[((long)z * level->side[1] + y) * level->side[0] + x] = any;
            }
        }
    }
}

static uint8_t level_cell(int l, int x, int y, int z)
{
    const Level *level = &pyramid[l];

    return level->cells[((long)(z >> l) * level->side[1] + (y >> l)) * level->side[0] + (x >> l)];
}

/* Looks from the front, turned further with every frame, and a bit from above. */
static void set_view(long frame)
{
    double turn = 0.35 + 2 * M_PI * frame / frames, nod = 0.25;
    double axes[3][3] = {
        { cos(turn), 0, -sin(turn) },
        { -sin(nod) * sin(turn), cos(nod), -sin(nod) * cos(turn) },
        { -cos(nod) * sin(turn), -sin(nod), -cos(nod) * cos(turn) },
    };

    memcpy(view, axes, sizeof(view));
}

/* This thread's part of the shades: light from the viewer's left above. */
static void make_shades(int proc)
{
    double light[3];

    for (int d = 0; d < 3; d++) {
        light[d] = 0.4 * view[1][d] - 0.3 * view[0][d] - 0.866 * view[2][d];
    }
    for (int i = anl_first(proc, nproc, NORMAL_SIDE * NORMAL_SIDE);
         i < anl_first(proc + 1, nproc, NORMAL_SIDE * NORMAL_SIDE); i++) {
        double g[3], lit = 0, shine;

        number_direction(i, g);
        for (int d = 0; d < 3; d++) {
            lit += g[d] * light[d];
        }
        lit = lit > 0 ? lit : 0;
        shine = lit * lit;
        shine *= shine;
        shine *= shine;
        shade[i] = (float)(0.15 + 0.6 * lit + 0.25 * shine);
    }
}

/* The ray through pixel (x, y); first > last if it misses the volume. */
static Ray make_ray(long x, long y)
{
    Ray ray;
    double scale = 1.5 * side[0] / image_side, in = -1e9, out = 1e9;
    double right = (x + 0.5 - 0.5 * image_side) * scale, up = (0.5 * image_side - y - 0.5) * scale;

    for (int d = 0; d < 3; d++) {
        double high = side[d] - 1.001, a, b;

        /* Slices are further apart than voxels in a slice. */
        double stretch = (double)side[d] / side[0];

        ray.from[d] = 0.5 * (side[d] - 1) + stretch * (right * view[0][d] + up * view[1][d] - 2 * side[0] * view[2][d]);
        ray.to[d] = stretch * view[2][d];
        ray.to[d] = fabs(ray.to[d]) < 1e-9 ? 1e-9 : ray.to[d];
        ray.over[d] = 1 / ray.to[d];
        a = (0.001 - ray.from[d]) * ray.over[d];
        b = (high - ray.from[d]) * ray.over[d];
        in = in > (a < b ? a : b) ? in : (a < b ? a : b);
        out = out < (a < b ? b : a) ? out : (a < b ? b : a);
    }
    ray.first = in < out ? (int)in + 1 : 1;
    ray.last = in < out ? (int)out : 0;
    return ray;
}

/* The first sample after number k, which lies in the empty cell at[], that may be in another cell of level l. */
static int leave_cell(const Ray *ray, int k, const int at[3], int l)
{
    double out = 1e9;

    for (int d = 0; d < 3; d++) {
        double border = ray->to[d] > 0 ? ((at[d] >> l) + 1) << l : (at[d] >> l) << l;
        double t = (border - ray->from[d]) * ray->over[d];

        out = out < t ? out : t;
    }
    return (int)out > k ? (int)out : k + 1;
}

/* Follows the ray; returns the pixel. With plain all samples are taken, without asking the pyramid. */
static int cast(const Ray *ray, bool plain, long *samples)
{
    double light = 0, covered = 0;

    for (int k = ray->first; k <= ray->last;) {
        double part[3], alpha = 0, colour = 0;
        int at[3], l = 0;

        for (int d = 0; d < 3; d++) {
            double place = ray->from[d] + k * ray->to[d];

            at[d] = (int)place;
            part[d] = place - at[d];
        }
        if (!plain && !level_cell(0, at[0], at[1], at[2])) {
            while (l + 1 < levels && !level_cell(l + 1, at[0], at[1], at[2])) {
                l++;
            }
            k = leave_cell(ray, k, at, l);
            continue;
        }
        for (int corner = 0; corner < 8; corner++) {
            int dx = corner & 1, dy = corner >> 1 & 1, dz = corner >> 2;
            long v = voxel(at[0] + dx, at[1] + dy, at[2] + dz);
            double weight = opacity[v] * (1.0 / 255) * (dx ? part[0] : 1 - part[0]) * (dy ? part[1] : 1 - part[1]) *
                            (dz ? part[2] : 1 - part[2]);

            alpha += weight;
            colour += weight * shade[normal[v]];
        }
        light += (1 - covered) * colour;
        covered += (1 - covered) * alpha;
        ++*samples;
        k++;
        if (covered > OPAQUE) {
            break;
        }
    }
    return (int)(255 * (light < 1 ? light : 1));
}

static long cast_tile(long tile, long *samples)
{
    long across = (image_side + TILE - 1) / TILE, x0 = tile % across * TILE, y0 = tile / across * TILE, bright = 0;

    for (long y = y0; y < y0 + TILE && y < image_side; y++) {
        for (long x = x0; x < x0 + TILE && x < image_side; x++) {
            Ray ray = make_ray(x, y);
            int16_t *pixel = &image[y * image_side + x];

            if (*pixel != UNPAINTED) {
                anl_fail("pixel %ld, %ld is painted twice", x, y);
            }
            *pixel = cast(&ray, false, samples);
            bright += *pixel > 0;
        }
    }
    return bright;
}

/* Pixels of the frame just made against rays that do not use the pyramid. */
static void check_frame(long frame)
{
    long count = image_side * image_side, unused = 0;

    for (long i = 0; i < count; i++) {
        if (image[i] == UNPAINTED) {
            anl_fail("pixel %ld of frame %ld is not painted", i, frame);
        }
    }
    for (long s = 0; s < SAMPLES; s++) {
        long i = (anl_first(2 * s + 1, 2 * SAMPLES, count) + s * 7919 % image_side) % count;
        Ray ray = make_ray(i % image_side, i / image_side);
        int again = cast(&ray, true, &unused);

        if (again != image[i]) {
            anl_fail("pixel %ld of frame %ld is %d, should be %d", i, frame, image[i], again);
        }
    }
}

static void make_frame(int proc, long frame)
{
    long across = (image_side + TILE - 1) / TILE, pixels = image_side * image_side, samples = 0, bright = 0;
    Task task;

    if (proc == 0) {
        set_view(frame);
    }
    for (long i = anl_first(proc, nproc, pixels); i < anl_first(proc + 1, nproc, pixels); i++) {
        image[i] = UNPAINTED;
    }
    for (long i = anl_first(proc, nproc, across * across); i < anl_first(proc + 1, nproc, across * across); i++) {
        task_push(&pool, proc, (Task){ .number = i });
    }
    BARRIER(barrier, nproc);
    make_shades(proc);
    BARRIER(barrier, nproc);
    while (task_take(&pool, proc, &task)) {
        bright += cast_tile(task.number, &samples);
        task_done(&pool);
    }
    LOCK(count_lock);
    sample_count += samples;
    bright_count += bright;
    UNLOCK(count_lock);
    BARRIER(barrier, nproc);
}

static double check_time;               /* thread 0: not part of what is measured */

static void work(int proc)
{
    classify(proc);
    BARRIER(barrier, nproc);
    for (int l = 0; l < levels; l++) {
        make_level(proc, l);
        BARRIER(barrier, nproc);
    }
    for (long frame = 0; frame < frames; frame++) {
        make_frame(proc, frame);
        if (proc == 0) {
            double begin = anl_time();

            check_frame(frame);
            check_time += anl_time() - begin;
        }
        BARRIER(barrier, nproc);
    }
}

/* The pyramid against the opacities at some places, and the size of what was seen. */
static void check_volume(void)
{
    uint64_t random = 5;
    long voxels = 0;

    for (int s = 0; s < SAMPLES; s++) {
        int l = s % levels, low[3], any = 0;

        for (int d = 0; d < 3; d++) {
            low[d] = (int)(anl_random(&random) % (unsigned)(side[d] - 1)) >> l << l;
        }
        for (int z = low[2]; z <= low[2] + (1 << l) && z < side[2]; z++) {
            for (int y = low[1]; y <= low[1] + (1 << l) && y < side[1]; y++) {
                for (int x = low[0]; x <= low[0] + (1 << l) && x < side[0]; x++) {
                    any |= opacity[voxel(x, y, z)];
                }
            }
        }
        if (!any != !level_cell(l, low[0], low[1], low[2])) {
            anl_fail("the pyramid is wrong at level %d, cell %d, %d, %d", l, low[0], low[1], low[2]);
        }
    }
    for (long i = 0; i < (long)side[0] * side[1] * side[2]; i++) {
        voxels += opacity[i] > 0;
    }
    /* The head covers about a quarter of a frame. */
    if (bright_count * 10 < frames * image_side * image_side || voxels == 0 || sample_count < bright_count) {
        anl_fail("an empty image: %ld pixels, %ld samples, %ld voxels", bright_count, sample_count, voxels);
    }
}

int main(int argc, char **argv)
{
    double begin = anl_time(), parallel;
    const AnlOption options[] = {
        { 'n', "voxels along an edge; half as many slices", &side_xy, 256, 32, 16, 1024 },
        { 'i', "pixels along an edge of the image", &image_side, 256, 40, 8, 4096 },
        { 'f', "frames, all round", &frames, 4, 3, 1, 1000 },
    };
    long voxels;

    nproc = anl_options(argc, argv, options, 3);
    side[0] = side[1] = side_xy;
    side[2] = side_xy * 126 / 256;
    voxels = (long)side[0] * side[1] * side[2];
    density = anl_alloc(voxels, sizeof(*density));
    opacity = anl_alloc(voxels, sizeof(*opacity));
    normal = anl_alloc(voxels, sizeof(*normal));
    image = anl_alloc(image_side * image_side, sizeof(*image));
    for (int l = 0; l < LEVELS && (l == 0 || side[2] >> l > 1); l++) {
        for (int d = 0; d < 3; d++) {
            pyramid[l].side[d] = ((side[d] - 2) >> l) + 1;
        }
        pyramid[l].cells = anl_alloc((size_t)pyramid[l].side[0] * pyramid[l].side[1], pyramid[l].side[2]);
        levels = l + 1;
    }
    task_pool_init(&pool, nproc);
    BARINIT(barrier);
    LOCKINIT(count_lock);
    anl_run(nproc, make_densities);
    parallel = anl_run(nproc, work) - check_time;
    check_volume();
    anl_report("volrend", parallel, begin);
    return 0;
}
