/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network addresses as the user spells them. Implemented in util/address.c. */
#ifndef QEMU_ADDRESS_H
#define QEMU_ADDRESS_H
#include <stdbool.h>

/* A number up to 65535 (getaddrinfo() does not mind larger ones, and cuts them), or a service's name. */
bool address_port_good(const char *port);
/*
 * "[HOST]:PORT", with an IPv6 address in brackets; false: there is no port, or one that cannot be. Free
 * both.
 */
bool address_split(const char *text, char **host, char **port);
#endif
