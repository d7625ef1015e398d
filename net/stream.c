/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network "stream": the cable is a TCP or Unix connection to another emulator (or to a virtual switch such as VDE's or
 * passt). Each frame is preceded by its length, 32 bits, big-endian. Everything here runs on the I/O thread.
 *
 * A client that loses its peer tries again after `reconnect`; a server waits for the next client. Frames that are sent
 * while there is no peer are lost, as on a cable that nobody has plugged in. A frame that is too long is read and lost;
 * a length that no kind of frame has means that the peer speaks something else.
 */
#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include "net/net-internal.h"
#include "qemu/log.h"

enum { MAX_UNSENT = 1 << 20, HEADER = 4, MAX_SKIPPED = 128 << 10 };

typedef struct StreamNet {
    NetBackend *net;
    const char *said;
    GSocketConnectable *peer;           /* client: where to; NULL for a server */
    GSocketListener *listener;          /* server */
    unsigned reconnect_ms;              /* 0: never */
    guint retry;                        /* timer's source; 0: none */
    GCancellable *cancel;               /* of all that is under way with the present connection */
    GSocketConnection *connection;      /* NULL: there is no peer */
    GByteArray *unsent, *sending;       /* sending: what a write under way has; empty: none */
    uint8_t in[HEADER + NET_MAX_FRAME];
    size_t have;                        /* bytes of `in` */
    size_t skip;                        /* bytes still to come of a frame that is too long */
} StreamNet;

static void (*listener)(const char *id, const NetAddress *peer);        /* constant once the main loop runs */

static void stream_connect(StreamNet *s);
static void stream_accept(StreamNet *s);
static void stream_read(StreamNet *s);

void net_set_stream_listener(void (*fn)(const char *id, const NetAddress *peer))
{
    listener = fn;
}

static void tell(StreamNet *s)
{
    GSocketAddress *address = s->connection ? g_socket_connection_get_remote_address(s->connection, NULL) : NULL;
    NetAddress peer = { .type = "inet" };
    g_autofree char *host = NULL;

    if (!listener) {
        /* Nobody wants to know. */
    } else if (!s->connection) {
        listener(net_id(s->net), NULL);
    } else if (G_IS_INET_SOCKET_ADDRESS(address)) {
        host = g_inet_address_to_string(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)));
        peer.host = host;
        peer.port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
        listener(net_id(s->net), &peer);
    } else {
        peer.type = "unix";
        peer.path = G_IS_UNIX_SOCKET_ADDRESS(address) ? g_unix_socket_address_get_path(G_UNIX_SOCKET_ADDRESS(address))
                                                      : "";
        listener(net_id(s->net), &peer);
    }
    g_clear_object(&address);
}

static gboolean retry_now(gpointer opaque)
{
    StreamNet *s = opaque;

    s->retry = 0;
    stream_connect(s);
    return G_SOURCE_REMOVE;
}

/* The peer is gone: wait for the next one, or look for it. */
static void stream_lost(StreamNet *s, const char *why)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: no connection: %s\n", s->said, why);
    g_cancellable_cancel(s->cancel);
    g_clear_object(&s->cancel);
    s->cancel = g_cancellable_new();
    if (s->connection) {
        g_io_stream_close(G_IO_STREAM(s->connection), NULL, NULL);
        g_clear_object(&s->connection);
        tell(s);
    }
    s->have = s->skip = 0;
    g_byte_array_set_size(s->unsent, 0);
    if (s->listener) {
        stream_accept(s);
    } else if (s->reconnect_ms && !s->retry) {
        s->retry = g_timeout_add(s->reconnect_ms, retry_now, s);
    }
}

/* An operation ended. True: it was cancelled, and its state may be gone. */
static bool was_cancelled(const GError *error)
{
    return error && g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void stream_connected(StreamNet *s, GSocketConnection *connection)
{
    s->connection = connection;
    s->have = s->skip = 0;
    tell(s);
    stream_read(s);
}

static void connect_done(GObject *source, GAsyncResult *result, gpointer opaque)
{
    StreamNet *s = opaque;
    GError *error = NULL;
    GSocketConnection *c = g_socket_client_connect_finish(G_SOCKET_CLIENT(source), result, &error);

    if (c) {
        stream_connected(s, c);
    } else if (!was_cancelled(error)) {
        stream_lost(s, error->message);
    }
    g_clear_error(&error);
}

static void stream_connect(StreamNet *s)
{
    GSocketClient *client = g_socket_client_new();

    g_socket_client_connect_async(client, s->peer, s->cancel, connect_done, s);
    g_object_unref(client);
}

static void accept_done(GObject *source, GAsyncResult *result, gpointer opaque)
{
    StreamNet *s = opaque;
    GError *error = NULL;
    GSocketConnection *c = g_socket_listener_accept_finish(G_SOCKET_LISTENER(source), result, NULL, &error);

    if (c) {
        stream_connected(s, c);
    } else if (!was_cancelled(error)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: %s\n", s->said, error->message);
    }
    g_clear_error(&error);
}

static void stream_accept(StreamNet *s)
{
    g_socket_listener_accept_async(s->listener, s->cancel, accept_done, s);
}

/* A client that does not try again: a peer that is not there is a mistake of the command line. */
static bool connect_now(StreamNet *s, GError **failed)
{
    GSocketClient *client = g_socket_client_new();
    GSocketConnection *c = g_socket_client_connect(client, s->peer, NULL, failed);

    g_object_unref(client);
    if (c) {
        stream_connected(s, c);
    }
    return c != NULL;
}

/* ---- frames ---- */

static uint32_t frame_bytes(const StreamNet *s)
{
    return (uint32_t)s->in[0] << 24 | (uint32_t)s->in[1] << 16 | (uint32_t)s->in[2] << 8 | s->in[3];
}

/* `n` bytes more have come. False: they cannot be frames. */
static bool take_bytes(StreamNet *s, size_t n)
{
    uint32_t bytes;

    if (s->skip) {
        s->skip -= n;
        return true;
    }
    s->have += n;
    if (s->have < HEADER) {
        return true;
    }
    bytes = frame_bytes(s);
    if (bytes > MAX_SKIPPED) {
        return false;
    }
    if (bytes > NET_MAX_FRAME) {
        s->skip = bytes;
    }
    if (s->skip || s->have == HEADER + bytes) {
        net_deliver(s->net, s->in + HEADER, bytes);     /* which drops it if it is too long */
        s->have = 0;
    }
    return true;
}

static void read_done(GObject *source, GAsyncResult *result, gpointer opaque)
{
    StreamNet *s = opaque;
    GError *error = NULL;
    gssize n = g_input_stream_read_finish(G_INPUT_STREAM(source), result, &error);

    if (was_cancelled(error)) {
        g_error_free(error);
        return;
    }
    if (n <= 0) {
        stream_lost(s, error ? error->message : "the peer closed it");
        g_clear_error(&error);
        return;
    }
    if (take_bytes(s, (size_t)n)) {
        stream_read(s);
    } else {
        stream_lost(s, "the peer sends no frames");
    }
}

/* Never more than the present frame: what follows stays in the socket. */
static void stream_read(StreamNet *s)
{
    const size_t want = s->have < HEADER ? HEADER : HEADER + frame_bytes(s);
    const size_t bytes = s->skip ? MIN(s->skip, sizeof(s->in)) : want - s->have;

    g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(s->connection)), s->in + s->have, bytes,
                              G_PRIORITY_DEFAULT, s->cancel, read_done, s);
}

static void stream_write(StreamNet *s);

static void write_done(GObject *source, GAsyncResult *result, gpointer opaque)
{
    StreamNet *s = opaque;
    GError *error = NULL;
    const bool ok = g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error);

    if (was_cancelled(error)) {
        g_error_free(error);
        return;
    }
    g_byte_array_set_size(s->sending, 0);
    if (!ok) {
        stream_lost(s, error->message);
        g_error_free(error);
        return;
    }
    stream_write(s);
}

static void stream_write(StreamNet *s)
{
    GByteArray *empty = s->sending;

    if (!s->unsent->len || s->sending->len) {
        return;
    }
    s->sending = s->unsent;
    s->unsent = empty;
    g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(s->connection)), s->sending->data,
                                    s->sending->len, G_PRIORITY_DEFAULT, s->cancel, write_done, s);
}

static void stream_send(void *state, const uint8_t *frame, size_t bytes)
{
    StreamNet *s = state;
    const uint8_t header[HEADER] = { 0, 0, (uint8_t)(bytes >> 8), (uint8_t)bytes };

    if (s->connection && s->unsent->len + HEADER + bytes <= MAX_UNSENT) {
        g_byte_array_append(s->unsent, header, HEADER);
        g_byte_array_append(s->unsent, frame, (guint)bytes);
        stream_write(s);
    }
}

/* ---- opening and closing ---- */

static void stream_close(void *state)
{
    StreamNet *s = state;

    g_cancellable_cancel(s->cancel);
    if (s->retry) {
        g_source_remove(s->retry);
    }
    if (s->listener) {
        g_socket_listener_close(s->listener);
        g_object_unref(s->listener);
    }
    if (s->connection) {
        g_io_stream_close(G_IO_STREAM(s->connection), NULL, NULL);
    }
    /* What was cancelled still names `s` until the main loop has run, which it does no more: the program ends. */
}

static void *stream_open(NetBackend *net, const NetOptions *o, char **error)
{
    StreamNet *s = g_new0(StreamNet, 1);
    GSocketAddress *address = net_socket_address(&o->local, error);
    GError *failed = NULL;
    bool ok = true;

    if (!address) {
        g_free(s);
        return NULL;
    }
    s->net = net;
    s->said = o->said;
    s->reconnect_ms = o->reconnect_ms;
    s->cancel = g_cancellable_new();
    s->unsent = g_byte_array_new();
    s->sending = g_byte_array_new();
    if (o->server) {
        net_socket_clear(&o->local);
        s->listener = g_socket_listener_new();
        ok = g_socket_listener_add_address(s->listener, address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL,
                                           NULL, &failed);
        g_object_unref(address);
        if (ok) {
            net_socket_bound(&o->local);
            stream_accept(s);
        }
    } else {
        s->peer = G_SOCKET_CONNECTABLE(address);
        if (s->reconnect_ms) {
            stream_connect(s);
        } else {
            ok = connect_now(s, &failed);
        }
    }
    if (!ok) {
        *error = g_strdup(failed->message);
        g_error_free(failed);
        g_clear_object(&s->listener);
        g_clear_object(&s->peer);
        g_object_unref(s->cancel);
        g_byte_array_unref(s->unsent);
        g_byte_array_unref(s->sending);
        g_free(s);
        return NULL;
    }
    return s;
}

const NetKind net_stream = { .type = "stream", .open = stream_open, .send = stream_send, .close = stream_close };
