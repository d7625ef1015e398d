/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The telnet protocol (RFC 854) as far as a console needs it: we offer to echo, to suppress go-ahead and to speak
 * binary, and drop what the client says about options. So a telnet client sends each key at once. Input belongs to the
 * I/O thread.
 */
#include <string.h>
#include "chardev/char-internal.h"

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = TELNET_IAC };
enum { OPT_BINARY = 0, OPT_ECHO = 1, OPT_SUPPRESS_GO_AHEAD = 3 };
enum { TEXT, AFTER_CR, COMMAND, OPTION, SUBNEGOTIATION, SUBNEGOTIATION_COMMAND };

const uint8_t *telnet_greeting(size_t *len)
{
    static const uint8_t greeting[] = {
        IAC, WILL, OPT_ECHO, IAC, WILL, OPT_SUPPRESS_GO_AHEAD, IAC, WILL, OPT_BINARY, IAC, DO, OPT_BINARY,
    };

    *len = sizeof(greeting);
    return greeting;
}

/* True if the byte is text. */
static bool telnet_byte(unsigned *state, uint8_t byte)
{
    unsigned before = *state;

    *state = TEXT;
    switch (before) {
    case COMMAND:
        if (byte >= WILL && byte <= DONT) {
            *state = OPTION;
        } else if (byte == SB) {
            *state = SUBNEGOTIATION;
        }
        return byte == IAC;
    case OPTION:
        return false;
    case SUBNEGOTIATION:
    case SUBNEGOTIATION_COMMAND:
        if (before == SUBNEGOTIATION_COMMAND && byte == SE) {
            return false;
        }
        *state = before == SUBNEGOTIATION && byte == IAC ? SUBNEGOTIATION_COMMAND : SUBNEGOTIATION;
        return false;
    case AFTER_CR:
        if (byte == 0 || byte == '\n') {
            return false;           /* Return is CR NUL or CR LF */
        }
        break;
    default:
        break;
    }
    *state = byte == IAC ? COMMAND : byte == '\r' ? AFTER_CR : TEXT;
    return byte != IAC;
}

size_t telnet_filter(unsigned *state, uint8_t *buf, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = buf[i];

        if (telnet_byte(state, byte)) {
            buf[kept++] = byte;
        }
    }
    return kept;
}
