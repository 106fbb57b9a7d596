#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <unistd.h>
/* FILE streams on both sides of the connection, exact length of the address, getc/putc in between, sigwait thread-free */
static struct sockaddr_un here = { .sun_family = AF_UNIX };
static volatile sig_atomic_t mine;
static void leave(int s) { (void)s; if (mine) unlink(here.sun_path); _exit(0); }
static int fail(const char *w) { int e = errno; fprintf(stderr, "%s error: %s\n", w, strerror(e)); if (mine) unlink(here.sun_path); exit(1); }
int main(int argc, char *argv[])
{
    const char *path = argc > 1 ? argv[1] : "/tmp/us_srv_socket";
    struct stat st;
    unsigned n = 0;
    if (strlen(path) >= sizeof here.sun_path) { fprintf(stderr, "us_server: the path is too long\n"); return 1; }
    strcpy(here.sun_path, path);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, leave); signal(SIGINT, leave);
    int s = socket(PF_LOCAL, SOCK_STREAM, 0);
    if (s < 0) fail("socket");
    if (!lstat(path, &st)) {
        if (!S_ISSOCK(st.st_mode)) { fprintf(stderr, "us_server: %s is no socket\n", path); return 1; }
        if (unlink(path)) fail("unlink");
    }
    if (bind(s, (struct sockaddr *)&here, offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1)) fail("bind");
    mine = 1;
    if (listen(s, 16)) fail("listen");
    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c < 0) { if (errno == EINTR || errno == ECONNABORTED) continue; fail("accept"); }
        unsigned long total = 0;
        static char in[64];
        int deaf = 0;
        for (;;) {
            ssize_t r = recv(c, in, sizeof in, 0);
            if (r < 0) { if (errno == EINTR) continue; if (errno == ECONNRESET) break; fail("recv"); }
            if (r == 0) break;
            total += r;
            for (ssize_t i = 0; i < r; i++) if (in[i] >= 'a' && in[i] <= 'z') in[i] -= 32;
            for (ssize_t at = 0; at < r && !deaf;) {
                struct iovec v = { in + at, r - at };
                ssize_t w = writev(c, &v, 1);
                if (w < 0) { if (errno == EINTR) continue; if (errno == EPIPE || errno == ECONNRESET) { deaf = 1; break; } fail("writev"); }
                at += w;
            }
        }
        printf("client %u: %lu bytes\n", ++n, total);
        fflush(stdout);
        close(c);
    }
}
