/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader's files share: the pieces that go into guest RAM, and the image formats.
 *
 * Everything runs on the main thread, before the CPUs start or while they are stopped for a reset: no locks. Functions
 * that can fail return false (or NULL) and set *err to an allocated one-line message; only hw/arm/boot.c
 * turns such a message into the end of the program.
 */
#ifndef HW_ARM_BOOT_IMAGE_H
#define HW_ARM_BOOT_IMAGE_H
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No file the loader reads may be larger than this; a kernel with all its debug information is smaller. */
enum { BOOT_FILE_MAX = 512 << 20 };

/* ---- hw/arm/boot-blob.c ---- */

/* Guest physical addresses; not empty. */
typedef struct BootRange {
    uint32_t addr;
    uint64_t end;               /* behind the last byte */
} BootRange;

/* Bytes for one place in guest RAM; kept in host memory because every reset writes them again. */
typedef struct BootBlob {
    BootRange range;
    char *name;                 /* for messages */
    uint8_t *data;
} BootBlob;

/* By rising address; NULL while there are none. */
typedef struct BootBlobs {
    GTree *pieces;              /* BootBlob */
    GTree *cleared;             /* BootRange: RAM that is cleared before the pieces are written */
} BootBlobs;

/*
 * Add a copy of data[0..size) at addr. Fails if that is not all RAM or overlaps a piece that is there already. Empty
 * pieces are ignored.
 */
bool boot_blob_add(BootBlobs *blobs, const char *name, uint32_t addr, const void *data, uint32_t size, char **err);
/* The bytes of the piece at addr that will be written to RAM; the caller may change them. NULL: there is no piece. */
uint8_t *boot_blob_data(const BootBlobs *blobs, uint32_t addr);
/* Clear what is RAM and holds no piece (added before or after) in `size` > 0 bytes at addr. */
void boot_blob_clear(BootBlobs *blobs, const char *name, uint32_t addr, uint32_t size);
/* True if any byte of `size` > 0 bytes at addr is RAM. */
bool boot_range_has_ram(uint32_t addr, uint32_t size);
/* Write all pieces into guest RAM. CPUs are stopped. */
void boot_blobs_place(const BootBlobs *blobs);
void boot_blobs_free(BootBlobs *blobs);
/* The largest piece of [0, limit) that no blob touches, in whole 4 KiB pages. */
void boot_blobs_largest_gap(const BootBlobs *blobs, uint32_t limit, uint32_t *start, uint32_t *end);

/* ---- hw/arm/loader-file.c ---- */

/* The whole file (or pipe) in allocated memory; an empty file and one above BOOT_FILE_MAX are errors. */
uint8_t *boot_file_read(const char *file, uint32_t *size, char **err);
bool boot_is_gzip(const uint8_t *data, uint32_t size);
/* Uncompress a gzip member; at most `limit` bytes may come out. */
uint8_t *boot_gunzip(const uint8_t *data, uint32_t size, uint32_t limit, uint32_t *out_size, char **err);

/* ---- hw/arm/loader-elf.c ---- */
bool boot_is_elf(const uint8_t *data, uint32_t size);
/*
 * Add the loadable segments of a 32-bit ARM executable; *entry = physical entry point, bit 0 = Thumb. *be8: its data
 * are big-endian, its code is not (BE-8); BE-32, where both are, is refused: the processor here has none.
 * What is only to be cleared gives way to everything else; contents for places without any RAM are left out with a
 * warning, unless the program would start there.
 */
bool boot_load_elf(BootBlobs *blobs, const char *name, const uint8_t *data, uint32_t size, uint32_t *entry, bool *be8,
                   char **err);

/* ---- hw/arm/loader-uimage.c ---- */
enum { UIMAGE_TYPE_KERNEL = 2, UIMAGE_TYPE_RAMDISK = 3, UIMAGE_TYPE_KERNEL_NOLOAD = 14 };
enum { UIMAGE_COMP_NONE = 0, UIMAGE_COMP_GZIP = 1 };
enum { UIMAGE_OS_LINUX = 5 };
typedef struct UImage {
    uint32_t load, entry;
    uint8_t type, comp, os;
    const uint8_t *payload;     /* inside the caller's data */
    uint32_t payload_size;
} UImage;
bool boot_is_uimage(const uint8_t *data, uint32_t size);
/* Check both checksums and the architecture, and fill *u. */
bool boot_parse_uimage(const uint8_t *data, uint32_t size, UImage *u, char **err);

/* ---- hw/arm/loader-records.c: Intel HEX, S-records ---- */
bool boot_is_records(const uint8_t *data, uint32_t size);
/* *entry: the start address that the file names, if that is not 0, else the lowest one that it has something for. */
bool boot_load_records(BootBlobs *blobs, const char *name, const uint8_t *data, uint32_t size, uint32_t *entry,
                       char **err);

/* ---- hw/arm/loader-kernel.c ---- */

/* How to start what -kernel named. */
typedef struct BootKernel {
    uint32_t entry;             /* PC | T */
    bool be8;                   /* starts with big-endian data */
    bool linux_boot;            /* wants the register and ATAGS/DTB protocol of ARM Linux */
    uint32_t room_end;          /* nothing else below this address: the kernel unpacks there and has its .bss */
    bool room_exact;            /* room_end comes from the image itself */
} BootKernel;
bool boot_load_kernel(BootBlobs *blobs, const uint8_t *data, uint32_t size, uint32_t ram_size, BootKernel *k,
                      char **err);

/* ---- hw/arm/loader-device.c ---- */

/* How a CPU starts. */
typedef struct BootStart {
    uint32_t pc;                /* PC | T */
    bool be8;                   /* CPSR.E, SCTLR.EE and U set, as the processor's pins for BE-8 do */
} BootStart;

/* Load everything `-device loader` asked for; start[n] of those of num_cpus CPUs whose program counter it sets. */
bool boot_load_devices(BootBlobs *blobs, int num_cpus, BootStart *start, char **err);

/* ---- hw/arm/boot-args.c ---- */

/* What the kernel is told. */
typedef struct BootArgs {
    uint32_t ram_size;          /* bytes from address 0 */
    uint32_t initrd_start, initrd_end;      /* equal: none */
    const char *cmdline;        /* NULL: none */
    int num_cpus;
    uint32_t gic_cpu;           /* the CPU interface of the interrupt controller; 0: do not ask the tree for it */
} BootArgs;
/* The ATAG list: allocated words (guest order) and their size in bytes. */
uint8_t *boot_build_atags(const BootArgs *args, uint32_t *size);
/*
 * Check the device tree data[0..size) and return an allocated copy that describes this machine: memory, /chosen with
 * room for a seed, number of CPUs.
 */
void *boot_patch_dtb(const void *data, uint32_t size, const BootArgs *args, uint32_t *out_size, char **err);
/* Fresh random numbers for a guest that is about to start with this tree, which boot_patch_dtb() made. */
void boot_seed_dtb(void *fdt);

/* ---- hw/arm/boot-dtb-check.c ---- */
/* Why this is not a tree of a board with that CPU interface, or NULL. The tree is whole. */
char *boot_dtb_mismatch(const void *fdt, uint32_t gic_cpu);

/* ---- hw/arm/boot-stub.c ---- */
/* A RAM page of its own for the secondary CPUs' code, so that no kernel overwrites it; where, the board says. */
#define BOOT_PEN_SIZE 0x1000u
/* Code of the boot CPU: sets the registers ARM Linux wants and jumps. Returns its size in bytes. */
enum { BOOT_STUB_MAX = 64 };
uint32_t boot_build_primary(uint8_t *code, uint32_t machine_id, uint32_t args, uint32_t entry);
/* Code of the other CPUs. */
uint32_t boot_build_pen(uint8_t *code, uint32_t gic_cpu_base, uint32_t flags_addr);
#endif
