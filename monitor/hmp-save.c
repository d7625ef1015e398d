/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's commands about memory as a whole: files of it, sums, where an address leads; ports. I/O thread. */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "monitor/memory-save.h"
#include "monitor/monitor-internal.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"

/* The expression; false: a line says what is wrong with it. */
static bool number(Monitor *mon, const char *text, int64_t *value)
{
    const char *wrong;

    runstate_hold_cpus();
    wrong = hmp_expression(text, mon->machine->cpu[mon->cpu], value);
    runstate_release_cpus();
    if (wrong) {
        monitor_printf(mon, "'%s': %s\n", text, wrong);
    }
    return !wrong;
}

/* [address, address + size) of 32-bit addresses; size is not 0. */
static bool range(Monitor *mon, const char *address_text, const char *size_text, uint32_t *address, uint64_t *size)
{
    int64_t from, bytes;

    if (!number(mon, address_text, &from) || !number(mon, size_text, &bytes)) {
        return false;
    }
    if (from < 0 || from > UINT32_MAX || bytes <= 0 || bytes > (int64_t)UINT32_MAX - from + 1) {
        monitor_printf(mon, "from %s on there are no %s bytes\n", address_text, size_text);
        return false;
    }
    *address = (uint32_t)from;
    *size = (uint64_t)bytes;
    return true;
}

static void saved(void *opaque, const char *error)
{
    Monitor *mon = opaque;

    if (error) {
        monitor_printf(mon, "%s\n", error);
    }
    monitor_resume(mon);
}

static void save(Monitor *mon, char **argv, bool physical)
{
    MemorySave *s;
    uint32_t address;
    uint64_t size;

    if (!monitor_can_wait(mon) || !range(mon, argv[0], argv[1], &address, &size)) {
        return;
    }
    s = memory_save_new();
    if (!memory_save_add_memory(s, mon->machine->cpu[mon->cpu], physical, address, size)) {
        memory_save_free(s);
        monitor_puts(mon, "there is a byte that cannot be read, or more than 16 MiB are registers of devices\n");
    } else if (!memory_save_start(s, argv[2], -1, saved, mon)) {
        monitor_puts(mon, "other memory is being written to a file\n");
    } else {
        monitor_suspend(mon);
    }
}

void hmp_memsave(Monitor *mon, char **argv)
{
    save(mon, argv, false);
}

void hmp_pmemsave(Monitor *mon, char **argv)
{
    save(mon, argv, true);
}

/* argv: [-p] FILE [BEGIN LENGTH] */
void hmp_dump_guest_memory(Monitor *mon, char **argv)
{
    CoreDump dump = { 0 };
    uint32_t begin;
    uint64_t length;
    char *protocol, *error;

    for (; *argv && **argv == '-'; argv++) {
        if (strcmp(*argv, "-p")) {
            monitor_printf(mon, "'%s' is not there: a dump is an ELF file\n", *argv);
            return;
        }
        dump.paging = true;
    }
    if (!argv[0] || (argv[1] && !argv[2])) {
        monitor_puts(mon, "usage: dump-guest-memory [-p] FILE [BEGIN LENGTH]\n");
        return;
    }
    if (!monitor_can_wait(mon) || (argv[1] && !range(mon, argv[1], argv[2], &begin, &length))) {
        return;
    }
    if (argv[1]) {
        dump.limited = true;
        dump.begin = begin;
        dump.length = (int64_t)length;
    }
    protocol = g_strconcat("file:", argv[0], NULL);
    dump.protocol = protocol;
    if (core_dump_start(mon->machine, &dump, saved, mon, &error)) {
        monitor_suspend(mon);
    } else {
        monitor_printf(mon, "%s\n", error);
        g_free(error);
    }
    g_free(protocol);
}

/* The 16-bit sum of BSD's sum(1): rotated to the right before each byte is added. */
void hmp_sum(Monitor *mon, char **argv)
{
    enum { CHUNK = 4096 };
    uint32_t address, sum = 0;
    uint64_t size;
    uint8_t bytes[CHUNK];
    bool good = true;

    if (!range(mon, argv[0], argv[1], &address, &size)) {
        return;
    }
    runstate_hold_cpus();
    for (uint64_t done = 0; done < size && good; done += CHUNK) {
        const unsigned n = (unsigned)MIN(size - done, (uint64_t)CHUNK);

        good = monitor_read_memory(mon->machine->cpu[mon->cpu], true, address + (uint32_t)done, bytes, n);
        for (unsigned i = 0; i < n && good; i++) {
            sum = ((sum >> 1 | sum << 15) + bytes[i]) & 0xffff;
        }
    }
    runstate_release_cpus();
    monitor_printf(mon, good ? "%05u\n" : "there is a byte that cannot be read\n", sum);
}

void hmp_gva2gpa(Monitor *mon, char **argv)
{
    int64_t address;
    uint32_t phys;
    bool mapped;

    if (!number(mon, argv[0], &address)) {
        return;
    }
    runstate_hold_cpus();
    mapped = monitor_translate(mon->machine->cpu[mon->cpu], false, (uint32_t)address, &phys);
    runstate_release_cpus();
    if (mapped) {
        monitor_printf(mon, "gpa: %#x\n", phys);
    } else {
        monitor_puts(mon, "Unmapped\n");
    }
}

void hmp_port(Monitor *mon, char **argv)
{
    monitor_puts(mon, "ARM has no ports: registers of devices are memory, which 'xp' reads\n");
}
