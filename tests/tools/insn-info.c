/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shows what becomes of guest instructions: decoder row and operand fields, disassembly, IR before and after the
 * passes, host code.
 *
 *     insn-info [-t] [-f FLAG,...] [-a ADDRESS] [-n COUNT] [-s] WORD...
 *     insn-info [-t] [-f FLAG,...] [-a ADDRESS] [-n COUNT] [-s] -r FILE [-o OFFSET] [-l BYTES]
 *
 * WORDs are hexadecimal and stand one behind the other at ADDRESS. A FILE is raw code. Blocks are built as the emulator
 * builds them, until all of the code is covered. One thread, no guest: the emulator's own translator and back end on
 * a code buffer that nobody runs. Exit status 1: there was an instruction that has no row.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "accel/tcg/cache.h"
#include "qemu/disas.h"
#include "target/arm/decode.h"
#include "target/arm/translate.h"
#include "tcg/x86_64/op-flags.h"

enum {
    PAGE_BYTES = 4096,
    CODE_LIMIT = 16 << 20,          /* bytes of a file that are looked at */
    BUFFER_BYTES = 4 << 20,
    DEFAULT_ADDRESS = 0x8000,
};

typedef struct Request {
    bool thumb, brief;
    uint32_t flags;                 /* TBF_* */
    uint32_t address;
    int max_insns;                  /* of a block */
    uint8_t *code;
    uint32_t bytes;
} Request;

typedef struct FlagName {
    const char *name;
    uint32_t bits;
    const char *meaning;
} FlagName;

static const FlagName flag_names[] = {
    { "priv", TBF_PRIV, "privileged mode" },
    { "be", TBF_E, "CPSR.E: big-endian data" },
    { "vfp", TBF_VFP_EN, "VFP is enabled (default)" },
    { "fz", TBF_VFP_FZ, "flush-to-zero" },
    { "align", TBF_ALIGN, "SCTLR.A: unaligned accesses fault" },
    { "v5", TBF_NO_UNALIGN, "SCTLR.U clear: rotated loads" },
    { "stride", TBF_VFP_STRIDE, "FPSCR.STRIDE is 3" },
};
enum { NB_FLAG_NAMES = sizeof(flag_names) / sizeof(flag_names[0]) };

static IRBlock block;
static CodeBuffer buffer;

static _Noreturn void fail(const char *what, const char *detail)
{
    fprintf(stderr, "insn-info: %s '%s'\n", what, detail);
    exit(2);
}

static void usage(FILE *f)
{
    fprintf(f, "Usage: insn-info [OPTION]... WORD...\n"
               "       insn-info [OPTION]... -r FILE\n"
               "  WORD              instruction in hexadecimal; Thumb: 16 bits each\n"
               "  -r, --raw FILE    raw code; '-' is the standard input\n"
               "  -o, --offset N    begin at byte N of FILE\n"
               "  -l, --length N    look at N bytes of FILE\n"
               "  -t, --thumb       Thumb code\n"
               "  -a, --address N   address of the first instruction [0x%x]\n"
               "  -n, --insns N     instructions in a block at most [%d]\n"
               "  -s, --short       rows and disassembly only\n"
               "  -f, --flags LIST  what the block is translated for, a number or names with commas between:\n",
            DEFAULT_ADDRESS, BLOCK_MAX_INSNS);
    for (int i = 0; i < NB_FLAG_NAMES; i++) {
        fprintf(f, "                      %-8s %s\n", flag_names[i].name, flag_names[i].meaning);
    }
    fprintf(f, "                      none     nothing; lenN FPSCR.LEN is N (1-8)\n");
}

static uint32_t parse_number(const char *text, int base, uint32_t limit)
{
    char *end;
    unsigned long long value;

    errno = 0;
    value = strtoull(text, &end, base);
    if (end == text || *end || *text == '-' || errno || value > limit) {
        fail("bad number", text);
    }
    return value;
}

static uint32_t parse_flag(const char *name)
{
    for (int i = 0; i < NB_FLAG_NAMES; i++) {
        if (!strcmp(name, flag_names[i].name)) {
            return flag_names[i].bits;
        }
    }
    if (!strncmp(name, "len", 3) && name[3] >= '1' && name[3] <= '8' && !name[4]) {
        return (uint32_t)(name[3] - '1') << TBF_VFP_LEN_SHIFT;
    }
    if (!strcmp(name, "none")) {
        return 0;
    }
    return parse_number(name, 0, TBF_MASK);
}

static uint32_t parse_flags(char *list)
{
    uint32_t flags = 0;

    for (char *save, *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        flags |= parse_flag(name);
    }
    return flags;
}

static void print_flags(uint32_t flags)
{
    for (int i = 0; i < NB_FLAG_NAMES; i++) {
        if (flags & flag_names[i].bits) {
            printf(" %s", flag_names[i].name);
        }
    }
    if (flags >> TBF_VFP_LEN_SHIFT & 7) {
        printf(" len%u", (flags >> TBF_VFP_LEN_SHIFT & 7) + 1);
    }
}

/* The operands of the row's bit string with their values in insn: "cccc=0xe dddd=0x1". */
static void print_fields(const DecodeRow *row, uint32_t insn)
{
    int width = strlen(row->bits);

    for (int i = 0, run; i < width; i += run) {
        char letter = row->bits[i];

        for (run = 1; i + run < width && row->bits[i + run] == letter; run++) {
        }
        if (letter != '0' && letter != '1' && letter != '-') {
            printf(" %.*s=%#x", run, row->bits + i, field(insn, width - i - run, run));
        }
    }
}

static void print_info(const DecodeRow *row)
{
    static const char *const effects[] = {
        [I_STOP] = "may raise, exit or use flags", [I_PURE] = "leaves the flags alone", [I_LOGIC] = "logical",
        [I_ARITH] = "arithmetic", [I_CARRY] = "arithmetic with carry",
    };
    unsigned effect = row->info & I_FLAGS;

    printf("(%s%s%s)", effect < sizeof(effects) / sizeof(effects[0]) ? effects[effect] : "?",
           row->info & I_OWN_COND ? ", own condition" : "", row->info & I_FIRST ? ", first" : "");
}

/* One instruction: disassembly and row. False: it has no row. */
static bool print_insn(const Request *r, uint32_t offset)
{
    const uint8_t *p = r->code + offset;
    uint32_t insn = p[0] | p[1] << 8 | (r->thumb ? 0 : p[2] << 16 | (uint32_t)p[3] << 24);
    const DecodeRow *row = r->thumb ? decode_t16(insn) : decode_a32(insn);

    disas_guest(stdout, (r->address + offset) | r->thumb, p, r->thumb ? 2 : 4);
    if (!row) {
        printf("    no row: UNDEFINED\n");
        return false;
    }
    printf("    %s  \"%s\" ", row->bits, row->name);
    print_info(row);
    printf("\n   ");
    print_fields(row, insn);
    printf("\n");
    return true;
}

static void check_ir(const char *stage)
{
    int at;
    const char *wrong = ir_verify(&block, &at);

    if (wrong) {
        printf("  the IR is wrong %s: op %d: %s\n", stage, at, wrong);
    }
}

static void print_host(const IRBlock *b)
{
    TranslationBlock tb = { .pc = b->pc, .flags = b->flags };
    uint8_t *start = buffer.ptr;

    if (!tcg_backend_x86_64.emit(b, &tb, &buffer)) {
        printf("host code: it does not fit\n");
        return;
    }
    printf("host code: %u bytes\n", tb.code_size);
    disas_host(stdout, tb.code, tb.code_size);
    for (int i = 0; i < 2; i++) {
        if (tb.jmp[i].patch) {
            printf("exit %d: to 0x%08x, jump at 0x%" PRIxPTR "\n", i, tb_jump_target(&tb, i),
                   (uintptr_t)tb.code + 4u * tb.jmp[i].patch);
        }
    }
    buffer.ptr = start;
}

/* The block that begins at offset. Returns how many bytes of code it covers. */
static uint32_t show_block(const Request *r, uint32_t offset, bool *all_known)
{
    static uint8_t page[PAGE_BYTES];
    uint32_t pc = r->address + offset, step = r->thumb ? 2 : 4, covered;
    uint32_t in_page = pc % PAGE_BYTES, left = r->bytes - offset;
    uint32_t room = left < PAGE_BYTES - in_page ? left : PAGE_BYTES - in_page;
    int insns = r->max_insns;

    /* The page as the translator sees it: what is before and behind the code given reads as zero. */
    memset(page, 0, sizeof(page));
    for (uint32_t i = 0; i < PAGE_BYTES; i++) {
        int64_t at = (int64_t)offset - in_page + i;

        if (at >= 0 && at < r->bytes) {
            page[i] = r->code[at];
        }
    }
    if ((uint32_t)insns > room / step) {
        insns = room / step;
    }
    arm_translate(&block, pc | r->thumb, r->flags, page, insns);
    covered = block.guest_bytes < room ? block.guest_bytes : room;

    printf("---- block at 0x%08x,%s flags 0x%03x:", pc, r->thumb ? " Thumb," : "", r->flags);
    print_flags(r->flags);
    printf("\n");
    for (uint32_t done = 0; done < covered; done += step) {
        *all_known &= print_insn(r, offset + done);
    }
    if (!r->brief) {
        printf("IR:\n");
        ir_print(stdout, &block);
        check_ir("as translated");
        ir_optimize(&block, x86_host_flags);
        printf("IR after the passes (depends on %u bytes):\n", block.depend_bytes);
        ir_print(stdout, &block);
        check_ir("after the passes");
        print_host(&block);
    }
    return covered;
}

static void append_word(Request *r, const char *text)
{
    uint32_t word = parse_number(text, 16, r->thumb ? 0xffff : 0xffffffff);

    for (int i = 0; i < (r->thumb ? 2 : 4); i++) {
        r->code[r->bytes++] = word >> 8 * i;
    }
}

static void read_raw(Request *r, const char *path, uint32_t offset, uint32_t length)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    struct stat st;

    if (!f || fstat(fileno(f), &st) < 0 || S_ISDIR(st.st_mode)) {
        fail("cannot read", path);
    }
    for (uint32_t i = 0; i < offset && getc(f) != EOF; i++) {
    }
    r->bytes = fread(r->code, 1, length, f);
    r->bytes &= ~(r->thumb ? 1u : 3u);
    if (f != stdin) {
        fclose(f);
    }
}

static void make_buffer(void)
{
    buffer.base = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer.base == MAP_FAILED) {
        fail("no memory for code:", strerror(errno));
    }
    buffer.ptr = buffer.base;
    buffer.end = buffer.base + BUFFER_BYTES;
    tcg_backend = &tcg_backend_x86_64;
    if (!tcg_backend->init_buffer(&buffer)) {
        fail("the buffer is too small for", tcg_backend->name);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "address", required_argument, NULL, 'a' }, { "flags", required_argument, NULL, 'f' },
        { "help", no_argument, NULL, 'h' },          { "insns", required_argument, NULL, 'n' },
        { "length", required_argument, NULL, 'l' },  { "offset", required_argument, NULL, 'o' },
        { "raw", required_argument, NULL, 'r' },     { "short", no_argument, NULL, 's' },
        { "thumb", no_argument, NULL, 't' },         { NULL, 0, NULL, 0 },
    };
    Request r = { .flags = TBF_VFP_EN, .address = DEFAULT_ADDRESS, .max_insns = BLOCK_MAX_INSNS };
    const char *raw = NULL;
    uint32_t offset = 0, length = CODE_LIMIT;
    bool all_known = true;
    int opt;

    while ((opt = getopt_long(argc, argv, "a:f:hl:n:o:r:st", options, NULL)) != -1) {
        switch (opt) {
        case 'a':
            r.address = parse_number(optarg, 0, UINT32_MAX);
            break;
        case 'f':
            r.flags = parse_flags(optarg);
            break;
        case 'h':
            usage(stdout);
            return 0;
        case 'l':
            length = parse_number(optarg, 0, CODE_LIMIT);
            break;
        case 'n':
            r.max_insns = parse_number(optarg, 0, BLOCK_MAX_INSNS);
            break;
        case 'o':
            offset = parse_number(optarg, 0, UINT32_MAX);
            break;
        case 'r':
            raw = optarg;
            break;
        case 's':
            r.brief = true;
            break;
        case 't':
            r.thumb = true;
            break;
        default:
            usage(stderr);
            return 2;
        }
    }
    if (r.address % (r.thumb ? 2 : 4)) {
        fail("the address is not that of an instruction:", "-a");
    }
    if (r.max_insns < 1 || !raw == (optind == argc)) {
        usage(stderr);
        return 2;
    }
    r.code = calloc(1, CODE_LIMIT + 4);
    if (!r.code) {
        fail("out of", "memory");
    }
    if (raw) {
        read_raw(&r, raw, offset, length);
    }
    for (; optind < argc && r.bytes < CODE_LIMIT; optind++) {
        append_word(&r, argv[optind]);
    }
    make_buffer();
    for (uint32_t at = 0; at < r.bytes;) {
        at += show_block(&r, at, &all_known);
    }
    free(r.code);
    return !all_known;
}
