/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scene raytrace.c shows: spheres and triangles with materials and lights. A teapot-like pot (surfaces of
 * revolution and bent tubes made of bicubic Bezier patches, cut into triangles) stands between spheres of glass and
 * metal on a chequered floor. Made by one thread; constant afterwards.
 */
#ifndef SPLASH_SCENE_H
#define SPLASH_SCENE_H

#include "vec.h"

#define SCENE_LIGHTS 2
#define RAY_START 1e-6      /* rays begin this far above the surface they come from */

/* A half line; over is one by one over to. */
typedef struct Ray {
    Vec from, to, over;
} Ray;

typedef struct Material {
    Vec colour, other;      /* other: of every second square of a chequered one */
    double diffuse, shine;
    double mirror;          /* part reflected looking straight on it */
    double clear;           /* part let through, with refractive index */
    double index;
    bool chequered;
} Material;

/* A sphere around corner[0] if radius > 0, else a triangle with the normals at its corners. */
typedef struct Object {
    double radius;
    Vec corner[3], normal[3];
    const Material *material;
} Object;

typedef struct Light {
    Vec place;
    double power;
} Light;

typedef struct Scene {
    Object *objects;
    int count, room;
    Light light[SCENE_LIGHTS];
    int lights;
    double ambient;
    Vec sky;
    Vec eye, ahead, right, up;
} Scene;

static const Material scene_floor = {
    .colour = { { 0.8, 0.8, 0.75 } }, .other = { { 0.2, 0.3, 0.35 } }, .diffuse = 0.8, .mirror = 0.1, .chequered = true,
};
static const Material scene_china = { .colour = { { 0.9, 0.5, 0.3 } }, .diffuse = 0.7, .shine = 0.6, .mirror = 0.08 };
static const Material scene_metal = { .colour = { { 0.2, 0.2, 0.25 } }, .diffuse = 0.3, .shine = 0.8, .mirror = 0.7 };
static const Material scene_glass = {
    .colour = { { 0.02, 0.03, 0.02 } }, .diffuse = 0.1, .shine = 0.9, .mirror = 0.04, .clear = 0.95, .index = 1.5,
};
static const Material scene_matt = { .colour = { { 0.3, 0.6, 0.3 } }, .diffuse = 0.9, .shine = 0.1 };

static inline Ray ray_make(Vec from, Vec to)
{
    Ray ray = { .from = from };

    for (int d = 0; d < 3; d++) {
        /* No component is zero, so that over is finite. */
        ray.to.v[d] = fabs(to.v[d]) < 1e-12 ? 1e-12 : to.v[d];
        ray.over.v[d] = 1 / ray.to.v[d];
    }
    return ray;
}

/* The coordinates of place in triangle o: place is corner 0 and *b times edge 1 and *c times edge 2. */
static inline void triangle_place(const Object *o, Vec place, double *b, double *c)
{
    Vec e1 = vec_sub(o->corner[1], o->corner[0]), e2 = vec_sub(o->corner[2], o->corner[0]);
    Vec p = vec_sub(place, o->corner[0]);
    double e11 = vec_dot(e1, e1), e12 = vec_dot(e1, e2), e22 = vec_dot(e2, e2);
    double p1 = vec_dot(p, e1), p2 = vec_dot(p, e2);
    double over = 1 / (e11 * e22 - e12 * e12);

    *b = (e22 * p1 - e12 * p2) * over;
    *c = (e11 * p2 - e12 * p1) * over;
}

/* The distance at which ray meets object, HUGE_VAL for never. */
static inline double object_hit(const Object *o, const Ray *ray)
{
    Vec way = vec_sub(ray->from, o->corner[0]);

    if (o->radius > 0) {
        double b = vec_dot(way, ray->to), c = vec_dot(way, way) - o->radius * o->radius, a = vec_dot(ray->to, ray->to);
        double root = b * b - a * c, at;

        if (root <= 0) {
            return HUGE_VAL;
        }
        root = sqrt(root);
        at = (-b - root) / a;
        if (at <= RAY_START) {
            at = (-b + root) / a;
        }
        return at > RAY_START ? at : HUGE_VAL;
    }
    Vec e1 = vec_sub(o->corner[1], o->corner[0]), e2 = vec_sub(o->corner[2], o->corner[0]);
    Vec across = vec_cross(ray->to, e2), turned;
    double determinant = vec_dot(e1, across), b, c, at;

    if (determinant == 0) {
        return HUGE_VAL;
    }
    b = vec_dot(way, across) / determinant;
    if (b < 0 || b > 1) {
        return HUGE_VAL;
    }
    turned = vec_cross(way, e1);
    c = vec_dot(ray->to, turned) / determinant;
    at = vec_dot(e2, turned) / determinant;
    return c < 0 || b + c > 1 || at <= RAY_START ? HUGE_VAL : at;
}

/* The unit normal at a place on the object's surface; of a sphere the outer one. */
static inline Vec object_normal(const Object *o, Vec place)
{
    double b, c;

    if (o->radius > 0) {
        return vec_unit(vec_sub(place, o->corner[0]));
    }
    triangle_place(o, place, &b, &c);
    return vec_unit(vec_add(vec_scale(1 - b - c, o->normal[0]),
                            vec_add(vec_scale(b, o->normal[1]), vec_scale(c, o->normal[2]))));
}

static inline Vec material_colour(const Material *m, Vec place)
{
    if (m->chequered && ((int)floor(place.v[0]) + (int)floor(place.v[2])) % 2) {
        return m->other;
    }
    return m->colour;
}

/* The ray of sight through the point x, y of the image, both from 0 to 1 from its top left corner. */
static inline Ray scene_view(const Scene *scene, double x, double y)
{
    Vec to = vec_add(scene->ahead, vec_add(vec_scale(x - 0.5, scene->right), vec_scale(0.5 - y, scene->up)));

    return ray_make(scene->eye, vec_unit(to));
}

static inline Object *scene_add(Scene *scene, const Material *material)
{
    if (scene->count == scene->room) {
        Object *old = scene->objects;

        scene->room = scene->room ? 2 * scene->room : 256;
        scene->objects = anl_alloc(scene->room, sizeof(Object));
        if (old) {
            memcpy(scene->objects, old, scene->count * sizeof(Object));
            free(old);
        }
    }
    scene->objects[scene->count].material = material;
    return &scene->objects[scene->count++];
}

static inline void scene_sphere(Scene *scene, const Material *material, double x, double y, double z, double radius)
{
    Object *o = scene_add(scene, material);

    o->corner[0] = (Vec){ { x, y, z } };
    o->radius = radius;
}

/* A triangle without area, as at the pole of a surface, is left out. */
static inline void scene_triangle(Scene *scene, const Material *material, const Vec corner[3], const Vec normal[3])
{
    Vec area = vec_cross(vec_sub(corner[1], corner[0]), vec_sub(corner[2], corner[0]));

    if (vec_dot(area, area) > 1e-16) {
        Object *o = scene_add(scene, material);

        memcpy(o->corner, corner, sizeof(o->corner));
        memcpy(o->normal, normal, sizeof(o->normal));
    }
}

/* The Bezier polynomials of degree 3 at t, and their slopes. */
static inline void bezier_weights(double t, double weight[4], double slope[4])
{
    double s = 1 - t;
    double w[4] = { s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t };
    double d[4] = { -3 * s * s, 3 * s * s - 6 * s * t, 6 * s * t - 3 * t * t, 3 * t * t };

    memcpy(weight, w, sizeof(w));
    memcpy(slope, d, sizeof(d));
}

static inline Vec patch_sum(Vec patch[4][4], const double *a, const double *b)
{
    Vec sum = { { 0, 0, 0 } };

    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            sum = vec_add(sum, vec_scale(a[i] * b[j], patch[i][j]));
        }
    }
    return sum;
}

/* The place on the patch at (u, v), and the normal there; at a pole, that of a place next to it. */
static inline Vec patch_place(Vec patch[4][4], double u, double v, Vec *normal)
{
    double a[4], b[4], da[4], db[4];
    Vec place;

    bezier_weights(u, a, da);
    bezier_weights(v, b, db);
    place = patch_sum(patch, a, b);
    bezier_weights(fmin(0.999, fmax(0.001, u)), a, da);
    bezier_weights(fmin(0.999, fmax(0.001, v)), b, db);
    *normal = vec_unit(vec_cross(patch_sum(patch, da, b), patch_sum(patch, a, db)));
    return place;
}

static inline void scene_patch(Scene *scene, const Material *material, Vec patch[4][4], int detail)
{
    for (int i = 0; i < detail; i++) {
        for (int j = 0; j < detail; j++) {
            Vec corner[4], normal[4];

            for (int k = 0; k < 4; k++) {
                corner[k] = patch_place(patch, (double)(i + k / 2) / detail, (double)(j + k % 2) / detail, &normal[k]);
            }
            scene_triangle(scene, material, &corner[0], &normal[0]);
            scene_triangle(scene, material, &corner[1], &normal[1]);
        }
    }
}

/*
 * Four patches, a quarter turn each: curve[i] is the middle of a ring, plane[i] and side[i] are its half axes. A
 * quarter circle as a Bezier curve has its inner points 0.5523 along the tangents.
 */
static inline void scene_rings(Scene *scene, const Material *material, const Vec curve[4], const Vec plane[4],
                               const Vec side[4], int detail)
{
    static const double along[4] = { 1, 1, 0.5522847498, 0 };

    for (int quarter = 0; quarter < 4; quarter++) {
        double c = quarter == 0 ? 1 : quarter == 2 ? -1 : 0, s = quarter == 1 ? 1 : quarter == 3 ? -1 : 0;
        Vec patch[4][4];

        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 4; j++) {
                double x = along[j] * c - along[3 - j] * s, y = along[j] * s + along[3 - j] * c;

                patch[i][j] = vec_add(curve[i], vec_add(vec_scale(x, plane[i]), vec_scale(y, side[i])));
            }
        }
        scene_patch(scene, material, patch, detail);
    }
}

/* Turns the plane curve with points (radius, height) round the pot's axis. */
static inline void scene_turned(Scene *scene, const Material *material, const double profile[4][2], int detail)
{
    Vec curve[4], plane[4], side[4];

    for (int i = 0; i < 4; i++) {
        curve[i] = (Vec){ { 0, profile[i][1], 0 } };
        plane[i] = (Vec){ { profile[i][0], 0, 0 } };
        side[i] = (Vec){ { 0, 0, profile[i][0] } };
    }
    scene_rings(scene, material, curve, plane, side, detail);
}

/* A tube along the plane curve with points (x, height, radius). */
static inline void scene_tube(Scene *scene, const Material *material, const double spine[4][3], int detail)
{
    Vec curve[4], plane[4], side[4];

    for (int i = 0; i < 4; i++) {
        const double *before = spine[i ? i - 1 : 0], *after = spine[i < 3 ? i + 1 : 3];
        Vec across = vec_unit((Vec){ { before[1] - after[1], after[0] - before[0], 0 } });

        curve[i] = (Vec){ { spine[i][0], spine[i][1], 0 } };
        plane[i] = vec_scale(spine[i][2], across);
        side[i] = (Vec){ { 0, 0, spine[i][2] } };
    }
    scene_rings(scene, material, curve, plane, side, detail);
}

static inline void scene_pot(Scene *scene, int detail)
{
    static const double turned[5][4][2] = {
        { { 0.00, 0.02 }, { 0.60, 0.02 }, { 1.00, 0.05 }, { 1.05, 0.15 } },     /* bottom */
        { { 1.05, 0.15 }, { 1.55, 0.45 }, { 1.60, 0.90 }, { 1.45, 1.30 } },     /* belly */
        { { 1.45, 1.30 }, { 1.30, 1.65 }, { 1.10, 1.80 }, { 1.00, 1.90 } },     /* shoulder */
        { { 1.02, 1.90 }, { 0.90, 2.05 }, { 0.25, 2.10 }, { 0.15, 2.20 } },     /* lid */
        { { 0.15, 2.20 }, { 0.40, 2.35 }, { 0.30, 2.55 }, { 0.00, 2.55 } },     /* knob */
    };
    static const double tube[4][4][3] = {
        { { 1.30, 0.55, 0.34 }, { 1.80, 0.55, 0.30 }, { 1.95, 0.90, 0.22 }, { 2.10, 1.30, 0.17 } },     /* spout */
        { { 2.10, 1.30, 0.17 }, { 2.25, 1.70, 0.13 }, { 2.35, 1.85, 0.12 }, { 2.60, 1.90, 0.12 } },
        { { -1.25, 1.60, 0.11 }, { -1.70, 1.75, 0.11 }, { -2.30, 1.75, 0.11 }, { -2.30, 1.30, 0.11 } }, /* handle */
        { { -2.30, 1.30, 0.11 }, { -2.30, 0.85, 0.11 }, { -1.80, 0.55, 0.11 }, { -1.35, 0.45, 0.11 } },
    };

    for (int i = 0; i < 5; i++) {
        scene_turned(scene, &scene_china, turned[i], detail);
    }
    for (int i = 0; i < 4; i++) {
        scene_tube(scene, &scene_china, tube[i], detail);
    }
}

/* detail: squares along the edge of each of the pot's 36 patches. */
static inline void scene_make(Scene *scene, int detail)
{
    static const Material *const materials[3] = { &scene_metal, &scene_glass, &scene_matt };
    const Vec up[3] = { { { 0, 1, 0 } }, { { 0, 1, 0 } }, { { 0, 1, 0 } } };
    const Vec floor[4] = { { { -9, 0, -9 } }, { { 9, 0, -9 } }, { { -9, 0, 9 } }, { { 9, 0, 9 } } };
    Vec target = { { 0, 1.1, 0 } };

    memset(scene, 0, sizeof(*scene));
    scene_triangle(scene, &scene_floor, &floor[0], up);
    scene_triangle(scene, &scene_floor, &floor[1], up);
    scene_pot(scene, detail);
    for (int i = 0; i < 15; i++) {
        double turn = 2 * M_PI * i / 15, radius = 0.35 + 0.15 * (i % 3), away = i % 2 ? 3.3 : 4.6;

        scene_sphere(scene, materials[i % 3], away * cos(turn), radius, away * sin(turn), radius);
    }
    scene_sphere(scene, &scene_glass, 1.6, 0.7, 2.2, 0.7);
    scene->light[0] = (Light){ { { -6, 9, 6 } }, 0.8 };
    scene->light[1] = (Light){ { { 7, 6, 3 } }, 0.4 };
    scene->lights = SCENE_LIGHTS;
    scene->ambient = 0.15;
    scene->sky = (Vec){ { 0.35, 0.5, 0.75 } };
    scene->eye = (Vec){ { 1.5, 4.2, 7.5 } };
    scene->ahead = vec_unit(vec_sub(target, scene->eye));
    scene->right = vec_scale(0.95, vec_unit(vec_cross(scene->ahead, up[0])));
    scene->up = vec_cross(scene->right, scene->ahead);
}

#endif
