/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -nic, -netdev and -net: the cable of the board's network card. Main thread.
 *
 * The board has one card. -nic says what it is connected to; -netdev names a network that -net nic,netdev=ID connects;
 * the older "-net nic -net user" means the same. Without any of them it is connected to a network of kind "user", unless
 * -nodefaults is given.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

enum { MAX_NETDEVS = 8 };

static struct {
    NetOptions netdev[MAX_NETDEVS];     /* of -netdev */
    bool taken[MAX_NETDEVS];            /* by a virtual card */
    int netdevs;
    bool card_has_net, none, old_nic;
    const char *card_netdev;            /* of -net nic,netdev= */
    NicOptions nic;
} parsed;

static void parse_mac(CommandLine *c, const char *arg, const char *text)
{
    uint8_t *m = parsed.nic.mac;
    char end;

    if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &end) != 6) {
        option_fail(c, arg, "mac is six bytes such as 52:54:00:12:34:56, not '%s'", text);
    }
    if (m[0] & 1) {
        option_fail(c, arg, "mac '%s' is a group's address, not a card's", text);
    }
}

/* A property of the card; false: it is none. */
static bool card_property(CommandLine *c, const char *arg, const KeyValue *kv)
{
    if ((!strcmp(kv->key, "mac") || !strcmp(kv->key, "macaddr")) && kv->value) {
        parse_mac(c, arg, kv->value);
    } else if (!strcmp(kv->key, "model") && kv->value) {
        if (strcmp(kv->value, "lan91c111") && strcmp(kv->value, "smc91c111")) {
            option_fail(c, arg, "model is lan91c111, the board's card, not '%s'", kv->value);
        }
    } else {
        return false;
    }
    return true;
}

static _Noreturn void unknown(CommandLine *c, const char *arg, const char *key)
{
    option_fail(c, arg, "unknown property '%s' of this network (-nic help lists those there are)", key);
}

void option_nic(CommandLine *c, const char *arg)
{
    KeyValue *kv;
    NetOptions o = { 0 };

    if (option_is_help(arg)) {
        net_option_help();
    }
    kv = option_split(c, arg);
    net_option_type(c, arg, &o, &kv[0]);
    for (int i = 1; kv[i].key; i++) {
        if (option_is_help(kv[i].key)) {
            net_option_help();
        }
        if (!card_property(c, arg, &kv[i]) && !net_option_property(c, arg, &o, &kv[i])) {
            unknown(c, arg, kv[i].key);
        }
    }
    if (!strcmp(o.type, "none")) {
        parsed.none = true;
        return;
    }
    if (parsed.card_has_net) {
        option_fail(c, arg, "the board has one network card, and it is connected already");
    }
    parsed.card_has_net = true;
    net_option_complete(c, arg, &o);
    o.said = g_strdup_printf("%s %s", c->option, arg);
    parsed.nic.net = o;
}

void option_netdev(CommandLine *c, const char *arg)
{
    KeyValue *kv;
    NetOptions o = { 0 };

    if (option_is_help(arg)) {
        net_option_help();
    }
    kv = option_split(c, arg);
    net_option_type(c, arg, &o, &kv[0]);
    for (int i = 1; kv[i].key; i++) {
        if (!net_option_property(c, arg, &o, &kv[i])) {
            unknown(c, arg, kv[i].key);
        }
    }
    if (!o.id) {
        option_fail(c, arg, "id= is missing: its name for -net nic,netdev=ID");
    }
    net_option_complete(c, arg, &o);
    if (parsed.netdevs == MAX_NETDEVS) {
        option_fail(c, arg, "there are more than %d networks", MAX_NETDEVS);
    }
    o.said = g_strdup_printf("%s %s", c->option, arg);
    parsed.netdev[parsed.netdevs++] = o;
}

/* "-net nic[,...]": the card is there. */
static void old_nic(CommandLine *c, const char *arg, const KeyValue *kv)
{
    if (parsed.old_nic) {
        option_fail(c, arg, "the board has one network card");
    }
    parsed.old_nic = true;
    for (int i = 1; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "netdev") && kv[i].value) {
            parsed.card_netdev = kv[i].value;
        } else if (!card_property(c, arg, &kv[i])) {
            unknown(c, arg, kv[i].key);
        }
    }
}

void option_net(CommandLine *c, const char *arg)
{
    KeyValue *kv;

    if (option_is_help(arg)) {
        net_option_help();
    }
    kv = option_split(c, arg);
    if (kv[0].key && !strcmp(kv[0].key, "nic")) {
        old_nic(c, arg, kv);
    } else if (kv[0].key && !strcmp(kv[0].key, "none")) {
        parsed.none = true;
    } else {
        option_nic(c, arg);
    }
}

const NetOptions *options_net_take(const char *id)
{
    for (int i = 0; i < parsed.netdevs; i++) {
        if (!parsed.taken[i] && !strcmp(parsed.netdev[i].id, id)) {
            parsed.taken[i] = true;
            return &parsed.netdev[i];
        }
    }
    return NULL;
}

void options_net_finish(CommandLine *c)
{
    static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
    static const uint8_t no_mac[6];
    const NetOptions *chosen = parsed.card_has_net ? &parsed.nic.net : NULL;

    if (!memcmp(parsed.nic.mac, no_mac, sizeof(mac))) {
        memcpy(parsed.nic.mac, mac, sizeof(mac));
    }
    for (int i = 0; i < parsed.netdevs; i++) {
        if (parsed.taken[i]) {
            continue;
        }
        if (parsed.card_netdev ? !strcmp(parsed.netdev[i].id, parsed.card_netdev) : !chosen) {
            chosen = &parsed.netdev[i];
        }
    }
    if (parsed.card_netdev && (!chosen || strcmp(chosen->id, parsed.card_netdev))) {
        error_exit("-net nic,netdev=%s: there is no such network (-netdev user,id=%s makes one)", parsed.card_netdev,
                   parsed.card_netdev);
    }
    if (!chosen && !parsed.none && !parsed.old_nic && !parsed.netdevs && !c->nodefaults) {
        /* As QEMU: a card without a word about it is connected. Without libslirp there is nothing to connect it to. */
#ifdef CONFIG_SLIRP
        static const NetOptions usual = { .said = "network", .type = "user" };

        chosen = &usual;
#endif
    }
    if (chosen) {
        parsed.nic.net = *chosen;
    }
    c->o->nic = chosen ? &parsed.nic : NULL;
    memcpy(c->o->mac, parsed.nic.mac, sizeof(mac));
}
