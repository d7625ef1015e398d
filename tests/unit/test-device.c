/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices as such: their list, and their state as bytes. All devices of the board are driven by random writes, saved,
 * driven on, and loaded: registers, lines and what is planned are as before. The clock stands still.
 */
#define _GNU_SOURCE             /* memmem */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <glib.h>
#include "device-stubs.h"
#include "fake-block.h"
#include "fake-clock.h"
#include "fake-io.h"
#include "hw/arm/realview-eb.h"
#include "hw/device.h"
#include "hw/usb/usb-devices.h"

/* The host's clock stands still, too: the real-time clock's state has the second of its last plan. */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
    *ts = (struct timespec) { .tv_sec = 1000000000 };
    return 0;
}

typedef struct Bytes {
    char *p;
    size_t n;
} Bytes;

static Bytes save(Device *d)
{
    Bytes b = { NULL, 0 };
    FILE *f = open_memstream(&b.p, &b.n);

    ok(device_save(d, f), "%s: saved", d->name);
    fclose(f);
    return b;
}

/* NULL: loaded; else the message, which the caller frees. */
static char *load(Device *d, const void *p, size_t n)
{
    FILE *f = fmemopen((void *)(uintptr_t)p, n, "rb");
    char *err = NULL;

    if (device_load(d, f, &err) == (err != NULL)) {
        ok(false, "%s: a message if and only if it fails", d->name);
    }
    fclose(f);
    return err;
}

static bool same(Bytes a, Bytes b)
{
    return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

/* ---- the board ---- */

enum { PER_DEVICE = 0x2000 / 4, MAX_ROWS = 64, CPUS = 4 };

static uint32_t seed;

static uint32_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* Reading pops something, or shows the host's time. */
static bool reads_pop(const RealviewDevice *d, uint32_t offset)
{
    return (!strncmp(d->name, "uart", 4) && offset < 8) || (!strcmp(d->name, "ssp") && offset == 8) ||
           (!strncmp(d->name, "kmi", 3) && offset == 8) ||
           (!strcmp(d->name, "charlcd") && offset < 8) ||
           (!strcmp(d->name, "aaci") && offset >= 0x50 && offset < 0x110) ||
           (!strcmp(d->name, "gic-cpu") && (offset & 0xff) == 0xc) ||
           (!strncmp(d->name, "kmi", 3) && offset == 8) || (!strcmp(d->name, "compactflash") && offset == 0) ||
           (!strcmp(d->name, "usb") && (offset >= 0x400 || (offset >= 0x130 && offset < 0x160))) ||
           (!strncmp(d->name, "fpga-gic", 8) && offset == 0xc) || (!strcmp(d->name, "rtc") && offset == 0);
}

static uint32_t words_of(const RealviewDevice *d)
{
    return d->size < 0x2000 ? d->size / 4 : PER_DEVICE;
}

static void drive(uint32_t with)
{
    seed = with;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < realview_eb_num_devices; i++) {
            const RealviewDevice *d = &realview_eb_devices[i];

            for (uint32_t w = 0; d->present && w < words_of(d); w++) {
                uint32_t mask = random_word() & 1 ? UINT32_MAX : 0xff;

                reg_write_as(random_word() % CPUS, d->base + 4 * w, random_word() & mask, 4);
            }
        }
    }
}

/* What was begun ends: saving waits for that, and it shows. */
static void settle(const MachineState *m)
{
    unsigned done;

    do {
        done = fake_io_run();
        for (unsigned i = 0; i < MACHINE_DRIVES; i++) {
            done += fake_block_run(m->drive[i]);
        }
    } while (done);
}

static uint32_t shown[2][MAX_ROWS][PER_DEVICE], banked[2][CPUS][0x400];
static int lines[2][CPUS], armed[2];

static void look(unsigned at)
{
    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        const RealviewDevice *d = &realview_eb_devices[i];

        for (uint32_t w = 0; d->present && w < words_of(d); w++) {
            shown[at][i][w] = reads_pop(d, 4 * w) ? 0 : rd(d->base + 4 * w);
        }
    }
    for (unsigned c = 0; c < CPUS; c++) {
        lines[at][c] = bench_cpu_irq[c];
        for (uint32_t w = 0; w < 0x400; w++) {
            banked[at][c][w] = reg_read_as(c, realview_eb_device("gic-dist")->base + 4 * w, 4);
        }
    }
    armed[at] = fake_clock_armed();
}

/* Nonsense into the state: single bytes, or a whole integer, of values where limits lie. */
static void damage(Bytes b)
{
    static const uint8_t with[] = { 0, 1, 0x7f, 0x80, 0xff };
    size_t at = random_word() % b.n, bytes = 1u << random_word() % 4;

    for (size_t i = at; i < at + bytes && i < b.n; i++) {
        b.p[i] = (char)(random_word() % 2 ? with[random_word() % G_N_ELEMENTS(with)] : random_word());
    }
}

/*
 * A device whose state has been made up is as good as one that a guest has driven there: it is loaded or refused, and
 * whatever is done with the machine then, nothing is harmed (the sanitizers tell) and nothing goes on for ever.
 */
static void test_made_up_states(const MachineState *m)
{
    enum { ROUNDS = 600 };
    Bytes saved[MAX_ROWS];
    unsigned n = 0, loaded = 0, refused = 0;

    bench_reset();
    drive(3);
    settle(m);
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        saved[n++] = save(d);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned which = (seed = round * 2654435761u + 1, random_word()) % n;
        Device *d = device_next(NULL);
        Bytes b = { g_memdup2(saved[which].p, saved[which].n), saved[which].n };
        char *err;

        for (unsigned i = 0; i < which; i++) {
            d = device_next(d);
        }
        for (unsigned i = random_word() % 4 + 1; i; i--) {
            damage(b);
        }
        err = load(d, b.p, b.n);
        *(err ? &refused : &loaded) += 1;
        g_free(err);
        g_free(b.p);
        fake_clock_advance(1000000000, 200);
        if (round % 8 == 7) {
            drive(round);
            fake_clock_advance(1000000000, 200);
            for (unsigned i = 0; i < 50 && fake_io_run(); i++) {
                fake_clock_advance(1000, 200);
            }
            look(0);
            bench_reset();
        }
    }
    ok(loaded > ROUNDS / 10 && refused > ROUNDS / 10, "made-up states: %u loaded, %u refused", loaded, refused);
    for (unsigned i = 0; i < n; i++) {
        free(saved[i].p);
    }
    bench_reset();
}

/* One of each kind. */
static void plug_usb(const MachineState *m)
{
    static const BlockOptions options = { .id = "stick" };

    usb_drive_offer(&options);
    fake_block_open_next(fake_block_new(1 << 20, false));
    for (USBKind kind = 0; kind < USB_KINDS; kind++) {
        USBConfig config;
        char *error;

        usb_config_init(&config, kind);
        if (kind == USB_STORAGE) {
            usb_config_set(&config, "drive", "stick");
        }
        ok(usb_new(m->usb, &config, &error) != NULL, "%s is plugged in", usb_kind_name(kind));
    }
}

static void test_board(void)
{
    static MachineState m = { .mc = &realview_eb_mpcore_machine, .smp = CPUS };
    Bytes saved[MAX_ROWS], again;
    unsigned n = 0, changed = 0;

    m.drive[0] = fake_block_new(1 << 20, false);
    for (unsigned i = 1; i < MACHINE_DRIVES; i++) {
        m.drive[i] = fake_block_new(64 << 20, false);
    }
    for (unsigned i = 0; i < MACHINE_VIRTIOS; i++) {
        m.virtio[i].kind = VIRTIO_RNG;
    }
    realview_eb_mpcore_machine.init(&m);
    plug_usb(&m);
    bench_reset();
    drive(1);
    settle(&m);
    look(0);
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        saved[n++] = save(d);
        ok(device_find(d->name) == d, "%s: is found by its name", d->name);
    }
    ok(n >= 20, "%u devices", n);
    ok(!device_find("nothing"), "unknown name");
    bench_reset();
    drive(79);
    n = 0;
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        again = save(d);
        if (same(again, saved[n])) {
            printf("# %s is as before\n", d->name);
        }
        changed += !same(again, saved[n++]);
        free(again.p);
    }
    /* The clock chip, the card and what USB has are behind buses, and the SCU has one bit. */
    ok(changed >= n - 3 - 2 - USB_KINDS, "writes change all devices that they reach (%u of %u)", changed, n);
    n = 0;
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        char *err = load(d, saved[n].p, saved[n].n);

        ok(!err, "%s: loaded%s%s", d->name, err ? ": " : "", err ? err : "");
        g_free(err);
        n++;
    }
    /* After all of them: a line that one drives belongs to the state of another. */
    n = 0;
    for (Device *d = device_next(NULL); d; d = device_next(d)) {
        again = save(d);
        ok(same(again, saved[n]), "%s: what was loaded is what was saved", d->name);
        free(again.p);
        free(saved[n++].p);
    }
    look(1);
    for (size_t i = 0; i < realview_eb_num_devices; i++) {
        if (realview_eb_devices[i].present) {
            ok(!memcmp(shown[0][i], shown[1][i], sizeof(shown[0][i])), "%s: registers are as they were",
               realview_eb_devices[i].name);
            for (uint32_t w = 0; w < PER_DEVICE; w++) {
                if (shown[0][i][w] != shown[1][i][w]) {
                    printf("# +0x%x: 0x%x, was 0x%x\n", 4 * w, shown[1][i][w], shown[0][i][w]);
                }
            }
        }
    }
    ok(!memcmp(banked[0], banked[1], sizeof(banked[0])), "every CPU's own registers are as they were");
    ok(!memcmp(lines[0], lines[1], sizeof(lines[0])), "the CPUs' lines are as they were");
    ok_eq((uint64_t)armed[1], (uint64_t)armed[0], "as many timers run");
    test_made_up_states(&m);
}

/* ---- streams that do not fit ---- */

typedef struct Toy {
    Device dev;
    uint32_t word;
    uint8_t bytes[3];
    struct {
        int64_t when;
        bool on;
    } part[2];
    uint16_t late;              /* since version 2 */
    int kind;                   /* constant */
    unsigned loads;
} Toy;

static void toy_post_load(void *opaque)
{
    ((Toy *)opaque)->loads++;
}

static const DeviceField toy_fields[] = {
    DEVICE_FIELD(Toy, word), DEVICE_ARRAY(Toy, bytes), DEVICE_EACH(Toy, part, when), DEVICE_EACH(Toy, part, on),
    DEVICE_FIELD_SINCE(Toy, late, 2), DEVICE_FIXED(Toy, kind),
    { 0 },
};
/* The first version, in another order. */
static const DeviceField old_fields[] = {
    DEVICE_EACH(Toy, part, on), DEVICE_EACH(Toy, part, when), DEVICE_ARRAY(Toy, bytes), DEVICE_FIELD(Toy, word),
    DEVICE_FIXED(Toy, kind), { 0 },
};
static const DeviceField short_fields[] = { DEVICE_FIELD(Toy, word), { 0 } };
static const DeviceField other_fields[] = { DEVICE_FIELD(Toy, loads), { 0 } };

#define TOY_CLASS(n, v, f) { .name = (n), .state_size = sizeof(Toy), .version = (v), .fields = (f), \
                             .post_load = toy_post_load }
static const DeviceClass toy_class = TOY_CLASS("toy", 2, toy_fields);
static const DeviceClass old_class = TOY_CLASS("toy", 1, old_fields);
static const DeviceClass newer_class = TOY_CLASS("toy", 3, toy_fields);
static const DeviceClass short_class = TOY_CLASS("toy", 2, short_fields);
static const DeviceClass other_class = TOY_CLASS("toy", 1, other_fields);
static const DeviceClass foreign_class = TOY_CLASS("game", 1, old_fields);

static Toy *toy_new(const DeviceClass *c)
{
    Toy *t = device_new(c, "toy");

    t->word = 0x12345678;
    memcpy(t->bytes, "abc", 3);
    t->part[0].when = -5;
    t->part[1].when = INT64_MAX;
    t->part[1].on = true;
    t->late = 0x4321;
    t->kind = 5;
    return t;
}

/* A device of class `from` is saved, one of class `toy_class` loads it: part of the message, or NULL. */
static void moves(const DeviceClass *from, const char *message, const char *what)
{
    Toy *a = toy_new(from), *b = device_new(&toy_class, "toy");

    b->kind = a->kind;
    Bytes s = save(&a->dev);
    char *err = load(&b->dev, s.p, s.n);

    b->late = b->late ? b->late : 7;
    if (message) {
        ok(err && strstr(err, message) && !b->loads, "%s", what);
        if (!err || !strstr(err, message)) {
            printf("# %s\n", err ? err : "no message");
        }
    } else {
        ok(!err && b->loads == 1 && b->word == a->word && !memcmp(b->bytes, a->bytes, 3) && b->part[0].when == -5 &&
           b->part[1].when == INT64_MAX && !b->part[0].on && b->part[1].on &&
           b->late == (from == &old_class ? 7 : 0x4321), "%s", what);
    }
    g_free(err);
    free(s.p);
    free(a);
    free(b);
}

/* A state that is refused changes nothing; the last of its fields is the one that does not fit. */
static void test_untouched(void)
{
    Toy *a = toy_new(&toy_class), *b = toy_new(&toy_class);
    Bytes s = save(&a->dev);
    char *err;

    b->word = 1;
    b->kind = 6;
    err = load(&b->dev, s.p, s.n);
    ok(err && strstr(err, "another 'kind': here 6, in the state 5"), "a constant is compared");
    ok(b->word == 1 && b->kind == 6 && !b->loads, "what is refused changes nothing");
    g_free(err);
    FILE *f = fmemopen(s.p, s.n, "rb");
    b->kind = 5;
    ok(device_check(&b->dev, f, &err) && b->word == 1 && !b->loads, "to check changes nothing");
    fclose(f);
    /* The bytes of part.on: behind its name, its size and its number. */
    char *on = memmem(s.p, s.n, "part.on", 7);
    on[7 + 1 + 4] = 2;
    err = load(&b->dev, s.p, s.n);
    ok(err && strstr(err, "neither true nor false"), "a bool is 0 or 1");
    g_free(err);
    free(s.p);
    free(a);
    free(b);
}

static void test_streams(void)
{
    moves(&toy_class, NULL, "the same class");
    moves(&old_class, NULL, "an older version in another order: a younger field stays as it is");
    moves(&newer_class, "newer version", "a newer version is refused");
    moves(&short_class, "there is no field bytes", "a field is missing");
    moves(&other_class, "unknown field loads", "a field is unknown");
    moves(&foreign_class, "state of", "another class's state");

    Toy *t = toy_new(&toy_class);
    Bytes s = save(&t->dev);
    unsigned refused = 0;
    for (size_t n = 1; n < s.n; n++) {
        char *err = load(&t->dev, s.p, n);

        refused += err && strstr(err, "too early");
        g_free(err);
    }
    ok_eq(refused, s.n - 1, "state that ends early is refused wherever it ends");
    /* Whatever the bytes are: no more than a message. */
    seed = 5;
    for (unsigned i = 0; i < 20000; i++) {
        char *copy = g_memdup2(s.p, s.n);

        copy[random_word() % s.n] = (char)random_word();
        g_free(load(&t->dev, copy, s.n));
        g_free(copy);
    }
    ok(true, "damaged state does no harm");
    free(s.p);
    free(t);
}

/* What realize() finds wrong keeps the device away; when that is mended it can be added. */
static char *toy_realize(void *opaque)
{
    Toy *t = opaque;

    t->word++;
    return t->kind == 5 ? NULL : g_strdup_printf("kind is 5, not %d", t->kind);
}

static void toy_reset(void *opaque)
{
    Toy *t = opaque;

    t->late = t->word;
}

static void test_realize(void)
{
    static const DeviceClass class = { .name = "toy", .state_size = sizeof(Toy), .version = 2, .fields = toy_fields,
                                       .realize = toy_realize, .reset = toy_reset };
    Toy *t = device_new(&class, "picky toy");
    char *problem;

    t->kind = 4;
    problem = device_try_add(&t->dev);
    ok(problem && !strcmp(problem, "kind is 5, not 4"), "a device says what is wrong with its constants");
    ok(!device_find("picky toy") && !t->late, "and is neither added nor reset then");
    g_free(problem);
    t->kind = 5;
    t->word = 0;
    problem = device_try_add(&t->dev);
    ok(!problem && device_find("picky toy") == &t->dev && t->late == 1, "else it is realized once, then reset");
    device_remove(&t->dev);
    ok(!device_find("picky toy"), "and can be removed");
    free(t);
}

int main(void)
{
    bench_init();
    test_board();
    test_realize();
    test_streams();
    test_untouched();
    return test_done();
}
