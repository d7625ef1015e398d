/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "fake-net.h"

struct NetBackend {
    NetCard card;
    bool up;
};

uint8_t fake_net_sent[2048];
size_t fake_net_sent_bytes;
unsigned fake_net_sent_count, fake_net_ready_count;

NetBackend *fake_net_new(void)
{
    NetBackend *net = calloc(1, sizeof(*net));

    net->up = true;
    return net;
}

void net_attach(NetBackend *net, const NetCard *card) { net->card = *card; }
void net_card_ready(NetBackend *net) { fake_net_ready_count++; }
bool net_link_up(const NetBackend *net) { return net->up; }

void net_send(NetBackend *net, const uint8_t *frame, size_t bytes)
{
    if (bytes > sizeof(fake_net_sent)) {
        abort();
    }
    memcpy(fake_net_sent, frame, bytes);
    fake_net_sent_bytes = bytes;
    fake_net_sent_count++;
}

void net_set_link(NetBackend *net, bool up)
{
    net->up = up;
    net->card.link_changed(net->card.opaque, up);
}

bool fake_net_offer(NetBackend *net, const uint8_t *frame, size_t bytes)
{
    return net->card.receive(net->card.opaque, frame, bytes);
}
