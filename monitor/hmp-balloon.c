/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's commands about the memory balloon. I/O thread. */
#include "hw/virtio/balloon.h"
#include "monitor/monitor-internal.h"

enum { MIB = 1 << 20 };

void hmp_balloon(Monitor *mon, char **argv)
{
    char *end;
    const guint64 mib = g_ascii_strtoull(argv[0], &end, 10);

    if (!g_ascii_isdigit(*argv[0]) || *end || !mib || mib > G_MAXUINT32) {
        monitor_printf(mon, "balloon wants the guest's memory in MiB, a number from 1, not '%s'\n", argv[0]);
    } else if (!balloon_set_target(mib * MIB)) {
        monitor_puts(mon, "there is no balloon device (-device virtio-balloon-device)\n");
    }
}

void hmp_info_balloon(Monitor *mon, char **argv)
{
    uint64_t bytes;

    if (balloon_actual(&bytes)) {
        monitor_printf(mon, "balloon: actual=%u\n", (unsigned)(bytes / MIB));
    } else {
        monitor_puts(mon, "there is no balloon device (-device virtio-balloon-device)\n");
    }
}
