/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The build option leave_out: an emulator without one of its locks, so that the test of the contract (docs/caches.md)
 * can show that it notices. Good for nothing else: such an emulator crashes sooner or later.
 */
#ifndef ACCEL_TCG_LEAVE_OUT_H
#define ACCEL_TCG_LEAVE_OUT_H
#include "accel/tcg/config-leave-out.h"
enum { LEAVE_OUT_NONE, LEAVE_OUT_BUILD_LOCK, LEAVE_OUT_CHAIN_LOCK, LEAVE_OUT_EXCLUSIVE, LEAVE_OUT_FLUSH };
#endif
