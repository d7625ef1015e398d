/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -machine, -cpu, -accel, -smp and -m: what machine is built and how it is run. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

typedef struct CPUModel {
    const char *name, *desc;
} CPUModel;

static const CPUModel cpu_models[] = {
    { "arm11mpcore", "ARM11 MPCore r0p2 (ARMv6K, VFPv2)" },
};

static void machine_help(void)
{
    const MachineClass *const *list = machine_list();

    printf("Supported machines are:\n");
    for (; *list; list++) {
        printf("%-20s %s\n", (*list)->name, (*list)->desc);
    }
    printf("\nProperties:\n  %-28s %s\n", "secondary=pen|entry",
           "where the CPUs but the first start: in a pen, or like the first");
    printf("  %-28s %s\n", "", "(default: pen for Linux images, else entry)");
    exit(0);
}

static SecondaryStart secondary_start(CommandLine *c, const char *arg, const char *value)
{
    if (value && !strcmp(value, "pen")) {
        return SECONDARY_PEN;
    }
    if (!value || strcmp(value, "entry")) {
        option_fail(c, arg, "secondary is 'pen' or 'entry', not '%s'", value ? value : "");
    }
    return SECONDARY_ENTRY;
}

void option_machine(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        const char *value = kv[i].value;

        if (!value && (i == 0 || option_is_help(kv[i].key))) {
            if (option_is_help(kv[i].key)) {
                machine_help();
            }
            c->machine = kv[i].key;
        } else if (!strcmp(kv[i].key, "type")) {
            if (!value || option_is_help(value)) {
                machine_help();
            }
            c->machine = value;
        } else if (!strcmp(kv[i].key, "accel")) {
            if (!value || strcmp(value, "tcg")) {
                option_fail(c, arg, "unknown accelerator '%s' (tcg)", value ? value : "");
            }
        } else if (!strcmp(kv[i].key, "secondary")) {
            c->o->secondary = secondary_start(c, arg, value);
        } else if (option_is_help(kv[i].key)) {
            machine_help();
        } else {
            option_fail(c, arg, "unknown machine property '%s' (type, accel, secondary)", kv[i].key);
        }
    }
    if (c->machine && !machine_find(c->machine)) {
        option_fail(c, c->machine, "unsupported machine type (-machine help lists those there are)");
    }
}

void option_cpu(CommandLine *c, const char *arg)
{
    KeyValue *kv;

    if (option_is_help(arg)) {
        printf("Available CPUs:\n");
        for (unsigned i = 0; i < G_N_ELEMENTS(cpu_models); i++) {
            printf("  %-16s %s\n", cpu_models[i].name, cpu_models[i].desc);
        }
        exit(0);
    }
    kv = option_split(c, arg);
    if (kv[1].key) {
        option_fail(c, arg, "unknown CPU property '%s' (there are none)", kv[1].key);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(cpu_models); i++) {
        if (!strcmp(kv[0].key, cpu_models[i].name) && !kv[0].value) {
            c->cpu = cpu_models[i].name;
            return;
        }
    }
    option_fail(c, arg, "unable to find the CPU model (-cpu help lists those there are)");
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
    char *err = NULL;

    if (option_is_help(kv[0].key)) {
        accel_help();
    }
    if (strcmp(kv[0].value ? kv[0].value : kv[0].key, "tcg") || (kv[0].value && strcmp(kv[0].key, "accel"))) {
        option_fail(c, arg, "unknown accelerator (tcg)");
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

void option_smp(CommandLine *c, const char *arg)
{
    static const char *const keys[] = { "cpus", "maxcpus", "sockets", "cores", "threads" };
    uint64_t value[G_N_ELEMENTS(keys)] = { 0 }, topology;
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        const char *text = kv[i].value;
        unsigned k = 0;

        if (!text && i == 0) {
            text = kv[i].key;           /* "-smp 4" is "-smp cpus=4" */
        } else {
            while (k < G_N_ELEMENTS(keys) && strcmp(kv[i].key, keys[k])) {
                k++;
            }
        }
        if (k == G_N_ELEMENTS(keys)) {
            option_fail(c, arg, "unknown property '%s' (cpus, maxcpus, sockets, cores, threads)", kv[i].key);
        }
        if (!option_number(text, UINT16_MAX, &value[k]) || !value[k]) {
            option_fail(c, arg, "invalid number of CPUs (1 to %d)", ARM_MAX_CPUS);
        }
    }
    topology = MAX(value[2], 1) * MAX(value[3], 1) * MAX(value[4], 1);
    if (!value[0]) {
        value[0] = topology;
    }
    if ((value[1] && value[1] < value[0]) || (topology > 1 && topology != MAX(value[0], value[1]))) {
        option_fail(c, arg, "the numbers contradict each other (sockets x cores x threads = maxcpus >= cpus)");
    }
    c->smp = value[0];
    c->smp_text = arg;
}

void option_memory(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    const char *text = NULL;

    for (int i = 0; kv[i].key; i++) {
        if (!kv[i].value && i == 0) {
            text = kv[i].key;
        } else if (!strcmp(kv[i].key, "size")) {
            text = kv[i].value;
        } else {
            option_fail(c, arg, "unknown property '%s' (size)", kv[i].key);
        }
    }
    if (!option_size(text, 1ull << 20, &c->ram)) {
        option_fail(c, arg, "not a size of memory that can be (a number of MiB, or with a suffix K, M or G)");
    }
    if (!c->ram) {
        option_fail(c, arg, "the machine needs memory (a number of MiB from 1 on)");
    }
    c->ram_text = arg;
}

void options_machine_finish(CommandLine *c)
{
    const MachineClass *mc;
    uint64_t ram;

    if (!c->machine) {
        error_exit("no machine specified (-machine help lists those there are)");
    }
    mc = machine_find(c->machine);
    c->o->mc = mc;
    if (c->cpu && strcmp(c->cpu, mc->default_cpu)) {
        error_exit("-cpu %s: machine '%s' has CPUs of another kind (%s)", c->cpu, mc->name, mc->default_cpu);
    }
    if (c->smp_text && (c->smp < 1 || c->smp > (uint64_t)mc->max_cpus)) {
        error_exit("-smp %s: invalid number of CPUs for machine '%s' (1 to %d)", c->smp_text, mc->name, mc->max_cpus);
    }
    c->o->smp = c->smp_text ? (int)c->smp : mc->default_cpus;
    ram = c->ram_text ? c->ram : mc->default_ram;
    if (ram > mc->max_ram) {
        warn_report("-m %s: machine '%s' shows its guest no more than %llu MiB", c->ram_text, mc->name,
                    (unsigned long long)(mc->max_ram >> 20));
        ram = mc->max_ram;
    }
    c->o->ram_size = (uint32_t)((ram + 0xfff) & ~0xfffull);
}
