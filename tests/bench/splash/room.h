/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The room radiosity.c lights: rectangles with colours, and whether one point can see another. Two lamps hang from the
 * ceiling over a table with chairs; shelves stand at a wall. Made by one thread; constant afterwards.
 *
 * Lines of sight are tested with a hierarchy of bounding boxes over the rectangles.
 */
#ifndef SPLASH_ROOM_H
#define SPLASH_ROOM_H

#include "vec.h"

#define ROOM_WALLS 512      /* rectangles there can be */
#define ROOM_LEAF 3         /* rectangles in a leaf of the hierarchy */
#define ROOM_COLOURS 3

/* A rectangle seen from where its normal, the direction of u x v, points to; u and v are at right angles. */
typedef struct Wall {
    Vec corner, u, v, normal;
    double shine[ROOM_COLOURS];     /* light it sends out by itself, per area */
    double reflect[ROOM_COLOURS];   /* part of the light it gets that it sends back */
} Wall;

typedef struct RoomNode {
    Vec low, high;
    int first, count;       /* walls in order[], of a leaf; count 0: not a leaf */
    int child[2];
} RoomNode;

typedef struct Room {
    Wall wall[ROOM_WALLS];
    int count;
    int order[ROOM_WALLS];
    RoomNode node[2 * ROOM_WALLS];
    int nodes;
} Room;

static inline void room_wall(Room *room, Vec corner, Vec u, Vec v, uint32_t colour, double shine)
{
    Wall *wall = &room->wall[room->count++];

    if (room->count > ROOM_WALLS) {
        anl_fail("more than %d rectangles in the room", ROOM_WALLS);
    }
    wall->corner = corner;
    wall->u = u;
    wall->v = v;
    wall->normal = vec_unit(vec_cross(u, v));
    for (int c = 0; c < ROOM_COLOURS; c++) {
        wall->reflect[c] = (colour >> (16 - 8 * c) & 255) / 255.0;
        wall->shine[c] = shine * wall->reflect[c];
    }
}

/*
 * A box from low to high, seen from outside (or from inside), of which faces tells the faces there are: bit 2 * axis
 * for the lower and 2 * axis + 1 for the upper one. shine is that of its lower face in y.
 */
static inline void room_box(Room *room, Vec low, Vec high, bool from_inside, int faces, uint32_t colour, double shine)
{
    for (int face = 0; face < 6; face++) {
        int axis = face / 2, a = (axis + 1) % 3, b = (axis + 2) % 3;
        Vec corner = low, u = { { 0, 0, 0 } }, v = { { 0, 0, 0 } };

        if (!(faces >> face & 1)) {
            continue;
        }
        u.v[a] = high.v[a] - low.v[a];
        v.v[b] = high.v[b] - low.v[b];
        corner.v[axis] = face % 2 ? high.v[axis] : low.v[axis];
        /* u x v points up the axis. */
        if ((face % 2 == 0) != from_inside) {
            room_wall(room, corner, v, u, colour, face == 2 ? shine : 0);
        } else {
            room_wall(room, corner, u, v, colour, face == 2 ? shine : 0);
        }
    }
}

/* Four legs below the rectangle from x0, z0 to x1, z1, up to the height top. */
static inline void room_legs(Room *room, double x0, double z0, double x1, double z1, double top, double thick,
                             uint32_t colour)
{
    for (int leg = 0; leg < 4; leg++) {
        double x = leg & 1 ? x1 - thick : x0, z = leg & 2 ? z1 - thick : z0;

        room_box(room, (Vec){ { x, 0, z } }, (Vec){ { x + thick, top, z + thick } }, false, 0x33, colour, 0);
    }
}

static inline void room_chair(Room *room, double x, double z, double facing)
{
    double back = facing > 0 ? z : z + 0.42;

    room_box(room, (Vec){ { x, 0.44, z } }, (Vec){ { x + 0.45, 0.48, z + 0.45 } }, false, 0x3f, 0x9a6238, 0);
    room_box(room, (Vec){ { x, 0.48, back } }, (Vec){ { x + 0.45, 0.95, back + 0.03 } }, false, 0x3b, 0x9a6238, 0);
    room_legs(room, x, z, x + 0.45, z + 0.45, 0.44, 0.05, 0x9a6238);
}

static inline void room_bounds(const Room *room, RoomNode *node, int first, int count)
{
    node->low = (Vec){ { HUGE_VAL, HUGE_VAL, HUGE_VAL } };
    node->high = (Vec){ { -HUGE_VAL, -HUGE_VAL, -HUGE_VAL } };
    for (int i = first; i < first + count; i++) {
        const Wall *w = &room->wall[room->order[i]];

        for (int corner = 0; corner < 4; corner++) {
            Vec at = vec_add(w->corner, vec_add(vec_scale(corner & 1, w->u), vec_scale(corner >> 1, w->v)));

            for (int d = 0; d < 3; d++) {
                node->low.v[d] = fmin(node->low.v[d], at.v[d] - 1e-9);
                node->high.v[d] = fmax(node->high.v[d], at.v[d] + 1e-9);
            }
        }
    }
}

/* The node for count walls of order[]; sorts them along the longest edge of their bounds and halves them. */
static inline int room_node(Room *room, int first, int count)
{
    int number = room->nodes++, axis = 0;
    RoomNode *node = &room->node[number];

    room_bounds(room, node, first, count);
    if (count <= ROOM_LEAF) {
        node->first = first;
        node->count = count;
        return number;
    }
    for (int d = 1; d < 3; d++) {
        if (node->high.v[d] - node->low.v[d] > node->high.v[axis] - node->low.v[axis]) {
            axis = d;
        }
    }
    for (int i = first + 1; i < first + count; i++) {
        int moved = room->order[i], k = i;
        const Wall *w = &room->wall[moved];
        double middle = w->corner.v[axis] + 0.5 * (w->u.v[axis] + w->v.v[axis]);

        for (; k > first; k--) {
            const Wall *before = &room->wall[room->order[k - 1]];

            if (before->corner.v[axis] + 0.5 * (before->u.v[axis] + before->v.v[axis]) <= middle) {
                break;
            }
            room->order[k] = room->order[k - 1];
        }
        room->order[k] = moved;
    }
    node->child[0] = room_node(room, first, count / 2);
    node->child[1] = room_node(room, first + count / 2, count - count / 2);
    return number;
}

/* chairs: up to eight of them; with shelves or not. */
static inline void room_make(Room *room, int chairs, bool shelves)
{
    memset(room, 0, sizeof(*room));
    room_box(room, (Vec){ { 0, 0, 0 } }, (Vec){ { 6, 2.6, 5 } }, true, 0x3b, 0xd0ccc0, 0);
    room_box(room, (Vec){ { 0, 0, 0 } }, (Vec){ { 6, 2.6, 5 } }, true, 0x04, 0x80705c, 0);
    for (int lamp = 0; lamp < 2; lamp++) {
        double x = 1.6 + 2 * lamp;

        room_box(room, (Vec){ { x, 2.5, 2.2 } }, (Vec){ { x + 0.8, 2.56, 2.8 } }, false, 0x3f, 0xf2e6cc, 10);
    }
    room_box(room, (Vec){ { 1.8, 0.71, 1.9 } }, (Vec){ { 4.2, 0.75, 3.1 } }, false, 0x3f, 0xb08050, 0);
    room_legs(room, 1.85, 1.95, 4.15, 3.05, 0.71, 0.08, 0xb08050);
    for (int i = 0; i < chairs; i++) {
        room_chair(room, 1.95 + 0.56 * (i / 2), i % 2 ? 3.15 : 1.4, i % 2 ? -1 : 1);
    }
    for (int i = 0; shelves && i < 5; i++) {
        Vec low = { { 0.001, 0.2 + 0.4 * i, 1 } }, high = { { 0.3, 0.23 + 0.4 * i, 4 } };

        room_box(room, low, high, false, 0x3e, 0x705030, 0);
    }
    for (int i = 0; i < room->count; i++) {
        room->order[i] = i;
    }
    room_node(room, 0, room->count);
}

/* Whether the line from one point to the other, direction way = to - from, crosses wall between its ends. */
static inline bool wall_crossed(const Wall *wall, Vec from, Vec way)
{
    double fall = vec_dot(wall->normal, way), at, a, b;
    Vec place;

    if (fall == 0) {
        return false;
    }
    place = vec_sub(from, wall->corner);
    at = -vec_dot(wall->normal, place) / fall;
    if (at < 1e-6 || at > 1 - 1e-6) {
        return false;
    }
    place = vec_add(place, vec_scale(at, way));
    a = vec_dot(place, wall->u);
    b = vec_dot(place, wall->v);
    return a >= 0 && a <= vec_dot(wall->u, wall->u) && b >= 0 && b <= vec_dot(wall->v, wall->v);
}

/* Whether nothing is between two points; the walls they lie on do not count. */
static inline bool room_visible(const Room *room, Vec from, Vec to)
{
    Vec way = vec_sub(to, from);
    double over[3];
    int stack[64], depth = 0;

    for (int d = 0; d < 3; d++) {
        over[d] = 1 / (way.v[d] > -1e-12 && way.v[d] < 1e-12 ? 1e-12 : way.v[d]);
    }
    stack[depth++] = 0;
    while (depth > 0) {
        const RoomNode *node = &room->node[stack[--depth]];
        double in = 0, out = 1;

        for (int d = 0; d < 3; d++) {
            double a = (node->low.v[d] - from.v[d]) * over[d], b = (node->high.v[d] - from.v[d]) * over[d];
            double enter = a < b ? a : b, leave = a < b ? b : a;

            in = in > enter ? in : enter;
            out = out < leave ? out : leave;
        }
        if (in > out) {
            continue;
        }
        for (int i = node->first; i < node->first + node->count; i++) {
            if (wall_crossed(&room->wall[room->order[i]], from, way)) {
                return false;
            }
        }
        if (!node->count) {
            stack[depth++] = node->child[0];
            stack[depth++] = node->child[1];
        }
    }
    return true;
}

#endif
