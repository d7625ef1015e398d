/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers for a debugger (debug-regs.h): one table of names and access functions, made when it is first asked for.
 * CP15's come from the rows of the CPU's model, those that can be read; a write does what MCR does.
 */
#include <string.h>
#include "target/arm/cp15.h"
#include "target/arm/cpu-model.h"
#include "target/arm/debug-regs.h"
#include "target/arm/vfp-helper.h"

typedef struct DebugReg DebugReg;
struct DebugReg {
    const char *name;
    unsigned argument;          /* of the functions */
    const ARMCPReg *cp;
    uint32_t (*read)(CPUARMState *env, const DebugReg *r);
    void (*write)(CPUARMState *env, const DebugReg *r, uint32_t value);     /* NULL: cannot be written */
};

static GArray *system_regs;     /* DebugReg, number DEBUG_REG_SYSTEM and on */
static GString *xml;

/* ---- registers of other modes: argument is mode << 8 | register number ---- */

#define BANKED(mode, n) ((unsigned)(mode) << 8 | (n))

/* Where r8-r14 of the mode are while it is not, or is, the current one. */
static uint32_t *banked_place(CPUARMState *env, unsigned argument)
{
    unsigned n = argument & 0xff;
    int bank = arm_bank(argument >> 8), now = arm_bank(env->cpsr);

    if (n < 13) {
        bool is_fiq = bank == arm_bank(ARM_MODE_FIQ), fiq_now = now == arm_bank(ARM_MODE_FIQ);

        return is_fiq == fiq_now ? &env->regs[n] : is_fiq ? &env->fiq_r8_12[n - 8] : &env->usr_r8_12[n - 8];
    }
    if (bank == now) {
        return &env->regs[n];
    }
    return n == 13 ? &env->banked_r13[bank] : &env->banked_r14[bank];
}

static uint32_t banked_read(CPUARMState *env, const DebugReg *r)
{
    return *banked_place(env, r->argument);
}

static void banked_write(CPUARMState *env, const DebugReg *r, uint32_t value)
{
    *banked_place(env, r->argument) = value;
}

static uint32_t *spsr_place(CPUARMState *env, const DebugReg *r)
{
    int bank = arm_bank(r->argument);

    return bank == arm_bank(env->cpsr) ? &env->spsr : &env->banked_spsr[bank];
}

static uint32_t spsr_read(CPUARMState *env, const DebugReg *r)
{
    return *spsr_place(env, r);
}

static void spsr_write(CPUARMState *env, const DebugReg *r, uint32_t value)
{
    *spsr_place(env, r) = value & (CPSR_WRITABLE | CPSR_T);
}

/* ---- coprocessors ---- */

static uint32_t fpexc_read(CPUARMState *env, const DebugReg *r)
{
    return env->fpexc;
}

static void fpexc_write(CPUARMState *env, const DebugReg *r, uint32_t value)
{
    env->fpexc = (env->fpexc & ~FPEXC_EN) | (value & FPEXC_EN);
    arm_context_changed(env);
}

/* Others of the VFP: argument is what is said of itself by the model (offset in ARMCPUModel), or kept in env. */
static uint32_t model_read(CPUARMState *env, const DebugReg *r)
{
    return *(const uint32_t *)((const char *)arm_cpu_model + r->argument);
}

static uint32_t env_read(CPUARMState *env, const DebugReg *r)
{
    return *(const uint32_t *)((const char *)env + r->argument);
}

static void env_write(CPUARMState *env, const DebugReg *r, uint32_t value)
{
    *(uint32_t *)((char *)env + r->argument) = value;
}

static uint32_t cp_read(CPUARMState *env, const DebugReg *r)
{
    if (r->cp->read) {
        return r->cp->read(env);
    }
    return r->cp->offset ? *(const uint32_t *)((const char *)env + r->cp->offset) : r->cp->reset;
}

static void cp_write(CPUARMState *env, const DebugReg *r, uint32_t value)
{
    if (r->cp->write) {
        r->cp->write(env, r->cp->match, value);
    } else {
        *(uint32_t *)((char *)env + r->cp->offset) = value;
    }
}

/* ---- the table and its description ---- */

static const DebugReg banked_regs[] = {
    { "r8_usr", BANKED(ARM_MODE_USR, 8), NULL, banked_read, banked_write },
    { "r9_usr", BANKED(ARM_MODE_USR, 9), NULL, banked_read, banked_write },
    { "r10_usr", BANKED(ARM_MODE_USR, 10), NULL, banked_read, banked_write },
    { "r11_usr", BANKED(ARM_MODE_USR, 11), NULL, banked_read, banked_write },
    { "r12_usr", BANKED(ARM_MODE_USR, 12), NULL, banked_read, banked_write },
    { "sp_usr", BANKED(ARM_MODE_USR, 13), NULL, banked_read, banked_write },
    { "lr_usr", BANKED(ARM_MODE_USR, 14), NULL, banked_read, banked_write },
    { "r8_fiq", BANKED(ARM_MODE_FIQ, 8), NULL, banked_read, banked_write },
    { "r9_fiq", BANKED(ARM_MODE_FIQ, 9), NULL, banked_read, banked_write },
    { "r10_fiq", BANKED(ARM_MODE_FIQ, 10), NULL, banked_read, banked_write },
    { "r11_fiq", BANKED(ARM_MODE_FIQ, 11), NULL, banked_read, banked_write },
    { "r12_fiq", BANKED(ARM_MODE_FIQ, 12), NULL, banked_read, banked_write },
    { "sp_fiq", BANKED(ARM_MODE_FIQ, 13), NULL, banked_read, banked_write },
    { "lr_fiq", BANKED(ARM_MODE_FIQ, 14), NULL, banked_read, banked_write },
    { "spsr_fiq", ARM_MODE_FIQ, NULL, spsr_read, spsr_write },
    { "sp_irq", BANKED(ARM_MODE_IRQ, 13), NULL, banked_read, banked_write },
    { "lr_irq", BANKED(ARM_MODE_IRQ, 14), NULL, banked_read, banked_write },
    { "spsr_irq", ARM_MODE_IRQ, NULL, spsr_read, spsr_write },
    { "sp_svc", BANKED(ARM_MODE_SVC, 13), NULL, banked_read, banked_write },
    { "lr_svc", BANKED(ARM_MODE_SVC, 14), NULL, banked_read, banked_write },
    { "spsr_svc", ARM_MODE_SVC, NULL, spsr_read, spsr_write },
    { "sp_abt", BANKED(ARM_MODE_ABT, 13), NULL, banked_read, banked_write },
    { "lr_abt", BANKED(ARM_MODE_ABT, 14), NULL, banked_read, banked_write },
    { "spsr_abt", ARM_MODE_ABT, NULL, spsr_read, spsr_write },
    { "sp_und", BANKED(ARM_MODE_UND, 13), NULL, banked_read, banked_write },
    { "lr_und", BANKED(ARM_MODE_UND, 14), NULL, banked_read, banked_write },
    { "spsr_und", ARM_MODE_UND, NULL, spsr_read, spsr_write },
    { "fpexc", 0, NULL, fpexc_read, fpexc_write },
    { "fpsid", offsetof(ARMCPUModel, fpsid), NULL, model_read, NULL },
    { "mvfr0", offsetof(ARMCPUModel, mvfr0), NULL, model_read, NULL },
    { "mvfr1", offsetof(ARMCPUModel, mvfr1), NULL, model_read, NULL },
    { "fpinst", offsetof(CPUARMState, fpinst), NULL, env_read, env_write },
    { "fpinst2", offsetof(CPUARMState, fpinst2), NULL, env_read, env_write },
};

/* A register of its own, not the rest of a group, that can be read. */
static bool is_shown(const ARMCPReg *cp)
{
    return (cp->access & CP_PR) && (cp->offset || cp->mask == CP_ENCODE(7, 0, 15, 7));
}

static void append_system(const DebugReg *r)
{
    g_array_append_vals(system_regs, r, 1);
    g_string_append_printf(xml, "<reg name=\"%s\" bitsize=\"32\" regnum=\"%u\" save-restore=\"no\" "
                           "group=\"system\"/>\n", r->name, DEBUG_REG_SYSTEM + system_regs->len - 1);
}

static void append_cp15(void)
{
    const ARMCPReg *cp;

    for (unsigned i = 0; (cp = cp15_row(i)); i++) {
        DebugReg r = { g_ascii_strdown(cp->name, -1), 0, cp, cp_read, NULL };

        if (!is_shown(cp)) {
            g_free((char *)r.name);
            continue;
        }
        if ((cp->access & CP_PW) && (cp->write || cp->offset)) {
            r.write = cp_write;
        }
        append_system(&r);
    }
}

static void append_core(void)
{
    g_string_append(xml, "<feature name=\"org.gnu.gdb.arm.core\">\n");
    for (unsigned i = 0; i < 13; i++) {
        g_string_append_printf(xml, "<reg name=\"r%u\" bitsize=\"32\" regnum=\"%u\"/>\n", i, i);
    }
    g_string_append_printf(xml,
                           "<reg name=\"sp\" bitsize=\"32\" type=\"data_ptr\" regnum=\"13\"/>\n"
                           "<reg name=\"lr\" bitsize=\"32\" regnum=\"14\"/>\n"
                           "<reg name=\"pc\" bitsize=\"32\" type=\"code_ptr\" regnum=\"%d\"/>\n"
                           "<reg name=\"cpsr\" bitsize=\"32\" regnum=\"%d\"/>\n</feature>\n"
                           "<feature name=\"org.gnu.gdb.arm.vfp\">\n", DEBUG_REG_PC, DEBUG_REG_CPSR);
    for (unsigned i = 0; i < arm_cpu_model->vfp_doubles; i++) {
        g_string_append_printf(xml, "<reg name=\"d%u\" bitsize=\"64\" type=\"float\" regnum=\"%u\"/>\n", i,
                               DEBUG_REG_D0 + i);
    }
    g_string_append_printf(xml, "<reg name=\"fpscr\" bitsize=\"32\" type=\"int\" group=\"float\" regnum=\"%d\"/>\n"
                           "</feature>\n", DEBUG_REG_FPSCR);
}

static void make_table(void)
{
    static gsize made;

    if (!g_once_init_enter(&made)) {
        return;
    }
    system_regs = g_array_new(FALSE, FALSE, sizeof(DebugReg));
    xml = g_string_new("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
                       "<target version=\"1.0\">\n<architecture>arm</architecture>\n");
    append_core();
    g_string_append(xml, "<feature name=\"org.pqemu.arm.banked\">\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(banked_regs); i++) {
        append_system(&banked_regs[i]);
    }
    g_string_append(xml, "</feature>\n<feature name=\"org.pqemu.arm.cp15\">\n");
    append_cp15();
    g_string_append(xml, "</feature>\n</target>\n");
    g_once_init_leave(&made, 1);
}

const char *debug_regs_xml(void)
{
    make_table();
    return xml->str;
}

/* ---- access ---- */

static const DebugReg *system_reg(unsigned number)
{
    make_table();
    return number >= DEBUG_REG_SYSTEM && number - DEBUG_REG_SYSTEM < system_regs->len
               ? &g_array_index(system_regs, DebugReg, number - DEBUG_REG_SYSTEM) : NULL;
}

unsigned debug_reg_size(unsigned number)
{
    if (number >= DEBUG_REG_D0 && number < DEBUG_REG_FPSCR) {
        return 8;
    }
    return number <= DEBUG_REG_PC || number == DEBUG_REG_CPSR || number == DEBUG_REG_FPSCR || system_reg(number) ? 4
                                                                                                                 : 0;
}

unsigned debug_reg_read(CPUARMState *env, unsigned number, uint8_t *buf)
{
    unsigned size = debug_reg_size(number);
    uint32_t value;

    if (size == 8) {
        memcpy(buf, &env->vfp.d[number - DEBUG_REG_D0], 8);
        return 8;
    }
    if (!size) {
        return 0;
    }
    if (number < DEBUG_REG_PC) {
        value = env->regs[number];
    } else if (number == DEBUG_REG_PC) {
        value = env->regs[15] & ~1u;
    } else if (number == DEBUG_REG_CPSR) {
        value = cpsr_read(env);
    } else if (number == DEBUG_REG_FPSCR) {
        value = vfp_fpscr_stopped(env);
    } else {
        const DebugReg *r = system_reg(number);

        value = r->read(env, r);
    }
    value = GUINT32_TO_LE(value);
    memcpy(buf, &value, 4);
    return 4;
}

const char *debug_reg_name(unsigned number)
{
    make_table();
    return number < DEBUG_REG_SYSTEM || number - DEBUG_REG_SYSTEM >= system_regs->len ? NULL
           : g_array_index(system_regs, DebugReg, number - DEBUG_REG_SYSTEM).name;
}

bool debug_reg_describe(unsigned number, const char **name, const char **feature)
{
    static const char *const core[] = {
        "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc",
        [DEBUG_REG_CPSR] = "cpsr",
    };
    static const char *const doubles[] = {
        "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15",
    };

    if (!debug_reg_size(number)) {
        return false;
    }
    if (number < G_N_ELEMENTS(core)) {
        *name = core[number];
        *feature = "org.gnu.gdb.arm.core";
    } else if (number < DEBUG_REG_SYSTEM) {
        *name = number == DEBUG_REG_FPSCR ? "fpscr" : doubles[number - DEBUG_REG_D0];
        *feature = "org.gnu.gdb.arm.vfp";
    } else {
        *name = debug_reg_name(number);
        *feature = number - DEBUG_REG_SYSTEM < G_N_ELEMENTS(banked_regs) ? "org.pqemu.arm.banked"
                                                                         : "org.pqemu.arm.cp15";
    }
    return true;
}

bool debug_reg_write(CPUARMState *env, unsigned number, const uint8_t *buf)
{
    unsigned size = debug_reg_size(number);
    uint32_t value = 0;

    if (size == 8) {
        memcpy(&env->vfp.d[number - DEBUG_REG_D0], buf, 8);
        return true;
    }
    if (!size) {
        return false;
    }
    memcpy(&value, buf, 4);
    value = GUINT32_FROM_LE(value);
    if (number < DEBUG_REG_PC) {
        env->regs[number] = value;
    } else if (number == DEBUG_REG_PC) {
        env->regs[15] = (value & ~1u) | (env->regs[15] & 1);
    } else if (number == DEBUG_REG_CPSR) {
        cpsr_write(env, value, CPSR_WRITABLE | CPSR_T);
    } else if (number == DEBUG_REG_FPSCR) {
        vfp_set_fpscr_stopped(env, value);
        arm_context_changed(env);
    } else {
        const DebugReg *r = system_reg(number);

        if (!r->write) {
            return false;
        }
        r->write(env, r, value);
    }
    return true;
}
