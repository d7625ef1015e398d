/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NOR flash: its array is read, executed and copied like RAM, programmed through commands, and a command of one CPU is
 * seen by all at once, however often the array was read before. The image is all zeroes at the start.
 * guest-test: cpus=1,4 timeout=60 oracle=no flash=yes
 */
#include "dma.h"
#include "smc-code.h"

#define FLASH       0x40000000u
#define SYS_FLASH   (SYSCTL_BASE + 0x4c)
#define BOTH(v)     ((v) * 0x10001u)

enum { BLOCK = 0x40000, READY = BOTH(0x80), ROUNDS = 40, SHOW_AFTER = 4096, PIECE = 256 };

static bool wait_ready(void)
{
    return WAIT_UNTIL((rd32(FLASH) & READY) == READY, 30000000);
}

static uint32_t command(uint32_t at, uint32_t first, uint32_t second)
{
    uint32_t status;
    bool good;

    wr32(FLASH, BOTH(0x50));
    wr32(at, first);
    wr32(at, second);
    good = wait_ready();
    status = rd32(FLASH);
    wr32(FLASH, BOTH(0xff));
    return good ? status : 0;
}

static uint32_t erase(uint32_t at)
{
    return command(at, BOTH(0x20), BOTH(0xd0));
}

static uint32_t program(uint32_t at, uint32_t value)
{
    return command(at, BOTH(0x40), value);
}

/* Read until the array is read past the chips' registers. */
static uint32_t read_often(uint32_t from)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < 2 * SHOW_AFTER; i++) {
        sum += rd32(from + 4 * (i % 1024));
    }
    return sum;
}

static void identify(void)
{
    ok_eq(rd32(FLASH), 0, "the image");
    wr32(FLASH + 0x154, BOTH(0x98));
    ok(rd32(FLASH + 0x40) == BOTH('Q') && rd32(FLASH + 0x44) == BOTH('R') && rd32(FLASH + 0x48) == BOTH('Y'), "CFI");
    wr32(FLASH, BOTH(0x90));
    ok(rd32(FLASH) == BOTH(0x89) && rd32(FLASH + 4) == BOTH(0x1d), "maker and device");
    wr32(FLASH, BOTH(0xff));
    ok_eq(rd32(FLASH), 0, "the array again");
}

static void programming(void)
{
    wr32(SYS_FLASH, 0);
    ok_eq(erase(FLASH), READY | BOTH(0x28), "no voltage, no erase");
    wr32(SYS_FLASH, 1);
    ok_eq(erase(FLASH), READY, "erased");
    ok(rd32(FLASH) == UINT32_MAX && rd32(FLASH + BLOCK - 4) == UINT32_MAX && rd32(FLASH + BLOCK) == 0, "one block");
    ok_eq(program(FLASH + 16, 0x12345678), READY, "programmed");
    ok_eq(rd32(FLASH + 16), 0x12345678, "a word");
    ok_eq(*(volatile uint16_t *)(FLASH + 18) << 8 | *(volatile uint8_t *)(FLASH + 17), 0x123456, "its parts");
    read_often(FLASH);
    ok_eq(rd32(FLASH + 16), 0x12345678, "the same past the registers");
    ok_eq(program(FLASH + 16, 0xffff0000), READY, "programmed again");
    ok_eq(rd32(FLASH + 16), 0x12340000, "bits become 0");
}

static uint32_t load_store_exclusive(uint32_t at)
{
    uint32_t v, failed;

    __asm__ volatile("ldrex %0, [%2]\n\tstrex %1, %0, [%2]" : "=&r"(v), "=&r"(failed) : "r"(at) : "memory");
    return v == 0x12340000 ? failed : 2;
}

static void exclusives(void)
{
    read_often(FLASH);
    ok_eq(load_store_exclusive(FLASH + 16), 0, "an exclusive store is a command");
    wr32(FLASH, BOTH(0xff));
}

/* A function in flash, another one in its place, from the array and after it was hidden and shown. */
static void execute(void)
{
    bool good = true, again = true;

    for (uint32_t n = 0; n < ROUNDS; n++) {
        uint32_t *code = (uint32_t *)(FLASH + BLOCK + 64 * (n % 4));

        if (n % 4 == 0) {
            erase(FLASH + BLOCK);
        }
        good &= program((uint32_t)code, A_MOV_R0(n)) == READY && program((uint32_t)(code + 1), A_BX_LR) == READY;
        code_written(code, 8);
        good &= call(code, 0, 0) == n;
        read_often(FLASH);
        again &= call(code, 0, 0) == n;
    }
    ok(good, "functions in flash");
    ok(again, "the same where the array is shown");
}

static uint32_t copy[PIECE] __attribute__((aligned(32)));

static void dma(void)
{
    wr32(DMAC_CONFIGURATION, 1);
    read_often(FLASH);
    ok(dma_copy(0, (const uint32_t *)FLASH, copy, PIECE) && copy[4] == 0x12340000 && copy[5] == UINT32_MAX,
       "DMA from the array");
    wr32(FLASH, BOTH(0x90));
    ok(dma_copy(0, (const uint32_t *)FLASH, copy, 2) && copy[0] == BOTH(0x89) && copy[1] == BOTH(0x1d),
       "DMA from the registers");
    wr32(FLASH, BOTH(0xff));
}

static struct barrier meet;
static volatile uint32_t wrong, turn;

/* The first one changes the mode; the others have read the array just before, and look at once. */
static void look(uint32_t cpu)
{
    unsigned n = num_cpus();

    for (uint32_t round = 1; round <= ROUNDS; round++) {
        barrier_wait(&meet, n);
        read_often(FLASH);
        barrier_wait(&meet, n);
        if (cpu == 0) {
            wr32(FLASH, BOTH(0x90));
            dmb();
            turn = round;
        }
        while (turn != round) {
            rd32(FLASH + 16);
        }
        dmb();
        if (rd32(FLASH) != BOTH(0x89)) {
            atomic_add(&wrong, 1);
        }
        barrier_wait(&meet, n);
        if (cpu == 0) {
            wr32(FLASH, BOTH(0xff));
        }
        barrier_wait(&meet, n);
        if (rd32(FLASH + 16) != 0x12340000) {
            atomic_add(&wrong, 1);
        }
    }
}

int test_main(void)
{
    identify();
    programming();
    exclusives();
    execute();
    dma();
    smp_start();
    run_all(num_cpus(), look);
    ok_eq(wrong, 0, "a command is seen by all CPUs at once");
    return 0;
}
