/* us_client [PATH]: sends each line of its input to us_server and prints the replies. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SRV_SOCK_PATH "/tmp/us_srv_socket"

int main(int argc, char *argv[])
{
    const char *path = argc > 1 ? argv[1] : SRV_SOCK_PATH;
    struct sockaddr_un there;

    /* TODO: does path fit into there.sun_path, with its NUL? If not, say so and exit with 1. */

    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket error");
        exit(1);
    }

    memset(&there, 0, sizeof there);
    there.sun_family = AF_UNIX;
    /* TODO: path into there.sun_path. Connect. */

    /* TODO: for each line of stdin: send it with its newline; receive up to the next newline, which may take
     * several recv; print what came. */

    close(fd);
    return 0;
}
