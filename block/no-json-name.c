/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without json-glib (block/json-name.h). */
#include <stddef.h>
#include "block/json-name.h"

char *json_name_path(const char *name, char **format)
{
    return NULL;
}
