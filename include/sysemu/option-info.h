/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line takes, for those who list it. Constant; any thread. Implemented in softmmu/options.c. */
#ifndef SYSEMU_OPTION_INFO_H
#define SYSEMU_OPTION_INFO_H
#include <stdbool.h>
#include <stddef.h>

/* An option, or a property of -machine, that does something. Strings live for ever. */
typedef struct OptionInfo {
    const char *name, *argument, *help; /* argument, help: NULL: none */
} OptionInfo;
/* Number i, from 0. False: there are no more. */
bool options_option(size_t i, OptionInfo *info);
bool options_machine_property(size_t i, OptionInfo *info);
/* Drivers of -device, and the properties of number i. Implemented in softmmu/options-drivers.c. */
bool options_driver(size_t i, OptionInfo *info);
bool options_driver_property(size_t i, size_t n, OptionInfo *info);
/* Types of -object, and the properties of number i. Implemented in softmmu/options-object.c. */
bool options_object_type(size_t i, OptionInfo *info);
bool options_object_property(size_t i, size_t n, OptionInfo *info);
#endif
