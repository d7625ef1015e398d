/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done with the board (board.h): a step of eight bytes. */
#include <string.h>
#include "qemu/log.h"
#include "tests/fuzz/board.h"
#include "tests/unit/fake-net.h"
#include "ui/input.h"

/* The first byte of a step: what to do, and bits for the access. The second: which region. */
enum { DO_WRITE, DO_READ, DO_OTHER, DO_WRITE_SMALL };
enum { OTHER_TIME, OTHER_RESET, OTHER_RAM, OTHER_INPUT, OTHER_BREAK, OTHER_ANY_READ, OTHER_ANY_WRITE, OTHER_LOG };

static void read_register(uint32_t addr, unsigned size, unsigned cpu)
{
    uint32_t v = mmio_read(addr, size, cpu);

    if (size < 4 && v >> (8 * size)) {
        fuzz_error = "a read gives more than was asked for";
    }
}

static void other(unsigned what, unsigned n, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    switch (what) {
    case OTHER_TIME:
        fuzz_board_advance((int64_t)value << (n & 15));
        break;
    case OTHER_RESET:
        fuzz_board_reset();
        break;
    case OTHER_RAM:
        memcpy(fuzz_ram + (offset & 0xfffc), &value, 4);
        break;
    case OTHER_INPUT:
        fuzz_characters(n, value);
        input_key((InputKey)(value % KEY_COUNT), n & 1);
        input_move((int8_t)value, (int8_t)(value >> 8), (int8_t)(value >> 16));
        input_buttons(value >> 24 & 31);
        fake_net_offer(fuzz_network, fuzz_ram + (offset & 0xfffc), value & 0x7ff);
        break;
    case OTHER_BREAK:
        fuzz_break(n);
        break;
    case OTHER_ANY_READ:
        read_register(value, size, cpu);
        break;
    case OTHER_ANY_WRITE:
        mmio_write(value, offset * 0x10001u, size, cpu);
        break;
    case OTHER_LOG:
        qemu_loglevel = value & 1 ? LOG_GUEST_ERROR | LOG_UNIMP | LOG_RESET : 0;
        break;
    }
}

void fuzz_step(const uint8_t *p)
{
    unsigned action = p[0] & 3, size = 1u << (p[0] >> 2 & 3), cpu = p[0] >> 4 & 3;
    const MemoryRegion *r = fuzz_device[p[1] % fuzz_num_devices];
    uint32_t offset = p[2] | (uint32_t)p[3] << 8, value, at;

    memcpy(&value, p + 4, 4);
    size = size > 4 ? 4 : size;
    /* Mostly the aligned registers of the first 4 KiB, where most devices have all they have. */
    at = p[0] & 0x40 ? offset : offset & 0xffc;
    at = r->base + (at < r->size ? at : at % r->size);
    if (action != DO_OTHER && !(p[0] & 0x40)) {
        size = 4;
    }
    switch (action) {
    case DO_WRITE:
        mmio_write(at, value, size, cpu);
        break;
    case DO_WRITE_SMALL:
        /* Addresses in RAM, small counts. */
        mmio_write(at, value & (p[0] & 0x80 ? 0xfffc : 0xff), size, cpu);
        break;
    case DO_READ:
        read_register(at, size, cpu);
        break;
    case DO_OTHER:
        other(p[1] & 7, p[1] >> 3, offset, value, size, cpu);
        break;
    }
    if (fuzz_reset_wanted) {
        fuzz_board_reset();
    }
}
