/* Neither file has a position: every block is read and written at its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void fail(const char *name, const char *copy)
{
    fprintf(stderr, "%s: %s\n", name, strerror(errno));
    if (copy != NULL)
        unlink(copy);
    exit(2);
}

int main(int argc, char **argv)
{
    char block[8192];
    struct iovec whole = {block, sizeof block};
    struct stat from, to;
    off_t at = 0;
    ssize_t got;

    if (argc != 3) {
        fprintf(stderr, "usage: copy_file FROM TO\n");
        return 2;
    }
    int in = open(argv[1], O_RDONLY);
    if (in == -1 || fstat(in, &from) == -1)
        fail(argv[1], NULL);
    if (stat(argv[2], &to) == 0 && to.st_dev == from.st_dev && to.st_ino == from.st_ino) {
        fprintf(stderr, "%s and %s are the same file\n", argv[1], argv[2]);
        return 2;
    }
    int out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out == -1)
        fail(argv[2], NULL);
    while ((got = preadv(in, &whole, 1, at)) > 0) {
        for (ssize_t done = 0; done < got;) {
            ssize_t n = pwrite(out, block + done, got - done, at + done);
            if (n == -1)
                fail(argv[2], argv[2]);
            done += n;
        }
        at += got;
    }
    if (got == -1)
        fail(argv[1], argv[2]);
    if (fchmod(out, from.st_mode & 07777) == -1 || close(out) == -1)
        fail(argv[2], argv[2]);
    return 0;
}
