/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The telnet protocol (RFC 854) as far as a console needs it: we offer to echo, to suppress go-ahead and to speak
 * binary, and drop what the client says about options. So a telnet client sends each key at once. Of its commands a
 * break ("send brk") is one on the line. Input belongs to the I/O thread.
 */
#include <string.h>
#include "chardev/char-internal.h"

enum { SE = 240, BREAK = 243, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = TELNET_IAC };
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

TelnetInput telnet_byte(unsigned *state, uint8_t byte)
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
        return byte == IAC ? TELNET_TEXT : byte == BREAK ? TELNET_BREAK : TELNET_NOTHING;
    case OPTION:
        return TELNET_NOTHING;
    case SUBNEGOTIATION:
    case SUBNEGOTIATION_COMMAND:
        if (before == SUBNEGOTIATION_COMMAND && byte == SE) {
            return TELNET_NOTHING;
        }
        *state = before == SUBNEGOTIATION && byte == IAC ? SUBNEGOTIATION_COMMAND : SUBNEGOTIATION;
        return TELNET_NOTHING;
    case AFTER_CR:
        if (byte == 0 || byte == '\n') {
            return TELNET_NOTHING;  /* Return is CR NUL or CR LF */
        }
        break;
    default:
        break;
    }
    *state = byte == IAC ? COMMAND : byte == '\r' ? AFTER_CR : TEXT;
    return byte == IAC ? TELNET_NOTHING : TELNET_TEXT;
}
