/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program: builds the machine the command line asks for, starts its CPUs, and becomes the I/O thread, which runs
 * the main loop (timers, character devices, requests) until the machine ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib.h>
#include "audio/audio.h"
#include "block/job.h"
#include "chardev/char.h"
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/device.h"
#include "hw/rtc/pl031.h"
#include "hw/semihosting.h"
#include "migration/migration.h"
#include "migration/replay.h"
#include "migration/snapshot.h"
#include "monitor/gdbstub.h"
#include "monitor/qmp.h"
#include "monitor/monitor.h"
#include "plugins/plugin.h"
#include "qemu/exit-files.h"
#include "qemu/guest-random.h"
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "qemu/process.h"
#include "qemu/replay.h"
#include "qemu/rtc-clock.h"
#include "qemu/trace.h"
#include "qemu/writer.h"
#include "softmmu/daemon.h"
#include "softmmu/options.h"
#include "sysemu/accel.h"
#include "sysemu/cpus.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu.h"
#include "target/arm/cpu-model.h"
#include "ui/console.h"
#include "ui/curses.h"
#include "ui/input.h"
#include "ui/vnc.h"

/* The file, locked as long as the process lives, so that no other one overwrites the number and removes it. */
static int pidfile_open(const char *path)
{
    struct stat ours, there;

    for (;;) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
            error_exit("-pidfile %s: another process has it, which still runs", path);
        }
        if (fd < 0 || fstat(fd, &ours) || (!stat(path, &there) && ours.st_ino == there.st_ino)) {
            return fd;
        }
        close(fd);              /* the other one ended, and removed it, between open() and lock */
    }
}

static void pidfile_write(const char *path)
{
    char text[32];
    int fd = pidfile_open(path);
    int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

    if (fd < 0 || (ftruncate(fd, 0) && errno != EINVAL) || write(fd, text, (size_t)len) != len) {
        error_exit("-pidfile %s: %s", path, strerror(errno));
    }
    exit_file_add(path);
}

static BlockBackend *open_drive(const BlockOptions *o)
{
    char *error;
    BlockBackend *blk = blk_open(o, &error);

    if (!blk) {
        error_exit("%s: %s", o->said, error);
    }
    return blk;
}

static NetBackend *open_network(const NetOptions *o)
{
    char *error;
    NetBackend *net = net_open(o, &error);

    if (!net) {
        error_exit("%s: %s", o->said, error);
    }
    return net;
}

static struct VhostLink *open_vhost(const VirtIOOption *o)
{
    char *error;
    struct VhostLink *link = vhost_link_open(o->socket, &error);

    if (!link) {
        error_exit("%s: %s", o->said, error);
    }
    return link;
}

static P9Server *open_folder(const VirtIOOption *o)
{
    char *error;
    P9Server *server = p9_server_new(o->folder, &error);

    if (!server) {
        error_exit("%s: %s", o->folder_said, error);
    }
    return server;
}

static void open_virtio(VirtIOConfig *config, const VirtIOOption *o)
{
    config->kind = o->kind;
    config->id = o->id;
    config->serial = o->serial;
    config->blk = o->drive ? open_drive(o->drive) : NULL;
    config->net = o->net ? open_network(o->net) : NULL;
    config->vhost = o->socket ? open_vhost(o) : NULL;
    config->tag = o->tag;
    memcpy(config->mac, o->mac, sizeof(config->mac));
    if (o->rng && *o->rng) {
        config->rng_fd = open(o->rng, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (config->rng_fd < 0) {
            error_exit("%s: %s: %s", o->rng_said, o->rng, strerror(errno));
        }
    }
    config->p9 = o->folder ? open_folder(o) : NULL;
    config->deflate_on_oom = o->deflate_on_oom;
    config->report_free = o->report_free;
    config->max_ports = o->max_ports;
    config->xres = o->xres;
    config->yres = o->yres;
    config->max_outputs = o->max_outputs;
    config->max_hostmem = o->max_hostmem;
    config->edid = o->edid;
    for (unsigned n = 0; n < VIRTIO_MAX_PORTS; n++) {
        const VirtIOPortOption *from = &o->port[n];

        config->port[n] = (VirtIOPort) { .there = from->said, .console = from->console, .id = from->id,
                                         .name = from->name };
        if (from->chardev) {
            g_autofree char *device = g_strconcat("chardev:", from->chardev, NULL);

            config->port[n].chr = chardev_new(from->said, device);
        }
    }
}

/* Returns the monitor's, or NULL. It comes before the serial lines: text consoles are numbered in this order. */
static Chardev *chardevs_create(MachineState *m, const Options *o)
{
    Chardev *monitor;

    for (int i = 0; i < o->named_count; i++) {
        Chardev *chr = o->named[i].device ? chardev_new(o->named[i].id, o->named[i].device) : NULL;

        if (chr && o->named[i].log) {
            chardev_set_log(chr, o->named[i].log, o->named[i].log_append);
        }
    }
    monitor = o->monitor ? chardev_new("monitor", o->monitor) : NULL;
    for (int i = 0; i < OPTIONS_SERIALS; i++) {
        char label[24];
        Chardev *chr;

        snprintf(label, sizeof(label), "serial%d", i);
        chr = o->serial[i] ? chardev_new(label, o->serial[i]) : NULL;
        if (i < MACHINE_SERIALS) {
            m->serial[i] = chr;
        }
    }
    return monitor;
}

static void machine_create(MachineState *m, const Options *o)
{
    m->mc = o->mc;
    m->smp = o->smp;
    m->ram_size = o->ram_size;
    m->kernel = o->kernel;
    m->initrd = o->initrd;
    m->dtb = o->dtb;
    m->append = o->append;
    m->secondary = o->secondary;
    m->user_switches = o->user_switches;
    m->boot_switches = o->boot_switches;
    m->name = o->name;
    m->uuid = o->uuid;
    m->ram = guest_memory_new(&o->memory, o->ram_size, o->mem_prealloc);
    memory_add_ram(0, o->ram_size, m->ram, "ram");
    arm_cpu_model_set(o->cpu);
    for (int i = 0; i < m->smp; i++) {
        m->cpu[i] = cpu_create(i, m->smp);
        arm_cpu_device_create(m->cpu[i], (unsigned)i);
    }
    if (semihosting_enabled) {
        semihosting_init();
        if (o->semihosting_console) {
            semihosting_set_console(chardev_new("semihosting", o->semihosting_console));
        }
    }
    for (int i = 0; i < MACHINE_DRIVES; i++) {
        m->drive[i] = o->drive[i] ? open_drive(o->drive[i]) : NULL;
    }
    memcpy(m->mac, o->mac, sizeof(m->mac));
    for (unsigned i = 0; i < o->audios; i++) {
        audio_open(&o->audio[i]);
    }
    m->audio = audio_find(NULL);
    for (unsigned i = 0; i < o->nets; i++) {
        open_network(o->net[i]);
    }
    m->net = o->nic ? open_network(&o->nic->net) : NULL;
    m->virtio_legacy = o->virtio_legacy;
    for (unsigned i = 0; i < o->virtios; i++) {
        open_virtio(&m->virtio[i], &o->virtio[i]);
    }
    m->mc->init(m);
    for (int i = 0; i < m->smp; i++) {
        arm_pmu_connect(m->cpu[i], &m->pmu_irq[i]);
    }
    arm_load_kernel(m);
}

/* -machine dumpdtb: the tree that the kernel would get, or without a kernel the board's. */
static _Noreturn void dump_dtb_and_end(MachineState *m, const char *path)
{
    uint32_t bytes;
    int size = 0;
    const void *tree = arm_boot_dtb(&bytes);
    FILE *f;

    if (!tree) {
        tree = m->mc->build_dtb ? m->mc->build_dtb(m, &size) : NULL;
        bytes = (uint32_t)size;
    }
    if (!tree) {
        error_exit("-machine dumpdtb=%s: machine '%s' has no device tree", path, m->mc->name);
    }
    f = fopen(path, "w");
    if (!f || fwrite(tree, 1, bytes, f) != bytes || fclose(f)) {
        error_exit("-machine dumpdtb=%s: %s", path, strerror(errno));
    }
    exit(0);
}

static void usb_create(const MachineState *m, Options *o)
{
    for (unsigned i = 0; i < o->usbs; i++) {
        char *error;

        if (!m->usb) {
            error_exit("%s: machine '%s' has no USB", o->usb[i].said, m->mc->name);
        }
        if (!usb_new(m->usb, &o->usb[i].config, &error)) {
            error_exit("%s: %s", o->usb[i].said, error);
        }
    }
}

static void open_node(BlockOptions *b, const char *inner)
{
    char *problem;

    b->format = b->node && !b->format ? "raw" : b->format;      /* of -blockdev: it holds bytes */
    b->node = b->node ? b->node : b->id;
    problem = block_node_add(b, inner, NULL);
    if (problem) {
        error_exit("%s: %s", b->said, problem);
    }
}

/* What no device has is the monitors', as with blockdev-add. Of a machine that comes the other emulator may have it. */
static void nodes_create(const Options *o)
{
    for (const NodeOption *n = o->node; n < o->node + o->nodes; n++) {
        if (o->incoming) {
            usb_drive_offer(n->block);
            continue;
        }
        if (n->inner) {
            open_node(n->inner, NULL);
        }
        open_node(n->block, n->inner ? n->inner->node : NULL);
    }
}

static void display_create(const Options *o)
{
#ifdef CONFIG_SDL
    char *window_problem = o->window != WINDOW_NONE ? sdl_start(&o->sdl) : NULL;

    if (window_problem && o->window == WINDOW_WANTED) {
        error_exit("-display sdl: %s", window_problem);
    }
    if (o->window != WINDOW_NONE && !window_problem) {
        display_set_info(&(DisplayInfo) { .type = "sdl", .full_screen = o->sdl.full_screen,
                                          .keeps_open = o->sdl.keep_open, .show_cursor = o->sdl.show_cursor });
    }
    g_free(window_problem);
#endif
#ifdef CONFIG_VNC
    char *problem = o->vnc ? vnc_start(o->vnc) : NULL;

    if (problem) {
        error_exit("%s: %s", o->vnc_said, problem);
    }
#endif
}

/* From here on what is printed is not seen. */
static void terminal_create(const Options *o)
{
#ifdef CONFIG_CURSES
    char *problem = o->curses ? curses_start() : NULL;

    if (problem) {
        error_exit("-display curses: %s", problem);
    }
    if (o->curses) {
        display_set_info(&(DisplayInfo) { .type = "curses" });
    }
#endif
}

static void display_end(void)
{
#ifdef CONFIG_CURSES
    curses_end();
#endif
#ifdef CONFIG_SDL
    sdl_end();
#endif
}

static void monitor_create(MachineState *m, const Options *o, Chardev *main_monitor)
{
    if (main_monitor) {
        monitor_attach(main_monitor, m);
    }
    for (int i = 0; i < o->monitor_count; i++) {
        const OptionsMonitor *more = &o->more_monitors[i];
        char label[24];
        Chardev *chr;

        snprintf(label, sizeof(label), "compat_monitor%d", i);
        chr = chardev_new(label, more->device);
#ifdef CONFIG_QMP
        if (more->control) {
            qmp_attach(chr, m, more->pretty);
            continue;
        }
#endif
        monitor_attach(chr, m);
    }
    for (int i = 0; o->monitor_on_mux && i < MACHINE_SERIALS; i++) {
        if (chardev_is_mux(m->serial[i])) {
            monitor_attach(m->serial[i], m);
            break;
        }
    }
}

/* The state that the machine begins with, if it is not that after power-on. */
static void load_machine(MachineState *m, const Options *o)
{
    char *error = NULL;

    migration_init(m);
    if (o->only_migratable && devices_saving_refused()) {
        error_exit("-only-migratable: %s", devices_saving_refused());
    }
    if (o->incoming) {
        error = o->loadvm ? g_strdup("the state comes from there, not by -loadvm")
                          : migrate_expect(o->incoming, !o->stopped);
        if (error) {
            error_exit("-incoming %s: %s", o->incoming, error);
        }
        return;
    }
    if (o->loadvm) {
        error = snapshot_load(o->loadvm);
        if (error) {
            error_exit("-loadvm %s: %s", o->loadvm, error);
        }
    }
    if (o->replay.mode != REPLAY_NONE && devices_saving_refused()) {
        error_exit("-icount rr=: %s", devices_saving_refused());
    }
    if (o->replay.snapshot) {
        error = o->replay.mode == REPLAY_RECORD ? snapshot_save(o->replay.snapshot)
                                                : snapshot_load(o->replay.snapshot);
        if (error) {
            error_exit("-icount rrsnapshot=%s: %s", o->replay.snapshot, error);
        }
    }
    if (o->replay.mode != REPLAY_NONE) {
        replay_state_init();
    }
}

/* What begins anew at every start is the recording's while it is replayed. */
static void replay_start(Options *o)
{
    const IcountOptions *i = &o->accel.icount;
    g_autofree char *machine = NULL;
    int64_t start = rtc_clock_start() + o->rtc_offset;
    uint64_t seed;
    char *error;

    if (o->replay.mode == REPLAY_NONE) {
        return;
    }
    machine = g_strdup_printf("-M %s -smp %d -m %u -icount shift=%s%u", o->mc->name, o->smp, o->ram_size >> 20,
                              i->automatic ? "auto," : "", i->shift);
    if (!guest_random(&seed, sizeof(seed))) {
        error_exit("-icount: the host has no random numbers");
    }
    error = replay_open(o->replay.mode, o->replay.file, machine, &seed, &start);
    if (error) {
        error_exit("-icount %s", error);
    }
    guest_random_seed(seed);
    rtc_clock_set_start(start);
    o->rtc_offset = 0;
}

int main(int argc, char **argv)
{
    MachineState *m = g_new0(MachineState, 1);
    Chardev *monitor;
    Options options;
    bool guest_ended;
    int code;

    process_init();
    options_parse(argc, argv, &options);
    if (options.process_name) {
        prctl(PR_SET_NAME, options.process_name);
    }
    /* What is used: the memory tables are gigabytes of addresses, of which little is ever touched. */
    if (options.mem_lock && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) {
        error_exit("-overcommit mem-lock=on: %s", strerror(errno));
    }
    io_loop_init();
    runstate_init(options.no_reboot, options.no_shutdown);
    if (options.pidfile) {
        pidfile_write(options.pidfile);
    }
    chardev_set_escape(options.escape_key);
    replay_start(&options);
    pl031_set_start(options.rtc_offset);
    accel_init(&options.accel, options.smp);
    if (icount_on) {
        blk_keep_order();
    }
    if (options.incoming) {
        blk_begin_inactive();
    }
#ifdef CONFIG_PLUGINS
    plugins_load(options.plugin, options.plugins, options.smp);
#endif
    memory_trace_init();
    monitor = chardevs_create(m, &options);
    machine_create(m, &options);
    if (options.dumpdtb) {
        dump_dtb_and_end(m, options.dumpdtb);
    }
    usb_create(m, &options);
    nodes_create(&options);
    trace_machine_ready();
    monitor_create(m, &options, monitor);
    display_create(&options);
    if (options.gdb) {
        gdbstub_attach(chardev_new("gdb", options.gdb), m);
    }
    runstate_started();
    chardev_terminal_start();
    input_pace(&(InputGuest) { cpus_are_idle, runstate_is_running,
                               options.vnc ? options.vnc->key_gap_ms : INPUT_GAP_MS });
    cpus_start();
    runstate_power_on();
    load_machine(m, &options);
    terminal_create(&options);
    sandbox_enter(&options.sandbox);
    if (!options.incoming && !options.stopped) {
        vm_start();
    }
    daemon_ready();
    code = runstate_main_loop();
    migration_end();
    display_end();
    cpus_shutdown();
#ifdef CONFIG_PLUGINS
    plugins_end();
#endif
    runstate_cause(&guest_ended);
    if (!replay_close(guest_ended) && !code) {
        code = 1;
    }
    net_close_all();
    audio_close_all();
    if (!blk_close_all() && !code) {
        code = 1;
    }
    if (!accel_report(runstate_flush_give_up) && !code) {
        code = 1;
    }
    chardev_flush_all(runstate_flush_give_up);
    chardev_cleanup();
    writers_end(runstate_flush_give_up);
    return code;
}
