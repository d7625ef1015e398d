/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests any thread may make; the I/O thread carries them out. Implemented in softmmu/runstate.c. */
#ifndef SYSEMU_RUNSTATE_H
#define SYSEMU_RUNSTATE_H
#include <stdbool.h>
void qemu_system_reset_request(void);               /* by the guest; with -no-reboot: exit 0 */
void qemu_system_user_reset_request(void);          /* the same by the user */
void qemu_system_shutdown_request(int exit_code);   /* guest power-off, semihosting exit, Ctrl-a x */
void qemu_system_quit_request(int exit_code);       /* the user wants out: also with -no-shutdown */
bool qemu_system_is_resetting(void);                /* asked for and not done yet; the CPUs may still run */
void qemu_system_watchdog_request(void);            /* a watchdog expired: what -action watchdog= says */
void vm_start(void);                                /* I/O thread */
void vm_start_without_clock(void);                  /* the same, and the guest's time stands until it stops again */
void vm_stop(void);                                 /* I/O thread */
void vm_stop_for_user(void);                        /* and the disks' images can be copied (blk_settle_all()) */
void vm_powerdown(void);                            /* the power button; I/O thread */
bool runstate_is_running(void);
/* vm_stop(), and the monitor shows for whom or for what. I/O thread. */
void vm_stop_for_debugger(void);
void vm_stop_for_io_error(void);                    /* a disk's, which the user can mend */
/*
 * For whoever moves the machine's state. I/O thread. vm_stop_for_migration(): stop it to send the rest of its state.
 * runstate_migrated(): it has arrived; from now on the machine is another program's. runstate_expect_state(): it stands
 * still until its state comes; vm_start() says meanwhile that it goes on then, vm_stop() that it does not, and `start`
 * which holds if neither is said. runstate_loaded(): the state is there.
 */
void vm_stop_for_migration(void);
void runstate_migrated(void);
void runstate_expect_state(bool start);
void runstate_loaded(bool was_running);

/*
 * The machine was stopped by the user, for a debugger, by the guest's end with -no-shutdown; the guest asked for its
 * end; it was reset; it goes on; the program ends; a watchdog expired, and what `code` says follows (WatchdogAction);
 * somebody pressed the power button.
 */
typedef enum RunstateEvent {
    RUNSTATE_PAUSED, RUNSTATE_DEBUG, RUNSTATE_SHUTDOWN, RUNSTATE_GUEST_END, RUNSTATE_RESET, RUNSTATE_RUNNING,
    RUNSTATE_ENDED, RUNSTATE_WATCHDOG, RUNSTATE_POWERDOWN
} RunstateEvent;

/* softmmu/watchdog.c: what follows when a watchdog has expired. */
typedef enum WatchdogAction {
    WATCHDOG_RESET, WATCHDOG_SHUTDOWN, WATCHDOG_POWEROFF, WATCHDOG_PAUSE, WATCHDOG_DEBUG, WATCHDOG_NONE,
    WATCHDOG_INJECT_NMI, WATCHDOG_ACTIONS
} WatchdogAction;
/* As -action has them. */
extern const char *const watchdog_action_names[WATCHDOG_ACTIONS];
/* Main thread, before the main loop. False: there is no action of that name. */
bool watchdog_set_action(const char *name);

/*
 * Why the machine was reset or ends, by the word of QMP ("guest-reset", "host-signal"), and whether the guest wanted
 * it. For listeners.
 */
const char *runstate_cause(bool *guest);
/*
 * Somebody to be told, on the I/O thread; with the CPUs paused where the machine was stopped. At the end `code` is the
 * exit code. Main thread, before the main loop; at most 4.
 */
void runstate_add_listener(void (*fn)(RunstateEvent event, int code));
#endif
