/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the NBD server. I/O thread. */
#include <string.h>
#include "block/block.h"
#include "block/nbd-server.h"
#include "monitor/monitor-internal.h"

/* Takes `problem`, which may be NULL. True: there is one. */
static bool print_problem(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
        g_free(problem);
    }
    return problem;
}

/* "unix:PATH" or "[HOST]:PORT". False: it is neither. */
static bool parse_address(const char *text, NbdServerAddress *a, char **host)
{
    const char *colon = strrchr(text, ':');

    *host = NULL;
    if (g_str_has_prefix(text, "unix:")) {
        a->path = text + 5;
        return true;
    }
    text += g_str_has_prefix(text, "tcp:") ? 4 : 0;
    if (!colon || colon < text || !colon[1]) {
        return false;
    }
    *host = *text == '[' && colon > text + 1 && colon[-1] == ']' ? g_strndup(text + 1, (gsize)(colon - text - 2))
            : g_strndup(text, (gsize)(colon - text));
    a->host = *host;
    a->port = colon + 1;
    return true;
}

static bool export_all(Monitor *mon, bool writable)
{
    BlockBackend *blk = NULL;

    while ((blk = blk_next(blk)) != NULL) {
        const NbdExportOptions o = { .id = blk_id(blk), .node = blk_id(blk), .name = blk_id(blk),
                                     .writable = writable };

        if (blk_has_medium(blk) && print_problem(mon, nbd_export_add(&o))) {
            return false;
        }
    }
    return true;
}

/* argv: [-a] [-w] ADDRESS */
void hmp_nbd_server_start(Monitor *mon, char **argv)
{
    bool all = false, writable = false;
    NbdServerAddress a = { 0 };
    g_autofree char *host = NULL;

    for (; *argv && **argv == '-'; argv++) {
        all |= strchr(*argv, 'a') != NULL;
        writable |= strchr(*argv, 'w') != NULL;
    }
    if (!*argv || argv[1] || !parse_address(*argv, &a, &host)) {
        monitor_puts(mon, "nbd_server_start [-a] [-w] [HOST]:PORT|unix:PATH\n");
    } else if (writable && !all) {
        monitor_puts(mon, "Error: -w only valid together with -a\n");
    } else if (!print_problem(mon, nbd_server_start(&a)) && all && !export_all(mon, writable)) {
        print_problem(mon, nbd_server_stop());
    }
}

/* argv: [-w] DEVICE [NAME] */
void hmp_nbd_server_add(Monitor *mon, char **argv)
{
    const bool writable = !strcmp(argv[0], "-w");

    argv += writable;
    if (!argv[0] || (argv[1] && argv[2])) {
        monitor_puts(mon, "nbd_server_add [-w] DEVICE [NAME]\n");
    } else {
        const char *name = argv[1] ? argv[1] : argv[0];
        const NbdExportOptions o = { .id = name, .node = argv[0], .name = name, .writable = writable };

        print_problem(mon, nbd_export_add(&o));
    }
}

/* argv: [-f] NAME */
void hmp_nbd_server_remove(Monitor *mon, char **argv)
{
    const bool force = !strcmp(argv[0], "-f");

    if (!argv[force]) {
        monitor_puts(mon, "nbd_server_remove [-f] NAME\n");
    } else {
        print_problem(mon, nbd_export_remove(argv[force], force));
    }
}

void hmp_nbd_server_stop(Monitor *mon, char **argv)
{
    print_problem(mon, nbd_server_stop());
}
