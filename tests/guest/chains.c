/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loops that go where the word takes them that they loaded a turn before: lists whose nodes are in pages of all kinds,
 * one after the other. Translated code takes for granted that the next page is found like the last one
 * (tcg/x86_64/emit-recall.c), so here it is, then is not, then is again: other frames, frames that change while the
 * addresses stay, words in two pages, a register of a device, a page that is not there.
 * guest-test: modes=unified,separate,single,interp,tier1 cpus=1 timeout=40
 */
#include "runtime.h"

#define WINDOW      0x20000000u     /* frames in any order */

enum { PAGES = 128, PAGE = 4096, PLACES = 128, NODES = 500, ROUNDS = 6, BAD = 0x30000000 };

/* Of the list at r0: where it is after r1 nodes; by r12, which translated code has in memory and in a register. */
uint32_t walk(uint32_t at, uint32_t n), walk_by_r12(uint32_t at, uint32_t n);
/* Until it ends: the sum of the second words; of second and third ones, three loads from one page. */
uint32_t sum_list(uint32_t at), sum_fields(uint32_t at);
/* table[x] of bytes, of halfwords, n times */
uint32_t walk_bytes(uint32_t at, uint32_t n, const uint8_t *table);
uint32_t walk_halves(uint32_t at, uint32_t n, uint32_t table);
__asm__(".pushsection .text\n.arm\n.balign 4\n"
        "walk: ldr r0, [r0]\nsubs r1, r1, #1\nbne walk\nbx lr\n"
        "walk_by_r12: mov r12, r0\n"
        "1: ldr r12, [r12]\nsubs r1, r1, #1\nbne 1b\nmov r0, r12\nbx lr\n"
        "sum_list: mov r1, #0\n"
        "1: ldr r2, [r0, #4]\nldr r0, [r0]\nadd r1, r1, r2\ncmp r0, #0\nbne 1b\nmov r0, r1\nbx lr\n"
        "sum_fields: mov r1, #0\n"
        "1: ldr r2, [r0, #4]\nldr r3, [r0, #8]\nldr r0, [r0]\nadd r1, r1, r2\neor r1, r1, r3\ncmp r0, #0\nbne 1b\n"
        "mov r0, r1\nbx lr\n"
        "walk_bytes: ldrb r0, [r2, r0]\nsubs r1, r1, #1\nbne walk_bytes\nbx lr\n"
        "walk_halves: add r0, r2, r0, lsl #1\nldrh r0, [r0]\nsubs r1, r1, #1\nbne walk_halves\nbx lr\n"
        ".popsection\n");

static uint32_t *l1, *frames, seed = 1;
static uint32_t frame_of[PAGES], node[NODES];

static void put32(uint32_t va, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        ((uint8_t *)frames)[frame_of[(va + i - WINDOW) / PAGE] * PAGE + (va + i) % PAGE] = (uint8_t)(v >> 8 * i);
    }
}

/* Each page of the window gets a frame; `shift`: those of before, in another order. */
static void map_window(bool shift)
{
    for (unsigned i = PAGES; i-- > 1 && !shift;) {
        unsigned k = random32(&seed) % (i + 1), f = frame_of[i];

        frame_of[i] = frame_of[k];
        frame_of[k] = f;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        frame_of[i] = shift ? (frame_of[i] + 1) % PAGES : frame_of[i];
        mmu_map_page(l1, WINDOW + i * PAGE, L2_SMALL((uint32_t)frames + frame_of[i] * PAGE, AP_RW));
    }
    tlb_flush();
}

/* Nodes of three words: `near` of four are in the page of the one before; `skew`: how far behind their places. */
static void place_nodes(unsigned near, unsigned skew)
{
    unsigned page = 0, used[PAGES] = { 0 };

    for (unsigned i = 0; i < NODES; i++) {
        if (random32(&seed) % 4 >= near) {
            page = random32(&seed) % (PAGES - 1);
        }
        while (used[page] == PLACES) {
            page = random32(&seed) % (PAGES - 1);
        }
        node[i] = WINDOW + page * PAGE + (PLACES - 1 - used[page]++) * (PAGE / PLACES) + skew;
    }
}

static void fill_nodes(uint32_t end)
{
    for (unsigned i = 0; i < NODES; i++) {
        put32(node[i], i + 1 < NODES ? node[i + 1] : end);
        put32(node[i] + 4, i * 3);
        put32(node[i] + 8, i);
    }
}

static uint32_t fields(void)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < NODES; i++) {
        sum = (sum + i * 3) ^ i;
    }
    return sum;
}

static void lists(unsigned near, unsigned skew, const char *name)
{
    unsigned wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        map_window(round & 1);
        place_nodes(near, skew);
        fill_nodes(0);
        wrong += walk(node[0], NODES - 1) != node[NODES - 1];
        wrong += walk_by_r12(node[0], NODES - 1) != node[NODES - 1];
        wrong += sum_list(node[0]) != (NODES - 1) * NODES / 2 * 3;
        wrong += sum_fields(node[0]) != fields();
    }
    ok_eq(wrong, 0, name);
}

/* The addresses stay, the frames go: what the new ones hold is another list. */
static void moved(void)
{
    unsigned wrong = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        map_window(false);
        place_nodes(2, 0);
        fill_nodes(0);
        wrong += walk(node[0], NODES - 1) != node[NODES - 1];
        map_window(true);
        for (unsigned i = 0; i < NODES; i++) {
            put32(node[i], node[(i + 7) % NODES]);
        }
        wrong += walk(node[0], NODES) != node[7 * NODES % NODES];
        wrong += walk(node[0], 71) != node[71 * 7 % NODES];
    }
    ok_eq(wrong, 0, "frames that change behind the addresses");
}

/* A register of a device is one of the words. */
static void device(void)
{
    map_window(false);
    place_nodes(4, 0);
    fill_nodes(0);
    for (unsigned i = 40; i < NODES; i += 40) {
        put32(node[i], SYS_FLAGSSET);
    }
    wr32(SYS_FLAGSCLR, 0xffffffff);
    wr32(SYS_FLAGSSET, node[10]);
    ok_eq(walk(node[10], 30), node[40], "to a device");
    ok_eq(walk(node[10], 31), SYS_FLAGSSET, "from there");
    ok_eq(walk(node[10], 32 * 50 + 3), node[13], "and on");
    ok_eq(walk_by_r12(node[10], 32 * 50 + 3), node[13], "and on, by r12");
}

/* 100 turns until there is nothing. Each turn behind is the same fault. */
static void fault(void)
{
    for (unsigned round = 0; round < 3; round++) {
        uint32_t seen, at;

        map_window(round & 1);
        place_nodes(3, 0);
        fill_nodes(0);
        put32(node[99], BAD + 12);
        exc_expect();
        at = walk(node[0], 105);
        seen = exc_seen();
        ok_eq(seen, 5, "turns without a page");
        ok_eq(at, BAD + 12, "the register is as before");
        ok_eq(exc_log()->dfar, BAD + 12, "DFAR");
        ok_eq(exc_log()->exc.r[1], 1, "the turn");
        exc_expect();
        at = walk_by_r12(node[0], 105);
        seen = exc_seen();
        ok_eq(seen, 5, "turns without a page, by r12");
        ok_eq(at, BAD + 12, "r12 is as before");
        ok_eq(exc_log()->exc.r[12], BAD + 12, "the exception sees it");
    }
}

static void tables(void)
{
    static uint8_t bytes[256];
    uint32_t table = WINDOW + PAGE - 64, x = 1, y = 1;

    map_window(false);
    for (unsigned i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)(i * 5 + 1);
    }
    for (unsigned i = 0; i < 512; i += 2) {     /* in two pages */
        uint32_t low = (i * 77 + 13) & 511, high = ((i + 1) * 77 + 13) & 511;

        put32(table + 2 * i, low | high << 16);
    }
    for (unsigned i = 0; i < 777; i++) {
        x = bytes[x];
        y = (y * 77 + 13) & 511;
    }
    ok_eq(walk_bytes(1, 777, bytes), x, "a table of bytes");
    ok_eq(walk_halves(1, 777, table), y, "a table of halfwords in two pages");
}

int test_main(void)
{
    frames = heap_alloc(PAGES * PAGE, PAGE);
    l1 = mmu_new_table();
    mmu_new_l2(l1, WINDOW, 0);
    for (unsigned i = 0; i < PAGES; i++) {
        frame_of[i] = i;
    }
    mmu_on(l1);
    set_sctlr((sctlr() | SCTLR_U) & ~SCTLR_A);
    lists(4, 0, "nodes in few pages");
    lists(3, 0, "nodes in some pages");
    lists(0, 0, "nodes in all pages");
    lists(2, 2, "nodes that are not aligned");
    lists(1, 22, "nodes in two pages");
    moved();
    device();
    fault();
    tables();
    return 0;
}
