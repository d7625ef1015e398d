/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The screen as a file: PPM, or PNG if there is libpng. I/O thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>
#ifdef CONFIG_PNG
#include <png.h>
#endif
#include "qemu/fdset.h"
#include "ui/console.h"

/* A row as bytes R, G, B. */
static void row_bytes(const Surface *s, int y, uint8_t *out)
{
    const uint32_t *p = s->pixels + (size_t)y * (size_t)s->width;

    for (int x = 0; x < s->width; x++) {
        *out++ = (uint8_t)(p[x] >> 16);
        *out++ = (uint8_t)(p[x] >> 8);
        *out++ = (uint8_t)p[x];
    }
}

static bool write_ppm(FILE *f, const Surface *s)
{
    uint8_t row[3 * CONSOLE_WIDTH_MAX];

    fprintf(f, "P6\n%d %d\n255\n", s->width, s->height);
    for (int y = 0; y < s->height; y++) {
        row_bytes(s, y, row);
        fwrite(row, 3, (size_t)s->width, f);
    }
    return !ferror(f);
}

#ifdef CONFIG_PNG
static bool write_png(FILE *f, const Surface *s)
{
    png_struct *png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_info *info = png ? png_create_info_struct(png) : NULL;
    uint8_t row[3 * CONSOLE_WIDTH_MAX];

    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)s->width, (png_uint_32)s->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < s->height; y++) {
        row_bytes(s, y, row);
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return true;
}
#endif

typedef struct Format {
    const char *name;
    bool (*write)(FILE *f, const Surface *s);
} Format;

static const Format formats[] = {
    { "ppm", write_ppm },
#ifdef CONFIG_PNG
    { "png", write_png },
#endif
};

char *screendump(const char *path, const char *format, const char *device, unsigned head)
{
    const Format *as = NULL;
    char *problem;
    Console *screen = console_named(device, head, &problem);
    FILE *f;
    bool good;
    int fd;

    if (!screen) {
        return problem;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (!strcmp(format ? format : "ppm", formats[i].name)) {
            as = &formats[i];
        }
    }
    if (!as) {
#ifdef CONFIG_PNG
        return g_strdup_printf("unknown format '%s' (ppm, png)", format);
#else
        return g_strdup_printf("unknown format '%s' (ppm; the emulator was built without libpng)", format);
#endif
    }
    fd = fdset_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    f = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!f) {
        return g_strdup_printf("failed to open file '%s': %s", path, strerror(errno));
    }
    console_refresh(screen);
    good = as->write(f, console_surface(screen));
    good &= fclose(f) == 0;
    return good ? NULL : g_strdup_printf("failed to write file '%s': %s", path, strerror(errno));
}
