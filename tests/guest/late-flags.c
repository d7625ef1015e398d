/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags that a data abort shows where an access stands between a comparison and its reader, or begins a loop that ends
 * with a comparison: those of the comparison before it, although an emulator would rather compute them later or not at
 * all. And the reader behind the abort finds them too.
 * guest-test: modes=unified,separate,single,interp,tier1 cpus=1
 */
#include "runtime.h"

/* A page that may be read and written; behind it nothing. */
enum { PAGE = 0x20010000, END = PAGE + 0x1000, ROUNDS = 40 };
enum { N = 1u << 31, Z = 1u << 30, C = 1u << 29, V = 1u << 28, ALL = N | Z | C | V };

/* a, b: compared; p: accessed; preset: flags before. Returns a number that tells which way the reader went. */
typedef uint32_t shape_fn(uint32_t a, uint32_t b, uint32_t p, uint32_t preset);
#define SHAPE(name, text) \
    shape_fn name; \
    __asm__(".pushsection .text\n.arm\n.balign 4\n" #name ":\n" \
            "push {r4-r7, lr}\nmsr cpsr_f, r3\nmov r4, #0\nmov r7, #0\n" \
            text "mov r0, r4\npop {r4-r7, pc}\n.popsection\n")

SHAPE(load_between, "cmp r0, r1\nldr r5, [r2]\nmovhi r4, #1\nmovls r4, #2\n");
SHAPE(store_between, "cmp r0, r1\nstr r7, [r2]\nmovge r4, #1\nmovlt r4, #2\n");
SHAPE(operands_move, "cmp r0, r1\nadd r0, r0, #8\nstr r7, [r2]\nsub r1, r1, #12\nldr r5, [r2]\n"
      "movcs r4, #1\nmovcc r4, #2\n");
SHAPE(operand_lost, "cmp r0, r1\nmov r0, #0\nldrb r5, [r2]\nmovvs r4, #1\nmovvc r4, #2\n");
SHAPE(subtraction, "subs r0, r0, #1\nldrd r6, r7, [r2]\nmovmi r4, #1\nmovpl r4, #2\n");
SHAPE(overwritten, "cmp r0, r1\nstrh r7, [r2]\ncmp r0, r0\nmoveq r4, #1\nmovne r4, #2\n");
SHAPE(two_accesses, "cmp r0, r1\npush {r0, r1}\nldm r2, {r5, r6}\npop {r5, r6}\nmovle r4, #1\nmovgt r4, #2\n");
SHAPE(test_only, "tst r0, r1\nldr r5, [r2]\nmovne r4, #1\nmoveq r4, #2\n");
SHAPE(moved, "movs r5, r0\nstrb r7, [r2]\nmovmi r4, #1\nmovpl r4, #2\n");
SHAPE(at_a_branch, "cmp r0, r1\nldr r5, [r2]\nbeq 1f\nmov r4, #2\nb 2f\n1: mov r4, #1\n2:\n");

static uint32_t flags_of_sub(uint32_t a, uint32_t b)
{
    uint32_t r = a - b;

    return (r & N) | (r ? 0 : Z) | (a >= b ? C : 0) | ((a ^ b) & (a ^ r) & N ? V : 0);
}

static uint32_t flags_of_and(uint32_t r, uint32_t before)
{
    return (r & N) | (r ? 0 : Z) | (before & (C | V));
}

static bool holds(const char *cc, uint32_t f)
{
    bool n = f & N, z = f & Z, c = f & C, v = f & V;

    switch (cc[0] << 8 | cc[1]) {
    case 'h' << 8 | 'i': return c && !z;
    case 'g' << 8 | 'e': return n == v;
    case 'l' << 8 | 'e': return z || n != v;
    case 'c' << 8 | 's': return c;
    case 'v' << 8 | 's': return v;
    case 'm' << 8 | 'i': return n;
    case 'n' << 8 | 'e': return !z;
    default: return z;
    }
}

static const struct shape {
    const char *name;
    shape_fn *run;
    enum { SUB, SUB_ONE, AND, MOV, SUB_LOST } kind;
    const char *cc;
} shapes[] = {
    { "a load between", load_between, SUB, "hi" }, { "a store between", store_between, SUB, "ge" },
    { "operands that change by constants", operands_move, SUB, "cs" },
    { "an operand that is overwritten", operand_lost, SUB, "vs" }, { "a subtraction", subtraction, SUB_ONE, "mi" },
    { "flags that nobody else reads", overwritten, SUB_LOST, "eq" }, { "several accesses", two_accesses, SUB, "le" },
    { "a test: C and V stay", test_only, AND, "ne" }, { "a move: C and V stay", moved, MOV, "mi" },
    { "a branch", at_a_branch, SUB, "eq" },
};

static uint32_t pick(uint32_t *state)
{
    static const uint32_t often[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x1000 };
    uint32_t r = random32(state);

    return r & 1 ? often[r / 2 % 6] : random32(state);
}

static void between(const struct shape *s)
{
    uint32_t state = 7, bad_flags = 0, bad_way = 0, aborts = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t a = pick(&state), b = i % 5 ? pick(&state) : a, preset = random32(&state) & ALL, flags, way;
        bool fault = i % 3 == 1;

        flags = s->kind == AND ? flags_of_and(a & b, preset) : s->kind == MOV ? flags_of_and(a, preset)
                : flags_of_sub(a, s->kind == SUB_ONE ? 1 : b);
        exc_expect();
        way = s->run(a, b, fault ? END : PAGE, preset);
        bad_way += (exc_seen() != 0) != fault;
        if (fault) {
            aborts++;
            bad_flags += (exc_log()->exc.spsr & ALL) != flags;
        }
        bad_way += way != (s->kind == SUB_LOST || holds(s->cc, flags) ? 1 : 2);
    }
    ok_eq(bad_flags, 0, s->name);
    ok(!bad_way && aborts >= ROUNDS / 3, s->name);
}

/* ---- loops ---- */

/* From p on until it is `end`; the abort comes where the page ends. Returns the number of turns. */
typedef uint32_t loop_fn(uint32_t p, uint32_t end, uint32_t q, uint32_t preset);
SHAPE(walk, "1: ldr r5, [r0]\nadd r0, r0, #4\nadd r4, r4, #1\ncmp r0, r1\nbne 1b\n");
SHAPE(walk_two, "1: ldr r5, [r2]\nadd r0, r0, #4\nldr r6, [r0, #-4]\nadd r4, r4, #1\ncmp r0, r1\nbne 1b\n");
SHAPE(walk_late, "1: ldr r5, [r0]\nadd r0, r0, #4\ncmp r0, r1\nstr r7, [r2]\nadd r4, r4, #1\nbne 1b\n");
SHAPE(walk_store, "sub r1, r1, r0\nlsr r1, r1, #2\n1: str r7, [r0]\nadd r0, r0, #4\nadd r4, r4, #1\n"
      "subs r1, r1, #1\nbne 1b\n");

static void loop(const char *name, loop_fn *run, bool counts)
{
    uint32_t bad = 0, turns = 0;

    for (unsigned n = 0; n < 6; n++) {
        /* The first turn: the flags from before the loop. Later: those of the turn before. */
        uint32_t words = n < 3 ? n : 100 * n, start = END - 4 * words, end = END + 4;
        uint32_t preset = (0x50000000 + (n << 31)) & ALL;
        uint32_t before = words == 0 ? preset : counts ? flags_of_sub(2, 1) : flags_of_sub(END, end);

        run(PAGE, PAGE + 64, PAGE, 0);
        exc_expect();
        turns += run(start, end, PAGE, preset) - words - 1;
        bad += exc_seen() != 1 || (exc_log()->exc.spsr & ALL) != before;
    }
    ok_eq(bad, 0, name);
    ok_eq(turns, 0, name);
}

int test_main(void)
{
    uint32_t *l1 = mmu_new_table();
    uint32_t frame = (uint32_t)heap_alloc(4096, 4096);

    mmu_new_l2(l1, PAGE, 0);
    mmu_map_page(l1, PAGE, L2_SMALL(frame, AP_RW));
    mmu_on(l1);
    for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        between(&shapes[i]);
    }
    loop("a walk", walk, false);
    loop("a walk behind another access", walk_two, false);
    loop("a walk with a store behind its comparison", walk_late, false);
    loop("a count", walk_store, true);
    return 0;
}
