/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that are carried out while the machine runs (sysemu/live-options.h). The option's own function reads the
 * argument; a mistake ends option_attempt() instead of the program. I/O thread.
 */
#include <glib.h>
#include <string.h>
#include "block/job.h"
#include "chardev/char.h"
#include "qemu/replay.h"
#include "softmmu/options-internal.h"
#include "sysemu/live-options.h"

/* What an attempt fills in, as if nothing else had been said on the command line. */
typedef struct Scratch {
    Options options;
    CommandLine line;
} Scratch;

static Scratch *scratch_new(const char *option)
{
    Scratch *s = g_new0(Scratch, 1);

    s->line.o = &s->options;
    s->line.option = option;
    return s;
}

/* ---- character devices ---- */

static char *with_chardev(const char *arg, char *(*fn)(const ChardevOptions *o))
{
    g_autofree Scratch *s = scratch_new("-chardev");
    char *problem = option_attempt(&s->line, option_chardev, arg);

    return problem ? problem : fn(&s->options.named[0]);
}

char *live_chardev_add(const char *arg)
{
    return with_chardev(arg, chardev_add);
}

char *live_chardev_change(const char *id, const char *arg)
{
    g_autofree char *escaped = option_escape(id), *named = g_strconcat(arg, ",id=", escaped, NULL);

    return with_chardev(named, chardev_change);
}

/* ---- objects ---- */

char *live_object_add(const char *arg)
{
    g_autofree Scratch *s = scratch_new("-object");
    char *problem = option_attempt(&s->line, option_object, arg);

    return problem ? problem : options_object_start();
}

char *live_object_delete(const char *id)
{
    return options_object_delete(id);
}

/* ---- drives ---- */

static void one_drive(CommandLine *c, const char *arg)
{
    option_drive(c, arg);
    if (c->drives != 1) {
        option_fail(c, arg, "only if=none can be added: a drive that device_add gives to a device");
    }
    if (!c->other_drive[0].block->file) {
        option_fail(c, arg, "file= is missing");
    }
}

char *live_drive_add(const char *arg)
{
    g_autofree Scratch *s = scratch_new("-drive");
    char *problem = option_attempt(&s->line, one_drive, arg);
    BlockOptions *o;

    if (problem) {
        return problem;
    }
    o = s->line.other_drive[0].block;
    o->node = o->id;
    return block_node_add(o, NULL, NULL);
}

/* ---- networks ---- */

char *live_netdev_add(const char *arg)
{
    g_autofree Scratch *s = scratch_new("-netdev");
    char *problem = replay_mode == REPLAY_NONE ? option_attempt(&s->line, option_netdev, arg)
                    : g_strdup("a machine that records or replays keeps its networks");

    return problem ? problem : options_net_start();
}

char *live_netdev_delete(const char *id)
{
    return options_net_delete(id);
}
