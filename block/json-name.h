/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name of a backing file that is JSON: what other programs write into an image whose backing file has options. */
#ifndef BLOCK_JSON_NAME_H
#define BLOCK_JSON_NAME_H

/*
 * "json:{...}": the path of the local file that it means (g_free()); *format (g_free()) is NULL if it says none.
 * NULL: it is more than a local file that is raw or qcow2, or the build reads no JSON. Any thread.
 */
char *json_name_path(const char *name, char **format);

#endif
