/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses as the user spells them. */
#include <stdint.h>
#include <string.h>
#include <glib.h>
#include "qemu/address.h"

bool address_port_good(const char *port)
{
    return g_ascii_isalpha(*port) || g_ascii_string_to_unsigned(port, 10, 0, UINT16_MAX, NULL, NULL);
}

bool address_split(const char *text, char **host, char **port)
{
    const char *colon = strrchr(text, ':');

    if (!colon || !address_port_good(colon + 1)) {
        return false;
    }
    if (text[0] == '[' && colon > text + 1 && colon[-1] == ']') {
        *host = g_strndup(text + 1, (gsize)(colon - text - 2));     /* [IPv6]:port */
    } else {
        *host = g_strndup(text, (gsize)(colon - text));
    }
    *port = g_strdup(colon + 1);
    return true;
}
