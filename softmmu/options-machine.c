/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -machine, -cpu and -accel: what machine is built and how it is run. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"
#include "target/arm/cpu-model.h"

/* The name of an accelerator; the first that there is counts. */
static void accel_choose(CommandLine *c, const char *name)
{
    if (!strcmp(name, "tcg")) {
        c->accel_found = true;
    } else if (!c->accel_found && !c->accel_missing) {
        c->accel_missing = name;
    }
}

/* "accel=kvm:tcg" */
static void machine_accel(CommandLine *c, const char *arg)
{
    char **names = g_strsplit(arg, ":", 0);

    for (int i = 0; names[i]; i++) {
        accel_choose(c, names[i]);      /* keeps the name */
    }
}

static void machine_secondary(CommandLine *c, const char *arg)
{
    if (!strcmp(arg, "pen")) {
        c->o->secondary = SECONDARY_PEN;
    } else if (!strcmp(arg, "entry")) {
        c->o->secondary = SECONDARY_ENTRY;
    } else {
        option_fail(c, arg, "secondary is 'pen' or 'entry', not '%s'", arg);
    }
}

/* The position of eight switches, called NAME. */
static uint8_t machine_switches(CommandLine *c, const char *name, const char *arg)
{
    uint64_t n;

    if (!option_number(arg, UINT8_MAX, &n)) {
        option_fail(c, arg, "%s is a number of 8 bits, not '%s'", name, arg);
    }
    return (uint8_t)n;
}

static void machine_user_switches(CommandLine *c, const char *arg)
{
    c->o->user_switches = machine_switches(c, "user-switches", arg);
}

static void machine_boot_switches(CommandLine *c, const char *arg)
{
    c->o->boot_switches = machine_switches(c, "boot-switches", arg);
}

static void machine_dumpdtb(CommandLine *c, const char *arg)
{
    if (!*arg) {
        option_fail(c, "''", "the file's name is empty");
    }
    c->o->dumpdtb = arg;
}

static void machine_type(CommandLine *c, const char *arg);

/* Some say what another option says; some are for hosts and guests that others have. */
static const OptionRow machine_properties[] = {
    { "type", "NAME", .handle = machine_type, .help = "the machine (as without 'type=')" },
    { "accel", "tcg", .handle = machine_accel,
      .help = "as -accel; several names with colons: the first that there is" },
    { "kernel", "FILE", .handle = option_kernel, .help = "as -kernel" },
    { "initrd", "FILE", .handle = option_initrd, .help = "as -initrd" },
    { "dtb", "FILE|builtin", .handle = option_dtb, .help = "as -dtb" },
    { "append", "TEXT", .handle = option_append, .help = "as -append" },
    { "secondary", "pen|entry", .handle = machine_secondary,
      .help = "where the CPUs but the first start: in a pen, or like the first (default: pen for Linux images)" },
    { "user-switches", "NUMBER", .handle = machine_user_switches,
      .help = "the board's eight switches for programs, which SYS_SW shows (default: 0, all off)" },
    { "boot-switches", "NUMBER", .handle = machine_boot_switches,
      .help = "the board's eight boot switches, for programs that look at SYS_BOOTCS (default: 0, all off)" },
    { "usb", "on|off", .accepts = "on off", .help = "changes nothing: the board has USB anyway" },
    { "graphics", "on|off", .accepts = "on off", .help = "changes nothing: the screen is there, shown or not" },
    { "dump-guest-core", "on|off", .accepts = "on off", .help = "changes nothing: core files are the host's affair" },
    { "mem-merge", "on|off", .accepts = "on off", .help = "changes nothing: the host merges pages or not" },
    { "suppress-vmdesc", "on|off", .accepts = "on off", .help = "changes nothing: nothing migrates" },
    { "kernel-irqchip", "on|off|split", .accepts = "on off split", .help = "changes nothing: it is for KVM" },
    { "kvm-shadow-mem", "SIZE", .accepts = "%any", .help = "changes nothing: it is for KVM" },
    { "igd-passthru", "on|off", .accepts = "on off", .help = "changes nothing: it is for Xen" },
    { "firmware", "FILE", .warns = "%any", .instead = "there is no firmware; use -device loader" },
    { "dumpdtb", "FILE", .handle = machine_dumpdtb,
      .help = "write the device tree that the guest would get to a file, and end" },
    { "dt-compatible", "TEXT", .warns = "%any", .instead = "give a tree of your own by -dtb FILE" },
    { "phandle-start", "NUMBER", .warns = "%number", .instead = "give a tree of your own by -dtb FILE" },
    { "memory-backend", "ID", .handle = option_memory_backend, .help = "the memory is that object (-object help)" },
    { "memory-encryption", "ID", .instead = "guest memory is not encrypted; leave it out" },
    { "confidential-guest-support", "ID", .instead = "guest memory is not encrypted; leave it out" },
    { "smp", "...", .instead = "say smp.cpus= and the like, or use -smp" },
    { "memory", "...", .instead = "say memory.size= and the like, or use -m" },
    { "boot", "...", .instead = "say boot.order= and the like, or use -boot" },
    { .name = NULL },
};

static void machine_help(void)
{
    const MachineClass *const *list = machine_list();

    printf("Supported machines are:\n");
    for (; *list; list++) {
        printf("%-20s %s\n", (*list)->name, (*list)->desc);
    }
    printf("\nProperties:\n");
    for (const OptionRow *row = machine_properties; row->name; row++) {
        option_print_row("  ", row, "=");
    }
    exit(0);
}

static void machine_type(CommandLine *c, const char *arg)
{
    if (option_is_help(arg)) {
        machine_help();
    }
    c->machine = arg;
}

bool options_machine_property(size_t i, OptionInfo *info)
{
    return option_row_info(machine_properties, i, info);
}

/*
 * "smp.cpus=2" is an item of -smp; the items of one -machine are one option. `other` has what they have come to: row by
 * row the option, the group's name, and the key of -m that has another name there.
 */
static struct { const char *option, *group, *key, *key_there; GString *arg; } other[] = {
    { "smp", "smp.", NULL, NULL, NULL }, { "m", "memory.", "max-size", "maxmem", NULL },
    { "boot", "boot.", NULL, NULL, NULL },
};

/* False: the property is none of these. */
static bool other_option(const CommandLine *c, const KeyValue *kv)
{
    for (size_t i = 0; i < G_N_ELEMENTS(other); i++) {
        const char *key = kv->key + strlen(other[i].group);

        if (!g_str_has_prefix(kv->key, other[i].group) || !*key || !kv->value) {
            continue;
        }
        g_autofree char *value = option_escape(kv->value);

        if (!other[i].arg) {
            other[i].arg = g_string_new(NULL);
        }
        g_string_append_printf(other[i].arg, "%s%s=%s", other[i].arg->len ? "," : "",
                               g_strcmp0(key, other[i].key) ? key : other[i].key_there, value);
        return true;
    }
    return false;
}

static void run_other_options(CommandLine *c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(other); i++) {
        if (other[i].arg) {
            const char *option = c->option;

            c->option = g_strdup_printf("%s, -%s", option, other[i].option);
            option_run(c, option_find(other[i].option), g_string_free(other[i].arg, FALSE));
            c->option = option;
            other[i].arg = NULL;
        }
    }
}

static void machine_property(CommandLine *c, const char *arg, const KeyValue *kv)
{
    const char *option = c->option;

    if (other_option(c, kv)) {
        return;
    }
    for (const OptionRow *row = machine_properties; row->name; row++) {
        size_t n = strlen(row->name);

        /* "smp.cpus" belongs to the row "smp" */
        if (!strncmp(kv->key, row->name, n) && (!kv->key[n] || kv->key[n] == '.')) {
            c->option = g_strdup_printf("%s %s", option, row->name);
            option_run(c, row, kv->value ? kv->value : row->accepts ? "on" : "");
            c->option = option;
            return;
        }
    }
    option_fail(c, arg, "unknown machine property '%s' (-machine help lists those there are)", kv->key);
}

void option_machine(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        if (!kv[i].value && option_is_help(kv[i].key)) {
            machine_help();
        } else if (!kv[i].value && i == 0) {
            c->machine = kv[i].key;
        } else {
            machine_property(c, arg, &kv[i]);
        }
    }
    run_other_options(c);
    if (c->machine && !machine_find(c->machine)) {
        option_fail(c, c->machine, "unsupported machine type (-machine help lists those there are)");
    }
}

void option_cpu(CommandLine *c, const char *arg)
{
    KeyValue *kv;

    if (option_is_help(arg)) {
        printf("Available CPUs:\n");
        for (unsigned i = 0; arm_cpu_models[i]; i++) {
            printf("  %-16s %s\n", arm_cpu_models[i]->name, arm_cpu_models[i]->desc);
        }
        exit(0);
    }
    kv = option_split(c, arg);
    for (int i = 1; kv[i].key; i++) {
        static const char as_it_is[] = "vfp=on|true|yes cfgend=off|false|no reset-hivecs=off|false|no";
        char *problem = option_problem(c, as_it_is, arg + strlen(kv[0].key) + 1);

        if (problem) {
            option_fail(c, arg, "the CPU is as it is: %s", problem);
        }
    }
    c->o->cpu = kv[0].value ? NULL : arm_cpu_model_find(kv[0].key);
    if (!c->o->cpu) {
        option_fail(c, arg, "unable to find the CPU model (-cpu help lists those there are)");
    }
}

static void accel_help(void)
{
    printf("Accelerators supported:\ntcg\n\nProperties of tcg:\n");
    accel_options_help(stdout);
    exit(0);
}

void option_accel(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    const char *name;
    char *err = NULL;

    if (option_is_help(kv[0].key)) {
        accel_help();
    }
    if (kv[0].value && strcmp(kv[0].key, "accel")) {
        option_fail(c, arg, "the accelerator's name comes first (tcg)");
    }
    name = kv[0].value ? kv[0].value : kv[0].key;
    accel_choose(c, name);
    if (strcmp(name, "tcg")) {
        return;                         /* its properties are unknown here */
    }
    for (int i = 1; kv[i].key; i++) {
        if (option_is_help(kv[i].key)) {
            accel_help();
        }
        if (!accel_option_set(&c->o->accel, kv[i].key, kv[i].value, &err)) {
            option_fail(c, arg, "%s", err);
        }
    }
}

void options_machine_finish(CommandLine *c)
{
    const MachineClass *mc;

    if (!c->machine) {
        error_exit("no machine specified (-machine help lists those there are)");
    }
    mc = machine_find(c->machine);
    c->o->mc = mc;
    if (c->o->cpu && strcmp(c->o->cpu->name, mc->default_cpu)) {
        error_exit("-cpu %s: machine '%s' has CPUs of another kind (%s)", c->o->cpu->name, mc->name, mc->default_cpu);
    }
    c->o->cpu = arm_cpu_model_find(mc->default_cpu);
    if (c->accel_missing && !c->accel_found) {
        error_exit("-accel %s: there is no such accelerator here (tcg)", c->accel_missing);
    }
    if (c->accel_missing) {
        warn_report("-accel %s: there is no such accelerator here, falling back to tcg", c->accel_missing);
    }
    options_smp_finish(c);
}
