#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un srv = { AF_UNIX, "/tmp/us_srv_socket" };
	char *line = NULL, *reply = NULL;
	size_t a = 0, b = 0;
	FILE *in, *out;
	int s;

	if (argc > 1) {
		if (strlen(argv[1]) > sizeof srv.sun_path - 1) {
			fprintf(stderr, "path too long, at most %zu characters\n", sizeof srv.sun_path - 1);
			return 1;
		}
		strcpy(srv.sun_path, argv[1]);
	}
	if ((s = socket(AF_UNIX, SOCK_STREAM, 0)) < 0) {
		perror("socket() failed");
		return 1;
	}
	if (connect(s, (struct sockaddr *)&srv, sizeof srv) < 0) {
		perror("connect() failed");
		return 1;
	}
	if (!(in = fdopen(s, "r")) || !(out = fdopen(dup(s), "w"))) {
		perror("fdopen() failed");
		return 1;
	}
	printf("connected. Your text? ");
	while (getline(&line, &a, stdin) != -1) {
		line[strcspn(line, "\n")] = 0;
		if (fprintf(out, "%s\n", line) < 0 || fflush(out)) {
			perror("write() failed");
			return 1;
		}
		if (getline(&reply, &b, in) == -1 || !strchr(reply, '\n')) {
			if (ferror(in))
				perror("read() failed");
			else
				fprintf(stderr, "the server hung up\n");
			return 1;
		}
		reply[strcspn(reply, "\n")] = 0;
		printf("server: %s (%zu)\nnext? ", reply, strlen(reply));
	}
	printf("that was all\n");
	return 0;
}
