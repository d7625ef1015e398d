/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device: the drivers there are, of each file that has some, and what each takes. Main thread; tables constant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "softmmu/options-internal.h"

static const struct {
    bool (*driver)(size_t i, OptionInfo *info);                 /* number i; false: there are no more */
    bool (*property)(size_t i, size_t n, OptionInfo *info);     /* number n of driver i */
    /* Make one; false: it is none of these. */
    bool (*device)(CommandLine *c, const char *arg, const char *driver, const KeyValue *properties);
} sources[] = {
    { option_virtio_driver, option_virtio_property, option_virtio_device },
    { option_port_driver, option_port_property, option_port_device },
    { option_sd_card_driver, option_sd_card_property, option_sd_card_device },
    { option_usb_driver, option_usb_property, option_usb_device },
    { option_loader_driver, option_loader_property, option_loader_device },
};

bool options_driver(size_t i, OptionInfo *info)
{
    for (size_t s = 0; s < G_N_ELEMENTS(sources); s++) {
        for (size_t n = 0; sources[s].driver(n, info); n++) {
            if (!i--) {
                return true;
            }
        }
    }
    return false;
}

bool options_driver_property(size_t i, size_t n, OptionInfo *property)
{
    OptionInfo driver;

    for (size_t s = 0; s < G_N_ELEMENTS(sources); s++) {
        for (size_t d = 0; sources[s].driver(d, &driver); d++) {
            if (!i--) {
                return sources[s].property(d, n, property);
            }
        }
    }
    return false;
}

/* Of all drivers, or of one. */
static _Noreturn void help(const char *wanted)
{
    OptionInfo driver, property;

    for (size_t i = 0; options_driver(i, &driver); i++) {
        if (wanted && strcmp(wanted, driver.name)) {
            continue;
        }
        printf("%s: %s\n", driver.name, driver.help);
        for (size_t n = 0; options_driver_property(i, n, &property); n++) {
            g_autofree char *left = g_strconcat(property.name, property.argument ? "=" : NULL, property.argument,
                                                NULL);

            printf("  %-21s %s\n", left, property.help);
        }
    }
    exit(0);
}

/* Whatever the driver: devices with an id are found by it, so no two have the same. */
static void check_id(CommandLine *c, const char *arg, KeyValue *kv)
{
    option_check_id(c, arg, kv);
    if (!c->device_ids) {
        c->device_ids = g_hash_table_new(g_str_hash, g_str_equal);
    }
    for (; kv->key; kv++) {
        if (!strcmp(kv->key, "id") && !g_hash_table_add(c->device_ids, kv->value)) {
            option_fail(c, arg, "another device has the id '%s'", kv->value);
        }
    }
}

void option_device(CommandLine *c, const char *arg)
{
    const char *driver;
    KeyValue *kv;

    if (option_is_help(arg)) {
        help(NULL);
    }
    arg = option_plain(c, arg, "driver");
    kv = option_split(c, arg);
    driver = kv[0].value && !strcmp(kv[0].key, "driver") ? kv[0].value : kv[0].key;
    for (int i = 1; kv[i].key; i++) {
        if (!kv[i].value && option_is_help(kv[i].key)) {
            help(driver);
        }
    }
    check_id(c, arg, kv);
    for (size_t s = 0; s < G_N_ELEMENTS(sources); s++) {
        if (sources[s].device(c, arg, driver, kv + 1)) {
            return;
        }
    }
    option_fail(c, arg, "unknown device '%s' (-device help lists those there are)", driver);
}
