/* A bit of everything that evidence can be asked of: twelve children one after the other, each with a pipe, a file, a handled
   signal and a thread. Or, by its argument, calls that have nothing of it, pipes, memory that is
   mapped for sharing, large blocks of malloc(), or a file that is mapped again and again. */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 12, CALLS = 400, PIPES = 100, MAPPED = 100, SIZE = 4096 };

static volatile sig_atomic_t caught;
static void on_signal(int number)
{
    caught = number;
}
static void *idle(void *unused)
{
    return unused;
}

static void child(int out)
{
    char text[16] = "fifteen bytes.\n";
    struct sigaction action = {.sa_handler = on_signal};
    pthread_t thread;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    pthread_create(&thread, NULL, idle, NULL);
    pthread_join(thread, NULL);
    int file = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    fcntl(file, F_SETLKW, &lock);
    pwrite(file, text, 15, 0);
    pread(file, text, 15, 0);
    close(file);
    write(out, text, 15);
    _exit(caught == SIGUSR1 ? 0 : 1);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "calls") == 0) {
        int null = open("/dev/null", O_WRONLY);
        for (int i = 0; i < CALLS; i++)
            write(null, "x", 1);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "pipes") == 0) {
        for (int i = 0; i < PIPES; i++) {
            int ends[2];
            if (pipe(ends) == -1)
                return 1;
            close(ends[0]);
            close(ends[1]);
        }
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "mapped") == 0) {
        for (int i = 0; i < MAPPED; i++) {
            char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (at == MAP_FAILED)
                return 1;
            *at = 'x';
            munmap(at, SIZE);
        }
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "blocks") == 0) {
        mallopt(M_MMAP_THRESHOLD, 1 << 16);
        for (int i = 0; i < CALLS; i++) {
            char *volatile block = malloc(1 << 20);
            *block = 'x';
            free(block);
        }
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "maps") == 0) {
        int file = open("/tmp/file", O_RDWR | O_CREAT, 0600);
        if (ftruncate(file, SIZE) == -1)
            return 1;
        for (int i = 0; i < CALLS; i++) {
            char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (at == MAP_FAILED)
                return 1;
            *at = 'x';
            munmap(at, SIZE);
        }
        return 0;
    }
    for (int i = 0; i < CHILDREN; i++) {
        char text[16];
        int ends[2], status;
        if (pipe(ends) == -1)
            return 1;
        if (fork() == 0) {
            close(ends[0]);
            child(ends[1]);
        }
        close(ends[1]);
        while (read(ends[0], text, sizeof text) > 0)
            ;
        close(ends[0]);
        wait(&status);
        if (status != 0)
            return 1;
    }
    return 0;
}
