/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses as the user spells them. Implemented in util/address.c. */
#ifndef QEMU_ADDRESS_H
#define QEMU_ADDRESS_H
#include <stdbool.h>

/*
 * "[HOST]:PORT", with an IPv6 address in brackets; false: there is no port, or its number is too large, which
 * getaddrinfo() would not mind. Free both.
 */
bool address_split(const char *text, char **host, char **port);
#endif
