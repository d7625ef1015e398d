/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device loader: files and values for guest RAM, program counters for CPUs.
 *
 * Owns loader_devices (include/hw/loader.h). Main thread only, before the CPUs start: no locks.
 */
#include <glib.h>
#include <string.h>

#include "hw/arm/boot-image.h"
#include "hw/loader.h"

LoaderDevice *loader_devices;

void loader_device_add(const LoaderDevice *dev)
{
    static LoaderDevice **end = &loader_devices;

    *end = g_new(LoaderDevice, 1);
    **end = *dev;
    (*end)->next = NULL;
    end = &(*end)->next;
}

static bool load_value(BootBlobs *blobs, const LoaderDevice *dev, char **err)
{
    uint8_t bytes[8];
    unsigned i;

    if (dev->data_len != 1 && dev->data_len != 2 && dev->data_len != 4 && dev->data_len != 8) {
        *err = g_strdup("data-len must be 1, 2, 4 or 8");
        return false;
    }
    if (!dev->has_addr) {
        *err = g_strdup("data needs addr");
        return false;
    }
    if (dev->data_len < 8 && dev->data >> (8 * dev->data_len)) {
        *err = g_strdup_printf("data does not fit into %u bytes", dev->data_len);
        return false;
    }
    for (i = 0; i < dev->data_len; i++) {
        bytes[dev->data_be ? dev->data_len - 1 - i : i] = (uint8_t)(dev->data >> (8 * i));
    }
    return boot_blob_add(blobs, "data", dev->addr, bytes, dev->data_len, err);
}

/* A uImage given here goes to its load address, whatever its type, uncompressed by us if it is gzip. */
static bool load_uimage(BootBlobs *blobs, const char *name, const uint8_t *data, uint32_t size, uint32_t *entry,
                        char **err)
{
    UImage u;
    uint8_t *plain;
    uint32_t plain_size;
    bool ok;

    if (!boot_parse_uimage(data, size, &u, err)) {
        return false;
    }
    *entry = u.entry;
    if (u.comp == UIMAGE_COMP_NONE) {
        return boot_blob_add(blobs, name, u.load, u.payload, u.payload_size, err);
    }
    if (u.comp != UIMAGE_COMP_GZIP) {
        *err = g_strdup_printf("uImage: compression %u is not supported", u.comp);
        return false;
    }
    plain = boot_gunzip(u.payload, u.payload_size, BOOT_FILE_MAX, &plain_size, err);
    if (!plain) {
        return false;
    }
    ok = boot_blob_add(blobs, name, u.load, plain, plain_size, err);
    g_free(plain);
    return ok;
}

static bool load_file(BootBlobs *blobs, const LoaderDevice *dev, BootStart *start, char **err)
{
    uint32_t size;
    uint8_t *data = boot_file_read(dev->file, &size, err);
    bool ok;

    if (!data) {
        return false;
    }
    start->pc = dev->addr;
    if (!dev->force_raw && boot_is_elf(data, size)) {
        ok = boot_load_elf(blobs, dev->file, data, size, &start->pc, &start->be8, err);
    } else if (!dev->force_raw && boot_is_uimage(data, size)) {
        ok = load_uimage(blobs, dev->file, data, size, &start->pc, err);
    } else if (!dev->force_raw && boot_is_records(data, size)) {
        ok = boot_load_records(blobs, dev->file, data, size, &start->pc, err);
    } else if (!dev->has_addr) {
        *err = g_strdup("a raw file needs addr");
        ok = false;
    } else {
        ok = boot_blob_add(blobs, dev->file, dev->addr, data, size, err);
    }
    g_free(data);
    return ok;
}

static bool load_one(BootBlobs *blobs, const LoaderDevice *dev, int num_cpus, BootStart *starts, char **err)
{
    BootStart start = { dev->addr, false };

    if (dev->cpu_num < -1 || dev->cpu_num >= num_cpus) {
        *err = g_strdup_printf("there is no CPU %d", dev->cpu_num);
        return false;
    }
    if (dev->has_data) {
        /* cpu-num only names an address space here; all CPUs share one. */
        if (dev->file || dev->force_raw) {
            *err = g_strdup("data and a file exclude each other");
            return false;
        }
        return load_value(blobs, dev, err);
    }
    if (dev->file) {
        if (!load_file(blobs, dev, &start, err)) {
            return false;
        }
    } else if (!dev->has_addr || dev->cpu_num < 0) {
        *err = g_strdup("needs a file, or addr and data, or addr and cpu-num");
        return false;
    }
    if (dev->cpu_num >= 0) {
        if ((start.pc & 3) == 2) {
            *err = g_strdup_printf("misaligned program counter 0x%08x", start.pc);
            return false;
        }
        starts[dev->cpu_num] = start;
    }
    return true;
}

bool boot_load_devices(BootBlobs *blobs, int num_cpus, BootStart *start, char **err)
{
    const LoaderDevice *dev;

    for (dev = loader_devices; dev; dev = dev->next) {
        char *why = NULL;

        if (!load_one(blobs, dev, num_cpus, start, &why)) {
            *err = dev->file ? g_strdup_printf("-device loader: '%s': %s", dev->file, why)
                             : g_strdup_printf("-device loader: %s", why);
            g_free(why);
            return false;
        }
    }
    return true;
}
