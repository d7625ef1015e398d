/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands that say or set one thing, and what there is to say about those of QEMU that there are not. */
#include <errno.h>
#include <string.h>
#include "block/block.h"
#include "exec/memory.h"
#include "monitor/memory-save.h"
#include "monitor/monitor-internal.h"
#include "qemu/log.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"

void hmp_info_history(Monitor *mon, char **argv)
{
    for (int i = MON_HISTORY - 1; i >= 0; i--) {
        if (mon->history[i]) {
            monitor_printf(mon, "%d: '%s'\n", i, mon->history[i]);
        }
    }
}

void hmp_info_blockstats(Monitor *mon, char **argv)
{
    BlockBackend *blk = NULL;

    while ((blk = blk_next(blk)) != NULL) {
        BlockStats r = blk_stats(blk, BLOCK_READ), w = blk_stats(blk, BLOCK_WRITE), f = blk_stats(blk, BLOCK_FLUSH);

        monitor_printf(mon, "%s: rd_bytes=%llu wr_bytes=%llu rd_operations=%llu wr_operations=%llu "
                       "flush_operations=%llu wr_total_time_ns=%llu rd_total_time_ns=%llu "
                       "flush_total_time_ns=%llu\n", blk_id(blk),
                       (unsigned long long)r.bytes, (unsigned long long)w.bytes, (unsigned long long)r.requests,
                       (unsigned long long)w.requests, (unsigned long long)f.requests, (unsigned long long)w.ns,
                       (unsigned long long)r.ns, (unsigned long long)f.ns);
    }
}

void hmp_info_memory_size_summary(Monitor *mon, char **argv)
{
    monitor_printf(mon, "base memory: %llu\nplugged memory: 0\n", (unsigned long long)mon->machine->ram_size);
}

/* argv: reset|shutdown|... */
void hmp_watchdog_action(Monitor *mon, char **argv)
{
    if (!watchdog_set_action(argv[0])) {
        monitor_printf(mon, "The action is reset, shutdown, poweroff, pause, debug, none or inject-nmi, not '%s'.\n",
                       argv[0]);
    }
}

void hmp_logfile(Monitor *mon, char **argv)
{
    if (!log_set_file(argv[0])) {
        monitor_printf(mon, "Error: cannot open '%s': %s; the log stays where it is\n", argv[0], strerror(errno));
    }
}

/* argv: [on|off]; without a word: on, as in QEMU. */
void hmp_singlestep(Monitor *mon, char **argv)
{
    const bool off = argv[0] && !strcmp(argv[0], "off");

    if (argv[0] && !off && strcmp(argv[0], "on")) {
        monitor_printf(mon, "singlestep takes 'on' or 'off', not '%s'\n", argv[0]);
    } else {
        cpus_set_one_insn(!off);
    }
}

/* ---- what scripts ask of any machine, in QEMU's words ---- */

/* argv: vm|vcpu [NAMES] */
void hmp_info_stats(Monitor *mon, char **argv)
{
    if (strcmp(argv[0], "vm") && strcmp(argv[0], "vcpu")) {
        monitor_printf(mon, "invalid stats target %s\n", argv[0]);
    }
}

void hmp_info_kvm(Monitor *mon, char **argv) { monitor_puts(mon, "kvm support: not compiled\n"); }
void hmp_info_numa(Monitor *mon, char **argv) { monitor_puts(mon, "0 nodes\n"); }
void hmp_info_opcount(Monitor *mon, char **argv) { monitor_puts(mon, "[TCG profiler not compiled]\n"); }

void hmp_info_dump(Monitor *mon, char **argv)
{
    uint64_t written, total;

    monitor_printf(mon, "Status: %s\n", core_dump_status(&written, &total));
    if (total) {
        monitor_printf(mon, "Finished: %.2f %%\n", 100.0 * (double)written / (double)total);
    }
}

/* The address of a block is its first byte's in all RAM, as devices' memory accesses and snapshots count it. */
void hmp_info_ramblock(Monitor *mon, char **argv)
{
    const MemoryRegion *r;

    monitor_printf(mon, "%24s %8s  %18s %18s %18s\n", "Block Name", "PSize", "Offset", "Used", "Total");
    for (size_t i = 0; (r = memory_region_at(i)) != NULL; i++) {
        if (r->ram || r->rom) {
            monitor_printf(mon, "%24s %8s  0x%016x 0x%016x 0x%016x\n", r->name, "4 KiB", r->ram_addr, r->size, r->size);
        }
    }
}

#define NOT_HERE "this board has none"
#define DIRTY_LIMIT "CPUs are not slowed down for a migration; downtime-limit is there"
#define VIRTIO "'info qom-tree virtio0' has the state of such a device"

static const struct { const char *name; bool info; const char *why; } refusals[] = {
    { "cancel_vcpu_dirty_limit", false, DIRTY_LIMIT }, { "set_vcpu_dirty_limit", false, DIRTY_LIMIT },
    { "vcpu_dirty_limit", true, DIRTY_LIMIT },
    { "client_migrate_info", false, "VNC clients connect anew to the other side" },
    { "exit_preconfig", false, "the command line fixes the machine; -S starts it stopped" },
    { "pcie_aer_inject_error", false, NOT_HERE }, { "qemu-io", false, "qemu-io opens images that are not in use" },
    { "rdma", true, NOT_HERE }, { "rocker", true, NOT_HERE }, { "rocker-ports", true, NOT_HERE },
    { "rocker-of-dpa-flows", true, NOT_HERE }, { "rocker-of-dpa-groups", true, NOT_HERE },
    { "virtio", true, VIRTIO }, { "virtio-queue-element", true, VIRTIO }, { "virtio-queue-status", true, VIRTIO },
    { "virtio-status", true, VIRTIO }, { "virtio-vhost-queue-status", true, VIRTIO },
    { "vm-generation-id", true, NOT_HERE }, { "x_colo_lost_heartbeat", false, "machines do not run in pairs" },
    { "boot_set", false, "the machine starts from -kernel or -device loader" },
    { "hotpluggable-cpus", true, "CPUs cannot be added" },
    { "memory-devices", true, NOT_HERE },
    { "migrate_recover", false, "no migration waits to go on" },
    { "migrate_pause", false, "migrate_cancel ends a migration" },
    { "migrate_start_postcopy", false, "memory is sent before the machine moves" },
    { "nmi", false, "this CPU has no such interrupt" },
    { "pci", true, NOT_HERE }, { "profile", true, "'info jit' has counters" },
    { "qdm", true, "-device help lists the devices" },
#ifndef CONFIG_QMP
    { "qom-set", false, "this build has no json-glib" },
#endif
    { "spice", true, "use -vnc" }, { "sync-profile", false, "use -accel tcg,stats=on, info jit" },
    { "sync-profile", true, "'info jit' shows the locks" }, { "system_wakeup", false, "this board does not sleep" },
    { "tpm", true, NOT_HERE },
};

const char *hmp_refusal(const char *name, bool info)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        if (refusals[i].info == info && !strcmp(refusals[i].name, name)) {
            return refusals[i].why;
        }
    }
    return NULL;
}
