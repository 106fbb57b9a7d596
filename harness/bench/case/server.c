/* Serves one client, answers what it said in capitals, and ends. It says when it listens. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void)
{
    char text[100];
    int yes = 1;
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(24680)};
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listening, (struct sockaddr *)&own, sizeof own) < 0 || listen(listening, 5) < 0) {
        perror("bind");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    int client = accept(listening, NULL, NULL);
    long got = recv(client, text, sizeof text, 0);
    for (long i = 0; i < got; i++)
        text[i] = toupper((unsigned char)text[i]);
    printf("%ld bytes\n", got);
    send(client, text, got, 0);
    close(client);
    close(listening);
    return 0;
}
