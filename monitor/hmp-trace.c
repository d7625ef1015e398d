/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "info trace-events" and "trace-event". I/O thread. */
#include <string.h>
#include "monitor/monitor-internal.h"
#include "qemu/trace.h"

typedef struct Listing {
    Monitor *mon;
    const char *pattern;
} Listing;

static bool list_event(void *opaque, const char *name, const char *help, bool on)
{
    const Listing *l = opaque;

    if (g_pattern_match_simple(l->pattern, name)) {
        monitor_printf(l->mon, "%s : state %d\n", name, on);
    }
    return on;
}

void hmp_info_trace_events(Monitor *mon, char **argv)
{
    Listing l = { mon, argv[0] ? argv[0] : "*" };

    trace_each(list_event, &l);
}

void hmp_trace_event(Monitor *mon, char **argv)
{
    bool on = !strcmp(argv[1], "on");

    if (!on && strcmp(argv[1], "off")) {
        monitor_printf(mon, "'%s' is neither 'on' nor 'off'\n", argv[1]);
    } else if (!trace_set(argv[0], on)) {
        monitor_printf(mon, "unknown event name '%s' ('info trace-events' lists those there are)\n", argv[0]);
    }
}
