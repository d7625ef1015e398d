/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The intermediate representation between target/arm's translator and the back ends.
 *
 * A block is a linear list of IROps with forward-only branches. Operands are IRRefs: guest registers r0-r14
 * (used directly, so no loads or stores of registers appear), 32-bit temporaries, constants, VFP registers, FP
 * temporaries. PC never appears: the translator knows it. The four condition flags are an implicit operand: `setf`
 * names the flags an op defines (pruned by the flag pass), `cc` the condition an op consumes.
 *
 * An IRBlock is private to the thread that builds it.
 */
#ifndef TCG_IR_H
#define TCG_IR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef uint16_t IRRef;
enum {
    REF_NONE  = 0,
    REF_R0    = 1,          /* r0..r14 = 1..15 */
    REF_T0    = 0x0020,     /* 32-bit temporaries */
    REF_T_END = 0x2000,
    REF_P0    = 0x2000,     /* pages: where accesses to one page are, see `page` */
    REF_P_END = 0x2040,
    REF_S0    = 0x4000,     /* s0..s31 */
    REF_D0    = 0x4020,     /* d0..d15 */
    REF_F0    = 0x4100,     /* FP temporaries (width from the op) */
    REF_F_END = 0x5000,
    REF_K0    = 0x8000,     /* constants: index into IRBlock.consts */
};
#define REF_R(n)   ((IRRef)(REF_R0 + (n)))
#define REF_S(n)   ((IRRef)(REF_S0 + (n)))
#define REF_D(n)   ((IRRef)(REF_D0 + (n)))
static inline bool ref_is_reg(IRRef r)   { return r >= REF_R0 && r <= REF_R0 + 14; }
static inline bool ref_is_temp(IRRef r)  { return r >= REF_T0 && r < REF_T_END; }
static inline bool ref_is_page(IRRef r)  { return r >= REF_P0 && r < REF_P_END; }
static inline bool ref_is_s(IRRef r)     { return r >= REF_S0 && r < REF_S0 + 32; }
static inline bool ref_is_d(IRRef r)     { return r >= REF_D0 && r < REF_D0 + 16; }
static inline bool ref_is_ftemp(IRRef r) { return r >= REF_F0 && r < REF_F_END; }
static inline bool ref_is_const(IRRef r) { return r >= REF_K0; }

/* Flag masks (IROp.setf). */
enum { F_N = 8, F_Z = 4, F_C = 2, F_V = 1, F_NZ = 12, F_NZC = 14, F_NZCV = 15 };

/* ARM condition codes, as encoded. */
enum { CC_EQ, CC_NE, CC_CS, CC_CC, CC_MI, CC_PL, CC_VS, CC_VC, CC_HI, CC_LS, CC_GE, CC_LT, CC_GT, CC_LE, CC_AL };

/* Memory access description (IROp.mem). */
enum {
    MEM_SIZE   = 3,         /* log2 of bytes: 0..3 */
    MEM_SIGNED = 4,         /* sign-extend to 32 bits */
    MEM_BE     = 8,         /* CPSR.E: byte-swap */
    MEM_ALIGN  = 16,        /* natural alignment (at most 4 for ldm/stm) is required: alignment fault */
    MEM_USER   = 32,        /* LDRT/STRT: access with user rights */
    MEM_ROTATE = 64,        /* SCTLR.U == 0 load/store: aligned down, LDR rotates (the translator sets it) */
};

/*
 * The ops; what passes have to know of each is a row of tcg/ir-ops.def.
 *
 *  insn_start   imm = PC|T of the guest instruction; a marker
 *  budget       the block begins: its instructions, imm of them, are taken off JITState.budget; if there are not so
 *       many, or the CPU is asked to leave, nothing of it is executed and the main loop gets its PC|T. An exit before
 *       the block's last instruction gives back what comes behind it
 *  mov d,a[f:NZ]  mvn  and  or  xor  bic(a & ~b) [f:NZ; V and C untouched]
 *  add sub [f:NZCV, ARM meaning: C after sub = no borrow]; adc = a+b+C; sbc = a-b-!C; d may be none (cmp, tst)
 *  shl shr sar ror d,a,imm: imm 1..31 [f: NZC: C = last bit shifted out]
 *  rrx d,a: (C<<31)|(a>>1) [f: NZC]
 *  shlv shrv sarv rorv d,a,b: by b[7:0], ARM meaning for >= 32; no flags (carry variants are helpers)
 *  setc a: C = bit 0 of a [f: C]
 *  getc d: d = C
 *  setflags a: N Z C V = bits 31 to 28 of a [f: NZCV]; getflags d: d = N Z C V there, the other bits 0
 *  nz64 a,b: N = bit 31 of b, Z = (a|b) == 0   (a low word, b high word)
 *  mul d,a,b (low 32) [f:NZ]; umull/smull d(lo),e(hi),a,b
 *  umlal/smlal d(lo),e(hi),a,b: e:d += a * b; d and e are guest registers
 *  clz rev rev16 revsh sxtb sxth uxtb uxth d,a
 *  csel d,a,b,cc: d = cc ? a : b
 *  br_if cc,label: jump forward to label; label imm: join point. Temporaries do not live across a label.
 *  page d,[a+imm],mem: a hint. d = where the `near` bytes at a+imm are, if they are in one page that may be read
 *       (n = 1: and written) directly and a+imm has the alignment in mem; else nothing. Accesses name it in c and their
 *       distance from a+imm in near, until a label, a call or an exit comes between. What they do is the same without
 *  ld d,[a+imm],mem: d is a register/temp (sizes 0-2), S ref or 32-bit FP temp (size 2), D ref (size 3)
 *  st b,[a+imm],mem
 *  ldm/stm [a+imm],mem: n = IROp.n elements, refs at IRBlock.args[IROp.arg]; all S/reg/temp (4 bytes each), or all D
 *       (8 bytes each). ldm writes its destinations only when every access succeeded. 'a' may be among them.
 *       mem: size 2 or 3, MEM_ALIGN (always 4-byte alignment), MEM_BE, MEM_USER.
 *  ldenv d,imm / stenv a,imm: 32-bit field of CPUARMState at byte offset imm, or IR_ENV_*
 *  count a,b,imm: add imm (signed) to a 64-bit counter, by a load and a store; keeps the host's flags. a, b: constants,
 *       low and high word of its host address; b none: a = its byte offset in CPUARMState
 *  call d,helper(imm),a,b,c: see helper.h
 *  exit_jmp imm: go to guest PC|T imm, chainable. n = 1 if the jump closes a loop (back edge: interrupt check)
 *       setf = flags the target probably reads: a guess that only chooses code
 *  exit_ind a: go to PC|T in a
 *  exit_main: back to the main loop; regs[15] already holds the next PC|T
 *  every exit reads all flags: whoever comes to the main loop has them in env->nzcv
 *  barrier: imm = BARRIER_*: DMB, DSB: full memory barrier; prefetch flush: only counted, an exit follows
 *  FP (width in n: 2 single, 3 double): fadd fsub fmul fnmul fdiv fsqrt d,a[,b]; fmov fneg fabs d,a (bits only)
 *  fcmp a,b (b none = compare with +0): sets env->fp_nzcv; imm = 1: signalling (FCMPE)
 *  fmstat: flags of the last fcmp, which is before it without a label or another write of them between [f: NZCV]
 *  fcvt d,a: n = source width (2: s->d, 3: d->s)
 *  fsito fuito d,a: a S ref/FP temp holding an integer; n = destination width
 *  ftosi ftoui d,a: imm = 1 round to zero, 0 by FPSCR; d S ref; n = source width
 *  fgetw d,a: d(reg/temp) = 32-bit S ref a; fputw d(S ref), a(reg/temp). Halves of D are S refs.
 */
typedef enum IROpcode {
#define OP(name, ...) IR_##name,
#include "tcg/ir-ops.def"
#undef OP
} IROpcode;
enum {
#define OP(name, ...) + 1
    IR_NB_OPS = 0
#include "tcg/ir-ops.def"
    ,
#undef OP
    IR_DELETED = IR_NB_OPS,     /* inside a pass: an op to be left out */
};

typedef struct IROp {
    uint8_t opc;        /* IROpcode */
    uint8_t setf;       /* flags this op must define; after the flag pass: those that are live */
    uint8_t cc;         /* condition consumed (br_if, csel); of an access: the number of its IRLate, 0: none */
    uint8_t mem;        /* MEM_* */
    uint8_t n;          /* element count, FP width, back edge */
    uint8_t savef;      /* flag pass: of setf, those that must reach env->nzcv at this op */
    union {
        struct {
            IRRef d, a, b, c;   /* which are used, and how: ir-ops.def */
        };
        IRRef slot[4];
    };
    uint16_t arg;       /* ops with a list: first index in IRBlock.args; others: see flags.c */
    uint16_t near;      /* page: bytes; of an access with a page: distance from the page's first byte */
    uint32_t imm;
} IROp;

/*
 * The flags of a comparison that stands behind an access and, for the guest, before it (tcg/passes/late.c): what
 * env->nzcv must hold if the access shows flags to anybody. The comparison is IR_sub (N Z C V) or IR_and (N Z) of
 * a + ka and b + kb.
 */
typedef struct IRLate {
    uint8_t opc;
    bool looped;            /* only where the block was come to by its own jump back, which does not save these flags */
    IRRef a, b;             /* guest registers, constants */
    uint32_t ka, kb;
} IRLate;

enum { IR_MAX_LATE = 64, IR_MAX_OPS = 2048, IR_MAX_CONSTS = 1024, IR_MAX_ARGS = 1024, IR_MAX_LABELS = 256 };

typedef struct IRBlock {
    uint32_t pc;            /* PC|T of the first instruction */
    uint32_t flags;         /* TBF_* */
    uint32_t guest_bytes;   /* bytes of guest code covered */
    uint32_t depend_bytes;  /* bytes from pc on that the translation depends on (>= guest_bytes): literals count */
    uint32_t guest_insns;
    uint16_t nops, nconsts, nargs, nlabels, ntemps, nftemps, npages;
    bool overflow;          /* a limit was reached: the translator ends the block at the next instruction */
    uint8_t flags_in;       /* flags that must be in env->nzcv when it is entered; F_NZCV before the flag pass */
    uint8_t nlate;
    uint8_t loop_late;      /* number of the IRLate that holds at its jump back to itself, 0: none */
    bool waits;             /* a loop that does nothing but look at memory (ir_waits()) */
    IROp ops[IR_MAX_OPS];
    uint32_t consts[IR_MAX_CONSTS];
    IRRef args[IR_MAX_ARGS];
    IRLate late[IR_MAX_LATE];   /* number n is late[n - 1] */
} IRBlock;

/* ---- tcg/ir.c: building ---- */
void ir_reset(IRBlock *b, uint32_t pc, uint32_t flags);
IRRef ir_temp(IRBlock *b);
IRRef ir_ftemp(IRBlock *b);
IRRef ir_const(IRBlock *b, uint32_t value);      /* shares equal constants */
uint32_t ir_label(IRBlock *b);
/*
 * Byte offsets of what ldenv and stenv reach besides CPUARMState: a word that makes the CPU leave translated code soon
 * if it is set to EXIT_REQUESTED, and the two words that the helpers of LDREXD and STREXD give and take.
 */
enum { IR_ENV_EXIT_REQUEST = -8, IR_ENV_PAIR = -16 };
/*
 * Added to a PC it gives one whose jump-cache entry is another one's, whatever the PC. So an entry that was found by
 * the PC does not match the sum.
 */
enum { EXIT_REQUESTED = 4 };
IROp *ir_emit(IRBlock *b, IROpcode opc, IRRef d, IRRef a, IRRef b2, uint32_t imm);
/* True if less than `room` ops are left: end the block. */
bool ir_nearly_full(const IRBlock *b);
/* Ops whose opcode is IR_DELETED go. */
void ir_drop_deleted(IRBlock *b);
/* Index of the first jump back to the block's start, -1: it has none, and is no loop. */
int ir_jump_back(const IRBlock *b);
static inline uint32_t ir_const_value(const IRBlock *b, IRRef r) { return b->consts[r - REF_K0]; }
void ir_print(FILE *f, const IRBlock *b);
/* Returns NULL if the block is well formed, else a static text that says what is wrong; *at = index of the op. */
const char *ir_verify(const IRBlock *b, int *at);

/* Flags (F_*) that a condition reads. What is known of ops: tcg/ir-info.h. */
uint8_t ir_cc_flags(uint8_t cc);
/* Facts about helper `id` (IROp.imm of a call); HF_* flags. Out of range: "?", 0, 0. */
const char *ir_helper_name(uint32_t id);
uint8_t ir_helper_flags(uint32_t id);
uint8_t ir_helper_nargs(uint32_t id);

/* ---- tcg/passes/ ---- */
/* Fold constants and copies inside a block: see fold.c. */
void ir_pass_fold(IRBlock *b);
/*
 * What the code of an op does to flags that the host's flags register holds. An array of IRHostFlags by opcode belongs
 * to a back end; NULL: it keeps all flags in env->nzcv.
 */
typedef enum IRHostFlags {
    HOST_LOSES,             /* nothing is there behind it; if it defines flags it stores them itself */
    HOST_KEEPS,             /* what is there stays */
    HOST_KEEPS_IF_READ,     /* stays, if what it reads was there; else it is lost */
    HOST_SETS,              /* setf is there, nothing else */
    HOST_KEEPS_OR_LOSES,    /* stays if setf is 0; else as HOST_LOSES */
    HOST_SETS_OR_KEEPS,     /* setf is there; what was there stays if setf is 0 */
} IRHostFlags;

/*
 * Flag liveness: prunes setf to flags that something reads, and computes savef: flags that must be written to env->nzcv
 * because a reader cannot take them from the host's flags (see flags.c for the exact contract with the emitter).
 */
void ir_pass_flags(IRBlock *b, const uint8_t *host_flags);
/* Comparisons go behind accesses that stand between them and who reads them; the jump back of a loop: see late.c. */
void ir_pass_late(IRBlock *b);
void ir_pass_loop_flags(IRBlock *b);        /* after the flag pass */
/* One look at the tables for neighbouring accesses: see pages.c. */
void ir_pass_pages(IRBlock *b);
/* Remove ops whose results nobody reads. */
void ir_pass_dce(IRBlock *b);
/* Does the block jump back to itself and do the same each turn until memory changes? See waits.c. */
bool ir_waits(const IRBlock *b);
/* All passes in order, each followed by the verifier in debug builds. */
void ir_optimize(IRBlock *b, const uint8_t *host_flags);

#endif
