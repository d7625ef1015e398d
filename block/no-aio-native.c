/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without libaio. */
#include <glib.h>
#include "block/aio.h"

AioEngine *aio_native_new(char **error)
{
    *error = g_strdup("this build has no aio=native (libaio-dev, then ./configure)");
    return NULL;
}
