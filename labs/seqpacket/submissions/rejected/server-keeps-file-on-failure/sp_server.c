/* sp_server: takes the records of one client and says how long each is. */

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/sp_srv_socket"
#define REC_LEN       16

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void remove_socket(void)
{
    unlink(SRV_SOCK_PATH);
}

static void fail(const char *call)
{
    fprintf(stderr, "%s error: %s\n", call, strerror(errno));
    exit(1);
}

/* The length of a record, -1 for the end of the connection. */
static ssize_t receive(int client, char *record, int *cut)
{
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {.iov_base = record, .iov_len = REC_LEN};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};

    ssize_t length = recvmsg(client, &message, 0);
    while (length < 0 && (errno == EINTR || errno == ECONNRESET) && !stop)
        length = recvmsg(client, &message, 0);
    if (length < 0 && errno == EINTR)
        remove_socket();
    if (length < 0)
        fail("recvmsg");
    *cut = (message.msg_flags & MSG_TRUNC) != 0;
    if (length == 0 && CMSG_FIRSTHDR(&message) == NULL)
        return -1;
    return length;
}

int main(void)
{
    struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = SRV_SOCK_PATH};
    struct stat file;

    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);

    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (fd < 0)
        fail("socket");
    if (lstat(SRV_SOCK_PATH, &file) == 0 && S_ISSOCK(file.st_mode))
        unlink(SRV_SOCK_PATH);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
        fail("bind");
    if (listen(fd, 1) < 0)
        fail("listen");
    int client = accept(fd, NULL, NULL);
    while (client < 0 && errno == EINTR && !stop)
        client = accept(fd, NULL, NULL);
    if (client < 0)
        fail("accept");
    int on = 1;
    if (setsockopt(client, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
        fail("setsockopt");

    char record[REC_LEN], answer[40];
    ssize_t length;
    int number = 0, cut;
    while ((length = receive(client, record, &cut)) >= 0) {
        int size = snprintf(answer, sizeof answer, "%zd bytes%s", length, cut ? ", cut" : "");
        printf("record %d: %s: %.*s\n", ++number, answer, (int)length, record);
        fflush(stdout);
        if (send(client, answer, (size_t)size, MSG_NOSIGNAL) < 0)
            perror("send error");
    }
    printf("end after %d records\n", number);
    remove_socket();
    close(client);
    close(fd);
    return 0;
}
