/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -device loader: files and values that a reset puts into guest memory. Main thread. */
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "hw/loader.h"
#include "softmmu/options-internal.h"

static const OptionInfo properties[] = {
    { "file", "PATH", "an ELF, uImage or raw file" },
    { "addr", "ADDRESS", "where a raw file or data goes; alone with cpu-num: the CPU's start address" },
    { "data", "VALUE", "store a value of 1, 2, 4 or 8 bytes at addr" },
    { "data-len", "N", "its bytes" },
    { "data-be", "on|off", "store it big-endian" },
    { "cpu-num", "N", "set this CPU's program counter to the file's entry or to addr" },
    { "force-raw", "on|off", "load the file as it is, whatever its format" },
};

bool option_loader_driver(size_t i, OptionInfo *info)
{
    *info = (OptionInfo) { "loader", NULL, "put files and values into guest memory at reset" };
    return i == 0;
}

bool option_loader_property(size_t i, size_t n, OptionInfo *info)
{
    if (n < G_N_ELEMENTS(properties)) {
        *info = properties[n];
    }
    return n < G_N_ELEMENTS(properties);
}

static uint64_t loader_number(const CommandLine *c, const char *arg, const KeyValue *kv, uint64_t max)
{
    uint64_t value;

    if (!option_number(kv->value, max, &value)) {
        option_fail(c, arg, "%s is a number from 0 to 0x%llx", kv->key, (unsigned long long)max);
    }
    return value;
}

bool option_loader_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *kv)
{
    LoaderDevice dev = { .cpu_num = -1 };

    if (strcmp(driver, "loader")) {
        return false;
    }
    for (; kv->key; kv++) {
        const char *key = kv->key;

        if (!strcmp(key, "file")) {
            dev.file = kv->value ? kv->value : "";
            option_check_file(c, dev.file);
        } else if (!strcmp(key, "addr")) {
            dev.addr = (uint32_t)loader_number(c, arg, kv, UINT32_MAX);
            dev.has_addr = true;
        } else if (!strcmp(key, "data")) {
            dev.data = loader_number(c, arg, kv, UINT64_MAX);
            dev.has_data = true;
        } else if (!strcmp(key, "data-len")) {
            dev.data_len = (unsigned)loader_number(c, arg, kv, 8);
        } else if (!strcmp(key, "data-be")) {
            dev.data_be = option_bool(c, arg, kv);
        } else if (!strcmp(key, "cpu-num")) {
            dev.cpu_num = (int)loader_number(c, arg, kv, ARM_MAX_CPUS - 1);
        } else if (!strcmp(key, "force-raw")) {
            dev.force_raw = option_bool(c, arg, kv);
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
    return true;
}
