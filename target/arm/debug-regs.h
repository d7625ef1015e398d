/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registers as a debugger numbers and names them: what gdb's features arm.core and arm.vfp say, then those of other
 * modes and of the system control coprocessor. I/O thread, and the CPU is paused; or the CPU's own.
 */
#ifndef TARGET_ARM_DEBUG_REGS_H
#define TARGET_ARM_DEBUG_REGS_H
#include <stdbool.h>
#include <glib.h>
#include "target/arm/cpu.h"

enum {
    DEBUG_REG_PC = 15, DEBUG_REG_CPSR = 25, DEBUG_REG_D0 = 26, DEBUG_REG_FPSCR = 42,
    /* All up to here are what a program sees; the others are asked for one by one. */
    DEBUG_REG_SYSTEM = 43,
    DEBUG_REG_MAX_BYTES = 8,
};

/* The target's description in XML. Constant; lives for ever. */
const char *debug_regs_xml(void);
/* The register's value, little-endian; its size in bytes, 4 or 8, or 0: there is no such register. */
unsigned debug_reg_read(CPUARMState *env, unsigned number, uint8_t *buf);
/* Bytes of the register; 0: there is none. */
unsigned debug_reg_size(unsigned number);
/* Its name if it is a system register (DEBUG_REG_SYSTEM and on); NULL: it is none. */
const char *debug_reg_name(unsigned number);
/* Its name and the feature it belongs to, which live for ever; false: there is no such register. Any thread. */
bool debug_reg_describe(unsigned number, const char **name, const char **feature);
/* False: there is no such register, or it cannot be written. */
bool debug_reg_write(CPUARMState *env, unsigned number, const uint8_t *buf);
#endif
