/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's rare commands: announcements, the rate of changes in memory, snapshots inside a disk. I/O thread. */
#include <string.h>
#include "block/snapshot.h"
#include "monitor/dirty-rate.h"
#include "monitor/monitor-internal.h"
#include "net/net.h"

/* argv: [NETWORK,... [ID]] */
void hmp_announce_self(Monitor *mon, char **argv)
{
    const NetAnnounce how = { .initial_ms = 50, .max_ms = 550, .step_ms = 100, .rounds = 5 };
    g_auto(GStrv) names = argv[0] ? g_strsplit(argv[0], ",", -1) : NULL;

    net_announce(&how, names, argv[0] ? argv[1] : NULL);
}

static bool number(const char *text, unsigned min, unsigned max, unsigned *value)
{
    guint64 v;
    const bool good = g_ascii_string_to_unsigned(text, 10, min, max, &v, NULL);

    *value = good ? (unsigned)v : 0;
    return good;
}

/* argv: [-r|-b] SECONDS [PAGES] */
void hmp_calc_dirty_rate(Monitor *mon, char **argv)
{
    unsigned seconds, samples = DIRTY_SAMPLES;

    if (*argv[0] == '-') {
        monitor_puts(mon, "Memory is measured by samples alone: calc_dirty_rate SECONDS [PAGES-OF-EACH-GIB].\n");
    } else if (!number(argv[0], 1, DIRTY_SECONDS_MAX, &seconds)) {
        monitor_printf(mon, "It takes 1 to %d seconds, not '%s'.\n", DIRTY_SECONDS_MAX, argv[0]);
    } else if (argv[1] && !number(argv[1], DIRTY_SAMPLES_MIN, DIRTY_SAMPLES_MAX, &samples)) {
        monitor_printf(mon, "Of each GiB %d to %d pages are looked at, not '%s'.\n", DIRTY_SAMPLES_MIN,
                       DIRTY_SAMPLES_MAX, argv[1]);
    } else if (!dirty_rate_start(seconds, samples)) {
        monitor_puts(mon, "It is being measured ('info dirty_rate').\n");
    } else {
        monitor_printf(mon, "Starting dirty rate measurement with period %u seconds\n[Please use 'info dirty_rate' to "
                       "check results]\n", seconds);
    }
}

void hmp_info_dirty_rate(Monitor *mon, char **argv)
{
    static const char *const statuses[] = {
        [DIRTY_UNSTARTED] = "unstarted", [DIRTY_MEASURING] = "measuring", [DIRTY_MEASURED] = "measured",
    };
    const DirtyRate r = dirty_rate();

    monitor_printf(mon, "Status: %s\nStart Time: %lld (ms)\nSample Pages: %u (per GB)\nPeriod: %u (sec)\n"
                   "Mode: page-sampling\n", statuses[r.status], (long long)r.start_ms, r.samples, r.seconds);
    if (r.status == DIRTY_MEASURED) {
        monitor_printf(mon, "Dirty rate: %llu (MB/s)\n", (unsigned long long)r.rate);
    } else {
        monitor_puts(mon, "Dirty rate: (not ready)\n");
    }
}

static BlockBackend *find_disk(Monitor *mon, const char *name)
{
    BlockBackend *blk = blk_find(name);

    if (!blk) {
        monitor_printf(mon, "There is no drive '%s' ('info block' lists them).\n", name);
    }
    return blk;
}

static void say(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
        g_free(problem);
    }
}

/* argv: DRIVE NAME */
void hmp_snapshot_inside(Monitor *mon, char **argv)
{
    BlockBackend *blk = find_disk(mon, argv[0]);

    if (blk) {
        say(mon, blk_snapshot_inside(blk, argv[1]));
    }
}

/* argv: DRIVE NAME [ID] */
void hmp_snapshot_inside_delete(Monitor *mon, char **argv)
{
    BlockBackend *blk = find_disk(mon, argv[0]);
    BlockSnapshot gone = { 0 };

    if (blk) {
        say(mon, blk_snapshot_inside_delete(blk, argv[2], argv[1], &gone));
        g_free(gone.id);
        g_free(gone.name);
    }
}
