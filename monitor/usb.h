/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MONITOR_USB_H
#define MONITOR_USB_H
#include "hw/boards.h"
#include "hw/usb/usb-devices.h"

/*
 * A device of that driver is going to be plugged in: usb_config_set() its properties, then the end, which takes them.
 * Each: NULL, or why not (g_free()). A config whose properties are wrong is given back by usb_config_clear().
 */
char *monitor_plug_begin(USBConfig *config, const char *driver);
char *monitor_plug_end(const MachineState *m, USBConfig *config);
/* Pull out the device called so. False: there is none, or the machine records or replays. */
bool monitor_unplug(const MachineState *m, const char *id);
#endif
