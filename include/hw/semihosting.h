/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ARM semihosting: SVC 0x123456 (ARM) and SVC 0xAB (Thumb) as calls to the host, ARM DUI 0203 chapter 8 and the
 * "Semihosting for AArch32 and AArch64" specification. It gives the guest access to the host's files, so it is off
 * unless asked for.
 *
 * The translator emits helper_semihosting() for these two instructions in privileged code (semihosting_userspace: in
 * any) when semihosting_enabled is true, and an ordinary SVC otherwise. Everything here is set before the CPUs start.
 * Implemented in target/arm/semihosting.c.
 */
#ifndef HW_SEMIHOSTING_H
#define HW_SEMIHOSTING_H
#include <stdbool.h>
#include <stdint.h>

#define SEMIHOSTING_SVC_ARM   0x123456u
#define SEMIHOSTING_SVC_THUMB 0xabu

struct Chardev;

extern bool semihosting_enabled;
extern bool semihosting_userspace;      /* in User mode, too. Both: constant before the CPUs start */

/* With the machine, if semihosting_enabled. */
void semihosting_init(void);
/* The console is this device instead of the standard streams. Before the CPUs start. */
void semihosting_set_console(struct Chardev *chr);

/* Who carries calls out: the emulator, a debugger, or a debugger while there is one. Before the CPUs start. */
typedef enum SemihostingTarget { SEMIHOSTING_AUTO, SEMIHOSTING_NATIVE, SEMIHOSTING_GDB } SemihostingTarget;
void semihosting_set_target(SemihostingTarget t);
/* The debugger's side. `ask` is called on CPU threads, with a request of gdb's File-I/O protocol in text. */
typedef struct SemihostingRemote {
    bool (*attached)(void);
    void (*ask)(int cpu, const char *request);
} SemihostingRemote;
/* With the machine; *r lives for ever. */
void semihosting_set_remote(const SemihostingRemote *r);
/* The answer to a CPU's request: ret < 0 is an error with the number err. I/O thread. */
void semihosting_remote_answer(int cpu, int32_t ret, int err);

/* Command line for SYS_GET_CMDLINE; the string is copied. A later call replaces an earlier one. */
void semihosting_set_cmdline(const char *cmdline);
/* True if somebody called semihosting_set_cmdline(): then the boot loader does not put its default there. */
bool semihosting_has_cmdline(void);
/* Free guest memory [base, limit) that SYS_HEAPINFO offers for heap and stack. */
void semihosting_set_heap(uint32_t base, uint32_t limit);
#endif
