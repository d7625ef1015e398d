/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second board: toy-board.c and toy-device.c are all there is of it, the rest is the emulator as it is. Its device is
 * driven through the real memory map, its line seen at the controller, its state saved; a kernel is planned for it and
 * put into RAM, with a tree, and with a pen that holds this board's addresses and no other's.
 */
#define _GNU_SOURCE     /* memfd_create */
#include <glib.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "exec/memory.h"
#include "hw/arm/boot-plan.h"
#include "hw/device.h"
#include "tests/unit/tap.h"
#include "toy-board.h"

enum { RAM_SIZE = 16 << 20, CPUS = 2, ZIMAGE_SIZE = 0x80 };

static uint32_t bell_count(void)
{
    return mmio_read(TOY_BELL + BELL_COUNT, 4, 0);
}

/* The level of the bell's line at the controller. */
static bool line(void)
{
    return mmio_read(TOY_GICD + 0xd04, 4, 0) >> TOY_BELL_SPI & 1;
}

static void ring(void)
{
    mmio_write(TOY_BELL + BELL_RING, 1, 4, 0);
}

static void test_device(void)
{
    Device *bell = device_find("bell0");
    char *p = NULL, *err = NULL;
    size_t n;
    FILE *f;

    tap_case(bell && !line() && bell_count() == 0, "the device is in the list, and quiet");
    ring();
    ring();
    tap_case(line() && bell_count() == 2, "its line arrives at the board's controller");
    f = open_memstream(&p, &n);
    tap_case(device_save(bell, f), "saved");
    fclose(f);
    mmio_write(TOY_BELL + BELL_QUIET, 0, 4, 0);
    tap_case(!line(), "quiet again");
    qemu_devices_reset();
    tap_case(!line() && bell_count() == 0, "reset with the machine");
    f = fmemopen(p, n, "rb");
    tap_case(device_load(bell, f, &err) && line() && bell_count() == 2, "loaded: registers and line are back");
    fclose(f);
    free(p);
    g_free(err);
}

/* A word of what the plan put at phys. */
static uint32_t word_at(uint32_t phys)
{
    const uint8_t *p = memory_ram_ptr(phys, 4);
    uint32_t v = 0;

    if (p) {
        memcpy(&v, p, 4);
    }
    return GUINT32_FROM_LE(v);
}

static bool pen_has(uint32_t value)
{
    for (uint32_t at = 0; at < BOOT_STUB_MAX; at += 4) {
        if (word_at(TOY_PEN + at) == value) {
            return true;
        }
    }
    return false;
}

static void test_boot(MachineState *m)
{
    static char path[32];
    uint8_t z[ZIMAGE_SIZE] = { 0 };
    int fd = memfd_create("zImage", MFD_CLOEXEC);
    BootPlan plan;
    char *err = NULL;

    /* The magic number, and where the image ends. */
    memcpy(z + 0x24, "\x18\x28\x6f\x01", 4);
    z[0x2c] = ZIMAGE_SIZE;
    if (fd < 0 || write(fd, z, sizeof(z)) != (ssize_t)sizeof(z) || lseek(fd, 0, SEEK_SET)) {
        tap_case(false, "a kernel in a file");
        return;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    m->kernel = path;
    m->dtb = "builtin";
    if (!boot_plan_make(&plan, m, &err)) {
        tap_case(false, "a plan");
        printf("# %s\n", err);
        g_free(err);
        return;
    }
    boot_blobs_place(&plan.blobs);
    tap_case(plan.start[0].pc == 0 && plan.start[1].pc == TOY_PEN, "the second CPU starts in the board's pen");
    tap_case(pen_has(TOY_GICC) && pen_has(TOY_BELL + BELL_COUNT), "which looks at the board's own registers");
    /* The boot stub: three loads and a jump, then machine number, tree and entry point. */
    tap_case(word_at(0x10) == TOY_BOARD_ID, "the kernel hears the board's number");
    int node = plan.dtb ? fdt_path_offset(plan.dtb, "/bell@50000000") : -1;
    tap_case(node >= 0 && !fdt_node_check_compatible(plan.dtb, node, "toy,bell"),
             "and gets a tree with the device's own node");
    boot_plan_free(&plan);
    close(fd);
}

int main(void)
{
    static MachineState m = { .mc = &toy_machine, .smp = CPUS, .ram_size = RAM_SIZE };
    uint8_t *ram = aligned_alloc(4096, RAM_SIZE), *pen = aligned_alloc(4096, BOOT_PEN_SIZE);

    if (!ram || !pen) {
        return 1;
    }
    memset(ram, 0, RAM_SIZE);
    memset(pen, 0, BOOT_PEN_SIZE);
    memory_add_ram(0, RAM_SIZE, ram, "ram");
    toy_machine.init(&m);
    memory_add_ram(m.boot.pen, BOOT_PEN_SIZE, pen, "boot-pen");
    test_device();
    test_boot(&m);
    return tap_done();
}
