/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames into a file in pcap's format, with the host's time, as tcpdump and Wireshark read it. I/O thread, which does
 * not wait here: the descriptor does not block, and a frame that a pipe's slow reader or a full disk does not take is
 * dropped, as a whole. What was taken in part is completed first, so that a reader finds the next record.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "net/net-internal.h"
#include "qemu/log.h"

struct NetDump {
    NetDumpOptions options;     /* constant; file: see path */
    int fd;                     /* -1: it takes nothing any more */
    char *path;
    GByteArray *rest;           /* of the record of which a part was written */
    bool said;                  /* that frames are dropped */
};

/* A pipe that nobody reads yet is opened for reading, too: there is nobody to wait for. */
static int dump_open(const char *path)
{
    const int flags = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | flags, 0666);

    return fd < 0 && errno == ENXIO ? open(path, O_RDWR | flags) : fd;
}

NetDump *net_dump_open(const NetDumpOptions *options, char **error)
{
    const char *path = options->file;
    /* magic, version 2.4, time zone, precision, longest frame, link type Ethernet */
    const uint32_t header[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, options->max, 1 };
    const int fd = dump_open(path);
    ssize_t n = -1;
    NetDump *dump;

    if (fd < 0 || (n = write(fd, header, sizeof(header))) != (ssize_t)sizeof(header)) {
        *error = g_strdup_printf("'%s': %s", path, n < 0 ? strerror(errno) : "there is no room for frames");
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    dump = g_new0(NetDump, 1);
    dump->options = *options;
    dump->fd = fd;
    dump->path = g_strdup(path);
    dump->rest = g_byte_array_new();
    return dump;
}

/* Nothing can be written now; more can be later, or not. */
static void dump_failed(NetDump *dump, int why)
{
    const bool later = why == EAGAIN || why == ENOSPC || why == EDQUOT || why == EFBIG || why == EINTR;

    if (!later) {
        close(dump->fd);
        dump->fd = -1;
    }
    if (!later || !dump->said) {
        dump->said = true;
        warn_report("'%s': %s: %s", dump->path, why == EAGAIN ? "its reader is slow" : strerror(why),
                    later ? "frames are missing there" : "no more frames go there");
    }
}

/* True: nothing is left of an earlier record. */
static bool write_rest(NetDump *dump)
{
    while (dump->rest->len) {
        const ssize_t n = write(dump->fd, dump->rest->data, dump->rest->len);

        if (n < 0) {
            dump_failed(dump, errno);
            return false;
        }
        g_byte_array_remove_range(dump->rest, 0, (guint)n);
    }
    return true;
}

void net_dump_frame(NetDump *dump, bool sent, const uint8_t *frame, size_t bytes)
{
    const size_t kept = MIN(bytes, dump->options.max);
    int64_t now = g_get_real_time();
    uint32_t head[] = { (uint32_t)(now / 1000000), (uint32_t)(now % 1000000), (uint32_t)kept, (uint32_t)bytes };
    struct iovec record[] = { { head, sizeof(head) }, { (uint8_t *)(uintptr_t)frame, kept } };
    ssize_t n;

    if (dump->fd < 0 || (sent ? dump->options.only_received : dump->options.only_sent) || !write_rest(dump)) {
        return;
    }
    n = writev(dump->fd, record, G_N_ELEMENTS(record));
    if (n < 0) {
        dump_failed(dump, errno);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(record); i++) {
        const size_t taken = MIN((size_t)n, record[i].iov_len);

        g_byte_array_append(dump->rest, (const uint8_t *)record[i].iov_base + taken,
                            (guint)(record[i].iov_len - taken));
        n -= (ssize_t)taken;
    }
}

const char *net_dump_id(const NetDump *dump)
{
    return dump->options.id;
}

void net_dump_close(NetDump *dump)
{
    if (dump) {
        if (dump->fd >= 0) {
            write_rest(dump);
        }
        if (dump->fd >= 0) {
            close(dump->fd);
        }
        g_byte_array_unref(dump->rest);
        g_free(dump->path);
        g_free(dump);
    }
}
