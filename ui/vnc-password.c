/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VNC server's password: the monitor sets it, clients' own threads check it, under one lock. Nobody gets in before
 * there is one.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <glib.h>
#include <rfb/rfb.h>
#include "ui/vnc-internal.h"

enum { PASSWORD_MAX = MAXPWLEN };

#define LIBRARY_TABLE rfb
#define LIBRARY_PREFIX rfb
#define LIBRARY_FUNCTIONS(X) X(EncryptBytes)
#include "qemu/library-table.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char password[PASSWORD_MAX + 1]; /* lock: lock */
static bool password_set;               /* lock: lock */
static int64_t password_expires = INT64_MAX;    /* lock: lock */

char *vnc_password_init(void)
{
    return library_load("libvncserver.so.1", rfb_functions);
}

rfbBool vnc_password_check(rfbClientRec *cl, const char *response, int len)
{
    char key[PASSWORD_MAX + 1];
    uint8_t want[CHALLENGESIZE];
    bool may;

    pthread_mutex_lock(&lock);
    memcpy(key, password, sizeof(key));
    may = password_set && time(NULL) < password_expires;
    pthread_mutex_unlock(&lock);
    memcpy(want, cl->authChallenge, sizeof(want));
    rfb.EncryptBytes(want, key);
    return may && len == CHALLENGESIZE && !memcmp(want, response, sizeof(want));
}

static const char *passwords_problem(void)
{
    return !vnc_server() ? "there is no VNC server (-vnc)"
           : vnc_has_passwords() ? NULL : "the VNC server has no password (-vnc ...,password=on)";
}

const char *vnc_set_password(const char *text)
{
    const char *problem = passwords_problem();

    if (!problem) {
        pthread_mutex_lock(&lock);
        memset(password, 0, sizeof(password));
        memcpy(password, text, strnlen(text, PASSWORD_MAX));
        password_set = *text;
        pthread_mutex_unlock(&lock);
    }
    return problem;
}

const char *vnc_expire_password(int64_t when)
{
    const char *problem = passwords_problem();

    if (!problem) {
        pthread_mutex_lock(&lock);
        password_expires = when;
        pthread_mutex_unlock(&lock);
    }
    return problem;
}
