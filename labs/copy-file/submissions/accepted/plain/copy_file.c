#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define BLOCK 4096

static int is_zero(const char *p, ssize_t n)
{
    while (n > 0 && *p == 0) {
        p++;
        n--;
    }
    return n == 0;
}

int main(int argc, char *argv[])
{
    char buf[BLOCK];
    struct stat st, st2;
    ssize_t n;

    if (argc != 3) {
        fprintf(stderr, "Usage: %s source destination\n", argv[0]);
        exit(EXIT_FAILURE);
    }

    int in = open(argv[1], O_RDONLY);
    if (in == -1) {
        perror(argv[1]);
        exit(EXIT_FAILURE);
    }
    if (fstat(in, &st) == -1) {
        perror(argv[1]);
        exit(EXIT_FAILURE);
    }
    if (S_ISDIR(st.st_mode)) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(EISDIR));
        exit(EXIT_FAILURE);
    }

    int out = open(argv[2], O_WRONLY | O_CREAT, st.st_mode & 0777);
    if (out == -1) {
        perror(argv[2]);
        exit(EXIT_FAILURE);
    }
    if (fstat(out, &st2) == 0 && st.st_ino == st2.st_ino && st.st_dev == st2.st_dev) {
        fprintf(stderr, "%s and %s are one file\n", argv[1], argv[2]);
        exit(EXIT_FAILURE);
    }
    ftruncate(out, 0);
    fchmod(out, st.st_mode & 0777);

    while ((n = read(in, buf, BLOCK)) > 0) {
        if (n == BLOCK && is_zero(buf, n)) {
            lseek(out, n, SEEK_CUR);
            continue;
        }
        ssize_t done = 0;
        while (done < n) {
            ssize_t w = write(out, buf + done, n - done);
            if (w == -1) {
                perror(argv[2]);
                unlink(argv[2]);
                exit(EXIT_FAILURE);
            }
            done += w;
        }
    }
    if (n == -1) {
        perror(argv[1]);
        unlink(argv[2]);
        exit(EXIT_FAILURE);
    }
    /* The last block may have been a hole. */
    ftruncate(out, lseek(out, 0, SEEK_CUR));

    close(in);
    if (close(out) == -1) {
        perror(argv[2]);
        exit(EXIT_FAILURE);
    }
    return 0;
}
