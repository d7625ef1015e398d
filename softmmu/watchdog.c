/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the machine does when a watchdog has expired: -action watchdog=. Any thread asks; the I/O thread tells the
 * listeners of the run state, then acts.
 */
#include <string.h>
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"

const char *const watchdog_action_names[WATCHDOG_ACTIONS] = {
    [WATCHDOG_RESET] = "reset", [WATCHDOG_SHUTDOWN] = "shutdown", [WATCHDOG_POWEROFF] = "poweroff",
    [WATCHDOG_PAUSE] = "pause", [WATCHDOG_DEBUG] = "debug", [WATCHDOG_NONE] = "none",
    [WATCHDOG_INJECT_NMI] = "inject-nmi",
};

static WatchdogAction action = WATCHDOG_RESET;  /* constant once the main loop runs */

bool watchdog_set_action(const char *name)
{
    for (unsigned i = 0; i < WATCHDOG_ACTIONS; i++) {
        if (!strcmp(watchdog_action_names[i], name)) {
            action = (WatchdogAction)i;
            return true;
        }
    }
    return false;
}

static void expired(void *opaque)
{
    runstate_tell(RUNSTATE_WATCHDOG, (int)action);
    switch (action) {
    case WATCHDOG_RESET:
        qemu_system_reset_request();
        break;
    case WATCHDOG_SHUTDOWN:
        warn_report("the machine has no power button: the watchdog cannot ask the guest to shut down");
        break;
    case WATCHDOG_POWEROFF:
        qemu_system_quit_request(0);
        break;
    case WATCHDOG_PAUSE:
        runstate_stop_for_watchdog();
        break;
    case WATCHDOG_INJECT_NMI:
        warn_report("the machine has no interrupt that cannot be masked: the watchdog injects none");
        break;
    case WATCHDOG_DEBUG:        /* that it expired has been said */
    case WATCHDOG_NONE:
    case WATCHDOG_ACTIONS:
        break;
    }
}

void qemu_system_watchdog_request(void)
{
    static IOWork work = { .fn = expired };

    io_post(&work);
}
