/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames into a file in pcap's format, with the host's time, as tcpdump and Wireshark read it. I/O thread. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include "net/net-internal.h"
#include "qemu/log.h"

struct NetDump {
    FILE *file;
    char *path;
};

NetDump *net_dump_open(const char *path, char **error)
{
    /* magic, version 2.4, time zone, precision, longest frame, link type Ethernet */
    static const uint32_t header[] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65536, 1 };
    FILE *file = fopen(path, "we");
    NetDump *dump;

    if (!file || fwrite(header, sizeof(header), 1, file) != 1) {
        *error = g_strdup_printf("'%s': %s", path, strerror(errno));
        return NULL;
    }
    dump = g_new0(NetDump, 1);
    dump->file = file;
    dump->path = g_strdup(path);
    return dump;
}

void net_dump_frame(NetDump *dump, const uint8_t *frame, size_t bytes)
{
    int64_t now = g_get_real_time();
    uint32_t record[] = { (uint32_t)(now / 1000000), (uint32_t)(now % 1000000), (uint32_t)bytes, (uint32_t)bytes };

    if (dump && dump->file && (fwrite(record, sizeof(record), 1, dump->file) != 1
                               || fwrite(frame, bytes, 1, dump->file) != 1 || fflush(dump->file))) {
        error_report("'%s': %s (no more frames go there)", dump->path, strerror(errno));
        fclose(dump->file);
        dump->file = NULL;
    }
}

void net_dump_close(NetDump *dump)
{
    if (dump) {
        if (dump->file) {
            fclose(dump->file);
        }
        g_free(dump->path);
        g_free(dump);
    }
}
