/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel is told about the machine: the ATAG list of old kernels, and the corrections to a device tree.
 *
 * Called by hw/arm/boot.c on the main thread; no state, no locks. A tree file is checked as a whole first
 * (fdt_check_full); afterwards libfdt's own bounds checks hold.
 */
#include <glib.h>
#include <libfdt.h>
#include <string.h>

#include "hw/arm/boot-image.h"
#include "qemu/guest-random.h"
#include "qemu/log.h"
#include "target/arm/cpu-model.h"

#define ATAG_NONE       0x00000000u
#define ATAG_CORE       0x54410001u
#define ATAG_MEM        0x54410002u
#define ATAG_INITRD2    0x54420005u
#define ATAG_CMDLINE    0x54410009u

/* Room for nodes and properties that are added, without the command line. */
enum { DTB_SLACK = 16 << 10 };
/* Linux counts 256 bits as enough to be sure of its random numbers. */
enum { RNG_SEED_SIZE = 32 };

static void atag_word(GByteArray *list, uint32_t word)
{
    word = GUINT32_TO_LE(word);
    g_byte_array_append(list, (const uint8_t *)&word, sizeof(word));
}

static void atag(GByteArray *list, uint32_t tag, uint32_t words, const uint32_t *w)
{
    uint32_t i;

    atag_word(list, words ? 2 + words : 0);
    atag_word(list, tag);
    for (i = 0; i < words; i++) {
        atag_word(list, w[i]);
    }
}

uint8_t *boot_build_atags(const BootArgs *args, uint32_t *size)
{
    GByteArray *list = g_byte_array_new();

    atag(list, ATAG_CORE, 3, (uint32_t[]) { 1, 4096, 0 });     /* read-only root, page size, root device */
    atag(list, ATAG_MEM, 2, (uint32_t[]) { args->ram_size, 0 });
    if (args->initrd_end > args->initrd_start) {
        atag(list, ATAG_INITRD2, 2,
             (uint32_t[]) { args->initrd_start, args->initrd_end - args->initrd_start });
    }
    if (args->cmdline && args->cmdline[0]) {
        static const uint8_t pad[4];
        uint32_t len = (uint32_t)strlen(args->cmdline) + 1;
        uint32_t words = (len + 3) / 4;

        atag_word(list, 2 + words);
        atag_word(list, ATAG_CMDLINE);
        g_byte_array_append(list, (const uint8_t *)args->cmdline, len);
        g_byte_array_append(list, pad, words * 4 - len);
    }
    atag(list, ATAG_NONE, 0, NULL);
    *size = list->len;
    return g_byte_array_free(list, FALSE);
}

/* True if the node is called `name` or `name@...`. */
static bool node_called(const void *fdt, int node, const char *name)
{
    size_t n = strlen(name);
    const char *s = fdt_get_name(fdt, node, NULL);

    return s && strncmp(s, name, n) == 0 && (s[n] == '\0' || s[n] == '@');
}

static int patch_memory(void *fdt, uint32_t ram_size)
{
    int addr_cells = fdt_address_cells(fdt, 0);
    int size_cells = fdt_size_cells(fdt, 0);
    fdt32_t reg[4] = { 0 };
    int node, ret;

    if (addr_cells < 1 || addr_cells > 2 || size_cells < 1 || size_cells > 2) {
        return -FDT_ERR_BADNCELLS;
    }
    node = fdt_first_subnode(fdt, 0);
    while (node >= 0) {
        if (node_called(fdt, node, "memory")) {
            ret = fdt_del_node(fdt, node);
            if (ret) {
                return ret;
            }
            node = fdt_first_subnode(fdt, 0);
        } else {
            node = fdt_next_subnode(fdt, node);
        }
    }
    node = fdt_add_subnode(fdt, 0, "memory@0");
    if (node < 0) {
        return node;
    }
    reg[addr_cells + size_cells - 1] = cpu_to_fdt32(ram_size);
    ret = fdt_setprop_string(fdt, node, "device_type", "memory");
    return ret ? ret : fdt_setprop(fdt, node, "reg", reg, 4 * (addr_cells + size_cells));
}

static int del_property(void *fdt, int node, const char *name)
{
    int ret = fdt_delprop(fdt, node, name);

    return ret == -FDT_ERR_NOTFOUND ? 0 : ret;
}

static int patch_chosen(void *fdt, const BootArgs *args)
{
    bool initrd = args->initrd_end > args->initrd_start;
    int node = fdt_path_offset(fdt, "/chosen");
    int ret = 0;

    if (node == -FDT_ERR_NOTFOUND) {
        node = fdt_add_subnode(fdt, 0, "chosen");
    }
    if (node < 0) {
        return node;
    }
    /* Without -append the tree's own arguments stay. */
    if (args->cmdline && args->cmdline[0]) {
        ret = fdt_setprop_string(fdt, node, "bootargs", args->cmdline);
    }
    if (!ret) {
        ret = initrd ? fdt_setprop_u32(fdt, node, "linux,initrd-start", args->initrd_start)
                     : del_property(fdt, node, "linux,initrd-start");
    }
    if (!ret) {
        ret = initrd ? fdt_setprop_u32(fdt, node, "linux,initrd-end", args->initrd_end)
                     : del_property(fdt, node, "linux,initrd-end");
    }
    if (!ret) {
        void *seed;

        ret = fdt_setprop_placeholder(fdt, node, "rng-seed", RNG_SEED_SIZE, &seed);
    }
    return ret;
}

void boot_seed_dtb(void *fdt)
{
    int len;
    uint8_t *seed = fdt_getprop_w(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &len);

    /* A guest had better know nothing than what everybody knows. */
    if (seed && !guest_random(seed, (size_t)len)) {
        warn_report("the host has no random numbers for the guest's device tree");
        fdt_nop_property(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed");
    }
}

/* The CPU number of a node below /cpus, or -1. */
static int64_t cpu_number(const void *fdt, int node)
{
    int len;
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

    return reg && len == 4 ? (int64_t)fdt32_to_cpu(*reg) : -1;
}

/* Take entries for CPUs that are gone (their phandles) out of "interrupt-affinity" and the "interrupts" beside it. */
static int trim_affinity(void *fdt, const GArray *gone)
{
    int node;

    for (node = fdt_next_node(fdt, -1, NULL); node >= 0; node = fdt_next_node(fdt, node, NULL)) {
        int alen, ilen, ret;
        const fdt32_t *aff = fdt_getprop(fdt, node, "interrupt-affinity", &alen);
        const uint8_t *irq = fdt_getprop(fdt, node, "interrupts", &ilen);
        GByteArray *new_aff, *new_irq;
        int i, entries = alen / 4;

        if (!aff || !irq || entries < 1 || ilen % entries) {
            continue;
        }
        new_aff = g_byte_array_new();
        new_irq = g_byte_array_new();
        for (i = 0; i < entries; i++) {
            uint32_t phandle = fdt32_to_cpu(aff[i]);
            bool dead = false;
            guint g;

            for (g = 0; g < gone->len; g++) {
                dead |= g_array_index(gone, uint32_t, g) == phandle;
            }
            if (!dead) {
                g_byte_array_append(new_aff, (const uint8_t *)&aff[i], 4);
                g_byte_array_append(new_irq, irq + i * (ilen / entries), (guint)(ilen / entries));
            }
        }
        /* Only shrinks: the node's offset stays what it is. */
        ret = fdt_setprop(fdt, node, "interrupt-affinity", new_aff->data, (int)new_aff->len);
        if (!ret) {
            ret = fdt_setprop(fdt, node, "interrupts", new_irq->data, (int)new_irq->len);
        }
        g_byte_array_free(new_aff, TRUE);
        g_byte_array_free(new_irq, TRUE);
        if (ret) {
            return ret;
        }
    }
    return 0;
}

typedef struct CpuProp {
    char *name;
    void *data;
    int len;
} CpuProp;

static void cpu_prop_clear(void *p)
{
    CpuProp *prop = p;

    g_free(prop->name);
    g_free(prop->data);
}

/* What a CPU node that is added says, copied from `node` (or the least it must say, without one). */
static GArray *cpu_template(const void *fdt, int node)
{
    GArray *props = g_array_new(FALSE, FALSE, sizeof(CpuProp));
    int off;

    g_array_set_clear_func(props, cpu_prop_clear);
    if (node < 0) {
        CpuProp type = { g_strdup("device_type"), g_strdup("cpu"), sizeof("cpu") };
        CpuProp model = { g_strdup("compatible"), g_strdup(arm_cpu_model->compatible),
                          (int)strlen(arm_cpu_model->compatible) + 1 };

        g_array_append_val(props, type);
        g_array_append_val(props, model);
        return props;
    }
    fdt_for_each_property_offset(off, fdt, node) {
        const char *name;
        CpuProp prop;
        const void *data = fdt_getprop_by_offset(fdt, off, &name, &prop.len);

        if (data && strcmp(name, "reg") != 0 && strcmp(name, "phandle") != 0 && strcmp(name, "linux,phandle") != 0) {
            prop.name = g_strdup(name);
            prop.data = g_memdup2(data, (size_t)prop.len);
            g_array_append_val(props, prop);
        }
    }
    return props;
}

static int add_cpu(void *fdt, int cpus, int n, const GArray *props)
{
    char name[16];
    int node, ret;
    guint i;

    g_snprintf(name, sizeof(name), "cpu@%x", (unsigned)n);
    node = fdt_add_subnode(fdt, cpus, name);
    if (node < 0) {
        return node;
    }
    ret = fdt_setprop_u32(fdt, node, "reg", (uint32_t)n);
    for (i = 0; !ret && i < props->len; i++) {
        const CpuProp *p = &g_array_index(props, CpuProp, i);

        ret = fdt_setprop(fdt, node, p->name, p->data, p->len);
    }
    return ret;
}

/* Make the children of /cpus those of this machine: 0 .. num_cpus - 1. */
static int patch_cpus(void *fdt, int num_cpus)
{
    int cpus = fdt_path_offset(fdt, "/cpus");
    GArray *gone, *props;
    uint32_t seen = 0;
    int first = -1;
    int node, n, ret = 0;

    if (cpus < 0 || fdt_address_cells(fdt, cpus) != 1) {
        return 0;
    }
    gone = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    node = fdt_first_subnode(fdt, cpus);
    while (!ret && node >= 0) {
        int64_t number = cpu_number(fdt, node);

        if (node_called(fdt, node, "cpu") && (number < 0 || number >= num_cpus || (seen >> number & 1))) {
            uint32_t phandle = fdt_get_phandle(fdt, node);

            if (phandle) {
                g_array_append_val(gone, phandle);
            }
            ret = fdt_del_node(fdt, node);
            node = fdt_first_subnode(fdt, cpus);
            seen = 0;
        } else {
            if (node_called(fdt, node, "cpu")) {
                seen |= 1u << number;
            }
            node = fdt_next_subnode(fdt, node);
        }
    }
    if (!ret && gone->len) {
        ret = trim_affinity(fdt, gone);
        cpus = fdt_path_offset(fdt, "/cpus");
    }
    g_array_free(gone, TRUE);
    fdt_for_each_subnode(node, fdt, cpus) {
        if (first < 0 && node_called(fdt, node, "cpu")) {
            first = node;
        }
    }
    props = cpu_template(fdt, first);
    /* A new node becomes the first one: downwards, so that the kernel meets them in order. */
    for (n = num_cpus - 1; !ret && n >= 0; n--) {
        if (!(seen >> n & 1)) {
            ret = add_cpu(fdt, cpus, n, props);
        }
    }
    g_array_free(props, TRUE);
    return ret;
}

void *boot_patch_dtb(const void *data, uint32_t size, const BootArgs *args, uint32_t *out_size, char **err)
{
    size_t room;
    void *fdt;
    int ret;

    if (size < sizeof(struct fdt_header)) {
        *err = g_strdup("not a device tree: too short");
        return NULL;
    }
    ret = fdt_check_full(data, size);
    if (ret) {
        *err = g_strdup_printf("not a valid device tree: %s", fdt_strerror(ret));
        return NULL;
    }
    *err = args->gic_cpu ? boot_dtb_mismatch(data, args->gic_cpu) : NULL;
    if (*err) {
        return NULL;
    }
    room = fdt_totalsize(data) + (size_t)DTB_SLACK + (args->cmdline ? strlen(args->cmdline) : 0);
    if (room > INT32_MAX) {
        *err = g_strdup("the device tree is too large");
        return NULL;
    }
    fdt = g_malloc0(room);
    ret = fdt_open_into(data, fdt, (int)room);
    if (!ret) {
        ret = patch_memory(fdt, args->ram_size);
    }
    if (!ret) {
        ret = patch_chosen(fdt, args);
    }
    if (!ret) {
        ret = patch_cpus(fdt, args->num_cpus);
    }
    if (!ret) {
        ret = fdt_pack(fdt);
    }
    if (ret) {
        *err = g_strdup_printf("cannot adapt the device tree: %s", fdt_strerror(ret));
        g_free(fdt);
        return NULL;
    }
    *out_size = fdt_totalsize(fdt);
    return fdt;
}
