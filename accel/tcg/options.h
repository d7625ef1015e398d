/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options in effect, for accel/tcg and tcg/ alone. */
#ifndef ACCEL_TCG_OPTIONS_H
#define ACCEL_TCG_OPTIONS_H
#include "sysemu/accel.h"

/* What accel_init() was given, defaults filled in; fixed afterwards. */
extern AccelOptions accel_options;

/* The properties in effect as members of a JSON object. */
void accel_options_json(FILE *f);
#endif
