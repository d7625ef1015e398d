/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What main() and the monitor use of the run-state code; devices use sysemu/runstate.h. Main (= I/O) thread unless
 * noted.
 */
#ifndef SYSEMU_SYSEMU_H
#define SYSEMU_SYSEMU_H
#include <stdbool.h>
#include "sysemu/runstate.h"

/* Catch signals and make the main loop's wake-up; before anything that other threads or signals may touch. */
void runstate_init(bool no_reboot, bool no_shutdown);
/* The same later; I/O thread. */
void runstate_set_no_reboot(bool no_reboot);
void runstate_set_no_shutdown(bool no_shutdown);
/*
 * The machine stands, and nothing is waited for from here to the main loop: signals now become requests to it. Until
 * then they end the program at once.
 */
void runstate_started(void);
/* Put devices and CPUs into their state after power-on; CPUs are stopped. */
void runstate_power_on(void);
/* Run the main loop until the program is to end; returns the exit code. The VM is stopped then. */
int runstate_main_loop(void);
/* "running", "paused (shutdown)" and so on. */
const char *runstate_name(void);
/* Tell the listeners of an event that others than the run-state code know of. */
void runstate_tell(RunstateEvent event, int code);
/* vm_stop(), and the monitor shows why. */
void runstate_stop_for_watchdog(void);
/* Stop the CPUs for a moment to look at them or at memory; nestable, independent of the run state. */
void runstate_hold_cpus(void);
void runstate_release_cpus(void);
/* The same for longer: the guest's clock stands still, too. I/O thread; nestable; stop and cont are free to come. */
void runstate_freeze(void);
void runstate_thaw(void);
/* For chardev_flush_all() and writers_end(): wait for ever unless the user asked us to end. */
bool runstate_flush_give_up(int stalled_ms);
#endif
