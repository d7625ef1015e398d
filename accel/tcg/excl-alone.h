/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exclusives of a CPU that is the only one, against writers on other threads: without a locked instruction as long as
 * nobody writes (docs/exclusives.md, "One CPU"). Implemented in excl-alone.c; inline in tcg/x86_64/emit-excl.c.
 */
#ifndef ACCEL_TCG_EXCL_ALONE_H
#define ACCEL_TCG_EXCL_ALONE_H
#include <stdbool.h>
#include "target/arm/cpu.h"

/* JITState.excl_shared */
enum {
    EXCL_ALONE,                 /* no other thread writes guest memory, and who begins to calls excl_share() */
    EXCL_ANNOUNCED,             /* somebody is about to */
    EXCL_SHARED,                /* and the CPU knows */
};

/* JITState.excl_size of a reservation made without a slot: it holds while excl_shared is EXCL_ALONE. */
enum { EXCL_UNSLOTTED = 0x100 };

/* Around a store to guest memory by anything but a store of the guest. Any thread. */
void excl_share(void);
void excl_share_end(void);
/* The CPU had many STREXes by its slots since the last writer: be alone again, if no writer is about. Own thread. */
void excl_unshare(CPUARMState *env);
#endif
