/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VNC server's thread that takes new clients, "vnc-accept": they may be slow to say whether they are a browser, so
 * nobody else waits for them. Other threads leave it orders.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib.h>
#include "qemu/log.h"
#include "ui/vnc-internal.h"

/* A client, or (fd < 0) where to listen from now on. */
typedef struct Order {
    int fd;
    bool skip_auth;
    VncListen listen;
} Order;

static VncListen listening;             /* the thread's own, once it runs */
static void (*take)(int fd, bool skip_auth);    /* constant once it runs, as the next two */
static GAsyncQueue *orders;             /* its own lock */
static int orders_fd = -1;              /* an eventfd: there are some */

void vnc_thread(const char *name, void *(*fn)(void *))
{
    pthread_t t;

    if (pthread_create(&t, NULL, fn, NULL)) {
        error_exit("-vnc: no thread can be made");
    }
    pthread_setname_np(t, name);
    pthread_detach(t);
}

static void carry_out(const Order *order)
{
    if (order->fd >= 0) {
        take(order->fd, order->skip_auth);
        return;
    }
    vnc_listen_end(&listening);
    listening = order->listen;
}

static void carry_out_orders(void)
{
    uint64_t ignored;
    ssize_t n = read(orders_fd, &ignored, sizeof(ignored));
    Order *order;

    (void)n;
    while ((order = g_async_queue_try_pop(orders)) != NULL) {
        carry_out(order);
        g_free(order);
    }
}

static void give_order(const Order *order)
{
    const uint64_t one = 1;
    ssize_t n;

    g_async_queue_push(orders, g_memdup2(order, sizeof(*order)));
    n = write(orders_fd, &one, sizeof(one));
    (void)n;
}

void vnc_accept_client(int fd, bool skip_auth)
{
    give_order(&(Order) { .fd = fd, .skip_auth = skip_auth });
}

void vnc_accept_at(const VncListen *sockets)
{
    give_order(&(Order) { .fd = -1, .listen = *sockets });
}

static void *accept_thread(void *unused)
{
    struct pollfd p[VNC_LISTEN_MAX + 1];

    if (listening.connected) {
        take(listening.fd[0], false);
        listening.count = 0;
    }
    for (;;) {
        for (unsigned i = 0; i < listening.count; i++) {
            p[i] = (struct pollfd) { .fd = listening.fd[i], .events = POLLIN };
        }
        p[listening.count] = (struct pollfd) { .fd = orders_fd, .events = POLLIN };
        poll(p, listening.count + 1, -1);
        if (p[listening.count].revents) {
            carry_out_orders();
            continue;
        }
        for (unsigned i = 0; i < listening.count; i++) {
            const int fd = p[i].revents ? accept4(p[i].fd, NULL, NULL, SOCK_CLOEXEC) : -1;

            if (fd >= 0) {
                take(fd, false);
            } else if (p[i].revents) {
                g_usleep(10000);        /* no descriptors: not round and round */
            }
        }
    }
    return NULL;
}

char *vnc_accept_start(const VncListen *sockets, void (*new_client)(int fd, bool skip_auth))
{
    orders = g_async_queue_new();
    orders_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (orders_fd < 0) {
        return g_strdup("no eventfd can be made");
    }
    listening = *sockets;
    take = new_client;
    vnc_thread("vnc-accept", accept_thread);
    return NULL;
}
