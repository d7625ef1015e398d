/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names that users give to devices, drives, networks, objects and jobs, the same wherever one is read. */
#ifndef QEMU_IDENTIFIER_H
#define QEMU_IDENTIFIER_H

#include <stdbool.h>
#include <string.h>
#include <glib.h>

/* What a message says a name that is refused should have been. */
#define IDENTIFIER_EXPECTED "expects an identifier (a letter, then letters, digits, '-', '.' or '_')"

enum { NODE_NAME_MAX = 31 };            /* characters in the name of a node of the block layer */

static inline bool identifier_good(const char *text)
{
    return g_ascii_isalpha(*text) && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                        "0123456789-._")];
}

/* The name of a node: an identifier that is not too long. */
static inline bool node_name_good(const char *text)
{
    return identifier_good(text) && strlen(text) <= NODE_NAME_MAX;
}

#endif
