/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ARMv6K must not execute, and what it must: instructions of later architectures, coprocessors that are not there,
 * CP15 in User mode, the VFP while it is off (ARM DDI 0360 3.4 and 20).
 * guest-test: cpus=1
 */
#include "runtime.h"

static uint32_t *code;

/* Does a word, run as an ARM instruction in SVC mode with harmless registers, end in an undefined instruction? */
static bool is_undefined(uint32_t word)
{
    code[0] = word;
    code[1] = 0xe12fff1e;       /* bx lr */
    code_written(code, 8);
    exc_expect();
    try_call((uint32_t)code, 0);
    if (!exc_seen()) {
        return false;
    }
    const struct exc *e = &exc_log()->exc;
    return exc_log()->count == 1 && e->type == EXC_UNDEF && e->lr == (uint32_t)code + 4;
}

static bool is_undefined_thumb(uint32_t half)
{
    code[0] = half | 0x4770 << 16;      /* bx lr */
    code[1] = 0x47704770;
    code_written(code, 8);
    exc_expect();
    try_call((uint32_t)code | 1, 0);
    if (!exc_seen()) {
        return false;
    }
    const struct exc *e = &exc_log()->exc;
    return exc_log()->count == 1 && e->type == EXC_UNDEF && e->lr == (uint32_t)code + 2 && (e->spsr & PSR_T);
}

static bool is_undefined_user(uint32_t word)
{
    code[0] = word;
    code[1] = 0xe12fff1e;
    code_written(code, 8);
    exc_expect();
    user_run((user_fn *)code, 0, 0);
    return exc_seen() == 1 && exc_log()->exc.type == EXC_UNDEF;
}

struct insn {
    uint32_t word;
    const char *name;
};

static void check_list(const struct insn *list, unsigned n, bool want)
{
    for (unsigned i = 0; i < n; i++) {
        ok(is_undefined(list[i].word) == want, list[i].name);
    }
}
#define CHECK_LIST(list, want) check_list(list, sizeof(list) / sizeof(list[0]), want)

/* r3 is written by most; it is the compiler's to lose. */
static const struct insn later[] = {
    { 0xe3003001, "movw is undefined" },        { 0xe3403001, "movt is undefined" },
    { 0xe0632391, "mls is undefined" },         { 0xe7e03050, "ubfx is undefined" },
    { 0xe7a03050, "sbfx is undefined" },        { 0xe7c0301f, "bfc is undefined" },
    { 0xe6ff3f30, "rbit is undefined" },        { 0xe713f110, "sdiv is undefined" },
    { 0xe733f110, "udiv is undefined" },        { 0xf57ff05f, "dmb instruction is undefined" },
    { 0xf57ff04f, "dsb instruction is undefined" }, { 0xf57ff06f, "isb instruction is undefined" },
    { 0xe1600070, "smc is undefined" },         { 0xe7f000f0, "udf is undefined" },
    { 0xe7ffffff, "udf with all ones is undefined" }, { 0xf2000110, "NEON is undefined" },
};
static const struct insn coprocessors[] = {
    { 0xee000000, "cdp p0 is undefined" },      { 0xed910100, "ldc p1 is undefined" },
    { 0xee103510, "mrc p5 is undefined" },      { 0xec523f0f, "mrrc p15 is undefined" },
    { 0xee103e30, "mrc p14 of DSCR's neighbour is undefined" },
};
static const struct insn executed[] = {
    { 0xe320f000, "nop executes" },             { 0xe320f001, "yield executes" },
    { 0xe320f002, "wfe executes" },             { 0xe320f004, "sev executes" },
    { 0xe320f0f0, "dbg executes" },             { 0xf57ff01f, "clrex executes" },
    { 0xf5d0f000, "pld executes" },             { 0xe6bf3f30, "rev executes" },
    { 0xe6af3070, "sxtb executes" },            { 0xe0443291, "umaal executes" },
    { 0xee103f10, "MIDR is readable" },         { 0xee073fba, "dmb by CP15 executes" },
    { 0xee1d3f70, "TPIDRURO is readable" },     { 0xee1d3f90, "TPIDRPRW is readable" },
    { 0xee103e10, "DIDR is readable" },
};
static const struct insn user_undefined[] = {
    { 0xee103f10, "User mode: MIDR is undefined" },        { 0xee113f10, "User mode: SCTLR is undefined" },
    { 0xee073f90, "User mode: WFI by CP15 is undefined" }, { 0xee0d3f70, "User mode: write of TPIDRURO is undefined" },
    { 0xee1d3f90, "User mode: TPIDRPRW is undefined" },    { 0xee083f17, "User mode: TLB operation is undefined" },
    { 0xee073f15, "User mode: cache operation is undefined" }, { 0xf8b10a00, "User mode: rfe is undefined" },
    { 0xf8cd0513, "User mode: srs is undefined" },        { 0xee1d3f10, "User mode: FCSE ID is undefined" },
    { 0xee0d3f10, "User mode: write of FCSE ID is undefined" }, { 0xee1d3f30, "User mode: context ID is undefined" },
    { 0xee0d3f30, "User mode: write of context ID is undefined" }, { 0xee153f10, "User mode: DFSR is undefined" },
    { 0xee163f10, "User mode: DFAR is undefined" },        { 0xee033f10, "User mode: write of DACR is undefined" },
    { 0xee023f10, "User mode: write of TTBR0 is undefined" }, { 0xee013f10, "User mode: write of SCTLR is undefined" },
    { 0xee013f50, "User mode: write of CPACR is undefined" },
    { 0xee0d3f90, "User mode: write of TPIDRPRW is undefined" },
    { 0xee083f35, "User mode: TLB operation by address is undefined" },
};
static const struct insn user_executed[] = {
    { 0xee073f95, "User mode: prefetch flush executes" },  { 0xee073f9a, "User mode: dsb executes" },
    { 0xee073fba, "User mode: dmb executes" },             { 0xee1d3f70, "User mode: TPIDRURO is readable" },
    { 0xee1d3f50, "User mode: TPIDRURW is readable" },     { 0xee0d3f50, "User mode: TPIDRURW is writable" },
};

static void vfp(void)
{
    static const struct insn while_off[] = {
        { 0xeef13a10, "VFP off: fpscr is undefined" }, { 0xee300a00, "VFP off: vadd is undefined" },
        { 0xed900a00, "VFP off: vldr is undefined" },  { 0xee103a10, "VFP off: vmov to core is undefined" },
        { 0xec510b10, "VFP off: vmov of two is undefined" },
    };
    static const struct insn ids_while_off[] = {
        { 0xeef03a10, "VFP off: fpsid is readable" }, { 0xeef83a10, "VFP off: fpexc is readable" },
        { 0xeef73a10, "VFP off: mvfr0 is readable" },
    };
    static const struct insn while_on[] = {
        { 0xeef13a10, "VFP on: fpscr is readable" }, { 0xee300a00, "VFP on: vadd executes" },
        { 0xee300b01, "VFP on: vadd of doubles executes" }, { 0xee103a10, "VFP on: vmov to core executes" },
    };

    CP15_WRITE(0, c1, c0, 2, 0);
    isb();
    ok(is_undefined(0xeef03a10), "no coprocessor access: fpsid is undefined");
    ok(is_undefined(0xee300a00), "no coprocessor access: vadd is undefined");
    CP15_WRITE(0, c1, c0, 2, 0x00f00000);
    isb();
    CHECK_LIST(while_off, true);
    CHECK_LIST(ids_while_off, false);
    vfp_enable();
    CHECK_LIST(while_on, false);
    ok(is_undefined(0xee700ba0), "VFP on: d16 and above are undefined");
    ok(is_undefined(0xeeb00a00), "VFP on: VFPv3 immediate is undefined");
    ok(!is_undefined_user(0xee300a00), "VFP on: User mode may add");
    ok(is_undefined_user(0xeef83a10), "VFP on: User mode may not read fpexc");
    CP15_WRITE(0, c1, c0, 2, 0x00500000);
    isb();
    ok(is_undefined_user(0xee300a00), "VFP privileged: undefined in User mode");
    ok(!is_undefined(0xee300a00), "VFP privileged: executes in SVC mode");
    CP15_WRITE(0, c1, c0, 2, 0x00f00000);
    isb();
    ok(!is_undefined_user(0xee300a00), "VFP for all again");
}

int test_main(void)
{
    code = heap_alloc(4096, 4096);
    CHECK_LIST(later, true);
    CHECK_LIST(coprocessors, true);
    CHECK_LIST(executed, false);
    for (unsigned i = 0; i < sizeof(user_undefined) / sizeof(user_undefined[0]); i++) {
        ok(is_undefined_user(user_undefined[i].word), user_undefined[i].name);
    }
    for (unsigned i = 0; i < sizeof(user_executed) / sizeof(user_executed[0]); i++) {
        ok(!is_undefined_user(user_executed[i].word), user_executed[i].name);
    }
    ok(is_undefined_thumb(0xde00), "Thumb: udf is undefined");
    ok(!is_undefined_thumb(0xb240), "Thumb: sxtb executes");
    ok(!is_undefined_thumb(0xba00), "Thumb: rev executes");
    ok(!is_undefined_thumb(0xb650), "Thumb: setend executes");
    ok_ours(is_undefined_thumb(0xb100), "Thumb: cbz is undefined");
    ok_ours(is_undefined_thumb(0xbf08), "Thumb: it is undefined");
    ok_ours(is_undefined_thumb(0xbf00), "Thumb: nop hint is undefined");
    vfp();
    return 0;
}
