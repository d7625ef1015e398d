/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VNC clients made for QEMU say beyond RFC 6143, as an extension of libvncserver: the QEMU Extended Key Event. It
 * has the key's place on the keyboard beside its sign, so that the guest's layout counts, not ours. A client that names
 * the pseudo-encoding is told that we know it, by an empty rectangle, and sends such events from then on. And the QEMU
 * Pointer Motion Change: a rectangle whose X says whether places of the pointer are wanted (1) or movements (0). And
 * the QEMU LED State: a rectangle with a byte, the lights of the guest's keyboard, after which viewers set their own.
 *
 * All on clients' own threads; sendMutex keeps messages to the client apart.
 */
#include <string.h>
#include <glib.h>
#include <rfb/rfb.h>
#include "ui/vnc-internal.h"

enum { ENCODING_POINTER_MOTION = -257, ENCODING_EXTENDED_KEY = -258, ENCODING_LEDS = -261 };
enum { MESSAGE_QEMU = 255, SUB_EXTENDED_KEY = 0, EVENT_BYTES = 11, RECT_BYTES = 16 };
enum { LED_SCROLL = 1, LED_NUM = 2, LED_CAPS = 4 };

#define LIBRARY_TABLE rfbx
#define LIBRARY_PREFIX rfb
#define LIBRARY_FUNCTIONS(X) X(CloseClient) X(ReadExact) X(RegisterProtocolExtension) X(WriteExact)
#include "qemu/library-table.h"

static const VncExtendedHooks *hooks;       /* constant once set */

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* FramebufferUpdate with one rectangle that has no points. */
static void rectangle(uint8_t message[RECT_BYTES], int encoding, uint8_t x, int width, int height)
{
    const uint8_t bytes[RECT_BYTES] = {
        0, 0, 0, 1, 0, x, 0, 0, (uint8_t)(width >> 8), (uint8_t)width, (uint8_t)(height >> 8), (uint8_t)height,
        0xff, 0xff, (uint8_t)((unsigned)encoding >> 8), (uint8_t)encoding,
    };

    memcpy(message, bytes, sizeof(bytes));
}

static void send_rectangle(rfbClientRec *cl, int encoding, uint8_t x)
{
    uint8_t message[RECT_BYTES];

    rectangle(message, encoding, x, cl->screen->width, cl->screen->height);
    rfbx.WriteExact(cl, (char *)message, sizeof(message));
}

void vnc_extended_leds(rfbClientRec *cl, unsigned leds)
{
    uint8_t message[RECT_BYTES + 1];

    rectangle(message, ENCODING_LEDS, 0, 1, 1);
    message[RECT_BYTES] = (uint8_t)((leds & INPUT_LED_SCROLL ? LED_SCROLL : 0) | (leds & INPUT_LED_NUM ? LED_NUM : 0) |
                                    (leds & INPUT_LED_CAPS ? LED_CAPS : 0));
    rfbx.WriteExact(cl, (char *)message, sizeof(message));
}

void vnc_extended_want(rfbClientRec *cl, bool places)
{
    send_rectangle(cl, ENCODING_POINTER_MOTION, places);
}

/* Of one client; 0: it names its encodings anew. */
static rfbBool enable(rfbClientRec *cl, void **data, int encoding)
{
    if (encoding == ENCODING_EXTENDED_KEY) {
        LOCK(cl->sendMutex);
        send_rectangle(cl, ENCODING_EXTENDED_KEY, 0);
        UNLOCK(cl->sendMutex);
    } else if (encoding == ENCODING_POINTER_MOTION) {
        LOCK(cl->sendMutex);
        hooks->pointer(cl);
        UNLOCK(cl->sendMutex);
    } else if (encoding == ENCODING_LEDS) {
        LOCK(cl->sendMutex);
        hooks->leds(cl);
        UNLOCK(cl->sendMutex);
    }
    return TRUE;
}

static rfbBool handle(rfbClientRec *cl, void *data, const rfbClientToServerMsg *message)
{
    uint8_t event[EVENT_BYTES];

    if (message->type != MESSAGE_QEMU) {
        return FALSE;
    }
    /* The type has been read: sub-type, down (2), keysym (4), key (4). */
    if (rfbx.ReadExact(cl, (char *)event, sizeof(event)) <= 0 || event[0] != SUB_EXTENDED_KEY) {
        rfbx.CloseClient(cl);
        return TRUE;
    }
    hooks->key(cl, event[1] || event[2], be32(event + 3), be32(event + 7));
    return TRUE;
}

char *vnc_extended_init(const VncExtendedHooks *these)
{
    static int encodings[] = { ENCODING_EXTENDED_KEY, ENCODING_POINTER_MOTION, ENCODING_LEDS, 0 };
    static rfbProtocolExtension extension = {
        .pseudoEncodings = encodings, .enablePseudoEncoding = enable, .handleMessage = handle,
    };
    char *problem = library_load("libvncserver.so.1", rfbx_functions);

    if (!problem) {
        hooks = these;
        rfbx.RegisterProtocolExtension(&extension);
    }
    return problem;
}
