/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -smp and -m: how many CPUs, how much memory. Given again, they replace what they name. Main thread. */
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

enum { CPUS, MAXCPUS, SOCKETS, CORES, THREADS, DIES, CLUSTERS, SMP_KEYS };

static const char *const smp_keys[SMP_KEYS] = {
    "cpus", "maxcpus", "sockets", "cores", "threads", "dies", "clusters",
};

/* The numbers are a hierarchy: what is left out of sockets, cores and threads is such that their product fits. */
static bool smp_agrees(const uint64_t *value)
{
    uint64_t product = 1, max = value[MAXCPUS] ? value[MAXCPUS] : value[CPUS];
    bool complete = true;

    for (int k = SOCKETS; k <= THREADS; k++) {
        product *= MAX(value[k], 1);
        complete &= value[k] != 0;
    }
    return value[CPUS] <= max && (complete ? product == max : max % product == 0);
}

void option_smp(CommandLine *c, const char *arg)
{
    uint64_t value[SMP_KEYS] = { 0 };
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        const char *text = kv[i].value;
        unsigned k = 0;

        if (!text && i == 0) {
            text = kv[i].key;           /* "-smp 4" is "-smp cpus=4" */
        } else {
            while (k < SMP_KEYS && strcmp(kv[i].key, smp_keys[k])) {
                k++;
            }
        }
        if (k == SMP_KEYS) {
            option_fail(c, arg, "unknown property '%s' (cpus, maxcpus, sockets, cores, threads, dies, clusters)",
                        kv[i].key);
        }
        if (!option_number(text, UINT16_MAX, &value[k]) || !value[k]) {
            option_fail(c, arg, "invalid number of CPUs (1 to %d)", ARM_MAX_CPUS);
        }
    }
    if (value[DIES] > 1 || value[CLUSTERS] > 1) {
        option_fail(c, arg, "the machine has one die and one cluster (1)");
    }
    if (!value[CPUS]) {
        value[CPUS] = value[MAXCPUS] ? value[MAXCPUS]
                                     : MAX(value[SOCKETS], 1) * MAX(value[CORES], 1) * MAX(value[THREADS], 1);
    }
    if (!smp_agrees(value)) {
        option_fail(c, arg, "the numbers contradict each other (sockets x cores x threads = maxcpus >= cpus)");
    }
    c->smp = value[CPUS];
    c->maxcpus = value[MAXCPUS];
    c->smp_text = arg;
}

/* A size; the number of an empty text, or of one that is none, is a mistake. */
static uint64_t memory_size(const CommandLine *c, const char *arg, const char *text, uint64_t unit)
{
    uint64_t size;

    if (!option_size(text, unit, &size)) {
        option_fail(c, arg, "not a size of memory that can be (a number of MiB, or with a suffix K, M or G)");
    }
    return size;
}

void option_memory(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);

    for (int i = 0; kv[i].key; i++) {
        bool bare = !kv[i].value && i == 0;

        if (bare || !strcmp(kv[i].key, "size")) {
            c->ram = memory_size(c, arg, bare ? kv[i].key : kv[i].value, 1ull << 20);
            c->ram_text = arg;
            if (!c->ram) {
                option_fail(c, arg, "the machine needs memory (a number of MiB from 1 on)");
            }
        } else if (!strcmp(kv[i].key, "maxmem")) {
            c->maxmem = memory_size(c, arg, kv[i].value, 1);
            c->maxmem_text = arg;
        } else if (!strcmp(kv[i].key, "slots")) {
            if (!option_number(kv[i].value, 256, &c->slots)) {
                option_fail(c, arg, "slots is a number from 0 to 256");
            }
            c->slots_text = arg;
        } else {
            option_fail(c, arg, "unknown property '%s' (size, slots, maxmem)", kv[i].key);
        }
    }
}

void options_smp_finish(CommandLine *c)
{
    const MachineClass *mc = c->o->mc;
    uint64_t ram = c->ram ? c->ram : mc->default_ram;

    if (c->smp_text && MAX(c->smp, c->maxcpus) > (uint64_t)mc->max_cpus) {
        error_exit("-smp %s: invalid number of CPUs for machine '%s' (1 to %d)", c->smp_text, mc->name, mc->max_cpus);
    }
    c->o->smp = c->smp_text ? (int)c->smp : mc->default_cpus;
    if (c->slots_text && !c->maxmem_text) {
        error_exit("-m %s: slots needs maxmem (no memory is ever plugged in here: leave both out)", c->slots_text);
    }
    if (c->maxmem_text && c->maxmem < ram) {
        error_exit("-m %s: maxmem is less than the size (a number of bytes, or with a suffix K, M or G)",
                   c->maxmem_text);
    }
    if (ram > mc->max_ram) {
        warn_report("-m %s: machine '%s' shows its guest no more than %llu MiB", c->ram_text, mc->name,
                    (unsigned long long)(mc->max_ram >> 20));
        ram = mc->max_ram;
    }
    c->o->ram_size = (uint32_t)((ram + 0xfff) & ~0xfffull);
}
