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

enum { HELP_COLUMN = 31, HELP_WIDTH = 79 };

/* The text in its column, as many words in a line as fit. */
static void print_wrapped(const char *text, int column)
{
    g_auto(GStrv) words = g_strsplit(text, " ", 0);

    for (char **w = words; *w; w++) {
        if (column + 1 + (int)strlen(*w) > HELP_WIDTH || column < HELP_COLUMN) {
            printf("\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        } else if (w != words) {
            putchar(' ');
            column++;
        }
        fputs(*w, stdout);
        column += (int)strlen(*w);
    }
    putchar('\n');
}

void option_print_row(const char *dash, const OptionRow *row, const char *between)
{
    g_autofree char *left = row->may_have ? g_strdup_printf("%s%s%s[%s]", dash, row->name, between, row->may_have)
                          : g_strconcat(dash, row->name, row->argument ? between : "", row->argument, NULL);
    bool fits = strlen(left) < HELP_COLUMN;

    printf("%-*s", fits ? HELP_COLUMN : 0, left);
    print_wrapped(row->help ? row->help : row->instead, fits ? HELP_COLUMN : 0);
}

static void print_group(const OptionRow *row)
{
    printf("%s:\n", row->group);
    for (row++; row->name; row++) {
        option_print_row("-", row, " ");
    }
}

static void print_topics(void)
{
    for (const OptionRow *row = option_rows; row->name || row->group; row++) {
        if (row->group) {
            printf("  -help %-12s %s\n", row->argument, row->group);
        }
    }
}

static void print_consoles(void)
{
    printf("DEVICE: stdio, mon:stdio (shared with the monitor), file:PATH, null, none, pty,\n"
           "        tcp:HOST:PORT[,server=on][,wait=off], telnet:HOST:PORT[,...],\n"
           "        websocket:HOST:PORT,server=on,\n"
           "        unix:PATH[,server=on][,wait=off], vc[:WIDTHxHEIGHT] (a text console of\n"
           "        the display), chardev:NAME\n"
           "On a shared terminal Ctrl-a h shows the keys: Ctrl-a x exits, Ctrl-a c goes to\n"
           "the monitor.\n");
}

void option_help(CommandLine *c, const char *arg)
{
    for (const OptionRow *row = option_rows; arg && (row->name || row->group); row++) {
        if (row->group && !strcmp(row->argument, arg)) {
            print_group(row);
            if (!strcmp(arg, "console")) {
                print_consoles();
            }
            exit(0);
        }
    }
    if (arg && !option_is_help(arg)) {
        option_fail(c, arg, "there is no such topic (-help help lists them)");
    }
    printf("PQEMU emulator version " PQEMU_VERSION "\nusage: qemu-system-arm [options]\n");
    print_topics();
    for (const OptionRow *row = option_rows; !arg && (row->name || row->group); row++) {
        if (row->group) {
            putchar('\n');
            print_group(row);
        }
    }
    if (!arg) {
        putchar('\n');
        print_consoles();
    }
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

/* A display that was asked for shows serial line 0 and the monitor, too. */
static void vc_finish(CommandLine *c, bool monitor)
{
    if (!c->serial_count) {
        c->serial[0] = "vc";
        c->serial_count = 1;
    }
    if (!c->monitor && !monitor) {
        c->monitor = "vc";
    }
}

static void check_terminal(const CommandLine *c, bool stdio_used)
{
    const Options *o = c->o;

    if (o->daemonize && (stdio_used || o->curses)) {
        error_exit("-daemonize: gives up the terminal (use -serial file:PATH, -monitor unix:PATH,server,nowait or the "
                   "like)");
    }
    if (o->curses && (stdio_used || c->nographic)) {
        error_exit("-display curses: takes the terminal, which %s wants (use -serial vc, -monitor vc or the like)",
                   c->nographic ? "-nographic" : "a character device of kind stdio");
    }
}

/* Serial line 0 and the monitor share the terminal unless the command line says otherwise. */
static void console_finish(CommandLine *c)
{
    Options *o = c->o;
    bool stdio_used = uses_stdio(c->monitor) || uses_stdio(o->gdb);
    bool monitor = c->monitor;

    for (int i = 0; i < o->named_count; i++) {
        stdio_used |= uses_stdio(o->named[i].device);
    }
    for (int i = 0; i < o->monitor_count; i++) {
        stdio_used |= uses_stdio(o->more_monitors[i].device);
        monitor |= !o->more_monitors[i].control;
    }

    if (o->daemonize && c->nographic && !c->nodefaults) {
        error_exit("-nographic: takes the terminal, which -daemonize gives up (use -serial file:PATH or the like)");
    }
    if ((o->window == WINDOW_WANTED || o->curses) && !c->nodefaults && !c->nographic) {
        vc_finish(c, monitor);
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
    check_terminal(c, stdio_used || uses_stdio(o->monitor));
}

/* What another board would do something with, and this one has nothing of. False: it is not of that kind. */
static bool only_warns(const CommandLine *c, const OptionRow *row, const char *arg)
{
    g_autofree char *problem = row->warns && arg ? option_problem(c, row->warns, arg) : NULL;

    if (!row->warns || problem || (arg && option_is_help(arg))) {
        return false;
    }
    warn_report("%s%s%s: changes nothing: %s", c->option, arg ? " " : "", arg ? arg : "", row->instead);
    return true;
}

void option_run(CommandLine *c, const OptionRow *row, const char *arg)
{
    char *problem;

    if (row->handle) {
        row->handle(c, arg);
        return;
    }
    problem = row->accepts && arg ? option_problem(c, row->accepts, arg) : NULL;
    if ((!row->accepts || problem) && only_warns(c, row, arg)) {
        return;
    }
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

static bool names_daemonize(const CommandLine *c)
{
    for (guint i = 0; i < c->items->len; i++) {
        if (g_array_index(c->items, OptionItem, i).row->handle == option_daemonize) {
            return true;
        }
    }
    return false;
}

/* Carry out the options that are, or are not, -global: what that says holds for devices before it, too. */
static void run_all(CommandLine *c, bool global)
{
    for (guint i = 0; i < c->items->len; i++) {
        const OptionItem *item = &g_array_index(c->items, OptionItem, i);

        if ((item->row->handle == option_global) == global) {
            c->option = item->said;
            option_run(c, item->row, item->arg);
        }
    }
}

bool option_row_info(const OptionRow *table, size_t i, OptionInfo *info)
{
    for (const OptionRow *row = table; row->name || row->group; row++) {
        if (row->handle && !i--) {
            *info = (OptionInfo) { row->name, row->argument, row->help };
            return true;
        }
    }
    return false;
}

bool options_option(size_t i, OptionInfo *info)
{
    return option_row_info(option_rows, i, info);
}

void options_parse(int argc, char **argv, Options *o)
{
    CommandLine c = { .o = o };

    memset(o, 0, sizeof(*o));
    accel_options_default(&o->accel);
    o->escape_key = 1;
    options_list_fill(&c, argc, argv);
    if (names_daemonize(&c)) {
        daemon_begin();                 /* now: messages start threads, which fork() would lose */
    }
    run_all(&c, true);
    run_all(&c, false);
    options_object_finish(&c);
    options_machine_finish(&c);
    options_icount_finish(&c);
    options_block_finish(&c);
    options_virtio_finish(&c);
    options_usb_finish(&c);
    options_nodes_finish(&c);
    options_global_finish(&c);
    options_net_finish(&c);
    options_chardev_finish(&c);
    console_finish(&c);
    options_display_finish(&c);
    if (qemu_log_enabled(LOG_TID) && !log_has_thread_files()) {
        error_exit("-d tid: a file for each thread is one with %%d in its name (-D log-%%d)");
    }
}
