/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Monitor commands about devices: info chardev, charlcd, network; ringbuf_read, ringbuf_write, set_link,
 * hostfwd_add, hostfwd_remove.
 */
#include <string.h>
#include <unistd.h>
#include "hw/boards.h"
#include "hw/display/charlcd.h"
#include "monitor/monitor-internal.h"
#include "net/net.h"
#include "sysemu/live-options.h"

void hmp_info_chardev(Monitor *mon, char **argv)
{
    const Chardev *chr = NULL;

    while ((chr = chardev_next(chr)) != NULL) {
        monitor_printf(mon, "%s: filename=%s\n", chardev_label(chr), chardev_spec(chr));
    }
}

void hmp_info_charlcd(Monitor *mon, char **argv)
{
    char text[CHARLCD_LINES][CHARLCD_COLUMNS + 1];

    if (!charlcd_text("charlcd", text)) {
        monitor_puts(mon, "The machine has no character display.\n");
        return;
    }
    for (unsigned i = 0; i < CHARLCD_LINES; i++) {
        monitor_printf(mon, "|%s|\n", text[i]);
    }
}

void hmp_info_network(Monitor *mon, char **argv)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        char *info = net_info(net);

        monitor_printf(mon, "%s: link %s, %s", net_id(net), net_link_up(net) ? "up" : "down", info);
        g_free(info);
    }
    if (!net_next(NULL)) {
        monitor_puts(mon, "The network card is connected to nothing.\n");
    }
}

/* Of networks with user-mode addresses: their connections and forwarded ports, which scripts look for here. */
void hmp_info_usernet(Monitor *mon, char **argv)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        g_autofree char *info = net_info(net);
        const char *table = strstr(info, "  Protocol[");

        if (table) {
            monitor_printf(mon, "Hub -1 (%s):\n%s", net_id(net), table);
        }
    }
}

/* The network called `name`, or the only one if it is NULL; a line tells the user if there is none. */
static NetBackend *find_network(Monitor *mon, const char *name)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        if (!name || !strcmp(net_id(net), name)) {
            return net;
        }
    }
    monitor_printf(mon, "There is no network '%s' ('info network' lists them).\n", name ? name : "");
    return NULL;
}

NetBackend *monitor_find_network(const MachineState *m, const char *name)
{
    NetBackend *net = NULL;

    while ((net = net_next(net)) != NULL) {
        if (!strcmp(net_id(net), name)) {
            return net;
        }
    }
    for (int i = 0; i < MACHINE_VIRTIOS; i++) {
        if (m->virtio[i].net && !g_strcmp0(m->virtio[i].id, name)) {
            return m->virtio[i].net;
        }
    }
    return NULL;
}

void hmp_set_link(Monitor *mon, char **argv)
{
    NetBackend *by_card = monitor_find_network(mon->machine, argv[0]);
    NetBackend *net = by_card ? by_card : find_network(mon, argv[0]);
    const char *state = argv[1];

    if (strcmp(state, "on") && strcmp(state, "off")) {
        monitor_printf(mon, "set_link NAME on|off, not '%s'.\n", state);
    } else if (net) {
        net_set_link(net, !strcmp(state, "on"));
    }
}

/* argv: [NAME] FORWARDING */
static void hostfwd(Monitor *mon, char **argv, bool add)
{
    NetBackend *net = find_network(mon, argv[1] ? argv[0] : NULL);
    const char *text = argv[1] ? argv[1] : argv[0];
    char *problem;

    if (!net) {
        return;
    }
    problem = add ? net_hostfwd_add(net, text) : net_hostfwd_remove(net, text);
    if (problem) {
        monitor_printf(mon, "%s.\n", problem);
        g_free(problem);
    }
}

void hmp_hostfwd_add(Monitor *mon, char **argv)
{
    hostfwd(mon, argv, true);
}

void hmp_hostfwd_remove(Monitor *mon, char **argv)
{
    hostfwd(mon, argv, false);
}

/* The ring buffer called so; a line tells the user if there is none. */
static Chardev *find_ringbuf(Monitor *mon, const char *label)
{
    Chardev *chr = chardev_ringbuf(label);

    if (!chr) {
        monitor_printf(mon, "There is no ring buffer '%s' (-chardev ringbuf,id=%s makes one).\n", label, label);
    }
    return chr;
}

/* What is not text is shown as \xNN. */
void hmp_ringbuf_read(Monitor *mon, char **argv)
{
    Chardev *chr = find_ringbuf(mon, argv[0]);
    GString *text;
    uint8_t bytes[4096];
    guint64 left;
    size_t n;

    if (!chr) {
        return;
    }
    if (!g_ascii_string_to_unsigned(argv[1], 10, 1, UINT32_MAX, &left, NULL)) {
        monitor_printf(mon, "ringbuf_read DEVICE BYTES, not '%s'.\n", argv[1]);
        return;
    }
    text = g_string_new(NULL);
    while (left && (n = chardev_ringbuf_read(chr, bytes, MIN(left, sizeof(bytes)))) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (g_ascii_isprint(bytes[i]) || bytes[i] == '\n' || bytes[i] == '\t') {
                g_string_append_c(text, (char)bytes[i]);
            } else if (bytes[i] != '\r') {
                g_string_append_printf(text, "\\x%02x", bytes[i]);
            }
        }
        left -= n;
    }
    monitor_puts(mon, text->str);
    monitor_puts(mon, "\n");
    g_string_free(text, TRUE);
}

void hmp_ringbuf_write(Monitor *mon, char **argv)
{
    Chardev *chr = find_ringbuf(mon, argv[0]);

    if (chr) {
        chardev_write(chr, (const uint8_t *)argv[1], (int)strlen(argv[1]));
    }
}

/* Takes `problem`. */
static void print_problem(Monitor *mon, char *problem)
{
    if (problem) {
        monitor_printf(mon, "Error: %s\n", problem);
        g_free(problem);
    }
}

void hmp_chardev_add(Monitor *mon, char **argv)
{
    print_problem(mon, live_chardev_add(argv[0]));
}

void hmp_chardev_change(Monitor *mon, char **argv)
{
    print_problem(mon, live_chardev_change(argv[0], argv[1]));
}

void hmp_chardev_remove(Monitor *mon, char **argv)
{
    print_problem(mon, chardev_remove(argv[0]));
}

void hmp_chardev_send_break(Monitor *mon, char **argv)
{
    Chardev *chr = chardev_find(argv[0]);

    if (chr) {
        chardev_send_break(chr);
    } else {
        monitor_printf(mon, "there is no character device '%s' ('info chardev' lists them)\n", argv[0]);
    }
}

/* ---- descriptors ---- */

void hmp_getfd(Monitor *mon, char **argv)
{
    const int fd = mon->chr ? chardev_take_fd(mon->chr) : -1;

    if (fd < 0) {
        monitor_puts(mon, "No descriptor came with the line: it comes over a Unix socket.\n");
    } else if (!monitor_put_fd(argv[0], fd)) {
        close(fd);
        monitor_puts(mon, "There are too many descriptors: closefd closes one.\n");
    }
}

void hmp_closefd(Monitor *mon, char **argv)
{
    if (!monitor_close_fd(argv[0])) {
        monitor_printf(mon, "There is no descriptor '%s'.\n", argv[0]);
    }
}
