/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits of a disk's speed: so many bytes and requests a second, of all transfers, of reads, or of writes (discards
 * count as these). Each limit is a leaking bucket: a request pours in what it transfers, the limit's rate leaks out,
 * and while the bucket is over its rim requests wait. The rim is a tenth of a second high, or, with a burst, what the
 * burst's rate pours in its time. Functions of a configuration and a state use nothing else; block/throttle-group.h
 * makes disks wait.
 */
#ifndef BLOCK_THROTTLE_H
#define BLOCK_THROTTLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ThrottleKind {
    THROTTLE_BPS, THROTTLE_BPS_READ, THROTTLE_BPS_WRITE, THROTTLE_IOPS, THROTTLE_IOPS_READ, THROTTLE_IOPS_WRITE,
    THROTTLE_KINDS,
} ThrottleKind;

/* `burst_s` is 1 if nothing is said. */
typedef struct ThrottleLimit {
    uint64_t rate;              /* bytes or requests a second; 0: no limit */
    uint64_t burst;             /* that many for a while; 0: none */
    uint64_t burst_s;           /* how long, in seconds */
} ThrottleLimit;

typedef struct ThrottleConfig {
    ThrottleLimit limit[THROTTLE_KINDS];
    uint64_t iops_size;         /* a request counts as one for each so many bytes; 0: as one */
} ThrottleConfig;

typedef struct ThrottleBucket {
    double level, burst_level;  /* what was poured in; the second one leaks at the burst's rate */
} ThrottleBucket;

/* Times are microseconds of one clock. */
typedef struct ThrottleState {
    ThrottleConfig config;
    ThrottleBucket bucket[THROTTLE_KINDS];
    int64_t leaked_us;          /* the time that the levels are of */
} ThrottleState;

void throttle_config_init(ThrottleConfig *config);      /* no limits */
bool throttle_config_limits(const ThrottleConfig *config);
/* Why it cannot be, constant; NULL: it can. */
const char *throttle_config_problem(const ThrottleConfig *config);

/*
 * All numbers of a configuration by their names: those of options ("iops-total-max") and those of the monitor and of
 * older options ("iops_max"). The i-th; false: there are no more.
 */
typedef struct ThrottleField {
    char option[32], monitor[32];
    uint64_t *value;
    bool shown;                 /* by query-block */
} ThrottleField;
bool throttle_field(ThrottleConfig *config, unsigned i, ThrottleField *field);
/* The number of that name, of either kind; NULL: there is none. */
uint64_t *throttle_find(ThrottleConfig *config, const char *name);

/* How long a transfer has to wait now; 0: not at all. */
int64_t throttle_wait_us(ThrottleState *state, bool write, int64_t now_us);
/* It begins. */
void throttle_account(ThrottleState *state, bool write, uint64_t bytes);

/*
 * The limits of the group of that name, which is made if there is none; its first disk may come later. I/O thread, or
 * before there is one.
 */
void throttle_group_set(const char *name, const ThrottleConfig *config);
bool throttle_group_exists(const char *name);
bool throttle_group_used(const char *name);     /* some disk shares its limits */
#endif
