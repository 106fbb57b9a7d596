/* Says something to the server, and prints the answer. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    char text[100];
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(24680)};
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (struct sockaddr *)&server, sizeof server) < 0) {
        perror("connect");
        return 1;
    }
    send(s, "good morning", 13, 0);
    long got = recv(s, text, sizeof text, 0);
    printf("%.*s\n", (int)got, text);
    close(s);
    return 0;
}
