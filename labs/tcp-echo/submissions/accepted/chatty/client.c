// the client for my echo server. prompts stay on their line
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	setbuf(stdout, NULL);
	if (argc != 2) {
		printf("I need to know where to go!\nUsage: %s <Server_name or Server_IP_address>\n", argv[0]);
		exit(3);
	}
	printf("looking for %s ... ", argv[1]);
	struct hostent *h = gethostbyname(argv[1]);
	if (!h) {
		printf("no luck\n");
		herror("client - gethostbyname() error");
		exit(3);
	}
	printf("found\n");
	int s = socket(AF_INET, SOCK_STREAM, 0);
	if (s < 0) {
		perror("client - socket() error");
		exit(3);
	}
	printf("client - socket() is OK.\n");
	struct sockaddr_in to;
	memset(&to, 0, sizeof to);
	to.sin_family = AF_INET;
	to.sin_port = htons(12345);
	memcpy(&to.sin_addr, h->h_addr_list[0], h->h_length);
	printf("going to %s\n", inet_ntoa(to.sin_addr));
	if (connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
		perror("client - connect() error");
		close(s);
		exit(3);
	}
	printf("client - connect() is OK.\nconnect() completed successfully.\n");
	printf("Connection with %s using port 12345 established!\n", argv[1]);

	// 100 bytes go out at most, the last of them is the NUL
	char text[100], echo[101];
	int n = 0, ch;
	printf("Enter message to be sent to server: ");
	while ((ch = getchar()) != EOF && ch != '\n')
		if (n < 99)
			text[n++] = ch;
	if (ch == EOF && n == 0) {
		printf("\n");
		fprintf(stderr, "client - nothing to send!\n");
		close(s);
		exit(3);
	}
	text[n++] = '\0';

	int done = 0, r;
	while (done < n) {
		r = send(s, text + done, n - done, MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			perror("client - send() error");
			close(s);
			exit(3);
		}
		done += r;
	}
	printf("client - send() is OK.\n%d bytes sent.\nwaiting for my echo...\n", done);

	int got = 0;
	while (got < n) {
		r = recv(s, echo + got, n - got, 0);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			perror("client - recv() error");
			close(s);
			exit(3);
		}
		got += r;
	}
	echo[got] = 0;
	printf("client - recv() is OK.\n");
	printf("The sent message: \"%s\" successfully received by server and echoed back to client!\n", echo);
	printf("%d bytes received.\nall done", got);
	close(s);
	return 0;
}
