/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without libnbd. */
#include <glib.h>
#include "block/host-file.h"

HostFile *nbd_file_open(const char *path, const ImageOptions *options, char **error)
{
    *error = g_strdup_printf("'%s': this build has no NBD (libnbd-dev, then ./configure; or qemu-nbd -c makes a device "
                             "of it)", path);
    return NULL;
}
