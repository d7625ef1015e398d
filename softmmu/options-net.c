/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -nic, -netdev and -net: network cards and what they are connected to. Main thread.
 *
 * -nic is a card and its cable; -netdev names a network that -net nic,netdev=ID connects a card to; what the older
 * "-net nic" and "-net TYPE" name is connected to hub 0, or if that has one card and one network these are connected to
 * one another. The first card is the board's own, unless it is said to be another model; others are virtio-net-devices.
 * Without any of them the board's card is connected to a network of kind "user", unless -nodefaults is given. A network
 * of -netdev that no card has taken is the board's card's if nothing else is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/log.h"
#include "softmmu/options-internal.h"

enum { MAX_NETDEVS = 8, MAX_CABLES = 8, MAX_NICS = 1 + MACHINE_VIRTIOS };

/* A card that an option asks for. */
typedef struct Nic {
    const char *said;
    NetOptions net;                     /* its cable; `said` NULL: none of its own */
    const char *netdev;                 /* the network that it is connected to; NULL: it is not said */
    enum { MODEL_ANY, MODEL_BOARD, MODEL_VIRTIO } model;
    bool has_mac;
    uint8_t mac[6];
    const NetOptions *cable;            /* once all options are known; NULL: none */
} Nic;

/* What the options asked for. */
static struct {
    NetOptions netdev[MAX_NETDEVS];     /* of -netdev */
    bool taken[MAX_NETDEVS];            /* by a card or a hub's port */
    int netdevs;
    Nic nic[MAX_NICS];                  /* of -nic and -net nic */
    int nics;
    NetOptions old[MAX_CABLES];         /* of -net that is not -net nic */
    NetOptions port[MAX_CABLES];        /* of hub 0, for those */
    int olds;
    bool old_alone;                     /* no card is connected to the one network of `old` */
    Nic old_card;                       /* what they say of the card, if there is none of -net nic */
    bool none;
    NicOptions result;
} parsed;

static _Noreturn void model_help(void)
{
    printf("Supported NIC models:\nlan91c111, smc91c111: the board's card\n"
           "virtio, virtio-net-device: a virtual card\n");
    exit(0);
}

static void set_model(CommandLine *c, const char *arg, Nic *nic, const char *model)
{
    static const struct { const char *name; int model; } models[] = {
        { "lan91c111", MODEL_BOARD }, { "smc91c111", MODEL_BOARD }, { "virtio", MODEL_VIRTIO },
        { "virtio-net", MODEL_VIRTIO }, { "virtio-net-device", MODEL_VIRTIO },
    };

    if (option_is_help(model)) {
        model_help();
    }
    for (size_t i = 0; i < G_N_ELEMENTS(models); i++) {
        if (!strcmp(models[i].name, model)) {
            nic->model = models[i].model;
            return;
        }
    }
    option_fail(c, arg, "model is lan91c111, the board's card, or virtio-net-device, not '%s'", model);
}

/* A property of the card; false: it is none. */
static bool card_property(CommandLine *c, const char *arg, Nic *nic, const KeyValue *kv)
{
    uint64_t number;

    if (!kv->value) {
        return false;
    }
    if (!strcmp(kv->key, "mac") || !strcmp(kv->key, "macaddr")) {
        net_option_mac(c, arg, kv->value, nic->mac);
        nic->has_mac = true;
    } else if (!strcmp(kv->key, "model")) {
        set_model(c, arg, nic, kv->value);
    } else if (!strcmp(kv->key, "vectors") || !strcmp(kv->key, "addr")) {
        /* Where a card is, and how it interrupts, on a bus that the board lacks. */
        if (!strcmp(kv->key, "vectors") && !option_number(kv->value, INT32_MAX, &number)) {
            option_fail(c, arg, "vectors is a number, not '%s'", kv->value);
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

/* "TYPE[,PROPERTY...]"; properties of the card are among them if there is a `nic`. */
static NetOptions parse_network(CommandLine *c, const char *arg, const KeyValue *kv, Nic *nic)
{
    NetOptions o = { .said = g_strdup_printf("%s %s", c->option, arg) };

    option_check_id(c, arg, kv);
    net_option_type(c, arg, &o, &kv[0]);
    for (int i = 1; kv[i].key; i++) {
        if (option_is_help(kv[i].key)) {
            net_option_help();
        }
        if (!net_option_property(c, arg, &o, &kv[i]) && !(nic && card_property(c, arg, nic, &kv[i]))) {
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

/* Two networks of one name are a mistake. */
static void check_id(CommandLine *c, const char *arg, const NetOptions *o)
{
    if (o->id && options_net_find(o->id)) {
        option_fail(c, arg, "there is a network '%s' already", o->id);
    }
}

static Nic *new_nic(CommandLine *c, const char *arg)
{
    Nic *nic = &parsed.nic[parsed.nics];

    if (parsed.nics == MAX_NICS) {
        option_fail(c, arg, "there are more than %d network cards", MAX_NICS);
    }
    *nic = (Nic) { .said = g_strdup_printf("%s %s", c->option, arg) };
    parsed.nics++;
    return nic;
}

void option_nic(CommandLine *c, const char *arg)
{
    const bool no_type = g_str_has_prefix(arg, "model=") || g_str_has_prefix(arg, "mac=");
    Nic nic = { .said = NULL };
    const NetOptions o = parse_network(c, arg, split_or_help(c, no_type ? g_strconcat("user,", arg, NULL) : arg), &nic);

    if (!strcmp(o.type, "none")) {
        parsed.none = true;
        return;
    }
    check_id(c, arg, &o);
    if (o.peer) {
        option_fail(c, arg, "the card is at this port: netdev= does not go with it");
    }
    Nic *made = new_nic(c, arg);

    nic.said = made->said;
    nic.net = o;
    *made = nic;
}

void option_netdev(CommandLine *c, const char *arg)
{
    const NetOptions o = parse_network(c, arg, split_or_help(c, option_plain(c, arg, "type")), NULL);
    if (!o.id) {
        option_fail(c, arg, "id= is missing: its name for -net nic,netdev=ID");
    }
    check_id(c, arg, &o);
    if (parsed.netdevs == MAX_NETDEVS) {
        option_fail(c, arg, "there are more than %d networks", MAX_NETDEVS);
    }
    parsed.netdev[parsed.netdevs++] = o;
}

/* "-net nic[,...]": a card. */
static void old_nic(CommandLine *c, const char *arg, const KeyValue *kv)
{
    Nic *nic = new_nic(c, arg);

    for (int i = 1; kv[i].key; i++) {
        if (!strcmp(kv[i].key, "netdev") && kv[i].value) {
            nic->netdev = kv[i].value;
        } else if (!card_property(c, arg, nic, &kv[i])) {
            unknown(c, arg, kv[i].key);
        }
    }
}

void option_net(CommandLine *c, const char *arg)
{
    const KeyValue *kv = split_or_help(c, arg);

    if (!strcmp(kv[0].key, "nic")) {
        old_nic(c, arg, kv);
        return;
    }
    const NetOptions o = parse_network(c, arg, kv, &parsed.old_card);

    if (!strcmp(o.type, "none")) {
        parsed.none = true;
    } else if (parsed.olds == MAX_CABLES) {
        option_fail(c, arg, "there are more than %d networks", MAX_CABLES);
    } else {
        check_id(c, arg, &o);
        parsed.old[parsed.olds++] = o;
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

static bool is_called(const NetOptions *o, const char *id)
{
    return o->said && o->id && !strcmp(o->id, id);
}

NetOptions *options_net_find(const char *id)
{
    for (int i = 0; i < parsed.netdevs; i++) {
        if (is_called(&parsed.netdev[i], id)) {
            return &parsed.netdev[i];
        }
    }
    for (int i = 0; i < parsed.nics; i++) {
        if (is_called(&parsed.nic[i].net, id)) {
            return &parsed.nic[i].net;
        }
    }
    for (int i = 0; i < parsed.olds; i++) {
        if (is_called(&parsed.old[i], id)) {
            return &parsed.old[i];
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
    problem = parsed.taken[i] ? g_strdup_printf("Device '%s' is in use: a network card, or a hub, has it", id)
                              : net_close(id);
    if (!problem) {
        parsed.netdevs--;
        memmove(&parsed.netdev[i], &parsed.netdev[i + 1], (size_t)(parsed.netdevs - i) * sizeof(parsed.netdev[0]));
        memmove(&parsed.taken[i], &parsed.taken[i + 1], (size_t)(parsed.netdevs - i) * sizeof(parsed.taken[0]));
    }
    return problem;
}

/* ---- all options are known ---- */

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

/* A network without a card, to be opened before those of cards. */
static void add_lone(Options *o, const NetOptions *net)
{
    o->net[o->nets++] = net;
}

/* Networks that were given no name have that of their type, and a number if it is another's. */
static void give_names(void)
{
    for (int i = 0; i < parsed.nics + parsed.olds; i++) {
        NetOptions *o = i < parsed.nics ? &parsed.nic[i].net : &parsed.old[i - parsed.nics];

        for (unsigned n = 0; o->said && !o->id; n++) {
            char *id = n ? g_strdup_printf("%s.%u", o->type, n) : g_strdup(o->type);

            if (options_net_find(id)) {
                g_free(id);
            } else {
                o->id = id;
            }
        }
    }
}

/* Ports of -netdev with a network at them. */
static void connect_ports(Options *o)
{
    for (int i = 0; i < parsed.netdevs; i++) {
        const NetOptions *port = &parsed.netdev[i], *peer;

        if (!port->peer) {
            continue;
        }
        if (parsed.taken[i]) {
            error_exit("%s: a card is at this port: netdev= does not go with it", port->said);
        }
        peer = options_net_take(port->peer);
        if (!peer || !strcmp(peer->type, "hubport")) {
            error_exit("%s: there is no network '%s' but a hub's port, or another card has it (-netdev user,id=%s "
                       "makes one)", port->said, port->peer, port->peer);
        }
        parsed.taken[i] = true;
        add_lone(o, peer);
        add_lone(o, port);
    }
}

static bool at_hub_0(const NetOptions *o)
{
    return !strcmp(o->type, "hubport") && o->hub == 0;
}

/* Does an option name a port of hub 0? */
static bool hub_0_is_named(void)
{
    for (int i = 0; i < parsed.netdevs; i++) {
        if (at_hub_0(&parsed.netdev[i])) {
            return true;
        }
    }
    for (int i = 0; i < parsed.nics; i++) {
        if (parsed.nic[i].net.said && at_hub_0(&parsed.nic[i].net)) {
            return true;
        }
    }
    return false;
}

/* Cards and networks of -net that say nothing else are at hub 0. */
static void connect_hub_0(Options *o)
{
    Nic *first = NULL;
    int cards = 0;

    for (int i = 0; i < parsed.nics; i++) {
        if (!parsed.nic[i].net.said && !parsed.nic[i].netdev) {
            first = first ? first : &parsed.nic[i];
            cards++;
        }
    }
    if (parsed.olds && !parsed.nics) {
        first = &parsed.nic[parsed.nics++];
        *first = parsed.old_card;
        first->said = parsed.old[0].said;
        cards = 1;
    } else if (first && !first->has_mac && parsed.old_card.has_mac) {
        first->has_mac = true;
        memcpy(first->mac, parsed.old_card.mac, sizeof(first->mac));
    }
    if (parsed.olds <= 1 && cards <= 1 && !hub_0_is_named()) {
        if (first && parsed.olds) {
            first->cable = &parsed.old[0];
        }
        parsed.old_alone = !first && parsed.olds;
        return;
    }
    for (int i = 0; i < parsed.olds; i++) {
        parsed.port[i] = (NetOptions) { .said = parsed.old[i].said, .type = "hubport", .peer = parsed.old[i].id,
                                        .id = g_strdup_printf("hub0port%d", parsed.nics + i) };
        add_lone(o, &parsed.old[i]);
        add_lone(o, &parsed.port[i]);
    }
    for (int i = 0; i < parsed.nics; i++) {
        Nic *nic = &parsed.nic[i];

        if (!nic->net.said && !nic->netdev) {
            nic->net = (NetOptions) { .said = nic->said, .type = "hubport", .id = g_strdup_printf("hub0port%d", i) };
        }
    }
}

static void connect_nics(void)
{
    for (int i = 0; i < parsed.nics; i++) {
        Nic *nic = &parsed.nic[i];

        if (nic->netdev) {
            nic->cable = options_net_take(nic->netdev);
            if (!nic->cable) {
                error_exit("%s: there is no such network, or another card has it (-netdev user,id=%s makes one)",
                           nic->said, nic->netdev);
            }
        } else if (nic->net.said) {
            nic->cable = &nic->net;
        }
    }
}

/* The board's own card; NULL: no option speaks of it. Others become virtual cards. */
static const Nic *share_out(CommandLine *c)
{
    const Nic *board = NULL;

    for (int i = 0; i < parsed.nics; i++) {
        const Nic *nic = &parsed.nic[i];

        if (!board && nic->model != MODEL_VIRTIO) {
            board = nic;
        } else if (nic->model == MODEL_BOARD) {
            error_exit("%s: the board has one card of this model (model=virtio-net-device is another)", nic->said);
        } else {
            options_virtio_add_nic(c, nic->said, nic->cable, nic->has_mac ? nic->mac : NULL);
        }
    }
    return board;
}

/* What the board's card is connected to if no option speaks of it; NULL: nothing. */
static const NetOptions *usual_cable(const CommandLine *c)
{
    if (parsed.none) {
        return NULL;
    }
    if (parsed.netdevs) {
        return first_free();
    }
#ifdef CONFIG_SLIRP
    if (!c->nodefaults && !parsed.nics) {
        /* As QEMU: a card without a word about it is connected. Without libslirp there is nothing to connect it to. */
        static const NetOptions usual = { .said = "network", .type = "user" };

        return &usual;
    }
#endif
    return NULL;
}

void options_net_finish(CommandLine *c)
{
    static const uint8_t usual_mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
    const NetOptions *cable;
    const Nic *board;

    give_names();
    connect_hub_0(c->o);
    connect_nics();
    connect_ports(c->o);
    board = share_out(c);
    cable = board && board->cable ? board->cable : usual_cable(c);
    for (int i = 0; i < parsed.netdevs; i++) {
        if (!parsed.taken[i]) {
            warn_report("%s: no card is connected to it (-device virtio-net-device,netdev=%s adds one)",
                        parsed.netdev[i].said, parsed.netdev[i].id);
        }
    }
    if (parsed.old_alone) {
        warn_report("%s: no card is connected to it (-net nic adds one)", parsed.old[0].said);
    }
    memcpy(c->o->mac, board && board->has_mac ? board->mac : usual_mac, sizeof(usual_mac));
    if (cable) {
        parsed.result.net = *cable;
        memcpy(parsed.result.mac, c->o->mac, sizeof(usual_mac));
        c->o->nic = &parsed.result;
    }
}
