/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes: images with a name that no disk has (blockdev-add), which jobs and snapshots take. A node over another one, or
 * in front of it, is one image; the inner one is kept as a name that is in use. I/O thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "block/backend-internal.h"
#include "block/bitmap.h"
#include "block/host-file.h"
#include "block/job.h"
#include "block/nbd-server.h"
#include "block/qcow2.h"
#include "qemu/fdset.h"

enum { CLOSE_PATIENCE_S = 10 };

typedef struct Node {
    BlockOptions options;       /* strings live as long as the program */
    Image *image;               /* NULL: somebody else has it */
    char *user;                 /* the node or disk that has it; NULL: nobody */
    BlockBackend *face;         /* has its bitmaps while it is no disk's; no requests. NULL: nobody has asked for any */
    struct Node *next;
} Node;

static Node *nodes;

static Node *find(const char *name)
{
    Node *node = nodes;

    while (node && strcmp(node->options.node, name)) {
        node = node->next;
    }
    return node;
}

const BlockOptions *block_node_find(const char *name)
{
    const Node *node = find(name);

    return node && !node->user ? &node->options : NULL;
}

const BlockOptions *block_node_next(const BlockOptions *node)
{
    Node *next = node ? find(node->node)->next : nodes;

    return next ? &next->options : NULL;
}

uint64_t block_node_bytes(const char *name)
{
    const Node *node = find(name);

    return node->image ? image_bytes(node->image) : 0;
}

Image *block_node_image(const char *name)
{
    const Node *node = find(name);

    return node ? node->image : NULL;
}

static void close_node(Node *node)
{
    if (node->image && node->face && !node->face->inactive) {
        node->face->image = node->image;
        block_bitmap_keep(node->face);
        node->face->image = NULL;
        node->face->inactive = true;    /* until they are wanted again */
    }
    if (node->image) {
        image_close_within(node->image, !node->image->readonly, CLOSE_PATIENCE_S);
        node->image = NULL;
    }
}

void block_node_let_go(const char *name)
{
    close_node(find(name));
}

void block_nodes_let_go(void)
{
    for (Node *node = nodes; node; node = node->next) {
        if (node->image && !node->user && !node->image->readonly) {
            close_node(node);
        }
    }
}

/* The inner node's image is opened again as a part of another one. */
static void give_to(const char *inner, const char *user)
{
    Node *node = inner ? find(inner) : NULL;

    if (node) {
        node->user = g_strdup(user);
    }
}

char *block_node_add(const BlockOptions *options, const char *inner, const char *backing)
{
    Node *node, *file = inner ? find(inner) : NULL, *behind = backing ? find(backing) : NULL;
    char *problem = NULL;
    Image *image;

    if (find(options->node) || blk_find(options->node)) {
        return g_strdup_printf("Duplicate nodes with node-name='%s'", options->node);
    }
    /* What these have locked is opened again by the new one. */
    if (file) {
        close_node(file);
    }
    if (behind) {
        close_node(behind);
    }
    image = blk_open_image(options, &problem);
    if (!image) {
        return problem;
    }
    node = g_new0(Node, 1);
    node->options = *options;
    node->image = image;
    node->next = nodes;
    nodes = node;
    give_to(inner, options->node);
    give_to(backing, options->node);
    return NULL;
}

static void drop_face(Node *node)
{
    if (node->face) {
        nbd_export_forget_bitmaps(node->face);
        block_bitmap_drop_all(node->face);
        g_free(node->face->id);
        g_free(node->face->path);
        g_clear_pointer(&node->face, g_free);
    }
}

void block_node_give(const char *name, const char *user)
{
    Node *node = find(name);

    if (node) {
        close_node(node);
        g_clear_pointer(&node->user, g_free);
        node->user = g_strdup(user);
    }
}

const BlockOptions *block_node_options(const char *name)
{
    const Node *node = find(name);

    return node ? &node->options : NULL;
}

char *block_node_reopen(const BlockOptions *options)
{
    Node *node = find(options->node);
    char *error = NULL;
    Image *image;

    if (node->user) {
        return g_strdup_printf("Node '%s' is busy: '%s' has it", options->node, node->user);
    }
    close_node(node);
    image = blk_open_image(options, &error);    /* if that fails the old one is opened when somebody wants it */
    if (image) {
        node->options = *options;
        node->image = image;
    }
    return error;
}

/* Those that the node had are free again. */
static void free_inner(const char *user)
{
    for (Node *node = nodes; node; node = node->next) {
        if (node->user && !strcmp(node->user, user)) {
            g_clear_pointer(&node->user, g_free);
        }
    }
}

char *block_node_delete(const char *name)
{
    Node **p = &nodes, *node;

    while (*p && strcmp((*p)->options.node, name)) {
        p = &(*p)->next;
    }
    node = *p;
    if (!node) {
        return g_strdup_printf(blk_find(name) ? "Node '%s' is in use" : "Failed to find node with node-name='%s'",
                               name);
    }
    if (node->user) {
        return g_strdup_printf("Node '%s' is busy: '%s' has it", name, node->user);
    }
    close_node(node);
    *p = node->next;
    free_inner(name);
    drop_face(node);
    g_free(node);
    return NULL;
}

Image *block_node_take(const char *name, const char *user, BlockOptions *options, char **error)
{
    Node *node = find(name);

    if (!node || node->user) {
        *error = g_strdup_printf(node || blk_find(name) ? "Node '%s' is in use" : "Cannot find device='' nor "
                                 "node-name='%s'", name);
        return NULL;
    }
    if (!node->image) {
        node->image = blk_open_image(&node->options, error);
    }
    if (node->image) {
        Image *image = node->image;

        *options = node->options;
        node->image = NULL;
        node->user = g_strdup(user);
        return image;
    }
    return NULL;
}

void block_node_free(const char *name)
{
    Node *node = name ? find(name) : NULL;

    if (node && !node->image) {
        g_clear_pointer(&node->user, g_free);
    }
}

void block_node_give_back(const char *name, Image *image)
{
    Node *node = find(name);

    node->image = image;
    g_clear_pointer(&node->user, g_free);
}

/* ---- bitmaps ---- */

static BlockBackend *face_of(Node *node)
{
    if (!node->face) {
        node->face = g_new0(BlockBackend, 1);
        node->face->id = g_strdup(node->options.node);
        node->face->path = g_strdup(node->options.file);
        node->face->is_node = node->face->inactive = true;
    }
    node->face->options = node->options;
    return node->face;
}

BlockBackend *block_node_face(const char *name)
{
    Node *node = find(name);

    return node ? node->face : NULL;
}

BlockBackend *block_bitmap_owner(const char *name)
{
    BlockBackend *blk = blk_find(name), *face;
    Node *node = blk ? NULL : find(name);
    char *error = NULL;

    if (!node) {
        return blk;
    }
    face = face_of(node);
    if (!node->user && !node->image) {
        node->image = blk_open_image(&node->options, &error);
        g_free(error);
    }
    face->image = node->image;
    if (face->inactive && face->image) {
        face->inactive = false;
        block_bitmap_load(face);
    }
    return face;
}

void block_node_move_bitmaps(const char *name, BlockBackend *blk)
{
    BlockBackend *face = block_node_face(name);

    if (face) {
        block_bitmap_move(face, blk, true);
        face->inactive = true;
    }
}

void block_node_take_bitmaps(const char *name, BlockBackend *blk, bool kept_too)
{
    Node *node = find(name);

    if (node) {
        block_bitmap_move(blk, face_of(node), kept_too);
    }
}

void block_nodes_close_all(void)
{
    while (nodes) {
        Node *node = nodes;

        nodes = node->next;
        close_node(node);
    }
}

/* ---- new files ---- */

static int format_file(const char *path, const BlockNewImage *what, char **error)
{
    ImageOptions options = { .driver = "file" };
    HostFile *file = host_file_open(path, &options, error);
    int ret;

    if (!file) {
        return -EIO;
    }
    ret = host_file_resize(file, 0);
    if (!ret) {
        ret = strcmp(what->format, "qcow2") ? host_file_resize(file, what->bytes) : qcow2_format(file, what);
    }
    host_file_close(file);
    return ret;
}

char *block_create_file(const char *path, const BlockNewImage *what)
{
    int fd = fdset_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644), ret;
    char *error = NULL;

    if (fd < 0) {
        return g_strdup_printf("Could not create '%s': %s", path, strerror(errno));
    }
    close(fd);
    ret = format_file(path, what, &error);
    return error ? error : ret ? g_strdup_printf("Could not create '%s': %s", path, strerror(-ret)) : NULL;
}
