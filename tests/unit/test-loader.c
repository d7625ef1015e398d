/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot loader's image formats, memory layout, ATAGS and device tree corrections, on good and on broken images.
 * Guest memory is an array: this file stands in for the memory map and for DMA.
 */
#include <elf.h>
#include <glib.h>
#include <libfdt.h>
#include <string.h>
#include <zlib.h>

#include "exec/memory.h"
#include "hw/arm/boot-image.h"
#include "hw/loader.h"
#include "qemu/log.h"

enum { RAM_SIZE = 16 << 20 };
static uint8_t ram[RAM_SIZE];

uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len)
{
    return (uint64_t)phys + len <= RAM_SIZE ? ram + phys : NULL;
}

uint32_t memory_ram_size(void)
{
    return RAM_SIZE;
}

bool dma_write(uint32_t phys, const void *buf, uint32_t len)
{
    uint8_t *p = memory_ram_ptr(phys, len);

    if (p) {
        memcpy(p, buf, len);
    }
    return p != NULL;
}

void error_report(const char *fmt, ...)
{
    g_assert_not_reached();
}

/* One test's state: what was loaded and the message of a failure. */
static BootBlobs blobs;
static char *err;
static BootKernel kernel;

static void fresh(void)
{
    boot_blobs_free(&blobs);
    g_clear_pointer(&err, g_free);
    memset(ram, 0xaa, sizeof(ram));
}

static void expect_error(const char *part)
{
    g_assert_nonnull(err);
    if (!strstr(err, part)) {
        g_test_message("message: %s", err);
    }
    g_assert_nonnull(strstr(err, part));
    g_assert_null(strchr(err, '\n'));
}

static bool load(const void *data, uint32_t size)
{
    return boot_load_kernel(&blobs, data, size, RAM_SIZE, &kernel, &err);
}

static void put_le32(uint8_t *p, uint32_t v)
{
    v = GUINT32_TO_LE(v);
    memcpy(p, &v, 4);
}

static void put_be32(uint8_t *p, uint32_t v)
{
    v = GUINT32_TO_BE(v);
    memcpy(p, &v, 4);
}

static uint32_t ram32(uint32_t addr)
{
    uint32_t v;

    memcpy(&v, ram + addr, 4);
    return GUINT32_FROM_LE(v);
}

static uint8_t *gzip(const void *data, uint32_t size, uint32_t *out_size)
{
    uint8_t *out = g_malloc(size + 1024);
    z_stream z = { .next_in = (Bytef *)data, .avail_in = size, .next_out = out, .avail_out = size + 1024 };

    g_assert_cmpint(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    g_assert_cmpint(deflate(&z, Z_FINISH), ==, Z_STREAM_END);
    *out_size = (uint32_t)z.total_out;
    deflateEnd(&z);
    return out;
}

/* ---- images ---- */

typedef struct TestElf {
    Elf32_Ehdr eh;
    Elf32_Phdr ph[2];
    uint8_t body[64];
} TestElf;

static TestElf make_elf(void)
{
    TestElf e = {
        .eh = {
            .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
            .e_type = ET_EXEC, .e_machine = EM_ARM, .e_version = EV_CURRENT, .e_entry = 0xc0008011,
            .e_phoff = offsetof(TestElf, ph), .e_ehsize = sizeof(Elf32_Ehdr), .e_phentsize = sizeof(Elf32_Phdr),
            .e_phnum = 2,
        },
        .ph = {
            { .p_type = PT_LOAD, .p_offset = offsetof(TestElf, body), .p_vaddr = 0xc0008000, .p_paddr = 0x8000,
              .p_filesz = 32, .p_memsz = 9000 },
            { .p_type = PT_LOAD, .p_offset = offsetof(TestElf, body) + 32, .p_vaddr = 0xc0100000, .p_paddr = 0x100000,
              .p_filesz = 32, .p_memsz = 32 },
        },
    };

    memset(e.body, 0x5a, sizeof(e.body));
    return e;
}

static void test_elf(void)
{
    TestElf e = make_elf();

    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_false(kernel.linux_boot);
    g_assert_cmphex(kernel.entry, ==, 0x8011);     /* physical, Thumb */
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0x8000], ==, 0x5a);
    g_assert_cmphex(ram[0x8020], ==, 0);
    g_assert_cmphex(ram[0x8000 + 8999], ==, 0);
    g_assert_cmphex(ram[0x8000 + 9000], ==, 0xaa);
    g_assert_cmphex(ram[0x10001f], ==, 0x5a);
}

static void bad_elf(const TestElf *e, uint32_t size, const char *part)
{
    fresh();
    g_assert_false(load(e, size));
    expect_error(part);
}

static void test_elf_broken(void)
{
    TestElf e = make_elf();
    uint32_t n;

    /* Every truncation, on the heap so that a sanitizer sees a read beyond it. */
    for (n = 4; n < sizeof(e); n++) {
        TestElf *part = g_memdup2(&e, n);

        fresh();
        load(part, n);
        g_free(part);
    }
    e.eh.e_machine = EM_X86_64;
    bad_elf(&e, sizeof(e), "not for ARM");
    e = make_elf();
    e.eh.e_ident[EI_CLASS] = ELFCLASS64;
    bad_elf(&e, sizeof(e), "32-bit");
    e = make_elf();
    e.eh.e_ident[EI_DATA] = ELFDATA2MSB;
    bad_elf(&e, sizeof(e), "little-endian");
    e = make_elf();
    e.eh.e_type = ET_DYN;
    bad_elf(&e, sizeof(e), "executable");
    e = make_elf();
    e.eh.e_phoff = 0xfffffff0;
    bad_elf(&e, sizeof(e), "program headers");
    e = make_elf();
    e.ph[1].p_offset = 0xfffffff0;
    bad_elf(&e, sizeof(e), "segment 1 is outside");
    e = make_elf();
    e.ph[1].p_filesz = 64;
    bad_elf(&e, sizeof(e), "segment 1 is outside");
    e = make_elf();
    e.ph[1].p_paddr = 0xc0100000;
    bad_elf(&e, sizeof(e), "do not fit into RAM");
    e = make_elf();
    e.ph[1].p_memsz = 0xffffffff;
    bad_elf(&e, sizeof(e), "do not fit into RAM");
    e = make_elf();
    e.ph[1].p_paddr = 0x8100;
    bad_elf(&e, sizeof(e), "overlaps");
    e = make_elf();
    e.ph[0].p_type = e.ph[1].p_type = PT_NULL;
    bad_elf(&e, sizeof(e), "nothing to load");
    e = make_elf();
    e.eh.e_entry = 0xc0008002;
    bad_elf(&e, sizeof(e), "misaligned");
}

enum { ZIMAGE_LEN = 4096 };

static void make_zimage(uint8_t *z)
{
    memset(z, 0x11, ZIMAGE_LEN);
    put_le32(z + 0x24, 0x016f2818);
    put_le32(z + 0x28, 0);
    put_le32(z + 0x2c, ZIMAGE_LEN);
    put_le32(z + 0x30, 0x04030201);
    put_le32(z + 0x34, 0x45454545);
    put_le32(z + 0x38, 0x100);
    put_le32(z + 0x100, 4);             /* a tag of some other kind */
    put_le32(z + 0x104, 1);
    put_le32(z + 0x110, 4);
    put_le32(z + 0x114, 0x5a534c4b);
    put_le32(z + 0x118, 0x200);
    put_le32(z + 0x11c, 0x1000);        /* .bss */
    put_le32(z + 0x200, 0x300000);      /* unpacked */
}

static void test_zimage(void)
{
    uint8_t z[ZIMAGE_LEN];

    make_zimage(z);
    fresh();
    g_assert_true(load(z, sizeof(z)));
    g_assert_true(kernel.linux_boot && kernel.room_exact);
    g_assert_cmphex(kernel.entry, ==, 0x10000);
    g_assert_cmphex(kernel.room_end, ==, 0x8000 + 0x300000 + 0x1000 + ZIMAGE_LEN + 0x40000);
    boot_blobs_place(&blobs);
    g_assert_cmpmem(ram + 0x10000, sizeof(z), z, sizeof(z));

    fresh();
    g_assert_false(load(z, sizeof(z) - 1));
    expect_error("zImage: truncated: 4095 of 4096");

    /* Tables that lead nowhere only cost the exact size. */
    put_le32(z + 0x38, 0xfffffff0);
    fresh();
    g_assert_true(load(z, sizeof(z)));
    g_assert_false(kernel.room_exact);
    put_le32(z + 0x38, 0x100);
    put_le32(z + 0x118, 0xfffffffe);
    fresh();
    g_assert_true(load(z, sizeof(z)));
    g_assert_false(kernel.room_exact);
    put_le32(z + 0x100, 0x40000000);
    fresh();
    g_assert_true(load(z, sizeof(z)));
    g_assert_false(kernel.room_exact);
}

static void test_raw(void)
{
    uint32_t size = 300 << 10;
    uint8_t *image = g_malloc0(size);

    fresh();
    g_assert_true(load(image, 100));
    g_assert_cmphex(kernel.entry, ==, 0x10000);
    fresh();
    g_assert_true(load(image, size));
    g_assert_cmphex(kernel.entry, ==, 0x10000);

    /* mrc p15, 0, r9, c0, c0; bl: the beginning of a kernel. */
    put_le32(image + 0x20, 0xee109f10);
    put_le32(image + 0x24, 0xeb000123);
    fresh();
    g_assert_true(load(image, size));
    g_assert_cmphex(kernel.entry, ==, 0x8000);
    g_assert_true(kernel.linux_boot);
    g_free(image);

    image = g_malloc0(RAM_SIZE);
    fresh();
    g_assert_false(load(image, RAM_SIZE));
    expect_error("do not fit into RAM");
    g_free(image);
}

static void test_gzip(void)
{
    uint8_t z[ZIMAGE_LEN];
    uint32_t n, size;
    uint8_t *packed;
    uint8_t *plain;

    make_zimage(z);
    packed = gzip(z, sizeof(z), &n);
    fresh();
    g_assert_true(load(packed, n));
    g_assert_cmphex(kernel.entry, ==, 0x10000);
    g_assert_true(kernel.room_exact);

    fresh();
    g_assert_false(load(packed, n - 4));
    expect_error("gzip: the data is truncated");
    packed[n - 6] ^= 1;                 /* checksum */
    fresh();
    g_assert_false(load(packed, n));
    expect_error("gzip:");
    packed[n - 6] ^= 1;

    /* The limit is exact. */
    g_clear_pointer(&err, g_free);
    plain = boot_gunzip(packed, n, sizeof(z), &size, &err);
    g_assert_nonnull(plain);
    g_assert_cmpuint(size, ==, sizeof(z));
    g_free(plain);
    g_assert_null(boot_gunzip(packed, n, sizeof(z) - 1, &size, &err));
    expect_error("larger than");
    g_free(packed);
}

static uint8_t *make_uimage(const uint8_t *payload, uint32_t size, uint8_t type, uint8_t comp, uint8_t os)
{
    uint8_t *u = g_malloc0(64 + size);

    put_be32(u, 0x27051956);
    put_be32(u + 12, size);
    put_be32(u + 16, 0x8000);
    put_be32(u + 20, 0x8004);
    put_be32(u + 24, (uint32_t)crc32(0, payload, size));
    u[28] = os;
    u[29] = 2;
    u[30] = type;
    u[31] = comp;
    memcpy(u + 64, payload, size);
    put_be32(u + 4, (uint32_t)crc32(0, u, 64));
    return u;
}

static void bad_uimage(uint8_t type, uint8_t comp, unsigned flip, uint32_t cut, bool fix, const char *part)
{
    uint8_t payload[256] = { 1, 2, 3 };
    uint8_t *u = make_uimage(payload, sizeof(payload), type, comp, 5);

    u[flip] ^= 0x40;
    if (fix) {
        put_be32(u + 4, 0);
        put_be32(u + 4, (uint32_t)crc32(0, u, 64));
    }
    fresh();
    g_assert_false(load(u, 64 + sizeof(payload) - cut));
    expect_error(part);
    g_free(u);
}

static void test_uimage(void)
{
    uint8_t payload[256] = { 1, 2, 3 };
    uint32_t n;
    uint8_t *packed = gzip(payload, sizeof(payload), &n);
    uint8_t *u = make_uimage(payload, sizeof(payload), 2, 0, 5);

    fresh();
    g_assert_true(load(u, 64 + sizeof(payload)));
    g_assert_cmphex(kernel.entry, ==, 0x8004);
    g_assert_true(kernel.linux_boot);
    boot_blobs_place(&blobs);
    g_assert_cmpmem(ram + 0x8000, sizeof(payload), payload, sizeof(payload));
    g_free(u);

    u = make_uimage(packed, n, 2, 1, 17);
    fresh();
    g_assert_true(load(u, 64 + n));
    g_assert_false(kernel.linux_boot);
    boot_blobs_place(&blobs);
    g_assert_cmpmem(ram + 0x8000, sizeof(payload), payload, sizeof(payload));
    g_free(u);
    g_free(packed);

    bad_uimage(2, 0, 40, 0, false, "header checksum");
    bad_uimage(2, 0, 70, 0, false, "data checksum");
    bad_uimage(2, 0, 29, 0, true, "architecture");
    bad_uimage(2, 0, 64 + 255, 1, false, "truncated");
    bad_uimage(2, 0, 64, 250, false, "truncated");
    bad_uimage(2, 0, 12, 0, true, "truncated");     /* a length beyond the file */
}

static void test_uimage_kinds(void)
{
    uint8_t payload[256] = { 1, 2, 3 };
    uint8_t *u = make_uimage(payload, sizeof(payload), 3, 0, 5);

    fresh();
    g_assert_false(load(u, 64 + sizeof(payload)));
    expect_error("not a kernel");
    g_free(u);
    u = make_uimage(payload, sizeof(payload), 2, 2, 5);
    fresh();
    g_assert_false(load(u, 64 + sizeof(payload)));
    expect_error("compression 2");
    g_free(u);
    u = make_uimage(payload, sizeof(payload), 2, 1, 5);
    fresh();
    g_assert_false(load(u, 64 + sizeof(payload)));
    expect_error("gzip");
    g_free(u);
    u = make_uimage(payload, sizeof(payload), 14, 0, 5);
    fresh();
    g_assert_true(load(u, 64 + sizeof(payload)));
    g_assert_cmphex(kernel.entry, ==, 0x18004);
    g_free(u);
    fresh();
    g_assert_false(load("\x27\x05\x19\x56", 4));
    expect_error("header is truncated");
}

static void test_hex(void)
{
    static const char good[] = ":020000040010EA\n:0400000001020304F2\r\n:04000400050607 08";
    static const char file[] = ":020000040010EA\n:0400000001020304F2\r\n:0400040005060708DE\n:0400000500100001E6\n"
                               ":00000001FF\n";
    uint32_t entry = 0, n;

    fresh();
    g_assert_true(boot_is_hex((const uint8_t *)file, sizeof(file) - 1));
    g_assert_true(boot_load_hex(&blobs, "x", (const uint8_t *)file, sizeof(file) - 1, &entry, &err));
    g_assert_cmphex(entry, ==, 0x100001);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram32(0x100000), ==, 0x04030201);
    g_assert_cmphex(ram32(0x100004), ==, 0x08070605);
    g_assert_null(blobs.first->next);
    fresh();
    g_assert_false(boot_load_hex(&blobs, "x", (const uint8_t *)good, sizeof(good) - 1, &entry, &err));
    expect_error("hexadecimal digit");
    for (n = 0; n < sizeof(file) - 13; n++) {
        char *part = g_memdup2(file, n);

        fresh();
        g_assert_false(boot_load_hex(&blobs, "x", (const uint8_t *)part, n, &entry, &err));
        expect_error("Intel HEX");
        g_free(part);
    }
}

/* ---- layout ---- */

static void test_blobs(void)
{
    uint32_t a, b;

    fresh();
    g_assert_true(boot_blob_add(&blobs, "a", 0x1000, "abcd", 4, 0, &err));
    g_assert_true(boot_blob_add(&blobs, "b", 0x1004, "efgh", 4, 4, &err));
    g_assert_true(boot_blob_add(&blobs, "c", 0xffc, "ijkl", 4, 0, &err));
    g_assert_true(boot_blob_add(&blobs, "nothing", 0x1000, NULL, 0, 0, &err));
    g_assert_false(boot_blob_add(&blobs, "d", 0x100b, "m", 1, 0, &err));
    expect_error("d at 0x0000100b-0x0000100b overlaps b at 0x00001004-0x0000100b");
    g_clear_pointer(&err, g_free);
    g_assert_true(boot_blob_add(&blobs, "end", RAM_SIZE - 1, "z", 1, 0, &err));
    g_assert_false(boot_blob_add(&blobs, "beyond", RAM_SIZE - 2, "zzz", 3, 0, &err));
    expect_error("do not fit");
    boot_blobs_place(&blobs);
    g_assert_cmpmem(ram + 0xffc, 16, "ijklabcdefgh\0\0\0\0", 16);
    boot_blobs_largest_gap(&blobs, RAM_SIZE, &a, &b);
    g_assert_cmphex(a, ==, 0x2000);
    g_assert_cmphex(b, ==, RAM_SIZE - 0x1000);
    fresh();
    boot_blobs_largest_gap(&blobs, 0x10000, &a, &b);
    g_assert_cmphex(b - a, ==, 0x10000);
}

static void test_devices(void)
{
    LoaderDevice dev = { .has_addr = true, .addr = 0x100, .has_data = true, .data = 0x11223344, .data_len = 4,
                         .data_be = true, .cpu_num = -1 };
    uint32_t pc[4] = { 0 };
    bool set[4] = { false };

    fresh();
    loader_device_add(&dev);
    dev = (LoaderDevice) { .has_addr = true, .addr = 0x8001, .cpu_num = 2 };
    loader_device_add(&dev);
    g_assert_true(boot_load_devices(&blobs, 4, pc, set, &err));
    g_assert_true(set[2] && !set[0]);
    g_assert_cmphex(pc[2], ==, 0x8001);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram32(0x100), ==, 0x44332211);
    fresh();
    g_assert_false(boot_load_devices(&blobs, 2, pc, set, &err));
    expect_error("no CPU 2");
    dev = (LoaderDevice) { .file = "/nonexistent/file", .cpu_num = -1 };
    loader_device_add(&dev);
    fresh();
    g_assert_false(boot_load_devices(&blobs, 4, pc, set, &err));
    expect_error("'/nonexistent/file': ");
}

/* ---- what the kernel is told ---- */

static void test_atags(void)
{
    BootArgs args = { .ram_size = 0x1000000, .initrd_start = 0x800000, .initrd_end = 0x800123, .cmdline = "abcd" };
    uint32_t size;
    uint32_t *w = (uint32_t *)boot_build_atags(&args, &size);
    const uint32_t want[] = {
        5, 0x54410001, 1, 4096, 0, 4, 0x54410002, 0x1000000, 0, 4, 0x54420005, 0x800000, 0x123,
        4, 0x54410009, 0x64636261, 0, 0, 0,
    };

    g_assert_cmpmem(w, size, want, sizeof(want));
    g_free(w);
}

/* A small tree: memory in two nodes, two CPUs, interrupt affinity. */
static uint32_t make_tree(void *fdt, int size)
{
    const fdt32_t affinity[] = { cpu_to_fdt32(10), cpu_to_fdt32(11) };
    const fdt32_t irqs[] = { cpu_to_fdt32(0), cpu_to_fdt32(17), cpu_to_fdt32(4),
                             cpu_to_fdt32(0), cpu_to_fdt32(18), cpu_to_fdt32(4) };
    int root, n, cpus, i;

    g_assert_cmpint(fdt_create_empty_tree(fdt, size), ==, 0);
    root = fdt_path_offset(fdt, "/");
    fdt_setprop_u32(fdt, root, "#address-cells", 1);
    fdt_setprop_u32(fdt, root, "#size-cells", 1);
    fdt_add_subnode(fdt, root, "memory");
    fdt_add_subnode(fdt, root, "memory@8000000");
    n = fdt_add_subnode(fdt, root, "pmu");
    fdt_setprop(fdt, n, "interrupt-affinity", affinity, sizeof(affinity));
    fdt_setprop(fdt, n, "interrupts", irqs, sizeof(irqs));
    cpus = fdt_add_subnode(fdt, root, "cpus");
    fdt_setprop_u32(fdt, cpus, "#address-cells", 1);
    fdt_setprop_u32(fdt, cpus, "#size-cells", 0);
    for (i = 1; i >= 0; i--) {
        n = fdt_add_subnode(fdt, cpus, i ? "cpu@1" : "cpu@0");
        fdt_setprop_u32(fdt, n, "reg", (uint32_t)i);
        fdt_setprop_string(fdt, n, "compatible", "test,cpu");
        fdt_setprop_u32(fdt, n, "phandle", 10 + (uint32_t)i);
    }
    return fdt_totalsize(fdt);
}

static uint32_t prop32(const void *fdt, const char *path, const char *name, int index)
{
    int len;
    const fdt32_t *p = fdt_getprop(fdt, fdt_path_offset(fdt, path), name, &len);

    g_assert_nonnull(p);
    g_assert_cmpint(len, >=, 4 * (index + 1));
    return fdt32_to_cpu(p[index]);
}

static void test_dtb(void)
{
    BootArgs args = { .ram_size = 0x4000000, .initrd_start = 0x2000000, .initrd_end = 0x2000100, .cmdline = "root=x",
                      .num_cpus = 4 };
    uint8_t tree[8192];
    uint32_t size = make_tree(tree, sizeof(tree)), out;
    void *fdt = boot_patch_dtb(tree, size, &args, &out, &err);
    int len, n;

    g_assert_nonnull(fdt);
    g_assert_cmpint(fdt_check_full(fdt, out), ==, 0);
    g_assert_cmpint(fdt_path_offset(fdt, "/memory@8000000"), <, 0);
    g_assert_cmphex(prop32(fdt, "/memory@0", "reg", 1), ==, 0x4000000);
    g_assert_cmphex(prop32(fdt, "/chosen", "linux,initrd-end", 0), ==, 0x2000100);
    g_assert_cmpstr(fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "bootargs", NULL), ==, "root=x");
    g_assert_cmphex(prop32(fdt, "/cpus/cpu@3", "reg", 0), ==, 3);
    g_assert_cmpstr(fdt_getprop(fdt, fdt_path_offset(fdt, "/cpus/cpu@2"), "compatible", NULL), ==, "test,cpu");
    g_assert_cmpuint(fdt_get_phandle(fdt, fdt_path_offset(fdt, "/cpus/cpu@2")), ==, 0);
    g_assert_cmpuint(fdt_get_phandle(fdt, fdt_path_offset(fdt, "/cpus/cpu@1")), ==, 11);

    /* The other way: what was added goes again, and a stale initrd with it. */
    args = (BootArgs) { .ram_size = 0x1000000, .num_cpus = 1 };
    n = (int)out;
    {
        void *less = boot_patch_dtb(fdt, (uint32_t)n, &args, &out, &err);

        g_assert_nonnull(less);
        g_assert_cmpint(fdt_path_offset(less, "/cpus/cpu@1"), <, 0);
        g_assert_cmpint(fdt_path_offset(less, "/cpus/cpu@3"), <, 0);
        g_assert_cmpint(fdt_path_offset(less, "/cpus/cpu@0"), >=, 0);
        g_assert_null(fdt_getprop(less, fdt_path_offset(less, "/chosen"), "linux,initrd-start", NULL));
        g_assert_cmpstr(fdt_getprop(less, fdt_path_offset(less, "/chosen"), "bootargs", NULL), ==, "root=x");
        fdt_getprop(less, fdt_path_offset(less, "/pmu"), "interrupt-affinity", &len);
        g_assert_cmpint(len, ==, 4);
        fdt_getprop(less, fdt_path_offset(less, "/pmu"), "interrupts", &len);
        g_assert_cmpint(len, ==, 12);
        g_assert_cmphex(prop32(less, "/pmu", "interrupts", 1), ==, 17);
        g_free(less);
    }
    g_free(fdt);
}

static void test_dtb_broken(void)
{
    BootArgs args = { .ram_size = 0x4000000, .num_cpus = 4 };
    uint8_t tree[4096];
    uint32_t size, out, n;

    fresh();
    g_assert_null(boot_patch_dtb("abc", 3, &args, &out, &err));
    expect_error("too short");
    memset(tree, 0, sizeof(tree));
    g_clear_pointer(&err, g_free);
    g_assert_null(boot_patch_dtb(tree, sizeof(tree), &args, &out, &err));
    expect_error("not a valid device tree");

    size = make_tree(tree, sizeof(tree));
    g_clear_pointer(&err, g_free);
    g_assert_null(boot_patch_dtb(tree, size - 1, &args, &out, &err));
    expect_error("not a valid device tree");
    /* Any damaged byte: refused or still a whole tree, never a read outside of it. */
    for (n = 0; n < size; n += 3) {
        uint8_t *bad = g_memdup2(tree, size);
        void *fdt;

        bad[n] ^= 0x81;
        g_clear_pointer(&err, g_free);
        fdt = boot_patch_dtb(bad, size, &args, &out, &err);
        g_assert_true(fdt ? fdt_check_full(fdt, out) == 0 : err != NULL);
        g_free(fdt);
        g_free(bad);
    }
}

static void test_stub(void)
{
    uint8_t code[BOOT_STUB_MAX];

    g_assert_cmpuint(boot_build_primary(code, 0x33b, 0x100, 0x10000), <=, BOOT_STUB_MAX);
    g_assert_cmpuint(boot_build_pen(code, 0x10100100, 0x10000030), <=, BOOT_STUB_MAX);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loader/elf", test_elf);
    g_test_add_func("/loader/elf-broken", test_elf_broken);
    g_test_add_func("/loader/zimage", test_zimage);
    g_test_add_func("/loader/raw", test_raw);
    g_test_add_func("/loader/gzip", test_gzip);
    g_test_add_func("/loader/uimage", test_uimage);
    g_test_add_func("/loader/uimage-kinds", test_uimage_kinds);
    g_test_add_func("/loader/hex", test_hex);
    g_test_add_func("/loader/blobs", test_blobs);
    g_test_add_func("/loader/devices", test_devices);
    g_test_add_func("/loader/atags", test_atags);
    g_test_add_func("/loader/dtb", test_dtb);
    g_test_add_func("/loader/dtb-broken", test_dtb_broken);
    g_test_add_func("/loader/stub", test_stub);
    return g_test_run();
}
