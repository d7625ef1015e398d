/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session: from a debugger's first byte, which stops the machine, until it detaches or its connection ends. Packets
 * are answered on the I/O thread, in between the CPUs' work or while they are stopped; nothing here waits. There is one
 * port, which serves one debugger after another.
 *
 * Whoever detaches leaves a running machine without breakpoints. A connection that breaks leaves no breakpoints either,
 * and the machine as it was, most likely stopped: the next debugger finds what the last one saw.
 */
#include "gdbstub/internal.h"
#include "monitor/gdbstub.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"

static Gdb *the_gdb;

static void forget(Gdb *g)
{
    __atomic_store_n(&g->attached, false, __ATOMIC_SEQ_CST);
    __atomic_store_n(&g->takes_calls, false, __ATOMIC_SEQ_CST);
    g->resumed = g->restarts = g->physical = g->step_irqs = g->step_clock_stands = g->names_processes = false;
    g->knows_registers = false;
    g->cpu = g->stop_cpu = 0;
    g->step_cpu = -1;
}

void gdb_leave(Gdb *g)
{
    runstate_hold_cpus();
    debug_points_clear();
    debug_take_stop();
    gdb_call_drop(g);
    runstate_release_cpus();
    forget(g);
}

/* ---- events ---- */

static void cpu_stopped(void)
{
    if (runstate_is_running()) {
        vm_stop_for_debugger();
    }
}

static void runstate_changed(RunstateEvent event, int code)
{
    static const int signals[] = {
        [RUNSTATE_PAUSED] = GDB_SIGINT, [RUNSTATE_DEBUG] = GDB_SIGTRAP, [RUNSTATE_SHUTDOWN] = GDB_SIGQUIT,
    };
    static const DebugStop reset = { DEBUG_NONE, 0, DEBUG_NB_KINDS, 0 };
    Gdb *g = the_gdb;
    DebugStop stop;

    if (event == RUNSTATE_ENDED) {
        if (g->attached) {
            char text[24];

            g_snprintf(text, sizeof(text), "W%02x%s", code & 0xff, g->names_processes ? ";process:1" : "");
            gdb_send_text(&g->link, text);
        }
        __atomic_store_n(&g->attached, false, __ATOMIC_SEQ_CST);
        g->resumed = false;
        return;
    }
    if (event == RUNSTATE_RESET && g->restarts) {
        g->restarts = false;
        gdb_report(g, &reset, GDB_SIGTRAP);
        return;
    }
    if (gdb_call_begins()) {
        return;
    }
    if (event != RUNSTATE_PAUSED && event != RUNSTATE_DEBUG && event != RUNSTATE_SHUTDOWN) {
        return;
    }
    stop = debug_take_stop();
    if (g->resumed) {
        g->resumed = false;
        gdb_report(g, &stop, signals[event]);
    }
}

/* ---- input ---- */

static void packet(Gdb *g)
{
    const char *text = g->link.data->str;
    bool running = runstate_is_running();

    if (g->resumed && text[0] != 'k' && text[0] != 'D' && !g_str_has_prefix(text, "vKill")) {
        gdb_send_text(&g->link, GDB_E_BUSY);
        return;
    }
    /* It runs behind the debugger's back, by the monitor's will. */
    if (running) {
        runstate_hold_cpus();
    }
    gdb_command(g, text, g->link.data->len);
    if (running) {
        runstate_release_cpus();
    }
}

static void input(Gdb *g, uint8_t byte)
{
    if (!g->attached) {
        if (byte != '$' && byte != 0x03) {
            return;             /* the acknowledgement of a farewell does not bring the debugger back */
        }
        __atomic_store_n(&g->attached, true, __ATOMIC_SEQ_CST);
        vm_stop();
    }
    switch (gdb_link_byte(&g->link, byte)) {
    case GDB_PACKET:
        packet(g);
        break;
    case GDB_TOO_LONG:
        gdb_send_text(&g->link, GDB_E_TOO_LONG);
        break;
    case GDB_INTERRUPT:
        if (g->resumed) {
            vm_stop();
        }
        break;
    case GDB_NOTHING:
        break;
    }
}

static int receive(void *opaque, const uint8_t *buf, int len)
{
    for (int i = 0; i < len; i++) {
        input(opaque, buf[i]);
    }
    return len;
}

static bool event(void *opaque, int what)
{
    Gdb *g = opaque;

    if (what == CHR_EVENT_OPENED) {
        gdb_link_reset(&g->link);
    } else if (what == CHR_EVENT_CLOSED && g->attached) {
        gdb_leave(g);
    }
    return true;
}

bool gdbstub_is_there(void)
{
    return the_gdb;
}

void gdbstub_attach(Chardev *chr, MachineState *machine)
{
    CharFrontend fe = { .receive = receive, .event = event };
    Gdb *g = g_new0(Gdb, 1);

    the_gdb = g;
    g->machine = machine;
    g->call_cpu = -1;
    forget(g);
    gdb_calls_init(g);
    gdb_link_init(&g->link, chr);
    debug_set_handler(cpu_stopped);
    runstate_add_listener(runstate_changed);
    fe.opaque = g;
    chardev_attach(chr, &fe);
}
