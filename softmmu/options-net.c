/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -nic, -netdev and -net: the cable of the board's network card. Main thread.
 *
 * The board has one card. -nic says what it is connected to; -netdev names a network that -net nic,netdev=ID connects;
 * the older "-net nic -net user" means the same. Without any of them it is connected to a network of kind "user",
 * unless
 * -nodefaults is given. A network of -netdev that no virtual card has taken is the card's if nothing else is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

enum { MAX_NETDEVS = 8 };

/* What one option asked for; `net.said` is NULL if it was not given. */
static struct {
    NetOptions netdev[MAX_NETDEVS];     /* of -netdev */
    bool taken[MAX_NETDEVS];            /* by a card */
    int netdevs;
    NetOptions nic, old_cable;          /* of -nic and of -net that is not -net nic */
    const char *old_nic;                /* -net nic, for messages; NULL: not given */
    const char *old_nic_netdev;         /* its netdev= */
    bool none;
    uint8_t mac[6];                     /* all 0: not given */
    NicOptions result;
} parsed;

/* A property of the card; false: it is none. */
static bool card_property(CommandLine *c, const char *arg, const KeyValue *kv)
{
    if ((!strcmp(kv->key, "mac") || !strcmp(kv->key, "macaddr")) && kv->value) {
        net_option_mac(c, arg, kv->value, parsed.mac);
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

/* "TYPE[,PROPERTY...]"; with_card: properties of the card are among them. */
static NetOptions parse_network(CommandLine *c, const char *arg, const KeyValue *kv, bool with_card)
{
    NetOptions o = { .said = g_strdup_printf("%s %s", c->option, arg) };

    option_check_id(c, arg, kv);
    net_option_type(c, arg, &o, &kv[0]);
    for (int i = 1; kv[i].key; i++) {
        if (option_is_help(kv[i].key)) {
            net_option_help();
        }
        if (!net_option_property(c, arg, &o, &kv[i]) && !(with_card && card_property(c, arg, &kv[i]))) {
            unknown(c, arg, kv[i].key);
        }
    }
    net_option_complete(c, arg, &o);
    return o;
}

static KeyValue *split_or_help(CommandLine *c, const char *arg)
{
    if (option_is_help(arg)) {
        net_option_help();
    }
    return option_split(c, arg);
}

/* The card's cable, by -nic or by -net; *cable is where that option's is kept. */
static void connect_card(CommandLine *c, const char *arg, NetOptions *cable, const NetOptions *o)
{
    if (!strcmp(o->type, "none")) {
        parsed.none = true;
        return;
    }
    if (cable->said) {
        option_fail(c, arg, "the board has one network card, which '%s' has connected (-device virtio-net-device adds "
                    "more)", cable->said);
    }
    *cable = *o;
}

void option_nic(CommandLine *c, const char *arg)
{
    const NetOptions o = parse_network(c, arg, split_or_help(c, arg), true);

    connect_card(c, arg, &parsed.nic, &o);
}

void option_netdev(CommandLine *c, const char *arg)
{
    const NetOptions o = parse_network(c, arg, split_or_help(c, option_plain(c, arg, "type")), false);

    if (!o.id) {
        option_fail(c, arg, "id= is missing: its name for -net nic,netdev=ID");
    }
    for (int i = 0; i < parsed.netdevs; i++) {
        if (!strcmp(parsed.netdev[i].id, o.id)) {
            option_fail(c, arg, "there is a network '%s' already", o.id);
        }
    }
    if (parsed.netdevs == MAX_NETDEVS) {
        option_fail(c, arg, "there are more than %d networks", MAX_NETDEVS);
    }
    parsed.netdev[parsed.netdevs++] = o;
}

/* "-net nic[,...]": the card is there. */
static void old_nic(CommandLine *c, const char *arg, const KeyValue *kv)
{
    if (parsed.old_nic) {
        option_fail(c, arg, "the board has one network card (-device virtio-net-device adds more)");
    }
    parsed.old_nic = g_strdup_printf("%s %s", c->option, arg);
    for (int i = 1; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "netdev") && kv[i].value) {
            parsed.old_nic_netdev = kv[i].value;
        } else if (!card_property(c, arg, &kv[i])) {
            unknown(c, arg, kv[i].key);
        }
    }
}

void option_net(CommandLine *c, const char *arg)
{
    const KeyValue *kv = split_or_help(c, arg);

    if (!strcmp(kv[0].key, "nic")) {
        old_nic(c, arg, kv);
    } else {
        const NetOptions o = parse_network(c, arg, kv, true);

        connect_card(c, arg, &parsed.old_cable, &o);
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

NetOptions *options_net_find(const char *id)
{
    NetOptions *const cables[] = { &parsed.nic, &parsed.old_cable };

    for (int i = 0; i < parsed.netdevs; i++) {
        if (!strcmp(parsed.netdev[i].id, id)) {
            return &parsed.netdev[i];
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(cables); i++) {
        if (cables[i]->said && cables[i]->id && !strcmp(cables[i]->id, id)) {
            return cables[i];
        }
    }
    return NULL;
}

char *options_net_start(void)
{
    const int last = parsed.netdevs - 1;
    char *problem = NULL;

    parsed.taken[last] = false;
    if (!net_open(&parsed.netdev[last], &problem)) {
        parsed.netdevs--;
    }
    return problem;
}

char *options_net_delete(const char *id)
{
    char *problem;
    int i = 0;

    while (i < parsed.netdevs && strcmp(parsed.netdev[i].id, id)) {
        i++;
    }
    if (i == parsed.netdevs) {
        return g_strdup_printf("Device '%s' not found", id);
    }
    problem = parsed.taken[i] ? g_strdup_printf("Device '%s' is in use: a network card has it", id) : net_close(id);
    if (!problem) {
        parsed.netdevs--;
        memmove(&parsed.netdev[i], &parsed.netdev[i + 1], (size_t)(parsed.netdevs - i) * sizeof(parsed.netdev[0]));
        memmove(&parsed.taken[i], &parsed.taken[i + 1], (size_t)(parsed.netdevs - i) * sizeof(parsed.taken[0]));
    }
    return problem;
}

/* Two options that both say what the card is connected to. */
static void check_one_cable(void)
{
    const char *first = parsed.nic.said ? parsed.nic.said : parsed.old_cable.said;
    const char *second = parsed.nic.said && parsed.old_cable.said ? parsed.old_cable.said
                         : parsed.nic.said || parsed.old_nic_netdev ? parsed.old_nic : NULL;

    if (first && second) {
        error_exit("%s: '%s' says otherwise what the board's one network card is connected to (-device "
                   "virtio-net-device adds more)", second, first);
    }
}

/* The first network of -netdev that nobody has; NULL: there is none. */
static const NetOptions *first_free(void)
{
    for (int i = 0; i < parsed.netdevs; i++) {
        if (!parsed.taken[i]) {
            parsed.taken[i] = true;
            return &parsed.netdev[i];
        }
    }
    return NULL;
}

/* What the board's card is connected to; NULL: nothing. */
static const NetOptions *card_cable(const CommandLine *c)
{
    const NetOptions *o = parsed.nic.said ? &parsed.nic : parsed.old_cable.said ? &parsed.old_cable : NULL;

    if (parsed.old_nic_netdev) {
        o = options_net_take(parsed.old_nic_netdev);
        if (!o) {
            error_exit("%s: there is no such network, or another card has it (-netdev user,id=%s makes one)",
                       parsed.old_nic, parsed.old_nic_netdev);
        }
    } else if (!o && !parsed.none && parsed.netdevs) {
        o = first_free();
#ifdef CONFIG_SLIRP
    } else if (!o && !parsed.none && !parsed.old_nic && !c->nodefaults) {
        /* As QEMU: a card without a word about it is connected. Without libslirp there is nothing to connect it to. */
        static const NetOptions usual = { .said = "network", .type = "user" };

        o = &usual;
#endif
    }
    return o;
}

void options_net_finish(CommandLine *c)
{
    static const uint8_t usual_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 }, no_mac[6];
    const NetOptions *cable;

    check_one_cable();
    cable = card_cable(c);
    for (int i = 0; i < parsed.netdevs; i++) {
        if (!parsed.taken[i]) {
            warn_report("%s: no card is connected to it (-device virtio-net-device,netdev=%s adds one)",
                        parsed.netdev[i].said, parsed.netdev[i].id);
        }
    }
    memcpy(c->o->mac, memcmp(parsed.mac, no_mac, sizeof(no_mac)) ? parsed.mac : usual_mac, sizeof(no_mac));
    if (cable) {
        parsed.result.net = *cable;
        memcpy(parsed.result.mac, c->o->mac, sizeof(no_mac));
        c->o->nic = &parsed.result;
    }
}
