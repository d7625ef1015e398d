/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network "user": libslirp's TCP/IP stack between the guest and the host's sockets, with DHCP, DNS and TFTP for the
 * guest; nobody needs any right on the host. Everything here runs on the I/O thread.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <libslirp.h>
#include <stdlib.h>
#include <string.h>
#include "net/guestfwd.h"
#include "net/net-internal.h"
#include "qemu/log.h"

typedef struct UserNet {
    GSource source;             /* first: GLib allocates it */
    NetBackend *net;
    Slirp *slirp;
    GArray *fds;                /* of GPollFD *, which the main loop waits for */
    guint named;                /* of these, from the first one: libslirp has named them in this round */
    GuestForward *guestfwd;
    char *network, *network6;   /* for info; NULL: without that protocol */
} UserNet;

typedef struct UserTimer {
    UserNet *user;
    SlirpTimerId id;
    void *cb_opaque;
    guint source;               /* 0: not armed */
} UserTimer;

/* ---- what libslirp asks of us ---- */

static ssize_t send_packet(const void *frame, size_t bytes, void *opaque)
{
    net_deliver(((UserNet *)opaque)->net, frame, bytes);
    return (ssize_t)bytes;
}

static void guest_error(const char *text, void *opaque)
{
    qemu_log_mask(LOG_GUEST_ERROR, "network: %s\n", text);
}

static int64_t clock_get_ns(void *opaque)
{
    return g_get_monotonic_time() * 1000;
}

static void *timer_new_opaque(SlirpTimerId id, void *cb_opaque, void *opaque)
{
    UserTimer *t = g_new0(UserTimer, 1);

    t->user = opaque;
    t->id = id;
    t->cb_opaque = cb_opaque;
    return t;
}

static gboolean timer_fires(gpointer opaque)
{
    UserTimer *t = opaque;

    t->source = 0;
    slirp_handle_timer(t->user->slirp, t->id, t->cb_opaque);
    return G_SOURCE_REMOVE;
}

static void timer_stop(UserTimer *t)
{
    if (t->source) {
        g_source_remove(t->source);
        t->source = 0;
    }
}

static void timer_release(void *timer, void *opaque)
{
    timer_stop(timer);
    g_free(timer);
}

static void timer_set(void *timer, int64_t expire_ms, void *opaque)
{
    UserTimer *t = timer;
    int64_t left = expire_ms - g_get_monotonic_time() / 1000;

    timer_stop(t);
    t->source = g_timeout_add(left > 0 ? (guint)left : 0, timer_fires, t);
}

static void poll_fd_changed(int fd, void *opaque)
{
}

/* Whatever comes to libslirp comes on the I/O thread, which asks it anew for its sockets before it sleeps. */
static void notify(void *opaque)
{
}

static const SlirpCb callbacks = {
    .send_packet = send_packet, .guest_error = guest_error, .clock_get_ns = clock_get_ns,
    .timer_new_opaque = timer_new_opaque, .timer_free = timer_release, .timer_mod = timer_set,
    .register_poll_fd = poll_fd_changed, .unregister_poll_fd = poll_fd_changed, .notify = notify,
};

/* ---- its sockets in the main loop ---- */

/*
 * libslirp names its sockets anew in each round of the main loop. To add one to GLib's list or to take one out wakes
 * the main loop, which would then never sleep: those that were there in the last round stay, and their events are
 * changed in place, where GLib reads them behind source_prepare().
 */
static GPollFD *poll_of(UserNet *u, int fd)
{
    GPollFD *p;

    for (guint i = u->named; i < u->fds->len; i++) {
        GPollFD **found = &g_array_index(u->fds, GPollFD *, i);
        GPollFD **here = &g_array_index(u->fds, GPollFD *, u->named);

        if ((*found)->fd == fd) {
            p = *found;
            *found = *here;
            *here = p;
            return p;
        }
    }
    p = g_new0(GPollFD, 1);
    p->fd = fd;
    g_array_insert_val(u->fds, u->named, p);
    g_source_add_poll(&u->source, p);
    return p;
}

static int add_poll(int fd, int events, void *opaque)
{
    UserNet *u = opaque;
    GPollFD *p = poll_of(u, fd);

    p->events = (gushort)((events & SLIRP_POLL_IN ? G_IO_IN : 0) | (events & SLIRP_POLL_OUT ? G_IO_OUT : 0)
                          | (events & SLIRP_POLL_PRI ? G_IO_PRI : 0) | (events & SLIRP_POLL_ERR ? G_IO_ERR : 0)
                          | (events & SLIRP_POLL_HUP ? G_IO_HUP : 0));
    p->revents = 0;
    return (int)u->named++;
}

static int get_revents(int index, void *opaque)
{
    const UserNet *u = opaque;
    gushort events = g_array_index(u->fds, GPollFD *, index)->revents;

    return (events & G_IO_IN ? SLIRP_POLL_IN : 0) | (events & G_IO_OUT ? SLIRP_POLL_OUT : 0)
           | (events & G_IO_PRI ? SLIRP_POLL_PRI : 0) | (events & G_IO_ERR ? SLIRP_POLL_ERR : 0)
           | (events & G_IO_HUP ? SLIRP_POLL_HUP : 0);
}

/* Those that were not named in this round. */
static void forget_fds(UserNet *u)
{
    for (guint i = u->named; i < u->fds->len; i++) {
        GPollFD *p = g_array_index(u->fds, GPollFD *, i);

        g_source_remove_poll(&u->source, p);
        g_free(p);
    }
    g_array_set_size(u->fds, u->named);
}

static gboolean source_prepare(GSource *source, gint *timeout)
{
    UserNet *u = (UserNet *)source;
    uint32_t wait = UINT32_MAX;

    u->named = 0;
    slirp_pollfds_fill(u->slirp, &wait, add_poll, u);
    forget_fds(u);
    *timeout = wait > INT32_MAX ? -1 : (gint)wait;
    return FALSE;
}

static gboolean source_check(GSource *source)
{
    UserNet *u = (UserNet *)source;

    slirp_pollfds_poll(u->slirp, 0, get_revents, u);
    guestfwd_offer(u->guestfwd);
    return FALSE;
}

static GSourceFuncs source_funcs = { .prepare = source_prepare, .check = source_check };

/* ---- options ---- */

static bool parse_address(const char *text, struct in_addr *address)
{
    return inet_pton(AF_INET, text, address) == 1;
}

/* The n-th address of the network, or the one that is given and lies in it. */
static bool address_in(const SlirpConfig *c, const char *text, uint32_t n, struct in_addr *address)
{
    address->s_addr = htonl(ntohl(c->vnetwork.s_addr) | n);
    return !text || (parse_address(text, address) && (address->s_addr & c->vnetmask.s_addr) == c->vnetwork.s_addr);
}

/* "ADDRESS/BITS" */
static bool parse_network(SlirpConfig *c, const char *text)
{
    char *copy = g_strdup(text), *slash = strchr(copy, '/'), *end = NULL;
    unsigned long bits = slash ? strtoul(slash + 1, &end, 10) : 24;
    struct in_addr mask;
    bool good;

    if (slash && strchr(slash, '.') && parse_address(slash + 1, &mask)) {       /* "255.255.255.0" is 24 bits */
        bits = (unsigned long)__builtin_popcount(mask.s_addr);
        end = bits && ntohl(mask.s_addr) == UINT32_MAX << (32 - bits) ? slash + strlen(slash) : slash + 1;
    }
    if (slash) {
        *slash = 0;
    }
    good = parse_address(copy, &c->vnetwork) && bits >= 8 && bits <= 28 && (!slash || (end != slash + 1 && !*end));
    g_free(copy);
    c->vnetmask.s_addr = htonl(UINT32_MAX << (32 - (good ? bits : 24)));
    c->vnetwork.s_addr &= c->vnetmask.s_addr;
    return good;
}

/* "PREFIX/BITS" */
static bool parse_network6(SlirpConfig *c, const char *text)
{
    g_auto(GStrv) part = g_strsplit(text, "/", 2);
    guint64 bits = 64;

    if (inet_pton(AF_INET6, part[0], &c->vprefix_addr6) != 1
        || (part[1] && !g_ascii_string_to_unsigned(part[1], 10, 0, 126, &bits, NULL))) {
        return false;
    }
    c->vprefix_len = (uint8_t)bits;
    for (unsigned bit = c->vprefix_len; bit < 128; bit++) {
        c->vprefix_addr6.s6_addr[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
    }
    return true;
}

/* The n-th address of the prefix, or the one that is given and, if it has to, begins with the prefix. */
static bool address6_in(const SlirpConfig *c, const char *text, uint8_t n, bool inside, struct in6_addr *address)
{
    if (!text) {
        *address = c->vprefix_addr6;
        address->s6_addr[15] |= n;
        return true;
    }
    if (inet_pton(AF_INET6, text, address) != 1) {
        return false;
    }
    for (unsigned bit = 0; inside && bit < c->vprefix_len; bit++) {
        if ((address->s6_addr[bit / 8] ^ c->vprefix_addr6.s6_addr[bit / 8]) & 0x80 >> bit % 8) {
            return false;
        }
    }
    return true;
}

/* Which protocols there are: both if nothing is said; one that alone is said to be on is alone, as with QEMU. */
static const char *choose_protocols(SlirpConfig *c, const NetOptions *o)
{
    const bool details6 = o->network6 || o->host6 || o->dns6;

    c->in_enabled = o->ipv4 ? o->ipv4 > 0 : o->ipv6 <= 0;
    c->in6_enabled = o->ipv6 ? o->ipv6 > 0 : o->ipv4 <= 0;
    if (!c->in_enabled && !c->in6_enabled) {
        return "neither IPv4 nor IPv6 is on";
    }
    if (!c->in_enabled
        && (o->network || o->host || o->dhcp_start || o->dns || o->hostfwd || o->guestfwd)) {
        return "IPv4 is off: net=, host=, dhcpstart=, dns=, hostfwd= and guestfwd= do not go with it (ipv4=on)";
    }
    return !c->in6_enabled && details6 ? "IPv6 is off: ipv6-net=, ipv6-host= and ipv6-dns= do not go with it (ipv6=on)"
                                       : NULL;
}

static const char *configure6(SlirpConfig *c, const NetOptions *o)
{
    if (!parse_network6(c, o->network6 ? o->network6 : "fec0::/64")) {
        return "ipv6-net= is a prefix such as fec0::/64, of 0 to 126 bits";
    }
    if (!address6_in(c, o->host6, 2, true, &c->vhost6)) {
        return "ipv6-host= is an IPv6 address in the network";
    }
    if (!address6_in(c, o->dns6, 3, false, &c->vnameserver6)
        || !memcmp(&c->vnameserver6, &c->vhost6, sizeof(c->vhost6))) {
        return "ipv6-dns= is an IPv6 address, another one than the host's";
    }
    return NULL;
}

/* NULL, or what is wrong. */
static const char *configure(SlirpConfig *c, const NetOptions *o)
{
    const char *problem = choose_protocols(c, o);

    if (problem || (c->in6_enabled && (problem = configure6(c, o)))) {
        return problem;
    }
    if (!parse_network(c, o->network ? o->network : "10.0.2.0/24")) {
        return "net= is a network such as 10.0.2.0/24, of 8 to 28 bits";
    }
    if (!address_in(c, o->host, 2, &c->vhost)) {
        return "host= is an address in the network";
    }
    if (!address_in(c, o->dhcp_start, 15 & ~ntohl(c->vnetmask.s_addr), &c->vdhcp_start)) {
        return "dhcpstart= is an address in the network";
    }
    if (!address_in(c, o->dns, 3, &c->vnameserver) || c->vnameserver.s_addr == c->vhost.s_addr) {
        return "dns= is an address in the network, another one than the host's";
    }
    if (o->tftp && !g_file_test(o->tftp, G_FILE_TEST_IS_DIR)) {
        return "tftp= is a directory";
    }
    c->restricted = o->restricted;
    c->vhostname = o->hostname;
    c->vdomainname = o->domain;
    c->tftp_path = o->tftp;
    c->tftp_server_name = o->tftp_server;
    c->bootfile = o->bootfile;
    c->vdnssearch = o->dns_search;
    return NULL;
}

/* "[ADDRESS]:PORT" up to `end`; an empty address stays as it is. */
static bool parse_end(const char *text, size_t bytes, struct in_addr *address, int *port)
{
    char *copy = g_strndup(text, bytes), *colon = strrchr(copy, ':'), *end;
    long value = colon ? strtol(colon + 1, &end, 10) : -1;
    bool good = colon && end != colon + 1 && !*end && value >= 0 && value <= 65535;

    if (good) {
        *colon = 0;
        good = !*copy || parse_address(copy, address);
        *port = (int)value;
    }
    g_free(copy);
    return good;
}

/* "[tcp|udp]:[HOST]:PORT[-[GUEST]:PORT]" */
static char *user_hostfwd(void *state, const char *text, bool add)
{
    UserNet *u = state;
    struct in_addr host = { .s_addr = INADDR_ANY }, guest = { .s_addr = INADDR_ANY };
    const char *colon = strchr(text, ':'), *dash = strchr(text, '-');
    int host_port = 0, guest_port = 0;
    bool udp = colon && colon - text == 3 && !strncmp(text, "udp", 3);
    bool tcp = colon && (colon == text || (colon - text == 3 && !strncmp(text, "tcp", 3)));

    if (!udp && !tcp) {
        return g_strdup_printf("'%s': a forwarding is tcp:[HOST]:PORT-[GUEST]:PORT, or udp", text);
    }
    if (!parse_end(colon + 1, dash ? (size_t)(dash - colon - 1) : strlen(colon + 1), &host, &host_port)
        || (dash && (!parse_end(dash + 1, strlen(dash + 1), &guest, &guest_port) || !guest_port)) || !dash != !add) {
        return g_strdup_printf("'%s': %s is tcp:[HOST]:PORT%s, or udp", text, add ? "a forwarding" : "what is removed",
                               add ? "-[GUEST]:PORT" : "");
    }
    if (add ? slirp_add_hostfwd(u->slirp, udp, host, host_port, guest, guest_port)
            : slirp_remove_hostfwd(u->slirp, udp, host, host_port)) {
        return add ? g_strdup_printf("'%s': the host's port cannot be used (is it taken?)", text)
                   : g_strdup_printf("'%s': there is no such forwarding", text);
    }
    return NULL;
}

static char *user_info(void *state)
{
    UserNet *u = state;
    char *connections = slirp_connection_info(u->slirp);
    char *text = g_strdup_printf("net=%s%s%s\n%s", u->network ? u->network : "", u->network && u->network6 ? ", " : "",
                                 u->network6 ? u->network6 : "", connections);

    g_free(connections);
    return text;
}

static void user_close(void *state)
{
    UserNet *u = state;

    u->named = 0;
    forget_fds(u);
    guestfwd_end(u->guestfwd);
    slirp_cleanup(u->slirp);
    g_source_destroy(&u->source);
    g_array_free(u->fds, TRUE);
    g_free(u->network);
    g_free(u->network6);
    g_source_unref(&u->source);
}

static void *user_open(NetBackend *net, const NetOptions *o, char **error)
{
    SlirpConfig config = { .version = 4 };
    const char *problem = configure(&config, o);
    UserNet *u;

    if (problem) {
        *error = g_strdup(problem);
        return NULL;
    }
    u = (UserNet *)g_source_new(&source_funcs, sizeof(UserNet));
    u->net = net;
    u->fds = g_array_new(FALSE, FALSE, sizeof(GPollFD *));
    u->network = !config.in_enabled ? NULL : g_strdup(o->network ? o->network : "10.0.2.0/24");
    u->network6 = !config.in6_enabled ? NULL : g_strdup(o->network6 ? o->network6 : "fec0::/64");
    u->slirp = slirp_new(&config, &callbacks, u);
    for (const char **f = o->hostfwd; f && *f; f++) {
        *error = user_hostfwd(u, *f, true);
        if (*error) {
            user_close(u);
            return NULL;
        }
    }
    for (const char **f = o->guestfwd; f && *f; f++) {
        *error = guestfwd_add(&u->guestfwd, u->slirp, *f);
        if (*error) {
            user_close(u);
            return NULL;
        }
    }
    g_source_attach(&u->source, NULL);
    return u;
}

static void user_send(void *state, const uint8_t *frame, size_t bytes)
{
    UserNet *u = state;

    slirp_input(u->slirp, frame, (int)bytes);
    guestfwd_offer(u->guestfwd);
}

const NetKind net_user = {
    .type = "user", .open = user_open, .send = user_send, .close = user_close, .hostfwd = user_hostfwd,
    .info = user_info,
};
