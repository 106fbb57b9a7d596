#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define REQ "/tmp/fifo.requests"
static char mine[40];
static void tidy(void) { if (*mine) unlink(mine); }
static int fail(const char *w) { fprintf(stderr, "%s: %s\n", w, strerror(errno)); exit(1); }
int main(int argc, char **argv)
{
    char line[1100], got[4096];
    int n, req = open(REQ, O_WRONLY | O_NONBLOCK);
    if (argc > 2) { fprintf(stderr, "usage: fifo_client [TEXT]\n"); return 1; }
    if (req < 0) fail(REQ);
    if (argc == 1) { if (write(req, "stop\n", 5) != 5) fail(REQ); return close(req) ? fail(REQ) : 0; }
    n = snprintf(line, sizeof line, "%d %s\n", (int)getpid(), argv[1]);
    if (n > 1000) { fprintf(stderr, "fifo_client: text too long\n"); return 1; }
    char name[40];
    sprintf(name, "/tmp/fifo.%d", (int)getpid());
    mode_t old = umask(0);
    if (mkfifo(name, 0622) < 0) fail(name);
    umask(old);
    strcpy(mine, name);
    atexit(tidy);
    /* open for reading first, without waiting, and only then ask; a writer of our own is not needed */
    int in = open(mine, O_RDONLY | O_NONBLOCK);
    if (in < 0) fail(mine);
    if (write(req, line, n) != n) fail(REQ);
    close(req);
    struct pollfd pf = { in, POLLIN, 0 };
    while (poll(&pf, 1, -1) < 0) if (errno != EINTR) fail("poll");
    fcntl(in, F_SETFL, 0);
    int wait = in;
    ssize_t r;
    while ((r = read(wait, got, sizeof got)) != 0) {
        if (r < 0) { if (errno == EINTR) continue; fail(mine); }
        if (fwrite(got, 1, r, stdout) != (size_t)r) fail("stdout");
    }
    close(wait);
    if (fflush(stdout)) fail("stdout");
    return 0;
}
