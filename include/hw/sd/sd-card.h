/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SD memory card (SD Physical Layer Simplified Specification 3.01) as its host controller sees it: commands with
 * their responses, and bytes on the data lines. Blocks come from and go to a block back end, on whose threads they are
 * read and written; what is not there yet is announced by `changed`.
 *
 * Lock: the host's, given to sd_card_new(); held by the caller of every function here but sd_card_new(), and while
 * `changed` is called. A slot without a card is an SDCard that is not present: it answers nothing.
 */
#ifndef HW_SD_SD_CARD_H
#define HW_SD_SD_CARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "block/block.h"
#include "qemu/lock.h"

typedef struct SDCard SDCard;
typedef enum SDResponse { SD_NO_RESPONSE, SD_SHORT_RESPONSE, SD_LONG_RESPONSE } SDResponse;

typedef struct SDHost {
    CountedLock *lock;
    /* I/O thread: the card has bytes to send, can take some, or has failed. */
    void (*changed)(void *opaque);
    /* I/O thread, no lock held: there is a card now, or none any more. */
    void (*slot)(void *opaque, bool present, bool readonly);
    void *opaque;
} SDHost;

/* NULL: the image is no card; *error says why and what to do (free()). Main thread. */
SDCard *sd_card_new(BlockBackend *blk, const SDHost *host, char **error);
/* Power off and on. */
void sd_card_reset(SDCard *card);

/*
 * A command on the CMD line. Short: response[0] is what follows the command index. Long: response[0] has the register's
 * bits 127:96, response[3] its bits 31:0. No response: the card is absent, did not understand, or is not addressed.
 */
SDResponse sd_card_command(SDCard *card, unsigned index, uint32_t argument, uint32_t response[4]);

/* Take up to `bytes` that the card sends; fewer, or none: there are no more at present. */
size_t sd_card_read(SDCard *card, uint8_t *data, size_t bytes);
/* Give up to `bytes` to the card; fewer, or none: it cannot take more at present. */
size_t sd_card_write(SDCard *card, const uint8_t *data, size_t bytes);
/*
 * No byte will come (`sends`) or be taken, however long the host waits: the card is in no such transfer, or reported
 * an error.
 */
bool sd_card_moves_nothing(const SDCard *card, bool sends);
/* It waits for its image: to send more, to take more, or to be ready for a command again. */
bool sd_card_waits(const SDCard *card);
bool sd_card_programs(const SDCard *card);      /* that, and no data are moved */
bool sd_card_present(const SDCard *card);
bool sd_card_readonly(const SDCard *card);
#endif
