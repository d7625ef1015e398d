/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: walks the arguments by the table of options (option-table.c), prints it for -help, and decides what
 * is left open (where the serial lines and the monitor go). Names and conventions are QEMU's; "--name" means "-name".
 * An option that is given again replaces or adds to what it said before, as the option's function says. Main thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/daemon.h"
#include "softmmu/options-internal.h"

#ifndef PQEMU_VERSION
#define PQEMU_VERSION "0.1.0"
#endif

void option_version(CommandLine *c, const char *arg)
{
    printf("PQEMU emulator version " PQEMU_VERSION "\n"
           "A full-system emulator of ARM multi-core machines with QEMU's command line\n");
    exit(0);
}

void option_print_row(const char *dash, const OptionRow *row, const char *between)
{
    char *left = g_strdup_printf("%s%s%s%s", dash, row->name, row->argument ? between : "",
                                 row->argument ? row->argument : "");
    const char *text = row->help ? row->help : row->instead;

    printf(strlen(left) > 30 ? "%s\n%30s %s\n" : "%-30s%s %s\n", left, "", text);
    g_free(left);
}

void option_help(CommandLine *c, const char *arg)
{
    printf("PQEMU emulator version " PQEMU_VERSION "\nusage: qemu-system-arm [options]\n");
    for (const OptionRow *row = option_rows; row->name || row->group; row++) {
        if (row->group) {
            printf("\n%s:\n", row->group);
        } else {
            option_print_row("-", row, " ");
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
    bool monitor = c->monitor;

    for (int i = 0; i < o->named_count; i++) {
        stdio_used |= uses_stdio(o->named[i].device);
    }
    for (int i = 0; i < o->monitor_count; i++) {
        stdio_used |= uses_stdio(o->more_monitors[i].device);
        monitor |= !o->more_monitors[i].control;
    }

    if (o->daemonize && c->nographic) {
        error_exit("-nographic: takes the terminal, which -daemonize gives up (use -serial file:PATH or the like)");
    }
    if (!c->serial_count && !c->nodefaults && !o->daemonize) {
        c->serial[0] = stdio_used ? "none" : monitor ? "stdio" : "mon:stdio";
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
    } else if (!monitor && !o->monitor_on_mux && c->nographic && !c->nodefaults && !stdio_used) {
        o->monitor = "stdio";
    }
    if (o->daemonize && stdio_used) {
        error_exit("-daemonize: gives up the terminal (use -serial file:PATH, -monitor unix:PATH,server,nowait or the "
                   "like)");
    }
}

/* The row of the option that this argument names. */
static const OptionRow *find_row(const char *given)
{
    const char *name = given;

    if (name[0] != '-' || !name[1]) {
        error_exit("%s: unexpected argument (options begin with '-'; -help lists them)", name);
    }
    name += name[1] == '-' ? 2 : 1;
    for (const OptionRow *row = option_rows; row->name || row->group; row++) {
        if (row->name && !strcmp(name, row->name)) {
            return row;
        }
    }
    error_exit("%s: invalid option (-help lists those there are)", given);
}

void option_run(CommandLine *c, const OptionRow *row, const char *arg)
{
    char *problem;

    if (row->handle) {
        row->handle(c, arg);
        return;
    }
    problem = row->accepts && arg ? option_problem(c, row->accepts, arg) : NULL;
    if (row->instead && (!row->accepts || problem)) {
        if (arg && option_is_help(arg)) {
            printf("-%s: %s\n", row->name, row->instead);
            exit(0);
        }
        option_fail(c, arg, "%s", row->instead);
    }
    if (problem) {
        option_fail(c, arg, "%s", problem);
    }
}

static bool names_daemonize(int argc, char **argv)
{
    bool found = false;

    for (int i = 1; i < argc; i++) {
        const OptionRow *row = find_row(argv[i]);

        found |= row->handle == option_daemonize;
        i += row->argument != NULL;
    }
    return found;
}

void options_parse(int argc, char **argv, Options *o)
{
    CommandLine c = { .o = o };

    memset(o, 0, sizeof(*o));
    accel_options_default(&o->accel);
    o->escape_key = 1;
    if (names_daemonize(argc, argv)) {
        daemon_begin();                 /* now: messages start threads, which fork() would lose */
    }
    for (int i = 1; i < argc; i++) {
        const OptionRow *row = find_row(argv[i]);

        c.option = argv[i];
        if (row->argument && i + 1 == argc) {
            error_exit("%s: requires an argument (%s)", argv[i], row->argument);
        }
        option_run(&c, row, row->argument ? argv[i + 1] : NULL);
        i += row->argument != NULL;
    }
    options_machine_finish(&c);
    options_block_finish(&c);
    options_virtio_finish(&c);
    options_net_finish(&c);
    options_chardev_finish(&c);
    console_finish(&c);
}
