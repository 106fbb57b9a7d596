/* Mappings of a file of four pages, and of memory without a name: each letter is a step. */
#include "common.h"
#include <dlfcn.h>
#include <iconv.h>
#include <locale.h>
#include <malloc.h>

static char *at;
static size_t length, page;
static int fd;
static const char *path;

static void map(int protection, int flags)
{
    length = 2 * page;
    at = mmap(0, length, protection, flags, flags & MAP_ANONYMOUS ? -1 : fd, 0);
    if (at == MAP_FAILED)
        must(-1, "mmap");
}
static void *takes_memory(void *arg)
{
    static void *volatile kept;
    kept = malloc(100);
    kept = malloc(1 << 20);
    return arg;
}
static pthread_t first;
static void *outlives(void *unmaps)
{
    pthread_join(first, 0);
    if (unmaps)
        munmap(at, length);
    exit(0);
}
static void libraries(void)
{
    setlocale(LC_ALL, "en_US.UTF-8");
    iconv_open("UTF-16", "ISO-8859-2");
#ifndef STATIC
    must(dlopen("libm.so.6", RTLD_NOW) ? 0 : -1, "dlopen");
#endif
}
static void step(char letter)
{
    pid_t child;
    pthread_t thread;
    switch (letter) {
    case 's': map(PROT_READ | PROT_WRITE, MAP_SHARED); break;
    case 'v': map(PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE); break;
    case 'p': map(PROT_READ | PROT_WRITE, MAP_PRIVATE); break;
    case 'r': map(PROT_READ, MAP_SHARED); break;
    case 'a': map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS); break;
    case 'u': must(munmap(at, length), "munmap"); break;
    case 'h': must(munmap(at, page), "munmap"); break;
    case 'H': must(munmap(at + page, page), "munmap"); break;
    case 'g': at = mremap(at, length, 3 * page, MREMAP_MAYMOVE); length = 3 * page; break;
    case 'o': mmap(at, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0); break;
    case 'w': must(mprotect(at, page, PROT_READ | PROT_WRITE), "mprotect"); break;
    case '2': /* its neighbour */
        at = mmap(at + length - 4 * page, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mmap(at, 2 * page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
        mmap(at + 2 * page, 2 * page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 2 * page);
        length = 4 * page;
        break;
    case 'W': /* a page at a time */
        for (int i = 0; i < 4; i++) {
            char *window = mmap(0, page, PROT_READ, MAP_SHARED, fd, i * page);
            munmap(window, page);
        }
        break;
    case 'f': case 'F':
        child = fork();
        if (child == 0) {
            if (letter == 'F')
                map(PROT_READ, MAP_SHARED);
            _exit(0);
        }
        waitpid(child, 0, 0);
        break;
    case 'm':
        for (int i = 0; i < 20; i++)
            free(malloc(1 << 20));
        takes_memory(0);
        break;
    case 't':
        pthread_create(&thread, 0, takes_memory, 0);
        pthread_join(thread, 0);
        break;
    case 'l': libraries(); break;
    case 'e': case 'E':
        first = pthread_self();
        pthread_create(&thread, 0, outlives, letter == 'e' ? &first : 0);
        pthread_exit(0);
    case 'c': close(fd); break;
    case 'n': must(rename(path, "/tmp/ipclab_test_named"), "rename"); break;
    case 'U': unlink(path); break;
    case 'x': execl("/proc/self/exe", "mappings", "steps", "c", path, (char *)0); break;
    case 'k': raise(SIGKILL);
    default: exit(99);
    }
}
static void steps(char **a)
{
    path = a[1];
    page = sysconf(_SC_PAGESIZE);
    fd = must(open(path, O_RDWR | O_CREAT, 0600), "open");
    must(ftruncate(fd, 4 * page), "ftruncate");
    for (const char *letter = a[0]; *letter; letter++)
        step(*letter);
    exit(0);
}
/* So many mappings that none can be put together with its neighbour. */
static void crowd(char **a)
{
    size_t many = atoi(a[0]);
    page = sysconf(_SC_PAGESIZE);
    fd = must(open(a[1], O_RDWR | O_CREAT, 0600), "open");
    must(ftruncate(fd, 4 * page), "ftruncate");
    for (size_t i = 0; i < many; i++)
        if (mmap(0, page, PROT_READ, MAP_PRIVATE, fd, i % 2 * 2 * page) == MAP_FAILED)
            break;
    exit(0);
}
/* Takes and gives large blocks, each with two calls of its own. */
static void blocks(char **a)
{
    mallopt(M_MMAP_THRESHOLD, 1 << 16);
    for (int i = atoi(a[0]); i > 0; i--)
        free(malloc(1 << 20));
    exit(0);
}

static const struct act acts[] = {{"steps", steps}, {"crowd", crowd}, {"blocks", blocks}, {0}};
PLAY(acts)
