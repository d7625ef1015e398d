/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the NBD server and a client that speaks badly. The bytes choose options and requests and their fields,
 * most of which fit together, some of which are cut short or changed; now and then the export goes meanwhile. Each
 * answer belongs to a request, comes once, and is whole; the image keeps its length. Here, too, the server has its
 * threads; this one is the I/O thread and the client.
 */
#define _GNU_SOURCE     /* memfd_create */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "block/bitmap.h"
#include "block/bytes.h"
#include "block/job.h"
#include "block/nbd-protocol.h"
#include "block/nbd-server.h"
#include "qemu/io-loop.h"
#include "tests/fuzz/target.h"

enum { IMAGE_BYTES = 1 << 20, MAX_REQUESTS = 64, GRAIN = 4096 };

const size_t fuzz_max_input = 512;

/* What the first byte of an input asks for. */
enum { AGREE_STRUCTURED = 1, AGREE_CONTEXTS = 2, AGREE_READONLY = 4, EXPORT_GOES = 8, CUT_OFF = 16 };

static int image_fd;
static char directory[] = "/tmp/fuzz-nbd-XXXXXX", socket_path[64];

static struct {
    GByteArray *sends, *gets;
    size_t sent;
    bool ended;                 /* the server has closed the connection */
    guint writing;              /* GLib's source of writable(); 0: all is sent */
    uint16_t asked[MAX_REQUESTS];       /* commands; a request's cookie is its number here */
    uint32_t bytes[MAX_REQUESTS];
    bool answered[MAX_REQUESTS];
    unsigned requests;
    bool old_style;             /* the export was chosen by the option whose answer has no header */
} client;

/* ---- the server ---- */

static void must(char *problem)
{
    if (problem) {
        fprintf(stderr, "%s\n", problem);
        abort();
    }
}

static void add_export(void)
{
    must(nbd_export_add(&(NbdExportOptions) { .id = "first", .node = "image", .name = "image", .writable = true,
                                              .description = "some words", .bitmaps = 1,
                                              .bitmap = { { NULL, "changes" } } }));
}

static void at_end(void)
{
    unlink(socket_path);
    rmdir(directory);
}

void fuzz_init(void)
{
    static char path[32];

    signal(SIGPIPE, SIG_IGN);
    image_fd = memfd_create("image", MFD_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", image_fd);
    if (image_fd < 0 || ftruncate(image_fd, IMAGE_BYTES) || !mkdtemp(directory)) {
        abort();
    }
    snprintf(socket_path, sizeof(socket_path), "%s/socket", directory);
    atexit(at_end);
    io_loop_init();
    must(block_node_add(&(BlockOptions) { .said = "image", .node = "image", .file = path, .driver = "file",
                                          .format = "raw", .no_lock = true, .discard = true }, NULL, NULL));
    must(block_node_add(&(BlockOptions) { .said = "nothing", .node = "nothing", .driver = "null-co", .format = "raw",
                                          .file = "null-co://", .readonly = true, .null_bytes = 3 << 20 }, NULL, NULL));
    must(block_bitmap_add(block_bitmap_owner("image"), "changes", GRAIN, true, false));
    must(nbd_server_start(&(NbdServerAddress) { .path = socket_path }));
    add_export();
    must(nbd_export_add(&(NbdExportOptions) { .id = "second", .node = "nothing", .name = "" }));
    client.sends = g_byte_array_new();
    client.gets = g_byte_array_new();
}

/* ---- what the client says ---- */

typedef struct Input {
    const uint8_t *data;
    size_t size;
} Input;

static uint8_t byte(Input *in)
{
    return in->size ? in->size--, *in->data++ : 0;
}

static void put(uint64_t value, unsigned bytes)
{
    uint8_t b[8];

    write_be64(b, value << (64 - 8 * bytes));
    g_byte_array_append(client.sends, b, bytes);
}

static void put_text(const char *text)
{
    put(strlen(text), 4);
    g_byte_array_append(client.sends, (const guint8 *)text, (guint)strlen(text));
}

static const char *const names[] = { "image", "", "none", "imag", "base:", "base:allocation", "qemu:",
                                     "qemu:dirty-bitmap:", "qemu:dirty-bitmap:changes" };

/* Its head; the length is set when the data is there. */
static guint begin_option(uint32_t option)
{
    put(NBD_OPTION_MAGIC, 8);
    put(option, 4);
    put(0, 4);
    return client.sends->len;
}

static void end_option(guint begin, uint32_t more)
{
    write_be32(client.sends->data + begin - 4, client.sends->len - begin + more);
}

static void say_name(uint32_t option, const char *name)
{
    const guint begin = begin_option(option);

    put_text(name);
    put(0, 2);
    end_option(begin, 0);
}

static void say_contexts(Input *in, uint32_t option, const char *name, unsigned count, uint32_t more)
{
    const guint begin = begin_option(option);

    put_text(name);
    put(count + more, 4);
    for (unsigned i = 0; i < count; i++) {
        put_text(in ? names[byte(in) % G_N_ELEMENTS(names)] : i ? "qemu:dirty-bitmap:changes" : "base:allocation");
    }
    end_option(begin, 0);
}

/* False: the export is chosen, if all goes well. */
static bool option(Input *in)
{
    static const uint8_t known[] = { 1, 2, 3, 4, 5, 6, 7, 7, 7, 8, 8, 9, 10, 10, 11, 200 };
    const uint8_t what = byte(in), twist = byte(in);
    const uint32_t number = known[what % sizeof(known)];
    const char *name = names[(what >> 4) % G_N_ELEMENTS(names)];
    const uint32_t more = twist & 1 ? (twist & 2 ? UINT32_MAX - (twist >> 4) : twist >> 4) : 0;
    guint begin;

    switch (number) {
    case NBD_OPT_SET_META_CONTEXT:
    case NBD_OPT_LIST_META_CONTEXT:
        say_contexts(in, number, name, twist >> 2 & 3, more);
        return true;
    case NBD_OPT_INFO:
    case NBD_OPT_GO:
        begin = begin_option(number);
        put_text(name);
        put((twist >> 2 & 3u) + more, 2);
        for (unsigned i = 0; i < (twist >> 2 & 3u); i++) {
            put(byte(in) & 7u, 2);
        }
        end_option(begin, 0);
        return number == NBD_OPT_INFO;
    case NBD_OPT_EXPORT_NAME:
        begin = begin_option(number);
        g_byte_array_append(client.sends, (const guint8 *)name, (guint)strlen(name));
        end_option(begin, more);
        client.old_style = true;
        return false;
    default:
        begin = begin_option(number);
        for (unsigned i = 0; i < (twist >> 2 & 3u); i++) {
            put(byte(in), 1);
        }
        end_option(begin, more);
        return true;
    }
}

static void request(Input *in)
{
    static const uint64_t edges[] = { IMAGE_BYTES, IMAGE_BYTES - 1, UINT32_MAX, UINT64_MAX, 1ull << 63, NBD_MAX_PAYLOAD,
                                      GRAIN, 0 };
    const uint8_t what = byte(in), twist = byte(in), place = byte(in), size = byte(in);
    const uint16_t command = what & 15;
    const uint64_t offset = twist & 1 ? edges[place & 7] - (place >> 4) : place * (uint64_t)GRAIN + (place >> 5);
    uint32_t bytes = twist & 2 ? (uint32_t)edges[size & 7] + (size >> 4) : (uint32_t)size << (twist >> 4 & 7);

    if (command == NBD_CMD_WRITE && bytes > 8 * GRAIN && twist & 8) {
        bytes = 8 * GRAIN;
    }
    client.asked[client.requests] = command;
    client.bytes[client.requests] = bytes;
    put(twist & 4 && place == 77 ? NBD_REQUEST_MAGIC + 1 : NBD_REQUEST_MAGIC, 4);
    put(what >> 4, 2);
    put(command, 2);
    put(client.requests, 8);
    put(offset, 8);
    put(bytes, 4);
    client.requests++;
    for (uint32_t i = 0; command == NBD_CMD_WRITE && i < MIN(bytes, 8 * GRAIN); i++) {
        client.sends->len % 64 ? put(place, 1) : put(byte(in), 1);
    }
}

static void speak(Input *in)
{
    const uint8_t first = byte(in);
    const char *name = first & AGREE_READONLY ? "" : "image";
    bool chosen = false;

    put(first >> 5 == 7 ? 0xff : NBD_FLAG_FIXED | (first >> 5 & 2), 4);
    if (first & AGREE_STRUCTURED) {
        end_option(begin_option(NBD_OPT_STRUCTURED_REPLY), 0);
    }
    if (first & AGREE_CONTEXTS) {
        say_contexts(NULL, NBD_OPT_SET_META_CONTEXT, name, 2, 0);
    }
    if (first & (AGREE_STRUCTURED | AGREE_CONTEXTS)) {
        say_name(NBD_OPT_GO, name);
        chosen = true;
    }
    while (in->size && !chosen) {
        chosen = !option(in);
    }
    while (in->size && client.requests < MAX_REQUESTS) {
        request(in);
    }
    if (first & CUT_OFF) {
        g_byte_array_set_size(client.sends, client.sends->len - MIN(client.sends->len, first & 3u));
    }
}

/* ---- the connection ---- */

static gboolean readable(gint fd, GIOCondition condition, gpointer opaque)
{
    uint8_t buffer[65536];
    const ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (n > 0) {
        g_byte_array_append(client.gets, buffer, (guint)n);
    }
    client.ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    return !client.ended;
}

static gboolean writable(gint fd, GIOCondition condition, gpointer opaque)
{
    const ssize_t n = send(fd, client.sends->data + client.sent, client.sends->len - client.sent,
                           MSG_DONTWAIT | MSG_NOSIGNAL);

    client.sent += n > 0 ? (size_t)n : 0;
    if (client.sent < client.sends->len && (n >= 0 || errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    shutdown(fd, SHUT_WR);
    client.writing = 0;
    return G_SOURCE_REMOVE;
}

static void talk(bool export_goes)
{
    const struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct sockaddr_un to = address;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool gone = false;

    g_strlcpy(to.sun_path, socket_path, sizeof(to.sun_path));
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to))) {
        abort();
    }
    g_unix_fd_add(fd, G_IO_IN | G_IO_HUP, readable, NULL);
    client.writing = g_unix_fd_add(fd, G_IO_OUT, writable, NULL);
    while (!client.ended) {
        g_main_context_iteration(NULL, TRUE);
        if (export_goes && !gone && client.gets->len > 40 && client.sent == client.sends->len) {
            gone = true;
            must(nbd_export_remove("first", true));
        }
    }
    if (client.writing) {
        g_source_remove(client.writing);
        client.writing = 0;
    }
    close(fd);
    if (gone) {
        add_export();
    }
}

/* ---- what the server has said ---- */

/* How many bytes the answers to the options take, the last one's being of GO; 0: there is none of these. */
static size_t skip_options(const uint8_t *p, size_t size)
{
    size_t at = 18;

    while (at + 20 <= size && read_be64(p + at) == NBD_OPTION_REPLY) {
        const uint32_t opt = read_be32(p + at + 8), type = read_be32(p + at + 12), bytes = read_be32(p + at + 16);

        at += 20 + (size_t)bytes;
        if (opt == NBD_OPT_GO && type == NBD_REP_ACK) {
            return at;
        }
    }
    return 0;
}

static const char *one_answer(const uint8_t *p, size_t size, size_t *bytes)
{
    const bool simple = size >= 16 && read_be32(p) == NBD_SIMPLE_MAGIC;
    const bool structured = size >= 20 && read_be32(p) == NBD_STRUCTURED_MAGIC;
    const uint64_t cookie = simple || structured ? read_be64(p + 8) : 0;
    bool read;

    if (!simple && !structured) {
        return "what is no answer";
    }
    if (cookie >= client.requests || client.answered[cookie]) {
        return "an answer that nobody asked for";
    }
    read = client.asked[cookie] == NBD_CMD_READ;
    *bytes = simple ? 16 + (size_t)(read && !read_be32(p + 4) ? client.bytes[cookie] : 0) : 20 + read_be32(p + 16);
    client.answered[cookie] = simple || read_be16(p + 4) & NBD_CHUNK_DONE;
    return *bytes > size ? "an answer that is cut off" : NULL;
}

static const char *look_at_answers(void)
{
    const uint8_t *p = client.gets->data;
    size_t at = client.old_style ? 0 : skip_options(p, client.gets->len);
    const char *problem = at > client.gets->len ? "an option's answer is cut off" : NULL;

    while (at && !problem && at < client.gets->len) {
        size_t bytes = 0;

        problem = one_answer(p + at, client.gets->len - at, &bytes);
        at += bytes;
    }
    return problem;
}

const char *fuzz_one(const uint8_t *data, size_t size)
{
    Input in = { data, MIN(size, fuzz_max_input) };
    const bool export_goes = size && data[0] & EXPORT_GOES;
    struct stat st;

    g_byte_array_set_size(client.sends, 0);
    g_byte_array_set_size(client.gets, 0);
    client.sent = client.requests = 0;
    client.ended = client.old_style = false;
    memset(client.answered, 0, sizeof(client.answered));
    speak(&in);
    talk(export_goes);
    if (fstat(image_fd, &st) || st.st_size != IMAGE_BYTES) {
        return "the image's length has changed";
    }
    return export_goes ? NULL : look_at_answers();
}
