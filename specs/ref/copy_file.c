/* copy_file FILE COPY: all of a file, with its mode and its holes, or no copy at all. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *unfinished; /* a copy that is not whole yet */

static void fail(const char *path)
{
    perror(path);
    if (unfinished != NULL)
        unlink(unfinished);
    exit(1);
}

static void write_all(int to, const char *bytes, size_t length, const char *path)
{
    while (length > 0) {
        ssize_t written = write(to, bytes, length);
        if (written < 0)
            fail(path);
        bytes += written;
        length -= (size_t)written;
    }
}

/* Copies what lies between here and end. */
static void copy_data(int from, int to, off_t here, off_t end, char *argv[])
{
    static char buffer[1 << 16];

    while (here < end) {
        size_t want = end - here < (off_t)sizeof buffer ? (size_t)(end - here) : sizeof buffer;
        ssize_t got = read(from, buffer, want);
        if (got < 0)
            fail(argv[1]);
        if (got == 0)
            break;
        write_all(to, buffer, (size_t)got, argv[2]);
        here += got;
    }
}

int main(int argc, char *argv[])
{
    struct stat original, other;

    if (argc != 3) {
        fputs("usage: copy_file FILE COPY\n", stderr);
        return 1;
    }
    int from = open(argv[1], O_RDONLY);
    if (from < 0 || fstat(from, &original) < 0)
        fail(argv[1]);
    if (S_ISDIR(original.st_mode)) {
        fprintf(stderr, "copy_file: %s is a directory\n", argv[1]);
        return 1;
    }
    if (stat(argv[2], &other) == 0 && original.st_dev == other.st_dev && original.st_ino == other.st_ino) {
        fprintf(stderr, "copy_file: %s and %s are the same file\n", argv[1], argv[2]);
        return 1;
    }
    int to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, original.st_mode & 07777);
    if (to < 0)
        fail(argv[2]);
    unfinished = argv[2];
    if (fchmod(to, original.st_mode & 07777) < 0)
        fail(argv[2]);

    off_t hole = 0, data;
    while ((data = lseek(from, hole, SEEK_DATA)) >= 0) {
        hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0 || lseek(from, data, SEEK_SET) < 0)
            fail(argv[1]);
        if (lseek(to, data, SEEK_SET) < 0)
            fail(argv[2]);
        copy_data(from, to, data, hole, argv);
    }
    if (errno != ENXIO) /* no data behind this */
        fail(argv[1]);
    if (ftruncate(to, original.st_size) < 0 || close(to) < 0)
        fail(argv[2]);
    return 0;
}
