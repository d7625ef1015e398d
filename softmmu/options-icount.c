/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -icount: time by counted instructions. Main thread. */
#include <string.h>
#include "qemu/log.h"
#include "qemu/rtc-clock.h"
#include "softmmu/options-internal.h"

static void set_shift(CommandLine *c, const char *arg, const char *value)
{
    IcountOptions *o = &c->o->accel.icount;
    uint64_t shift = 3;                 /* auto: to begin with */

    o->automatic = !strcmp(value, "auto");
    if (!o->automatic && !option_number(value, ICOUNT_MAX_SHIFT, &shift)) {
        option_fail(c, arg, "shift is a number from 0 to %d, or 'auto', not '%s'", ICOUNT_MAX_SHIFT, value);
    }
    o->shift = (unsigned)shift;
}

/* False: it is another property. */
static bool replay_property(CommandLine *c, const char *arg, const KeyValue *kv)
{
    ReplayOptions *r = &c->o->replay;
    const char *value = kv->value ? kv->value : "";

    if (!strcmp(kv->key, "rr")) {
        if (strcmp(value, "record") && strcmp(value, "replay")) {
            option_fail(c, arg, "rr is record|replay, not '%s'", value);
        }
        r->mode = !strcmp(value, "record") ? REPLAY_RECORD : REPLAY_PLAY;
    } else if (!strcmp(kv->key, "rrfile") && *value) {
        r->file = value;
    } else if (!strcmp(kv->key, "rrsnapshot") && *value) {
        r->snapshot = value;
    } else {
        return false;
    }
    return true;
}

static void replay_complete(CommandLine *c, const char *arg)
{
    ReplayOptions *r = &c->o->replay;

    if (r->mode == REPLAY_NONE && (r->file || r->snapshot)) {
        option_fail(c, arg, "rr=record or rr=replay is missing");
    }
    if (r->mode != REPLAY_NONE && !r->file) {
        option_fail(c, arg, "rrfile=FILE is missing, the recording's file");
    }
    if (r->mode != REPLAY_NONE && !r->snapshot) {
        c->snapshot = true;             /* replaying finds the images as recording found them */
    }
}

void option_icount(CommandLine *c, const char *arg)
{
    IcountOptions *o = &c->o->accel.icount;
    KeyValue *kv = option_split(c, arg);
    bool shift_said = false;

    *o = (IcountOptions) { .on = true, .sleep = true };
    for (int i = 0; kv[i].key; i++) {
        bool bare = i == 0 && !kv[i].value;

        if (bare || !strcmp(kv[i].key, "shift")) {
            set_shift(c, arg, bare ? kv[i].key : kv[i].value ? kv[i].value : "");
            shift_said = true;
        } else if (!strcmp(kv[i].key, "sleep")) {
            o->sleep = option_bool(c, arg, &kv[i]);
        } else if (!strcmp(kv[i].key, "align")) {
            o->align = option_bool(c, arg, &kv[i]);
        } else if (!replay_property(c, arg, &kv[i])) {
            option_fail(c, arg, "unknown property '%s' (shift, sleep, align, rr, rrfile, rrsnapshot)", kv[i].key);
        }
    }
    replay_complete(c, arg);
    if (!shift_said) {
        option_fail(c, arg, "shift is missing (a number from 0 to %d, or 'auto')", ICOUNT_MAX_SHIFT);
    }
    if (o->automatic && o->align) {
        option_fail(c, arg, "shift=auto and align=on both make guest and host agree; use one of them");
    }
    if (o->automatic && !o->sleep) {
        option_fail(c, arg, "shift=auto follows the host's clock, sleep=off does not; use one of them");
    }
    if (o->align && !o->sleep) {
        option_fail(c, arg, "align=on waits for the host's clock, sleep=off does not; use one of them");
    }
}

/* thread=multi is for recording; what was recorded so is replayed by one thread. */
static void parallel_finish(CommandLine *c)
{
    AccelOptions *o = &c->o->accel;

    if (!o->thread_said || o->thread_single) {
        return;
    }
    if (c->o->replay.mode == REPLAY_NONE) {
        error_exit("-icount: instructions are counted by one thread; use -accel tcg,thread=single, or record "
                   "(rr=record)");
    }
    if (c->o->replay.mode != REPLAY_RECORD) {
        return;
    }
    o->icount.parallel = c->o->smp > 1;
}

void options_icount_finish(CommandLine *c)
{
    AccelOptions *o = &c->o->accel;

    if (!o->icount.on) {
        return;
    }
    parallel_finish(c);
    if (o->tier2 && o->tier_said) {
        error_exit("-icount: loops of tier two are not counted; use -accel tcg,tier=1");
    }
    o->tier2 = false;
    o->thread_single = true;
    if (c->o->replay.mode == REPLAY_NONE) {
        return;
    }
    if (c->rtc_said && strcmp(c->rtc_said, "vm")) {
        error_exit("-rtc clock=%s: what is recorded goes by the guest's time; use -rtc clock=vm", c->rtc_said);
    }
    if (c->o->incoming) {
        error_exit("-incoming: a recording begins with the machine's start, or with -loadvm");
    }
    if (c->o->loadvm && c->o->replay.snapshot) {
        error_exit("-loadvm %s: the recording begins with its own snapshot (rrsnapshot)", c->o->loadvm);
    }
    rtc_clock_choose(RTC_CLOCK_VM);
}
