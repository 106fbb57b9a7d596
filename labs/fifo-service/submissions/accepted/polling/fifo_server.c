#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* mknod, O_RDWR so that end of file never comes, poll, signals by sigaction without SA_RESTART */
#define REQ "/tmp/fifo.requests"
static volatile sig_atomic_t over;
static void on(int s) { (void)s; over = 1; }
static void answer(char *line)
{
    char *end, path[64], text[1100];
    if (line[0] < '0' || line[0] > '9') return;
    long pid = strtol(line, &end, 10);
    if (pid <= 0 || *end != ' ') return;
    snprintf(path, sizeof path, "/tmp/fifo.%ld", pid);
    int fd = open(path, O_WRONLY | O_NONBLOCK);
    if (fd < 0 && errno == ENXIO) fd = open(path, O_WRONLY);
    if (fd < 0) { fprintf(stderr, "%s: %s\n", path, strerror(errno)); return; }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    int n = snprintf(text, sizeof text, "echo: %s\n", end + 1), done = 0;
    while (done < n) {
        ssize_t w = write(fd, text + done, n - done);
        if (w < 0 && errno == EINTR && !over) continue;
        if (w < 0) { fprintf(stderr, "%s: %s\n", path, strerror(errno)); break; }
        done += w;
    }
    close(fd);
}
int main(void)
{
    static char buf[8192];
    size_t have = 0;
    struct sigaction sa = { .sa_handler = on }, ign = { .sa_handler = SIG_IGN };
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGPIPE, &ign, NULL);
    if (mknod(REQ, S_IFIFO | 0622, 0) < 0) {
        struct stat st;
        if (errno != EEXIST || stat(REQ, &st) < 0 || !S_ISFIFO(st.st_mode)) { perror(REQ); return 1; }
    } else if (chmod(REQ, 0622) < 0) { perror(REQ); unlink(REQ); return 1; }
    int fd = open(REQ, O_RDWR | O_CLOEXEC);
    if (fd < 0) { perror(REQ); unlink(REQ); return 1; }
    struct pollfd p = { fd, POLLIN, 0 };
    int status = 0;
    while (!over) {
        if (poll(&p, 1, -1) < 0) { if (errno == EINTR) continue; perror("poll"); status = 1; break; }
        ssize_t n = read(fd, buf + have, sizeof buf - have - 1);
        if (n < 0) { if (errno == EINTR) continue; perror(REQ); status = 1; break; }
        have += n;
        char *nl;
        while (!over && (nl = memchr(buf, '\n', have))) {
            *nl = 0;
            if (!strcmp(buf, "stop")) over = 1; else answer(buf);
            have -= nl + 1 - buf;
            memmove(buf, nl + 1, have);
        }
        if (have == sizeof buf - 1) have = 0;
    }
    close(fd);
    if (unlink(REQ) < 0) { perror(REQ); return 1; }
    return status;
}
