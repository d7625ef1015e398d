/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SD card by the DMA controller, with the card interface in control: the channel has no size, and ends where the
 * interface names its last request. Blocks, pieces of them (a burst and single words, a single word), lists of
 * transfers one behind the other, and the controller in control, which must not mind that last requests are called so.
 * guest-test: cpus=1,4 timeout=60 modes=unified,separate,single,interp,icount sd=yes oracle=no
 */
#include "dma.h"
#include "sd-card.h"

#define SYS_DMAPSR0     0x10000064u
enum { TO_CARD = 0x84, LINE = 0, WORDS = 4 * BLOCK / 4, DATA_END = 1 << 8, DATA_DMA = 1 << 3 };
enum { BY_SIZE_TO_MEMORY = 2, BY_CARD_TO_MEMORY = 6, BY_SIZE_TO_CARD = 1, BY_CARD_TO_CARD = 5 };

static uint32_t from[WORDS], to[WORDS + 16];

static void begin_by_dma(uint32_t bytes, bool receive, uint32_t block_bits)
{
    wr32(DATA_TIMER, 0xffffffff);
    wr32(DATA_LENGTH, bytes);
    wr32(DATA_CTRL, block_bits << 4 | DATA_DMA | (receive ? 2 : 0) | 1);
}

static uint32_t control(uint32_t words, bool to_memory)
{
    return DMA_SIZE(words) | DMA_BURST(2, 2) | DMA_WIDTH(2, 2) | (to_memory ? DMA_DI : DMA_SI) | DMA_I;
}

static void channel_reads(uint32_t flow, uint32_t words)
{
    memset(to, 0xee, sizeof(to));
    dma_start(0, FIFO, (uint32_t)to, 0, control(words, true), DMA_FLOW(flow) | DMA_PERIPHERALS(LINE, 0));
}

static void channel_writes(uint32_t flow, uint32_t words)
{
    dma_start(0, (uint32_t)from, FIFO, 0, control(words, false), DMA_FLOW(flow) | DMA_PERIPHERALS(0, LINE));
}

/* The channel has ended by itself, and so has the card. */
static bool ends(void)
{
    bool good = dma_wait(0) && rd32(DMAC_RAW_INT_TC_STATUS) == 1 && !rd32(DMAC_RAW_INT_ERROR_STATUS) &&
                WAIT_UNTIL(rd32(STATUS) & DATA_END, 5000000);

    wr32(DMAC_INT_TC_CLEAR, 3);
    wr32(DMAC_CONFIG(0), 0);
    return good;
}

static bool right(uint32_t words)
{
    return !memcmp(from, to, 4 * words) && to[words] == 0xeeeeeeee;
}

static void fill(uint32_t seed)
{
    for (uint32_t i = 0; i < WORDS; i++) {
        from[i] = (seed * 0x9e3779b9u) ^ (i * 0x85ebca6bu);
    }
}

static bool write_blocks(uint32_t flow, uint32_t blocks, uint32_t words)
{
    bool good;

    command(25, 0, SHORT);
    channel_writes(flow, words);
    begin_by_dma(blocks * BLOCK, false, 9);
    good = ends();
    command(12, 0, SHORT);
    return good;
}

static bool read_blocks(uint32_t flow, uint32_t blocks, uint32_t words)
{
    bool good;

    channel_reads(flow, words);
    begin_by_dma(blocks * BLOCK, true, 9);
    command(18, 0, SHORT);
    good = ends();
    command(12, 0, SHORT);
    return good && right(blocks * BLOCK / 4);
}

/* A block of the card in two pieces: the first ends within the block. */
static bool read_pieces(uint32_t words)
{
    bool good;

    channel_reads(BY_CARD_TO_MEMORY, 0);
    begin_by_dma(4 * words, true, 2);
    command(18, 0, SHORT);
    good = ends();
    command(12, 0, SHORT);
    return good && right(words);
}

/* Two transfers of the card, each a list item of its own: the last request ends the item, not the channel. */
static bool read_by_list(void)
{
    static struct dma_item second __attribute__((aligned(16)));
    bool good;

    memset(to, 0xee, sizeof(to));
    second = (struct dma_item) { FIFO, (uint32_t)&to[BLOCK / 4], 0, control(0, true) };
    dma_start(0, FIFO, (uint32_t)to, (uint32_t)&second, control(0, true) & ~DMA_I,
              DMA_FLOW(BY_CARD_TO_MEMORY) | DMA_PERIPHERALS(LINE, 0));
    begin_by_dma(BLOCK, true, 9);
    command(18, 0, SHORT);
    good = WAIT_UNTIL(rd32(DMAC_LLI(0)) == 0, 5000000) && (rd32(DMAC_ENBLD_CHNS) & 1);
    begin_by_dma(BLOCK, true, 9);
    good = ends() && good;
    command(12, 0, SHORT);
    return good && right(2 * BLOCK / 4);
}

int test_main(void)
{
    dma_init();
    wr32(SYS_DMAPSR0, TO_CARD);
    ok(identify(), "a card is there");
    fill(1);
    ok(write_blocks(BY_CARD_TO_CARD, 4, 0), "last-request-by-a-wire: four blocks are written");
    ok(read_blocks(BY_CARD_TO_MEMORY, 4, 0), "last-request-by-a-wire: and read");
    ok(read_pieces(8), "a last burst alone");
    ok(read_pieces(1), "a last word alone");
    ok(read_pieces(13), "a burst, words, a last word");
    ok(read_by_list(), "the last request ends an item of a list");
    fill(2);
    ok(write_blocks(BY_SIZE_TO_CARD, 4, WORDS) && read_blocks(BY_SIZE_TO_MEMORY, 4, WORDS),
       "the controller counts: nothing is lost");
    return 0;
}
