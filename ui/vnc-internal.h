/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the VNC server share. */
#ifndef UI_VNC_INTERNAL_H
#define UI_VNC_INTERNAL_H
#include "ui/vnc.h"

/* ui/vnc-listen.c: main thread. */
enum { VNC_LISTEN_MAX = 8 };
typedef struct VncListen {
    int fd[VNC_LISTEN_MAX];
    unsigned count;
    bool connected;                     /* there is one, and it is the client's (reverse=on) */
} VncListen;
/* Sockets for what the options say; *end becomes the first one's address. NULL, or what is wrong (g_free). */
char *vnc_listen(const VncOptions *o, VncListen *l, VncEnd *end);
/* The address that getsockname() or getpeername() tells. Any thread. */
void vnc_end_of(int fd, bool peer, VncEnd *end);
void vnc_end_free(VncEnd *end);

struct _rfbClientRec;

/* ui/vnc-password.c: NULL, or what is wrong (g_free); does that answer the challenge? Clients' own threads. */
char *vnc_password_init(void);
int8_t vnc_password_check(struct _rfbClientRec *cl, const char *response, int len);

/* ui/vnc-extended.c: call that for each QEMU Extended Key Event, on the client's thread; `number` is that of set 1. */
char *vnc_extended_init(void (*fn)(struct _rfbClientRec *cl, bool down, uint32_t keysym, unsigned number));
#endif
