/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor's commands: one table row each. They run on the I/O thread; a command that looks at CPUs holds them with
 * runstate_hold_cpus() meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "block/block.h"
#include "exec/memory.h"
#include "hw/intc/gic.h"
#include "migration/migration.h"
#include "monitor/monitor-internal.h"
#include "qemu/log.h"
#include "sysemu/accel.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"
#include "target/arm/debug-regs.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

typedef struct HMPCommand {
    const char *name, *alias;           /* alias may be NULL */
    const char *args, *help;
    int min_args, max_args;
    void (*run)(Monitor *mon, char **argv);     /* argv[0] is the first argument; NULL-terminated */
} HMPCommand;

static void print_text(Monitor *mon, char *text)
{
    monitor_puts(mon, text ? text : "");
    free(text);
}

static void info_version(Monitor *mon, char **argv)
{
    monitor_puts(mon, PQEMU_VERSION "\n");
}

static void info_name(Monitor *mon, char **argv)
{
    if (mon->machine->name) {
        monitor_printf(mon, "%s\n", mon->machine->name);
    }
}

static void info_uuid(Monitor *mon, char **argv)
{
    monitor_printf(mon, "%s\n", mon->machine->uuid ? mon->machine->uuid : "00000000-0000-0000-0000-000000000000");
}

static void info_status(Monitor *mon, char **argv)
{
    monitor_printf(mon, "VM status: %s\n", runstate_name());
}

/* Those of other modes and of the system control coprocessor. */
static void print_system_registers(CPUARMState *env, FILE *f)
{
    const char *name;

    for (unsigned n = DEBUG_REG_SYSTEM; (name = debug_reg_name(n)) != NULL; n++) {
        uint8_t value[DEBUG_REG_MAX_BYTES];

        debug_reg_read(env, n, value);
        fprintf(f, "%-10s %02x%02x%02x%02x%s", name, value[3], value[2], value[1], value[0],
                (n - DEBUG_REG_SYSTEM) % 4 == 3 || !debug_reg_name(n + 1) ? "\n" : "  ");
    }
}

static void info_registers(Monitor *mon, char **argv)
{
    const bool all = argv[0] && !strcmp(argv[0], "-a");
    const guint64 last = (guint64)mon->machine->smp - 1;
    guint64 one = (guint64)mon->cpu;
    char *text = NULL;
    size_t size;
    FILE *f;

    if (argv[0] && !all && !g_ascii_string_to_unsigned(argv[0], 10, 0, last, &one, NULL)) {
        monitor_printf(mon, "There is no CPU '%s': info registers [-a|CPU]\n", argv[0]);
        return;
    }
    f = open_memstream(&text, &size);
    runstate_hold_cpus();
    for (int i = all ? 0 : (int)one; i < (all ? mon->machine->smp : (int)one + 1); i++) {
        fprintf(f, "%sCPU#%d\n", i && all ? "\n" : "", i);
        arm_cpu_dump(mon->machine->cpu[i], f, true);
        print_system_registers(mon->machine->cpu[i], f);
    }
    runstate_release_cpus();
    fclose(f);
    print_text(mon, text);
}

static void info_cpus(Monitor *mon, char **argv)
{
    runstate_hold_cpus();
    for (int i = 0; i < mon->machine->smp; i++) {
        const CPUARMState *env = mon->machine->cpu[i];

        monitor_printf(mon, "%c CPU #%d: pc=0x%08x%s thread_id=%d\n", i == mon->cpu ? '*' : ' ', i,
                       env->regs[15] & ~1u, cpu_is_halted(i) ? " (halted)" : "", cpu_thread_id(i));
    }
    runstate_release_cpus();
}

static void info_jit(Monitor *mon, char **argv)
{
    char *text;

    runstate_hold_cpus();
    text = accel_stats_text();
    runstate_release_cpus();
    print_text(mon, text);
}

static void info_accel(Monitor *mon, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    accel_print(f);
    fclose(f);
    print_text(mon, text);
}

static void info_icount(Monitor *mon, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f;

    if (!icount_on) {
        monitor_printf(mon, "instructions are not counted (-icount)\n");
        return;
    }
    f = open_memstream(&text, &size);
    runstate_hold_cpus();
    icount_print(f);
    runstate_release_cpus();
    fclose(f);
    print_text(mon, text);
}

static void info_irq(Monitor *mon, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    gic_print_taken(f);
    fclose(f);
    print_text(mon, text);
}

static void info_pic(Monitor *mon, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    gic_print_state(f);
    fclose(f);
    print_text(mon, text);
}

static void info_tlb(Monitor *mon, char **argv)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    runstate_hold_cpus();
    cpu_print_tlb(mon->cpu, f);
    runstate_release_cpus();
    fclose(f);
    print_text(mon, text);
}

static const HMPCommand info_items[] = {
    { "version", NULL, "", "version of the emulator", 0, 0, info_version },
    { "name", NULL, "", "the guest's name (-name)", 0, 0, info_name },
    { "uuid", NULL, "", "the machine's UUID (-uuid)", 0, 0, info_uuid },
    { "status", NULL, "", "whether the machine runs", 0, 0, info_status },
    { "registers", NULL, "[-a|CPU]", "registers of the current CPU, of all or of one, with VFP and CP15", 0, 1,
      info_registers },
    { "cpus", NULL, "", "the CPUs and where they are", 0, 0, info_cpus },
    { "memdev", NULL, "", "memory backends (-object)", 0, 0, hmp_info_memdev },
    { "iothreads", NULL, "", "I/O threads (-object)", 0, 0, hmp_info_iothreads },
    { "mtree", NULL, "[-f] [-d] [-o] [-D]", "the physical memory map", 0, 4, hmp_info_mtree },
    { "mem", NULL, "", "what the current CPU's page tables map, with the rights of both modes", 0, 0, hmp_info_mem },
    { "roms", NULL, "", "what is put into memory at a reset", 0, 0, hmp_info_roms },
    { "qtree", NULL, "", "the devices and where their registers are", 0, 0, hmp_info_qtree },
    { "qom-tree", NULL, "[DEVICE]", "the devices, or the state and registers of one", 0, 1, hmp_info_qom_tree },
    { "chardev", NULL, "", "the character devices", 0, 0, hmp_info_chardev },
    { "jit", NULL, "", "what the translator and the CPUs have done", 0, 0, info_jit },
    { "accel", NULL, "", "how guest code is run", 0, 0, info_accel },
    { "icount", NULL, "", "instructions executed, and the time they make (-icount)", 0, 0, info_icount },
    { "replay", NULL, "", "how recording or replaying does (-icount rr=)", 0, 0, hmp_info_replay },
    { "pic", NULL, "", "the interrupts that are enabled, pending or active", 0, 0, info_pic },
    { "irq", NULL, "", "how often each interrupt was acknowledged", 0, 0, info_irq },
    { "block", NULL, "[-n] [-v] [DRIVE]", "the images of disks", 0, 3, hmp_info_block },
    { "blockstats", NULL, "", "what was read and written", 0, 0, hmp_info_blockstats },
    { "history", NULL, "", "the lines typed before", 0, 0, hmp_info_history },
    { "memory_size_summary", NULL, "", "how much memory there is", 0, 0, hmp_info_memory_size_summary },
    { "ramblock", NULL, "", "the blocks of memory", 0, 0, hmp_info_ramblock },
    { "dump", NULL, "", "how far the writing of a core file is", 0, 0, hmp_info_dump },
    { "dirty_rate", NULL, "", "how fast memory changes (calc_dirty_rate)", 0, 0, hmp_info_dirty_rate },
    { "stats", NULL, "vm|vcpu [NAMES]", "statistics of the host's kernel (KVM), of which there are none", 1, 2,
      hmp_info_stats },
    { "kvm", NULL, "", "whether the host's processor runs the guest: it does not", 0, 0, hmp_info_kvm },
    { "numa", NULL, "", "NUMA nodes, of which there are none", 0, 0, hmp_info_numa },
    { "opcount", NULL, "", "QEMU's profiler; 'info jit' has counters", 0, 0, hmp_info_opcount },
    { "migrate_capabilities", NULL, "", "what migrations can do, and whether they do", 0, 0,
      hmp_info_migrate_capabilities },
    { "migrate_parameters", NULL, "", "limits of a migration", 0, 0, hmp_info_migrate_parameters },
    { "block-jobs", NULL, "", "copies of disks that go on", 0, 0, hmp_info_block_jobs },
    { "capture", NULL, "", "the captures of sound", 0, 0, hmp_info_capture },
    { "charlcd", NULL, "", "what the character display shows", 0, 0, hmp_info_charlcd },
    { "network", NULL, "", "what the network card is connected to, and its connections", 0, 0, hmp_info_network },
    { "usernet", NULL, "", "connections and forwarded ports of networks of kind user", 0, 0, hmp_info_usernet },
    { "trace-events", NULL, "[PATTERN]", "the events that trace-event switches", 0, 1, hmp_info_trace_events },
    { "migrate", NULL, "", "how sending or receiving the machine's state does", 0, 0, hmp_info_migrate },
#ifdef CONFIG_VNC
    { "vnc", NULL, "", "the VNC server and its clients", 0, 0, hmp_info_vnc },
#endif
    { "balloon", NULL, "", "how much memory the guest has", 0, 0, hmp_info_balloon },
    { "usb", NULL, "", "the devices that are plugged into USB", 0, 0, hmp_info_usb },
    { "usbhost", NULL, "", "the host's USB devices, which a guest cannot have", 0, 0, hmp_info_usbhost },
    { "mice", NULL, "", "the mice, and which one gets movements", 0, 0, hmp_info_mice },
    { "snapshots", NULL, "", "the machine's snapshots in its images", 0, 0, hmp_info_snapshots },
    { "tlb", NULL, "", "the current CPU's memory tables", 0, 0, info_tlb },
};

static const HMPCommand *find(const HMPCommand *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(name, table[i].name) || (table[i].alias && !strcmp(name, table[i].alias))) {
            return &table[i];
        }
    }
    return NULL;
}

/* In QEMU's words, which scripts know, and how it is right. */
static void say_wrong_arguments(Monitor *mon, const HMPCommand *cmd, const char *prefix, int given)
{
    g_auto(GStrv) words = g_strsplit(cmd->args, " ", -1);
    const char *missing = given < (int)g_strv_length(words) ? words[given] : "";
    const char *said = strstr(missing, "DRIVE") ? "block device name expected" : "string expected";

    if (given > cmd->max_args) {
        monitor_printf(mon, "%s%s%s: extraneous characters at the end of line\n", cmd->name, cmd->alias ? "|" : "",
                       cmd->alias ? cmd->alias : "");
    } else if (!strcmp(missing, "ADDR") || !strcmp(missing, "SIZE") || !strcmp(missing, "EXPR") ||
               !strcmp(missing, "N")) {
        monitor_puts(mon, "unexpected end of expression\n");
    } else {
        monitor_printf(mon, "%s%s%s: %s\n", cmd->name, cmd->alias ? "|" : "", cmd->alias ? cmd->alias : "", said);
    }
    monitor_printf(mon, "Try \"help %s%s\" for more information\nusage: %s%s%s%s\n", prefix, cmd->name, prefix,
                   cmd->name, *cmd->args ? " " : "", cmd->args);
}

static void run(Monitor *mon, const HMPCommand *table, size_t count, const char *what, char **argv)
{
    const HMPCommand *cmd = find(table, count, argv[0]);
    int n = (int)g_strv_length(argv) - 1;

    if (!cmd && hmp_refusal(argv[0], table == info_items)) {
        monitor_printf(mon, "%s: %s\n", argv[0], hmp_refusal(argv[0], table == info_items));
    } else if (!cmd) {
        monitor_printf(mon, "unknown %s: '%s'\n", what, argv[0]);
    } else if (n < cmd->min_args || n > cmd->max_args) {
        say_wrong_arguments(mon, cmd, table == info_items ? "info " : "", n);
    } else if (monitor_replay_problem(cmd->name)) {
        monitor_printf(mon, "Error: %s\n", monitor_replay_problem(cmd->name));
    } else {
        cmd->run(mon, argv + 1);
    }
}

static void print_table(Monitor *mon, const HMPCommand *table, size_t count, const char *prefix)
{
    for (size_t i = 0; i < count; i++) {
        char left[48];

        snprintf(left, sizeof(left), "%s%s%s%s %s", prefix, table[i].name, table[i].alias ? "|" : "",
                 table[i].alias ? table[i].alias : "", table[i].args);
        monitor_printf(mon, "%-30s %s\n", left, table[i].help);
    }
}

static void do_help(Monitor *mon, char **argv);

static void do_info(Monitor *mon, char **argv)
{
    if (argv[0]) {
        run(mon, info_items, G_N_ELEMENTS(info_items), "info item", argv);
    } else {
        print_table(mon, info_items, G_N_ELEMENTS(info_items), "info ");
    }
}

static void do_quit(Monitor *mon, char **argv)
{
    qemu_system_quit_request(0);
}

static void do_stop(Monitor *mon, char **argv)
{
    vm_stop_for_user();
}

static void do_cont(Monitor *mon, char **argv)
{
    char *problem = migration_before_cont();

    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
        g_free(problem);
        return;
    }
    vm_start();
}

static void do_system_reset(Monitor *mon, char **argv)
{
    qemu_system_user_reset_request();
}

static void do_system_powerdown(Monitor *mon, char **argv)
{
    vm_powerdown();
    monitor_puts(mon, "this board has no power button; 'quit' ends the emulator\n");
}

static void do_cpu(Monitor *mon, char **argv)
{
    char *end;
    long n = strtol(argv[0], &end, 0);

    if (*end || n < 0 || n >= mon->machine->smp) {
        monitor_printf(mon, "'%s' is not a CPU (0 to %d)\n", argv[0], mon->machine->smp - 1);
    } else {
        mon->cpu = (int)n;
    }
}

/* Commands with a format: argv[0] is the format, perhaps "", argv[1] the whole rest of the line. */
static void do_x(Monitor *mon, char **argv)
{
    hmp_examine(mon, argv[0], argv[1], false);
}

static void do_xp(Monitor *mon, char **argv)
{
    hmp_examine(mon, argv[0], argv[1], true);
}

static void do_print(Monitor *mon, char **argv)
{
    hmp_print(mon, argv[0], argv[1]);
}

static void do_log(Monitor *mon, char **argv)
{
    char bad[64];
    int mask = 0;

    if (!strcmp(argv[0], "help")) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        log_print_items(f);
        fclose(f);
        print_text(mon, text);
    } else if (strcmp(argv[0], "none") && !log_parse_items(argv[0], &mask, bad, sizeof(bad))) {
        monitor_printf(mon, "unknown log item '%s' ('log help' lists those there are)\n", bad);
    } else if (mask & LOG_TID && !log_has_thread_files()) {
        monitor_printf(mon, "A file for each thread is one with %%d in its name ('logfile log-%%d').\n");
    } else {
        runstate_hold_cpus();           /* also where a CPU waits for a reader */
        cpus_set_log(mask);
        log_flush();                    /* what was logged by the old mask is in the file */
        runstate_release_cpus();
    }
}

static const HMPCommand commands[] = {
    { "help", "?", "[COMMAND]", "this list, or one line of it", 0, 1, do_help },
    { "quit", "q", "", "end the emulator", 0, 0, do_quit },
    { "stop", "s", "", "stop the machine", 0, 0, do_stop },
    { "cont", "c", "", "go on", 0, 0, do_cont },
    { "system_reset", NULL, "", "reset the machine", 0, 0, do_system_reset },
    { "system_powerdown", NULL, "", "press the power button, which this board has not", 0, 0, do_system_powerdown },
    { "cpu", NULL, "N", "choose the CPU that x, info registers and info tlb show", 1, 1, do_cpu },
    { "wavcapture", NULL, "PATH [DEVICE [HZ]]", "write what is played to a WAV file", 1, 3, hmp_wavcapture },
    { "stopcapture", NULL, "N", "end a capture of sound", 1, 1, hmp_stopcapture },
    { "info", NULL, "[ITEM]", "show ITEM, or which items there are", 0, 5, do_info },
    { "x", NULL, "/FMT ADDR", "memory at a virtual address; FMT: count, x d u o c i, b h w g", 2, 2, do_x },
    { "xp", NULL, "/FMT ADDR", "memory at a physical address", 2, 2, do_xp },
    { "sum", NULL, "ADDR SIZE", "the 16-bit sum of physical memory, as BSD's sum makes it", 2, 2, hmp_sum },
    { "gva2gpa", NULL, "ADDR", "the physical address of a virtual one", 1, 1, hmp_gva2gpa },
    { "gpa2hva", NULL, "ADDR", "where the emulator has the RAM of a physical address", 1, 1, hmp_gpa2hva },
    { "gpa2hpa", NULL, "ADDR", "where the host has it", 1, 1, hmp_gpa2hpa },
    { "dumpdtb", NULL, "FILE", "write the guest's device tree to a file", 1, 1, hmp_dumpdtb },
    { "memsave", NULL, "ADDR SIZE FILE", "write memory, by virtual addresses, to a file", 3, 3, hmp_memsave },
    { "pmemsave", NULL, "ADDR SIZE FILE", "the same by physical addresses", 3, 3, hmp_pmemsave },
    { "dump-guest-memory", NULL, "[-p] FILE [BEGIN LENGTH]", "write a core file for gdb; -p: by virtual addresses",
      1, 4, hmp_dump_guest_memory },
    { "i", NULL, "/FMT ADDR", "read a port, of which ARM has none", 0, 2, hmp_port },
    { "o", NULL, "/FMT ADDR VALUE", "write a port", 0, 2, hmp_port },
    { "print", "p", "/FMT EXPR", "what an expression comes to; FMT: x d u o c", 2, 2, do_print },
    { "eject", NULL, "[-f] DRIVE", "take the card out of its slot", 1, 2, hmp_eject },
    { "change", NULL, "DRIVE [-f] FILE [FORMAT [retain|read-only|read-write]]", "put another card into the slot", 2, 5,
      hmp_change },
    { "commit", NULL, "DRIVE|all", "write what an image has itself to the image behind it", 1, 1, hmp_commit },
    { "block_resize", NULL, "DRIVE SIZE", "make a virtual disk longer; SIZE: bytes, or with K, M, G, T", 2, 2,
      hmp_block_resize },
    { "block_set_io_throttle", NULL, "DRIVE BPS BPS_RD BPS_WR IOPS IOPS_RD IOPS_WR",
      "limits of speed, bytes and requests a second; 0: none", 7, 7, hmp_block_set_io_throttle },
    { "snapshot_blkdev", NULL, "[-n] DRIVE FILE [qcow2]", "write to a new image in front of the present one",
      2, 4, hmp_snapshot_blkdev },
    { "drive_mirror", NULL, "[-n] [-f] DRIVE FILE [FORMAT]", "copy a disk and what is written to it; -n: the file is "
      "there, -f: all", 2, 5, hmp_drive_mirror },
    { "drive_backup", NULL, "[-n] [-f] DRIVE FILE [FORMAT]", "copy what a disk is now", 2, 5, hmp_drive_backup },
    { "block_stream", NULL, "DRIVE [SPEED]", "take into an image what it has from those behind it", 1, 2,
      hmp_block_stream },
    { "block_job_cancel", NULL, "[-f] JOB", "end a copy", 1, 2, hmp_block_job_cancel },
    { "block_job_complete", NULL, "JOB", "move the disk to its mirror", 1, 1, hmp_block_job_complete },
    { "block_job_pause", NULL, "JOB", "let a copy rest", 1, 1, hmp_block_job_pause },
    { "block_job_resume", NULL, "JOB", "go on with it", 1, 1, hmp_block_job_resume },
    { "block_job_set_speed", NULL, "JOB SPEED", "bytes a second; 0: no limit", 2, 2, hmp_block_job_set_speed },
    { "object_add", NULL, "TYPE,id=ID[,PROPERTY=VALUE...]", "an object, as with -object", 1, 1, hmp_object_add },
    { "object_del", NULL, "ID", "take one away that nothing uses", 1, 1, hmp_object_del },
    { "netdev_add", NULL, "TYPE,id=ID[,PROPERTY=VALUE...]", "a network, as with -netdev", 1, 1, hmp_netdev_add },
    { "netdev_del", NULL, "ID", "take one away that no card has", 1, 1, hmp_netdev_del },
    { "drive_add", NULL, "[0] if=none,id=ID,file=FILE[,...]", "a drive for device_add usb-storage,drive=ID", 1, 3,
      hmp_drive_add },
    { "drive_del", NULL, "ID", "take one away that no device has", 1, 1, hmp_drive_del },
    { "nbd_server_start", NULL, "[-a] [-w] [HOST]:PORT|unix:PATH", "serve disks by NBD; -a: all, -w: for writing, too",
      1, 3, hmp_nbd_server_start },
    { "nbd_server_add", NULL, "[-w] DEVICE [NAME]", "serve a disk or a node", 1, 3, hmp_nbd_server_add },
    { "nbd_server_remove", NULL, "[-f] NAME", "no longer; -f: clients are cut off", 1, 2, hmp_nbd_server_remove },
    { "nbd_server_stop", NULL, "", "end the NBD server", 0, 0, hmp_nbd_server_stop },
    { "balloon", NULL, "MIB", "ask the guest to have so much memory", 1, 1, hmp_balloon },
    { "device_add", NULL, "DRIVER[,PROPERTY=VALUE...]", "plug a USB device in: usb-kbd, usb-storage,drive=ID, ...",
      1, 1, hmp_device_add },
    { "device_del", NULL, "ID", "pull it out", 1, 1, hmp_device_del },
    { "chardev-add", NULL, "KIND,id=ID[,PROPERTY=VALUE...]", "a character device, as with -chardev", 1, 1,
      hmp_chardev_add },
    { "chardev-change", NULL, "ID KIND[,PROPERTY=VALUE...]", "what is behind a device is another one", 2, 2,
      hmp_chardev_change },
    { "chardev-remove", NULL, "ID", "take a device away that nobody uses", 1, 1, hmp_chardev_remove },
    { "chardev-send-break", NULL, "DEVICE", "a break on a serial line", 1, 1, hmp_chardev_send_break },
    { "getfd", NULL, "NAME", "keep the descriptor that came with the line", 1, 1, hmp_getfd },
    { "closefd", NULL, "NAME", "close it", 1, 1, hmp_closefd },
    { "gdbserver", NULL, "[tcp:[HOST]:PORT|unix:PATH]", "let gdb in (tcp::1234)", 0, 1, hmp_gdbserver },
    { "qom-list", NULL, "[PATH]", "what there is at /machine, or at a device", 0, 1, hmp_qom_list },
    { "qom-get", NULL, "PATH PROPERTY", "a field of a device's state", 2, 2, hmp_qom_get },
#ifdef CONFIG_QMP
    { "qom-set", NULL, "PATH PROPERTY VALUE", "change what can be changed while the machine runs", 3, 3, hmp_qom_set },
#endif
    { "ringbuf_read", NULL, "DEVICE BYTES", "take what a ring buffer has, the oldest first", 2, 2, hmp_ringbuf_read },
    { "ringbuf_write", NULL, "DEVICE TEXT", "put text into a ring buffer", 2, 2, hmp_ringbuf_write },
    { "set_link", NULL, "NAME on|off", "plug the network's cable in or pull it out", 2, 2, hmp_set_link },
    { "hostfwd_add", NULL, "[NAME] tcp|udp:[HOST]:PORT-[GUEST]:PORT",
      "connections to a port of the host go to the guest",
      1, 2, hmp_hostfwd_add },
    { "hostfwd_remove", NULL, "[NAME] tcp|udp:[HOST]:PORT", "no longer", 1, 2, hmp_hostfwd_remove },
    { "trace-event", NULL, "PATTERN on|off", "switch events on or off", 2, 2, hmp_trace_event },
#ifdef CONFIG_VNC
    { "set_password", NULL, "vnc PASSWORD [keep]", "a password for the VNC server", 2, 3, hmp_set_password },
    { "expire_password", NULL, "vnc TIME", "until when it holds: now, never, +SECONDS, seconds since 1970", 2, 2,
      hmp_expire_password },
#endif
    { "sendkey", NULL, "KEYS [MS]", "press KEYS (ctrl-alt-f1) for MS milliseconds", 1, 2, hmp_sendkey },
    { "mouse_move", NULL, "DX DY [DZ]", "move the mouse and its wheel", 2, 3, hmp_mouse_move },
    { "mouse_button", NULL, "STATE", "buttons that are down: 1 left, 2 right, 4 middle", 1, 1, hmp_mouse_button },
    { "mouse_set", NULL, "N", "choose the mouse that gets movements", 1, 1, hmp_mouse_set },
    { "screendump", NULL, "FILE [-f ppm|png] [DEVICE [HEAD]]", "write the screen to a file", 1, 5, hmp_screendump },
    { "announce_self", NULL, "[NETWORK,... [ID]]", "network cards say to switches where they are", 0, 2,
      hmp_announce_self },
    { "calc_dirty_rate", NULL, "SECONDS [PAGES]", "measure how fast memory changes, by PAGES of each GiB", 1, 3,
      hmp_calc_dirty_rate },
    { "snapshot_blkdev_internal", NULL, "DRIVE NAME", "a snapshot inside a disk's qcow2 image", 2, 2,
      hmp_snapshot_inside },
    { "snapshot_delete_blkdev_internal", NULL, "DRIVE NAME [ID]", "delete one", 2, 3, hmp_snapshot_inside_delete },
    { "savevm", NULL, "[NAME]", "make a snapshot of the machine, in its qcow2 images", 0, 1, hmp_savevm },
    { "loadvm", NULL, "NAME", "go back to a snapshot", 1, 1, hmp_loadvm },
    { "delvm", NULL, "NAME", "delete a snapshot", 1, 1, hmp_delvm },
    { "migrate", NULL, "[-d] URI", "send the machine's state to exec:COMMAND, file:PATH, unix:PATH, tcp:HOST:PORT",
      1, 64, hmp_migrate },
    { "migrate_cancel", NULL, "", "do not send it", 0, 0, hmp_migrate_cancel },
    { "migrate_continue", NULL, "pre-switchover", "go on after the pause before the end", 1, 1, hmp_migrate_continue },
    { "migrate_set_capability", NULL, "NAME on|off", "events, return-path, pause-before-switchover", 2, 2,
      hmp_migrate_set_capability },
    { "migrate_set_parameter", NULL, "NAME VALUE", "max-bandwidth (32M; 0: no limit), downtime-limit (ms)", 2, 2,
      hmp_migrate_set_parameter },
    { "watchdog_action", NULL, "ACTION", "what a watchdog does that nobody feeds", 1, 1, hmp_watchdog_action },
    { "migrate_incoming", NULL, "URI", "where the state comes from, after -incoming defer", 1, 64,
      hmp_migrate_incoming },
    { "replay_break", NULL, "N", "stop the replay at instruction N", 1, 1, hmp_replay_break },
    { "replay_delete_break", NULL, "", "do not stop there", 0, 0, hmp_replay_delete_break },
    { "replay_seek", NULL, "N", "go to instruction N of the replay, forward or back", 1, 1, hmp_replay_seek },
    { "singlestep", NULL, "[on|off]", "translate each instruction by itself, so that the log shows each", 0, 1,
      hmp_singlestep },
    { "logfile", NULL, "FILE", "where the log goes from now on, as with -D", 1, 1, hmp_logfile },
    { "log", NULL, "ITEMS|none|help", "choose what to log, as with -d", 1, 1, do_log },
};

static void do_help(Monitor *mon, char **argv)
{
    const HMPCommand *cmd = argv[0] ? find(commands, G_N_ELEMENTS(commands), argv[0]) : NULL;

    if (cmd) {
        print_table(mon, cmd, 1, "");
    } else if (argv[0]) {
        monitor_printf(mon, "unknown command: '%s'\n", argv[0]);
    } else {
        print_table(mon, commands, G_N_ELEMENTS(commands), "");
    }
}

void hmp_each_command(bool info, void (*fn)(void *opaque, const char *name), void *opaque)
{
    const HMPCommand *table = info ? info_items : commands;
    const size_t count = info ? G_N_ELEMENTS(info_items) : G_N_ELEMENTS(commands);

    for (size_t i = 0; i < count; i++) {
        fn(opaque, table[i].name);
    }
}

void hmp_execute(Monitor *mon, const char *line)
{
    GPtrArray *args = g_ptr_array_new_with_free_func(g_free);
    char *name = hmp_next_word(&line, "/");
    bool whole = true;

    if (!name) {
        name = hmp_next_word(&line, "");    /* begins with a slash: a mistake, but no empty line */
    }
    if (name) {
        const HMPCommand *cmd = find(commands, G_N_ELEMENTS(commands), name);

        g_ptr_array_add(args, name);
        if (cmd && cmd->args[0] == '/') {
            hmp_add_format(args, line);
        } else {
            whole = hmp_add_words(args, line);
        }
        g_ptr_array_add(args, NULL);
        if (!whole) {
            monitor_printf(mon, "%s: a text that begins with \" ends with one, too\n", name);
        } else {
            run(mon, commands, G_N_ELEMENTS(commands), "command", (char **)args->pdata);
        }
    }
    g_ptr_array_free(args, TRUE);
}
