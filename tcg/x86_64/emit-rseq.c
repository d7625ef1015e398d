/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store of a STREX of the only CPU (accel/tcg/excl-alone.h). Needs the encoder alone. */
#include "accel/tcg/excl-alone.h"
#include "accel/tcg/rseq.h"
#include "tcg/x86_64/emit.h"

/*
 * A restartable sequence (rseq.h): it begins behind the store of its description, and its last instruction is the store
 * to the guest's memory. Who was interrupted in between begins again.
 */
uint32_t emit_restartable_store(Asm *as, const uint8_t *base, unsigned size)
{
    RseqSection section = { 0 };
    uint32_t mark = RSEQ_MARK;
    uint8_t *description, *again, *shared;

    as->p = (uint8_t *)(((uintptr_t)as->p + sizeof(section) - 1) & ~(uintptr_t)(sizeof(section) - 1));
    description = as->p;
    as->p += sizeof(section);
    again = as->p;
    x_lea(as, true, RDX, rm_rip(description));
    x_mov_fs_r(as, rseq_cs_offset(), RDX);
    section.start = (uintptr_t)as->p;
    x_alu_rm_i(as, ALU_CMP, false, rm_mem(ENV_REG, JIT_OFFSET(excl_shared)), EXCL_ALONE);
    shared = x_jcc_short_fwd(as, X_NE);
    if (size == 0) {
        x_mov8_rm_r(as, rm_mem(RCX, 0), RAX);
    } else if (size == 1) {
        x_mov16_rm_r(as, rm_mem(RCX, 0), RAX);
    } else {
        x_mov_rm_r(as, false, rm_mem(RCX, 0), RAX);
    }
    section.length = (uintptr_t)as->p - section.start;
    x_patch8(shared, as->p);
    x_ret(as);
    memcpy(as->p, &mark, sizeof(mark));
    as->p += sizeof(mark);
    section.abort = (uintptr_t)as->p;
    x_jmp(as, again);
    memcpy(description, &section, sizeof(section));
    return (uint32_t)(again - base);
}
