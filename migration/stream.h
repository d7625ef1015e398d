/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine's state as a stream of sections (docs/snapshots.md has the format). A section is made and read in memory
 * as a whole; what is written to and read from a file, a pipe or an image are whole sections with their checksums.
 */
#ifndef MIGRATION_STREAM_H
#define MIGRATION_STREAM_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <glib.h>

enum { STATE_NAME_MAX = 31, STATE_PAYLOAD_MAX = 16 << 20, STATE_VERSION = 1 };

/* ---- out ---- */

/* A section as it is in the stream, but for the checksum behind it. Free it with g_byte_array_unref(). */
GByteArray *section_new(const char *name, uint32_t version);
void section_put(GByteArray *s, const void *data, size_t bytes);
void section_put_int(GByteArray *s, uint64_t value, unsigned bytes);    /* little-endian */
void section_put_name(GByteArray *s, const char *text);                 /* at most 255 bytes */
/* The payload is complete, and no longer than STATE_PAYLOAD_MAX. */
void section_end(GByteArray *s);

/* Where a stream goes. Returns 0 or a negative errno. */
typedef int StateWrite(void *opaque, const void *data, size_t bytes);
/* What a stream begins with; a section with its checksum. */
int stream_write_header(StateWrite *write, void *opaque);
int stream_write_section(const GByteArray *s, StateWrite *write, void *opaque);
/* Bytes that these two write. */
uint64_t stream_header_bytes(void);
uint64_t stream_section_bytes(const GByteArray *s);

/* ---- in ---- */

typedef struct Section {
    char name[STATE_NAME_MAX + 1];
    uint32_t version;
    uint8_t *payload;
    size_t bytes, at;           /* at: what section_get() has passed */
} Section;

/* Where a stream comes from: all of `bytes`, 0; none (the end), 1; a part, or an error, a negative errno. */
typedef int StateRead(void *opaque, void *data, size_t bytes);
/* False: *err says why (g_free()). */
bool stream_read_header(StateRead *read, void *opaque, char **err);
/* NULL: *err. Free with section_free(). */
Section *stream_read_section(StateRead *read, void *opaque, char **err);
void section_free(Section *s);

/* False: the section has no more so much. */
bool section_get(Section *s, void *data, size_t bytes);
bool section_get_int(Section *s, uint64_t *value, unsigned bytes);
bool section_get_name(Section *s, char name[256]);
/* A pointer to the next bytes, which are passed; NULL: there are not so many. */
const uint8_t *section_take(Section *s, size_t bytes);
#endif
