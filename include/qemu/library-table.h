/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of pointers to a library's functions, for qemu/library.h. Include it once in a file, with
 *
 *     #define LIBRARY_TABLE sdl                                the variable, so that one calls sdl.SetHint()
 *     #define LIBRARY_PREFIX SDL_                              what the library's names begin with; may be empty
 *     #define LIBRARY_FUNCTIONS(X) X(CreateWindow) X(SetHint)
 *     #include "qemu/library-table.h"
 *
 * behind the library's header. library_load(file, sdl_functions) fills it. Variables of the library work as well: the
 * table has their address.
 */
#include "qemu/library.h"

#define LIBRARY_PASTE2(a, b) a##b
#define LIBRARY_PASTE(a, b) LIBRARY_PASTE2(a, b)
#define LIBRARY_STRING2(s) #s
#define LIBRARY_STRING(s) LIBRARY_STRING2(s)

static struct {
#define X(f) __typeof__(LIBRARY_PASTE(LIBRARY_PREFIX, f)) *f;
    LIBRARY_FUNCTIONS(X)
#undef X
} LIBRARY_TABLE;                /* constant once loaded */

static const LibraryFunction LIBRARY_PASTE(LIBRARY_TABLE, _functions)[] = {
#define X(f) { LIBRARY_STRING(LIBRARY_PASTE(LIBRARY_PREFIX, f)), (void **)&LIBRARY_TABLE.f },
    LIBRARY_FUNCTIONS(X)
#undef X
    { NULL, NULL },
};
