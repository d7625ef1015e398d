/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a disk's speed: the configuration and the buckets. No state; whoever has a ThrottleState guards it. */
#include <glib.h>
#include <string.h>
#include "block/throttle.h"

#define MAX_RATE 1000000000000000ull

enum { FIELDS_OF_LIMIT = 3 };

static const struct {
    const char *option, *monitor;
} kinds[THROTTLE_KINDS] = {
    [THROTTLE_BPS] = { "bps-total", "bps" },
    [THROTTLE_BPS_READ] = { "bps-read", "bps_rd" },
    [THROTTLE_BPS_WRITE] = { "bps-write", "bps_wr" },
    [THROTTLE_IOPS] = { "iops-total", "iops" },
    [THROTTLE_IOPS_READ] = { "iops-read", "iops_rd" },
    [THROTTLE_IOPS_WRITE] = { "iops-write", "iops_wr" },
};

void throttle_config_init(ThrottleConfig *config)
{
    *config = (ThrottleConfig) { .iops_size = 0 };
    for (unsigned i = 0; i < THROTTLE_KINDS; i++) {
        config->limit[i].burst_s = 1;
    }
}

bool throttle_config_limits(const ThrottleConfig *config)
{
    for (unsigned i = 0; i < THROTTLE_KINDS; i++) {
        if (config->limit[i].rate) {
            return true;
        }
    }
    return false;
}

static bool total_and_part(const ThrottleLimit *l)
{
    return (l[0].rate && (l[1].rate || l[2].rate)) || (l[0].burst && (l[1].burst || l[2].burst));
}

static const char *limit_problem(const ThrottleLimit *l)
{
    if (l->rate > MAX_RATE || l->burst > MAX_RATE) {
        return "bps/iops/max values must be within [0, 1000000000000000]";
    }
    if (!l->burst_s) {
        return "the burst length cannot be 0";
    }
    if (l->burst_s > 1 && !l->burst) {
        return "burst length set without burst rate";
    }
    if (l->burst && !l->rate) {
        return "bps_max/iops_max require corresponding bps/iops values";
    }
    if (l->burst && l->burst < l->rate) {
        return "bps_max/iops_max cannot be lower than bps/iops";
    }
    return l->burst_s > MAX_RATE / MAX(l->burst, 1) ? "burst length too high for this burst rate" : NULL;
}

const char *throttle_config_problem(const ThrottleConfig *config)
{
    const ThrottleLimit *l = config->limit;

    if (total_and_part(&l[THROTTLE_BPS]) || total_and_part(&l[THROTTLE_IOPS])) {
        return "bps/iops/max total values and read/write values cannot be used at the same time";
    }
    if (config->iops_size && !l[THROTTLE_IOPS].rate && !l[THROTTLE_IOPS_READ].rate && !l[THROTTLE_IOPS_WRITE].rate) {
        return "iops size requires an iops value to be set";
    }
    for (unsigned i = 0; i < THROTTLE_KINDS; i++) {
        const char *problem = limit_problem(&l[i]);

        if (problem) {
            return problem;
        }
    }
    return NULL;
}

bool throttle_field(ThrottleConfig *config, unsigned i, ThrottleField *field)
{
    static const char *const option[] = { "", "-max", "-max-length" }, *const monitor[] = { "", "_max", "_max_length" };
    unsigned kind = i / FIELDS_OF_LIMIT, part = i % FIELDS_OF_LIMIT;
    ThrottleLimit *l;

    if (kind >= THROTTLE_KINDS) {
        *field = (ThrottleField) { "iops-size", "iops_size", &config->iops_size, config->iops_size };
        return i == THROTTLE_KINDS * FIELDS_OF_LIMIT;
    }
    l = &config->limit[kind];
    field->value = part == 0 ? &l->rate : part == 1 ? &l->burst : &l->burst_s;
    field->shown = part == 0 || l->burst;
    g_snprintf(field->option, sizeof(field->option), "%s%s", kinds[kind].option, option[part]);
    g_snprintf(field->monitor, sizeof(field->monitor), "%s%s", kinds[kind].monitor, monitor[part]);
    return true;
}

uint64_t *throttle_find(ThrottleConfig *config, const char *name)
{
    ThrottleField field;

    for (unsigned i = 0; throttle_field(config, i, &field); i++) {
        if (!strcmp(field.option, name) || !strcmp(field.monitor, name)) {
            return field.value;
        }
    }
    return NULL;
}

static void leak(double *level, uint64_t rate, int64_t us)
{
    double left = *level - (double)rate * (double)us / 1e6;

    *level = left > 0 ? left : 0;
}

static int64_t over(double level, double rim, uint64_t rate)
{
    return level > rim ? (int64_t)((level - rim) / (double)rate * 1e6) + 1 : 0;
}

/* A transfer's limits are those of all transfers and those of its direction. */
static bool is_for(unsigned kind, bool write)
{
    return kind == THROTTLE_BPS || kind == THROTTLE_IOPS ||
           (kind == THROTTLE_BPS_WRITE || kind == THROTTLE_IOPS_WRITE) == write;
}

int64_t throttle_wait_us(ThrottleState *state, bool write, int64_t now_us)
{
    int64_t wait = 0;

    for (unsigned i = 0; i < THROTTLE_KINDS; i++) {
        const ThrottleLimit *l = &state->config.limit[i];
        ThrottleBucket *b = &state->bucket[i];

        leak(&b->level, l->rate, now_us - state->leaked_us);
        leak(&b->burst_level, l->burst, now_us - state->leaked_us);
        if (!l->rate || !is_for(i, write)) {
            continue;
        }
        wait = MAX(wait, over(b->level, l->burst ? (double)l->burst * (double)l->burst_s : (double)l->rate / 10,
                              l->rate));
        if (l->burst_s > 1) {
            wait = MAX(wait, over(b->burst_level, (double)l->burst / 10, l->burst));
        }
    }
    state->leaked_us = now_us;
    return wait;
}

void throttle_account(ThrottleState *state, bool write, uint64_t bytes)
{
    uint64_t size = state->config.iops_size;
    double requests = size && bytes > size ? (double)bytes / (double)size : 1;

    for (unsigned i = 0; i < THROTTLE_KINDS; i++) {
        if (state->config.limit[i].rate && is_for(i, write)) {
            state->bucket[i].level += i < THROTTLE_IOPS ? (double)bytes : requests;
            state->bucket[i].burst_level += i < THROTTLE_IOPS ? (double)bytes : requests;
        }
    }
}
