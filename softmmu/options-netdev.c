/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One network of -nic, -netdev and -net: its type and properties. Main thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <net/if.h>
#include "softmmu/options-internal.h"

_Noreturn void net_option_help(void)
{
    printf("-nic TYPE,PROPERTY=VALUE...           what the network card is connected to\n"
           "TYPE user: the host's network, by way of the emulator; nobody needs any right on the host\n"
           "  hostfwd=tcp|udp:[HOST]:PORT-[GUEST]:PORT   connections to the host's port go to the guest; repeatable\n"
           "  guestfwd=tcp:[ADDRESS]:PORT-TARGET   the guest's connections to it go to TARGET, chardev:ID or\n"
           "                                       cmd:COMMAND (run for each of them); repeatable\n"
           "  net=ADDRESS/BITS                     the guest's network (10.0.2.0/24)\n"
           "  host=, dns=, dhcpstart=ADDRESS       the host, the name server, the guest in it (.2, .3, .15)\n"
           "  ipv4=on|off, ipv6=on|off             the protocols (both; one that is said to be on is alone)\n"
           "  ipv6-net=PREFIX[/BITS]               the guest's IPv6 network (fec0::/64); or ipv6-prefix=PREFIX and\n"
           "                                       ipv6-prefixlen=BITS\n"
           "  ipv6-host=, ipv6-dns=ADDRESS         the host and the name server in it (::2, ::3)\n"
           "  restrict=on|off                      only what is forwarded leaves or enters\n"
           "  hostname=, domainname=, dnssearch=   what DHCP tells the guest\n"
           "  tftp=DIRECTORY, bootfile=NAME        files for the guest\n"
           "  tftp-server-name=NAME                what DHCP says of who has them\n"
           "TYPE stream: a connection to another emulator or a switch; frames follow their length (32 bits)\n"
           "  server=on|off                        wait for the peer, or connect to it (off)\n"
           "  addr.type=inet,addr.host=,addr.port= or addr.type=unix,addr.path=\n"
           "  reconnect=SECONDS                    try again when the peer is gone (0: never)\n"
           "TYPE dgram: a datagram a frame, to one peer or to a multicast group\n"
           "  local.type=, local.host=, ..., remote.type=, remote.host=, ...   as addr.* above\n"
           "TYPE socket: the older way to say stream or dgram\n"
           "  listen=[HOST]:PORT, connect=HOST:PORT, mcast=GROUP:PORT, or udp=HOST:PORT,localaddr=[HOST]:PORT\n"
           "TYPE tap: an interface of the host\n"
           "  ifname=NAME, fd=N                    which one; fd: one that is open already\n"
           "  script=FILE|no, downscript=FILE|no   run with its name before and after (no)\n"
           "TYPE bridge: an interface in a bridge of the host\n"
           "  br=NAME                              the bridge (br0)\n"
           "TYPE hubport: a port of a hub; frames leave by all its other ports\n"
           "  hubid=N, netdev=ID                   which hub (0 is that of -net); the network that is at the port\n"
           "TYPE none: nothing\n"
           "For all: mac=ADDRESS, model=lan91c111, id=NAME, dump=FILE (write all frames there, as pcap)\n");
    exit(0);
}

/* Types that QEMU has, and what there is instead. */
static const struct { const char *type, *instead; } other_types[] = {
    { "vde", "a switch is reached by stream or dgram, or by vde_plug2tap and tap" },
    { "l2tpv3", "an interface of the host has the tunnel (ip l2tp), and tap or bridge that" },
    { "vhost-user", "stream connects two emulators, tap one with the host" },
    { "vhost-vdpa", "there is no PCI card that it would be for (tap)" },
};

/*
 * Properties that QEMU has of a tap or another type. `accepted`: what the value may be, since it is so anyway; NULL:
 * no value. Else what there is instead.
 */
static const struct OtherProperty { const char *type, *key, *accepted, *instead; } other_properties[] = {
    { "tap", "vhost", "off", "frames go through the emulator" },
    { "tap", "vhostforce", "off", "frames go through the emulator" },
    { "tap", "vhostfd", NULL, "frames go through the emulator" },
    { "tap", "vhostfds", NULL, "frames go through the emulator" },
    { "tap", "poll-us", "0", "it is of vhost, and frames go through the emulator" },
    { "tap", "vnet_hdr", "off", "frames are whole and have no header of the host's" },
    { "tap", "sndbuf", "0", "the interface's own queue is the limit (ip link set IFNAME txqueuelen N)" },
    { "tap", "queues", "1", "cards have one queue" },
    { "tap", "fds", NULL, "cards have one queue (fd=N)" },
    { "tap", "helper", NULL, "an interface that is in a bridge is given by ifname= or fd=" },
    { "bridge", "helper", NULL, "the bridge is entered with the rights of whoever starts the emulator" },
    { "user", "smb", NULL, "a folder is shared by -fsdev and -device virtio-9p-device, or by tftp=" },
    { "user", "smbserver", NULL, "a folder is shared by -fsdev and -device virtio-9p-device, or by tftp=" },
    { "socket", "fd", NULL, "stream and dgram take an address" },
    { "stream", "addr.numeric", "off", "names are looked up" },
    { "stream", "addr.keep-alive", "off", "the peer's end is seen when something is sent" },
    { "stream", "addr.mptcp", "off", "connections have one path" },
    { "stream", "addr.to", NULL, "a server has one port" },
    { "stream", "addr.abstract", "off", "sockets are in the file system" },
    { "stream", "addr.tight", "on", "sockets are in the file system" },
};

/* True: it was accepted; false: it is none of these. */
static bool other_property(CommandLine *c, const char *arg, const NetOptions *o, const KeyValue *kv)
{
    for (size_t i = 0; i < G_N_ELEMENTS(other_properties); i++) {
        const struct OtherProperty *p = &other_properties[i];

        if (strcmp(p->type, o->type) || strcmp(p->key, kv->key)) {
            continue;
        }
        if (!p->accepted || g_strcmp0(p->accepted, kv->value)) {
            option_fail(c, arg, "%s is not there%s%s: %s", kv->key, p->accepted ? ", but for " : "",
                        p->accepted ? p->accepted : "", p->instead);
        }
        return true;
    }
    return false;
}

void net_option_type(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    static const char *const types[] = { "user", "stream", "dgram", "socket", "tap", "bridge", "hubport", "none" };

    o->type = kv->value && !strcmp(kv->key, "type") ? kv->value : kv->key ? kv->key : "";
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (!strcmp(types[i], o->type)) {
            o->type = types[i];
            return;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(other_types); i++) {
        if (!strcmp(other_types[i].type, o->type)) {
            option_fail(c, arg, "network type '%s' is not there: %s", o->type, other_types[i].instead);
        }
    }
    option_fail(c, arg, "unknown network type '%s' (user, stream, dgram, socket, tap, bridge, hubport, none)", o->type);
}

static const char **append(const char **list, const char *text)
{
    size_t n = 0;

    while (list && list[n]) {
        n++;
    }
    list = g_renew(const char *, list, n + 2);
    list[n] = text;
    list[n + 1] = NULL;
    return list;
}

void net_option_mac(CommandLine *c, const char *arg, const char *text, uint8_t m[6])
{
    char end;

    if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &end) != 6) {
        option_fail(c, arg, "mac is six bytes such as 52:54:00:12:34:57, not '%s'", text);
    }
    if (m[0] & 1) {
        option_fail(c, arg, "mac '%s' is a group's address, not a card's", text);
    }
}

static bool is_type(const NetOptions *o, const char *type)
{
    return !strcmp(o->type, type);
}

static uint16_t parse_number(CommandLine *c, const char *arg, const char *what, const char *text)
{
    uint64_t number;

    if (!option_number(text, UINT16_MAX, &number)) {
        option_fail(c, arg, "%s is a number up to 65535, not '%s'", what, text);
    }
    return (uint16_t)number;
}

/* "[HOST]:PORT" */
static void parse_host_port(CommandLine *c, const char *arg, NetAddress *a, const char *text, const char *no_host)
{
    const char *colon = strrchr(text, ':');

    if (!colon) {
        option_fail(c, arg, "an address is HOST:PORT, not '%s'", text);
    }
    a->type = "inet";
    a->host = colon == text ? no_host : g_strndup(text, (gsize)(colon - text));
    a->port = parse_number(c, arg, "a port", colon + 1);
    a->has_port = true;
}

/* PREFIX.type, .host, .port, .path; false: it is none of them. */
static bool address_property(CommandLine *c, const char *arg, NetAddress *a, const char *prefix, const KeyValue *kv)
{
    const size_t n = strlen(prefix);
    const char *key = kv->key + n;

    if (strncmp(kv->key, prefix, n) || !kv->value) {
        return false;
    }
    if (!strcmp(key, ".type")) {
        if (strcmp(kv->value, "inet") && strcmp(kv->value, "unix")) {
            option_fail(c, arg, "%s.type is inet or unix, not '%s'", prefix, kv->value);
        }
        a->type = kv->value;
    } else if (!strcmp(key, ".host")) {
        a->host = kv->value;
    } else if (!strcmp(key, ".port")) {
        a->port = parse_number(c, arg, "a port", kv->value);
        a->has_port = true;
    } else if (!strcmp(key, ".path")) {
        a->path = kv->value;
    } else {
        return false;
    }
    return true;
}

static bool user_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    if (!strcmp(kv->key, "hostfwd") && kv->value) {
        o->hostfwd = append(o->hostfwd, kv->value);
    } else if (!strcmp(kv->key, "guestfwd") && kv->value) {
        o->guestfwd = append(o->guestfwd, kv->value);
    } else if (!strcmp(kv->key, "dnssearch") && kv->value) {
        o->dns_search = append(o->dns_search, kv->value);
    } else if (!strcmp(kv->key, "restrict")) {
        o->restricted = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "ipv4")) {
        o->ipv4 = option_bool(c, arg, kv) ? 1 : -1;
    } else if (!strcmp(kv->key, "ipv6")) {
        o->ipv6 = option_bool(c, arg, kv) ? 1 : -1;
    } else {
        return false;
    }
    return true;
}

static bool stream_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    if (!strcmp(kv->key, "server")) {
        o->server = option_bool(c, arg, kv);
    } else if (!strcmp(kv->key, "reconnect") && kv->value) {
        o->reconnect_ms = parse_number(c, arg, kv->key, kv->value) * 1000u;
    } else {
        return address_property(c, arg, &o->local, "addr", kv);
    }
    return true;
}

/* The older -netdev socket becomes a stream or a dgram. */
static bool socket_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    if (!kv->value) {
        return false;
    }
    if (!strcmp(kv->key, "listen")) {
        o->server = true;
        parse_host_port(c, arg, &o->local, kv->value, "0.0.0.0");
        o->type = "stream";
    } else if (!strcmp(kv->key, "connect")) {
        parse_host_port(c, arg, &o->local, kv->value, NULL);
        o->type = "stream";
    } else if (!strcmp(kv->key, "mcast") || !strcmp(kv->key, "udp")) {
        parse_host_port(c, arg, &o->remote, kv->value, NULL);
        o->type = "dgram";
    } else {
        return false;
    }
    return true;
}

static bool dgram_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    if (!strcmp(kv->key, "localaddr") && kv->value) {
        if (strchr(kv->value, ':')) {
            parse_host_port(c, arg, &o->local, kv->value, "0.0.0.0");
        }
        return true;            /* with mcast=: the interface; the host's routes choose it */
    }
    return address_property(c, arg, &o->local, "local", kv) || address_property(c, arg, &o->remote, "remote", kv);
}

static const char *script(const char *value)
{
    return strcmp(value, "no") ? value : NULL;
}

static bool tap_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    if (!kv->value) {
        return false;
    }
    if (!strcmp(kv->key, "ifname")) {
        o->ifname = kv->value;
    } else if (!strcmp(kv->key, "script")) {
        o->script = script(kv->value);
    } else if (!strcmp(kv->key, "downscript")) {
        o->down_script = script(kv->value);
    } else if (!strcmp(kv->key, "br")) {
        o->bridge = kv->value;
    } else if (!strcmp(kv->key, "fd")) {
        o->has_fd = true;
        o->fd = parse_number(c, arg, kv->key, kv->value);
    } else {
        return false;
    }
    return true;
}

static bool hub_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    uint64_t number;

    if (!strcmp(kv->key, "netdev") && kv->value) {
        o->peer = kv->value;
    } else if (!strcmp(kv->key, "hubid") && kv->value) {
        if (!option_number(kv->value, INT32_MAX, &number)) {
            option_fail(c, arg, "hubid is a number, not '%s'", kv->value);
        }
        o->hub = (unsigned)number;
        o->has_hub = true;
    } else {
        return false;
    }
    return true;
}

void net_option_dump(CommandLine *c, const char *arg, NetOptions *o, const NetDumpOptions *dump)
{
    if (o->dumps == NET_MAX_DUMPS) {
        option_fail(c, arg, "a network has %d dumps at most", NET_MAX_DUMPS);
    }
    o->dump[o->dumps++] = *dump;
}

bool net_option_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv)
{
    const struct { const char *key, *type; const char **value; } texts[] = {
        { "id", NULL, &o->id }, { "net", "user", &o->network },
        { "host", "user", &o->host }, { "dhcpstart", "user", &o->dhcp_start }, { "dns", "user", &o->dns },
        { "hostname", "user", &o->hostname }, { "domainname", "user", &o->domain }, { "tftp", "user", &o->tftp },
        { "bootfile", "user", &o->bootfile }, { "ipv6-net", "user", &o->network6 },
        { "ipv6-prefix", "user", &o->prefix6 }, { "ipv6-prefixlen", "user", &o->prefix6_bits },
        { "tftp-server-name", "user", &o->tftp_server }, { "ipv6-host", "user", &o->host6 },
        { "ipv6-dns", "user", &o->dns6 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (!strcmp(kv->key, texts[i].key) && (!texts[i].type || is_type(o, texts[i].type))) {
            if (!kv->value) {
                option_fail(c, arg, "%s needs a value", kv->key);
            }
            *texts[i].value = kv->value;
            return true;
        }
    }
    if (!strcmp(kv->key, "dump") && kv->value) {
        net_option_dump(c, arg, o, &(NetDumpOptions) { .file = kv->value, .max = NET_DUMP_WHOLE });
        return true;
    }
    return (is_type(o, "user") && user_property(c, arg, o, kv))
           || (is_type(o, "stream") && stream_property(c, arg, o, kv))
           || (is_type(o, "socket") && socket_property(c, arg, o, kv))
           || ((is_type(o, "dgram") || is_type(o, "socket")) && dgram_property(c, arg, o, kv))
           || ((is_type(o, "tap") || is_type(o, "bridge")) && tap_property(c, arg, o, kv))
           || (is_type(o, "hubport") && hub_property(c, arg, o, kv)) || other_property(c, arg, o, kv);
}

/* any_port: port 0 is one that is free. */
static void complete_address(CommandLine *c, const char *arg, NetAddress *a, const char *name, bool any_port)
{
    if (!a->type && (a->host || a->path || a->port)) {
        a->type = a->path ? "unix" : "inet";
    }
    if (!a->type) {
        option_fail(c, arg, "%s.type is missing (inet with %s.host and %s.port, or unix with %s.path)", name, name,
                    name, name);
    }
    if (!strcmp(a->type, "unix") ? !a->path || !*a->path : !a->port && !any_port) {
        option_fail(c, arg, "%s.%s is missing", name, strcmp(a->type, "unix") ? "port" : "path");
    }
}

void net_option_complete(CommandLine *c, const char *arg, NetOptions *o)
{
    if (is_type(o, "socket")) {
        option_fail(c, arg, "a socket needs listen=, connect=, mcast= or udp=");
    }
    if (o->prefix6 || o->prefix6_bits) {
        if (o->network6) {
            option_fail(c, arg, "ipv6-net= says both, ipv6-prefix= and ipv6-prefixlen=: they do not go with it");
        }
        o->network6 = g_strdup_printf("%s/%s", o->prefix6 ? o->prefix6 : "fec0::",
                                      o->prefix6_bits ? o->prefix6_bits : "64");
    }
    if (is_type(o, "stream")) {
        complete_address(c, arg, &o->local, "addr", o->server && o->local.has_port);
    }
    if (is_type(o, "dgram")) {
        complete_address(c, arg, &o->remote, "remote", false);
        if (o->local.type || o->local.host || o->local.path || o->local.port) {
            complete_address(c, arg, &o->local, "local", true);
        }
    }
    if (is_type(o, "hubport") && !o->has_hub) {
        option_fail(c, arg, "hubid= is missing: the number of a hub");
    }
    if (is_type(o, "bridge") && !o->bridge) {
        o->bridge = "br0";
    }
    if ((o->ifname && strlen(o->ifname) >= IFNAMSIZ) || (o->bridge && strlen(o->bridge) >= IFNAMSIZ)) {
        option_fail(c, arg, "an interface's name has %d characters at most", IFNAMSIZ - 1);
    }
    if (is_type(o, "tap") && o->has_fd && (o->ifname || o->script)) {
        option_fail(c, arg, "fd= is of an interface that is ready: ifname= and script= do not go with it");
    }
}
