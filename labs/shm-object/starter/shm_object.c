/* shm_object put NAME TEXT, get NAME, upper NAME, rm NAME: what a POSIX shared memory object holds. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int put(const char *name, const char *text)
{
    /* TODO: a name of an object begins with "/". Whose mode is it, with a umask? */
    int fd = shm_open(name, O_RDWR | O_CREAT, 0660);

    /* TODO: give it its size, map it, copy the text. Nothing is left when that fails. */
    (void)fd;
    (void)text;
    return 0;
}

static int get(const char *name)
{
    /* TODO: how many bytes are there? Map them, and print them. */
    printf("%s\n", name);
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc == 4 && strcmp(argv[1], "put") == 0)
        return put(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "get") == 0)
        return get(argv[2]);
    /* TODO: upper and rm. */
    return 0;
}
