/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -device, -semihosting*, -d, -D, -dfilter and -trace. Main thread; fills the loader list, semihosting's settings, the
 * log's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "hw/loader.h"
#include "hw/semihosting.h"
#include "qemu/log.h"
#include "qemu/trace.h"
#include "softmmu/options-internal.h"

static void device_help(void)
{
    option_virtio_help();
    option_ports_help();
    option_usb_help();
    printf("loader: put files and values into guest memory at reset\n"
           "  file=PATH             an ELF, uImage or raw file\n"
           "  addr=ADDRESS          where a raw file or data goes; alone with cpu-num: the CPU's start address\n"
           "  data=VALUE,data-len=N store a value of 1, 2, 4 or 8 bytes at addr\n"
           "  data-be=on|off        store it big-endian\n"
           "  cpu-num=N             set this CPU's program counter to the file's entry or to addr\n"
           "  force-raw=on|off      load the file as it is, whatever its format\n");
    exit(0);
}

static uint64_t loader_number(const CommandLine *c, const char *arg, const KeyValue *kv, uint64_t max)
{
    uint64_t value;

    if (!option_number(kv->value, max, &value)) {
        option_fail(c, arg, "%s is a number from 0 to 0x%llx", kv->key, (unsigned long long)max);
    }
    return value;
}

void option_device(CommandLine *c, const char *arg)
{
    LoaderDevice dev = { .cpu_num = -1 };
    KeyValue *kv;
    const char *driver;

    if (option_is_help(arg)) {
        device_help();
    }
    arg = option_plain(c, arg, "driver");
    kv = option_split(c, arg);
    driver = kv[0].value && !strcmp(kv[0].key, "driver") ? kv[0].value : kv[0].key;
    if (option_virtio_device(c, arg, driver, kv + 1) || option_port_device(c, arg, driver, kv + 1) ||
        option_sd_card_device(c, arg, driver, kv + 1) || option_usb_device(c, arg, driver, kv + 1)) {
        return;
    }
    if (strcmp(driver, "loader")) {
        option_fail(c, arg, "unknown device '%s' (-device help lists those there are)", driver);
    }
    for (int i = 1; kv[i].key; i++) {
        const char *key = kv[i].key;

        if (!strcmp(key, "file")) {
            dev.file = kv[i].value ? kv[i].value : "";
            option_check_file(c, dev.file);
        } else if (!strcmp(key, "addr")) {
            dev.addr = (uint32_t)loader_number(c, arg, &kv[i], UINT32_MAX);
            dev.has_addr = true;
        } else if (!strcmp(key, "data")) {
            dev.data = loader_number(c, arg, &kv[i], UINT64_MAX);
            dev.has_data = true;
        } else if (!strcmp(key, "data-len")) {
            dev.data_len = (unsigned)loader_number(c, arg, &kv[i], 8);
        } else if (!strcmp(key, "data-be")) {
            dev.data_be = option_bool(c, arg, &kv[i]);
        } else if (!strcmp(key, "cpu-num")) {
            dev.cpu_num = (int)loader_number(c, arg, &kv[i], ARM_MAX_CPUS - 1);
        } else if (!strcmp(key, "force-raw")) {
            dev.force_raw = option_bool(c, arg, &kv[i]);
        } else if (option_is_help(key)) {
            device_help();
        } else {
            option_fail(c, arg, "unknown property '%s' (-device help lists those there are)", key);
        }
    }
    if (dev.has_data && (dev.file || !dev.has_addr)) {
        option_fail(c, arg, dev.file ? "data and file exclude each other" : "data needs an addr");
    }
    if (dev.has_data != (dev.data_len != 0) || (dev.data_len & (dev.data_len - 1))) {
        option_fail(c, arg, "data and data-len go together, and data-len is 1, 2, 4 or 8");
    }
    if (dev.has_data && dev.data_len < 8 && dev.data >> (dev.data_len * 8)) {
        option_fail(c, arg, "data does not fit into %u bytes", dev.data_len);
    }
    if (!dev.file && !dev.has_addr) {
        option_fail(c, arg, "neither file nor addr is given");
    }
    if (!dev.file && !dev.has_data && dev.cpu_num < 0) {
        option_fail(c, arg, "addr alone does nothing (add file, data or cpu-num)");
    }
    loader_device_add(&dev);
}

void option_semihosting(CommandLine *c, const char *arg)
{
    semihosting_enabled = true;
}

static SemihostingTarget semihosting_target(const CommandLine *c, const char *arg, const char *value)
{
    static const char *const names[] = {
        [SEMIHOSTING_AUTO] = "auto", [SEMIHOSTING_NATIVE] = "native", [SEMIHOSTING_GDB] = "gdb",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        if (value && !strcmp(value, names[i])) {
            return (SemihostingTarget)i;
        }
    }
    option_fail(c, arg, "target is 'native', 'gdb' or 'auto', not '%s'", value ? value : "");
}

void option_semihosting_config(CommandLine *c, const char *arg)
{
    KeyValue *kv = option_split(c, arg);
    GString *cmdline = NULL;
    bool enable = true;

    for (int i = 0; kv[i].key; i++) {
        const char *key = kv[i].key, *value = kv[i].value;

        if (!strcmp(key, "enable")) {
            enable = option_bool(c, arg, &kv[i]);
        } else if (i == 0 && !value && (!strcmp(key, "on") || !strcmp(key, "off"))) {
            enable = !strcmp(key, "on");
        } else if (!strcmp(key, "target")) {
            semihosting_set_target(semihosting_target(c, arg, value));
        } else if (!strcmp(key, "chardev") && value) {
            c->o->semihosting_console = g_strconcat("chardev:", value, NULL);
        } else if (!strcmp(key, "arg")) {
            if (!value) {
                option_fail(c, arg, "arg needs a value");
            }
            if (!cmdline) {
                cmdline = g_string_new(value);
            } else {
                g_string_append_printf(cmdline, " %s", value);
            }
        } else {
            option_fail(c, arg, "unknown property '%s' (enable, target, chardev, arg)", key);
        }
    }
    semihosting_enabled = enable;
    if (cmdline) {
        semihosting_set_cmdline(cmdline->str);
        g_string_free(cmdline, TRUE);
    }
}

void option_log_items(CommandLine *c, const char *arg)
{
    char bad[64];
    int mask;

    if (option_is_help(arg)) {
        log_print_items(stdout);
        exit(0);
    }
    if (!log_parse_items(arg, &mask, bad, sizeof(bad))) {
        option_fail(c, arg, "unknown log item '%s' (-d help lists those there are)", bad);
    }
    qemu_loglevel |= mask;
}

void option_log_file(CommandLine *c, const char *arg)
{
    if (!log_set_file(arg)) {
        option_fail(c, arg, "%s", strerror(errno));
    }
}

void option_log_filter(CommandLine *c, const char *arg)
{
    char bad[64];

    if (!log_set_ranges(arg, bad, sizeof(bad))) {
        option_fail(c, arg, "'%s' is not a range of addresses (FIRST..LAST, FIRST+SIZE or LAST-SIZE)", bad);
    }
}

void option_trace(CommandLine *c, const char *arg)
{
    KeyValue *kv;

    if (option_is_help(arg)) {
        trace_print_events(stdout);
        exit(0);
    }
    kv = option_split(c, arg);
    for (int i = 0; kv[i].key; i++) {
        const char *key = kv[i].key, *value = kv[i].value;

        if (!value && i == 0) {
            trace_option(key);
        } else if (!strcmp(key, "enable") && value && *value) {
            trace_option(value);
        } else if (!strcmp(key, "events") && value) {
            if (!trace_option_file(value)) {
                option_fail(c, arg, "%s: %s", value, strerror(errno));
            }
        } else if (!strcmp(key, "file") && value) {
            if (!trace_set_file(value)) {
                option_fail(c, arg, "%s: %s", value, strerror(errno));
            }
        } else {
            option_fail(c, arg, "unknown property '%s' (enable=PATTERN, events=FILE, file=FILE)", key);
        }
    }
}
