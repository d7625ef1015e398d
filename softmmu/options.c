/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: one table of options, which the parser walks and -help prints, and the rules for what is left open
 * (where the serial lines and the monitor go). Names and conventions are QEMU's; "--name" means "-name". Main thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

typedef struct OptionRow {
    const char *name;
    const char *argument;               /* shown by -help; NULL: takes none */
    void (*handle)(CommandLine *c, const char *arg);
    const char *help;
} OptionRow;

static void option_help(CommandLine *c, const char *arg);

static void option_version(CommandLine *c, const char *arg)
{
    printf("PQEMU emulator version " PQEMU_VERSION "\n"
           "A full-system emulator of ARM multi-core machines with QEMU's command line\n");
    exit(0);
}

static void option_kernel(CommandLine *c, const char *arg)
{
    option_check_file(c, arg);
    c->o->kernel = arg;
}

static void option_initrd(CommandLine *c, const char *arg)
{
    option_check_file(c, arg);
    c->o->initrd = arg;
}

static void option_dtb(CommandLine *c, const char *arg)
{
    if (strcmp(arg, "builtin")) {
        option_check_file(c, arg);
    }
    c->o->dtb = arg;
}

static void option_append(CommandLine *c, const char *arg)
{
    c->o->append = arg;
}

static void option_nographic(CommandLine *c, const char *arg)
{
    c->nographic = true;
}

static void option_display(CommandLine *c, const char *arg)
{
    if (option_is_help(arg)) {
        printf("Available display backend types:\nnone\n");
        exit(0);
    }
    if (strcmp(arg, "none")) {
        option_fail(c, arg, "unknown display (none)");
    }
}

static void option_serial(CommandLine *c, const char *arg)
{
    if (c->serial_count == MAX_SERIAL) {
        option_fail(c, arg, "too many serial lines (at most %d)", MAX_SERIAL);
    }
    if (!*arg) {
        option_fail(c, "''", "a character device is expected (such as stdio, mon:stdio, file:PATH, null)");
    }
    c->serial[c->serial_count++] = arg;
}

static void option_monitor(CommandLine *c, const char *arg)
{
    if (!*arg || g_str_has_prefix(arg, "mon:")) {
        option_fail(c, *arg ? arg : "''", "a character device is expected (none, stdio, tcp:..., unix:..., pty)");
    }
    c->monitor = arg;
}

static void option_no_reboot(CommandLine *c, const char *arg)
{
    c->o->no_reboot = true;
}

static void option_no_shutdown(CommandLine *c, const char *arg)
{
    c->o->no_shutdown = true;
}

static void option_stopped(CommandLine *c, const char *arg)
{
    c->o->stopped = true;
}

static void option_nodefaults(CommandLine *c, const char *arg)
{
    c->nodefaults = true;
}

static void option_name(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        if (!kv[i].value && i == 0) {
            c->o->name = kv[i].key;
        } else if (!strcmp(kv[i].key, "guest") && kv[i].value) {
            c->o->name = kv[i].value;
        } else if (!strcmp(kv[i].key, "process") && kv[i].value) {
            c->o->process_name = kv[i].value;
        } else if (!strcmp(kv[i].key, "debug-threads")) {
            option_bool(c, arg, &kv[i]);        /* threads always have their names */
        } else {
            option_fail(c, arg, "unknown property '%s' (guest, process, debug-threads)", kv[i].key);
        }
    }
}

static void option_pidfile(CommandLine *c, const char *arg)
{
    if (!*arg) {
        option_fail(c, "''", "the file's name is empty");
    }
    c->o->pidfile = arg;
}

static const OptionRow rows[] = {
    { "machine", "NAME", option_machine, "the machine to emulate (-machine help)" },
    { "M", "NAME", option_machine, "the same" },
    { "cpu", "MODEL", option_cpu, "the CPU model (-cpu help)" },
    { "accel", "tcg[,PROPERTY=VALUE...]", option_accel, "how guest code is run (-accel help)" },
    { "smp", "[cpus=]N", option_smp, "number of CPUs" },
    { "m", "[size=]SIZE[K|M|G]", option_memory, "size of the memory; without suffix in MiB" },
    { "kernel", "FILE", option_kernel, "kernel to boot: zImage, Image, uImage or ELF" },
    { "initrd", "FILE", option_initrd, "initial RAM disk" },
    { "dtb", "FILE|builtin", option_dtb, "device tree; builtin: the machine's own" },
    { "append", "TEXT", option_append, "kernel command line" },
    { "sd", "FILE", option_sd, "an image in the SD card slot" },
    { "drive", "file=FILE[,PROPERTY=VALUE...]", option_drive, "the same with properties (-drive help)" },
    { "snapshot", NULL, option_snapshot, "write to temporary images, gone at the end" },
    { "device", "loader,PROPERTY=VALUE...", option_device, "load data into memory (-device help)" },
    { "nographic", NULL, option_nographic, "no display; console and monitor share the terminal" },
    { "display", "none", option_display, "no display (there is no other yet)" },
    { "serial", "DEVICE", option_serial, "where a serial line goes; up to 4 times" },
    { "monitor", "DEVICE", option_monitor, "where the monitor goes; none: nowhere" },
    { "nodefaults", NULL, option_nodefaults, "no serial line and no monitor unless asked for" },
    { "S", NULL, option_stopped, "do not start the CPUs; the monitor's 'cont' does" },
    { "no-reboot", NULL, option_no_reboot, "exit when the guest resets the machine" },
    { "no-shutdown", NULL, option_no_shutdown, "stop instead of exiting when the guest shuts down" },
    { "semihosting", NULL, option_semihosting, "let the guest use the host's files and console" },
    { "semihosting-config", "enable=on[,arg=TEXT...]", option_semihosting_config, "the same with settings" },
    { "d", "ITEM[,ITEM...]", option_log_items, "what to log (-d help)" },
    { "D", "FILE", option_log_file, "where the log goes instead of stderr" },
    { "dfilter", "RANGE[,RANGE...]", option_log_filter, "log code of these addresses only" },
    { "name", "TEXT", option_name, "name of the guest" },
    { "pidfile", "FILE", option_pidfile, "write the process id there" },
    { "h", NULL, option_help, "print this help" },
    { "help", NULL, option_help, "the same" },
    { "version", NULL, option_version, "print the version" },
};

static void option_help(CommandLine *c, const char *arg)
{
    printf("PQEMU emulator version " PQEMU_VERSION "\nusage: qemu-system-arm [options]\n\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char left[64];

        snprintf(left, sizeof(left), "-%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        if (strlen(left) > 30) {
            printf("%s\n%-30s %s\n", left, "", rows[i].help);
        } else {
            printf("%-30s %s\n", left, rows[i].help);
        }
    }
    printf("\nDEVICE: stdio, mon:stdio (shared with the monitor), file:PATH, null, none, pty,\n"
           "        tcp:HOST:PORT[,server=on][,wait=off], telnet:HOST:PORT[,...], unix:PATH[,server=on][,wait=off]\n"
           "On a shared terminal Ctrl-a h shows the keys: Ctrl-a x exits, Ctrl-a c goes to the monitor.\n");
    exit(0);
}

static bool is_none(const char *device)
{
    return !device || !strcmp(device, "none");
}

static bool uses_stdio(const char *device)
{
    return device && (!strcmp(device, "stdio") || !strcmp(device, "mon:stdio"));
}

/* Serial line 0 and the monitor share the terminal unless the command line says otherwise. */
static void console_finish(CommandLine *c)
{
    Options *o = c->o;
    bool stdio_used = uses_stdio(c->monitor);

    if (!c->serial_count && !c->nodefaults) {
        c->serial[0] = !c->monitor ? "mon:stdio" : stdio_used ? "none" : "stdio";
        c->serial_count = 1;
    }
    for (int i = 0; i < c->serial_count; i++) {
        if (is_none(c->serial[i])) {
            continue;
        }
        o->serial[i] = c->serial[i];
        stdio_used |= uses_stdio(c->serial[i]);
        o->monitor_on_mux |= g_str_has_prefix(c->serial[i], "mon:");
    }
    if (!is_none(c->monitor)) {
        o->monitor = c->monitor;
        o->monitor_on_mux = false;
    } else if (c->monitor) {
        o->monitor_on_mux = false;
    } else if (!o->monitor_on_mux && c->nographic && !c->nodefaults && !stdio_used) {
        o->monitor = "stdio";
    }
}

void options_parse(int argc, char **argv, Options *o)
{
    CommandLine c = { .o = o };

    memset(o, 0, sizeof(*o));
    accel_options_default(&o->accel);
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        const OptionRow *row = NULL;

        if (name[0] != '-' || !name[1]) {
            error_exit("%s: unexpected argument (options begin with '-'; -help lists them)", name);
        }
        name += name[1] == '-' ? 2 : 1;
        for (unsigned k = 0; k < G_N_ELEMENTS(rows) && !row; k++) {
            row = strcmp(name, rows[k].name) ? NULL : &rows[k];
        }
        if (!row) {
            error_exit("%s: invalid option (-help lists those there are)", argv[i]);
        }
        c.option = argv[i];
        if (row->argument && i + 1 == argc) {
            error_exit("%s: requires an argument (%s)", argv[i], row->argument);
        }
        row->handle(&c, row->argument ? argv[++i] : NULL);
    }
    options_machine_finish(&c);
    options_block_finish(&c);
    console_finish(&c);
}
