/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network for cards under test: what they send is kept, what they receive is the test's to say. */
#ifndef TESTS_UNIT_FAKE_NET_H
#define TESTS_UNIT_FAKE_NET_H
#include "net/net.h"

NetBackend *fake_net_new(void);
extern uint8_t fake_net_sent[2048];             /* the last frame that was sent */
extern size_t fake_net_sent_bytes;
extern unsigned fake_net_sent_count, fake_net_ready_count;
/* Offer a frame; false: the card has no room. */
bool fake_net_offer(NetBackend *net, const uint8_t *frame, size_t bytes);
#endif
