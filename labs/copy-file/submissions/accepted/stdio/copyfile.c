#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void give_up(const char *name, const char *copy)
{
    int why = errno;
    unlink(copy);
    errno = why;
    err(EXIT_FAILURE, "%s", name);
}

int main(int argc, char **argv)
{
    char block[BUFSIZ];
    struct stat a, b;
    size_t n;

    if (argc != 3)
        errx(EXIT_FAILURE, "two names, please");
    FILE *from = fopen(argv[1], "r");
    if (from == NULL || fstat(fileno(from), &a))
        err(EXIT_FAILURE, "%s", argv[1]);
    if (!S_ISREG(a.st_mode))
        errx(EXIT_FAILURE, "%s is no file", argv[1]);
    if (!stat(argv[2], &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        errx(EXIT_FAILURE, "%s: the same file", argv[2]);
    umask(0);
    FILE *to = fopen(argv[2], "w");
    if (to == NULL)
        err(EXIT_FAILURE, "%s", argv[2]);
    while ((n = fread(block, 1, sizeof block, from)) > 0)
        if (fwrite(block, 1, n, to) != n)
            give_up(argv[2], argv[2]);
    if (ferror(from))
        give_up(argv[1], argv[2]);
    if (chmod(argv[2], a.st_mode & 07777) || fclose(to))
        give_up(argv[2], argv[2]);
    return EXIT_SUCCESS;
}
