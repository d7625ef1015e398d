/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of semihosting that a debugger carries out. Private to target/arm/semihosting*.c; CPU threads. */
#ifndef TARGET_ARM_SEMIHOSTING_REMOTE_H
#define TARGET_ARM_SEMIHOSTING_REMOTE_H
#include <stdbool.h>
#include "target/arm/cpu.h"

/*
 * If the operation is the debugger's, leave the instruction until its answer is there (semi_call()), or set *result and
 * return true. False: it is the emulator's own. arg: the words of the parameter block.
 */
bool semi_remote(CPUARMState *env, uint32_t op, uint32_t param, const uint32_t *arg, int32_t *result);
#endif
