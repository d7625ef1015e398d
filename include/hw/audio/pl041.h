/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PL041 advanced audio codec interface, ARM DDI 0173, with an LM4549 behind it. */
#ifndef HW_AUDIO_PL041_H
#define HW_AUDIO_PL041_H
#include <stdint.h>
#include "audio/audio.h"
#include "hw/dma-request.h"
#include "hw/irq.h"

/* audio NULL: nobody hears it. dma: its request wires, NULL: none. Lives as long as the machine. */
void pl041_create(uint32_t base, const char *name, AudioDev *audio, const IRQLine *irq, DmaRequests *dma);
#endif
