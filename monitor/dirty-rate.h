/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a guest changes its memory, by samples: pages that are looked at twice. I/O thread. */
#ifndef MONITOR_DIRTY_RATE_H
#define MONITOR_DIRTY_RATE_H
#include <stdbool.h>
#include <stdint.h>

enum { DIRTY_SAMPLES = 512, DIRTY_SAMPLES_MIN = 128, DIRTY_SAMPLES_MAX = 16384, DIRTY_SECONDS_MAX = 60 };

typedef enum DirtyRateStatus { DIRTY_UNSTARTED, DIRTY_MEASURING, DIRTY_MEASURED } DirtyRateStatus;
typedef struct DirtyRate {
    DirtyRateStatus status;
    uint64_t rate;              /* MB a second; DIRTY_MEASURED */
    int64_t start_ms;           /* CLOCK_MONOTONIC */
    unsigned seconds, samples;  /* samples: pages of each GiB */
} DirtyRate;

/* False: it is being measured. */
bool dirty_rate_start(unsigned seconds, unsigned samples);
DirtyRate dirty_rate(void);
#endif
