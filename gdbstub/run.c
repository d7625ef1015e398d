/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Going on and stopping: which CPU does what until the next stop, and the stop replies. All stop together: the CPUs
 * share one machine, with one time.
 */
#include <string.h>
#include "gdbstub/internal.h"
#include "migration/replay.h"
#include "qemu/replay.h"
#include "sysemu/runstate.h"
#include "target/arm/debug-regs.h"

enum { STEPS_ALONE = 32 };

/*
 * gdb steps one CPU and lets the others run meanwhile, which store to what it has reserved: then no STREX would ever
 * succeed that is stepped to. So a CPU between LDREX and STREX steps while the others stay; not for ever, for what it
 * spins on may be another CPU's to give.
 */
static bool steps_alone(Gdb *g, const DebugRun *run)
{
    for (int i = 0; i < g->machine->smp; i++) {
        if (run[i] == DEBUG_STEP && debug_in_exclusive(i)) {
            g->steps_alone = (g->steps_alone + 1) % STEPS_ALONE;
            return g->steps_alone != 0;
        }
    }
    g->steps_alone = 0;
    return false;
}

static void start(Gdb *g, DebugRun *run)
{
    bool stands = g->step_clock_stands;

    vm_stop();                          /* somebody else may have started it */
    gdb_call_drop(g);
    if (steps_alone(g, run)) {
        for (int i = 0; i < g->machine->smp; i++) {
            run[i] = run[i] == DEBUG_STEP ? DEBUG_STEP : DEBUG_STAY;
        }
    }
    for (int i = 0; i < g->machine->smp; i++) {
        debug_set_run(i, run[i], g->step_irqs);
        stands &= run[i] != DEBUG_RUN;
    }
    g->resumed = true;
    if (stands) {
        vm_start_without_clock();
    } else {
        vm_start();
    }
}

/*
 * c, s [ADDRESS]; C, S SIGNAL[;ADDRESS]: a machine takes no signals. With a thread chosen by Hc it alone runs; a step
 * is always one thread's.
 */
void gdb_resume(Gdb *g, const char *packet)
{
    bool step = packet[0] == 's' || packet[0] == 'S', signal = packet[0] == 'C' || packet[0] == 'S';
    int cpu = g->step_cpu >= 0 ? g->step_cpu : g->stop_cpu;
    const char *p = packet + 1;
    DebugRun run[ARM_MAX_CPUS];
    uint32_t value;

    if (signal && (!gdb_number(&p, &value) || (*p && *p++ != ';'))) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    if (*p) {
        if (!gdb_number_before(&p, '\0', &value)) {
            gdb_send_text(&g->link, GDB_E_INVALID);
            return;
        }
        if (gdb_must_not_change(g)) {
            return;
        }
        value = GUINT32_TO_LE(value);
        debug_reg_write(g->machine->cpu[cpu], DEBUG_REG_PC, (const uint8_t *)&value);
        debug_wake(cpu);
    }
    for (int i = 0; i < g->machine->smp; i++) {
        bool alone = step || g->step_cpu >= 0;

        run[i] = i == cpu ? (step ? DEBUG_STEP : DEBUG_RUN) : alone ? DEBUG_STAY : DEBUG_RUN;
    }
    start(g, run);
}

/* gdb seldom says whose instruction bs is about: it has spoken of the CPU that stopped. */
void gdb_reverse(Gdb *g, const char *packet)
{
    int cpu = g->step_cpu >= 0 ? g->step_cpu : g->stop_cpu;
    const DebugStop begin = { .reason = DEBUG_BEGIN, .cpu = cpu };

    if (replay_mode != REPLAY_PLAY || (strcmp(packet, "bs") && strcmp(packet, "bc"))) {
        gdb_send_text(&g->link, "");
        return;
    }
    vm_stop();                          /* somebody else may have started it */
    gdb_call_drop(g);
    g->resumed = true;
    if (!(packet[1] == 's' ? replay_step_back(cpu) : replay_run_back())) {
        g->resumed = false;
        gdb_report(g, &begin, GDB_SIGTRAP);
    }
}

/* One action of vCont: c, s, C SIGNAL, S SIGNAL, each perhaps with :THREAD. */
static bool parse_action(const Gdb *g, const char **p, DebugRun *run, int *cpu)
{
    char action = **p;
    uint32_t signal;

    if (action != 'c' && action != 's' && action != 'C' && action != 'S') {
        return false;
    }
    (*p)++;
    *run = action == 's' || action == 'S' ? DEBUG_STEP : DEBUG_RUN;
    *cpu = -1;
    if ((action == 'C' || action == 'S') && !gdb_number(p, &signal)) {
        return false;
    }
    if (**p == ':') {
        (*p)++;
        if (!gdb_thread(g, p, cpu)) {
            return false;
        }
    }
    return true;
}

/* ;ACTION[;ACTION...]: the first that fits a thread counts; those without one stay. */
void gdb_vcont(Gdb *g, const char *actions)
{
    DebugRun run[ARM_MAX_CPUS], what;
    const char *p = actions;
    bool any = false, good = true;
    int cpu;

    for (int i = 0; i < ARM_MAX_CPUS; i++) {
        run[i] = DEBUG_STAY;
    }
    while (*p == ';' && good) {
        p++;
        good = parse_action(g, &p, &what, &cpu);
        for (int i = 0; good && i < g->machine->smp; i++) {
            if ((cpu < 0 || cpu == i) && run[i] == DEBUG_STAY) {
                run[i] = what;
                any = true;
            }
        }
    }
    if (*p || !any || !good) {
        gdb_send_text(&g->link, GDB_E_INVALID);
    } else {
        start(g, run);
    }
}

void gdb_report(Gdb *g, const DebugStop *stop, int signal)
{
    static const char *const kinds[] = { "swbreak", "hwbreak", "watch", "rwatch", "awatch" };
    GString *s = g_string_new(NULL);

    if (stop->reason != DEBUG_NONE) {
        g->stop_cpu = stop->cpu;
        signal = GDB_SIGTRAP;
    }
    g->cpu = g->stop_cpu;
    g_string_printf(s, "T%02xthread:", signal);
    gdb_append_thread(g, s, g->stop_cpu);
    g_string_append_c(s, ';');
    if (stop->reason == DEBUG_BROKE) {
        g_string_append_printf(s, "%s:;", kinds[stop->kind]);
    } else if (stop->reason == DEBUG_WATCHED) {
        g_string_append_printf(s, "%s:%x;", kinds[stop->kind], stop->addr);
    } else if (stop->reason == DEBUG_BEGIN) {
        g_string_append(s, "replaylog:begin;");
    }
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
}
