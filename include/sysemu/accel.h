/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The accelerator as the program starts it and as it tells about itself; running CPUs is sysemu/cpus.h. Main (= I/O)
 * thread unless noted. Implemented in accel/tcg/options.c and stats.c.
 */
#ifndef SYSEMU_ACCEL_H
#define SYSEMU_ACCEL_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "sysemu/icount.h"

/* What the properties of -accel say; the table in accel/tcg/options.c has their names and their meaning. */
typedef struct AccelOptions {
    bool thread_single, thread_said;
    bool ccache_separate;
    bool backend_interp;
    bool exclusive_snapshot;
    bool one_insn;
    bool split_wx;              /* never set */
    bool perfmap, jitdump;
    bool tier2, tier_said;
    uint32_t tb_size_kib;       /* 0: the design's own choice, like all zeroes below */
    uint32_t tb_regions;
    bool stats;
    const char *stats_file;     /* NULL: to the log */
    const char *trace_file;     /* NULL: none */
    uint32_t trace_mib;
    IcountOptions icount;       /* -icount; needs thread_single */
} AccelOptions;

/* What holds where the user does not say otherwise. */
void accel_options_default(AccelOptions *o);
/* Set a property; value may be NULL. False: *err is a message to be freed (g_free). Strings must live for ever. */
bool accel_option_set(AccelOptions *o, const char *name, const char *value, char **err);
/* The properties, a line each, for -accel help. */
void accel_options_help(FILE *f);

/*
 * Before all else of the accelerator: it runs `num_cpus` CPUs in the way *o says, and opens the files named there
 * (error_exit if that fails).
 */
void accel_init(const AccelOptions *o, int num_cpus);
/* The properties as they are in effect, "name: value" each. */
void accel_print(FILE *f);
/*
 * After cpus_shutdown(): what -d stats, stats= and trace= asked for. False: a file could not be written (reported).
 * give_up() says whether to stop waiting for a pipe's reader after so long without progress.
 */
bool accel_report(bool (*give_up)(int stalled_ms));
/* The summary as text (free()), for the monitor. Any thread; with the CPUs paused the blocks are counted as well. */
char *accel_stats_text(void);
#endif
