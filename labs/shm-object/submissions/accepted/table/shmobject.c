/* Commands in a table; room is set aside by posix_fallocate(), which says in its result what is wrong. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct object {
    const char *name;
    char *path;
    int fd;
    size_t size;
    char *bytes;
};

static void open_object(struct object *o, int flags)
{
    if ((o->fd = shm_open(o->path, flags, 0660)) < 0)
        err(1, "%s", o->name);
}

static int map(struct object *o, int protection)
{
    o->bytes = o->size ? mmap(0, o->size, protection, MAP_SHARED, o->fd, 0) : NULL;
    return o->bytes == MAP_FAILED ? errno : 0;
}

static void map_all(struct object *o, int flags, int protection)
{
    open_object(o, flags);
    o->size = lseek(o->fd, 0, SEEK_END);
    if ((errno = map(o, protection)))
        err(1, "%s", o->name);
}

static void put(struct object *o, char *text)
{
    mode_t mask = umask(0);
    open_object(o, O_RDWR | O_CREAT | O_TRUNC);
    umask(mask);
    o->size = strlen(text);
    int error = o->size ? posix_fallocate(o->fd, 0, o->size) : 0;
    if (!error)
        error = map(o, PROT_WRITE);
    if (error) {
        shm_unlink(o->path);
        errno = error;
        err(1, "%s", o->name);
    }
    while (*text)
        *o->bytes++ = *text++;
}

static void get(struct object *o, char *text)
{
    (void)text;
    map_all(o, O_RDONLY, PROT_READ);
    size_t done = 0;
    while (done < o->size) {
        ssize_t n = write(1, o->bytes + done, o->size - done);
        if (n < 0)
            err(1, "write");
        done += n;
    }
    if (write(1, "\n", 1) != 1)
        err(1, "write");
}

static void upper(struct object *o, char *text)
{
    (void)text;
    map_all(o, O_RDWR, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < o->size; i++)
        if (o->bytes[i] >= 'a' && o->bytes[i] <= 'z')
            o->bytes[i] ^= 0x20;
    if (o->size && msync(o->bytes, o->size, MS_SYNC) < 0)
        err(1, "%s", o->name);
}

static void rm(struct object *o, char *text)
{
    (void)text;
    if (shm_unlink(o->path))
        err(1, "%s", o->name);
}

static const struct {
    const char *name;
    int arguments;
    void (*run)(struct object *, char *);
} commands[] = {{"put", 4, put}, {"get", 3, get}, {"upper", 3, upper}, {"rm", 3, rm}};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (argc == commands[i].arguments && !strcmp(argv[1], commands[i].name)) {
            struct object object = {.name = argv[2]};
            if (asprintf(&object.path, "/%s", argv[2]) < 0)
                err(1, "malloc");
            commands[i].run(&object, argv[3]);
            return 0;
        }
    }
    errx(1, "put NAME TEXT, get NAME, upper NAME or rm NAME");
}
