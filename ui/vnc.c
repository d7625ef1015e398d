/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VNC server. libvncserver, loaded when it is wanted, speaks the protocol, with two threads per client that may
 * wait for the client as long as they like; nothing of the emulator waits for them.
 *
 *   I/O thread      copies what was drawn into `frame` and says so under `lock`; handles what clients typed
 *   "vnc-update"    tells the library what has changed: the library's locks are waited for here. When the size changes,
 *                   these are held by clients that do not read, until they are sent away
 *   "vnc-accept"    takes new clients, which may be slow to say whether they are a browser, and has the I/O thread draw
 *   clients' own    read `frame` without a lock: what they send half-new is sent again, since it is reported changed
 *                   after it was written. They queue what is typed, and wait if the queue is long.
 *
 * A client's VncClient is made by "vnc-accept", is in the list and belongs to the I/O thread from VNC_CONNECTED on, and
 * is freed there when the library is done with it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <glib.h>
#include <rfb/rfb.h>
#include "qemu/io-loop.h"
#include "qemu/log.h"
#include "ui/console.h"
#include "ui/vnc-internal.h"

enum { LOOK_MS = 30, QUEUE_MAX = 1024, STALLED_MS = 5000, MINOR_WITH_LAST_RECT = 7 };

typedef struct VncClient {
    VncClientInfo info;
    bool initialized;                   /* the client's own threads' */
    unsigned resizes;                   /* before it came: `resizes` then. Constant */
    bool down[KEY_COUNT];               /* pressed by this client; I/O thread */
    /* What kind of pointer events the client sends. lock: the library's sendMutex to write; atomic */
    bool can_move;                      /* movements, if it is told so */
    bool moves;                         /* it has been */
    VncLeds leds;
} VncClient;

/* What a client did. */
typedef struct Deed {
    enum { DEED_CONNECTED, DEED_INITIALIZED, DEED_GONE, DEED_KEY, DEED_POINTER, DEED_SIZE } what;
    VncClient *client;
    uint32_t keysym;
    unsigned number;                    /* DEED_KEY: of the key itself (set 1); 0: the sign alone is known */
    bool down;
    int x, y, buttons;                  /* DEED_SIZE: x, y are width and height */
    bool moves;                         /* DEED_POINTER: by x, y */
} Deed;

#define LIBRARY_TABLE rfb
#define LIBRARY_PREFIX rfb
#define LIBRARY_FUNCTIONS(X) \
    X(GetScreen) X(LogEnable) X(MarkRectAsModified) X(NewClient) X(NewFramebuffer) \
    X(StartOnHoldClient) X(InitServerWithPthreadsAndZRLE)
#include "qemu/library-table.h"

static rfbScreenInfo *screen;           /* constant once listening */
static VncEnd server_end;               /* I/O thread */
static __thread bool without_auth;      /* "vnc-accept": the client that is new needs no password */
static const VncOptions *said;          /* constant once listening; NULL before */
static uint32_t frame[CONSOLE_WIDTH_MAX * CONSOLE_HEIGHT_MAX];  /* of the surface's width; see above */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;
static struct {
    bool resized;
    int width, height;
    int from, to;                       /* lines that changed: [from, to) */
} change;                               /* not told to the library yet. lock: lock */
static uint64_t changes, changes_told;  /* how many there were, and how many of them the library knows. lock: lock */
static bool looked;                     /* the surface has been drawn, as "vnc-accept" wanted. lock: lock */
static pthread_cond_t up_to_date = PTHREAD_COND_INITIALIZER;    /* of changes_told and looked */

static GQueue deeds = G_QUEUE_INIT;     /* lock: deeds_lock, which a sanitizer sees, unlike one of GLib's */
static pthread_mutex_t deeds_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned resizes;                /* atomic; how many there were, the one under way included */
static unsigned clients;                /* atomic; connections that the library has */
static bool wants_places;               /* atomic; the guest's pointer knows places: as of the last look at it */
static bool may_ask_size;               /* atomic; the guest hears what size the screen that is seen is to have */
static VncClientInfo *client_list;      /* I/O thread */
static void (*listener)(VncEvent event, const VncClientInfo *client);   /* I/O thread */

/* ---- from the console to the library ---- */

static void copy_lines(const Surface *s, int y, int lines)
{
    const size_t width = (size_t)s->width;

    memcpy(frame + (size_t)y * width, s->pixels + (size_t)y * width, sizeof(frame[0]) * width * (size_t)lines);
    pthread_mutex_lock(&lock);
    change.from = change.to ? MIN(change.from, y) : y;
    change.to = MAX(change.to, y + lines);
    changes++;
    pthread_cond_signal(&news);
    pthread_mutex_unlock(&lock);
}

static ConsoleListener console_listener;

/* The clients see a text console. */
static bool text_seen(void)
{
    return !console_listener_screen(&console_listener);
}

static void console_was_resized(void *opaque, const Surface *s)
{
    const Console *screen_seen = console_listener_screen(&console_listener);

    __atomic_store_n(&may_ask_size, screen_seen && console_may_ask_size(screen_seen), __ATOMIC_RELAXED);
    pthread_mutex_lock(&lock);
    change.resized = true;
    change.width = s->width;
    change.height = s->height;
    change.from = change.to = 0;
    pthread_mutex_unlock(&lock);
    copy_lines(s, 0, s->height);
}

static void console_has_changed(void *opaque, const Surface *s, int y, int lines)
{
    copy_lines(s, y, lines);
}

static ConsoleListener console_listener = {
    .resized = console_was_resized, .changed = console_has_changed,
};

static void set_format(void)
{
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
    screen->serverFormat.depth = 24;    /* three bytes of four: Tight and ZRLE leave out the fourth if told so */
}

static void *update_thread(void *unused)
{
    for (;;) {
        pthread_mutex_lock(&lock);
        while (!change.resized && !change.to) {
            pthread_cond_wait(&news, &lock);
        }
        __typeof__(change) now = change;

        change.resized = false;
        change.from = change.to = 0;
        const uint64_t count = changes;

        pthread_mutex_unlock(&lock);
        if (now.resized && (now.width != screen->width || now.height != screen->height)) {
            __atomic_fetch_add(&resizes, 1, __ATOMIC_RELAXED);
            rfb.NewFramebuffer(screen, (char *)frame, now.width, now.height, 8, 3, 4);
            set_format();
        }
        if (now.to) {
            rfb.MarkRectAsModified(screen, 0, now.from, screen->width, now.to);
        }
        pthread_mutex_lock(&lock);
        changes_told = count;
        pthread_cond_signal(&up_to_date);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* The kind of the guest's pointer changes seldom; who sends the wrong kind is told before its next update. */
static void look_at_pointer(void)
{
    __atomic_store_n(&wants_places, input_is_absolute(), __ATOMIC_RELAXED);
}

static void look_now(void *opaque)
{
    look_at_pointer();
    console_listener_look(&console_listener);
    pthread_mutex_lock(&lock);
    looked = true;
    pthread_cond_signal(&up_to_date);
    pthread_mutex_unlock(&lock);
}

/*
 * Until somebody looks nothing is drawn. A client's first picture, which may be the only one that it asks for, and the
 * size that it is told at the begin, which it may know no change of, are those of now. "vnc-accept".
 */
static void draw_for_a_newcomer(void)
{
    static IOWork work = { .fn = look_now, .outside = true };

    pthread_mutex_lock(&lock);
    looked = false;
    io_post(&work);
    while (!looked) {
        pthread_cond_wait(&up_to_date, &lock);
    }
    for (const uint64_t count = changes; changes_told < count;) {
        pthread_cond_wait(&up_to_date, &lock);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- what clients do: their threads ---- */

static void handle_deeds(void *opaque);
static IOWork deeds_work = { .fn = handle_deeds };

static void do_deed(const Deed *d)
{
    pthread_mutex_lock(&deeds_lock);
    while (deeds.length > QUEUE_MAX && d->what >= DEED_KEY) {
        pthread_mutex_unlock(&deeds_lock);
        g_usleep(1000);
        pthread_mutex_lock(&deeds_lock);
    }
    g_queue_push_tail(&deeds, g_memdup2(d, sizeof(*d)));
    pthread_mutex_unlock(&deeds_lock);
    io_post(&deeds_work);
}

/* The oldest that is not handled yet; NULL: none. */
static Deed *next_deed(void)
{
    pthread_mutex_lock(&deeds_lock);
    Deed *d = g_queue_pop_head(&deeds);

    pthread_mutex_unlock(&deeds_lock);
    return d;
}

static void client_gone(rfbClientRec *cl)
{
    if (cl->clientData) {
        /* This thread of the client has waited for the other one, and nobody waits for it: its stack would stay. */
        pthread_detach(pthread_self());
        __atomic_fetch_sub(&clients, 1, __ATOMIC_RELAXED);
        do_deed(&(Deed) { .what = DEED_GONE, .client = cl->clientData });
    }
}

static void client_asks(rfbClientRec *cl, rfbFramebufferUpdateRequestMsg *message)
{
    VncClient *client = cl->clientData;

    if (!client->initialized) {
        client->initialized = true;
        /* It may have been told of a size that changed before it said that it understands changes: tell it again. */
        LOCK(cl->updateMutex);
        cl->newFBSizePending = cl->useNewFBSize && client->resizes != __atomic_load_n(&resizes, __ATOMIC_RELAXED);
        UNLOCK(cl->updateMutex);
        do_deed(&(Deed) { .what = DEED_INITIALIZED, .client = client });
    }
}

/* The client's sendMutex is held. */
static void tell_what_is_wanted(rfbClientRec *cl)
{
    VncClient *client = cl->clientData;
    const bool places = __atomic_load_n(&wants_places, __ATOMIC_RELAXED);

    __atomic_store_n(&client->moves, !places, __ATOMIC_RELAXED);
    vnc_extended_want(cl, places);
}

static void client_can_move(rfbClientRec *cl)
{
    VncClient *client = cl->clientData;

    __atomic_store_n(&client->can_move, true, __ATOMIC_RELAXED);
    tell_what_is_wanted(cl);
}

static void client_wants_leds(rfbClientRec *cl)
{
    vnc_leds_want(&((VncClient *)cl->clientData)->leds, cl);
}

/* Does the client know by now what is wanted? */
static bool knows_what_is_wanted(const VncClient *client)
{
    return !__atomic_load_n(&client->can_move, __ATOMIC_RELAXED) ||
           __atomic_load_n(&client->moves, __ATOMIC_RELAXED) != __atomic_load_n(&wants_places, __ATOMIC_RELAXED);
}

static bool knows_all(const VncClient *client)
{
    return knows_what_is_wanted(client) && vnc_leds_known(&client->leds);
}

/* I/O thread. Lights and the kind of pointer come with an update, which needs something to show. */
static void show_something(void *opaque)
{
    const Console *seen = console_listener_screen(&console_listener);
    bool all_know = true;

    for (const VncClientInfo *c = client_list; c; c = c->next) {
        all_know &= knows_all((const VncClient *)c);
    }
    if (!all_know) {
        copy_lines(seen ? console_surface(seen) : console_shown_surface(), 0, 1);
    }
}

/* Some client may have something to learn. Any thread. */
static void tell_clients(void)
{
    static IOWork work = { .fn = show_something, .outside = true };

    io_post(&work);
}

/* Before each update: what a client asked for by SetEncodings is less than what it gets. */
static void before_update(rfbClientRec *cl)
{
    VncClient *client = cl->clientData;

    /*
     * "The last rectangle" in place of their number: among programs of before 3.7 there are some (vncsnapshot) that
     * say they know it, and go on to wait for 65535 of them.
     */
    if (cl->protocolMinorVersion < MINOR_WITH_LAST_RECT) {
        cl->enableLastRectEncoding = FALSE;
    }
    if (!said->lossy) {
        cl->turboQualityLevel = cl->tightQualityLevel = -1;
    }
    if (!knows_what_is_wanted(client)) {
        tell_what_is_wanted(cl);
    }
    if (!vnc_leds_known(&client->leds)) {
        vnc_leds_tell(&client->leds, cl);
    }
}

/* What is new since before_update(), and shown by then, has gone with this update and was not told. */
static void after_update(rfbClientRec *cl, int result)
{
    if (!knows_all(cl->clientData)) {
        tell_clients();
    }
}

static enum rfbNewClientAction client_new(rfbClientRec *cl)
{
    VncClient *client;

    if (__atomic_add_fetch(&clients, 1, __ATOMIC_RELAXED) > said->clients_max) {
        __atomic_fetch_sub(&clients, 1, __ATOMIC_RELAXED);
        return RFB_CLIENT_REFUSE;
    }
    client = g_new0(VncClient, 1);
    client->resizes = __atomic_load_n(&resizes, __ATOMIC_RELAXED);
    vnc_end_of(cl->sock, false, &client->info.server);
    vnc_end_of(cl->sock, true, &client->info.client);
    client->info.websocket = cl->wsctx != NULL;
    cl->reverseConnection = without_auth;       /* clients that were called are not asked for passwords */
    cl->clientData = client;
    cl->clientGoneHook = client_gone;
    cl->clientFramebufferUpdateRequestHook = client_asks;
    do_deed(&(Deed) { .what = DEED_CONNECTED, .client = client });
    return RFB_CLIENT_ACCEPT;
}

static void client_key(rfbBool down, rfbKeySym keysym, rfbClientRec *cl)
{
    do_deed(&(Deed) { .what = DEED_KEY, .client = cl->clientData, .keysym = keysym, .down = down });
}

static void client_extended_key(rfbClientRec *cl, bool down, uint32_t keysym, unsigned number)
{
    do_deed(&(Deed) { .what = DEED_KEY, .client = cl->clientData, .keysym = keysym, .number = number, .down = down });
}

static void client_pointer(int buttons, int x, int y, rfbClientRec *cl)
{
    const bool moves = __atomic_load_n(&((const VncClient *)cl->clientData)->moves, __ATOMIC_RELAXED);
    const int from = moves ? VNC_MOVEMENT_0 : 0;

    do_deed(&(Deed) { .what = DEED_POINTER, .client = cl->clientData, .x = x - from, .y = y - from,
                      .buttons = buttons, .moves = moves });
}

/* A client would like another size, for its window has one. */
static int client_size(int width, int height, int screens, struct rfbExtDesktopScreen *layout, rfbClientRec *cl)
{
    if (!__atomic_load_n(&may_ask_size, __ATOMIC_RELAXED)) {
        return rfbExtDesktopSize_ResizeProhibited;
    }
    if (screens != 1 || width < 1 || height < 1 || width > CONSOLE_WIDTH_MAX || height > CONSOLE_HEIGHT_MAX) {
        return rfbExtDesktopSize_InvalidScreenLayout;
    }
    do_deed(&(Deed) { .what = DEED_SIZE, .client = cl->clientData, .x = width, .y = height });
    return rfbExtDesktopSize_Success;
}

static void new_client(int fd, bool skip_auth)
{
    rfbClientRec *cl;

    draw_for_a_newcomer();
    without_auth = skip_auth;
    cl = rfb.NewClient(screen, fd);
    without_auth = false;
    if (cl && !cl->onHold) {
        rfb.StartOnHoldClient(cl);
    }
}

/* ---- what clients did: the I/O thread ---- */

static void tell(VncEvent event, const VncClient *client)
{
    if (listener) {
        listener(event, &client->info);
    }
}

static void key_deed(VncClient *client, const Deed *d)
{
    const VncKey key = { .keysym = d->keysym, .number = d->number, .down = d->down };

    vnc_input_key(client->down, &key, text_seen(), !console_listener.only);
}

static void pointer_deed(const VncClient *client, const Deed *d)
{
    const Surface *s = console_surface(console_listener_screen(&console_listener));

    if (d->moves) {
        input_move(d->x, d->y, 0);
    } else {
        input_point(d->x, d->y, s->width, s->height);
    }
    vnc_input_buttons(d->buttons);
    look_at_pointer();
    if (!knows_what_is_wanted(client)) {
        tell_clients();
    }
}

static void connected(VncClient *client)
{
    client->info.next = client_list;
    client_list = &client->info;
    console_listener_interval(&console_listener, LOOK_MS);
    tell(VNC_CONNECTED, client);
}

static void gone(VncClient *client)
{
    VncClientInfo **at = &client_list;

    vnc_input_release(client->down);
    tell(VNC_DISCONNECTED, client);
    while (*at != &client->info) {
        at = &(*at)->next;
    }
    *at = client->info.next;
    console_listener_interval(&console_listener, client_list ? LOOK_MS : 0);
    vnc_end_free(&client->info.server);
    vnc_end_free(&client->info.client);
    g_free(client);
}

static void handle_deeds(void *opaque)
{
    Deed *d;

    while ((d = next_deed())) {
        switch (d->what) {
        case DEED_CONNECTED:
            connected(d->client);
            break;
        case DEED_INITIALIZED:
            tell(VNC_INITIALIZED, d->client);
            break;
        case DEED_GONE:
            gone(d->client);
            break;
        case DEED_KEY:
            key_deed(d->client, d);
            break;
        case DEED_POINTER:
            if (!text_seen()) {
                pointer_deed(d->client, d);
            }
            break;
        case DEED_SIZE:
            if (!text_seen()) {
                console_ask_size(console_listener_screen(&console_listener), d->x, d->y);
            }
            break;
        }
        g_free(d);
    }
}

/* ---- for the monitor ---- */

const VncEnd *vnc_server(void)
{
    return screen ? &server_end : NULL;
}

bool vnc_has_passwords(void)
{
    return said && said->password;
}

const VncClientInfo *vnc_clients(void)
{
    return client_list;
}

void vnc_set_listener(void (*fn)(VncEvent event, const VncClientInfo *client))
{
    listener = fn;
}

bool vnc_add_client(int fd, bool skip_auth)
{
    if (screen) {
        vnc_accept_client(fd, skip_auth);
    }
    return screen;
}

char *vnc_listen_again(const VncOptions *o, unsigned count)
{
    VncListen sockets = { 0 };
    VncEnd first = { 0 };
    char *problem = screen ? vnc_listen_all(o, count, &sockets, &first) : g_strdup("there is no VNC server");

    if (!problem) {
        first.id = server_end.id;
        vnc_end_free(&server_end);
        server_end = first;
        vnc_accept_at(&sockets);
    }
    return problem;
}

/* ---- start ---- */

char *vnc_start(const VncOptions *o)
{
    static const VncExtendedHooks hooks = {
        .key = client_extended_key, .pointer = client_can_move, .leds = client_wants_leds,
    };
    char *problem = NULL;
    VncListen sockets = { 0 };
    const Surface *s;

    console_listener.only = o->device ? console_named(o->device, o->head, &problem) : NULL;
    problem = problem ? problem : library_load("libvncserver.so.1", rfb_functions);
    problem = problem ? problem : vnc_password_init();
    problem = problem ? problem : vnc_extended_init(&hooks);
    problem = problem ? problem : vnc_listen_all(o, 1, &sockets, &server_end);
    if (problem) {
        return problem;
    }
    s = o->device ? console_surface(console_listener.only) : console_shown_surface();
    server_end.id = o->id;
    said = o;
    rfb.LogEnable(0);
    screen = rfb.GetScreen(NULL, NULL, s->width, s->height, 8, 3, 4);
    if (!screen) {
        return g_strdup("out of memory");
    }
    set_format();
    screen->frameBuffer = (char *)frame;
    screen->desktopName = o->title ? g_strdup_printf("PQEMU (%s)", o->title) : "PQEMU";
    screen->port = screen->ipv6port = 0;        /* sockets are ours */
    screen->autoPort = FALSE;
    screen->cursor = NULL;                      /* the guest draws its own */
    screen->alwaysShared = !o->exclusive;
    screen->maxClientWait = STALLED_MS;      /* then it is sent away */
    screen->backgroundLoop = TRUE;
    screen->kbdAddEvent = client_key;
    screen->ptrAddEvent = client_pointer;
    screen->newClientHook = client_new;
    screen->setDesktopSizeHook = client_size;
    screen->displayHook = before_update;
    screen->displayFinishedHook = after_update;
    screen->getKeyboardLedStateHook = vnc_leds_of_library;
    vnc_power_init(screen, o->power);
    if (o->password) {
        screen->authPasswdData = (void *)(uintptr_t)o;  /* not NULL: there is one */
        screen->passwordCheck = vnc_password_check;
    }
    if (o->secret) {
        vnc_set_password(o->secret);
    }
    rfb.InitServerWithPthreadsAndZRLE(screen);
    console_listener_add(&console_listener);
    input_set_leds_listener(tell_clients);
    vnc_thread("vnc-update", update_thread);
    return vnc_accept_start(&sockets, new_client);
}
