/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical memory map: lookups against a plain search, register dispatch, RAM pointers. TAP output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glib.h>
#include "exec/memory.h"
#include "qemu/log.h"
#include "tests/unit/tap.h"

typedef struct Access {
    uint32_t offset, value;
    unsigned size, cpu;
    int count;
} Access;

static uint32_t access_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    Access *a = opaque;

    *a = (Access){ .offset = offset, .size = size, .cpu = cpu, .count = a->count + 1 };
    return offset ^ 0x5a5a5a5a;
}

static void access_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    Access *a = opaque;

    *a = (Access){ .offset = offset, .value = value, .size = size, .cpu = cpu, .count = a->count + 1 };
}

static const MMIOOps ops = { .read = access_read, .write = access_write };

/* Regions as boards have them: whole pages, several in one page, odd sizes, the very end of the space. */
static const struct {
    uint32_t base, size;
} layout[] = {
    { 0x10101000, 0x1000 }, { 0x10100000, 0x100 }, { 0x10100600, 0x100 }, { 0x10100100, 0x500 },
    { 0x10000000, 0x1000 }, { 0x4e000000, 0x10 }, { 0x10102000, 0x1004 }, { 0x60000000, 0x1000000 },
    { 0xfffff000, 0x1000 }, { 0x20000ffc, 8 },
};
enum { REGIONS = sizeof(layout) / sizeof(layout[0]), RAM_SIZE = 0x8000 };

static bool lookup_right(uint32_t address)
{
    const MemoryRegion *r = memory_find(address);

    if (address < RAM_SIZE) {
        return r && r->ram;
    }
    for (int i = 0; i < REGIONS; i++) {
        if (address >= layout[i].base && address - layout[i].base < layout[i].size) {
            return r && r->base == layout[i].base && r->size == layout[i].size;
        }
    }
    return !r;
}

/* A second block, and an alias of its middle: addresses of all kinds lead to the same bytes. */
static void test_blocks(const uint8_t *ram)
{
    static uint8_t second[0x4000];
    MemoryRegion *block = memory_add_ram(0x80000000, sizeof(second), second, "second");
    uint32_t a = 1, b = 2;

    memory_add_ram_alias(0x90000000, 0x2000, block, 0x1000, "alias");
    tap_case(memory_ram_at(0x4004, 4, &a) == ram + 0x4004 && a == 0x4004, "RAM addresses begin with the first block");
    tap_case(memory_ram_at(0x80001ff0, 4, &a) == second + 0x1ff0 && a == RAM_SIZE + 0x1ff0 &&
             memory_ram_at(0x90000ff0, 4, &b) == second + 0x1ff0 && b == a, "aliases share RAM addresses");
    tap_case(!memory_ram_at(0x90001ffe, 4, &b) && memory_ram_at(0x80003ffc, 4, &b), "an alias ends where it ends");
    tap_case(memory_ram_host(a) == second + 0x1ff0 && memory_ram_of_host(second + 0x1ff0) == a &&
             memory_ram_phys(a) == 0x80001ff0 && memory_ram_of_host(ram + 5) == 5 && memory_ram_phys(5) == 5 &&
             memory_ram_host(RAM_SIZE - 1) == ram + RAM_SIZE - 1, "between RAM, host and physical addresses");
}

/* Accesses in the log, with the registers' names. */
static void test_log(void)
{
    static const MMIORegister names[] = { { 0x04, "CONTROL" }, { 0 } };
    char path[] = "/tmp/test-memory-XXXXXX", *text = NULL;
    int fd = mkstemp(path);

    memory_find(0x10100600)->registers = names;
    tap_case(fd >= 0 && log_set_file(path), "a log");
    qemu_loglevel = LOG_MMIO;
    mmio_read(0x10100604, 4, 3);
    mmio_write(0x10100609, 0x12, 1, 1);
    qemu_loglevel = 0;
    mmio_read(0x10100604, 4, 2);
    log_flush();
    g_file_get_contents(path, &text, NULL, NULL);
    tap_case(text && strstr(text, "CPU 3 reads") && strstr(text, "+0x4 CONTROL: 0x5a5a5a5e") &&
             strstr(text, "CPU 1 writes") && strstr(text, "+0x9: 0x12") && !strstr(text, "CPU 2"),
             "accesses are logged with the registers' names");
    g_free(text);
    unlink(path);
    close(fd);
}

int main(void)
{
    static uint8_t ram[RAM_SIZE];
    static Access access[REGIONS];
    bool right = true;
    uint32_t last = 0;
    char *text;

    tap_case(!memory_find(0) && mmio_read(0x1234, 4, 0) == 0, "an empty map has nothing");
    memory_add_ram(0, RAM_SIZE, ram, "ram");
    for (int i = 0; i < REGIONS; i++) {
        memory_add_mmio(layout[i].base, layout[i].size, &ops, &access[i], "device");
    }
    tap_case(memory_ram_size() == RAM_SIZE, "size of RAM");
    for (int i = 0; i < REGIONS; i++) {
        for (int d = -2; d <= 2; d++) {
            right &= lookup_right(layout[i].base + (uint32_t)d);
            right &= lookup_right(layout[i].base + layout[i].size + (uint32_t)d);
        }
    }
    srand(1);
    for (int i = 0; i < 200000; i++) {
        uint32_t random = (uint32_t)rand() << 8 ^ (uint32_t)rand();

        right &= lookup_right(i & 1 ? random : 0x10100000 + random % 0x4000);
    }
    tap_case(right, "lookups find what a plain search finds");

    right = true;
    for (size_t i = 0; memory_region_at(i); i++) {
        right &= !i || memory_region_at(i)->base > last;
        last = memory_region_at(i)->base;
    }
    tap_case(right && memory_region_at(REGIONS) && !memory_region_at(REGIONS + 1), "iteration is sorted and complete");

    tap_case(mmio_read(0x10100604, 2, 3) == (4 ^ 0x5a5a) && access[2].offset == 4 && access[2].size == 2 &&
             access[2].cpu == 3 && access[2].count == 1, "a read reaches its device with offset, size and CPU");
    mmio_write(0xfffffffc, 0xabcd, 4, 1);
    tap_case(access[8].offset == 0xffc && access[8].value == 0xabcd && access[8].cpu == 1, "so does a write");
    tap_case(mmio_read(0x10100604, 1, 3) == (4 ^ 0x5a) && mmio_read(0x10100604, 4, 3) == (4 ^ 0x5a5a5a5a),
             "a narrow read gives no more than its bytes");
    tap_case(memory_find(0x10100600)->reads == 3 && memory_find(0xfffffffc)->writes == 1, "accesses are counted");
    tap_case(mmio_read(0x30000000, 4, 0) == 0, "unmapped addresses read 0");
    mmio_write(0x30000000, 1, 4, 0);
    tap_case(mmio_read(0x4e00000e, 4, 0) == 0 && access[5].count == 0,
             "an access across a region's end reaches nobody");

    tap_case(memory_ram_ptr(0, RAM_SIZE) == ram && memory_ram_ptr(RAM_SIZE - 4, 4) == ram + RAM_SIZE - 4,
             "RAM pointers");
    tap_case(!memory_ram_ptr(0, RAM_SIZE + 1) && !memory_ram_ptr(RAM_SIZE, 1) && !memory_ram_ptr(4, UINT32_MAX) &&
             !memory_ram_ptr(0x10000000, 4), "no pointers to what is not all RAM");
    mmio_write(0x100, 0x12345678, 4, 0);
    tap_case(mmio_read(0x100, 4, 0) == 0 && !ram[0x100], "RAM is no device");
    test_blocks(ram);

    static const AbsentAnswer answers[] = { { 0x0c, 0x410100 }, { 0 } };

    memory_add_unimplemented(0x70000000, 0x1000, "nothing", NULL);
    memory_add_unimplemented(0x70001000, 0x1000, "silent", answers);
    mmio_write(0x70000010, 7, 4, 0);
    tap_case(mmio_read(0x70000010, 4, 0) == 0, "unimplemented regions read 0");
    mmio_write(0x7000100c, 7, 4, 0);
    tap_case(mmio_read(0x7000100c, 4, 0) == 0x410100 && mmio_read(0x7000100e, 1, 0) == 0x41 &&
             mmio_read(0x70001010, 4, 0) == 0, "but for the answers that somebody waits for");
    text = memory_map_text();
    tap_case(strstr(text, "90000000-90001fff (ram): alias, the same as 80001000\n") &&
             strstr(text, "70000000-70000fff (absent): nothing") && strstr(text, "00000000-00007fff (ram): ram"),
             "the map as text");
    free(text);
    test_log();
    return tap_done();
}
