/* udp_server: a thread waits for the datagram, with SO_RCVTIMEO, and main joins it. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static unsigned char data[5000];

static void *wait_for_one(void *socket)
{
    ssize_t n;
    do
        n = read(*(int *)socket, data, sizeof data);
    while (n < 0 && (errno == EAGAIN || errno == EINTR));
    if (n < 0)
        fprintf(stderr, "read failed [%s]\n", strerror(errno));
    return (void *)n;
}

int main(void)
{
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval patience = {2, 0};
    pthread_t thread;
    void *n;
    if (s == -1) {
        fprintf(stderr, "socket failed [%s]\n", strerror(errno));
        return 1;
    }
    printf("Created a socket with fd: %d\n", s);
    struct sockaddr_in here;
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_port = htons(7000);
    if (bind(s, (struct sockaddr *)&here, sizeof here) == -1) {
        fprintf(stderr, "bind failed [%s]\n", strerror(errno));
        return 1;
    }
    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    printf("Let us wait for a remote client to send some data\n");
    if (pthread_create(&thread, NULL, wait_for_one, &s) || pthread_join(thread, &n)) {
        fprintf(stderr, "no thread\n");
        return 1;
    }
    if ((ssize_t)n < 0)
        return 1;
    printf("Received data (len %zd bytes): ", (ssize_t)n);
    for (ssize_t i = 0; i < (ssize_t)n && data[i]; i++)
        putchar(data[i]);
    puts("");
    shutdown(s, SHUT_RDWR);
    close(s);
    return 0;
}
