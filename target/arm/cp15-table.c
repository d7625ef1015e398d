/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of CP15 registers made from cp15-table.def, look-up and reset. The table is constant; look-up is a short
 * scan of the rows of one CRn, and the hot groups (c3, c13) have one to five rows.
 */
#include "target/arm/cp15.h"

enum {
#define CRN(n) FIRST_##n, LAST_BEFORE_##n = FIRST_##n - 1,
#define R(name, opc1, crm, opc2, access, field, reset, read, write) ROW_##name,
#include "target/arm/cp15-table.def"
#undef R
#undef CRN
};
enum { NB_ROWS = FIRST_16 };

/* First row of each CRn; one more for the end. */
static const uint8_t first_row[17] = {
    FIRST_0, FIRST_1, FIRST_2, FIRST_3, FIRST_4, FIRST_5, FIRST_6, FIRST_7, FIRST_8, FIRST_9, FIRST_10, FIRST_11,
    FIRST_12, FIRST_13, FIRST_14, FIRST_15, FIRST_16,
};
_Static_assert(NB_ROWS < 256, "row numbers are 8 bits");

enum { ANY = -1 };
#define NO_FIELD        0
#define FIELD(f)        offsetof(CPUARMState, cp15.f)
#define FIELD_MASK(opc1, crm, opc2) \
    (((opc1) == ANY ? 0 : CP_ENCODE(7, 0, 0, 0)) | ((crm) == ANY ? 0 : CP_ENCODE(0, 0, 15, 0)) | \
     ((opc2) == ANY ? 0 : CP_ENCODE(0, 0, 0, 7)))

/* The CRn is not part of the match: cp15_find() starts at the right group. */
static const ARMCPReg rows[NB_ROWS] = {
#define CRN(n)
#define R(name_, opc1, crm, opc2, access_, field, reset_, read_, write_) \
    [ROW_##name_] = { \
        .name = #name_, .mask = FIELD_MASK(opc1, crm, opc2), \
        .match = CP_ENCODE(opc1, 0, crm, opc2) & FIELD_MASK(opc1, crm, opc2), \
        .access = access_, .offset = field, .reset = reset_, .read = read_, .write = write_, \
    },
#include "target/arm/cp15-table.def"
#undef R
#undef CRN
};

const ARMCPReg *cp15_find(uint32_t insn)
{
    unsigned crn = CP_CRN(insn);

    for (unsigned i = first_row[crn]; i < first_row[crn + 1]; i++) {
        if ((insn & rows[i].mask) == rows[i].match) {
            return &rows[i];
        }
    }
    return NULL;
}

const ARMCPReg *cp15_row(unsigned index)
{
    return index < NB_ROWS ? &rows[index] : NULL;
}

void cp15_reset(CPUARMState *env)
{
    for (unsigned i = 0; i < NB_ROWS; i++) {
        if (rows[i].offset != NO_FIELD) {
            *(uint32_t *)((char *)env + rows[i].offset) = rows[i].reset;
        }
    }
    env->cp15.wfar = 0;
    pmu_reset(env);
}
