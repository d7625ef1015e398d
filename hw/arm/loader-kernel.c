/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -kernel: find out what kind of image it is, add its pieces and say how to start it.
 *
 *   gzip             uncompressed first; what is inside may be anything below but gzip
 *   ELF              segments at their physical addresses; started without the Linux protocol
 *   Intel HEX, S-records    where they say; started without the Linux protocol
 *   uImage           at the header's load address, gzip or no compression
 *   zImage, unknown  at 0x10000, entered at its first byte
 *   Image            (the kernel proper, as objcopy makes it) at 0x8000: it computes addresses from where it runs
 *
 * Called by hw/arm/boot-plan.c on the main thread; no state, no locks.
 */
#include <glib.h>
#include <string.h>

#include "hw/arm/boot-image.h"

#define KERNEL_LOAD_ADDR    0x00010000u
#define IMAGE_LOAD_ADDR     0x00008000u     /* TEXT_OFFSET: 16 KiB of page tables lie below it */

/* zImage: words at fixed byte offsets, and a table of tags. */
#define ZIMAGE_MAGIC        0x016f2818u
#define ZIMAGE_TABLE_MAGIC  0x45454545u
#define ZIMAGE_TAG_SIZE     0x5a534c4bu     /* where the size of the unpacked kernel is, size of its .bss */
enum {
    ZIMAGE_MAGIC_AT = 0x24, ZIMAGE_START_AT = 0x28, ZIMAGE_END_AT = 0x2c, ZIMAGE_ORDER_AT = 0x30,
    ZIMAGE_TABLE_MAGIC_AT = 0x34, ZIMAGE_TABLE_AT = 0x38, ZIMAGE_HEADER = 0x3c,
};
/* The unpacking code's heap, stack and moved copy of itself, with reserve. */
#define ZIMAGE_SCRATCH      0x00040000u

/* ARM Linux reads the main ID register into r9 and calls its processor look-up within its first instructions. */
#define INSN_MRC_R9_MIDR    0xee109f10u
enum { IMAGE_PROBE_WORDS = 32, IMAGE_MIN_SIZE = 256 << 10 };
#define IMAGE_BSS_GUESS     0x00800000u

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t clamp32(uint64_t v)
{
    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static bool is_zimage(const uint8_t *data, uint32_t size)
{
    return size >= ZIMAGE_HEADER && le32(data + ZIMAGE_MAGIC_AT) == ZIMAGE_MAGIC;
}

static bool is_linux_image(const uint8_t *data, uint32_t size)
{
    unsigned i;

    if (size < IMAGE_MIN_SIZE) {
        return false;
    }
    for (i = 0; i < IMAGE_PROBE_WORDS; i++) {
        if (le32(data + 4 * i) == INSN_MRC_R9_MIDR && data[4 * (i + 1) + 3] == 0xeb) {
            return true;
        }
    }
    return false;
}

/* Room that a zImage needs above RAM's start to unpack itself and run; a guess for kernels before 4.15. */
static void zimage_room(const uint8_t *data, uint32_t size, BootKernel *k)
{
    uint32_t at = le32(data + ZIMAGE_TABLE_AT);

    k->room_exact = false;
    k->room_end = clamp32((uint64_t)IMAGE_LOAD_ADDR + 4 * (uint64_t)size + ZIMAGE_SCRATCH);
    if (le32(data + ZIMAGE_TABLE_MAGIC_AT) != ZIMAGE_TABLE_MAGIC) {
        return;
    }
    /* Tags: number of words (with these two), name, contents; a tag of no words ends the list. */
    while (at <= size && size - at >= 16 && (at & 3) == 0) {
        uint32_t words = le32(data + at);

        if (words < 2 || words > (size - at) / 4) {
            return;
        }
        if (le32(data + at + 4) == ZIMAGE_TAG_SIZE && words >= 4) {
            uint32_t where = le32(data + at + 8);
            uint32_t bss = le32(data + at + 12);

            if (where <= size - 4) {
                k->room_end = clamp32((uint64_t)IMAGE_LOAD_ADDR + le32(data + where) + bss + size + ZIMAGE_SCRATCH);
                k->room_exact = true;
            }
            return;
        }
        at += words * 4;
    }
}

static bool load_zimage(BootBlobs *blobs, const uint8_t *data, uint32_t size, BootKernel *k, char **err)
{
    uint32_t start = le32(data + ZIMAGE_START_AT);
    uint32_t end = le32(data + ZIMAGE_END_AT);

    if (end < start || end - start > size) {
        *err = g_strdup_printf("zImage: truncated: %u of %u bytes are there", size, end - start);
        return false;
    }
    zimage_room(data, size, k);
    k->entry = KERNEL_LOAD_ADDR;
    k->linux_boot = true;
    return boot_blob_add(blobs, "kernel", KERNEL_LOAD_ADDR, data, size, err);
}

static bool load_flat(BootBlobs *blobs, const uint8_t *data, uint32_t size, uint32_t addr, BootKernel *k, char **err)
{
    bool image = is_linux_image(data, size);

    k->entry = addr;
    k->linux_boot = true;
    k->room_exact = false;
    k->room_end = clamp32((uint64_t)addr + size + (image ? IMAGE_BSS_GUESS : 0));
    return boot_blob_add(blobs, "kernel", addr, data, size, err);
}

static bool load_uimage(BootBlobs *blobs, const uint8_t *data, uint32_t size, uint32_t ram_size, BootKernel *k,
                        char **err)
{
    UImage u;
    uint8_t *plain = NULL;
    uint32_t plain_size;
    bool ok;

    if (!boot_parse_uimage(data, size, &u, err)) {
        return false;
    }
    if (u.type == UIMAGE_TYPE_KERNEL_NOLOAD) {
        u.load = KERNEL_LOAD_ADDR;
        u.entry += KERNEL_LOAD_ADDR;
    } else if (u.type != UIMAGE_TYPE_KERNEL) {
        *err = g_strdup_printf("uImage: holds type %u, not a kernel", u.type);
        return false;
    }
    if (u.comp == UIMAGE_COMP_GZIP) {
        plain = boot_gunzip(u.payload, u.payload_size, ram_size, &plain_size, err);
        if (!plain) {
            return false;
        }
        u.payload = plain;
        u.payload_size = plain_size;
    } else if (u.comp != UIMAGE_COMP_NONE) {
        *err = g_strdup_printf("uImage: compression %u is not supported", u.comp);
        return false;
    }
    ok = load_flat(blobs, u.payload, u.payload_size, u.load, k, err);
    if (ok && is_zimage(u.payload, u.payload_size)) {
        zimage_room(u.payload, u.payload_size, k);
    }
    k->room_end = MAX(k->room_end, clamp32((uint64_t)u.load + u.payload_size));
    k->entry = u.entry;
    k->linux_boot = u.os == UIMAGE_OS_LINUX;
    if (ok && (u.entry & 3) == 2) {
        *err = g_strdup_printf("uImage: misaligned entry point 0x%08x", u.entry);
        ok = false;
    }
    g_free(plain);
    return ok;
}

static bool load_plain(BootBlobs *blobs, const uint8_t *data, uint32_t size, uint32_t ram_size, BootKernel *k,
                       char **err)
{
    if (boot_is_elf(data, size)) {
        k->linux_boot = false;
        k->room_exact = true;
        return boot_load_elf(blobs, "kernel", data, size, &k->entry, &k->be8, err);
    }
    if (boot_is_records(data, size)) {
        k->linux_boot = false;
        k->room_exact = true;
        if (!boot_load_records(blobs, "kernel", data, size, &k->entry, err)) {
            return false;
        }
        if ((k->entry & 3) == 2) {
            *err = g_strdup_printf("misaligned start address 0x%08x", k->entry);
            return false;
        }
        return true;
    }
    if (boot_is_uimage(data, size)) {
        return load_uimage(blobs, data, size, ram_size, k, err);
    }
    if (is_zimage(data, size)) {
        return load_zimage(blobs, data, size, k, err);
    }
    return load_flat(blobs, data, size, is_linux_image(data, size) ? IMAGE_LOAD_ADDR : KERNEL_LOAD_ADDR, k, err);
}

bool boot_load_kernel(BootBlobs *blobs, const uint8_t *data, uint32_t size, uint32_t ram_size, BootKernel *k,
                      char **err)
{
    uint8_t *plain;
    uint32_t plain_size;
    bool ok;

    memset(k, 0, sizeof(*k));
    if (!boot_is_gzip(data, size)) {
        return load_plain(blobs, data, size, ram_size, k, err);
    }
    plain = boot_gunzip(data, size, BOOT_FILE_MAX, &plain_size, err);
    if (!plain) {
        return false;
    }
    ok = load_plain(blobs, plain, plain_size, ram_size, k, err);
    g_free(plain);
    return ok;
}
