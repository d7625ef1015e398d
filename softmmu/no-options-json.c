/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without json-glib. */
#include "softmmu/options-internal.h"

KeyValue *option_json(CommandLine *c, const char *arg)
{
    option_fail(c, arg, "this build reads no JSON (libjson-glib-dev, then ./configure); use key=value,...");
}
