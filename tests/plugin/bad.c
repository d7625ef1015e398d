/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plugins that cannot be loaded, each for a reason of its own: BAD_*. */
#include <qemu-plugin.h>

#ifndef BAD_NO_VERSION
QEMU_PLUGIN_EXPORT int qemu_plugin_version =
#ifdef BAD_VERSION
    QEMU_PLUGIN_VERSION + 100;
#else
    QEMU_PLUGIN_VERSION;
#endif
#endif

#ifdef BAD_SYMBOL
void qemu_plugin_no_such_thing(void);
#endif

#ifndef BAD_NO_INSTALL
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
#ifdef BAD_SYMBOL
    qemu_plugin_no_such_thing();
#endif
    return 0;
}
#endif
