/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the boot loader makes of the images: pieces of memory that lie apart, -device loader's, and what the kernel is
 * told: ATAGS, corrections of a device tree, the code that CPUs start in.
 */
#include <libfdt.h>
#include <string.h>
#include "hw/loader.h"
#include "loader-env.h"

/* ---- layout ---- */

static void test_blobs(void)
{
    uint32_t a, b;

    fresh();
    g_assert_true(boot_blob_add(&blobs, "a", 0x1000, "abcd", 4, &err));
    g_assert_true(boot_blob_add(&blobs, "b", 0x1004, "efgh\0\0\0\0", 8, &err));
    g_assert_true(boot_blob_add(&blobs, "c", 0xffc, "ijkl", 4, &err));
    g_assert_true(boot_blob_add(&blobs, "nothing", 0x1000, NULL, 0, &err));
    g_assert_false(boot_blob_add(&blobs, "d", 0x100b, "m", 1, &err));
    expect_error("d at 0x0000100b-0x0000100b overlaps b at 0x00001004-0x0000100b");
    g_clear_pointer(&err, g_free);
    g_assert_true(boot_blob_add(&blobs, "end", RAM_SIZE - 1, "z", 1, &err));
    g_assert_false(boot_blob_add(&blobs, "beyond", RAM_SIZE - 2, "zzz", 3, &err));
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

/* What an image only clears gives way to every piece, whichever comes first, and to what is not RAM. */
static void test_cleared_memory_under_pieces(void)
{
    uint32_t a, b;

    fresh();
    boot_blob_clear(&blobs, "x", 0x1000, 0x1000);
    g_assert_cmpuint(log_lines, ==, 0);
    g_assert_true(boot_blob_add(&blobs, "later", 0x1ffe, "abcd", 4, &err));
    g_assert_cmpuint(log_lines, ==, 1);
    g_assert_true(boot_blob_add(&blobs, "before", 0x800, "efgh", 4, &err));
    boot_blob_clear(&blobs, "y", 0x700, 0xc00);         /* overlaps x as well */
    g_assert_cmpuint(log_lines, ==, 2);
    boot_blob_clear(&blobs, "device", 0x10000000, 0x1000);
    g_assert_cmpuint(log_lines, ==, 3);
    boot_blob_clear(&blobs, "end", RAM_SIZE - 4, UINT32_MAX);
    g_assert_cmpuint(log_lines, ==, 4);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram32(0x6fc), ==, 0xaaaaaaaa);
    g_assert_cmphex(ram32(0x700), ==, 0);
    g_assert_cmphex(ram32(0x800), ==, 0x68676665);
    g_assert_cmphex(ram32(0x804), ==, 0);
    g_assert_cmphex(ram32(0x1000), ==, 0);
    g_assert_cmphex(ram32(0x1ffc), ==, 0x62610000);
    g_assert_cmphex(ram32(0x2000), ==, 0xaaaa6463);
    g_assert_cmphex(ram32(RAM_SIZE - 8), ==, 0xaaaaaaaa);
    g_assert_cmphex(ram32(RAM_SIZE - 4), ==, 0);
    /* The guest's heap is nowhere where anything is loaded or cleared. */
    boot_blobs_largest_gap(&blobs, RAM_SIZE, &a, &b);
    g_assert_cmphex(a, ==, 0x3000);
    g_assert_cmphex(b, ==, RAM_SIZE - 0x1000);
}

/* Each option went through the list of those before it: minutes then, no second now. No time is part of the test. */
static void test_devices_by_the_thousand(void)
{
    enum { DEVICES = 150000, AT = 0x200000 };
    BootStart start[4] = { 0 };

    for (uint32_t n = 0; n < DEVICES; n++) {
        loader_device_add(&(LoaderDevice) { .has_addr = true, .addr = AT + 8 * n, .has_data = true, .data = n,
                                            .data_len = 4, .cpu_num = -1 });
    }
    fresh();
    g_assert_true(boot_load_devices(&blobs, 4, start, &err));
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram32(AT), ==, 0);
    g_assert_cmphex(ram32(AT + 8 * (DEVICES - 1)), ==, DEVICES - 1);
}

static void test_devices(void)
{
    LoaderDevice dev = { .has_addr = true, .addr = 0x100, .has_data = true, .data = 0x11223344, .data_len = 4,
                         .data_be = true, .cpu_num = -1 };
    BootStart start[4] = { 0 };

    fresh();
    loader_device_add(&dev);
    dev = (LoaderDevice) { .has_addr = true, .addr = 0x8001, .cpu_num = 2 };
    loader_device_add(&dev);
    g_assert_true(boot_load_devices(&blobs, 4, start, &err));
    g_assert_cmphex(start[0].pc, ==, 0);
    g_assert_cmphex(start[2].pc, ==, 0x8001);
    g_assert_false(start[2].be8);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram32(0x100), ==, 0x44332211);
    fresh();
    g_assert_false(boot_load_devices(&blobs, 2, start, &err));
    expect_error("no CPU 2");
    dev = (LoaderDevice) { .file = "/nonexistent/file", .cpu_num = -1 };
    loader_device_add(&dev);
    fresh();
    g_assert_false(boot_load_devices(&blobs, 4, start, &err));
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

/*
 * An idle guest collects too little to start its random numbers from, and programs that want keys hang. So every start
 * and every reset brings new ones, also in a tree that has old ones.
 */
static void test_random_numbers_never_ready(void)
{
    BootArgs args = { .ram_size = 0x4000000, .num_cpus = 1 };
    uint8_t tree[8192], first[32], zeroes[32] = { 0 };
    uint32_t size = make_tree(tree, sizeof(tree)), out;
    const void *seed;
    void *fdt, *again;
    int len;

    g_assert_cmpint(fdt_setprop_string(tree, fdt_add_subnode(tree, 0, "chosen"), "rng-seed", "stale"), ==, 0);
    size = fdt_totalsize(tree);
    fdt = boot_patch_dtb(tree, size, &args, &out, &err);
    g_assert_nonnull(fdt);
    boot_seed_dtb(fdt);
    seed = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), "rng-seed", &len);
    g_assert_cmpint(len, ==, sizeof(first));
    memcpy(first, seed, sizeof(first));
    g_assert_cmpint(memcmp(first, zeroes, sizeof(first)), !=, 0);
    boot_seed_dtb(fdt);
    g_assert_cmpint(memcmp(first, seed, sizeof(first)), !=, 0);
    again = boot_patch_dtb(fdt, out, &args, &out, &err);
    g_assert_nonnull(again);
    g_assert_cmpint(fdt_check_full(again, out), ==, 0);
    seed = fdt_getprop(again, fdt_path_offset(again, "/chosen"), "rng-seed", &len);
    g_assert_cmpint(len, ==, sizeof(first));
    g_free(again);
    g_free(fdt);
}

/* A tree with an interrupt controller below /soc, whose CPU interface is at `at`. */
static void *tree_with_gic(const char *compatible, uint32_t at, bool cascaded, bool translated, uint32_t *size)
{
    uint8_t tree[8192];
    uint32_t reg[4] = { cpu_to_fdt32(0x10101000), cpu_to_fdt32(0x1000), cpu_to_fdt32(at), cpu_to_fdt32(0x100) };
    uint32_t ranges[3] = { 0, cpu_to_fdt32(0x10000000), cpu_to_fdt32(0x10000000) };
    void *fdt = g_malloc0(16384);
    int soc, gic;

    make_tree(tree, sizeof(tree));
    g_assert_cmpint(fdt_open_into(tree, fdt, 16384), ==, 0);
    soc = fdt_add_subnode(fdt, 0, "soc");
    fdt_setprop_u32(fdt, soc, "#address-cells", 1);
    fdt_setprop_u32(fdt, soc, "#size-cells", 1);
    fdt_setprop(fdt, soc, "ranges", ranges, translated ? sizeof(ranges) : 0);
    gic = fdt_add_subnode(fdt, soc, "interrupt-controller");
    fdt_setprop_string(fdt, gic, "compatible", compatible);
    fdt_setprop_empty(fdt, gic, "interrupt-controller");
    fdt_setprop(fdt, gic, "reg", reg, sizeof(reg));
    if (cascaded) {
        fdt_setprop_u32(fdt, gic, "interrupts", 42);
    }
    *size = fdt_totalsize(fdt);
    return fdt;
}

static bool is_taken(const char *compatible, uint32_t at, bool cascaded, bool translated)
{
    BootArgs args = { .ram_size = 0x4000000, .num_cpus = 4, .gic_cpu = 0x10100100 };
    uint32_t size, out;
    void *fdt = tree_with_gic(compatible, at, cascaded, translated, &size);
    void *patched;

    g_clear_pointer(&err, g_free);
    patched = boot_patch_dtb(fdt, size, &args, &out, &err);
    g_free(patched);
    g_free(fdt);
    return patched != NULL;
}

static void test_dtb_of_another_board(void)
{
    fresh();
    g_assert_true(is_taken("arm,eb11mp-gic", 0x10100100, false, false));
    g_assert_false(is_taken("arm,eb11mp-gic", 0x1f000100, false, false));
    expect_error("0x1f000100, here it is at 0x10100100. Use -dtb builtin");
    g_assert_false(is_taken("arm,pl390", 0x10040000, false, false));
    g_assert_true(is_taken("arm,pl390", 0x10040000, true, false));
    g_assert_true(is_taken("arm,eb11mp-gic", 0x100100, false, true));
    g_assert_true(is_taken("arm,pl061", 0x1f000100, false, false));
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
    g_test_add_func("/boot/blobs", test_blobs);
    g_test_add_func("/boot/cleared-memory-under-pieces", test_cleared_memory_under_pieces);
    /* In this order: what is added stays, and the second adds one that cannot be loaded. */
    g_test_add_func("/boot/devices-by-the-thousand", test_devices_by_the_thousand);
    g_test_add_func("/boot/devices", test_devices);
    g_test_add_func("/boot/atags", test_atags);
    g_test_add_func("/boot/dtb", test_dtb);
    g_test_add_func("/boot/random-numbers-never-ready", test_random_numbers_never_ready);
    g_test_add_func("/boot/dtb-of-another-board", test_dtb_of_another_board);
    g_test_add_func("/boot/dtb-broken", test_dtb_broken);
    g_test_add_func("/boot/stub", test_stub);
    return g_test_run();
}
