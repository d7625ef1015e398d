/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IR -> x86-64, shared by the emit-*.c files.
 *
 * Host registers while translated code runs:
 *   rbp CPUARMState   r15 fast memory table (JITState.tlb_read)   rsp host stack, 16-byte aligned
 *   rbx rsi rdi r8 r9 r10 r11 r12 = r0..r7, r13 = sp, r14 = lr: for as long as translated code runs, across chained
 *   blocks; r8-r12 are memory operands (env->regs). Guest registers' upper halves are always zero.
 *   One of r8-r12 is in rdx too, while a block that jumps back to itself does (emit_choose_kept()).
 *   rcx is scratch of one op's code; rax and rdx hold IR temporaries or are scratch as ops.def tells.
 *   xmm0 scratch; xmm1..xmm15 VFP registers and FP temporaries (emit-xmm.c).
 *
 * EFLAGS hold guest flags between a flag-setting op and its consumers; env->nzcv has them when IROp.savef says so (the
 * flag pass, tcg/passes/flags.c). Around a memory access or a call they are always in env->nzcv.
 *
 * Each thread that builds blocks has its Emitter.
 */
#ifndef TCG_X86_64_EMIT_H
#define TCG_X86_64_EMIT_H
#include "accel/tcg/jit-state.h"
#include "accel/tcg/tb.h"
#include "tcg/ir-info.h"
#include "tcg/x86_64/asm.h"

#define ENV_REG  RBP
#define TLB_REG  R15

/* Which x86 flags hold the guest's: decides how a condition is tested. */
typedef enum EFKind {
    EF_NONE,
    EF_SUB,         /* N Z V; C = !CF */
    EF_ADD,         /* N Z V; C = CF */
    EF_LOGIC,       /* N Z only */
    EF_SHIFT,       /* N Z; C = CF */
    EF_COMPARED,    /* of a comparison of floating-point numbers, as COMIS leaves them */
} EFKind;

typedef struct EFlagsState {
    EFKind kind;
    uint8_t mask;       /* F_* that EFLAGS hold now */
    uint8_t unsaved;    /* of these, not in env->nzcv */
} EFlagsState;

/* Where an IR operand is. */
typedef enum LocKind { LOC_REG, LOC_MEM, LOC_IMM } LocKind;
typedef struct Loc {
    LocKind kind;
    int reg;
    int32_t disp;       /* from ENV_REG */
    uint32_t imm;
} Loc;

enum { XMM_COUNT = 16, XMM_FIRST = 1, NB_TEMPS = REF_T_END - REF_T0 };

/* VFP registers whose memory is out of date, and operations whose result may be a NaN of the host's (emit-xmm.c). */
typedef struct XmmState {
    uint64_t unsure;            /* bit n: fp_op[fp_base + n] */
    uint16_t fp_base;
    uint16_t dirty;             /* bit x: ref[x] is in xmm x only */
    IRRef ref[XMM_COUNT];
} XmmState;

enum { FP_OF_DOUBLES = 64 };    /* with enum VFPOp: vfp_op_d() does it */

/* An operation that can be done again. */
typedef struct FPOp {
    uint8_t opc;                /* IROpcode */
    bool d;                     /* the result is a double */
    uint16_t vfp_op;            /* VFP_* | FP_OF_DOUBLES */
    int8_t xa, xb, xd;
    uint64_t from;              /* operations that its result was computed from, as bits behind the same fp_base */
} FPOp;

typedef enum SlowKind {
    SLOW_LOAD, SLOW_STORE, SLOW_LDM, SLOW_STM, SLOW_PAGE, SLOW_FP, SLOW_FTOI, SLOW_FCMP, SLOW_CALL, SLOW_BUDGET,
    SLOW_FMUL,
    SLOW_EXCLUSIVE,             /* the next one is the call of its helper */
} SlowKind;
typedef struct SlowPath {
    SlowKind kind;
    uint8_t *fields[6];         /* jumps that lead here */
    int nfields;
    const uint8_t *back;        /* where to resume */
    const uint8_t *code;        /* its own, once it is emitted */
    const uint8_t *call;        /* of an access: where it goes to C */
    const IROp *op;
    uint32_t pc;                /* PC|T */
    int addr_reg;
    uint8_t *asked_field;       /* SLOW_BUDGET: jump of a block that the CPU is asked to leave */
    const uint8_t *found;       /* of an access that need not be aligned: where it goes on with a table entry in rcx */
    uint8_t *near_field;        /* jump of an access whose page is not known */
    uint8_t *border_field;      /* jump of a transfer that emit_limit_check() stopped */
    int recall;                 /* record that emit_recall() compares with */
    uint8_t *recall_field;      /* its jump if the entry differs, and where that goes on */
    const uint8_t *recall_back;
    uint64_t pages;             /* bit n: page n is needed behind it */
    int xa, xb, xd;             /* of a conversion or comparison; xd of an access: what it moves, -1: no xmm register */
    uint32_t fp_op;
    XmmState xmm;
    bool save_xmm;
    bool kept;                  /* Emitter.kept_now */
} SlowPath;

/* EMIT_ROOM: what one op or one slow path needs at most (a transfer of 32 big-endian words). */
enum { EMIT_MAX_RECALLS = 4 };
enum { EMIT_MAX_SLOW = 2048, EMIT_MAX_FIXUPS = IR_MAX_LABELS * 2, EMIT_MAX_FP = 2048, EMIT_ROOM = 2048 };

#define X86_POISON 0xbad0c0debad0c0deull

/* Offsets from the start of every code buffer. */
typedef struct BufferLayout {
    uint32_t helpers;           /* HelperFn[NB_HELPERS] */
    uint32_t sign_s, sign_d, abs_s, abs_d, max_u32_s, max_u32_d, min_s, min_d, small;     /* constants */
    uint32_t compared_nzcv, compared_less_one;      /* tables, emit-flags.c */
    uint32_t enter, leave, epilogue;
    uint32_t go_on;             /* out of C: exit_main with what is in env */
    uint32_t ind_miss;          /* emit_look_up() found nothing: to the main loop */
    uint32_t exit_main;         /* look regs[15] up in the jump cache, or leave */
    uint32_t sync_out, sync_in; /* all guest registers to / from env */
    uint32_t poison;            /* CONFIG_DEBUG_CHECKS: X86_POISON into what C may destroy, but rax; else 0 */
    uint32_t strex[3];          /* [log2 of the size]: emit_restartable_store() */
    uint32_t half_aligned[3][2];    /* [log2 of the size - 1][it stores]: emit_half_aligned_look() */
    uint32_t load[2], load64[2], store[2], store64[2], ldm[2], stm[2], fp[2];   /* [1]: preserve xmm */
    uint32_t code;              /* first byte for blocks */
} BufferLayout;
extern BufferLayout x86_layout;

typedef struct Emitter {
    Asm as;
    const IRBlock *b;
    TranslationBlock *tb;
    uint8_t *buf_base;
    const IROp *op;             /* being emitted */
    int index;
    uint32_t pc;                /* PC|T of the guest instruction */
    int njumps;
    EFlagsState ef;
    int jump_back;              /* index of the first jump back to the block's start, -1: there is none */
    /* The jump back to the block's start, and what xmm registers hold there; NULL: there is none. */
    struct { uint8_t *addr; EFlagsState ef; unsigned n; IRRef xmm[XMM_COUNT]; } back;
    const uint8_t *again;       /* the block's start for who comes from there */
    uint8_t *label_addr[IR_MAX_LABELS];
    uint8_t label_refs[IR_MAX_LABELS];
    EFlagsState label_ef[IR_MAX_LABELS];
    struct { uint8_t *field; uint16_t label; } fixups[EMIT_MAX_FIXUPS];
    int nfixups;
    SlowPath slow[EMIT_MAX_SLOW];
    int nslow;
    bool failed;                /* out of spill slots, xmm registers, fix-ups or slow path records: too complex */
    bool full;                  /* out of room */
    bool compared;              /* EFLAGS are still those of the last fcmp */
    IRRef xmm_ref[XMM_COUNT];   /* what an xmm register holds, REF_NONE: nothing */
    bool xmm_busy[XMM_COUNT];   /* operand of the op being emitted */
    int xmm_next;
    uint16_t xmm_dirty, xmm_pinned, fp_base;
    uint64_t unsure;
    FPOp fp_op[EMIT_MAX_FP];
    unsigned fp_ops;
    IRRef carried[XMM_COUNT];   /* what they hold when the block jumps back to itself */
    IRRef label_xmm[IR_MAX_LABELS][XMM_COUNT];  /* what they hold on all ways to the label so far */
    bool label_seen[IR_MAX_LABELS];
    int8_t temp_reg[NB_TEMPS];  /* host register, or -1 - spill slot */
    uint16_t recall_op[EMIT_MAX_RECALLS];       /* loads and pages that their own address comes from, a turn before */
    unsigned nrecalls;
    uint64_t live_pages;        /* of pages defined so far, those with uses to come */
    int8_t page_place[REF_P_END - REF_P0];      /* RDX, PAGE_NOWHERE, or PAGE_SLOT0 - number of JITState.page */
    uint16_t page_last[REF_P_END - REF_P0];
    bool rdx_taken[IR_MAX_OPS];
    IRRef kept;                 /* of r8-r12 the one that rdx holds, as memory does, up to op kept_until; REF_NONE */
    int kept_until;
    bool kept_now;
    uint16_t temp_last[NB_TEMPS];
    uint16_t ftemp_last[REF_F_END - REF_F0];
    /* Where each op's code begins and which flags EFLAGS held there; [nops]: the end. For checks. */
    struct { uint32_t code; uint8_t flags; } at[IR_MAX_OPS + 1];
} Emitter;

extern const int8_t x86_guest_reg[15];      /* host register of r0-r14, NO_REG: in env */

enum { PAGE_NOWHERE = -1, PAGE_SLOT0 = -2 };    /* Emitter.page_place */

/* Columns of ops.def. */
enum { USE_RAX = 1, USE_RDX = 2 };
typedef struct X86OpInfo {
    void (*emit)(Emitter *e, const IROp *op);
    uint8_t clobbers, early, late;
} X86OpInfo;
extern const X86OpInfo x86_op_info[IR_NB_OPS];

/* The emitters of ops.def, each in the file of its kind: emit-int.c, emit-mem.c, emit-fp.c, emit-exit.c, ... */
#define X86_OP(name, fn, ...) void fn(Emitter *e, const IROp *op);
#include "tcg/x86_64/ops.def"
#undef X86_OP

/* emit.c */
bool x86_emit_block(const IRBlock *b, TranslationBlock *tb, CodeBuffer *buf);
/* This thread's, as its last x86_emit_block() left it. */
const Emitter *x86_last_emitter(void);
Loc emit_loc(const Emitter *e, IRRef r);
RM emit_rm(Loc l);                              /* register or env memory; not for constants */
RM emit_env(int32_t offset);
void emit_load_ref(Emitter *e, int reg, IRRef r);           /* host register = operand; keeps EFLAGS */
void emit_store_ref(Emitter *e, IRRef r, int reg);          /* operand = host register; keeps EFLAGS */
SlowPath *emit_slow(Emitter *e, SlowKind kind);
void emit_load_kept(Emitter *e);                            /* rdx = Emitter.kept, if there is one; keeps EFLAGS */
uint8_t *emit_thunk(Emitter *e, uint32_t offset);

/* regalloc.c */
void emit_assign_temps(Emitter *e);
void emit_assign_pages(Emitter *e);         /* after the temporaries */
void emit_choose_kept(Emitter *e);          /* after the pages */

/* emit-flags.c */
void emit_flags_defined(Emitter *e, EFKind kind);           /* after an op that set EFLAGS: record, save savef */
/* EFLAGS -> env->nzcv; may clobber rax and, for EF_COMPARED, rcx; keeps EFLAGS. */
void emit_flags_save(Emitter *e, uint8_t mask);
void emit_flags_clobber(Emitter *e);
void emit_put_compared(Asm *as, const uint8_t *base);      /* the tables for EF_COMPARED */
/* The flags of a comparison behind an access, or of the turn before: to env->nzcv. Clobbers rax and rcx. */
void emit_flags_late(Emitter *e, const IRLate *l);
/* Make EFLAGS testable; returns the x86 condition that is true iff cc. */
X86CC emit_cond(Emitter *e, int cc);
void emit_carry_in(Emitter *e, bool inverted);              /* CF = C (or !C) */

/* emit-loop.c: the copy of a block that jumps back to itself, if it can have one; after the block's ops */
void emit_loop(Emitter *e);

/* op and the next one together, if they are such a pair */
bool emit_shifted_add(Emitter *e, const IROp *op);
bool emit_put_double(Emitter *e, const IROp *op);
void emit_helper_call(Emitter *e, const IROp *op);           /* the whole call, any helper */

/* emit-exit.c */
/* edx = PC|T: to its block if the jump cache has it and nobody asks the CPU to leave, else to `miss`. */
void emit_look_up(Asm *as, const uint8_t *miss);
/* What stands at `miss`: regs[15] = that PC|T, eax = 0. */
void emit_look_up_miss(Asm *as);
void emit_slow_budget(Emitter *e, SlowPath *s);

/* emit-excl.c */
bool emit_exclusive(Emitter *e, const IROp *op);            /* LDREX, STREX inline; false: call the helper */
void emit_slow_exclusive(Emitter *e, SlowPath *s);          /* what is rare with one CPU; behind the block */
void emit_watched_store(Asm *as);                           /* start of the store thunk */
/*
 * emit-rseq.c. Thunk: [rcx] = eax if excl_shared is EXCL_ALONE, both at one time. X_NE: it is not. Clobbers rdx. Its
 * offset.
 */
uint32_t emit_restartable_store(Asm *as, const uint8_t *base, unsigned size);

/* emit-border.c: start of the thunks for accesses in two pages: of plain memory, it is done, and the thunk returns. */
void emit_border_load(Asm *as);
void emit_border_store(Asm *as);
void emit_border_transfer(Asm *as, bool store);

/* Out of line: LDM and STM with words in two pages. */
bool emit_splits_at_border(const IROp *op);
void emit_split_at_border(Emitter *e, const SlowPath *s);

/* emit-page.c, emit-mem.c */
bool emit_page_place(const Emitter *e, IRRef page, Loc *where);     /* false: it has none */
void emit_page_forget(Emitter *e, const SlowPath *s);       /* nothing is known of the pages that are needed later */
void emit_slow_page(Emitter *e, SlowPath *s);
/*
 * emit-recall.c: rcx = table entry of an op that has a record: goes on with the last one if they are equal. False: it
 * has none, and nothing is emitted. Behind the block the other entries; `slow`: not a plain page.
 */
void emit_choose_recalls(Emitter *e);
bool emit_recall(Emitter *e, SlowPath *s);
void emit_slow_recall(Emitter *e, const SlowPath *s, const uint8_t *slow);
/*
 * rcx = table entry of the page of addr, and compares: X_LE if it is not a plain page or addr is not aligned (log2, at
 * most TLB_ALIGN_MAX).
 */
void emit_table_entry(Emitter *e, int addr, bool store, unsigned align);
void emit_table_look(Emitter *e, int addr, bool store, unsigned align);     /* without the comparison */
/* Compares: X_A if addr is not aligned (log2), or so many bytes from it on are not in one page; clobbers rcx. */
void emit_limit_check(Emitter *e, int addr, unsigned align, unsigned bytes);
/*
 * An access to plain memory, no slow path, at the host address in env, or the number in env plus the address register,
 * plus a distance. Clobbers rcx and what ops.def says, rdx only if emit_plain_needs_rdx().
 */
void emit_plain_access(Emitter *e, const IROp *op, RM pointer, bool add_base, uint32_t distance);
bool emit_plain_needs_rdx(const Emitter *e, const IROp *op);
int emit_address(Emitter *e, const IROp *op);               /* register with the guest address of an access */
/* One access of 1, 2 or 4 bytes (size = log2) to host memory, zero-extended. */
void emit_host_load(Asm *as, unsigned size, int reg, RM host);
void emit_host_store(Asm *as, unsigned size, RM host, int reg);
void emit_checked(Emitter *e, SlowPath *s, const IROp *op);     /* an access that looks at the tables itself */

/* emit-mem-slow.c */
void emit_slow_mem(Emitter *e, SlowPath *s);
void emit_half_aligned_look(Asm *as, unsigned bytes, bool store);       /* the thunks for it */

/* The op's code, whatever has to come before it included. */
void emit_op(Emitter *e, const IROp *op);

/* emit-xmm.c */
int32_t emit_vfp_disp(IRRef r);
int emit_xmm_find(const Emitter *e, IRRef r);               /* the register that holds it, or -1 */
int emit_xmm_new(Emitter *e, IRRef r);                      /* a register for its new value */
int emit_xmm_source(Emitter *e, IRRef r, bool d);           /* the register that holds it, loaded if need be */
void emit_xmm_forget(Emitter *e, IRRef r);                  /* it is written elsewhere; halves it shares are stored */
void emit_xmm_forget_all(Emitter *e);
bool emit_xmm_live(const Emitter *e);
/* The result of an operation just emitted may be a NaN; operands and result keep their registers. */
void emit_xmm_unsure(Emitter *e, const IROp *op, uint32_t vfp_op, bool d, int xa, int xb, int xd);
void emit_xmm_make_room(Emitter *e);                        /* before an operation: for one more that is unsure */
bool emit_xmm_is_unsure(const Emitter *e, int x);
/* That result is tested right now: cc is true if it, and what else is unsure, is to be computed again. */
void emit_xmm_sure(Emitter *e, X86CC cc);
/* Flush-to-zero: the host's flags of what was computed since emit_fz_good() were not ARM's if X_NE. Changes EFLAGS. */
bool emit_fz(const Emitter *e);
void emit_fz_test(Emitter *e);
void emit_fz_good(Emitter *e);                              /* keeps EFLAGS */
void emit_fz_undo(Emitter *e);                              /* out of line: back to what they were then */
/* These change EFLAGS if something is unsure: */
void emit_xmm_check(Emitter *e, int x);                     /* xmm x is ARM's result */
void emit_xmm_check_all(Emitter *e);
void emit_xmm_sync(Emitter *e, IRRef r);                    /* its memory and that of its halves is up to date */
void emit_xmm_sync_all(Emitter *e);
/* What registers hold at a label is what they hold on all ways there; all is in memory. */
void emit_xmm_branch(Emitter *e, unsigned label);
void emit_xmm_label(Emitter *e, unsigned label);
/* Registers that a block which jumps back to itself carries over this jump. All is in memory. */
void emit_xmm_choose_carried(Emitter *e);
bool emit_xmm_load_carried(Emitter *e);                     /* false: there are none */
void emit_xmm_carry(Emitter *e);                            /* to their places; keeps EFLAGS */
bool emit_xmm_carry_moves(const Emitter *e);                /* are there any? */
void emit_xmm_load_for_back(Emitter *e);                    /* what is carried, where `back` has it; keeps EFLAGS */
/*
 * In a block that only jumps back: what the next turn, ops 0 to n - 1, reads is where that looks for it. The rest,
 * which it writes first, is stored by emit_xmm_restore() where the loop is left.
 */
XmmState emit_xmm_keep(Emitter *e, int n);
void emit_xmm_restore(Emitter *e, const XmmState *s);       /* out of line: all is in memory as it was there */
void emit_slow_fp(Emitter *e, SlowPath *s);

/* emit-fp.c */
void emit_fp_again(Emitter *e, const FPOp *f);              /* out of line: exactly */
void emit_slow_product(Emitter *e, SlowPath *s);
void emit_slow_to_int(Emitter *e, SlowPath *s);
void emit_slow_compare(Emitter *e, SlowPath *s);
#endif
