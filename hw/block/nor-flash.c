/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bank of two NOR chips (nor-chip.c): each has one half of every word of the bus.
 *
 * The array is in memory, and CPUs read and execute it like RAM while both chips are in array mode (memory_add_rom()).
 * The first write hides it, for that all CPUs stop; it is shown again when the array has been read through the
 * registers for a while, so that a driver that programs, asking for the status between any two words, pays that once.
 *
 * An operation is carried out on the I/O thread: the array changes, the image is written, and the chips are ready when
 * the host has it; a guest that gives the next command before that waits, and so does one that looks in vain a few
 * times (cpu_hold_access()). What a driver saw end is in the image, whatever becomes of the emulator. The bank has one
 * write under way at a time, with what both chips have to do if that is in one block.
 *
 * Lock: the device's own. The array is written by the I/O thread alone, without it (rom_write() may stop the CPUs).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <glib.h>
#include "hw/block/nor-chip.h"
#include "hw/block/nor-flash.h"
#include "hw/device.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "sysemu/cpu-hold.h"

enum { CHIPS = 2, CHIP_BYTES = 2, BUS_BYTES = CHIPS * CHIP_BYTES, BANK_BLOCK = NOR_BLOCK_WORDS * BUS_BYTES };
enum { SHOW_AFTER = 4096 };     /* reads of the array */
enum { LOOKS = 6 };             /* at a busy chip, until the guest has to wait */

struct NorFlash {
    Device dev;                 /* its lock: chip, reads */
    NorChip chip[CHIPS];        /* lock */
    unsigned reads;             /* of the array through the registers since the last write; lock */
    unsigned looks;             /* at a chip since it is busy; lock */
    CPUHold hold;               /* CPUs that wait for a chip */
    uint8_t *array;             /* I/O thread writes, any thread reads */
    MemoryRegion *region;       /* constant */
    NorFlashConfig config;      /* constant */
    IOWork work, show;
    BlockRequest request;       /* I/O thread */
    uint8_t *bounce;            /* what the request writes: BANK_BLOCK; I/O thread */
    bool in_flight;             /* the request is; I/O thread */
};

/* ---- operations: I/O thread ---- */

/* The bytes [*begin, *end) of the bank that the chip's operation may change. */
static void operation_range(const NorChip *c, uint32_t *begin, uint32_t *end)
{
    uint32_t words = c->operation == NOR_ERASE ? NOR_BLOCK_WORDS : NOR_BUFFER_WORDS;

    *begin = c->word / words * words * BUS_BYTES;
    *end = *begin + words * BUS_BYTES;
}

/* Into `bounce`, which has the array's bytes from `begin` on. */
static void apply(NorFlash *s, unsigned n, uint32_t begin)
{
    const NorChip *c = &s->chip[n];
    uint32_t first, end;

    operation_range(c, &first, &end);
    for (uint32_t i = 0; first < end; i++, first += BUS_BYTES) {
        uint8_t *p = s->bounce + (first - begin) + n * CHIP_BYTES;

        if (c->operation == NOR_ERASE) {
            memset(p, 0xff, CHIP_BYTES);
        } else if (c->filled >> i & 1) {
            p[0] &= (uint8_t)c->buffer[i];
            p[1] &= (uint8_t)(c->buffer[i] >> 8);
        }
    }
}

/* Take what waits, both chips' if it is in one block. False: nothing waits. */
static bool take_operations(NorFlash *s, uint32_t *begin, uint32_t *end)
{
    bool any = false;
    uint32_t first, last;

    for (unsigned n = 0; n < CHIPS; n++) {
        NorChip *c = &s->chip[n];

        if (c->step != NOR_WAITS) {
            continue;
        }
        operation_range(c, &first, &last);
        if (!any) {
            *begin = first;
            *end = last;
        } else if (first / BANK_BLOCK != *begin / BANK_BLOCK) {
            continue;
        } else {
            *begin = first < *begin ? first : *begin;
            *end = last > *end ? last : *end;
        }
        any = true;
        c->step = NOR_BUSY;
    }
    if (!any) {
        return false;
    }
    memcpy(s->bounce, s->array + *begin, *end - *begin);
    for (unsigned n = 0; n < CHIPS; n++) {
        if (s->chip[n].step == NOR_BUSY) {
            apply(s, n, *begin);
        }
    }
    return true;
}

static void run(void *opaque)
{
    NorFlash *s = opaque;
    uint32_t begin = 0, end = 0;
    bool any;

    if (s->in_flight) {
        return;                 /* its end comes here again */
    }
    counted_lock(&s->dev.lock);
    any = take_operations(s, &begin, &end);
    counted_unlock(&s->dev.lock);
    if (!any) {
        return;
    }
    s->in_flight = true;
    s->request.offset = begin;
    s->request.bytes = end - begin;
    blk_submit(s->config.blk, &s->request);
}

/*
 * The array changes when the image has: a read that shows it cannot be undone by a kill. A chip that was reset
 * meanwhile has no operation any more, but what was begun is in the image.
 */
static void written(BlockRequest *r, int error)
{
    NorFlash *s = r->opaque;

    if (!error) {
        rom_write(s->region, (uint32_t)r->offset, s->bounce, (uint32_t)r->bytes);
    }
    s->in_flight = false;
    counted_lock(&s->dev.lock);
    for (unsigned n = 0; n < CHIPS; n++) {
        if (s->chip[n].step == NOR_BUSY) {
            nor_chip_done(&s->chip[n], error);
        }
    }
    s->looks = 0;
    cpu_hold_end(&s->hold);
    counted_unlock(&s->dev.lock);
    run(s);
}

/* ---- the array, shown or hidden ---- */

/* Lock is held. */
static bool reads_array(const NorFlash *s)
{
    return s->chip[0].mode == NOR_READ_ARRAY && s->chip[1].mode == NOR_READ_ARRAY;
}

static bool may_show(void *opaque)
{
    NorFlash *s = opaque;
    bool may;

    counted_lock(&s->dev.lock);
    may = reads_array(s);
    counted_unlock(&s->dev.lock);
    return may;
}

static void show(void *opaque)
{
    NorFlash *s = opaque;

    rom_show(s->region, may_show, s);
}

/* ---- the bus ---- */

static uint16_t half(const NorFlash *s, unsigned n, uint32_t word)
{
    const uint8_t *p = s->array + word * BUS_BYTES + n * CHIP_BYTES;

    if (s->chip[n].mode == NOR_READ_ARRAY) {
        return (uint16_t)(__atomic_load_n(p, __ATOMIC_RELAXED) | __atomic_load_n(p + 1, __ATOMIC_RELAXED) << 8);
    }
    return nor_chip_read(&s->chip[n], word);
}

static bool is_busy(const NorChip *c)
{
    return c->step >= NOR_WAITS;
}

static uint32_t nor_flash_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    NorFlash *s = opaque;
    uint32_t word = offset / BUS_BYTES, v;
    bool often = false;

    counted_lock(&s->dev.lock);
    if ((is_busy(&s->chip[0]) || is_busy(&s->chip[1])) && ++s->looks > LOOKS) {
        cpu_hold_access(&s->hold);
    }
    v = half(s, 0, word) | (uint32_t)half(s, 1, word) << 16;
    if (reads_array(s)) {
        often = ++s->reads == SHOW_AFTER;
    }
    counted_unlock(&s->dev.lock);
    if (often) {
        io_post(&s->show);
    }
    return v >> 8 * (offset % BUS_BYTES);
}

/* Lock is held. */
static bool has_vpp(const NorFlash *s)
{
    return !blk_readonly(s->config.blk) && s->config.vpp(s->config.opaque);
}

/* A write of less than a word goes to the chip on that part of the bus. Bytes: the chip's other half is not driven. */
static bool is_for(unsigned n, uint32_t offset, unsigned size)
{
    return size == BUS_BYTES || n == offset % BUS_BYTES / CHIP_BYTES;
}

/* Is it more than a look at a busy chip? Then it waits, where it can; the lock is held. */
static bool must_wait(NorFlash *s, uint32_t offset, uint32_t value, unsigned size)
{
    bool busy = false;

    for (unsigned n = 0; n < CHIPS; n++) {
        busy |= is_for(n, offset, size) && is_busy(&s->chip[n]);
    }
    return busy && !nor_chip_heeds(value & 0xff) && cpu_hold_access(&s->hold);
}

static void nor_flash_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    NorFlash *s = opaque;
    uint32_t word = offset / BUS_BYTES;
    bool begun = false;

    if (offset % CHIP_BYTES) {
        qemu_log_mask(LOG_GUEST_ERROR, "nor-flash: a byte of 0x%x at 0x%x does not reach a chip\n", value, offset);
        return;
    }
    /* What shows it counts as another thread: none can while this one, a reader of the memory map, is here. */
    while (rom_is_shown(s->region)) {
        rom_hide(s->region);
    }
    counted_lock(&s->dev.lock);
    s->reads = 0;
    if (must_wait(s, offset, value, size)) {
        counted_unlock(&s->dev.lock);
        return;
    }
    for (unsigned n = 0; n < CHIPS; n++) {
        if (is_for(n, offset, size)) {
            uint32_t part = size == BUS_BYTES ? value >> 16 * n : value | (size == 1 ? 0xff00 : 0);

            begun |= nor_chip_write(&s->chip[n], word, (uint16_t)part, has_vpp(s));
        }
    }
    counted_unlock(&s->dev.lock);
    if (begun) {
        io_post(&s->work);
    }
}

static const MMIOOps nor_flash_ops = { nor_flash_read, nor_flash_write };

/* ---- the device ---- */

static void nor_flash_reset(void *opaque)
{
    NorFlash *s = opaque;

    counted_lock(&s->dev.lock);
    s->reads = 0;
    for (unsigned n = 0; n < CHIPS; n++) {
        nor_chip_reset(&s->chip[n]);
    }
    counted_unlock(&s->dev.lock);
}

static void loaded(BlockRequest *r, int error)
{
    if (error) {
        error_exit("%s: '%s' cannot be read: %s", blk_id(r->opaque), blk_path(r->opaque), strerror(-error));
    }
}

/* The image is what counts: what it holds now. */
static void read_array(NorFlash *s)
{
    BlockBackend *blk = s->config.blk;
    BlockRequest r = { .op = BLOCK_READ, .bytes = NOR_FLASH_BYTES, .buffer = s->array, .done = loaded, .opaque = blk };

    blk_submit(blk, &r);
    if (!blk_drain(blk)) {
        error_exit("%s: '%s' cannot be read: the host's disk does not answer", blk_id(blk), blk_path(blk));
    }
}

static void nor_flash_pre_save(void *opaque)
{
    NorFlash *s = opaque;

    do {
        blk_drain(s->config.blk);
        run(s);
    } while (s->in_flight);
}

static void nor_flash_post_load(void *opaque)
{
    NorFlash *s = opaque;

    rom_hide(s->region);
    read_array(s);
    counted_lock(&s->dev.lock);
    s->reads = 0;
    for (unsigned n = 0; n < CHIPS; n++) {
        nor_chip_sanitize(&s->chip[n]);
    }
    counted_unlock(&s->dev.lock);
}

static const DeviceField nor_flash_fields[] = {
    DEVICE_EACH(NorFlash, chip, mode), DEVICE_EACH(NorFlash, chip, step), DEVICE_EACH(NorFlash, chip, status),
    DEVICE_EACH(NorFlash, chip, word), DEVICE_EACH(NorFlash, chip, count), DEVICE_EACH(NorFlash, chip, got),
    DEVICE_EACH(NorFlash, chip, filled), DEVICE_EACH(NorFlash, chip, bad), DEVICE_EACH_ARRAY(NorFlash, chip, buffer),
    DEVICE_EACH_ARRAY(NorFlash, chip, locked),
    { 0 },
};

static char *nor_flash_realize(void *opaque)
{
    NorFlash *s = opaque;
    BlockBackend *blk = s->config.blk;

    if (blk_bytes(blk) != NOR_FLASH_BYTES) {
        return g_strdup_printf("%s: '%s' has %llu bytes, a bank of the flash has 64 MiB (truncate -s 64M, or qemu-img "
                               "resize)", blk_id(blk), blk_path(blk), (unsigned long long)blk_bytes(blk));
    }
    s->array = mmap(NULL, NOR_FLASH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    s->bounce = malloc(BANK_BLOCK);
    if (s->array == MAP_FAILED || !s->bounce) {
        return g_strdup_printf("%s: out of memory", blk_id(blk));
    }
    read_array(s);
    s->request = (BlockRequest) { .op = BLOCK_WRITE, .buffer = s->bounce, .done = written, .opaque = s };
    return NULL;
}

static const DeviceClass nor_flash_class = {
    .name = "nor_flash",
    .state_size = sizeof(NorFlash),
    .version = 1,
    .fields = nor_flash_fields,
    .node = { .name = "flash", .compatible = { "arm,versatile-flash", "cfi-flash" } },
    .realize = nor_flash_realize,
    .reset = nor_flash_reset,
    .pre_save = nor_flash_pre_save,
    .post_load = nor_flash_post_load,
};

NorFlash *nor_flash_create(const NorFlashConfig *config)
{
    NorFlash *s = device_new(&nor_flash_class, config->name);

    s->config = *config;
    s->work = (IOWork) { .fn = run, .opaque = s };
    s->show = (IOWork) { .fn = show, .opaque = s };
    device_add(&s->dev);
    s->region = memory_add_rom(config->base, NOR_FLASH_BYTES, s->array, &nor_flash_ops, s, config->name);
    return s;
}

void nor_flash_map_again(NorFlash *s, uint32_t base, const char *name)
{
    memory_add_mmio(base, NOR_FLASH_BYTES, &nor_flash_ops, s, name);
}
