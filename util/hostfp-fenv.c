/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hostfp-fenv.h keeps per thread. */
#include "host/hostfp.h"

_Thread_local uint32_t hostfp_raised;
