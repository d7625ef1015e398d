/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See qemu/rtc-clock.h. What is static is constant once there are clocks. */
#include <time.h>
#include "qemu/rtc-clock.h"
#include "qemu/timer.h"

#define NS_PER_S 1000000000ll

static RtcClock chosen;
static int64_t start_s, start_monotonic_ns;

static int64_t host_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t rtc_clock_start(void)
{
    if (!start_s) {
        start_s = host_ns(CLOCK_REALTIME) / NS_PER_S;
        start_monotonic_ns = host_ns(CLOCK_MONOTONIC);
    }
    return start_s;
}

void rtc_clock_choose(RtcClock kind)
{
    chosen = kind;
    rtc_clock_start();
}

void rtc_clock_set_start(int64_t seconds)
{
    start_s = seconds;
}

int64_t rtc_clock_ns(void)
{
    switch (chosen) {
    case RTC_CLOCK_RT:
        return start_s * NS_PER_S + host_ns(CLOCK_MONOTONIC) - start_monotonic_ns;
    case RTC_CLOCK_VM:
        return start_s * NS_PER_S + clock_virtual_ns();
    case RTC_CLOCK_HOST:
        break;
    }
    return host_ns(CLOCK_REALTIME);
}
