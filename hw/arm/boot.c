/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a guest without firmware: -kernel, -initrd, -dtb, -append and -device loader.
 *
 * Owns the plan of what is in guest RAM at reset and where the CPUs start (boot-plan.c, docs/boot.md). Files are read
 * once, by arm_load_kernel() on the main thread; mistakes end the program there. A reset handler, run with all CPUs
 * stopped, writes everything to RAM again. No locks.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "exec/memory.h"
#include "hw/arm/boot-plan.h"
#include "hw/boards.h"
#include "hw/semihosting.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"

/* Lives as long as the program: the reset handler's opaque. */
typedef struct BootInfo {
    MachineState *m;
    BootPlan plan;
} BootInfo;

static const BootInfo *boot_info;       /* constant once the machine stands; NULL: this board has no such loader */

static gboolean print_piece(gpointer key, gpointer value, gpointer opaque)
{
    const BootBlob *b = value;

    fprintf(opaque, "addr=%08x size=0x%06llx mem=ram name=\"%s\"\n", b->range.addr,
            (unsigned long long)(b->range.end - b->range.addr), b->name);
    return FALSE;
}

void arm_boot_print(FILE *f)
{
    if (boot_info && boot_info->plan.blobs.pieces) {
        g_tree_foreach(boot_info->plan.blobs.pieces, print_piece, f);
    }
}

const void *arm_boot_dtb(uint32_t *bytes)
{
    const uint8_t *dtb = boot_info ? boot_info->plan.dtb : NULL;

    *bytes = dtb ? (uint32_t)dtb[4] << 24 | (uint32_t)dtb[5] << 16 | (uint32_t)dtb[6] << 8 | dtb[7] : 0;
    return dtb;
}

static void boot_reset(void *opaque)
{
    BootInfo *info = opaque;
    int n;

    if (info->plan.dtb) {
        boot_seed_dtb(info->plan.dtb);
    }
    boot_blobs_place(&info->plan.blobs);
    for (n = 0; n < info->m->smp; n++) {
        const BootStart *start = &info->plan.start[n];

        cpu_reset_to(n, start->pc, start->be8, info->plan.args, n ? 0 : G_N_ELEMENTS(info->plan.args));
    }
}

/* What semihosting tells the guest about its command line and free memory. */
static void set_up_semihosting(const BootInfo *info)
{
    const MachineState *m = info->m;
    uint32_t start, end;

    boot_blobs_largest_gap(&info->plan.blobs, memory_ram_size(), &start, &end);
    semihosting_set_heap(start, end);
    if (!semihosting_has_cmdline() && m->kernel) {
        char *line = m->append && m->append[0] ? g_strdup_printf("%s %s", m->kernel, m->append) : g_strdup(m->kernel);

        semihosting_set_cmdline(line);
        g_free(line);
    }
}

void arm_load_kernel(MachineState *m)
{
    BootInfo *info = g_new0(BootInfo, 1);
    void *pen = NULL;
    char *err = NULL;

    info->m = m;
    if (!m->kernel) {
        const char *lone = m->append ? "-append" : m->initrd ? "-initrd" : m->dtb ? "-dtb" : NULL;

        if (lone) {
            error_exit("%s only allowed with -kernel option", lone);
        }
    }
    if (posix_memalign(&pen, BOOT_PEN_SIZE, BOOT_PEN_SIZE) != 0) {
        error_exit("cannot allocate memory for the boot pen");
    }
    memset(pen, 0, BOOT_PEN_SIZE);
    memory_add_ram(m->boot.pen, BOOT_PEN_SIZE, pen, "boot-pen");

    if (!boot_plan_make(&info->plan, m, &err)) {
        error_exit("%s", err);
    }
    set_up_semihosting(info);
    boot_info = info;
    qemu_register_reset(boot_reset, info);
}
