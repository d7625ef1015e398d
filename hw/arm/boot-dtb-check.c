/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a device tree one of this board? A kernel whose tree names an interrupt controller that is not there prints
 * nothing at all: Linux's trees of this baseboard with another core tile look alike, and so do their files' names.
 *
 * Main thread, before the guest starts; no state.
 */
#include <glib.h>
#include <libfdt.h>

#include "hw/arm/boot-image.h"

/* Who interrupts CPUs: it has no interrupt of its own, as GPIO blocks and cascaded controllers have. */
static bool is_root_gic(const void *fdt, int node)
{
    int len = 0;
    const char *compatible = fdt_getprop(fdt, node, "compatible", &len);

    return compatible && (g_strstr_len(compatible, len, "gic") || g_strstr_len(compatible, len, "pl390")) &&
           fdt_getprop(fdt, node, "interrupt-controller", NULL) && !fdt_getprop(fdt, node, "interrupts", NULL);
}

/* Are the node's addresses, of one word each, physical ones? */
static bool has_physical_addresses(const void *fdt, int node)
{
    int parent = fdt_parent_offset(fdt, node);

    if (parent < 0 || fdt_address_cells(fdt, parent) != 1 || fdt_size_cells(fdt, parent) != 1) {
        return false;
    }
    for (; parent > 0; parent = fdt_parent_offset(fdt, parent)) {
        int len = -1;

        if (!fdt_getprop(fdt, parent, "ranges", &len) || len != 0) {
            return false;
        }
    }
    return parent == 0;
}

char *boot_dtb_mismatch(const void *fdt, uint32_t gic_cpu)
{
    uint32_t elsewhere = 0;
    bool found = false;

    for (int node = fdt_next_node(fdt, -1, NULL); node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        int len = 0;
        const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

        if (!is_root_gic(fdt, node)) {
            continue;
        }
        if (!reg || len < 16 || !has_physical_addresses(fdt, node)) {
            return NULL;                            /* another way of telling it */
        }
        if (fdt32_ld(&reg[2]) == gic_cpu) {         /* distributor, CPU interface */
            return NULL;
        }
        elsewhere = fdt32_ld(&reg[2]);
        found = true;
    }
    return !found ? NULL
                  : g_strdup_printf("it is another board's: its interrupt controller is at 0x%08x, here it is at "
                                    "0x%08x. Use -dtb builtin, or Linux's arm-realview-eb-11mp-ctrevb.dtb",
                                    elsewhere, gic_cpu);
}
