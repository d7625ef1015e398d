/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The NBD server (block/nbd-server.h): it listens, knows its connections and exports. A connection has a thread
 * (block/nbd-session.c). An export that goes is marked first, so that nothing of it is submitted any more; then what
 * was under way is waited for. I/O thread, but for what nbd-session.h has for any.
 */
#define _GNU_SOURCE             /* accept4 */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib-unix.h>
#include "block/backend-internal.h"
#include "block/job.h"
#include "block/nbd-session.h"
#include "qemu/address.h"
#include "qemu/exit-files.h"

enum { MAX_CONNECTIONS = 100, BACKLOG = 16 };

static struct {
    int fd;                     /* of the socket that listens */
    guint watch;                /* 0: the server is not there, or has all the connections that it may have */
    bool running;
    char *path;                 /* NULL: it is no Unix socket */
    unsigned max;
    NbdSession *sessions;
} server;

static NbdExport *exports;      /* lock: exports_lock, to change it, and for other threads */
static GMutex exports_lock;
static void (*listener)(const char *id);
static void look(void *opaque);
static IOWork ended = { .fn = look, .outside = true };  /* a connection has ended */

void nbd_export_set_listener(void (*gone)(const char *id))
{
    listener = gone;
}

/* ---- for connections; any thread ---- */

NbdExport *nbd_export_get(const char *name)
{
    NbdExport *e;

    g_mutex_lock(&exports_lock);
    for (e = exports; e && strcmp(e->name, name); e = e->next) {
    }
    if (e) {
        g_atomic_ref_count_inc(&e->refs);
    }
    g_mutex_unlock(&exports_lock);
    return e;
}

void nbd_export_put(NbdExport *e)
{
    if (g_atomic_ref_count_dec(&e->refs)) {
        g_mutex_clear(&e->lock);
        g_free(e->id);
        g_free(e->name);
        g_free(e->description);
        for (unsigned i = 0; i < e->bitmaps; i++) {
            g_free(e->bitmap[i].name);
        }
        g_free(e);
    }
}

GPtrArray *nbd_export_names(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    g_mutex_lock(&exports_lock);
    for (const NbdExport *e = exports; e; e = e->next) {
        g_ptr_array_add(names, g_strdup(e->name));
    }
    g_mutex_unlock(&exports_lock);
    return names;
}

void nbd_session_put(NbdSession *s)
{
    if (g_atomic_ref_count_dec(&s->refs)) {
        close(s->fd);
        g_mutex_clear(&s->sending);
        g_mutex_clear(&s->lock);
        g_cond_clear(&s->changed);
        g_free(s->context);
        g_free(s);
    }
}

void nbd_session_ended(void)
{
    io_post(&ended);
}

/* ---- connections ---- */

static unsigned count_sessions(void)
{
    unsigned n = 0;

    for (const NbdSession *s = server.sessions; s; s = s->next) {
        n++;
    }
    return n;
}

static gboolean accept_one(gint fd, GIOCondition condition, gpointer opaque)
{
    const int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC), one = 1;
    NbdSession *s;

    if (peer < 0) {
        return G_SOURCE_CONTINUE;
    }
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    s = g_new0(NbdSession, 1);
    s->fd = peer;
    g_atomic_ref_count_init(&s->refs);
    g_atomic_ref_count_inc(&s->refs);
    g_mutex_init(&s->sending);
    g_mutex_init(&s->lock);
    g_cond_init(&s->changed);
    s->next = server.sessions;
    server.sessions = s;
    g_thread_unref(g_thread_new("nbd", nbd_session_run, s));
    if (count_sessions() == server.max) {
        server.watch = 0;       /* the next one waits until one has ended */
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

/* Those whose thread has ended go, and others may come. */
static void look(void *opaque)
{
    NbdSession **p = &server.sessions;

    while (*p) {
        NbdSession *s = *p;

        if (g_atomic_ref_count_compare(&s->refs, 1)) {
            *p = s->next;
            nbd_session_put(s);
        } else {
            p = &s->next;
        }
    }
    if (server.running && !server.watch && count_sessions() < server.max) {
        server.watch = g_unix_fd_add(server.fd, G_IO_IN, accept_one, NULL);
    }
}

/* ---- the server ---- */

static int listen_at(const struct sockaddr *address, socklen_t len, char **error)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

    if (fd >= 0 && address->sa_family != AF_UNIX) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    }
    if (fd < 0 || bind(fd, address, len) || listen(fd, BACKLOG)) {
        *error = g_strdup_printf("Failed to bind socket: %s", strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static int listen_unix(const char *path, char **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (!*path || strlen(path) >= sizeof(address.sun_path)) {
        *error = g_strdup_printf("UNIX socket path '%s' is %s", path, *path ? "too long" : "empty");
        return -1;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    unlink(path);               /* what a dead server left behind */
    return listen_at((const struct sockaddr *)&address, sizeof(address), error);
}

static int listen_tcp(const char *host, const char *port, char **error)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    struct addrinfo *found;
    const int code = address_port_good(port) ? getaddrinfo(*host ? host : NULL, port, &hints, &found) : EAI_SERVICE;
    int fd;

    if (code) {
        *error = g_strdup_printf("address resolution failed for %s:%s: %s", host, port, gai_strerror(code));
        return -1;
    }
    fd = listen_at(found->ai_addr, found->ai_addrlen, error);
    freeaddrinfo(found);
    return fd;
}

char *nbd_server_start(const NbdServerAddress *a)
{
    char *error = NULL;
    int fd;

    if (server.running) {
        return g_strdup("NBD server already running");
    }
    fd = a->path ? listen_unix(a->path, &error) : listen_tcp(a->host, a->port, &error);
    if (fd < 0) {
        return error;
    }
    if (a->path) {
        exit_file_add(a->path);
    }
    server.fd = fd;
    server.path = g_strdup(a->path);
    server.max = a->max_connections ? a->max_connections : MAX_CONNECTIONS;
    server.running = true;
    server.watch = g_unix_fd_add(fd, G_IO_IN, accept_one, NULL);
    return NULL;
}

/* Connections of that export, or all (NULL). Whether there were any. */
static bool hang_up(const NbdExport *e, bool really)
{
    bool any = false;

    for (NbdSession *s = server.sessions; s; s = s->next) {
        if (!g_atomic_ref_count_compare(&s->refs, 1) && (!e || __atomic_load_n(&s->export, __ATOMIC_ACQUIRE) == e)) {
            any = true;
            if (really) {
                shutdown(s->fd, SHUT_RDWR);
            }
        }
    }
    return any;
}

/* ---- exports ---- */

static NbdExport **find(const char *id)
{
    NbdExport **p = &exports;

    while (*p && strcmp((*p)->id, id)) {
        p = &(*p)->next;
    }
    return p;
}

/* Nobody looks at them any more. */
static void end_bitmaps(NbdExport *e)
{
    for (unsigned i = 0; i < e->bitmaps; i++) {
        block_bitmap_end(e->bitmap[i].bitmap, true);
    }
}

/* As they are now, until the export goes. What it has got is to be given back if there is an error. */
static char *begin_bitmaps(NbdExport *e, const NbdExportOptions *o)
{
    char *error = NULL;

    for (unsigned i = 0; i < o->bitmaps && !error; i++) {
        const NbdExportBitmap *b = &o->bitmap[i];
        BlockBackend *of = b->node ? block_bitmap_owner(b->node) : e->blk;
        BlockBitmapInfo info = { 0 };

        for (unsigned n = 0; of && block_bitmap_info(of, n, &info) && strcmp(info.name, b->name); n++) {
        }
        if (!of) {
            error = g_strdup_printf("Cannot find device='%s' nor node-name='%s'", b->node, b->node);
        } else if (info.name && !strcmp(info.name, b->name) && info.recording && !e->writable &&
                   !blk_readonly(of)) {
            error = g_strdup_printf("Enabled bitmap '%s' incompatible with readonly export", b->name);
        } else {
            error = block_bitmap_begin(of, b->name, false, &e->bitmap[e->bitmaps].bitmap);
        }
        if (!error) {
            e->bitmap[e->bitmaps].of = of;
            e->bitmap[e->bitmaps++].name = g_strdup(b->name);
        }
    }
    return error;
}

static void remove_export(NbdExport **p)
{
    NbdExport *e = *p;
    bool busy;

    g_mutex_lock(&exports_lock);
    *p = e->next;
    g_mutex_unlock(&exports_lock);
    g_mutex_lock(&e->lock);
    e->gone = true;
    g_mutex_unlock(&e->lock);
    hang_up(e, true);
    do {
        const bool answers = blk_drain(e->blk);

        g_mutex_lock(&e->lock);
        busy = e->busy && answers;
        g_mutex_unlock(&e->lock);
    } while (busy);
    end_bitmaps(e);
    if (e->own) {
        blk_close_node(e->blk);
    }
    if (listener) {
        listener(e->id);
    }
    nbd_export_put(e);
}

char *nbd_server_stop(void)
{
    if (!server.running) {
        return g_strdup("NBD server not running");
    }
    if (server.watch) {
        g_source_remove(server.watch);
        server.watch = 0;
    }
    server.running = false;
    close(server.fd);
    if (server.path) {
        exit_file_remove(server.path);
        g_clear_pointer(&server.path, g_free);
    }
    while (exports) {
        remove_export(&exports);
    }
    hang_up(NULL, true);
    return NULL;
}

/* The disk, or the node that becomes one for the export. NULL: *error. */
static BlockBackend *disk_for(const NbdExportOptions *o, bool *own, char **error)
{
    BlockBackend *blk = blk_find(o->node);

    *own = !blk;
    if (!blk) {
        return blk_open_export(o->node, error);
    }
    for (const NbdExport *e = exports; e; e = e->next) {
        if (e->blk == blk && e->own) {
            *error = g_strdup_printf("Node '%s' is exported as '%s' already", o->node, e->name);
            return NULL;
        }
    }
    if (o->writable && !blk_waits_for_machine(blk)) {
        *error = g_strdup_printf("Conflicts with use by the machine, which does not allow 'write' on '%s' (one that "
                                 "waits for -incoming does)", o->node);
        return NULL;
    }
    *error = o->writable ? blk_take(blk) : NULL;
    return *error ? NULL : blk;
}

char *nbd_export_add(const NbdExportOptions *o)
{
    char *error = NULL;
    NbdExport *e;
    BlockBackend *blk;
    bool own;

    if (!server.running) {
        return g_strdup("NBD server not running");
    }
    if (*find(o->id)) {
        return g_strdup_printf("Block export id '%s' is already in use", o->id);
    }
    if (strlen(o->name) > NAME_MAX) {
        return g_strdup_printf("export name '%s' too long", o->name);
    }
    for (e = exports; e; e = e->next) {
        if (!strcmp(e->name, o->name)) {
            return g_strdup_printf("NBD server already has export named '%s'", o->name);
        }
    }
    blk = disk_for(o, &own, &error);
    if (!blk) {
        return error;
    }
    if (!blk_has_medium(blk) || (o->writable && blk_readonly(blk))) {
        error = g_strdup_printf(blk_has_medium(blk) ? "Cannot export read-only node '%s' as writable"
                                                    : "Device '%s' has no medium", o->node);
        if (own) {
            blk_close_node(blk);
        }
        return error;
    }
    e = g_new0(NbdExport, 1);
    e->id = g_strdup(o->id);
    e->name = g_strdup(o->name);
    e->description = g_strdup(o->description);
    e->blk = blk;
    e->own = own;
    e->writable = o->writable;
    e->writethrough = o->writethrough;
    g_atomic_ref_count_init(&e->refs);
    g_mutex_init(&e->lock);
    error = begin_bitmaps(e, o);
    if (error) {
        end_bitmaps(e);
        if (own) {
            blk_close_node(blk);
        }
        nbd_export_put(e);
        return error;
    }
    g_mutex_lock(&exports_lock);
    e->next = exports;
    exports = e;
    g_mutex_unlock(&exports_lock);
    return NULL;
}

char *nbd_export_remove(const char *id, bool force)
{
    NbdExport **p = find(id);

    if (!*p) {
        return g_strdup_printf("Export '%s' is not found", id);
    }
    if (!force && hang_up(*p, false)) {
        return g_strdup_printf("export '%s' still in use", (*p)->id);
    }
    remove_export(p);
    return NULL;
}

void nbd_export_end_writing(void)
{
    for (NbdExport *e = exports; e; e = e->next) {
        if (!e->own) {
            g_mutex_lock(&e->lock);
            e->writable = false;
            g_mutex_unlock(&e->lock);
        }
    }
}

bool nbd_export_info(unsigned i, NbdExportInfo *info)
{
    const NbdExport *e = exports;

    while (e && i--) {
        e = e->next;
    }
    if (e) {
        *info = (NbdExportInfo) { .id = e->id, .name = e->name,
                                  .node = blk_node(e->blk) ? blk_node(e->blk) : blk_id(e->blk) };
    }
    return e;
}

void nbd_export_forget(BlockBackend *blk)
{
    for (NbdExport **p = &exports; *p;) {
        if ((*p)->blk == blk && !(*p)->own) {
            remove_export(p);
            p = &exports;       /* others may have gone with it */
        } else {
            p = &(*p)->next;
        }
    }
}

void nbd_export_forget_node(const char *node)
{
    for (NbdExport **p = &exports; *p;) {
        if ((*p)->own && !strcmp(blk_node((*p)->blk), node)) {
            remove_export(p);
            p = &exports;
        } else {
            p = &(*p)->next;
        }
    }
}

static bool shows_bitmap_of(const NbdExport *e, const BlockBackend *blk)
{
    for (unsigned i = 0; i < e->bitmaps; i++) {
        if (e->bitmap[i].of == blk && !(e->blk == blk && e->own)) {
            return true;
        }
    }
    return false;
}

void nbd_export_forget_bitmaps(const BlockBackend *blk)
{
    for (NbdExport **p = &exports; *p;) {
        if (shows_bitmap_of(*p, blk)) {
            remove_export(p);
            p = &exports;
        } else {
            p = &(*p)->next;
        }
    }
}
