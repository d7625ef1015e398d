/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The relay of WebSocket connections with a user that reads late: what waits is not forgotten. TAP. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib.h>
#include "chardev/websocket.h"
#include "tests/unit/tap.h"

enum { FRAME = 64, HEAD = 6 };          /* bytes of a frame and its header */
/* What is sent: from less than all buffers on the way take to more. */
enum { LEAST = 4096, MOST = 1 << 20, STEP = 4096 };

static const char request[] = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static int user_fd;             /* -1: not opened */

static void opened(void *opaque, int fd)
{
    user_fd = fd;
}

static void refused(void *opaque)
{
}

static void settle(void)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
}

/* The request, and so many bytes in small frames: byte i is i. Masks are 0. */
static GByteArray *all_that_is_sent(unsigned bytes)
{
    GByteArray *data = g_byte_array_new();
    uint8_t frame[HEAD + FRAME] = { 0x82, 0x80 | FRAME };

    g_byte_array_append(data, (const guint8 *)request, sizeof(request) - 1);
    for (unsigned i = 0; i < bytes; i++) {
        frame[HEAD + i % FRAME] = (uint8_t)i;
        if (i % FRAME == FRAME - 1) {
            g_byte_array_append(data, frame, sizeof(frame));
        }
    }
    return data;
}

/* Send as much as is taken now. */
static void send_more(int fd, const GByteArray *data, guint *sent)
{
    ssize_t n;

    while (*sent < data->len && (n = send(fd, data->data + *sent, data->len - *sent, MSG_DONTWAIT)) > 0) {
        *sent += (guint)n;
    }
}

/* What is there now, at most so many bytes. False: a byte is wrong. */
static bool read_some(unsigned most, unsigned *got)
{
    uint8_t buf[4096];
    ssize_t n;

    for (; most && (n = recv(user_fd, buf, MIN(sizeof(buf), most), MSG_DONTWAIT)) > 0; most -= (unsigned)n) {
        for (ssize_t i = 0; i < n; i++) {
            if (buf[i] != (uint8_t)(*got)++) {
                return false;
            }
        }
    }
    return true;
}

/* The user reads only when nothing moves any more, `most` bytes then. Whether it gets all, and the end. */
static bool late_reader(unsigned bytes, bool client_goes, unsigned most)
{
    GByteArray *data = all_that_is_sent(bytes);
    guint sent = 0;
    unsigned got = 0;
    int pair[2];
    WebSocket *w;
    bool good = true;

    user_fd = -1;
    g_assert(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    w = websocket_new(pair[1], (WebSocketUser){ opened, refused, NULL });
    for (unsigned turn = 0; turn < 10 + 3 * bytes / most && got < bytes && good; turn++) {
        send_more(pair[0], data, &sent);
        if (sent == data->len && client_goes && pair[0] >= 0) {
            close(pair[0]);
            pair[0] = -1;
        }
        settle();
        good = user_fd < 0 || read_some(most, &got);
    }
    if (client_goes) {
        uint8_t byte;

        settle();
        good &= recv(user_fd, &byte, 1, MSG_DONTWAIT) == 0;
    } else {
        close(pair[0]);
    }
    close(user_fd);
    websocket_free(w);
    g_byte_array_unref(data);
    return good && got == bytes;
}

static void all_sizes(bool client_goes, unsigned most)
{
    unsigned bad = 0, first = 0;

    for (unsigned bytes = LEAST; bytes <= MOST; bytes += STEP) {
        if (!late_reader(bytes, client_goes, most) && !bad++) {
            first = bytes;
        }
    }
    tap_case(!bad, "a client that %s, %u bytes read at a time: all arrive", client_goes ? "goes" : "waits", most);
    if (bad) {
        printf("# %u sizes of %u do not, first %u bytes\n", bad, (MOST - LEAST) / STEP + 1, first);
    }
}

int main(void)
{
    all_sizes(false, MOST);
    all_sizes(false, 10000);
    all_sizes(true, MOST);
    all_sizes(true, 10000);
    return tap_done();
}
