/* Calls that are watched only where a plan asks for them. */
#include "common.h"

/* Run before main(), and a program's own all the same. */
static int early = -1;
__attribute__((constructor)) static void before_main(void) { early = umask(022); }

static long tell(long result)
{
    if (result < 0)
        printf("%s ", strerror(errno));
    else
        printf("%ld ", result);
    return result;
}

/* Reads and writes a plain file, a pipe and what it prints on. */
static void streams(char **a)
{
    char text[9] = {0};
    int ends[2], file = must(open("file", O_RDWR | O_CREAT, 0600), "open");
    must(pipe(ends), "pipe");
    tell(write(file, "abcdef", 6));
    must(lseek(file, 0, SEEK_SET), "lseek");
    tell(read(file, text, 6));
    tell(write(ends[1], "abcdef", 6));
    tell(read(ends[0], text, 6));
    close(file);
    puts("");
    unlink("file");
}

static void two_files(char **a)
{
    const char *const paths[] = {"/tmp/request_one", "/tmp/request_two"};
    char text[9];
    for (int i = 0; i < 2; i++) {
        int file = must(open(paths[i], O_RDWR | O_CREAT | O_TRUNC, 0600), "open");
        must(write(file, "abcd", 4), "write");
        must(lseek(file, 0, SEEK_SET), "lseek");
        tell(read(file, text, 4));
        close(file);
        unlink(paths[i]);
    }
    puts("");
}

static void numbers(char **a)
{
    getpid();
    getppid();
    getpid();
    printf("%d\n", early);
}

static void pipes(char **a)
{
    int ends[2];
    for (int n = 0; n < 3; n++)
        tell(pipe(ends));
    puts("");
}
static const struct act acts[] = {{"streams", streams}, {"two_files", two_files}, {"numbers", numbers}, {"pipes", pipes}, {0}};
PLAY(acts)
