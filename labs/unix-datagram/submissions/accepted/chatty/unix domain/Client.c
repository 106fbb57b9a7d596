#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char own[100];

static void fail(const char *what)
{
	perror(what);
	if (own[0])
		unlink(own);
	exit(1);
}

int main(int argc, char **argv)
{
	struct sockaddr_un me = { AF_UNIX }, srv = { AF_UNIX, "/tmp/uc_srv_socket" };
	char reply[64];
	int s, i, n;

	if (argc == 1) {
		fprintf(stderr, "Usage: %s message [message...]\n", *argv);
		return 1;
	}
	if ((s = socket(AF_UNIX, SOCK_DGRAM, 0)) == -1)
		fail("socket error");
	sprintf(me.sun_path, "/tmp/uc_cli_socket.%d", getpid());
	if (bind(s, (struct sockaddr *)&me, sizeof me) == -1)
		fail("bind error");
	strcpy(own, me.sun_path);

	for (i = 1; i < argc; i++) {
		printf("Message %d is \"%s\"; sending... ", i, argv[i]);
		if (sendto(s, argv[i], strlen(argv[i]), 0, (struct sockaddr *)&srv, sizeof srv) == -1)
			fail("sendto error");
		n = recv(s, reply, sizeof reply - 1, 0);
		if (n == -1)
			fail("recv error");
		reply[n] = 0;
		printf("the server says: '%s' (%d characters)\n", reply, n);
	}
	close(s);
	unlink(own);
	printf("%d message(s) done", argc - 1);
	return 0;
}
