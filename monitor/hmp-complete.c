/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tab key may put behind a line that is being typed. I/O thread. */
#include <string.h>
#include <glib.h>
#include "block/block.h"
#include "chardev/char.h"
#include "hw/device.h"
#include "hw/usb/usb-devices.h"
#include "monitor/monitor-internal.h"
#include "net/net.h"
#include "qemu/trace.h"

typedef struct Words {
    GPtrArray *found;
    const char *prefix;
} Words;

static void offer(void *opaque, const char *word)
{
    Words *w = opaque;

    if (g_str_has_prefix(word, w->prefix)) {
        g_ptr_array_add(w->found, g_strdup(word));
    }
}

static void commands(Words *w) { hmp_each_command(false, offer, w); }
static void info_items(Words *w) { hmp_each_command(true, offer, w); }

static void devices(Words *w)
{
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        offer(w, d->name);
    }
}

static void networks(Words *w)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        offer(w, net_id(net));
    }
}

static void drives(Words *w)
{
    for (BlockBackend *blk = blk_next(NULL); blk; blk = blk_next(blk)) {
        offer(w, blk_id(blk));
    }
}

/* The machine is the only one; so is its bus. */
static void plugged(Words *w)
{
    for (const Device *d = device_next(NULL); d; d = device_next(d)) {
        const char *id = usb_device_id(d);

        if (id) {
            offer(w, id);
        }
    }
}

static void usb_kinds(Words *w)
{
    for (USBKind kind = 0; kind < USB_KINDS; kind++) {
        offer(w, usb_kind_name(kind));
    }
}

static bool event(void *opaque, const char *name, const char *help, bool on)
{
    offer(opaque, name);
    return on;
}

static void events(Words *w)
{
    trace_each(event, w);
}

static void on_off(Words *w)
{
    offer(w, "on");
    offer(w, "off");
}

/* What follows the words before, which end with a blank. */
static const struct { const char *before; void (*offer)(Words *w); } places[] = {
    { "", commands },
    { "help ", commands },
    { "? ", commands },
    { "info ", info_items },
    { "info qom-tree ", devices },
    { "info trace-events ", events },
    { "trace-event ", events },
    { "trace-event * ", on_off },
    { "set_link ", networks },
    { "set_link * ", on_off },
    { "hostfwd_add ", networks },
    { "device_add ", usb_kinds },
    { "device_del ", plugged },
    { "eject ", drives },
    { "change ", drives },
    { "commit ", drives },
    { "block_resize ", drives },
    { "hostfwd_remove ", networks },
};

/* The words of the line but the last, each with one blank behind it; *last: where the last one begins. */
static char *words_before(const char *line, const char **last)
{
    GString *s = g_string_new(NULL);

    line += strspn(line, " ");
    for (;;) {
        const size_t n = strcspn(line, " ");

        if (!line[n]) {
            *last = line;
            return g_string_free(s, FALSE);
        }
        g_string_append_len(s, line, (gssize)n);
        g_string_append_c(s, ' ');
        line += n + strspn(line + n, " ");
    }
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *hmp_completions(const char *line, const char **word)
{
    Words w = { .found = g_ptr_array_new_with_free_func(g_free) };
    char *before = words_before(line, &w.prefix);

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        if (g_pattern_match_simple(places[i].before, before)) {
            places[i].offer(&w);
            break;
        }
    }
    g_free(before);
    g_ptr_array_sort(w.found, by_name);
    *word = w.prefix;
    return w.found;
}
