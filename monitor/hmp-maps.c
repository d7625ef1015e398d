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

/* The map is flat: there is nothing below another region that -f would take away. */
void hmp_info_mtree(Monitor *mon, char **argv)
{
    char *text;

    if (argv[0] && strcmp(argv[0], "-f")) {
        monitor_puts(mon, "usage: info mtree [-f]\n");
        return;
    }
    text = memory_map_text();
    monitor_puts(mon, text);
    free(text);
}

/* Pages that follow each other on both sides, with the same rights. */
typedef struct Mapping {
    uint32_t virt, phys;
    uint64_t size;              /* 0: none */
    uint8_t priv, user;
    bool global;
} Mapping;

static void print_rights(FILE *f, uint8_t rights)
{
    fprintf(f, "%c%c%c", rights & 1 ? 'r' : '-', rights & 2 ? 'w' : '-', rights & 4 ? 'x' : '-');
}

static void print_mapping(FILE *f, const Mapping *m)
{
    if (m->size) {
        fprintf(f, "%08x-%08llx %08llx -> %08x ", m->virt, (unsigned long long)(m->virt + m->size - 1),
                (unsigned long long)m->size, m->phys);
        print_rights(f, m->priv);
        fputc(' ', f);
        print_rights(f, m->user);
        fprintf(f, "%s\n", m->global ? " global" : "");
    }
}

static bool continues(const Mapping *m, uint64_t virt, const ARMPageInfo *p)
{
    return m->size && m->virt + m->size == virt && (uint32_t)(m->phys + m->size) == p->phys && m->priv == p->prot_priv
           && m->user == p->prot_user && m->global == p->global;
}

static void print_mappings(FILE *f, CPUARMState *env)
{
    Mapping m = { 0 };

    for (uint64_t virt = 0; virt < 1ull << 32; virt += 4096) {
        ARMPageInfo p = { 0 };
        const uint32_t fault = arm_mmu_walk(env, (uint32_t)virt, MMU_DATA_LOAD, true, &p) & 0xf;

        /* Rights are printed, so a page that the walk refuses for want of them is a page all the same. */
        if (fault != FAULT_NONE && fault != FAULT_PERMISSION_PAGE && fault != FAULT_PERMISSION_SECTION) {
            print_mapping(f, &m);
            m.size = 0;
            virt |= fault == FAULT_TRANSLATION_SECTION ? 0xff000u : 0;     /* the rest of the megabyte is not there */
            continue;
        }
        p.phys &= ~0xfffu;
        if (continues(&m, virt, &p)) {
            m.size += 4096;
        } else {
            print_mapping(f, &m);
            m = (Mapping) { (uint32_t)virt, p.phys, 4096, p.prot_priv, p.prot_user, p.global };
        }
    }
    print_mapping(f, &m);
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
        print_mappings(f, env);
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
