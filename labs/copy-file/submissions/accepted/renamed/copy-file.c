/* The file is read at once, written under another name, and renamed when all of it is there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int complain(const char *what, const char *part)
{
    fprintf(stderr, "copy_file: %s: %s\n", what, strerror(errno));
    if (part)
        unlink(part);
    return 1;
}

int main(int argc, char *argv[])
{
    struct stat st, other;
    char part[4096];
    ssize_t n;

    if (argc != 3)
        return fputs("copy_file FROM TO\n", stderr), 1;
    int in = open(argv[1], O_RDONLY);
    if (in < 0 || fstat(in, &st) < 0)
        return complain(argv[1], NULL);
    if (stat(argv[2], &other) == 0 && st.st_dev == other.st_dev && st.st_ino == other.st_ino)
        return fprintf(stderr, "copy_file: %s is the same file as %s\n", argv[2], argv[1]), 1;
    char *bytes = malloc(st.st_size + 1);
    off_t size = 0;
    while ((n = read(in, bytes + size, st.st_size - size)) > 0)
        size += n;
    if (n < 0)
        return complain(argv[1], NULL);
    close(in);
    snprintf(part, sizeof part, "%s.part", argv[2]);
    int out = open(part, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (out < 0)
        return complain(argv[2], NULL);
    for (off_t at = 0; at < size; at += n)
        if ((n = write(out, bytes + at, size - at)) < 0)
            return complain(argv[2], part);
    if (fchmod(out, st.st_mode & 07777) < 0 || close(out) < 0 || rename(part, argv[2]) < 0)
        return complain(argv[2], part);
    return 0;
}
