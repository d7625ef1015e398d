/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a state is sent to, or comes from. Opening, reading and writing wait; they belong to a thread of their own.
 * channel_break() ends their waiting from another thread.
 */
#ifndef MIGRATION_CHANNEL_H
#define MIGRATION_CHANNEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Channel Channel;

/*
 * Understand `uri` (migration/migration.h); listening sockets and files are made now. NULL: *err is a message
 * (g_free()). Any thread.
 */
Channel *channel_new(const char *uri, bool incoming, char **err);
/* Until the other side is there. False: *err. */
bool channel_open(Channel *c, char **err);
/* StateWrite and StateRead of migration/stream.h, with the channel as opaque. */
int channel_write(void *opaque, const void *data, size_t bytes);
int channel_read(void *opaque, void *data, size_t bytes);
/* What is read here can be answered, and what is written be answered to: it is a socket. */
bool channel_is_two_way(const Channel *c);
/* A few bytes the other way, if they can be sent at once; whoever waits for them will not have them otherwise. */
void channel_answer(Channel *c, const void *data, size_t bytes);
/* Everything was written, or read: did it arrive? False: *err. */
bool channel_finish(Channel *c, char **err);
/* Bytes that have passed. Any thread. */
uint64_t channel_bytes(const Channel *c);
/* Any thread, while another one may be in one of these: they fail soon. */
void channel_break(Channel *c);
void channel_free(Channel *c);
#endif
