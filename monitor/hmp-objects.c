/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands: objects, networks and drives that come and go; memory backends, I/O threads. I/O thread. */
#include <inttypes.h>
#include <string.h>
#include "block/job.h"
#include "monitor/monitor-internal.h"
#include "sysemu/live-options.h"

/* Takes `problem`, which may be NULL. */
static void conclude(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
        g_free(problem);
    }
}

void hmp_object_add(Monitor *mon, char **argv) { conclude(mon, live_object_add(argv[0])); }
void hmp_object_del(Monitor *mon, char **argv) { conclude(mon, live_object_delete(argv[0])); }
void hmp_netdev_add(Monitor *mon, char **argv) { conclude(mon, live_netdev_add(argv[0])); }
void hmp_netdev_del(Monitor *mon, char **argv) { conclude(mon, live_netdev_delete(argv[0])); }
void hmp_drive_del(Monitor *mon, char **argv) { conclude(mon, block_node_delete(argv[0])); }

/* argv: [-n] [PLACE] OPTIONS; the place, of PCI, says nothing here. */
void hmp_drive_add(Monitor *mon, char **argv)
{
    argv += !strcmp(argv[0], "-n");
    argv += argv[0] && argv[1];
    if (!argv[0] || argv[1]) {
        monitor_puts(mon, "drive_add [-n] [0] if=none,id=ID,file=FILE[,PROPERTY=VALUE...]\n");
    } else {
        conclude(mon, live_drive_add(argv[0]));
    }
}

static const char *on_off(bool on)
{
    return on ? "true" : "false";
}

void hmp_info_memdev(Monitor *mon, char **argv)
{
    LiveMemory m;

    for (unsigned i = 0; live_memory_backend(i, &m); i++) {
        monitor_printf(mon, "memory backend: %s\n  size:  %" PRIu64 "\n  merge: %s\n  dump: %s\n  prealloc: %s\n"
                       "  share: %s\n  policy: default\n  host nodes:\n\n", m.id, m.bytes, on_off(m.merge),
                       on_off(m.dump), on_off(m.prealloc), on_off(m.share));
    }
}

void hmp_info_iothreads(Monitor *mon, char **argv)
{
    const char *id;

    for (unsigned i = 0; (id = live_iothread(i)) != NULL; i++) {
        monitor_printf(mon, "%s: changes nothing, disks have threads of their own\n", id);
    }
}
