/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telnet: the byte 255 is sent twice, and nobody's byte comes in between; a client's break comes in its place. */
#include <glib.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "chardev/char.h"
#include "qemu/io-loop.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

void qemu_system_quit_request(int exit_code)
{
    abort();                    /* no device here is a multiplexer */
}

static bool never(int stalled_ms)
{
    return false;
}

enum { TELNET_WRITES = 100000, TELNET_GREETING = 12 };

typedef struct TelnetReader {
    int fd;
    unsigned pairs, others, torn;
} TelnetReader;

static void *telnet_reader(void *opaque)
{
    TelnetReader *r = opaque;
    uint8_t buf[4096], last = 0;
    size_t got = 0;
    ssize_t n;

    while (got < TELNET_GREETING + 3 * TELNET_WRITES && (n = read(r->fd, buf, sizeof(buf))) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (got++ < TELNET_GREETING) {
                continue;
            }
            if (last == 255) {
                r->torn += buf[i] != 255;
                r->pairs++;
                last = 0;
            } else {
                r->others += buf[i] != 255;
                last = buf[i];
            }
        }
    }
    return NULL;
}

typedef struct TelnetWriter {
    Chardev *chr;
    uint8_t byte;
} TelnetWriter;

static void *telnet_writer(void *opaque)
{
    TelnetWriter *w = opaque;

    for (int i = 0; i < TELNET_WRITES; i++) {
        chardev_write(w->chr, &w->byte, 1);
    }
    return NULL;
}

/* A device that speaks telnet, and its peer's end. */
static Chardev *telnet_new(const char *label, int *fd)
{
    struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(sin);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    char spec[64];
    Chardev *chr;

    if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&sin, &len) < 0) {
        abort();
    }
    snprintf(spec, sizeof(spec), "telnet:127.0.0.1:%d", ntohs(sin.sin_port));
    chr = chardev_new(label, spec);
    *fd = accept(listener, NULL, NULL);
    close(listener);
    return chr;
}

static void test_telnet_pairs(void)
{
    pthread_t reader, writers[2];
    TelnetReader r = { 0 };
    Chardev *chr = telnet_new("telnet", &r.fd);
    TelnetWriter w[2] = { { chr, 255 }, { chr, 'a' } };

    pthread_create(&reader, NULL, telnet_reader, &r);
    for (int i = 0; i < 2; i++) {
        pthread_create(&writers[i], NULL, telnet_writer, &w[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(writers[i], NULL);
    }
    chardev_flush_all(never);
    pthread_join(reader, NULL);
    tap_case(!r.torn && r.pairs == TELNET_WRITES && r.others == TELNET_WRITES,
             "telnet: no byte of another writer comes between the two 255 that stand for one");
    close(r.fd);
}

/* What the device's user has got, and how much more it takes. */
typedef struct User {
    uint8_t data[16];
    int len, room;
    unsigned breaks;
} User;

static int user_receive(void *opaque, const uint8_t *bytes, int len)
{
    User *u = opaque;
    const int n = MIN(len, u->room);

    memcpy(u->data + u->len, bytes, (size_t)n);
    u->len += n;
    u->room -= n;
    return n;
}

static bool user_event(void *opaque, int event)
{
    User *u = opaque;

    if (event == CHR_EVENT_BREAK && !u->room) {
        return false;
    }
    u->breaks += event == CHR_EVENT_BREAK;
    return true;
}

static void send_bytes(int fd, const char *bytes, size_t count)
{
    if (write(fd, bytes, count) != (ssize_t)count) {
        abort();
    }
}

/* Let the loop work until the user has so many bytes, and has asked for more. */
static void wait_for(Chardev *chr, const User *u, int len)
{
    for (int i = 0; i < 20000 && u->len < len; i++) {
        chardev_accept_input(chr);
        if (!g_main_context_iteration(NULL, FALSE)) {
            g_usleep(1000);
        }
    }
}

/* What "send brk" of a telnet client sends, with its two bytes in two pieces, between others. */
static void test_telnet_break(void)
{
    int fd;
    User u = { .room = 2 };
    Chardev *chr = telnet_new("telnet-break", &fd);

    chardev_attach(chr, &(CharFrontend) { .receive = user_receive, .event = user_event, .opaque = &u });
    send_bytes(fd, "ab\377", 3);
    wait_for(chr, &u, 2);
    send_bytes(fd, "\363c\377\377d", 5);
    for (int i = 0; i < 20; i++) {
        while (g_main_context_iteration(NULL, FALSE)) {
        }
        g_usleep(1000);
    }
    tap_case(u.len == 2 && !u.breaks, "telnet: a break waits for what was typed before");
    u.room = sizeof(u.data) - 2;
    wait_for(chr, &u, 5);
    tap_case(u.breaks == 1 && u.len == 5 && !memcmp(u.data, "abc\377d", 5),
             "telnet: the break that a client sends, and what came behind it");
    close(fd);
}

int main(void)
{
    io_loop_init();
    test_telnet_pairs();
    test_telnet_break();
    chardev_cleanup();
    return tap_done();
}
