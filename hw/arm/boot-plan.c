/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the command line's files to the layout of guest RAM and the CPUs' first registers (docs/boot.md).
 *
 * Called by hw/arm/boot.c on the main thread; no state, no locks. A mistake gives a message, frees what was made and
 * leaves it to the caller to end the program.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "exec/memory.h"
#include "hw/arm/boot-plan.h"

#define BOOT_PAGE           4096u
#define ATAGS_ADDR          0x00000100u
#define ATAGS_END           0x00004000u     /* the kernel's first page table */
#define INITRD_MAX_ADDR     (128u << 20)

/* What goes behind the kernel; all NULL without. */
typedef struct BootData {
    uint8_t *initrd_file;
    const uint8_t *initrd;          /* inside initrd_file */
    uint32_t initrd_size;
    void *dtb_file;
    uint32_t dtb_file_size;
} BootData;

static uint64_t page_up(uint64_t v)
{
    return (v + BOOT_PAGE - 1) & ~(uint64_t)(BOOT_PAGE - 1);
}

/* "could not load WHAT 'FILE': why"; takes the message over. */
static bool file_error(const char *what, const char *file, char *why, char **err)
{
    *err = g_strdup_printf("could not load %s '%s': %s", what, file, why);
    g_free(why);
    return false;
}

/* The initrd's bytes, without the header that mkimage may have put before them. */
static bool read_initrd(const char *file, BootData *d, char **err)
{
    char *why = NULL;
    UImage u;

    d->initrd_file = boot_file_read(file, &d->initrd_size, &why);
    if (!d->initrd_file) {
        return file_error("initrd", file, why, err);
    }
    d->initrd = d->initrd_file;
    if (boot_is_uimage(d->initrd_file, d->initrd_size)) {
        if (!boot_parse_uimage(d->initrd_file, d->initrd_size, &u, &why)) {
            return file_error("initrd", file, why, err);
        }
        if (u.type != UIMAGE_TYPE_RAMDISK) {
            return file_error("initrd", file, g_strdup_printf("uImage: holds type %u, not a ramdisk", u.type), err);
        }
        d->initrd = u.payload;
        d->initrd_size = u.payload_size;
    }
    return true;
}

static bool read_dtb(const MachineState *m, BootData *d, char **err)
{
    char *why = NULL;

    if (strcmp(m->dtb, "builtin") == 0) {
        int n = 0;

        d->dtb_file = m->mc->build_dtb ? m->mc->build_dtb((MachineState *)m, &n) : NULL;
        if (!d->dtb_file || n <= 0) {
            *err = g_strdup_printf("machine '%s' has no built-in device tree", m->mc->name);
            return false;
        }
        d->dtb_file_size = (uint32_t)n;
        return true;
    }
    d->dtb_file = boot_file_read(m->dtb, &d->dtb_file_size, &why);
    return d->dtb_file || file_error("device tree", m->dtb, why, err);
}

/*
 * Where the initrd and the device tree, `need` bytes together, go: at half of RAM or 128 MiB, but above the kernel as
 * far as it is known how much that takes; if they do not fit there, at the end of RAM.
 */
static bool place_data(const BootKernel *k, uint32_t ram_size, uint64_t need, uint32_t *where, char **err)
{
    uint64_t above = page_up(k->room_end);
    uint64_t addr = MIN(ram_size / 2, INITRD_MAX_ADDR) & ~(BOOT_PAGE - 1);

    if (need > ram_size) {
        *err = g_strdup_printf("initrd and device tree (0x%llx bytes) are larger than RAM (0x%x bytes)",
                               (unsigned long long)need, ram_size);
        return false;
    }
    if (above > addr && above + need <= ram_size) {
        addr = above;
    } else if (above > addr && k->room_exact) {
        *err = g_strdup_printf("RAM (0x%x bytes) is too small for the kernel (0x%x) and 0x%x bytes of initrd and "
                               "device tree", ram_size, k->room_end, (uint32_t)need);
        return false;
    }
    if (addr + need > ram_size) {
        addr = (ram_size - need) & ~(uint64_t)(BOOT_PAGE - 1);
        if (addr < above) {
            *err = g_strdup_printf("RAM (0x%x bytes) is too small for the kernel and 0x%x bytes of initrd and device "
                                   "tree", ram_size, (uint32_t)need);
            return false;
        }
    }
    *where = (uint32_t)addr;
    return true;
}

/* Device tree adapted to what args says; NULL: *err. */
static void *patched_dtb(const MachineState *m, const BootData *d, const BootArgs *args, uint32_t *size, char **err)
{
    char *why = NULL;
    void *dtb = boot_patch_dtb(d->dtb_file, d->dtb_file_size, args, size, &why);

    if (!dtb) {
        file_error("device tree", m->dtb, why, err);
    }
    return dtb;
}

/* Place initrd and device tree; *dtb_addr: address of the latter, 0 without one. */
static bool place_files(BootPlan *plan, const MachineState *m, const BootData *d, const BootKernel *k, BootArgs *args,
                        uint32_t *dtb_addr, char **err)
{
    uint32_t dtb_size = 0, addr;
    void *dtb;
    bool ok;

    *dtb_addr = 0;
    if (d->initrd) {
        args->initrd_end = 1;       /* for the size of the tree; the real addresses are set below */
    }
    if (d->dtb_file) {
        dtb = patched_dtb(m, d, args, &dtb_size, err);
        if (!dtb) {
            return false;
        }
        g_free(dtb);
    }
    if (!d->initrd && !d->dtb_file) {
        return true;
    }
    if (!place_data(k, args->ram_size, page_up(d->initrd_size) + dtb_size, &addr, err)) {
        return false;
    }
    if (d->initrd) {
        args->initrd_start = addr;
        args->initrd_end = addr + d->initrd_size;
        if (!boot_blob_add(&plan->blobs, "initrd", addr, d->initrd, d->initrd_size, err)) {
            return false;
        }
    }
    if (!d->dtb_file) {
        return true;
    }
    *dtb_addr = addr + (uint32_t)page_up(d->initrd_size);
    dtb = patched_dtb(m, d, args, &dtb_size, err);
    ok = dtb && boot_blob_add(&plan->blobs, "device tree", *dtb_addr, dtb, dtb_size, err);
    if (ok) {
        plan->dtb = boot_blob_data(&plan->blobs, *dtb_addr);
    }
    g_free(dtb);
    return ok;
}

static bool load_data(BootPlan *plan, const MachineState *m, const BootKernel *k, BootArgs *args, uint32_t *dtb_addr,
                      char **err)
{
    BootData d = { 0 };
    bool ok = (!m->initrd || read_initrd(m->initrd, &d, err)) && (!m->dtb || read_dtb(m, &d, err)) &&
              place_files(plan, m, &d, k, args, dtb_addr, err);

    g_free(d.initrd_file);
    free(d.dtb_file);               /* build_dtb's is malloc'ed, and g_malloc is malloc */
    return ok;
}

/* Where the CPUs start, as if all did so together, and what registers the boot CPU has. */
static bool start_kernel(BootPlan *plan, const MachineState *m, const BootKernel *k, const BootArgs *args,
                         uint32_t args_addr, char **err)
{
    uint8_t code[BOOT_STUB_MAX];
    uint32_t size;

    if (!k->linux_boot) {
        for (int n = 0; n < m->smp; n++) {
            plan->start[n] = (BootStart) { k->entry, k->be8 };
        }
        if (args_addr) {
            plan->args[1] = m->mc->board_id;
            plan->args[2] = args_addr;
        }
        return true;
    }
    if (!args_addr) {
        uint8_t *atags = boot_build_atags(args, &size);
        bool ok = size <= ATAGS_END - ATAGS_ADDR;

        if (!ok) {
            *err = g_strdup("-append: the kernel command line is too long");
        }
        ok = ok && boot_blob_add(&plan->blobs, "ATAGS", ATAGS_ADDR, atags, size, err);
        g_free(atags);
        if (!ok) {
            return false;
        }
        args_addr = ATAGS_ADDR;
    }
    size = boot_build_primary(code, m->mc->board_id, args_addr, k->entry);
    return boot_blob_add(&plan->blobs, "boot stub", 0, code, size, err);
}

/* *linux_boot: the image is started by the protocol of ARM Linux. */
static bool load_kernel(BootPlan *plan, const MachineState *m, bool *linux_boot, char **err)
{
    BootArgs args = { .ram_size = memory_ram_size(), .cmdline = m->append, .num_cpus = m->smp,
                      .gic_cpu = m->boot.gic_cpu };
    char *why = NULL;
    uint32_t size, args_addr = 0;
    uint8_t *data = boot_file_read(m->kernel, &size, &why);
    BootKernel k;
    bool ok = data && boot_load_kernel(&plan->blobs, data, size, args.ram_size, &k, &why);

    g_free(data);
    if (!ok) {
        return file_error("kernel", m->kernel, why, err);
    }
    *linux_boot = k.linux_boot;
    return load_data(plan, m, &k, &args, &args_addr, err) && start_kernel(plan, m, &k, &args, args_addr, err);
}

/* Send the other CPUs to the pen. */
static bool load_pen(BootPlan *plan, const MachineState *m, char **err)
{
    uint8_t code[BOOT_STUB_MAX];
    uint32_t size = boot_build_pen(code, m->boot.gic_cpu, m->boot.flags);

    for (int n = 1; n < m->smp; n++) {
        plan->start[n] = (BootStart) { m->boot.pen, false };
    }
    return boot_blob_add(&plan->blobs, "boot pen", m->boot.pen, code, size, err);
}

bool boot_plan_make(BootPlan *plan, const MachineState *m, char **err)
{
    bool linux_boot = false, pen, ok;

    memset(plan, 0, sizeof(*plan));
    for (int n = 0; n < m->smp && !m->kernel; n++) {
        plan->start[n].pc = m->boot.rom;
    }
    ok = !m->kernel || load_kernel(plan, m, &linux_boot, err);
    pen = m->secondary == SECONDARY_BY_IMAGE ? linux_boot : m->secondary == SECONDARY_PEN;
    ok = ok && (!pen || load_pen(plan, m, err)) && boot_load_devices(&plan->blobs, m->smp, plan->start, err);
    if (!ok) {
        boot_plan_free(plan);
        return false;
    }
    return true;
}

void boot_plan_free(BootPlan *plan)
{
    boot_blobs_free(&plan->blobs);
}
