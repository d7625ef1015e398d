/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening disk images: which format a file has, and the chain of images behind one. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>
#include "block/host-file.h"
#include "block/image.h"

enum { MAX_DEPTH = 64 };        /* images in a chain: a loop of backing files ends here */

/* Formats that we can tell but not read: a guest must not take them for a disk. */
static const struct { const char *magic; size_t length; const char *name; } known_formats[] = {
    { "QFI\xfb", 4, "qcow2" },
    { "KDMV", 4, "vmdk" },
    { "COWD", 4, "vmdk" },
    { "# Disk DescriptorFile", 21, "vmdk" },
    { "conectix", 8, "vpc" },
    { "vhdxfile", 8, "vhdx" },
    { "QED\0", 4, "qed" },
    { "<<< ", 4, "vdi" },
    { "LUKS\xba\xbe", 6, "luks" },
    { "WithoutFreeSpace", 16, "parallels" },
    { "WithouFreSpacExt", 16, "parallels" },
    { "Bochs Virtual HD Image", 22, "bochs" },
};

const char *image_format_of(const void *head, size_t bytes)
{
    for (size_t i = 0; i < G_N_ELEMENTS(known_formats); i++) {
        if (bytes >= known_formats[i].length && !memcmp(head, known_formats[i].magic, known_formats[i].length)) {
            return known_formats[i].name;
        }
    }
    return NULL;
}

static const char *probe(HostFile *file)
{
    char head[HOST_FILE_ALIGN] __attribute__((aligned(HOST_FILE_ALIGN)));
    const char *format = host_file_read(file, 0, head, sizeof(head)) ? NULL : image_format_of(head, sizeof(head));

    return format ? format : "raw";
}

Image *image_open_chain(const char *path, const ImageOptions *options, unsigned depth, char **error)
{
    HostFile *file;
    const char *format;
    Image *image = NULL;

    if (depth > MAX_DEPTH) {
        *error = g_strdup_printf("'%s': more than %d images behind one another (does one refer to itself?)", path,
                                 MAX_DEPTH);
        return NULL;
    }
    file = host_file_open(path, options, error);
    if (!file) {
        return NULL;
    }
    format = options->format ? options->format : probe(file);
    if (!strcmp(format, "raw")) {
        image = raw_open(file, options, error);
    } else if (!strcmp(format, "qcow2")) {
        image = qcow2_open(file, options, depth, error);
    } else {
        *error = g_strdup_printf("'%s': format '%s' cannot be read (raw and qcow2 can; qemu-img convert makes one of "
                                 "the other%s)", path, format,
                                 strcmp(format, "luks") ? "" : "; format=raw if the guest encrypts its disk");
    }
    if (!image) {
        host_file_close(file);
        return NULL;
    }
    image->opened = *options;
    image->opened.format = options->format ? image->ops->format : NULL;
    return image;
}

Image *image_open(const char *path, const ImageOptions *options, char **error)
{
    return image_open_chain(path, options, 0, error);
}

/* A file without a name: it goes with its last user. NULL: *error. */
static HostFile *temporary_file(char **error)
{
    char *path = g_build_filename(g_get_tmp_dir(), "pqemu-XXXXXX", NULL);
    ImageOptions options = { 0 };
    HostFile *file = NULL;
    int fd = g_mkstemp(path);

    if (fd < 0) {
        *error = g_strdup_printf("'%s': %s (TMPDIR names another place for temporary images)", path, strerror(errno));
    } else {
        file = host_file_open(path, &options, error);
        unlink(path);
        close(fd);
    }
    g_free(path);
    return file;
}

Image *image_open_temporary(const char *path, const ImageOptions *options, char **error)
{
    ImageOptions behind = *options;
    Image *image, *backing;
    HostFile *file;

    behind.readonly = true;
    backing = image_open(path, &behind, error);
    file = backing ? temporary_file(error) : NULL;
    image = file ? qcow2_create(file, backing, backing->bytes, error) : NULL;
    if (!image) {
        host_file_close(file);
        image_close(backing);
    }
    return image;
}

void image_close(Image *image)
{
    if (image) {
        image->ops->close(image);
    }
}
