/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that are carried out while the machine runs (sysemu/live-options.h). The option's own function reads the
 * argument; a mistake ends option_attempt() instead of the program. I/O thread.
 */
#include <glib.h>
#include "chardev/char.h"
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
