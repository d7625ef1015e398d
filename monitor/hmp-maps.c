/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's maps: "info mtree", "info mem", "info roms". I/O thread. */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "exec/memory.h"
#include "hw/boards.h"
#include "monitor/monitor-internal.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"

/* The map is flat: there is nothing below another region that a flag would take away or add. */
void hmp_info_mtree(Monitor *mon, char **argv)
{
    char *text;

    for (; *argv; argv++) {
        if (strcmp(*argv, "-f") && strcmp(*argv, "-d") && strcmp(*argv, "-o") && strcmp(*argv, "-D")) {
            monitor_puts(mon, "usage: info mtree [-f] [-d] [-o] [-D]\n");
            return;
        }
    }
    text = memory_map_text();
    monitor_puts(mon, text);
    free(text);
}

static void print_rights(FILE *f, uint8_t rights)
{
    fprintf(f, "%c%c%c", rights & 1 ? 'r' : '-', rights & 2 ? 'w' : '-', rights & 4 ? 'x' : '-');
}

static void print_mapping(void *opaque, const MonitorMapping *m)
{
    FILE *f = opaque;

    fprintf(f, "%08x-%08llx %08llx -> %08x ", m->virt, (unsigned long long)(m->virt + m->size - 1),
            (unsigned long long)m->size, m->phys);
    print_rights(f, m->priv);
    fputc(' ', f);
    print_rights(f, m->user);
    fprintf(f, "%s\n", m->global ? " global" : "");
}

void hmp_info_mem(Monitor *mon, char **argv)
{
    CPUARMState *env = mon->machine->cpu[mon->cpu];
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    runstate_hold_cpus();
    if (env->cp15.sctlr & SCTLR_M) {
        fprintf(f, "virtual           size        physical priv user\n");
        monitor_each_mapping(env, print_mapping, f);
    } else {
        fprintf(f, "The MMU is off: virtual addresses are physical ones.\n");
    }
    runstate_release_cpus();
    fclose(f);
    monitor_puts(mon, text);
    free(text);
}

void hmp_info_roms(Monitor *mon, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    arm_boot_print(f);
    fclose(f);
    monitor_puts(mon, *text ? text : "Nothing is loaded at a reset.\n");
    free(text);
}
