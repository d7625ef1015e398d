/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: the screen and what is typed. */
#include "monitor/qmp-internal.h"
#include "ui/console.h"

void qmp_screendump(QmpCall *call)
{
    char *problem;

    if (qmp_string(call, "device") || qmp_int(call, "head", 0)) {
        qmp_fail(call, "there is one screen; leave 'device' and 'head' out");
        return;
    }
    problem = screendump(qmp_string(call, "filename"), qmp_string(call, "format"));
    if (problem) {
        qmp_fail(call, "%s", problem);
        g_free(problem);
    }
}
