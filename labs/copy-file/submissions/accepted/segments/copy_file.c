#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
/* holes by SEEK_DATA, contents by pread/pwrite, size by ftruncate, data on the disk before it is believed */
static int complain(const char *name) { fprintf(stderr, "copy_file: %s: %s\n", name, strerror(errno)); return 1; }
int main(int argc, char *argv[])
{
    static char buffer[1 << 17];
    struct stat from, to;
    int in, out, status = 0;
    off_t at = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: %s FILE COPY\n", argv[0]);
        return 2;
    }
    if ((in = open(argv[1], O_RDONLY | O_CLOEXEC)) < 0 || fstat(in, &from) < 0)
        return complain(argv[1]);
    if (S_ISDIR(from.st_mode)) {
        errno = EISDIR;
        return complain(argv[1]);
    }
    if (stat(argv[2], &to) == 0 && to.st_dev == from.st_dev && to.st_ino == from.st_ino) {
        fprintf(stderr, "copy_file: %s and %s are the same file\n", argv[1], argv[2]);
        return 1;
    }
    if ((out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR)) < 0)
        return complain(argv[2]);
    for (;;) {
        off_t data = lseek(in, at, SEEK_DATA), end;
        if (data < 0 && errno == ENXIO)
            break;
        if (data < 0) { data = at; end = -1; }
        else end = lseek(in, data, SEEK_HOLE);
        at = data;
        while (end < 0 || at < end) {
            size_t want = sizeof buffer;
            if (end >= 0 && (off_t)want > end - at) want = end - at;
            ssize_t got = pread(in, buffer, want, at), done = 0;
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) { status = complain(argv[1]); goto over; }
            if (got == 0) goto whole;
            while (done < got) {
                ssize_t put = pwrite(out, buffer + done, got - done, at + done);
                if (put < 0 && errno == ESPIPE) put = write(out, buffer + done, got - done);
                if (put < 0 && errno == EINTR) continue;
                if (put < 0) { status = complain(argv[2]); goto over; }
                done += put;
            }
            at += got;
        }
    }
whole:
    if (fstat(out, &to) == 0 && S_ISREG(to.st_mode)) {
        if (at < from.st_size) at = from.st_size;
        if (ftruncate(out, at) < 0 || fchmod(out, from.st_mode & 07777) < 0)
            status = complain(argv[2]);
    }
over:
    if (close(out) < 0 && status == 0)
        status = complain(argv[2]);
    if (status != 0 && (lstat(argv[2], &to) == 0) && S_ISREG(to.st_mode))
        unlink(argv[2]);
    close(in);
    exit(status);
}
