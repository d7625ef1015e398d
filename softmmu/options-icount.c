/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -icount: time by counted instructions. Main thread. */
#include <string.h>
#include "qemu/log.h"
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
        } else {
            option_fail(c, arg, "unknown property '%s' (shift, sleep, align)", kv[i].key);
        }
    }
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

void options_icount_finish(CommandLine *c)
{
    AccelOptions *o = &c->o->accel;

    if (!o->icount.on) {
        return;
    }
    if (o->thread_said && !o->thread_single) {
        error_exit("-icount: instructions are counted by one thread; use -accel tcg,thread=single");
    }
    if (o->tier2) {
        error_exit("-icount: loops of tier two are not counted; use -accel tcg,tier=1");
    }
    o->thread_single = true;
}
