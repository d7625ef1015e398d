/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The properties of -accel tcg: one table, from which the command line is parsed, -accel help, "info accel" and the
 * JSON of the statistics are printed. Main thread, before the CPU threads start; read-only afterwards.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "accel/tcg/cache.h"
#include "accel/tcg/icount.h"
#include "accel/tcg/options.h"
#include "accel/tcg/perfmap.h"
#include "accel/tcg/stats-internal.h"
#include "qemu/log.h"

#ifdef CONFIG_CCACHE_UNIFIED
#define HAVE_UNIFIED true
#else
#define HAVE_UNIFIED false
#endif
#ifdef CONFIG_CCACHE_SEPARATE
#define HAVE_SEPARATE true
#else
#define HAVE_SEPARATE false
#endif
#ifdef CONFIG_TRANSLATOR
#define HAVE_TRANSLATOR true
#else
#define HAVE_TRANSLATOR false
#endif

typedef enum PropertyKind {
    PROP_WORD,          /* bool: the first of two words or the second */
    PROP_NUMBER,        /* uint32_t, from 1 on */
    PROP_FILE,          /* const char *; NULL: none */
    PROP_SWITCH,        /* bool, and the const char * in `file`: off, on, or a file */
} PropertyKind;

typedef struct AccelProperty {
    const char *name;
    PropertyKind kind;
    size_t field, file;         /* in AccelOptions */
    const char *help;
    struct {
        const char *word;
        const char *missing;    /* why it is left out of this build; NULL: it is there */
    } choice[2];
    const char *unit;           /* of a number; NULL: none */
    uint32_t scale, max;        /* the field counts 1/scale units; largest number of units */
    bool zero_is_usual;         /* 0 is what it is without being said */
} AccelProperty;

#define FIELD(f) offsetof(AccelOptions, f)

static const AccelProperty properties[] = {
    { "thread", PROP_WORD, FIELD(thread_single), .choice = { { "multi", NULL }, { "single", NULL } },
      .help = "one host thread per CPU, or one for all of them" },
    { "ccache", PROP_WORD, FIELD(ccache_separate),
      .choice = { { "unified", HAVE_UNIFIED ? NULL : "configure with --ccache=both or --ccache=unified" },
                  { "separate", HAVE_SEPARATE ? NULL : "configure with --ccache=both or --ccache=separate" } },
      .help = "one code cache for all CPUs, or one each" },
    { "backend", PROP_WORD, FIELD(backend_interp),
      .choice = { { "x86_64", HAVE_TRANSLATOR ? NULL : "there is no translator for this host" }, { "interp", NULL } },
      .help = "translate to host code, or interpret the intermediate code" },
    { "exclusive", PROP_WORD, FIELD(exclusive_snapshot), .choice = { { "monitor", NULL }, { "snapshot", NULL } },
      .help = "LDREX/STREX: as the architecture has it, or by comparing values" },
    { "one-insn-per-tb", PROP_WORD, FIELD(one_insn), .choice = { { "off", NULL }, { "on", NULL } },
      .help = "translate each instruction by itself (slow), so that the log shows each" },
    { "split-wx", PROP_WORD, FIELD(split_wx),
      .choice = { { "off", NULL }, { "on", "translated code can be written and executed where it is; leave it out" } },
      .help = "two views of translated code (off is all there is)" },
    { "perfmap", PROP_WORD, FIELD(perfmap), .choice = { { "off", NULL }, { "on", NULL } },
      .help = "name translated code for perf in /tmp/perf-PID.map" },
    { "jitdump", PROP_WORD, FIELD(jitdump), .choice = { { "off", NULL }, { "on", NULL } },
      .help = "copy translated code for perf inject to /tmp/jit-PID.dump" },
    { "tier", PROP_WORD, FIELD(tier2), .choice = { { "1", NULL }, { "2", NULL } },
      .help = "2 (default): loops of one block get a copy that looks at the memory tables once per page" },
    /* Jumps inside the buffer reach 2 GiB; leave room for several buffers. */
    { "tb-size", PROP_NUMBER, FIELD(tb_size_kib), .unit = "MiB", .scale = 1024, .max = 1024, .zero_is_usual = true,
      .help = "size of a code cache (0: the usual one)" },
    { "tb-regions", PROP_NUMBER, FIELD(tb_regions), .scale = 1, .max = CACHE_MAX_REGIONS,
      .help = "evict a full cache by so many parts; 1: all at once" },
    { "stats", PROP_SWITCH, FIELD(stats), FIELD(stats_file),
      .help = "measure times; at exit a summary, or JSON to FILE" },
    { "trace", PROP_FILE, FIELD(trace_file), .help = "at exit a timeline for Perfetto or chrome://tracing" },
    { "trace-size", PROP_NUMBER, FIELD(trace_mib), .unit = "MiB", .scale = 1, .max = 4096,
      .help = "memory for the latest part of it (default 64)" },
};

enum { TRACE_MIB_DEFAULT = 64 };

AccelOptions accel_options;
const TCGBackend *tcg_backend;

static void *field(AccelOptions *o, size_t offset)
{
    return (uint8_t *)o + offset;
}

static const void *const_field(const AccelOptions *o, size_t offset)
{
    return (const uint8_t *)o + offset;
}

void accel_options_default(AccelOptions *o)
{
    *o = (AccelOptions) { .ccache_separate = !HAVE_UNIFIED, .backend_interp = !HAVE_TRANSLATOR, .tier2 = true };
}

static char *set_word(AccelOptions *o, const AccelProperty *p, const char *value)
{
    for (int i = 0; i < 2; i++) {
        if (value && !strcmp(value, p->choice[i].word)) {
            if (p->choice[i].missing) {
                return g_strdup_printf("%s=%s is not built in (%s)", p->name, value, p->choice[i].missing);
            }
            *(bool *)field(o, p->field) = i == 1;
            o->thread_said |= p->field == FIELD(thread_single);
            o->tier_said |= p->field == FIELD(tier2);
            return NULL;
        }
    }
    return g_strdup_printf("%s is '%s' or '%s', not '%s'", p->name, p->choice[0].word, p->choice[1].word,
                           value ? value : "");
}

static char *set_number(AccelOptions *o, const AccelProperty *p, const char *value)
{
    char *end = NULL;
    bool hex = value && (g_str_has_prefix(value, "0x") || g_str_has_prefix(value, "0X"));
    uint64_t n = value && g_ascii_isdigit(*value) ? g_ascii_strtoull(value, &end, hex ? 16 : 10) : 0;

    if (p->zero_is_usual && end && !*end && !n) {
        *(uint32_t *)field(o, p->field) = 0;
        return NULL;
    }
    if (!n || *end || n > p->max) {
        return p->unit ? g_strdup_printf("%s is a number of %s (1 to %u)", p->name, p->unit, p->max)
                       : g_strdup_printf("%s is a number from 1 to %u", p->name, p->max);
    }
    *(uint32_t *)field(o, p->field) = (uint32_t)n * p->scale;
    return NULL;
}

static char *set_file(AccelOptions *o, const AccelProperty *p, const char *value)
{
    if (!value || !*value) {
        return g_strdup_printf("%s needs the name of a file", p->name);
    }
    *(const char **)field(o, p->field) = value;
    return NULL;
}

static char *set_switch(AccelOptions *o, const AccelProperty *p, const char *value)
{
    bool on;

    if (!value || !*value) {
        return g_strdup_printf("%s is 'on', 'off' or a file", p->name);
    }
    on = strcmp(value, "off") != 0;
    *(bool *)field(o, p->field) = on;
    *(const char **)field(o, p->file) = on && strcmp(value, "on") ? value : NULL;
    return NULL;
}

bool accel_option_set(AccelOptions *o, const char *name, const char *value, char **err)
{
    static char *(*const set[])(AccelOptions *o, const AccelProperty *p, const char *value) = {
        [PROP_WORD] = set_word, [PROP_NUMBER] = set_number, [PROP_FILE] = set_file, [PROP_SWITCH] = set_switch,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (!strcmp(name, properties[i].name)) {
            *err = set[properties[i].kind](o, &properties[i], value);
            return !*err;
        }
    }
    *err = g_strdup_printf("unknown property '%s' (-accel help lists those there are)", name);
    return false;
}

void accel_options_help(FILE *f)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(properties); i++) {
        const AccelProperty *p = &properties[i];
        char values[32] = "FILE", left[64], range[40] = "";

        switch (p->kind) {
        case PROP_WORD:
            snprintf(values, sizeof(values), "%s|%s", p->choice[0].word, p->choice[1].word);
            break;
        case PROP_NUMBER:
            snprintf(values, sizeof(values), "%s", p->unit ? p->unit : "N");
            snprintf(range, sizeof(range), " (1 to %u)", p->max);
            break;
        case PROP_SWITCH:
            snprintf(values, sizeof(values), "on|off|FILE");
            break;
        case PROP_FILE:
            break;
        }
        snprintf(left, sizeof(left), "%s=%s", p->name, values);
        fprintf(f, "  %-28s %s%s\n", left, p->help, range);
    }
}

/* What is in effect, without its unit; allocated. */
static char *value_text(const AccelProperty *p)
{
    const void *at = const_field(&accel_options, p->field);
    const char *file;

    switch (p->kind) {
    case PROP_WORD:
        return g_strdup(p->choice[*(const bool *)at].word);
    case PROP_NUMBER:
        return g_strdup_printf("%g", (double)*(const uint32_t *)at / p->scale);
    case PROP_FILE:
        file = *(const char *const *)at;
        return g_strdup(file ? file : "off");
    case PROP_SWITCH:
        file = *(const char *const *)const_field(&accel_options, p->file);
        return g_strdup(file ? file : *(const bool *)at ? "on" : "off");
    }
    abort();
}

void accel_print(FILE *f)
{
    fprintf(f, "accelerator: tcg\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(properties); i++) {
        char *value = value_text(&properties[i]);

        fprintf(f, "%s: %s%s%s\n", properties[i].name, value, properties[i].unit ? " " : "",
                properties[i].unit ? properties[i].unit : "");
        g_free(value);
    }
}

void accel_options_json(FILE *f)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(properties); i++) {
        char *value = value_text(&properties[i]);

        fprintf(f, "%s\"%s\": ", i ? ", " : "", properties[i].name);
        if (properties[i].kind == PROP_NUMBER) {
            fputs(value, f);
        } else {
            stats_json_string(f, value);
        }
        g_free(value);
    }
}

void accel_init(const AccelOptions *o, int num_cpus)
{
    accel_options = *o;
#ifdef CONFIG_TRANSLATOR
    tcg_backend = o->backend_interp ? &tcg_backend_interp : &tcg_backend_x86_64;
#else
    tcg_backend = &tcg_backend_interp;
#endif
    cache_choose(o->ccache_separate);
    if (!o->tb_size_kib) {
        accel_options.tb_size_kib = (uint32_t)(cache_ops->default_bytes >> 10);
    }
    if (!o->tb_regions) {
        accel_options.tb_regions = cache_ops->regions;
    }
    if (!o->trace_mib) {
        accel_options.trace_mib = TRACE_MIB_DEFAULT;
    }
    if ((o->perfmap || o->jitdump) && o->backend_interp) {
        error_exit("-accel tcg,%s=on: the interpreter makes no code", o->perfmap ? "perfmap" : "jitdump");
    }
    if (o->icount.on && o->exclusive_snapshot) {
        error_exit("-accel tcg,exclusive=snapshot is not there with -icount, where reservations are exact (leave it "
                   "out)");
    }
    perfmap_open(o->perfmap, o->jitdump);
    icount_init(&o->icount);
    stats_start(num_cpus);
}
