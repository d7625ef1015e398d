/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a guest without firmware: -kernel, -initrd, -dtb, -append and -device loader.
 *
 * Owns the layout of guest RAM at reset and the CPUs' first program counters; docs/boot.md describes both. Files are
 * read once, by arm_load_kernel() on the main thread; mistakes end the program there. A reset handler, run with all
 * CPUs stopped, writes everything to RAM again. No locks.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "exec/memory.h"
#include "hw/arm/boot-image.h"
#include "hw/boards.h"
#include "hw/semihosting.h"
#include "qemu/log.h"

#define BOOT_PAGE           4096u
#define ATAGS_ADDR          0x00000100u
#define ATAGS_END           0x00004000u     /* the kernel's first page table */
#define INITRD_MAX_ADDR     (128u << 20)
/* MPCore private region of the rev B core tile, and the flags register of the system controller. */
#define GIC_CPU_BASE        0x10100100u
#define SYS_FLAGS_ADDR      0x10000030u

/* Lives as long as the program: the reset handler's opaque. */
typedef struct BootInfo {
    MachineState *m;
    BootBlobs blobs;
    uint32_t pc[ARM_MAX_CPUS];      /* PC | T after reset */
    uint32_t args[3];               /* r0-r2 of the boot CPU after reset */
} BootInfo;

static uint64_t page_up(uint64_t v)
{
    return (v + BOOT_PAGE - 1) & ~(uint64_t)(BOOT_PAGE - 1);
}

static void boot_reset(void *opaque)
{
    BootInfo *info = opaque;
    int n;

    boot_blobs_place(&info->blobs);
    for (n = 0; n < info->m->smp; n++) {
        CPUARMState *env = info->m->cpu[n];

        arm_cpu_reset(env);
        env->regs[15] = info->pc[n];
        if (n == 0) {
            memcpy(env->regs, info->args, sizeof(info->args));
        }
    }
}

static void add_or_exit(BootInfo *info, const char *name, uint32_t addr, const void *data, uint32_t size)
{
    char *err = NULL;

    if (!boot_blob_add(&info->blobs, name, addr, data, size, 0, &err)) {
        error_exit("%s", err);
    }
}

/* The initrd's bytes; *payload and *size without the header that mkimage may have put before them. */
static uint8_t *read_initrd(const char *file, const uint8_t **payload, uint32_t *size)
{
    char *err = NULL;
    uint8_t *data = boot_file_read(file, size, &err);
    UImage u;

    if (!data) {
        error_exit("could not load initrd '%s': %s", file, err);
    }
    *payload = data;
    if (boot_is_uimage(data, *size)) {
        if (!boot_parse_uimage(data, *size, &u, &err)) {
            error_exit("could not load initrd '%s': %s", file, err);
        }
        if (u.type != UIMAGE_TYPE_RAMDISK) {
            error_exit("could not load initrd '%s': uImage: holds type %u, not a ramdisk", file, u.type);
        }
        *payload = u.payload;
        *size = u.payload_size;
    }
    return data;
}

/*
 * Where the initrd and the device tree, `need` bytes together, go: at half of RAM or 128 MiB, but above the kernel as
 * far as it is known how much that takes; if they do not fit there, at the end of RAM.
 */
static uint32_t place_data(const BootKernel *k, uint32_t ram_size, uint32_t need)
{
    uint64_t above = page_up(k->room_end);
    uint64_t addr = MIN(ram_size / 2, INITRD_MAX_ADDR) & ~(BOOT_PAGE - 1);

    if (need > ram_size) {
        error_exit("initrd and device tree (0x%x bytes) are larger than RAM (0x%x bytes)", need, ram_size);
    }
    if (above > addr && above + need <= ram_size) {
        addr = above;
    } else if (above > addr && k->room_exact) {
        error_exit("RAM (0x%x bytes) is too small for the kernel (0x%x) and 0x%x bytes of initrd and device tree",
                   ram_size, k->room_end, need);
    }
    if (addr + need > ram_size) {
        addr = (ram_size - need) & ~(BOOT_PAGE - 1);
        if (addr < above) {
            error_exit("RAM (0x%x bytes) is too small for the kernel and 0x%x bytes of initrd and device tree",
                       ram_size, need);
        }
    }
    return (uint32_t)addr;
}

static void *read_dtb(const MachineState *m, uint32_t *size)
{
    char *err = NULL;
    void *data;

    if (strcmp(m->dtb, "builtin") == 0) {
        int n = 0;

        data = m->mc->build_dtb ? m->mc->build_dtb((MachineState *)m, &n) : NULL;
        if (!data || n <= 0) {
            error_exit("machine '%s' has no built-in device tree", m->mc->name);
        }
        *size = (uint32_t)n;
        return data;
    }
    data = boot_file_read(m->dtb, size, &err);
    if (!data) {
        error_exit("could not load device tree '%s': %s", m->dtb, err);
    }
    return data;
}

/* Device tree adapted to what args says; exits on mistakes. */
static void *patched_dtb(const MachineState *m, const void *raw, uint32_t raw_size, const BootArgs *args,
                         uint32_t *size)
{
    char *err = NULL;
    void *dtb = boot_patch_dtb(raw, raw_size, args, size, &err);

    if (!dtb) {
        error_exit("could not load device tree '%s': %s", m->dtb, err);
    }
    return dtb;
}

/* Place initrd and device tree; returns the address of the latter, 0 without one. */
static uint32_t load_data(BootInfo *info, const BootKernel *k, BootArgs *args)
{
    const MachineState *m = info->m;
    uint32_t raw_size = 0, dtb_size = 0, initrd_size = 0;
    const uint8_t *initrd = NULL;
    uint8_t *initrd_file = NULL;
    void *raw = NULL, *dtb = NULL;
    uint32_t addr, dtb_addr = 0;

    if (m->initrd) {
        initrd_file = read_initrd(m->initrd, &initrd, &initrd_size);
        args->initrd_end = 1;       /* for the size of the tree; the real addresses are set below */
    }
    if (m->dtb) {
        raw = read_dtb(m, &raw_size);
        dtb = patched_dtb(m, raw, raw_size, args, &dtb_size);
        g_free(dtb);
    }
    if (!initrd && !raw) {
        return 0;
    }
    addr = place_data(k, args->ram_size, (uint32_t)page_up(initrd_size) + dtb_size);
    if (initrd) {
        args->initrd_start = addr;
        args->initrd_end = addr + initrd_size;
        add_or_exit(info, "initrd", addr, initrd, initrd_size);
        g_free(initrd_file);
    }
    if (raw) {
        dtb_addr = addr + (uint32_t)page_up(initrd_size);
        dtb = patched_dtb(m, raw, raw_size, args, &dtb_size);
        add_or_exit(info, "device tree", dtb_addr, dtb, dtb_size);
        g_free(dtb);
        free(raw);      /* build_dtb's is malloc'ed, and g_malloc is malloc */
    }
    return dtb_addr;
}

static void load_kernel(BootInfo *info)
{
    MachineState *m = info->m;
    BootArgs args = { .ram_size = memory_ram_size(), .cmdline = m->append, .num_cpus = m->smp };
    uint8_t code[BOOT_STUB_MAX];
    char *err = NULL;
    uint32_t size, args_addr;
    uint8_t *data = boot_file_read(m->kernel, &size, &err);
    BootKernel k;
    int n;

    if (!data || !boot_load_kernel(&info->blobs, data, size, args.ram_size, &k, &err)) {
        error_exit("could not load kernel '%s': %s", m->kernel, err);
    }
    g_free(data);
    args_addr = load_data(info, &k, &args);

    if (k.linux_boot) {
        if (!args_addr) {
            uint8_t *atags = boot_build_atags(&args, &size);

            if (size > ATAGS_END - ATAGS_ADDR) {
                error_exit("-append: the kernel command line is too long");
            }
            args_addr = ATAGS_ADDR;
            add_or_exit(info, "ATAGS", ATAGS_ADDR, atags, size);
            g_free(atags);
        }
        size = boot_build_primary(code, m->mc->board_id, args_addr, k.entry);
        add_or_exit(info, "boot stub", 0, code, size);
    } else {
        info->pc[0] = k.entry;
        if (args_addr) {
            info->args[1] = m->mc->board_id;
            info->args[2] = args_addr;
        }
    }
    size = boot_build_pen(code, GIC_CPU_BASE, SYS_FLAGS_ADDR);
    add_or_exit(info, "boot pen", BOOT_PEN_BASE, code, size);
    for (n = 1; n < m->smp; n++) {
        info->pc[n] = BOOT_PEN_BASE;
    }
}

/* What semihosting tells the guest about its command line and free memory. */
static void set_up_semihosting(const BootInfo *info)
{
    const MachineState *m = info->m;
    uint32_t start, end;

    boot_blobs_largest_gap(&info->blobs, memory_ram_size(), &start, &end);
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
    uint32_t pc[ARM_MAX_CPUS] = { 0 };
    bool pc_set[ARM_MAX_CPUS] = { false };
    void *pen = NULL;
    char *err = NULL;
    int n;

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
    memory_add_ram(BOOT_PEN_BASE, BOOT_PEN_SIZE, pen, "boot-pen");

    if (m->kernel) {
        load_kernel(info);
    }
    if (!boot_load_devices(&info->blobs, m->smp, pc, pc_set, &err)) {
        error_exit("%s", err);
    }
    for (n = 0; n < m->smp; n++) {
        if (pc_set[n]) {
            info->pc[n] = pc[n];
        }
    }
    set_up_semihosting(info);
    qemu_register_reset(boot_reset, info);
}
