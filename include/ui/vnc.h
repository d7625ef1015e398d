/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screen, keyboard and mouse by VNC (RFC 6143), by libvncserver. I/O thread unless noted. Implemented in ui/vnc.c;
 * only there if the emulator was built with CONFIG_VNC.
 */
#ifndef UI_VNC_H
#define UI_VNC_H
#include <stdbool.h>
#include <stdint.h>

enum { VNC_PORT = 5900, VNC_WEBSOCKET_PORT = 5700, VNC_DISPLAY_MAX = 65535 - VNC_PORT, VNC_CLIENTS_MAX = 64 };

typedef struct VncOptions {
    const char *path;           /* of a Unix socket; NULL: TCP */
    const char *host;           /* NULL: all addresses */
    int display, to;            /* port - VNC_PORT; the first that is free of display..to */
    int websocket_port;         /* a second port for browsers; 0: none */
    bool password;              /* none gets in without, and none at all before there is one */
    const char *secret;         /* the password that there is from the start; NULL: none */
    const char *device;         /* whose screen it shows; NULL: the console that is shown */
    unsigned head;              /* ... its number there */
    unsigned key_gap_ms;        /* between two keys, at least */
    bool only_ipv4, only_ipv6;  /* no addresses of the other kind; both: none at all */
    bool reverse;               /* the client listens: at `path`, or at that host and port, which is `display` itself */
    const char *title;          /* of the guest; NULL: it has none */
    bool lossy;                 /* clients may have JPEG, if they ask for a quality */
    bool power;                 /* clients may shut the guest down and reset it (XVP) */
    unsigned clients_max;       /* at a time; 1 to VNC_CLIENTS_MAX */
    const char *id;             /* of the server; NULL: "default" */
    bool exclusive;             /* a client that asks for it has the others sent away */
} VncOptions;

/* Begin to listen. NULL, or what is wrong (g_free). Main thread, once. */
char *vnc_start(const VncOptions *o);
/* NULL, or why not: there is no server, or none with passwords. "": nobody gets in. Only 8 characters count. */
const char *vnc_set_password(const char *password);
/* The password holds until then, seconds since 1970; INT64_MAX: for ever. The same results. */
const char *vnc_expire_password(int64_t when);

/* One that has connected elsewhere, whose descriptor is the server's from now on. False: there is no server. */
bool vnc_add_client(int fd, bool skip_auth);
/*
 * Listen there instead; who has connected stays. NULL, or what is wrong (g_free): then nothing has changed. `o` and
 * what comes after it, up to `count`, say where: path, host, display, to, only_ipv4, only_ipv6.
 */
char *vnc_listen_again(const VncOptions *o, unsigned count);

/* The two ends of a connection; a Unix socket's service is its path, its host "". */
typedef struct VncEnd {
    char *host, *service;
    const char *family;         /* "ipv4", "ipv6", "unix" */
    const char *id;             /* of the server, if it has one; else NULL */
} VncEnd;
typedef struct VncClientInfo {
    VncEnd server, client;
    bool websocket;
    struct VncClientInfo *next;
} VncClientInfo;
const VncEnd *vnc_server(void);                 /* NULL: there is none */
bool vnc_has_passwords(void);
const VncClientInfo *vnc_clients(void);         /* a list */
/* Whom to tell of clients, which are in the list until after VNC_DISCONNECTED. */
typedef enum VncEvent { VNC_CONNECTED, VNC_INITIALIZED, VNC_DISCONNECTED } VncEvent;
void vnc_set_listener(void (*fn)(VncEvent event, const VncClientInfo *client));
#endif
