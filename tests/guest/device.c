/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every load and store instruction on device registers, in both byte orders: the same instruction on memory with equal
 * contents must load and leave the same. The registers are the priorities of shared interrupts, 32 bytes that hold what
 * is written to them (their upper halves) and take bytes, half-words and words (ARM DDI 0360 10.4).
 * guest-test: cpus=1
 */
#include "runtime.h"

__asm__(".fpu vfp");

enum { DEVICE = GICD_BASE + 0x420, BYTES = 32, BX_LR = 0xe12fff1e };

struct regs {
    uint32_t r[8];
};

/* Loads r0-r7, calls the code, stores r0-r7. r0 points at the middle of the registers, r1 is 4. */
void run(struct regs *regs, void *code);
__asm__(".pushsection .text\n.arm\n.balign 4\n"
        "run: push {r0, r4-r11, lr}\nmov r12, r1\nldmia r0, {r0-r7}\nblx r12\n"
        "ldr r12, [sp]\nstmia r12, {r0-r7}\nadd sp, sp, #4\npop {r4-r11, pc}\n.popsection\n");

static uint32_t *code;
static uint8_t ram[BYTES] __attribute__((aligned(64)));

static uint8_t pattern(unsigned i, unsigned round)
{
    return (uint8_t)((i * 0x30 + round * 0x50 + (i >> 2) * 0x10) & 0xf0);
}

static void fill(uint32_t at, unsigned round)
{
    for (unsigned i = 0; i < BYTES; i++) {
        wr8(at + i, pattern(i, round));
    }
}

static void execute(uint32_t at, struct regs *regs)
{
    static const uint32_t values[8] = { 0, 4, 0x10203040, 0x50607080, 0x90a0b0c0, 0xd0e0f000, 0x11223344, 0xf0f0f0f0 };
    uint32_t vfp[8];

    for (unsigned i = 0; i < 8; i++) {
        regs->r[i] = values[i];
        vfp[i] = 0x10f0e0d0u * (i + 1) & 0xf0f0f0f0;
    }
    regs->r[0] = at + 8;
    __asm__ volatile("fldmias %0, {s0-s7}" : : "r"(vfp) : "memory");
    run(regs, code);
    /* What was loaded into VFP registers counts too: in place of r6 and r7, which no row uses. */
    __asm__ volatile("fstmias %0, {s0-s7}" : : "r"(vfp) : "memory");
    for (unsigned i = 0; i < 8; i++) {
        regs->r[6 + i % 2] ^= vfp[i] + i;
    }
    regs->r[0] -= at;
}

static const struct row {
    const char *name;
    uint32_t words[2];
} rows[] = {
    { "ldr", { 0xe5902000, 0xe5b03004 } },          { "ldr post-indexed, ldrt", { 0xe4902004, 0xe4b03004 } },
    { "ldr with register offset", { 0xe7902001, 0xe7103001 } },
    { "ldrh", { 0xe1d020b0, 0xe1d030b2 } },         { "ldrsh", { 0xe1d020f0, 0xe1d030f6 } },
    { "ldrb", { 0xe5d02001, 0xe5d03003 } },         { "ldrsb", { 0xe1d020d1, 0xe1d030d3 } },
    { "ldrbt", { 0xe4f02003, 0xe4f03001 } },        { "ldrd", { 0xe1c020d0, 0xe1c040d8 } },
    { "ldrd of words", { 0xe1c020d4, 0xe1c040dc } }, { "ldmia", { 0xe890003c, 0xe1a00000 } },
    { "ldmdb r0!", { 0xe930000c, 0xe8b00030 } },    { "flds", { 0xed900a00, 0xedd01a01 } },
    { "fldd", { 0xed900b00, 0xed901b03 } },         { "fldmias", { 0xecb00a04, 0xed300a02 } },
    { "fldmiad", { 0xec900b06, 0xe1a00000 } },      { "swp", { 0xe1005094, 0xe1003095 } },
    { "swpb", { 0xe1405094, 0xe1403092 } },
    { "str", { 0xe5802000, 0xe5a03004 } },          { "str post-indexed, strt", { 0xe4802004, 0xe4a03004 } },
    { "strh", { 0xe1c020b0, 0xe1c030b6 } },         { "strb", { 0xe5c02001, 0xe5c0400b } },
    { "strbt", { 0xe4e02003, 0xe4e03001 } },        { "strd", { 0xe1c020f0, 0xe1c040f8 } },
    { "strd of words", { 0xe1c020f4, 0xe1c040fc } }, { "stmia", { 0xe880003c, 0xe1a00000 } },
    { "stmdb r0!", { 0xe920000c, 0xe8a00030 } },    { "fsts", { 0xed800a00, 0xedc01a01 } },
    { "fstd", { 0xed800b00, 0xed801b03 } },         { "fstmias", { 0xeca00a04, 0xed200a02 } },
    { "fstmiad", { 0xec800b06, 0xe1a00000 } },      { "a load behind a store", { 0xe5802000, 0xe5903000 } },
    { "a narrow load behind a store", { 0xe5803004, 0xe1d020b6 } },
};

static bool compare(const struct row *row, bool big, unsigned round)
{
    struct regs on_ram, on_device;
    bool good = true;

    fill((uint32_t)ram, round);
    fill(DEVICE, round);
    execute((uint32_t)ram, &on_ram);
    execute(DEVICE, &on_device);
    for (unsigned i = 0; i < 8; i++) {
        if (on_ram.r[i] != on_device.r[i]) {
            print("# %s%s: r%u is %08x, %08x with memory\n", row->name, big ? ", big-endian" : "", i,
                  (unsigned)on_device.r[i], (unsigned)on_ram.r[i]);
            good = false;
        }
    }
    for (unsigned i = 0; i < BYTES; i++) {
        /* Four bits of a priority exist. */
        if ((ram[i] & 0xf0) != rd8(DEVICE + i)) {
            print("# %s%s: byte %u is %02x, %02x in memory\n", row->name, big ? ", big-endian" : "", i,
                  (unsigned)rd8(DEVICE + i), (unsigned)ram[i]);
            good = false;
        }
    }
    return good;
}

static void all_rows(void)
{
    for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        bool good = true;

        for (unsigned big = 0; big < 2; big++) {
            code[0] = big ? 0xf1010200 : 0xe1a00000;        /* setend be */
            code[1] = rows[k].words[0];
            code[2] = rows[k].words[1];
            code[3] = 0xf1010000;                           /* setend le */
            code[4] = BX_LR;
            code_written(code, 20);
            for (unsigned round = 0; round < 4; round++) {
                good &= compare(&rows[k], big, round);
            }
        }
        ok(good, rows[k].name);
    }
}

int test_main(void)
{
    code = heap_alloc(4096, 4096);
    vfp_enable();
    gic_init();
    all_rows();
    mmu_on(mmu_new_table());
    all_rows();
    return 0;
}
