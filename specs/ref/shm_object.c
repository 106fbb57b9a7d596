/* shm_object put NAME TEXT, get NAME, upper NAME, rm NAME: what a POSIX shared memory object holds. */

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *name)
{
    perror(name);
    return 1;
}

/* Gives the object its size and its bytes. Nothing can be mapped where there is nothing. */
static int fill(int fd, const char *text, size_t size)
{
    if (fchmod(fd, 0660) < 0 || ftruncate(fd, (off_t)size) < 0)
        return -1;
    if (size == 0)
        return 0;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return -1;
    memcpy(memory, text, size);
    return munmap(memory, size);
}

static int put(const char *object, const char *name, const char *text)
{
    int fd = shm_open(object, O_RDWR | O_CREAT | O_TRUNC, 0660);
    if (fd < 0)
        return fail(name);
    if (fill(fd, text, strlen(text)) < 0) {
        int status = fail(name);
        shm_unlink(object);
        return status;
    }
    return 0;
}

/* Prints an object, or changes it. */
static int use(const char *object, const char *name, int changes)
{
    struct stat about;
    int fd = shm_open(object, changes ? O_RDWR : O_RDONLY, 0);
    if (fd < 0 || fstat(fd, &about) < 0)
        return fail(name);
    size_t size = (size_t)about.st_size;
    char *memory = NULL;
    if (size > 0) {
        memory = mmap(NULL, size, changes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED)
            return fail(name);
    }
    for (size_t i = 0; i < size; i++) {
        if (changes)
            memory[i] = (char)toupper((unsigned char)memory[i]);
        else
            putchar(memory[i]);
    }
    if (!changes)
        putchar('\n');
    return 0;
}

int main(int argc, char *argv[])
{
    char object[256];
    const char *command = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : "";

    if (*name && snprintf(object, sizeof object, "/%s", name) < (int)sizeof object) {
        if (argc == 4 && strcmp(command, "put") == 0)
            return put(object, name, argv[3]);
        if (argc == 3 && strcmp(command, "get") == 0)
            return use(object, name, 0);
        if (argc == 3 && strcmp(command, "upper") == 0)
            return use(object, name, 1);
        if (argc == 3 && strcmp(command, "rm") == 0)
            return shm_unlink(object) < 0 ? fail(name) : 0;
    }
    fprintf(stderr, "usage: shm_object put NAME TEXT | get NAME | upper NAME | rm NAME\n");
    return 1;
}
