/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets by their first letter: registers, memory, points, threads, and the way out. The CPUs are paused. What is
 * not known gets the empty answer, by which gdb knows that it is not.
 */
#include <string.h>
#include "gdbstub/internal.h"
#include "qemu/replay.h"
#include "sysemu/runstate.h"
#include "sysemu/debug.h"
#include "target/arm/debug-regs.h"

static void ok(Gdb *g, bool good)
{
    gdb_send_text(&g->link, good ? "OK" : GDB_E_INVALID);
}

bool gdb_must_not_change(Gdb *g)
{
    if (replay_mode == REPLAY_RECORD) {
        gdb_send_text(&g->link, "E.a recording does not have what a debugger changes");
    }
    return replay_mode == REPLAY_RECORD;
}

/* "-1" for all; true: taken. */
static bool take_all(const char **p)
{
    bool all = g_str_has_prefix(*p, "-1");

    *p += all ? 2 : 0;
    return all;
}

bool gdb_thread(const Gdb *g, const char **p, int *cpu)
{
    uint32_t number;

    *cpu = -1;
    if (**p == 'p') {
        (*p)++;
        if (!take_all(p) && (!gdb_number(p, &number) || number > 1)) {
            return false;
        }
        if (**p != '.') {
            return true;
        }
        (*p)++;
    }
    if (take_all(p)) {
        return true;
    }
    if (!gdb_number(p, &number) || number > (uint32_t)g->machine->smp) {
        return false;
    }
    *cpu = (int)number - 1;
    return true;
}

void gdb_append_thread(const Gdb *g, GString *s, int cpu)
{
    g_string_append_printf(s, "%s%x", g->names_processes ? "p1." : "", cpu + 1);
}

/* ---- registers ---- */

static CPUARMState *chosen(const Gdb *g)
{
    return g->machine->cpu[g->cpu];
}

/*
 * Debuggers that read no descriptions (gdb built without expat, scripts) know ARM's registers as gdb had them at first:
 * r0 to r15, eight of the FPA with 12 bytes and its status, which are not there, CPSR. Until the description has been
 * read, g and G are of these.
 */
enum { OLD_FPA = 16, OLD_FPA_STATUS = 24, OLD_REGISTERS = DEBUG_REG_CPSR + 1, OLD_FPA_BYTES = 12, REG_BYTES_MAX = 12 };

static unsigned num_registers(const Gdb *g)
{
    return g->knows_registers ? DEBUG_REG_SYSTEM : OLD_REGISTERS;
}

static unsigned register_size(const Gdb *g, unsigned number)
{
    if (!g->knows_registers && number >= OLD_FPA && number <= OLD_FPA_STATUS) {
        return number < OLD_FPA_STATUS ? OLD_FPA_BYTES : 4;
    }
    return debug_reg_size(number);
}

static void read_registers(Gdb *g)
{
    GString *s = g_string_new(NULL);

    for (unsigned i = 0; i < num_registers(g); i++) {
        uint8_t buf[REG_BYTES_MAX] = { 0 };

        debug_reg_read(chosen(g), i, buf);
        gdb_append_hex(s, buf, register_size(g, i));
    }
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
}

static void write_register(Gdb *g, unsigned number, const uint8_t *buf, bool *good)
{
    *good &= debug_reg_write(chosen(g), number, buf);
    if (number == DEBUG_REG_PC) {
        debug_wake(g->cpu);
    }
}

/*
 * CPSR first: the others are those of the mode that it chooses, and its T is the PC's. A PC that stays as it is leaves
 * the CPU asleep.
 */
static void write_registers(Gdb *g, const char *digits)
{
    uint8_t buf[DEBUG_REG_SYSTEM * REG_BYTES_MAX], now[DEBUG_REG_MAX_BYTES];
    size_t offset[DEBUG_REG_SYSTEM], bytes = 0;
    bool good = true;

    for (unsigned i = 0; i < num_registers(g); i++) {
        offset[i] = bytes;
        bytes += register_size(g, i);
    }
    if (!gdb_from_hex(digits, buf, bytes)) {
        ok(g, false);
        return;
    }
    write_register(g, DEBUG_REG_CPSR, buf + offset[DEBUG_REG_CPSR], &good);
    for (unsigned i = 0; i < num_registers(g); i++) {
        unsigned size = debug_reg_read(chosen(g), i, now);

        if (size && memcmp(now, buf + offset[i], size)) {
            write_register(g, i, buf + offset[i], &good);
        }
    }
    ok(g, true);
}

static void read_register(Gdb *g, const char *p)
{
    uint8_t buf[DEBUG_REG_MAX_BYTES];
    GString *s = g_string_new(NULL);
    uint32_t number;

    if (gdb_number_before(&p, '\0', &number)) {
        gdb_append_hex(s, buf, debug_reg_read(chosen(g), number, buf));
    }
    gdb_send_text(&g->link, s->len ? s->str : GDB_E_INVALID);
    g_string_free(s, TRUE);
}

static void write_one_register(Gdb *g, const char *p)
{
    uint8_t buf[DEBUG_REG_MAX_BYTES] = { 0 };
    uint32_t number;
    bool good;

    good = gdb_number_before(&p, '=', &number) && debug_reg_size(number) &&
           gdb_from_hex(p, buf, debug_reg_size(number));
    if (good) {
        write_register(g, number, buf, &good);
    }
    ok(g, good);
}

/* ---- memory ---- */

static void read_memory(Gdb *g, const char *p)
{
    uint32_t address, length;
    uint8_t buf[GDB_PACKET_MAX / 2];
    size_t n;
    GString *s;

    if (!gdb_number_before(&p, ',', &address) || !gdb_number_before(&p, '\0', &length)) {
        ok(g, false);
        return;
    }
    n = gdb_read_memory(g, address, buf, MIN(length, sizeof(buf)));
    if (!n && length) {
        gdb_send_text(&g->link, GDB_E_FAULT);
        return;
    }
    s = g_string_new(NULL);
    gdb_append_hex(s, buf, n);
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
}

/* M ADDRESS,LENGTH:DIGITS and X ADDRESS,LENGTH:BYTES */
static void write_memory(Gdb *g, const char *packet, size_t len)
{
    const char *p = packet + 1;
    uint32_t address, length;
    uint8_t buf[GDB_PACKET_MAX];
    bool good;

    good = gdb_number_before(&p, ',', &address) && gdb_number_before(&p, ':', &length) && length <= sizeof(buf);
    if (good && packet[0] == 'M') {
        good = gdb_from_hex(p, buf, length);
    } else if (good) {
        good = gdb_from_binary(p, len - (size_t)(p - packet), buf, length);
    }
    if (!good) {
        ok(g, false);
    } else if (length && gdb_must_not_change(g)) {
        return;
    } else if (gdb_write_memory(g, address, buf, length) != length) {
        gdb_send_text(&g->link, GDB_E_FAULT);
    } else {
        ok(g, true);
    }
}

/* ---- points: Z KIND,ADDRESS,LENGTH and z; conditions and commands behind them are gdb's own business ---- */

static void point(Gdb *g, const char *packet)
{
    const char *p = packet + 1;
    uint32_t kind, address, length;

    if (!gdb_number_before(&p, ',', &kind) || !gdb_number_before(&p, ',', &address) || !gdb_number(&p, &length)) {
        ok(g, false);
    } else if (kind >= DEBUG_NB_KINDS) {
        gdb_send_text(&g->link, "");
    } else if (packet[0] == 'Z') {
        ok(g, debug_point_insert((DebugPointKind)kind, address, length));
    } else {
        ok(g, debug_point_remove((DebugPointKind)kind, address, length));
    }
}

/* ---- threads ---- */

static void choose_thread(Gdb *g, const char *p)
{
    char what = *p;
    int cpu;

    if ((what != 'g' && what != 'c') || (p++, !gdb_thread(g, &p, &cpu)) || *p) {
        ok(g, false);
        return;
    }
    if (what == 'c') {
        g->step_cpu = cpu;
    } else {
        g->cpu = cpu < 0 ? g->stop_cpu : cpu;
    }
    ok(g, true);
}

static void thread_alive(Gdb *g, const char *p)
{
    int cpu;

    ok(g, gdb_thread(g, &p, &cpu) && cpu >= 0 && !*p);
}

/* ---- the way out ---- */

static void detach(Gdb *g)
{
    ok(g, true);
    gdb_leave(g);
    vm_start();
}

static void v_packet(Gdb *g, const char *packet)
{
    if (!strcmp(packet, "vCont?")) {
        gdb_send_text(&g->link, "vCont;c;C;s;S");
    } else if (g_str_has_prefix(packet, "vCont")) {
        gdb_vcont(g, packet + 5);
    } else if (!strcmp(packet, "vRun") || g_str_has_prefix(packet, "vRun;")) {
        /* The file and the arguments are the command line's affair. The answer comes with the reset. */
        g->restarts = true;
        g->stop_cpu = 0;
        qemu_system_reset_request();
    } else if (g_str_has_prefix(packet, "vKill")) {
        ok(g, true);
        qemu_system_quit_request(0);
    } else {
        gdb_send_text(&g->link, "");
    }
}

void gdb_command(Gdb *g, const char *packet, size_t len)
{
    static const DebugStop none = { DEBUG_NONE, 0, DEBUG_NB_KINDS, 0 };

    switch (packet[0]) {
    case '?':
        gdb_report(g, &none, GDB_SIGTRAP);
        break;
    case 'g':
        read_registers(g);
        break;
    case 'G':
        if (!gdb_must_not_change(g)) {
            write_registers(g, packet + 1);
        }
        break;
    case 'p':
        read_register(g, packet + 1);
        break;
    case 'P':
        if (!gdb_must_not_change(g)) {
            write_one_register(g, packet + 1);
        }
        break;
    case 'm':
        read_memory(g, packet + 1);
        break;
    case 'M':
    case 'X':
        write_memory(g, packet, len);
        break;
    case 'Z':
    case 'z':
        point(g, packet);
        break;
    case 'H':
        choose_thread(g, packet + 1);
        break;
    case 'T':
        thread_alive(g, packet + 1);
        break;
    case 'c':
    case 'C':
    case 's':
    case 'S':
        gdb_resume(g, packet);
        break;
    case 'b':
        gdb_reverse(g, packet);
        break;
    case 'v':
        v_packet(g, packet);
        break;
    case 'q':
        gdb_query(g, packet);
        break;
    case 'Q':
        gdb_set(g, packet);
        break;
    case 'F':
        gdb_call_answer(g, packet + 1);
        break;
    case '!':
        ok(g, true);            /* vRun always works */
        break;
    case 'D':
        detach(g);
        break;
    case 'k':
        qemu_system_quit_request(0);
        break;
    default:
        gdb_send_text(&g->link, "");
        break;
    }
}
