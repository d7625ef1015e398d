/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the screen and what is typed: screendump. */
#include <string.h>
#include "monitor/monitor-internal.h"
#include "ui/console.h"

/* FILE [-f FORMAT] */
void hmp_screendump(Monitor *mon, char **argv)
{
    char *problem;

    if (argv[1] && (strcmp(argv[1], "-f") || !argv[2])) {
        monitor_puts(mon, "usage: screendump FILE [-f ppm|png]\n");
        return;
    }
    problem = screendump(argv[0], argv[1] ? argv[2] : NULL);
    if (problem) {
        monitor_printf(mon, "%s\n", problem);
        g_free(problem);
    }
}
