/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network "user", with this test as the guest: it speaks just enough TCP to reach guestfwd='s devices and commands, and
 * asks for IPv6's router. Between what happens the main loop has to sleep. TAP.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "chardev/char.h"
#include "net/net.h"
#include "qemu/io-loop.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

enum { ETHERNET = 14, IP = 20, TCP = 20, HEADERS = ETHERNET + IP + TCP };
enum { FIN = 1, SYN = 2, PUSH = 8, ACK = 16 };

static const uint8_t our_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 }, our_address[4] = { 10, 0, 2, 15 };

/* chardev/mux.c asks for it. */
void qemu_system_quit_request(int code)
{
}

/* ---- a guest with one connection ---- */

static struct {
    NetBackend *net;
    uint8_t to[4];
    uint16_t port, own_port;
    uint32_t seq, ack;          /* the next byte of ours, of theirs */
    bool connected, ended;
    GByteArray *data;           /* that came */
    uint8_t router[16];         /* prefix of a router advertisement */
    unsigned adverts;
} guest;

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t sum(const uint8_t *data, size_t bytes, uint32_t so_far)
{
    for (size_t i = 0; i < bytes; i++) {
        so_far += (uint32_t)data[i] << (i & 1 ? 0 : 8);
    }
    return so_far;
}

static void put_sum(uint8_t *at, uint32_t value)
{
    value = (value & 0xffff) + (value >> 16);
    put16(at, ~(value + (value >> 16)) & 0xffff);
}

static void send_arp(void)
{
    uint8_t f[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 8, 6, 0, 1, 8, 0, 6, 4, 0, 1 };

    memcpy(f + 6, our_mac, 6);
    memcpy(f + 22, our_mac, 6);
    memcpy(f + 28, our_address, 4);
    memcpy(f + 38, (const uint8_t[]) { 10, 0, 2, 2 }, 4);
    net_send(guest.net, f, sizeof(f));
}

static void send_tcp(uint8_t flags, const void *data, size_t bytes)
{
    uint8_t f[1514] = { 0x52, 0x55, 10, 0, 2, 2, [12] = 8, 0, 0x45 };
    uint8_t *ip = f + ETHERNET, *tcp = ip + IP;

    memcpy(f + 6, our_mac, 6);
    put16(ip + 2, (unsigned)(IP + TCP + bytes));
    ip[8] = 64;
    ip[9] = 6;
    memcpy(ip + 12, our_address, 4);
    memcpy(ip + 16, guest.to, 4);
    put_sum(ip + 10, sum(ip, IP, 0));
    put16(tcp, guest.own_port);
    put16(tcp + 2, guest.port);
    put32(tcp + 4, guest.seq);
    put32(tcp + 8, flags & ACK ? guest.ack : 0);
    tcp[12] = TCP / 4 << 4;
    tcp[13] = flags;
    put16(tcp + 14, 8192);
    if (bytes) {
        memcpy(tcp + TCP, data, bytes);
    }
    put_sum(tcp + 16, sum(tcp, TCP + bytes, sum(ip + 12, 8, 6 + (uint32_t)(TCP + bytes))));
    guest.seq += (uint32_t)bytes + !!(flags & (SYN | FIN));
    net_send(guest.net, f, MAX(60u, HEADERS + bytes));
}

static void take_tcp(const uint8_t *f, size_t bytes)
{
    const uint8_t *ip = f + ETHERNET, *tcp = ip + IP;
    const size_t length = (size_t)(ip[2] << 8 | ip[3]), head = IP + (size_t)(tcp[12] >> 4) * 4;
    const uint8_t flags = tcp[13];

    if (ETHERNET + length > bytes || head > length || (tcp[2] << 8 | tcp[3]) != guest.own_port) {
        return;
    }
    if (flags & SYN) {
        guest.ack = get32(tcp + 4) + 1;
        guest.connected = true;
    } else if (length > head || flags & FIN) {
        if (get32(tcp + 4) == guest.ack) {
            g_byte_array_append(guest.data, ip + head, (guint)(length - head));
            guest.ack += (uint32_t)(length - head) + !!(flags & FIN);
            guest.ended |= flags & FIN;
        }
    } else {
        return;
    }
    send_tcp(ACK, NULL, 0);
}

static bool card_receive(void *opaque, const uint8_t *f, size_t bytes)
{
    if (bytes >= HEADERS && f[12] == 8 && f[13] == 0 && f[ETHERNET + 9] == 6) {
        take_tcp(f, bytes);
    } else if (bytes >= 86 && f[12] == 0x86 && f[13] == 0xdd && f[20] == 58 && f[54] == 134) {
        guest.adverts++;
        for (size_t at = 70; at + 32 <= bytes && f[at + 1]; at += f[at + 1] * 8u) {
            if (f[at] == 3) {                   /* RFC 4861, 4.6.2: prefix information */
                memcpy(guest.router, f + at + 16, 16);
            }
        }
    }
    return true;
}

static bool until(bool (*done)(void *), void *opaque)
{
    const gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

    while (!done(opaque) && g_get_monotonic_time() < end) {
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(200);
        }
    }
    return done(opaque);
}

static bool is_connected(void *opaque)
{
    return guest.connected;
}

static bool has_ended(void *opaque)
{
    return guest.ended;
}

static bool has_bytes(void *bytes)
{
    return guest.data->len >= *(size_t *)bytes;
}

static bool connect_to(const char *address, uint16_t port)
{
    guest.own_port++;
    guest.port = port;
    guest.seq = 1000;
    guest.connected = guest.ended = false;
    g_byte_array_set_size(guest.data, 0);
    inet_pton(AF_INET, address, guest.to);
    send_tcp(SYN, NULL, 0);
    return until(is_connected, NULL);
}

static bool received(const char *text)
{
    size_t bytes = strlen(text);

    return until(has_bytes, &bytes) && guest.data->len == bytes && !memcmp(guest.data->data, text, bytes);
}

static NetBackend *open_net(NetOptions o, char **error)
{
    static const NetCard card = { .receive = card_receive };

    o.said = "test";
    o.type = "user";
    guest.net = net_open(&o, error);
    if (guest.net) {
        net_attach(guest.net, &card);
        send_arp();
    }
    return guest.net;
}

/* ---- forwardings ---- */

static bool socket_has(void *opaque)
{
    char text[6] = "";

    return recv(*(int *)opaque, text, sizeof(text), MSG_DONTWAIT | MSG_PEEK) == 5 && !memcmp(text, "hello", 5);
}

typedef struct Flood {
    int fd;
    size_t bytes, sent;
} Flood;

/* More than a connection and the queues take at once. */
static bool flooded(void *opaque)
{
    Flood *f = opaque;
    uint8_t data[4096];

    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)((f->sent + i) % 251);
    }
    if (f->sent < f->bytes) {
        const ssize_t n = send(f->fd, data, MIN(sizeof(data), f->bytes - f->sent), MSG_DONTWAIT | MSG_NOSIGNAL);

        f->sent += n > 0 ? (size_t)n : 0;
    }
    return guest.data->len >= f->bytes;
}

static bool in_order(void)
{
    for (guint i = 0; i < guest.data->len; i++) {
        if (guest.data->data[i] != i % 251) {
            return false;
        }
    }
    return true;
}

static void test_device(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, "device", NULL);
    g_autofree char *spec = g_strdup_printf("unix:%s,server=on,wait=off", path);
    g_autofree char *bare = g_strdup_printf("tcp::9-file:%s.out", path);
    const char *forwards[] = { "tcp:10.0.2.100:7-chardev:dev",
             "tcp:10.0.2.101:8-cmd:sh -c 'cat; echo end'", bare, NULL };
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char *error = NULL;

    chardev_new("dev", spec);
    g_strlcpy(to.sun_path, path, sizeof(to.sun_path));
    if (!open_net((NetOptions) { .guestfwd = forwards, .restricted = true }, &error)
        || connect(fd, (struct sockaddr *)&to, sizeof(to)) || send(fd, "early", 5, 0) != 5) {
        tap_case(false, "guestfwd: a network is opened: %s", error ? error : strerror(errno));
        return;
    }
    tap_case(connect_to("10.0.2.100", 7), "guestfwd: the guest connects to a character device");
    tap_case(received("early"), "guestfwd: what came before somebody was there has waited");
    send_tcp(ACK | PUSH, "hello", 5);
    tap_case(until(socket_has, &fd), "guestfwd: what the guest sends gets there");
    g_byte_array_set_size(guest.data, 0);
    Flood flood = { .fd = fd, .bytes = 300000 };
    tap_case(until(flooded, &flood) && guest.data->len == flood.bytes && in_order(),
             "guestfwd: more than fits waits for room: nothing is lost");
    close(fd);
    tap_case(connect_to("10.0.2.101", 8), "guestfwd: the guest connects to a command");
    send_tcp(ACK | PUSH, "echo", 4);
    tap_case(received("echo"), "guestfwd: the command gets what it sends, and answers");
    send_tcp(ACK | FIN, NULL, 0);
    tap_case(received("echoend\n") && until(has_ended, NULL), "guestfwd: it sees the connection's end, and ends it");
    tap_case(connect_to("10.0.2.4", 9),
             "guestfwd: without an address it is libslirp's usual one; the device may be a text of -serial");
}

/* ---- rest ---- */

static int ready_in_round;

static gint count_ready(GPollFD *fds, guint n, gint timeout)
{
    ready_in_round = g_poll(fds, n, 0);
    return ready_in_round;
}

/* Whether the main loop gets to a round in which nothing is ready, so that it would sleep. */
static bool comes_to_rest(void)
{
    bool rest = false;

    g_main_context_set_poll_func(NULL, count_ready);
    for (int round = 0; round < 10000 && !rest; round++) {
        ready_in_round = 1;
        g_main_context_iteration(NULL, FALSE);
        rest = !ready_in_round;
    }
    g_main_context_set_poll_func(NULL, NULL);
    return rest;
}

static void test_rest(void)
{
    static const char *hostfwd[] = { "tcp:127.0.0.1:0-:22", "udp:127.0.0.1:0-:53", NULL };
    const char *forwards[] = { "tcp:10.0.2.100:7-cmd:cat", NULL };
    char *error = NULL;

    tap_case(comes_to_rest(), "rest: the main loop sleeps before there is a network");
    tap_case(open_net((NetOptions) { .hostfwd = hostfwd, .guestfwd = forwards }, &error) && comes_to_rest(),
             "rest: it sleeps while ports of the host are waited at");
    tap_case(connect_to("10.0.2.100", 7) && comes_to_rest(), "rest: it sleeps while a connection has nothing to do");
    send_tcp(ACK | PUSH, "echo", 4);
    tap_case(received("echo") && comes_to_rest(), "rest: it sleeps behind what was sent");
    send_tcp(ACK | FIN, NULL, 0);
    tap_case(until(has_ended, NULL) && comes_to_rest(), "rest: it sleeps behind the connection's end");
}

static void test_mistakes(void)
{
    static const char *const texts[] = {
        "", "tcp:10.0.2.100:7", "tcp:10.0.2.100:7-", "tcp:10.0.2.100:7-cmd:", "udp:10.0.2.100:7-cmd:cat",
        "tcp:10.0.2.100:0-cmd:cat", "tcp:10.0.2.100:65536-cmd:cat", "tcp:10.0.2.100:7x-cmd:cat", "tcp:x:7-cmd:cat",
        "tcp:10.0.2.100-cmd:cat", "tcp:1.2.3.4:7-cmd:cat", "tcp:10.0.2.2:7-cmd:cat", "tcp:10.0.2.3:7-cmd:cat",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *forwards[] = { texts[i], NULL };
        char *error = NULL;
        const bool refused = !open_net((NetOptions) { .guestfwd = forwards }, &error);

        tap_case(refused && error && strstr(error, "guestfwd="), "guestfwd=%s is refused", texts[i]);
        g_free(error);
    }
    const char *twice[] = { "tcp:10.0.2.100:7-cmd:cat", "tcp:10.0.2.100:7-null", NULL };
    char *error = NULL;
    const bool refused = !open_net((NetOptions) { .guestfwd = twice }, &error);
    tap_case(refused && error && strstr(error, "once"), "guestfwd: the same port twice is refused");
    g_free(error);
}

/* ---- IPv6 ---- */

/* RFC 4861, 4.1: a router solicitation. */
static void solicit_router(void)
{
    uint8_t f[62] = { 0x33, 0x33, 0, 0, 0, 2, [12] = 0x86, 0xdd, 0x60, [19] = 8, 58, 255 };

    memcpy(f + 6, our_mac, 6);
    inet_pton(AF_INET6, "fe80::1", f + 22);
    inet_pton(AF_INET6, "ff02::2", f + 38);
    f[54] = 133;
    put_sum(f + 56, sum(f + 54, 8, sum(f + 22, 32, 58 + 8)));
    net_send(guest.net, f, sizeof(f));
}

static bool advertised(void *opaque)
{
    return guest.adverts > 0;
}

static void test_ipv6(void)
{
    static const struct { NetOptions o; const char *prefix, *what; } nets[] = {
        { { .ipv6 = 0 }, "fec0::", "nothing said" },
        { { .ipv6 = 1 }, "fec0::", "ipv6=on" },
        { { .ipv4 = -1 }, "fec0::", "ipv4=off" },
        { { .ipv4 = 1, .ipv6 = 1 }, "fec0::", "both on" },
        { { .network6 = "fd12:3456:7::9/48" }, "fd12:3456:7::", "ipv6-net=" },
        { { .network6 = "fd12::/64", .host6 = "fd12::7", .dns6 = "2001:db8::1" }, "fd12::", "all addresses given" },
    };
    static const NetOptions without[] = { { .ipv4 = 1 }, { .ipv6 = -1 } };
    uint8_t prefix[16];
    char *error = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(nets); i++) {
        guest.adverts = 0;
        inet_pton(AF_INET6, nets[i].prefix, prefix);
        const bool opened = open_net(nets[i].o, &error) != NULL;
        if (opened) {
            solicit_router();
        }
        tap_case(opened && until(advertised, NULL) && !memcmp(guest.router, prefix, 16),
                 "%s: a router tells the prefix %s", nets[i].what, nets[i].prefix);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(without); i++) {
        guest.adverts = 0;
        open_net(without[i], &error);
        solicit_router();
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        tap_case(!guest.adverts, "without IPv6 there is no router (%zu)", i);
    }
    static const NetOptions wrong[] = {
        { .network6 = "fec0" }, { .network6 = "fec0::/127" }, { .network6 = "fec0::/x" }, { .network6 = "fec0::/" },
        { .host6 = "fec1::2" }, { .host6 = "10.0.2.2" }, { .dns6 = "x" }, { .host6 = "fec0::3" },
        { .ipv6 = -1, .network6 = "fec0::/64" }, { .ipv4 = 1, .host6 = "fec0::9" }, { .ipv4 = -1, .ipv6 = -1 },
        { .ipv6 = 1, .network = "10.0.3.0/24" }, { .ipv4 = -1, .dns = "10.0.2.3" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        error = NULL;
        const bool refused = !open_net(wrong[i], &error);

        tap_case(refused && error, "IPv6: refused: %s", error ? error : "nothing is said");
        g_free(error);
    }
}

int main(void)
{
    char *directory = g_dir_make_tmp("test-user-net-XXXXXX", NULL);

    signal(SIGPIPE, SIG_IGN);
    io_loop_init();
    guest.own_port = 40000;
    guest.data = g_byte_array_new();
    test_rest();
    test_device(directory);
    test_mistakes();
    test_ipv6();
    net_close_all();
    chardev_cleanup();
    char *argv[] = { (char *)"rm", (char *)"-r", directory, NULL };
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    return tap_done();
}
