/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Surroundings for unit tests of target/arm; see arm-env.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/arm-env.h"
#include "exec/memory.h"
#include "qemu/log.h"
#include "tests/unit/tap.h"

EnvCalls env_calls;
CPUARMState *env;
uint8_t test_ram[TEST_RAM_SIZE];
int qemu_loglevel;

static jmp_buf env_exit;
static int failures;

void env_reset(void)
{
    if (!env) {
        env = aligned_alloc(64, (sizeof(*env) + 63) & ~(size_t)63);
        if (!env) {
            abort();
        }
    }
    memset(env, 0, sizeof(*env));
    env->num_cpus = 4;
    fake_clock_reset();
    memset(test_ram, 0, sizeof(test_ram));
    arm_cpu_reset(env);
    memset(&env_calls, 0, sizeof(env_calls));
}

bool raises(HelperFn fn, uint32_t a, uint32_t b)
{
    if (setjmp(env_exit)) {
        return true;
    }
    fn(env, a, b, 0);
    return false;
}

void ram_write32(uint32_t phys, uint32_t val)
{
    memcpy(&test_ram[phys], &val, 4);
}

void check_eq_at(int line, const char *what, uint64_t got, uint64_t want)
{
    if (got != want) {
        failures++;
        printf("# line %d: %s is 0x%llx, not 0x%llx\n", line, what, (unsigned long long)got,
               (unsigned long long)want);
    }
}

void test_done(const char *name)
{
    tap_case(!failures, "%s", name);
    failures = 0;
}

int test_finish(void)
{
    return tap_done();
}

void arm_context_changed(CPUARMState *e)
{
    env_calls.context_changed++;
}

void arm_interrupts_changed(CPUARMState *e)
{
    env_calls.interrupts_changed++;
}

_Noreturn void cpu_loop_exit(CPUARMState *e)
{
    longjmp(env_exit, 1);
}

void tlb_flush_all(CPUARMState *e)
{
    env_calls.flush_all++;
}

void tlb_flush_asid(CPUARMState *e, uint32_t asid)
{
    env_calls.flush_asid++;
    env_calls.asid = asid;
}

void tlb_flush_mva(CPUARMState *e, uint32_t mva, uint32_t asid)
{
    env_calls.flush_mva++;
    env_calls.mva = mva;
    env_calls.asid = asid;
}

void arm_count_barrier(CPUARMState *e, int barrier)
{
}

void arm_cpu_alone(CPUARMState *e)
{
}

void arm_cpu_wfi(CPUARMState *e)
{
    env_calls.wfi++;
}

void arm_cpu_wfe(CPUARMState *e)
{
    env_calls.wfe++;
}

void arm_cpu_sev(void)
{
    env_calls.sev++;
}

uint8_t *memory_ram_ptr(uint32_t phys, uint32_t len)
{
    return phys < TEST_RAM_SIZE && len <= TEST_RAM_SIZE - phys ? &test_ram[phys] : NULL;
}

const uint8_t *memory_read_at(uint32_t phys, uint32_t len, uint32_t *ram)
{
    *ram = phys;
    return memory_ram_ptr(phys, len);
}

void qemu_log(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    printf("# ");
    vprintf(fmt, ap);
    va_end(ap);
}
