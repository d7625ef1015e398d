/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Character devices for users that cannot be held (virtual consoles): they ask for room, and are told when there is
 * some. Ring buffers, datagrams, copies of the output in files.
 */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "chardev/char.h"
#include "qemu/exit-files.h"
#include "qemu/io-loop.h"
#include "qemu/writer.h"
#include "sysemu/runstate.h"
#include "tests/unit/tap.h"

enum { MUCH = 1 << 20, WAIT_S = 60 };

static char *directory;

void qemu_system_quit_request(int exit_code)
{
    abort();                    /* no device here is a multiplexer */
}

/* ---- a user of a device ---- */

typedef struct User {
    Chardev *chr;
    GByteArray *got;
    unsigned writable, opened, closed;
} User;

static int user_receive(void *opaque, const uint8_t *bytes, int len)
{
    g_byte_array_append(((User *)opaque)->got, bytes, (guint)len);
    return len;
}

static bool user_event(void *opaque, int event)
{
    User *u = opaque;

    u->opened += event == CHR_EVENT_OPENED;
    u->closed += event == CHR_EVENT_CLOSED;
    return true;
}

static void user_writable(void *opaque)
{
    ((User *)opaque)->writable++;
}

static User *user_of(const char *label, const char *spec)
{
    User *u = g_new0(User, 1);

    u->got = g_byte_array_new();
    u->chr = chardev_new(label, spec);
    chardev_attach(u->chr, &(CharFrontend) { .receive = user_receive, .event = user_event, .opaque = u,
                                             .writable = user_writable });
    return u;
}

/* Let the loop work until the condition holds. */
#define wait_for(condition) \
    do { \
        const gint64 end_ = g_get_monotonic_time() + WAIT_S * G_USEC_PER_SEC; \
        while (!(condition) && g_get_monotonic_time() < end_) { \
            if (!g_main_context_iteration(NULL, FALSE)) { \
                g_usleep(200); \
            } \
        } \
    } while (0)

static int must(int result)
{
    if (result < 0) {
        tap_case(false, "the test's own system calls: %s", strerror(errno));
        exit(tap_done());
    }
    return result;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

    g_strlcpy(a.sun_path, path, sizeof(a.sun_path));
    must(connect(fd, (struct sockaddr *)&a, sizeof(a)));
    return fd;
}

/* ---- room ---- */

/* Write until there is no room; how many bytes that were. */
static size_t fill(User *u)
{
    static const uint8_t bytes[4096];
    size_t n = 0;

    while (!chardev_full(u->chr) && n < 16 * MUCH) {
        chardev_write(u->chr, bytes, sizeof(bytes));
        n += sizeof(bytes);
    }
    return n;
}

static void test_room(void)
{
    char *path = g_build_filename(directory, "room", NULL), *spec = g_strdup_printf("unix:%s,server=on,wait=off", path);
    static uint8_t bytes[65536];
    User *u = user_of("room", spec);
    size_t filled, got = 0;
    int fd;

    tap_case(fill(u) == 16 * MUCH, "a device to which nobody is connected takes all");
    fd = connect_unix(path);
    wait_for(u->opened);
    filled = fill(u);
    tap_case(filled < MUCH, "a reader that does not read: there is no room any more");
    tap_case(chardev_full(u->chr) && !u->writable, "and none comes");
    wait_for(({
        const ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
        u->writable;
    }));
    tap_case(u->writable == 1 && !chardev_full(u->chr), "it reads: its writer is told once");
    wait_for(({
        const ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
        got == filled;
    }));
    tap_case(got == filled && u->writable == 1, "nothing is lost");
    fill(u);
    close(fd);
    wait_for(u->writable == 2);
    tap_case(u->writable == 2 && u->closed == 1, "a reader that leaves makes room, too");
    tap_case(!chardev_full(NULL), "no device has room");
    g_free(path);
    g_free(spec);
}

/* A file takes its time, but not for ever; a pipe's reader stands for a file system that does not answer. */
static void test_room_in_file(void)
{
    char *path = g_build_filename(directory, "file", NULL), *spec = g_strdup_printf("file:%s", path);
    User *u = user_of("file", spec);
    size_t filled = 0;
    struct stat st;

    for (int i = 0; i < 20; i++) {
        const unsigned before = u->writable;
        const size_t n = fill(u);

        filled += n;
        if (n < 16 * MUCH) {
            wait_for(u->writable > before);
        }
    }
    wait_for(stat(path, &st) == 0 && (size_t)st.st_size == filled);
    tap_case(stat(path, &st) == 0 && (size_t)st.st_size == filled, "a file gets all, as fast as there is room");
    g_free(path);
    g_free(spec);
}

/* ---- kinds ---- */

static void test_ringbuf(void)
{
    User *u = user_of("ring", "ringbuf:16");
    uint8_t bytes[64];

    tap_case(u->opened == 1 && !chardev_full(u->chr), "ringbuf: connected from the first, and never full");
    chardev_write(u->chr, (const uint8_t *)"0123456789", 10);
    tap_case(chardev_ringbuf_read(u->chr, bytes, 4) == 4 && !memcmp(bytes, "0123", 4),
             "ringbuf: the oldest come first");
    chardev_write(u->chr, (const uint8_t *)"abcdefghijklm", 13);
    tap_case(chardev_ringbuf_read(u->chr, bytes, 64) == 16 && !memcmp(bytes, "789abcdefghijklm", 16),
             "ringbuf: what is new takes the place of what is oldest");
    chardev_write(u->chr, (const uint8_t *)"the quick brown fox jumps", 25);
    tap_case(chardev_ringbuf_read(u->chr, bytes, 64) == 16 && !memcmp(bytes, " brown fox jumps", 16),
             "ringbuf: of more than it holds the end stays");
    tap_case(!chardev_ringbuf_read(u->chr, bytes, 64), "ringbuf: then there is nothing");
    tap_case(chardev_ringbuf("ring") == u->chr && !chardev_ringbuf("room") && !chardev_ringbuf("x"),
             "ringbuf: found by its name, other devices are none");
}

/* A port of the loopback address that is free. */
static int bound_udp(unsigned *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(a);
    int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));

    must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
    must(getsockname(fd, (struct sockaddr *)&a, &len));
    *port = ntohs(a.sin_port);
    return fd;
}

static void test_udp(void)
{
    static uint8_t bytes[65536];
    unsigned theirs, gone;
    int fd = bound_udp(&theirs);
    char *spec = g_strdup_printf("udp:127.0.0.1:%u@127.0.0.1:0", theirs);
    User *u = user_of("udp", spec);
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    ssize_t n = -1;
    size_t all = 0;

    chardev_write(u->chr, (const uint8_t *)"hello", 5);
    wait_for((n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len)) >= 0);
    tap_case(n == 5 && !memcmp(bytes, "hello", 5), "udp: a datagram goes out");
    must((int)sendto(fd, "", 0, 0, (struct sockaddr *)&from, len));
    memset(bytes, 'z', 20000);
    must((int)sendto(fd, bytes, 20000, 0, (struct sockaddr *)&from, len));
    wait_for(u->got->len >= 20000);
    tap_case(u->got->len == 20000 && u->got->data[19999] == 'z',
             "udp: a large one comes in as a whole, behind an empty one");
    chardev_write(u->chr, bytes, 5000);
    wait_for(({
        n = recv(fd, bytes, sizeof(bytes), 0);
        all += n > 0 ? (size_t)n : 0;
        all >= 5000 || n > 1400;
    }));
    tap_case(all == 5000 && n <= 1400, "udp: much goes out in datagrams that fit into a frame");
    g_free(spec);
    close(fd);
    close(bound_udp(&gone));
    spec = g_strdup_printf("udp:127.0.0.1:%u", gone);
    u = user_of("nobody", spec);
    for (int i = 0; i < 3; i++) {
        chardev_write(u->chr, bytes, 3000);
        for (int k = 0; k < 50; k++) {
            g_main_context_iteration(NULL, FALSE);
        }
    }
    tap_case(!u->closed && !chardev_full(u->chr), "udp: a peer that is not there loses datagrams, no more");
    g_free(spec);
}

static void test_log(void)
{
    char *path = g_build_filename(directory, "log", NULL), *content = NULL;
    User *u = user_of("logged", "null");
    struct stat st;

    g_file_set_contents(path, "before\n", -1, NULL);
    chardev_set_log(u->chr, path, true);
    chardev_write(u->chr, (const uint8_t *)"output\n", 7);
    wait_for(stat(path, &st) == 0 && st.st_size == 14);
    g_file_get_contents(path, &content, NULL, NULL);
    tap_case(!g_strcmp0(content, "before\noutput\n"), "log: output goes to the end of the file, whoever is connected");
    g_free(content);
    u = user_of("logged2", "ringbuf:16");
    chardev_set_log(u->chr, path, false);
    chardev_write(u->chr, (const uint8_t *)"anew", 4);
    wait_for(stat(path, &st) == 0 && st.st_size == 4);
    content = NULL;
    g_file_get_contents(path, &content, NULL, NULL);
    tap_case(!g_strcmp0(content, "anew"), "log: or the file begins anew");
    g_free(content);
    g_free(path);
}

int main(void)
{
    directory = g_dir_make_tmp("test-chardev-XXXXXX", NULL);
    io_loop_init();
    test_room();
    test_room_in_file();
    test_ringbuf();
    test_udp();
    test_log();
    exit_files_remove();
    char *argv[] = { (char *)"rm", (char *)"-r", directory, NULL };
    g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
    return tap_done();
}
