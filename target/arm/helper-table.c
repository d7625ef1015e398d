/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of helpers: one row of helper-table.def each, indexed by HelperId. Constant. */
#include "target/arm/cpu.h"
#include "tcg/helper.h"

const HelperInfo helper_table[NB_HELPERS] = {
#define H(name_, nargs_, flags_) [HELPER_##name_] = { #name_, helper_##name_, nargs_, flags_ },
#include "target/arm/helper-table.def"
#undef H
};
