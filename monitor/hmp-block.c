/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about disks: info block, eject, change, commit, block_resize, block_set_io_throttle. */
#include <string.h>
#include "block/block.h"
#include "monitor/monitor-internal.h"

static void print_limits(Monitor *mon, const BlockBackend *blk)
{
    ThrottleConfig config;
    ThrottleField field;
    unsigned waiting;
    const char *group = blk_throttle(blk, &config, &waiting);

    if (!group) {
        return;
    }
    monitor_puts(mon, "    I/O throttling:");
    for (unsigned i = 0; throttle_field(&config, i, &field); i++) {
        if (field.shown && *field.value) {
            monitor_printf(mon, " %s=%llu", field.monitor, (unsigned long long)*field.value);
        }
    }
    monitor_printf(mon, " group=%s, %u waiting\n", group, waiting);
}

static BlockBackend *find_drive(Monitor *mon, const char *name)
{
    BlockBackend *blk = blk_find(name);

    if (!blk) {
        monitor_printf(mon, "There is no drive '%s' ('info block' lists them).\n", name);
    }
    return blk;
}

/* argv: [-n] [-v] [DRIVE]. The flags ask for more than a line, which there is not. */
void hmp_info_block(Monitor *mon, char **argv)
{
    BlockBackend *blk = NULL;
    const char *one = NULL;

    for (; *argv; argv++) {
        if (strcmp(*argv, "-n") && strcmp(*argv, "-v")) {
            one = *argv;
        }
    }
    if (one && !find_drive(mon, one)) {
        return;
    }
    while ((blk = blk_next(blk)) != NULL) {
        if (one && blk != blk_find(one)) {
            continue;
        }
        if (blk_has_medium(blk)) {
            monitor_printf(mon, "%s: %s (%s%s), %llu bytes, aio=%s%s\n", blk_id(blk), blk_path(blk), blk_format(blk),
                           blk_readonly(blk) ? ", read-only" : "", (unsigned long long)blk_bytes(blk), blk_aio(blk),
                           blk_removable(blk) ? ", removable" : "");
            print_limits(mon, blk);
        } else {
            monitor_printf(mon, "%s: [not inserted]\n", blk_id(blk));
        }
    }
    if (!blk_next(NULL)) {
        monitor_puts(mon, "There are no images (-sd FILE puts one into the card slot).\n");
    }
}

static void say_problem(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "%s.\n", problem);
        g_free(problem);
    }
}

/* argv: [-f] DRIVE; -f: the guest has locked it. */
void hmp_eject(Monitor *mon, char **argv)
{
    BlockBackend *blk = find_drive(mon, argv[1] ? argv[1] : argv[0]);

    if (argv[1] && strcmp(argv[0], "-f")) {
        monitor_printf(mon, "eject [-f] DRIVE, not '%s'.\n", argv[0]);
    } else if (blk) {
        say_problem(mon, blk_eject(blk, argv[1] != NULL));
    }
}

/* argv: DRIVE [-f] FILE [FORMAT [MODE]] */
void hmp_change(Monitor *mon, char **argv)
{
    const bool force = argv[1] && argv[2] && !strcmp(argv[1], "-f");
    static const char *const modes[] = {
        [BLOCK_READONLY_KEEP] = "retain", [BLOCK_READONLY_OFF] = "read-write", [BLOCK_READONLY_ON] = "read-only",
    };
    BlockReadonly mode = BLOCK_READONLY_KEEP;
    BlockBackend *blk;

#ifdef CONFIG_VNC
    if (!strcmp(argv[0], "vnc")) {
        hmp_change_vnc(mon, argv);
        return;
    }
#endif
    blk = find_drive(mon, argv[0]);
    argv += force;
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
        say_problem(mon, blk_change_medium(blk, argv[1], argv[2], mode, force));
    }
}

/* argv: DRIVE BPS BPS_RD BPS_WR IOPS IOPS_RD IOPS_WR */
void hmp_block_set_io_throttle(Monitor *mon, char **argv)
{
    BlockBackend *blk = find_drive(mon, argv[0]);
    const char *problem;
    ThrottleConfig config;

    throttle_config_init(&config);
    for (unsigned i = 0; i < THROTTLE_KINDS; i++) {
        if (!g_ascii_string_to_unsigned(argv[i + 1], 10, 0, INT64_MAX, &config.limit[i].rate, NULL)) {
            monitor_printf(mon, "'%s' is not a number (0: no limit).\n", argv[i + 1]);
            return;
        }
    }
    problem = throttle_config_problem(&config);
    if (problem) {
        monitor_printf(mon, "%s\n", problem);
    } else if (blk) {
        blk_set_throttle(blk, NULL, &config);
    }
}

/* ---- commands that a disk's threads carry out ---- */

/* As many requests as one order makes; the monitor waits for them. */
typedef struct BlockOrder {
    Monitor *mon;
    unsigned left;
} BlockOrder;

typedef struct BlockOrderRequest {
    BlockRequest block;
    BlockOrder *order;
} BlockOrderRequest;

static void order_ends(BlockOrder *order)
{
    if (!--order->left) {
        monitor_resume(order->mon);
        g_free(order);
    }
}

static void request_done(BlockRequest *block, int error)
{
    BlockOrderRequest *r = (BlockOrderRequest *)block;

    say_problem(r->order->mon, block->problem);
    order_ends(r->order);
    g_free(r);
}

static BlockOrder *order_new(Monitor *mon)
{
    BlockOrder *order = g_new0(BlockOrder, 1);

    order->mon = mon;
    order->left = 1;
    monitor_suspend(mon);
    return order;
}

static void order_add(BlockOrder *order, BlockBackend *blk, BlockOp op, uint64_t bytes)
{
    BlockOrderRequest *r = g_new0(BlockOrderRequest, 1);

    r->order = order;
    r->block = (BlockRequest) { .op = op, .bytes = bytes, .done = request_done };
    order->left++;
    blk_submit(blk, &r->block);
}

void hmp_commit(Monitor *mon, char **argv)
{
    bool all = !strcmp(argv[0], "all");
    BlockBackend *one = all ? NULL : find_drive(mon, argv[0]);
    BlockOrder *order;

    if (!(all || one) || !monitor_can_wait(mon)) {
        return;
    }
    order = order_new(mon);
    if (one) {
        order_add(order, one, BLOCK_COMMIT, 0);
    }
    for (BlockBackend *blk = blk_next(NULL); all && blk; blk = blk_next(blk)) {
        if (blk_has_backing(blk)) {
            order_add(order, blk, BLOCK_COMMIT, 0);
        }
    }
    order_ends(order);
}

void hmp_block_resize(Monitor *mon, char **argv)
{
    static const char units[] = "KMGT";
    BlockBackend *blk = find_drive(mon, argv[0]);
    char *end;
    uint64_t bytes = g_ascii_strtoull(argv[1], &end, 10);
    const char *unit = *end ? strchr(units, g_ascii_toupper(*end)) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    BlockOrder *order;

    if (!blk) {
        return;
    }
    if (end == argv[1] || (*end && (!unit || end[1])) || bytes >> (56 - shift) || (bytes << shift) % 512 || !bytes) {
        monitor_printf(mon, "A size is a multiple of 512 bytes, as in 1073741824, 1024M or 1G, not '%s'.\n", argv[1]);
    } else if (!blk_can_grow(blk)) {
        monitor_printf(mon, "The device of '%s' has a fixed size.\n", argv[0]);
    } else if (monitor_can_wait(mon)) {
        order = order_new(mon);
        order_add(order, blk, BLOCK_RESIZE, bytes << shift);
        order_ends(order);
    }
}
