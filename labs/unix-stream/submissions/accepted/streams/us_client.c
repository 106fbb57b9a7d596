#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
/* fdopen twice, getline on both: no buffer of a fixed size anywhere */
static int fail(const char *w) { fprintf(stderr, "%s error: %s\n", w, strerror(errno)); exit(1); }
int main(int argc, char **argv)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    char *line = NULL, *reply = NULL;
    size_t room = 0, more = 0;
    ssize_t n;
    const char *path = argc > 1 ? argv[1] : "/tmp/us_srv_socket";
    if (strlen(path) > sizeof a.sun_path - 1) { fprintf(stderr, "path too long\n"); return 1; }
    memcpy(a.sun_path, path, strlen(path));
    signal(SIGPIPE, SIG_IGN);
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0) fail("socket");
    while (connect(s, (struct sockaddr *)&a, sizeof a) < 0) { if (errno == EINTR) continue; fail("connect"); }
    FILE *in = fdopen(s, "r"), *out = fdopen(dup(s), "w");
    if (!in || !out) fail("fdopen");
    while ((n = getline(&line, &room, stdin)) > 0) {
        int whole = line[n - 1] == '\n';
        if (fwrite(line, 1, n, out) != (size_t)n || (!whole && putc('\n', out) == EOF) || fflush(out)) fail("send");
        ssize_t r = getline(&reply, &more, in);
        if (r < 0 && ferror(in)) fail("recv");
        if (r <= 0 || reply[r - 1] != '\n') { fprintf(stderr, "us_client: the server ended in the middle\n"); return 1; }
        printf("> ");
        fwrite(reply, 1, r, stdout);
        fflush(stdout);
    }
    if (ferror(stdin)) fail("stdin");
    fclose(out); fclose(in);
    free(line); free(reply);
    return 0;
}
