// my echo server, talks a lot :)   prints with write(2) only, so nothing ever waits in a buffer
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const char *fmt, ...)
{
	char b[400];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(b, sizeof b, fmt, ap);
	va_end(ap);
	if (write(1, b, n) < 0)
		_exit(9);
}

static int die(const char *what) { perror(what); return 2; }

int main(int argc, char **argv)
{
	int rounds = 1, one = 1, s, c;
	char msg[101];
	struct sockaddr_in a;

	say("*** echo server by me, unit V ***\n");
	if (argc > 1) {
		char *e;
		rounds = strtol(argv[1], &e, 10);
		if (*e || rounds < 1) {
			fprintf(stderr, "how many clients is \"%s\" supposed to be?\n", argv[1]);
			return 2;
		}
		say("ok, %d client(s) today\n", rounds);
	} else
		say("Usage: %s <The_number_of_client_connection else 1 will be used>\n", argv[0]);

	if ((s = socket(AF_INET, SOCK_STREAM, 0)) < 0)
		return die("Iserver - socket() error");
	say("Iserver - socket() is OK\n[the socket is descriptor %d]\n", s);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	bzero(&a, sizeof a);
	a.sin_family = AF_INET;
	a.sin_port = htons(12345);
	say("Binding the socket...\n");
	if (bind(s, (void *)&a, sizeof a)) {
		close(s);
		return die("Iserver - bind() error");
	}
	say("Iserver - bind() is OK\nnow listen... ");
	if (listen(s, 10)) {
		close(s);
		return die("Iserver - listen() error");
	}
	say("Iserver - listen() is OK\n");
	say("The Iserver is ready!\n");
	for (int i = 0; i < rounds; i++) {
		int n = 0, r = 0;
		say("-----------------\nIteration: #%d\n waiting on accept()\n", i + 1);
		while ((c = accept(s, 0, 0)) < 0)
			if (errno != EINTR)
				return die("Iserver - accept() error");
		say("accept() is OK and completed successfully!\nhello client on %d\n", c);
		say("I am waiting client(s) to send message(s) to me...\n");
		do {
			r = recv(c, msg + n, 100 - n, 0);
			if (r > 0)
				n += r;
		} while ((r > 0 && n < 100 && !memchr(msg, 0, n)) || (r < 0 && errno == EINTR));
		if (r <= 0 && (r < 0 || n == 0)) {
			say("hm, this one had nothing to say\n");
		} else {
			msg[n] = 0;
			say("got %d bytes: The message from client: \"%s\"\n", n, msg);
			say("Echoing it back to client...\n");
			for (int at = 0; at < n; at += r > 0 ? r : 0) {
				r = send(c, msg + at, n - at, MSG_NOSIGNAL);
				if (r < 0 && errno != EINTR)
					break;
			}
			if (r < 0)
				perror("Iserver - send() error");
			else
				say("Iserver - send() is OK.\n");
		}
		close(c);
	}
	close(s);
	say("bye bye, that was fun");
	return 0;
}
