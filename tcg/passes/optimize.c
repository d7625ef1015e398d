/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All passes in order. The order matters: folding may change opcodes, so it comes before the flag pass fixes what
 * the host's flags hold where; `page` needs folded addresses, and uses the host's flags; dead code goes last because
 * the others leave some. Works on the caller's block only; no locks.
 *
 * With CONFIG_DEBUG_CHECKS every stage is checked by the verifier; a block that fails is an error of ours and ends
 * the program with a dump of the block.
 */
#include <stdlib.h>
#include "tcg/ir.h"

static void check(const IRBlock *b, const char *stage)
{
#ifdef CONFIG_DEBUG_CHECKS
    int at;
    const char *err = ir_verify(b, &at);

    if (err) {
        fprintf(stderr, "IR is wrong after %s: op %d: %s\n", stage, at, err);
        ir_print(stderr, b);
        abort();
    }
#endif
}

void ir_optimize(IRBlock *b, const uint8_t *host_flags)
{
    check(b, "translation");
    ir_pass_fold(b);
    check(b, "folding");
    ir_pass_pages(b);
    check(b, "the search for neighbours");
    if (host_flags) {
        ir_pass_late(b);
        check(b, "moving comparisons");
    }
    ir_pass_flags(b, host_flags);
    check(b, "the flag pass");
    if (host_flags) {
        ir_pass_loop_flags(b);
        check(b, "the flags of a loop");
    }
    ir_pass_dce(b);
    check(b, "dead code elimination");
    b->waits = ir_waits(b);
}
