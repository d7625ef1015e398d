/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WebSocket connections: the handshake, frames into bytes, bytes into frames. See websocket.h. I/O thread.
 *
 * Each direction has one buffer. What it comes from is read only while there is room in it, so a side that does not
 * read stops the other one, as a plain socket would.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib-unix.h>
#include "chardev/websocket.h"

enum {
    REQUEST_MAX = 8192,         /* bytes of the client's request */
    BUFFER_MAX = 65536,         /* bytes that wait in one direction before its source is left unread */
    READ_BYTES = 4096,
    CONTROL_MAX = 125,          /* bytes of a control frame (5.5) */
    HEADER_MAX = 14,
};

enum { OP_CONTINUE = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };
enum { FIN = 0x80, RESERVED = 0x70, MASKED = 0x80 };
enum { CLOSE_PROTOCOL_ERROR = 1002 };

typedef enum Phase {
    PHASE_REQUEST,              /* the client's request is not complete */
    PHASE_OPEN,
    PHASE_CLOSING,              /* what is in to_client is the last */
    PHASE_ENDED,
} Phase;

struct WebSocket {
    WebSocketUser user;
    Phase phase;
    bool opened;                /* the user has its socket */
    bool deaf;                  /* the client takes nothing any more */
    bool gone;                  /* ... and sends nothing; what it sent before still arrives */
    int client, inner;          /* -1: closed */
    guint client_watch, inner_watch;
    GIOCondition client_wants, inner_wants;
    GByteArray *from_client;    /* not understood yet */
    GByteArray *to_inner, *to_client;
    uint64_t payload;           /* bytes of the data frame that are still to come */
    uint8_t mask[4];
    unsigned mask_at;
};

static void update(WebSocket *w);

/* ---- frames to the client ---- */

static void put_frame(WebSocket *w, uint8_t opcode, const void *data, size_t len)
{
    uint8_t header[4] = { FIN | opcode, (uint8_t)len };
    guint size = 2;

    if (len > CONTROL_MAX) {
        header[1] = 126;
        header[2] = (uint8_t)(len >> 8);
        header[3] = (uint8_t)len;
        size = 4;
    }
    g_byte_array_append(w->to_client, header, size);
    g_byte_array_append(w->to_client, data, (guint)len);
}

static void close_by(WebSocket *w, const uint8_t *payload, size_t len)
{
    put_frame(w, OP_CLOSE, payload, len);
    w->phase = PHASE_CLOSING;
}

static void protocol_error(WebSocket *w)
{
    const uint8_t code[2] = { CLOSE_PROTOCOL_ERROR >> 8, CLOSE_PROTOCOL_ERROR & 0xff };

    close_by(w, code, sizeof(code));
}

/* ---- the request ---- */

/* Whether one of the words between commas is this one. */
static bool has_word(const char *list, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list ? list : "", ",", -1);

    for (char **p = words; *p; p++) {
        if (!g_ascii_strcasecmp(g_strstrip(*p), word)) {
            return true;
        }
    }
    return false;
}

static char *accept_key(const char *key)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    uint8_t digest[20];
    gsize len = sizeof(digest);

    g_checksum_update(sum, (const guchar *)key, -1);
    g_checksum_update(sum, (const guchar *)"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
    g_checksum_get_digest(sum, digest, &len);
    g_checksum_free(sum);
    return g_base64_encode(digest, len);
}

/* The answer to a request for a WebSocket; NULL: it is for something else. */
static char *answer(const char *request)
{
    g_auto(GStrv) lines = g_strsplit(request, "\r\n", -1);
    const char *upgrade = NULL, *connection = NULL, *version = NULL, *key = NULL, *protocols = NULL;
    const struct { const char *name; const char **value; } fields[] = {
        { "upgrade", &upgrade }, { "connection", &connection }, { "sec-websocket-version", &version },
        { "sec-websocket-key", &key }, { "sec-websocket-protocol", &protocols },
    };
    g_autofree char *accepted = NULL;

    if (!lines[0] || !g_str_has_prefix(lines[0], "GET ") || !g_str_has_suffix(lines[0], " HTTP/1.1")) {
        return NULL;
    }
    for (char **line = lines + 1; *line; line++) {
        char *colon = strchr(*line, ':');

        for (size_t i = 0; colon && i < G_N_ELEMENTS(fields); i++) {
            if ((size_t)(colon - *line) == strlen(fields[i].name) &&
                !g_ascii_strncasecmp(*line, fields[i].name, strlen(fields[i].name))) {
                *fields[i].value = g_strstrip(colon + 1);
            }
        }
    }
    if (!has_word(upgrade, "websocket") || !has_word(connection, "upgrade") || g_strcmp0(version, "13") || !key ||
        !*key) {
        return NULL;
    }
    accepted = accept_key(key);
    return g_strdup_printf("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Accept: %s\r\n%s\r\n", accepted,
                           has_word(protocols, "binary") ? "Sec-WebSocket-Protocol: binary\r\n" : "");
}

static void refuse(WebSocket *w)
{
    static const char text[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n"
                               "Content-Length: 0\r\n\r\n";

    g_byte_array_append(w->to_client, (const guint8 *)text, sizeof(text) - 1);
    w->phase = PHASE_CLOSING;
}

static void open_inner(WebSocket *w)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
        refuse(w);
        return;
    }
    w->inner = pair[0];
    w->phase = PHASE_OPEN;
    w->opened = true;
    w->user.opened(w->user.opaque, pair[1]);
}

/* False: more is needed. */
static bool take_request(WebSocket *w)
{
    const char *begin = (const char *)w->from_client->data;
    const char *end = w->from_client->len ? g_strstr_len(begin, w->from_client->len, "\r\n\r\n") : NULL;
    g_autofree char *request = NULL;
    g_autofree char *text = NULL;

    if (!end) {
        if (w->from_client->len >= REQUEST_MAX) {
            refuse(w);
        }
        return false;
    }
    request = g_strndup(begin, (gsize)(end - begin));
    text = answer(request);
    g_byte_array_remove_range(w->from_client, 0, (guint)(end + 4 - begin));
    if (!text) {
        refuse(w);
        return false;
    }
    g_byte_array_append(w->to_client, (const guint8 *)text, (guint)strlen(text));
    open_inner(w);
    return w->phase == PHASE_OPEN;
}

/* ---- frames of the client ---- */

static void unmask(WebSocket *w, uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] ^= w->mask[w->mask_at++ % 4];
    }
}

static void take_control(WebSocket *w, uint8_t opcode, const uint8_t *data, size_t len)
{
    if (opcode == OP_CLOSE) {
        close_by(w, data, MIN(len, 2));
    } else if (opcode == OP_PING) {
        put_frame(w, OP_PONG, data, len);
    }
}

/* The header of a frame, and all of a control frame. False: more is needed, or nothing more is understood. */
static bool take_header(WebSocket *w)
{
    uint8_t *p = w->from_client->data;
    const guint have = w->from_client->len;
    const uint8_t opcode = have ? p[0] & 15 : 0;
    unsigned size = 2, extra;
    uint64_t len;
    bool control;

    if (have < 2) {
        return false;
    }
    control = opcode >= OP_CLOSE;
    len = p[1] & 127;
    extra = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (p[0] & RESERVED || !(p[1] & MASKED) || opcode > OP_PONG || (opcode > OP_BINARY && !control) ||
        (control && (extra || !(p[0] & FIN)))) {
        protocol_error(w);
        return false;
    }
    if (have < size + extra + 4 || (control && have < size + 4 + len)) {
        return false;
    }
    if (extra) {
        len = 0;
        for (unsigned i = 0; i < extra; i++) {
            len = len << 8 | p[size++];
        }
    }
    if (len >> 63) {
        protocol_error(w);
        return false;
    }
    memcpy(w->mask, p + size, 4);
    w->mask_at = 0;
    size += 4;
    if (control) {
        unmask(w, p + size, len);
        take_control(w, opcode, p + size, len);
        size += (unsigned)len;
    } else {
        w->payload = len;
    }
    g_byte_array_remove_range(w->from_client, 0, size);
    return w->phase == PHASE_OPEN;
}

static bool take_payload(WebSocket *w)
{
    guint n = (guint)MIN(w->payload, w->from_client->len);

    if (!n || w->to_inner->len >= BUFFER_MAX) {
        return false;
    }
    unmask(w, w->from_client->data, n);
    g_byte_array_append(w->to_inner, w->from_client->data, n);
    g_byte_array_remove_range(w->from_client, 0, n);
    w->payload -= n;
    return true;
}

static void understand(WebSocket *w)
{
    bool more = true;

    while (more) {
        more = w->phase == PHASE_REQUEST ? take_request(w)
               : w->phase != PHASE_OPEN ? false : w->payload ? take_payload(w)
               : w->to_client->len < BUFFER_MAX && take_header(w);
    }
}

/* ---- reading and writing ---- */

static void end(WebSocket *w)
{
    bool tell = !w->opened && w->phase != PHASE_ENDED;

    w->phase = PHASE_ENDED;
    update(w);
    if (w->client >= 0) {
        close(w->client);
        w->client = -1;
    }
    if (w->inner >= 0) {
        close(w->inner);
        w->inner = -1;
    }
    if (tell) {
        w->user.refused(w->user.opaque);
    }
}

/* False: the other side is gone. */
static bool write_out(int fd, GByteArray *buffer)
{
    while (buffer->len) {
        ssize_t n = send(fd, buffer->data, buffer->len, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        g_byte_array_remove_range(buffer, 0, (guint)n);
    }
    return true;
}

/* Bytes read, 0: nothing now, -1: the end. */
static ssize_t read_in(int fd, uint8_t *buf)
{
    ssize_t n = recv(fd, buf, READ_BYTES, MSG_DONTWAIT);

    return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Move on what has come, as far as there is room. False: it is over. */
static bool pump(WebSocket *w)
{
    guint waiting;

    do {
        understand(w);
        waiting = w->to_inner->len + w->to_client->len;
        if (w->inner >= 0 && !write_out(w->inner, w->to_inner)) {
            return false;
        }
        w->deaf |= w->gone || !write_out(w->client, w->to_client);
        if (w->deaf) {
            g_byte_array_set_size(w->to_client, 0);
        }
    } while (w->from_client->len && w->to_inner->len + w->to_client->len < waiting);    /* there is room again */
    return (w->phase != PHASE_CLOSING && !w->gone) || w->to_client->len || w->to_inner->len;
}

static gboolean client_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    WebSocket *w = opaque;
    uint8_t buf[READ_BYTES];
    ssize_t n = w->client_wants & G_IO_IN ? read_in(w->client, buf) : 0;

    if (n > 0) {
        g_byte_array_append(w->from_client, buf, (guint)n);
    }
    w->gone |= n < 0;
    if (!pump(w)) {
        end(w);
        return G_SOURCE_REMOVE;
    }
    update(w);
    return G_SOURCE_CONTINUE;
}

static gboolean inner_ready(gint fd, GIOCondition condition, gpointer opaque)
{
    WebSocket *w = opaque;
    uint8_t buf[READ_BYTES];
    ssize_t n = w->inner_wants & G_IO_IN ? read_in(w->inner, buf) : 0;

    if (n > 0) {
        put_frame(w, OP_BINARY, buf, (size_t)n);
    }
    if (!pump(w) || n < 0) {
        end(w);
        return G_SOURCE_REMOVE;
    }
    update(w);
    return G_SOURCE_CONTINUE;
}

static void watch(WebSocket *w, guint *id, GIOCondition *now, int fd, GIOCondition wants, GUnixFDSourceFunc fn)
{
    if (*id && *now == wants) {
        return;
    }
    if (*id) {
        g_source_remove(*id);
        *id = 0;
    }
    *now = wants;
    if (wants && fd >= 0) {
        *id = g_unix_fd_add(fd, wants, fn, w);
    }
}

/* Wait for what there is room for. */
static void update(WebSocket *w)
{
    bool open = !w->gone && (w->phase == PHASE_REQUEST || w->phase == PHASE_OPEN), alive = w->phase != PHASE_ENDED;

    watch(w, &w->client_watch, &w->client_wants, w->client,
          (alive && w->to_client->len ? G_IO_OUT : 0) |
          (open && w->from_client->len < REQUEST_MAX && w->to_inner->len < BUFFER_MAX ? G_IO_IN : 0), client_ready);
    watch(w, &w->inner_watch, &w->inner_wants, w->inner,
          (alive && w->to_inner->len ? G_IO_OUT : 0) |
          (open && w->opened && !w->deaf && w->to_client->len < BUFFER_MAX ? G_IO_IN : 0), inner_ready);
}

WebSocket *websocket_new(int fd, WebSocketUser user)
{
    WebSocket *w = g_new0(WebSocket, 1);

    w->user = user;
    w->client = fd;
    w->inner = -1;
    w->from_client = g_byte_array_new();
    w->to_inner = g_byte_array_new();
    w->to_client = g_byte_array_new();
    fcntl(fd, F_SETFL, O_NONBLOCK);
    update(w);
    return w;
}

void websocket_free(WebSocket *w)
{
    uint8_t buf[READ_BYTES];
    ssize_t n;

    if (w->phase == PHASE_OPEN) {
        while (w->to_client->len < BUFFER_MAX && (n = read_in(w->inner, buf)) > 0) {
            put_frame(w, OP_BINARY, buf, (size_t)n);
        }
        close_by(w, NULL, 0);
        write_out(w->client, w->to_client);
        shutdown(w->client, SHUT_WR);
    }
    w->opened = true;           /* nobody is to be told */
    end(w);
    g_byte_array_unref(w->from_client);
    g_byte_array_unref(w->to_inner);
    g_byte_array_unref(w->to_client);
    g_free(w);
}
