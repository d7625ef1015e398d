/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of JSON, from programs and in options. A build without json-glib has none. */
#ifndef QEMU_JSON_TEXT_H
#define QEMU_JSON_TEXT_H

#include <json-glib/json-glib.h>

/*
 * What the text says; NULL: it is none, and *problem (g_free()) says why. The library takes the last of two members of
 * one name, and cuts a string at \u0000: either would carry out something else than was said, so both are refused.
 * Any thread.
 */
JsonNode *json_text_parse(const char *text, gssize bytes, char **problem);

#endif
