#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define MODE 0660

static char path[300];
static const char *shown;

static void die(void)
{
    perror(shown);
    exit(1);
}

static void give_up(void)
{
    perror(shown);
    shm_unlink(path);
    exit(1);
}

static void put(const char *text)
{
    size_t size = strlen(text);
    int fd = shm_open(path, O_RDWR | O_CREAT, MODE);

    if (fd == -1)
        die();
    fchmod(fd, MODE);
    if (ftruncate(fd, size) == -1)
        give_up();
    if (size == 0)
        return;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        give_up();
    memcpy(p, text, size);
    munmap(p, size);
    close(fd);
}

static void get(void)
{
    struct stat st;
    int fd = shm_open(path, O_RDONLY, 0);

    if (fd == -1)
        die();
    if (fstat(fd, &st) == -1)
        die();
    if (st.st_size > 0) {
        char *p = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            die();
        fwrite(p, 1, st.st_size, stdout);
        munmap(p, st.st_size);
    }
    putchar('\n');
    close(fd);
}

static void upper(void)
{
    struct stat st;
    int fd = shm_open(path, O_RDWR, 0);

    if (fd == -1 || fstat(fd, &st) == -1)
        die();
    if (st.st_size == 0)
        return;
    char *p = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        die();
    for (off_t i = 0; i < st.st_size; i++)
        p[i] = toupper((unsigned char)p[i]);
    munmap(p, st.st_size);
}

static void rm(void)
{
    if (shm_unlink(path) == -1)
        die();
}

static void usage(void)
{
    fprintf(stderr, "usage: shm_object put NAME TEXT\n       shm_object get|upper|rm NAME\n");
    exit(2);
}

int main(int argc, char *argv[])
{
    if (argc < 3 || strlen(argv[2]) > 250)
        usage();
    shown = argv[2];
    sprintf(path, "/%s", argv[2]);

    if (argc == 4 && strcmp(argv[1], "put") == 0)
        put(argv[3]);
    else if (argc == 3 && strcmp(argv[1], "get") == 0)
        get();
    else if (argc == 3 && strcmp(argv[1], "upper") == 0)
        upper();
    else if (argc == 3 && strcmp(argv[1], "rm") == 0)
        rm();
    else
        usage();
    return 0;
}
