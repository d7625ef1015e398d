/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for util/replay.c where nothing is recorded. */
#include <glib.h>
#include "qemu/replay.h"

struct ReplaySource {
    ReplayPlay *play;
    void *opaque;
};

ReplayMode replay_mode;

ReplaySource *replay_source_new(const char *name, ReplayPlay *play, void *opaque)
{
    ReplaySource *s = g_new0(ReplaySource, 1);

    *s = (ReplaySource) { play, opaque };
    return s;
}

void replay_source_free(ReplaySource *s)
{
    g_free(s);
}

bool replay_begin(void)
{
    return true;
}

void replay_end(ReplaySource *s, const void *data, size_t bytes)
{
}

void replay_event(ReplaySource *s, const void *data, size_t bytes)
{
    s->play(s->opaque, data, bytes);
}

void replay_set_machine(const ReplayMachine *m)
{
}

bool replay_settled(const ReplayPlace *at)
{
    return true;
}

uint64_t replay_limit(uint64_t icount)
{
    return UINT64_MAX;
}

int64_t replay_wakes(const ReplayPlace *at)
{
    return INT64_MAX;
}

void replay_sleeps(const ReplayPlace *at)
{
}

void replay_shift_changed(const ReplayPlace *at, unsigned shift)
{
}

void replay_turn(int cpu, uint32_t insns, bool unfinished)
{
}

void replay_all_sleep(void)
{
}

bool replay_has_turns(void)
{
    return false;
}

bool replay_next_turn(ReplayTurn *t)
{
    return false;
}
