#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
/* posix_fallocate, an object that was there is removed first, MAP_POPULATE, output by write(2) from the mapping */
static const char *called;
static int bad(void) { fprintf(stderr, "%s: %s\n", called, strerror(errno)); return EXIT_FAILURE; }
int main(int argc, char **argv)
{
    char name[260];
    if (argc < 3 || strlen(argv[2]) > 250) goto usage;
    called = argv[2];
    sprintf(name, "/%s", argv[2]);
    if (!strcmp(argv[1], "put") && argc == 4) {
        size_t n = strlen(argv[3]);
        if (shm_unlink(name) < 0 && errno != ENOENT) return bad();
        int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd < 0) return bad();
        if (n) {
            errno = posix_fallocate(fd, 0, n);
            void *p = errno ? MAP_FAILED : mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
            if (p == MAP_FAILED) { int e = errno; shm_unlink(name); errno = e; return bad(); }
            memcpy(p, argv[3], n);
            munmap(p, n);
        }
        if (fchmod(fd, 0660) < 0) { int e = errno; shm_unlink(name); errno = e; return bad(); }
        close(fd);
        return 0;
    }
    if (argc != 3) goto usage;
    int rd = !strcmp(argv[1], "get"), up = !strcmp(argv[1], "upper");
    if (!strcmp(argv[1], "rm")) return shm_unlink(name) ? bad() : 0;
    if (!rd && !up) goto usage;
    int fd = shm_open(name, rd ? O_RDONLY : O_RDWR, 0);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) return bad();
    char *p = NULL;
    if (st.st_size && (p = mmap(0, st.st_size, rd ? PROT_READ : PROT_READ | PROT_WRITE, rd ? MAP_PRIVATE : MAP_SHARED, fd, 0)) == MAP_FAILED) return bad();
    close(fd);
    if (up) for (off_t i = 0; i < st.st_size; i++) p[i] = toupper((unsigned char)p[i]);
    else {
        for (off_t at = 0; at < st.st_size;) { ssize_t w = write(1, p + at, st.st_size - at); if (w < 0) { perror("stdout"); return 1; } at += w; }
        if (write(1, "\n", 1) != 1) { perror("stdout"); return 1; }
    }
    return 0;
usage:
    fprintf(stderr, "usage: shm_object put NAME TEXT | get NAME | upper NAME | rm NAME\n");
    return 2;
}
