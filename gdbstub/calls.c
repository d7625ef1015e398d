/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of semihosting that the debugger carries out (File-I/O). A CPU writes its request and is held; the I/O thread
 * stops the machine, sends one request after another, each in the place of a stop reply, and lets the machine go on
 * when the answer has come. Steps and stops that are under way meanwhile stay so.
 *
 * requests[].state: set to WANTED by the CPU, with its text, and back by the I/O thread; atomic.
 */
#include <errno.h>
#include "gdbstub/internal.h"
#include "hw/semihosting.h"
#include "qemu/io-loop.h"
#include "sysemu/runstate.h"

enum { REQUEST_BYTES = 128 };

static struct {
    uint32_t wanted;
    char text[REQUEST_BYTES];
} requests[ARM_MAX_CPUS];
static Gdb *gdb;                        /* fixed */
static bool begins;                     /* I/O thread */

static bool attached(void)
{
    return __atomic_load_n(&gdb->attached, __ATOMIC_SEQ_CST) && __atomic_load_n(&gdb->takes_calls, __ATOMIC_SEQ_CST);
}

bool gdb_call_begins(void)
{
    return begins;
}

static void send_request(Gdb *g, int cpu)
{
    begins = true;
    vm_stop_for_debugger();
    begins = false;
    g->resumed = false;
    g->call_cpu = cpu;
    gdb_send_text(&g->link, requests[cpu].text);
}

/* The next request. A debugger that does not wait for the machine expects none. */
static void serve(void *opaque)
{
    Gdb *g = gdb;

    for (int i = 0; i < g->machine->smp && g->call_cpu < 0; i++) {
        if (!__atomic_exchange_n(&requests[i].wanted, 0, __ATOMIC_SEQ_CST)) {
            continue;
        }
        if (attached() && g->resumed) {
            send_request(g, i);
        } else {
            semihosting_remote_answer(i, -1, EINTR);
        }
    }
}

static IOWork serve_work = { .fn = serve };

/* CPU thread. */
static void ask(int cpu, const char *request)
{
    g_strlcpy(requests[cpu].text, request, REQUEST_BYTES);
    __atomic_store_n(&requests[cpu].wanted, 1, __ATOMIC_SEQ_CST);
    io_post(&serve_work);
}

void gdb_calls_init(Gdb *g)
{
    static const SemihostingRemote remote = { attached, ask };

    gdb = g;
    semihosting_set_remote(&remote);
}

static void end_call(Gdb *g, int32_t ret, int err)
{
    int cpu = g->call_cpu;

    g->call_cpu = -1;
    semihosting_remote_answer(cpu, ret, err);
    io_post(&serve_work);
}

void gdb_call_drop(Gdb *g)
{
    if (g->call_cpu >= 0) {
        end_call(g, -1, EINTR);
    }
}

/* RESULT[,ERRNO[,C]]; C: the user wants the machine to stop. */
void gdb_call_answer(Gdb *g, const char *p)
{
    static const DebugStop none = { DEBUG_NONE, 0, DEBUG_NB_KINDS, 0 };
    bool negative = *p == '-';
    uint32_t ret, err = 0;

    p += negative;
    if (g->call_cpu < 0 || !gdb_number(&p, &ret) || (*p == ',' && (p++, !gdb_number(&p, &err)))) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    end_call(g, negative ? -1 : (int32_t)ret, (int)err);
    if (p[0] == ',' && p[1] == 'C') {
        debug_take_stop();
        gdb_report(g, &none, GDB_SIGINT);
        return;
    }
    g->resumed = true;
    vm_start();
    debug_look_again();
}
