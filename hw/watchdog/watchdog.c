/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See the header. */
#include "hw/watchdog/watchdog.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"

enum { WARNINGS = 5 };

void watchdog_expired(const char *name, unsigned *told)
{
    /* A guest that resets the machine may have started one in case that fails, as Linux does. */
    if (qemu_system_is_resetting()) {
        return;
    }
    if (*told < WARNINGS) {
        ++*told;
        warn_report("%s expired%s", name, *told == WARNINGS ? "; further times are not reported" : "");
    }
    qemu_system_watchdog_request();
}
