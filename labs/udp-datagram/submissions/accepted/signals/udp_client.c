/* udp_client: a connected socket behind a FILE, whose buffer goes out in one datagram. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int wrong(const char *call)
{
    fprintf(stderr, "%s failed [%s]\n", call, strerror(errno));
    return 1;
}

int main(void)
{
    const char text[] = "Mona Lisa was painted by Leonardo da Vinci";
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(7000)};

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0)
        return wrong("socket");
    printf("Created a socket with fd: %d\n", fd);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        return wrong("connect");
    FILE *server = fdopen(fd, "w");
    if (server == NULL)
        return wrong("fdopen");
    size_t n = fwrite(text, 1, sizeof text, server);
    if (n != sizeof text || fflush(server) == EOF)
        return wrong("write");
    printf("Successfully sent data (len %zu bytes): %s\n", n, text);
    fclose(server);
    return 0;
}
