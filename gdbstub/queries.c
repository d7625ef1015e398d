/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets q and Q: what the stub can do, threads, the target's description, the memory map, orders to the monitor, and
 * those of QEMU's stub that its users know (maintenance packet Qqemu...). The CPUs are paused.
 */
#include <stdlib.h>
#include <string.h>
#include "exec/memory.h"
#include "gdbstub/internal.h"
#include "qemu/replay.h"
#include "monitor/monitor.h"
#include "sysemu/cpus.h"
#include "target/arm/debug-regs.h"

typedef struct Query {
    const char *name;                   /* what the packet begins with */
    void (*run)(Gdb *g, const char *arguments);
} Query;

/*
 * File-I/O is not among the features that debuggers tell of. Only gdb itself knows it; others, lldb for one, take a
 * request for a broken connection. gdb has told of swbreak since version 7.9.
 */
static void supported(Gdb *g, const char *arguments)
{
    /* With process numbers, for gdb's own record of a run does not find its threads without. */
    bool processes = strstr(arguments, "multiprocess+") != NULL;
    bool is_gdb = strstr(arguments, "swbreak+") != NULL;
    char *text = g_strdup_printf("PacketSize=%x;qXfer:features:read+;qXfer:memory-map:read+;vContSupported+;"
                                 "QStartNoAckMode+;swbreak+;hwbreak+%s%s", GDB_PACKET_MAX,
                                 processes ? ";multiprocess+" : "",
                                 replay_mode == REPLAY_PLAY ? ";ReverseStep+;ReverseContinue+" : "");

    g->names_processes = processes;
    __atomic_store_n(&g->takes_calls, is_gdb, __ATOMIC_SEQ_CST);
    gdb_send_text(&g->link, text);
    g_free(text);
}

static void first_threads(Gdb *g, const char *arguments)
{
    GString *s = g_string_new("m");

    for (int i = 0; i < g->machine->smp; i++) {
        g_string_append(s, i ? "," : "");
        gdb_append_thread(g, s, i);
    }
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
}

static void more_threads(Gdb *g, const char *arguments)
{
    gdb_send_text(&g->link, "l");
}

static void thread_info(Gdb *g, const char *arguments)
{
    GString *s;
    char *text;
    int cpu;

    if (!gdb_thread(g, &arguments, &cpu) || cpu < 0 || *arguments) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    text = g_strdup_printf("CPU#%d [%s]", cpu, cpu_is_halted(cpu) ? "halted" : "running");
    s = g_string_new(NULL);
    gdb_append_hex(s, text, strlen(text));
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
    g_free(text);
}

static void current_thread(Gdb *g, const char *arguments)
{
    GString *s = g_string_new("QC");

    gdb_append_thread(g, s, g->cpu);
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
}

/* Bits come from the left, and the first value is all ones: not zlib's. */
static uint32_t crc_of(uint32_t crc, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        crc ^= (uint32_t)bytes[i] << 24;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
        }
    }
    return crc;
}

/* ADDRESS,LENGTH: compare-sections and load want to know whether memory is what the program's file has. */
static void memory_crc(Gdb *g, const char *range)
{
    enum { PIECE = 64 << 10, LENGTH_MAX = 256 << 20 };
    uint32_t address, length, crc = UINT32_MAX;
    uint8_t *piece;
    char text[16];

    if (!gdb_number_before(&range, ',', &address) || !gdb_number_before(&range, '\0', &length)) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    if (length > LENGTH_MAX) {
        gdb_send_text(&g->link, GDB_E_TOO_LONG);
        return;
    }
    piece = g_malloc(PIECE);
    while (length) {
        const size_t n = MIN(length, (uint32_t)PIECE);

        if (gdb_read_memory(g, address, piece, n) != n) {
            break;
        }
        crc = crc_of(crc, piece, n);
        address += (uint32_t)n;
        length -= (uint32_t)n;
    }
    g_free(piece);
    g_snprintf(text, sizeof(text), "C%x", crc);
    gdb_send_text(&g->link, length ? GDB_E_FAULT : text);
}

/* The machine was there before the debugger, and stays when it leaves. */
static void attached(Gdb *g, const char *arguments)
{
    gdb_send_text(&g->link, "1");
}

/* ---- documents ---- */

/* OFFSET,LENGTH of a document. */
static void send_part(Gdb *g, const char *document, const char *range)
{
    size_t size = strlen(document), n;
    uint32_t offset, length;
    GString *s;

    if (!gdb_number_before(&range, ',', &offset) || !gdb_number_before(&range, '\0', &length) || offset > size) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    n = MIN(MIN(length, (GDB_PACKET_MAX - 1) / 2), size - offset);
    s = g_string_new(offset + n == size ? "l" : "m");
    gdb_append_binary(s, document + offset, n);
    gdb_send(&g->link, s->str, s->len);
    g_string_free(s, TRUE);
}

static void features(Gdb *g, const char *range)
{
    g->knows_registers = true;
    send_part(g, debug_regs_xml(), range);
}

/*
 * gdb believes that there is nothing where the map has nothing, and knows virtual addresses only; so everything may be
 * memory. While addresses are physical, the map is the board's.
 */
static void memory_map(Gdb *g, const char *range)
{
    GString *s = g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory "
                              "Map V1.0//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n");
    const MemoryRegion *r;

    if (!g->physical) {
        g_string_append(s, "<memory type=\"ram\" start=\"0x0\" length=\"0x100000000\"/>\n");
    }
    for (size_t i = 0; g->physical && (r = memory_region_at(i)); i++) {
        g_string_append_printf(s, "<memory type=\"ram\" start=\"0x%x\" length=\"0x%x\"/>\n", r->base, r->size);
    }
    g_string_append(s, "</memory-map>\n");
    send_part(g, s->str, range);
    g_string_free(s, TRUE);
}

/* ---- orders to the monitor ---- */

static void send_output(Gdb *g, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        size_t n = MIN(left, (size_t)(GDB_PACKET_MAX - 1) / 2);
        GString *s = g_string_new("O");

        gdb_append_hex(s, text, n);
        gdb_send(&g->link, s->str, s->len);
        g_string_free(s, TRUE);
        text += n;
        left -= n;
    }
}

static void monitor_order(Gdb *g, const char *digits)
{
    size_t len = strlen(digits) / 2;
    char *line = g_malloc(len + 1), *text;

    if (!gdb_from_hex(digits, (uint8_t *)line, len)) {
        g_free(line);
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    line[len] = '\0';
    text = monitor_order_text(g->machine, line);
    g_free(line);
    send_output(g, text);
    g_free(text);
    gdb_send_text(&g->link, "OK");
}

/* ---- QEMU's ---- */

enum { SSTEP_ENABLE = 1, SSTEP_NOIRQ = 2, SSTEP_NOTIMER = 4 };

static void step_bits(Gdb *g, const char *arguments)
{
    gdb_send_text(&g->link, "ENABLE=1,NOIRQ=2,NOTIMER=4");
}

static void step_mode(Gdb *g, const char *arguments)
{
    const int bits = SSTEP_ENABLE | (g->step_irqs ? 0 : SSTEP_NOIRQ) | (g->step_clock_stands ? SSTEP_NOTIMER : 0);
    g_autofree char *text = g_strdup_printf("0x%x", bits);

    gdb_send_text(&g->link, text);
}

static void physical_mode(Gdb *g, const char *arguments)
{
    gdb_send_text(&g->link, g->physical ? "1" : "0");
}

static void set_step_mode(Gdb *g, const char *text)
{
    uint32_t bits;

    text += g_str_has_prefix(text, "0x") ? 2 : 0;
    if (!gdb_number_before(&text, '\0', &bits) || (bits & ~(uint32_t)(SSTEP_NOIRQ | SSTEP_NOTIMER)) != SSTEP_ENABLE) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    g->step_irqs = !(bits & SSTEP_NOIRQ);
    g->step_clock_stands = bits & SSTEP_NOTIMER;
    gdb_send_text(&g->link, "OK");
}

static void set_physical_mode(Gdb *g, const char *text)
{
    if (strcmp(text, "0") && strcmp(text, "1")) {
        gdb_send_text(&g->link, GDB_E_INVALID);
        return;
    }
    g->physical = text[0] == '1';
    gdb_send_text(&g->link, "OK");
}

static void set_no_ack(Gdb *g, const char *arguments)
{
    gdb_send_text(&g->link, "OK");
    g->link.no_ack = true;
}

/* One machine, one time: its CPUs stop together. */
static void set_non_stop(Gdb *g, const char *text)
{
    gdb_send_text(&g->link, !strcmp(text, "0") ? "OK" : GDB_E_INVALID);
}

static const Query queries[] = {
    { "qSupported", supported }, { "qfThreadInfo", first_threads }, { "qsThreadInfo", more_threads },
    { "qThreadExtraInfo,", thread_info }, { "qC", current_thread },
    { "qCRC:", memory_crc }, { "qAttached", attached },
    { "qXfer:features:read:target.xml:", features }, { "qXfer:memory-map:read::", memory_map },
    { "qRcmd,", monitor_order }, { "qqemu.sstepbits", step_bits }, { "qqemu.sstep", step_mode },
    { "qqemu.PhyMemMode", physical_mode },
};

static const Query settings[] = {
    { "QStartNoAckMode", set_no_ack }, { "QNonStop:", set_non_stop }, { "Qqemu.sstep=", set_step_mode },
    { "Qqemu.PhyMemMode:", set_physical_mode },
};

static void find(Gdb *g, const Query *table, size_t count, const char *packet)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = table[i].name;
        const size_t n = strlen(name);

        /* A longer word is another one: qCRC is not qC. */
        if (g_str_has_prefix(packet, name) && !(g_ascii_isalnum(name[n - 1]) && g_ascii_isalnum(packet[n]))) {
            table[i].run(g, packet + n);
            return;
        }
    }
    if (g_str_has_prefix(packet, "qXfer:features:read:")) {
        gdb_send_text(&g->link, "E00");         /* another annex: there is one document */
        return;
    }
    gdb_send_text(&g->link, "");
}

void gdb_query(Gdb *g, const char *packet)
{
    find(g, queries, G_N_ELEMENTS(queries), packet);
}

void gdb_set(Gdb *g, const char *packet)
{
    find(g, settings, G_N_ELEMENTS(settings), packet);
}
