/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -object: what devices and the machine name later: sources of random numbers, memory. Main thread.
 *
 * Objects are kept as they were given; who takes one by its id reads its properties. What the command line can ask of
 * an object and what changes nothing here is in the table.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"
#include "sysemu/live-options.h"

/* Where memory is on the host, and by how many threads it is taken at the start, is the host's affair. */
#define MEMORY "id=%text !size=%text prealloc=%bool share=%bool merge=%bool dump=%bool reserve=%bool " \
    "prealloc-threads=%number prealloc-context=%text policy=default|preferred|bind|interleave host-nodes=%text " \
    "x-use-canonical-path-for-ramblock-id=%bool"

#define LIMIT(name) " x-" name "=%number x-" name "-max=%number x-" name "-max-length=%number limits." name \
    "=%number limits." name "-max=%number limits." name "-max-length=%number"

static const struct ObjectType {
    const char *name, *properties;      /* as in options-rules.c */
    const char *help;
} types[] = {
    { "rng-random", "id=%text filename=%text", "random numbers from a file, /dev/urandom" },
    { "rng-builtin", "id=%text", "random numbers of the host's kernel" },
    { "memory-backend-ram", MEMORY, "the machine's memory, as without it" },
    { "memory-backend-memfd", MEMORY " hugetlb=off seal=%bool", "the machine's memory, which /proc/PID/fd shows" },
    { "memory-backend-file", MEMORY " !mem-path=%text align=%text discard-data=%bool pmem=off readonly=off",
      "the machine's memory in a file" },
    { "filter-dump", "id=%text !netdev=%text !file=%text maxlen=%number queue=all|rx|tx status=on position=head|tail "
      "insert=before|behind vnet_hdr_support=off", "a network's frames, into a file for Wireshark or tcpdump" },
    { "throttle-group", "id=%text x-iops-size=%number limits.iops-size=%number" LIMIT("bps-total") LIMIT("bps-read")
      LIMIT("bps-write") LIMIT("iops-total") LIMIT("iops-read") LIMIT("iops-write"),
      "limits of speed that disks share" },
    { "secret", "id=%text data=%text file=%text format=raw|base64", "a password, for -vnc ...,password-secret=ID" },
    { "iothread", "id=%text poll-max-ns=%number poll-grow=%number poll-shrink=%number aio-max-batch=%number "
      "thread-pool-min=%number thread-pool-max=%number", "changes nothing: disks have threads of their own" },
    { "main-loop", "id=%text aio-max-batch=%number thread-pool-min=%number thread-pool-max=%number",
      "changes nothing: the main loop has no pool of threads" },
    { "thread-context", "id=%text cpu-affinity=%text node-affinity=%text",
      "changes nothing: the host places threads (taskset)" },
};

typedef struct Object {
    const struct ObjectType *type;
    const char *said, *id;
    KeyValue *properties;
    const char *secret;                 /* of a secret, decoded */
    bool used;                          /* a device or the machine has it, to the end */
} Object;

static GArray *objects;                 /* of Object */

static _Noreturn void object_help(void)
{
    printf("-object TYPE,id=ID[,PROPERTY=VALUE...]\n");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        printf("%-21s %s\n", types[i].name, types[i].help);
    }
    printf("Use: -device virtio-rng-device,rng=ID; -machine memory-backend=ID\n"
           "Memory: size=SIZE, prealloc=on|off, share=on|off; memory-backend-file: mem-path=FILE\n"
           "rng-random: filename=FILE\n"
           "secret: data=TEXT or file=FILE, format=raw|base64\n"
           "throttle-group: x-LIMIT=NUMBER as -drive's throttling.LIMIT; -drive ...,throttling.group=ID, or -blockdev\n"
           "             throttle,throttle-group=ID,file=NODE,...\n"
           "filter-dump: netdev=ID (of -netdev or -nic), file=FILE, maxlen=BYTES of a frame (65536),\n"
           "             queue=all|rx|tx: all frames, those of the guest, those for the guest\n");
    exit(0);
}

/* "-object TYPE,help" */
static _Noreturn void type_help(const struct ObjectType *type)
{
    OptionInfo info;

    printf("%s: %s\n", type->name, type->help);
    for (size_t n = 0; options_object_property((size_t)(type - types), n, &info); n++) {
        printf("  %s=\n", info.name);
    }
    exit(0);
}

bool options_object_type(size_t i, OptionInfo *info)
{
    if (i < G_N_ELEMENTS(types)) {
        *info = (OptionInfo) { types[i].name, NULL, types[i].help };
    }
    return i < G_N_ELEMENTS(types);
}

bool options_object_property(size_t i, size_t n, OptionInfo *info)
{
    g_auto(GStrv) rules = g_strsplit(types[i].properties, " ", 0);
    const char *rule;

    if (n >= g_strv_length(rules)) {
        return false;
    }
    rule = rules[n] + (*rules[n] == '!');
    g_autofree char *name = g_strndup(rule, strcspn(rule, "="));
    *info = (OptionInfo) { g_intern_string(name), NULL, NULL };
    return true;
}

static const char *property(const Object *object, const char *name)
{
    const char *value = NULL;

    for (const KeyValue *kv = object->properties; kv->key; kv++) {
        value = strcmp(kv->key, name) ? value : kv->value ? kv->value : "on";
    }
    return value;
}

static Object *find(const char *id)
{
    for (guint i = 0; objects && i < objects->len; i++) {
        Object *object = &g_array_index(objects, Object, i);

        if (!strcmp(object->id, id)) {
            return object;
        }
    }
    return NULL;
}

/* What the object keeps: of its data or its file, decoded. */
static char *secret_text(CommandLine *c, const char *arg, const Object *object)
{
    const char *data = property(object, "data"), *file = property(object, "file");
    const char *format = property(object, "format");
    GError *error = NULL;
    char *text;
    gsize bytes;

    if (!data == !file) {
        option_fail(c, arg, "a secret has either data= or file=");
    }
    if (data) {
        text = g_strdup(data);
    } else if (!g_file_get_contents(file, &text, NULL, &error)) {
        option_fail(c, arg, "%s", error->message);
    }
    if (format && !strcmp(format, "base64")) {
        g_base64_decode_inplace(text, &bytes);
        text = g_strndup(text, bytes);
    }
    return text;
}

static void make_throttle_group(CommandLine *c, const char *arg, const Object *object)
{
    ThrottleConfig config;
    const char *problem;

    throttle_config_init(&config);
    for (const KeyValue *kv = object->properties; kv->key; kv++) {
        const char *name = kv->key + strcspn(kv->key, "-.") + 1;        /* behind "x-" or "limits." */

        if (strcmp(kv->key, "id")) {
            block_option_throttle(c, arg, &config, name, kv->value);
        }
    }
    problem = throttle_config_problem(&config);
    if (problem) {
        option_fail(c, arg, "%s", problem);
    }
    throttle_group_set(object->id, &config);
}

/* Mistakes are told though nobody has the object yet. */
static void check_values(CommandLine *c, const char *arg, const Object *object)
{
    const char *file = !strcmp(object->type->name, "rng-random") ? property(object, "filename") : NULL;
    uint64_t size;

    if (g_str_has_prefix(object->type->name, "memory-backend-")
        && (!option_size(property(object, "size"), 1, &size) || !size)) {
        option_fail(c, arg, "size is a number of bytes, or with a suffix K, M or G");
    }
    if (file && access(file, R_OK) < 0) {
        option_fail(c, arg, "%s: %s", file, strerror(errno));
    }
}

void option_object(CommandLine *c, const char *arg)
{
    const char *plain = option_plain(c, arg, "qom-type");
    KeyValue *kv = option_split(c, plain);
    const char *name = kv[0].value && !strcmp(kv[0].key, "qom-type") ? kv[0].value : kv[0].key;
    Object object = { .said = g_strdup_printf("%s %s", c->option, arg), .properties = kv + 1 };
    const char *comma = strchr(plain, ',');
    char *problem;

    if (option_is_help(name)) {
        object_help();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        object.type = strcmp(types[i].name, name) ? object.type : &types[i];
    }
    if (object.type && comma && option_is_help(comma + 1)) {
        type_help(object.type);
    }
    if (!object.type) {
        option_fail(c, arg, "there are no objects of type '%s' (-object help lists those there are)", name);
    }
    problem = comma ? option_problem(c, object.type->properties, comma + 1) : NULL;
    if (problem) {
        option_fail(c, arg, "%s", problem);
    }
    option_check_id(c, arg, kv);
    object.id = property(&object, "id");
    if (!object.id || find(object.id)) {
        option_fail(c, arg, object.id ? "there is another object '%s'" : "id= is missing", object.id);
    }
    check_values(c, arg, &object);
    if (!strcmp(name, "secret")) {
        object.secret = secret_text(c, arg, &object);
    }
    if (!strcmp(name, "throttle-group")) {
        make_throttle_group(c, arg, &object);
    }
    if (!objects) {
        objects = g_array_new(FALSE, FALSE, sizeof(Object));
    }
    g_array_append_val(objects, object);
}

const char *options_object_rng(const char *id, const char **said)
{
    Object *object = find(id);
    const char *file;

    if (!object || !g_str_has_prefix(object->type->name, "rng-")) {
        return NULL;
    }
    *said = object->said;
    object->used = true;
    file = property(object, "filename");
    return strcmp(object->type->name, "rng-random") ? "" : file ? file : "/dev/urandom";
}

const char *options_object_secret(const char *id)
{
    const Object *object = find(id);

    return object ? object->secret : NULL;
}

static bool is_on(const Object *object, const char *name, bool otherwise)
{
    const char *value = property(object, name);

    return value ? *value == 'y' || *value == 't' || !strcmp(value, "on") : otherwise;
}

void option_mem_path(CommandLine *c, const char *arg)
{
    struct stat st;

    if (!*arg || (!stat(arg, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))) {
        option_fail(c, *arg ? arg : "''", "a file, which is made if there is none, or a directory is expected");
    }
    c->o->memory.kind = MEMORY_FILE;
    c->o->memory.path = arg;
    c->o->memory.said = g_strdup_printf("%s %s", c->option, arg);
}

/* The machine's property memory-backend. */
void option_memory_backend(CommandLine *c, const char *arg)
{
    c->memory_backend = arg;
}

/* What a filter-dump says. NULL, or what is wrong (g_free()). */
static char *dump_options(const Object *object, NetDumpOptions *dump)
{
    const char *max = property(object, "maxlen"), *queue = property(object, "queue");
    uint64_t number = NET_DUMP_WHOLE;

    if (max && (!option_number(max, UINT32_MAX, &number) || !number)) {
        return g_strdup_printf("maxlen is a number of bytes from 1 to %" PRIu32, UINT32_MAX);
    }
    *dump = (NetDumpOptions) { .id = object->id, .file = property(object, "file"), .max = (uint32_t)number,
                               .only_sent = queue && !strcmp(queue, "rx"),
                               .only_received = queue && !strcmp(queue, "tx") };
    return NULL;
}

static void finish_dump(const Object *object)
{
    const char *net = property(object, "netdev");
    NetDumpOptions dump;
    NetOptions *to = options_net_find(net);
    char *problem = dump_options(object, &dump);

    if (problem) {
        error_exit("%s: %s", object->said, problem);
    }
    if (!to) {
        error_exit("%s: there is no network '%s' (-netdev user,id=%s makes one)", object->said, net, net);
    }
    if (to->dumps == NET_MAX_DUMPS) {
        error_exit("%s: a network has %d dumps at most", object->said, NET_MAX_DUMPS);
    }
    to->dump[to->dumps++] = dump;
}

/* Before networks are given to cards. */
static void finish_dumps(void)
{
    for (guint i = 0; objects && i < objects->len; i++) {
        const Object *object = &g_array_index(objects, Object, i);

        if (!strcmp(object->type->name, "filter-dump")) {
            finish_dump(object);
        }
    }
}

void options_object_finish(CommandLine *c)
{
    Object *object = c->memory_backend ? find(c->memory_backend) : NULL;
    GuestMemory *m = &c->o->memory;
    uint64_t size;

    finish_dumps();
    if (!c->memory_backend) {
        return;
    }
    if (!object || !g_str_has_prefix(object->type->name, "memory-backend-")) {
        error_exit("-machine memory-backend=%s: there is no -object memory-backend-ram,id=%s,size=SIZE or the like",
                   c->memory_backend, c->memory_backend);
    }
    option_size(property(object, "size"), 1, &size);
    if (c->ram && c->ram != size) {
        error_exit("%s: -m says another size", object->said);
    }
    c->ram = size;
    c->ram_text = property(object, "size");
    m->kind = !strcmp(object->type->name, "memory-backend-file") ? MEMORY_FILE :
              !strcmp(object->type->name, "memory-backend-memfd") ? MEMORY_MEMFD : MEMORY_ANONYMOUS;
    m->path = property(object, "mem-path");
    m->said = object->said;
    object->used = true;
    m->share = is_on(object, "share", m->kind == MEMORY_MEMFD);
    c->o->mem_prealloc |= is_on(object, "prealloc", false);
}

/* ---- while the machine runs ---- */

static char *start_dump(const Object *object)
{
    const char *name = property(object, "netdev");
    NetBackend *net = NULL;
    NetDumpOptions dump;
    char *problem = dump_options(object, &dump);

    while ((net = net_next(net)) != NULL && strcmp(net_id(net), name)) {
    }
    if (!problem && !net) {
        problem = g_strdup_printf("netdev '%s' not found", name);
    }
    return problem ? problem : net_dump_add(net, &dump);
}

char *options_object_start(void)
{
    const Object *object = &g_array_index(objects, Object, objects->len - 1);
    char *problem = !strcmp(object->type->name, "filter-dump") ? start_dump(object) : NULL;

    if (problem) {
        g_array_set_size(objects, objects->len - 1);
    }
    return problem;
}

char *options_object_delete(const char *id)
{
    Object *object = find(id);

    if (!object) {
        return g_strdup_printf("object '%s' not found", id);
    }
    if (object->used || (!strcmp(object->type->name, "throttle-group") && throttle_group_used(id))) {
        return g_strdup_printf("object '%s' is in use, can not be deleted", id);
    }
    if (!strcmp(object->type->name, "filter-dump")) {
        net_dump_remove(id);
    }
    g_array_remove_index(objects, (guint)(object - &g_array_index(objects, Object, 0)));
    return NULL;
}

/* Number i of those whose type's name begins like that; NULL: there are no more. */
static const Object *of_type(const char *prefix, unsigned i)
{
    for (guint n = 0; objects && n < objects->len; n++) {
        const Object *object = &g_array_index(objects, Object, n);

        if (g_str_has_prefix(object->type->name, prefix) && !i--) {
            return object;
        }
    }
    return NULL;
}

bool live_memory_backend(unsigned i, LiveMemory *memory)
{
    const Object *object = of_type("memory-backend-", i);

    if (object) {
        *memory = (LiveMemory) {
            .id = object->id, .prealloc = is_on(object, "prealloc", false),
            .share = is_on(object, "share", !strcmp(object->type->name, "memory-backend-memfd")),
            .merge = is_on(object, "merge", true), .dump = is_on(object, "dump", true),
        };
        option_size(property(object, "size"), 1, &memory->bytes);
    }
    return object;
}

const char *live_iothread(unsigned i)
{
    const Object *object = of_type("iothread", i);

    return object ? object->id : NULL;
}

LiveObject live_object(unsigned i)
{
    const Object *object = of_type("", i);

    return object ? (LiveObject) { object->id, object->type->name } : (LiveObject) { NULL, NULL };
}

/* By its rule: "name=%bool", "!name=%text" and so on. */
static const char *kind_of(const char *rules, const char *name)
{
    g_auto(GStrv) list = g_strsplit(rules, " ", 0);

    for (char **rule = list; *rule; rule++) {
        const char *key = *rule + (**rule == '!'), *is = strchr(key, '=');

        if (is && strlen(name) == (size_t)(is - key) && !strncmp(key, name, (size_t)(is - key))) {
            return !strcmp(is, "=%bool") ? "bool" : !strcmp(is, "=%number") ? "int" : "string";
        }
    }
    return "string";
}

bool live_object_property(unsigned i, unsigned n, LiveProperty *p)
{
    const Object *object = of_type("", i);

    for (const KeyValue *kv = object->properties; kv->key; kv++) {
        const bool hidden = !strcmp(kv->key, "id") || object->secret;   /* what a secret is made from is one, too */

        if (!hidden && !n--) {
            *p = (LiveProperty) { kv->key, kv->value ? kv->value : "on", kind_of(object->type->properties, kv->key) };
            return true;
        }
    }
    return false;
}
