/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about devices: eject, change, info block, charlcd, network; set_link, hostfwd_add, hostfwd_remove. */
#include <string.h>
#include "block/block.h"
#include "hw/display/charlcd.h"
#include "monitor/monitor-internal.h"
#include "net/net.h"

void hmp_info_block(Monitor *mon, char **argv)
{
    BlockBackend *blk = NULL;

    while ((blk = blk_next(blk)) != NULL) {
        if (blk_has_medium(blk)) {
            monitor_printf(mon, "%s: %s (%s%s), %llu bytes, aio=%s%s\n", blk_id(blk), blk_path(blk), blk_format(blk),
                           blk_readonly(blk) ? ", read-only" : "", (unsigned long long)blk_bytes(blk), blk_aio(blk),
                           blk_removable(blk) ? ", removable" : "");
        } else {
            monitor_printf(mon, "%s: [not inserted]\n", blk_id(blk));
        }
    }
    if (!blk_next(NULL)) {
        monitor_puts(mon, "There are no images (-sd FILE puts one into the card slot).\n");
    }
}

static BlockBackend *find_drive(Monitor *mon, const char *name)
{
    BlockBackend *blk = blk_find(name);

    if (!blk) {
        monitor_printf(mon, "There is no drive '%s' ('info block' lists them).\n", name);
    }
    return blk;
}

static void say_problem(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "%s.\n", problem);
        g_free(problem);
    }
}

/* argv: [-f] DRIVE. No guest locks its medium, so there is nothing to force. */
void hmp_eject(Monitor *mon, char **argv)
{
    BlockBackend *blk = find_drive(mon, argv[1] ? argv[1] : argv[0]);

    if (argv[1] && strcmp(argv[0], "-f")) {
        monitor_printf(mon, "eject [-f] DRIVE, not '%s'.\n", argv[0]);
    } else if (blk) {
        say_problem(mon, blk_eject(blk));
    }
}

/* argv: DRIVE FILE [FORMAT [MODE]] */
void hmp_change(Monitor *mon, char **argv)
{
    static const char *const modes[] = {
        [BLOCK_READONLY_KEEP] = "retain", [BLOCK_READONLY_OFF] = "read-write", [BLOCK_READONLY_ON] = "read-only",
    };
    BlockBackend *blk = find_drive(mon, argv[0]);
    BlockReadonly mode = BLOCK_READONLY_KEEP;

    if (argv[2] && argv[3]) {
        while (mode < G_N_ELEMENTS(modes) && strcmp(argv[3], modes[mode])) {
            mode++;
        }
        if (mode == G_N_ELEMENTS(modes)) {
            monitor_printf(mon, "The mode is retain, read-write or read-only, not '%s'.\n", argv[3]);
            return;
        }
    }
    if (argv[2] && strcmp(argv[2], "raw") && strcmp(argv[2], "qcow2")) {
        monitor_printf(mon, "The format is raw or qcow2, not '%s'.\n", argv[2]);
    } else if (blk) {
        say_problem(mon, blk_change_medium(blk, argv[1], argv[2], mode));
    }
}

void hmp_info_chardev(Monitor *mon, char **argv)
{
    const Chardev *chr = NULL;

    while ((chr = chardev_next(chr)) != NULL) {
        monitor_printf(mon, "%s: filename=%s\n", chardev_label(chr), chardev_spec(chr));
    }
}

void hmp_info_charlcd(Monitor *mon, char **argv)
{
    char text[CHARLCD_LINES][CHARLCD_COLUMNS + 1];

    if (!charlcd_text("charlcd", text)) {
        monitor_puts(mon, "The machine has no character display.\n");
        return;
    }
    for (unsigned i = 0; i < CHARLCD_LINES; i++) {
        monitor_printf(mon, "|%s|\n", text[i]);
    }
}

void hmp_info_network(Monitor *mon, char **argv)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        char *info = net_info(net);

        monitor_printf(mon, "%s: link %s, %s", net_id(net), net_link_up(net) ? "up" : "down", info);
        g_free(info);
    }
    if (!net_next(NULL)) {
        monitor_puts(mon, "The network card is connected to nothing.\n");
    }
}

/* The network called `name`, or the only one if it is NULL; a line tells the user if there is none. */
static NetBackend *find_network(Monitor *mon, const char *name)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        if (!name || !strcmp(net_id(net), name)) {
            return net;
        }
    }
    monitor_printf(mon, "There is no network '%s' ('info network' lists them).\n", name ? name : "");
    return NULL;
}

void hmp_set_link(Monitor *mon, char **argv)
{
    NetBackend *net = find_network(mon, argv[0]);
    const char *state = argv[1];

    if (strcmp(state, "on") && strcmp(state, "off")) {
        monitor_printf(mon, "set_link NAME on|off, not '%s'.\n", state);
    } else if (net) {
        net_set_link(net, !strcmp(state, "on"));
    }
}

/* argv: [NAME] FORWARDING */
static void hostfwd(Monitor *mon, char **argv, bool add)
{
    NetBackend *net = find_network(mon, argv[1] ? argv[0] : NULL);
    const char *text = argv[1] ? argv[1] : argv[0];
    char *problem;

    if (!net) {
        return;
    }
    problem = add ? net_hostfwd_add(net, text) : net_hostfwd_remove(net, text);
    if (problem) {
        monitor_printf(mon, "%s.\n", problem);
        g_free(problem);
    }
}

void hmp_hostfwd_add(Monitor *mon, char **argv)
{
    hostfwd(mon, argv, true);
}

void hmp_hostfwd_remove(Monitor *mon, char **argv)
{
    hostfwd(mon, argv, false);
}
