/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the VNC server share. */
#ifndef UI_VNC_INTERNAL_H
#define UI_VNC_INTERNAL_H
#include "ui/input.h"
#include "ui/vnc.h"

/* ui/vnc-listen.c: main thread. */
enum { VNC_LISTEN_MAX = 8 };
typedef struct VncListen {
    int fd[VNC_LISTEN_MAX];
    unsigned count;
    bool connected;                     /* there is one, and it is the client's (reverse=on) */
} VncListen;
/* Sockets for what `count` options say; *first becomes the first one's address. NULL, or what is wrong (g_free). */
char *vnc_listen_all(const VncOptions *o, unsigned count, VncListen *l, VncEnd *first);
void vnc_listen_end(VncListen *l);
/* The address that getsockname() or getpeername() tells. Any thread. */
void vnc_end_of(int fd, bool peer, VncEnd *end);
void vnc_end_free(VncEnd *end);

/*
 * ui/vnc-accept.c. start: main thread; new_client is called for each client there is, by "vnc-accept". NULL, or what is
 * wrong (g_free). The others, once it runs, by any thread: a client that somebody else has, and other sockets.
 */
char *vnc_accept_start(const VncListen *sockets, void (*new_client)(int fd, bool skip_auth));
void vnc_accept_client(int fd, bool skip_auth);
void vnc_accept_at(const VncListen *sockets);
/* A thread that nobody waits for; without it the emulator ends. */
void vnc_thread(const char *name, void *(*fn)(void *));

/*
 * ui/vnc-input.c: I/O thread. `down` is what a client holds down. A key's `number` is that of set 1; 0: its sign alone
 * is known. text: the client sees a text console; may_switch: Ctrl-Alt-digit chooses among the consoles.
 */
typedef struct VncKey {
    uint32_t keysym;
    unsigned number;
    bool down;
} VncKey;
void vnc_input_key(bool down[KEY_COUNT], const VncKey *key, bool text, bool may_switch);
void vnc_input_buttons(int buttons);
/* Let go of all that is held. */
void vnc_input_release(const bool down[KEY_COUNT]);

struct _rfbClientRec;

/* ui/vnc-password.c: NULL, or what is wrong (g_free); does that answer the challenge? Clients' own threads. */
char *vnc_password_init(void);
int8_t vnc_password_check(struct _rfbClientRec *cl, const char *response, int len);

/*
 * ui/vnc-extended.c: functions of the client's thread. key: a QEMU Extended Key Event; `number` is that of set 1.
 * pointer: the client can send movements in place of places, and wants to be told which are wanted. leds: the client
 * wants to know the guest's keyboard's lights. The caller holds sendMutex in these two.
 */
typedef struct VncExtendedHooks {
    void (*key)(struct _rfbClientRec *cl, bool down, uint32_t keysym, unsigned number);
    void (*pointer)(struct _rfbClientRec *cl);
    void (*leds)(struct _rfbClientRec *cl);
} VncExtendedHooks;
char *vnc_extended_init(const VncExtendedHooks *hooks);
/* Movements are sent as this plus their number of points. */
enum { VNC_MOVEMENT_0 = 0x7fff };
/* Tell the client what is wanted. The caller holds sendMutex. */
void vnc_extended_want(struct _rfbClientRec *cl, bool places);
/* Tell the client the lights, INPUT_LED_*. The caller holds sendMutex. */
void vnc_extended_leds(struct _rfbClientRec *cl, unsigned leds);

/*
 * ui/vnc-leds.c: of one client. lock: to write the library's sendMutex, which callers of tell and want hold; atomic.
 */
typedef struct VncLeds {
    bool wanted;                        /* it is told the keyboard's lights */
    unsigned told;                      /* as it was told last */
} VncLeds;
void vnc_leds_tell(VncLeds *l, struct _rfbClientRec *cl);
void vnc_leds_want(VncLeds *l, struct _rfbClientRec *cl);
/* It knows them as they are, or does not care. */
bool vnc_leds_known(const VncLeds *l);
struct _rfbScreenInfo;
/* For libvncserver's own way of telling, in its bits. */
int vnc_leds_of_library(struct _rfbScreenInfo *s);
/* ui/vnc-power.c: whether its clients may shut down and reset the guest. Main thread, before it listens. */
void vnc_power_init(struct _rfbScreenInfo *s, bool may);
#endif
