#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static void caught(int sig)
{
	static const char text[] = "(SIGPIPE!)\n";

	(void)sig;
	if (write(1, text, sizeof text - 1) < 0)
		_exit(9);
}

static ssize_t say(int s, const char *text)
{
	struct iovec two[2] = { { (char *)text, 1 }, { (char *)text + 1, strlen(text) - 1 } };
	ssize_t n;

	do
		n = writev(s, two, 2);
	while (n < 0 && errno == EINTR);
	return n;
}

static long hear(int s, FILE *into)
{
	char piece[77];
	long all = 0, n;

	for (;;) {
		n = read(s, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(3, "read");
		if (n == 0)
			return all;
		fwrite(piece, 1, n, into);
		all += n;
	}
}

int main(int argc, char **argv)
{
	static const struct { int how; const char *before, *after; } ways[] = {
		{ SHUT_RD, NULL, "still here" },
		{ SHUT_WR, "question", "more" },
		{ SHUT_RDWR, NULL, "more" },
	};
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *a;
	char *text = NULL, *end;
	size_t size;
	int i, rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3)
		errx(2, "please give me a host and a port");
	if (strtoul(argv[2], &end, 10) - 1 > 65534 || *end)
		errx(2, "what kind of port is %s?", argv[2]);
	signal(SIGPIPE, caught);
	if ((rc = getaddrinfo(argv[1], argv[2], &hint, &a)) != 0)
		errx(2, "%s: %s", argv[1], gai_strerror(rc));
	for (i = 0; i < 3; i++) {
		int how = ways[i].how, s = socket(a->ai_family, SOCK_STREAM, 0);
		FILE *f = open_memstream(&text, &size);
		long n;

		if (s < 0)
			err(3, "socket");
		if (connect(s, a->ai_addr, a->ai_addrlen) < 0)
			err(3, "connect");
		printf("--- connection %d ---\n", i + 1);
		if (ways[i].before) {
			if ((n = say(s, ways[i].before)) < 0)
				err(3, "send");
			printf("shutdown %d: sent %ld bytes\n", how, n);
		}
		if (shutdown(s, how) < 0)
			err(3, "shutdown");
		if (how == SHUT_RD)
			printf("shutdown 0: received %ld bytes\n", hear(s, f));
		n = say(s, ways[i].after);
		if (n < 0 && (how == SHUT_RD || errno != EPIPE))
			err(3, "send");
		if (n < 0)
			printf("shutdown %d: send: %m\n", how);
		else
			printf("shutdown %d: sent %ld bytes\n", how, n);
		if (how != SHUT_RD) {
			n = hear(s, f);
			fflush(f);
			if (how == SHUT_WR)
				printf("shutdown 1: received %ld bytes: %.*s\n", n, (int)size, text);
			else
				printf("shutdown 2: received %ld bytes\n", n);
		}
		fclose(f);
		free(text);
		close(s);
	}
	freeaddrinfo(a);
	printf("no connection left");
	return 0;
}
