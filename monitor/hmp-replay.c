/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about recording and replaying (qemu/replay.h). */
#include <inttypes.h>
#include <string.h>
#include "migration/replay.h"
#include "monitor/monitor-internal.h"
#include "qemu/replay.h"

void hmp_info_replay(Monitor *mon, char **argv)
{
    ReplayInfo i = replay_info();

    if (replay_mode == REPLAY_NONE) {
        monitor_printf(mon, "Record/replay is not active\n");
        return;
    }
    if (replay_mode == REPLAY_RECORD) {
        monitor_printf(mon, "Recording to %s: instruction count = %" PRIu64 "; %" PRIu64 " events, %" PRIu64
                       " bytes\n", i.file, i.icount, i.events, i.bytes);
        return;
    }
    monitor_printf(mon, "Replaying from %s: instruction count = %" PRIu64 " of %" PRIu64 "%s; %" PRIu64
                   " comparisons agreed\n", i.file, i.icount, i.last, i.ended ? ", at its end" : "", i.checks);
    if (i.has_break) {
        monitor_printf(mon, "break at instruction %" PRIu64 "\n", i.break_at);
    }
}

static void say(Monitor *mon, const char *error)
{
    if (error) {
        monitor_printf(mon, "Error: %s\n", error);
    }
}

void hmp_replay_break(Monitor *mon, char **argv)
{
    uint64_t icount;

    if (!g_ascii_string_to_unsigned(argv[0], 10, 0, UINT64_MAX / 2, &icount, NULL)) {
        say(mon, "the number of an instruction is expected");
    } else {
        say(mon, replay_break(icount));
    }
}

void hmp_replay_delete_break(Monitor *mon, char **argv)
{
    say(mon, replay_delete_break());
}

void hmp_replay_seek(Monitor *mon, char **argv)
{
    uint64_t icount;

    if (!g_ascii_string_to_unsigned(argv[0], 10, 0, UINT64_MAX / 2, &icount, NULL)) {
        say(mon, "the number of an instruction is expected");
    } else {
        say(mon, replay_seek(icount));
    }
}

const char *monitor_replay_problem(const char *command)
{
    static const char *const changing[] = {
        "eject", "change", "commit", "block_resize", "loadvm", "migrate_incoming", "blockdev-change-medium",
        "blockdev-open-tray", "blockdev-close-tray", "blockdev-insert-medium", "blockdev-remove-medium",
        "block-commit", "snapshot-load", "migrate-incoming",
    };

    for (size_t i = 0; replay_mode != REPLAY_NONE && i < G_N_ELEMENTS(changing); i++) {
        if (!strcmp(command, changing[i])) {
            return "it changes the machine in a way that a recording does not have";
        }
    }
    return NULL;
}
