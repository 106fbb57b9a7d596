#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>
struct buffer { int in; int number[4]; };
static int sem;
static void die(const char *w) { perror(w); exit(1); }
static void both(struct sembuf *ops)
{
    while (semtimedop(sem, ops, 2, NULL) == -1) if (errno != EINTR) die("semop");
}
static void put(struct buffer *b, int n)
{
    struct sembuf enter[2] = { { 0, -1, 0 }, { 2, -1, SEM_UNDO } }, leave[2] = { { 2, 1, SEM_UNDO }, { 1, 1, 0 } };
    both(enter);
    b->number[b->in] = n;
    b->in = (b->in + 1) % 4;
    both(leave);
}
int main(int argc, char **argv)
{
    int *n = calloc(argc + 1, sizeof *n);
    for (int i = 1; i < argc; i++) {
        if (!*argv[i] || strspn(argv[i], "0123456789") != strlen(argv[i]) || strtoul(argv[i], NULL, 10) > 1000000) {
            fprintf(stderr, "sem_producer: not a number from 0 to 1000000: %s\n", argv[i]);
            return 1;
        }
        n[i - 1] = strtoul(argv[i], NULL, 10);
    }
    int seg = shmget(300, sizeof(struct buffer), 0);
    if (seg < 0) die("shmget");
    if ((sem = semget(300, 3, 0)) < 0) die("semget");
    struct buffer *b = shmat(seg, 0, 0);
    if (b == (void *)-1) die("shmat");
    if (argc == 1) put(b, -1);
    for (int i = 0; i + 1 < argc; i++) put(b, n[i]);
    free(n);
    return 0;
}
