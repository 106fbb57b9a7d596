#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un srv = { AF_UNIX, "/tmp/sp_srv_socket" };
	int s, i;

	if (argc == 1)
		return printf("Usage: %s text [text...]\n", *argv), 1;
	if ((s = socket(AF_UNIX, SOCK_SEQPACKET, 0)) < 0)
		return perror("socket() failed"), 1;
	if (connect(s, (struct sockaddr *)&srv, sizeof srv) < 0)
		return perror("connect() failed"), 1;
	for (i = 1; i < argc; i++) {
		char a[10], b[90];
		struct iovec out = { argv[i], strlen(argv[i]) };
		struct iovec in[2] = { { a, sizeof a }, { b, sizeof b } };
		struct msghdr m = { .msg_iov = &out, .msg_iovlen = 1 };
		int n;

		printf("sending \"%s\" (%zu)... ", argv[i], strlen(argv[i]));
		if (sendmsg(s, &m, 0) < 0)
			return perror("sendmsg() failed"), 1;
		n = readv(s, in, 2);
		if (n < 0)
			return perror("readv() failed"), 1;
		if (n == 0)
			return fprintf(stderr, "nobody there any more\n"), 1;
		printf("the server took %.*s%.*s of it.\n", n < 10 ? n : 10, a, n < 10 ? 0 : n - 10, b);
	}
	return 0;
}
