/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CP14: the debug and Jazelle identification registers. No debug architecture is offered (DIDR = 0), so the
 * breakpoint and watchpoint registers are UNDEFINED; Jazelle is the trivial implementation: BXJ is BX and its
 * registers are zero. CPU's own thread; no state.
 */
#include "target/arm/cp15.h"
#include "tcg/helper.h"
#include "qemu/log.h"

#define CP14_DIDR   CP_ENCODE(0, 0, 0, 0)
#define CP14_JIDR   CP_ENCODE(7, 0, 0, 0)
#define CP14_JOSCR  CP_ENCODE(7, 1, 0, 0)
#define CP14_JMCR   CP_ENCODE(7, 2, 0, 0)

static const struct {
    uint32_t reg;
    uint8_t access;
} regs[] = {
    { CP14_DIDR, CP_PR | CP_UR },
    { CP14_JIDR, CP_PR },
    { CP14_JOSCR, CP_PRW },
    { CP14_JMCR, CP_PRW },
};

/* Returns if the access is allowed: every register reads as zero and ignores writes. */
static void cp14_check(CPUARMState *env, uint32_t insn, unsigned right, const char *what)
{
    uint32_t reg = insn & CP_ENCODE(7, 15, 15, 7);

    for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
        if (regs[i].reg == reg && (regs[i].access & right)) {
            return;
        }
    }
    qemu_log_mask(LOG_GUEST_ERROR, "CPU%u: %s of CP14 %u,c%u,c%u,%u at 0x%08x in mode 0x%02x is undefined\n",
                  env->cpu_index, what, CP_OPC1(insn), CP_CRN(insn), CP_CRM(insn), CP_OPC2(insn),
                  env->regs[15] & ~1u, env->cpsr & CPSR_M);
    arm_raise_exception(env, EXCP_UNDEF);
}

uint32_t helper_cp14_read(CPUARMState *env, uint32_t insn, uint32_t b, uint32_t c)
{
    cp14_check(env, insn, arm_privileged(env) ? CP_PR : CP_UR, "read");
    return 0;
}

uint32_t helper_cp14_write(CPUARMState *env, uint32_t insn, uint32_t val, uint32_t c)
{
    cp14_check(env, insn, arm_privileged(env) ? CP_PW : CP_UW, "write");
    return 0;
}
