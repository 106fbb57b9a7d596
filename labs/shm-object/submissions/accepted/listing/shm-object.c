#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    char name[256];
    char *cmd, *ptr;
    int fd, len, i, flags = O_RDWR;
    struct stat sb;

    if (argc < 3) {
        printf("usage: %s command name [text]\n", argv[0]);
        fprintf(stderr, "too few arguments\n");
        exit(1);
    }
    cmd = argv[1];
    snprintf(name, sizeof(name), "/%s", argv[2]);

    if (strcmp(cmd, "rm") == 0 && argc == 3) {
        if (shm_unlink(name) == -1) {
            perror(argv[2]);
            exit(1);
        }
        exit(0);
    }
    if (strcmp(cmd, "put") == 0 && argc == 4) {
        /* a new one each time */
        shm_unlink(name);
        fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd == -1) {
            perror(argv[2]);
            exit(1);
        }
        len = strlen(argv[3]);
        if (fchmod(fd, 0660) == -1 || ftruncate(fd, len) == -1) {
            perror(argv[2]);
            shm_unlink(name);
            exit(1);
        }
        if (len == 0)
            exit(0);
        ptr = (char *)mmap(0, len, PROT_WRITE, MAP_SHARED, fd, 0);
        if (ptr == (char *)-1) {
            perror(argv[2]);
            shm_unlink(name);
            exit(1);
        }
        close(fd);
        for (i = 0; i < len; i++)
            ptr[i] = argv[3][i];
        exit(0);
    }
    if ((strcmp(cmd, "get") != 0 && strcmp(cmd, "upper") != 0) || argc != 3) {
        fprintf(stderr, "unknown command %s\n", cmd);
        exit(1);
    }
    if (strcmp(cmd, "get") == 0)
        flags = O_RDONLY;
    fd = shm_open(name, flags, 0);
    if (fd == -1) {
        perror(argv[2]);
        exit(1);
    }
    fstat(fd, &sb);
    if (sb.st_size != 0) {
        ptr = (char *)mmap(0, sb.st_size, flags == O_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (ptr == MAP_FAILED) {
            perror(argv[2]);
            exit(1);
        }
        close(fd);
        for (i = 0; i < sb.st_size; i++) {
            if (flags == O_RDONLY)
                putc(ptr[i], stdout);
            else if (islower(ptr[i]))
                ptr[i] = toupper(ptr[i]);
        }
    }
    if (flags == O_RDONLY)
        putc('\n', stdout);
    return 0;
}
