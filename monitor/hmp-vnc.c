/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Monitor commands about the VNC server. Part of builds with libvncserver alone. */
#include <stdlib.h>
#include <string.h>
#include "monitor/monitor-internal.h"
#include "ui/vnc.h"

static void print_end(Monitor *mon, const char *what, const VncEnd *end)
{
    monitor_printf(mon, "  %s: %s:%s (%s)\n", what, end->host, end->service, end->family);
}

void hmp_info_vnc(Monitor *mon, char **argv)
{
    const VncEnd *server = vnc_server();

    if (!server) {
        monitor_puts(mon, "There is no VNC server (-vnc).\n");
        return;
    }
    monitor_puts(mon, "default:\n");
    print_end(mon, "Server", server);
    monitor_printf(mon, "    Auth: %s\n", vnc_has_passwords() ? "vnc" : "none");
    for (const VncClientInfo *client = vnc_clients(); client; client = client->next) {
        print_end(mon, client->websocket ? "Client (websocket)" : "Client", &client->client);
    }
}

static void print_problem(Monitor *mon, const char *problem)
{
    if (problem) {
        monitor_printf(mon, "%s\n", problem);
    }
}

/* vnc password PASSWORD */
void hmp_change_vnc(Monitor *mon, char **argv)
{
    if (strcmp(argv[1], "password") || !argv[2]) {
        monitor_puts(mon, "usage: change vnc password PASSWORD\n");
    } else {
        print_problem(mon, vnc_set_password(argv[2]));
    }
}

/* vnc PASSWORD [ACTION] */
void hmp_set_password(Monitor *mon, char **argv)
{
    if (strcmp(argv[0], "vnc")) {
        monitor_printf(mon, "there is no '%s' (vnc)\n", argv[0]);
    } else if (argv[2] && strcmp(argv[2], "keep")) {
        monitor_printf(mon, "clients that are connected stay so; leave '%s' out\n", argv[2]);
    } else {
        print_problem(mon, vnc_set_password(argv[1]));
    }
}

bool monitor_parse_expiry(const char *text, int64_t *when)
{
    char *end;

    if (!strcmp(text, "never")) {
        *when = INT64_MAX;
        return true;
    }
    if (!strcmp(text, "now")) {
        *when = 0;
        return true;
    }
    *when = strtoll(text + (*text == '+'), &end, 10);
    if (!g_ascii_isdigit(text[*text == '+']) || *end || *when > INT64_MAX / 2) {
        return false;
    }
    *when += *text == '+' ? g_get_real_time() / G_USEC_PER_SEC : 0;
    return true;
}

/* vnc TIME */
void hmp_expire_password(Monitor *mon, char **argv)
{
    int64_t when;

    if (strcmp(argv[0], "vnc")) {
        monitor_printf(mon, "there is no '%s' (vnc)\n", argv[0]);
    } else if (!monitor_parse_expiry(argv[1], &when)) {
        monitor_printf(mon, "'%s' is no time (now, never, +SECONDS, seconds since 1970)\n", argv[1]);
    } else {
        print_problem(mon, vnc_expire_password(when));
    }
}
