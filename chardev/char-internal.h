/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of chardev/ share: the Chardev itself, the back end interface, and the calls back ends make.
 *
 * Threads: "I/O" fields belong to the thread that runs the main loop (and to the main thread before the loop runs).
 * "out" fields are guarded by Chardev.lock and touched by every thread that writes.
 */
#ifndef CHARDEV_CHAR_INTERNAL_H
#define CHARDEV_CHAR_INTERNAL_H
#include <pthread.h>
#include <stdbool.h>
#include <glib.h>
#include "chardev/char.h"
#include "qemu/io-loop.h"
#include "qemu/replay.h"
#include "qemu/writer.h"
#include "sysemu/cpu-hold.h"

enum {
    CHR_MAX_FRONTENDS = 4,
    CHR_QUEUE_SIZE = 64 * 1024,         /* a CPU that leaves more output behind is held */
    CHR_QUEUE_MAX = 16 * 1024 * 1024,   /* output of writers that cannot be held; a power of two */
    CHR_INPUT_SIZE = 4096,              /* input read ahead for the front end */
    CHR_DATAGRAM_OUT = 1400,            /* of a datagram that is sent, at most: it fits into an Ethernet frame */
    CHR_DATAGRAM_IN = 65536,            /* and of one that comes */
    CHR_INPUT_MAX = 16 * 1024 * 1024,   /* the same where orders may be behind it, see char-input.c */
};

typedef struct ChardevBackend {
    const char *name;
    /*
     * I/O: the other side is gone (end of file or a write error). The back end calls chardev_disconnect() and arranges
     * for the next connection, if there can be one. NULL: chardev_disconnect() is all there is to do.
     */
    void (*peer_gone)(Chardev *chr);
    /* Take output, instead of the queue; NULL: the queue. Caller holds the lock. Connected from the first. */
    void (*put)(Chardev *chr, const uint8_t *buf, size_t len);
    /* I/O: the program ends; NULL if nothing is to be put back. */
    void (*close)(Chardev *chr);
    /* I/O: disconnected; give everything back, `state` included. NULL: the device stays until the end. */
    void (*remove)(Chardev *chr);
    /* I/O: `chr`, of which `state` is from now on, is another one. NULL: it does not matter. */
    void (*adopt)(Chardev *chr);
    /* I/O: chardev_add_client(). NULL: never. */
    bool (*add_client)(Chardev *chr, int fd);
} ChardevBackend;

/* What a front end has not taken yet: buf[head .. head + len). */
typedef struct ChardevInput {
    uint8_t *buf;
    size_t size, head, len;
    uint64_t taken;                     /* bytes handed over so far */
    GArray *breaks;                     /* uint64_t: how many bytes come before each; NULL: never had one */
} ChardevInput;

struct Chardev {
    char *label;
    char *spec;                         /* I/O: as on the command line; a pty's name behind it */
    const ChardevBackend *backend;      /* I/O and lock, to change it */
    void *state;                        /* I/O: the back end's own */
    Chardev *next;                      /* I/O: list of all */
    bool later;                         /* constant: made while the machine runs */

    /* I/O: input side */
    bool mux;
    bool escape;                        /* mux: the escape key was the last byte */
    bool is_tty;                        /* a terminal whose keys may mean signals */
    int in_fd;                          /* -1: no input */
    bool in_is_socket;
    bool datagrams;                     /* I/O and lock, to change it: sockets are of datagrams, which may be lost */
    int passed_fd;                      /* the descriptor that came with the input last; -1: none */
    bool telnet;                        /* I/O and lock, to change it: the connection speaks telnet */
    unsigned telnet_state;
    guint in_watch;                     /* 0: input is held back or impossible */
    unsigned frontend_count, focus;
    CharFrontend frontend[CHR_MAX_FRONTENDS];
    ReplaySource *source[CHR_MAX_FRONTENDS];    /* of a guest's front end; NULL: it is another one */
    ChardevInput input[CHR_MAX_FRONTENDS];
    guint out_watch;                    /* I/O: waits until out_fd takes more */

    /* out: lock */
    pthread_mutex_t lock;
    int out_fd;                         /* -1: not connected, output is dropped */
    bool out_is_socket;
    bool out_failed;                    /* the peer is gone; the I/O thread has yet to notice */
    uint8_t *queue;                     /* ring of queue_size bytes (a power of two) */
    size_t queue_size, queue_head, queue_len;
    CPUHold hold;                       /* CPUs that filled the queue */
    Writer *writer;                     /* a file, which blocks: used instead of the queue; or NULL */
    Writer *log;                        /* all output goes there as well; NULL: none */
    bool room_wanted;                   /* chardev_full() has said that there is none in the queue */

    IOWork output;                      /* the queue has been filled since it was last looked at */
    bool syncing;                       /* mux: Ctrl-a s is at work; atomic */
    IOWork accept;                      /* chardev_accept_input() was called */
    IOWork room;                        /* there is room for output again */
    IOWork gone;                        /* it was removed: what was posted for it has run */
};

/*
 * Connect the back end's descriptors (the caller keeps owning them); either may be -1. out_fd must not block:
 * O_NONBLOCK, a socket, or a regular file, which gets a thread of its own. I/O thread.
 */
void chardev_connect(Chardev *chr, int in_fd, int out_fd, bool socket);
/* Stop using the descriptors; the caller may close them then. Queued output is dropped. I/O thread. */
void chardev_disconnect(Chardev *chr);
/* End of input alone: output goes on. I/O thread. */
void chardev_input_eof(Chardev *chr);

/* *error = "'SPEC': ..."; false. */
bool chardev_refuse(char **error, const char *spec, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Back ends: fill in chr from the part of the specification behind the name. False: *error, and nothing is left open.
 */
bool chardev_open_stdio(Chardev *chr, const char *spec, bool signals, char **error);
bool chardev_open_file(Chardev *chr, const char *spec, const char *path, bool append, char **error);
bool chardev_open_serial(Chardev *chr, const char *spec, const char *path, char **error);
bool chardev_open_pipe(Chardev *chr, const char *spec, const char *path, char **error);
bool chardev_open_null(Chardev *chr);
bool chardev_open_testdev(Chardev *chr);
bool chardev_open_pty(Chardev *chr, const char *spec, char **error);
bool chardev_open_ringbuf(Chardev *chr, const char *spec, const char *size, char **error);
bool chardev_open_udp(Chardev *chr, const char *spec, const char *args, char **error);
bool chardev_open_vc(Chardev *chr, const char *spec, const char *size, char **error);
typedef enum SocketKind { SOCKET_TCP, SOCKET_UNIX, SOCKET_FD } SocketKind;
bool chardev_open_socket(Chardev *chr, const char *spec, const char *args, SocketKind kind, char **error);

extern Chardev *chardev_list;           /* chardev/char-list.c: all; I/O */
/* chardev/char.c: begin with a queue and without a connection; write what the connection takes at once. I/O. */
void chardev_init_output(Chardev *chr);
void chardev_flush(Chardev *chr);

enum { TELNET_IAC = 255 };

/* chardev/telnet.c: what to send first; what a byte of input is, behind those before it. */
typedef enum TelnetInput { TELNET_NOTHING, TELNET_TEXT, TELNET_BREAK } TelnetInput;
const uint8_t *telnet_greeting(size_t *len);
TelnetInput telnet_byte(unsigned *state, uint8_t byte);

/* chardev/mux.c: take one byte of input; I/O thread. */
void mux_input_byte(Chardev *chr, uint8_t byte);

/* chardev/char-input.c; I/O thread. Put a byte, or a break, where front end `fe` will find it. */
/* What front end `fe` gets is the guest's and recorded. */
void chardev_record(Chardev *chr, unsigned fe);
void chardev_input_push(Chardev *chr, unsigned fe, uint8_t byte);
void chardev_input_push_break(Chardev *chr, unsigned fe);
/* Hand over what waits, as far as the front ends take it. */
void chardev_input_deliver(Chardev *chr);
/* Read on if there is room, or do not. */
void chardev_input_watch(Chardev *chr);
/* The connection is about to be closed: read what has come. Its descriptor does not block. */
void chardev_input_rest(Chardev *chr);
void chardev_event(Chardev *chr, unsigned fe, int event);
/* Tell the user on stdout where the device can be reached. */
void chardev_label_message(const Chardev *chr, const char *where);
#endif
