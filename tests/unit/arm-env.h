/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surroundings for unit tests of target/arm: a CPU state, guest memory of a few pages, a clock and counters in place
 * of the accelerator. arm-env.c defines the functions that target/arm expects of the rest of the emulator. One
 * thread.
 */
#ifndef TESTS_ARM_ENV_H
#define TESTS_ARM_ENV_H
#include "target/arm/cpu.h"
#include "tcg/helper.h"
#include "tests/unit/fake-clock.h"

enum { TEST_RAM_SIZE = 1 << 20 };

/* What the code under test asked the accelerator for. */
typedef struct EnvCalls {
    int context_changed, interrupts_changed, flush_all, flush_asid, flush_mva, wfi, wfe, sev;
    uint32_t asid, mva;
} EnvCalls;
extern EnvCalls env_calls;
extern CPUARMState *env;
extern uint8_t test_ram[TEST_RAM_SIZE];

/* A freshly reset CPU, zeroed memory and counters. */
void env_reset(void);
/* Store a word, little-endian, at a guest physical address. */
void ram_write32(uint32_t phys, uint32_t val);
/* Call a helper; true if it left through cpu_loop_exit(). */
bool raises(HelperFn fn, uint32_t a, uint32_t b);

/* TAP: one line per group; failures print a diagnostic with the caller's line. */
void check_eq_at(int line, const char *what, uint64_t got, uint64_t want);
#define CHECK_EQ(got, want) check_eq_at(__LINE__, #got, (uint64_t)(got), (uint64_t)(want))
#define CHECK(cond) check_eq_at(__LINE__, #cond, !!(cond), 1)
/* Ends a group: prints "ok" or "not ok". */
void test_done(const char *name);
/* Prints the plan; the exit status of main(). */
int test_finish(void);
#endif
