/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses as the user spells them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "qemu/address.h"

bool address_split(const char *text, char **host, char **port)
{
    const char *colon = strrchr(text, ':');

    if (!colon || !colon[1] || (!colon[1 + strspn(colon + 1, "0123456789")] &&
                                strtoul(colon + 1, NULL, 10) > UINT16_MAX)) {
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
