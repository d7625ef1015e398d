/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot loader's image formats, on good and on broken images: ELF, zImage, raw, gzip, uImage, Intel HEX. */
#include <elf.h>
#include <string.h>
#include "loader-env.h"
#include "loader-images.h"

static BootKernel kernel;

static bool load(const void *data, uint32_t size)
{
    return boot_load_kernel(&blobs, data, size, RAM_SIZE, &kernel, &err);
}

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

/* The same program as an ELF file with big-endian numbers, and code that is not (BE-8). */
static void big_endian(TestElf *e)
{
    e->eh.e_ident[EI_DATA] = ELFDATA2MSB;
    e->eh.e_flags = GUINT32_TO_BE(EF_ARM_BE8);
    e->eh.e_type = GUINT16_TO_BE(e->eh.e_type);
    e->eh.e_machine = GUINT16_TO_BE(e->eh.e_machine);
    e->eh.e_entry = GUINT32_TO_BE(e->eh.e_entry);
    e->eh.e_phoff = GUINT32_TO_BE(e->eh.e_phoff);
    e->eh.e_phentsize = GUINT16_TO_BE(e->eh.e_phentsize);
    e->eh.e_phnum = GUINT16_TO_BE(e->eh.e_phnum);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t words[sizeof(e->ph[i]) / 4];

        memcpy(words, &e->ph[i], sizeof(words));
        for (unsigned w = 0; w < sizeof(words) / 4; w++) {
            words[w] = GUINT32_TO_BE(words[w]);
        }
        memcpy(&e->ph[i], words, sizeof(words));
    }
}

static void test_elf_be8(void)
{
    TestElf e = make_elf();

    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_false(kernel.be8);
    big_endian(&e);
    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_true(kernel.be8);
    g_assert_cmphex(kernel.entry, ==, 0x8011);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0x8000], ==, 0x5a);
    g_assert_cmphex(ram[0x8000 + 8999], ==, 0);
    g_assert_cmphex(ram[0x10001f], ==, 0x5a);
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

/* Initialized data packed behind each other in a ROM: .bss would fall on what follows. */
static void test_elf_tail_over_segment(void)
{
    TestElf e = make_elf();

    e.ph[1].p_paddr = 0x8100;
    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_cmpuint(log_lines, ==, 1);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0x80ff], ==, 0);
    g_assert_cmphex(ram[0x8100], ==, 0x5a);
    g_assert_cmphex(ram[0x811f], ==, 0x5a);
    g_assert_cmphex(ram[0x8120], ==, 0);

    /* A stack to the end of memory and beyond. */
    e = make_elf();
    e.ph[1].p_filesz = 0;
    e.ph[1].p_memsz = 0xffffffff;
    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_cmpuint(log_lines, ==, 1);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0xfffff], ==, 0xaa);
    g_assert_cmphex(ram[0x100000], ==, 0);
    g_assert_cmphex(ram[RAM_SIZE - 1], ==, 0);
}

static void test_elf_segment_without_contents_over_device(void)
{
    TestElf e = make_elf();

    e.ph[1].p_paddr = e.ph[1].p_vaddr = 0x10000000;
    e.ph[1].p_filesz = 0;
    e.ph[1].p_offset = 0x7fff0000;      /* linkers put these anywhere */
    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_cmpuint(log_lines, ==, 1);
    g_assert_cmpuint(warnings, ==, 0);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0x8000], ==, 0x5a);
}

static void test_elf_position_independent(void)
{
    TestElf e = make_elf();

    e.eh.e_type = ET_DYN;
    fresh();
    g_assert_true(load(&e, sizeof(e)));
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0x8000], ==, 0x5a);
}

static void test_elf_contents_without_ram(void)
{
    TestElf e = make_elf();

    e.ph[1].p_paddr = 0xffffffe0;       /* what follows would begin at 0 */
    e.ph[1].p_memsz = 64;
    fresh();
    g_assert_true(load(&e, sizeof(e)));
    g_assert_cmpuint(warnings, ==, 1);
    g_assert_cmphex(kernel.entry, ==, 0x8011);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram[0], ==, 0xaa);
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
    e.eh.e_ident[EI_DATA] = ELFDATANONE;
    bad_elf(&e, sizeof(e), "neither little-endian nor big-endian");
    e = make_elf();
    big_endian(&e);
    e.eh.e_flags = 0;
    bad_elf(&e, sizeof(e), "BE-32");
    e = make_elf();
    e.eh.e_type = ET_REL;
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
    e.ph[0].p_paddr = 0xc0100000;       /* the entry point is in there */
    bad_elf(&e, sizeof(e), "do not fit into RAM");
    e = make_elf();
    e.ph[1].p_paddr = RAM_SIZE - 16;    /* there, but not all of it */
    bad_elf(&e, sizeof(e), "do not fit into RAM");
    e = make_elf();
    e.ph[1].p_paddr = 0x801f;
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
    packed = make_gzip(z, sizeof(z), 6, &n);
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

static uint8_t *uimage(const uint8_t *payload, uint32_t size, uint8_t type, uint8_t comp, uint8_t os)
{
    const UImageFields f = { .load = 0x8000, .entry = 0x8004, .type = type, .comp = comp, .os = os };

    return make_uimage(&f, payload, size);
}

static void bad_uimage(uint8_t type, uint8_t comp, unsigned flip, uint32_t cut, bool fix, const char *part)
{
    uint8_t payload[256] = { 1, 2, 3 };
    uint8_t *u = uimage(payload, sizeof(payload), type, comp, 5);

    u[flip] ^= 0x40;
    if (fix) {
        uimage_sum_header(u);
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
    uint8_t *packed = make_gzip(payload, sizeof(payload), 6, &n);
    uint8_t *u = uimage(payload, sizeof(payload), 2, 0, 5);

    fresh();
    g_assert_true(load(u, 64 + sizeof(payload)));
    g_assert_cmphex(kernel.entry, ==, 0x8004);
    g_assert_true(kernel.linux_boot);
    boot_blobs_place(&blobs);
    g_assert_cmpmem(ram + 0x8000, sizeof(payload), payload, sizeof(payload));
    g_free(u);

    u = uimage(packed, n, 2, 1, 17);
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
    uint8_t *u = uimage(payload, sizeof(payload), 3, 0, 5);

    fresh();
    g_assert_false(load(u, 64 + sizeof(payload)));
    expect_error("not a kernel");
    g_free(u);
    u = uimage(payload, sizeof(payload), 2, 2, 5);
    fresh();
    g_assert_false(load(u, 64 + sizeof(payload)));
    expect_error("compression 2");
    g_free(u);
    u = uimage(payload, sizeof(payload), 2, 1, 5);
    fresh();
    g_assert_false(load(u, 64 + sizeof(payload)));
    expect_error("gzip");
    g_free(u);
    u = uimage(payload, sizeof(payload), 14, 0, 5);
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
    g_assert_true(boot_is_records((const uint8_t *)file, sizeof(file) - 1));
    g_assert_true(boot_load_records(&blobs, "x", (const uint8_t *)file, sizeof(file) - 1, &entry, &err));
    g_assert_cmphex(entry, ==, 0x100001);
    boot_blobs_place(&blobs);
    g_assert_cmphex(ram32(0x100000), ==, 0x04030201);
    g_assert_cmphex(ram32(0x100004), ==, 0x08070605);
    g_assert_cmpint(g_tree_nnodes(blobs.pieces), ==, 1);
    fresh();
    g_assert_false(boot_load_records(&blobs, "x", (const uint8_t *)good, sizeof(good) - 1, &entry, &err));
    expect_error("hexadecimal digit");
    for (n = 0; n < sizeof(file) - 13; n++) {
        char *part = g_memdup2(file, n);

        fresh();
        g_assert_false(boot_load_records(&blobs, "x", (const uint8_t *)part, n, &entry, &err));
        expect_error("Intel HEX");
        g_free(part);
    }
}

/* -kernel took such files for raw images, and ran their letters. */
static void test_kernels_of_records(void)
{
    static const struct {
        const char *text, *says;
        uint32_t at, value, entry;
    } files[] = {
        { ":020000040010EA\n:0400000001020304F2\n:0400000500100011D6\n:00000001FF\n", NULL, 0x100000, 0x04030201,
          0x100011 },
        { ":0400200001020304D2\n:0400100005060708D2\n:00000001FF\n", NULL, 0x20, 0x04030201, 0x10 },
        { "S00600004844521B\r\nS1078000010203046E\nS5030001FB\nS90380116B\n", NULL, 0x8000, 0x04030201, 0x8011 },
        { "S20801000001020304EC\nS804000000FB\n", NULL, 0x10000, 0x04030201, 0x10000 },
        { "S3090010000001020304DC\nS70500100010DA\n", NULL, 0x100000, 0x04030201, 0x100010 },
        { .text = "S3090010000001020304DC\n", .says = "no end record" },
        { .text = "S3090010000001020304DC\nS3090010000401020304DC\n", .says = "checksum error" },
        { .text = "S3090010000001020304DC\nS402 00", .says = "hexadecimal digit" },
        { .text = "S3090010000001020304DC\nS40200FD\n", .says = "bad record of type S4" },
        { .text = "S3090010000001020304DC\nS70200FD\n", .says = "bad record of type S7" },
        { .text = "S3090010000001020304DC\nS70500100012D8\n", .says = "misaligned" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        fresh();
        if (files[i].says) {
            g_assert_false(load(files[i].text, (uint32_t)strlen(files[i].text)));
            expect_error(files[i].says);
            continue;
        }
        g_assert_true(load(files[i].text, (uint32_t)strlen(files[i].text)));
        boot_blobs_place(&blobs);
        g_assert_cmphex(ram32(files[i].at), ==, files[i].value);
        g_assert_cmphex(kernel.entry, ==, files[i].entry);
        g_assert_false(kernel.linux_boot);
    }
    fresh();
}

/*
 * As many pieces as memory has room for, downwards. Loading was quadratic, which took minutes for as many; now the test
 * takes less than a second, and its time limit is not part of it.
 */
static void test_hex_with_many_gaps(void)
{
    enum { STEP = 64, PIECES = RAM_SIZE / STEP, PER_UPPER = 0x10000 / STEP };
    GString *file = g_string_new(NULL);
    uint32_t entry = 0;

    for (uint32_t n = PIECES; n-- > 0;) {
        uint32_t addr = n * STEP;
        uint8_t value = (uint8_t)(n >> 3);

        if (n % PER_UPPER == PER_UPPER - 1) {
            g_string_append_printf(file, ":0200000400%02X%02X\n", addr >> 16, -(6 + (addr >> 16)) & 0xff);
        }
        g_string_append_printf(file, ":01%04X00%02X%02X\n", addr & 0xffff, value,
                               -(1 + (addr >> 8 & 0xff) + (addr & 0xff) + value) & 0xff);
    }
    g_string_append(file, ":00000001FF\n");
    fresh();
    g_assert_true(boot_load_records(&blobs, "x", (const uint8_t *)file->str, (uint32_t)file->len, &entry, &err));
    g_assert_cmpint(g_tree_nnodes(blobs.pieces), ==, PIECES);
    boot_blobs_place(&blobs);
    for (uint32_t n = 0; n < PIECES; n++) {
        g_assert_cmphex(ram[n * STEP], ==, (uint8_t)(n >> 3));
    }
    fresh();
    g_string_free(file, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loader/elf", test_elf);
    g_test_add_func("/loader/elf-be8", test_elf_be8);
    g_test_add_func("/loader/elf-tail-over-segment", test_elf_tail_over_segment);
    g_test_add_func("/loader/elf-segment-without-contents-over-device", test_elf_segment_without_contents_over_device);
    g_test_add_func("/loader/elf-position-independent", test_elf_position_independent);
    g_test_add_func("/loader/elf-contents-without-ram", test_elf_contents_without_ram);
    g_test_add_func("/loader/elf-broken", test_elf_broken);
    g_test_add_func("/loader/zimage", test_zimage);
    g_test_add_func("/loader/raw", test_raw);
    g_test_add_func("/loader/gzip", test_gzip);
    g_test_add_func("/loader/uimage", test_uimage);
    g_test_add_func("/loader/uimage-kinds", test_uimage_kinds);
    g_test_add_func("/loader/hex", test_hex);
    g_test_add_func("/loader/kernels-of-records", test_kernels_of_records);
    g_test_add_func("/loader/hex-with-many-gaps", test_hex_with_many_gaps);
    return g_test_run();
}
