/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without liburing. */
#include <glib.h>
#include "block/aio.h"

AioEngine *aio_uring_new(char **error)
{
    *error = g_strdup("this build has no aio=io_uring (liburing-dev, then ./configure)");
    return NULL;
}
