/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run state: start, stop, reset and the end of the machine, and the signals that ask for the last.
 *
 * Any thread, or a signal handler, makes a request by setting an atomic flag and posting work (qemu/io-loop.h); the
 * I/O thread finds the flag and does the rest, so that stopping CPUs never happens on a CPU's own thread. Before the
 * main loop a signal ends the program at once, whatever it waits for.
 *
 * Stopping CPUs waits for no reader, file or guest: whatever a CPU waits for, it does so at its main loop
 * (sysemu/cpu-hold.h).
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "block/block.h"
#include "chardev/char.h"
#include "hw/boards.h"
#include "qemu/exit-files.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/observe.h"
#include "qemu/replay.h"
#include "qemu/timer.h"
#include "qemu/trace.h"
#include "qemu/writer.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"

/* Why the machine is reset or ends. */
typedef enum Cause {
    CAUSE_NONE, CAUSE_GUEST_SHUTDOWN, CAUSE_GUEST_RESET, CAUSE_USER_RESET, CAUSE_USER_QUIT, CAUSE_SIGNAL,
} Cause;

static struct {
    bool shutdown, quit, continued;
    Cause reset;                        /* CAUSE_NONE: not asked for */
    int exit_code;                      /* valid once shutdown or quit is set */
    int signal, signal_pid;             /* 0: none came */
} request;                              /* atomics */

static bool starting = true;            /* atomic: no main loop looks at requests yet */
static bool running;                    /* atomic; written by the I/O thread */
static bool user_quit;                  /* the monitor's quit or Ctrl-a x ended the loop; I/O thread */
static bool opt_no_reboot, opt_no_shutdown;     /* I/O thread */
static int exit_code;                   /* I/O thread */
static bool clock_stands;               /* while the machine runs, as vm_start_without_clock() wants; I/O thread */
static unsigned frozen;                 /* runstate_freeze() without its end; I/O thread */
static Cause cause;                     /* of what listeners are told about; I/O thread */
/* I/O thread; while not running */
static enum {
    STOP_PRELAUNCH, STOP_PAUSED, STOP_DEBUG, STOP_IO_ERROR, STOP_SHUTDOWN, STOP_WATCHDOG, STOP_INMIGRATE,
    STOP_FINISH_MIGRATE, STOP_POSTMIGRATE,
} stop_reason;
static bool start_when_loaded;          /* I/O thread; while STOP_INMIGRATE */
static void (*listener[4])(RunstateEvent event, int code);  /* constant once the main loop runs; NULL: none more */

static void handle_requests(void *opaque);
static IOWork requests_work = { .fn = handle_requests };

/* From the request on until it is done; atomic. */
static bool reset_under_way;

static void request_reset(Cause why)
{
    __atomic_store_n(&reset_under_way, true, __ATOMIC_SEQ_CST);
    __atomic_store_n(&request.reset, why, __ATOMIC_SEQ_CST);
    io_post(&requests_work);
}

void qemu_system_reset_request(void)
{
    request_reset(CAUSE_GUEST_RESET);
}

bool qemu_system_is_resetting(void)
{
    return __atomic_load_n(&reset_under_way, __ATOMIC_SEQ_CST);
}

static ReplaySource *reset_source;              /* constant */

static void play_reset(void *opaque, const uint8_t *data, size_t bytes)
{
    request_reset(CAUSE_USER_RESET);
}

void qemu_system_user_reset_request(void)
{
    replay_event(reset_source, "", 1);
}

/* The first code other than 0 counts. */
static void request_end(bool *flag, int code)
{
    int none = 0;

    __atomic_compare_exchange_n(&request.exit_code, &none, code, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    __atomic_store_n(flag, true, __ATOMIC_SEQ_CST);
    io_post(&requests_work);
}

void qemu_system_shutdown_request(int code)
{
    request_end(&request.shutdown, code);
}

void qemu_system_quit_request(int code)
{
    request_end(&request.quit, code);
}

bool runstate_is_running(void)
{
    return __atomic_load_n(&running, __ATOMIC_SEQ_CST);
}

const char *runstate_name(void)
{
    static const char *const stopped[] = {
        [STOP_PRELAUNCH] = "paused (prelaunch)", [STOP_PAUSED] = "paused", [STOP_DEBUG] = "paused (debug)",
        [STOP_IO_ERROR] = "paused (io-error)", [STOP_SHUTDOWN] = "paused (shutdown)",
        [STOP_WATCHDOG] = "paused (watchdog)", [STOP_INMIGRATE] = "paused (inmigrate)",
        [STOP_FINISH_MIGRATE] = "paused (finish-migrate)", [STOP_POSTMIGRATE] = "paused (postmigrate)",
    };

    return runstate_is_running() ? "running" : stopped[stop_reason];
}

const char *runstate_cause(bool *guest)
{
    static const char *const names[] = {
        [CAUSE_NONE] = "none", [CAUSE_GUEST_SHUTDOWN] = "guest-shutdown", [CAUSE_GUEST_RESET] = "guest-reset",
        [CAUSE_USER_RESET] = "host-qmp-system-reset", [CAUSE_USER_QUIT] = "host-qmp-quit",
        [CAUSE_SIGNAL] = "host-signal",
    };

    *guest = cause == CAUSE_GUEST_SHUTDOWN || cause == CAUSE_GUEST_RESET;
    return names[cause];
}

bool runstate_flush_give_up(int stalled_ms)
{
    return writers_give_up_soon(stalled_ms) && (user_quit || __atomic_load_n(&request.signal, __ATOMIC_SEQ_CST));
}

void runstate_hold_cpus(void)
{
    cpus_pause();
}

void runstate_release_cpus(void)
{
    cpus_resume();
}

void runstate_freeze(void)
{
    runstate_hold_cpus();
    clock_virtual_pause(true);
    frozen++;
}

void runstate_thaw(void)
{
    if (!--frozen && runstate_is_running() && !clock_stands) {
        clock_virtual_pause(false);
    }
    runstate_release_cpus();
}

void runstate_add_listener(void (*fn)(RunstateEvent event, int code))
{
    size_t n = 0;

    while (listener[n]) {
        n++;
        g_assert(n < G_N_ELEMENTS(listener));
    }
    listener[n] = fn;
}

void runstate_tell(RunstateEvent event, int code)
{
    for (size_t n = 0; n < G_N_ELEMENTS(listener) && listener[n]; n++) {
        listener[n](event, code);
    }
}

static void start(bool with_clock)
{
    char *problem;

    if (runstate_is_running()) {
        return;
    }
    if (stop_reason == STOP_INMIGRATE) {
        start_when_loaded = true;
        return;
    }
    problem = blk_take_all();
    if (problem) {
        error_report("the machine cannot go on: %s", problem);
        g_free(problem);
        return;
    }
    __atomic_store_n(&running, true, __ATOMIC_SEQ_CST);
    blk_resume_all();
    clock_stands = !with_clock;
    if (!frozen && with_clock) {
        clock_virtual_pause(false);
    }
    trace(MACHINE_STATE, "running=%d", runstate_is_running());
    cpus_resume();
    runstate_tell(RUNSTATE_RUNNING, 0);
}

void vm_start(void)
{
    start(true);
}

void vm_start_without_clock(void)
{
    start(false);
}

static void stop(int reason)
{
    bool was_running = runstate_is_running();

    if (stop_reason == STOP_INMIGRATE) {
        start_when_loaded = false;
        return;
    }
    if (was_running) {
        runstate_hold_cpus();
        clock_virtual_pause(true);
        __atomic_store_n(&running, false, __ATOMIC_SEQ_CST);
    }
    stop_reason = reason;
    if (was_running) {
        trace(MACHINE_STATE, "running=%d", runstate_is_running());
        runstate_tell(reason == STOP_SHUTDOWN ? RUNSTATE_SHUTDOWN
                      : reason == STOP_DEBUG ? RUNSTATE_DEBUG : RUNSTATE_PAUSED,
                      0);
    }
}

void vm_stop(void)
{
    stop(STOP_PAUSED);
}

void vm_stop_for_user(void)
{
    bool was_running = runstate_is_running();

    vm_stop();
    if (was_running && replay_mode == REPLAY_NONE) {          /* else the recording says when requests end */
        blk_settle_all();
    }
}

void vm_stop_for_debugger(void)
{
    stop(STOP_DEBUG);
}

void runstate_stop_for_watchdog(void)
{
    stop(STOP_WATCHDOG);
}

void vm_stop_for_io_error(void)
{
    stop(STOP_IO_ERROR);
}

/* No board has such a button: only listeners notice. */
void vm_powerdown(void)
{
    runstate_tell(RUNSTATE_POWERDOWN, 0);
}

void vm_stop_for_migration(void)
{
    stop(STOP_FINISH_MIGRATE);
}

void runstate_migrated(void)
{
    stop(STOP_POSTMIGRATE);
}

void runstate_expect_state(bool start)
{
    stop_reason = STOP_INMIGRATE;
    start_when_loaded = start;
}

void runstate_loaded(bool was_running)
{
    stop_reason = STOP_PAUSED;
    if (was_running && start_when_loaded) {
        vm_start();
    }
}

void runstate_power_on(void)
{
    trace(MACHINE_RESET, "running=%d", runstate_is_running());
    qemu_devices_reset();
    blk_forget_stalled();
    cpus_reset();
}

static void reset_machine(void)
{
    bool was_running = runstate_is_running();

    if (was_running) {
        runstate_hold_cpus();
    }
    runstate_power_on();
    __atomic_store_n(&reset_under_way, false, __ATOMIC_SEQ_CST);
    if (was_running) {
        cpus_resume();
    } else {
        stop_reason = STOP_PAUSED;
    }
    runstate_tell(RUNSTATE_RESET, 0);
}

static void end_loop(int code, Cause why)
{
    cause = why;
    runstate_tell(RUNSTATE_ENDED, code);
    if (runstate_is_running()) {
        stop(STOP_SHUTDOWN);
    }
    exit_code = code;
    io_loop_quit();
}

/* The guest, not the user, wants to end; or a reset ends the machine. */
static void guest_shutdown(int code, Cause why)
{
    cause = why;
    runstate_tell(RUNSTATE_GUEST_END, code);
    if (opt_no_shutdown) {
        stop(STOP_SHUTDOWN);
        __atomic_store_n(&request.exit_code, 0, __ATOMIC_SEQ_CST);
    } else {
        end_loop(code, why);
    }
}

static void handle_requests(void *opaque)
{
    int signo;
    Cause reset;

    if (__atomic_exchange_n(&request.continued, false, __ATOMIC_SEQ_CST)) {
        chardev_terminal_continued();
    }
    signo = __atomic_load_n(&request.signal, __ATOMIC_SEQ_CST);
    if (signo) {
        int pid = __atomic_load_n(&request.signal_pid, __ATOMIC_SEQ_CST);

        if (pid) {
            error_report("terminating on signal %d from pid %d", signo, pid);
        } else {
            error_report("terminating on signal %d", signo);
        }
        end_loop(0, CAUSE_SIGNAL);
    } else if (__atomic_exchange_n(&request.quit, false, __ATOMIC_SEQ_CST)) {
        user_quit = true;
        end_loop(__atomic_load_n(&request.exit_code, __ATOMIC_SEQ_CST), CAUSE_USER_QUIT);
    } else if (__atomic_exchange_n(&request.shutdown, false, __ATOMIC_SEQ_CST)) {
        guest_shutdown(__atomic_load_n(&request.exit_code, __ATOMIC_SEQ_CST), CAUSE_GUEST_SHUTDOWN);
    } else if ((reset = __atomic_exchange_n(&request.reset, CAUSE_NONE, __ATOMIC_SEQ_CST)) != CAUSE_NONE) {
        if (stop_reason == STOP_INMIGRATE) {
            return;             /* the state that comes has been a running machine's */
        }
        if (opt_no_reboot) {
            guest_shutdown(0, reset);
        } else {
            cause = reset;
            reset_machine();
        }
    }
}

/*
 * Nobody looks at a request yet, and what the program waits for (a client, the other end of a FIFO, an answer of the
 * network) may never come: it ends as if it did not catch the signal, but leaves nothing behind.
 */
static void end_while_starting(int signo)
{
    chardev_terminal_restore();
    exit_files_remove();
    signal(signo, SIG_DFL);
    raise(signo);               /* comes when the handler returns */
}

static void termination_signal(int signo, siginfo_t *info, void *context)
{
    int saved_errno = errno, none = 0;

    if (__atomic_load_n(&starting, __ATOMIC_SEQ_CST)) {
        end_while_starting(signo);
        return;
    }
    if (!__atomic_compare_exchange_n(&request.signal, &none, signo, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        /* Asked twice: the orderly way out does not come to an end. */
        chardev_terminal_restore();
        exit_files_remove();
        _exit(128 + signo);
    }
    __atomic_store_n(&request.signal_pid, info->si_code == SI_USER ? (int)info->si_pid : 0, __ATOMIC_SEQ_CST);
    io_post(&requests_work);
    errno = saved_errno;
}

static void continue_signal(int signo)
{
    int saved_errno = errno;

    __atomic_store_n(&request.continued, true, __ATOMIC_SEQ_CST);
    io_post(&requests_work);
    errno = saved_errno;
}

/*
 * Back from here, the signal comes again and ends the program in the usual way. A thread that crashes while another one
 * is in here waits for that end.
 */
static void fatal_signal(int signo)
{
    static pthread_t thread;
    static bool crashed;

    if (__atomic_exchange_n(&crashed, true, __ATOMIC_SEQ_CST) && !pthread_equal(thread, pthread_self())) {
        for (;;) {
            pause();
        }
    }
    thread = pthread_self();
    chardev_terminal_restore();
    exit_files_remove();
    observe_crash();
    writers_flush_crash();
    signal(signo, SIG_DFL);
    raise(signo);
}

static void signals_init(void)
{
    static const int termination[] = { SIGINT, SIGTERM, SIGHUP };
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
    struct sigaction sa, old;

    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sa.sa_sigaction = termination_signal;
    for (unsigned i = 0; i < G_N_ELEMENTS(termination); i++) {
        /* Ignored by our parent's wish (nohup, a shell's background job): keep it so. */
        if (sigaction(termination[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaction(termination[i], &sa, NULL);
        }
    }
    sa.sa_flags = SA_RESTART;
    sa.sa_handler = continue_signal;
    sigaction(SIGCONT, &sa, NULL);
    sa.sa_flags = 0;
    sa.sa_handler = fatal_signal;
    for (unsigned i = 0; i < G_N_ELEMENTS(fatal); i++) {
        sigaction(fatal[i], &sa, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);   /* a file that may not grow is an error of write() */
}

void runstate_set_no_reboot(bool no_reboot)
{
    opt_no_reboot = no_reboot;
}

void runstate_set_no_shutdown(bool no_shutdown)
{
    opt_no_shutdown = no_shutdown;
}

void runstate_init(bool no_reboot, bool no_shutdown)
{
    opt_no_reboot = no_reboot;
    opt_no_shutdown = no_shutdown;
    reset_source = replay_source_new("reset", play_reset, NULL);
    signals_init();
}

void runstate_started(void)
{
    __atomic_store_n(&starting, false, __ATOMIC_SEQ_CST);
}

int runstate_main_loop(void)
{
    io_loop_run();
    return exit_code;
}
