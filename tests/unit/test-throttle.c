/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a disk's speed (block/throttle.c): what may begin when, on a clock of the test's own. Prints TAP. */
#include <stdlib.h>
#include <string.h>
#include "block/throttle.h"
#include "tap.h"

enum { SECOND = 1000000 };

/* How many transfers of `bytes` begin in [*now, until), each as soon as it may. */
static unsigned begun(ThrottleState *s, bool write, uint64_t bytes, int64_t *now, int64_t until)
{
    unsigned n = 0;

    while (*now < until) {
        int64_t wait = throttle_wait_us(s, write, *now);

        if (wait) {
            *now += wait;
        } else {
            throttle_account(s, write, bytes);
            n++;
        }
    }
    *now = until;
    return n;
}

static ThrottleState state_of(const char *first, uint64_t a, const char *second, uint64_t b, const char *third,
                              uint64_t c)
{
    ThrottleState s = { .leaked_us = 0 };

    throttle_config_init(&s.config);
    *throttle_find(&s.config, first) = a;
    if (second) {
        *throttle_find(&s.config, second) = b;
    }
    if (third) {
        *throttle_find(&s.config, third) = c;
    }
    return s;
}

static bool about(unsigned n, unsigned expected)
{
    return n + 1 >= expected && n <= expected + 1 + expected / 50;
}

static void test_rates(void)
{
    ThrottleState s = state_of("iops-total", 100, NULL, 0, NULL, 0);
    int64_t now = 0;
    unsigned n = begun(&s, false, 512, &now, 10 * SECOND);

    tap_case(about(n, 1010), "100 requests a second, and a tenth of a second's at the start: %u in ten seconds", n);
    s = state_of("bps", 51200, NULL, 0, NULL, 0);
    now = 0;
    n = begun(&s, true, 512, &now, 10 * SECOND);
    tap_case(about(n, 1010), "bytes a second: %u requests", n);
    s = state_of("iops", 100, "iops-size", 1024, NULL, 0);
    now = 0;
    n = begun(&s, true, 4096, &now, 10 * SECOND);
    tap_case(about(n, 253), "iops-size: a request of 4 KiB counts four times: %u", n);
    s = state_of("bps-total", 1, NULL, 0, NULL, 0);
    tap_case(!throttle_wait_us(&s, true, 0), "a request that is larger than the bucket begins at once");
    throttle_account(&s, true, 512);
    tap_case(throttle_wait_us(&s, false, SECOND) > 510ll * SECOND, "and the next one pays for it");
}

static void test_directions(void)
{
    ThrottleState s = state_of("iops-write", 10, NULL, 0, NULL, 0);
    unsigned writes = 0;

    while (!throttle_wait_us(&s, true, 0)) {
        throttle_account(&s, true, 512);
        writes++;
    }
    tap_case(writes == 2 && !throttle_wait_us(&s, false, 0), "a limit of writes does not hold reads up");
    s = state_of("bps-read", 10, NULL, 0, NULL, 0);
    throttle_account(&s, false, 512);
    tap_case(throttle_wait_us(&s, false, 0) && !throttle_wait_us(&s, true, 0), "nor one of reads writes");
    s = state_of("bps-total", 10, NULL, 0, NULL, 0);
    throttle_account(&s, false, 512);
    tap_case(throttle_wait_us(&s, true, 0), "a limit of all transfers is shared");
}

static void test_bursts(void)
{
    ThrottleState s = state_of("iops-total", 10, "iops-total-max", 100, NULL, 0);
    int64_t now = 0;
    unsigned n = begun(&s, false, 512, &now, SECOND / 100);

    tap_case(about(n, 101), "a burst of a second's length comes at once: %u", n);
    n = begun(&s, false, 512, &now, 10 * SECOND);
    tap_case(about(n, 100), "afterwards the rate holds: %u", n);
    s = state_of("iops-total", 10, "iops-total-max", 100, "iops_max_length", 5);
    now = 0;
    n = begun(&s, false, 512, &now, 2 * SECOND);
    tap_case(about(n, 211), "a longer burst has a rate of its own: %u in two seconds", n);
    n = begun(&s, false, 512, &now, 100 * SECOND);
    tap_case(about(n, 500 + 1000 - 211), "and an end: %u later", n);
    now += 100 * SECOND;
    n = begun(&s, false, 512, &now, now + SECOND);
    tap_case(about(n, 111), "who waits may have another one: %u", n);
}

static void test_problems(void)
{
    static const struct {
        const char *name, *text;
        ThrottleConfig config;
    } cases[] = {
        { "total and reads", "at the same time", { .limit = { { 1, 0, 1 }, { 1, 0, 1 } } } },
        { "a burst without a rate", "require corresponding", { .limit = { [5] = { 0, 9, 1 } } } },
        { "a burst below the rate", "cannot be lower", { .limit = { [5] = { 10, 9, 1 } } } },
        { "a length without a burst", "without burst rate", { .limit = { [4] = { 10, 0, 2 } } } },
        { "no length", "cannot be 0", { .limit = { [4] = { 10, 11, 0 } } } },
        { "too much", "within", { .limit = { [0] = { 2000000000000000, 0, 1 } } } },
        { "too long", "too high", { .limit = { [0] = { 10, 1000000000000000, 5 } } } },
        { "a size without requests", "requires an iops", { .limit = { [0] = { 10, 0, 1 } }, .iops_size = 4 } },
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ThrottleConfig config = cases[i].config;
        const char *problem;

        for (unsigned kind = 0; kind < THROTTLE_KINDS; kind++) {
            if (!config.limit[kind].rate && !config.limit[kind].burst) {
                config.limit[kind].burst_s = 1;
            }
        }
        problem = throttle_config_problem(&config);
        tap_case(problem && strstr(problem, cases[i].text), "refused: %s", cases[i].name);
    }
    ThrottleConfig none;

    throttle_config_init(&none);
    tap_case(!throttle_config_problem(&none) && !throttle_config_limits(&none), "no limits are no mistake");
    tap_case(!throttle_find(&none, "iops-sizes") && !throttle_find(&none, ""), "names that there are not");
}

int main(void)
{
    test_rates();
    test_directions();
    test_bursts();
    test_problems();
    return tap_done();
}
