/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server of 9P2000.L for a folder of the host (hw/9p): messages in, messages out. It knows no transport.
 *
 * A server is one thread's at a time. It waits for the host's disk.
 */
#ifndef HW_9P_P9_H
#define HW_9P_P9_H
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

/* Whose files are, and what they may: what the host says; the same, but a change of owner that fails is none; what is
 * noted in extended attributes "user.virtfs.*" of files that are all the emulator's. */
typedef enum P9Security { P9_PASSTHROUGH, P9_NONE, P9_MAPPED } P9Security;

typedef struct P9Share {
    const char *path;           /* a folder */
    P9Security security;
    bool readonly;
    bool write_out;             /* the host begins to write to the disk what the guest has written */
} P9Share;

typedef struct P9Server P9Server;

enum { P9_MSIZE = 512 * 1024, P9_HEADER = 7 };

/* NULL: *err says what is wrong (g_free()). */
P9Server *p9_server_new(const P9Share *share, char **err);
void p9_server_free(P9Server *s);
/* Forget all fids: another client follows. */
void p9_server_reset(P9Server *s);
/* ---- saved state ---- */
void p9_server_save(const P9Server *s, GByteArray *to);
/* NULL, or why it cannot be saved as it is (g_free). */
char *p9_server_save_problem(const P9Server *s);
/* Of a server without fids: take up what p9_server_save() wrote. False: it is damaged, and there are none. */
bool p9_server_load(P9Server *s, const uint8_t *data, size_t bytes);
/*
 * Answer the message of `bytes` at `in`, which may be anything, into `room` bytes at `out`; room >= P9_HEADER + 4.
 * Returns the answer's length, 0: what came is no message.
 */
uint32_t p9_server_answer(P9Server *s, const uint8_t *in, uint32_t bytes, uint8_t *out, uint32_t room);
#endif
