/* What is written and read on descriptors 0, 1 and 2. */
#include "common.h"

static void terminals(char **a)
{
    printf("%d%d%d\n", isatty(0), isatty(1), isatty(2));
    char *name = ttyname(1);
    int again = name ? open(name, O_WRONLY | O_NOCTTY) : -1;
    if (again >= 0)
        write(again, "again\n", 6);
}
/* Nothing is flushed by hand: only a terminal is written to line by line. */
static void ready_and_wait(char **a)
{
    printf("ready\n");
    printf("prompt: ");
    accept(listening(AF_INET, SOCK_STREAM), 0, 0);
}
static void all_bytes(char **a)
{
    unsigned char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = i;
    must(write(atoi(a[0]), all, 256) - 256, "write");
}
static void lines(char **a) { must(write(1, "a\nb\r\n\tc\n\n", 9) - 9, "write"); }
/* Numbered lines of ten bytes. */
static void numbered(char **a)
{
    for (int i = 0, n = atoi(a[0]); i < n; i++)
        printf("%09d\n", i);
}
static void last_words(char **a)
{
    printf("last words\n");
    fprintf(stderr, "and why");
    if (a[0])
        raise(atoi(a[0]));
    *(volatile int *)8 = 1;
}
static void copy(char **a)
{
    static char b[4096];
    long all = 0, got;
    while ((got = must(read(0, b, sizeof b), "read")) > 0) {
        all += got;
        if (a[0])
            must(write(1, b, got), "write");
    }
    fprintf(stderr, "%ld", all);
}
static void one_line(char **a)
{
    char line[99];
    while (fgets(line, sizeof line, stdin))
        printf("<%.*s>\n", (int)strcspn(line, "\n"), line);
    printf("%s\n", feof(stdin) ? "end" : "error");
}
static void both(char **a)
{
    static char b[1000];
    memset(b, 'b', sizeof b);
    for (int i = 0; i < 300; i++)
        must(write(1 + i % 2, b, sizeof b), "write");
}
static void closes(char **a)
{
    printf("before\n");
    fflush(stdout);
    close(0), close(1), close(2);
    sleep_ms(30);
    exit(write(1, "x", 1) < 0 && errno == EBADF ? 0 : 98);
}
static void never_reads(char **a) { sleep_ms(30); }

static const struct act acts[] = {
    {"terminals", terminals}, {"ready-and-wait", ready_and_wait}, {"all-bytes", all_bytes}, {"lines", lines},
    {"numbered", numbered}, {"last-words", last_words}, {"copy", copy}, {"one-line", one_line}, {"both", both},
    {"closes", closes}, {"never-reads", never_reads}, {0}};
PLAY(acts)
